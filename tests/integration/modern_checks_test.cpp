// The checks of a request of the new era: the protocol reference, section 2.3, row by row.

#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/mcp_client.hpp"

namespace {

using namespace fmcp::test;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

http_host& host() {
   static http_host instance({.plugins = {"echo", "pause"}});
   return instance;
}

struct meta_row {
   const char* name;
   std::string params; ///< a whole object
   const char* key;    ///< must be named in the message
};

void PrintTo(const meta_row& r, std::ostream* out) {
   *out << r.name;
}

class BrokenMeta : public ::testing::TestWithParam<meta_row> {};

TEST_P(BrokenMeta, IsInvalidParamsAndNamesTheKey) {
   auto request = modern_post("/mcp", "server/discover");
   request.body = request_text("server/discover", GetParam().params, "\"m\"");
   const auto answer = ask(host().port(), request);
   EXPECT_EQ(answer.status, 400);
   EXPECT_EQ(answer.media_type(), "application/json");
   const auto message = response_of(answer);
   EXPECT_EQ(message.at("/error/code"), "-32602");
   EXPECT_EQ(message.at("/id"), "m");
   EXPECT_THAT(message.at("/error/message"), HasSubstr(GetParam().key));
}

#define VERSION R"("io.modelcontextprotocol/protocolVersion":"2026-07-28")"
#define CAPABILITIES R"("io.modelcontextprotocol/clientCapabilities":{})"
INSTANTIATE_TEST_SUITE_P(
      Rows, BrokenMeta,
      ::testing::Values(
            meta_row{"NoMeta", "{}", "_meta"},
            meta_row{"MetaIsNoObject", R"({"_meta":[]})", "_meta"},
            meta_row{"NoVersion", R"({"_meta":{)" CAPABILITIES "}}", "protocolVersion"},
            meta_row{"VersionIsNoString",
                     R"({"_meta":{"io.modelcontextprotocol/protocolVersion":1,)" CAPABILITIES "}}",
                     "protocolVersion"},
            meta_row{"NoCapabilities", R"({"_meta":{)" VERSION "}}", "clientCapabilities"},
            meta_row{"CapabilitiesAreNoObject",
                     R"({"_meta":{)" VERSION
                     R"(,"io.modelcontextprotocol/clientCapabilities":true}})",
                     "clientCapabilities"},
            meta_row{"ClientInfoIsNoObject",
                     R"({"_meta":{)" VERSION "," CAPABILITIES
                     R"(,"io.modelcontextprotocol/clientInfo":"me"}})",
                     "clientInfo"},
            meta_row{"UnknownLogLevel",
                     R"({"_meta":{)" VERSION "," CAPABILITIES
                     R"(,"io.modelcontextprotocol/logLevel":"loud"}})",
                     "logLevel"}),
      [](const auto& instance) { return std::string(instance.param.name); });
#undef VERSION
#undef CAPABILITIES

TEST(ModernChecks, ClientInfoMayBeAbsent) {
   auto request = modern_post("/mcp", "server/discover");
   request.body = request_text(
         "server/discover", R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                            R"("io.modelcontextprotocol/clientCapabilities":{}}})");
   EXPECT_EQ(ask(host().port(), request).status, 200);
}

TEST(ModernChecks, RemovedAndUnknownMethodsAre404) {
   for (const char* method :
        {"initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe",
         "unknown/method", "tasks/list", "roots/list", "sampling/createMessage"}) {
      const auto answer = ask(host().port(), modern_post("/mcp", method));
      EXPECT_EQ(answer.status, 404) << method;
      EXPECT_EQ(response_of(answer).at("/error/code"), "-32601") << method;
      EXPECT_EQ(response_of(answer).at("/id"), "1") << method;
   }
}

TEST(ModernChecks, WhatIsNotAdvertisedIs404) {
   // No resources, prompts or completions yet, and none are advertised.
   const auto discover = response_of(ask(host().port(), modern_post("/mcp", "server/discover")));
   for (const auto& [capability, method] : {std::pair{"prompts", "prompts/list"},
                                            {"resources", "resources/list"},
                                            {"completions", "completion/complete"}}) {
      EXPECT_FALSE(discover.has(std::string("/result/capabilities/") + capability));
      EXPECT_EQ(ask(host().port(), modern_post("/mcp", method)).status, 404) << method;
   }
}

TEST(ModernChecks, UnknownToolIsInvalidParamsInBand) {
   const auto answer = ask(host().port(), modern_call("/mcp", "no_such_tool"));
   EXPECT_EQ(answer.status, 200);
   EXPECT_EQ(response_of(answer).at("/error/code"), "-32602");
   EXPECT_THAT(response_of(answer).at("/error/message"), HasSubstr("no_such_tool"));
}

TEST(ModernChecks, BadCursorIsInvalidParamsInBand) {
   const auto answer =
         ask(host().port(), modern_post("/mcp", "tools/list", R"("cursor":"no cursor of ours")"));
   EXPECT_EQ(answer.status, 200);
   EXPECT_EQ(response_of(answer).at("/error/code"), "-32602");
}

TEST(ModernChecks, ArgumentsThatAreNoObjectAreInvalidParams) {
   const auto answer = ask(host().port(), modern_call("/mcp", "echo", "[1]"));
   EXPECT_EQ(answer.status, 200);
   EXPECT_EQ(response_of(answer).at("/error/code"), "-32602");
}

TEST(ModernChecks, ResultsSayThatTheyAreCompleteAndWhoServes) {
   for (const auto& request :
        {modern_post("/mcp", "server/discover"), modern_post("/mcp", "tools/list"),
         modern_call("/mcp", "echo", R"({"text":"x"})")}) {
      const auto message = response_of(ask(host().port(), request));
      EXPECT_EQ(message.at("/result/resultType"), "complete");
      EXPECT_EQ(message.at("/result/_meta/io.modelcontextprotocol~1serverInfo/name"),
                "fastmcp-host");
   }
}

TEST(ModernChecks, ListsCarryCacheFieldsAndCallsDoNot) {
   http_host cached({.options = {"--cache-ttl", "90s", "--cache-scope", "public"}});
   for (const char* method : {"server/discover", "tools/list"}) {
      const auto message = response_of(ask(cached.port(), modern_post("/mcp", method)));
      EXPECT_EQ(message.at("/result/ttlMs"), "90000") << method;
      EXPECT_EQ(message.at("/result/cacheScope"), "public") << method;
   }
   const auto call =
         response_of(ask(cached.port(), modern_call("/mcp", "echo", R"({"text":"x"})")));
   EXPECT_FALSE(call.has("/result/ttlMs"));
   EXPECT_FALSE(call.has("/result/cacheScope"));
}

TEST(ModernChecks, NoSessionIsEverIssued) {
   const auto answer = ask(host().port(), modern_post("/mcp", "tools/list"));
   EXPECT_FALSE(answer.has("Mcp-Session-Id"));
}

TEST(ModernChecks, AcceptMayNameJsonOnlyOrBeAbsent) {
   for (const char* accept : {"application/json", "*/*", ""}) {
      auto request = modern_call("/mcp", "echo", R"({"text":"x"})");
      std::erase_if(request.fields, [](const auto& f) { return f.first == "Accept"; });
      if (*accept != 0) request.fields.emplace_back("Accept", accept);
      const auto answer = ask(host().port(), request);
      EXPECT_EQ(answer.status, 200) << accept;
      EXPECT_EQ(answer.media_type(), "application/json") << accept;
   }
}

TEST(ModernChecks, ProgressTurnsTheAnswerIntoAStreamWithoutIds) {
   const auto meta = modern_meta("{}", R"(,"progressToken":"p-1")");
   const auto answer = ask(host().port(), modern_call("/mcp", "pause", R"({"ms":50})", meta));
   ASSERT_EQ(answer.media_type(), "text/event-stream");
   const auto events = events_of(answer.body);
   ASSERT_GE(events.size(), 4u);
   double last = -1;
   for (const auto& event : events) {
      EXPECT_FALSE(event.id) << "there is no resumption in this era";
      const json_text message(event.data);
      if (&event == &events.back()) {
         EXPECT_EQ(message.at("/id"), "1");
         EXPECT_EQ(message.at("/result/resultType"), "complete");
         break;
      }
      EXPECT_EQ(message.at("/method"), "notifications/progress");
      EXPECT_EQ(message.at("/params/progressToken"), "p-1");
      const double progress = std::stod(message.at("/params/progress"));
      EXPECT_GT(progress, last);
      last = progress;
   }
}

TEST(ModernChecks, DisconnectingCancelsTheCall) {
   http_host own({.plugins = {"pause"}});
   {
      connection c(own.port());
      c.send(modern_call("/mcp", "pause", R"({"ms":20000})",
                         modern_meta("{}", R"(,"progressToken":1)")));
      ASSERT_EQ(c.read_head().status, 200);
      ASSERT_TRUE(c.read_event()) << "the call has begun";
   }
   std::string seen;
   const auto until = std::chrono::steady_clock::now() + patience;
   while (seen != "begun 1, ended 0, cancelled 1" && std::chrono::steady_clock::now() < until) {
      seen = response_of(ask(own.port(), modern_call("/mcp", "pause_count")))
                   .at("/result/content/0/text");
   }
   EXPECT_EQ(seen, "begun 1, ended 0, cancelled 1");
}

} // namespace
