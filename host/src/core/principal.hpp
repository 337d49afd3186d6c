#pragma once

/// Who makes a request, as an authentication provider has verified it.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fmcp::core {

/// Immutable once it is shared. The bearer token is absent on purpose.
/// Thread safety: any thread.
struct principal {
   std::string subject;   ///< `sub`, or empty
   std::string client_id; ///< never empty together with `subject`
   std::string issuer;
   std::string provider; ///< name of the plugin that verified it
   std::string tenant;
   std::vector<std::string> scopes;
   std::string claims_json = "{}";   ///< one JSON object
   std::int64_t expires_unix_ms = 0; ///< 0: unknown

   [[nodiscard]] bool has_scope(std::string_view scope) const noexcept {
      return std::ranges::find(scopes, scope) != scopes.end();
   }
   [[nodiscard]] bool is_expired(std::int64_t now_unix_ms) const noexcept {
      return expires_unix_ms != 0 && now_unix_ms >= expires_unix_ms;
   }
};

/// What somebody calls, and from where. Views of the request's memory.
struct call_site {
   std::string_view tool{}, peer_address{};
};

/// Null: the host runs without authentication.
using caller_ref = std::shared_ptr<const principal>;

} // namespace fmcp::core
