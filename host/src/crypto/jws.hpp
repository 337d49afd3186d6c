#pragma once

/// JSON Web Signatures in the compact serialization (RFC 7515 section 7.1), strictly.
///
/// The header is the attacker's until the signature is verified, and nothing in it chooses how that
/// is done: `alg` must be one that the policy allows *and* that the key is for; `jwk`, `jku`, `x5u`
/// and `x5c` are not looked at. What would change the meaning of the rest is refused: `crit`
/// (section 4.1.11; we understand no extension), `b64` (RFC 7797), `none` in any spelling.
///
/// Thread safety: values only.
/// Errors: `invalid`, `unsupported` (the algorithm, and nothing else), `limit`. The sentences may be
/// logged: of the token they hold at most the name of a header member that is there twice, cut and
/// printable.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "crypto/algorithm.hpp"
#include "crypto/public_key.hpp"
#include "crypto/shared_secret.hpp"

namespace fmcp::crypto {

struct jws_limits {
   std::size_t max_bytes = 16u << 10;       ///< of the whole token
   std::size_t max_header_bytes = 8u << 10; ///< decoded; an `x5c` of three certificates fits
};

/// A token taken apart. Nothing is believed yet.
struct compact_jws {
   algorithm alg{};
   std::optional<std::string> key_id; ///< `kid`
   std::optional<std::string> type;   ///< `typ`
   /// What is signed: header and payload as they were sent. Points into the token.
   std::string_view signed_bytes;
   std::string payload;
   std::string signature;
};

/// Exactly three parts of strict base64url; the payload may be empty, the others not; the header
/// one JSON object without duplicate members (section 4). Lifetime: `token` must outlive the
/// result.
[[nodiscard]] core::result<compact_jws> parse_compact(std::string_view token,
                                                      const jws_limits& bounds = {});

/// Whether the token's algorithm is allowed, fits the key, and the signature is good.
[[nodiscard]] bool verify(const compact_jws& token, const public_key& key,
                          algorithm_set allowed) noexcept;
[[nodiscard]] bool verify(const compact_jws& token, const shared_secret& secret,
                          algorithm_set allowed) noexcept;

} // namespace fmcp::crypto
