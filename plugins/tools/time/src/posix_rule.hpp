#pragma once

/// What a time zone does for ever after: the rule at the end of a zone file, in the syntax of
/// POSIX's TZ variable as RFC 9636 (3.3.1) extends it: "CET-1CEST,M3.5.0,M10.5.0/3".
///
/// Thread safety: immutable. Errors: parse() gives nothing for what is not such a rule.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zones {

/// How a zone's clocks are set.
struct offset_info {
   std::int32_t seconds = 0; ///< east of UTC
   bool is_dst = false;
   std::string abbreviation = "UTC";
   friend bool operator==(const offset_info& a, const offset_info& b) {
      return a.seconds == b.seconds && a.is_dst == b.is_dst && a.abbreviation == b.abbreviation;
   }
};

class posix_rule {
public:
   static std::optional<posix_rule> parse(std::string_view text);

   /// `unix` is in seconds since 1970-01-01 UTC.
   [[nodiscard]] const offset_info& at(std::int64_t unix) const;
   /// Appends the instants in [from, to) at which the clocks change.
   void changes_between(std::int64_t from, std::int64_t to, std::vector<std::int64_t>& out) const;

private:
   struct day_of_change {
      enum class form { month_week_day, julian, day_of_year } as = form::month_week_day;
      int month = 0, week = 0, day = 0;
      std::int32_t time = 7200; ///< seconds of local time, may be negative or beyond a day
   };
   class reader;

   /// The instant in `year`, when clocks showed `before` east of UTC.
   static std::int64_t instant(const day_of_change& c, int year, std::int32_t before);

   offset_info standard_, daylight_;
   bool has_daylight_ = false;
   day_of_change begin_, end_; ///< of daylight saving time
};

} // namespace zones
