#pragma once

/// Writing JSON into a growing string.

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "json/value.hpp"

namespace fmcp::json {

/// Appends `text` as a JSON string with its quotes. Ill-formed UTF-8 becomes U+FFFD, so that the
/// output is always a valid document; U+2028 and U+2029 pass.
void append_string(std::string& out, std::string_view text);
void append_int(std::string& out, std::int64_t n);
void append_uint(std::string& out, std::uint64_t n);
/// Shortest form that reads back the same; a number that is not finite is written as 0.
void append_double(std::string& out, double n);
/// The text of `v` without blanks between tokens, hence on one line; members, order, number texts
/// and escapes stay as they were.
void append_compact(std::string& out, const value& v);

/// Commas, colons and brackets of a document that is written front to back.
///
///    writer w(out);
///    w.begin_object().key("id").raw(id_text).key("ok").boolean(true).end_object();
///
/// No recursion, no allocation besides `out`. Nesting is at most 64 deep.
/// Preconditions: calls follow the grammar (a key before each member value).
class writer {
public:
   explicit writer(std::string& out) noexcept : out_(&out) {}

   writer& begin_object();
   writer& end_object();
   writer& begin_array();
   writer& end_array();
   writer& key(std::string_view name);
   writer& string(std::string_view text);
   writer& number(std::int64_t n);
   writer& number(std::uint64_t n);
   writer& number(double n);
   /// The other integer types, which would be ambiguous without it.
   template <std::integral Integer>
   writer& number(Integer n) {
      if constexpr (std::signed_integral<Integer>)
         return number(static_cast<std::int64_t>(n));
      else
         return number(static_cast<std::uint64_t>(n));
   }
   writer& boolean(bool b);
   writer& null();
   /// An array of the texts in `all`, any range of what converts to std::string_view.
   writer& strings(const auto& all) {
      begin_array();
      for (const auto& text : all) string(text);
      return end_array();
   }
   /// `json` must be one valid JSON value.
   writer& raw(std::string_view json);
   writer& compact(const value& v);

private:
   void separate();
   writer& open(char bracket);
   writer& close(char bracket);
   std::string* out_;
   std::uint64_t filled_ = 0; // one bit a level: something was written at this level
   std::uint8_t depth_ = 0;
   bool after_key_ = false;
};

} // namespace fmcp::json
