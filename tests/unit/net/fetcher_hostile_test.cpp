// The outbound client against servers that are not decent: too much, too slow, garbage, astray.

#include "net/fetcher.hpp"

#include <gtest/gtest.h>

#include "unit/net/fetch_fixture.hpp"
#include "unit/net/gzip_text.hpp"
#include "unit/net/test_server.hpp"

namespace fmcp::net {
namespace {

using namespace std::chrono_literals;
using namespace test;

class FetcherHostile : public FetchFixture {};

std::string origin_of(const test_server& s) {
   return "http://127.0.0.1:" + std::to_string(s.port());
}

// ------------------------------------------------------------------------------ what is not decent

TEST_F(FetcherHostile, BodiesAreBounded) {
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

TEST_F(FetcherHostile, BodiesOfExactlyTheBoundPass) {
   const scripted_server s(always(ok));
   auto rq = to(s.origin());
   rq.max_body = 2;
   EXPECT_TRUE(fetch(rq));
   rq.max_body = 1;
   EXPECT_FALSE(fetch(rq));
   rq.max_body = 0;
   EXPECT_FALSE(fetch(rq));
}

TEST_F(FetcherHostile, GzipIsDecodedAndItsFieldsGo) {
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

TEST_F(FetcherHostile, GzipBombsAreDefused) {
   const auto packed = gzip_of_zeros(10'000); // 16 KB that become 2.6 MB
   const scripted_server s(once("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " +
                                std::to_string(packed.size()) + "\r\n\r\n" + packed));
   auto rq = to(s.origin());
   rq.max_body = 1u << 20;
   EXPECT_TRUE(has(failure(rq, errc::limit), "its body is larger than 1048576 bytes"));
}

TEST_F(FetcherHostile, BodiesThatAreNotWhatTheySayAreRefused) {
   const scripted_server s(once("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                                "Content-Length: 9\r\n\r\nhunter2!!"));
   const auto why = failure(to(s.origin()), errc::io);
   EXPECT_TRUE(has(why, "its body is not encoded as it says"));
   EXPECT_FALSE(has(why, "hunter2"));
}

TEST_F(FetcherHostile, HeadersAreBounded) {
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

TEST_F(FetcherHostile, InterimHeadsAndTrailersAreNotTheAnswersHead) {
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

TEST_F(FetcherHostile, GarbageIsRefused) {
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

TEST_F(FetcherHostile, AnswersThatBreakOffAreErrors) {
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

TEST_F(FetcherHostile, SlowAnswersAreTimedOut) {
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

TEST_F(FetcherHostile, RefusedConnectionsSayWhy) {
   std::string origin;
   {
      const scripted_server gone(silent);
      origin = gone.origin();
   }
   EXPECT_EQ(failure(to(origin, "/x?secret"), errc::io),
             origin + "/x could not be fetched: it cannot be connected to (Connection refused)");
}

TEST_F(FetcherHostile, NamesThatAreNoneSayWhy) {
   EXPECT_TRUE(
         has(failure(to("https://missing.test"), errc::io), "name of its host cannot be resolved"));
}

// ----------------------------------------------------------------------------------- redirections

TEST_F(FetcherHostile, RedirectionsAreNotFollowedUnasked) {
   const scripted_server s(
         always("HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n"));
   const auto r = fetch(to(s.origin()));
   ASSERT_TRUE(r) << r.error().message;
   EXPECT_EQ(r->status, 302);
   EXPECT_EQ(r->find("location"), "/y");
}

TEST_F(FetcherHostile, RedirectionsLeadOnWithoutCredentials) {
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

TEST_F(FetcherHostile, BodiesGoAlongWithinTheOrigin) {
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

TEST_F(FetcherHostile, RedirectLoopsEnd) {
   const scripted_server s(
         always("HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n"));
   auto rq = to(s.origin());
   rq.max_redirects = 5;
   EXPECT_TRUE(has(failure(rq, errc::limit), "redirects again after 5 redirections"));
}

TEST_F(FetcherHostile, RedirectionsShareOneDeadline) {
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

TEST_F(FetcherHostile, RedirectionsToOtherPlacesAreRefused) {
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

} // namespace
} // namespace fmcp::net
