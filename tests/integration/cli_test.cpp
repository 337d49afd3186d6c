// The command line of the real program.

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/host_process.hpp"
#include "support/json_text.hpp"
#include "support/scripted_server.hpp"

namespace {

using namespace fmcp::test;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

TEST(CommandLine, ExplainsItselfWithoutArguments) {
   temp_dir directory;
   const auto out = run_host({}, directory);
   EXPECT_THAT(out.out + out.err, AllOf(HasSubstr("run"), HasSubstr("plugins list"),
                                        HasSubstr("config show"), HasSubstr("version")));
}

/// The words of each example of the overview; one may be continued behind a backslash.
std::vector<std::vector<std::string>> examples(const std::string& overview) {
   std::vector<std::vector<std::string>> out;
   std::istringstream lines(overview.substr(overview.find("For example")));
   bool goes_on = false;
   for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string word;
      if (!goes_on && (!line.starts_with("  fastmcp-host ") || !(words >> word))) continue;
      if (!goes_on) out.emplace_back();
      goes_on = false;
      while (words >> word) {
         goes_on = word == "\\";
         if (!goes_on) out.back().push_back(word);
      }
   }
   return out;
}

TEST(CommandLine, TheExamplesOfItsOverviewWork) {
   temp_dir directory;
   scripted_server nobody; // no client leaves this machine
   nobody.behave(scripted_server::mode::refuse);
   const auto all = examples(run_host({}, directory).out);
   ASSERT_EQ(all.size(), 4u);
   bool has_auth = false;
   for (auto words : all) {
      const bool is_run = words.at(0) == "run";
      has_auth = has_auth || (is_run && std::ranges::find(words, "--auth") != words.end());
      if (is_run) { // its settings are right and complete
         words.at(0) = "config";
         words.insert(words.begin() + 1, "show");
      }
      const auto seen = run_host(words, directory, {{"FASTMCP_HTTPS_PROXY", nobody.origin()}});
      EXPECT_EQ(seen.code, is_run ? 0 : 1) << testing::PrintToString(words) << seen.err;
      if (!is_run) {
         EXPECT_THAT(seen.err, HasSubstr("mcp.example.com")) << "or it was not even tried";
      }
   }
   EXPECT_TRUE(has_auth);
}

TEST(CommandLine, TellsItsVersion) {
   temp_dir directory;
   const auto out = run_host({"version"}, directory);
   EXPECT_EQ(out.code, 0);
   EXPECT_THAT(out.out, MatchesRegex("fastmcp-host [0-9]+\\.[0-9]+\\.[0-9]+[^\n]*\n"));
}

TEST(CommandLine, ListsPluginsWithWhatBecameOfThem) {
   temp_dir directory;
   const auto out = run_host({"plugins", "list", test_plugin("echo"), test_plugin("bad_abi"),
                              "--plugin-dir", directory.path()},
                             directory);
   EXPECT_THAT(out.out, AllOf(HasSubstr("ISOLATION"), HasSubstr("echo"), HasSubstr("active"),
                              HasSubstr("bad_abi"), HasSubstr("failed"), HasSubstr("999")));
}

TEST(CommandLine, ListsPluginsForPrograms) {
   temp_dir directory;
   const auto out = run_host(
         {"plugins", "list", "--json", test_plugin("echo"), "--plugin-dir", directory.path()},
         directory);
   EXPECT_EQ(out.code, 0) << out.err;
   const json_text rows(out.out);
   EXPECT_EQ(rows.at("/0/name"), "echo");
   EXPECT_EQ(rows.at("/0/tools"), R"(["echo"])");
   EXPECT_EQ(rows.at("/0/status"), "active");
}

TEST(CommandLine, DescribesAPluginWithoutRunningIt) {
   temp_dir directory;
   const auto trace = directory.at("trace");
   const auto out = run_host({"plugins", "info", "--json", test_plugin("constructor_note")},
                             directory, {{"FMCP_TEST_CONSTRUCTOR_FILE", trace}});
   EXPECT_EQ(out.code, 0) << out.err;
   const json_text facts(out.out);
   EXPECT_EQ(facts.at("/manifest/name"), "constructor_note");
   EXPECT_EQ(facts.at("/abi/major"), "1");
   EXPECT_EQ(facts.at("/sha256").size(), 64u);
   EXPECT_FALSE(std::filesystem::exists(trace)) << "its constructor ran";
}

TEST(CommandLine, SaysWhyAFileIsNoPlugin) {
   temp_dir directory;
   const auto out = run_host({"plugins", "info", directory.put("text.so", "no ELF")}, directory);
   EXPECT_EQ(out.code, 1);
   EXPECT_THAT(out.err, AllOf(HasSubstr("text.so"), HasSubstr("ELF")));
   EXPECT_THAT(out.out, IsEmpty());
}

TEST(CommandLine, ShowsEverySettingWithItsSource) {
   temp_dir directory;
   const auto out = run_host({"config", "show", "--json", "--port", "9001"}, directory,
                             {{"FASTMCP_NAME", "from-the-environment"}});
   EXPECT_EQ(out.code, 0) << out.err;
   const json_text report(out.out);
   EXPECT_EQ(report.at("/settings/port/value"), "9001");
   EXPECT_THAT(report.at("/settings/port/source"), HasSubstr("--port"));
   EXPECT_EQ(report.at("/settings/name/value"), "from-the-environment");
   EXPECT_THAT(report.at("/settings/name/source"), HasSubstr("FASTMCP_NAME"));
   EXPECT_EQ(report.at("/settings/path/value"), "/mcp");
}

TEST(CommandLine, HidesSecrets) {
   temp_dir directory;
   const std::string secret = "correct-horse-battery-staple-0123456789";
   const auto out = run_host({"config", "show"}, directory, {{"FASTMCP_SESSION_KEY", secret}});
   EXPECT_THAT(out.out + out.err, Not(HasSubstr(secret)));
}

TEST(CommandLine, NamesTheMistakeAndAWayOut) {
   temp_dir directory;
   const auto flag = run_host({"run", "--prot", "1"}, directory);
   EXPECT_EQ(flag.code, 2);
   EXPECT_THAT(flag.err, AllOf(HasSubstr("--prot"), HasSubstr("--port")));
   const auto value = run_host({"run", "--port", "eighty"}, directory);
   EXPECT_NE(value.code, 0);
   EXPECT_THAT(value.err, AllOf(HasSubstr("port"), HasSubstr("eighty")));
   const auto command = run_host({"serve"}, directory);
   EXPECT_EQ(command.code, 2);
   EXPECT_THAT(command.err, HasSubstr("serve"));
}

} // namespace
