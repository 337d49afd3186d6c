#include "core/text.hpp"

#include <array>

#include <gtest/gtest.h>

namespace {

using namespace fmcp::core;

TEST(Text, ComparesAsciiWithoutCase) {
   EXPECT_TRUE(iequals("Content-Type", "cONTENT-tYPE"));
   EXPECT_TRUE(iequals("", ""));
   EXPECT_FALSE(iequals("a", "ab"));
   EXPECT_FALSE(iequals("[", "{")) << "only letters have a case";
   EXPECT_FALSE(iequals("\u00c4", "\u00e4")) << "no locale";
}

TEST(Text, ComparesEveryCharacterAtEveryPlace) {
   const auto lower = [](int c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; };
   for (std::size_t size = 1; size < 20; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
         std::string a(size, 'x'), b(size, 'X');
         for (int x = 0; x < 256; ++x) {
            a[at] = static_cast<char>(x);
            for (const int y : {x, x ^ 0x20, x ^ 0x80, x ^ 0x01, (x + 1) & 0xff, 0x5b, 0x7b}) {
               b[at] = static_cast<char>(y);
               ASSERT_EQ(iequals(a, b), lower(x) == lower(y))
                     << x << ' ' << y << " at " << at << " of " << size;
            }
         }
      }
   }
}

TEST(Text, ChangesTheCaseOfAsciiOnly) {
   EXPECT_EQ(to_lower("ABZaz09-\u00c4"), "abzaz09-\u00c4");
   EXPECT_EQ(to_upper("ABZaz09-\u00e4"), "ABZAZ09-\u00e4");
}

TEST(Text, TrimsBlanksAndTabs) {
   EXPECT_EQ(trim(" \t a b \t"), "a b");
   EXPECT_EQ(trim("\n a"), "\n a") << "a line break is no optional white space";
   EXPECT_EQ(trim(" \t "), "");
   EXPECT_EQ(trim(""), "");
}

TEST(Text, MakesControlCharactersVisible) {
   std::string out = "> ";
   append_printable(out, std::string_view("a\n\r\t\x1b[31m\0\x7f \u00e9", 14));
   EXPECT_EQ(out, "> a\\n\\r\\t\\x1b[31m\\x00\\x7f \u00e9");
}

// To a terminal U+009B means the same as ESC [.
TEST(Text, MakesControlCharactersOfTheSecondSetVisible) {
   std::string out;
   append_printable(out, "a\xC2\x9B"
                         "31m\xC2\x80\xC2\x9F\u00a0\xC2");
   EXPECT_EQ(out, "a\\x9b31m\\x80\\x9f\u00a0\xC2");
}

TEST(Text, KnowsATokenOfHttp) {
   // As RFC 9110 5.6.2 has it: VCHAR without delimiters.
   constexpr std::string_view delimiters = "\"(),/:;<=>?@[\\]{}";
   for (int i = 0; i < 256; ++i) {
      const char c = static_cast<char>(i);
      const bool is_visible = i > 0x20 && i < 0x7f;
      EXPECT_EQ(is_token_char(c), is_visible && !delimiters.contains(c)) << i;
      EXPECT_EQ(is_token(std::string{'a', c, 'Z'}), is_token_char(c)) << i;
   }
   EXPECT_TRUE(is_token("x"));
   EXPECT_FALSE(is_token(""));
   EXPECT_FALSE(is_token({"a\0", 2}));
   EXPECT_FALSE(is_token("a b"));
}

TEST(Text, MeasuresTheDistanceOfNames) {
   EXPECT_EQ(edit_distance("", ""), 0u);
   EXPECT_EQ(edit_distance("abc", ""), 3u);
   EXPECT_EQ(edit_distance("", "abc"), 3u);
   EXPECT_EQ(edit_distance("limit", "limt"), 1u);
   EXPECT_EQ(edit_distance("limit", "lmiit"), 1u) << "two neighbours in the wrong order";
   EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Text, GuessesTheNameThatWasMeant) {
   constexpr std::array<std::string_view, 3> names{"plugin-dir", "port", "path"};
   EXPECT_EQ(did_you_mean("plugindir", names), "plugin-dir");
   EXPECT_EQ(did_you_mean("PORT", names), "port");
   EXPECT_EQ(did_you_mean("prot", names), "port");
   EXPECT_EQ(did_you_mean("something", names), "");
   EXPECT_EQ(did_you_mean("x", {}), "");
}

} // namespace
