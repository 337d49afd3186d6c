// Starting: what the process says, what it refuses.

#include <fstream>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/protected_host.hpp"

namespace {

using namespace fmcp::test;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
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

TEST(Start, SaysWhyItFailsWhateverIsLogged) {
   http_host first;
   temp_dir directory;
   const std::vector<std::string> words{"run",          "--transport",    "http",
                                        "--plugin-dir", directory.path(), "--port"};
   const auto start = [&](std::string port, variables more) {
      auto all = words;
      all.push_back(std::move(port));
      all.insert(all.end(), {"--auth-plugin-dir", shipped_providers()});
      more.emplace_back("FASTMCP_LOG_LEVEL", "CRITICAL");
      return run_host(all, directory, more);
   };
   const auto port = start(std::to_string(first.port()), {});
   EXPECT_EQ(port.code, 1);
   EXPECT_THAT(port.err, MatchesRegex("fastmcp-host: cannot start: [^\n]*in use[^\n]*\n"));
   const auto file =
         start("0", {{"FASTMCP_SERVER_AUTH", "static"},
                     {"FASTMCP_SERVER_AUTH_STATIC_TOKENS_FILE", directory.at("missing.json")}});
   EXPECT_EQ(file.code, 1);
   EXPECT_THAT(file.err, MatchesRegex("fastmcp-host: cannot start: [^\n]*missing.json[^\n]*\n"));
   const auto store = start("0", {{"FASTMCP_CA_FILE", directory.at("missing.pem")}});
   EXPECT_EQ(store.code, 1);
   EXPECT_THAT(store.err, MatchesRegex("fastmcp-host: [^\n]*missing.pem[^\n]*\n"));
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

/// How much of the code of a library a process has touched: 0 to 1. Nothing: it may not be looked
/// at, or does not have it.
std::optional<double> touched(int pid, std::string_view library) {
   std::ifstream maps("/proc/" + std::to_string(pid) + "/smaps");
   double size = 0, resident = 0;
   bool is_it = false;
   for (std::string line; std::getline(maps, line);) {
      if (line.find(" r-xp ") != std::string::npos || line.find(" r--p ") != std::string::npos ||
          line.find(" rw-p ") != std::string::npos) {
         is_it =
               line.find(" r-xp ") != std::string::npos && line.find(library) != std::string::npos;
      }
      if (is_it && line.starts_with("Size:")) size += std::stod(line.substr(5));
      if (is_it && line.starts_with("Rss:")) resident += std::stod(line.substr(4));
   }
   if (size == 0) return std::nullopt;
   return resident / size;
}

TEST(Start, LeavesOpensslAloneUntilSomebodyNeedsIt) {
   http_host host;
   EXPECT_EQ(ask(host.port(), modern_post("/mcp", "tools/list")).status, 200);
   EXPECT_EQ(ask(host.port(), modern_call("/mcp", "echo", R"({"text":"x"})")).status, 200);
   const auto before = touched(host.process().pid(), "/libcrypto.so");
   if (!before) GTEST_SKIP() << "the mappings of another process cannot be read here";
   EXPECT_LT(*before, 0.25);           // its constructors; two megabytes more when it is used
   const legacy_session session(host); // has an authenticated id
   EXPECT_GT(touched(host.process().pid(), "/libcrypto.so").value_or(0), *before);
}

} // namespace
