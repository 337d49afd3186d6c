// Starting: what the process says, what it refuses.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/mcp_client.hpp"

namespace {

using namespace fmcp::test;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Start, NamesTheUrlThatItServes) {
   http_host host;
   EXPECT_NE(host.port(), 0);
   EXPECT_EQ(host.url(), "http://" + host.authority() + "/mcp");
   EXPECT_EQ(ask(host.port(), modern_post("/mcp", "server/discover")).status, 200);
}

TEST(Start, ServesAnotherPath) {
   http_host host({.options = {"--path", "/tools/v1"}});
   EXPECT_THAT(host.url(), EndsWith("/tools/v1"));
   EXPECT_EQ(ask(host.port(), modern_post("/tools/v1", "server/discover")).status, 200);
   EXPECT_EQ(ask(host.port(), modern_post("/mcp", "server/discover")).status, 404);
}

TEST(Start, TellsNameVersionTitleAndInstructions) {
   http_host host({.options = {"--name", "garden", "--server-version", "7.1", "--title",
                               "The garden", "--instructions", "Water first."}});
   const auto legacy = response_of(legacy_session(host).opening());
   EXPECT_EQ(legacy.at("/result/serverInfo/name"), "garden");
   EXPECT_EQ(legacy.at("/result/serverInfo/version"), "7.1");
   EXPECT_EQ(legacy.at("/result/serverInfo/title"), "The garden");
   EXPECT_EQ(legacy.at("/result/instructions"), "Water first.");
   const auto modern = response_of(ask(host.port(), modern_post("/mcp", "server/discover")));
   EXPECT_EQ(modern.at("/result/instructions"), "Water first.");
   EXPECT_EQ(modern.at("/result/_meta/io.modelcontextprotocol~1serverInfo/name"), "garden");
}

TEST(Start, FailsOnAPortThatIsTaken) {
   http_host first;
   temp_dir directory;
   const auto second = run_host({"run", test_plugin("echo"), "--transport", "http", "--port",
                                 std::to_string(first.port()), "--plugin-dir", directory.path()},
                                directory);
   EXPECT_EQ(second.code, 1);
   EXPECT_THAT(second.err, HasSubstr(std::to_string(first.port())));
   EXPECT_THAT(second.err, Not(HasSubstr("listening url=")));
   EXPECT_EQ(ask(first.port(), modern_post("/mcp", "server/discover")).status, 200);
}

TEST(Start, RefusesAnAddressThatOthersReach) {
   temp_dir directory;
   const auto host = run_host({"run", test_plugin("echo"), "--transport", "http", "--host",
                               "0.0.0.0", "--port", "0", "--plugin-dir", directory.path()},
                              directory);
   EXPECT_NE(host.code, 0);
   EXPECT_THAT(host.err, AllOf(HasSubstr("0.0.0.0"), HasSubstr("allow")));
}

TEST(Start, TakesSettingsFromEnvironmentFileAndFlags) {
   http_host host({.options = {"--name", "by-flag"},
                   .environment = {{"FASTMCP_NAME", "by-environment"},
                                   {"FASTMCP_STREAMABLE_HTTP_PATH", "/elsewhere"}}});
   EXPECT_EQ(host.path(), "/elsewhere");
   EXPECT_EQ(response_of(legacy_session(host).opening()).at("/result/serverInfo/name"), "by-flag");
}

} // namespace
