#include "config/parse.hpp"

#include <cstdint>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace fmcp::config;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using strings = std::vector<std::string>;
using views = std::vector<std::string_view>;

TEST(ParseBoolean, TakesEveryUsualWordInAnyCase) {
   for (const auto yes : {"1", "true", "True", "TRUE", "t", "yes", "Y", "on"})
      EXPECT_EQ(parse_boolean(yes), true) << yes;
   for (const auto no : {"0", "false", "F", "no", "n", "OFF"})
      EXPECT_EQ(parse_boolean(no), false) << no;
}

TEST(ParseBoolean, RefusesEverythingElse) {
   for (const auto text : {"", " ", " true", "2", "truee", "ja"})
      EXPECT_FALSE(parse_boolean(text)) << text;
}

TEST(ParseInteger, TakesWholeNumbers) {
   EXPECT_EQ(parse_integer("10", 0, 100), 10);
   EXPECT_EQ(parse_integer("10.0", 0, 100), 10);
   EXPECT_EQ(parse_integer("+10.00", 0, 100), 10);
   EXPECT_EQ(parse_integer(" -3 ", -5, 5), -3);
   EXPECT_EQ(parse_integer("9223372036854775807", INT64_MIN, INT64_MAX), INT64_MAX);
}

TEST(ParseInteger, RefusesEverythingElse) {
   for (const auto text : {"", "10.5", "1e3", "0x10", "ten", "10.", "+-3", "--3", "1 0",
                           "9223372036854775808", "1_000"}) {
      EXPECT_FALSE(parse_integer(text, INT64_MIN, INT64_MAX)) << text;
   }
   EXPECT_EQ(parse_integer("65536", 0, 65535).error(), "is not a whole number from 0 to 65535");
   EXPECT_EQ(parse_integer("-1", 0, INT64_MAX).error(), "is not a whole number from 0 on");
}

TEST(ParseNumber, TakesJsonNumbers) {
   EXPECT_EQ(parse_number("1.5e3"), 1500.0);
   EXPECT_EQ(parse_number("-2"), -2.0);
   for (const auto text : {"", "NaN", "1e999", "0x1p3", "\"1\"", "1 2"})
      EXPECT_FALSE(parse_number(text)) << text;
}

TEST(ParseDuration, TakesUnits) {
   EXPECT_EQ(parse_duration("500ms"), 500ms);
   EXPECT_EQ(parse_duration("30"), 30s);
   EXPECT_EQ(parse_duration("30s"), 30s);
   EXPECT_EQ(parse_duration("1.5 S"), 1500ms);
   EXPECT_EQ(parse_duration("2m"), 2min);
   EXPECT_EQ(parse_duration("2min"), 2min);
   EXPECT_EQ(parse_duration("24h"), 24h);
   EXPECT_EQ(parse_duration("7d"), 168h);
   EXPECT_EQ(parse_duration("0"), 0s);
}

TEST(ParseDuration, RefusesEverythingElse) {
   for (const auto text : {"", "s", "-1s", "1e3", "5 weeks", "1.2.3s", "1m30s", "1000000000d"}) {
      EXPECT_FALSE(parse_duration(text)) << text;
   }
}

TEST(ParseSize, TakesUnits) {
   EXPECT_EQ(parse_size("4096"), 4096u);
   EXPECT_EQ(parse_size("16KiB"), 16384u);
   EXPECT_EQ(parse_size("16 k"), 16384u);
   EXPECT_EQ(parse_size("4mib"), 4u << 20);
   EXPECT_EQ(parse_size("1.5M"), 3u << 19);
   EXPECT_EQ(parse_size("1GB"), 1'000'000'000u);
   EXPECT_EQ(parse_size("2g"), 2ull << 30);
}

TEST(ParseSize, RefusesEverythingElse) {
   for (const auto text : {"", "MiB", "-1", "1.5", "4 MiBs", "99999999999999G"})
      EXPECT_FALSE(parse_size(text)) << text;
}

TEST(TextOfAValue, ReadsBackTheSame) {
   for (const auto d :
        {0ms, 1ms, 1500ms, 1000ms, 60'000ms, 75'000ms, 86'400'000ms, 604'800'000ms}) {
      EXPECT_EQ(parse_duration(duration_text(d)), d) << duration_text(d);
   }
   EXPECT_EQ(duration_text(24h), "24h");
   EXPECT_EQ(duration_text(75s), "75s");
   for (const std::uint64_t n : {0ull, 1ull, 1000ull, 1024ull, 16384ull, 4ull << 20, 3ull << 30}) {
      EXPECT_EQ(parse_size(size_text(n)), n) << size_text(n);
   }
   EXPECT_EQ(size_text(16384), "16KiB");
}

TEST(ParseChoice, IgnoresCaseAndListsTheChoices) {
   const views choices{"stdio", "http", "sse"};
   EXPECT_EQ(parse_choice(" HTTP ", choices), 1u);
   EXPECT_EQ(parse_choice("tcp", choices).error(), "is not stdio, http or sse");
}

struct list_case {
   const char* text;
   strings expected;
};

TEST(ParseList, TakesWordsAndJson) {
   const list_case table[] = {
         {"a,b c", {"a", "b", "c"}},           // comma and blank, mixed
         {" a ,, b\t", {"a", "b"}},            // empty places are not entries
         {"", {}},                             // the empty list
         {"[]", {}},                           //
         {R"(["a b","c,d"])", {"a b", "c,d"}}, // entries of an array are not split
         {R"(["a", 5])", {"a", "5"}},          // numbers become text
         {R"("a b")", {"a", "b"}},             // a JSON string is split like plain text
         {"user:read", {"user:read"}},         //
         {"truely", {"truely"}},               // begins like JSON only by accident
   };
   for (const auto& [text, expected] : table) EXPECT_EQ(parse_list(text), expected) << text;
}

TEST(ParseList, RefusesWhatWouldBecomeJunk) {
   for (const auto text :
        {R"(["a", "b")", "{\"a\":1}", "5", "true", "[true]", "[[\"a\"]]", "\"a", "{a}"}) {
      EXPECT_FALSE(parse_list(text)) << text;
   }
}

TEST(ParsePaths, SplitsAtColons) {
   EXPECT_EQ(parse_paths("/a:/b c:d"), (strings{"/a", "/b c", "d"}));
   EXPECT_EQ(parse_paths(R"(["/a:b","/c"])"), (strings{"/a:b", "/c"}));
   EXPECT_EQ(parse_paths(""), strings{});
}

TEST(ParsePaths, RefusesEntriesThatWouldMeanTheWorkingDirectory) {
   for (const auto text : {":", "/a:", ":/a", "/a::/b", "[\"\"]"}) {
      ASSERT_FALSE(parse_paths(text)) << text;
      EXPECT_EQ(parse_paths(text).error(), "has an empty entry");
   }
}

TEST(ParseMap, TakesPairsAndJson) {
   EXPECT_THAT(parse_map("a=1, b = x=y").value(), ElementsAre(Pair("a", "1"), Pair("b", "x=y")));
   EXPECT_THAT(parse_map(R"({"a":1,"b":"x","c":true})").value(),
               ElementsAre(Pair("a", "1"), Pair("b", "x"), Pair("c", "true")));
   EXPECT_THAT(parse_map("{}").value(), IsEmpty());
   for (const auto text :
        {"a", "=1", "a=1,,b=2", "a=1,a=2", "{\"a\":{}}", "{\"a\":null}", "[1]", "{"}) {
      EXPECT_FALSE(parse_map(text)) << text;
   }
}

TEST(ParseUrl, TakesAbsoluteUrls) {
   const views web{"https", "http"};
   for (const auto text :
        {"https://example.com", "HTTP://example.com:8080/a?b=c", "http://[::1]:3000/"}) {
      EXPECT_EQ(parse_url(text, web), text);
   }
}

TEST(ParseUrl, RefusesWhatMisleads) {
   const views web{"https", "http"};
   for (const auto text :
        {"https://a.example:8x/p", "https://a.example:x", "https://a.example:99999",
         "https://a.example:0", "", "example.com", "/path", "https://", "https:///x",
         "ftp://example.com", "file:///etc/passwd", "https://user:pw@example.com",
         "https://example.com/#x", "https://exa mple.com", "https://a:99999999/"}) {
      EXPECT_FALSE(parse_url(text, web)) << text;
   }
}

TEST(ParseUrl, PermitsPlainHttpToLoopbackOnly) {
   const views schemes{"https", "http+loopback"};
   EXPECT_TRUE(parse_url("https://example.com", schemes));
   EXPECT_TRUE(parse_url("http://localhost:3000", schemes));
   EXPECT_TRUE(parse_url("http://127.0.0.1/", schemes));
   EXPECT_TRUE(parse_url("http://[::1]/", schemes));
   EXPECT_THAT(parse_url("http://example.com", schemes).error(), HasSubstr("not loopback"));
   EXPECT_FALSE(parse_url("http://localhost.example.com", schemes));
}

TEST(Shown, KeepsMessagesShortAndOnOneLine) {
   EXPECT_EQ(shown("a\nb\x1b"), "\"a\\nb\\x1b\"");
   EXPECT_EQ(shown(std::string(100, 'x')), "\"" + std::string(60, 'x') + "…\"");
}

} // namespace
