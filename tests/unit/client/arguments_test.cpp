#include "client/arguments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fmcp::client {
namespace {

using ::testing::HasSubstr;

tool with_schema(std::string schema) {
   return {.name = "t",
           .title = {},
           .description = {},
           .json = R"({"name":"t","inputSchema":)" + schema + "}"};
}

const tool typical = with_schema(R"({"type":"object","additionalProperties":false,"properties":{
   "text":{"type":"string"},"n":{"type":"integer"},"x":{"type":"number"},"on":{"type":"boolean"},
   "list":{"type":"array"},"map":{"type":"object"},"maybe":{"type":["integer","null"]},
   "either":{"type":["number","string"]},"any":{}}})");

struct row {
   const char* word;
   const char* json;
};
class TypedArguments : public ::testing::TestWithParam<row> {};

TEST_P(TypedArguments, HaveTheTypeOfTheSchema) {
   const auto a = typed_arguments({GetParam().word}, &typical);
   ASSERT_TRUE(a.has_value()) << a.error().message;
   EXPECT_EQ(*a, GetParam().json);
}
INSTANTIATE_TEST_SUITE_P(
      All, TypedArguments,
      ::testing::Values(
            row{"text=true", R"({"text":"true"})"}, row{"text=", R"({"text":""})"},
            row{"text=a=b", R"({"text":"a=b"})"}, row{"text=\"q\"", R"({"text":"\"q\""})"},
            row{"n=-3", R"({"n":-3})"}, row{"n=3.0", R"({"n":3.0})"}, row{"x=1e3", R"({"x":1e3})"},
            row{"on=false", R"({"on":false})"}, row{"list=[1, \"a\"]", R"({"list":[1,"a"]})"},
            row{"map={\"a\": 1}", R"({"map":{"a":1}})"}, row{"maybe=null", R"({"maybe":null})"},
            row{"either=5", R"({"either":5})"}, row{"either=five", R"({"either":"five"})"},
            row{"either=true", R"({"either":"true"})"}, row{"any=[1]", R"({"any":[1]})"},
            row{"any=word", R"({"any":"word"})"}));

struct mistake {
   const char* word;
   const char* why;
};
class WrongArguments : public ::testing::TestWithParam<mistake> {};

TEST_P(WrongArguments, AreExplained) {
   const auto a = typed_arguments({GetParam().word}, &typical);
   ASSERT_FALSE(a.has_value()) << *a;
   EXPECT_THAT(a.error().message, HasSubstr(GetParam().why));
}
INSTANTIATE_TEST_SUITE_P(
      All, WrongArguments,
      ::testing::Values(mistake{"n=3.5", "n has to be an integer, and \"3.5\" is not"},
                        mistake{"n=three", "an integer"}, mistake{"x=NaN", "a number"},
                        mistake{"on=yes", "true or false"}, mistake{"list=a,b", "a list in JSON"},
                        mistake{"map=[1]", "an object in JSON"},
                        mistake{"maybe=x", "an integer or null"}, mistake{"n=", "an integer"},
                        mistake{"txet=x", "did you mean text?"},
                        mistake{"other=x", "no argument other"}, mistake{"word", "name=value"},
                        mistake{"=x", "name=value"}, mistake{"text=\xff", "UTF-8"}));

TEST(Arguments, AreOneObject) {
   EXPECT_EQ(typed_arguments({"text=a", "n=1"}, &typical), R"({"text":"a","n":1})");
   EXPECT_EQ(typed_arguments({}, &typical), "{}");
   EXPECT_THAT(typed_arguments({"n=1", "n=2"}, &typical).error().message, HasSubstr("twice"));
}

TEST(Arguments, OfAToolThatIsNotKnownReadAsTheyLook) {
   EXPECT_EQ(typed_arguments({"a=1", "b=x", "c=\"x\""}, nullptr), R"({"a":1,"b":"x","c":"\"x\""})");
   const auto open = with_schema(R"({"type":"object"})");
   EXPECT_EQ(typed_arguments({"a=1"}, &open), R"({"a":1})");
   const auto odd = with_schema("true");
   EXPECT_EQ(typed_arguments({"a=1"}, &odd), R"({"a":1})");
}

TEST(Arguments, AreTakenFromJson) {
   EXPECT_EQ(json_arguments("{\n \"a\": 1 }"), R"({"a":1})");
   EXPECT_THAT(json_arguments("[1]").error().message, HasSubstr("a JSON object"));
   EXPECT_THAT(json_arguments("{").error().message, HasSubstr("no JSON"));
}

} // namespace
} // namespace fmcp::client
