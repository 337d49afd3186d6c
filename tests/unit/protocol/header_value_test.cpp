#include "protocol/header_value.hpp"

#include <string>

#include <gtest/gtest.h>

#include "unit/protocol/parsed.hpp"

namespace fmcp::protocol {
namespace {

using test::parsed;
using type = header_parameter::type;
using text = std::optional<std::string>;

struct row {
   const char* name;
   std::string field;
   text value;
};

class HeaderValue : public testing::TestWithParam<row> {};

TEST_P(HeaderValue, IsDecodedToTheLetter) {
   EXPECT_EQ(decode_header_value(GetParam().field), GetParam().value);
   std::string memory;
   const auto view = decode_header_value(GetParam().field, memory);
   EXPECT_EQ(view ? text(*view) : std::nullopt, GetParam().value);
}

INSTANTIATE_TEST_SUITE_P(
      Table, HeaderValue,
      testing::Values(row{"Literal", "echo", "echo"}, row{"Empty", "", ""},
                      row{"OnlyBlanks", " \t ", ""}, row{"BlanksAround", " \techo \t", "echo"},
                      row{"BlanksInside", "a \t b", "a \t b"}, row{"Delete", "a\x7f", std::nullopt},
                      row{"Control", "a\x01", std::nullopt},
                      row{"Nul", std::string("a\0b", 3), std::nullopt},
                      row{"Utf8Raw", "caf\xC3\xA9", std::nullopt},
                      row{"Encoded", "=?base64?w6k=?=", "\xC3\xA9"},
                      row{"EncodedInBlanks", "  =?base64?w6k=?=\t", "\xC3\xA9"},
                      row{"EncodedEmpty",
                          "=?base64?"
                          "?=",
                          ""},
                      row{"EncodedSentinel", "=?base64?PT9iYXNlNjQ/YT89?=", "=?base64?a?="},
                      row{"EncodedControl", "=?base64?Cg==?=", "\n"},
                      row{"SharedMark", "=?base64?=", "=?base64?="},
                      row{"OnlyOpening", "=?base64?w6k=", "=?base64?w6k="},
                      row{"OnlyClosing", "w6k=?=", "w6k=?="},
                      row{"UpperCaseMark", "=?BASE64?w6k=?=", "=?BASE64?w6k=?="},
                      row{"MissingPadding", "=?base64?w6k?=", std::nullopt},
                      row{"TooMuchPadding", "=?base64?w6k==?=", std::nullopt},
                      row{"OnlyPadding", "=?base64?====?=", std::nullopt},
                      row{"UrlAlphabet", "=?base64?_-8=?=", std::nullopt},
                      row{"BlankInCode", "=?base64?w6 k=?=", std::nullopt},
                      row{"SpareBits", "=?base64?w6l=?=", std::nullopt},
                      row{"NotUtf8", "=?base64?/w==?=", std::nullopt}),
      [](const auto& r) { return r.param.name; });

TEST(HeaderValue, OfTheLiteralKindIsNotCopied) {
   const std::string field = " echo";
   std::string memory;
   const auto view = decode_header_value(field, memory);
   ASSERT_TRUE(view);
   EXPECT_EQ(view->data(), field.data() + 1);
   EXPECT_TRUE(memory.empty());
}

struct same_row {
   const char* header;
   const char* body;
   type what;
   bool is_same;
};

TEST(HeaderComparison, FollowsTheTypeOfTheBody) {
   const same_row rows[] = {
         {"us-west1", R"("us-west1")", type::string, true},
         {"US-west1", R"("us-west1")", type::string, false},
         {"a/b", R"("a\/b")", type::string, true}, // compared decoded
         {"42", "42", type::integer, true},
         {"42.0", "42", type::integer, true},
         {"42", "4.2e1", type::integer, true},
         {"-0", "0", type::integer, true},
         {"43", "42", type::integer, false},
         {"+42", "42", type::integer, false}, // no JSON number
         {"042", "42", type::integer, false},
         {"42.", "42", type::integer, false},
         {".5", "0.5", type::integer, false},
         {"0x2a", "42", type::integer, false},
         {"", "42", type::integer, false},
         {"42 ", "42", type::integer, false},
         {"9007199254740991", "9007199254740991", type::integer, true},
         {"-9007199254740991", "-9007199254740991", type::integer, true},
         {"9007199254740992", "9007199254740992", type::integer, false},
         {"9007199254740990", "9007199254740991", type::integer, false},
         {"1e400", "1", type::integer, false},
         {"true", "true", type::boolean, true},
         {"false", "false", type::boolean, true},
         {"True", "true", type::boolean, false},
         {"1", "true", type::boolean, false},
         {"{}", "{}", type::string, false},
         {"[]", "[]", type::string, false},
         // Of the wrong type, which the schema is about to say.
         {"5", "5", type::string, true},
         {"six", R"("six")", type::integer, true},
   };
   for (const auto& r : rows) {
      const parsed body(r.body);
      EXPECT_EQ(says_the_same(r.header, *body, r.what), r.is_same) << r.header << " / " << r.body;
   }
}

TEST(AnnotatedArgument, IsFoundThroughObjects) {
   const parsed v(R"({"a":{"b":{"c":7}},"n":null,"t":"x"})");
   const auto find = [&](std::vector<std::string> path) {
      return find_argument(&*v, {"Mcp-Param-X", std::move(path), type::integer});
   };
   ASSERT_NE(find({"a", "b", "c"}), nullptr);
   EXPECT_EQ(find({"a", "b", "c"})->number(), "7");
   EXPECT_EQ(find({"a", "x", "c"}), nullptr);
   EXPECT_EQ(find({"n"}), nullptr);      // null asks for no header
   EXPECT_EQ(find({"n", "b"}), nullptr); // nor does what is below it
   EXPECT_EQ(find({"t", "b"}), nullptr); // no object
   EXPECT_EQ(find_argument(nullptr, {"Mcp-Param-X", {"a"}, type::integer}), nullptr);
}

} // namespace
} // namespace fmcp::protocol
