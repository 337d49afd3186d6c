#include "posix_rule.hpp"

#include <date/date.h>

namespace zones {
namespace {

constexpr std::int64_t day_seconds = 86'400;

std::int64_t days_to(date::sys_days day) {
   return day.time_since_epoch().count();
}

int year_of(std::int64_t unix) {
   const auto day = date::floor<date::days>(date::sys_seconds(std::chrono::seconds(unix)));
   return static_cast<int>(date::year_month_day(day).year());
}

} // namespace

class posix_rule::reader {
public:
   explicit reader(std::string_view text) : rest_(text) {}

   bool rule(posix_rule& out) {
      std::int32_t west = 0;
      if (!name(out.standard_.abbreviation) || !clock(west, 24)) return false;
      out.standard_.seconds = -west;
      if (rest_.empty()) return true;
      out.has_daylight_ = true;
      out.daylight_.is_dst = true;
      out.daylight_.seconds = out.standard_.seconds + 3600;
      if (!name(out.daylight_.abbreviation)) return false;
      if (!rest_.empty() && rest_.front() != ',') {
         if (!clock(west, 24)) return false;
         out.daylight_.seconds = -west;
      }
      return change(out.begin_) && change(out.end_) && rest_.empty();
   }

private:
   bool take(char c) {
      if (rest_.empty() || rest_.front() != c) return false;
      rest_.remove_prefix(1);
      return true;
   }
   bool number(int& out, int low, int high) {
      out = 0;
      std::size_t n = 0;
      for (; n < rest_.size() && n < 3 && rest_[n] >= '0' && rest_[n] <= '9'; ++n) {
         out = out * 10 + (rest_[n] - '0');
      }
      rest_.remove_prefix(n);
      return n != 0 && out >= low && out <= high;
   }
   bool name(std::string& out) {
      const bool is_quoted = take('<');
      std::size_t n = 0;
      for (; n < rest_.size(); ++n) {
         const char c = rest_[n];
         const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
         const bool is_other = (c >= '0' && c <= '9') || c == '+' || c == '-';
         if (!is_letter && !(is_quoted && is_other)) break;
      }
      if (n < 3 || n > 16) return false;
      out = rest_.substr(0, n);
      rest_.remove_prefix(n);
      return !is_quoted || take('>');
   }
   /// [+-]hh[:mm[:ss]]
   bool clock(std::int32_t& out, int most_hours) {
      const bool is_negative = take('-');
      if (!is_negative) take('+');
      int hours = 0, minutes = 0, seconds = 0;
      if (!number(hours, 0, most_hours)) return false;
      if (take(':') && !number(minutes, 0, 59)) return false;
      if (take(':') && !number(seconds, 0, 59)) return false;
      out = hours * 3600 + minutes * 60 + seconds;
      if (is_negative) out = -out;
      return true;
   }
   bool change(day_of_change& out) {
      if (!take(',')) return false;
      if (take('M')) {
         out.as = day_of_change::form::month_week_day;
         if (!number(out.month, 1, 12) || !take('.') || !number(out.week, 1, 5) || !take('.') ||
             !number(out.day, 0, 6))
            return false;
      } else if (take('J')) {
         out.as = day_of_change::form::julian;
         if (!number(out.day, 1, 365)) return false;
      } else {
         out.as = day_of_change::form::day_of_year;
         if (!number(out.day, 0, 365)) return false;
      }
      return !take('/') || clock(out.time, 167);
   }

   std::string_view rest_;
};

std::optional<posix_rule> posix_rule::parse(std::string_view text) {
   posix_rule out;
   if (!reader(text).rule(out)) return std::nullopt;
   return out;
}

std::int64_t posix_rule::instant(const day_of_change& c, int year, std::int32_t before) {
   const date::year y(year);
   std::int64_t day = 0;
   switch (c.as) {
   case day_of_change::form::month_week_day: {
      const date::month m(static_cast<unsigned>(c.month));
      const date::weekday w(static_cast<unsigned>(c.day));
      day = c.week == 5 ? days_to(date::sys_days(y / m / w[date::last]))
                        : days_to(date::sys_days(y / m / w[static_cast<unsigned>(c.week)]));
      break;
   }
   case day_of_change::form::julian: // 29 February is never counted
      day = days_to(date::sys_days(y / 1 / 1)) + c.day - 1 + (y.is_leap() && c.day >= 60 ? 1 : 0);
      break;
   case day_of_change::form::day_of_year: day = days_to(date::sys_days(y / 1 / 1)) + c.day; break;
   }
   return day * day_seconds + c.time - before;
}

const offset_info& posix_rule::at(std::int64_t unix) const {
   if (!has_daylight_) return standard_;
   const int year = year_of(unix + standard_.seconds);
   const auto begin = instant(begin_, year, standard_.seconds);
   const auto end = instant(end_, year, daylight_.seconds);
   const bool is_dst =
         begin < end ? unix >= begin && unix < end : unix < end || unix >= begin; // southern
   return is_dst ? daylight_ : standard_;
}

void posix_rule::changes_between(std::int64_t from, std::int64_t to,
                                 std::vector<std::int64_t>& out) const {
   if (!has_daylight_) return;
   for (int year = year_of(from) - 1; year <= year_of(to) + 1; ++year) {
      for (const auto at :
           {instant(begin_, year, standard_.seconds), instant(end_, year, daylight_.seconds)}) {
         if (at >= from && at < to) out.push_back(at);
      }
   }
}

} // namespace zones
