#pragma once

/// What a JSON Web Token says, and whether a policy lets it say that (RFC 7519 section 4.1, RFC
/// 9068 section 4, RFC 8725).
///
/// A member with the value null counts as absent, since serializers write absent members that way;
/// a member of another type than the standard's makes the token malformed. Nothing is converted: a
/// date in a string is no date.
///
/// Thread safety: functions and immutable values only.

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/issuer_pattern.hpp"
#include "core/auth_reason.hpp"
#include "core/principal.hpp"
#include "core/result.hpp"
#include "json/document.hpp"

namespace fmcp::auth {

/// What a payload may cost. A token has at most 16 KiB.
inline constexpr json::limits payload_limits{
      .max_depth = 32, .max_bytes = 16u << 10, .max_values = 4096};
/// How far ahead `iat` may lie, beside the leeway: clocks differ, and RFC 7519 does not make it a
/// beginning of validity; a token from next week was made by a broken or a lying clock.
inline constexpr std::chrono::seconds max_issued_ahead{300};

/// A default one refuses every token.
struct claim_rules {
   std::vector<issuer_pattern> issuers;
   bool any_issuer = false;
   std::vector<std::string> audiences;
   bool any_audience = false;
   /// Normalised (`normal_type`), one of which the header must name; empty: see check_type.
   std::vector<std::string> types;
   std::chrono::seconds leeway{0};
};

/// Why a token is refused. A default one does not refuse. The sentence is for log and doctor and
/// holds nothing of the token.
struct refusal {
   core::auth_reason reason = core::auth_reason::none;
   std::string_view detail{};

   explicit operator bool() const noexcept { return reason != core::auth_reason::none; }
};

/// A media type of a header's `typ` in the form in which types are compared: in lower case, without
/// `application/` where that may be left out (RFC 7515 section 4.1.9).
[[nodiscard]] std::string normal_type(std::string_view typ);

/// The header's `typ` (RFC 8725 section 3.11). Without a list: none, `JWT` and `at+jwt` (RFC 9068),
/// and nothing else, since every other kind of token that the same issuer signs with the same keys
/// says what it is by another name: ID tokens that are marked, logout tokens, security events, DPoP
/// proofs, authorization grants.
[[nodiscard]] refusal check_type(const std::optional<std::string>& typ, const claim_rules& rules);

/// What is looked at in a payload, in this order.
enum class claim_step : std::uint8_t { expiry, start, issuer, audience, names };
inline constexpr std::array claim_steps{claim_step::expiry, claim_step::start, claim_step::issuer,
                                        claim_step::audience, claim_step::names};
/// `payload` is a JSON object.
[[nodiscard]] refusal check_claim(claim_step what, const json::value& payload,
                                  const claim_rules& rules, std::int64_t now_unix_ms) noexcept;

/// All of them, up to the first that refuses. `payload` is a whole payload, parsed. Says nothing
/// about signatures.
[[nodiscard]] refusal check_claims(const json::value& payload, const claim_rules& rules,
                                   std::int64_t now_unix_ms);

/// The caller whom these claims describe. Scopes are those of `scope`, else of `scp`: a string that
/// is split at blanks (commas separate nothing) or an array; an empty `scope` hides `scp`. The
/// client is `client_id`, else `azp`, else `sub`. `provider` and `tenant` stay empty.
/// Errors: malformed (no JSON object), no_subject.
[[nodiscard]] std::expected<core::principal, core::auth_reason>
principal_from_claims(std::string_view claims_json);

} // namespace fmcp::auth
