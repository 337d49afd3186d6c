#pragma once

/// What the host does for its plugins and for its own rooms: outbound HTTP, token verification, the
/// store. Nothing of it starts a thread or reads a file before somebody uses it.

#include <memory>
#include <string_view>

#include "auth/jwt_service.hpp"
#include "config/settings.hpp"
#include "core/fetch.hpp"
#include "core/result.hpp"
#include "plugins/backends.hpp"

namespace fmcp::app {

/// Thread safety: any thread. Lifetimes: outlives every plugin.
class services {
public:
   /// `version` is the program's. Errors: io, invalid, limit (the CA file, the proxy, the key of
   /// the store); the message names the setting.
   [[nodiscard]] static core::result<std::unique_ptr<services>> open(const config::settings& s,
                                                                     std::string_view version);
   virtual ~services() = default;
   [[nodiscard]] virtual core::http::fetcher& fetch() = 0;
   [[nodiscard]] virtual auth::jwt_service& tokens() = 0;
   [[nodiscard]] virtual plugins::backends backends() = 0;
};

} // namespace fmcp::app
