#pragma once

/// Who may talk to the server at all: `Host` and `Origin` (reference, section 6), and CORS.
///
/// `Host` guards against DNS rebinding: a page whose name now leads to our address still sends its
/// own name. `Origin` guards against pages that simply send to us. Neither makes up for the other.
///
/// Errors: none. An entry of the configuration that cannot be read allows nothing.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/http.hpp"

namespace fmcp::protocol {

/// Thread safety: immutable; any thread.
class http_guard {
public:
   struct options {
      bool is_on = true;
      bool is_loopback = true; ///< bound to loopback: any loopback origin is allowed (Inspector)
      bool is_tls = false;
      std::uint16_t port = 8000; ///< really bound
      std::string bound_host{};  ///< a name or an address as configured; a wildcard counts as none
      std::string base_url{};    ///< or empty
      std::vector<std::string> allowed_hosts{};     ///< `name` (any port) or `name:port`
      std::vector<std::string> allowed_origins{};   ///< `scheme://host[:port]`
      std::vector<std::string> parameter_headers{}; ///< `Mcp-Param-Region`: concrete names in use
   };
   explicit http_guard(options o);

   enum class verdict : std::uint8_t {
      pass,
      foreign_host,  ///< 421: a name that is none of ours (DNS rebinding)
      foreign_origin ///< 403
   };
   /// Checks both, independently of each other; the host's verdict comes first. Absent `Origin`
   /// passes; `null`, several of them and one that is no origin are foreign. Scheme and host are
   /// compared without case, addresses by value, a default port is equal to none. Allocates
   /// nothing.
   [[nodiscard]] verdict check(const core::http::request& rq) const noexcept;

   /// CORS fields for an answer to a request with this origin, which has passed: Allow-Origin
   /// echoed, Vary, Expose-Headers. Nothing without origin. The fields point to `origin` and to
   /// constants.
   void add_cors(std::string_view origin, std::vector<core::http::field>& fields) const;
   /// Answers an OPTIONS request that has passed: 204 with methods, headers and
   /// `Access-Control-Max-Age`, or only `Allow` when there is no origin; no auth, no era.
   void preflight(const core::http::request& rq, core::http::responder& out) const;

   /// The same guard with another set of `Mcp-Param-…` names, after tools have changed.
   [[nodiscard]] http_guard with_parameter_headers(std::vector<std::string> names) const;

private:
   /// Where a request may be addressed to, or (with a scheme) come from.
   struct place {
      std::string scheme;     ///< lower case; empty for hosts
      std::string host;       ///< lower case, IPv6 in brackets
      std::uint16_t port = 0; ///< of hosts 0: any; of origins 0: a scheme without default, and none
      bool is_default_port = false; ///< hosts: the port may be left out
   };
   void add_host(std::string_view host, std::uint16_t port, bool is_default_port);
   void add_origin(std::string_view text);
   void add_configured();
   [[nodiscard]] bool is_our_host(std::string_view value) const noexcept;
   [[nodiscard]] bool is_our_origin(std::string_view value) const noexcept;

   options options_;
   std::uint16_t default_port_ = 0;       ///< of the scheme that is served
   std::vector<std::string> usual_hosts_; ///< lower case, as they come: compared first
   std::vector<place> hosts_, origins_;
   std::string allow_headers_;
};

} // namespace fmcp::protocol
