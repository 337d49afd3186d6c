// Starting with settings that ask for authentication: the process protects what it serves, or it
// ends with one message and never opens its port.

#include <algorithm>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/host_process.hpp"

namespace {

using namespace fmcp::test;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using variables = std::vector<std::pair<std::string, std::string>>;

/// Runs it over http with an empty plugin directory and the provider `auth_note` of tests/plugins.
finished start(const variables& environment, std::vector<std::string> options = {},
               std::string_view env_file = {}) {
   temp_dir directory, providers;
   std::filesystem::copy_file(test_plugin("auth_note"), providers.at("auth_note.so"));
   if (!env_file.empty()) directory.put(".env", env_file);
   std::vector<std::string> words{"run",
                                  "--transport",
                                  "http",
                                  "--port",
                                  "0",
                                  "--plugin-dir",
                                  directory.path(),
                                  "--auth-plugin-dir",
                                  providers.path()};
   words.insert(words.end(), options.begin(), options.end());
   return run_host(words, directory, environment);
}

void expect_one_message(const finished& f, std::vector<std::string> parts) {
   EXPECT_NE(f.code, 0);
   EXPECT_THAT(f.err, Not(HasSubstr("listening"))) << "the port was open";
   for (const auto& part : parts) EXPECT_THAT(f.err, HasSubstr(part));
   const std::string mark = "fastmcp-host: ";
   std::size_t messages = 0;
   for (auto at = f.err.find(mark); at != std::string::npos; at = f.err.find(mark, at + 1))
      ++messages;
   EXPECT_EQ(messages, 1u) << f.err;
   EXPECT_THAT(f.out, IsEmpty());
}

TEST(AuthStart, EndsWhenTheProviderIsUnknown) {
   expect_one_message(start({{"FASTMCP_SERVER_AUTH", "auth_not"}}),
                      {"There is no provider \"auth_not\"", "Did you mean auth_note?"});
   expect_one_message(start({}, {"--auth", "nonsense"}), {"Known are auth_note."});
}

TEST(AuthStart, EndsWhenTheNameIsEmpty) {
   expect_one_message(start({{"FASTMCP_SERVER_AUTH", ""}}),
                      {"FASTMCP_SERVER_AUTH (environment) is empty"});
}

TEST(AuthStart, NamesEverythingThatIsWrongInOneMessage) {
   expect_one_message(
         start({{"FASTMCP_SERVER_AUTH", "auth_note"},
                {"FASTMCP_SERVER_AUTH_NOTE_LIMIT", "many"},
                {"FASTMCP_SERVER_AUTH_NOTE_SCOPS", "a"},
                {"FASTMCP_SERVER_AUTH_NOTE_KEY", "hunter2"},
                {"FASTMCP_SERVER_AUTH_NOTE_KEY_FILE", "/nowhere"},
                {"FASTMCP_THREADS", ""}}),
         {"FASTMCP_THREADS (environment) is empty", "FASTMCP_SERVER_AUTH_NOTE_URL is required",
          "FASTMCP_SERVER_AUTH_NOTE_LIMIT=\"many\"", "Did you mean FASTMCP_SERVER_AUTH_NOTE_SCOPES?", "are both set"});
}

TEST(AuthStart, NeverShowsASecret) {
   const auto f = start({{"FASTMCP_SERVER_AUTH", "auth_note"},
                         {"FASTMCP_SERVER_AUTH_NOTE_KEY", "hunter2"},
                         {"FASTMCP_SERVER_AUTH_NOTE_KYE", "hunter2"}});
   EXPECT_NE(f.code, 0);
   EXPECT_THAT(f.err + f.out, AllOf(HasSubstr("NOTE_KYE"), Not(HasSubstr("hunter2"))));
}

TEST(AuthStart, EndsWhenVariablesAreThereAndNoProviderIsSelected) {
   expect_one_message(start({{"FASTMCP_SERVER_AUTH_NOTE_URL", "https://as.example.com"}}),
                      {"FASTMCP_SERVER_AUTH_NOTE_URL", "Set FASTMCP_SERVER_AUTH=auth_note",
                       "--allow-unauthenticated"});
   expect_one_message(start({{"FASTMCP_SERVR_AUTH", "auth_note"}}), {"FASTMCP_SERVR_AUTH"});
}

TEST(AuthStart, EndsAtLinesOfTheEnvFileThatSetNothing) {
   for (const char* line : {"FASTMCP_SERVER_AUTH: auth_note\n", "FASTMCP_SERVER_AUTH\n",
                            "setenv FASTMCP_SERVER_AUTH auth_note\n"})
      expect_one_message(start({}, {}, line), {".env:1 has no '='", "--allow-unauthenticated"});
}

TEST(AuthStart, EndsAtNamesThatAreNearlyRight) {
   expect_one_message(start({{"FASTMPC_SERVER_AUTH", "auth_note"}}),
                      {"FASTMPC_SERVER_AUTH (environment)", "Did you mean FASTMCP_SERVER_AUTH?"});
   expect_one_message(start({}, {}, "FASTMPC_SERVER_AUTH=auth_note\n"),
                      {"FASTMPC_SERVER_AUTH (.env:1)", "Did you mean FASTMCP_SERVER_AUTH?"});
   expect_one_message(start({{"FASTMCP_ENVFILE", "/etc/x.env"}}),
                      {"FASTMCP_ENVFILE (environment)", "Did you mean FASTMCP_ENV_FILE?"});
   expect_one_message(start({{"FASTMCP_CONFG", "/etc/x.json"}}),
                      {"FASTMCP_CONFG (environment)", "Did you mean FASTMCP_CONFIG?"});
}

TEST(AuthStart, TellsOfWarningsThatMayExplainTheRefusal) {
   expect_one_message(
         start({{"FASTMCP_SERVER_AUTH", "auth_note"}, {"FASTMCP_ENVFILE", "/etc/x.env"}}),
         {"FASTMCP_SERVER_AUTH_NOTE_URL is required", "Did you mean FASTMCP_ENV_FILE?"});
}

TEST(AuthStart, ReadsTheSelectionFromTheEnvFile) {
   expect_one_message(start({}, {}, "FASTMCP_SERVER_AUTH=auth_note\n"),
                      {"FASTMCP_SERVER_AUTH_NOTE_URL is required"});
}

TEST(AuthStart, EndsWhenTheProviderCannotBeUsed) {
   temp_dir directory, providers;
   providers.put("text.so", "no ELF");
   const auto f =
         run_host({"run", "--transport", "http", "--port", "0", "--plugin-dir", directory.path(),
                   "--auth-plugin-dir", providers.path(), "--auth", "text"},
                  directory);
   expect_one_message(f, {"There is no provider \"text\"", "Not readable:", "text.so"});
}

TEST(AuthStart, IsNotTroubledOnStdio) {
   stdio_host host({.environment = {{"FASTMCP_SERVER_AUTH", "nonsense"}}});
   EXPECT_THAT(host.ask(R"({"jsonrpc":"2.0","id":1,"method":"ping"})"), HasSubstr("\"id\":1"));
}

// Looking at providers

TEST(Providers, AreDescribedWithoutRunningThem) {
   temp_dir directory, providers;
   std::filesystem::copy_file(test_plugin("auth_note"), providers.at("auth_note.so"));
   const auto trace = directory.at("trace");
   for (const std::vector<std::string>& words :
        {std::vector<std::string>{"providers", "list"}, {"providers", "describe", "auth_note"}}) {
      auto all = words;
      all.insert(all.end(), {"--auth-plugin-dir", providers.path()});
      const auto f = run_host(all, directory, {{"FMCP_TEST_CONSTRUCTOR_FILE", trace}});
      EXPECT_EQ(f.code, 0) << f.err;
      EXPECT_THAT(f.out, HasSubstr("auth_note"));
      EXPECT_FALSE(std::filesystem::exists(trace)) << "its constructor ran";
   }
}

} // namespace
