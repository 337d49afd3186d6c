// Event streams of the old era: GET, priming, resuming. The protocol reference, sections 5.3, 5.4.

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/mcp_client.hpp"

namespace {

using namespace fmcp::test;

http_host& host() {
   static http_host instance({.plugins = {"echo", "pause"}});
   return instance;
}

std::string pausing(std::string_view ms = "100") {
   return request_text("tools/call",
                       call_params("pause", std::string(R"({"ms":)").append(ms) + "}",
                                   R"({"progressToken":"t"})"),
                       "\"p\"");
}

TEST(GetStream, IsOpenedForASession) {
   const legacy_session session(host());
   connection c(host().port());
   c.send(session.stream());
   const auto head = c.read_head();
   EXPECT_EQ(head.status, 200);
   EXPECT_EQ(head.media_type(), "text/event-stream");
   EXPECT_EQ(head.header("Cache-Control").find("no-cache") == std::string::npos &&
                   head.header("Cache-Control").find("no-store") == std::string::npos,
             false);
}

TEST(GetStream, NeedsAnAcceptThatNamesEvents) {
   const legacy_session session(host());
   auto request = session.stream();
   request.fields = session.fields();
   request.fields.emplace_back("Accept", "application/json");
   EXPECT_EQ(ask(host().port(), request).status, 406);
}

TEST(GetStream, EndsWithItsSession) {
   const legacy_session session(host());
   connection c(host().port());
   c.send(session.stream());
   ASSERT_EQ(c.read_head().status, 200);
   static_cast<void>(session.end());
   while (c.read_event()) continue;
   EXPECT_TRUE(c.at_end());
}

TEST(PostStream, BeginsWithAPrimingEventForTheNewestClients) {
   const legacy_session session(host());
   const auto events = events_of(session.ask(pausing()).body);
   ASSERT_GE(events.size(), 2u);
   EXPECT_TRUE(events.front().id);
   EXPECT_EQ(events.front().data, "");
}

TEST(PostStream, HasNoPrimingEventForOlderClients) {
   for (const char* version : {"2025-03-26", "2025-06-18"}) {
      const legacy_session session(host(), version);
      for (const auto& event : events_of(session.ask(pausing()).body))
         EXPECT_NE(event.data, "") << version;
   }
}

TEST(PostStream, EventIdsAreUniqueInTheSession) {
   const legacy_session session(host());
   std::set<std::string> seen;
   for (int i = 0; i < 3; ++i) {
      for (const auto& event : events_of(session.ask(pausing()).body)) {
         ASSERT_TRUE(event.id);
         EXPECT_TRUE(seen.insert(*event.id).second) << *event.id;
      }
   }
}

TEST(PostStream, CarriesProgressInOrderAndThenTheResponse) {
   const legacy_session session(host());
   const auto messages = messages_of(session.ask(pausing()));
   ASSERT_GE(messages.size(), 4u);
   double last = -1;
   for (std::size_t i = 0; i + 1 < messages.size(); ++i) {
      const json_text message(messages[i]);
      EXPECT_EQ(message.at("/method"), "notifications/progress");
      EXPECT_EQ(message.at("/params/progressToken"), "t");
      EXPECT_GT(std::stod(message.at("/params/progress")), last);
      last = std::stod(message.at("/params/progress"));
   }
   EXPECT_EQ(json_text(messages.back()).at("/id"), "p");
}

TEST(PostStream, CarriesAResultLargerThanItsBuffer) {
   http_host host({.options = {"--max-stream-buffer", "64KiB"}});
   const std::string text(1u << 20, 'x');
   auto rq = modern_call("/mcp", "echo", R"({"text":")" + text + "\"}");
   for (auto& [name, value] : rq.fields) {
      if (name == "Accept") value = "text/event-stream";
   }
   const auto answer = ask(host.port(), rq);
   ASSERT_EQ(answer.media_type(), "text/event-stream");
   EXPECT_EQ(response_of(answer).at("/result/content/0/text"), text);
}

TEST(Resume, ABrokenStreamIsContinuedBehindTheLastEvent) {
   const legacy_session session(host());
   std::string last_id;
   {
      connection c(host().port());
      c.send(session.request(pausing("800")));
      ASSERT_EQ(c.read_head().status, 200);
      for (int i = 0; i < 3; ++i) {
         const auto event = c.read_event();
         ASSERT_TRUE(event);
         last_id = event->id.value_or("");
      }
   } // the connection breaks; in this era the call goes on
   connection c(host().port());
   c.send(session.stream(last_id));
   ASSERT_EQ(c.read_head().status, 200);
   std::string response;
   while (response.empty()) {
      const auto event = c.read_event();
      ASSERT_TRUE(event) << "the response never came";
      EXPECT_NE(event->id.value_or(""), last_id) << "an event came twice";
      if (event->data.empty()) continue;
      const json_text message(event->data);
      if (message.has("/id")) response = event->data;
   }
   EXPECT_EQ(json_text(response).at("/id"), "p");
   EXPECT_EQ(json_text(response).at("/result/content/0/text"), "paused");
}

TEST(Resume, AFinishedStreamIsReplayedToItsEnd) {
   const legacy_session session(host());
   const auto events = events_of(session.ask(pausing()).body);
   ASSERT_GE(events.size(), 3u);
   connection c(host().port());
   c.send(session.stream(events[1].id.value_or("")));
   ASSERT_EQ(c.read_head().status, 200);
   for (std::size_t i = 2; i < events.size(); ++i) {
      auto event = c.read_event();
      while (event && event->data.empty()) event = c.read_event(); // priming of the new connection
      ASSERT_TRUE(event) << i;
      EXPECT_EQ(event->data, events[i].data) << i;
   }
}

TEST(Resume, OnlyTheStreamThatBrokeIsReplayed) {
   const legacy_session session(host());
   const auto first = events_of(session.ask(pausing()).body);
   const auto other = session.ask(request_text(
         "tools/call", call_params("pause", R"({"ms":10})", R"({"progressToken":"other"})"),
         "\"o\""));
   ASSERT_EQ(other.status, 200);
   connection c(host().port());
   c.send(session.stream(first.front().id.value_or("")));
   ASSERT_EQ(c.read_head().status, 200);
   for (;;) {
      const auto event = c.read_event();
      ASSERT_TRUE(event);
      EXPECT_EQ(event->data.find("\"other\""), std::string::npos);
      if (event->data.find(R"("id":"p")") != std::string::npos) break;
   }
}

TEST(Resume, AnIdOfAnotherSessionGivesNothingAway) {
   const legacy_session session(host()), stranger(host());
   const auto events = events_of(session.ask(pausing()).body);
   connection c(host().port());
   c.send(stranger.stream(events.front().id.value_or("")));
   const auto head = c.read_head();
   if (head.status == 200) {
      for (auto e = c.read_event(milliseconds(300)); e; e = c.read_event(milliseconds(300)))
         EXPECT_EQ(e->data.find("paused"), std::string::npos);
   } else {
      EXPECT_GE(head.status, 400);
   }
}

} // namespace
