// Whatever a plugin throws, and wherever: the host lives, and the words arrive.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sdk/loaded_plugin.hpp"
#include "unit/plugins/plugin_files.hpp"

namespace fmcp {
namespace {

using plugins::call_failure;
using test::built;
using test::loaded_plugin;
using testing::HasSubstr;

TEST(Wrapper, AnExceptionInACallFailsThatCallWithItsWords) {
   loaded_plugin p(built("throws"));
   const auto a = p.call("throws_exception");
   EXPECT_FALSE(a.has_result);
   EXPECT_EQ(a.why, call_failure::failed);
   EXPECT_EQ(a.failure, "The disk is full.");
   EXPECT_EQ(p.call("answers").text(), "fine");
}

TEST(Wrapper, SomethingThatIsNoExceptionFailsThatCall) {
   loaded_plugin p(built("throws"));
   const auto a = p.call("throws_int");
   EXPECT_EQ(a.why, call_failure::failed);
   EXPECT_EQ(a.failure, "The plugin threw something that is no std::exception.");
   EXPECT_EQ(p.call("throws_bad_alloc").failure, "The plugin ran out of memory.");
   EXPECT_EQ(p.call("answers").text(), "fine");
}

TEST(Wrapper, ToolErrorsAndRpcErrorsAreResults) {
   loaded_plugin p(built("throws"));
   const auto for_model = p.call("throws_tool_error");
   EXPECT_EQ(for_model.outcome, FMCP_OUT_TOOL_ERROR);
   EXPECT_EQ(for_model.message, "There is no such city.");
   const auto for_client = p.call("throws_rpc_error");
   EXPECT_EQ(for_client.outcome, FMCP_OUT_RPC_ERROR);
   EXPECT_EQ(for_client.code, -32002);
   EXPECT_EQ(for_client.message, "There is no such resource.");
   EXPECT_EQ(for_client.error_data, R"({"uri":"x://y"})");
}

TEST(Wrapper, LongWordsAreCutBetweenCharacters) {
   loaded_plugin p(built("throws"));
   const auto a = p.call("throws_long");
   // 1024 bytes of room hold 341 characters of three bytes.
   EXPECT_EQ(a.failure.size(), 341u * 3);
   EXPECT_TRUE(a.failure.ends_with("\xE2\x82\xAC"));
}

// Like those of any other tool, so that the operator can hide them: what() may say anything.
TEST(Wrapper, ExceptionsOfAnAsyncToolFailItsCall) {
   loaded_plugin p(built("throws"));
   for (const auto& [tool, words] : {
              std::pair{"throws_in_async", "Not even started."},
              std::pair{"throws_in_task", "Half way."},
              std::pair{"throws_int_in_task",
                        "The plugin threw something that is no std::exception."},
        }) {
      const auto call = p.start(tool);
      const auto a = call->get();
      EXPECT_FALSE(a.has_result) << tool;
      EXPECT_EQ(a.why, plugins::call_failure::failed) << tool;
      EXPECT_EQ(a.failure, words) << tool;
      EXPECT_EQ(call->outcomes(), 1) << tool;
   }
   EXPECT_EQ(p.call("answers").text(), "fine");
}

TEST(Wrapper, AnAsyncCallThatIsForgottenIsCompleted) {
   loaded_plugin p(built("throws"));
   for (const auto& [tool, words] : {
              std::pair{"throws_after_moving", "The tool ended without an answer."},
              std::pair{"drops", "The tool ended without an answer."},
        }) {
      const auto call = p.start(tool);
      const auto a = call->get();
      EXPECT_EQ(a.outcome, FMCP_OUT_TOOL_ERROR) << tool;
      EXPECT_EQ(a.message, words) << tool;
      EXPECT_EQ(call->outcomes(), 1) << tool;
   }
   EXPECT_EQ(p.call("answers").text(), "fine");
}

TEST(Wrapper, ExceptionsInTheConstructorRefuseThePlugin) {
   EXPECT_EQ(loaded_plugin(built("throws"), {R"({"refuse":true})", {}}).problem(),
             "failed in init(): Refused, as it was told to.");
   EXPECT_EQ(loaded_plugin(built("throws"), {R"({"refuse_with":"setting_error"})", {}}).problem(),
             "cannot use its settings: refuse_with must not be setting_error.");
   EXPECT_EQ(loaded_plugin(built("throws"), {R"({"refuse_with":"int"})", {}}).problem(),
             "failed in init(): The plugin threw something that is no std::exception.");
   EXPECT_EQ(loaded_plugin(built("throws"), {R"({"refuse_with":"nothing"})", {}}).problem(), "");
}

TEST(Wrapper, SettingsOfAnotherTypeRefuseThePlugin) {
   EXPECT_THAT(loaded_plugin(built("throws"), {R"({"refuse":"maybe"})", {}}).problem(),
               HasSubstr("The setting refuse cannot be used: The value must be true or false."));
}

} // namespace
} // namespace fmcp
