// The message schemas of the protocol's revisions, which other tests hold messages against: large
// schemas of both drafts that people wrote for other readers than us.

#include <gtest/gtest.h>

#include "suite_files.hpp"

namespace {

using namespace fmcp::json;
using namespace fmcp::test;

class McpSchema : public testing::TestWithParam<const char*> {};

TEST_P(McpSchema, TellsMessagesApart) {
   const auto file = data_root() / "mcp-schema" / GetParam() / "schema.json";
   const auto text = read_text(file);
   if (!text) GTEST_SKIP() << "the protocol's schemas are not at " << file;
   const bool is_old = text->find("/draft-07/") != std::string::npos;
   schema_options options;
   options.load = [&](std::string_view uri) {
      return uri == "https://example.com/mcp" ? text : std::nullopt;
   };
   const std::string definitions = is_old ? "definitions" : "$defs";
   const auto tool = schema::compile(
         R"({"$ref":"https://example.com/mcp#/)" + definitions + R"(/Tool"})", options);
   ASSERT_TRUE(tool.has_value()) << tool.error().message;
   document d;
   EXPECT_TRUE((*tool)->accepts(
         *d.parse_copy(R"({"name":"echo","inputSchema":{"type":"object"}})").value()));
   EXPECT_FALSE((*tool)->accepts(*d.parse_copy(R"({"name":"echo"})").value()));
   EXPECT_FALSE(
         (*tool)->accepts(*d.parse_copy(R"({"name":1,"inputSchema":{"type":"object"}})").value()));
}

INSTANTIATE_TEST_SUITE_P(Revisions, McpSchema,
                         testing::Values("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25",
                                         "2026-07-28"));

} // namespace
