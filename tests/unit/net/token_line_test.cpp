// A long Authorization line is read beside Beast. Whatever a request is, it must be the same as if
// the line had gone the plain way: each head here has a twin whose field has another name.

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "net/request_head.hpp"

namespace fmcp::net {
namespace {

using outcome = head_reader::outcome;

constexpr std::size_t max_bytes = 2048, max_fields = 10;

/// What came of a head. The views stay good as long as the bytes, and the reader's fields are
/// copied.
struct seen {
   seen() = default;
   seen(seen&&) = default; // `head` points into `fields`
   outcome what{};
   int status = 0;
   request_head head;
   std::vector<core::http::field> fields;
};

seen read(std::string_view bytes) {
   head_reader r(max_bytes, max_fields);
   seen out;
   out.what = r.read(bytes);
   if (out.what == outcome::refused) out.status = r.why().status;
   if (out.what != outcome::complete) return out;
   out.head = r.head();
   out.fields.assign(out.head.rq.fields.begin(), out.head.rq.fields.end());
   out.head.rq.fields = out.fields;
   return out;
}

std::string twin_of(std::string bytes) {
   for (const std::string_view name : {"Authorization", "authorization", "AUTHORIZATION"}) {
      for (auto at = bytes.find(name); at != std::string::npos; at = bytes.find(name, at + 1))
         bytes[at] = 'B';
   }
   return bytes;
}

void expect_same(const std::string& bytes) {
   const auto twin = twin_of(bytes);
   ASSERT_NE(twin, bytes) << "nothing is compared";
   const auto ours = read(bytes), theirs = read(twin);
   ASSERT_EQ(ours.what, theirs.what);
   EXPECT_EQ(ours.status, theirs.status);
   EXPECT_EQ(ours.head.size, theirs.head.size);
   EXPECT_EQ(ours.head.body, theirs.head.body);
   EXPECT_EQ(ours.head.content_length, theirs.head.content_length);
   EXPECT_EQ(ours.head.expects_continue, theirs.head.expects_continue);
   EXPECT_EQ(ours.head.rq.keep_alive, theirs.head.rq.keep_alive);
   EXPECT_EQ(ours.head.rq.path, theirs.head.rq.path);
   EXPECT_EQ(ours.head.rq.host, theirs.head.rq.host);
   ASSERT_EQ(ours.fields.size(), theirs.fields.size());
   for (std::size_t i = 0; i < ours.fields.size(); ++i) {
      const auto &a = ours.fields[i], &b = theirs.fields[i];
      EXPECT_EQ(a.name.size(), b.name.size());
      EXPECT_EQ(a.value, b.value);
      EXPECT_EQ(a.name.data() - bytes.data(), b.name.data() - twin.data());
   }
}

const std::string token(600, 't');

/// Fields around one that holds a token.
std::string head(std::string_view before, std::string_view line, std::string_view behind) {
   return "POST /mcp?a HTTP/1.1\r\n" + std::string(before) + std::string(line) +
          std::string(behind) + "\r\n";
}

TEST(TokenLine, IsReadWhereverItStands) {
   const auto line = "Authorization: Bearer " + token + "\r\n";
   const std::string host = "Host: a.example\r\n", length = "Content-Length: 5\r\n";
   for (const auto& bytes : {head("", line, host + length), head(host, line, length),
                             head(host + length, line, ""), head(host, line + line, length)}) {
      for (const auto* body : {"", "hello", "\r\n\r\nAuthorization: x"}) expect_same(bytes + body);
      const auto found = read(bytes);
      ASSERT_EQ(found.what, outcome::complete);
      EXPECT_EQ(found.head.rq.find("authorization"), "Bearer " + token);
      EXPECT_EQ(found.head.rq.host, "a.example");
      EXPECT_EQ(found.head.content_length, 5u);
   }
}

TEST(TokenLine, ItsNameHasNoCaseAndItsValueIsTrimmed) {
   for (const std::string_view name : {"Authorization", "authorization", "AUTHORIZATION"}) {
      for (const std::string_view before : {"", " ", "\t", " \t "}) {
         for (const std::string_view behind : {"", " ", "\t", " \t "}) {
            const auto bytes = head("Host: a\r\n",
                                    std::string(name) + ":" + std::string(before) + "Bearer " +
                                          token + std::string(behind) + "\r\n",
                                    "");
            expect_same(bytes);
            EXPECT_EQ(read(bytes).head.rq.find("authorization"), "Bearer " + token);
         }
      }
   }
}

TEST(TokenLine, EveryCharacterIsTakenOrRefusedAsEverywhere) {
   for (int c = 0; c < 256; ++c) {
      for (const std::size_t at : {0u, 1u, 15u, 16u, 300u, 599u}) {
         auto value = token;
         value[at] = static_cast<char>(c);
         SCOPED_TRACE(testing::Message() << c << " at " << at);
         expect_same(head("Host: a\r\n", "Authorization: " + value + "\r\n", "A: 1\r\n"));
      }
   }
}

TEST(TokenLine, LinesThatAreNoLinesAreRefusedAsEverywhere) {
   const auto line = "Authorization: Bearer " + token;
   for (const std::string_view end : {"\n", "\r", "\r\r\n", "\n\r\n", "\r\n b\r\n", "\r\n\tb\r\n",
                                      "\r\n \r\n", "\r\n\r\n", ""}) {
      SCOPED_TRACE(testing::PrintToString(end));
      expect_same(head("Host: a\r\n", line + std::string(end), "A: 1\r\n"));
      expect_same(head("Host: a\r\n", line + std::string(end), ""));
   }
   const auto rest = std::string(" Bearer ") + token + "\r\n";
   for (const std::string_view name :
        {"Authorization", "Authorization ", " Authorization", "\tAuthorization:", "Authorization;",
         "X-Authorization:", "Authorization::", "A: 1\nAuthorization:", "A: 1\rAuthorization:"}) {
      SCOPED_TRACE(testing::PrintToString(name));
      expect_same(head("Host: a\r\n", std::string(name) + rest, "A: 1\r\n"));
   }
   expect_same(head("Host: a\r\n", "Authorization:" + std::string(600, ' ') + "\r\n", ""));
}

TEST(TokenLine, HidesNothingThatIsWrongWithTheRest) {
   const auto line = "Authorization: Bearer " + token + "\r\n";
   for (const std::string_view other :
        {"Content-Length: 3\r\nContent-Length: 4\r\n", "Transfer-Encoding: gzip\r\n",
         "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "A : 1\r\n", "A: 1\r\n b\r\n",
         "Host: b\r\n", "Expect: x\r\n", "A: 1\n", ": 1\r\n", "Connection: close\r\n",
         "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: 6\r\nG: 7\r\nH: 8\r\n",
         "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: 6\r\nG: 7\r\nH: 8\r\nI: 9\r\n"}) {
      SCOPED_TRACE(testing::PrintToString(other));
      expect_same(head("Host: a\r\n" + std::string(other), line, ""));
      expect_same(head("Host: a\r\n", line, other));
   }
   expect_same("GET  / HTTP/1.1\r\n" + line + "Host: a\r\n\r\n");
   expect_same("GET / HTTP/1.2\r\nHost: a\r\n" + line + "\r\n");
   expect_same(line + "Host: a\r\n\r\n");
   // A length on one side of the line and a coding on the other.
   expect_same(head("Host: a\r\nContent-Length: 3\r\n", line, "Transfer-Encoding: chunked\r\n"));
   expect_same(head("Host: a\r\nTransfer-Encoding: chunked\r\n", line, "Content-Length: 3\r\n"));
   expect_same(head("Host: a\r\nContent-Length: 3\r\n", line, "Content-Length: 4\r\n"));
}

TEST(TokenLine, EveryPrefixIsIncomplete) {
   const auto bytes =
         head("Host: a\r\n", "Authorization: Bearer " + token + "\r\n", "Content-Length: 5\r\n");
   for (std::size_t n = 0; n < bytes.size(); ++n)
      ASSERT_EQ(read(std::string_view(bytes).substr(0, n)).what, outcome::incomplete) << n;
   EXPECT_EQ(read(bytes).what, outcome::complete);
}

TEST(TokenLine, CountsAgainstTheLimits) {
   for (std::size_t size = max_bytes - 80; size < max_bytes + 20; ++size) {
      SCOPED_TRACE(size);
      expect_same(head("Host: a\r\n", "Authorization: " + std::string(size, 't') + "\r\n", ""));
      expect_same(head("Host: a\r\nA: " + std::string(size - 600, 'a') + "\r\n",
                       "Authorization: " + token + "\r\n", ""));
   }
}

} // namespace
} // namespace fmcp::net
