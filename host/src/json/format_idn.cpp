// Internationalized host names, IDNA 2008.
//
// The tables of RFC 5892 are derived from properties of Unicode, which PCRE2 has. What it has not
// is normalization and joining types: characters with a compatibility form are left out by block,
// and a zero width non-joiner counts as joining where it stands between letters of a joining
// script.

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "json/format.hpp"
#include "json/regex.hpp"

namespace fmcp::json {
namespace {

constexpr std::size_t max_name = 253;
constexpr std::size_t max_label = 63;
constexpr std::size_t max_label_bytes = 4 * max_label; // as UTF-8

/// A rule of ours; matching costs little, since labels are short.
class rule {
public:
   explicit rule(std::string_view pattern) : regex_(regex::compile_own(pattern)) {}
   bool matches(std::string_view text) const noexcept {
      return regex_ && regex_->search(text, {}) == regex::outcome::match;
   }

private:
   core::result<regex> regex_;
};

// RFC 5892, section 2 and appendix A.1. Case and compatibility forms are not stable (2.2).
constexpr std::string_view allowed_characters =
      "^(?:"
      "[-a-z0-9\\x{df}\\x{3c2}\\x{6fd}\\x{6fe}\\x{f0b}\\x{3007}"            // exceptions, 2.6
      "\\x{b7}\\x{375}\\x{5f3}\\x{5f4}\\x{30fb}\\x{200c}\\x{200d}]"         // by context, 2.6, 2.7
      "|(?![\\x{640}\\x{7fa}\\x{302e}\\x{302f}\\x{3031}-\\x{3035}\\x{303b}" // exceptions, 2.6
      "\\x{aa}\\x{ba}\\x{1100}-\\x{11ff}\\x{a960}-\\x{a97c}\\x{d7b0}-\\x{d7fb}" // 2.9
      "\\x{2b0}-\\x{2b8}\\x{2e0}-\\x{2e4}\\x{340}\\x{341}\\x{343}\\x{344}\\x{34f}"
      "\\x{1d2c}-\\x{1d6a}\\x{1d78}\\x{1d9b}-\\x{1dbf}\\x{2071}-\\x{209c}\\x{2100}-\\x{214d}"
      "\\x{2c7c}\\x{2c7d}\\x{2d6f}\\x{309b}-\\x{309f}\\x{30ff}\\x{3131}-\\x{33ff}"
      "\\x{f900}-\\x{fa0d}\\x{fa10}\\x{fa12}\\x{fa15}-\\x{fa1e}\\x{fa20}\\x{fa22}\\x{fa25}"
      "\\x{fa26}\\x{fa2a}-\\x{fdff}\\x{fe70}-\\x{ffef}\\x{1d400}-\\x{1d7ff}"
      "\\x{1ee00}-\\x{1eeff}\\x{2f800}-\\x{2fa1f}])"
      "[\\p{Ll}\\p{Lo}\\p{Lm}\\p{Mn}\\p{Mc}\\p{Nd}]"
      ")+$";

/// What a character that is allowed by context stands beside when it must not (appendix A).
constexpr std::string_view misplaced =
      "(?<!l)\\x{b7}|\\x{b7}(?!l)"
      "|\\x{375}(?!\\p{Greek})"
      "|(?<!\\p{Hebrew})[\\x{5f3}\\x{5f4}]"
      "|[\\x{660}-\\x{669}].*[\\x{6f0}-\\x{6f9}]|[\\x{6f0}-\\x{6f9}].*[\\x{660}-\\x{669}]"
      "|^[^\\p{Hiragana}\\p{Katakana}\\p{Han}]*\\x{30fb}[^\\p{Hiragana}\\p{Katakana}\\p{Han}]*$";

/// Combining class 9.
constexpr std::string_view virama =
      "[\\x{94d}\\x{9cd}\\x{a4d}\\x{acd}\\x{b4d}\\x{bcd}\\x{c4d}\\x{ccd}\\x{d3b}\\x{d3c}\\x{d4d}"
      "\\x{dca}\\x{e3a}\\x{eba}\\x{f84}\\x{1039}\\x{103a}\\x{1714}\\x{1734}\\x{17d2}\\x{1a60}"
      "\\x{1b44}\\x{1baa}\\x{1bab}\\x{1bf2}\\x{1bf3}\\x{2d7f}\\x{a806}\\x{a8c4}\\x{a953}\\x{a9c0}"
      "\\x{aaf6}\\x{abed}\\x{10a3f}\\x{11046}\\x{1107f}\\x{110b9}\\x{11133}\\x{11134}\\x{111c0}"
      "\\x{11235}\\x{112ea}\\x{1134d}\\x{11442}\\x{114c2}\\x{115bf}\\x{1163f}\\x{116b6}"
      "\\x{1172b}\\x{11839}]";
constexpr std::string_view joining =
      "[\\p{Arabic}\\p{Syriac}\\p{Nko}\\p{Mandaic}\\p{Mongolian}\\p{Phags_Pa}]";

// RFC 5893, section 2, in its own names.
constexpr std::string_view right_to_left_letter = "[\\p{bc:R}\\p{bc:AL}]";
constexpr std::string_view neutral = "\\p{bc:ES}\\p{bc:CS}\\p{bc:ET}\\p{bc:ON}\\p{bc:BN}";

struct idna_rules {
   rule allowed{allowed_characters};
   rule misplaced_character{misplaced};
   rule misplaced_joiner{
         std::string("(?<!").append(virama).append(")\\x{200d}|(?<!").append(virama) + ")(?:(?<!" +
         std::string(joining) + ")\\x{200c}|\\x{200c}(?!" + std::string(joining) + "))"};
   rule starts_with_mark{"^\\p{M}"};
   rule has_right_to_left{"[\\p{bc:R}\\p{bc:AL}\\p{bc:AN}]"};
   rule is_right_to_left{"^(?=" + std::string(right_to_left_letter) +
                         ")(?!.*\\p{bc:EN}.*\\p{bc:AN}|.*\\p{bc:AN}.*\\p{bc:EN})"
                         "[\\p{bc:R}\\p{bc:AL}\\p{bc:AN}\\p{bc:EN}\\p{bc:NSM}" +
                         std::string(neutral) +
                         "]*[\\p{bc:R}\\p{bc:AL}\\p{bc:EN}\\p{bc:AN}]\\p{bc:NSM}*$"};
   rule is_left_to_right{"^(?=\\p{bc:L})[\\p{bc:L}\\p{bc:EN}\\p{bc:NSM}" + std::string(neutral) +
                         "]*[\\p{bc:L}\\p{bc:EN}]\\p{bc:NSM}*$"};

   static const idna_rules& get() {
      static const idna_rules instance;
      return instance;
   }
};

// ---- Punycode, RFC 3492

constexpr std::uint32_t base = 36;
constexpr std::uint32_t t_min = 1;
constexpr std::uint32_t t_max = 26;
constexpr std::uint32_t initial_bias = 72;
constexpr std::uint32_t initial_n = 0x80;

constexpr std::uint32_t adapt(std::uint32_t delta, std::uint32_t points, bool is_first) noexcept {
   constexpr std::uint32_t damp = 700;
   constexpr std::uint32_t skew = 38;
   delta = is_first ? delta / damp : delta / 2;
   delta += delta / points;
   std::uint32_t k = 0;
   for (; delta > (base - t_min) * t_max / 2; k += base) delta /= base - t_min;
   return k + (base - t_min + 1) * delta / (delta + skew);
}

constexpr std::uint32_t threshold(std::uint32_t k, std::uint32_t bias) noexcept {
   return k <= bias ? t_min : std::min(k - bias, t_max);
}

std::optional<std::uint32_t> digit_of(char c) noexcept {
   const char low = static_cast<char>(c | 0x20);
   if (low >= 'a' && low <= 'z') return static_cast<std::uint32_t>(low - 'a');
   if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0') + 26;
   return std::nullopt;
}

std::optional<std::u32string> from_punycode(std::string_view text) {
   constexpr auto largest = std::numeric_limits<std::uint32_t>::max();
   std::u32string out;
   const auto dash = text.rfind('-');
   if (dash != std::string_view::npos) {
      for (const char c : text.substr(0, dash)) out.push_back(static_cast<char32_t>(c));
      text.remove_prefix(dash + 1);
   }
   std::uint32_t n = initial_n;
   std::uint32_t i = 0;
   std::uint32_t bias = initial_bias;
   while (!text.empty()) {
      const auto before = i;
      std::uint32_t weight = 1;
      for (std::uint32_t k = base;; k += base) {
         if (text.empty()) return std::nullopt;
         const auto digit = digit_of(text[0]);
         text.remove_prefix(1);
         if (!digit || *digit > (largest - i) / weight) return std::nullopt;
         i += *digit * weight;
         const auto t = threshold(k, bias);
         if (*digit < t) break;
         if (weight > largest / (base - t)) return std::nullopt;
         weight *= base - t;
      }
      const auto points = static_cast<std::uint32_t>(out.size()) + 1;
      bias = adapt(i - before, points, before == 0);
      if (i / points > 0x10FFFF - n) return std::nullopt;
      n += i / points;
      i %= points;
      if (n >= 0xD800 && n <= 0xDFFF) return std::nullopt;
      out.insert(out.begin() + i, static_cast<char32_t>(n));
      ++i;
   }
   return out;
}

/// Precondition: at most max_label characters, so that nothing overflows.
std::string to_punycode(const std::u32string& label) {
   std::string out;
   for (const auto c : label) {
      if (c < 0x80) out.push_back(static_cast<char>(c));
   }
   const auto basic = static_cast<std::uint32_t>(out.size());
   if (basic > 0) out.push_back('-');
   std::uint32_t n = initial_n;
   std::uint32_t delta = 0;
   std::uint32_t bias = initial_bias;
   for (auto handled = basic; handled < label.size();) {
      std::uint32_t next = 0x10FFFF;
      for (const auto c : label) {
         if (c >= n) next = std::min(next, static_cast<std::uint32_t>(c));
      }
      delta += (next - n) * (handled + 1);
      n = next;
      for (const auto c : label) {
         if (c < n) ++delta;
         if (c != n) continue;
         auto q = delta;
         for (std::uint32_t k = base;; k += base) {
            const auto t = threshold(k, bias);
            const auto digit = q < t ? q : t + (q - t) % (base - t);
            out.push_back(static_cast<char>(digit < 26 ? 'a' + digit : '0' + (digit - 26)));
            if (q < t) break;
            q = (q - t) / (base - t);
         }
         bias = adapt(delta, handled + 1, handled == basic);
         delta = 0;
         ++handled;
      }
      ++delta;
      ++n;
   }
   return out;
}

std::u32string from_utf8(std::string_view text) {
   std::u32string out;
   for (std::size_t i = 0; i < text.size();) {
      const auto lead = static_cast<unsigned char>(text[i]);
      const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
      std::uint32_t c = size == 1 ? lead : lead & (0x7Fu >> size);
      for (std::size_t k = 1; k < size; ++k) {
         c = c << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3Fu);
      }
      out.push_back(c);
      i += size;
   }
   return out;
}

std::string to_utf8(const std::u32string& text) {
   std::string out;
   const auto tail = [&](char32_t c, int shift) {
      out.push_back(static_cast<char>(0x80 | (c >> shift & 0x3F)));
   };
   for (const auto c : text) {
      if (c < 0x80) {
         out.push_back(static_cast<char>(c));
      } else if (c < 0x800) {
         out.push_back(static_cast<char>(0xC0 | c >> 6));
         tail(c, 0);
      } else if (c < 0x10000) {
         out.push_back(static_cast<char>(0xE0 | c >> 12));
         tail(c, 6);
         tail(c, 0);
      } else {
         out.push_back(static_cast<char>(0xF0 | c >> 18));
         tail(c, 12);
         tail(c, 6);
         tail(c, 0);
      }
   }
   return out;
}

bool is_ascii(std::string_view text) noexcept {
   return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

constexpr std::string_view ace_prefix = "xn--";

idn_label check_u_label(const std::string& label) {
   if (label.empty() || label.size() > max_label_bytes) return idn_label::invalid;
   if (label.front() == '-' || label.back() == '-') return idn_label::invalid;
   const auto characters = from_utf8(label);
   const bool has_hyphens = characters.size() >= 4 && characters[2] == '-' && characters[3] == '-';
   if (has_hyphens || characters.size() > max_label) return idn_label::invalid;
   const auto& rules = idna_rules::get();
   if (!rules.allowed.matches(label) || rules.starts_with_mark.matches(label) ||
       rules.misplaced_character.matches(label) || rules.misplaced_joiner.matches(label)) {
      return idn_label::invalid;
   }
   if (!is_ascii(label) && ace_prefix.size() + to_punycode(characters).size() > max_label) {
      return idn_label::invalid;
   }
   if (!rules.has_right_to_left.matches(label)) return idn_label::plain;
   return rules.is_right_to_left.matches(label) ? idn_label::right_to_left : idn_label::invalid;
}

/// Splits at the four characters that RFC 3490, 3.1 takes for a dot.
std::string_view take_label(std::string_view& rest, bool& is_last) noexcept {
   static constexpr std::array<std::string_view, 4> dots{".", "\xE3\x80\x82", "\xEF\xBC\x8E",
                                                         "\xEF\xBD\xA1"};
   std::size_t at = std::string_view::npos;
   std::size_t size = 0;
   for (const auto dot : dots) {
      const auto found = rest.find(dot);
      if (found < at) {
         at = found;
         size = dot.size();
      }
   }
   const auto label = rest.substr(0, at);
   is_last = at == std::string_view::npos;
   rest.remove_prefix(is_last ? rest.size() : at + size);
   return label;
}

bool is_ldh(std::string_view label) noexcept {
   return std::ranges::all_of(label, [](char c) {
      return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-';
   });
}

std::string lower(std::string_view text) {
   std::string out(text);
   for (auto& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
   return out;
}

} // namespace

idn_label check_idn_label(std::string_view label) {
   if (label.empty() || label.size() > max_label_bytes) return idn_label::invalid;
   if (!is_ascii(label)) return check_u_label(std::string(label));
   // Case means nothing in a label of ASCII.
   const auto text = lower(label);
   if (text.size() > max_label || !is_ldh(text)) return idn_label::invalid;
   if (!text.starts_with(ace_prefix)) return check_u_label(text);
   const auto encoded = std::string_view(text).substr(ace_prefix.size());
   const auto decoded = from_punycode(encoded);
   // One name has one encoding (RFC 5891, 5.4), and an A-label is not needed for ASCII.
   if (!decoded || decoded->size() > max_label || to_punycode(*decoded) != encoded) {
      return idn_label::invalid;
   }
   const auto plain = to_utf8(*decoded);
   return is_ascii(plain) ? idn_label::invalid : check_u_label(plain);
}

bool is_idn_hostname(std::string_view text) {
   constexpr std::size_t longest = 4 * max_name; // as UTF-8
   if (text.empty() || text.size() > longest) return false;
   const auto& rules = idna_rules::get();
   std::size_t encoded_size = 0;
   bool has_right_to_left = false;
   bool has_other_direction = false; // a label that no name with a right-to-left label may hold
   for (bool is_last = false; !is_last;) {
      const auto label = take_label(text, is_last);
      const auto kind = check_idn_label(label);
      if (kind == idn_label::invalid) return false;
      has_right_to_left |= kind == idn_label::right_to_left;
      has_other_direction |= kind == idn_label::plain && !rules.is_left_to_right.matches(label);
      encoded_size += is_ascii(label) ? label.size()
                                      : ace_prefix.size() + to_punycode(from_utf8(label)).size();
      if (!is_last) ++encoded_size;
   }
   return encoded_size <= max_name && !(has_right_to_left && has_other_direction);
}

} // namespace fmcp::json
