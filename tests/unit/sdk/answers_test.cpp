// What the tools of the test plugins answer, through the host's own code.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sdk/loaded_plugin.hpp"
#include "unit/plugins/plugin_files.hpp"

namespace fmcp {
namespace {

using plugins::call_failure;
using test::built;
using test::loaded_plugin;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(Answers, EveryKindOfBlock) {
   loaded_plugin p(built("kinds"));
   ASSERT_EQ(p.problem(), "");
   const auto only = [&](const char* tool) {
      const auto a = p.call(tool);
      EXPECT_EQ(a.outcome, FMCP_OUT_OK) << tool;
      EXPECT_EQ(a.blocks.size(), 1u) << tool;
      return a.blocks.at(0);
   };
   const std::string binary("\x00\x01\xFE\xFF", 4);
   EXPECT_EQ(only("kind_text").data, std::string("\"quotes\", \\, \n, \x01, \0, \xE2\x82\xAC", 24));
   EXPECT_EQ(only("kind_image").kind, FMCP_C_IMAGE);
   EXPECT_EQ(only("kind_image").mime, "image/png");
   EXPECT_EQ(only("kind_image").data, binary);
   EXPECT_EQ(only("kind_audio").kind, FMCP_C_AUDIO);
   const auto link = only("kind_link");
   EXPECT_EQ(link.kind, FMCP_C_RESOURCE_LINK);
   EXPECT_EQ(link.uri, "test://there");
   EXPECT_EQ(link.name, "there");
   EXPECT_EQ(link.data, "What is there");
   EXPECT_EQ(only("kind_text_resource").kind, FMCP_C_RESOURCE_TEXT);
   const auto blob = only("kind_blob_resource");
   EXPECT_EQ(blob.kind, FMCP_C_RESOURCE_BLOB);
   EXPECT_EQ(blob.mime, "application/octet-stream");
   EXPECT_EQ(only("kind_raw").kind, FMCP_C_RAW_JSON);
   EXPECT_TRUE(p.call("kind_nothing").blocks.empty());
}

TEST(Answers, AnnotationsAndMeta) {
   loaded_plugin p(built("kinds"));
   const auto a = p.call("kind_annotated");
   EXPECT_EQ(a.blocks.at(0).annotations,
             R"({"audience":["user"],"priority":0.5,"lastModified":"2026-01-31T12:00:00Z"})");
   EXPECT_EQ(a.meta, R"({"test/a":[1,2]})");
}

TEST(Answers, LargeBytesChangeOwnerAndSmallOnesAreBorrowed) {
   loaded_plugin p(built("kinds"));
   EXPECT_TRUE(p.call("kind_large").blocks.at(0).is_owned);
   EXPECT_FALSE(p.call("kind_text").blocks.at(0).is_owned);
}

TEST(Answers, StructuredContentOfEveryShape) {
   loaded_plugin p(built("kinds"));
   const std::string triangle = R"({"name":"triangle","paint":"green","corners":[{"x":0,"y":0},)"
                                R"({"x":1,"y":0},{"x":0.5,"y":0.75}]})";
   EXPECT_EQ(p.call("kind_object").structured, triangle);
   EXPECT_TRUE(p.call("kind_object").blocks.empty());
   EXPECT_EQ(p.call("kind_object_with_text").structured, triangle);
   EXPECT_EQ(p.call("kind_object_with_text").text(), "A green triangle.");
   EXPECT_EQ(p.call("kind_array").structured, "[1,2,3]");
   EXPECT_EQ(p.call("kind_scalar").structured, "42.5");
   EXPECT_EQ(p.call("kind_string").structured, "\"word\"");
   EXPECT_EQ(p.call("kind_null").structured, "null");
   EXPECT_EQ(p.call("kind_map").structured, R"({"no":false,"yes":true})");
   EXPECT_EQ(p.call("kind_later").structured, triangle);
   EXPECT_EQ(p.call("kind_echo_shape", triangle).structured, triangle);
   EXPECT_THAT(p.tool("kind_later").json, HasSubstr(R"("outputSchema":{"type":"object")"));
   EXPECT_THAT(p.tool("kind_scalar").json, HasSubstr(R"("outputSchema":{"type":"number"})"));
}

TEST(Answers, ArgumentsThatAMemberCannotHoldAreForTheModel) {
   loaded_plugin p(built("kinds"));
   const auto a = p.call("kind_echo_shape", R"({"name":"x","paint":"blue","corners":[]})");
   EXPECT_EQ(a.outcome, FMCP_OUT_TOOL_ERROR);
   EXPECT_EQ(a.message, "The arguments do not fit: /paint is none of the words that are allowed.");
}

TEST(Answers, ProgressAndLogs) {
   loaded_plugin p(built("conformance"));
   ASSERT_EQ(p.problem(), "");
   const auto progress = p.call("test_tool_with_progress", "{}", FMCP_RQ_PROGRESS);
   EXPECT_EQ(progress.text(), "Went from 0 to 100.");
   EXPECT_THAT(progress.progress,
               ElementsAre(Pair(0, "Completed step 0 of 100"), Pair(50, "Completed step 50 of 100"),
                           Pair(100, "Completed step 100 of 100")));
   const auto logs = p.call("test_tool_with_logging").logs;
   EXPECT_EQ(logs.size(), 3u);
   EXPECT_THAT(logs, Each(Pair(FMCP_LOG_INFO, HasSubstr("\"Tool "))));
}

TEST(Answers, RequestFlagsReachTheTool) {
   loaded_plugin p(built("conformance"));
   const auto without = p.call("test_missing_capability");
   EXPECT_EQ(without.outcome, FMCP_OUT_RPC_ERROR);
   EXPECT_EQ(without.code, -32021);
   EXPECT_EQ(without.error_data, R"({"requiredCapabilities":{"sampling":{}}})");
   EXPECT_EQ(p.call("test_missing_capability", "{}", FMCP_RQ_CAN_SAMPLE).outcome, FMCP_OUT_OK);
}

TEST(Answers, TheConformanceFixturesHaveTheSuitesNamesAndAHarmlessFirst) {
   loaded_plugin p(built("conformance"));
   auto names = p.tool_names();
   EXPECT_EQ(names.front(), "test_simple_text");
   EXPECT_THAT(names,
               testing::UnorderedElementsAre(
                     "test_simple_text", "test_image_content", "test_audio_content",
                     "test_embedded_resource", "test_multiple_content_types", "test_error_handling",
                     "test_tool_with_progress", "test_tool_with_logging",
                     "json_schema_2020_12_tool", "test_reconnection", "test_missing_capability",
                     "test_streaming_elicitation", "test_logging_tool", "test_trigger_tool_change",
                     "test_trigger_prompt_change", "test_x_mcp_header", "greet"));
   EXPECT_EQ(p.call("test_simple_text", "").text(), "This is a simple text response for testing.");
   EXPECT_EQ(p.call("greet", "").text(), "Hello, World!"); // no arguments at all
   EXPECT_EQ(p.call("test_trigger_tool_change").text(), "Added test_dynamic_tool.");
   p.relist();
   EXPECT_EQ(p.call("test_dynamic_tool").text(), "Here.");
   EXPECT_EQ(p.call("test_trigger_tool_change").text(), "Removed test_dynamic_tool.");
   p.relist();
   EXPECT_EQ(p.tool_names(), names);
}

TEST(Answers, AToolMayBringItsOwnSchema) {
   loaded_plugin p(built("conformance"));
   const auto& json = p.tool("json_schema_2020_12_tool").json;
   EXPECT_THAT(json, HasSubstr(R"("$schema":"https://json-schema.org/draft/2020-12/schema")"));
   EXPECT_THAT(json, HasSubstr(R"("$anchor":"addressDef")"));
   EXPECT_EQ(p.call("json_schema_2020_12_tool", R"({"email":"a@b"})").text(),
             R"(Called with {"email":"a@b"})");
}

TEST(Answers, ABlockingToolHearsOfItsCancellation) {
   loaded_plugin p(built("slow"));
   for (const auto* tool : {"slow", "slow_async"}) {
      const auto call = p.start(tool, R"({"ms":600000})");
      plugins::instance::cancel(*call, FMCP_CANCEL_CLIENT);
      EXPECT_EQ(call->get().why, call_failure::cancelled) << tool;
      // It did stop: the slot is free long before the ten minutes are over.
      EXPECT_TRUE(test::eventually([&] { return !p.instance().is_busy(); })) << tool;
      EXPECT_EQ(p.call(tool, R"({"ms":1})").text(), "slept 1 ms") << tool;
   }
}

TEST(Answers, APollingToolSeesItsCancellation) {
   loaded_plugin p(built("slow"));
   const auto call = p.start("slow_polling", R"({"ms":600000})", FMCP_RQ_PROGRESS);
   ASSERT_TRUE(call->reported(2));
   plugins::instance::cancel(*call, FMCP_CANCEL_CLIENT);
   EXPECT_EQ(call->get().why, call_failure::cancelled);
   EXPECT_TRUE(test::eventually([&] { return !p.instance().is_busy(); }));
}

TEST(Answers, ADeadlineWakesTheToolThatBlocks) {
   loaded_plugin p(built("slow"));
   EXPECT_EQ(p.call("slow_short_deadline", R"({"ms":600000})").why, call_failure::timed_out);
   EXPECT_TRUE(test::eventually([&] { return !p.instance().is_busy(); }));
}

TEST(Answers, StoppingWakesWhatBlocks) {
   loaded_plugin p(built("slow"));
   const auto blocking = p.start("slow", R"({"ms":600000})");
   EXPECT_TRUE(p.unload());
   EXPECT_EQ(blocking->get().why, call_failure::stopped);
}

TEST(Answers, StoppingCutsAWaitShort) {
   loaded_plugin p(built("slow"));
   const auto waiting = p.start("slow_async", R"({"ms":600000})");
   p.instance().refuse_calls(); // what a host does first: the call may still end by itself
   EXPECT_TRUE(p.unload());
   EXPECT_EQ(waiting->get().why, call_failure::stopped);
}

TEST(Answers, ToolsComeAndGo) {
   loaded_plugin p(built("changing"));
   EXPECT_THAT(p.tool_names(), ElementsAre("add_tool", "remove_tool"));
   EXPECT_EQ(p.call("add_tool", R"({"name":"fresh"})").text(), "added fresh");
   p.relist();
   EXPECT_THAT(p.tool_names(), ElementsAre("add_tool", "remove_tool", "fresh"));
   EXPECT_EQ(p.call("fresh").text(), "fresh");
   EXPECT_EQ(p.call("add_tool", R"({"name":"fresh"})").failure, "There is a tool fresh already.");
   const auto gone = p.start("remove_tool", R"({"name":"fresh"})")->get();
   EXPECT_EQ(gone.text(), "removed fresh");
   // Called by somebody who has the old list.
   EXPECT_EQ(p.call("fresh").failure, "The plugin no longer has this tool.");
   p.relist();
   EXPECT_THAT(p.tool_names(), ElementsAre("add_tool", "remove_tool"));
   EXPECT_EQ(p.call("remove_tool", R"({"name":"fresh"})").message, "There is no tool fresh.");
}

} // namespace
} // namespace fmcp
