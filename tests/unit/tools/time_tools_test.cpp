// The tools of time.so as a client gets them, in the plugin host.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sdk/loaded_plugin.hpp"
#include "unit/plugins/plugin_files.hpp"

namespace fmcp {
namespace {

using test::loaded_plugin;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string time_so() {
   return test::built("../../lib/fastmcp-host/plugins/time");
}
plugins::plugin_settings with(std::string_view home) {
   return {"{\"home\":\"" + std::string(home) + "\",\"zoneinfo\":\"/usr/share/zoneinfo\"}", {}};
}

TEST(TimeTools, AreFourThatOnlyRead) {
   loaded_plugin p(time_so(), with("UTC"));
   ASSERT_EQ(p.problem(), "");
   EXPECT_THAT(p.tool_names(),
               ElementsAre("current_time", "convert_time", "time_difference", "list_timezones"));
   for (const auto& t : p.tools()) {
      EXPECT_THAT(t->json, HasSubstr(R"("readOnlyHint":true,"openWorldHint":false)")) << t->name;
      EXPECT_THAT(t->json, HasSubstr(R"("outputSchema":{"type":"object")")) << t->name;
   }
   EXPECT_TRUE(p.unload());
}

TEST(TimeTools, TellTheTimeAtHomeAndElsewhere) {
   loaded_plugin p(time_so(), with("Asia/Tokyo"));
   EXPECT_THAT(p.call("current_time").structured,
               AllOf(HasSubstr(R"("timezone":"Asia/Tokyo")"), HasSubstr(R"(+09:00","weekday":")"),
                     HasSubstr(R"("abbreviation":"JST","is_dst":false)"),
                     Not(HasSubstr("next_clock_change"))));
   EXPECT_THAT(p.call("current_time", R"({"timezone":"europe/berlin"})").structured,
               AllOf(HasSubstr(R"("timezone":"Europe/Berlin")"), HasSubstr("next_clock_change")));
}

TEST(TimeTools, ConvertWithTheOffsetsOfThatDate) {
   loaded_plugin p(time_so(), with("UTC"));
   const auto a = p.call("convert_time", R"({"time":"2026-07-01T20:00","from":"Europe/Berlin",)"
                                         R"("to":["Asia/Kolkata","America/Los_Angeles"]})");
   EXPECT_EQ(a.structured,
             R"({"source":{"timezone":"Europe/Berlin","datetime":"2026-07-01T20:00:00+02:00",)"
             R"("weekday":"Wednesday","utc_offset":"+02:00","abbreviation":"CEST","is_dst":true},)"
             R"("targets":[{"timezone":"Asia/Kolkata","datetime":"2026-07-01T23:30:00+05:30",)"
             R"("weekday":"Wednesday","utc_offset":"+05:30","abbreviation":"IST","is_dst":false,)"
             R"("day_shift":0,"hours_ahead":3.5},)"
             R"({"timezone":"America/Los_Angeles","datetime":"2026-07-01T11:00:00-07:00",)"
             R"("weekday":"Wednesday","utc_offset":"-07:00","abbreviation":"PDT","is_dst":true,)"
             R"("day_shift":0,"hours_ahead":-9}]})");
   EXPECT_THAT(p.call("convert_time", R"({"time":"2026-01-01T20:00Z","to":["Pacific/Auckland"]})")
                     .structured,
               HasSubstr(R"("day_shift":1,"hours_ahead":13)"));
}

TEST(TimeTools, SayWhenATimeHappenedTwiceOrNever) {
   loaded_plugin p(time_so(), with("Europe/Berlin"));
   const auto convert = [&](std::string_view rest) {
      return p.call("convert_time", "{\"to\":[\"UTC\"]," + std::string(rest) + "}").structured;
   };
   EXPECT_THAT(convert(R"("time":"2026-10-25T02:30")"),
               AllOf(HasSubstr("2026-10-25T00:30:00+00:00"), HasSubstr("happened twice"),
                     HasSubstr("the earlier one")));
   EXPECT_THAT(convert(R"("time":"2026-10-25T02:30","ambiguous":"later")"),
               AllOf(HasSubstr("2026-10-25T01:30:00+00:00"), HasSubstr("the later one")));
   EXPECT_THAT(convert(R"("time":"2026-03-29T02:30")"),
               AllOf(HasSubstr("2026-03-29T03:30:00+02:00"), HasSubstr("did not happen")));
   EXPECT_THAT(convert(R"("time":"2026-10-25T02:30+01:00")"), Not(HasSubstr("note")));
}

TEST(TimeTools, MeasureDifferences) {
   loaded_plugin p(time_so(), with("UTC"));
   EXPECT_EQ(p.call("time_difference", R"({"from":"2026-03-28T12:00","to":"2026-03-29T12:00",)"
                                       R"("timezone":"Europe/Berlin"})")
                   .structured,
             R"({"from":"2026-03-28T12:00:00+01:00","to":"2026-03-29T12:00:00+02:00",)"
             R"("seconds":82800,"calendar_days":1,"text":"1 day","iso8601":"P1D"})");
   EXPECT_THAT(p.call("time_difference", R"({"from":"2026-03-01","to":"2026-01-01"})").structured,
               AllOf(HasSubstr(R"("seconds":-5097600)"), HasSubstr(R"("calendar_days":-59)"),
                     HasSubstr(R"("text":"2 months before","iso8601":"-P2M")")));
   EXPECT_THAT(p.call("time_difference", R"({"from":"1969-12-31T23:00Z","to":"1970-01-01T01:00Z"})")
                     .structured,
               HasSubstr(R"("calendar_days":1)"));
}

TEST(TimeTools, FindZones) {
   loaded_plugin p(time_so(), with("UTC"));
   const auto found = [&](std::string_view query) {
      return p.call("list_timezones", "{\"query\":\"" + std::string(query) + "\"}").structured;
   };
   EXPECT_THAT(found("kolkata"), HasSubstr(R"("total":1)"));
   EXPECT_THAT(found("new york"), HasSubstr(R"("name":"America/New_York")"));
   EXPECT_THAT(found("IN"), HasSubstr(R"("name":"Asia/Kolkata")"));
   EXPECT_THAT(found("germany"), HasSubstr(R"("name":"Europe/Berlin")"));
   EXPECT_THAT(found("+05:45"), HasSubstr(R"("name":"Asia/Kathmandu")"));
   EXPECT_THAT(found("JST"), HasSubstr(R"("name":"Asia/Tokyo")"));
   EXPECT_THAT(found("nowhere at all"), HasSubstr(R"("total":0,"timezones":[])"));
   EXPECT_THAT(p.call("list_timezones", R"({"limit":1})").structured,
               HasSubstr(R"("timezones":[{"name":"Africa/Abidjan")"));
}

TEST(TimeTools, SayWhatWasWrong) {
   loaded_plugin p(time_so(), with("UTC"));
   const auto zone = p.call("current_time", R"({"timezone":"Europe/Berln"})");
   EXPECT_EQ(zone.outcome, FMCP_OUT_TOOL_ERROR);
   EXPECT_EQ(zone.message, "There is no time zone \"Europe/Berln\". Did you mean Europe/Berlin?");
   const auto time = p.call("time_difference", R"({"from":"tomorrow","to":"now"})");
   EXPECT_EQ(time.outcome, FMCP_OUT_TOOL_ERROR);
   EXPECT_THAT(time.message, HasSubstr("\"tomorrow\" is no date or time"));
}

TEST(TimeTools, RefuseAHomeThatIsNoZone) {
   EXPECT_THAT(loaded_plugin(time_so(), with("Berlin")).problem(),
               AllOf(HasSubstr("cannot use its settings: The setting home"),
                     HasSubstr("Did you mean Europe/Berlin?")));
}

} // namespace
} // namespace fmcp
