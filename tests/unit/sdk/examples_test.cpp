// The examples do what their READMEs say.

#include <gtest/gtest.h>

#include "sdk/loaded_plugin.hpp"
#include "unit/plugins/plugin_files.hpp"

namespace fmcp {
namespace {

using test::loaded_plugin;

std::string example(std::string_view name) {
   return test::built(std::string("../../examples/").append(name));
}

TEST(Examples, TheSmallestToolInC) {
   loaded_plugin p(example("tool_c"));
   ASSERT_EQ(p.problem(), "");
   EXPECT_EQ(p.call("hello_c").text(), "Hello from C!");
   EXPECT_TRUE(p.unload());
}

TEST(Examples, TheSmallestToolInCpp) {
   loaded_plugin p(example("tool_cpp"));
   ASSERT_EQ(p.problem(), "");
   EXPECT_EQ(p.call("greet_cpp", R"({"who":"you"})").text(), "Hello, you!\n");
   EXPECT_EQ(p.call("greet_cpp", R"({"who":"you","times":2})").text(),
             "Hello, you!\nHello, you!\n");
   EXPECT_TRUE(p.unload());
}

TEST(Examples, TheAsynchronousToolReportsAndStops) {
   loaded_plugin p(example("async_progress"));
   ASSERT_EQ(p.problem(), "");
   const auto call = p.start("count_down", R"({"from":3600})", FMCP_RQ_PROGRESS);
   ASSERT_TRUE(call->reported(1));
   plugins::instance::cancel(*call, FMCP_CANCEL_CLIENT);
   const auto a = call->get();
   EXPECT_EQ(a.why, plugins::call_failure::cancelled);
   EXPECT_EQ(a.progress.at(0), std::pair(0.0, std::string("3600 seconds left")));
   EXPECT_TRUE(test::eventually([&] { return !p.instance().is_busy(); }));
   EXPECT_TRUE(p.unload());
}

TEST(Examples, TheStructuredToolAnswersWithData) {
   loaded_plugin p(example("structured_output"));
   ASSERT_EQ(p.problem(), "");
   EXPECT_EQ(p.call("summarize", R"({"values":[1,2,3]})").structured,
             R"({"count":3,"mean":2,"deviation":0.816496580927726,"direction":"rising"})");
   EXPECT_TRUE(p.unload());
}

} // namespace
} // namespace fmcp
