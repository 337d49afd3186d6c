#pragma once

/// The messages between this client and an authorization server: registration (RFC 7591),
/// authorization request with PKCE (RFC 7636), token request (RFC 6749).
///
/// Thread safety: pure functions.
/// Errors: invalid, denied; no sentence holds a code, a verifier, a token or a secret.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/form.hpp"
#include "core/fetch.hpp"
#include "core/result.hpp"

namespace fmcp::client {

/// Who this program is for an authorization server.
struct client_identity {
   std::string id;
   std::string secret{};      ///< empty: a public client, as usual
   std::string auth_method{}; ///< of the token endpoint, when there is a secret
   friend bool operator==(const client_identity&, const client_identity&) = default;
};

/// 256 random bits as base64url: a verifier, a state.
[[nodiscard]] std::string random_text();
/// BASE64URL(SHA256(verifier)) (RFC 7636 section 4.2).
[[nodiscard]] std::string challenge_of(std::string_view verifier);
/// `http://127.0.0.1:PORT/callback`: the address and not `localhost`, which may lead elsewhere (RFC
/// 8252 section 8.3).
[[nodiscard]] std::string redirect_uri(std::uint16_t port);

/// The body of the registration. `scopes` may be empty.
[[nodiscard]] std::string registration_body(std::string_view redirect_uri,
                                            const std::vector<std::string>& scopes);
/// What the server made of it.
[[nodiscard]] core::result<client_identity> read_registration(const core::http::fetch_reply& reply);

struct authorization_request {
   std::string client_id{}, redirect_uri{}, state{}, code_challenge{}, resource{};
   std::vector<std::string> scopes{}; ///< empty: the server's choice
};
[[nodiscard]] std::string authorization_url(std::string_view endpoint,
                                            const authorization_request& rq);

/// A POST to the token endpoint: `grant` and who we are.
[[nodiscard]] core::http::fetch_request token_request(std::string_view endpoint,
                                                      const client_identity& who, fields grant);

struct issued_tokens {
   std::string access_token;
   std::string refresh_token{};                      ///< or empty
   std::optional<std::vector<std::string>> scopes{}; ///< nothing: those that were asked for
   std::int64_t lifetime_s = 0;                      ///< 0: not said
};
struct token_refusal {
   std::string error;    ///< `invalid_grant`; empty: it was no OAuth error
   std::string sentence; ///< for people
   /// What was presented will not be taken another day either: a 4xx that says so (RFC 6749 section
   /// 5.2). Anything else may be over in a minute.
   bool is_final = false;
};
using token_outcome = std::expected<issued_tokens, token_refusal>;
[[nodiscard]] token_outcome read_token_answer(const core::http::fetch_reply& reply);

/// Whether it can stand in `Authorization` (b64token of RFC 6750 section 2.1), and is of a size
/// that servers take.
[[nodiscard]] bool is_bearer_token(std::string_view text) noexcept;

} // namespace fmcp::client
