// Arrays of messages, which only 2025-03-26 knows: the protocol reference, section 5.6.

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/mcp_client.hpp"

namespace {

using namespace fmcp::test;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

http_host& host() {
   static http_host instance;
   return instance;
}

const std::string ping = request_text("ping", "", "1");
const std::string call =
      request_text("tools/call", call_params("echo", R"({"text":"in a batch"})"), "\"two\"");
const std::string note = notification_text("notifications/roots/list_changed");

/// The responses of an array or of a stream.
std::vector<std::string> responses(const http_answer& answer) {
   std::vector<std::string> out;
   for (const auto& text : messages_of(answer)) {
      const json_text message(text);
      const std::size_t count = message.size("");
      if (!text.starts_with("[")) out.push_back(text);
      for (std::size_t i = 0; text.starts_with("[") && i < count; ++i)
         out.emplace_back(message.at("/" + std::to_string(i)));
   }
   return out;
}

TEST(Batch, EveryRequestIsAnsweredOnce) {
   const legacy_session session(host(), "2025-03-26");
   const auto answer = session.ask("[" + ping + "," + note + "," + call + "]");
   ASSERT_EQ(answer.status, 200);
   std::set<std::string> ids;
   for (const auto& text : responses(answer)) {
      const json_text message(text);
      EXPECT_TRUE(ids.insert(message.at("/id")).second);
      if (message.at("/id") == "two") {
         EXPECT_EQ(message.at("/result/content/0/text"), "in a batch");
      }
   }
   EXPECT_EQ(ids, (std::set<std::string>{"1", "two"}));
}

TEST(Batch, IsBoundedInItsLength) {
   const legacy_session session(host(), "2025-03-26");
   const std::string list = request_text("tools/list");
   std::string many = "[" + list;
   for (int i = 1; i < 50'000; ++i) many += "," + list;
   const auto answer = session.ask(many + "]");
   EXPECT_EQ(answer.status, 400);
   EXPECT_EQ(json_text(answer.body).at("/error/code"), "-32600");
   EXPECT_THAT(answer.body, HasSubstr("at most 100"));
}

TEST(Batch, WithoutARequestIsAccepted) {
   const legacy_session session(host(), "2025-03-26");
   const auto answer = session.ask("[" + note + "," + note + "]");
   EXPECT_EQ(answer.status, 202);
   EXPECT_THAT(answer.body, IsEmpty());
}

TEST(Batch, MustNotHoldInitialize) {
   const auto opening = request_text("initialize", initialize_params("2025-03-26"));
   const auto answer = ask(host().port(), post("/mcp", "[" + opening + "]"));
   EXPECT_EQ(answer.status, 400);
}

TEST(Batch, IsRefusedWhereItWasRemoved) {
   for (const char* version : {"2025-06-18", "2025-11-25"}) {
      const legacy_session session(host(), version);
      const auto answer = session.ask("[" + ping + "]");
      EXPECT_EQ(answer.status, 400) << version;
      EXPECT_EQ(response_of(answer).at("/error/code"), "-32600") << version;
   }
}

TEST(Batch, NeedsASession) {
   EXPECT_EQ(ask(host().port(), post("/mcp", "[" + ping + "]")).status, 400);
}

} // namespace
