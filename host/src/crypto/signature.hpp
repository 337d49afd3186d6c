#pragma once

/// Verification of JWS signatures (RFC 7518 sections 3.2 to 3.5, RFC 8037 section 3.1).
///
/// The algorithm is the caller's word, from its policy, and must fit the key; a signature is never
/// asked what it is. Every length is checked before OpenSSL sees the bytes, and nothing is
/// allocated in proportion to them.
///
/// Thread safety: any thread; each has a context of its own.
/// Errors: there are none. Whatever is not a good signature, for whatever reason, is `false`, want
/// of memory too. OpenSSL's error queue is empty afterwards.

#include <string_view>

#include "crypto/algorithm.hpp"
#include "crypto/public_key.hpp"
#include "crypto/shared_secret.hpp"

namespace fmcp::crypto {

[[nodiscard]] bool verify(const public_key& key, algorithm a, std::string_view signed_bytes,
                          std::string_view signature) noexcept;

/// The code is compared in constant time.
[[nodiscard]] bool verify(const shared_secret& secret, algorithm a, std::string_view signed_bytes,
                          std::string_view signature) noexcept;

} // namespace fmcp::crypto
