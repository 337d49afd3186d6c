// Change notifications: `subscriptions/listen` of the new era, GET stream of the old one. The
// protocol reference, section 13.

#include <csignal>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/mcp_client.hpp"

namespace {

using namespace fmcp::test;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* subscription = "/params/_meta/io.modelcontextprotocol~1subscriptionId";

/// A host whose list of tools changes when `test_trigger_tool_change` is called.
http_host& host() {
   static http_host instance({.plugins = {"conformance"}});
   return instance;
}

bool is_listed(const http_host& on) {
   const auto tools = response_of(ask(on.port(), modern_post("/mcp", "tools/list")));
   return tools.at("/result/tools").find("test_dynamic_tool") != std::string::npos;
}

/// Changes the list and waits until it shows: two changes in quick succession may be none.
void trigger() {
   const bool before = is_listed(host());
   const auto answer = ask(host().port(), modern_call("/mcp", "test_trigger_tool_change"));
   ASSERT_EQ(answer.status, 200);
   ASSERT_EQ(response_of(answer).at("/error"), "absent");
   const auto until = std::chrono::steady_clock::now() + patience;
   while (is_listed(host()) == before) ASSERT_LT(std::chrono::steady_clock::now(), until);
}

http_request listen(std::string_view filter, std::string_view id) {
   return modern_post("/mcp", "subscriptions/listen",
                      std::string(R"("notifications":)").append(filter), "", id);
}

TEST(Listen, AcknowledgesFirstAndTagsWithItsId) {
   for (const char* id : {"7", "\"seven\""}) {
      connection c(host().port());
      c.send(listen(R"({"toolsListChanged":true})", id));
      const auto head = c.read_head();
      ASSERT_EQ(head.status, 200);
      ASSERT_EQ(head.media_type(), "text/event-stream");
      EXPECT_EQ(head.header("X-Accel-Buffering"), "no");
      const auto first = c.read_event();
      ASSERT_TRUE(first);
      const json_text message(first->data);
      EXPECT_EQ(message.at("/method"), "notifications/subscriptions/acknowledged");
      EXPECT_EQ(message.at("/params/notifications/toolsListChanged"), "true");
      ASSERT_TRUE(message.has(subscription)) << first->data;
      EXPECT_EQ(message.find(subscription)->raw(), id) << "the id keeps its type";
   }
}

TEST(Listen, HearsOfAChangeOfTheTools) {
   connection c(host().port());
   c.send(listen(R"({"toolsListChanged":true})", "1"));
   ASSERT_EQ(c.read_head().status, 200);
   ASSERT_TRUE(c.read_event());
   trigger();
   const auto event = c.read_event();
   ASSERT_TRUE(event);
   EXPECT_EQ(json_text(event->data).at("/method"), "notifications/tools/list_changed");
   EXPECT_EQ(json_text(event->data).at(subscription), "1");
   trigger(); // back to the first list
}

TEST(Listen, EveryStreamHearsIt) {
   connection first(host().port()), second(host().port());
   first.send(listen(R"({"toolsListChanged":true})", "1"));
   second.send(listen(R"({"toolsListChanged":true})", "2"));
   for (auto* c : {&first, &second}) {
      ASSERT_EQ(c->read_head().status, 200);
      ASSERT_TRUE(c->read_event());
   }
   trigger();
   for (auto* c : {&first, &second}) {
      const auto event = c->read_event();
      ASSERT_TRUE(event);
      EXPECT_EQ(json_text(event->data).at(subscription), c == &first ? "1" : "2");
   }
   trigger();
}

TEST(Listen, NothingComesThatWasNotAskedFor) {
   connection c(host().port());
   c.send(listen(R"({"resourceSubscriptions":[]})", "1"));
   const auto head = c.read_head();
   ASSERT_EQ(head.status, 200);
   const auto first = c.read_event();
   ASSERT_TRUE(first);
   EXPECT_FALSE(json_text(first->data).has("/params/notifications/toolsListChanged"));
   trigger();
   trigger();
   const auto event = c.read_event(milliseconds(700));
   EXPECT_FALSE(event && event->data.find("list_changed") != std::string::npos) << event->data;
}

TEST(Listen, TheListShowsTheChangeWhenTheNotificationComes) {
   connection c(host().port());
   c.send(listen(R"({"toolsListChanged":true})", "1"));
   ASSERT_EQ(c.read_head().status, 200);
   ASSERT_TRUE(c.read_event());
   for (const bool is_there : {true, false}) {
      ASSERT_EQ(ask(host().port(), modern_call("/mcp", "test_trigger_tool_change")).status, 200);
      ASSERT_TRUE(c.read_event());
      EXPECT_EQ(is_listed(host()), is_there);
   }
}

TEST(Listen, OfTheOldEraIsTheSessionsStream) {
   const legacy_session session(host());
   EXPECT_EQ(response_of(session.opening()).at("/result/capabilities/tools/listChanged"), "true");
   connection c(host().port());
   c.send(session.stream());
   ASSERT_EQ(c.read_head().status, 200);
   trigger();
   auto event = c.read_event();
   while (event && event->data.empty()) event = c.read_event(); // priming
   ASSERT_TRUE(event);
   EXPECT_EQ(json_text(event->data).at("/method"), "notifications/tools/list_changed");
   EXPECT_FALSE(json_text(event->data).has(subscription));
   trigger();
}

TEST(Listen, EndsWithAResultWhenTheServerStops) {
   http_host own({.plugins = {"conformance"}});
   connection c(own.port());
   c.send(listen(R"({"toolsListChanged":true})", "\"last\""));
   ASSERT_EQ(c.read_head().status, 200);
   ASSERT_TRUE(c.read_event());
   own.process().signal(SIGTERM);
   const auto event = c.read_event();
   ASSERT_TRUE(event);
   const json_text message(event->data);
   EXPECT_EQ(message.at("/id"), "last");
   EXPECT_EQ(message.at("/result/resultType"), "complete");
   EXPECT_EQ(message.at("/result/_meta/io.modelcontextprotocol~1subscriptionId"), "last");
   EXPECT_FALSE(c.read_event());
   EXPECT_TRUE(c.at_end());
}

TEST(Listen, OnStdioSharesTheOutput) {
   stdio_host stdio({.plugins = {"conformance"}});
   const json_text acknowledged(stdio.ask(modern_text(
         "subscriptions/listen", R"("notifications":{"toolsListChanged":true})", "\"s\"")));
   EXPECT_EQ(acknowledged.at("/method"), "notifications/subscriptions/acknowledged");
   EXPECT_EQ(acknowledged.at(subscription), "s");
   stdio.send(modern_text("tools/call", R"("name":"test_trigger_tool_change")", "2"));
   bool answered = false, told = false;
   while (!answered || !told) {
      const auto line = stdio.receive();
      ASSERT_FALSE(line.empty());
      const json_text message(line);
      answered |= message.at("/id") == "2";
      if (message.at("/method") == "notifications/tools/list_changed") {
         EXPECT_EQ(message.at(subscription), "s");
         told = true;
      }
   }
   stdio.send(
         R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"s","_meta":)" +
         modern_meta() + "}}");
   EXPECT_TRUE(json_text(stdio.ask(modern_text("tools/list", "", "3"))).has("/result"));
}

} // namespace
