#include "json/regex.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace fmcp::json;
using ::testing::HasSubstr;

bool matches(std::string_view pattern, std::string_view text) {
   const auto r = regex::compile(pattern);
   EXPECT_TRUE(r.has_value()) << pattern << ": " << r.error().message;
   return r.has_value() && r->search(text, {}) == regex::outcome::match;
}

struct match_case {
   const char* why;
   std::string pattern;
   std::string text;
   bool found;
};

class RegexMeaning : public testing::TestWithParam<match_case> {};

TEST_P(RegexMeaning, IsThatOfEcma262) {
   const auto& c = GetParam();
   EXPECT_EQ(matches(c.pattern, c.text), c.found) << c.pattern << " in " << c.text;
}

// Where PCRE2 means something else, or would refuse.
INSTANTIATE_TEST_SUITE_P(
      Table, RegexMeaning,
      testing::Values(match_case{"Anywhere", "b", "abc", true},
                      match_case{"DollarIsTheVeryEnd", "^a$", "a\n", false},
                      match_case{"DotStopsAtLineSeparators", "^.$", "\u2028", false},
                      match_case{"DotTakesOtherCharacters", "^.$", "\U0001F600", true},
                      match_case{"DotTakesNul", "^.$", std::string(1, '\0'), true},
                      match_case{"BlankSetHasNoBreakSpace", "^\\s$", "\u00a0", true},
                      match_case{"BlankSetHasByteOrderMark", "^\\s$", "\uFEFF", true},
                      match_case{"NegatedBlankSet", "^\\S$", "\u2029", false},
                      match_case{"NegatedBlankInClass", "^[\\S]$", "x", true},
                      match_case{"NegatedBlankInNegatedClass", "^[^\\S]$", "\u00a0", true},
                      match_case{"NegatedBlankWithMember", "^[^x\\S]$", "x", false},
                      match_case{"DigitsAreAscii", "^\\d$", "\u0663", false},
                      match_case{"WordsAreAscii", "^\\w$", "\u00e9", false},
                      match_case{"LongCategoryName", "^\\p{Letter}+$", "\u00e9a", true},
                      match_case{"LongCategoryNameNegated", "^\\P{Letter}+$", "1", true},
                      match_case{"GeneralCategory", "^\\p{General_Category=Decimal_Number}$",
                                 "\u0663", true},
                      match_case{"Script", "^\\p{Script=Greek}$", "\u03b1", true},
                      match_case{"ControlLetter", "^\\cA$", "\x01", true},
                      match_case{"ControlLowerLetter", "^\\ca$", "\x01", true},
                      match_case{"HexEscape", "^\\x41$", "A", true},
                      match_case{"UnicodeEscape", "^\\u0041$", "A", true},
                      match_case{"BracedUnicodeEscape", "^\\u{1F600}$", "\U0001F600", true},
                      match_case{"SurrogatePairEscape", "^\\ud83d\\ude00$", "\U0001F600", true},
                      match_case{"EmptyClassMatchesNothing", "[]", "a", false},
                      match_case{"NegatedEmptyClassMatchesAll", "^[^]$", "\n", true},
                      match_case{"BracketInClassIsItself", "^[[:alpha:]]+$", "a]", true},
                      match_case{"BraceIsItself", "^a{$", "a{", true},
                      match_case{"BraceWithoutFirstNumber", "^a{,3}$", "a{,3}", true},
                      match_case{"PoundIsItself", "^a#b$", "a#b", true},
                      match_case{"BlankIsItself", "^a b$", "a b", true},
                      match_case{"UnsetGroupIsEmpty", "^(?:(a)|b)\\1$", "b", true},
                      match_case{"NamedGroup", "^(?<x>a)\\k<x>$", "aa", true},
                      match_case{"Lookbehind", "(?<=a)b", "ab", true},
                      match_case{"BackspaceInClass", "^[\\b]$", "\b", true},
                      match_case{"SlashEscape", "^\\/$", "/", true},
                      match_case{"HyphenEscape", "^[a\\-z]$", "-", true},
                      match_case{"RangeOverSurrogates", "^[\\u{0}-\\u{10FFFF}]$", "\uE000", true},
                      match_case{"LoneSurrogateMatchesNothing", "^\\ud800$", "x", false}),
      [](const auto& row) { return std::string(row.param.why); });

struct bad_pattern {
   const char* why;
   const char* pattern;
};

class RegexRefuses : public testing::TestWithParam<bad_pattern> {};

TEST_P(RegexRefuses, WhatEcma262HasNot) {
   const auto r = regex::compile(GetParam().pattern);
   ASSERT_FALSE(r.has_value()) << GetParam().pattern;
   EXPECT_EQ(r.error().code, fmcp::core::errc::invalid);
   EXPECT_THAT(r.error().message, HasSubstr("the pattern"));
}

INSTANTIATE_TEST_SUITE_P(
      Table, RegexRefuses,
      testing::Values(bad_pattern{"EndOfText", "\\Z"}, bad_pattern{"Alarm", "\\a"},
                      bad_pattern{"Possessive", "a++"}, bad_pattern{"PythonName", "(?P<n>a)"},
                      bad_pattern{"Verb", "(*ACCEPT)a"}, bad_pattern{"Atomic", "(?>a)"},
                      bad_pattern{"Recursion", "(?R)"}, bad_pattern{"Callout", "(?C1)"},
                      bad_pattern{"Conditional", "(?(1)a|b)"}, bad_pattern{"SingleByte", "\\C"},
                      bad_pattern{"OpenGroup", "(a"}, bad_pattern{"ClosedGroup", "a)"},
                      bad_pattern{"OpenClass", "[a"}, bad_pattern{"LoneStar", "*a"},
                      bad_pattern{"RepeatedAnchor", "^*"}, bad_pattern{"EndsInBackslash", "a\\"},
                      bad_pattern{"ReversedRange", "[z-a]"}, bad_pattern{"NoSuchGroup", "\\2(a)"},
                      bad_pattern{"Octal", "\\01"}, bad_pattern{"ShortHex", "\\x4"},
                      bad_pattern{"UnknownProperty", "\\p{Nonsense}"},
                      bad_pattern{"PropertyInjection", "\\p{L})(?R"},
                      bad_pattern{"IllFormedUtf8", "\xFF"}),
      [](const auto& row) { return std::string(row.param.why); });

TEST(Regex, RefusesPatternsWithoutBound) {
   const auto r = regex::compile(std::string(20'000, 'a'));
   ASSERT_FALSE(r.has_value());
   EXPECT_THAT(r.error().message, HasSubstr("20000 bytes, allowed are 16384"));
}

TEST(Regex, GivesUpOnCatastrophicBacktracking) {
   const auto r = regex::compile("^(a+)+$");
   EXPECT_EQ(r->search(std::string(40, 'a') + "!", {}), regex::outcome::too_costly);
   EXPECT_EQ(r->search(std::string(40, 'a'), {}), regex::outcome::match);
   EXPECT_EQ(r->search("b", {}), regex::outcome::no_match);
}

TEST(Regex, GivesUpWhenTheDeadlineHasPassed) {
   const auto r = regex::compile("a");
   const auto past = std::chrono::steady_clock::now() - std::chrono::seconds(1);
   EXPECT_EQ(r->search("b", {.deadline = past}), regex::outcome::too_costly);
}

// `a*b` from each of a megabyte of starting points never touches PCRE2's match limit.
TEST(Regex, GivesUpOnQuadraticSearches) {
   const auto r = regex::compile("a*b");
   const auto soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
   EXPECT_EQ(r->search(std::string(4u << 20, 'a'), {.deadline = soon}), regex::outcome::too_costly);
}

TEST(Regex, FindsMatchesFarIntoALongText) {
   EXPECT_TRUE(matches("x$", std::string(200'000, 'y') + "x"));
   EXPECT_TRUE(matches("\u00e9x", std::string(1000, 'y') + "\u00e9x"));
   EXPECT_FALSE(matches("z", std::string(200'000, 'y')));
}

// A window of starting points that ends inside of a character.
TEST(Regex, CutsLongTextsBetweenCharacters) {
   std::string text;
   for (int i = 0; i < 50'000; ++i) text += "\u20ac";
   EXPECT_FALSE(matches("[\\u0080-\\u00ff]", text));
   EXPECT_TRUE(matches("\\u20ac$", text));
}

TEST(RegexTranslation, WritesEveryCharacterByItsNumber) {
   EXPECT_EQ(translate_ecma_pattern("ab").value(), "\\x{61}\\x{62}");
   EXPECT_EQ(translate_ecma_pattern("[a-c]").value(), "[\\x{61}-\\x{63}]");
}

} // namespace
