// Requests that the handler keeps: late answers, streams, peers that go, threads that come late.

#include <future>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "unit/net/test_server.hpp"

namespace fmcp::net {
namespace {

using namespace std::chrono_literals;
using test::event;
using test::exchange;
using test::raw_client;
using test::request;
using test::responder;
using test::test_server;
using test::text_head;

std::string get(std::string_view path, std::string_view version = "1.1") {
   return "GET " + std::string(path) + " HTTP/" + std::string(version) + "\r\nHost: h\r\n\r\n";
}

/// Keeps what asks for /kept, answers the rest.
class Exchange : public testing::Test {
protected:
   void serve(limits bounds = {}) {
      server = std::make_unique<test_server>(bounds, [this](const request& rq, responder& out) {
         if (!rq.path.starts_with("/kept")) return test_server::echo(rq, out);
         auto x = out.keep();
         x->on_disconnect([this] { gone.happen(); });
         const std::lock_guard lock(mutex);
         kept = std::move(x);
         keeps.happen();
      });
   }
   /// The exchange that was kept last.
   std::shared_ptr<exchange> take() {
      const std::lock_guard lock(mutex);
      return std::move(kept);
   }
   /// Runs on the exchange's thread and waits until it has.
   template <class F>
   auto at_home(exchange& x, F f) {
      std::promise<decltype(f())> done;
      x.home().post([&] {
         if constexpr (std::is_void_v<decltype(f())>) {
            f();
            done.set_value();
         } else {
            done.set_value(f());
         }
      });
      return done.get_future().get();
   }

   event keeps, gone;
   std::mutex mutex;
   std::shared_ptr<exchange> kept;
   std::unique_ptr<test_server> server;
};

TEST_F(Exchange, IsAnsweredFromAnotherThread) {
   serve();
   auto c = server->connect();
   c.send(get("/kept"));
   ASSERT_TRUE(keeps.wait());
   auto x = take();
   std::thread([&] { x->home().post([x] { x->reply(text_head(201), "late"); }); }).join();
   const auto a = c.read();
   EXPECT_EQ(a.status, 201);
   EXPECT_EQ(a.body, "late");
   EXPECT_EQ(a.field("Connection"), "(none)");
   EXPECT_EQ(c.ask(get("/next")).body, "GET /next ");
   EXPECT_FALSE(at_home(*x, [&] { return x->connected(); }));
   c.close();
   x.reset();
   server.reset();
   EXPECT_EQ(gone.count(), 0) << "not after the answer";
}

TEST_F(Exchange, LaterRequestsWait) {
   serve();
   auto c = server->connect();
   c.send(get("/a") + get("/kept") + get("/b") + get("/kept") + get("/c"));
   EXPECT_EQ(c.read().body, "GET /a ");
   ASSERT_TRUE(keeps.wait());
   EXPECT_TRUE(c.is_quiet());
   auto first = take();
   at_home(*first, [&] { first->reply(text_head(), "first"); });
   EXPECT_EQ(c.read().body, "first");
   EXPECT_EQ(c.read().body, "GET /b ");
   ASSERT_TRUE(keeps.wait(2));
   auto second = take();
   at_home(*second, [&] { second->reply(text_head(), "second"); });
   EXPECT_EQ(c.read().body, "second");
   EXPECT_EQ(c.read().body, "GET /c ");
}

TEST_F(Exchange, MoreThanAHeadOfLaterRequestsWaitsInTheKernel) {
   serve({.max_header_bytes = 1024});
   auto c = server->connect();
   c.send(get("/kept"));
   ASSERT_TRUE(keeps.wait());
   std::string later;
   for (int i = 0; i < 200; ++i) later += get("/x" + std::to_string(i));
   c.send(later);
   auto x = take();
   at_home(*x, [&] { x->reply(text_head(), "done"); });
   EXPECT_EQ(c.read().body, "done");
   for (int i = 0; i < 200; ++i) ASSERT_EQ(c.read().body, "GET /x" + std::to_string(i) + " ");
}

TEST_F(Exchange, MayBeAnsweredWithinTheCall) {
   test_server s({}, [](const request& rq, responder& out) {
      auto x = out.keep();
      if (rq.path == "/stream") {
         x->begin(text_head());
         x->write("one");
         x->write("two");
         x->end();
      } else {
         x->reply(text_head(), rq.path);
      }
   });
   auto c = s.connect();
   c.send(get("/1") + get("/stream") + get("/2"));
   EXPECT_EQ(c.read().body, "/1");
   EXPECT_EQ(c.read().body, "onetwo");
   EXPECT_EQ(c.read().body, "/2");
}

TEST_F(Exchange, DroppedUnansweredIs500) {
   serve();
   auto c = server->connect();
   c.send(get("/kept"));
   ASSERT_TRUE(keeps.wait());
   std::thread([x = take()]() mutable { x.reset(); }).join();
   EXPECT_EQ(c.read().status, 500);
   EXPECT_EQ(c.ask(get("/next")).status, 200);
}

TEST_F(Exchange, StreamDroppedInTheMiddleIsCut) {
   serve();
   auto c = server->connect();
   c.send(get("/kept"));
   ASSERT_TRUE(keeps.wait());
   auto x = take();
   at_home(*x, [&] { x->begin(text_head()), x->write("part"); });
   x.reset();
   const auto a = c.read();
   EXPECT_EQ(a.status, 200);
   EXPECT_EQ(a.body, "part");
   EXPECT_FALSE(a.is_complete);
}

TEST_F(Exchange, StreamsInChunks) {
   serve();
   auto c = server->connect();
   c.send(get("/kept"));
   ASSERT_TRUE(keeps.wait());
   auto x = take();
   at_home(*x,
           [&] { x->begin({.status = 200, .content_type = "text/event-stream", .fields = {}}); });
   const auto head = c.read_until("\r\n\r\n");
   EXPECT_NE(head.find("Transfer-Encoding: chunked\r\n"), std::string::npos) << head;
   EXPECT_NE(head.find("Content-Type: text/event-stream\r\n"), std::string::npos);
   EXPECT_EQ(head.find("Content-Length"), std::string::npos);
   EXPECT_TRUE(at_home(*x, [&] { return x->write("data: 1\n\n"); }));
   EXPECT_EQ(c.read_until("\n\n\r\n"), "9\r\ndata: 1\n\n\r\n");
   EXPECT_TRUE(at_home(*x, [&] { return x->write(""); })) << "an empty chunk would be the last";
   EXPECT_TRUE(at_home(*x, [&] { return x->write("data: 22222222\n\n"); }));
   EXPECT_EQ(c.read_until("\n\n\r\n"), "10\r\ndata: 22222222\n\n\r\n");
   at_home(*x, [&] { x->end(); });
   EXPECT_EQ(c.read_until("0\r\n\r\n"), "0\r\n\r\n");
   EXPECT_EQ(c.ask(get("/next")).status, 200);
   EXPECT_FALSE(at_home(*x, [&] { return x->write("more"); }));
}

TEST_F(Exchange, StreamsUntilCloseOn10) {
   serve();
   auto c = server->connect();
   c.send("GET /kept HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n");
   ASSERT_TRUE(keeps.wait());
   auto x = take();
   at_home(*x, [&] { x->begin(text_head()), x->write("one"), x->write("two"), x->end(); });
   const auto a = c.read();
   EXPECT_EQ(a.body, "onetwo");
   EXPECT_EQ(a.field("Transfer-Encoding"), "(none)");
   EXPECT_EQ(a.field("Connection"), "(none)");
   EXPECT_TRUE(a.is_complete);
}

TEST_F(Exchange, AbortLooksUnlikeTheEnd) {
   serve();
   for (const char* version : {"1.1", "1.0"}) {
      auto c = server->connect();
      keeps.count();
      const int before = keeps.count();
      c.send(get("/kept", version));
      ASSERT_TRUE(keeps.wait(before + 1));
      auto x = take();
      at_home(*x, [&] { x->begin(text_head()), x->write("part"); });
      EXPECT_NE(c.read_until("part"), "");
      at_home(*x, [&] { x->abort(); });
      const auto rest = c.read_to_end();
      EXPECT_EQ(rest.find("0\r\n\r\n"), std::string::npos);
      if (std::string_view(version) == "1.0") {
         EXPECT_TRUE(c.was_reset());
      }
   }
   EXPECT_EQ(gone.count(), 0) << "the handler knows";
}

TEST_F(Exchange, HeadOfAStreamHasNoBody) {
   serve();
   auto c = server->connect();
   c.send("HEAD /kept HTTP/1.1\r\nHost: h\r\n\r\n" + get("/next"));
   ASSERT_TRUE(keeps.wait());
   auto x = take();
   at_home(*x, [&] { x->begin(text_head()), x->write("unseen"), x->end(); });
   EXPECT_EQ(c.read(true).status, 200);
   EXPECT_EQ(c.read().body, "GET /next ");
}

TEST_F(Exchange, SlowReaderOfAStreamIsCut) {
   serve({.max_stream_buffer = 100'000});
   auto c = server->connect();
   c.send(get("/kept"));
   ASSERT_TRUE(keeps.wait());
   auto x = take();
   const std::string piece(10'000, 'x');
   std::size_t most = 0;
   const bool was_cut = at_home(*x, [&] {
      x->begin(text_head());
      for (int i = 0; i < 100'000; ++i) {
         if (!x->write(piece)) return true;
         most = std::max(most, x->pending_bytes());
      }
      return false;
   });
   EXPECT_TRUE(was_cut);
   EXPECT_LE(most, 100'000u + 2 * (piece.size() + 20));
   EXPECT_GT(most, 50'000u);
   EXPECT_TRUE(gone.wait());
   EXPECT_FALSE(at_home(*x, [&] { return x->connected(); }));
   EXPECT_EQ(x->pending_bytes(), 0u);
}

TEST_F(Exchange, AMessageLargerThanTheBoundReachesAPeerThatReads) {
   serve({.max_stream_buffer = 100'000});
   auto c = server->connect();
   c.set_receive_buffer(64 * 1024);
   c.send(get("/kept"));
   ASSERT_TRUE(keeps.wait());
   auto x = take();
   const std::string large(8u << 20, 'x');
   at_home(*x, [&] {
      x->begin(text_head());
      EXPECT_TRUE(x->write(large));
      EXPECT_GT(x->pending_bytes(), 100'000u);
      EXPECT_TRUE(x->write("and more"));
      x->end();
   });
   const auto a = c.read();
   EXPECT_TRUE(a.is_complete);
   EXPECT_TRUE(a.body == large + "and more");
}

TEST_F(Exchange, StreamThatIsTakenSlowlyComesWhole) {
   serve({.max_stream_buffer = 64u << 20});
   auto c = server->connect();
   c.set_receive_buffer(256 * 1024);
   c.send(get("/kept"));
   ASSERT_TRUE(keeps.wait());
   auto x = take();
   std::string sent;
   at_home(*x, [&] {
      x->begin(text_head());
      for (int i = 0; i < 2000; ++i) {
         const std::string piece(10'000, static_cast<char>('a' + i % 26));
         sent += piece;
         EXPECT_TRUE(x->write(piece));
      }
      EXPECT_GT(x->pending_bytes(), 0u);
      x->end();
   });
   const auto a = c.read();
   EXPECT_TRUE(a.is_complete);
   EXPECT_TRUE(a.body == sent);
   EXPECT_EQ(c.ask(get("/next")).status, 200);
}

// ------------------------------------------------------------------------------------ peers that
// go

TEST_F(Exchange, ResetIsNoticed) {
   serve();
   auto c = server->connect();
   c.send(get("/kept"));
   ASSERT_TRUE(keeps.wait());
   c.close_by_reset();
   EXPECT_TRUE(gone.wait());
   auto x = take();
   at_home(*x, [&] { x->reply(text_head(), "too late"); });
   EXPECT_FALSE(at_home(*x, [&] { return x->connected(); }));
}

TEST_F(Exchange, CloseIsNoticed) {
   serve();
   auto c = server->connect();
   c.send(get("/kept"));
   ASSERT_TRUE(keeps.wait());
   c.close();
   EXPECT_TRUE(gone.wait());
}

TEST_F(Exchange, CloseDuringAStreamIsNoticed) {
   serve();
   auto c = server->connect();
   c.send(get("/kept"));
   ASSERT_TRUE(keeps.wait());
   auto x = take();
   at_home(*x, [&] { x->begin(text_head()), x->write("x"); });
   c.read_until("x\r\n");
   c.close();
   EXPECT_TRUE(gone.wait());
}

TEST_F(Exchange, CloseDuringAStreamIsNoticedOn10) {
   serve();
   auto c = server->connect();
   c.send(get("/kept", "1.0"));
   ASSERT_TRUE(keeps.wait());
   auto x = take();
   at_home(*x, [&] { x->begin(text_head()); });
   c.close();
   EXPECT_TRUE(gone.wait());
}

TEST_F(Exchange, CloseBehindPipelinedRequestsIsNoticed) {
   serve();
   auto c = server->connect();
   c.send(get("/kept") + get("/never"));
   ASSERT_TRUE(keeps.wait());
   c.close();
   EXPECT_TRUE(gone.wait());
}

TEST_F(Exchange, ResetIsNoticedWhenNothingMoreIsRead) {
   serve({.max_header_bytes = 1024});
   auto c = server->connect();
   c.send(get("/kept") + std::string(2000, 'x'));
   ASSERT_TRUE(keeps.wait());
   c.close_by_reset();
   EXPECT_TRUE(gone.wait());
}

TEST_F(Exchange, HalfClosedPeerGetsItsAnswer) {
   serve();
   auto c = server->connect();
   c.send(get("/kept") + get("/next"));
   ASSERT_TRUE(keeps.wait());
   c.end_sending();
   // Skipped by every client (RFC 9110 15.2): it makes a peer that is gone say so.
   EXPECT_EQ(c.read().status, 102);
   auto x = take();
   EXPECT_TRUE(at_home(*x, [&] { return x->connected(); }));
   at_home(*x, [&] { x->reply(text_head(), "answer"); });
   EXPECT_EQ(c.read().body, "answer");
   EXPECT_EQ(c.read().body, "GET /next ");
   EXPECT_TRUE(c.is_at_end());
   EXPECT_EQ(gone.count(), 0);
}

TEST_F(Exchange, HalfClosedPeerGetsItsAnswerOn10) {
   serve();
   auto c = server->connect();
   c.send(get("/kept", "1.0"));
   ASSERT_TRUE(keeps.wait());
   c.end_sending();
   auto x = take();
   at_home(*x, [&] { x->reply(text_head(), "answer"); });
   EXPECT_EQ(c.read().body, "answer");
}

TEST_F(Exchange, HalfClosedPeerGetsItsStream) {
   serve();
   auto c = server->connect();
   c.send(get("/kept"));
   ASSERT_TRUE(keeps.wait());
   auto x = take();
   at_home(*x, [&] { x->begin(text_head()); });
   c.end_sending();
   const auto head = c.read_until("\r\n\r\n");
   // A leading zero of the next size line: the chunked coding allows it.
   EXPECT_EQ(c.read_until("0"), "0");
   at_home(*x, [&] { x->write("0123456789"), x->end(); });
   EXPECT_EQ(c.read_to_end(), "a\r\n0123456789\r\n0\r\n\r\n");
}

TEST_F(Exchange, PeerThatClosesAfterHalfClosingIsNoticed) {
   serve();
   auto c = server->connect();
   c.send(get("/kept"));
   ASSERT_TRUE(keeps.wait());
   c.end_sending();
   EXPECT_EQ(c.read().status, 102);
   c.close_by_reset();
   EXPECT_TRUE(gone.wait());
}

TEST_F(Exchange, DisconnectIsToldToThoseWhoAskLate) {
   test_server s({}, [this](const request&, responder& out) {
      const std::lock_guard lock(mutex);
      kept = out.keep();
      keeps.happen();
   });
   auto c = s.connect();
   c.send(get("/"));
   ASSERT_TRUE(keeps.wait());
   auto x = take();
   c.close_by_reset();
   while (at_home(*x, [&] { return x->connected(); })) std::this_thread::yield();
   at_home(*x, [&] {
      x->on_disconnect([this] { gone.happen(); });
      EXPECT_EQ(gone.count(), 0) << "never from within a call";
   });
   EXPECT_TRUE(gone.wait());
}

// --------------------------------------------------------------------------------- the server's
// end

TEST_F(Exchange, OutlivesTheServer) {
   serve();
   auto c = server->connect();
   c.send(get("/kept"));
   ASSERT_TRUE(keeps.wait());
   auto x = take();
   server.reset();
   EXPECT_EQ(gone.count(), 1);
   event destroyed;
   x->home().post([d = std::shared_ptr<void>(nullptr, [&](void*) { destroyed.happen(); })] {
      ADD_FAILURE() << "ran after the end";
   });
   EXPECT_EQ(destroyed.count(), 1);
   EXPECT_FALSE(x->connected());
   x->reply(text_head(), "too late");
}

TEST_F(Exchange, IsAnsweredWhileTheServerStops) {
   serve();
   auto c = server->connect();
   auto idle = server->connect();
   EXPECT_EQ(idle.ask(get("/a")).status, 200);
   c.send(get("/kept"));
   ASSERT_TRUE(keeps.wait());
   std::thread stopping([&] { (**server).stop(20s); });
   EXPECT_TRUE(idle.is_at_end()) << "idle connections close at once";
   auto x = take();
   x->home().post([x] { x->reply(text_head(), "last"); });
   const auto a = c.read();
   EXPECT_EQ(a.body, "last");
   EXPECT_TRUE(a.has("Connection: close"));
   EXPECT_TRUE(c.is_at_end());
   c.close();
   stopping.join();
   EXPECT_FALSE(server->connect().is_connected()) << "nobody listens any more";
}

TEST_F(Exchange, IsCutWhenTheGraceIsOver) {
   serve();
   auto c = server->connect();
   c.send(get("/kept"));
   ASSERT_TRUE(keeps.wait());
   (**server).stop(10ms);
   EXPECT_EQ(gone.count(), 1);
   EXPECT_EQ(c.read_to_end(), "");
}

TEST(ServerStop, LetsARequestThatIsBeingReadFinish) {
   event asked;
   test_server s({}, test_server::echo, [&](const request&, responder&) {
      asked.happen();
      return true;
   });
   auto c = s.connect();
   c.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe");
   ASSERT_TRUE(asked.wait());
   std::thread stopping([&] { s->stop(20s); });
   while (s.connect().is_connected()) std::this_thread::yield();
   c.send("llo");
   const auto a = c.read();
   EXPECT_EQ(a.body, "POST /p hello");
   EXPECT_TRUE(a.has("Connection: close"));
   c.close();
   stopping.join();
}

TEST(ServerThreads, EachHasItsHandlerAndItsConnections) {
   server_options options;
   options.threads = 3;
   std::atomic<int> made{0}, destroyed{0}, visited{0};
   struct counted final : core::http::handler {
      explicit counted(std::atomic<int>& d) : destroyed(d) {}
      ~counted() override { ++destroyed; }
      bool on_head(const request&, responder&) override { return true; }
      void on_request(const request&, responder& out) override { out.reply(text_head(), "x"); }
      std::atomic<int>& destroyed;
   };
   options.port = 0;
   auto s = server::open(options, [&](unsigned, core::executor&) {
      ++made;
      return std::make_unique<counted>(destroyed);
   });
   ASSERT_TRUE(s) << s.error().message;
   (*s)->start();
   EXPECT_EQ(made, 3);
   event seen;
   (*s)->for_each_thread([&](unsigned number, core::http::handler&) {
      visited += 1 << number;
      seen.happen();
   });
   ASSERT_TRUE(seen.wait(3));
   EXPECT_EQ(visited, 7);
   std::vector<raw_client> clients;
   for (int i = 0; i < 30; ++i) clients.emplace_back((*s)->port());
   for (auto& c : clients) EXPECT_EQ(c.ask(get("/")).status, 200);
   EXPECT_EQ((*s)->connections(), 30u);
   (*s)->stop(0ms);
   EXPECT_EQ(destroyed, 3);
   EXPECT_EQ((*s)->connections(), 0u);
}

} // namespace
} // namespace fmcp::net
