#include "json/format.hpp"

#include <algorithm>
#include <array>

#include "json/regex.hpp"

namespace fmcp::json {
namespace {

bool is_regex(std::string_view text) noexcept {
   return regex::compile(text).has_value();
}

constexpr auto formats = std::to_array<format_rule>({
      {"regex", "a regular expression", is_regex},
});

} // namespace

const format_rule* find_format(std::string_view name) noexcept {
   const auto* row = std::ranges::find(formats, name, &format_rule::name);
   return row != formats.end() ? row : nullptr;
}

} // namespace fmcp::json
