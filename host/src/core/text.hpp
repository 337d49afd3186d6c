#pragma once

/// Small string work that several rooms need.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace fmcp::core {

namespace detail {
[[nodiscard]] bool iequals(const char* a, const char* b, std::size_t size) noexcept;
}
/// ASCII only: the field's protocols compare names that way and never by locale.
[[nodiscard]] inline bool iequals(std::string_view a, std::string_view b) noexcept {
   // Most names differ in length, and every request compares dozens of them.
   return a.size() == b.size() && detail::iequals(a.data(), b.data(), a.size());
}
[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] std::string to_upper(std::string_view text);
/// Blanks and tabs at both ends (RFC 9110 5.6.3, OWS).
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;

/// tchar of RFC 9110 5.6.2.
[[nodiscard]] constexpr bool is_token_char(char c) noexcept {
   return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
          std::string_view("!#$%&'*+-.^_`|~").contains(c);
}
/// token of RFC 9110 5.6.2: what methods and names of fields are.
[[nodiscard]] bool is_token(std::string_view text) noexcept;

/// Appends `text` with C0 and C1 controls and DEL written as \xNN (newline, tab and return as \n \t
/// \r), so that one event stays one line and a terminal obeys nobody. Other UTF-8 passes.
void append_printable(std::string& out, std::string_view text);

/// Number of single-character edits between two names, with a neighbouring swap as one edit.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);
/// The candidate nearest to `name` when it is near enough to be a slip of the finger, else empty.
[[nodiscard]] std::string_view did_you_mean(std::string_view name,
                                            std::span<const std::string_view> candidates);

} // namespace fmcp::core
