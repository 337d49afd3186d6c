// Requests that the handler puts aside and takes up again.

#include <future>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/net/test_server.hpp"

namespace fmcp::net {
namespace {

using namespace std::chrono_literals;
using core::http::held_request;
using test::event;
using test::raw_client;
using test::request;
using test::responder;
using test::test_server;
using test::text_head;

std::string get(std::string_view path) {
   return "GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

std::string post(std::string_view path, std::string_view body) {
   return "POST " + std::string(path) + "?q=1 HTTP/1.1\r\nHost: h\r\nX-Name: a value\r\n" +
          "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

/// Everything that a handler can see of a request.
std::string describe(const request& rq) {
   std::string out = std::string(rq.verb_text) + " " + std::string(rq.path) + "?" +
                     std::string(rq.query) + " host=" + std::string(rq.host) +
                     " peer=" + std::string(rq.peer_address);
   for (const auto& f : rq.fields)
      out += " [" + std::string(f.name) + "=" + std::string(f.value) + "]";
   return out + " " + std::string(rq.body);
}

/// Puts aside what asks for /held, answers the rest.
class HeldRequest : public testing::Test {
protected:
   void serve(limits bounds = {}, server_options options = {}) {
      server = std::make_unique<test_server>(
            bounds,
            [this](const request& rq, responder& out) {
               if (!rq.path.starts_with("/held")) return test_server::echo(rq, out);
               auto h = out.hold();
               const std::lock_guard lock(mutex);
               held.push_back(std::move(h));
               holds.happen();
            },
            test_server::head_function{}, options);
   }
   std::shared_ptr<held_request> take() {
      const std::lock_guard lock(mutex);
      auto first = std::move(held.front());
      held.erase(held.begin());
      return first;
   }
   /// Resumes on the request's thread and waits until that has happened.
   static void resume(const std::shared_ptr<held_request>& h, held_request::work f) {
      std::promise<void> done;
      h->home().post([&] {
         h->resume(std::move(f));
         done.set_value();
      });
      done.get_future().get();
   }

   event holds;
   std::mutex mutex;
   std::vector<std::shared_ptr<held_request>> held;
   std::unique_ptr<test_server> server;
};

TEST_F(HeldRequest, ComesBackAsItWas) {
   serve();
   auto c = server->connect();
   const std::string body(10'000, 'b');
   c.send(post("/held", body));
   ASSERT_TRUE(holds.wait());
   // What it was read into is used again meanwhile, by this connection and by another one.
   c.send(post("/behind", std::string(12'000, 'x')));
   EXPECT_EQ(server->connect().ask(get("/other")).body, "GET /other ");
   auto h = take();
   resume(h, [](const request& rq, responder& out) {
      EXPECT_EQ(rq.verb, core::http::method::post);
      EXPECT_TRUE(rq.keep_alive);
      EXPECT_EQ(rq.caller, nullptr);
      EXPECT_EQ(rq.find("x-name"), "a value");
      out.reply(text_head(), describe(rq));
   });
   EXPECT_EQ(c.read().body, "POST /held?q=1 host=h peer=127.0.0.1 [Host=h] [X-Name=a value] "
                            "[Content-Length=10000] " +
                                  body);
   EXPECT_EQ(c.read().body, "POST /behind?q=1 " + std::string(12'000, 'x'));
}

TEST_F(HeldRequest, LaterRequestsWaitForIt) {
   serve();
   auto c = server->connect();
   c.send(get("/a") + get("/held/1") + get("/b") + get("/held/2") + get("/c"));
   EXPECT_EQ(c.read().body, "GET /a ");
   for (const auto* name : {"/held/1", "/held/2"}) {
      ASSERT_TRUE(holds.wait(name[6] - '0'));
      EXPECT_TRUE(c.is_quiet());
      resume(take(), test_server::echo);
      EXPECT_EQ(c.read().body, "GET " + std::string(name) + " ");
      EXPECT_EQ(c.read().body, name[6] == '1' ? "GET /b " : "GET /c ");
   }
}

TEST_F(HeldRequest, MayBeKeptAfterwards) {
   serve();
   auto c = server->connect();
   c.send(get("/held") + get("/next"));
   ASSERT_TRUE(holds.wait());
   std::shared_ptr<test::exchange> x;
   resume(take(), [&](const request&, responder& out) { x = out.keep(); });
   EXPECT_TRUE(c.is_quiet());
   x->home().post([&] {
      x->begin(text_head());
      x->write("one ");
      x->write("two");
      x->end();
   });
   EXPECT_EQ(c.read().body, "one two");
   EXPECT_EQ(c.read().body, "GET /next ");
   server.reset();
}

TEST_F(HeldRequest, MayBeAnsweredByAnExchangeAtOnce) {
   serve();
   auto c = server->connect();
   c.send(get("/held") + get("/next"));
   ASSERT_TRUE(holds.wait());
   resume(take(), [](const request&, responder& out) {
      const auto x = out.keep();
      x->begin(text_head());
      x->write("at once");
      x->end();
   });
   EXPECT_EQ(c.read().body, "at once");
   EXPECT_EQ(c.read().body, "GET /next ");
}

TEST_F(HeldRequest, MayBePutAsideAgain) {
   serve();
   auto c = server->connect();
   c.send(post("/held", "body"));
   ASSERT_TRUE(holds.wait());
   std::shared_ptr<held_request> second;
   // The owner of the first copy lets go of it inside: the views are good for the whole call.
   auto first = take();
   auto* const raw = first.get();
   std::promise<void> done;
   raw->home().post([&] {
      raw->resume([&](const request& rq, responder& out) {
         first.reset();
         second = out.hold();
         EXPECT_EQ(rq.body, "body");
      });
      done.set_value();
   });
   done.get_future().get();
   EXPECT_TRUE(c.is_quiet());
   resume(second, test_server::echo);
   EXPECT_EQ(c.read().body, "POST /held?q=1 body");
}

TEST_F(HeldRequest, MayBeAnsweredInPlace) {
   serve();
   auto c = server->connect();
   c.send("GET /held HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n" + get("/next"));
   ASSERT_TRUE(holds.wait());
   resume(take(), [](const request&, responder& out) {
      EXPECT_EQ(out.date_line().substr(0, 6), "Date: ");
      out.output() += "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
      out.replied_raw();
   });
   const auto a = c.read();
   EXPECT_EQ(a.body, "ok");
   EXPECT_EQ(a.field("Connection"), "keep-alive") << "which HTTP/1.0 has to be told";
   EXPECT_EQ(c.read().body, "GET /next ");
}

TEST_F(HeldRequest, AnswerToAHeadHasNoBody) {
   serve();
   auto c = server->connect();
   c.send("HEAD /held HTTP/1.1\r\nHost: h\r\n\r\n" + get("/next"));
   ASSERT_TRUE(holds.wait());
   resume(take(), [](const request&, responder& out) { out.reply(text_head(), "unseen"); });
   const auto a = c.read(true);
   EXPECT_EQ(a.field("Content-Length"), "6");
   EXPECT_EQ(c.read().body, "GET /next ");
}

TEST_F(HeldRequest, ConnectionCloseHolds) {
   serve();
   auto c = server->connect();
   c.send("GET /held HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
   ASSERT_TRUE(holds.wait());
   resume(take(), test_server::echo);
   EXPECT_EQ(c.read().field("Connection"), "close");
   EXPECT_TRUE(c.is_at_end());
}

TEST_F(HeldRequest, KnowsWhatHangsOnTheConnection) {
   serve();
   auto c = server->connect();
   c.send(get("/held"));
   ASSERT_TRUE(holds.wait());
   resume(take(), [](const request&, responder& out) {
      EXPECT_NE(&out.attachment(), &out.identity());
      out.attachment() = std::make_shared<std::string>("session");
      out.identity() = std::make_shared<std::string>("token");
      out.reply(text_head(), "");
   });
   EXPECT_EQ(c.read().status, 200);
   c.send(get("/held"));
   ASSERT_TRUE(holds.wait(2));
   resume(take(), [](const request&, responder& out) {
      out.reply(text_head(), *std::static_pointer_cast<std::string>(out.attachment()) + "+" +
                                   *std::static_pointer_cast<std::string>(out.identity()));
   });
   EXPECT_EQ(c.read().body, "session+token");
}

TEST_F(HeldRequest, DroppedIs500) {
   serve();
   auto c = server->connect();
   c.send(get("/held") + get("/next"));
   ASSERT_TRUE(holds.wait());
   std::thread([h = take()]() mutable { h.reset(); }).join();
   EXPECT_EQ(c.read().status, 500);
   EXPECT_EQ(c.read().body, "GET /next ");
}

TEST_F(HeldRequest, ForgottenAfterwardsIs500) {
   serve();
   auto c = server->connect();
   c.send(get("/held"));
   ASSERT_TRUE(holds.wait());
   resume(take(), [](const request&, responder&) {});
   EXPECT_EQ(c.read().status, 500);
   EXPECT_TRUE(c.is_at_end());
}

TEST_F(HeldRequest, FailedAfterwardsIs500) {
   serve();
   auto c = server->connect();
   c.send(get("/held"));
   ASSERT_TRUE(holds.wait());
   resume(take(), [](const request&, responder&) { throw std::runtime_error("no"); });
   EXPECT_EQ(c.read().status, 500);
   EXPECT_TRUE(c.is_at_end());
}

TEST_F(HeldRequest, IsResumedOnce) {
   serve();
   auto c = server->connect();
   c.send(get("/held"));
   ASSERT_TRUE(holds.wait());
   auto h = take();
   resume(h, test_server::echo);
   EXPECT_EQ(c.read().status, 200);
   resume(h, [](const request&, responder&) { ADD_FAILURE() << "again"; });
   EXPECT_EQ(c.ask(get("/next")).body, "GET /next ");
}

TEST_F(HeldRequest, OfAPeerThatHasGoneIsNotResumed) {
   serve();
   auto c = server->connect();
   c.send(get("/held"));
   ASSERT_TRUE(holds.wait());
   auto h = take();
   c.close_by_reset();
   while ((*server)->connections() != 0) std::this_thread::yield();
   resume(h, [](const request&, responder&) { ADD_FAILURE() << "nobody is there"; });
}

TEST_F(HeldRequest, OfAPeerThatOnlyEndedItsSendingIsAnswered) {
   serve();
   auto c = server->connect();
   c.send(get("/held"));
   ASSERT_TRUE(holds.wait());
   c.end_sending();
   EXPECT_EQ(c.read().status, 102) << "asks whether the peer is still there";
   resume(take(), test_server::echo);
   EXPECT_EQ(c.read().body, "GET /held ");
   EXPECT_TRUE(c.is_at_end());
}

TEST_F(HeldRequest, IsNotIdle) {
   serve({.header_timeout = 50ms, .body_timeout = 50ms, .idle_timeout = 50ms});
   auto c = server->connect();
   c.send(get("/held"));
   ASSERT_TRUE(holds.wait());
   auto other = server->connect();
   EXPECT_TRUE(other.is_at_end()) << "which shows that deadlines are looked at";
   resume(take(), test_server::echo);
   EXPECT_EQ(c.read().status, 200);
   EXPECT_TRUE(c.is_at_end()) << "and now it is idle";
}

TEST_F(HeldRequest, IsAnsweredWhileTheServerStops) {
   serve();
   auto c = server->connect();
   auto idle = server->connect();
   EXPECT_EQ(idle.ask(get("/")).status, 200);
   c.send(get("/held"));
   ASSERT_TRUE(holds.wait());
   std::thread stopping([&] { (*server)->stop(std::chrono::milliseconds(test::patience_ms)); });
   EXPECT_TRUE(idle.is_at_end());
   resume(take(), test_server::echo);
   const auto a = c.read();
   EXPECT_EQ(a.body, "GET /held ");
   EXPECT_EQ(a.field("Connection"), "close");
   c.close(); // the server waits for it a while
   idle.close();
   stopping.join();
}

TEST_F(HeldRequest, OutlivesTheServer) {
   serve();
   auto c = server->connect();
   c.send(get("/held/1"));
   auto d = server->connect();
   d.send(get("/held/2"));
   ASSERT_TRUE(holds.wait(2));
   (*server)->stop(0ms);
   server.reset();
   auto h = take();
   h->resume([](const request&, responder&) { ADD_FAILURE() << "the server has ended"; });
   h->home().post([] { ADD_FAILURE() << "its thread has ended"; });
   h.reset();
   take().reset();
   EXPECT_TRUE(c.is_at_end());
}

// ---- within a handler's call ----

TEST(HeldWithin, IsResumedInTheCallThatPutItAside) {
   test_server s({}, [](const request& rq, responder& out) {
      if (rq.path != "/held") return test_server::echo(rq, out);
      const auto h = out.hold();
      h->resume(test_server::echo);
   });
   auto c = s.connect();
   c.send(get("/a") + get("/held") + get("/b"));
   EXPECT_EQ(c.read().body, "GET /a ");
   EXPECT_EQ(c.read().body, "GET /held ");
   EXPECT_EQ(c.read().body, "GET /b ");
}

TEST(HeldWithin, AnswersOfTwoConnectionsDoNotMix) {
   std::shared_ptr<held_request> waiting;
   event holds;
   test_server s({}, [&](const request& rq, responder& out) {
      if (rq.path == "/held") {
         waiting = out.hold();
         return holds.happen();
      }
      if (rq.path != "/wakes") return test_server::echo(rq, out);
      out.output() += "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"; // half an answer
      waiting->resume(test_server::echo);
      waiting.reset();
      out.output() += "own";
      out.replied_raw();
   });
   auto c = s.connect();
   c.send(get("/held") + get("/behind"));
   ASSERT_TRUE(holds.wait());
   auto d = s.connect();
   d.send(get("/before") + get("/wakes") + get("/after"));
   EXPECT_EQ(d.read().body, "GET /before ");
   EXPECT_EQ(d.read().body, "own");
   EXPECT_EQ(d.read().body, "GET /after ");
   EXPECT_EQ(c.read().body, "GET /held ");
   EXPECT_EQ(c.read().body, "GET /behind ");
}

TEST(HeldWithin, AHeadAloneCannotBePutAside) {
   std::shared_ptr<held_request> h;
   test_server s({}, test_server::echo, [&](const request&, responder& out) {
      h = out.hold();
      return false;
   });
   auto c = s.connect();
   EXPECT_EQ(c.ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n").status, 500);
   h->home().post([&] {
      h->resume([](const request&, responder&) { ADD_FAILURE() << "there is no whole request"; });
   });
   EXPECT_TRUE(c.is_at_end());
   s->stop(0ms);
}

TEST(HeldWithin, AnAnsweredRequestCannotBePutAside) {
   test_server s({}, [](const request& rq, responder& out) {
      test_server::echo(rq, out);
      const auto h = out.hold();
      ASSERT_NE(h, nullptr);
      h->resume([](const request&, responder&) { ADD_FAILURE() << "it is answered"; });
   });
   auto c = s.connect();
   EXPECT_EQ(c.ask(get("/a")).body, "GET /a ");
   EXPECT_EQ(c.ask(get("/b")).body, "GET /b ");
}

} // namespace
} // namespace fmcp::net
