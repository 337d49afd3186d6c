#include "core/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace fmcp::core {
namespace {

/// Length of the well-formed sequence at `p`, or 0. RFC 3629 section 4.
std::size_t sequence(const unsigned char* p, std::size_t n) noexcept {
   const auto tail = [](unsigned char c) { return (c & 0xC0u) == 0x80u; };
   if (p[0] < 0x80) return 1;
   if (p[0] >= 0xC2 && p[0] <= 0xDF) return n >= 2 && tail(p[1]) ? 2 : 0;
   if (p[0] >= 0xE0 && p[0] <= 0xEF) {
      if (n < 3 || !tail(p[1]) || !tail(p[2])) return 0;
      if (p[0] == 0xE0 && p[1] < 0xA0) return 0;
      if (p[0] == 0xED && p[1] > 0x9F) return 0;
      return 3;
   }
   if (p[0] >= 0xF0 && p[0] <= 0xF4) {
      if (n < 4 || !tail(p[1]) || !tail(p[2]) || !tail(p[3])) return 0;
      if (p[0] == 0xF0 && p[1] < 0x90) return 0;
      if (p[0] == 0xF4 && p[1] > 0x8F) return 0;
      return 4;
   }
   return 0;
}

} // namespace

std::size_t utf8_valid_prefix(std::string_view text) noexcept {
   const auto* const begin = reinterpret_cast<const unsigned char*>(text.data());
   const std::size_t n = text.size();
   std::size_t i = 0;
   while (i < n) {
      // ASCII, eight bytes at a time.
      while (i + 8 <= n) {
         std::uint64_t word;
         std::memcpy(&word, begin + i, 8);
         if ((word & 0x8080808080808080u) != 0) break;
         i += 8;
      }
      if (i == n) break;
      const std::size_t step = sequence(begin + i, n - i);
      if (step == 0) return i;
      i += step;
   }
   return n;
}

std::string utf8_repaired(std::string_view text) {
   std::string out;
   out.reserve(text.size());
   while (!text.empty()) {
      const auto good = utf8_valid_prefix(text);
      out.append(text.substr(0, good));
      text.remove_prefix(good);
      if (!text.empty()) {
         out.append("\xEF\xBF\xBD");
         text.remove_prefix(1);
      }
   }
   return out;
}

std::string_view utf8_truncated(std::string_view text, std::size_t max_bytes) noexcept {
   if (text.size() <= max_bytes) return text;
   while (max_bytes > 0 && (static_cast<unsigned char>(text[max_bytes]) & 0xC0u) == 0x80u)
      --max_bytes;
   return text.substr(0, max_bytes);
}

std::size_t utf8_length(std::string_view text) noexcept {
   std::size_t count = 0;
   for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;
   return count;
}

} // namespace fmcp::core
