// ECMA-262 pattern in, PCRE2 pattern out.
//
// Read as in Unicode mode (the `u` flag), with the leniencies of Annex B that people rely on: any
// escaped punctuation is itself, a brace that starts no quantifier is itself. What has no meaning
// in ECMA-262 (`\Z`, `\a`, `(?P<…`, possessive `a++`, `(*VERB)`, `[:alpha:]`) is refused or taken
// literally, never handed to PCRE2 to mean something.

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/utf8.hpp"
#include "json/regex.hpp"

namespace fmcp::json {
namespace {

// Without PCRE2_UCP \s covers the ASCII part.
constexpr std::string_view blank_set = "\\s\\x{a0}\\x{feff}\\x{2028}\\x{2029}\\p{Zs}";

/// Long names of general categories, which PCRE2 10.42 does not know.
constexpr auto categories = std::to_array<std::pair<std::string_view, std::string_view>>({
      {"Cased_Letter", "L&"},
      {"Close_Punctuation", "Pe"},
      {"Connector_Punctuation", "Pc"},
      {"Control", "Cc"},
      {"Currency_Symbol", "Sc"},
      {"Dash_Punctuation", "Pd"},
      {"Decimal_Number", "Nd"},
      {"Enclosing_Mark", "Me"},
      {"Final_Punctuation", "Pf"},
      {"Format", "Cf"},
      {"Initial_Punctuation", "Pi"},
      {"LC", "L&"},
      {"Letter", "L"},
      {"Letter_Number", "Nl"},
      {"Line_Separator", "Zl"},
      {"Lowercase_Letter", "Ll"},
      {"Mark", "M"},
      {"Math_Symbol", "Sm"},
      {"Modifier_Letter", "Lm"},
      {"Modifier_Symbol", "Sk"},
      {"Nonspacing_Mark", "Mn"},
      {"Number", "N"},
      {"Open_Punctuation", "Ps"},
      {"Other", "C"},
      {"Other_Letter", "Lo"},
      {"Other_Number", "No"},
      {"Other_Punctuation", "Po"},
      {"Other_Symbol", "So"},
      {"Paragraph_Separator", "Zp"},
      {"Private_Use", "Co"},
      {"Punctuation", "P"},
      {"Separator", "Z"},
      {"Space_Separator", "Zs"},
      {"Spacing_Mark", "Mc"},
      {"Surrogate", "Cs"},
      {"Symbol", "S"},
      {"Titlecase_Letter", "Lt"},
      {"Unassigned", "Cn"},
      {"Uppercase_Letter", "Lu"},
      {"cntrl", "Cc"},
      {"digit", "Nd"},
      {"punct", "P"},
      {"Combining_Mark", "M"},
});

constexpr bool is_digit(char c) noexcept {
   return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) noexcept {
   return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_surrogate(std::uint32_t c) noexcept {
   return c >= 0xD800 && c <= 0xDFFF;
}

class translator {
public:
   explicit translator(std::string_view pattern) noexcept : in_(pattern) {}

   core::result<std::string> run() {
      while (good() && !at_end()) term();
      if (good() && open_groups_ > 0) refuse("a group is not closed");
      if (good() && largest_reference_ > groups_) refuse("there is no such group to refer back to");
      if (!good()) return core::fail(core::errc::invalid, std::move(problem_));
      return std::move(out_);
   }

private:
   enum class escape_kind : std::uint8_t { character, set, negated_blank, nothing };
   struct escape {
      escape_kind kind = escape_kind::nothing;
      std::uint32_t character = 0;
   };

   bool good() const noexcept { return problem_.empty(); }
   bool at_end() const noexcept { return at_ == in_.size(); }
   char peek(std::size_t ahead = 0) const noexcept {
      return at_ + ahead < in_.size() ? in_[at_ + ahead] : '\0';
   }
   bool take(std::string_view text) noexcept {
      if (!in_.substr(at_).starts_with(text)) return false;
      at_ += text.size();
      return true;
   }
   void refuse(std::string_view why) {
      if (good()) problem_ = fmt::format("the pattern is refused at byte {}: {}", at_, why);
   }

   /// Precondition: not at the end; the pattern is UTF-8.
   std::uint32_t take_character() noexcept {
      const auto lead = static_cast<unsigned char>(in_[at_++]);
      if (lead < 0x80) return lead;
      const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
      std::uint32_t c = lead & (0x3Fu >> more);
      for (int i = 0; i < more; ++i) c = c << 6 | (static_cast<unsigned char>(in_[at_++]) & 0x3Fu);
      return c;
   }

   void emit(std::uint32_t c) { fmt::format_to(std::back_inserter(out_), "\\x{{{:x}}}", c); }

   // A term with its quantifier, or a single bracket or bar.
   void term() {
      const char c = peek();
      switch (c) {
      case '|':
         ++at_;
         out_.push_back('|');
         return;
      case '(': open_group(); return;
      case ')':
         if (open_groups_ == 0) return refuse("there is no group to close");
         --open_groups_;
         ++at_;
         out_.push_back(')');
         break;
      case '^':
      case '$':
         ++at_;
         out_.push_back(c);
         return no_quantifier();
      case '.':
         ++at_;
         out_.append("[^\\n\\r\\x{2028}\\x{2029}]");
         break;
      case '[': character_class(); break;
      case '*':
      case '+':
      case '?': return refuse("there is nothing to repeat");
      case '\\':
         if (peek(1) == 'b' || peek(1) == 'B') {
            out_.append({'\\', peek(1)});
            at_ += 2;
            return no_quantifier();
         }
         atom_escape();
         break;
      case '{':
         if (quantifier_length() > 0) return refuse("there is nothing to repeat");
         [[fallthrough]];
      default: emit(take_character()); break;
      }
      if (good()) quantifier();
   }

   void no_quantifier() {
      if (peek() == '*' || peek() == '+' || peek() == '?' || quantifier_length() > 0) {
         refuse("an assertion cannot be repeated");
      }
   }

   /// Length of `{n}`, `{n,}` or `{n,m}` here, or 0.
   std::size_t quantifier_length() const noexcept {
      if (peek() != '{') return 0;
      std::size_t n = 1;
      while (is_digit(peek(n))) ++n;
      if (n == 1) return 0;
      if (peek(n) == ',') {
         ++n;
         while (is_digit(peek(n))) ++n;
      }
      return peek(n) == '}' ? n + 1 : 0;
   }

   void quantifier() {
      if (const char c = peek(); c == '*' || c == '+' || c == '?') {
         out_.push_back(c);
         ++at_;
      } else if (const auto n = quantifier_length(); n > 0) {
         out_.append(in_.substr(at_, n));
         at_ += n;
      } else {
         return;
      }
      if (take("?")) out_.push_back('?');
      if (peek() == '*' || peek() == '+' || peek() == '?' || quantifier_length() > 0) {
         refuse("there is nothing to repeat");
      }
   }

   void open_group() {
      ++open_groups_;
      for (const std::string_view form : {"(?:", "(?=", "(?!", "(?<=", "(?<!"}) {
         if (take(form)) {
            out_.append(form);
            return;
         }
      }
      if (take("(?<")) {
         out_.append("(?<");
         group_name();
         ++groups_;
         return;
      }
      if (take("(?")) return modifiers();
      take("(");
      ++groups_;
      out_.push_back('(');
   }

   /// `(?i:` is ECMAScript 2025; `(?i)` is not, but what other languages' users write.
   void modifiers() {
      const auto first = at_;
      while (peek() == 'i' || peek() == 'm' || peek() == 's' || peek() == '-') ++at_;
      const auto flags = in_.substr(first, at_ - first);
      if (flags.empty() || std::ranges::count(flags, '-') > 1 || (peek() != ':' && peek() != ')')) {
         return refuse("this kind of group is not known");
      }
      out_.append("(?").append(flags).push_back(peek());
      if (peek() == ')') --open_groups_;
      ++at_;
   }

   /// `name>`
   void group_name() {
      const auto first = at_;
      while (is_letter(peek()) || is_digit(peek()) || peek() == '_') ++at_;
      const auto name = in_.substr(first, at_ - first);
      constexpr std::size_t longest = 32; // PCRE2's
      if (name.empty() || is_digit(name[0]) || name.size() > longest || !take(">")) {
         return refuse("a group's name is 1 to 32 ASCII letters, digits and underscores");
      }
      out_.append(name).push_back('>');
   }

   void atom_escape() {
      if (const char c = peek(1); c >= '1' && c <= '9') {
         ++at_;
         std::size_t n = 0;
         while (is_digit(peek()) && n < 1000)
            n = n * 10 + static_cast<std::size_t>(in_[at_++] - '0');
         largest_reference_ = std::max(largest_reference_, n);
         out_.append(fmt::format("\\g{{{}}}", n));
         return;
      }
      if (take("\\k<")) {
         out_.append("\\k<");
         return group_name();
      }
      const auto e = read_escape();
      switch (e.kind) {
      case escape_kind::character:
         if (is_surrogate(e.character))
            out_.append("(?!)"); // no text holds one
         else
            emit(e.character);
         break;
      case escape_kind::negated_blank: out_.append("[^").append(blank_set).append("]"); break;
      case escape_kind::set: out_.append("[").append(set_).append("]"); break;
      case escape_kind::nothing: break;
      }
   }

   /// An escape that may stand inside and outside of brackets. For a set, set_ holds its text.
   escape read_escape() {
      ++at_;
      if (at_end()) {
         refuse("the pattern ends in a backslash");
         return {};
      }
      const char c = in_[at_];
      const auto character = [](std::uint32_t code) {
         return escape{escape_kind::character, code};
      };
      const auto set = [this](std::string_view text) {
         ++at_;
         set_ = text;
         return escape{escape_kind::set, 0};
      };
      switch (c) {
      case 'd': return set("\\d");
      case 'D': return set("\\D");
      case 'w': return set("\\w");
      case 'W': return set("\\W");
      case 's': return set(blank_set);
      case 'S': ++at_; return {escape_kind::negated_blank, 0};
      case 'p':
      case 'P': return property(c);
      case 't': ++at_; return character('\t');
      case 'n': ++at_; return character('\n');
      case 'v': ++at_; return character('\v');
      case 'f': ++at_; return character('\f');
      case 'r': ++at_; return character('\r');
      case '0':
         ++at_;
         if (is_digit(peek())) refuse("octal escapes are not allowed");
         return character(0);
      case 'c':
         ++at_;
         if (!is_letter(peek())) {
            refuse("\\c needs a letter");
            return {};
         }
         return character(static_cast<std::uint32_t>(in_[at_++]) & 31u);
      case 'x': {
         ++at_;
         const auto code = hex(2);
         if (!code) refuse("\\x needs two hexadecimal digits");
         return character(code.value_or(0));
      }
      case 'u': ++at_; return character(unicode_escape());
      default: break;
      }
      if (is_letter(c) || is_digit(c)) {
         refuse("this escape is not known");
         return {};
      }
      return character(take_character());
   }

   std::optional<std::uint32_t> hex(std::size_t digits) noexcept {
      std::uint32_t n = 0;
      for (std::size_t i = 0; i < digits; ++i) {
         const char c = peek(i);
         const char low = static_cast<char>(c | 0x20);
         if (is_digit(c))
            n = n << 4 | static_cast<std::uint32_t>(c - '0');
         else if (low >= 'a' && low <= 'f')
            n = n << 4 | static_cast<std::uint32_t>(low - 'a' + 10);
         else
            return std::nullopt;
      }
      at_ += digits;
      return n;
   }

   /// Behind `\u`.
   std::uint32_t unicode_escape() {
      if (take("{")) {
         std::uint32_t n = 0;
         std::size_t digits = 0;
         while (const auto d = hex(1)) {
            n = std::min<std::uint32_t>(n << 4 | *d, 0x110000);
            ++digits;
         }
         if (digits == 0 || n > 0x10FFFF || !take("}")) refuse("this is no \\u{…} escape");
         return n;
      }
      const auto high = hex(4);
      if (!high) {
         refuse("\\u needs four hexadecimal digits");
         return 0;
      }
      if (*high < 0xD800 || *high > 0xDBFF) return *high;
      const auto back = at_;
      if (take("\\u")) {
         if (const auto low = hex(4); low && *low >= 0xDC00 && *low <= 0xDFFF) {
            return 0x10000 + ((*high - 0xD800) << 10) + (*low - 0xDC00);
         }
      }
      at_ = back;
      return *high;
   }

   /// At the letter of `\p{…}`.
   escape property(char letter) {
      ++at_;
      const auto end = in_.find('}', at_);
      if (peek() != '{' || end == std::string_view::npos) {
         refuse("\\p needs a property name in braces");
         return {};
      }
      auto name = in_.substr(at_ + 1, end - at_ - 1);
      std::string_view prefix;
      if (const auto equals = name.find('='); equals != std::string_view::npos) {
         const auto key = name.substr(0, equals);
         name.remove_prefix(equals + 1);
         if (key == "Script" || key == "sc")
            prefix = "sc:";
         else if (key == "Script_Extensions" || key == "scx")
            prefix = "scx:";
         else if (key != "General_Category" && key != "gc")
            refuse("this property is not known");
      }
      const auto plain = [](char c) { return is_letter(c) || is_digit(c) || c == '_'; };
      if (name.empty() || !std::ranges::all_of(name, plain)) refuse("this property is not known");
      if (prefix.empty()) {
         const auto* row =
               std::ranges::find(categories, name, [](const auto& r) { return r.first; });
         if (row != categories.end()) name = row->second;
      }
      at_ = end + 1;
      set_ = fmt::format("\\{}{{{}{}}}", letter, prefix, name);
      return {escape_kind::set, 0};
   }

   // [...]; `\S` has no form that could stand beside other members, so it is kept apart:
   // [x\S] becomes (?:[x]|[^\s]) and [^x\S] becomes (?:(?![x])[\s]).
   void character_class() {
      take("[");
      const bool negated = take("^");
      std::string outer = std::move(out_);
      out_.clear();
      bool has_negated_blank = false;
      while (good() && peek() != ']') {
         if (at_end()) return refuse("a character class is not closed");
         class_member(has_negated_blank);
      }
      take("]");
      const std::string members = std::move(out_);
      out_ = std::move(outer);
      const std::string positive = members.empty() ? "(?!)" : "[" + members + "]";
      const std::string blanks(blank_set);
      if (has_negated_blank) {
         out_ += negated ? "(?:(?!" + positive + ")[" + blanks + "])"
                         : "(?:" + positive + "|[^" + blanks + "])";
      } else if (negated) {
         out_ += members.empty() ? "[\\s\\S]" : "[^" + members + "]";
      } else {
         out_ += positive;
      }
   }

   escape class_atom() {
      if (peek() != '\\') return {escape_kind::character, take_character()};
      if (peek(1) == 'b') {
         at_ += 2;
         return {escape_kind::character, '\b'};
      }
      return read_escape();
   }

   void class_member(bool& has_negated_blank) {
      const auto add_set = [&](const escape& e) {
         if (e.kind == escape_kind::set) out_.append(set_);
         if (e.kind == escape_kind::negated_blank) has_negated_blank = true;
      };
      const auto first = class_atom();
      add_set(first);
      const bool is_range = peek() == '-' && peek(1) != ']' && at_ + 1 < in_.size();
      if (!is_range) {
         if (first.kind == escape_kind::character) emit_range(first.character, first.character);
         return;
      }
      ++at_;
      const auto last = class_atom();
      if (!good()) return;
      if (first.kind == escape_kind::character && last.kind == escape_kind::character) {
         if (first.character > last.character) return refuse("the range is out of order");
         return emit_range(first.character, last.character);
      }
      // Annex B: beside a set the hyphen is itself.
      add_set(last);
      emit_range('-', '-');
      for (const auto& e : {first, last}) {
         if (e.kind == escape_kind::character) emit_range(e.character, e.character);
      }
   }

   /// Leaves out the surrogates: no text holds one, and PCRE2 refuses them.
   void emit_range(std::uint32_t low, std::uint32_t high) {
      if (low < 0xD800 && high > 0xDFFF) {
         emit_range(low, 0xD7FF);
         return emit_range(0xE000, high);
      }
      if (is_surrogate(low)) low = 0xE000;
      if (is_surrogate(high)) high = 0xD7FF;
      if (low > high) return;
      emit(low);
      if (low != high) {
         out_.push_back('-');
         emit(high);
      }
   }

   std::string_view in_;
   std::size_t at_ = 0;
   std::string out_;
   std::string set_;
   std::string problem_;
   std::size_t open_groups_ = 0;
   std::size_t groups_ = 0;
   std::size_t largest_reference_ = 0;
};

} // namespace

core::result<std::string> translate_ecma_pattern(std::string_view pattern) {
   if (!core::is_utf8(pattern)) {
      return core::fail(core::errc::invalid, "the pattern is not UTF-8");
   }
   return translator(pattern).run();
}

} // namespace fmcp::json
