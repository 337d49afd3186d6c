#include <optional>

#include "json/format.hpp"

namespace fmcp::json {
namespace {

/// Reads a text from the left.
class scanner {
public:
   explicit scanner(std::string_view text) noexcept : rest_(text) {}

   bool at_end() const noexcept { return rest_.empty(); }
   bool take(char c) noexcept {
      if (!rest_.starts_with(c)) return false;
      rest_.remove_prefix(1);
      return true;
   }
   /// Exactly so many digits.
   std::optional<int> number(std::size_t digits) noexcept {
      if (rest_.size() < digits) return std::nullopt;
      int n = 0;
      for (std::size_t i = 0; i < digits; ++i) {
         if (rest_[i] < '0' || rest_[i] > '9') return std::nullopt;
         n = n * 10 + (rest_[i] - '0');
      }
      rest_.remove_prefix(digits);
      return n;
   }
   /// One digit or more.
   bool digits() noexcept {
      const auto end = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
      rest_.remove_prefix(end);
      return end > 0;
   }
   /// `digits letter`, or nothing.
   bool element(char letter) noexcept {
      const auto before = rest_;
      if (digits() && take(letter)) return true;
      rest_ = before;
      return false;
   }

private:
   std::string_view rest_;
};

int days_in(int month, int year) noexcept {
   if (month == 4 || month == 6 || month == 9 || month == 11) return 30;
   if (month != 2) return 31;
   const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
   return is_leap ? 29 : 28;
}

bool take_date(scanner& s) noexcept {
   const auto year = s.number(4);
   if (!year || !s.take('-')) return false;
   const auto month = s.number(2);
   if (!month || !s.take('-')) return false;
   const auto day = s.number(2);
   return day && *month >= 1 && *month <= 12 && *day >= 1 && *day <= days_in(*month, *year);
}

/// Minutes east of UTC.
std::optional<int> take_offset(scanner& s) noexcept {
   if (s.take('Z') || s.take('z')) return 0;
   const bool is_west = s.take('-');
   if (!is_west && !s.take('+')) return std::nullopt;
   const auto hours = s.number(2);
   if (!hours || !s.take(':')) return std::nullopt;
   const auto minutes = s.number(2);
   if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
   const int total = *hours * 60 + *minutes;
   return is_west ? -total : total;
}

bool take_time(scanner& s) noexcept {
   const auto hour = s.number(2);
   if (!hour || !s.take(':')) return false;
   const auto minute = s.number(2);
   if (!minute || !s.take(':')) return false;
   const auto second = s.number(2);
   if (!second || (s.take('.') && !s.digits())) return false;
   const auto offset = take_offset(s);
   if (!offset || *hour > 23 || *minute > 59 || *second > 60) return false;
   if (*second < 60) return true;
   // A leap second is the last one of a day in UTC (appendix D).
   constexpr int day = 24 * 60;
   return ((*hour * 60 + *minute - *offset) % day + day) % day == day - 1;
}

} // namespace

bool is_date(std::string_view text) {
   scanner s(text);
   return take_date(s) && s.at_end();
}

bool is_time(std::string_view text) {
   scanner s(text);
   return take_time(s) && s.at_end();
}

bool is_date_time(std::string_view text) {
   scanner s(text);
   return take_date(s) && (s.take('T') || s.take('t')) && take_time(s) && s.at_end();
}

// An element may only be followed by the next smaller one: P1Y2D and PT1H2S are none.
bool is_duration(std::string_view text) {
   scanner s(text);
   if (!s.take('P')) return false;
   if (s.element('W')) return s.at_end();
   bool has_any = false;
   if (s.element('Y')) {
      has_any = true;
      if (s.element('M')) s.element('D');
   } else if (s.element('M')) {
      has_any = true;
      s.element('D');
   } else {
      has_any = s.element('D');
   }
   if (s.take('T')) {
      if (s.element('H')) {
         if (s.element('M')) s.element('S');
      } else if (s.element('M')) {
         s.element('S');
      } else if (!s.element('S')) {
         return false;
      }
      has_any = true;
   }
   return has_any && s.at_end();
}

} // namespace fmcp::json
