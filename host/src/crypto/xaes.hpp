#pragma once

/// For this room's sources and tests only: XAES-256-GCM (c2sp.org/XAES-256-GCM), which is
/// AES-256-GCM under a key that is derived from the first half of a nonce of 192 bits (NIST SP
/// 800-108, AES-CMAC).
///
/// Why not AES-256-GCM as it is: its nonce of 96 bits may be drawn at random for at most 2^32
/// messages of one key (NIST SP 800-38D, 8.3), and a nonce that comes twice gives forgeries away.
/// The key of a store is made once and lives for years. Nonces of 192 bits need no counting: 2^80
/// messages. AES-GCM-SIV would suffer less, but OpenSSL has it from 3.2 only.
///
/// Thread safety: all functions may be called from any thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "crypto/secret_key.hpp"

namespace fmcp::crypto {

inline constexpr std::size_t xaes_nonce_bytes = 24;
inline constexpr std::size_t xaes_tag_bytes = 16;
using xaes_nonce = std::span<const std::uint8_t, xaes_nonce_bytes>;

/// Appends ciphertext and tag to `out`.
void xaes_encrypt(std::string& out, const secret_key& key, xaes_nonce nonce, std::string_view plain,
                  std::string_view aad);
/// Nothing when it was not made so.
[[nodiscard]] std::optional<std::string> xaes_decrypt(const secret_key& key, xaes_nonce nonce,
                                                      std::string_view sealed,
                                                      std::string_view aad);

} // namespace fmcp::crypto
