#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/tool.hpp"
#include "unit/protocol/parsed.hpp"
#include "unit/protocol/tools.hpp"

namespace fmcp::protocol {
namespace {

using core::errc;
using enum revision;
using test::define;
using test::define_output;
using test::listed;
using test::parsed;
using test::try_define;
using testing::HasSubstr;
using testing::StartsWith;

TEST(ToolDefinition, KeepsNameAndCompilesTheInputSchema) {
   const auto tool = define(R"({"name":"echo","inputSchema":{"type":"object",
      "properties":{"text":{"type":"string"}},"required":["text"]}})",
                            "echo");
   EXPECT_EQ(tool->name(), "echo");
   EXPECT_EQ(tool->output(), nullptr);
   EXPECT_TRUE(tool->input().accepts(*parsed(R"({"text":"a"})")));
   EXPECT_FALSE(tool->input().accepts(*parsed(R"({"text":1})")));
   EXPECT_FALSE(tool->input().accepts(*parsed("{}")));
}

TEST(ToolDefinition, OutlivesTheTextItWasMadeFrom) {
   std::shared_ptr<const tool_definition> tool;
   {
      json::document d;
      const std::string text = R"({"name":"t","description":"d","inputSchema":{"type":"object"}})";
      tool = *tool_definition::make("t", **d.parse_copy(text));
   }
   EXPECT_EQ(listed(*tool, newest_modern),
             R"({"name":"t","description":"d","inputSchema":{"type":"object"}})");
}

TEST(ToolDefinition, ReadsDraft7WhereTheSchemaSaysSo) {
   const auto tool = define(R"({"name":"t","inputSchema":{
      "$schema":"http://json-schema.org/draft-07/schema#","type":"object",
      "properties":{"a":{"type":"array","items":[{"type":"string"}]}}}})");
   EXPECT_EQ(tool->input().used_dialect(), json::dialect::draft7);
   EXPECT_FALSE(tool->input().accepts(*parsed(R"({"a":[1]})")));
}

struct refusal {
   const char* tool;
   errc code;
   const char* text; ///< part of the message
};

TEST(ToolDefinition, IsRefusedWithThePlaceNamed) {
   const refusal rows[] = {
         {R"([])", errc::invalid, "not an object"},
         {R"({"inputSchema":{"type":"object"}})", errc::invalid, "another \"name\""},
         {R"({"name":"u","inputSchema":{"type":"object"}})", errc::invalid, "another \"name\""},
         {R"({"name":"t"})", errc::invalid, "no inputSchema"},
         {R"({"name":"t","inputSchema":true})", errc::invalid, "no inputSchema"},
         {R"({"name":"t","inputSchema":{}})", errc::invalid, "\"type\": \"object\""},
         {R"({"name":"t","inputSchema":{"type":["object"]}})", errc::invalid,
          "\"type\": \"object\""},
         {R"({"name":"t","inputSchema":{"type":"object","required":1}})", errc::invalid,
          "inputSchema that cannot be used"},
         {R"({"name":"t","inputSchema":{"type":"object","properties":{"a":{"$ref":"#/nope"}}}})",
          errc::not_found, "inputSchema that cannot be used"},
         {R"({"name":"t","inputSchema":{"type":"object","$ref":"https://example.com/s"}})",
          errc::not_found, "inputSchema that cannot be used"},
         {R"({"name":"t","inputSchema":{"$schema":"https://example.com/d","type":"object"}})",
          errc::unsupported, "inputSchema that cannot be used"},
         {R"({"name":"t","inputSchema":{"type":"object"},"outputSchema":true})", errc::invalid,
          "outputSchema that is not an object"},
         {R"({"name":"t","inputSchema":{"type":"object"},"outputSchema":{"type":"nope"}})",
          errc::invalid, "outputSchema that cannot be used"},
         {R"({"name":"t","title":1,"inputSchema":{"type":"object"}})", errc::invalid, "\"title\""},
         {R"({"name":"t","description":null,"inputSchema":{"type":"object"}})", errc::invalid,
          "\"description\""},
         {R"({"name":"t","_meta":[],"inputSchema":{"type":"object"}})", errc::invalid, "\"_meta\""},
         {R"({"name":"t","annotations":[],"inputSchema":{"type":"object"}})", errc::invalid,
          "\"annotations\""},
         {R"({"name":"t","annotations":{"readOnlyHint":"yes"},"inputSchema":{"type":"object"}})",
          errc::invalid, "\"annotations\""},
         {R"({"name":"t","annotations":{"title":1},"inputSchema":{"type":"object"}})",
          errc::invalid, "\"annotations\""},
         {R"({"name":"t","icons":{},"inputSchema":{"type":"object"}})", errc::invalid, "\"icons\""},
         {R"({"name":"t","icons":[{}],"inputSchema":{"type":"object"}})", errc::invalid,
          "\"icons\""},
         {R"({"name":"t","icons":[{"src":"a","sizes":"1x1"}],"inputSchema":{"type":"object"}})",
          errc::invalid, "\"icons\""},
         {R"({"name":"t","icons":[{"src":"a","theme":"red"}],"inputSchema":{"type":"object"}})",
          errc::invalid, "\"icons\""},
         {R"({"name":"t","inputSchema":{"type":"object","x-mcp-header":"A"}})", errc::invalid,
          "x-mcp-header"},
   };
   for (const auto& r : rows) {
      const auto made = try_define(r.tool);
      ASSERT_FALSE(made) << r.tool;
      EXPECT_EQ(made.error().code, r.code) << r.tool << "\n" << made.error().message;
      EXPECT_THAT(made.error().message, HasSubstr(r.text)) << r.tool;
      EXPECT_THAT(made.error().message, StartsWith("has ")) << r.tool;
   }
}

TEST(ToolDefinition, ListsWhatTheRevisionKnows) {
   const auto tool = define(R"({
      "name":"t", "title":"T", "description":"d",
      "inputSchema":{"type":"object"},
      "outputSchema":{"type":"object"},
      "annotations":{"readOnlyHint":true,"title":"A"},
      "icons":[{"src":"data:,","mimeType":"image/png","sizes":["any"],"theme":"dark"}],
      "execution":{"taskSupport":"optional"},
      "_meta":{"ui":1},
      "vendor":[1, 2]})");
   const std::string oldest = R"({"name":"t","description":"d","inputSchema":{"type":"object"})";
   EXPECT_EQ(listed(*tool, v2024_11_05), oldest + R"(,"vendor":[1,2]})");
   EXPECT_EQ(listed(*tool, v2025_03_26),
             oldest + R"(,"annotations":{"readOnlyHint":true,"title":"A"},"vendor":[1,2]})");
   EXPECT_EQ(listed(*tool, v2025_06_18),
             R"({"name":"t","title":"T","description":"d","inputSchema":{"type":"object"},)"
             R"("outputSchema":{"type":"object"},"annotations":{"readOnlyHint":true,"title":"A"},)"
             R"("_meta":{"ui":1},"vendor":[1,2]})");
   const std::string newest =
         R"({"name":"t","title":"T","description":"d","inputSchema":{"type":"object"},)"
         R"("outputSchema":{"type":"object"},"annotations":{"readOnlyHint":true,"title":"A"},)"
         R"("icons":[{"src":"data:,","mimeType":"image/png","sizes":["any"],"theme":"dark"}],)"
         R"("_meta":{"ui":1},"vendor":[1,2]})";
   EXPECT_EQ(listed(*tool, v2025_11_25), newest);
   EXPECT_EQ(listed(*tool, v2026_07_28), newest);
}

TEST(ToolDefinition, PassesSchemasOnToTheLetter) {
   const std::string schema =
         R"({"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://a.example/s",)"
         R"("type":"object","$defs":{"n":{"$anchor":"n","multipleOf":1.0e0}},"properties":{)"
         R"("z":{"$ref":"#n","x-mcp-header":"Z","type":"integer"},"a":{"allOf":[{"const":"\u0041"}]}},)"
         R"("if":{"required":["a"]},"then":{},"else":{},"additionalProperties":false})";
   const auto tool = define(R"({"name":"t","inputSchema":)" + schema + "}");
   for (const auto r : {v2024_11_05, v2025_11_25, v2026_07_28}) {
      EXPECT_EQ(listed(*tool, r), R"({"name":"t","inputSchema":)" + schema + "}");
   }
}

TEST(ToolDefinition, ListsAnObjectOutputSchemaAsItIs) {
   const auto tool = define_output(R"({"type":"object","properties":{"a":{"type":"integer"}}})");
   EXPECT_TRUE(tool->has_object_output());
   EXPECT_THAT(listed(*tool, v2025_06_18),
               HasSubstr(R"("outputSchema":{"type":"object","properties":{"a":)"));
}

TEST(ToolDefinition, WrapsOtherOutputSchemasForLegacyClientsOnly) {
   const auto tool = define_output(R"({"type":"array","items":{"type":"integer"}})");
   EXPECT_FALSE(tool->has_object_output());
   EXPECT_THAT(listed(*tool, v2026_07_28),
               HasSubstr(R"("outputSchema":{"type":"array","items":{"type":"integer"}})"));
   for (const auto r : {v2025_06_18, v2025_11_25}) {
      EXPECT_THAT(listed(*tool, r),
                  HasSubstr(R"("outputSchema":{"type":"object","properties":{"result":{"type":)"
                            R"("array","items":{"type":"integer"}}},"required":["result"]})"));
   }
   EXPECT_THAT(listed(*tool, v2025_03_26), Not(HasSubstr("outputSchema")));
}

} // namespace
} // namespace fmcp::protocol
