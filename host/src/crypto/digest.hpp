#pragma once

/// Digests, authentication codes and random numbers, by OpenSSL 3.
///
/// Thread safety: all functions may be called from any thread; `hmac_key` is immutable.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fmcp::crypto {

using digest256 = std::array<std::uint8_t, 32>;

/// SHA-256 (FIPS 180-4).
[[nodiscard]] digest256 sha256(std::string_view bytes);
/// The same in lower-case hexadecimal digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);
[[nodiscard]] std::string to_hex(std::span<const std::uint8_t> bytes);

/// Bytes nobody can guess, from the kernel (getrandom(2)). Ends the process when there are none:
/// going on would be worse.
void fill_random(std::span<std::uint8_t> out);

/// Whether both are the same, in a time that depends on their lengths only.
[[nodiscard]] bool equal_constant_time(std::string_view a, std::string_view b) noexcept;

/// HMAC-SHA-256 (RFC 2104) under one key. The two inner states are made once, so that a short
/// message costs two compressions and no look-up of algorithms.
class hmac_key {
public:
   explicit hmac_key(std::string_view key);
   ~hmac_key();
   hmac_key(hmac_key&&) noexcept;
   hmac_key& operator=(hmac_key&&) noexcept;

   [[nodiscard]] digest256 sign(std::string_view message) const;

private:
   struct state;
   state* state_;
};

} // namespace fmcp::crypto
