// Plugins of the wrapper really go, and leave nothing behind.

#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "sdk/loaded_plugin.hpp"
#include "unit/plugins/plugin_files.hpp"

namespace fmcp {
namespace {

using test::built;
using test::loaded_plugin;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true; // its shadow memory and quarantine grow by themselves
#else
constexpr bool is_sanitized = false;
#endif

std::size_t resident_bytes() {
   std::ifstream in("/proc/self/statm");
   std::size_t all = 0, resident = 0;
   in >> all >> resident;
   return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// Loads, calls, makes it throw, unloads.
void one_round(const std::string& bytes) {
   loaded_plugin p(bytes);
   ASSERT_EQ(p.problem(), "");
   ASSERT_EQ(p.call("answers").text(), "fine");
   ASSERT_EQ(p.call("throws_exception").failure, "The disk is full.");
   ASSERT_EQ(p.call("throws_in_task").failure, "Half way.");
   ASSERT_TRUE(p.unload());
}

TEST(Unload, EachPluginOfTheWrapperIsGoneAfterwards) {
   for (const auto* name : {"conformance", "kinds", "throws", "slow", "changing"}) {
      loaded_plugin p(built(name));
      EXPECT_EQ(p.problem(), "") << name;
      EXPECT_FALSE(p.tools().empty()) << name;
      EXPECT_TRUE(p.unload()) << name;
   }
}

TEST(Unload, AHundredTimesIsFlatInMemory) {
   const auto bytes = built("throws");
   const int most = is_sanitized ? 10 : 100;
   std::size_t after_ten = 0;
   for (int i = 1; i <= most; ++i) {
      one_round(bytes);
      if (HasFatalFailure()) return;
      if (i == 10) after_ten = resident_bytes();
   }
   if (is_sanitized) GTEST_SKIP() << "resident memory says nothing under a sanitizer";
   // What a static libstdc++ keeps for exceptions would alone be 1.2 MiB by now.
   EXPECT_LT(resident_bytes(), after_ten + (512u << 10));
}

TEST(Unload, AnInstanceThatRefusedItselfIsGoneToo) {
   loaded_plugin p(built("throws"), {R"({"refuse":true})", {}});
   EXPECT_NE(p.problem(), "");
   EXPECT_TRUE(p.unload());
}

TEST(Unload, TwoInstancesOfOneFileLiveSideBySide) {
   const auto bytes = built("changing");
   loaded_plugin a(bytes), b(bytes);
   EXPECT_EQ(a.call("add_tool", R"({"name":"only_in_a"})").text(), "added only_in_a");
   a.relist();
   b.relist();
   EXPECT_EQ(a.tools().size(), 3u);
   EXPECT_EQ(b.tools().size(), 2u);
   EXPECT_TRUE(a.unload());
   EXPECT_EQ(b.call("add_tool", R"({"name":"x"})").text(), "added x");
}

} // namespace
} // namespace fmcp
