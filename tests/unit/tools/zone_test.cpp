#include "time/src/zone.hpp"

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_dir.hpp"
#include "time/src/instant.hpp"
#include "time/src/zone_database.hpp"

namespace zones {
namespace {

using testing::HasSubstr;
using kind = local_meaning::kind;

constexpr const char* system_zones = "/usr/share/zoneinfo";

std::int64_t utc(std::string_view text) {
   return parse_time(std::string(text) + "Z").value().seconds;
}
std::string shown(const zone& z, std::int64_t unix) {
   return date_and_time(unix + z.at(unix).seconds) + offset_text(z.at(unix).seconds);
}

/// A zone without transitions, whose rule is `rule`.
std::string made_of_rule(std::string_view rule) {
   const std::string header = std::string("TZif2") + std::string(15, '\0');
   const auto number = [](unsigned n) { return std::string(3, '\0') + static_cast<char>(n); };
   const std::string counts = number(0) + number(0) + number(0) + number(0) + number(1) + number(4);
   const std::string body = std::string(6, '\0') + std::string("UTC\0", 4);
   return header + counts + body + header + counts + body + '\n' + std::string(rule) + '\n';
}
zone with_rule(std::string_view rule) {
   return zone::parse(made_of_rule(rule)).value();
}

TEST(Zone, AgreesWithTheSystemLibraryEverywhere) {
   database all(system_zones);
   const char* before = std::getenv("TZ");
   const std::string kept = before != nullptr ? before : "";
   std::size_t compared = 0;
   for (const auto& named : all.all()) {
      const auto z = all.find(named.name);
      ::setenv("TZ", (":" + named.name).c_str(), 1);
      ::tzset();
      int wrong = 0;
      for (std::int64_t t = utc("1935-01-01T00:00"); t < utc("2100-01-01T00:00") && wrong == 0;
           t += 37 * 86'400 + 4099) {
         const std::time_t now = t;
         std::tm tm{};
         ASSERT_NE(::localtime_r(&now, &tm), nullptr);
         const auto& o = z->at(t);
         const offset_info theirs{static_cast<std::int32_t>(tm.tm_gmtoff), tm.tm_isdst > 0,
                                  tm.tm_zone};
         EXPECT_TRUE(o == theirs) << named.name << " at " << date_and_time(t)
                                  << "Z: " << o.abbreviation << o.seconds << " and not "
                                  << theirs.abbreviation << theirs.seconds;
         wrong += o == theirs ? 0 : 1;
         ++compared;
      }
   }
   before != nullptr ? ::setenv("TZ", kept.c_str(), 1) : ::unsetenv("TZ");
   ::tzset();
   EXPECT_GT(compared, 300u * 1500);
}

TEST(Zone, FollowsItsRuleInBothHemispheres) {
   const auto berlin = with_rule("CET-1CEST,M3.5.0,M10.5.0/3");
   EXPECT_EQ(shown(berlin, utc("2050-03-27T00:59:59")), "2050-03-27T01:59:59+01:00");
   EXPECT_EQ(shown(berlin, utc("2050-03-27T01:00:00")), "2050-03-27T03:00:00+02:00");
   EXPECT_EQ(shown(berlin, utc("2050-10-30T01:00:00")), "2050-10-30T02:00:00+01:00");
   const auto sydney = with_rule("AEST-10AEDT,M10.1.0,M4.1.0/3");
   EXPECT_TRUE(sydney.at(utc("2050-01-01T00:00")).is_dst);
   EXPECT_FALSE(sydney.at(utc("2050-07-01T00:00")).is_dst);
   EXPECT_EQ(sydney.at(utc("2050-01-01T00:00")).seconds, 11 * 3600);
}

TEST(Zone, UnderstandsTheRareForms) {
   EXPECT_EQ(with_rule("<+0330>-3:30").at(0).seconds, 12'600);
   EXPECT_EQ(with_rule("<+0330>-3:30").at(0).abbreviation, "+0330");
   const auto dublin = with_rule("IST-1GMT0,M10.5.0,M3.5.0/1"); // winter is its "daylight" time
   EXPECT_TRUE(dublin.at(utc("2050-01-01T00:00")).is_dst);
   EXPECT_EQ(dublin.at(utc("2050-01-01T00:00")).seconds, 0);
   const auto nuuk = with_rule("<-02>2<-01>,M3.5.0/-1,M10.5.0/0"); // the evening before
   EXPECT_EQ(nuuk.at(utc("2050-03-27T00:59:59")).seconds, -7200);
   EXPECT_EQ(nuuk.at(utc("2050-03-27T01:00:00")).seconds, -3600);
   const auto julian = with_rule("AAA0BBB,J60/0,J300/0"); // 1 March in every year
   EXPECT_FALSE(julian.at(utc("2048-02-29T23:59:59")).is_dst);
   EXPECT_TRUE(julian.at(utc("2048-03-01T00:00:00")).is_dst);
   const auto counted = with_rule("AAA0BBB,59/0,300/0"); // 29 February in leap years
   EXPECT_TRUE(counted.at(utc("2048-02-29T00:00:00")).is_dst);
}

TEST(Zone, RefusesWhatIsNoRule) {
   for (const char* rule :
        {"CE-1", "CET", "CET-25", "CET-1CEST,M3.5.0", "CET-1CEST,M13.1.0,M1.1.0",
         "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,J0,J1", "CET-1CEST,M3.5.0,M10.5.0x", "<CET-1",
         "CET-1CEST,M3.5.0/168,M10.5.0", "CET-1CEST"}) {
      EXPECT_FALSE(zone::parse(made_of_rule(rule))) << rule;
   }
}

TEST(Zone, KnowsTimesThatHappenTwiceOrNever) {
   const auto berlin = with_rule("CET-1CEST,M3.5.0,M10.5.0/3");
   const auto local = [](std::string_view text) { return parse_time(text).value().seconds; };
   const auto plain = berlin.meaning_of(local("2050-07-01T12:00"));
   EXPECT_EQ(plain.is, kind::unique);
   EXPECT_EQ(plain.first, utc("2050-07-01T10:00"));
   const auto twice = berlin.meaning_of(local("2050-10-30T02:30"));
   EXPECT_EQ(twice.is, kind::ambiguous);
   EXPECT_EQ(twice.first, utc("2050-10-30T00:30"));
   EXPECT_EQ(twice.second, utc("2050-10-30T01:30"));
   const auto never = berlin.meaning_of(local("2050-03-27T02:30"));
   EXPECT_EQ(never.is, kind::skipped);
   EXPECT_EQ(shown(berlin, never.first), "2050-03-27T03:30:00+02:00");
   EXPECT_EQ(shown(berlin, never.second), "2050-03-27T01:30:00+01:00");
   for (const char* edge :
        {"2050-03-27T01:59:59", "2050-03-27T03:00", "2050-10-30T01:59:59", "2050-10-30T03:00"}) {
      EXPECT_EQ(berlin.meaning_of(local(edge)).is, kind::unique) << edge;
   }
}

TEST(Zone, KnowsADayThatNeverWas) {
   database all(system_zones);
   const auto apia = all.find("Pacific/Apia"); // went over the date line: no 30 December 2011
   EXPECT_EQ(apia->meaning_of(parse_time("2011-12-30T12:00")->seconds).is, kind::skipped);
   EXPECT_EQ(apia->meaning_of(parse_time("2011-12-31T12:00")->seconds).is, kind::unique);
}

TEST(Zone, FindsTheNextChange) {
   const auto berlin = with_rule("CET-1CEST,M3.5.0,M10.5.0/3");
   EXPECT_EQ(berlin.next_change(utc("2050-01-01T00:00"), 366 * 86'400), utc("2050-03-27T01:00"));
   EXPECT_EQ(berlin.next_change(utc("2050-03-27T01:00"), 366 * 86'400), utc("2050-10-30T01:00"));
   EXPECT_FALSE(with_rule("UTC0").next_change(0, 366 * 86'400));
}

TEST(Zone, RefusesDamagedFiles) {
   std::ifstream in(std::string(system_zones) + "/Europe/Berlin", std::ios::binary);
   const std::string good{std::istreambuf_iterator<char>(in), {}};
   ASSERT_TRUE(zone::parse(good));
   EXPECT_FALSE(zone::parse(""));
   EXPECT_FALSE(zone::parse("TZif"));
   EXPECT_FALSE(
         zone::parse("no zone file at all, but long enough for a header of forty-four bytes"));
   const auto footer = good.rfind('\n', good.size() - 2);
   for (std::size_t n = 0; n < footer; n += 7) EXPECT_FALSE(zone::parse(good.substr(0, n))) << n;
   for (std::size_t i = 0; i < good.size(); ++i) { // whatever comes of it, it must not crash
      auto bad = good;
      bad[i] = static_cast<char>(0xFF);
      if (const auto z = zone::parse(bad)) {
         (void)z->at(utc("2030-01-01T00:00"));
         (void)z->meaning_of(utc("2030-01-01T00:00"));
      }
   }
}

TEST(ZoneDatabase, FindsNamesInAnyCase) {
   database all(system_zones);
   std::string exact;
   EXPECT_NE(all.find("europe/berlin", &exact), nullptr);
   EXPECT_EQ(exact, "Europe/Berlin");
   (void)all.find("America/New York", &exact);
   EXPECT_EQ(exact, "America/New_York");
   for (const auto& z : all.all()) {
      EXPECT_FALSE(z.name.starts_with("posix/") || z.name.starts_with("right/")) << z.name;
   }
}

TEST(ZoneDatabase, SuggestsWhatWasMeant) {
   database all(system_zones);
   const auto complaint = [&](std::string_view name) -> std::string {
      try {
         (void)all.find(name);
      } catch (const no_such_zone& e) {
         return e.what();
      }
      return "found";
   };
   EXPECT_THAT(complaint("Europe/Berln"), HasSubstr("Did you mean Europe/Berlin?"));
   EXPECT_THAT(complaint("berlin"), HasSubstr("Did you mean Europe/Berlin?"));
   EXPECT_THAT(complaint("Middle Earth"), HasSubstr("list_timezones finds them"));
   for (const char* name :
        {"../../../etc/passwd", "/etc/localtime", "", "Europe", "zone.tab", "Europe/../UTC"}) {
      EXPECT_THAT(complaint(name), HasSubstr("There is no time zone")) << name;
   }
}

TEST(ZoneDatabase, SaysThatADirectoryHasNoZones) {
   const fmcp::test::temp_dir dir;
   database none(dir.path());
   EXPECT_THAT([&] { (void)none.all(); },
               testing::ThrowsMessage<std::runtime_error>(HasSubstr("install the package tzdata")));
}

} // namespace
} // namespace zones
