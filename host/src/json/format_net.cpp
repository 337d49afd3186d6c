#include <algorithm>
#include <array>

#include "json/format.hpp"

namespace fmcp::json {
namespace {

constexpr std::size_t max_hostname = 253; // RFC 1035, 2.3.4, without the root's dot
constexpr std::size_t max_label = 63;
constexpr std::size_t max_local_part = 64; // RFC 5321, 4.5.3.1.1

constexpr bool is_digit(char c) noexcept {
   return c >= '0' && c <= '9';
}
constexpr bool is_alnum(char c) noexcept {
   return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}
constexpr bool is_hex(char c) noexcept {
   return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}
constexpr bool is_ascii(char c) noexcept {
   return static_cast<unsigned char>(c) < 0x80;
}

bool is_octet(std::string_view text) noexcept {
   if (text.empty() || text.size() > 3 || !std::ranges::all_of(text, is_digit)) return false;
   if (text.size() > 1 && text.front() == '0') return false; // some read it as octal
   int n = 0;
   for (const char c : text) n = n * 10 + (c - '0');
   return n <= 255;
}

bool is_ldh_label(std::string_view label) noexcept {
   return !label.empty() && label.size() <= max_label && label.front() != '-' &&
          label.back() != '-' &&
          std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-'; });
}

bool has_ace_prefix(std::string_view label) noexcept {
   return label.size() >= 4 && (label[0] | 0x20) == 'x' && (label[1] | 0x20) == 'n' &&
          label[2] == '-' && label[3] == '-';
}

/// RFC 5321, 4.1.3
bool is_address_literal(std::string_view text) noexcept {
   if (text.size() < 2 || text.front() != '[' || text.back() != ']') return false;
   text = text.substr(1, text.size() - 2);
   constexpr std::string_view tag = "IPv6:";
   return text.starts_with(tag) ? is_ipv6(text.substr(tag.size())) : is_ipv4(text);
}

bool is_quoted_string(std::string_view text, bool is_international) noexcept {
   if (text.size() < 2 || text.front() != '"' || text.back() != '"') return false;
   text = text.substr(1, text.size() - 2);
   for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '"') return false;
      if (text[i] == '\\' && ++i == text.size()) return false;
      const bool is_printable = text[i] >= 0x20 && text[i] < 0x7F;
      if (is_ascii(text[i]) ? !is_printable : !is_international) return false;
   }
   return true;
}

bool is_dot_string(std::string_view text, bool is_international) noexcept {
   constexpr std::string_view others = "!#$%&'*+-/=?^_`{|}~";
   char before = '.';
   for (const char c : text) {
      if (c == '.') {
         if (before == '.') return false;
      } else if (is_ascii(c)) {
         if (!is_alnum(c) && others.find(c) == std::string_view::npos) return false;
      } else if (!is_international) {
         return false;
      }
      before = c;
   }
   return before != '.';
}

bool is_mailbox(std::string_view text, bool is_international) {
   const auto at = text.rfind('@');
   if (at == std::string_view::npos) return false;
   const auto local = text.substr(0, at);
   const auto domain = text.substr(at + 1);
   if (local.size() > max_local_part) return false;
   if (!is_dot_string(local, is_international) && !is_quoted_string(local, is_international)) {
      return false;
   }
   if (domain.starts_with('[')) return is_address_literal(domain);
   return is_international ? is_idn_hostname(domain) : is_hostname(domain);
}

} // namespace

bool is_ipv4(std::string_view text) {
   for (int i = 0; i < 3; ++i) {
      const auto dot = text.find('.');
      if (dot == std::string_view::npos || !is_octet(text.substr(0, dot))) return false;
      text.remove_prefix(dot + 1);
   }
   return is_octet(text);
}

bool is_ipv6(std::string_view text) {
   constexpr std::size_t longest = 45; // six groups and an IPv4 address
   if (text.size() > longest) return false;
   std::size_t groups = 0;
   bool has_gap = false;
   if (text.starts_with("::")) {
      has_gap = true;
      text.remove_prefix(2);
   }
   while (!text.empty()) {
      const auto end = std::min(text.find(':'), text.size());
      const auto part = text.substr(0, end);
      if (part.find('.') != std::string_view::npos) {
         if (end != text.size() || !is_ipv4(part)) return false;
         groups += 2;
         break;
      }
      if (part.empty() || part.size() > 4 || !std::ranges::all_of(part, is_hex)) return false;
      ++groups;
      text.remove_prefix(end);
      if (text.empty()) break;
      text.remove_prefix(1);
      if (text.starts_with(':')) {
         if (has_gap) return false;
         has_gap = true;
         text.remove_prefix(1);
      } else if (text.empty()) {
         return false; // a colon at the end
      }
   }
   return has_gap ? groups < 8 : groups == 8;
}

bool is_hostname(std::string_view text) {
   if (text.empty() || text.size() > max_hostname) return false;
   for (;;) {
      const auto end = std::min(text.find('.'), text.size());
      const auto label = text.substr(0, end);
      if (!is_ldh_label(label)) return false;
      if (has_ace_prefix(label) && check_idn_label(label) == idn_label::invalid) return false;
      if (end == text.size()) return true;
      text.remove_prefix(end + 1);
   }
}

bool is_email(std::string_view text) {
   return is_mailbox(text, false);
}

bool is_idn_email(std::string_view text) {
   return is_mailbox(text, true);
}

} // namespace fmcp::json
