// What was observed of RapidJSON 1.1.0 and PCRE2 10.42, line by line, and that nothing of it
// reaches a user of this room.

#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/document.hpp"
#include "json/regex.hpp"
#include "json/schema.hpp"
#include "json/writer.hpp"

namespace {

using namespace fmcp::json;
using fmcp::core::errc;
using ::testing::HasSubstr;

// CVE-2024-38517: reading this as a number ends the process.
TEST(RapidJsonFacts, NumberWithALongFractionAndASmallExponentIsHarmless) {
   for (const std::string fraction : {"0.", "1.", "12345678901234567890."}) {
      for (const auto* exponent :
           {"e-2147483647", "e-2147483640", "e-2147483648", "e-99999999999"}) {
         document d;
         const auto text = fraction + std::string(30, '1') + exponent;
         const auto parsed = d.parse(text);
         ASSERT_TRUE(parsed.has_value()) << text;
         EXPECT_EQ((*parsed)->number(), text);
         EXPECT_EQ((*parsed)->as_double(), 0.0);
         EXPECT_EQ((*parsed)->as_int64(), std::nullopt);
      }
   }
}

TEST(RapidJsonFacts, LongDecimalsAreReadToTheNearestDouble) {
   document d;
   const std::string digits(800, '7');
   EXPECT_DOUBLE_EQ(d.parse_copy("0." + digits).value()->as_double(), 7.0 / 9.0);
   EXPECT_DOUBLE_EQ(d.parse_copy("0.0" + digits + "e1").value()->as_double(), 7.0 / 9.0);
   const std::string halfway = "1.00000000000000011102230246251565404236316680908203125";
   EXPECT_EQ(d.parse_copy(halfway).value()->as_double(), 1.0);
   EXPECT_GT(d.parse_copy(halfway + "1").value()->as_double(), 1.0);
}

TEST(RapidJsonFacts, NumberThatNoDoubleHoldsIsRefused) {
   document d;
   for (const auto& text :
        {std::string("1e309"), std::string("-1e309"), "1" + std::string(400, '0'),
         std::string("123456789012345678901e999")}) {
      const auto parsed = d.parse_copy(text);
      ASSERT_FALSE(parsed.has_value()) << text;
      EXPECT_THAT(parsed.error().message, HasSubstr("too large"));
   }
}

TEST(RapidJsonFacts, WriterNeverEmitsAnInfinity) {
   std::string out;
   writer w(out);
   w.begin_array().number(1e308 * 10).number(2.5).end_array();
   EXPECT_EQ(out, "[0,2.5]");
}

TEST(RapidJsonFacts, DuplicateMembersAreRefusedAtEveryDepth) {
   document d;
   EXPECT_FALSE(d.parse_copy(R"({"alg":"RS256","alg":"none"})").has_value());
   EXPECT_FALSE(d.parse_copy(R"({"keys":[{"kid":"a","kid":"b"}]})").has_value());
   EXPECT_TRUE(d.parse_copy(R"({"a":{"x":1},"b":{"x":1}})").has_value());
}

TEST(RapidJsonFacts, TextBehindAnEmbeddedNulIsRefused) {
   document d;
   const std::string behind("{\"a\":1}\0{\"b\":2}", 15);
   EXPECT_FALSE(d.parse_copy(behind).has_value());
   EXPECT_FALSE(d.parse_copy(std::string("1\0", 2)).has_value());
   EXPECT_FALSE(d.parse_copy(std::string("\0", 1)).has_value());
   EXPECT_FALSE(d.parse_copy(std::string("[1,\0", 4)).has_value());
   EXPECT_FALSE(d.parse_copy(std::string("\"a\0b\"", 5)).has_value());
}

TEST(RapidJsonFacts, LoneSurrogateEscapesAreRefused) {
   document d;
   for (const auto* text : {R"("\udc00")", R"("\udfff")", R"("\ud800")", R"("\ud800\u0041")",
                            R"("\ud800x")", R"({"\udc00":1})", R"("\udc00\udc00")"}) {
      EXPECT_FALSE(d.parse_copy(text).has_value()) << text;
   }
}

TEST(RapidJsonFacts, IllFormedUtf8IsRefused) {
   document d;
   for (const std::string bytes :
        {"\x80", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xB0\x80", "\xF4\x90\x80\x80",
         "\xF8\x88\x80\x80\x80", "\xC3", "\xE2\x82"}) {
      EXPECT_FALSE(d.parse_copy("\"" + bytes + "\"").has_value());
      EXPECT_FALSE(d.parse_copy("{\"" + bytes + "\":1}").has_value());
   }
}

TEST(RapidJsonFacts, StringsKeepNulCharacters) {
   document d;
   const auto* v = d.parse_copy(R"("a\u0000b")").value();
   EXPECT_EQ(v->string(), std::string_view("a\0b", 3));
   std::string out;
   append_string(out, v->string());
   EXPECT_EQ(out, R"("a\u0000b")");
}

// The reader recurses: 150,000 levels overflow a stack of 8 MiB.
TEST(RapidJsonFacts, DeepNestingIsRefusedWhateverTheCallerAllows) {
   constexpr std::size_t levels = 200'000;
   const std::string arrays = std::string(levels, '[') + std::string(levels, ']');
   std::string objects;
   for (std::size_t i = 0; i < levels; ++i) objects += "{\"a\":";
   document d;
   for (const std::string* text : {&arrays, &std::as_const(objects)}) {
      for (const std::size_t allowed : {std::size_t{64}, std::size_t{10'000'000}}) {
         const auto parsed = d.parse(*text, {.max_depth = allowed});
         ASSERT_FALSE(parsed.has_value());
         EXPECT_EQ(parsed.error().code, errc::limit) << parsed.error().message;
      }
   }
}

TEST(Pcre2Facts, LongNamesOfGeneralCategoriesAreKnown) {
   for (const auto* pattern : {"^\\p{Letter}$", "^\\p{Lowercase_Letter}$", "^\\p{L}$", "^\\p{Ll}$",
                               "^\\p{gc=Letter}$", "^[\\p{Letter}]$", "^\\P{Number}$"}) {
      const auto r = regex::compile(pattern);
      ASSERT_TRUE(r.has_value()) << pattern << ": " << r.error().message;
      EXPECT_EQ(r->search("\u03c0", {}), regex::outcome::match) << pattern;
   }
}

TEST(Pcre2Facts, HostilePatternCostsBoundedTimeInASchema) {
   const auto s = schema::compile(R"({"pattern":"^(a+)+$"})").value();
   document d;
   const std::string hostile = "\"" + std::string(5000, 'a') + "!\"";
   EXPECT_FALSE(s->accepts(*d.parse(hostile).value()));
   const auto reasons = s->check(d.root());
   ASSERT_EQ(reasons.size(), 1u);
   EXPECT_THAT(reasons[0].got, HasSubstr("too long to compare"));
}

} // namespace
