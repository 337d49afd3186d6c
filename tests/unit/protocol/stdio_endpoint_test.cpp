#include "protocol/stdio_endpoint.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/protocol/fake_backend.hpp"

namespace fmcp::protocol {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view initialize_line =
      R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}})";
constexpr std::string_view claim =
      R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}})";

class StdioEndpoint : public testing::Test {
protected:
   StdioEndpoint() {
      subject.publish({backend.add("echo", R"({"name":"echo","inputSchema":{"type":"object"}})",
                                   test::answers("hello")),
                       backend.add("open", R"({"name":"open","inputSchema":{"type":"object"}})")});
      endpoint.emplace(subject, 4096, [this](std::string_view line) {
         lines.emplace_back(line);
         if (const auto what = std::exchange(while_writing, nullptr)) what();
      });
   }
   std::string only(std::string_view line) {
      lines.clear();
      endpoint->on_line(line);
      EXPECT_EQ(lines.size(), 1u);
      return lines.empty() ? std::string() : lines.front();
   }

   test::fake_backend backend;
   service subject{{.me = {.name = "unit", .version = "1"}}, backend};
   std::vector<std::string> lines;
   std::function<void()> while_writing; ///< what another thread does meanwhile, once
   std::optional<stdio_endpoint> endpoint;
};

TEST_F(StdioEndpoint, ServesTheLegacyEraAfterInitialize) {
   EXPECT_THAT(only(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})"), HasSubstr("initialize"));
   EXPECT_THAT(only(R"({"jsonrpc":"2.0","id":1,"method":"ping"})"), HasSubstr(R"("result":{}})"));
   EXPECT_THAT(only(initialize_line), HasSubstr(R"("protocolVersion":"2025-06-18")"));
   EXPECT_THAT(only(R"({"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"echo"}})"),
               HasSubstr(R"("id":"a","result":{"content":[{"type":"text","text":"hello"}]})"));
   EXPECT_THAT(only(initialize_line), HasSubstr("already"));
}

TEST_F(StdioEndpoint, ServesBothErasInTurn) {
   const auto discover = fmt::format(
         R"({{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{{{}}}}})", claim);
   EXPECT_THAT(only(discover), HasSubstr("supportedVersions"));
   (void)only(initialize_line);
   EXPECT_THAT(only(discover), HasSubstr("supportedVersions"));
   EXPECT_THAT(
         only(fmt::format(R"({{"jsonrpc":"2.0","id":1,"method":"ping","params":{{{}}}}})", claim)),
         HasSubstr("-32601"));
}

TEST_F(StdioEndpoint, RefusesWhatIsNoMessageAndReadsOn) {
   EXPECT_THAT(only("{nonsense"), HasSubstr("-32700"));
   EXPECT_THAT(only(R"({"jsonrpc":"2.0","id":null,"method":"ping"})"), HasSubstr("-32600"));
   EXPECT_THAT(only(R"([{"jsonrpc":"2.0","id":1,"method":"ping"}])"), HasSubstr("-32600"));
   lines.clear();
   endpoint->on_line("");
   endpoint->on_line(" \r");
   EXPECT_THAT(lines, IsEmpty());
   endpoint->on_long_line();
   EXPECT_THAT(lines, ElementsAre(HasSubstr("4096")));
}

TEST_F(StdioEndpoint, NeverAnswersNotificationsAndResponses) {
   (void)only(initialize_line);
   lines.clear();
   endpoint->on_line(R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
   endpoint->on_line(R"({"jsonrpc":"2.0","method":"notifications/no-such"})");
   endpoint->on_line(R"({"jsonrpc":"2.0","id":5,"result":{}})");
   endpoint->on_line(
         R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":77}})");
   EXPECT_THAT(lines, IsEmpty());
}

TEST_F(StdioEndpoint, CancelsCallsOfBothErasById) {
   (void)only(initialize_line);
   lines.clear();
   endpoint->on_line(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open"}})");
   endpoint->on_line(fmt::format(
         R"({{"jsonrpc":"2.0","id":"1","method":"tools/call","params":{{"name":"open",{}}}}})",
         claim));
   endpoint->on_line(
         R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})");
   EXPECT_EQ(backend.calls.at(0)->cancels, 1);
   EXPECT_EQ(backend.calls.at(1)->cancels, 0);
   endpoint->on_line(
         R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"1"}})");
   EXPECT_EQ(backend.calls.at(1)->cancels, 1);
   EXPECT_THAT(lines, IsEmpty());
   EXPECT_TRUE(endpoint->wait_for_calls(std::chrono::milliseconds(0)));
}

TEST_F(StdioEndpoint, WaitsForCallsThatRun) {
   (void)only(initialize_line);
   endpoint->on_line(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open"}})");
   EXPECT_FALSE(endpoint->wait_for_calls(std::chrono::milliseconds(0)));
   backend.calls.at(0)->finish("done");
   EXPECT_TRUE(endpoint->wait_for_calls(std::chrono::milliseconds(0)));
   EXPECT_THAT(lines.back(), HasSubstr("done"));
   EXPECT_EQ(backend.calls.at(0)->client_info, R"({"name":"t","version":"1"})");
}

TEST_F(StdioEndpoint, ABatchIsAnsweredByOneArray) {
   (void)only(
         R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"t","version":"1"}}})");
   lines.clear();
   endpoint->on_line(
         R"([{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open"}},{"jsonrpc":"2.0","id":2,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/initialized"}])");
   EXPECT_THAT(lines, IsEmpty());
   backend.calls.at(0)->finish("done");
   ASSERT_EQ(lines.size(), 1u);
   EXPECT_THAT(lines.front(), testing::StartsWith(R"([{"jsonrpc":"2.0","id":2,"result":{}},)"));
   EXPECT_THAT(lines.front(), HasSubstr("done"));
}

TEST_F(StdioEndpoint, ABatchHoldsNothingOfTheModernEra) {
   (void)only(
         R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"t","version":"1"}}})");
   EXPECT_THAT(
         only(fmt::format(
               R"([{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"echo",{}}}}}])",
               claim)),
         HasSubstr("-32600"));
   EXPECT_THAT(backend.calls, IsEmpty());
}

TEST_F(StdioEndpoint, TellsOfChangesAsEachEraWantsIt) {
   (void)only(initialize_line);
   (void)only(fmt::format(
         R"({{"jsonrpc":"2.0","id":"s","method":"subscriptions/listen","params":{{"notifications":{{"toolsListChanged":true}},{}}}}})",
         claim));
   EXPECT_THAT(lines, ElementsAre(HasSubstr("acknowledged")));
   lines.clear();
   subject.publish({});
   EXPECT_THAT(lines, testing::UnorderedElementsAre(
                            R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})",
                            HasSubstr(R"("io.modelcontextprotocol/subscriptionId":"s")")));
   lines.clear();
   endpoint->on_line(
         R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"s"}})");
   subject.publish({backend.add("x", R"({"name":"x","inputSchema":{"type":"object"}})")});
   EXPECT_EQ(lines.size(), 1u);
}

TEST_F(StdioEndpoint, ASubscriptionKeepsItsIdToItself) {
   const auto listen = fmt::format(
         R"({{"jsonrpc":"2.0","id":"s","method":"subscriptions/listen","params":{{"notifications":{{"toolsListChanged":true}},{}}}}})",
         claim);
   EXPECT_THAT(only(listen), HasSubstr("acknowledged"));
   EXPECT_THAT(only(listen), HasSubstr("-32600"));
   lines.clear();
   subject.publish({});
   EXPECT_EQ(lines.size(), 1u) << "the first one lives";
   lines.clear();
   endpoint->on_line(
         R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"s"}})");
   EXPECT_THAT(only(listen), HasSubstr("acknowledged"));
}

TEST_F(StdioEndpoint, RefusesASubscriptionThatWouldHearNothing) {
   subject.shut_down();
   EXPECT_THAT(
         only(fmt::format(
               R"({{"jsonrpc":"2.0","id":3,"method":"subscriptions/listen","params":{{"notifications":{{}},{}}}}})",
               claim)),
         HasSubstr("-32603"));
}

TEST_F(StdioEndpoint, ABrokenResponseIsAnsweredWithoutItsId) {
   const auto answer = only(R"({"jsonrpc":"2.0","id":5,"result":{},"error":{}})");
   EXPECT_THAT(answer, HasSubstr("-32600"));
   EXPECT_THAT(answer, testing::Not(HasSubstr(R"("id")")));
   EXPECT_THAT(only(R"({"jsonrpc":"1.0","id":5,"method":"ping"})"), HasSubstr(R"("id":5)"));
}

TEST_F(StdioEndpoint, AModernRequestWithoutItsRevisionIsToldSo) {
   const auto answer = only(
         R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/clientCapabilities":{}}}})");
   EXPECT_THAT(answer, HasSubstr("-32602"));
   EXPECT_THAT(answer, HasSubstr("io.modelcontextprotocol/protocolVersion"));
}

TEST_F(StdioEndpoint, SaysGoodbyeToSubscriptions) {
   (void)only(fmt::format(
         R"({{"jsonrpc":"2.0","id":3,"method":"subscriptions/listen","params":{{"notifications":{{}},{}}}}})",
         claim));
   lines.clear();
   subject.shut_down();
   EXPECT_THAT(lines, ElementsAre(HasSubstr("notifications/cancelled"),
                                  HasSubstr(R"("id":3,"result":{"resultType":"complete")")));
}

TEST_F(StdioEndpoint, WhatWaitsForAClientThatReadsSlowlyIsBounded) {
   (void)only(initialize_line);
   endpoint->on_line(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open"}})");
   const auto call = backend.calls.at(0);
   const auto to = call->to;
   lines.clear();
   while_writing = [&] {
      for (int i = 0; i < 10'000; ++i) to->on_log(log_level::error, "", "1");
      call->finish("done");
   };
   to->on_log(log_level::error, "", "0");
   EXPECT_LT(lines.size(), 1000u);
   EXPECT_THAT(lines.back(), HasSubstr("done")) << "the response is never dropped";
}

TEST_F(StdioEndpoint, NothingIsWrittenAfterItsEnd) {
   (void)only(initialize_line);
   endpoint->on_line(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open"}})");
   const auto call = backend.calls.at(0);
   endpoint.reset();
   lines.clear();
   call->finish("late");
   subject.publish({});
   EXPECT_THAT(lines, IsEmpty());
}

} // namespace
} // namespace fmcp::protocol
