#pragma once

/// Why a request is refused by authentication: one code, the same in the log line, the metric, the
/// `error_description` and what `doctor` explains.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fmcp::core {

enum class auth_reason : std::uint8_t {
   none, ///< not refused
   no_token,
   two_authorizations, ///< more than one `Authorization` field
   token_in_query,
   wrong_scheme, ///< not `Bearer`
   malformed,    ///< not a token of the kind that is expected
   bad_algorithm,
   unknown_key, ///< the key that the token names is in no key set, and that is certain
   bad_signature,
   no_expiry,
   expired,
   not_yet_valid, ///< `nbf`, or `iat` in the future
   wrong_issuer,
   wrong_audience,
   wrong_type, ///< `typ`: an ID token, for instance
   no_subject, ///< neither subject nor client
   missing_scope,
   inactive,             ///< the provider knows the token and says no
   denied,               ///< the provider says no and gives no reason
   busy,                 ///< too many verifications wait: 503
   upstream_unavailable, ///< keys or an introspection answer could not be fetched: 503
   provider_failed,      ///< the plugin crashed, hung or answered nonsense: 503
   rate_limited,
};

/// `wrong_issuer`.
[[nodiscard]] constexpr std::string_view name_of(auth_reason r) noexcept {
   constexpr std::string_view names[] = {"none",
                                         "no_token",
                                         "two_authorizations",
                                         "token_in_query",
                                         "wrong_scheme",
                                         "malformed",
                                         "bad_algorithm",
                                         "unknown_key",
                                         "bad_signature",
                                         "no_expiry",
                                         "expired",
                                         "not_yet_valid",
                                         "wrong_issuer",
                                         "wrong_audience",
                                         "wrong_type",
                                         "no_subject",
                                         "missing_scope",
                                         "inactive",
                                         "denied",
                                         "busy",
                                         "upstream_unavailable",
                                         "provider_failed",
                                         "rate_limited"};
   return names[static_cast<std::size_t>(r)];
}

/// The token may be good: the answer is 503 and not 401.
[[nodiscard]] constexpr bool is_unavailable(auth_reason r) noexcept {
   return r == auth_reason::busy || r == auth_reason::upstream_unavailable ||
          r == auth_reason::provider_failed;
}

} // namespace fmcp::core
