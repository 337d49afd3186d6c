#include "client/form.hpp"

#include <algorithm>

namespace fmcp::client {
namespace {

constexpr std::size_t max_fields = 64;

int hex_digit(char c) noexcept {
   if (c >= '0' && c <= '9') return c - '0';
   const char lower = static_cast<char>(c | 0x20);
   return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::optional<std::string> decoded(std::string_view text) {
   std::string out;
   for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '%') {
         out.push_back(text[i] == '+' ? ' ' : text[i]);
         continue;
      }
      if (text.size() - i < 3) return std::nullopt;
      const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
   }
   return out;
}

} // namespace

std::string form_encoded(std::string_view text) {
   constexpr std::string_view marks = "-._~", digits = "0123456789ABCDEF";
   std::string out;
   for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
          marks.contains(c)) {
         out.push_back(c);
      } else {
         out.append({'%', digits[byte >> 4], digits[byte & 15]});
      }
   }
   return out;
}

std::string form_encoded(const fields& of) {
   std::string out;
   for (const auto& [name, value] : of) {
      if (!out.empty()) out += '&';
      out.append(form_encoded(name)).append("=").append(form_encoded(value));
   }
   return out;
}

std::string with_query(std::string_view url, const fields& of) {
   std::string out(url);
   out += url.contains('?') ? '&' : '?';
   return out += form_encoded(of);
}

std::optional<fields> form_decoded(std::string_view text) {
   fields out;
   while (!text.empty()) {
      const auto end = std::min(text.find('&'), text.size());
      const auto item = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (item.empty()) continue;
      const auto equals = std::min(item.find('='), item.size());
      auto name = decoded(item.substr(0, equals));
      auto value = decoded(item.substr(std::min(equals + 1, item.size())));
      if (!name || !value || out.size() == max_fields) return std::nullopt;
      out.emplace_back(std::move(*name), std::move(*value));
   }
   return out;
}

bool is_repeated(const fields& in, std::string_view name) {
   return std::ranges::count(in, name, &fields::value_type::first) > 1;
}

std::optional<std::string> single(const fields& in, std::string_view name) {
   const auto it = std::ranges::find(in, name, &fields::value_type::first);
   if (it == in.end() || is_repeated(in, name)) return std::nullopt;
   return it->second;
}

} // namespace fmcp::client
