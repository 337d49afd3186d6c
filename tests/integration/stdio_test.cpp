// The protocol on standard input and output: the protocol reference, sections 2.5 and 7.

#include <csignal>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/mcp_client.hpp"

namespace {

using namespace fmcp::test;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string opening(std::string_view version = newest_legacy) {
   return request_text("initialize", initialize_params(version), "\"init\"");
}

/// A host whose legacy conversation has begun.
void open_legacy(stdio_host& host) {
   ASSERT_EQ(json_text(host.ask(opening())).at("/id"), "init");
   host.send(notification_text("notifications/initialized"));
}

TEST(StdioLegacy, OpensListsAndCalls) {
   stdio_host host;
   const json_text opened(host.ask(opening()));
   EXPECT_EQ(opened.at("/result/protocolVersion"), newest_legacy);
   EXPECT_TRUE(opened.has("/result/capabilities/tools"));
   host.send(notification_text("notifications/initialized"));
   EXPECT_EQ(json_text(host.ask(request_text("ping"))).at("/result"), "{}");
   EXPECT_EQ(json_text(host.ask(request_text("tools/list"))).at("/result/tools/0/name"), "echo");
   const json_text called(
         host.ask(request_text("tools/call", call_params("echo", R"({"text":"hi"})"), "\"c\"")));
   EXPECT_EQ(called.at("/id"), "c");
   EXPECT_EQ(called.at("/result/content/0/text"), "hi");
   EXPECT_FALSE(called.has("/result/resultType"));
}

TEST(StdioLegacy, AnswersTheVersionRule) {
   for (const auto& version : legacy_versions) {
      stdio_host host;
      EXPECT_EQ(json_text(host.ask(opening(version))).at("/result/protocolVersion"), version);
   }
   stdio_host host;
   EXPECT_EQ(json_text(host.ask(opening(modern_version))).at("/result/protocolVersion"),
             newest_legacy);
}

TEST(StdioLegacy, PingComesBeforeInitialize) {
   stdio_host host;
   EXPECT_EQ(json_text(host.ask(request_text("ping"))).at("/result"), "{}");
   EXPECT_TRUE(json_text(host.ask(request_text("tools/list"))).has("/error"));
   EXPECT_TRUE(json_text(host.ask(opening())).has("/result"));
}

TEST(StdioModern, ServesWithoutAnOpening) {
   stdio_host host;
   const json_text discover(host.ask(modern_text("server/discover", "", "\"probe\"")));
   EXPECT_EQ(discover.at("/id"), "probe");
   EXPECT_EQ(discover.at("/result/supportedVersions/0"), modern_version);
   EXPECT_EQ(json_text(host.ask(modern_text("tools/list"))).at("/result/tools/0/name"), "echo");
   const json_text called(
         host.ask(modern_text("tools/call", R"("name":"echo","arguments":{"text":"hi"})", "7")));
   EXPECT_EQ(called.at("/id"), "7");
   EXPECT_EQ(called.at("/result/content/0/text"), "hi");
   EXPECT_EQ(called.at("/result/resultType"), "complete");
}

TEST(StdioModern, DiscoverLeavesInitializePossible) {
   stdio_host host;
   ASSERT_TRUE(json_text(host.ask(modern_text("server/discover"))).has("/result"));
   EXPECT_TRUE(json_text(host.ask(opening())).has("/result"));
}

TEST(StdioModern, RefusesAVersionThatItDoesNotServe) {
   stdio_host host;
   const json_text answer(
         host.ask(modern_text("tools/list", "", "1", modern_meta("{}", "", "v999.0.0"))));
   EXPECT_EQ(answer.at("/error/code"), "-32022");
   EXPECT_EQ(answer.at("/error/data/supported/0"), modern_version);
   EXPECT_EQ(answer.at("/error/data/requested"), "v999.0.0");
}

TEST(StdioModern, ProgressComesBetweenAndCarriesItsToken) {
   stdio_host host({.plugins = {"pause"}});
   host.send(modern_text("tools/call", R"("name":"pause","arguments":{"ms":50})", "1",
                         modern_meta("{}", R"(,"progressToken":"t")")));
   std::size_t notes = 0;
   for (;;) {
      const auto line = host.receive();
      ASSERT_FALSE(line.empty());
      const json_text message(line);
      if (message.has("/id")) {
         EXPECT_EQ(message.at("/result/content/0/text"), "paused");
         break;
      }
      EXPECT_EQ(message.at("/method"), "notifications/progress");
      EXPECT_EQ(message.at("/params/progressToken"), "t");
      ++notes;
   }
   EXPECT_GE(notes, 3u);
}

TEST(StdioModern, CancelledCallIsNeverAnswered) {
   stdio_host host({.plugins = {"pause"}});
   host.send(modern_text("tools/call", R"("name":"pause","arguments":{"ms":30000})", "\"long\"",
                         modern_meta("{}", R"(,"progressToken":1)")));
   EXPECT_EQ(json_text(host.receive()).at("/method"), "notifications/progress");
   host.send(
         R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"long","_meta":)" +
         modern_meta() + "}}");
   std::string counted;
   while (counted.find("cancelled 1") == std::string::npos) {
      host.send(modern_text("tools/call", R"("name":"pause_count")", "\"count\""));
      for (;;) {
         const json_text message(host.receive());
         ASSERT_NE(message.at("/id"), "long");
         if (message.at("/id") != "count") continue; // progress that was on its way
         counted = message.at("/result/content/0/text");
         break;
      }
   }
}

TEST(Stdio, SlowCallsDoNotHoldUpQuickOnes) {
   stdio_host host({.plugins = {"pause", "echo"}});
   open_legacy(host);
   host.send(request_text("tools/call", call_params("pause", R"({"ms":1000})"), "\"slow\""));
   host.send(request_text("tools/call", call_params("echo", R"({"text":"x"})"), "\"quick\""));
   EXPECT_EQ(json_text(host.receive()).at("/id"), "quick");
   EXPECT_EQ(json_text(host.receive()).at("/id"), "slow");
}

TEST(Stdio, GarbageIsAnsweredAndReadingGoesOn) {
   stdio_host host;
   for (const char* garbage : {"this is not JSON", "{\"jsonrpc\":\"2.0\"", "\xff\xfe", "{}{}"}) {
      const json_text answer(host.ask(garbage));
      EXPECT_EQ(answer.at("/error/code"), "-32700") << garbage;
      EXPECT_FALSE(answer.has("/id")) << garbage;
   }
   for (const char* invalid : {"7", "{}", R"({"jsonrpc":"2.0","id":null,"method":"ping"})"}) {
      const json_text answer(host.ask(invalid));
      EXPECT_EQ(answer.at("/error/code"), "-32600") << invalid;
      EXPECT_FALSE(answer.has("/id")) << invalid;
   }
   EXPECT_EQ(json_text(host.ask(request_text("ping"))).at("/result"), "{}");
}

TEST(Stdio, BlankLinesAndCarriageReturnsAreTolerated) {
   stdio_host host;
   host.send("");
   host.send("   ");
   host.send("\r");
   EXPECT_EQ(json_text(host.ask(request_text("ping") + "\r")).at("/result"), "{}");
}

TEST(Stdio, ALineOverTheLimitIsRefusedAndReadingGoesOn) {
   stdio_host host({.options = {"--max-body-bytes", "4KiB"}});
   host.send(request_text("ping", R"({"x":")" + std::string(100'000, 'x') + "\"}"));
   EXPECT_TRUE(json_text(host.receive()).has("/error"));
   EXPECT_EQ(json_text(host.ask(request_text("ping"))).at("/result"), "{}");
}

TEST(Stdio, NotificationsAreNeverAnswered) {
   stdio_host host;
   host.send(notification_text("notifications/whatever"));
   host.send(notification_text("tools/list"));
   EXPECT_EQ(json_text(host.ask(request_text("ping", "", "\"only\""))).at("/id"), "only");
}

TEST(Stdio, EndsWithItsInput) {
   stdio_host host;
   ASSERT_TRUE(json_text(host.ask(opening())).has("/result"));
   host.process().close_stdin();
   EXPECT_EQ(host.process().wait_exit(), 0);
   EXPECT_THAT(host.process().read_rest(), IsEmpty());
}

TEST(Stdio, EndsWithItsInputBeforeAnyMessage) {
   stdio_host host;
   host.process().close_stdin();
   EXPECT_EQ(host.process().wait_exit(), 0);
}

TEST(Stdio, EndsOnTheSignal) {
   stdio_host host;
   ASSERT_TRUE(json_text(host.ask(request_text("ping"))).has("/result"));
   host.process().signal(SIGTERM);
   EXPECT_EQ(host.process().wait_exit(), 0);
}

TEST(Stdio, ASignalBehindTheEndOfItsInputEndsIt) {
   stdio_host host({.plugins = {"slow"}, .options = {"--shutdown-grace", "10m"}});
   const auto progress =
         host.ask(modern_text("tools/call", R"("name":"slow_polling","arguments":{"ms":600000})",
                              "1", modern_meta("{}", R"(,"progressToken":1)")));
   ASSERT_EQ(json_text(progress).at("/method"), "notifications/progress");
   host.process().close_stdin();
   ASSERT_TRUE(host.process().wait_for_line("end of input"));
   host.process().signal(SIGTERM);
   EXPECT_TRUE(host.process().wait_exit().has_value());
}

TEST(Stdio, AClientThatDoesNotReadDoesNotHoldUpTheEnd) {
   stdio_host host({.options = {"--shutdown-grace", "100ms"}});
   ASSERT_THAT(host.ask(modern_text("subscriptions/listen", R"("notifications":{})", "\"s\"")),
               HasSubstr("acknowledged"));
   // Eight answers fill what may wait for the client, the ninth waits for room.
   const std::string text(1'000'000, 'x');
   for (int i = 0; i < 9; ++i) {
      host.send(modern_text("tools/call", R"("name":"echo","arguments":{"text":")" + text + "\"}",
                            std::to_string(i)));
   }
   host.process().signal(SIGTERM);
   EXPECT_TRUE(host.process().wait_exit().has_value());
   EXPECT_THAT(host.process().error_text(), ::testing::Not(HasSubstr("read nothing for too long")));
}

TEST(Stdio, AnswersWhatWasAskedBeforeTheEnd) {
   stdio_host host;
   std::string all;
   for (int i = 0; i < 50; ++i) all += request_text("ping", "", std::to_string(i)) + "\n";
   host.process().write(all);
   host.process().close_stdin();
   std::set<std::string> ids;
   while (const auto line = host.process().read_line()) ids.insert(json_text(*line).at("/id"));
   EXPECT_EQ(ids.size(), 50u);
   EXPECT_EQ(host.process().wait_exit(), 0);
}

TEST(Stdio, NothingButMessagesReachesTheOutput) {
   stdio_host host({.plugins = {"printer", "bad_abi"}}); // one prints, one makes the host complain
   open_legacy(host);
   for (int i = 0; i < 3; ++i) {
      const json_text answer(host.ask(request_text("tools/call", call_params("printer"))));
      EXPECT_EQ(answer.at("/result/content/0/text"), "printed");
   }
   host.process().close_stdin();
   EXPECT_EQ(host.process().wait_exit(), 0);
   EXPECT_THAT(host.process().read_rest(), IsEmpty());
   EXPECT_THAT(host.process().error_text(), HasSubstr("bad_abi"));
}

TEST(Stdio, TwoHostsRunAtTheSameTime) {
   stdio_host first, second; // as a client that probes does
   EXPECT_TRUE(json_text(first.ask(modern_text("server/discover"))).has("/result"));
   EXPECT_TRUE(json_text(second.ask(opening())).has("/result"));
}

} // namespace
