#pragma once

/// The signature algorithms of JSON Web Algorithms (RFC 7518 section 3.1, RFC 8037 section 3.1,
/// RFC 9864 section 2), and which kind of key each of them takes.
///
/// `none` has no value here, and neither has anything else that is not a signature: what cannot be
/// named cannot be accepted by mistake.
///
/// Thread safety: values only.

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace fmcp::crypto {

enum class algorithm : std::uint8_t {
   rs256,
   rs384,
   rs512,
   ps256,
   ps384,
   ps512,
   es256,
   es384,
   es512,
   eddsa, ///< either Edwards curve, as the key says
   ed25519,
   ed448,
   hs256, ///< from here on with a shared secret, never with a public key
   hs384,
   hs512,
};

enum class key_type : std::uint8_t { rsa, p256, p384, p521, ed25519, ed448 };

/// The algorithm with exactly this name; names are case-sensitive (RFC 7515 section 4.1.1).
[[nodiscard]] std::optional<algorithm> algorithm_named(std::string_view name) noexcept;
[[nodiscard]] std::string_view name_of(algorithm a) noexcept;
[[nodiscard]] std::string_view name_of(key_type type) noexcept;

[[nodiscard]] constexpr bool is_symmetric(algorithm a) noexcept {
   return a >= algorithm::hs256;
}

/// Whether signatures of `a` are made with keys of this type: never for a symmetric one. An ECDSA
/// algorithm names its curve (RFC 7518 section 3.4).
[[nodiscard]] bool fits(key_type type, algorithm a) noexcept;

/// Bytes of the hash of an RSA, ECDSA or HMAC algorithm; 0 for EdDSA, which has its own.
[[nodiscard]] unsigned hash_size(algorithm a) noexcept;

/// What a policy allows.
class algorithm_set {
public:
   constexpr algorithm_set() = default;
   constexpr algorithm_set(std::initializer_list<algorithm> list) {
      for (const auto a : list) insert(a);
   }
   constexpr void insert(algorithm a) noexcept { bits_ |= bit(a); }
   [[nodiscard]] constexpr bool contains(algorithm a) const noexcept {
      return (bits_ & bit(a)) != 0;
   }
   [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }

private:
   static constexpr std::uint32_t bit(algorithm a) noexcept {
      return std::uint32_t{1} << static_cast<unsigned>(a);
   }
   std::uint32_t bits_ = 0;
};

} // namespace fmcp::crypto
