// The routes that a supervisor asks.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/mcp_client.hpp"

namespace {

using namespace fmcp::test;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Health, SaysThatTheProcessLives) {
   http_host host;
   EXPECT_EQ(ask(host.port(), {.target = "/healthz"}).status, 200);
}

TEST(Health, AnswersHeadWithoutABody) {
   http_host host;
   connection c(host.port());
   const auto answer = c.ask({.method = "HEAD", .target = "/healthz"});
   EXPECT_EQ(answer.status, 200);
   // A body would be taken for the head of the next answer.
   EXPECT_EQ(c.ask({.target = "/healthz"}).status, 200);
}

TEST(Health, IsExemptFromHostAndOriginChecks) {
   http_host host;
   for (const char* path : {"/healthz", "/readyz"}) {
      const auto answer = ask(host.port(), {.target = path,
                                            .fields = {{"Host", "balancer.internal"},
                                                       {"Origin", "https://elsewhere.example"}}});
      EXPECT_EQ(answer.status, 200) << path;
   }
}

TEST(Ready, NamesNoPluginWhenAllServe) {
   http_host host({.plugins = {"echo", "printer"}});
   const auto answer = ask(host.port(), {.target = "/readyz"});
   EXPECT_EQ(answer.status, 200);
   EXPECT_THAT(answer.body, Not(HasSubstr("failed\":[{")));
}

TEST(Ready, NamesThePluginsThatFailed) {
   http_host host({.plugins = {"echo", "bad_abi", "bad_json"}});
   const auto answer = ask(host.port(), {.target = "/readyz"});
   EXPECT_THAT(answer.body, HasSubstr("bad_abi"));
   EXPECT_THAT(answer.body, HasSubstr("bad_json"));
   EXPECT_THAT(answer.body, Not(HasSubstr(test_plugin("bad_abi")))) << "a path leaks";
   // What did load serves all the same.
   EXPECT_EQ(legacy_session(host).call("echo", R"({"text":"here"})").status, 200);
}

} // namespace
