#include "json/value.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

#include "json/number.hpp"

namespace fmcp::json {
namespace {

std::vector<const member*> by_key(std::span<const member> members) {
   std::vector<const member*> out;
   out.reserve(members.size());
   for (const auto& m : members) out.push_back(&m);
   std::ranges::sort(out, {}, &member::key);
   return out;
}

bool equal_objects(std::span<const member> a, std::span<const member> b) {
   if (a.size() != b.size()) return false;
   constexpr std::size_t small = 16;
   if (a.size() > small) { // n log n, because both sides may come from outside
      const auto x = by_key(a);
      const auto y = by_key(b);
      return std::ranges::equal(x, y, [](const member* l, const member* r) {
         return l->key == r->key && equal(l->val, r->val);
      });
   }
   return std::ranges::all_of(a, [&](const member& l) {
      const auto r = std::ranges::find(b, l.key, &member::key);
      return r != b.end() && equal(l.val, r->val);
   });
}

} // namespace

const value* value::find(std::string_view key) const noexcept {
   if (kind_ != kind::object) return nullptr;
   for (const auto& m : members()) {
      if (m.key == key) return &m.val;
   }
   return nullptr;
}

std::optional<std::string_view> value::find_string(std::string_view key) const noexcept {
   const auto* v = find(key);
   if (v == nullptr || !v->is(kind::string)) return std::nullopt;
   return v->string();
}

std::optional<std::int64_t> value::as_int64() const noexcept {
   const auto text = number();
   std::int64_t n = 0;
   const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
   if (end == text.data() + text.size()) {
      if (ec != std::errc{}) return std::nullopt;
      return n;
   }
   // A fraction or an exponent, which may still be an integer.
   const decimal d(text);
   constexpr std::int64_t max_digits = std::numeric_limits<std::int64_t>::digits10 + 1;
   if (!d.is_integer() || d.point > max_digits) return std::nullopt;
   char plain[max_digits + 1];
   char* w = plain;
   if (d.negative) *w++ = '-';
   for (std::int64_t i = 0; i < std::max<std::int64_t>(d.point, 1); ++i) {
      const auto at = static_cast<std::size_t>(i);
      *w++ = at < d.digits() ? d.digit(at) : '0';
   }
   if (std::from_chars(plain, w, n).ec != std::errc{}) return std::nullopt;
   return n;
}

double value::as_double() const noexcept {
   const auto text = number();
   double n = 0;
   const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
   if (ec == std::errc::result_out_of_range) {
      const decimal d(text);
      n = d.point > 0 ? std::numeric_limits<double>::infinity() : 0.0;
      if (d.negative) n = -n;
   }
   return n;
}

bool equal(const value& a, const value& b) {
   if (a.type() != b.type()) return false;
   switch (a.type()) {
   case kind::null: return true;
   case kind::boolean: return a.boolean() == b.boolean();
   case kind::number: return compare_numbers(a.number(), b.number()) == 0;
   case kind::string: return a.string() == b.string();
   case kind::array: return std::ranges::equal(a.items(), b.items(), equal);
   case kind::object: return equal_objects(a.members(), b.members());
   }
   return false;
}

} // namespace fmcp::json
