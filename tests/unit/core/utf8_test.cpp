#include "core/utf8.hpp"

#include <gtest/gtest.h>

namespace {

using namespace fmcp::core;

TEST(Utf8, AcceptsTheEdgesOfEveryLength) {
   for (const std::string good :
        {"\x01", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
         "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
      EXPECT_TRUE(is_utf8(good)) << testing::PrintToString(good);
   }
   EXPECT_TRUE(is_utf8(""));
   EXPECT_TRUE(is_utf8(std::string_view("a\0b", 3)));
}

// RFC 3629, 3 and 4: no continuation alone, no overlong form, no surrogate, nothing above U+10FFFF.
TEST(Utf8, RefusesEverythingElse) {
   for (const std::string bad :
        {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF", "\xE0\xA0",
         "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF0\x90\x80", "\xF4\x90\x80\x80",
         "\xF5\x80\x80\x80", "\xF8\x88\x80\x80\x80", "\xFE", "\xFF"}) {
      EXPECT_FALSE(is_utf8(bad)) << testing::PrintToString(bad);
   }
}

TEST(Utf8, FindsTheFirstIllFormedByteAtEveryOffset) {
   for (std::size_t i = 0; i < 40; ++i) {
      const auto text = std::string(i, 'x') + "\xFF" + std::string(40 - i, 'y');
      EXPECT_EQ(utf8_valid_prefix(text), i);
      const auto cut = std::string(i, 'x') + "\xE2\x82";
      EXPECT_EQ(utf8_valid_prefix(cut), i);
      const auto good = std::string(i, 'x') + "\u20ac" + std::string(40 - i, 'y');
      EXPECT_EQ(utf8_valid_prefix(good), good.size());
   }
}

TEST(Utf8, RepairsByteByByte) {
   EXPECT_EQ(utf8_repaired("a\xFFz"), "a\uFFFDz");
   EXPECT_EQ(utf8_repaired("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");
   EXPECT_EQ(utf8_repaired("\xE2\x82"), "\uFFFD\uFFFD");
   EXPECT_EQ(utf8_repaired("\u20ac"), "\u20ac");
   EXPECT_EQ(utf8_repaired(""), "");
}

TEST(Utf8, CutsBetweenCharacters) {
   EXPECT_EQ(utf8_truncated("a\u20acb", 5), "a\u20acb");
   EXPECT_EQ(utf8_truncated("a\u20acb", 4), "a\u20ac");
   EXPECT_EQ(utf8_truncated("a\u20acb", 3), "a");
   EXPECT_EQ(utf8_truncated("a\u20acb", 2), "a");
   EXPECT_EQ(utf8_truncated("a\u20acb", 1), "a");
   EXPECT_EQ(utf8_truncated("\u20ac", 2), "");
   EXPECT_EQ(utf8_truncated("abc", 0), "");
}

TEST(Utf8, CountsCharacters) {
   EXPECT_EQ(utf8_length(""), 0u);
   EXPECT_EQ(utf8_length("a\u00e9\u20ac\U0001F600"), 4u);
}

} // namespace
