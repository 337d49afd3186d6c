#pragma once

/// Plugs the `auth` room's token verification into the service `fmcp.jwt/1` of the plugin room.

#include "auth/jwt_service.hpp"
#include "plugins/backends.hpp"

namespace fmcp::app {

/// Thread safety: any thread. `service` outlives it.
class jwt_backend final : public plugins::jwt_backend {
public:
   explicit jwt_backend(auth::jwt_service& service) : service_(service) {}

   core::result<std::uint64_t> add(plugins::jwt_policy p) override;
   void remove(std::uint64_t policy) override { service_.remove(policy); }
   std::optional<plugins::jwt_outcome> verify_now(std::uint64_t policy,
                                                  std::string_view token) override;
   void verify(std::uint64_t policy, std::string_view token,
               std::move_only_function<void(plugins::jwt_outcome)> done) override;

private:
   auth::jwt_service& service_;
};

} // namespace fmcp::app
