#include "config/env_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace fmcp::config;
using fmcp::core::errc;
using ::testing::HasSubstr;
using lines = std::vector<env_line>;

std::optional<std::string> process(std::string_view name) {
   if (name == "HOME") return "/home/u";
   if (name == "TRICK") return "${HOME}";
   return std::nullopt;
}

struct env_case {
   const char* name;
   std::string_view text;
   lines expected;
};
void PrintTo(const env_case& c, std::ostream* os) {
   *os << c.name;
}

class EnvFile : public ::testing::TestWithParam<env_case> {};

TEST_P(EnvFile, Reads) {
   const auto parsed = parse_env_file(GetParam().text, process);
   ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
   const auto& got = parsed->lines;
   ASSERT_EQ(got.size(), GetParam().expected.size());
   for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(got[i].name, GetParam().expected[i].name);
      EXPECT_EQ(got[i].value, GetParam().expected[i].value);
      EXPECT_EQ(got[i].line, GetParam().expected[i].line);
   }
}

INSTANTIATE_TEST_SUITE_P(
      Syntax, EnvFile,
      ::testing::Values(
            env_case{"Plain", "A=b", {{"A", "b", 1}}},
            env_case{"Export", "export A=b\nexport\tB=c", {{"A", "b", 1}, {"B", "c", 2}}},
            env_case{"NameThatBeginsWithExport", "exported=1", {{"exported", "1", 1}}},
            env_case{"BlanksAroundEquals", "  A \t=\t b c  ", {{"A", "b c", 1}}},
            env_case{"CommentLine", "# A=b\n  # C=d\nE=f", {{"E", "f", 3}}},
            env_case{"CommentBehindBlank", "A=b # c\nB=b\t#c", {{"A", "b", 1}, {"B", "b", 2}}},
            env_case{"HashInsideAValue", "A=P2#frag\nB=#x", {{"A", "P2#frag", 1}, {"B", "#x", 2}}},
            env_case{"CommentInsteadOfAValue", "A= # none", {{"A", "", 1}}},
            env_case{"Empty", "A=\nB=''\nC=\"\"", {{"A", "", 1}, {"B", "", 2}, {"C", "", 3}}},
            env_case{"DoubleQuotesWithEscapes",
                     R"(A="x\ny\t\"\\\$\q")",
                     {{"A", "x\ny\t\"\\\\$\\q", 1}}},
            env_case{
                  "SingleQuotesAreLiteral", R"(A='x\ny "z" \'\\')", {{"A", "x\\ny \"z\" '\\", 1}}},
            env_case{"CommentBehindAQuote", "A=\"x # y\" # z", {{"A", "x # y", 1}}},
            env_case{"QuotesOverSeveralLines",
                     "A=\"x\ny\r\nz\"\nB=c",
                     {{"A", "x\ny\nz", 1}, {"B", "c", 4}}},
            env_case{"QuoteInsideAPlainValue", "A=it's", {{"A", "it's", 1}}},
            env_case{"LineWithoutEquals", "nonsense\nexport A\nB=c", {{"B", "c", 3}}},
            env_case{"Repeated", "A=1\nA=2", {{"A", "1", 1}, {"A", "2", 2}}},
            env_case{"EqualsInsideAValue", "A=b=c==", {{"A", "b=c==", 1}}},
            env_case{"ByteOrderMark",
                     "\xEF\xBB\xBF"
                     "A=b",
                     {{"A", "b", 1}}},
            env_case{"CarriageReturns",
                     "A=b\r\n\r\nB=c\rC=d",
                     {{"A", "b", 1}, {"B", "c", 3}, {"C", "d", 4}}},
            env_case{"Expansion", "A=${HOME}/x", {{"A", "/home/u/x", 1}}},
            env_case{"ExpansionInEveryForm",
                     "A=1\nB=\"${A}\"\nC='${A}'",
                     {{"A", "1", 1}, {"B", "1", 2}, {"C", "1", 3}}},
            env_case{"FileBeforeProcess",
                     "HOME=/here\nA=${HOME}",
                     {{"HOME", "/here", 1}, {"A", "/here", 2}}},
            env_case{"LastOneOfTheFileExpands",
                     "A=1\nA=2\nB=${A}",
                     {{"A", "1", 1}, {"A", "2", 2}, {"B", "2", 3}}},
            env_case{"NotDefined", "A=x${NONE}y", {{"A", "xy", 1}}},
            env_case{"DefaultOfAnExpansion",
                     "A=${NONE:-8000}\nB=${HOME:-x}",
                     {{"A", "8000", 1}, {"B", "/home/u", 2}}},
            env_case{"NoSecondExpansion", "A=${TRICK}", {{"A", "${HOME}", 1}}},
            env_case{"DollarsThatMeanNothing",
                     "A=$HOME\nB=${HOME\nC=$",
                     {{"A", "$HOME", 1}, {"B", "${HOME", 2}, {"C", "$", 3}}},
            env_case{"NothingAtAll", "", {}}),
      [](const auto& each) { return std::string(each.param.name); });

TEST(EnvFileLines, WithoutAnEqualsSignAreGivenBack) {
   const auto parsed =
         parse_env_file("A: b\n\n  # c\n \t\nB=c\n setenv C d\r\nD='x\ny'\nE", process);
   ASSERT_TRUE(parsed.has_value());
   EXPECT_THAT(parsed->loose,
               ::testing::ElementsAre(loose_line{"A: b", 1}, loose_line{"setenv C d", 6},
                                      loose_line{"E", 9}));
   EXPECT_EQ(parsed->lines.size(), 2u);
}

TEST(EnvFileErrors, NameTheLine) {
   const auto message = [](std::string_view text) {
      const auto parsed = parse_env_file(text, process);
      return parsed ? std::string("no error") : parsed.error().message;
   };
   EXPECT_EQ(message("A=b\nC='x"), "Line 2: the quote ' is not closed.");
   EXPECT_EQ(message("A=\"x\\\""), "Line 1: the quote \" is not closed.");
   EXPECT_EQ(message("A='x' y"), "Line 1: there is text behind the closing quote.");
   EXPECT_EQ(message("\nA B=c"), "Line 2: what stands before '=' is no variable name.");
   EXPECT_EQ(message("=c"), "Line 1: what stands before '=' is no variable name.");
   EXPECT_THAT(message(std::string_view("A=\0", 3)), HasSubstr("NUL"));
   EXPECT_THAT(message("A=\xff"), HasSubstr("UTF-8"));
}

TEST(EnvFileErrors, NeverShowAValue) {
   const auto parsed = parse_env_file("KEY='hunter2' hunter3", process);
   ASSERT_FALSE(parsed.has_value());
   EXPECT_THAT(parsed.error().message, ::testing::Not(HasSubstr("hunter")));
}

TEST(EnvFileErrors, StopAnExpansionThatDoubles) {
   std::string text = "A0=xxxxxxxx\n";
   for (int i = 1; i < 40; ++i) {
      const auto before = std::to_string(i - 1);
      text += "A" + std::to_string(i) + "=${A" + before + "}${A" + before + "}\n";
   }
   const auto parsed = parse_env_file(text, process);
   ASSERT_FALSE(parsed.has_value());
   EXPECT_EQ(parsed.error().code, errc::limit);
}

TEST(EnvFileErrors, BoundTheNumberOfLines) {
   EXPECT_EQ(parse_env_file(std::string(10'000, '\n'), process).error().code, errc::limit);
}

} // namespace
