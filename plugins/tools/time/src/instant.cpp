#include "instant.hpp"

#include <array>
#include <cstdio>

#include <date/date.h>

namespace zones {
namespace {

constexpr std::int64_t day_seconds = 86'400;

date::sys_days day_of(std::int64_t local) {
   return date::floor<date::days>(date::sys_seconds(std::chrono::seconds(local)));
}
std::int64_t seconds_to(date::sys_days day) {
   return std::int64_t{day.time_since_epoch().count()} * day_seconds;
}

/// Takes text apart from its front.
class reader {
public:
   explicit reader(std::string_view text) : rest_(text) {}
   bool take(char c) {
      if (rest_.empty() || rest_.front() != c) return false;
      rest_.remove_prefix(1);
      return true;
   }
   bool digits(std::size_t n, int& out) {
      if (rest_.size() < n) return false;
      out = 0;
      for (std::size_t i = 0; i < n; ++i) {
         if (rest_[i] < '0' || rest_[i] > '9') return false;
         out = out * 10 + (rest_[i] - '0');
      }
      rest_.remove_prefix(n);
      return true;
   }
   void skip_digits() {
      while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') rest_.remove_prefix(1);
   }
   [[nodiscard]] bool is_at_end() const { return rest_.empty(); }
   [[nodiscard]] std::string_view rest() const { return rest_; }

private:
   std::string_view rest_;
};

std::optional<std::int64_t> epoch_seconds(std::string_view text) {
   const bool is_negative = !text.empty() && text.front() == '-';
   if (is_negative) text.remove_prefix(1);
   if (text.empty() || text.size() > 12) return std::nullopt;
   std::int64_t out = 0;
   for (const char c : text) {
      if (c < '0' || c > '9') return std::nullopt;
      out = out * 10 + (c - '0');
   }
   return is_negative ? -out : out;
}

/// hh:mm[:ss[.fraction]]; 24:00 is the end of the day.
bool read_clock(reader& in, std::int64_t& seconds) {
   int hour = 0, minute = 0, second = 0;
   if (!in.digits(2, hour) || !in.take(':') || !in.digits(2, minute)) return false;
   if (in.take(':')) {
      if (!in.digits(2, second)) return false;
      if (in.take('.') || in.take(',')) in.skip_digits();
   }
   const bool is_midnight = hour == 24 && minute == 0 && second == 0;
   if (!is_midnight && (hour > 23 || minute > 59 || second > 60)) return false;
   seconds += hour * 3600 + minute * 60 + (second == 60 ? 59 : second); // no leap seconds in POSIX
   return true;
}

/// Z, +hh:mm, +hhmm, +hh.
bool read_offset(reader& in, std::int64_t& offset) {
   if (in.take('Z') || in.take('z')) return true;
   const bool is_west = in.take('-');
   if (!is_west && !in.take('+')) return false;
   int hours = 0, minutes = 0;
   if (!in.digits(2, hours)) return false;
   const bool has_colon = in.take(':');
   if ((has_colon || !in.is_at_end()) && !in.digits(2, minutes)) return false;
   if (hours > 23 || minutes > 59) return false;
   offset = (hours * 60 + minutes) * 60;
   if (is_west) offset = -offset;
   return true;
}

void add_unit(std::string& out, int n, const char* unit, bool is_last) {
   if (n == 0) return;
   if (!out.empty()) out += is_last ? " and " : ", ";
   out += std::to_string(n) + ' ' + unit + (n == 1 ? "" : "s");
}

} // namespace

std::optional<written_time> parse_time(std::string_view text) {
   if (text == "now") return written_time{0, true, true};
   if (!text.empty() && text.front() == '@') {
      const auto seconds = epoch_seconds(text.substr(1));
      if (!seconds || *seconds < earliest || *seconds > latest) return std::nullopt;
      return written_time{*seconds, true, false};
   }
   reader in(text);
   int year = 0, month = 0, day = 0;
   if (!in.digits(4, year) || !in.take('-') || !in.digits(2, month) || !in.take('-') ||
       !in.digits(2, day))
      return std::nullopt;
   const date::year_month_day ymd{date::year(year), date::month(static_cast<unsigned>(month)),
                                  date::day(static_cast<unsigned>(day))};
   if (!ymd.ok() || year < 1) return std::nullopt;
   written_time out;
   out.seconds = seconds_to(date::sys_days(ymd));
   if (in.is_at_end()) return out;
   if (!in.take('T') && !in.take('t') && !in.take(' ')) return std::nullopt;
   if (!read_clock(in, out.seconds)) return std::nullopt;
   if (!in.is_at_end()) {
      std::int64_t offset = 0;
      in.take(' ');
      if (!read_offset(in, offset) || !in.is_at_end()) return std::nullopt;
      out.seconds -= offset;
      out.is_instant = true;
   }
   if (out.seconds < earliest || out.seconds > latest) return std::nullopt;
   return out;
}

std::string date_and_time(std::int64_t local) {
   const auto day = day_of(local);
   const date::year_month_day ymd(day);
   const auto rest = static_cast<int>(local - seconds_to(day));
   std::array<char, 64> room{};
   std::snprintf(room.data(), room.size(), "%04d-%02u-%02uT%02d:%02d:%02d",
                 static_cast<int>(ymd.year()), static_cast<unsigned>(ymd.month()),
                 static_cast<unsigned>(ymd.day()), rest / 3600, rest / 60 % 60, rest % 60);
   return room.data();
}

std::string offset_text(std::int32_t seconds) {
   const int n = seconds < 0 ? -seconds : seconds;
   std::array<char, 32> room{};
   std::snprintf(room.data(), room.size(), "%c%02d:%02d", seconds < 0 ? '-' : '+', n / 3600,
                 n / 60 % 60);
   std::string out = room.data();
   if (n % 60 != 0) {
      std::snprintf(room.data(), room.size(), ":%02d", n % 60);
      out += room.data();
   }
   return out;
}

day_facts facts_of(std::int64_t local) {
   static constexpr std::array<const char*, 7> names{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                     "Thursday", "Friday", "Saturday"};
   const auto day = day_of(local);
   const date::year_month_day ymd(day);
   const date::weekday weekday(day);
   // ISO 8601: the week belongs to the year that has its Thursday.
   const auto thursday = day - (weekday - date::Monday) + date::days(3);
   const auto year = date::year_month_day(thursday).year();
   day_facts out;
   out.weekday = names[weekday.c_encoding()];
   out.day_of_year = static_cast<int>((day - date::sys_days(ymd.year() / 1 / 1)).count()) + 1;
   out.iso_week = static_cast<int>((thursday - date::sys_days(year / 1 / 1)).count()) / 7 + 1;
   out.iso_year = static_cast<int>(year);
   return out;
}

calendar_span span_between(std::int64_t from, std::int64_t to) {
   const auto first = day_of(from);
   const date::year_month_day start(first);
   const std::int64_t clock = from - seconds_to(first);
   const auto after_months = [&](int n) {
      auto ymd = start + date::months(n);
      if (!ymd.ok()) ymd = ymd.year() / ymd.month() / date::last; // 31 January + 1 month
      return seconds_to(date::sys_days(ymd)) + clock;
   };
   const date::year_month_day end(day_of(to));
   int months = (static_cast<int>(end.year()) - static_cast<int>(start.year())) * 12 +
                static_cast<int>(static_cast<unsigned>(end.month())) -
                static_cast<int>(static_cast<unsigned>(start.month()));
   while (months > 0 && after_months(months) > to) --months;
   const auto left = to - after_months(months);
   calendar_span out;
   out.years = months / 12;
   out.months = months % 12;
   out.days = static_cast<int>(left / day_seconds);
   out.hours = static_cast<int>(left / 3600 % 24);
   out.minutes = static_cast<int>(left / 60 % 60);
   out.seconds = static_cast<int>(left % 60);
   return out;
}

std::string span_text(const calendar_span& s) {
   const std::array<std::pair<int, const char*>, 6> units{{{s.years, "year"},
                                                           {s.months, "month"},
                                                           {s.days, "day"},
                                                           {s.hours, "hour"},
                                                           {s.minutes, "minute"},
                                                           {s.seconds, "second"}}};
   std::size_t last = 0;
   for (std::size_t i = 0; i < units.size(); ++i) {
      if (units[i].first != 0) last = i;
   }
   std::string out;
   for (std::size_t i = 0; i < units.size(); ++i) {
      add_unit(out, units[i].first, units[i].second, i == last);
   }
   return out.empty() ? "0 seconds" : out;
}

std::string span_iso(const calendar_span& s) {
   std::string date_part, time_part;
   const auto add = [](std::string& to, int n, char unit) {
      if (n != 0) to += std::to_string(n) + unit;
   };
   add(date_part, s.years, 'Y');
   add(date_part, s.months, 'M');
   add(date_part, s.days, 'D');
   add(time_part, s.hours, 'H');
   add(time_part, s.minutes, 'M');
   add(time_part, s.seconds, 'S');
   if (date_part.empty() && time_part.empty()) return "PT0S";
   return "P" + date_part + (time_part.empty() ? "" : "T" + time_part);
}

} // namespace zones
