#include "core/text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace fmcp::core {
namespace {

constexpr char lower(char c) noexcept {
   return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
}
constexpr char upper(char c) noexcept {
   return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c;
}

constexpr std::uint64_t each_byte(std::uint8_t value) noexcept {
   return value * std::uint64_t{0x0101010101010101};
}

/// Whether eight characters are the same but for the case of letters: they may differ in the bit
/// 0x20 alone, and there only where a letter stands.
constexpr bool are_same(std::uint64_t x, std::uint64_t y) noexcept {
   const auto small = x | each_byte(0x20);
   const auto rest = small & each_byte(0x7f); // no sum below carries into the next byte
   // Bit 0x80 of each byte: at least 'a', beyond 'z', not ASCII.
   const auto from_a = rest + each_byte(0x80 - 'a'), beyond_z = rest + each_byte(0x7f - 'z');
   const auto letters = (from_a & ~beyond_z & ~small) & each_byte(0x80);
   return ((x ^ y) & ~(letters >> 2)) == 0;
}

template <class Word>
Word load(const char* from) noexcept {
   Word out;
   std::memcpy(&out, from, sizeof out);
   return out;
}

} // namespace

bool detail::iequals(const char* a, const char* b, std::size_t size) noexcept {
   using half = std::uint32_t;
   using whole = std::uint64_t;
   if (size >= sizeof(whole)) {
      std::size_t i = 0;
      for (; i + sizeof(whole) < size; i += sizeof(whole)) {
         if (!are_same(load<whole>(a + i), load<whole>(b + i))) return false;
      }
      const auto last = size - sizeof(whole); // looks at some characters twice
      return are_same(load<whole>(a + last), load<whole>(b + last));
   }
   if (size >= sizeof(half)) {
      const auto last = size - sizeof(half);
      return are_same(load<half>(a), load<half>(b)) &&
             are_same(load<half>(a + last), load<half>(b + last));
   }
   for (std::size_t i = 0; i < size; ++i) {
      if (lower(a[i]) != lower(b[i])) return false;
   }
   return true;
}

std::string to_lower(std::string_view text) {
   std::string out(text);
   std::ranges::transform(out, out.begin(), lower);
   return out;
}

std::string to_upper(std::string_view text) {
   std::string out(text);
   std::ranges::transform(out, out.begin(), upper);
   return out;
}

std::string_view trim(std::string_view text) noexcept {
   const auto first = text.find_first_not_of(" \t");
   if (first == std::string_view::npos) return {};
   return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_token(std::string_view text) noexcept {
   return !text.empty() && std::ranges::all_of(text, is_token_char);
}

void append_printable(std::string& out, std::string_view text) {
   static constexpr char hex[] = "0123456789abcdef";
   const auto append_number = [&out](unsigned char c) {
      out.append("\\x");
      out.push_back(hex[c >> 4]);
      out.push_back(hex[c & 15]);
   };
   for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      const auto u = static_cast<unsigned char>(c);
      const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0u;
      if (u == 0xC2 && next >= 0x80 && next < 0xA0) { // U+0080 to U+009F in UTF-8
         append_number(static_cast<unsigned char>(next));
         ++i;
      } else if (u >= 0x20 && u != 0x7F) {
         out.push_back(c);
      } else if (c == '\n') {
         out.append("\\n");
      } else if (c == '\r') {
         out.append("\\r");
      } else if (c == '\t') {
         out.append("\\t");
      } else {
         append_number(u);
      }
   }
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
   // Optimal string alignment over three rows.
   std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
   for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
   for (std::size_t i = 1; i <= a.size(); ++i) {
      row[0] = i;
      for (std::size_t j = 1; j <= b.size(); ++j) {
         const std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
         row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + cost});
         if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
            row[j] = std::min(row[j], before[j - 2] + 1);
         }
      }
      std::swap(before, above);
      std::swap(above, row);
   }
   return above[b.size()];
}

std::string_view did_you_mean(std::string_view name, std::span<const std::string_view> candidates) {
   std::string_view best;
   std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
   for (const auto candidate : candidates) {
      const auto d = edit_distance(to_lower(name), to_lower(candidate));
      if (d < best_distance) {
         best_distance = d;
         best = candidate;
      }
   }
   return best;
}

} // namespace fmcp::core
