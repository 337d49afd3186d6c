#pragma once

/// How a request is refused: status, `WWW-Authenticate` and a small JSON body (RFC 6750 section 3,
/// RFC 9728 section 5.1, RFC 9110 section 11.6.1).
///
///     401  Bearer scope="a b", resource_metadata="…"                                no credentials
///     401  Bearer error="invalid_token", error_description="…", scope=…, resource_metadata=…
///     403  Bearer error="insufficient_scope", …           the scopes that a new token has to have
///     403  no challenge                                      forbidden whatever scopes come along
///     400  Bearer error="invalid_request", …                          two tokens, token in the URL
///     503, 429  no challenge, Retry-After                    the token may be good: keep it
///
/// The reason code and one fixed sentence are all that a client is told. Nothing of a token's
/// claims and nothing that a provider wrote gets in, but for scope names.
///
/// Thread safety: pure functions. Errors: none; characters that a value may not hold are replaced.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/auth_reason.hpp"
#include "core/http.hpp"

namespace fmcp::auth {

struct refusal {
   int status = 401;
   std::string www_authenticate{}; ///< or empty
   std::string body{};
   unsigned retry_after_s = 0; ///< 0: no such field
};

struct refusal_context {
   std::string_view scope{};             ///< to ask for, blank separated; or empty
   std::string_view resource_metadata{}; ///< URL, or empty
   /// With `missing_scope`: what the token lacks, for the sentence.
   std::span<const std::string> missing{};
   bool is_forbidden = false;  ///< 403 in place of 401
   unsigned retry_after_s = 0; ///< 0: as the reason has it
};

/// Precondition: `why` is not `none`.
[[nodiscard]] refusal make_refusal(core::auth_reason why, const refusal_context& about);

/// `expired: the token has expired`.
[[nodiscard]] std::string describe(core::auth_reason why);

/// `the token lacks the scope write`; without names when they would be no sentence any more.
[[nodiscard]] std::string describe_missing(std::span<const std::string> scopes);

/// Answers with `r` and the fields of `cors`; never stored by a cache.
void send(const refusal& r, core::http::responder& out, std::span<const core::http::field> cors);

/// NQCHAR of RFC 6750 section 3, at least one: what a scope may consist of.
[[nodiscard]] bool is_scope_token(std::string_view text) noexcept;

/// Several lists as one, blank separated: each scope once, in the order of its first appearance;
/// what is no scope token is left out, and so is what does not fit into `max_scope_bytes`, since a
/// client that finds the head of an answer too long learns nothing at all.
inline constexpr std::size_t max_scope_bytes = 4'096;
[[nodiscard]] std::string join_scopes(std::span<const std::span<const std::string>> lists);

} // namespace fmcp::auth
