#pragma once

/// Everything behind the bearer gate: the provider, the gate, and the documents by which clients
/// find out where to log in.

#include <memory>
#include <string>

#include "app/services.hpp"
#include "auth/gate.hpp"
#include "auth/metadata_routes.hpp"
#include "config/settings.hpp"
#include "core/result.hpp"
#include "plugins/auth_provider.hpp"
#include "plugins/host.hpp"
#include "protocol/access_gate.hpp"

namespace fmcp::app {

/// Thread safety: any thread, but for `stop`.
class authentication {
public:
   /// Loads the provider that the settings have selected. `services` and `s` outlive it.
   /// Errors: those of `plugins::auth_provider::load`, and invalid. The process must not serve
   /// then.
   [[nodiscard]] static core::result<std::unique_ptr<authentication>>
   open(const config::settings& s, services& with);
   virtual ~authentication() = default;

   /// One for each thread that serves.
   [[nodiscard]] virtual std::unique_ptr<protocol::access_gate> make_gate() = 0;
   /// Null: the provider says no URL under which the server is known, so nothing is published.
   [[nodiscard]] virtual std::shared_ptr<auth::metadata_routes> routes() = 0;
   /// What the gate should know of the tools: the scopes that they ask for.
   virtual void know_tools(const plugins::snapshot& s) = 0;
   /// What a session must not outlive: provider and settings.
   [[nodiscard]] virtual const std::string& domain() const noexcept = 0;
   /// What the provider says of itself.
   [[nodiscard]] virtual const plugins::auth_info& info() const noexcept = 0;
   /// Where its issuer's documents may be fetched from.
   [[nodiscard]] virtual std::shared_ptr<const core::http::fetch_policy> reach() const = 0;
   /// What the gate grants to a token's expiry.
   [[nodiscard]] virtual std::chrono::seconds leeway() const noexcept = 0;
   /// Asks the provider about one token and waits for the answer: for `doctor`.
   [[nodiscard]] virtual auth::verdict verify(std::string_view token,
                                              std::chrono::milliseconds patience) = 0;
   /// One line for the log: who verifies, what is demanded, where clients look. No secret.
   [[nodiscard]] virtual std::string describe() const = 0;
   /// Ends the provider. [once, when nobody is served any more]
   virtual void stop() = 0;
};

} // namespace fmcp::app
