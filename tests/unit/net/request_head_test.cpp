#include "net/request_head.hpp"

#include <string>

#include <gtest/gtest.h>

namespace fmcp::net {
namespace {

using core::http::method;
using outcome = head_reader::outcome;

constexpr std::size_t max_bytes = 2048, max_fields = 10;

struct refused_row {
   const char* name;
   std::string bytes;
   int status;
};

std::string head(std::string_view fields, std::string_view first = "POST /mcp HTTP/1.1") {
   return std::string(first) + "\r\nHost: a.example\r\n" + std::string(fields) + "\r\n";
}

class Refused : public testing::TestWithParam<refused_row> {};

TEST_P(Refused, WithItsStatus) {
   head_reader r(max_bytes, max_fields);
   ASSERT_EQ(r.read(GetParam().bytes), outcome::refused);
   EXPECT_EQ(r.why().status, GetParam().status) << r.why().reason;
   EXPECT_FALSE(r.why().reason.empty());
}

INSTANTIATE_TEST_SUITE_P(
      RequestHead, Refused,
      testing::Values(
            // Two readers would see two messages (RFC 9112 6.1, 6.3, 11.2).
            refused_row{"LengthBesideEncoding",
                        head("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400},
            refused_row{"EncodingBesideLength",
                        head("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), 400},
            refused_row{"EncodingBesideZeroLength",
                        head("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"), 400},
            refused_row{"TwoLengths", head("Content-Length: 3\r\nContent-Length: 4\r\n"), 400},
            refused_row{"LengthList", head("Content-Length: 3, 4\r\n"), 400},
            refused_row{"LengthWithPlus", head("Content-Length: +3\r\n"), 400},
            refused_row{"LengthWithMinus", head("Content-Length: -3\r\n"), 400},
            refused_row{"LengthInHex", head("Content-Length: 0x3\r\n"), 400},
            refused_row{"LengthWithJunk", head("Content-Length: 3a\r\n"), 400},
            refused_row{"LengthEmpty", head("Content-Length: \r\n"), 400},
            refused_row{"LengthTooLarge", head("Content-Length: 18446744073709551616\r\n"), 400},
            refused_row{"EncodingIdentity", head("Transfer-Encoding: identity\r\n"), 400},
            refused_row{"EncodingGzip", head("Transfer-Encoding: gzip\r\n"), 400},
            refused_row{"EncodingChunkedGzip", head("Transfer-Encoding: chunked, gzip\r\n"), 400},
            refused_row{"EncodingQuoted", head("Transfer-Encoding: \"chunked\"\r\n"), 400},
            refused_row{"EncodingEmpty", head("Transfer-Encoding: \r\n"), 400},
            refused_row{"EncodingWithParameter", head("Transfer-Encoding: chunked;q=1\r\n"), 400},
            refused_row{"EncodingTwice",
                        head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
            refused_row{"EncodingTwoFields",
                        head("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"), 400},
            refused_row{"EncodingChunkedTwice", head("Transfer-Encoding: chunked, chunked\r\n"),
                        400},
            refused_row{"EncodingGzipChunked", head("Transfer-Encoding: gzip, chunked\r\n"), 501},
            refused_row{"EncodingVerticalTab", head("Transfer-Encoding: \vchunked\r\n"), 400},
            refused_row{"EncodingOn10", head("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0"),
                        400},
            // Line ends and fields (RFC 9112 2.2, 5.1, 5.2).
            refused_row{"BareLineFeed", "GET / HTTP/1.1\nHost: a\n\n", 400},
            refused_row{"BareLineFeedInFields", head("A: b\nC: d\r\n"), 400},
            refused_row{"BareCarriageReturn", head("A: b\rC: d\r\n"), 400},
            refused_row{"NulInValue", head(std::string("A: b\0c\r\n", 8)), 400},
            refused_row{"SpaceBeforeColon", head("A : b\r\n"), 400},
            refused_row{"EmptyName", head(": b\r\n"), 400},
            refused_row{"NoColon", head("nothing\r\n"), 400},
            refused_row{"Folded", head("A: b\r\n c\r\n"), 400},
            refused_row{"FoldedByTab", head("A: b\r\n\tc\r\n"), 400},
            refused_row{"FoldedAfterNothing", head("A:\r\n c\r\n"), 400},
            refused_row{"FoldedIntoNothing", head("A: b\r\n \r\n"), 400},
            refused_row{"FoldedNothing", head("A:\r\n \r\n"), 400},
            refused_row{"FoldedLength", head("Content-Length:\r\n 3\r\n"), 400},
            refused_row{"FirstFieldIndented", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
            // Host (RFC 9112 3.2).
            refused_row{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
            refused_row{"NoHostOn10", "GET / HTTP/1.0\r\n\r\n", 400},
            refused_row{"TwoHosts", head("Host: b.example\r\n"), 400},
            refused_row{"SameHostTwice", head("Host: a.example\r\n"), 400},
            refused_row{"HostEmpty", "GET / HTTP/1.1\r\nHost: \r\n\r\n", 400},
            refused_row{"HostList", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
            refused_row{"HostTightList", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400},
            refused_row{"HostWithUser", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
            refused_row{"HostWithPath", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
            refused_row{"HostPortWord", "GET / HTTP/1.1\r\nHost: a:http\r\n\r\n", 400},
            refused_row{"HostPortTooLarge", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400},
            refused_row{"HostPortEmpty", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", 400},
            refused_row{"HostBracketOpen", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
            refused_row{"HostBracketJunk", "GET / HTTP/1.1\r\nHost: [::g]\r\n\r\n", 400},
            refused_row{"HostBracketTail", "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", 400},
            // The request line (RFC 9112 3).
            refused_row{"OtherAuthority", head("", "GET http://b.example/ HTTP/1.1"), 400},
            refused_row{"OtherPort", head("", "GET http://a.example:1/ HTTP/1.1"), 400},
            refused_row{"UserInTarget", head("", "GET http://u@a.example/ HTTP/1.1"), 400},
            refused_row{"OtherScheme", head("", "GET ftp://a.example/ HTTP/1.1"), 400},
            refused_row{"RelativeTarget", head("", "GET mcp HTTP/1.1"), 400},
            refused_row{"Fragment", head("", "GET /a#b HTTP/1.1"), 400},
            refused_row{"RawUtf8Target", head("", "GET /\xC3\xA9 HTTP/1.1"), 400},
            refused_row{"StarForGet", head("", "GET * HTTP/1.1"), 400},
            refused_row{"ConnectElsewhere", head("", "CONNECT b.example:443 HTTP/1.1"), 400},
            refused_row{"TwoBlanks", head("", "GET  / HTTP/1.1"), 400},
            refused_row{"NoVersion", head("", "GET /"), 400},
            refused_row{"LowerCaseVersion", head("", "GET / http/1.1"), 400},
            refused_row{"BlankBehindVersion", head("", "GET / HTTP/1.1 "), 400},
            refused_row{"MethodWithColon", head("", "GE:T / HTTP/1.1"), 400},
            refused_row{"TwoEmptyLines", "\r\n\r\n" + head("", "GET / HTTP/1.1"), 400},
            refused_row{"CarriageReturnFirst", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
            refused_row{"ClientHello", "\x16\x03\x01\x02\x01\x01", 400},
            refused_row{"Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
            refused_row{"Http12", head("", "GET / HTTP/1.2"), 505},
            refused_row{"Http09", "GET /\r\n", 400},
            refused_row{"OtherExpectation", head("Expect: 200-ok\r\n"), 417},
            // Bounds.
            refused_row{"TooManyFields",
                        head("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: 6\r\n"
                             "G: 7\r\nH: 8\r\nI: 9\r\nJ: 10\r\n"),
                        431},
            refused_row{"TooLong", head("A: " + std::string(max_bytes, 'a') + "\r\n"), 431},
            refused_row{"TooLongUnfinished", head("A: ") + std::string(max_bytes, 'a'), 431},
            refused_row{"TargetTooLong", "GET /" + std::string(max_bytes, 'a'), 431}),
      [](const auto& row) { return std::string(row.param.name); });

/// Keeps the bytes that the views point into.
class RequestHead : public testing::Test {
protected:
   outcome read(std::string text) {
      bytes_ = std::move(text);
      return r.read(bytes_);
   }
   head_reader r{max_bytes, max_fields};

private:
   std::string bytes_;
};

TEST_F(RequestHead, UnfinishedHeadOneByteTooLongIsRefused) {
   std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nA: ";
   bytes.resize(max_bytes - 1, 'a');
   EXPECT_EQ(read(bytes), outcome::incomplete);
   bytes += 'a';
   ASSERT_EQ(read(bytes), outcome::refused);
   EXPECT_EQ(r.why().status, 431);
}

TEST_F(RequestHead, HeadOfExactlyTheLimitIsRead) {
   std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nA: ";
   bytes.resize(max_bytes - 4, 'a');
   EXPECT_EQ(read(bytes + "\r\n\r\n"), outcome::complete);
   ASSERT_EQ(read(bytes + "a\r\n\r\n"), outcome::refused);
   EXPECT_EQ(r.why().status, 431);
}

TEST_F(RequestHead, EveryPrefixIsIncomplete) {
   const std::string bytes =
         head("Content-Type: application/json\r\nContent-Length: 5\r\nX-A:\r\nX-B: \t b \r\n");
   for (std::size_t n = 0; n < bytes.size(); ++n) {
      ASSERT_EQ(read(bytes.substr(0, n)), outcome::incomplete) << n;
   }
   EXPECT_EQ(read(bytes), outcome::complete);
}

TEST_F(RequestHead, GivesTheParts) {
   const std::string bytes = "POST /mcp/x?a=b&c HTTP/1.1\r\nhOST: [::1]:8000\r\nX-One:  two \t\r\n"
                             "X-Empty:\r\nContent-Length: 12\r\n\r\nbody";
   ASSERT_EQ(read(bytes), outcome::complete);
   const auto& h = r.head();
   EXPECT_EQ(h.size, bytes.size() - 4);
   EXPECT_EQ(h.body, body_framing::sized);
   EXPECT_EQ(h.content_length, 12u);
   EXPECT_TRUE(h.is_http_1_1);
   EXPECT_FALSE(h.expects_continue);
   EXPECT_EQ(h.rq.verb, method::post);
   EXPECT_EQ(h.rq.verb_text, "POST");
   EXPECT_EQ(h.rq.path, "/mcp/x");
   EXPECT_EQ(h.rq.query, "a=b&c");
   EXPECT_EQ(h.rq.host, "[::1]:8000");
   EXPECT_TRUE(h.rq.keep_alive);
   ASSERT_EQ(h.rq.fields.size(), 4u);
   EXPECT_EQ(h.rq.fields[0].name, "hOST");
   EXPECT_EQ(h.rq.find("x-one"), "two");
   EXPECT_EQ(h.rq.find("x-empty"), "");
   EXPECT_EQ(h.rq.count("x-empty"), 1u);
   EXPECT_EQ(h.rq.count("x-other"), 0u);
}

TEST_F(RequestHead, ForgivesOneEmptyLineInFront) {
   const std::string bytes = "\r\n" + head("");
   ASSERT_EQ(read(bytes), outcome::complete);
   EXPECT_EQ(r.head().size, bytes.size());
   EXPECT_EQ(read("\r"), outcome::incomplete);
   EXPECT_EQ(read("\r\n"), outcome::incomplete);
}

TEST_F(RequestHead, ChunkedIsComparedWithoutCase) {
   ASSERT_EQ(read(head("Transfer-Encoding: Chunked\r\n")), outcome::complete);
   EXPECT_EQ(r.head().body, body_framing::chunked);
}

TEST_F(RequestHead, SameLengthTwiceIsOneLength) {
   ASSERT_EQ(read(head("Content-Length: 3\r\nContent-Length: 3\r\n")), outcome::complete);
   EXPECT_EQ(r.head().content_length, 3u);
}

TEST_F(RequestHead, LengthZeroIsNoBody) {
   ASSERT_EQ(read(head("Content-Length: 0\r\n")), outcome::complete);
   EXPECT_EQ(r.head().body, body_framing::none);
}

TEST_F(RequestHead, AbsoluteFormIsTakenWhenItNamesTheHost) {
   ASSERT_EQ(read(head("", "GET HTTP://A.example/b?c HTTP/1.1")), outcome::complete);
   EXPECT_EQ(r.head().rq.path, "/b");
   EXPECT_EQ(r.head().rq.query, "c");
   ASSERT_EQ(read(head("", "GET https://a.example HTTP/1.1")), outcome::complete);
   EXPECT_EQ(r.head().rq.path, "/");
   ASSERT_EQ(read(head("", "GET http://a.example?q HTTP/1.1")), outcome::complete);
   EXPECT_EQ(r.head().rq.path, "/");
   EXPECT_EQ(r.head().rq.query, "q");
}

TEST_F(RequestHead, OtherMethodsArePassedOn) {
   const auto verb = [&](std::string_view line) {
      const std::string bytes = head("", line);
      EXPECT_EQ(read(bytes), outcome::complete) << line;
      return r.head().rq.verb;
   };
   EXPECT_EQ(verb("get / HTTP/1.1"), method::other);
   EXPECT_EQ(verb("BREW / HTTP/1.1"), method::other);
   EXPECT_EQ(verb("PROPFIND / HTTP/1.1"), method::other);
   EXPECT_EQ(verb("TRACE / HTTP/1.1"), method::trace);
   EXPECT_EQ(verb("DELETE / HTTP/1.1"), method::del);
   EXPECT_EQ(verb("OPTIONS * HTTP/1.1"), method::options);
   EXPECT_EQ(r.head().rq.path, "*");
   EXPECT_EQ(verb("CONNECT a.example HTTP/1.1"), method::connect);
   EXPECT_EQ(r.head().rq.path, "*");
   EXPECT_FALSE(r.head().rq.keep_alive);
}

TEST_F(RequestHead, PersistenceFollowsVersionAndConnection) {
   const auto keeps = [&](std::string_view version, std::string_view fields) {
      const std::string bytes = head(fields, "GET / " + std::string(version));
      EXPECT_EQ(read(bytes), outcome::complete);
      return r.head().rq.keep_alive;
   };
   EXPECT_TRUE(keeps("HTTP/1.1", ""));
   EXPECT_FALSE(keeps("HTTP/1.1", "Connection: close\r\n"));
   EXPECT_FALSE(keeps("HTTP/1.1", "Connection: x, Close\r\n"));
   EXPECT_FALSE(keeps("HTTP/1.1", "Connection: x\r\nConnection: close\r\n"));
   EXPECT_FALSE(keeps("HTTP/1.0", ""));
   EXPECT_TRUE(keeps("HTTP/1.0", "Connection: keep-alive\r\n"));
}

TEST_F(RequestHead, ExpectationIsIgnoredOn10) {
   ASSERT_EQ(read(head("Expect: 100-Continue\r\n")), outcome::complete);
   EXPECT_TRUE(r.head().expects_continue);
   ASSERT_EQ(read(head("Expect: 100-continue\r\n", "POST / HTTP/1.0")), outcome::complete);
   EXPECT_FALSE(r.head().expects_continue);
}

TEST(WellFormedHost, NamesAndAddresses) {
   for (const char* good :
        {"a", "a.b-c_d.example", "127.0.0.1:8000", "[::1]", "[fe80::1]:1", "a:0"}) {
      EXPECT_TRUE(is_well_formed_host(good)) << good;
   }
   for (const char* bad :
        {"", ":80", "[]", "[]:1", "a b", "a%20b", "http://a", "a:1:2", "[::1]:"}) {
      EXPECT_FALSE(is_well_formed_host(bad)) << bad;
   }
}

} // namespace
} // namespace fmcp::net
