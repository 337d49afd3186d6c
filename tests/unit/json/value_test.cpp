#include "json/value.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "json/document.hpp"

namespace {

using namespace fmcp::json;

class Value : public testing::Test {
protected:
   const value& parse(document& d, std::string_view text) { return *d.parse_copy(text).value(); }
   const value& of(std::string_view text) { return parse(first_, text); }
   bool are_equal(std::string_view a, std::string_view b) {
      const auto& x = parse(first_, a);
      const auto& y = parse(second_, b);
      EXPECT_EQ(equal(x, y), equal(y, x));
      return equal(x, y);
   }
   document first_;
   document second_;
};

TEST_F(Value, KnowsItsKind) {
   const auto items = of(R"([null,true,false,1,"s",[],{}])").items();
   EXPECT_TRUE(items[0].is(kind::null));
   EXPECT_TRUE(items[1].is(kind::boolean) && items[1].boolean());
   EXPECT_TRUE(items[2].is(kind::boolean) && !items[2].boolean());
   EXPECT_TRUE(items[3].is(kind::number));
   EXPECT_TRUE(items[4].is(kind::string));
   EXPECT_TRUE(items[5].is(kind::array));
   EXPECT_TRUE(items[6].is(kind::object));
}

TEST_F(Value, LooksUpMembersAndNothingElsewhere) {
   const auto& v = of(R"({"a":{"b":"c"},"n":1})");
   EXPECT_EQ(v.find("a")->find_string("b"), "c");
   EXPECT_EQ(v.find("x"), nullptr);
   EXPECT_EQ(v.find("n")->find("b"), nullptr);
   EXPECT_EQ(v.find_string("n"), std::nullopt);
   EXPECT_EQ(v.find_string("x"), std::nullopt);
}

TEST_F(Value, ReadsExactIntegersInEveryForm) {
   const auto number = [&](std::string_view text) { return of(text).as_int64(); };
   EXPECT_EQ(number("3"), 3);
   EXPECT_EQ(number("-0"), 0);
   EXPECT_EQ(number("3.0"), 3);
   EXPECT_EQ(number("30e-1"), 3);
   EXPECT_EQ(number("0.3e1"), 3);
   EXPECT_EQ(number("-1.5e1"), -15);
   EXPECT_EQ(number("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
   EXPECT_EQ(number("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
   EXPECT_EQ(number("-9.223372036854775808e18"), std::numeric_limits<std::int64_t>::min());
   EXPECT_EQ(number("9223372036854775808"), std::nullopt);
   EXPECT_EQ(number("9.223372036854775808e18"), std::nullopt);
   EXPECT_EQ(number("1e30"), std::nullopt);
   EXPECT_EQ(number("3.5"), std::nullopt);
   EXPECT_EQ(number("1e-400"), std::nullopt);
   EXPECT_EQ(number("0e99"), 0);
}

TEST_F(Value, ReadsTheNearestDouble) {
   EXPECT_EQ(of("0.1").as_double(), 0.1);
   EXPECT_EQ(of("1e308").as_double(), 1e308);
   EXPECT_EQ(of("1e-400").as_double(), 0.0);
   EXPECT_TRUE(std::signbit(of("-1e-400").as_double()));
}

TEST_F(Value, ComparesNumbersByValue) {
   EXPECT_TRUE(are_equal("1", "1.0"));
   EXPECT_TRUE(are_equal("10e-1", "1"));
   EXPECT_TRUE(are_equal("-0", "0.0"));
   EXPECT_FALSE(are_equal("9007199254740993", "9007199254740992"));
   EXPECT_FALSE(are_equal("0.1", "0.10000000000000001"));
}

TEST_F(Value, ComparesObjectsWithoutOrder) {
   EXPECT_TRUE(are_equal(R"({"a":1,"b":[2]})", R"({"b":[2.0],"a":1})"));
   EXPECT_FALSE(are_equal(R"({"a":1})", R"({"a":1,"b":2})"));
   EXPECT_FALSE(are_equal(R"({"a":1,"b":2})", R"({"a":1,"c":2})"));
   EXPECT_FALSE(are_equal("[1,2]", "[2,1]"));
}

TEST_F(Value, ComparesLargeObjectsWithoutOrder) {
   std::string forwards = "{";
   std::string backwards = "{";
   for (int i = 0; i < 40; ++i) {
      forwards += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":" + std::to_string(i);
      backwards += (i > 0 ? ",\"" : "\"") + std::to_string(39 - i) + "\":" + std::to_string(39 - i);
   }
   EXPECT_TRUE(are_equal(forwards + "}", backwards + "}"));
   EXPECT_FALSE(are_equal(forwards + "}", backwards.substr(0, backwards.size() - 1) + "1}"));
}

TEST_F(Value, TellsKindsApart) {
   EXPECT_FALSE(are_equal("0", "false"));
   EXPECT_FALSE(are_equal("null", "false"));
   EXPECT_FALSE(are_equal("\"1\"", "1"));
   EXPECT_FALSE(are_equal("[]", "{}"));
}

TEST_F(Value, StandsForAText) {
   const auto v = value::of_string("name");
   EXPECT_TRUE(v.is(kind::string));
   EXPECT_EQ(v.string(), "name");
   EXPECT_TRUE(equal(v, of("\"name\"")));
}

} // namespace
