#include "time/src/instant.hpp"

#include <gtest/gtest.h>

namespace zones {
namespace {

std::string understood(std::string_view text) {
   const auto t = parse_time(text);
   if (!t) return "not understood";
   if (t->is_now) return "now";
   return date_and_time(t->seconds) + (t->is_instant ? "Z" : "");
}

TEST(ParseTime, UnderstandsWhatPeopleWrite) {
   const std::pair<const char*, const char*> rows[] = {
         {"now", "now"},
         {"2026-03-29", "2026-03-29T00:00:00"},
         {"2026-03-29T02:30", "2026-03-29T02:30:00"},
         {"2026-03-29 02:30:15", "2026-03-29T02:30:15"},
         {"2026-03-29T02:30:15.999Z", "2026-03-29T02:30:15Z"},
         {"2026-03-29T02:30+02:00", "2026-03-29T00:30:00Z"},
         {"2026-03-29T02:30:00-0330", "2026-03-29T06:00:00Z"},
         {"2026-03-29T02:30 +02", "2026-03-29T00:30:00Z"},
         {"2026-03-29t24:00z", "2026-03-30T00:00:00Z"},
         {"2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"}, // a leap second
         {"@0", "1970-01-01T00:00:00Z"},
         {"@-1", "1969-12-31T23:59:59Z"},
         {"2024-02-29", "2024-02-29T00:00:00"},
         {"0001-01-01", "0001-01-01T00:00:00"},
   };
   for (const auto& [text, meaning] : rows) EXPECT_EQ(understood(text), meaning) << text;
}

TEST(ParseTime, RefusesTheRest) {
   for (const char* text : {"",
                            "tomorrow",
                            "2026-02-30",
                            "2026-13-01",
                            "2026-00-01",
                            "0000-01-01",
                            "2026-3-29",
                            "29.03.2026",
                            "2026-03-29T25:00",
                            "2026-03-29T02:60",
                            "2026-03-29T02",
                            "2026-03-29T02:30:61",
                            "2026-03-29T02:30+2",
                            "2026-03-29T02:30+24:00",
                            "2026-03-29T02:30Zx",
                            "2026-03-29x",
                            "@",
                            "@x",
                            "@9999999999999",
                            "@999999999999",
                            "2026-03-29T24:30",
                            "10000-01-01"}) {
      EXPECT_EQ(understood(text), "not understood") << text;
   }
}

TEST(OffsetText, HasASignAndSecondsWhereNeeded) {
   EXPECT_EQ(offset_text(0), "+00:00");
   EXPECT_EQ(offset_text(-12'600), "-03:30");
   EXPECT_EQ(offset_text(1172), "+00:19:32");
}

TEST(FactsOf, CountsIsoWeeks) {
   const auto facts = [](std::string_view day) { return facts_of(parse_time(day)->seconds); };
   EXPECT_EQ(facts("2026-03-29").weekday, "Sunday");
   EXPECT_EQ(facts("2026-03-29").iso_week, 13);
   EXPECT_EQ(facts("2024-12-31").day_of_year, 366);
   EXPECT_EQ(facts("2024-12-31").iso_week, 1); // a Tuesday: its Thursday is in 2025
   EXPECT_EQ(facts("2024-12-31").iso_year, 2025);
   EXPECT_EQ(facts("2021-01-03").iso_week, 53);
   EXPECT_EQ(facts("2021-01-03").iso_year, 2020);
   EXPECT_EQ(facts("1969-07-20").weekday, "Sunday");
}

TEST(SpanBetween, CountsAsACalendarDoes) {
   const auto span = [](std::string_view from, std::string_view to) {
      return span_text(span_between(parse_time(from)->seconds, parse_time(to)->seconds));
   };
   EXPECT_EQ(span("2026-01-01", "2026-01-01"), "0 seconds");
   EXPECT_EQ(span("2026-01-01", "2027-03-04T05:06:07"),
             "1 year, 2 months, 3 days, 5 hours, 6 minutes and 7 seconds");
   EXPECT_EQ(span("2026-01-31", "2026-02-28"), "1 month"); // the last day counts
   EXPECT_EQ(span("2026-01-31", "2026-03-01"), "1 month and 1 day");
   EXPECT_EQ(span("2024-02-29", "2025-02-28"), "1 year");
   EXPECT_EQ(span("2026-05-10T12:00", "2026-06-10T11:59"), "30 days, 23 hours and 59 minutes");
   EXPECT_EQ(span("2026-01-01", "2026-01-02"), "1 day");
}

TEST(SpanIso, IsADuration) {
   EXPECT_EQ(span_iso({}), "PT0S");
   EXPECT_EQ(span_iso({1, 2, 0, 3, 0, 0}), "P1Y2MT3H");
   EXPECT_EQ(span_iso({0, 0, 5, 0, 0, 0}), "P5D");
}

} // namespace
} // namespace zones
