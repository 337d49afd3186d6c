#include "app/provider_verifier.hpp"

#include <algorithm>
#include <utility>

namespace fmcp::app {

void provider_verifier::verify(const auth::question& q, auth::verdict_done done) {
   using std::chrono::milliseconds;
   const auto left = std::chrono::ceil<milliseconds>(q.deadline - std::chrono::steady_clock::now());
   const plugins::auth_question asked{.token = q.token,
                                      .method = q.method,
                                      .url = q.url,
                                      .peer_address = q.peer_address,
                                      .resource = q.resource,
                                      .patience = std::max(left, milliseconds(1))};
   provider_.verify(asked, [done = std::move(done)](plugins::auth_verdict v) mutable {
      // There is one provider, so a token that it leaves to others is nobody's.
      const auto reason = v.is_deferred ? core::auth_reason::denied : v.reason;
      done({.reason = reason,
            .who = reason == core::auth_reason::none ? std::move(v.who) : nullptr,
            .cache_for = v.cache_for,
            .detail = std::move(v.detail),
            .challenge_scope = std::move(v.challenge_scope),
            .is_forbidden = v.is_forbidden});
   });
}

} // namespace fmcp::app
