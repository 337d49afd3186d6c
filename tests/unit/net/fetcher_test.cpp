// The outbound client against real servers of loopback: decent ones, and those that are not.

#include "net/fetcher.hpp"

#include <cstdlib>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "core/text.hpp"
#include "support/temp_dir.hpp"
#include "unit/net/fake_names.hpp"
#include "unit/net/fetch_fixture.hpp"
#include "unit/net/gzip_text.hpp"
#include "unit/net/test_server.hpp"

namespace fmcp::net {
namespace {

using namespace std::chrono_literals;
using namespace test;

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class Fetcher : public FetchFixture {};

std::string origin_of(const test_server& s) {
   return "http://127.0.0.1:" + std::to_string(s.port());
}

/// Answers every request on the connection with `bytes`.
scripted_server::script always(std::string bytes) {
   return [bytes = std::move(bytes)](peer& p) {
      while (!p.read_head().empty() && p.send(bytes)) {
      }
   };
}
scripted_server::script once(std::string bytes) {
   return [bytes = std::move(bytes)](peer& p) {
      p.read_head();
      p.send(bytes);
   };
}
/// Reads and says nothing.
void silent(peer& p) {
   while (!p.read_head().empty()) {
   }
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

// ------------------------------------------------------------------------------ what is not decent

TEST_F(Fetcher, BodiesAreBounded) {
   const scripted_server s([](peer& p) {
      p.read_head();
      p.send("HTTP/1.1 200 OK\r\n\r\n");
      while (p.send(std::string(64 * 1024, 'x'))) {
      }
   });
   auto rq = to(s.origin(), "/keys?secret");
   rq.max_body = 100'000;
   EXPECT_EQ(failure(rq, errc::limit),
             "the answer of " + s.origin() +
                   "/keys is refused: its body is larger than 100000 bytes");
}

TEST_F(Fetcher, BodiesOfExactlyTheBoundPass) {
   const scripted_server s(always(ok));
   auto rq = to(s.origin());
   rq.max_body = 2;
   EXPECT_TRUE(fetch(rq));
   rq.max_body = 1;
   EXPECT_FALSE(fetch(rq));
   rq.max_body = 0;
   EXPECT_FALSE(fetch(rq));
}

TEST_F(Fetcher, GzipIsDecodedAndItsFieldsGo) {
   const auto packed = gzip_of_zeros(3);
   const scripted_server s(always("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nX-Kept: y\r\n"
                                  "Content-Length: " +
                                  std::to_string(packed.size()) + "\r\n\r\n" + packed));
   const auto r = fetch(to(s.origin()));
   ASSERT_TRUE(r) << r.error().message;
   EXPECT_EQ(r->body, std::string(1 + 3 * 258, '\0'));
   EXPECT_EQ(r->find("content-encoding"), "");
   EXPECT_EQ(r->find("content-length"), "");
   EXPECT_EQ(r->find("x-kept"), "y");
}

TEST_F(Fetcher, GzipBombsAreDefused) {
   const auto packed = gzip_of_zeros(10'000); // 16 KB that become 2.6 MB
   const scripted_server s(once("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " +
                                std::to_string(packed.size()) + "\r\n\r\n" + packed));
   auto rq = to(s.origin());
   rq.max_body = 1u << 20;
   EXPECT_TRUE(has(failure(rq, errc::limit), "its body is larger than 1048576 bytes"));
}

TEST_F(Fetcher, BodiesThatAreNotWhatTheySayAreRefused) {
   const scripted_server s(once("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                                "Content-Length: 9\r\n\r\nhunter2!!"));
   const auto why = failure(to(s.origin()), errc::io);
   EXPECT_TRUE(has(why, "its body is not encoded as it says"));
   EXPECT_FALSE(has(why, "hunter2"));
}

TEST_F(Fetcher, HeadersAreBounded) {
   const auto endless = [](const std::string& line) {
      return [line](peer& p) {
         p.read_head();
         p.send("HTTP/1.1 200 OK\r\n");
         while (p.send(line)) {
         }
      };
   };
   const scripted_server many(endless("X: y\r\n"));
   EXPECT_TRUE(has(failure(to(many.origin()), errc::limit), "more than 100 header fields"));
   const scripted_server large(endless("X: " + std::string(4000, 'y') + "\r\n"));
   EXPECT_TRUE(has(failure(to(large.origin()), errc::limit), "its header is larger than 65536"));
   const scripted_server folded(endless(" folded\r\n"));
   EXPECT_FALSE(fetch(to(folded.origin())));
   const scripted_server line(endless("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"));
   EXPECT_TRUE(has(failure(to(line.origin()), errc::limit), "too long"));
   const scripted_server interim(endless("X: y\r\n\r\nHTTP/1.1 103 Early\r\n"));
   EXPECT_FALSE(fetch(to(interim.origin())));
   const scripted_server early([](peer& p) {
      p.read_head();
      while (p.send("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n")) {
      }
   });
   EXPECT_TRUE(has(failure(to(early.origin()), errc::limit), "its header is larger"));
   const scripted_server trailers([](peer& p) {
      p.read_head();
      p.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
      while (p.send("X: " + std::string(4000, 'y') + "\r\n")) {
      }
   });
   EXPECT_TRUE(has(failure(to(trailers.origin()), errc::limit), "its header is larger"));
}

TEST_F(Fetcher, InterimHeadsAndTrailersAreNotTheAnswersHead) {
   const scripted_server s(once("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\nLocation: /a\r\n\r\n"
                                "HTTP/1.1 200 OK\r\nX-Real:  folded\r\n  value \r\n"
                                "Transfer-Encoding: chunked\r\n\r\n"
                                "2\r\nok\r\n0\r\nX-Late: 1\r\nLocation: /b\r\n\r\n"));
   const auto r = fetch(to(s.origin()));
   ASSERT_TRUE(r) << r.error().message;
   EXPECT_EQ(r->status, 200);
   EXPECT_EQ(r->body, "ok");
   EXPECT_EQ(r->find("x-real"), "folded value");
   EXPECT_EQ(r->find("x-early"), "");
   EXPECT_EQ(r->find("x-late"), "");
   EXPECT_EQ(r->find("location"), "");
}

TEST_F(Fetcher, GarbageIsRefused) {
   for (const std::string& bytes : std::initializer_list<std::string>{
              "garbage hunter2\r\n\r\n", "SSH-2.0-OpenSSH_9\r\n", "\r\n\r\n\r\n",
              "HTTP/9.9 200 hm\r\n\r\n", "HTTP/1.1 OK\r\n\r\n",
              "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhunter2\r\n",
              std::string("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", 27)}) {
      const scripted_server s(once(bytes));
      const auto why = failure(to(s.origin()), errc::io);
      EXPECT_TRUE(has(why, s.origin())) << bytes;
      EXPECT_FALSE(has(why, "hunter2")) << bytes;
   }
}

TEST_F(Fetcher, AnswersThatBreakOffAreErrors) {
   const scripted_server nothing([](peer& p) { p.read_head(); });
   EXPECT_TRUE(has(failure(to(nothing.origin()), errc::io), "ended without an answer"));
   const scripted_server head(once("HTTP/1.1 200 OK\r\nContent-Le"));
   EXPECT_TRUE(has(failure(to(head.origin()), errc::io), "middle of the answer's header"));
   const scripted_server interim(once("HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"));
   EXPECT_FALSE(fetch(to(interim.origin())));
   const scripted_server body(once("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"));
   EXPECT_TRUE(has(failure(to(body.origin()), errc::io), "in the middle of the answer"));
   const scripted_server chunk(
         once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal"));
   EXPECT_FALSE(fetch(to(chunk.origin())));
   const scripted_server cut([](peer& p) {
      p.read_head();
      p.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
      p.reset();
   });
   EXPECT_FALSE(fetch(to(cut.origin())));
}

TEST_F(Fetcher, SlowAnswersAreTimedOut) {
   const scripted_server mute(silent);
   auto rq = to(mute.origin(), "/x?secret");
   rq.timeout = 100ms;
   EXPECT_EQ(failure(rq, errc::timeout),
             mute.origin() + "/x could not be fetched: the answer was not complete in time");
   const scripted_server drip([](peer& p) {
      p.read_head();
      p.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
      while (!p.wait_for_end(5) && p.send("x")) {
      }
   });
   rq = to(drip.origin());
   rq.timeout = 100ms;
   EXPECT_TRUE(has(failure(rq, errc::timeout), "not complete in time"));
}

TEST_F(Fetcher, RefusedConnectionsSayWhy) {
   std::string origin;
   {
      const scripted_server gone(silent);
      origin = gone.origin();
   }
   EXPECT_EQ(failure(to(origin, "/x?secret"), errc::io),
             origin + "/x could not be fetched: it cannot be connected to (Connection refused)");
}

TEST_F(Fetcher, NamesThatAreNoneSayWhy) {
   EXPECT_TRUE(
         has(failure(to("https://missing.test"), errc::io), "name of its host cannot be resolved"));
}

// ----------------------------------------------------------------------------------- redirections

TEST_F(Fetcher, RedirectionsAreNotFollowedUnasked) {
   const scripted_server s(
         always("HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n"));
   const auto r = fetch(to(s.origin()));
   ASSERT_TRUE(r) << r.error().message;
   EXPECT_EQ(r->status, 302);
   EXPECT_EQ(r->find("location"), "/y");
}

TEST_F(Fetcher, RedirectionsLeadOnWithoutCredentials) {
   const test_server target({}, [](const request& rq, responder& out) {
      out.reply(text_head(), std::string(rq.verb_text) + " " + std::string(rq.path) + " " +
                                   std::string(rq.find("authorization")) +
                                   std::string(rq.find("cookie")) + std::string(rq.body));
   });
   const scripted_server first([&](peer& p) {
      p.read_head();
      p.send("HTTP/1.1 303 See Other\r\nLocation: " + origin_of(target) +
             "/there?q#f\r\nContent-Length: 0\r\n\r\n");
   });
   auto rq = to(first.origin());
   rq.policy = trusting({first.origin(), origin_of(target)});
   rq.method = "POST";
   rq.body = "hunter2";
   rq.headers = {{"Authorization", "hunter2"}, {"Cookie", "hunter2"}};
   rq.max_redirects = 3;
   const auto r = fetch(rq);
   ASSERT_TRUE(r) << r.error().message;
   EXPECT_EQ(r->body, "GET /there ");
   EXPECT_EQ(r->final_url, origin_of(target) + "/there?q");
}

TEST_F(Fetcher, BodiesGoAlongWithinTheOrigin) {
   const test_server s({}, [](const request& rq, responder& out) {
      if (rq.path == "/there") return test_server::echo(rq, out);
      const core::http::field location[] = {{"Location", "there"}};
      out.reply({.status = 307, .content_type = {}, .fields = location}, "");
   });
   auto rq = to(origin_of(s));
   rq.method = "POST";
   rq.body = "kept";
   rq.max_redirects = 1;
   const auto r = fetch(rq);
   ASSERT_TRUE(r) << r.error().message;
   EXPECT_EQ(r->body, "POST /there kept");
}

TEST_F(Fetcher, RedirectLoopsEnd) {
   const scripted_server s(
         always("HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n"));
   auto rq = to(s.origin());
   rq.max_redirects = 5;
   EXPECT_TRUE(has(failure(rq, errc::limit), "redirects again after 5 redirections"));
}

TEST_F(Fetcher, RedirectionsShareOneDeadline) {
   const scripted_server s([](peer& p) {
      while (!p.read_head().empty() && !p.wait_for_end(20)) {
         p.send("HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n");
      }
   });
   auto rq = to(s.origin());
   rq.max_redirects = 1'000'000;
   rq.timeout = 150ms;
   EXPECT_FALSE(has(failure(rq, errc::timeout), "answered"));
}

TEST_F(Fetcher, RedirectionsToOtherPlacesAreRefused) {
   const scripted_server trap(always(ok));
   for (const std::string& location :
        {trap.origin() + "/", std::string("https://169.254.169.254/latest/meta-data/"),
         std::string("file:///etc/passwd"), std::string("gopher://127.0.0.1/")}) {
      const scripted_server s(always("HTTP/1.1 302 Found\r\nLocation: " + location +
                                     "\r\nContent-Length: 0\r\n\r\n"));
      auto rq = to(s.origin());
      rq.max_redirects = 3;
      EXPECT_FALSE(fetch(rq)) << location;
   }
   EXPECT_EQ(trap.connections(), 0);
}

// -------------------------------------------------------------------------- addresses behind names

TEST_F(Fetcher, NamesOfLoopbackNeedTheOperator) {
   const scripted_server s(always(ok));
   const auto origin = "http://localhost:" + std::to_string(s.port());
   EXPECT_TRUE(has(failure({.url = origin, .policy = allowing({origin})}, errc::denied),
                   "a loopback address"));
   EXPECT_EQ(s.connections(), 0);
   const auto r = fetch(to(origin));
   EXPECT_TRUE(r) << r.error().message;
}

TEST_F(Fetcher, NamesOfSpecialAddressesAreRefused) {
   const scripted_server s(always(ok));
   const auto anywhere = std::make_shared<fetch_policy>(
         fetch_policy{.origins = {}, .trusted = {}, .any_public_https = true});
   for (const auto* address : {"127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "fd00:ec2::254",
                               "::ffff:127.0.0.1", "0.0.0.0", "100.64.0.1", "168.63.129.16"}) {
      client = open_or_fail();
      resolve("inside.test", {address});
      const auto origin = "https://inside.test:" + std::to_string(s.port());
      EXPECT_TRUE(has(failure({.url = origin, .policy = anywhere}, errc::denied), address));
      EXPECT_FALSE(fetch({.url = origin, .policy = allowing({origin})})) << address;
   }
   EXPECT_EQ(s.connections(), 0);
}

TEST_F(Fetcher, EveryAddressOfANameIsJudged) {
   const scripted_server s(always(ok));
   resolve("mixed.test", {"10.255.255.1", "127.0.0.1", "::1"});
   const auto origin = "https://mixed.test:" + std::to_string(s.port());
   EXPECT_FALSE(fetch({.url = origin, .policy = allowing({origin})}));
   EXPECT_EQ(s.connections(), 0);
}

TEST_F(Fetcher, PlainHttpIsForLoopbackOnly) {
   const scripted_server s(always(ok));
   const auto port = ":" + std::to_string(s.port());
   EXPECT_TRUE(fetch(to("http://a.localhost" + port)));
   resolve("a.test", {"127.0.0.1"});
   EXPECT_TRUE(has(failure(to("http://a.test" + port), errc::denied), "plain http"));
   EXPECT_EQ(s.connections(), 1);
}

// ------------------------------------------------------------------------------- the environment

class scoped_variable {
public:
   scoped_variable(const char* name, const std::string& value) : name_(name) {
      ::setenv(name, value.c_str(), 1);
   }
   ~scoped_variable() { ::unsetenv(name_); }
   scoped_variable(const scoped_variable&) = delete;
   scoped_variable& operator=(const scoped_variable&) = delete;

private:
   const char* name_;
};

TEST_F(Fetcher, EnvironmentChoosesNoProxy) {
   const scripted_server trap(always(ok));
   const auto proxy = trap.origin();
   const scoped_variable all[] = {{"http_proxy", proxy},  {"HTTP_PROXY", proxy},
                                  {"https_proxy", proxy}, {"HTTPS_PROXY", proxy},
                                  {"all_proxy", proxy},   {"ALL_PROXY", proxy}};
   const scripted_server plain(once(ok));
   EXPECT_TRUE(fetch(to(plain.origin())));
   // No TLS there: what matters is who is connected to.
   const scripted_server tls([](peer& p) { p.send("no"); });
   EXPECT_FALSE(fetch(to("https://127.0.0.1:" + std::to_string(tls.port()))));
   EXPECT_EQ(tls.connections(), 1);
   EXPECT_EQ(trap.connections(), 0);
}

TEST_F(Fetcher, NetrcLendsNoPassword) {
   const temp_dir home;
   home.put(".netrc", "machine 127.0.0.1 login user password hunter2\n", 0600);
   const scoped_variable variable("HOME", home.path());
   std::string head;
   const scripted_server s([&](peer& p) {
      head = p.read_head();
      p.send(ok);
   });
   ASSERT_TRUE(fetch(to(s.origin())));
   EXPECT_FALSE(has(head, "uthorization"));
}

TEST_F(Fetcher, CookiesAreNotKept) {
   std::string last;
   const scripted_server s([&](peer& p) {
      for (auto head = p.read_head(); !head.empty(); head = p.read_head()) {
         last = head;
         p.send("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n");
      }
   });
   ASSERT_TRUE(fetch(to(s.origin())));
   ASSERT_TRUE(fetch(to(s.origin())));
   EXPECT_FALSE(has(last, "ookie"));
}

} // namespace
} // namespace fmcp::net
