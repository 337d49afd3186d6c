#pragma once

/// Values that leave the process and come back: encrypted, authenticated, with an end.
///
/// A ring of secrets comes from the operator: the current one seals, previous ones still open what
/// they sealed, until the operator takes them away. From each secret one key is derived per purpose
/// and space (HKDF-SHA256), so that what was sealed for one opens for no other.
///
/// Thread safety: immutable after their making.
/// Lifetimes: a sealer stands for itself; the ring may go. Keys are overwritten at the end.
/// Errors: no message holds a byte of a secret or of what was sealed.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "crypto/kdf.hpp"
#include "crypto/secret_key.hpp"

namespace fmcp::crypto {

/// Names a secret of the ring in what it sealed. It tells nothing about the secret.
using key_id = std::array<std::uint8_t, 4>;

/// Seals for one purpose in one space.
class sealer {
public:
   static constexpr std::size_t max_plain_bytes = 1024 * 1024;
   static constexpr std::size_t max_aad_bytes = 64 * 1024;
   /// How much longer a sealed value is than what is in it.
   static constexpr std::size_t overhead = 1 + sizeof(key_id) + 24 + 8 + 16;

   /// `expires` is the first moment, in ms since 1970, at which it no longer opens. `aad` is not
   /// part of the outcome, and only who gives it again opens it. The outcome is bytes, not text.
   /// Errors: limit.
   [[nodiscard]] core::result<std::string> seal(std::string_view plain, std::string_view aad,
                                                std::int64_t expires) const;
   /// Errors: denied (changed, sealed elsewhere, with another `aad` or with a secret that is not in
   /// the ring), not_found (it was ours, but it has expired).
   [[nodiscard]] core::result<std::string> open(std::string_view sealed, std::string_view aad,
                                                std::int64_t now) const;
   /// Whether the current secret sealed it, judged by the key id alone.
   [[nodiscard]] bool is_current(std::string_view sealed) const noexcept;

private:
   friend class key_ring;
   struct key {
      key_id id;
      secret_key secret;
   };
   std::vector<key> keys_; // the current one first
};

class key_ring {
public:
   static constexpr std::size_t min_secret_bytes = 32;
   static constexpr std::size_t max_secret_bytes = 4096;
   static constexpr std::size_t max_previous = 8;

   /// The secrets are text or bytes that nobody can guess; their form does not matter.
   /// Errors: invalid (shorter than 32 bytes, or one byte over and over), limit. The message says
   /// which one it is: `the current key`, `previous key 2`.
   [[nodiscard]] static core::result<key_ring> make(std::string_view current,
                                                    std::span<const std::string> previous = {});

   /// The same errors, for a start that shall find them before anything needs a key.
   [[nodiscard]] static core::result<void> check(std::string_view current,
                                                 std::span<const std::string> previous = {});

   /// `purpose` is a word of ours, `space` anything.
   [[nodiscard]] sealer derive(std::string_view purpose, std::string_view space) const;

private:
   struct root {
      key_id id;
      hkdf secret;
   };
   std::vector<root> roots_; // the current one first
};

} // namespace fmcp::crypto
