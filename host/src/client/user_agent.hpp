#pragma once

/// The user with a browser, as the login sees them. The app room has the real one.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "client/callback.hpp"
#include "core/result.hpp"

namespace fmcp::client {

/// Thread safety: one thread; `judge` may be called on another one while `wait` waits for it.
class user_agent {
public:
   virtual ~user_agent() = default;
   /// Listens on 127.0.0.1, at `preferred` if that is free (0: any port), and gives the port. Goes
   /// on until the end of `wait`. Errors: io.
   [[nodiscard]] virtual core::result<std::uint16_t> listen(std::uint16_t preferred) = 0;
   /// Brings the user to that page.
   virtual void show(const std::string& url) = 0;
   /// Until `judge` has a request that is not foreign; gives the code. Errors: denied (with the
   /// sentence of the refusal), timeout.
   [[nodiscard]] virtual core::result<std::string>
   wait(std::function<callback(std::string_view query)> judge) = 0;
};

} // namespace fmcp::client
