#include "protocol/header_value.hpp"

#include <algorithm>

#include "core/base64.hpp"
#include "core/text.hpp"
#include "core/utf8.hpp"
#include "json/number.hpp"

namespace fmcp::protocol {
namespace {

using json::kind;

constexpr std::string_view opening = "=?base64?";
constexpr std::string_view closing = "?=";
constexpr std::int64_t safe_integer = (std::int64_t{1} << 53) - 1;

bool is_allowed(char c) noexcept {
   return (c >= 0x20 && c <= 0x7E) || c == '\t';
}

bool is_digit(char c) noexcept {
   return c >= '0' && c <= '9';
}

/// Cuts the digits off the front of `text`; false when there are none.
bool cut_digits(std::string_view& text) noexcept {
   const auto end = std::ranges::find_if_not(text, is_digit);
   const auto count = static_cast<std::size_t>(end - text.begin());
   text.remove_prefix(count);
   return count != 0;
}

/// RFC 8259, section 6.
bool is_json_number(std::string_view text) noexcept {
   if (text.starts_with('-')) text.remove_prefix(1);
   if (text.size() > 1 && text[0] == '0' && is_digit(text[1])) return false;
   if (!cut_digits(text)) return false;
   if (text.starts_with('.')) {
      text.remove_prefix(1);
      if (!cut_digits(text)) return false;
   }
   if (text.starts_with('e') || text.starts_with('E')) {
      text.remove_prefix(1);
      if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
      if (!cut_digits(text)) return false;
   }
   return text.empty();
}

/// Beyond 2^53 - 1 one reader's number is another reader's neighbour, so that nothing out there is
/// known to be the same.
bool is_safe_integer(const json::value& v) noexcept {
   const auto n = v.as_int64();
   return n && *n >= -safe_integer && *n <= safe_integer;
}

} // namespace

std::optional<std::string_view> decode_header_value(std::string_view field, std::string& memory) {
   field = core::trim(field);
   if (!std::ranges::all_of(field, is_allowed)) return std::nullopt;
   // Both marks must fit side by side: `=?base64?=` is a literal.
   if (field.size() < opening.size() + closing.size() || !field.starts_with(opening) ||
       !field.ends_with(closing)) {
      return field;
   }
   field.remove_prefix(opening.size());
   field.remove_suffix(closing.size());
   auto bytes = core::decode_base64(field);
   if (!bytes || !core::is_utf8(*bytes)) return std::nullopt;
   memory = std::move(*bytes);
   return memory;
}

std::optional<std::string> decode_header_value(std::string_view field) {
   std::string memory;
   const auto text = decode_header_value(field, memory);
   if (!text) return std::nullopt;
   return std::string(*text);
}

bool says_the_same(std::string_view decoded, const json::value& body, header_parameter::type what) {
   switch (body.type()) {
   case kind::string: return decoded == body.string();
   case kind::boolean: return decoded == (body.boolean() ? "true" : "false");
   case kind::number:
      if (what == header_parameter::type::integer && !is_safe_integer(body)) return false;
      return is_json_number(decoded) && json::compare_numbers(decoded, body.number()) == 0;
   default: return false;
   }
}

const json::value* find_argument(const json::value* arguments, const header_parameter& p) noexcept {
   for (const auto& name : p.path) {
      if (arguments == nullptr) return nullptr;
      arguments = arguments->find(name);
   }
   return arguments == nullptr || arguments->is(kind::null) ? nullptr : arguments;
}

} // namespace fmcp::protocol
