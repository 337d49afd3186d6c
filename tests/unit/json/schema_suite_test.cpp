// The official JSON Schema test suite: every required test of both drafts must pass; of the
// optional ones the number that pass must not fall.

#include <cctype>

#include <gtest/gtest.h>

#include "suite_files.hpp"

namespace {

using fmcp::json::dialect;
using namespace fmcp::test;

constexpr const char* absent = "absent";

/// `tests/draft7/if-then-else.json` becomes `Draft7_if_then_else`.
std::string readable(const testing::TestParamInfo<std::string>& info) {
   auto name = std::filesystem::path(info.param).stem().string();
   std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
   if (info.param == absent) return name;
   return (dialect_of(info.param) == dialect::draft7 ? "Draft7_" : "Draft202012_") + name;
}

std::vector<std::string> required_files() {
   auto out = suite_files("tests/draft7");
   for (auto& file : suite_files("tests/draft2020-12")) out.push_back(std::move(file));
   if (out.empty()) out.emplace_back(absent);
   return out;
}

class SchemaSuite : public testing::TestWithParam<std::string> {};

TEST_P(SchemaSuite, PassesEveryRequiredTest) {
   if (GetParam() == absent)
      GTEST_SKIP() << "the JSON Schema test suite is not at " << suite_root();
   const auto outcome = run_suite_file(suite_root() / GetParam(), dialect_of(GetParam()), false);
   for (const auto& failure : outcome.failures) ADD_FAILURE() << failure;
   EXPECT_GT(outcome.passed, 0u);
}

INSTANTIATE_TEST_SUITE_P(Required, SchemaSuite, testing::ValuesIn(required_files()), readable);

/// Else a suite that lost half of its files would still pass.
TEST(SchemaSuiteSize, IsWhatItWas) {
   if (required_files().front() == absent) {
      GTEST_SKIP() << "the JSON Schema test suite is not at " << suite_root();
   }
   std::size_t draft7 = 0;
   std::size_t draft2020_12 = 0;
   for (const auto& file : required_files()) {
      const auto passed = run_suite_file(suite_root() / file, dialect_of(file), false).passed;
      (dialect_of(file) == dialect::draft7 ? draft7 : draft2020_12) += passed;
   }
   EXPECT_EQ(draft7, 927u);
   EXPECT_EQ(draft2020_12, 1299u);
}

} // namespace
