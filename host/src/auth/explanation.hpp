#pragma once

/// For whoever sets up a protected server: what a policy wants, what is known of its keys, and why
/// a token is accepted or refused, step by step.
///
/// It says what refusals keep to themselves, received and expected values: it is for the one who
/// brought the token, and for no log. The token and its signature are in none of it.
///
/// Thread safety: values and functions.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/checked_policy.hpp"
#include "auth/issuer_pattern.hpp"
#include "core/auth_reason.hpp"
#include "crypto/jwk_set.hpp"

namespace fmcp::auth {

/// One key of a set.
struct key_report {
   std::string text;    ///< `k1 (RSA 2048)`
   std::string problem; ///< why no token can be verified with it; empty: some can
};

struct policy_report {
   std::uint64_t policy = 0;
   std::string keys_url{};         ///< empty: the keys are part of the policy
   std::string problem{};          ///< why they could not be fetched; empty: they could
   std::vector<key_report> keys{}; ///< of a set, usable or not
   std::vector<std::string> algorithms{};
   bool any_issuer = false;
   std::vector<issuer_pattern> issuers{};

   [[nodiscard]] bool has_usable_key() const noexcept;
   /// Whether tokens of this issuer would pass.
   [[nodiscard]] bool trusts(std::string_view issuer) const noexcept;
};

/// One thing that is looked at in a token.
struct token_step {
   std::string_view name;                              ///< `issuer`
   core::auth_reason reason = core::auth_reason::none; ///< none: nothing is wrong with it
   bool is_tried = true;                               ///< false: what came before it is missing
   std::string text{};                                 ///< part of a sentence
};

/// Keys as they are at hand.
struct known_keys {
   const crypto::jwk_set* set = nullptr; ///< null: there are none, or they are part of the policy
   std::string_view url{}, problem{};    ///< of a set that is fetched
};

/// `2026-01-31 23:59:59 UTC`; beyond the year 9999 the end of that.
[[nodiscard]] std::string time_text(double unix_seconds);

/// For this room's sources only: everything but `policy`.
[[nodiscard]] policy_report report_of(const checked_policy& rules, const known_keys& keys);
/// For this room's sources only: all steps, in the order in which a token is judged, also those
/// behind the first that fails.
[[nodiscard]] std::vector<token_step> explain_token(const checked_policy& rules,
                                                    const known_keys& keys, std::string_view token,
                                                    std::int64_t now_unix_ms);

} // namespace fmcp::auth
