// Tools for time: what it is, what it is elsewhere, how far apart. Models are bad at all three.

#include <algorithm>

#include <fmcp/cpp/plugin.hpp>

#include "instant.hpp"
#include "zone_database.hpp"

namespace {

using zones::database;
using zones::local_meaning;
using zones::offset_info;
using zones::zone;

struct options {
   std::string home;
   std::string zoneinfo;
   static constexpr auto settings() {
      return fmcp::settings(
            fmcp::setting("home", &options::home,
                          "Time zone to use when a call names none, such as Europe/Berlin")
                  .otherwise("UTC"),
            fmcp::setting("zoneinfo", &options::zoneinfo,
                          "Directory of the system's compiled time zones")
                  .path()
                  .otherwise("/usr/share/zoneinfo"));
   }
};

constexpr const char* time_help =
      "A date and time in ISO 8601, such as 2026-03-29T02:30 or 2026-03-29T02:30:00+02:00; a date "
      "alone means its midnight; @1774747800 means seconds since 1970; \"now\" means now. An "
      "offset "
      "or Z in it wins over a time zone beside it.";

/// Which of two instants is meant when clocks were set back over a time.
enum class choice { earlier, later };
inline fmcp::enum_names<choice> describe(choice) {
   return {{choice::earlier, "earlier"}, {choice::later, "later"}};
}

// ---- what comes in ----

struct now_in {
   std::optional<std::string> timezone;
   void describe(fmcp::fields& f) {
      f("timezone", timezone, "IANA name such as America/New_York; left out: the server's own")
            .length(1, 64);
   }
};

struct conversion {
   std::string time;
   std::optional<std::string> from;
   std::vector<std::string> to;
   choice ambiguous = choice::earlier;
   void describe(fmcp::fields& f) {
      f("time", time, time_help).length(1, 64);
      f("from", from,
        "Time zone in which `time` is meant, as an IANA name; left out: the server's own")
            .length(1, 64);
      f("to", to, "Time zones to convert to, as IANA names").count(1, 20);
      f("ambiguous", ambiguous,
        "Which one is meant when clocks were set back and `time` happened twice")
            .optional();
   }
};

struct difference {
   std::string from, to;
   std::optional<std::string> timezone;
   void describe(fmcp::fields& f) {
      f("from", from, time_help).length(1, 64);
      f("to", to, "The same, for the other end").length(1, 64);
      f("timezone", timezone,
        "Time zone for times without an offset and for counting days, as an IANA name; left out: "
        "the server's own")
            .length(1, 64);
   }
};

struct search {
   std::string query;
   int limit = 50;
   void describe(fmcp::fields& f) {
      f("query", query,
        "Part of a name, a country, a two-letter country code, an abbreviation that counts now "
        "(CEST) or an offset that counts now (+05:30); left out: all")
            .length(0, 64)
            .optional();
      f("limit", limit, "How many to list at most").range(1, 1000).optional();
   }
};

// ---- what goes out ----

/// An instant as a clock in a zone shows it.
struct shown_time {
   std::string timezone, datetime, weekday, utc_offset, abbreviation;
   bool is_dst = false;
   void describe(fmcp::fields& f) {
      f("timezone", timezone, "IANA name");
      f("datetime", datetime, "ISO 8601 with offset");
      f("weekday", weekday);
      f("utc_offset", utc_offset, "East of UTC is +");
      f("abbreviation", abbreviation);
      f("is_dst", is_dst, "Whether this is daylight saving time");
   }
};

struct current {
   shown_time local;
   std::string utc;
   std::int64_t unix_seconds = 0;
   int day_of_year = 0, iso_week = 0, iso_year = 0;
   std::optional<std::string> next_clock_change;
   void describe(fmcp::fields& f) {
      local.describe(f);
      f("utc", utc, "The same instant in UTC");
      f("unix_seconds", unix_seconds, "Since 1970-01-01T00:00:00Z");
      f("day_of_year", day_of_year);
      f("iso_week", iso_week);
      f("iso_year", iso_year, "The year to which the week belongs");
      f("next_clock_change", next_clock_change,
        "When the clocks are set next, within a year; absent: they are not");
   }
};

struct converted {
   shown_time shown;
   int day_shift = 0;
   double hours_ahead = 0;
   void describe(fmcp::fields& f) {
      shown.describe(f);
      f("day_shift", day_shift, "1: it is the next day there, -1: the day before");
      f("hours_ahead", hours_ahead, "Of the source; negative: behind");
   }
};

struct conversions {
   shown_time source;
   std::vector<converted> targets;
   std::optional<std::string> note;
   void describe(fmcp::fields& f) {
      f("source", source);
      f("targets", targets);
      f("note", note, "Present when the given time happened twice or never");
   }
};

struct distance {
   std::string from, to;
   std::int64_t seconds = 0;
   std::int64_t calendar_days = 0;
   std::string text, iso;
   std::optional<std::string> note;
   void describe(fmcp::fields& f) {
      f("from", from, "As understood");
      f("to", to, "As understood");
      f("seconds", seconds, "Elapsed, negative when `to` is before `from`");
      f("calendar_days", calendar_days, "How many midnights lie between");
      f("text", text, "In years, months, days … of the calendar");
      f("iso8601", iso, "The same as a duration, with a sign in front when negative");
      f("note", note, "Present when a given time happened twice or never");
   }
};

struct listed_zone {
   std::string name, utc_offset, abbreviation;
   std::vector<std::string> countries;
   void describe(fmcp::fields& f) {
      f("name", name);
      f("utc_offset", utc_offset, "Now");
      f("abbreviation", abbreviation, "Now");
      f("countries", countries);
   }
};

struct listing {
   std::size_t total = 0;
   std::vector<listed_zone> timezones;
   void describe(fmcp::fields& f) {
      f("total", total, "How many match; more than are listed when the limit was reached");
      f("timezones", timezones);
   }
};

// ---- the tools ----

std::int64_t now() {
   return std::chrono::duration_cast<std::chrono::seconds>(
                std::chrono::system_clock::now().time_since_epoch())
         .count();
}

/// A zone and the name that it goes by.
struct place {
   std::string name;
   std::shared_ptr<const zone> clocks;

   [[nodiscard]] shown_time show(std::int64_t unix) const {
      const auto& o = clocks->at(unix);
      const auto local = unix + o.seconds;
      return {name,
              zones::date_and_time(local) + zones::offset_text(o.seconds),
              zones::facts_of(local).weekday,
              zones::offset_text(o.seconds),
              o.abbreviation,
              o.is_dst};
   }
};

class time_plugin : public fmcp::plugin_with<options> {
public:
   time_plugin() : database_(settings().zoneinfo) {
      try {
         home_ = find(settings().home);
      } catch (const std::exception& e) {
         throw fmcp::setting_error("The setting home or zoneinfo cannot be used: " +
                                   std::string(e.what()));
      }
      add(about(fmcp::tool("current_time",
                           "Tells the current date, time, weekday, week and offset in a time zone.",
                           [this](const now_in& in) { return current_time(in); }))
                .title("Current time"));
      add(about(fmcp::tool("convert_time",
                           "Converts a date and time from one time zone to others, with daylight "
                           "saving time as it was or will be on that date.",
                           [this](const conversion& in) { return convert(in); }))
                .title("Convert time"));
      add(about(fmcp::tool("time_difference",
                           "Tells how far apart two dates or times are: elapsed seconds, calendar "
                           "days, and years, months, days.",
                           [this](const difference& in) { return compare(in); }))
                .title("Time difference"));
      add(about(fmcp::tool("list_timezones",
                           "Finds IANA time zone names by part of the name, country, abbreviation "
                           "or offset, and tells what offset counts there now.",
                           [this](const search& in) { return list(in); }))
                .title("List time zones"));
   }

private:
   static fmcp::tool about(fmcp::tool t) { return t.read_only().open_world(false); }

   place find(const std::string& name) {
      place out;
      try {
         out.clocks = database_.find(name, &out.name);
      } catch (const zones::no_such_zone& e) {
         throw fmcp::tool_error(e.what());
      }
      return out;
   }
   place find(const std::optional<std::string>& name) { return name ? find(*name) : home_; }

   static std::string before(const std::optional<std::string>& note) {
      return note ? *note + " " : std::string();
   }
   /// The instant that somebody wrote; `note` tells when there was a choice.
   static std::int64_t instant(const std::string& text, const place& at, choice which,
                               std::optional<std::string>& note) {
      const auto written = zones::parse_time(text);
      if (!written) {
         throw fmcp::tool_error("\"" + text +
                                "\" is no date or time that is understood here; write it like "
                                "2026-03-29T02:30, 2026-03-29T02:30+02:00, 2026-03-29 or now.");
      }
      if (written->is_now) return now();
      if (written->is_instant) return written->seconds;
      const auto meaning = at.clocks->meaning_of(written->seconds);
      if (meaning.is == local_meaning::kind::unique) return meaning.first;
      if (meaning.is == local_meaning::kind::ambiguous) {
         note = before(note) + text + " happened twice in " + at.name +
                ", since the clocks were set back; this is the " +
                (which == choice::earlier ? "earlier" : "later") + " one.";
         return which == choice::earlier ? meaning.first : meaning.second;
      }
      note = before(note) + text + " did not happen in " + at.name +
             ", since the clocks were set forward over it; this is that much later.";
      return meaning.first;
   }

   current current_time(const now_in& in) {
      const auto at = find(in.timezone);
      const auto unix = now();
      constexpr std::int64_t year = 366 * 86'400;
      current out;
      out.local = at.show(unix);
      out.utc = zones::date_and_time(unix) + "Z";
      out.unix_seconds = unix;
      const auto facts = zones::facts_of(unix + at.clocks->at(unix).seconds);
      out.day_of_year = facts.day_of_year;
      out.iso_week = facts.iso_week;
      out.iso_year = facts.iso_year;
      if (const auto change = at.clocks->next_change(unix, year)) {
         out.next_clock_change = at.show(*change).datetime;
      }
      return out;
   }

   conversions convert(const conversion& in) {
      const auto from = find(in.from);
      conversions out;
      const auto unix = instant(in.time, from, in.ambiguous, out.note);
      const auto here = from.clocks->at(unix).seconds;
      out.source = from.show(unix);
      for (const auto& name : in.to) {
         const auto there = find(name);
         const auto offset = there.clocks->at(unix).seconds;
         converted c;
         c.shown = there.show(unix);
         c.day_shift = static_cast<int>(days(unix + offset) - days(unix + here));
         c.hours_ahead = static_cast<double>(offset - here) / 3600;
         out.targets.push_back(std::move(c));
      }
      return out;
   }

   distance compare(const difference& in) {
      const auto at = find(in.timezone);
      distance out;
      const auto from = instant(in.from, at, choice::earlier, out.note);
      const auto to = instant(in.to, at, choice::earlier, out.note);
      const auto local_from = from + at.clocks->at(from).seconds;
      const auto local_to = to + at.clocks->at(to).seconds;
      out.from = at.show(from).datetime;
      out.to = at.show(to).datetime;
      out.seconds = to - from;
      out.calendar_days = days(local_to) - days(local_from);
      const bool is_back = local_to < local_from;
      const auto span =
            zones::span_between(std::min(local_from, local_to), std::max(local_from, local_to));
      out.text = zones::span_text(span) + (is_back ? " before" : "");
      out.iso = (is_back ? "-" : "") + zones::span_iso(span);
      return out;
   }

   listing list(const search& in) {
      const auto wanted = zones::folded(in.query);
      const auto unix = now();
      listing out;
      for (const auto& z : database_.all()) {
         const bool by_name = wanted.empty() || matches(z, wanted);
         const auto clocks = database_.find(z.name);
         const auto& o = clocks->at(unix);
         if (!by_name && zones::folded(o.abbreviation) != wanted &&
             zones::offset_text(o.seconds) != in.query)
            continue;
         ++out.total;
         if (out.timezones.size() < static_cast<std::size_t>(in.limit)) {
            out.timezones.push_back(
                  {z.name, zones::offset_text(o.seconds), o.abbreviation, z.countries});
         }
      }
      return out;
   }

   static bool matches(const zones::named_zone& z, const std::string& wanted) {
      // Two letters are part of half of all names; as a country they mean something.
      if (wanted.size() == 2 && is_letter(wanted[0]) && is_letter(wanted[1])) {
         return std::any_of(z.codes.begin(), z.codes.end(),
                            [&](const auto& code) { return zones::folded(code) == wanted; });
      }
      const auto holds = [&](const std::string& text) {
         return zones::folded(text).find(wanted) != std::string::npos;
      };
      return holds(z.name) || std::any_of(z.countries.begin(), z.countries.end(), holds);
   }
   static bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

   static std::int64_t days(std::int64_t local) {
      constexpr std::int64_t day = 86'400;
      return local / day - (local % day < 0 ? 1 : 0);
   }

   database database_;
   place home_;
};

} // namespace

FMCP_PLUGIN(time_plugin,
            fmcp::manifest("io.fastmcp-host.time", "time", "1.0.0").license("Apache-2.0"));
