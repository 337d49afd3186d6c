#pragma once

/// Where the bearer token of a request is, and whether it is one (RFC 6750 section 2.1).
///
/// Strict: `Bearer`, in any case, exactly one blank, then a b64token to the end. What is accepted
/// here is safe to hash, compare and hand to a provider; it has not been verified.
///
/// Thread safety: pure functions. Errors: the reason. Allocates nothing.

#include <cstddef>
#include <string_view>

#include "core/auth_reason.hpp"
#include "core/http.hpp"

namespace fmcp::auth {

inline constexpr std::size_t max_token_bytes = 16u << 10;

struct presented {
   core::auth_reason reason = core::auth_reason::no_token; ///< none: `token` can be verified
   std::string_view token{};                               ///< the request's
};

/// Of the value of one `Authorization` field. Reasons: no_token (nothing there), wrong_scheme,
/// malformed.
[[nodiscard]] presented parse_authorization(std::string_view value) noexcept;

/// Of a whole request. Reasons besides: token_in_query and two_authorizations, which are 400 and
/// win over everything else, since no other field can make such a request right.
[[nodiscard]] presented find_token(const core::http::request& rq) noexcept;

/// The same in two steps, for whoever can tell from the bytes that he has seen the token before:
/// `token` is what stands behind the scheme, not longer than it may be, and not yet known to be
/// one.
[[nodiscard]] presented find_bearer(const core::http::request& rq) noexcept;
/// The second step.
[[nodiscard]] bool is_token(std::string_view text) noexcept;

/// Whether a query has a parameter `access_token` (RFC 6750 section 2.3), escaped or not.
[[nodiscard]] bool has_query_token(std::string_view query) noexcept;

} // namespace fmcp::auth
