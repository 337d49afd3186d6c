#pragma once

/// Verification of JSON Web Tokens by policies: what stands behind the service `fmcp.jwt/1`, and
/// what a provider inside the host would use.
///
/// A token passes when its header asks for nothing that is not understood, its algorithm is one of
/// the policy's, its `typ` is none of another kind of token, a key of the policy's source verifies
/// the signature, and its claims are those that the policy wants. `exp` is demanded and `nbf`
/// checked always. The token chooses nothing: `kid` picks one key of the source, `jwk`, `jku`,
/// `x5u` and `x5c` are not looked at (RFC 8725 sections 3.1 and 3.10).
///
/// Keys of a `jwks_uri` are fetched in the background from `add` on and shared between policies
/// with the same URI; when fetches begin, and what a token gets whose key is not there yet, is told
/// in key_source.hpp.
///
/// Thread safety: all members, any thread.
/// Lifetimes: fetcher and clock outlive it. Its end waits for one short task and gives everybody
/// who waits `upstream_unavailable`; no member may be called any more then.
/// Errors: those of jwt_policy.hpp, and limit for more than 256 policies.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/explanation.hpp"
#include "auth/jwt_policy.hpp"
#include "core/auth_reason.hpp"
#include "core/clock.hpp"
#include "core/fetch.hpp"
#include "core/result.hpp"

namespace fmcp::auth {

struct jwt_outcome {
   core::auth_reason reason = core::auth_reason::denied; ///< none: the token is good
   std::string claims_json{};                            ///< with `none`: the payload, one object
   std::string detail{}; ///< one sentence for log and doctor; nothing of the token
};

class jwt_service {
public:
   struct options {
      bool has_thread = true; ///< without one, `step` must be called: for tests
      /// How long a token waits for its key, at most 4.5 s. Less than whoever asks waits, who would
      /// take an issuer that says nothing for a provider that hangs.
      std::chrono::milliseconds patience{4500};
   };
   using verified = std::move_only_function<void(jwt_outcome)>;

   static constexpr std::size_t max_policies = 256;

   /// `fetcher` may be null: then a `jwks_uri` is unsupported.
   explicit jwt_service(core::http::fetcher* fetcher,
                        const core::clock& clock = core::clock::system());
   jwt_service(core::http::fetcher* fetcher, const core::clock& clock, options o);
   ~jwt_service();
   jwt_service(const jwt_service&) = delete;
   jwt_service& operator=(const jwt_service&) = delete;

   /// Checks a policy and begins to fetch its keys. Imports static keys on the caller's thread:
   /// some milliseconds for RSA.
   [[nodiscard]] core::result<std::uint64_t> add(jwt_policy p);
   /// Verifications that are under way end as they would have.
   void remove(std::uint64_t policy);

   /// By what is at hand, at the cost of one signature. Nothing: a fetch may bring its key, use
   /// `verify`. Never fetches.
   [[nodiscard]] std::optional<jwt_outcome> verify_now(std::uint64_t policy,
                                                       std::string_view token);
   /// The same, waiting for keys for at most 4.5 s. `done` is called once, on the service's thread,
   /// never inside this call; it should be quick.
   void verify(std::uint64_t policy, std::string_view token, verified done);

   /// All policies, in the order in which they came, with what became of their keys. Waits for the
   /// first fetch of each, `patience` altogether. For `doctor`.
   [[nodiscard]] std::vector<policy_report> report(std::chrono::milliseconds patience) const;
   /// What `verify` looks at, step by step, by the keys at hand; fetches nothing. For `doctor`.
   [[nodiscard]] std::vector<token_step> explain(std::uint64_t policy,
                                                 std::string_view token) const;

   /// What the thread does when it wakes up; returns the monotonic nanoseconds of its next turn.
   std::uint64_t step();

private:
   struct state;
   std::unique_ptr<state> state_;
};

} // namespace fmcp::auth
