#pragma once

/// Who may talk to the server at all: `Host` and `Origin` (reference, section 6), and CORS.

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
      bool is_loopback = true;   ///< bound to loopback: any loopback origin is allowed (Inspector)
      bool is_tls = false;
      std::uint16_t port = 8000; ///< really bound
      std::string bound_host;    ///< as configured: a name or an address; wildcard addresses count as none
      std::string base_url;      ///< or empty
      std::vector<std::string> allowed_hosts;   ///< `name` (any port) or `name:port`
      std::vector<std::string> allowed_origins; ///< `scheme://host[:port]`
      std::vector<std::string> parameter_headers; ///< `Mcp-Param-Region`: concrete names in use
   };
   explicit http_guard(options o);

   enum class verdict : std::uint8_t {
      pass,
      foreign_host,  ///< 421: a name that is none of ours (DNS rebinding)
      foreign_origin ///< 403
   };
   /// Checks both, independently of each other. Absent `Origin` passes, `null` is foreign; scheme and
   /// host are compared without case, default ports are equal to none.
   [[nodiscard]] verdict check(const core::http::request& rq) const;

   /// CORS fields for an answer to a request with this (allowed) origin: Allow-Origin echoed, Vary,
   /// Expose-Headers. Empty without origin. `memory` owns what the fields point to.
   void add_cors(std::string_view origin, std::vector<core::http::field>& fields) const;
   /// Answers a preflight: 204 with methods, headers, `Access-Control-Max-Age`; no auth, no era.
   void preflight(const core::http::request& rq, core::http::responder& out) const;

   /// The same guard with another set of `Mcp-Param-…` names, after tools have changed.
   [[nodiscard]] http_guard with_parameter_headers(std::vector<std::string> names) const;

private:
   options options_;
   std::vector<std::string> hosts_;   // lower case, `name:port` or `name`
   std::vector<std::string> origins_; // lower case, with port
   std::string allow_headers_;
};

} // namespace fmcp::protocol
