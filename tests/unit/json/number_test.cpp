#include "json/number.hpp"

#include <gtest/gtest.h>

namespace {

using namespace fmcp::json;

bool is_less(std::string_view a, std::string_view b) {
   return compare_numbers(a, b) < 0 && compare_numbers(b, a) > 0;
}
bool is_same(std::string_view a, std::string_view b) {
   return compare_numbers(a, b) == 0 && compare_numbers(b, a) == 0;
}

TEST(Number, OrdersByMathematicalValue) {
   const char* const ascending[] = {
         "-1e300", "-12",  "-1.5", "-1e-300",          "0",
         "1e-300", "0.01", "0.1",  "0.1000000000001",  "1",
         "1.5",    "9",    "10",   "9007199254740992", "9007199254740993",
         "1e16",   "1e300"};
   for (std::size_t i = 0; i < std::size(ascending); ++i) {
      EXPECT_TRUE(is_same(ascending[i], ascending[i])) << ascending[i];
      for (std::size_t j = 0; j < i; ++j) {
         EXPECT_TRUE(is_less(ascending[j], ascending[i])) << ascending[j] << " " << ascending[i];
      }
   }
}

TEST(Number, TakesDifferentTextsForEqual) {
   EXPECT_TRUE(is_same("100", "1e2"));
   EXPECT_TRUE(is_same("0.00", "-0e5"));
   EXPECT_TRUE(is_same("1.2300", "123E-2"));
   EXPECT_TRUE(is_same("12345678901234567890", "1.234567890123456789e19"));
}

TEST(Number, SurvivesExponentsBeyondAllBounds) {
   const std::string huge = "1e" + std::string(40, '9');
   const std::string tiny = "1e-" + std::string(40, '9');
   EXPECT_TRUE(is_less("1e300", huge));
   EXPECT_TRUE(is_less(tiny, "1e-300"));
   EXPECT_TRUE(is_less("0", tiny));
   EXPECT_TRUE(decimal(huge).is_integer());
   EXPECT_FALSE(decimal(tiny).is_integer());
}

TEST(Number, KnowsIntegers) {
   for (const auto* text : {"0", "-0.0", "1", "1.0", "1.5e1", "10e-1", "12345678901234567890123"}) {
      EXPECT_TRUE(decimal(text).is_integer()) << text;
   }
   for (const auto* text : {"0.5", "1e-1", "12.5e0", "1.25e1"}) {
      EXPECT_FALSE(decimal(text).is_integer()) << text;
   }
}

TEST(Number, ReadsOnlyPlainIntegersAsPlain) {
   EXPECT_EQ(plain_integer("-12"), -12);
   EXPECT_EQ(plain_integer("12.0"), std::nullopt);
   EXPECT_EQ(plain_integer("1e2"), std::nullopt);
   EXPECT_EQ(plain_integer("9223372036854775808"), std::nullopt);
}

bool divides(const char* a, const char* b) {
   return is_multiple(decimal(a), decimal(b));
}

TEST(Number, DividesExactly) {
   EXPECT_TRUE(divides("0", "7"));
   EXPECT_TRUE(divides("21", "7"));
   EXPECT_FALSE(divides("22", "7"));
   EXPECT_TRUE(divides("-21", "7"));
   EXPECT_TRUE(divides("4.5", "1.5"));
   EXPECT_TRUE(divides("0.3", "0.1")); // not so with doubles
   EXPECT_TRUE(divides("0.0075", "0.0001"));
   EXPECT_FALSE(divides("0.00751", "0.0001"));
   EXPECT_TRUE(divides("1e308", "0.5"));
   EXPECT_TRUE(divides("12391239123", "1e-8"));
   EXPECT_FALSE(divides("1", "3"));
   EXPECT_FALSE(divides("1e300", "3"));
   EXPECT_TRUE(divides("3e300", "3"));
   EXPECT_TRUE(divides("1000", "8"));
   EXPECT_FALSE(divides("1", "1000"));
}

TEST(Number, DividesByDivisorsThatNoWordHolds) {
   EXPECT_TRUE(divides("246913578024691357802469135780", "123456789012345678901234567890"));
   EXPECT_FALSE(divides("246913578024691357802469135781", "123456789012345678901234567890"));
   constexpr auto* two_to_the_100th = "1267650600228229401496703205376";
   EXPECT_TRUE(divides("1e100", two_to_the_100th));
   EXPECT_TRUE(divides("1e308", two_to_the_100th));
   EXPECT_FALSE(divides("1e99", two_to_the_100th));
}

TEST(Number, HasOneTextPerValue) {
   const auto text = [](const char* n) { return canonical(decimal(n)); };
   EXPECT_EQ(text("1"), text("1.0"));
   EXPECT_EQ(text("-120"), text("-1.2e2"));
   EXPECT_EQ(text("0"), text("-0.000e5"));
   EXPECT_NE(text("9007199254740993"), text("9007199254740992"));
   EXPECT_NE(text("1"), text("-1"));
   EXPECT_NE(text("1"), text("10"));
}

} // namespace
