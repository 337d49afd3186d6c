#pragma once

/// The mathematical value of a JSON number, taken from its text and never from a double.
///
/// A schema compares 1, 1.0 and 10e-1 as equal, and 9007199254740993 as different from
/// 9007199254740992; a double can do neither for every number.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fmcp::json {

/// value = (-1)^negative × 0.d1 d2 d3 … × 10^point, where the digits are those of `head` followed
/// by those of `tail`, and neither the first nor the last of them is 0. Zero has no digits.
/// Lifetime: that of the text.
struct decimal {
   std::string_view head;
   std::string_view tail;
   std::int64_t point = 0; ///< saturates far outside of what a double can hold
   bool negative = false;

   /// Precondition: `text` follows the grammar of RFC 8259, section 6.
   explicit decimal(std::string_view text) noexcept;
   decimal() = default;

   [[nodiscard]] bool is_zero() const noexcept { return head.empty() && tail.empty(); }
   [[nodiscard]] std::size_t digits() const noexcept { return head.size() + tail.size(); }
   [[nodiscard]] char digit(std::size_t i) const noexcept {
      return i < head.size() ? head[i] : tail[i - head.size()];
   }
   [[nodiscard]] bool is_integer() const noexcept {
      return point >= static_cast<std::int64_t>(digits());
   }
};

/// The integer when the text is nothing but one that 64 bits hold (`12`, not `12.0`).
[[nodiscard]] std::optional<std::int64_t> plain_integer(std::string_view text) noexcept;

[[nodiscard]] std::strong_ordering compare(const decimal& a, const decimal& b) noexcept;
/// The same for two texts, with a short way for small integers.
[[nodiscard]] std::strong_ordering compare_numbers(std::string_view a, std::string_view b) noexcept;

/// Whether a / b is an integer, exactly. Precondition: b is not zero.
/// Cost: digits of a times digits of b.
[[nodiscard]] bool is_multiple(const decimal& a, const decimal& b);

/// One text per value (`-12e-1` for -1.20), so that equal numbers can be found by sorting.
[[nodiscard]] std::string canonical(const decimal& n);

} // namespace fmcp::json
