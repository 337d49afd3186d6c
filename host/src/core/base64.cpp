#include "core/base64.hpp"

#include <array>
#include <cstdint>

namespace fmcp::core {
namespace {

constexpr char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> inverse(const char* alphabet) {
   std::array<std::int8_t, 256> table{};
   table.fill(-1);
   for (int i = 0; i < 64; ++i) table[static_cast<unsigned char>(alphabet[i])] = std::int8_t(i);
   return table;
}
constexpr auto from_standard = inverse(standard);
constexpr auto from_url_safe = inverse(url_safe);

void append(std::string& out, std::string_view bytes, const char* alphabet, bool pad) {
   const auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
   std::size_t n = bytes.size();
   const std::size_t at = out.size();
   out.resize(at + (n + 2) / 3 * 4);
   char* w = out.data() + at;
   for (; n >= 3; n -= 3, p += 3) {
      const std::uint32_t v = std::uint32_t(p[0]) << 16 | std::uint32_t(p[1]) << 8 | p[2];
      *w++ = alphabet[v >> 18];
      *w++ = alphabet[v >> 12 & 63];
      *w++ = alphabet[v >> 6 & 63];
      *w++ = alphabet[v & 63];
   }
   if (n > 0) {
      const std::uint32_t v = std::uint32_t(p[0]) << 16 | (n == 2 ? std::uint32_t(p[1]) << 8 : 0u);
      *w++ = alphabet[v >> 18];
      *w++ = alphabet[v >> 12 & 63];
      if (n == 2) *w++ = alphabet[v >> 6 & 63];
      if (pad) {
         if (n == 1) *w++ = '=';
         *w++ = '=';
      }
   }
   out.resize(static_cast<std::size_t>(w - out.data()));
}

std::optional<std::string> decode(std::string_view text,
                                  const std::array<std::int8_t, 256>& table) {
   if (text.size() % 4 == 1) return std::nullopt;
   std::string out;
   out.reserve(text.size() / 4 * 3 + 2);
   std::uint32_t bits = 0;
   int held = 0;
   for (const char c : text) {
      const auto v = table[static_cast<unsigned char>(c)];
      if (v < 0) return std::nullopt;
      bits = bits << 6 | static_cast<std::uint32_t>(v);
      held += 6;
      if (held >= 8) {
         held -= 8;
         out.push_back(static_cast<char>(bits >> held & 0xFF));
      }
   }
   // RFC 4648 3.5: bits that stand for no byte must be zero, else two texts mean the same bytes.
   if ((bits & ((1u << held) - 1u)) != 0) return std::nullopt;
   return out;
}

} // namespace

void append_base64(std::string& out, std::string_view bytes) {
   append(out, bytes, standard, true);
}

void append_base64url(std::string& out, std::string_view bytes) {
   append(out, bytes, url_safe, false);
}

std::optional<std::string> decode_base64(std::string_view text) {
   if (text.size() % 4 != 0) return std::nullopt;
   if (text.ends_with("==")) {
      text.remove_suffix(2);
      if (text.size() % 4 != 2) return std::nullopt;
   } else if (text.ends_with('=')) {
      text.remove_suffix(1);
      if (text.size() % 4 != 3) return std::nullopt;
   }
   return decode(text, from_standard);
}

std::optional<std::string> decode_base64url(std::string_view text) {
   return decode(text, from_url_safe);
}

} // namespace fmcp::core
