#include "app/jwt_backend.hpp"

#include <utility>

namespace fmcp::app {
namespace {

plugins::jwt_outcome outcome_of(auth::jwt_outcome o) {
   return {.reason = o.reason,
           .claims_json = std::move(o.claims_json),
           .detail = std::move(o.detail)};
}

} // namespace

core::result<std::uint64_t> jwt_backend::add(plugins::jwt_policy p) {
   return service_.add({.jwks_uri = std::move(p.jwks_uri),
                        .jwks_json = std::move(p.jwks_json),
                        .pem = std::move(p.pem),
                        .shared_secret = std::move(p.shared_secret),
                        .issuers = std::move(p.issuers),
                        .any_issuer = p.any_issuer,
                        .audiences = std::move(p.audiences),
                        .any_audience = p.any_audience,
                        .algorithms = std::move(p.algorithms),
                        .types = std::move(p.types),
                        .leeway = p.leeway,
                        .min_refresh = p.min_refresh,
                        .reach = std::move(p.reach)});
}

std::optional<plugins::jwt_outcome> jwt_backend::verify_now(std::uint64_t policy,
                                                            std::string_view token) {
   auto outcome = service_.verify_now(policy, token);
   if (!outcome) return std::nullopt;
   return outcome_of(std::move(*outcome));
}

void jwt_backend::verify(std::uint64_t policy, std::string_view token,
                         std::move_only_function<void(plugins::jwt_outcome)> done) {
   service_.verify(policy, token, [done = std::move(done)](auth::jwt_outcome o) mutable {
      done(outcome_of(std::move(o)));
   });
}

} // namespace fmcp::app
