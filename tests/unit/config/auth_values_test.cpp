// How the values of a provider's settings are written: one test per row of the reference's table.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/declaration.hpp"
#include "json/document.hpp"

namespace {

using namespace fmcp::config;
using ::testing::HasSubstr;

std::string delivered(std::string_view members, std::string_view text) {
   fmcp::json::document doc;
   const auto manifest =
         doc.parse_copy(R"({"settings":[{"name":"x",)" + std::string(members) + "}]}");
   EXPECT_TRUE(manifest.has_value()) << members;
   const auto declared = read_declarations(**manifest);
   EXPECT_TRUE(declared.has_value()) << declared.error().message;
   const auto value = convert(declared->settings[0], {.texts = {std::string(text)}});
   return value ? value->json : "no: " + value.error();
}

struct value_case {
   const char* text;
   const char* expected; ///< JSON, or a part of the refusal
};
class AuthValue : public ::testing::TestWithParam<std::pair<const char*, value_case>> {};

TEST_P(AuthValue, IsReadAsTheFrameworkDoesOrBetter) {
   const auto& [type, c] = GetParam();
   const auto got = delivered(type, c.text);
   if (std::string_view(c.expected).starts_with("no: ")) {
      EXPECT_THAT(got, HasSubstr(c.expected)) << c.text;
   } else {
      EXPECT_EQ(got, c.expected) << c.text;
   }
}

std::vector<std::pair<const char*, value_case>> cases(const char* type,
                                                      std::vector<value_case> values) {
   std::vector<std::pair<const char*, value_case>> out;
   for (const auto& v : values) out.emplace_back(type, v);
   return out;
}

INSTANTIATE_TEST_SUITE_P(
      ScopeList, AuthValue,
      ::testing::ValuesIn(cases(R"("type":"list")",
                                {{"a,b", R"(["a","b"])"},
                                 {"a b", R"(["a","b"])"},
                                 {" a ,  b,", R"(["a","b"])"},
                                 {R"(["a", "b c"])", R"(["a","b c"])"},
                                 {R"(["a", 5, 1.5])", R"(["a","5","1.5"])"},
                                 {R"("a b")", R"(["a","b"])"},
                                 {"", "[]"},
                                 {"[]", "[]"},
                                 {"https://a.example.com/x:y", R"(["https://a.example.com/x:y"])"},
                                 {"5", "no: is neither a JSON array nor words"},
                                 {"true", "no: is neither a JSON array nor words"},
                                 {R"({"a":1})", "no: is neither a JSON array nor words"},
                                 {R"(["a", "b")", "no: begins like JSON and is none"},
                                 {R"("a)", "no: begins like JSON and is none"},
                                 {R"(["a", true])", "no: has an entry that is no string"},
                                 {R"(["a", ["b"]])", "no: has an entry that is no string"}})));

INSTANTIATE_TEST_SUITE_P(
      Audience, AuthValue,
      ::testing::ValuesIn(cases(R"("type":"list","split":false)",
                                {{"P2x", R"(["P2x"])"},
                                 {"a,b", R"(["a,b"])"},
                                 {" a b ", R"(["a b"])"},
                                 {R"(["a", "b"])", R"(["a","b"])"},
                                 {R"("a b")", R"(["a b"])"},
                                 {"123", "no: is neither a JSON array nor a text"},
                                 {"true", "no: is neither a JSON array nor a text"},
                                 {R"({"a":1})", "no: is neither a JSON array nor a text"},
                                 {"[\"a\"", "no: begins like JSON and is none"},
                                 {R"([""])", "no: has an empty entry"},
                                 {R"("")", "no: has an empty entry"},
                                 {"", "no: has an empty entry"}})));

INSTANTIATE_TEST_SUITE_P(Integer, AuthValue,
                         ::testing::ValuesIn(cases(R"("type":"int")",
                                                   {{"10", "10"},
                                                    {"10.0", "10"},
                                                    {" 10 ", "10"},
                                                    {"10.5", "no: is not a whole number"},
                                                    {"1e1", "no: is not a whole number"},
                                                    {"", "no: is not a whole number"}})));

INSTANTIATE_TEST_SUITE_P(Boolean, AuthValue,
                         ::testing::ValuesIn(cases(R"("type":"bool")",
                                                   {{"1", "true"},
                                                    {"0", "false"},
                                                    {"TRUE", "true"},
                                                    {"False", "false"},
                                                    {"t", "true"},
                                                    {"F", "false"},
                                                    {"yes", "true"},
                                                    {"No", "false"},
                                                    {"Y", "true"},
                                                    {"n", "false"},
                                                    {"on", "true"},
                                                    {"OFF", "false"},
                                                    {"", "no: is neither true nor false"},
                                                    {" true ", "no: is neither true nor false"},
                                                    {"2", "no: is neither true nor false"}})));

INSTANTIATE_TEST_SUITE_P(
      Url, AuthValue,
      ::testing::ValuesIn(cases(R"("type":"url")",
                                {{"https://a.example.com", R"("https://a.example.com")"},
                                 {"http://localhost:3000/", R"("http://localhost:3000/")"},
                                 {"HTTPS://A.example.com", R"("HTTPS://A.example.com")"},
                                 {"", "no: is not an absolute URL"},
                                 {" https://a.example.com", "no: is not an absolute URL"},
                                 {"mailto:a@example.com", "no: is not an absolute URL"},
                                 {"ws://a.example.com",
                                  "no: does not begin with https or http://"}})));

TEST(AuthValues, OfAnAudienceAreCounted) {
   EXPECT_THAT(delivered(R"("type":"list","split":false,"min":1)", "[]"),
               HasSubstr("is less than 1 entries"));
}

TEST(AuthDeclaration, RefusesFurtherMembersThatAreWrong) {
   const std::pair<const char*, const char*> table[] = {
         {R"({"settings":[{"name":"a","type":"list","split":1}]})", "\"split\" that is no boolean"},
         {R"({"settings":[{"name":"a","type":"string","split":true}]})",
          "\"split\" that is no boolean of a list"},
         {R"({"settings":[{"name":"a","type":"url","assume_scheme":"gopher"}]})",
          "\"assume_scheme\" that is not among its schemes"},
         {R"({"settings":[],"any_of":[["a"]]})", "\"any_of\" names something that is no setting"},
         {R"({"settings":[],"any_of":1})", "\"any_of\" is no array"},
   };
   for (const auto& [text, expected] : table) {
      fmcp::json::document doc;
      const auto manifest = doc.parse_copy(text);
      ASSERT_TRUE(manifest.has_value());
      const auto declared = read_declarations(**manifest);
      ASSERT_FALSE(declared.has_value()) << text;
      EXPECT_THAT(declared.error().message, HasSubstr(expected));
   }
}

} // namespace
