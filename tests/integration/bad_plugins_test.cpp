// Files that must not load and tools that misbehave: each has its own message, and the others keep
// answering.

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <elf.h>
#include <sys/stat.h>

#include "support/mcp_client.hpp"

namespace {

using namespace fmcp::test;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

std::string bytes_of(const std::string& path) {
   std::ifstream in(path, std::ios::binary);
   return {std::istreambuf_iterator<char>(in), {}};
}

struct row {
   const char* name; ///< of the file, without `.so`
   std::string bytes;
   mode_t mode;
   const char* message; ///< a regular expression that the file's log line matches
};

void PrintTo(const row& r, std::ostream* out) {
   *out << r.name;
}

/// A host over a directory with the good `echo.so` and the file; gives the line that names it.
class BadFile : public ::testing::TestWithParam<row> {};

TEST_P(BadFile, IsNamedAndTheOthersServe) {
   const auto& p = GetParam();
   temp_dir plugins;
   plugins.put("echo.so", bytes_of(test_plugin("echo")), 0755);
   plugins.put(std::string(p.name) + ".so", p.bytes, p.mode);
   http_host host(
         {.plugins = {}, .options = {"--plugin-dir", plugins.path(), "--load-timeout", "1s"}});
   const auto line = host.process().wait_for_line(std::string(p.name) + ".so", milliseconds(2000));
   ASSERT_TRUE(line) << host.process().error_text();
   EXPECT_THAT(*line, ContainsRegex(p.message));
   const auto listed = response_of(ask(host.port(), modern_post("/mcp", "tools/list")));
   EXPECT_EQ(listed.size("/result/tools"), 1u);
   EXPECT_EQ(response_of(ask(host.port(), modern_call("/mcp", "echo", R"({"text":"alive"})")))
                   .at("/result/content/0/text"),
             "alive");
   EXPECT_THAT(ask(host.port(), {.target = "/readyz"}).body, HasSubstr(p.name));
}

std::string cut(const char* plugin) {
   auto bytes = bytes_of(test_plugin(plugin));
   bytes.resize(bytes.size() / 2);
   return bytes;
}

std::string for_another_machine() {
   auto bytes = bytes_of(test_plugin("printer"));
   const Elf64_Half other = EM_S390;
   bytes.replace(offsetof(Elf64_Ehdr, e_machine), sizeof other,
                 std::string(reinterpret_cast<const char*>(&other), sizeof other));
   return bytes;
}

INSTANTIATE_TEST_SUITE_P(
      Files, BadFile,
      ::testing::Values(
            row{"half_copied", cut("printer"), 0755, "(cut|incomplete|half|truncated|end)"},
            row{"empty", "", 0755, "(empty|ELF|no bytes)"},
            row{"text", "#!/bin/sh\nexit 0\n", 0755, "ELF"},
            row{"other_machine", for_another_machine(), 0755, "(machine|s390|architecture)"},
            row{"bad_abi", bytes_of(test_plugin("bad_abi")), 0755, "ABI.*999"},
            row{"bad_json", bytes_of(test_plugin("bad_json")), 0755, "schema"},
            row{"writable_by_all", bytes_of(test_plugin("printer")), 0777, "writ"},
            row{"hang_init", bytes_of(test_plugin("hang_init")), 0755, "(init|1 ?s)"}),
      [](const auto& instance) { return std::string(instance.param.name); });

TEST(BadPlugin, ThatHangsInACallIsGivenUpAndOthersAnswer) {
   http_host host({.plugins = {"hang_call", "echo"}, .options = {"--call-timeout", "300ms"}});
   for (const char* tool : {"hang_call", "hang_async"}) {
      connection c(host.port());
      c.send(modern_call("/mcp", tool));
      EXPECT_EQ(ask(host.port(), modern_call("/mcp", "echo", R"({"text":"x"})")).status, 200);
      const auto message = response_of(c.read_answer());
      EXPECT_TRUE(message.has("/error") || message.at("/result/isError") == "true") << tool;
   }
   EXPECT_EQ(ask(host.port(), modern_call("/mcp", "echo", R"({"text":"x"})")).status, 200);
}

TEST(BadPlugin, ThatCrashesNamesItselfInTheLog) {
   http_host host({.plugins = {"crash", "echo"}});
   EXPECT_EQ(ask(host.port(), modern_call("/mcp", "echo", R"({"text":"x"})")).status, 200);
   connection c(host.port());
   c.send(modern_call("/mcp", "crash"));
   // In-process isolation is a later matter; what counts is that the operator learns who it was.
   const auto code = host.process().wait_exit();
   ASSERT_TRUE(code) << "a write through a null pointer was survived";
   EXPECT_NE(*code, 0);
   EXPECT_THAT(host.process().error_text(), HasSubstr("crash"));
}

TEST(BadPlugin, ThatThrowsGivesEachCallAnError) {
   http_host host({.plugins = {"throws", "echo"}});
   for (const char* tool : {"throws_exception", "throws_int", "throws_bad_alloc",
                            "throws_tool_error", "throws_rpc_error", "throws_long",
                            "throws_in_async", "throws_in_task", "throws_int_in_task"}) {
      const auto message = response_of(ask(host.port(), modern_call("/mcp", tool)));
      EXPECT_TRUE(message.has("/error") || message.at("/result/isError") == "true") << tool;
   }
   EXPECT_THAT(response_of(ask(host.port(), modern_call("/mcp", "throws_tool_error")))
                     .at("/result/content/0/text"),
               HasSubstr("There is no such city."));
   EXPECT_EQ(ask(host.port(), modern_call("/mcp", "echo", R"({"text":"x"})")).status, 200);
}

TEST(BadPlugin, ThatThrowsAtItsStartIsNamed) {
   http_host host(
         {.plugins = {"throws", "echo"}, .options = {"--plugin-option", "throws.refuse=true"}});
   const auto line = host.process().wait_for_line("throws.so", milliseconds(2000));
   ASSERT_TRUE(line) << host.process().error_text();
   EXPECT_THAT(host.process().error_text(), HasSubstr("Refused, as it was told to."));
   EXPECT_EQ(ask(host.port(), modern_call("/mcp", "echo", R"({"text":"x"})")).status, 200);
}

TEST(BadPlugin, LateAndDoubleCompletionsHarmNobody) {
   http_host host({.plugins = {"late_complete", "double_complete", "foreign_complete", "echo"}});
   const auto call = [&](const char* tool) {
      return response_of(ask(host.port(), modern_call("/mcp", tool)));
   };
   EXPECT_TRUE(call("late_complete").at("/result/isError") == "true" ||
               call("late_complete").has("/error"));
   EXPECT_EQ(call("double_complete").at("/result/content/0/text"), "first");
   EXPECT_EQ(call("foreign_complete").at("/result/content/0/text"), "accepted 0");
   // Answered by the first completion: the second may still be on its way.
   const auto until = std::chrono::steady_clock::now() + patience;
   std::string seen;
   while (seen != "refused 1, released 1" && std::chrono::steady_clock::now() < until)
      seen = call("double_complete_count").at("/result/content/0/text");
   EXPECT_EQ(seen, "refused 1, released 1");
}

TEST(BadPlugin, WithATakenToolNameIsRefusedAndBothFilesAreNamed) {
   http_host host({.plugins = {"dup_a", "dup_b"}});
   const auto line = host.process().wait_for_line("dup_b.so", milliseconds(2000));
   ASSERT_TRUE(line) << host.process().error_text();
   EXPECT_THAT(*line, HasSubstr("dup_a"));
   EXPECT_EQ(response_of(ask(host.port(), modern_call("/mcp", "dup"))).at("/result/content/0/text"),
             "dup_a");
}

} // namespace
