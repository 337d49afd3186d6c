#include <algorithm>
#include <cstdint>

#include "json/format.hpp"
#include "json/uri.hpp"

namespace fmcp::json {
namespace {

constexpr bool is_digit(char c) noexcept {
   return c >= '0' && c <= '9';
}
constexpr bool is_alpha(char c) noexcept {
   return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}
constexpr bool is_hex(char c) noexcept {
   return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}
constexpr bool is_unreserved(char c) noexcept {
   return is_digit(c) || is_alpha(c) || c == '-' || c == '.' || c == '_' || c == '~';
}
constexpr bool is_sub_delim(char c) noexcept {
   return std::string_view("!$&'()*+,;=").find(c) != std::string_view::npos;
}

/// RFC 3987, 2.2
constexpr bool is_ucschar(std::uint32_t c) noexcept {
   if (c < 0xA0) return false;
   if (c <= 0xD7FF || (c >= 0xF900 && c <= 0xFDCF) || (c >= 0xFDF0 && c <= 0xFFEF)) return true;
   return c >= 0x10000 && c <= 0xEFFFD && (c & 0xFFFF) <= 0xFFFD && !(c >= 0xE0000 && c < 0xE1000);
}
constexpr bool is_iprivate(std::uint32_t c) noexcept {
   return (c >= 0xE000 && c <= 0xF8FF) || (c >= 0xF0000 && (c & 0xFFFF) <= 0xFFFD);
}

/// Takes one character. Precondition: `text` is well-formed UTF-8 and not empty.
std::uint32_t take_character(std::string_view& text) noexcept {
   const auto lead = static_cast<unsigned char>(text[0]);
   const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
   std::uint32_t c = size == 1 ? lead : lead & (0x7Fu >> size);
   for (std::size_t i = 1; i < size; ++i) {
      c = c << 6 | (static_cast<unsigned char>(text[i]) & 0x3Fu);
   }
   text.remove_prefix(size);
   return c;
}

enum class script : unsigned char { ascii, international };

/// Whether all of `text` is unreserved, percent-encoded, a sub-delimiter or one of `others`.
bool consists_of(std::string_view text, std::string_view others, script s,
                 bool allows_private = false) noexcept {
   while (!text.empty()) {
      const char c = text[0];
      if (c == '%') {
         if (text.size() < 3 || !is_hex(text[1]) || !is_hex(text[2])) return false;
         text.remove_prefix(3);
      } else if (is_unreserved(c) || is_sub_delim(c) || others.find(c) != std::string_view::npos) {
         text.remove_prefix(1);
      } else {
         if (s == script::ascii) return false;
         const auto character = take_character(text);
         if (!is_ucschar(character) && !(allows_private && is_iprivate(character))) return false;
      }
   }
   return true;
}

/// RFC 3986, 3.2.2: what is between the brackets.
bool is_ip_literal(std::string_view text) {
   if (!text.starts_with('v') && !text.starts_with('V')) return is_ipv6(text);
   const auto dot = text.find('.');
   if (dot == std::string_view::npos || dot < 2 || dot + 1 == text.size()) return false;
   const auto rest = text.substr(dot + 1);
   return std::ranges::all_of(text.substr(1, dot - 1), is_hex) &&
          rest.find('%') == std::string_view::npos && consists_of(rest, ":", script::ascii);
}

bool is_authority(std::string_view text, script s) {
   if (const auto at = text.rfind('@'); at != std::string_view::npos) {
      if (!consists_of(text.substr(0, at), ":", s)) return false;
      text.remove_prefix(at + 1);
   }
   std::string_view port;
   if (text.starts_with('[')) {
      const auto end = text.find(']');
      if (end == std::string_view::npos || !is_ip_literal(text.substr(1, end - 1))) return false;
      port = text.substr(end + 1);
   } else {
      const auto colon = std::min(text.find(':'), text.size());
      if (!consists_of(text.substr(0, colon), "", s)) return false;
      port = text.substr(colon);
   }
   return port.empty() || (port.front() == ':' && std::ranges::all_of(port.substr(1), is_digit));
}

bool is_reference(std::string_view text, script s, bool needs_scheme) {
   const uri_parts parts(text);
   if (needs_scheme && !parts.scheme) return false;
   if (parts.authority && !is_authority(*parts.authority, s)) return false;
   if (!consists_of(parts.path, ":@/", s)) return false;
   if (!parts.scheme && !parts.authority) { // 4.2: else it would read as a scheme
      const auto first = parts.path.substr(0, parts.path.find('/'));
      if (first.find(':') != std::string_view::npos) return false;
   }
   return consists_of(parts.query.value_or(""), ":@/?", s, true) &&
          consists_of(parts.fragment.value_or(""), ":@/?", s);
}

/// Takes `%41`, a letter, a digit or an underscore.
bool take_varchar(std::string_view& text) noexcept {
   if (text.size() >= 3 && text[0] == '%' && is_hex(text[1]) && is_hex(text[2])) {
      text.remove_prefix(3);
      return true;
   }
   if (text.empty() || (!is_digit(text[0]) && !is_alpha(text[0]) && text[0] != '_')) return false;
   text.remove_prefix(1);
   return true;
}

/// RFC 6570, 2.3: a name with `:length` or `*`
bool take_varspec(std::string_view& text) noexcept {
   if (!take_varchar(text)) return false;
   for (;;) {
      const bool has_dot = text.starts_with('.');
      if (has_dot) text.remove_prefix(1);
      if (take_varchar(text)) continue;
      if (has_dot) return false;
      break;
   }
   if (text.starts_with('*')) {
      text.remove_prefix(1);
   } else if (text.starts_with(':')) {
      text.remove_prefix(1);
      const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
      if (digits == 0 || digits > 4 || text[0] == '0') return false;
      text.remove_prefix(digits);
   }
   return true;
}

/// What is between the braces.
bool is_expression(std::string_view text) noexcept {
   constexpr std::string_view operators = "+#./;?&=,!@|";
   if (!text.empty() && operators.find(text[0]) != std::string_view::npos) text.remove_prefix(1);
   while (take_varspec(text)) {
      if (text.empty()) return true;
      if (!text.starts_with(',')) return false;
      text.remove_prefix(1);
   }
   return false;
}

} // namespace

bool is_uri(std::string_view text) {
   return is_reference(text, script::ascii, true);
}
bool is_uri_reference(std::string_view text) {
   return is_reference(text, script::ascii, false);
}
bool is_iri(std::string_view text) {
   return is_reference(text, script::international, true);
}
bool is_iri_reference(std::string_view text) {
   return is_reference(text, script::international, false);
}

bool is_uri_template(std::string_view text) {
   while (!text.empty()) {
      const char c = text[0];
      if (c == '{') {
         const auto end = text.find('}');
         if (end == std::string_view::npos || !is_expression(text.substr(1, end - 1))) return false;
         text.remove_prefix(end + 1);
      } else if (c == '%') {
         if (text.size() < 3 || !is_hex(text[1]) || !is_hex(text[2])) return false;
         text.remove_prefix(3);
      } else if (static_cast<unsigned char>(c) < 0x80) {
         constexpr std::string_view excluded = "\"<>\\^`|}"; // 2.1; the apostrophe by erratum 6937
         if (c <= 0x20 || c == 0x7F || excluded.find(c) != std::string_view::npos) return false;
         text.remove_prefix(1);
      } else {
         const auto character = take_character(text);
         if (!is_ucschar(character) && !is_iprivate(character)) return false;
      }
   }
   return true;
}

} // namespace fmcp::json
