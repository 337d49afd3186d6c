#pragma once

/// The two ways in which clients reach the process.

#include <chrono>
#include <memory>

#include "app/authentication.hpp"
#include "app/process.hpp"
#include "config/settings.hpp"
#include "core/result.hpp"
#include "plugins/host.hpp"
#include "protocol/service.hpp"

namespace fmcp::app {

/// Behind all that stopping may take: what is not over then will never be.
inline constexpr std::chrono::milliseconds last_patience{5'000};

class transport {
public:
   virtual ~transport() = default;
   /// Serves until a signal or the end of input, then lets running calls finish within the grace of
   /// the settings, or until another signal, which ends the process. Gives the exit code. `signals`
   /// live as long as the process. [the main thread]
   [[nodiscard]] virtual int serve(plugins::host& plugins, const stop_signals& signals) = 0;
};

/// Takes the port. `s`, `service` and `guard` outlive the transport; null: everybody may come in.
/// Errors: io, invalid.
[[nodiscard]] core::result<std::unique_ptr<transport>>
open_http(const config::settings& s, protocol::service& service, authentication* guard);
/// `output`: the real standard output.
[[nodiscard]] core::result<std::unique_ptr<transport>>
open_stdio(const config::settings& s, protocol::service& service, core::unique_fd output);

} // namespace fmcp::app
