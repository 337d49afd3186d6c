// What other processes see of a host that was given secrets.

#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/host_process.hpp"

namespace {

using namespace fmcp::test;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* session_secret = "correct-horse-battery-staple-of-the-session";
constexpr const char* plugin_secret = "correct-horse-battery-staple-of-the-plugin";
constexpr const char* flag_secret = "correct-horse-battery-staple-of-the-flag";

std::string seen(child_process& process, const char* file) {
   std::ifstream in("/proc/" + std::to_string(process.pid()) + "/" + file, std::ios::binary);
   return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Secrets, AreNeitherInTheEnvironmentBlockNorInTheArguments) {
   http_host host({.options = {"--plugin-option", std::string("absent.token=") + flag_secret},
                   .environment = {{"FASTMCP_SESSION_KEY", session_secret},
                                   {"FASTMCP_PLUGIN_ABSENT_TOKEN", plugin_secret},
                                   {"FASTMCP_NAME", "seen by all"}}});
   const auto environment = seen(host.process(), "environ");
   EXPECT_THAT(environment, AllOf(HasSubstr("FASTMCP_NAME=seen by all"),
                                  HasSubstr("FASTMCP_SESSION_KEY"), Not(HasSubstr("staple"))));
   const auto arguments = seen(host.process(), "cmdline");
   EXPECT_THAT(arguments, AllOf(HasSubstr("--plugin-option"), HasSubstr("absent.token=***"),
                                Not(HasSubstr("staple"))));
   EXPECT_THAT(host.process().error_text(), Not(HasSubstr("staple")));
   EXPECT_THAT(seen(host.process(), "limits"),
               ::testing::ContainsRegex("Max core file size +0 +0 "));
}

} // namespace
