#pragma once

/// The named formats of JSON Schema (2020-12 validation, section 7.3).
///
/// Thread safety: functions without state. None of them allocates unless it says so, none takes
/// longer than in proportion to the text.

#include <string_view>

namespace fmcp::json {

/// Whether a text has a format. Precondition: the text is UTF-8.
using format_check = bool (*)(std::string_view text) noexcept;

struct format_rule {
   std::string_view name;
   std::string_view words; ///< with an article: `a date (2026-08-01)`
   format_check holds;
};

/// The rule of a format, or null for a name that is not known, which asserts nothing.
[[nodiscard]] const format_rule* find_format(std::string_view name) noexcept;

} // namespace fmcp::json
