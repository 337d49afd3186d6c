#include "json/format.hpp"

#include <algorithm>
#include <array>

#include "json/regex.hpp"

namespace fmcp::json {
namespace {

constexpr bool is_digit(char c) noexcept {
   return c >= '0' && c <= '9';
}
constexpr bool is_hex(char c) noexcept {
   return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/// RFC 9562, 4
bool is_uuid(std::string_view text) {
   if (text.size() != 36) return false;
   for (std::size_t i = 0; i < text.size(); ++i) {
      const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
      if (is_dash ? text[i] != '-' : !is_hex(text[i])) return false;
   }
   return true;
}

/// RFC 6901, 3
bool is_json_pointer(std::string_view text) {
   if (text.empty()) return true;
   if (text.front() != '/') return false;
   for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '~') continue;
      if (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1')) return false;
   }
   return true;
}

/// draft-handrews-relative-json-pointer-01, 3
bool is_relative_json_pointer(std::string_view text) {
   const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
   if (end == 0 || (end > 1 && text.front() == '0')) return false;
   const auto rest = text.substr(end);
   return rest == "#" || is_json_pointer(rest);
}

bool is_regex(std::string_view text) {
   return regex::compile(text).has_value();
}

constexpr auto formats = std::to_array<format_rule>({
      {"date-time", "a date and time with its offset, such as 2026-08-01T12:00:00Z", is_date_time},
      {"date", "a date such as 2026-08-01", is_date},
      {"time", "a time with its offset, such as 12:00:00Z", is_time},
      {"duration", "a duration such as P1DT12H", is_duration},
      {"email", "an e-mail address", is_email},
      {"idn-email", "an e-mail address", is_idn_email},
      {"hostname", "a host name such as www.example.com", is_hostname},
      {"idn-hostname", "a host name", is_idn_hostname},
      {"ipv4", "an IPv4 address such as 192.0.2.1", is_ipv4},
      {"ipv6", "an IPv6 address such as 2001:db8::1", is_ipv6},
      {"uri", "an absolute URI such as https://example.com/", is_uri},
      {"uri-reference", "a URI or a relative reference", is_uri_reference},
      {"iri", "an absolute IRI", is_iri},
      {"iri-reference", "an IRI or a relative reference", is_iri_reference},
      {"uri-template", "a URI template such as /items/{id}", is_uri_template},
      {"uuid", "a UUID such as 123e4567-e89b-12d3-a456-426614174000", is_uuid},
      {"json-pointer", "a JSON Pointer such as /items/0", is_json_pointer},
      {"relative-json-pointer", "a relative JSON Pointer such as 1/name", is_relative_json_pointer},
      {"regex", "a regular expression of ECMA-262", is_regex},
});

} // namespace

const format_rule* find_format(std::string_view name) noexcept {
   const auto* row = std::ranges::find(formats, name, &format_rule::name);
   return row != formats.end() ? row : nullptr;
}

} // namespace fmcp::json
