#pragma once

/// UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, nothing above U+10FFFF.

#include <cstddef>
#include <string>
#include <string_view>

namespace fmcp::core {

/// Offset of the first byte that starts no well-formed sequence, or `text.size()`.
[[nodiscard]] std::size_t utf8_valid_prefix(std::string_view text) noexcept;
[[nodiscard]] inline bool is_utf8(std::string_view text) noexcept {
   return utf8_valid_prefix(text) == text.size();
}
/// Copy with each ill-formed byte replaced by U+FFFD.
[[nodiscard]] std::string utf8_repaired(std::string_view text);
/// The longest prefix of at most `max_bytes` that does not cut a character.
[[nodiscard]] std::string_view utf8_truncated(std::string_view text,
                                              std::size_t max_bytes) noexcept;
/// Number of Unicode code points; `text` must be well-formed.
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;

} // namespace fmcp::core
