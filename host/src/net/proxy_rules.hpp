#pragma once

/// Which requests go through a proxy: `HTTPS_PROXY` and `NO_PROXY` as they are usually understood.
///
/// Only https goes through one, by CONNECT, so that the proxy sees no more than the host's name; a
/// loopback host never does. Thread safety: immutable.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "net/url.hpp"

namespace fmcp::net {

struct proxy {
   url address; ///< http or https
   std::string user, password;
};

class proxy_rules {
public:
   proxy_rules() = default;

   /// `https_proxy`: `[http[s]://][user:password@]host[:port]`, or empty. `no_proxy`: hosts,
   /// domains with everything below them (`example.com`, `.example.com`, `*.example.com`),
   /// addresses, address ranges (`10.0.0.0/8`), each with a port if need be, by commas or blanks;
   /// `*` is everything. Errors: invalid; quotes nothing, since passwords are written there.
   [[nodiscard]] static core::result<proxy_rules> parse(std::string_view https_proxy,
                                                        std::string_view no_proxy);

   /// Null: directly.
   [[nodiscard]] const proxy* find(const url& target) const;

private:
   std::optional<proxy> proxy_;
   std::vector<std::string> direct_; // lower case
};

} // namespace fmcp::net
