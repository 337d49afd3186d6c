#include "client/header_value.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/document.hpp"

namespace fmcp::client {
namespace {

using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(HeaderValue, IsTheTextWhereThatCanStand) {
   EXPECT_EQ(header_value("add numbers"), "add numbers");
   EXPECT_EQ(header_value("=?base64?x"), "=?base64?x") << "only one of the two marks";
   EXPECT_EQ(header_value("ü"), "=?base64?w7w=?=");
   EXPECT_EQ(header_value(" x"), "=?base64?IHg=?=");
   EXPECT_EQ(header_value("x\n"), "=?base64?eAo=?=");
   EXPECT_EQ(header_value(""), "=?base64?"
                               "?=");
   EXPECT_EQ(header_value("=?base64?eA==?="), "=?base64?PT9iYXNlNjQ/ZUE9PT89?=");
}

TEST(ParameterFields, CopyWhatTheSchemaMarks) {
   json::document schema, arguments;
   ASSERT_TRUE(schema.parse_copy(R"({"properties":{
      "city":{"type":"string","x-mcp-header":"City"},
      "n":{"type":"integer","x-mcp-header":"N"},
      "on":{"type":"boolean","x-mcp-header":"On"},
      "gone":{"x-mcp-header":"Gone"}, "null":{"x-mcp-header":"Null"},
      "list":{"x-mcp-header":"List"}, "bad":{"x-mcp-header":"Bad Name"},
      "in":{"properties":{"deep":{"x-mcp-header":"Deep"}}},
      "items":{"items":{"properties":{"x":{"x-mcp-header":"X"}}}}}})"));
   ASSERT_TRUE(arguments.parse_copy(R"({"city":"Köln","n":42.0,"on":true,"null":null,"list":[1],)"
                                    R"("bad":"x","in":{"deep":"d"},"items":[{"x":1}]})"));
   EXPECT_THAT(parameter_fields(schema.root(), arguments.root()),
               UnorderedElementsAre(Pair("Mcp-Param-City", "=?base64?S8O2bG4=?="),
                                    Pair("Mcp-Param-N", "42.0"), Pair("Mcp-Param-On", "true"),
                                    Pair("Mcp-Param-Deep", "d")));
   ASSERT_TRUE(schema.parse_copy(R"({"properties":["x"]})"));
   EXPECT_THAT(parameter_fields(schema.root(), arguments.root()), IsEmpty());
}

} // namespace
} // namespace fmcp::client
