#pragma once

/// 32 bytes of key that are overwritten when their owner goes. They are not copied by accident.
///
/// Thread safety: as an array. Lifetimes: a key that was moved from holds zeros.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fmcp::crypto {

class secret_key {
public:
   static constexpr std::size_t size = 32;

   secret_key() = default;
   secret_key(secret_key&& other) noexcept;
   secret_key& operator=(secret_key&& other) noexcept;
   ~secret_key();

   [[nodiscard]] std::span<std::uint8_t, size> bytes() noexcept { return bytes_; }
   [[nodiscard]] std::span<const std::uint8_t, size> bytes() const noexcept { return bytes_; }
   [[nodiscard]] std::string_view view() const noexcept {
      return {reinterpret_cast<const char*>(bytes_.data()), size};
   }

private:
   std::array<std::uint8_t, size> bytes_{};
};

/// Overwrites memory in a way that the compiler does not leave out.
void wipe(std::span<std::uint8_t> bytes) noexcept;
/// The same for the whole buffer of a string, which is empty afterwards.
void wipe(std::string& text) noexcept;

} // namespace fmcp::crypto
