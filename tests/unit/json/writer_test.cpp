#include "json/writer.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "json/document.hpp"

namespace {

using namespace fmcp::json;

std::string text_of(std::string_view s) {
   std::string out;
   append_string(out, s);
   return out;
}

TEST(Writer, PutsCommasAndColons) {
   std::string out;
   writer w(out);
   w.begin_object().key("a").number(1).key("b").begin_array();
   w.string("x").null().boolean(false).begin_object().end_object().begin_array().end_array();
   w.end_array().key("c").raw("[1, 2]").end_object();
   EXPECT_EQ(out, R"({"a":1,"b":["x",null,false,{},[]],"c":[1, 2]})");
}

TEST(Writer, AppendsBehindWhatIsThere) {
   std::string out = "data: ";
   writer(out).string("x");
   EXPECT_EQ(out, "data: \"x\"");
}

TEST(Writer, WritesEveryIntegerType) {
   std::string out;
   writer w(out);
   w.begin_array();
   w.number(std::numeric_limits<std::int64_t>::min());
   w.number(std::numeric_limits<std::uint64_t>::max());
   w.number(static_cast<unsigned short>(7)).number(-3).number(4u);
   w.end_array();
   EXPECT_EQ(out, "[-9223372036854775808,18446744073709551615,7,-3,4]");
}

TEST(Writer, WritesDoublesThatReadBackTheSame) {
   for (const double n : {0.1, 1e300, -5e-324, 3.0, 123456789.125}) {
      std::string out;
      append_double(out, n);
      document d;
      EXPECT_EQ(d.parse(out).value()->as_double(), n) << out;
   }
}

TEST(Writer, NestsSixtyFourLevels) {
   std::string out;
   writer w(out);
   for (int i = 0; i < 64; ++i) w.begin_array();
   for (int i = 0; i < 64; ++i) w.end_array();
   document d;
   EXPECT_TRUE(d.parse(out).has_value());
}

TEST(Writer, EscapesWhatJsonDemands) {
   EXPECT_EQ(text_of("a\"b\\c\b\f\n\r\t\x01\x1f"), R"("a\"b\\c\b\f\n\r\t\u0001\u001f")");
   EXPECT_EQ(text_of("/\x7f \u00e9 \u2028 \U0001F600"), "\"/\x7f \u00e9 \u2028 \U0001F600\"");
   EXPECT_EQ(text_of(""), "\"\"");
}

TEST(Writer, RepairsIllFormedUtf8) {
   EXPECT_EQ(text_of("a\xFFz"), "\"a\uFFFDz\"");
   EXPECT_EQ(text_of("\xED\xA0\x80"), "\"\uFFFD\uFFFD\uFFFD\"");
   EXPECT_EQ(text_of("\xC3"), "\"\uFFFD\"");
}

TEST(Writer, CompactsWithoutTouchingStringsOrNumbers) {
   document d;
   const std::string text = "{ \"a b\" : [ 1.50 ,\n\t\"x \\\" y\" , true ] , \"c\\\\\" : { } }";
   std::string out;
   append_compact(out, *d.parse(text).value());
   EXPECT_EQ(out, R"({"a b":[1.50,"x \" y",true],"c\\":{}})");
}

TEST(Writer, CompactsValuesAmongOthers) {
   document d;
   const std::string text = "[ 1 , 2 ]";
   std::string out;
   writer w(out);
   w.begin_array().compact(*d.parse(text).value()).number(3).end_array();
   EXPECT_EQ(out, "[[1,2],3]");
}

} // namespace
