#pragma once

/// `Mcp-Session-Id` of the legacy era: a short authenticated token that describes itself.
///
/// Nothing is stored for its identity: a restarted process, or a replica with the same key, accepts
/// it. It is no credential; what it binds (the principal) is compared with who really calls.
/// Characters are those of base64url, so within 0x21–0x7E (Streamable HTTP, session management).
///
/// Errors: none; a token that is not good is `nullopt`, and why is nobody's business.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/principal.hpp"
#include "protocol/revision.hpp"

namespace fmcp::protocol {

/// What the client declared in `initialize`, as far as a call needs it.
struct client_capabilities {
   bool roots = false, sampling = false, elicitation_form = false, elicitation_url = false;
   friend bool operator==(const client_capabilities&, const client_capabilities&) = default;
};

struct session_claims {
   revision spoken = newest_legacy;
   client_capabilities can;
   std::int64_t expires_unix_s = 0;
   std::array<std::uint8_t, 8> principal{}; ///< digest of who opened it; zero: nobody (no auth)
   /// Random; names the session's soft state.
   std::array<std::uint8_t, 16> nonce{};
   /// Under which key the token is: 0 the current one, 1 the previous one. Set by mint and verify;
   /// no part of the token.
   std::uint8_t key = 0;
   friend bool operator==(const session_claims&, const session_claims&) = default;
};

/// Who somebody is, for comparing: of issuer, subject and client, so that a refreshed token with
/// other scopes is the same principal. Zero for nobody (null) alone.
[[nodiscard]] std::array<std::uint8_t, 8> principal_digest(const core::principal* who);

/// Thread safety: immutable; any thread.
class session_keys {
public:
   /// `current` empty: a random key for the life of the process. `previous` (or empty) is still
   /// accepted. `domain` names what a token must not outlive, such as the auth configuration: other
   /// text, other keys.
   session_keys(std::string_view current, std::string_view previous, std::string_view domain);
   ~session_keys();

   /// A new token with a fresh nonce, which is also put into `claims`.
   [[nodiscard]] std::string mint(session_claims& claims) const;
   /// Nothing: forged, damaged, expired, from another key, or longer than any of ours.
   [[nodiscard]] std::optional<session_claims> verify(std::string_view token,
                                                      std::int64_t now_unix_s) const;
   /// What a plugin may see instead of the token: 32 hexadecimal digits, from which the token
   /// cannot be computed. The same for the whole session, also when its key has become the previous
   /// one.
   [[nodiscard]] std::string digest(const session_claims& claims) const;

private:
   struct impl;
   std::unique_ptr<impl> impl_;
};

} // namespace fmcp::protocol
