// The server as its peers see it: framing, persistence, pipelining, bounds.

#include "net/http_server.hpp"

#include <string>

#include <gtest/gtest.h>

#include "unit/net/test_server.hpp"

namespace fmcp::net {
namespace {

using namespace std::chrono_literals;
using test::raw_client;
using test::request;
using test::responder;
using test::test_server;
using test::text_head;

const std::string get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

std::string post(std::string_view body, std::string_view fields = "") {
   return "POST /p HTTP/1.1\r\nHost: h\r\n" + std::string(fields) +
          "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string chunked_post(std::string_view coded) {
   return "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(coded);
}

TEST(HttpServer, AnswersAndKeepsTheConnection) {
   test_server s;
   auto c = s.connect();
   const auto first = c.ask(get);
   EXPECT_EQ(first.status, 200);
   EXPECT_EQ(first.body, "GET /a ");
   EXPECT_TRUE(first.has("Content-Type: text/plain"));
   EXPECT_EQ(first.field("Date").size(), 29u) << first.head;
   EXPECT_EQ(first.field("Connection"), "(none)");
   EXPECT_EQ(c.ask(post("hello")).body, "POST /p hello");
   EXPECT_EQ(s->connections(), 1u);
}

TEST(HttpServer, RequestMayArriveByteByByte) {
   test_server s;
   auto c = s.connect();
   const std::string bytes =
         post("hello") + chunked_post("2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nT: v\r\n\r\n");
   for (const char b : bytes) ASSERT_TRUE(c.send({&b, 1}));
   EXPECT_EQ(c.read().body, "POST /p hello");
   EXPECT_EQ(c.read().body, "POST /p hello");
}

TEST(HttpServer, PipelinedRequestsAreAnsweredInOrder) {
   test_server s;
   auto c = s.connect();
   std::string bytes;
   for (int i = 0; i < 100; ++i) bytes += post(std::to_string(i));
   ASSERT_TRUE(c.send(bytes));
   for (int i = 0; i < 100; ++i) ASSERT_EQ(c.read().body, "POST /p " + std::to_string(i));
}

TEST(HttpServer, ChunkedBodyIsFollowedByTheNextRequest) {
   test_server s;
   auto c = s.connect();
   c.send(chunked_post("5\r\nhello\r\n0\r\n\r\n") + get + chunked_post("0\r\n\r\n") + get);
   EXPECT_EQ(c.read().body, "POST /p hello");
   EXPECT_EQ(c.read().body, "GET /a ");
   EXPECT_EQ(c.read().body, "POST /p ");
   EXPECT_EQ(c.read().body, "GET /a ");
}

TEST(HttpServer, LargeBodiesComeWhole) {
   test_server s({.max_body_bytes = 3u << 20});
   auto c = s.connect();
   std::string body(3u << 20, 'x');
   for (std::size_t i = 0; i < body.size(); i += 1000)
      body[i] = static_cast<char>('a' + i / 1000 % 26);
   c.send(post(body));
   EXPECT_TRUE(c.read().body == "POST /p " + body);
   std::string coded;
   for (std::size_t at = 0; at < body.size(); at += 65536) {
      coded += "10000\r\n" + body.substr(at, 65536) + "\r\n";
   }
   c.send(chunked_post(coded + "0\r\n\r\n"));
   EXPECT_TRUE(c.read().body == "POST /p " + body);
   EXPECT_EQ(c.ask(get).body, "GET /a ");
}

TEST(HttpServer, HeadHasTheLengthAndNoBody) {
   test_server s;
   auto c = s.connect();
   c.send("HEAD /abc HTTP/1.1\r\nHost: h\r\n\r\n" + get);
   const auto a = c.read(true);
   EXPECT_EQ(a.status, 200);
   EXPECT_EQ(a.field("Content-Length"), "10");
   EXPECT_EQ(c.read().body, "GET /a ");
}

TEST(HttpServer, Http10ClosesUnlessAskedToKeep) {
   test_server s;
   auto c = s.connect();
   const auto kept = c.ask("GET /a HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n");
   EXPECT_TRUE(kept.has("Connection: keep-alive"));
   const auto closed = c.ask("GET /a HTTP/1.0\r\nHost: h\r\n\r\n");
   EXPECT_EQ(closed.status, 200);
   EXPECT_EQ(closed.field("Connection"), "(none)");
   EXPECT_TRUE(c.is_at_end());
}

TEST(HttpServer, ConnectionCloseEndsBehindTheAnswer) {
   test_server s;
   auto c = s.connect();
   c.send("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + get);
   EXPECT_TRUE(c.read().has("Connection: close"));
   EXPECT_TRUE(c.is_at_end()) << "what is pipelined behind it is not answered";
   EXPECT_FALSE(c.was_reset());
}

TEST(HttpServer, ConnectAndTraceReachTheHandlerWhichRefusesThem) {
   test_server s({}, [](const request& rq, responder& out) {
      const bool is_known = rq.verb == core::http::method::get;
      out.reply(text_head(is_known ? 200 : 405), rq.verb_text);
   });
   auto c = s.connect();
   EXPECT_EQ(c.ask("TRACE / HTTP/1.1\r\nHost: h\r\n\r\n").body, "TRACE");
   EXPECT_EQ(c.ask("get / HTTP/1.1\r\nHost: h\r\n\r\n").status, 405);
   const auto a = c.ask("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n");
   EXPECT_EQ(a.status, 405);
   EXPECT_TRUE(a.has("Connection: close"));
   EXPECT_TRUE(c.is_at_end());
}

TEST(HttpServer, RawAnswerIsSentAsItIs) {
   test_server s({}, [](const request&, responder& out) {
      out.output().append("HTTP/1.1 200 OK\r\n").append(out.date_line());
      out.output().append("Content-Length: 3\r\n\r\nraw");
      out.replied_raw();
   });
   auto c = s.connect();
   const auto a = c.ask(get);
   EXPECT_EQ(a.body, "raw");
   EXPECT_EQ(a.field("Connection"), "(none)");
   c.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n" + get);
   EXPECT_EQ(c.read(true).field("Content-Length"), "3");
   EXPECT_EQ(c.read().body, "raw");
   EXPECT_TRUE(c.ask("GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n")
                     .has("Connection: keep-alive"));
   EXPECT_TRUE(
         c.ask("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").has("Connection: close"));
   EXPECT_TRUE(c.is_at_end());
}

TEST(HttpServer, FieldsThatWouldSplitTheAnswerAreLeftOut) {
   test_server s({}, [](const request&, responder& out) {
      const core::http::field fields[] = {{"X-Good", "yes"},
                                          {"X-Bad", "a\r\nX-Evil: 1"},
                                          {"X-Evil: 1\r\nX", "a"},
                                          {"Content-Length", "100"},
                                          {"", "empty"}};
      out.reply({.status = 200, .content_type = "text/plain", .fields = fields}, "ok");
   });
   auto c = s.connect();
   const auto a = c.ask(get);
   EXPECT_EQ(a.body, "ok");
   EXPECT_EQ(a.field("X-Good"), "yes");
   EXPECT_EQ(a.head.find("Evil"), std::string::npos) << a.head;
   EXPECT_EQ(a.head.find("empty"), std::string::npos) << a.head;
}

TEST(HttpServer, AnswersWithoutBodyHaveNoLength) {
   test_server s({}, [](const request& rq, responder& out) {
      out.reply({.status = rq.path == "/204" ? 204 : 202, .content_type = {}, .fields = {}}, "");
   });
   auto c = s.connect();
   EXPECT_EQ(c.ask("GET /204 HTTP/1.1\r\nHost: h\r\n\r\n").field("Content-Length"), "(none)");
   EXPECT_EQ(c.ask("GET /202 HTTP/1.1\r\nHost: h\r\n\r\n").field("Content-Length"), "0");
}

TEST(HttpServer, HandlerThatForgetsIsAnsweredForWith500) {
   test_server s({}, [](const request&, responder&) {});
   auto c = s.connect();
   EXPECT_EQ(c.ask(get).status, 500);
   EXPECT_TRUE(c.is_at_end());
}

TEST(HttpServer, HandlerThatThrowsIsAnsweredForWith500) {
   test_server s({}, [](const request& rq, responder& out) {
      if (rq.path == "/a") throw std::runtime_error("secret");
      test_server::echo(rq, out);
   });
   auto c = s.connect();
   const auto a = c.ask(get);
   EXPECT_EQ(a.status, 500);
   EXPECT_EQ(a.body.find("secret"), std::string::npos);
   EXPECT_EQ(s.connect().ask(post("x")).status, 200);
}

TEST(HttpServer, TellsTheHandlerAboutThePeer) {
   test_server s({}, [](const request& rq, responder& out) {
      out.reply(text_head(), std::string(rq.peer_address) + (rq.tls ? " tls" : " plain"));
   });
   EXPECT_EQ(s.connect().ask(get).body, "127.0.0.1 plain");
}

TEST(HttpServer, AttachmentLivesAsLongAsTheConnection) {
   const auto gone = std::make_shared<test::event>();
   test_server s({}, [gone](const request&, responder& out) {
      auto& a = out.attachment();
      const bool is_new = a == nullptr;
      if (is_new) a = std::shared_ptr<int>(new int, [gone](int* p) { delete p, gone->happen(); });
      out.reply(text_head(), is_new ? "new" : "known");
   });
   auto c = s.connect();
   EXPECT_EQ(c.ask(get).body, "new");
   EXPECT_EQ(c.ask(get).body, "known");
   EXPECT_EQ(s.connect().ask(get).body, "new");
   ASSERT_TRUE(gone->wait(1));
   c.close();
   EXPECT_TRUE(gone->wait(2));
}

// ---------------------------------------------------------------------------- refused and bounded

struct refusal_row {
   const char* name;
   std::string bytes;
   int status;
};
class Refusal : public testing::TestWithParam<refusal_row> {};

TEST_P(Refusal, IsAnsweredAndEndsTheConnection) {
   test_server s({.max_header_bytes = 1024, .max_fields = 10, .max_body_bytes = 100});
   auto c = s.connect();
   c.send(GetParam().bytes);
   const auto a = c.read();
   EXPECT_EQ(a.status, GetParam().status) << a.head;
   EXPECT_TRUE(a.has("Connection: close"));
   EXPECT_TRUE(c.is_at_end()) << "nothing behind it is taken for a request";
   EXPECT_FALSE(c.was_reset()) << "a reset could destroy the answer on its way";
   EXPECT_EQ(s.connect().ask(get).status, 200);
}

INSTANTIATE_TEST_SUITE_P(
      HttpServer, Refusal,
      testing::Values(
            refusal_row{"SmuggledBehindTwoLengths",
                        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: "
                        "chunked\r\n\r\n0\r\n\r\n" +
                              get,
                        400},
            refusal_row{"SmuggledBehindUnknownCoding",
                        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n" + get,
                        400},
            refusal_row{"UnknownCoding",
                        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" +
                              get,
                        501},
            refusal_row{"NoHost", "GET / HTTP/1.1\r\n\r\n" + get, 400},
            refusal_row{"LongHead", "GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(2000, 'a'),
                        431},
            refusal_row{"BodyTooLong", post(std::string(101, 'x')), 413},
            refusal_row{"BodyTooLongWithoutIt",
                        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n", 413},
            refusal_row{
                  "HugeLength",
                  "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551615\r\n\r\n",
                  413},
            refusal_row{"ChunkTooLong", chunked_post("65\r\n"), 413},
            refusal_row{"ChunksTooLong",
                        chunked_post("64\r\n" + std::string(100, 'x') + "\r\n1\r\n"), 413},
            refusal_row{"ChunkMalformed", chunked_post("5\nhello"), 400},
            refusal_row{"ChunkExtension", chunked_post("5;" + std::string(2000, 'a')), 431},
            refusal_row{"Trailers", chunked_post("0\r\nA: " + std::string(2000, 'a')), 431},
            refusal_row{"OtherExpectation", "POST / HTTP/1.1\r\nHost: h\r\nExpect: x\r\n\r\n", 417},
            refusal_row{"OtherVersion", "GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505},
            refusal_row{"NotHttp", "\x16\x03\x01\x02", 400}),
      [](const auto& row) { return std::string(row.param.name); });

TEST(HttpServer, BodyOfExactlyTheLimitIsTaken) {
   test_server s({.max_body_bytes = 100});
   auto c = s.connect();
   EXPECT_EQ(c.ask(post(std::string(100, 'x'))).status, 200);
   EXPECT_EQ(c.ask(chunked_post("64\r\n" + std::string(100, 'x') + "\r\n0\r\n\r\n")).status, 200);
}

TEST(HttpServer, RefusalReachesAPeerThatIsStillSending) {
   test_server s({.max_body_bytes = 100});
   auto c = s.connect();
   c.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
   c.send(std::string(1'000'000, 'x'));
   EXPECT_EQ(c.read().status, 413);
   EXPECT_TRUE(c.is_at_end());
   EXPECT_FALSE(c.was_reset());
}

TEST(HttpServer, RefusedHeadRequestGetsNoBody) {
   test_server s({.max_body_bytes = 100});
   auto c = s.connect();
   c.send("HEAD / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n");
   EXPECT_EQ(c.read(true).status, 413);
   EXPECT_EQ(c.read_to_end(), "");
}

TEST(HttpServer, OneConnectionTooManyIsToldSo) {
   test_server s({.max_connections = 2});
   auto a = s.connect();
   auto b = s.connect();
   EXPECT_EQ(a.ask(get).status, 200);
   EXPECT_EQ(b.ask(get).status, 200);
   auto c = s.connect();
   c.send(get);
   const auto refused = c.read();
   EXPECT_EQ(refused.status, 503);
   EXPECT_EQ(refused.field("Retry-After"), "1");
   EXPECT_TRUE(c.is_at_end());
   EXPECT_FALSE(c.was_reset());
   EXPECT_EQ(s->connections(), 2u);
   EXPECT_EQ(a.ask(get).status, 200) << "those that are in stay in";
}

TEST(HttpServer, PlaceOfAClosedConnectionIsFreeAgain) {
   test_server s({.max_connections = 1});
   for (int i = 0; i < 20; ++i) {
      auto c = s.connect();
      ASSERT_EQ(c.ask("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").status, 200) << i;
      ASSERT_TRUE(c.is_at_end());
      c.close();
      // The server sees that end a moment later than we do.
      while (s->connections() != 0) std::this_thread::yield();
   }
}

// ---------------------------------------------------------------------------------------- on_head

TEST(HttpServer, HeadOfARequestIsShownBeforeItsBody) {
   test::event asked;
   test_server s({}, test_server::echo, [&](const request& rq, responder&) {
      EXPECT_EQ(rq.path, "/p");
      EXPECT_EQ(rq.body, "");
      asked.happen();
      return true;
   });
   auto c = s.connect();
   c.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe");
   ASSERT_TRUE(asked.wait());
   c.send("llo");
   EXPECT_EQ(c.read().body, "POST /p hello");
   c.send("POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe");
   ASSERT_TRUE(asked.wait(2));
   c.send("\r\n3\r\nllo\r\n0\r\n\r\n");
   EXPECT_EQ(c.read().body, "POST /p hello");
   EXPECT_EQ(c.ask(post("hello")).body, "POST /p hello");
   EXPECT_EQ(asked.count(), 2) << "not when head and body arrive together";
}

TEST(HttpServer, RefusedAtTheHeadTheBodyIsNotAwaited) {
   test_server s({}, test_server::echo, [](const request&, responder& out) {
      out.reply(text_head(401), "who are you");
      return false;
   });
   auto c = s.connect();
   c.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n");
   const auto a = c.read();
   EXPECT_EQ(a.status, 401);
   EXPECT_TRUE(a.has("Connection: close"));
   EXPECT_TRUE(c.is_at_end());
}

TEST(HttpServer, RefusalAtTheHeadMayComeLater) {
   std::shared_ptr<test::exchange> kept;
   test::event keeps;
   test_server s({}, test_server::echo, [&](const request&, responder& out) {
      kept = out.keep();
      keeps.happen();
      return false;
   });
   auto c = s.connect();
   c.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n");
   ASSERT_TRUE(keeps.wait());
   c.send(std::string(100'000, 'x') + get);
   kept->home().post([x = std::move(kept)] { x->reply(text_head(403), "no"); });
   const auto a = c.read();
   EXPECT_EQ(a.status, 403);
   EXPECT_TRUE(a.has("Connection: close"));
   EXPECT_TRUE(c.is_at_end());
}

TEST(HttpServer, ExpectationIsMetWhenTheHandlerAgrees) {
   test_server s;
   auto c = s.connect();
   c.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
   EXPECT_EQ(c.read().status, 100);
   c.send("hello");
   EXPECT_EQ(c.read().body, "POST /p hello");
   c.send("POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: "
          "100-continue\r\n\r\n");
   EXPECT_EQ(c.read().status, 100);
   c.send("5\r\nhello\r\n0\r\n\r\n");
   EXPECT_EQ(c.read().body, "POST /p hello");
}

TEST(HttpServer, ExpectationIsNotMetWhenTheBodyIsThereOrTooLong) {
   test_server s({.max_body_bytes = 100});
   auto c = s.connect();
   EXPECT_EQ(c.ask(post("hello", "Expect: 100-continue\r\n")).status, 200);
   c.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\nExpect: 100-continue\r\n\r\n");
   EXPECT_EQ(c.read().status, 413);
}

TEST(HttpServer, ExpectationIsNotMetWhenTheHandlerRefuses) {
   test_server s({}, test_server::echo, [](const request&, responder& out) {
      out.reply(text_head(403), "no");
      return false;
   });
   auto c = s.connect();
   c.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
   EXPECT_EQ(c.read().status, 403);
}

// --------------------------------------------------------------------------------------- deadlines

TEST(HttpServer, HeadThatDoesNotComeIs408) {
   test_server s({.header_timeout = 50ms});
   auto c = s.connect();
   c.send("GET / HTTP/1.1\r\nHost");
   EXPECT_EQ(c.read().status, 408);
   EXPECT_TRUE(c.is_at_end());
}

TEST(HttpServer, HeadThatTricklesIs408) {
   test_server s({.header_timeout = 50ms});
   auto c = s.connect();
   c.send("GET / HTTP/1.1\r\nHost: h\r\nA: ");
   while (c.is_quiet() && c.send("a")) std::this_thread::yield();
   EXPECT_EQ(c.read().status, 408);
}

TEST(HttpServer, SecondHeadThatDoesNotComeIs408) {
   test_server s({.header_timeout = 50ms});
   auto c = s.connect();
   EXPECT_EQ(c.ask(get + "GET / HT").status, 200);
   EXPECT_EQ(c.read().status, 408);
}

TEST(HttpServer, BodyThatDoesNotComeIs408) {
   test_server s({.body_timeout = 50ms});
   auto c = s.connect();
   c.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe");
   EXPECT_EQ(c.read().status, 408);
   EXPECT_TRUE(c.is_at_end());
}

TEST(HttpServer, IdleConnectionIsClosedWithoutAWord) {
   test_server s({.idle_timeout = 50ms});
   auto fresh = s.connect();
   auto used = s.connect();
   EXPECT_EQ(used.ask(get).status, 200);
   EXPECT_TRUE(used.is_at_end());
   EXPECT_TRUE(fresh.is_at_end());
}

TEST(HttpServer, KeptExchangeIsNotIdle) {
   std::shared_ptr<test::exchange> kept;
   test::event keeps;
   test_server s({.header_timeout = 20ms, .body_timeout = 20ms, .idle_timeout = 20ms},
                 [&](const request& rq, responder& out) {
                    if (rq.path == "/quick") return test_server::echo(rq, out);
                    kept = out.keep();
                    keeps.happen();
                 });
   auto c = s.connect();
   c.send(get);
   ASSERT_TRUE(keeps.wait());
   // Another connection goes through its whole idle time meanwhile.
   auto other = s.connect();
   EXPECT_EQ(other.ask("GET /quick HTTP/1.1\r\nHost: h\r\n\r\n").status, 200);
   EXPECT_TRUE(other.is_at_end());
   kept->home().post([x = std::move(kept)] { x->reply(text_head(), "late"); });
   EXPECT_EQ(c.read().body, "late");
}

TEST(HttpServer, PeerThatDoesNotReadIsCut) {
   test_server s({.write_timeout = 50ms}, [](const request&, responder& out) {
      out.reply(text_head(), std::string(64u << 20, 'x'));
   });
   auto c = s.connect();
   c.send(get);
   while (s->connections() == 0) std::this_thread::yield();
   while (s->connections() != 0) std::this_thread::yield();
   const auto a = c.read();
   EXPECT_FALSE(a.is_complete);
   EXPECT_TRUE(c.was_reset());
}

// ------------------------------------------------------------------------------------------ output

TEST(HttpServer, PipelinedOutputIsBoundedAndComesWhole) {
   const std::string body(50'000, 'x');
   std::atomic<int> handled{0};
   test_server s({.max_pipelined_output = 100'000}, [&](const request&, responder& out) {
      ++handled;
      out.reply(text_head(), body);
   });
   auto c = s.connect();
   std::string bytes;
   for (int i = 0; i < 2000; ++i) bytes += get;
   ASSERT_TRUE(c.send(bytes));
   // 100 MB do not fit into the kernel's buffers: the server has to wait for us.
   EXPECT_TRUE(c.read().body == body);
   EXPECT_LT(handled.load(), 2000);
   for (int i = 1; i < 2000; ++i) ASSERT_EQ(c.read().body.size(), body.size()) << i;
   EXPECT_EQ(handled.load(), 2000);
   EXPECT_TRUE(c.is_quiet());
}

TEST(HttpServer, EndOfSendingAfterRequestsIsAnsweredFirst) {
   test_server s;
   auto c = s.connect();
   c.send(get + get + "GET /unfinished");
   c.end_sending();
   EXPECT_EQ(c.read().status, 200);
   EXPECT_EQ(c.read().status, 200);
   EXPECT_TRUE(c.is_at_end());
}

} // namespace
} // namespace fmcp::net
