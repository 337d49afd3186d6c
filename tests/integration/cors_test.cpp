// What a browser needs to be told.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/mcp_client.hpp"

namespace {

using namespace fmcp::test;
using ::testing::HasSubstr;

constexpr const char* origin = "http://localhost:6274";

http_request preflight(std::string from = origin) {
   return {.method = "OPTIONS",
           .target = "/mcp",
           .fields = {{"Origin", std::move(from)},
                      {"Access-Control-Request-Method", "POST"},
                      {"Access-Control-Request-Headers", "content-type,mcp-session-id"}}};
}

TEST(Cors, PreflightNamesOriginMethodsAndHeaders) {
   http_host host;
   const auto answer = ask(host.port(), preflight());
   EXPECT_TRUE(answer.status == 200 || answer.status == 204) << answer.status;
   EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), origin);
   EXPECT_THAT(answer.header("Vary"), HasSubstr("Origin"));
   for (const char* method : {"POST", "GET", "DELETE"})
      EXPECT_THAT(answer.header("Access-Control-Allow-Methods"), HasSubstr(method));
   const auto allowed = answer.header("Access-Control-Allow-Headers");
   for (const char* name : {"Content-Type", "Accept", "Authorization", "MCP-Protocol-Version",
                            "Mcp-Method", "Mcp-Name", "Mcp-Session-Id", "Last-Event-ID"})
      EXPECT_THAT(allowed, HasSubstr(name));
}

TEST(Cors, PreflightNamesTheParameterHeadersInUse) {
   http_host host({.plugins = {"routed"}});
   const auto allowed = ask(host.port(), preflight()).header("Access-Control-Allow-Headers");
   for (const char* name : {"Mcp-Param-Region", "Mcp-Param-Level", "Mcp-Param-Urgent"})
      EXPECT_THAT(allowed, HasSubstr(name));
}

TEST(Cors, PreflightOfAForeignOriginIsRefused) {
   http_host host;
   const auto answer = ask(host.port(), preflight("https://evil.example.com"));
   EXPECT_EQ(answer.status, 403);
   EXPECT_FALSE(answer.has("Access-Control-Allow-Origin"));
}

TEST(Cors, AnswersAndErrorsCarryTheHeaders) {
   http_host host;
   auto good = modern_post("/mcp", "server/discover");
   auto bad = post("/mcp", "{");
   auto lost =
         post("/mcp", request_text("tools/list"), {{"Mcp-Session-Id", "there-is-no-such-session"}});
   for (auto* request : {&good, &bad, &lost}) {
      request->fields.emplace_back("Origin", origin);
      const auto answer = ask(host.port(), *request);
      EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), origin) << answer.status;
      EXPECT_THAT(answer.header("Access-Control-Expose-Headers"), HasSubstr("Mcp-Session-Id"))
            << answer.status;
   }
}

TEST(Cors, NothingIsSaidToAClientThatIsNoBrowser) {
   http_host host;
   EXPECT_FALSE(ask(host.port(), modern_post("/mcp", "server/discover"))
                      .has("Access-Control-Allow-Origin"));
}

} // namespace
