#include "json/writer.hpp"

#include <cassert>
#include <charconv>
#include <cmath>
#include <cstring>

#include "core/utf8.hpp"

namespace fmcp::json {
namespace {

constexpr char hex[] = "0123456789abcdef";

/// Letter behind the backslash, 'u' for the long form, 0 when the character passes as it is.
constexpr char escape_of(unsigned char c) noexcept {
   switch (c) {
   case '"': return '"';
   case '\\': return '\\';
   case '\b': return 'b';
   case '\f': return 'f';
   case '\n': return 'n';
   case '\r': return 'r';
   case '\t': return 't';
   default: return c < 0x20 ? 'u' : '\0';
   }
}

/// Precondition: well-formed UTF-8.
void append_escaped(std::string& out, std::string_view text) {
   std::size_t run = 0;
   for (std::size_t i = 0; i < text.size(); ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      const char letter = escape_of(c);
      if (letter == '\0') continue;
      out.append(text, run, i - run);
      out.push_back('\\');
      out.push_back(letter);
      if (letter == 'u') {
         out.append("00");
         out.push_back(hex[c >> 4]);
         out.push_back(hex[c & 15]);
      }
      run = i + 1;
   }
   out.append(text, run);
}

/// Offset behind the string that starts at `at` with its quote.
std::size_t string_end(std::string_view json, std::size_t at) noexcept {
   for (++at; json[at] != '"'; ++at) {
      if (json[at] == '\\') ++at;
   }
   return at + 1;
}

template <class T>
void append_chars(std::string& out, T n) {
   char buffer[32];
   const auto [end, ec] = std::to_chars(buffer, buffer + sizeof buffer, n);
   assert(ec == std::errc{});
   out.append(buffer, end);
}

} // namespace

void append_string(std::string& out, std::string_view text) {
   out.push_back('"');
   for (;;) {
      const auto good = core::utf8_valid_prefix(text);
      append_escaped(out, text.substr(0, good));
      if (good == text.size()) break;
      out.append("\xEF\xBF\xBD");
      text.remove_prefix(good + 1);
   }
   out.push_back('"');
}

void append_int(std::string& out, std::int64_t n) {
   append_chars(out, n);
}

void append_uint(std::string& out, std::uint64_t n) {
   append_chars(out, n);
}

void append_double(std::string& out, double n) {
   append_chars(out, std::isfinite(n) ? n : 0.0);
}

void append_compact(std::string& out, const value& v) {
   const auto json = v.raw();
   std::size_t run = 0;
   std::size_t at = 0;
   while (at < json.size()) {
      const char c = json[at];
      if (c == '"') {
         at = string_end(json, at);
      } else if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
         out.append(json, run, at - run);
         run = ++at;
      } else {
         ++at;
      }
   }
   out.append(json, run);
}

void writer::separate() {
   if (after_key_) {
      after_key_ = false;
      return;
   }
   if (depth_ == 0) return;
   const std::uint64_t level = std::uint64_t{1} << (depth_ - 1);
   if ((filled_ & level) != 0) out_->push_back(',');
   filled_ |= level;
}

writer& writer::open(char bracket) {
   assert(depth_ < 64);
   separate();
   out_->push_back(bracket);
   filled_ &= ~(std::uint64_t{1} << depth_);
   ++depth_;
   return *this;
}

writer& writer::close(char bracket) {
   assert(depth_ > 0 && !after_key_);
   --depth_;
   out_->push_back(bracket);
   return *this;
}

writer& writer::begin_object() {
   return open('{');
}
writer& writer::end_object() {
   return close('}');
}
writer& writer::begin_array() {
   return open('[');
}
writer& writer::end_array() {
   return close(']');
}

writer& writer::key(std::string_view name) {
   assert(!after_key_);
   separate();
   append_string(*out_, name);
   out_->push_back(':');
   after_key_ = true;
   return *this;
}

writer& writer::string(std::string_view text) {
   separate();
   append_string(*out_, text);
   return *this;
}

writer& writer::number(std::int64_t n) {
   separate();
   append_int(*out_, n);
   return *this;
}

writer& writer::number(std::uint64_t n) {
   separate();
   append_uint(*out_, n);
   return *this;
}

writer& writer::number(double n) {
   separate();
   append_double(*out_, n);
   return *this;
}

writer& writer::boolean(bool b) {
   return raw(b ? "true" : "false");
}

writer& writer::null() {
   return raw("null");
}

writer& writer::raw(std::string_view json) {
   separate();
   out_->append(json);
   return *this;
}

writer& writer::compact(const value& v) {
   separate();
   append_compact(*out_, v);
   return *this;
}

} // namespace fmcp::json
