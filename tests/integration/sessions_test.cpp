// Sessions of the old era, from initialize to DELETE: the protocol reference,
// sections 5.1, 5.2, 5.5.

#include <algorithm>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/mcp_client.hpp"

namespace {

using namespace fmcp::test;
using ::testing::IsEmpty;
using ::testing::Not;

http_host& host() {
   static http_host instance({.plugins = {"echo", "pause"}});
   return instance;
}

TEST(Session, IdIsVisibleAsciiAndNeverTheSame) {
   std::set<std::string> seen;
   for (int i = 0; i < 20; ++i) {
      const legacy_session session(host());
      EXPECT_THAT(session.id(), Not(IsEmpty()));
      EXPECT_TRUE(std::ranges::all_of(session.id(), [](char c) { return c >= 0x21 && c <= 0x7e; }));
      EXPECT_TRUE(seen.insert(session.id()).second) << session.id();
   }
}

TEST(Session, CarriesPingListAndCall) {
   const legacy_session session(host());
   EXPECT_EQ(response_of(session.ask(request_text("ping"))).at("/result"), "{}");
   EXPECT_EQ(response_of(session.ask(request_text("tools/list"))).at("/result/tools/0/name"),
             "echo");
   EXPECT_EQ(response_of(session.call("echo", R"({"text":"hi"})")).at("/result/content/0/text"),
             "hi");
}

TEST(Session, NothingOfTheNewEraLeaks) {
   const legacy_session session(host());
   for (const auto& answer : {session.opening(), session.ask(request_text("tools/list")),
                              session.call("echo", R"({"text":"hi"})")}) {
      const auto message = response_of(answer);
      for (const char* member : {"resultType", "ttlMs", "cacheScope", "_meta"})
         EXPECT_FALSE(message.has(std::string("/result/") + member)) << member;
   }
}

TEST(Session, RequestsMayComeBeforeInitialized) {
   const auto opened =
         ask(host().port(), post("/mcp", request_text("initialize", initialize_params())));
   const headers session{{"Mcp-Session-Id", opened.header("Mcp-Session-Id")}};
   EXPECT_EQ(ask(host().port(), post("/mcp", request_text("tools/list"), session)).status, 200);
}

TEST(Session, WithoutItsIdARequestIs400) {
   const auto answer = ask(host().port(), post("/mcp", request_text("tools/list")));
   EXPECT_EQ(answer.status, 400);
   EXPECT_EQ(response_of(answer).at("/error/code"), "-32000");
}

TEST(Session, AnAlteredIdIs404) {
   const legacy_session session(host());
   auto id = session.id();
   for (const std::size_t at : {std::size_t{0}, id.size() / 2, id.size() - 1}) {
      auto altered = id;
      altered[at] = altered[at] == 'A' ? 'B' : 'A';
      const auto answer =
            ask(host().port(), post("/mcp", request_text("ping"), {{"Mcp-Session-Id", altered}}));
      EXPECT_EQ(answer.status, 404) << at;
      EXPECT_EQ(response_of(answer).at("/error/code"), "-32001") << at;
   }
}

TEST(Session, IsGoneAfterDelete) {
   const legacy_session session(host());
   const auto ended = session.end();
   EXPECT_TRUE(ended.status == 200 || ended.status == 204) << ended.status;
   // The tombstone lives on the session's home thread; ask often enough to meet every thread.
   for (int i = 0; i < 8; ++i) {
      const auto answer = session.ask(request_text("tools/list"));
      EXPECT_EQ(answer.status, 404);
      EXPECT_EQ(response_of(answer).at("/error/code"), "-32001");
   }
   EXPECT_EQ(session.end().status, 404);
}

TEST(Session, EndingOneLeavesOthers) {
   const legacy_session first(host()), second(host());
   static_cast<void>(first.end());
   EXPECT_EQ(second.ask(request_text("ping")).status, 200);
}

TEST(Session, SurvivesARestartWithTheSameKey) {
   const std::string key(48, 'k');
   const host_setup setup{.environment = {{"FASTMCP_SESSION_KEY", key}}};
   http_request request;
   {
      http_host first(setup);
      request = legacy_session(first).request(request_text("ping"));
   }
   http_host second(setup);
   EXPECT_EQ(ask(second.port(), request).status, 200);
   http_host stranger;
   EXPECT_EQ(ask(stranger.port(), request).status, 404) << "another key";
}

TEST(Session, AcceptsTheHeaderOfAnySupportedVersion) {
   const legacy_session session(host());
   for (const auto& version : legacy_versions) {
      EXPECT_EQ(ask(host().port(),
                    post("/mcp", request_text("ping"),
                         {{"Mcp-Session-Id", session.id()}, {"MCP-Protocol-Version", version}}))
                      .status,
                200)
            << version;
   }
   EXPECT_EQ(ask(host().port(),
                 post("/mcp", request_text("ping"),
                      {{"Mcp-Session-Id", session.id()}, {"MCP-Protocol-Version", "1999-01-01"}}))
                   .status,
             400);
   EXPECT_EQ(
         ask(host().port(), post("/mcp", request_text("ping"), {{"Mcp-Session-Id", session.id()}}))
               .status,
         200)
         << "the negotiated version is used";
}

TEST(Session, UnknownMethodIsAnErrorInBand) {
   const auto answer = legacy_session(host()).ask(request_text("no/such"));
   EXPECT_EQ(answer.status, 200);
   EXPECT_EQ(response_of(answer).at("/error/code"), "-32601");
}

TEST(Session, NotificationsAndResponsesAreAccepted) {
   const legacy_session session(host());
   for (const auto& body : {notification_text("notifications/roots/list_changed"),
                            notification_text("notifications/cancelled", R"({"requestId":999})"),
                            std::string(R"({"jsonrpc":"2.0","id":"never asked","result":{}})")}) {
      const auto answer = session.ask(body);
      EXPECT_EQ(answer.status, 202) << body;
      EXPECT_THAT(answer.body, IsEmpty());
   }
}

TEST(Session, ConcurrentRequestsDoNotWaitForEachOther) {
   const legacy_session session(host());
   connection slow(host().port());
   slow.send(session.request(request_text("tools/call", call_params("pause", R"({"ms":1500})"))));
   // Answered while the other still runs, or its answer would be there already.
   EXPECT_EQ(session.call("echo", R"({"text":"quick"})").status, 200);
   EXPECT_EQ(response_of(slow.read_answer()).at("/result/content/0/text"), "paused");
}

TEST(Session, CancelledCallIsNotAnsweredByAResult) {
   http_host own({.plugins = {"pause"}});
   const legacy_session session(own);
   connection c(own.port());
   c.send(session.request(
         request_text("tools/call",
                      call_params("pause", R"({"ms":30000})", R"({"progressToken":7})"), "\"c\"")));
   ASSERT_EQ(c.read_head().status, 200);
   for (auto event = c.read_event(); event; event = c.read_event()) {
      if (event->data.find("notifications/progress") != std::string::npos) break;
   }
   EXPECT_EQ(
         session.ask(notification_text("notifications/cancelled", R"({"requestId":"c"})")).status,
         202);
   std::string seen;
   const auto until = std::chrono::steady_clock::now() + patience;
   while (seen != "begun 1, ended 0, cancelled 1" && std::chrono::steady_clock::now() < until)
      seen = response_of(session.call("pause_count")).at("/result/content/0/text");
   EXPECT_EQ(seen, "begun 1, ended 0, cancelled 1");
   for (auto event = c.read_event(); event; event = c.read_event())
      EXPECT_EQ(event->data.find("\"result\""), std::string::npos) << event->data;
}

TEST(Stateless, IssuesNoSessionAndNeedsNone) {
   http_host stateless({.options = {"--stateless"}});
   const legacy_session session(stateless);
   EXPECT_THAT(session.id(), IsEmpty());
   EXPECT_EQ(session.call("echo", R"({"text":"x"})").status, 200);
   EXPECT_EQ(ask(stateless.port(), {.target = "/mcp", .fields = {{"Accept", "text/event-stream"}}})
                   .status,
             405);
}

} // namespace
