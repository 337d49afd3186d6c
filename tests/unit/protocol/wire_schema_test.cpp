// Everything that this room writes about tools, for every revision, against the schema that the
// specification publishes for that revision.

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "protocol/call_result.hpp"
#include "protocol/catalogue.hpp"
#include "unit/protocol/parsed.hpp"
#include "unit/protocol/results.hpp"
#include "unit/protocol/tools.hpp"
#include "json/schema.hpp"

namespace fmcp::protocol {
namespace {

using test::a_result;
using test::parsed;
using test::text_block;
using kind = content::kind;
using outcome = tool_result::outcome;

constexpr std::array all_revisions{revision::v2024_11_05, revision::v2025_03_26,
                                   revision::v2025_06_18, revision::v2025_11_25,
                                   revision::v2026_07_28};

std::string published_schema(revision r) {
   const char* root = std::getenv("FASTMCP_TEST_DATA");
   const auto file = std::filesystem::path(root != nullptr ? root : FMCP_TEST_DATA_DEFAULT) /
                     "mcp-schema" / name_of(r) / "schema.json";
   std::ifstream in(file, std::ios::binary);
   if (!in) throw std::runtime_error("cannot read " + file.string());
   return {std::istreambuf_iterator<char>(in), {}};
}

/// The schema of one definition of a revision.
std::shared_ptr<const json::schema> schema_of(revision r, std::string_view definition) {
   static std::map<std::pair<revision, std::string>, std::shared_ptr<const json::schema>> made;
   auto& slot = made[{r, std::string(definition)}];
   if (slot) return slot;
   const bool is_old = r < revision::v2025_11_25;
   const auto dialect = is_old ? "http://json-schema.org/draft-07/schema#"
                               : "https://json-schema.org/draft/2020-12/schema";
   const auto text =
         fmt::format(R"({{"$schema":"{}","$ref":"https://mcp.example/schema.json#/{}/{}"}})",
                     dialect, is_old ? "definitions" : "$defs", definition);
   auto compiled = json::schema::compile(
         text,
         {.assert_formats = true, .load = [&](std::string_view uri) -> std::optional<std::string> {
             if (uri != "https://mcp.example/schema.json") return std::nullopt;
             return published_schema(r);
          }});
   if (!compiled) throw std::runtime_error(compiled.error().message);
   return slot = *compiled;
}

void expect_valid(const json::value& v, revision r, std::string_view definition) {
   for (const auto& why : schema_of(r, definition)->check(v)) {
      ADD_FAILURE() << name_of(r) << " " << definition << ": " << why.sentence() << "\n" << v.raw();
   }
}

std::string_view error_response(revision r) {
   return r < revision::v2025_11_25 ? "JSONRPCError" : "JSONRPCErrorResponse";
}

void expect_valid_answer(const std::string& text, revision r) {
   const parsed v(text);
   if (const auto* result = v->find("result"); result != nullptr) {
      expect_valid(*v, r, is_modern(r) ? "CallToolResultResponse" : "JSONRPCMessage");
      expect_valid(*result, r, "CallToolResult");
      if (is_modern(r)) return;
      for (const auto* modern : {"resultType", "ttlMs", "cacheScope"}) {
         EXPECT_EQ(result->find(modern), nullptr) << text;
      }
      EXPECT_EQ(text.find("io.modelcontextprotocol/"), std::string::npos) << text;
   } else {
      expect_valid(*v, r, error_response(r));
   }
}

/// One of each thing that a plugin can hand over, good and bad.
std::vector<std::pair<std::string, a_result>> every_result() {
   const std::string_view annotations =
         R"({"audience":["user"],"priority":1,"lastModified":"2025-01-12T15:00:58Z"})";
   std::vector<std::pair<std::string, a_result>> out;
   const auto add = [&](std::string name, std::vector<content> blocks, tool_result fields = {}) {
      out.push_back({std::move(name), {std::move(blocks), fields}});
   };
   add("nothing", {});
   add("text", {text_block("hello")});
   add("broken text", {text_block("\xFF\xFE")});
   add("annotated",
       {{.what = kind::text, .data = "t", .annotations_json = annotations},
        {.what = kind::image, .mime = "image/png", .data = "x", .annotations_json = annotations},
        {.what = kind::resource_text, .uri = "file:///a", .annotations_json = annotations}});
   add("image", {{.what = kind::image, .mime = "image/png", .data = "123"}});
   add("audio", {{.what = kind::audio, .mime = "audio/wav", .data = "1234"}});
   add("link", {{.what = kind::resource_link,
                 .mime = "text/plain",
                 .uri = "https://example.com/a",
                 .name = "A",
                 .data = "about",
                 .annotations_json = annotations}});
   add("resource text",
       {{.what = kind::resource_text, .mime = "text/plain", .uri = "file:///a", .data = "t"}});
   add("resource blob", {{.what = kind::resource_blob, .uri = "file:///a", .data = "12345"}});
   add("raw block",
       {{.what = kind::raw_json,
         .data = R"({"type":"audio","data":"YWJj","mimeType":"audio/wav","_meta":{"a":1}})"}});
   add("raw link",
       {{.what = kind::raw_json,
         .data = R"({"type":"resource_link","uri":"u:x","name":"n","size":4,"title":"T"})"}});
   add("image without type", {{.what = kind::image, .data = "123"}});
   for (const auto* value : {R"({"a":1})", "[1,2]", "7", "1.5", "\"s\"", "true", "null"}) {
      add(std::string("structured ") + value, {}, {.structured_json = value});
      add(std::string("failed with ") + value, {},
          {.what = outcome::tool_error, .structured_json = value});
   }
   add("broken structure", {}, {.structured_json = "{"});
   add("meta", {}, {.meta_json = R"({"a":{"b":1}})"});
   add("tool error", {text_block("more")}, {.what = outcome::tool_error, .message = "no"});
   add("wordless error", {}, {.what = outcome::tool_error});
   add("raw", {},
       {.raw_json = R"({"content":[{"type":"text","text":"a"}],"structuredContent":{"a":1},
                                   "isError":false,"resultType":"complete","_meta":{},"more":1})"});
   add("raw scalar", {}, {.raw_json = R"({"content":[],"structuredContent":3})"});
   add("broken raw", {}, {.raw_json = R"({"content":7})"});
   for (const int code : {0, 5, -32602, -32002, -32601, -32000}) {
      add("code " + std::to_string(code), {},
          {.what = outcome::rpc_error,
           .rpc_code = code,
           .message = "m",
           .error_data_json = R"({"uri":"u:x"})"});
   }
   add("capability", {},
       {.what = outcome::rpc_error,
        .rpc_code = -32021,
        .message = "m",
        .error_data_json = R"({"requiredCapabilities":{"elicitation":{}}})"});
   add("input", {}, {.what = outcome::need_input});
   add("cancelled", {}, {.what = outcome::cancelled});
   return out;
}

TEST(WireSchema, HoldsForEveryCallResult) {
   for (const auto r : all_revisions) {
      for (const auto& [name, result] : every_result()) {
         SCOPED_TRACE(name);
         expect_valid_answer(test::encode(result, r).text, r);
      }
   }
}

TEST(WireSchema, HoldsForTheMissingCapability) {
   const a_result r{{},
                    {.what = outcome::rpc_error,
                     .rpc_code = -32021,
                     .message = "m",
                     .error_data_json = R"({"requiredCapabilities":{"elicitation":{"url":{}}}})"}};
   expect_valid(*parsed(test::encode(r).text), newest_modern,
                "MissingRequiredClientCapabilityError");
}

TEST(WireSchema, HoldsForFailedCalls) {
   for (const auto r : all_revisions) {
      std::string out;
      (void)append_call_failure(out, "\"a\"", call_failure::timed_out, "Too slow.",
                                {.spoken = r, .server_info_member = test::server_info});
      expect_valid_answer(out, r);
   }
}

// Without this, a published schema that accepts anything would pass for agreement.
TEST(WireSchema, WouldNoticeAWrongResult) {
   for (const auto r : all_revisions) {
      const auto schema = schema_of(r, "CallToolResult");
      EXPECT_FALSE(schema->accepts(*parsed(R"({"resultType":"complete"})"))) << name_of(r);
      EXPECT_FALSE(schema->accepts(
            *parsed(R"({"resultType":"complete","content":[{"type":"image","data":""}]})")))
            << name_of(r);
   }
}

// The wrapped value has to satisfy what the wrapped list promised.
TEST(WireSchema, OfAWrappedOutputAcceptsTheWrappedContent) {
   struct row {
      const char* schema;
      const char* value;
   };
   const row rows[] = {
         {R"({"type":"array","items":{"$ref":"#/$defs/n"},"$defs":{"n":{"type":"integer"}}})",
          "[1]"},
         {R"({"type":["string","null"]})", "null"},
         {R"({"anyOf":[{"type":"object","required":["a"]},{"type":"number"}]})", R"({"a":1})"},
         {R"({"$ref":"#/$defs/o","$defs":{"o":{"type":"object","properties":{"next":{"$ref":"#"}}}}})",
          R"({"next":{"next":{}}})"},
   };
   for (const auto& [schema, value] : rows) {
      const auto tool = test::define_output(schema);
      for (const auto r : {revision::v2025_06_18, revision::v2025_11_25, revision::v2026_07_28}) {
         const parsed list(test::listed(*tool, r));
         const auto promised = json::schema::compile(list->find("outputSchema")->raw());
         ASSERT_TRUE(promised) << promised.error().message;
         const a_result result{{}, {.structured_json = value}};
         const parsed answer(test::encode(result, r, tool.get()).text);
         const auto* sent = answer->find("result")->find("structuredContent");
         ASSERT_NE(sent, nullptr) << answer->raw();
         EXPECT_TRUE((*promised)->accepts(*sent)) << name_of(r) << " " << sent->raw();
      }
   }
}

std::vector<tool_entry> every_tool() {
   const char* const texts[] = {
         R"({"name":"plain","inputSchema":{"type":"object"}})",
         R"({"name":"full","title":"T","description":"d",
             "inputSchema":{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",
                "properties":{"a":{"type":"string","x-mcp-header":"A"},"any":true,"never":false},
                "required":["a"],"additionalProperties":false,"allOf":[true]},
             "outputSchema":{"type":"object","properties":{"x":true}},
             "annotations":{"readOnlyHint":true,"title":"A"},
             "icons":[{"src":"data:image/png;base64,AA==","mimeType":"image/png","sizes":["48x48"],"theme":"light"}],
             "execution":{"taskSupport":"required"},"_meta":{"ui":{"resourceUri":"ui://a"}},"vendor":1})",
         R"({"name":"list","inputSchema":{"type":"object"},"outputSchema":{"type":"array","items":{"type":"string"}}})",
         R"({"name":"any","inputSchema":{"type":"object"},"outputSchema":{}})",
         R"({"name":"seven","inputSchema":{"$schema":"http://json-schema.org/draft-07/schema#","type":"object",
             "definitions":{"a":{"type":"integer"}},"properties":{"a":{"$ref":"#/definitions/a"}}},
             "outputSchema":{"$schema":"http://json-schema.org/draft-07/schema#","oneOf":[{"type":"null"},true]}})",
   };
   std::vector<tool_entry> out;
   for (const auto* text : texts) {
      const parsed v(text);
      out.push_back({test::define(text, v->find_string("name").value()), nullptr});
   }
   return out;
}

TEST(WireSchema, HoldsForEveryPageOfTools) {
   const catalogue c(
         every_tool(),
         {.page_size = 3,
          .result_meta =
                R"("_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}})"});
   for (const auto r : all_revisions) {
      std::optional<std::string> cursor;
      std::size_t count = 0;
      do {
         const auto text = c.page(r, cursor);
         ASSERT_TRUE(text);
         const parsed page(*text);
         expect_valid(*page, r, "ListToolsResult");
         count += page->find("tools")->items().size();
         cursor = page->find_string("nextCursor");
      } while (cursor);
      EXPECT_EQ(count, 5u);
   }
}

} // namespace
} // namespace fmcp::protocol
