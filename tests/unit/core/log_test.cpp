#include "core/log.hpp"

#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

namespace log = fmcp::core::log;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class Log : public testing::Test {
protected:
   void SetUp() override { log::set_level(log::level::info); }
   void TearDown() override { log::set_level(log::level::info); }

   template <class F>
   static std::string written(F&& f) {
      testing::internal::CaptureStderr();
      f();
      return testing::internal::GetCapturedStderr();
   }
};

TEST_F(Log, WritesTimeLevelRoomAndText) {
   const auto line = written([] { log::warn("net", "refused {}", log::kv("peer", "192.0.2.1")); });
   EXPECT_THAT(line,
               MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9]+\\.[0-9]+Z warning net: "
                            "refused peer=\"192\\.0\\.2\\.1\"\n"));
}

TEST_F(Log, LeavesOutWhatIsBelowTheThreshold) {
   EXPECT_EQ(written([] { log::debug("net", "x"); }), "");
   log::set_level(log::level::error);
   EXPECT_EQ(written([] { log::warn("net", "x"); }), "");
   EXPECT_THAT(written([] { log::error("net", "x"); }), EndsWith(" error net: x\n"));
   log::set_level(log::level::off);
   EXPECT_EQ(written([] { log::error("net", "x"); }), "");
   EXPECT_EQ(written([] { log::write(log::level::off, "net", "x"); }), "");
}

TEST_F(Log, DoesNotFormatWhatItLeavesOut) {
   log::set_level(log::level::debug);
   EXPECT_TRUE(log::enabled(log::level::debug));
   EXPECT_FALSE(log::enabled(log::level::trace));
}

TEST_F(Log, KeepsOneEventOnOneLine) {
   const auto line = written([] { log::info("net", "a{}b", "\nforged error\x1b[2J"); });
   EXPECT_THAT(line, EndsWith("info net: a\\nforged error\\x1b[2Jb\n"));
   EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST_F(Log, CutsLongLines) {
   const auto line = written([] { log::write(log::level::info, "net", std::string(20'000, 'x')); });
   EXPECT_LT(line.size(), 8300u);
   EXPECT_GT(line.size(), 8192u);
}

TEST_F(Log, QuotesValues) {
   EXPECT_EQ(log::kv("k", "v"), "k=\"v\"");
   EXPECT_EQ(log::kv("k", "a\"b\\c\n"), "k=\"a\\\"b\\\\c\\n\"");
   EXPECT_EQ(log::kv("k", ""), "k=\"\"");
   const auto cut = log::kv("k", std::string(600, 'x'));
   EXPECT_EQ(cut, "k=\"" + std::string(512, 'x') + "…\"");
}

TEST_F(Log, NeverCutsACharacterInHalf) {
   const auto cut = log::kv("k", std::string(511, 'x') + "\u20ac\u20ac");
   EXPECT_EQ(cut, "k=\"" + std::string(511, 'x') + "…\"");
   const auto line =
         written([] { log::write(log::level::info, "r", std::string(8191, 'x') + "\u20ac"); });
   EXPECT_THAT(line, EndsWith("x\n"));
}

TEST_F(Log, KnowsTheNamesOfLevels) {
   log::level l{};
   for (const auto& [name, expected] : {std::pair{"DEBUG", log::level::debug},
                                        {"info", log::level::info},
                                        {"Warning", log::level::warn},
                                        {"warn", log::level::warn},
                                        {"ERROR", log::level::error},
                                        {"critical", log::level::critical},
                                        {"trace", log::level::trace},
                                        {"off", log::level::off}}) {
      ASSERT_TRUE(log::parse_level(name, l)) << name;
      EXPECT_EQ(l, expected) << name;
   }
   l = log::level::warn;
   EXPECT_FALSE(log::parse_level("loud", l));
   EXPECT_FALSE(log::parse_level("", l));
   EXPECT_EQ(l, log::level::warn);
}

TEST_F(Log, WritesWholeLinesFromManyThreads) {
   const auto text = written([] {
      std::vector<std::thread> threads;
      for (int t = 0; t < 4; ++t) {
         threads.emplace_back([] {
            for (int i = 0; i < 50; ++i) log::info("net", "{}", std::string(100, 'y'));
         });
      }
      for (auto& t : threads) t.join();
   });
   std::size_t lines = 0;
   for (std::size_t at = 0; at < text.size();) {
      const auto end = text.find('\n', at);
      ASSERT_NE(end, std::string::npos);
      EXPECT_THAT(text.substr(at, end - at), EndsWith(" info net: " + std::string(100, 'y')));
      at = end + 1;
      ++lines;
   }
   EXPECT_EQ(lines, 200u);
}

} // namespace
