// The outbound client against decent servers of loopback: what is asked, how many, how it ends.

#include "net/fetcher.hpp"

#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "core/text.hpp"
#include "unit/net/fake_names.hpp"
#include "unit/net/fetch_fixture.hpp"
#include "unit/net/test_server.hpp"

namespace fmcp::net {
namespace {

using namespace std::chrono_literals;
using namespace test;

class Fetcher : public FetchFixture {};

std::string origin_of(const test_server& s) {
   return "http://127.0.0.1:" + std::to_string(s.port());
}

// --------------------------------------------------------------------------------- what is decent

TEST_F(Fetcher, GetsAnAnswer) {
   const test_server s({}, [](const request& rq, responder& out) {
      const core::http::field extra[] = {{"X-Thing", "one"}, {"x-thing", "two"}};
      out.reply({.status = 201, .content_type = "text/plain", .fields = extra},
                std::string(rq.verb_text) + " " + std::string(rq.path) + "?" +
                      std::string(rq.query));
   });
   const auto r = fetch(to(origin_of(s), "/a/../b?c=%20d"));
   ASSERT_TRUE(r) << r.error().message;
   EXPECT_EQ(r->status, 201);
   EXPECT_EQ(r->body, "GET /a/../b?c=%20d");
   EXPECT_EQ(r->find("content-type"), "text/plain");
   EXPECT_EQ(r->find("x-thing"), "one");
   EXPECT_EQ(r->final_url, origin_of(s) + "/a/../b?c=%20d");
}

TEST_F(Fetcher, SendsMethodFieldsAndBody) {
   std::string seen;
   const test_server s({}, [&](const request& rq, responder& out) {
      seen = std::string(rq.verb_text) + "\n";
      for (const auto& f : rq.fields) {
         seen += core::to_lower(f.name) + "=" + std::string(f.value) + "\n";
      }
      seen += rq.body;
      out.reply(text_head(), "");
   });
   auto rq = to(origin_of(s), "/p");
   rq.headers = {{"Authorization", "Bearer t"}, {"X-Empty", ""}, {"X-Padded", "  v "}};
   rq.method = "POST";
   rq.body = std::string("a=b\0c", 5);
   ASSERT_TRUE(fetch(rq));
   EXPECT_EQ(seen, "POST\nhost=127.0.0.1:" + std::to_string(s.port()) +
                         "\nuser-agent=fastmcp-host\naccept=*/*\naccept-encoding=gzip\n"
                         "authorization=Bearer t\nx-empty=\nx-padded=v\ncontent-length=5\n" +
                         std::string("a=b\0c", 5));
   for (const auto* method : {"PUT", "PATCH", "DELETE"}) {
      rq.method = method;
      ASSERT_TRUE(fetch(rq)) << method;
      EXPECT_TRUE(seen.starts_with(std::string(method) + "\n")) << seen;
      EXPECT_TRUE(seen.ends_with(rq.body)) << seen;
   }
   rq.body.clear();
   for (const auto* method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
      rq.method = method;
      ASSERT_TRUE(fetch(rq)) << method;
      EXPECT_TRUE(seen.starts_with(std::string(method) + "\n")) << seen;
      EXPECT_EQ(seen.find("content-length=0") != seen.npos, method[0] == 'P') << seen;
   }
   rq.headers = {{"User-Agent", "mine/1"}};
   ASSERT_TRUE(fetch(rq));
   EXPECT_TRUE(has(seen, "user-agent=mine/1\n"));
}

TEST_F(Fetcher, HeadHasNoBody) {
   const test_server s;
   auto rq = to(origin_of(s));
   rq.method = "HEAD";
   const auto r = fetch(rq);
   ASSERT_TRUE(r) << r.error().message;
   EXPECT_EQ(r->status, 200);
   EXPECT_EQ(r->body, "");
   EXPECT_NE(r->find("content-length"), "");
}

TEST_F(Fetcher, AnyStatusIsAReply) {
   const test_server s({}, [](const request& rq, responder& out) {
      out.reply(text_head(std::atoi(std::string(rq.path.substr(1)).c_str())), "said");
   });
   for (const int status : {400, 401, 404, 407, 429, 500, 503}) {
      const auto r = fetch(to(origin_of(s), "/" + std::to_string(status)));
      ASSERT_TRUE(r) << r.error().message;
      EXPECT_EQ(r->status, status);
      EXPECT_EQ(r->body, "said");
   }
}

TEST_F(Fetcher, StreamsThatEndAreWhole) {
   const test_server s({}, [](const request&, responder& out) {
      auto kept = out.keep();
      kept->begin({.status = 200, .content_type = "text/event-stream", .fields = {}});
      kept->write("data: 1\n\n");
      kept->write("data: 2\n\n");
      kept->end();
   });
   const auto r = fetch(to(origin_of(s)));
   ASSERT_TRUE(r) << r.error().message;
   EXPECT_EQ(r->body, "data: 1\n\ndata: 2\n\n");
   EXPECT_EQ(r->find("content-type"), "text/event-stream");
}

TEST_F(Fetcher, ConnectionsAreUsedAgain) {
   const scripted_server s(always(ok));
   for (int i = 0; i < 3; ++i) ASSERT_TRUE(fetch(to(s.origin())));
   EXPECT_EQ(s.connections(), 1);
}

TEST_F(Fetcher, KeptConnectionsThatEndUnansweredAreReplaced) {
   const scripted_server s([](peer& p) {
      p.read_head();
      p.send(ok);
      p.read_head();
   });
   auto rq = to(s.origin());
   rq.method = "POST";
   ASSERT_TRUE(fetch(rq));
   const auto r = fetch(rq);
   ASSERT_TRUE(r) << r.error().message;
   EXPECT_EQ(s.connections(), 2);
}

TEST_F(Fetcher, IdleConnectionsAreClosed) {
   event closed;
   const scripted_server s([&](peer& p) {
      always(ok)(p); // until the client closes
      closed.happen();
   });
   client = open_or_fail({.idle_timeout = 20ms});
   ASSERT_TRUE(fetch(to(s.origin())));
   EXPECT_TRUE(closed.wait());
   ASSERT_TRUE(fetch(to(s.origin()))) << "and it goes on afterwards";
   EXPECT_EQ(s.connections(), 2);
}

TEST_F(Fetcher, AnswersComeOnAThreadOfItsOwnAndMayStartOthers) {
   const scripted_server s(always(ok));
   std::promise<std::set<std::thread::id>> threads;
   std::set<std::thread::id> seen;
   client->start(to(s.origin()), [&](outcome) {
      seen.insert(std::this_thread::get_id());
      client->start({.url = "nonsense", .policy = trusting({})}, [&](outcome r) {
         EXPECT_FALSE(r);
         seen.insert(std::this_thread::get_id());
         threads.set_value(seen);
      });
   });
   const auto all = threads.get_future().get();
   EXPECT_EQ(all.size(), 1u);
   EXPECT_FALSE(all.contains(std::this_thread::get_id()));
}

TEST_F(Fetcher, ManyAtOnceAreAllAnswered) {
   const test_server s;
   std::vector<std::future<outcome>> all;
   for (int i = 0; i < 200; ++i)
      all.push_back(start(*client, to(origin_of(s), "/" + std::to_string(i))));
   for (int i = 0; i < 200; ++i) {
      const auto r = wait_for(all[static_cast<std::size_t>(i)]);
      ASSERT_TRUE(r) << r.error().message;
      EXPECT_EQ(r->body, "GET /" + std::to_string(i) + " ");
   }
}

// ---------------------------------------------------------------------------------- many at once

TEST_F(Fetcher, NumbersAreBoundedPerOriginAndInAll) {
   client = open_or_fail({.max_running = 3, .max_running_per_origin = 2, .max_waiting = 2});
   event first, second;
   const auto held = [](event& arrived) {
      return [&arrived](peer& p) {
         p.read_head();
         arrived.happen();
         silent(p);
      };
   };
   const scripted_server a(held(first)), b(held(second));
   std::vector<std::future<outcome>> all;
   std::vector<std::uint64_t> handles(6);
   for (std::size_t i = 0; i < 3; ++i) all.push_back(start(*client, to(a.origin()), &handles[i]));
   ASSERT_TRUE(first.wait(2));
   // The third waits for its origin; one to another overtakes it; the next waits for room.
   all.push_back(start(*client, to(b.origin()), &handles[3]));
   ASSERT_TRUE(second.wait());
   all.push_back(start(*client, to(b.origin()), &handles[4]));
   EXPECT_TRUE(has(failure(to(b.origin()), errc::limit), "5 other requests are under way"));
   EXPECT_EQ(first.count(), 2);
   client->cancel(handles[0]);
   ASSERT_TRUE(first.wait(3));
   EXPECT_EQ(second.count(), 1);
   client->cancel(handles[1]);
   ASSERT_TRUE(second.wait(2));
   for (const auto h : handles) client->cancel(h);
   for (auto& answer : all) EXPECT_FALSE(wait_for(answer));
}

// What a tool may do: hang, as often as it can, at the very server that has the keys.
TEST_F(Fetcher, WhatLeavesRoomHoldsUpNobodyElse) {
   event arrived;
   const scripted_server s([&](peer& p) {
      if (p.read_head().starts_with("GET /keys")) {
         p.send(ok);
         return;
      }
      arrived.happen();
      silent(p);
   });
   auto guest = to(s.origin(), "/hangs");
   guest.policy = std::make_shared<fetch_policy>(
         fetch_policy{.origins = {s.origin()}, .trusted = {s.origin()}, .leaves_room = true});
   std::vector<std::future<outcome>> all;
   for (int i = 0; i < 300; ++i) all.push_back(start(*client, guest));
   ASSERT_TRUE(arrived.wait(12));
   EXPECT_TRUE(has(failure(guest, errc::limit), "240 other requests are under way"));
   for (int i = 0; i < 5; ++i) {
      const auto r = fetch(to(s.origin(), "/keys"));
      ASSERT_TRUE(r) << r.error().message;
      EXPECT_EQ(r->status, 200);
   }
   EXPECT_EQ(arrived.count(), 12) << "the others wait";
   client.reset();
   for (auto& answer : all) EXPECT_FALSE(wait_for(answer));
}

TEST_F(Fetcher, WhatLeavesRoomGetsSomeWhereAllIsKept) {
   client = open_or_fail({.max_running = 2, .max_running_per_origin = 2, .max_waiting = 2});
   const test_server s;
   auto guest = to(origin_of(s));
   guest.policy = std::make_shared<fetch_policy>(
         fetch_policy{.origins = {origin_of(s)}, .trusted = {origin_of(s)}, .leaves_room = true});
   EXPECT_TRUE(fetch(guest));
}

TEST_F(Fetcher, WhatWaitsTooLongIsTold) {
   client = open_or_fail({.max_running = 1});
   event arrived;
   const scripted_server s([&](peer& p) {
      p.read_head();
      arrived.happen();
      silent(p);
   });
   auto first = start(*client, to(s.origin()));
   ASSERT_TRUE(arrived.wait());
   auto rq = to(s.origin(), "/second?secret");
   rq.timeout = 30ms;
   const auto why = failure(rq, errc::timeout);
   EXPECT_EQ(why, s.origin() + "/second could not be fetched within 30 ms");
   EXPECT_EQ(first.wait_for(0s), std::future_status::timeout);
   client.reset();
   EXPECT_FALSE(wait_for(first));
}

// ------------------------------------------------------------------------------------ how it ends

TEST_F(Fetcher, CancelEndsWhatRuns) {
   event arrived, gone;
   const scripted_server s([&](peer& p) {
      p.read_head();
      arrived.happen();
      silent(p);
      gone.happen();
   });
   std::uint64_t handle = 0;
   auto answer = start(*client, to(s.origin(), "/x?secret"), &handle);
   ASSERT_TRUE(arrived.wait());
   client->cancel(handle);
   const auto r = wait_for(answer);
   ASSERT_FALSE(r);
   EXPECT_EQ(r.error(),
             (core::error{errc::timeout, s.origin() + "/x was not fetched: it was cancelled"}));
   EXPECT_TRUE(gone.wait());
   client->cancel(handle);
   client->cancel(12345);
   client->cancel(0);
   const scripted_server other(always(ok));
   EXPECT_TRUE(fetch(to(other.origin())));
}

TEST_F(Fetcher, EndCallsEverybody) {
   event arrived;
   const scripted_server s([&](peer& p) {
      p.read_head();
      arrived.happen();
      silent(p);
   });
   client = open_or_fail({.max_running = 2});
   std::vector<std::future<outcome>> all;
   for (int i = 0; i < 5; ++i) all.push_back(start(*client, to(s.origin(), "/x")));
   ASSERT_TRUE(arrived.wait(2));
   client.reset();
   for (auto& answer : all) {
      ASSERT_EQ(answer.wait_for(0s), std::future_status::ready) << "called before the end is over";
      EXPECT_EQ(answer.get().error(),
                (core::error{errc::internal, s.origin() + "/x was not fetched: the process ends"}));
   }
}

TEST_F(Fetcher, EndHearsThoseWhoStartAgainButNotForEver) {
   event arrived;
   const scripted_server s([&](peer& p) {
      p.read_head();
      arrived.happen();
      silent(p);
   });
   int calls = 0;
   std::function<void()> again = [&] {
      client->start(to(s.origin()), [&](outcome r) {
         EXPECT_FALSE(r);
         ++calls;
         again();
      });
   };
   again();
   ASSERT_TRUE(arrived.wait());
   // Destroyed through another pointer, since `done` uses this one.
   auto* const ending = client.get();
   std::thread([&] { delete ending; }).join();
   [[maybe_unused]] auto* const gone = client.release();
   EXPECT_GT(calls, 1);
}

TEST_F(Fetcher, EndWithoutARequestIsQuick) {
   client.reset();
   open_or_fail({.https_proxy = "http://proxy.test:1"}).reset();
}

TEST_F(Fetcher, NeitherEndNorTimeoutNorOthersWaitForANameServer) {
   const auto asked = std::make_shared<event>();
   const auto answers = std::make_shared<event>();
   resolve("slow.test", [=] {
      asked->happen();
      answers->wait(); // much longer than anything here may take
      return std::vector<std::string>{"127.0.0.1"};
   });
   auto rq = to("https://slow.test");
   rq.timeout = 30ms;
   EXPECT_TRUE(has(failure(rq, errc::timeout), "no connection came about in time"));
   rq.timeout = 60s;
   std::uint64_t handle = 0;
   auto cancelled = start(*client, rq, &handle);
   auto ended = start(*client, rq);
   ASSERT_TRUE(asked->wait(3));
   const scripted_server s(always(ok));
   EXPECT_TRUE(fetch(to(s.origin()))) << "others go on";
   client->cancel(handle);
   EXPECT_FALSE(wait_for(cancelled));
   client.reset();
   ASSERT_EQ(ended.wait_for(0s), std::future_status::ready);
   EXPECT_EQ(ended.get().error().code, errc::internal);
   answers->happen();
}

TEST_F(Fetcher, FetchNowWaits) {
   const test_server s;
   const auto r = fetch_now(*client, to(origin_of(s), "/now"));
   ASSERT_TRUE(r) << r.error().message;
   EXPECT_EQ(r->body, "GET /now ");
   EXPECT_EQ(fetch_now(*client, {.url = "x", .policy = trusting({})}).error().code, errc::invalid);
}

/// The server goes on only when the first piece has arrived, so it came before the end.
TEST_F(Fetcher, FetchNowTellsOfPiecesAsTheyCome) {
   event arrived;
   const scripted_server s([&](peer& p) {
      p.read_head();
      p.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none");
      EXPECT_TRUE(arrived.wait());
      p.send("two");
   });
   auto rq = to(s.origin());
   std::string told;
   const auto here = std::this_thread::get_id();
   rq.on_piece = [&](std::string_view piece) {
      EXPECT_EQ(std::this_thread::get_id(), here);
      told += piece;
      if (told == "one") arrived.happen();
   };
   const auto r = fetch_now(*client, rq);
   ASSERT_TRUE(r) << r.error().message;
   EXPECT_EQ(told, "onetwo");
   EXPECT_EQ(r->body, "onetwo");
}

TEST_F(Fetcher, PiecesAreThoseOfASuccess) {
   const scripted_server s(always("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"));
   auto rq = to(s.origin());
   rq.on_piece = [](std::string_view piece) { ADD_FAILURE() << piece; };
   const auto r = fetch_now(*client, rq);
   ASSERT_TRUE(r) << r.error().message;
   EXPECT_EQ(r->body, "no");
}

TEST_F(Fetcher, FetchNowGivesUpOnABusyClient) {
   const scripted_server s(always(ok));
   event busy, over;
   client->start(to(s.origin()), [&](outcome) {
      busy.happen();
      over.wait();
   });
   ASSERT_TRUE(busy.wait());
   auto rq = to(s.origin());
   rq.timeout = 1ms;
   EXPECT_TRUE(has(fetch_now(*client, rq, 1ms).error().message, "its client is busy"));
   over.happen();
}

} // namespace
} // namespace fmcp::net
