#include "json/document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace fmcp::json;
using fmcp::core::errc;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string nested(std::size_t levels) {
   return std::string(levels, '[') + std::string(levels, ']');
}

TEST(Document, KeepsTheSourceBytesOfEachValue) {
   const std::string text = R"( { "a" : [ 1.50 , "x" ] , "b" : { } } )";
   document d;
   const auto* root = d.parse(text).value();
   EXPECT_EQ(root->raw(), R"({ "a" : [ 1.50 , "x" ] , "b" : { } })");
   EXPECT_EQ(root->find("a")->raw(), R"([ 1.50 , "x" ])");
   EXPECT_EQ(root->find("a")->items()[0].number(), "1.50");
   EXPECT_EQ(root->find("a")->items()[1].raw(), R"("x")");
   EXPECT_EQ(root->find("b")->raw(), "{ }");
   EXPECT_THAT(root->find("b")->members(), IsEmpty());
}

TEST(Document, PointsIntoTheTextWhereThereIsNoEscape) {
   const std::string text = R"({"plain":"abc","escaped":"a\nb"})";
   document d;
   const auto* root = d.parse(text).value();
   const auto is_inside = [&](std::string_view s) {
      return s.data() >= text.data() && s.data() < text.data() + text.size();
   };
   EXPECT_TRUE(is_inside(root->find("plain")->string()));
   EXPECT_FALSE(is_inside(root->find("escaped")->string()));
   EXPECT_EQ(root->find("escaped")->string(), "a\nb");
}

TEST(Document, DecodesEveryEscape) {
   document d;
   const std::string text = R"(["\"\\\/\b\f\n\r\t","\u00e9\u20AC\ud83d\ude00","x\u0041y\u0042z"])";
   const auto items = d.parse(text).value()->items();
   EXPECT_EQ(items[0].string(), "\"\\/\b\f\n\r\t");
   EXPECT_EQ(items[1].string(), "\u00e9\u20ac\U0001F600");
   EXPECT_EQ(items[2].string(), "xAyBz");
}

TEST(Document, DecodesEscapesInMemberNames) {
   document d;
   const std::string text = R"({"\u0061":1,"b":2})";
   const auto* root = d.parse(text).value();
   ASSERT_NE(root->find("a"), nullptr);
   EXPECT_EQ(root->find("a")->number(), "1");
}

TEST(Document, KeepsSpecialCharactersAtEveryOffsetOfAWord) {
   document d;
   for (std::size_t i = 0; i < 20; ++i) {
      const std::string text = "\"" + std::string(i, 'x') + "\\t" + std::string(i, 'y') + "\"";
      EXPECT_EQ(d.parse(text).value()->string(), std::string(i, 'x') + "\t" + std::string(i, 'y'));
      const std::string broken = "\"" + std::string(i, 'x') + "\x01" + std::string(20, 'y') + "\"";
      EXPECT_FALSE(d.parse(broken).has_value()) << i;
   }
}

struct refusal {
   const char* name;
   std::string text;
   errc code;
   const char* reason;
};

class DocumentRefuses : public testing::TestWithParam<refusal> {};

TEST_P(DocumentRefuses, WithTheReason) {
   const auto& [name, text, code, reason] = GetParam();
   document d;
   const auto parsed = d.parse(text, {.max_depth = 8, .max_bytes = 100, .max_values = 20});
   ASSERT_FALSE(parsed.has_value());
   EXPECT_EQ(parsed.error().code, code) << parsed.error().message;
   EXPECT_THAT(parsed.error().message, HasSubstr(reason));
   EXPECT_TRUE(d.empty());
}

INSTANTIATE_TEST_SUITE_P(
      All, DocumentRefuses,
      testing::Values(
            refusal{"Nothing", "", errc::invalid, "no value"},
            refusal{"OnlyBlanks", " \n", errc::invalid, "no value"},
            refusal{"TwoValues", "1 2", errc::invalid, "byte 2: something follows"},
            refusal{"ByteOrderMark", "\xEF\xBB\xBF{}", errc::invalid, "byte order mark"},
            refusal{"IllFormedUtf8", "[\"\xC0\x80\"]", errc::invalid, "byte 2: this is not UTF-8"},
            refusal{"SurrogateInUtf8", "\"\xED\xA0\x80\"", errc::invalid, "not UTF-8"},
            refusal{"LoneHighSurrogate", R"("\ud800")", errc::invalid, "surrogate"},
            refusal{"LoneLowSurrogate", R"("\udc00")", errc::invalid, "surrogate"},
            refusal{"SwappedSurrogates", R"("\udc00\ud800")", errc::invalid, "surrogate"},
            refusal{"DuplicateMember", R"({"a":1,"a":2})", errc::invalid,
                    "two members named \"a\""},
            refusal{"DuplicateByEscape", R"({"a":1,"\u0061":2})", errc::invalid, "two members"},
            refusal{"InfiniteNumber", "1e999", errc::invalid, "too large"},
            refusal{"LeadingZero", "01", errc::invalid, "something follows"},
            refusal{"LonePlus", "+1", errc::invalid, "starts no JSON value"},
            refusal{"NoFraction", "1.", errc::invalid, "decimal point"},
            refusal{"NoExponent", "1e", errc::invalid, "exponent"},
            refusal{"NotANumber", "NaN", errc::invalid, "starts no JSON value"},
            refusal{"TrailingComma", "[1,]", errc::invalid, "starts no JSON value"},
            refusal{"Comment", "/**/1", errc::invalid, "starts no JSON value"},
            refusal{"SingleQuotes", "{'a':1}", errc::invalid, "double quotes"},
            refusal{"ControlCharacter", "\"a\nb\"", errc::invalid, "escape"},
            refusal{"UnknownEscape", R"("\x41")", errc::invalid, "escape"},
            refusal{"OpenString", "\"abc", errc::invalid, "no end"},
            refusal{"OpenArray", "[1", errc::invalid, "comma or ]"},
            refusal{"TooDeep", nested(9), errc::limit, "8 levels"},
            refusal{"TooLong", std::string(101, ' '), errc::limit, "101 bytes, allowed are 100"},
            refusal{"TooManyValues", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", errc::limit,
                    "more than 20 values"}),
      [](const auto& row) { return std::string(row.param.name); });

TEST(Document, AcceptsTheDepthThatIsAllowed) {
   document d;
   EXPECT_TRUE(d.parse(nested(8), {.max_depth = 8}).has_value());
}

TEST(Document, FindsDuplicatesAmongManyMembers) {
   std::string text = "{";
   for (int i = 0; i < 100; ++i) text += "\"k" + std::to_string(i) + "\":0,";
   document d;
   EXPECT_TRUE(d.parse_copy(text + "\"other\":0}").has_value());
   EXPECT_FALSE(d.parse_copy(text + "\"k57\":0}").has_value());
}

TEST(Document, IsUsedAgainAndAgain) {
   document d;
   const std::string good = R"({"list":[1,2,3]})";
   const std::string bad = "[1,";
   for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(d.parse(good).has_value());
      EXPECT_THAT(d.root().find("list")->items(), SizeIs(3));
      ASSERT_FALSE(d.parse(bad).has_value());
      EXPECT_TRUE(d.empty());
   }
}

TEST(Document, CopiesTextThatDoesNotLiveLongEnough) {
   document d;
   {
      const std::string gone = R"(["a rather long string that no small buffer holds"])";
      ASSERT_TRUE(d.parse_copy(gone).has_value());
   }
   EXPECT_EQ(d.root().items()[0].string(), "a rather long string that no small buffer holds");
}

TEST(Document, ParsesAPartOfALargerTextByCopy) {
   document d;
   const std::string_view part = std::string_view("[1]2").substr(0, 3);
   EXPECT_THAT(d.parse_copy(part).value()->items(), SizeIs(1));
}

TEST(Document, ForgetsItsValue) {
   document d;
   ASSERT_TRUE(d.parse_copy("[1]").has_value());
   d.clear();
   EXPECT_TRUE(d.empty());
}

TEST(Document, MovesWithItsValues) {
   document a;
   ASSERT_TRUE(a.parse_copy(R"({"x":1})").has_value());
   const document b = std::move(a);
   EXPECT_EQ(b.root().find("x")->number(), "1");
}

} // namespace
