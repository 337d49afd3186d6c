// The command line of the real program.

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/host_process.hpp"
#include "support/json_text.hpp"

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
