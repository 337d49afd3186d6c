#pragma once

/// Dates and times as text: ISO 8601 as people and models write it, in and out.
///
/// Thread safety: pure functions. Errors: parse_time() gives nothing for what it does not know.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zones {

constexpr std::int64_t earliest = -62'135'596'800; ///< 0001-01-01T00:00:00Z
constexpr std::int64_t latest = 253'402'300'799;   ///< 9999-12-31T23:59:59Z

/// What somebody wrote.
struct written_time {
   std::int64_t seconds = 0; ///< as if it was UTC, unless is_instant
   bool is_instant = false;  ///< it said where: Z, an offset, or @seconds; then `seconds` is UTC
   bool is_now = false;      ///< "now"
};

/// "now", "2026-03-29", "2026-03-29T02:30[:15[.25]]" (a blank instead of T will do) with or without
/// "Z" or "+02:00", "@1774747800". Fractions are cut off.
std::optional<written_time> parse_time(std::string_view text);

/// "2026-03-29T02:30:15": of a local time.
std::string date_and_time(std::int64_t local);
/// "+02:00", "-03:30", "+00:19:32".
std::string offset_text(std::int32_t seconds);

/// Of a local time.
struct day_facts {
   std::string weekday; ///< "Sunday"
   int day_of_year = 0; ///< from 1
   int iso_week = 0;
   int iso_year = 0; ///< to which the week belongs
};
day_facts facts_of(std::int64_t local);

/// A span in the words that a calendar has for it, between two local times, `from` <= `to`.
struct calendar_span {
   int years = 0, months = 0, days = 0, hours = 0, minutes = 0, seconds = 0;
};
calendar_span span_between(std::int64_t from, std::int64_t to);
/// "1 year, 2 months and 3 hours"; "0 seconds".
std::string span_text(const calendar_span& s);
/// "P1Y2MT3H" (ISO 8601).
std::string span_iso(const calendar_span& s);

} // namespace zones
