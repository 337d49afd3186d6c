// One stream, stepped by hand. The test's thread is the connection's; `elsewhere` is another one.

#include "protocol/sse_stream.hpp"

#include <gtest/gtest.h>

#include "support/fake_exchange.hpp"

namespace fmcp::protocol {
namespace {

using core::http::field;
using test::elsewhere;
using test::exchange_record;
using test::fake_exchange;
using test::manual_executor;
using position = event_log::position;

/// One connection of a client.
struct peer {
   explicit peer(manual_executor& home)
       : exchange(std::make_shared<fake_exchange>(home, record)), watched(exchange) {}

   bool attach(sse_stream& s, std::optional<position> last_seen = {},
               std::span<const field> fields = {}) {
      return s.attach(std::move(exchange), fields, last_seen, [this] { ++gone; });
   }
   void hang_up() {
      if (const auto e = watched.lock()) e->hang_up();
   }
   std::shared_ptr<fake_exchange> live() { return watched.lock(); }

   std::shared_ptr<exchange_record> record = std::make_shared<exchange_record>();
   std::shared_ptr<fake_exchange> exchange;
   std::weak_ptr<fake_exchange> watched;
   int gone = 0;
};

std::string plain(std::string_view message) {
   return "event: message\ndata: " + std::string(message) + "\n\n";
}
std::string numbered(std::string_view id, std::string_view message) {
   return "event: message\nid: " + std::string(id) + "\ndata: " + std::string(message) + "\n\n";
}

struct SseStream : testing::Test {
   std::shared_ptr<sse_stream> modern() { return sse_stream::make({.max_queued_bytes = 100}); }
   std::shared_ptr<sse_stream> legacy(bool is_primed = false) {
      return sse_stream::make({.log = log,
                               .max_queued_bytes = 100,
                               .is_primed = is_primed,
                               .retry_ms = is_primed ? 500u : 0u});
   }

   manual_executor home;
   std::shared_ptr<event_log> log = std::make_shared<event_log>(100, 10'000);
};

// ---- form ----

TEST_F(SseStream, BeginsWithTheHead) {
   peer p(home);
   const auto s = modern();
   const std::array fields{field{"Mcp-Session-Id", "x"}};
   ASSERT_TRUE(p.attach(*s, {}, fields));
   EXPECT_EQ(p.record->begins, 1);
   EXPECT_EQ(p.record->status, 200);
   EXPECT_EQ(p.record->content_type, "text/event-stream");
   EXPECT_EQ(p.record->find("Cache-Control"), "no-cache");
   EXPECT_EQ(p.record->find("X-Accel-Buffering"), "no");
   EXPECT_EQ(p.record->find("Mcp-Session-Id"), "x");
   EXPECT_EQ(p.record->body, "");
   EXPECT_TRUE(s->is_connected());
}

TEST_F(SseStream, AModernStreamHasNoIdsAndNoPriming) {
   peer p(home);
   const auto s = sse_stream::make({.is_primed = true, .retry_ms = 500});
   ASSERT_TRUE(p.attach(*s));
   EXPECT_TRUE(s->send(R"({"a":1})"));
   EXPECT_EQ(p.record->body, plain(R"({"a":1})"));
   EXPECT_EQ(s->number(), 0u);
}

TEST_F(SseStream, ALegacyStreamNumbersItsEvents) {
   peer p(home);
   const auto other = legacy(), s = legacy();
   ASSERT_TRUE(p.attach(*s));
   EXPECT_TRUE(s->send("a"));
   EXPECT_TRUE(s->send("b"));
   EXPECT_EQ(p.record->body, numbered("2-1", "a") + numbered("2-2", "b"));
   EXPECT_EQ(s->number(), 2u);
}

TEST_F(SseStream, PrimingComesFirstEvenWhenMessagesWereFirst) {
   peer p(home);
   const auto s = legacy(true);
   EXPECT_TRUE(s->send("early"));
   ASSERT_TRUE(p.attach(*s));
   EXPECT_EQ(p.record->body, "id: 1-1\nretry: 500\ndata: \n\n" + numbered("1-2", "early"));
}

TEST_F(SseStream, LineBreaksInAMessageEndNoEvent) {
   peer p(home);
   const auto s = modern();
   ASSERT_TRUE(p.attach(*s));
   EXPECT_TRUE(s->send("{\r\n\"a\":1,\n\n\r}"));
   EXPECT_EQ(p.record->body, plain("{  \"a\":1,   }"));
}

// ---- sending ----

TEST_F(SseStream, OnItsOwnThreadAMessageIsWrittenAtOnce) {
   peer p(home);
   const auto s = modern();
   ASSERT_TRUE(p.attach(*s));
   EXPECT_TRUE(s->send("a"));
   EXPECT_EQ(p.record->body, plain("a"));
   EXPECT_EQ(home.posts(), 0u);
}

TEST_F(SseStream, FromElsewhereManyMessagesAreOneWakeUpAndOneWrite) {
   peer p(home);
   const auto s = modern();
   ASSERT_TRUE(p.attach(*s));
   elsewhere([&] {
      for (const auto m : {"a", "b", "c"}) EXPECT_TRUE(s->send(m));
   });
   EXPECT_EQ(p.record->body, "");
   EXPECT_EQ(home.posts(), 1u);
   home.run_all();
   EXPECT_EQ(p.record->body, plain("a") + plain("b") + plain("c"));
   EXPECT_EQ(p.record->writes, 1);
   EXPECT_EQ(home.posts(), 1u);
   elsewhere([&] { EXPECT_TRUE(s->send("d")); });
   EXPECT_EQ(home.posts(), 2u);
}

TEST_F(SseStream, TheOwnThreadDoesNotOvertakeOthers) {
   peer p(home);
   const auto s = modern();
   ASSERT_TRUE(p.attach(*s));
   elsewhere([&] { (void)s->send("a"); });
   EXPECT_TRUE(s->send("b")); // "a" is still on its way
   EXPECT_EQ(p.record->body, "");
   home.run_all();
   EXPECT_EQ(p.record->body, plain("a") + plain("b"));
}

TEST_F(SseStream, WhatArrivesDuringAWriteFollowsInATaskOfItsOwn) {
   peer p(home);
   const auto s = modern();
   ASSERT_TRUE(p.attach(*s));
   p.live()->on_write = [&, n = 0]() mutable {
      if (++n == 1) elsewhere([&] { (void)s->send("b"); });
   };
   elsewhere([&] { (void)s->send("a"); });
   ASSERT_TRUE(home.run_one());
   EXPECT_EQ(p.record->body, plain("a"));
   ASSERT_TRUE(home.run_one());
   EXPECT_EQ(p.record->body, plain("a") + plain("b"));
   EXPECT_FALSE(home.run_one());
}

TEST_F(SseStream, AMessageDuringAttachComesBehindTheReplay) {
   peer p(home);
   const auto s = legacy();
   (void)s->send("a");
   p.live()->on_begin = [&] { elsewhere([&] { EXPECT_TRUE(s->send("b")); }); };
   ASSERT_TRUE(p.attach(*s));
   home.run_all();
   EXPECT_EQ(p.record->body, numbered("1-1", "a") + numbered("1-2", "b"));
}

TEST_F(SseStream, WithoutConnectionAndLogAMessageGoesNowhere) {
   EXPECT_FALSE(modern()->send("a"));
   EXPECT_TRUE(legacy()->send("a"));
}

// ---- keep-alive ----

TEST_F(SseStream, KeepAliveSpeaksOnlyIntoSilence) {
   peer p(home);
   const auto s = modern();
   s->keep_alive(); // nobody there
   ASSERT_TRUE(p.attach(*s));
   s->keep_alive(); // just attached
   EXPECT_EQ(p.record->body, "");
   s->keep_alive();
   EXPECT_EQ(p.record->body, ": keep-alive\n\n");
   (void)s->send("a");
   s->keep_alive();
   EXPECT_EQ(p.record->body, ": keep-alive\n\n" + plain("a"));
   elsewhere([&] { s->keep_alive(); });
   home.run_all();
   EXPECT_EQ(p.record->body, ": keep-alive\n\n" + plain("a") + ": keep-alive\n\n");
}

// ---- ends in order ----

TEST_F(SseStream, FinishWritesWhatIsQueuedAndEnds) {
   peer p(home);
   const auto s = modern();
   ASSERT_TRUE(p.attach(*s));
   elsewhere([&] {
      (void)s->send("a");
      s->finish();
      EXPECT_FALSE(s->send("late"));
   });
   EXPECT_TRUE(s->is_finished());
   EXPECT_FALSE(s->is_connected());
   EXPECT_EQ(home.posts(), 1u);
   home.run_all();
   EXPECT_EQ(p.record->body, plain("a"));
   EXPECT_EQ(p.record->ends, 1);
   EXPECT_EQ(p.record->aborts, 0);
   EXPECT_TRUE(p.record->is_destroyed);
   EXPECT_EQ(p.gone, 0);
}

TEST_F(SseStream, FinishOnItsOwnThreadEndsAtOnceAndOnce) {
   peer p(home);
   const auto s = modern();
   ASSERT_TRUE(p.attach(*s));
   s->finish();
   s->finish();
   s->close_connection();
   EXPECT_EQ(p.record->ends, 1);
   home.run_all();
   EXPECT_EQ(p.gone, 0);
}

TEST_F(SseStream, FinishDuringAttachEndsBehindTheReplay) {
   peer p(home);
   const auto s = legacy();
   (void)s->send("a");
   p.live()->on_begin = [&] {
      elsewhere([&] {
         (void)s->send("b");
         s->finish();
      });
   };
   ASSERT_TRUE(p.attach(*s));
   EXPECT_EQ(p.record->body, numbered("1-1", "a") + numbered("1-2", "b"));
   EXPECT_EQ(p.record->ends, 1);
}

TEST_F(SseStream, ADroppedStreamIsFinished) {
   peer p(home);
   auto s = legacy();
   ASSERT_TRUE(p.attach(*s));
   elsewhere([&] { s.reset(); });
   home.run_all();
   EXPECT_EQ(p.record->ends, 1);
   EXPECT_TRUE(p.record->is_destroyed);
   EXPECT_EQ(p.record->foreign_thread_uses, 0);
   EXPECT_EQ(log->streams(), 0u);
}

TEST_F(SseStream, CloseConnectionLeavesTheStreamToBeResumed) {
   peer a(home), b(home);
   const auto s = legacy(true);
   ASSERT_TRUE(a.attach(*s));
   elsewhere([&] {
      (void)s->send("a");
      s->close_connection();
      EXPECT_FALSE(s->is_connected());
      EXPECT_TRUE(s->send("b"));
   });
   home.run_all();
   EXPECT_EQ(a.record->body, "id: 1-1\nretry: 500\ndata: \n\n" + numbered("1-2", "a"));
   EXPECT_EQ(a.record->ends, 1);
   EXPECT_EQ(a.gone, 0);
   ASSERT_TRUE(b.attach(*s, position{1, 2}));
   EXPECT_EQ(b.record->body, "retry: 500\n\n" + numbered("1-3", "b"));
   EXPECT_FALSE(s->is_finished());
}

// ---- the peer goes ----

TEST_F(SseStream, TheOwnerIsToldOnceThatThePeerIsGone) {
   peer p(home);
   const auto s = modern();
   ASSERT_TRUE(p.attach(*s));
   p.hang_up();
   EXPECT_FALSE(s->is_connected());
   EXPECT_EQ(p.gone, 0); // in a task of its own
   home.run_all();
   EXPECT_EQ(p.gone, 1);
   EXPECT_TRUE(p.record->is_destroyed);
   EXPECT_FALSE(s->send("a"));
   s->finish();
   home.run_all();
   EXPECT_EQ(p.gone, 1);
   EXPECT_EQ(p.record->ends, 0);
}

TEST_F(SseStream, APeerThatGoesInsideSendIsReportedOutsideOfIt) {
   peer p(home);
   const auto s = modern();
   ASSERT_TRUE(p.attach(*s));
   p.live()->on_write = [&] { p.hang_up(); };
   EXPECT_TRUE(s->send("a")); // it had a connection
   EXPECT_EQ(p.gone, 0);
   EXPECT_FALSE(s->send("b"));
   home.run_all();
   EXPECT_EQ(p.gone, 1);
   EXPECT_EQ(p.record->body, "");
}

TEST_F(SseStream, APeerThatGoesBetweenSendAndWriteIsReportedOnce) {
   peer p(home);
   const auto s = modern();
   ASSERT_TRUE(p.attach(*s));
   elsewhere([&] { (void)s->send("a"); });
   p.hang_up();
   home.run_all();
   EXPECT_EQ(p.gone, 1);
   EXPECT_EQ(p.record->writes, 0);
}

TEST_F(SseStream, APeerThatWentBeforeAttachIsReported) {
   peer p(home);
   const auto s = modern();
   p.hang_up();
   ASSERT_TRUE(p.attach(*s));
   EXPECT_FALSE(s->is_connected());
   EXPECT_EQ(p.gone, 0);
   home.run_all();
   EXPECT_EQ(p.gone, 1);
   EXPECT_TRUE(p.record->is_destroyed);
}

TEST_F(SseStream, APeerThatGoesDuringAttachIsReported) {
   peer p(home);
   const auto s = legacy();
   (void)s->send("a");
   p.live()->on_begin = [&] { p.hang_up(); };
   ASSERT_TRUE(p.attach(*s));
   home.run_all();
   EXPECT_EQ(p.gone, 1);
   EXPECT_FALSE(s->is_connected());
}

TEST_F(SseStream, AfterFinishThePeerMayGoUnnoticed) {
   peer p(home);
   const auto s = modern();
   ASSERT_TRUE(p.attach(*s));
   elsewhere([&] {
      (void)s->send("a");
      s->finish();
   });
   p.hang_up(); // before the queue is written
   home.run_all();
   EXPECT_EQ(p.gone, 0);
   EXPECT_EQ(p.record->ends, 0);
   EXPECT_TRUE(p.record->is_destroyed);
}

TEST_F(SseStream, FinishBeforeTheReportSilencesIt) {
   peer p(home);
   const auto s = modern();
   ASSERT_TRUE(p.attach(*s));
   p.hang_up();
   s->finish();
   home.run_all();
   EXPECT_EQ(p.gone, 0);
}

TEST_F(SseStream, OnGoneMayUseAndDropTheStream) {
   auto s = legacy();
   peer p(home);
   bool was_called = false;
   ASSERT_TRUE(s->attach(std::move(p.exchange), {}, {}, [&] {
      was_called = true;
      EXPECT_TRUE(s->send("a"));
      s->finish();
      s.reset();
   }));
   p.hang_up();
   home.run_all();
   EXPECT_TRUE(was_called);
   EXPECT_TRUE(p.record->is_destroyed);
}

// ---- coming back ----

TEST_F(SseStream, AClientThatComesBackGetsWhatItMissedAndThenWhatFollows) {
   peer a(home), b(home);
   const auto s = legacy();
   ASSERT_TRUE(a.attach(*s));
   (void)s->send("a");
   (void)s->send("b");
   a.hang_up();
   EXPECT_TRUE(s->send("c"));
   ASSERT_TRUE(b.attach(*s, position{1, 1}));
   EXPECT_EQ(b.record->body, numbered("1-2", "b") + numbered("1-3", "c"));
   (void)s->send("d");
   EXPECT_EQ(b.record->body, numbered("1-2", "b") + numbered("1-3", "c") + numbered("1-4", "d"));
   home.run_all();
   EXPECT_EQ(a.gone, 1);
   EXPECT_EQ(b.gone, 0);
}

TEST_F(SseStream, WithoutAPositionItGetsWhatWasNeverWritten) {
   peer a(home), b(home);
   const auto s = legacy();
   ASSERT_TRUE(a.attach(*s));
   (void)s->send("a");
   a.hang_up();
   (void)s->send("b");
   ASSERT_TRUE(b.attach(*s));
   EXPECT_EQ(b.record->body, numbered("1-2", "b"));
}

TEST_F(SseStream, WhatWasReplayedOnceIsNotReplayedUnasked) {
   peer a(home), b(home);
   const auto s = legacy();
   (void)s->send("a");
   ASSERT_TRUE(a.attach(*s));
   EXPECT_EQ(a.record->body, numbered("1-1", "a"));
   a.hang_up();
   ASSERT_TRUE(b.attach(*s));
   EXPECT_EQ(b.record->body, "");
}

TEST_F(SseStream, AGapOrAForeignPositionIsRefusedAndNothingHappens) {
   log = std::make_shared<event_log>(1, 1000);
   const auto s = legacy(), other = legacy();
   peer a(home);
   ASSERT_TRUE(a.attach(*s));
   (void)s->send("a");
   (void)s->send("b");
   (void)s->send("c");
   for (const position seen : {position{1, 1}, position{1, 4}, position{2, 0}, position{3, 1}}) {
      peer b(home);
      EXPECT_FALSE(b.attach(*s, seen)) << event_log::text(seen);
      EXPECT_EQ(b.record->begins, 0);
      EXPECT_EQ(b.gone, 0);
   }
   EXPECT_FALSE(peer(home).attach(*modern(), position{1, 1}));
   EXPECT_TRUE(s->is_connected());
   EXPECT_EQ(a.record->ends, 0);
   peer c(home);
   EXPECT_TRUE(c.attach(*s, position{1, 2}));
   EXPECT_EQ(c.record->body, numbered("1-3", "c"));
}

TEST_F(SseStream, AFinishedStreamIsReplayedAndEnded) {
   peer a(home), b(home);
   const auto s = legacy();
   ASSERT_TRUE(a.attach(*s));
   (void)s->send("a");
   a.hang_up();
   (void)s->send("b");
   s->finish();
   ASSERT_TRUE(b.attach(*s, position{1, 1}));
   EXPECT_EQ(b.record->body, numbered("1-2", "b"));
   EXPECT_EQ(b.record->ends, 1);
   EXPECT_FALSE(s->is_connected());
   home.run_all();
   EXPECT_EQ(b.gone, 0);
}

TEST_F(SseStream, AnotherAttachEndsTheOlderConnection) {
   peer a(home), b(home);
   const auto s = legacy();
   ASSERT_TRUE(a.attach(*s));
   elsewhere([&] { (void)s->send("a"); }); // waits in the older connection's queue
   ASSERT_TRUE(b.attach(*s));
   EXPECT_EQ(b.record->body, numbered("1-1", "a"));
   home.run_all();
   EXPECT_EQ(a.record->body, "");
   EXPECT_EQ(a.record->ends, 1);
   EXPECT_TRUE(a.record->is_destroyed);
   EXPECT_EQ(a.gone, 0);
   EXPECT_TRUE(s->is_connected());
   (void)s->send("b");
   EXPECT_EQ(b.record->body, numbered("1-1", "a") + numbered("1-2", "b"));
}

TEST_F(SseStream, WithoutALogTheQueueMovesToTheNewConnection) {
   peer a(home), b(home);
   const auto s = modern();
   ASSERT_TRUE(a.attach(*s));
   elsewhere([&] { (void)s->send("a"); });
   ASSERT_TRUE(b.attach(*s));
   home.run_all();
   EXPECT_EQ(a.record->body, "");
   EXPECT_EQ(b.record->body, plain("a"));
}

TEST_F(SseStream, TheOlderConnectionEndsOnItsOwnThread) {
   manual_executor far;
   const auto s = legacy();
   peer a(home);
   ASSERT_TRUE(a.attach(*s));
   std::shared_ptr<exchange_record> record;
   elsewhere([&] {
      peer b(far);
      record = b.record;
      ASSERT_TRUE(b.attach(*s));
      (void)s->send("there");
      EXPECT_EQ(b.record->body, numbered("1-1", "there"));
      EXPECT_EQ(a.record->ends, 0);
      s->close_connection();
   });
   home.run_all();
   EXPECT_EQ(a.record->ends, 1);
   EXPECT_EQ(a.record->foreign_thread_uses, 0);
   EXPECT_EQ(record->foreign_thread_uses, 0);
}

TEST_F(SseStream, TheOlderConnectionsEndDoesNotTouchTheNewOne) {
   peer a(home), b(home);
   const auto s = legacy();
   ASSERT_TRUE(a.attach(*s));
   const auto old = a.live();
   elsewhere([&] { (void)s->send("a"); }); // so that the end of `a` waits in a task
   ASSERT_TRUE(b.attach(*s, position{1, 0}));
   old->hang_up();
   home.run_all();
   EXPECT_EQ(a.gone, 0);
   EXPECT_EQ(b.gone, 0);
   EXPECT_TRUE(s->is_connected());
}

// ---- bounds ----

TEST_F(SseStream, AFloodCutsTheConnection) {
   peer p(home);
   const auto s = modern();
   ASSERT_TRUE(p.attach(*s));
   int accepted = 0;
   elsewhere([&] {
      while (s->send("0123456789") && accepted < 1000) ++accepted;
   });
   EXPECT_GE(accepted, 3); // 100 bytes and a message
   EXPECT_LE(accepted, 5);
   EXPECT_FALSE(s->is_connected());
   home.run_all();
   EXPECT_EQ(p.record->aborts, 1);
   EXPECT_EQ(p.record->ends, 0);
   EXPECT_EQ(p.record->body, "");
   EXPECT_EQ(p.gone, 1);
   EXPECT_TRUE(p.record->is_destroyed);
}

TEST_F(SseStream, APeerThatGoesBeforeItIsCutIsReportedToo) {
   peer p(home);
   const auto s = modern();
   ASSERT_TRUE(p.attach(*s));
   elsewhere([&] {
      while (s->send("0123456789")) {
      }
   });
   p.hang_up();
   home.run_all();
   EXPECT_EQ(p.gone, 1);
   EXPECT_TRUE(p.record->is_destroyed);
}

TEST_F(SseStream, AStreamWithIdsGoesOnAfterAFlood) {
   peer a(home), b(home);
   const auto s = legacy();
   ASSERT_TRUE(a.attach(*s));
   std::string expected;
   elsewhere([&] {
      for (int i = 1; i <= 20; ++i) {
         EXPECT_TRUE(s->send("0123456789"));
         expected += numbered("1-" + std::to_string(i), "0123456789");
      }
   });
   home.run_all();
   EXPECT_EQ(a.record->aborts, 1);
   EXPECT_EQ(a.gone, 1);
   ASSERT_TRUE(b.attach(*s));
   EXPECT_EQ(b.record->body, expected);
}

TEST_F(SseStream, APeerThatDoesNotReadIsCut) {
   peer p(home);
   const auto s = modern();
   ASSERT_TRUE(p.attach(*s));
   p.live()->pending = 200;
   EXPECT_TRUE(s->send("a"));
   EXPECT_EQ(p.record->aborts, 1);
   EXPECT_EQ(p.gone, 0);
   home.run_all();
   EXPECT_EQ(p.gone, 1);
   EXPECT_FALSE(s->send("b"));
}

TEST_F(SseStream, AClosedConnectionThatDoesNotReadIsCutWithoutAWord) {
   peer p(home);
   const auto s = legacy();
   ASSERT_TRUE(p.attach(*s));
   p.live()->pending = 200;
   elsewhere([&] {
      (void)s->send("a");
      s->close_connection();
   });
   home.run_all();
   EXPECT_EQ(p.record->aborts, 1);
   EXPECT_EQ(p.gone, 0);
}

TEST_F(SseStream, ALargeMessageDoesNotMakeTheNextOneFatal) {
   peer p(home);
   const auto s = modern();
   const std::string large(10'000, 'x');
   ASSERT_TRUE(p.attach(*s));
   elsewhere([&] {
      EXPECT_TRUE(s->send(large));
      EXPECT_TRUE(s->send("small"));
   });
   home.run_all();
   EXPECT_EQ(p.record->body, plain(large) + plain("small"));
   p.live()->pending = 10'000; // it is still reading
   EXPECT_TRUE(s->send("next"));
   EXPECT_EQ(p.record->aborts, 0);
}

// ---- the loop ends ----

TEST_F(SseStream, TasksThatNeverRunLeakNothing) {
   auto s = modern();
   peer p(home);
   ASSERT_TRUE(p.attach(*s));
   elsewhere([&] { (void)s->send("a"); });
   home.drop_all();
   s->finish();
   s.reset();
   home.drop_all();
   EXPECT_TRUE(p.record->is_destroyed);
}

} // namespace
} // namespace fmcp::protocol
