/// fmcp/cpp/json.hpp - as much JSON as a plugin needs: a view, an owner, a writer.
///
/// The host hands over checked JSON and checks what it is given; the functions here bound depth and
/// stay inside the text all the same. There is no document tree: a view finds its members in the
/// text each time, which suits arguments that are read once.
///
/// Thread safety: none needed, const functions only read. Lifetimes: a json_view borrows its text.
/// Errors: json_error.
#ifndef FMCP_CPP_JSON_HPP
#define FMCP_CPP_JSON_HPP

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#if !defined(__cpp_lib_to_chars)
#include <clocale>
#include <cstdio>
#include <cstdlib>
#endif

#include "error.hpp"

namespace fmcp {
inline namespace v1 {

namespace detail {

constexpr int max_json_depth = 64;

/// How many bytes the UTF-8 sequence at the start of `s` has, 0 when it is ill-formed (Unicode,
/// table 3-7).
inline std::size_t utf8_sequence(std::string_view s) noexcept {
   const auto at = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
   const auto is_tail = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
      return i < s.size() && at(i) >= low && at(i) <= high;
   };
   const unsigned c = at(0);
   if (c < 0x80) return 1;
   if (c >= 0xC2 && c <= 0xDF) return is_tail(1) ? 2 : 0;
   if (c >= 0xE0 && c <= 0xEF) {
      const bool ok = is_tail(1, c == 0xE0 ? 0xA0 : 0x80, c == 0xED ? 0x9F : 0xBF) && is_tail(2);
      return ok ? 3 : 0;
   }
   if (c >= 0xF0 && c <= 0xF4) {
      const bool ok = is_tail(1, c == 0xF0 ? 0x90 : 0x80, c == 0xF4 ? 0x8F : 0xBF) && is_tail(2) &&
                      is_tail(3);
      return ok ? 4 : 0;
   }
   return 0;
}

inline void append_utf8(std::string& out, std::uint32_t c) {
   const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
   if (c < 0x80) {
      put(c);
   } else if (c < 0x800) {
      put(0xC0 | c >> 6);
      put(0x80 | (c & 0x3F));
   } else if (c < 0x10000) {
      put(0xE0 | c >> 12);
      put(0x80 | (c >> 6 & 0x3F));
      put(0x80 | (c & 0x3F));
   } else {
      put(0xF0 | c >> 18);
      put(0x80 | (c >> 12 & 0x3F));
      put(0x80 | (c >> 6 & 0x3F));
      put(0x80 | (c & 0x3F));
   }
}

} // namespace detail

/// Appends `text` as a JSON string. Ill-formed UTF-8 becomes U+FFFD: what is written is JSON,
/// whatever a file name or a foreign message holds.
inline void append_json_string(std::string& out, std::string_view text) {
   static constexpr char hex[] = "0123456789abcdef";
   out.push_back('"');
   while (!text.empty()) {
      const char c = text.front();
      const auto byte = static_cast<unsigned char>(c);
      std::size_t n = 1;
      if (c == '"' || c == '\\') {
         out.push_back('\\');
         out.push_back(c);
      } else if (byte < 0x20) {
         static constexpr char from[] = "\b\t\n\f\r", to[] = "btnfr";
         const auto found = std::string_view(from).find(c);
         out.push_back('\\');
         if (found != std::string_view::npos) {
            out.push_back(to[found]);
         } else {
            out.append("u00");
            out.push_back(hex[byte >> 4]);
            out.push_back(hex[byte & 0xF]);
         }
      } else if (byte < 0x80) {
         out.push_back(c);
      } else if (n = detail::utf8_sequence(text); n != 0) {
         out.append(text.substr(0, n));
      } else {
         n = 1;
         out.append("\xEF\xBF\xBD");
      }
      text.remove_prefix(n);
   }
   out.push_back('"');
}

/// Appends the shortest text that gives `number` back. Errors: json_error for NaN and infinity,
/// which JSON cannot write.
inline void append_json_number(std::string& out, double number) {
   if (!std::isfinite(number)) throw json_error("A number that is not finite has no JSON form.");
   char room[32];
#if defined(__cpp_lib_to_chars)
   const auto end = std::to_chars(room, room + sizeof room, number);
   out.append(room, end.ptr);
#else
   const int n = std::snprintf(room, sizeof room, "%.17g", number);
   for (int i = 0; i < n; ++i) {
      if (room[i] == *std::localeconv()->decimal_point) room[i] = '.';
   }
   out.append(room, static_cast<std::size_t>(n));
#endif
}

enum class json_kind { null, boolean, number, string, array, object };

/// One JSON value somewhere in a text that outlives it.
class json_view {
public:
   /// null.
   constexpr json_view() noexcept = default;
   /// Checks that `text` is exactly one JSON value, not nested deeper than 64.
   explicit json_view(std::string_view text) {
      scanner s{text};
      const auto value = s.value(0);
      s.blanks();
      if (!s.rest.empty()) throw json_error("There is more behind the JSON value.");
      text_ = value;
   }

   /// Of text that somebody has checked; what is wrong with it shows when it is read. An empty text
   /// is null.
   static json_view unchecked(std::string_view text) noexcept {
      const auto blanks = text.find_first_not_of(" \n\r\t");
      if (blanks == text.npos) return {};
      return {text.substr(blanks), trusted{}};
   }

   /// As it is written.
   [[nodiscard]] std::string_view text() const noexcept { return text_; }
   [[nodiscard]] json_kind kind() const noexcept {
      switch (text_.front()) {
      case '{': return json_kind::object;
      case '[': return json_kind::array;
      case '"': return json_kind::string;
      case 't':
      case 'f': return json_kind::boolean;
      case 'n': return json_kind::null;
      default: return json_kind::number;
      }
   }
   [[nodiscard]] bool is(json_kind k) const noexcept { return kind() == k; }

   [[nodiscard]] bool boolean() const {
      expect(json_kind::boolean, "true or false");
      return text_.front() == 't';
   }
   [[nodiscard]] std::string string() const {
      expect(json_kind::string, "a string");
      return unescaped(text_.substr(1, text_.size() - 2));
   }
   /// Errors: json_error also when it is too large for a double.
   [[nodiscard]] double number() const {
      expect(json_kind::number, "a number");
      double out = 0;
#if defined(__cpp_lib_to_chars)
      const char* const end = text_.data() + text_.size();
      const auto got = std::from_chars(text_.data(), end, out);
      if (got.ec == std::errc::result_out_of_range) out = out_of_range();
#else
      std::string copy(text_);
      const auto point = copy.find('.');
      if (point != std::string::npos) copy[point] = *std::localeconv()->decimal_point;
      out = std::strtod(copy.c_str(), nullptr);
#endif
      if (!std::isfinite(out)) throw json_error("The number is too large.");
      return out;
   }
   /// Also 5.0 and 5e0, which JSON Schema calls integers. Errors: json_error when it has a fraction
   /// or T cannot hold it.
   template <class T>
   [[nodiscard]] T integer() const {
      static_assert(std::is_integral_v<T> && !std::is_same_v<T, bool>, "T must be an integer type");
      expect(json_kind::number, "an integer");
      T out{};
      const char* const end = text_.data() + text_.size();
      const auto got = std::from_chars(text_.data(), end, out);
      if (got.ec == std::errc() && got.ptr == end) return out;
      const double d = number();
      constexpr double exact = 9007199254740992.0; // 2^53
      const bool is_whole = d == std::floor(d) && std::fabs(d) <= exact;
      if (is_whole && d >= static_cast<double>(std::numeric_limits<T>::min()) &&
          d <= static_cast<double>(std::numeric_limits<T>::max())) {
         return static_cast<T>(d);
      }
      throw json_error("must be an integer from " + std::to_string(std::numeric_limits<T>::min()) +
                       " to " + std::to_string(std::numeric_limits<T>::max()));
   }

   /// Calls `f(std::string key, json_view value)` for each member, in their order.
   template <class F>
   void each_member(F&& f) const {
      expect(json_kind::object, "an object");
      scanner s{text_.substr(1)};
      for (s.blanks(); !s.take('}');) {
         const auto key = s.string();
         s.blanks();
         s.need(':');
         f(unescaped(key.substr(1, key.size() - 2)), json_view(s.value(1), trusted{}));
         s.blanks();
         if (!s.take(',')) {
            s.need('}');
            return;
         }
         s.blanks();
      }
   }
   /// Calls `f(json_view)` for each element.
   template <class F>
   void each_item(F&& f) const {
      expect(json_kind::array, "a list");
      scanner s{text_.substr(1)};
      for (s.blanks(); !s.take(']');) {
         f(json_view(s.value(1), trusted{}));
         s.blanks();
         if (!s.take(',')) {
            s.need(']');
            return;
         }
      }
   }
   /// The member `key`, the first if there are several.
   [[nodiscard]] std::optional<json_view> find(std::string_view key) const {
      std::optional<json_view> out;
      each_member([&](const std::string& name, json_view value) {
         if (!out && name == key) out = value;
      });
      return out;
   }

private:
   struct trusted {};
   json_view(std::string_view text, trusted) noexcept : text_(text) {}

   void expect(json_kind k, const char* what) const {
      if (kind() != k) throw json_error(std::string("must be ") + what);
   }
   /// from_chars leaves the value alone: too small is zero, too large is infinite.
   [[nodiscard]] double out_of_range() const noexcept {
      const auto e = text_.find_first_of("eE");
      const bool is_small = e != std::string_view::npos && text_.substr(e + 1, 1) == "-";
      return is_small ? 0.0 : std::numeric_limits<double>::infinity();
   }

   static std::uint32_t hex4(std::string_view s) {
      std::uint32_t out = 0;
      const auto got = std::from_chars(s.data(), s.data() + s.size(), out, 16);
      if (s.size() != 4 || got.ptr != s.data() + 4) throw json_error("A \\u escape is cut off.");
      return out;
   }
   static std::string unescaped(std::string_view s) {
      std::string out;
      out.reserve(s.size());
      while (!s.empty()) {
         const auto plain = s.substr(0, s.find('\\'));
         out.append(plain);
         s.remove_prefix(plain.size());
         if (s.size() < 2) break;
         const char c = s[1];
         s.remove_prefix(2);
         static constexpr std::string_view from = "bfnrt", to = "\b\f\n\r\t";
         if (c != 'u') {
            const auto found = from.find(c);
            out.push_back(found == from.npos ? c : to[found]);
            continue;
         }
         std::uint32_t code = hex4(s.substr(0, 4));
         s.remove_prefix(4);
         if (code >= 0xD800 && code < 0xDC00 && s.substr(0, 2) == "\\u") {
            const std::uint32_t low = hex4(s.substr(2, 4));
            if (low >= 0xDC00 && low < 0xE000) {
               code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
               s.remove_prefix(6);
            }
         }
         if (code >= 0xD800 && code < 0xE000) code = 0xFFFD; // half of a pair stands for nothing
         detail::append_utf8(out, code);
      }
      return out;
   }

   /// Steps over well-formed JSON (RFC 8259) and throws where it is not.
   struct scanner {
      std::string_view rest;

      void blanks() noexcept {
         const auto n = rest.find_first_not_of(" \n\r\t");
         rest.remove_prefix(n == rest.npos ? rest.size() : n);
      }
      bool take(char c) noexcept {
         if (rest.empty() || rest.front() != c) return false;
         rest.remove_prefix(1);
         return true;
      }
      void need(char c) {
         if (!take(c)) throw json_error(std::string("JSON lacks a ") + c + ".");
      }
      std::string_view string() {
         if (rest.empty() || rest.front() != '"') throw json_error("JSON lacks a string.");
         for (std::size_t i = plain_until(1); i < rest.size(); i = plain_until(i + 1)) {
            if (rest[i] == '"') return cut(i + 1);
            if (rest[i] != '\\') break; // a control character
            if (++i == rest.size() || std::string_view("\"\\/bfnrtu").find(rest[i]) == rest.npos)
               break;
            if (rest[i] == 'u') (void)hex4(rest.substr(i + 1, 4));
         }
         throw json_error("JSON holds a broken string.");
      }
      std::string_view value(int depth) {
         if (depth > detail::max_json_depth) throw json_error("JSON is nested too deeply.");
         blanks();
         const auto from = rest;
         if (take('{')) {
            members(depth, '}', true);
         } else if (take('[')) {
            members(depth, ']', false);
         } else if (!from.empty() && from.front() == '"') {
            string();
         } else {
            for (const std::string_view word : {"true", "false", "null"}) {
               if (from.substr(0, word.size()) == word) return cut(word.size());
            }
            numeral();
         }
         return from.substr(0, from.size() - rest.size());
      }

   private:
      std::string_view cut(std::size_t n) noexcept {
         const auto out = rest.substr(0, n);
         rest.remove_prefix(n);
         return out;
      }
      void members(int depth, char end, bool has_keys) {
         blanks();
         if (take(end)) return;
         for (;;) {
            if (has_keys) {
               blanks();
               string();
               blanks();
               need(':');
            }
            value(depth + 1);
            blanks();
            if (take(end)) return;
            need(',');
         }
      }
      /// The first byte from `i` on that is a quote, a backslash or a control character. Eight bytes
      /// at a time: in `hit` the top bit of a byte tells that it is one of them.
      [[nodiscard]] std::size_t plain_until(std::size_t i) const noexcept {
         constexpr std::uint64_t ones = 0x0101010101010101u, tops = ones * 0x80;
         for (; rest.size() - i >= 8 && i < rest.size(); i += 8) {
            std::uint64_t v = 0;
            std::memcpy(&v, rest.data() + i, 8);
            const std::uint64_t quote = v ^ (ones * '"'), slash = v ^ (ones * '\\');
            const std::uint64_t hit = (((v - ones * 0x20) & ~v) | ((quote - ones) & ~quote) |
                                       ((slash - ones) & ~slash)) &
                                      tops;
            if (hit != 0) break; // a borrow may make it one too many, never one too few
         }
         for (; i < rest.size(); ++i) {
            const auto c = static_cast<unsigned char>(rest[i]);
            if (c == '"' || c == '\\' || c < 0x20) break;
         }
         return i;
      }
      void digits() {
         const auto n = rest.find_first_not_of("0123456789");
         if (n == 0 || rest.empty()) throw json_error("JSON holds something that is no value.");
         rest.remove_prefix(n == rest.npos ? rest.size() : n);
      }
      void numeral() {
         take('-');
         if (!take('0')) digits();
         if (take('.')) digits();
         if (take('e') || take('E')) {
            if (!take('+')) take('-');
            digits();
         }
      }
   };

   std::string_view text_ = "null";
};

/// One JSON value and its text: for values whose shape is nobody's business here.
class json_text {
public:
   /// null.
   json_text() : text_("null") {}
   /// Errors: json_error when it is not exactly one JSON value.
   explicit json_text(std::string text) : text_(std::move(text)) { (void)json_view(text_); }
   [[nodiscard]] const std::string& str() const noexcept { return text_; }
   [[nodiscard]] json_view view() const { return json_view(text_); }

private:
   std::string text_;
};

/// Writes JSON front to back. Commas are its business; that ends match beginnings is the caller's.
class json_writer {
public:
   explicit json_writer(std::string& out) noexcept : out_(out) {}

   json_writer& begin_object() { return open('{'); }
   json_writer& end_object() { return close('}'); }
   json_writer& begin_array() { return open('['); }
   json_writer& end_array() { return close(']'); }
   json_writer& key(std::string_view name) {
      comma();
      append_json_string(out_, name);
      out_.push_back(':');
      has_value_ = false;
      return *this;
   }
   json_writer& string(std::string_view text) {
      comma();
      append_json_string(out_, text);
      return *this;
   }
   json_writer& boolean(bool b) { return raw(b ? "true" : "false"); }
   json_writer& null() { return raw("null"); }
   json_writer& number(double d) {
      comma();
      append_json_number(out_, d);
      return *this;
   }
   template <class T>
   json_writer& integer(T n) {
      static_assert(std::is_integral_v<T> && !std::is_same_v<T, bool>, "T must be an integer type");
      return raw(std::to_string(n));
   }
   /// JSON that is known to be well-formed.
   json_writer& raw(std::string_view json) {
      comma();
      out_.append(json);
      return *this;
   }

private:
   void comma() {
      if (has_value_) out_.push_back(',');
      has_value_ = true;
   }
   json_writer& open(char c) {
      comma();
      out_.push_back(c);
      has_value_ = false;
      return *this;
   }
   json_writer& close(char c) {
      out_.push_back(c);
      has_value_ = true;
      return *this;
   }

   std::string& out_;
   bool has_value_ = false;
};

} // namespace v1
} // namespace fmcp
#endif
