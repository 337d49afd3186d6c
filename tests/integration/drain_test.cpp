// SIGTERM: nothing new, what runs may finish.

#include <csignal>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/mcp_client.hpp"

namespace {

using namespace fmcp::test;

/// A host in which one `pause` runs on `c`; its head and first progress have arrived.
void begin_pause(http_host& host, connection& c, std::string_view ms) {
   c.send(modern_call(host.path(), "pause", std::string(R"({"ms":)").append(ms) + "}",
                      modern_meta("{}", R"(,"progressToken":1)")));
   ASSERT_EQ(c.read_head().status, 200);
   ASSERT_TRUE(c.read_event());
}

/// Waits until the port is closed to newcomers.
bool stops_listening(std::uint16_t port) {
   const auto until = std::chrono::steady_clock::now() + patience;
   while (is_listening(port)) {
      if (std::chrono::steady_clock::now() > until) return false;
   }
   return true;
}

TEST(Drain, ARunningCallFinishes) {
   http_host host({.plugins = {"pause"}, .options = {"--shutdown-grace", "30s"}});
   connection c(host.port());
   begin_pause(host, c, "1500");
   host.process().signal(SIGTERM);
   EXPECT_TRUE(stops_listening(host.port()));
   std::string last;
   while (const auto event = c.read_event()) last = event->data;
   EXPECT_TRUE(c.at_end()) << "the stream was cut";
   EXPECT_EQ(json_text(last).at("/result/content/0/text"), "paused");
   EXPECT_EQ(host.process().wait_exit(), 0);
}

TEST(Drain, ARunningCallOfASessionFinishesToo) {
   http_host host({.plugins = {"pause"}, .options = {"--shutdown-grace", "30s"}});
   const legacy_session session(host);
   connection general(host.port()), as_json(host.port()), as_stream(host.port());
   general.send(session.stream());
   ASSERT_EQ(general.read_head().status, 200);
   as_json.send(
         session.request(request_text("tools/call", call_params("pause", R"({"ms":1500})"))));
   as_stream.send(session.request(request_text(
         "tools/call", call_params("pause", R"({"ms":1500})", R"({"progressToken":1})"), "2")));
   ASSERT_EQ(as_stream.read_head().status, 200);
   ASSERT_TRUE(as_stream.read_event());
   host.process().signal(SIGTERM);
   while (general.read_event()) continue;
   EXPECT_TRUE(general.at_end()) << "the session's own stream was cut";
   std::string last;
   while (const auto event = as_stream.read_event()) last = event->data;
   EXPECT_EQ(json_text(last).at("/result/content/0/text"), "paused");
   EXPECT_EQ(response_of(as_json.read_answer()).at("/result/content/0/text"), "paused");
   EXPECT_EQ(host.process().wait_exit(), 0);
}

TEST(Drain, AnIdleHostEndsAtOnceAndInOrder) {
   for (const int number : {SIGTERM, SIGINT}) {
      http_host host;
      connection idle(host.port());
      EXPECT_EQ(idle.ask({.target = "/healthz"}).status, 200);
      host.process().signal(number);
      EXPECT_EQ(host.process().wait_exit(), 0) << host.process().error_text();
      EXPECT_TRUE(idle.is_closed_by_peer());
   }
}

TEST(Drain, GraceHasAnEnd) {
   http_host host({.plugins = {"pause"}, .options = {"--shutdown-grace", "300ms"}});
   connection c(host.port());
   begin_pause(host, c, "60000");
   host.process().signal(SIGTERM);
   EXPECT_TRUE(host.process().wait_exit(milliseconds(25'000)).has_value())
         << "it waits for a call of a minute";
}

TEST(Drain, ASecondSignalEndsItAtOnce) {
   http_host host({.plugins = {"slow"}, .options = {"--shutdown-grace", "10m"}});
   connection c(host.port());
   c.send(modern_call(host.path(), "slow_polling", R"({"ms":600000})",
                      modern_meta("{}", R"(,"progressToken":1)")));
   ASSERT_EQ(c.read_head().status, 200);
   ASSERT_TRUE(c.read_event());
   host.process().signal(SIGTERM);
   EXPECT_TRUE(stops_listening(host.port()));
   ASSERT_TRUE(c.read_event()) << "the first one left the call alone";
   host.process().signal(SIGINT);
   EXPECT_TRUE(host.process().wait_exit().has_value());
}

TEST(Drain, APluginThatHangsOnAThreadOfTheHostDoesNotHoldItUp) {
   http_host host({.plugins = {"hang_call"}, .options = {"--shutdown-grace", "100ms"}});
   connection c(host.port());
   c.send(modern_call(host.path(), "hang_here"));
   ASSERT_TRUE(host.process().wait_for_line("hanging"));
   host.process().signal(SIGTERM);
   EXPECT_EQ(host.process().wait_exit(), 1);
   EXPECT_THAT(host.process().error_text(), ::testing::HasSubstr("a plugin keeps a thread"));
}

TEST(Drain, OpenEventStreamsDoNotHoldItUp) {
   http_host host({.options = {"--shutdown-grace", "30s"}});
   const legacy_session session(host);
   connection c(host.port());
   c.send(session.stream());
   ASSERT_EQ(c.read_head().status, 200);
   host.process().signal(SIGTERM);
   EXPECT_EQ(host.process().wait_exit(milliseconds(20'000)), 0);
}

} // namespace
