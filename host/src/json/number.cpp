#include "json/number.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace fmcp::json {
namespace {

constexpr std::int64_t exponent_cap = 1'000'000'000'000'000; // longer texts than this do not exist

std::int64_t parse_exponent(std::string_view text) noexcept {
   const bool negative = text.starts_with('-');
   if (negative || text.starts_with('+')) text.remove_prefix(1);
   std::int64_t n = 0;
   for (const char c : text) n = std::min(n * 10 + (c - '0'), exponent_cap);
   return negative ? -n : n;
}

using big = std::vector<std::uint32_t>; // base 10^9, least significant first

big to_big(const decimal& n) {
   constexpr std::size_t width = 9;
   big out;
   for (std::size_t end = n.digits(); end > 0; end -= std::min(end, width)) {
      std::uint32_t limb = 0;
      for (std::size_t i = end - std::min(end, width); i < end; ++i) {
         limb = limb * 10 + static_cast<std::uint32_t>(n.digit(i) - '0');
      }
      out.push_back(limb);
   }
   return out;
}

bool at_least(const big& a, const big& b) noexcept { // same number of limbs
   for (std::size_t i = a.size(); i-- > 0;) {
      if (a[i] != b[i]) return a[i] > b[i];
   }
   return true;
}

/// r = (r * 10 + digit) mod m. Precondition: r < m; r has one limb more than m needs.
void shift_in(big& r, const big& m, std::uint32_t digit) noexcept {
   constexpr std::uint32_t base = 1'000'000'000;
   std::uint64_t carry = digit;
   for (auto& limb : r) {
      carry += std::uint64_t{limb} * 10;
      limb = static_cast<std::uint32_t>(carry % base);
      carry /= base;
   }
   while (at_least(r, m)) {
      std::int64_t borrow = 0;
      for (std::size_t i = 0; i < r.size(); ++i) {
         std::int64_t d = std::int64_t{r[i]} - m[i] - borrow;
         borrow = d < 0 ? 1 : 0;
         if (d < 0) d += base;
         r[i] = static_cast<std::uint32_t>(d);
      }
   }
}

bool is_multiple_big(const decimal& a, std::size_t zeros, const decimal& b) {
   big m = to_big(b);
   m.push_back(0);
   big r(m.size(), 0);
   for (std::size_t i = 0; i < a.digits(); ++i) {
      shift_in(r, m, static_cast<std::uint32_t>(a.digit(i) - '0'));
   }
   for (std::size_t i = 0; i < zeros; ++i) shift_in(r, m, 0);
   return std::ranges::all_of(r, [](std::uint32_t limb) { return limb == 0; });
}

} // namespace

std::optional<std::int64_t> plain_integer(std::string_view text) noexcept {
   std::int64_t n = 0;
   const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
   if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
   return n;
}

decimal::decimal(std::string_view text) noexcept {
   if (text.starts_with('-')) {
      negative = true;
      text.remove_prefix(1);
   }
   if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
      point = parse_exponent(text.substr(e + 1));
      text = text.substr(0, e);
   }
   const auto dot = text.find('.');
   head = text.substr(0, dot);
   if (dot != std::string_view::npos) tail = text.substr(dot + 1);
   point += static_cast<std::int64_t>(head.size());

   while (head.starts_with('0')) {
      head.remove_prefix(1);
      --point;
   }
   if (head.empty()) {
      while (tail.starts_with('0')) {
         tail.remove_prefix(1);
         --point;
      }
   }
   while (tail.ends_with('0')) tail.remove_suffix(1);
   if (tail.empty()) {
      while (head.ends_with('0')) head.remove_suffix(1);
   }
   if (is_zero()) {
      negative = false;
      point = 0;
   }
}

std::strong_ordering compare(const decimal& a, const decimal& b) noexcept {
   using order = std::strong_ordering;
   if (a.is_zero() || b.is_zero()) {
      if (a.is_zero() && b.is_zero()) return order::equal;
      return a.is_zero() ? (b.negative ? order::greater : order::less)
                         : (a.negative ? order::less : order::greater);
   }
   if (a.negative != b.negative) return a.negative ? order::less : order::greater;
   auto magnitude = a.point <=> b.point;
   const std::size_t shared = std::min(a.digits(), b.digits());
   for (std::size_t i = 0; magnitude == 0 && i < shared; ++i) magnitude = a.digit(i) <=> b.digit(i);
   if (magnitude == 0) magnitude = a.digits() <=> b.digits();
   return a.negative ? 0 <=> magnitude : magnitude;
}

std::strong_ordering compare_numbers(std::string_view a, std::string_view b) noexcept {
   const auto x = plain_integer(a);
   const auto y = plain_integer(b);
   if (x && y) return *x <=> *y;
   return compare(decimal(a), decimal(b));
}

bool is_multiple(const decimal& a, const decimal& b) {
   if (a.is_zero()) return true;
   // a = A × 10^p and b = B × 10^q with integers A and B that do not end in 0.
   const auto p = a.point - static_cast<std::int64_t>(a.digits());
   const auto q = b.point - static_cast<std::int64_t>(b.digits());
   if (p < q) return false; // A is not divisible by 10
   // Zeros behind A help only against the twos and fives in B, of which a digit of B holds fewer
   // than four; more zeros than that change nothing.
   const auto zeros =
         static_cast<std::size_t>(std::min(p - q, static_cast<std::int64_t>(b.digits()) * 4));
   if (b.digits() > 18) return is_multiple_big(a, zeros, b);
   std::uint64_t m = 0;
   for (std::size_t i = 0; i < b.digits(); ++i) {
      m = m * 10 + static_cast<std::uint64_t>(b.digit(i) - '0');
   }
   std::uint64_t r = 0; // below 10^18, so that r * 10 + 9 fits
   for (std::size_t i = 0; i < a.digits(); ++i) {
      r = (r * 10 + static_cast<std::uint64_t>(a.digit(i) - '0')) % m;
   }
   for (std::size_t i = 0; i < zeros && r != 0; ++i) r = r * 10 % m;
   return r == 0;
}

std::string canonical(const decimal& n) {
   if (n.is_zero()) return "0";
   std::string out;
   if (n.negative) out.push_back('-');
   out.append(n.head).append(n.tail).push_back('e');
   out.append(std::to_string(n.point - static_cast<std::int64_t>(n.digits())));
   return out;
}

} // namespace fmcp::json
