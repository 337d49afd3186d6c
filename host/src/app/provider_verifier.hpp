#pragma once

/// A loaded provider as the bearer gate sees it.

#include "auth/verifier.hpp"
#include "plugins/auth_provider.hpp"

namespace fmcp::app {

/// Thread safety: any thread. `provider` outlives it.
class provider_verifier final : public auth::verifier {
public:
   explicit provider_verifier(plugins::auth_provider& provider) : provider_(provider) {}
   void verify(const auth::question& q, auth::verdict_done done) override;

private:
   plugins::auth_provider& provider_;
};

} // namespace fmcp::app
