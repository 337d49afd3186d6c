// What HTTP refuses before MCP sees it, one row per rule.

#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/mcp_client.hpp"

namespace {

using namespace fmcp::test;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

http_host& host() {
   static http_host instance;
   return instance;
}

std::string discover() {
   return modern_text("server/discover");
}

struct row {
   const char* name;
   http_request request;
   int status;
};

void PrintTo(const row& r, std::ostream* out) {
   *out << r.name;
}

/// A good modern request with one thing changed.
http_request changed(std::string method, std::string target, headers fields,
                     std::string body = discover()) {
   http_request r = modern_post(target, "server/discover");
   r.method = std::move(method);
   r.body = std::move(body);
   for (auto& [name, value] : fields) {
      std::erase_if(r.fields, [&](const auto& f) { return f.first == name; });
      if (value != "-") r.fields.emplace_back(name, value); // "-" removes it
   }
   return r;
}

class Refusal : public ::testing::TestWithParam<row> {};

TEST_P(Refusal, HasItsStatus) {
   const auto answer = ask(host().port(), GetParam().request);
   EXPECT_EQ(answer.status, GetParam().status) << answer.body;
   if (answer.status != 200) {
      EXPECT_THAT(answer.body, Not(HasSubstr("\"id\"")));
   }
   EXPECT_NE(answer.media_type(), "text/event-stream");
}

INSTANTIATE_TEST_SUITE_P(
      Http, Refusal,
      ::testing::Values(
            row{"Good", changed("POST", "/mcp", {}), 200},
            row{"SlashAtTheEndIsTheSame", changed("POST", "/mcp/", {}), 200},
            row{"QueryIsIgnored", changed("POST", "/mcp?x=1", {}), 200},
            row{"ContentTypeMayHaveParameters",
                changed("POST", "/mcp", {{"Content-Type", "application/json; charset=utf-8"}}),
                200},
            row{"ContentTypeIsCaseInsensitive",
                changed("POST", "/mcp", {{"Content-Type", "Application/JSON"}}), 200},
            row{"UnknownPath", changed("POST", "/other", {}), 404},
            row{"PathBelow", changed("POST", "/mcp/below", {}), 404},
            row{"Put", changed("PUT", "/mcp", {}), 405},
            row{"Patch", changed("PATCH", "/mcp", {}), 405},
            row{"Trace", changed("TRACE", "/mcp", {}), 405},
            row{"LowerCaseMethod", changed("post", "/mcp", {}), 405},
            row{"NoContentType", changed("POST", "/mcp", {{"Content-Type", "-"}}), 415},
            row{"PlainText", changed("POST", "/mcp", {{"Content-Type", "text/plain"}}), 415},
            row{"Form",
                changed("POST", "/mcp", {{"Content-Type", "application/x-www-form-urlencoded"}}),
                415},
            row{"JsonOfAnotherKind",
                changed("POST", "/mcp", {{"Content-Type", "application/json-patch+json"}}), 415},
            row{"EmptyBody", changed("POST", "/mcp", {}, ""), 400},
            row{"NoJson", changed("POST", "/mcp", {}, "{"), 400},
            row{"TrailingBytes", changed("POST", "/mcp", {}, discover() + "{}"), 400},
            row{"ForeignHost", changed("POST", "/mcp", {{"Host", "evil.example.com"}}), 421},
            row{"LocalHostWithAnotherPort", changed("POST", "/mcp", {{"Host", "127.0.0.1:1"}}),
                421},
            row{"ForeignOrigin", changed("POST", "/mcp", {{"Origin", "https://evil.example.com"}}),
                403},
            row{"NullOrigin", changed("POST", "/mcp", {{"Origin", "null"}}), 403},
            row{"OriginThatBeginsLikeOurs",
                changed("POST", "/mcp", {{"Origin", "http://127.0.0.1.evil.example.com"}}), 403},
            row{"LoopbackOriginOfAnyPort",
                changed("POST", "/mcp", {{"Origin", "http://localhost:6274"}}), 200}),
      [](const auto& instance) { return std::string(instance.param.name); });

TEST(HttpRefusals, MethodsThatAreNotAllowedNameThoseThatAre) {
   const auto answer = ask(host().port(), changed("PUT", "/mcp", {}));
   EXPECT_EQ(answer.status, 405);
   for (const char* method : {"GET", "POST", "DELETE"})
      EXPECT_THAT(answer.header("Allow"), HasSubstr(method));
}

TEST(HttpRefusals, LocalNamesWithTheRightPortAreAccepted) {
   const auto port = std::to_string(host().port());
   for (const auto& name : {"127.0.0.1:" + port, "localhost:" + port, "[::1]:" + port}) {
      const auto answer = ask(host().port(), changed("POST", "/mcp", {{"Host", name}}));
      EXPECT_EQ(answer.status, 200) << name;
   }
}

TEST(HttpRefusals, HostIsCheckedOnGetAndDeleteToo) {
   for (const char* method : {"GET", "DELETE"}) {
      http_request r{.method = method, .target = "/mcp", .fields = {{"Host", "evil.example.com"}}};
      EXPECT_EQ(ask(host().port(), r).status, 421) << method;
      r.fields = {{"Origin", "https://evil.example.com"}};
      EXPECT_EQ(ask(host().port(), r).status, 403) << method;
   }
}

TEST(HttpRefusals, ListsOfOnesOwnAllowMore) {
   http_host other({.options = {"--http-allowed-hosts", "mcp.example.com,mcp.example.com:8443",
                                "--http-allowed-origins", "https://app.example.com"}});
   for (const char* name : {"mcp.example.com", "mcp.example.com:8443"}) {
      EXPECT_EQ(ask(other.port(), changed("POST", "/mcp", {{"Host", name}})).status, 200) << name;
   }
   EXPECT_EQ(
         ask(other.port(), changed("POST", "/mcp", {{"Origin", "https://app.example.com"}})).status,
         200);
   EXPECT_EQ(
         ask(other.port(), changed("POST", "/mcp", {{"Origin", "http://app.example.com"}})).status,
         403);
}

TEST(HttpRefusals, BaseUrlIsAllowedAsHostAndOrigin) {
   http_host other({.options = {"--base-url", "https://tools.example.com/mcp"}});
   const auto answer =
         ask(other.port(),
             changed("POST", "/mcp",
                     {{"Host", "tools.example.com"}, {"Origin", "https://tools.example.com"}}));
   EXPECT_EQ(answer.status, 200);
}

TEST(HttpRefusals, ABodyOverTheLimitIs413) {
   http_host other({.options = {"--max-body-bytes", "2KiB"}});
   const auto answer =
         ask(other.port(), changed("POST", "/mcp", {}, std::string(4096, ' ') + discover()));
   EXPECT_EQ(answer.status, 413);
}

TEST(HttpRefusals, AHeadOverTheLimitIs431) {
   http_host other({.options = {"--max-header-bytes", "2KiB"}});
   const auto answer =
         ask(other.port(), changed("POST", "/mcp", {{"X-Long", std::string(4096, 'x')}}));
   EXPECT_EQ(answer.status, 431);
}

TEST(HttpRefusals, DoubtfulFramingIsRefusedAndTheConnectionCloses) {
   const std::string head = "POST /mcp HTTP/1.1\r\nHost: " + host().authority() +
                            "\r\nContent-Type: application/json\r\n";
   const std::string smuggled = "GET /healthz HTTP/1.1\r\nHost: " + host().authority() + "\r\n\r\n";
   for (const char* fields :
        {"Transfer-Encoding: gzip\r\n\r\n", "Transfer-Encoding: chunked, gzip\r\n\r\n",
         "Transfer-Encoding: identity\r\n\r\n",
         "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
         "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", "Content-Length: +3\r\n\r\n"}) {
      connection c(host().port());
      c.send(head + fields + smuggled);
      const auto answer = c.read_answer();
      EXPECT_TRUE(answer.status == 400 || answer.status == 501) << fields << answer.status;
      EXPECT_TRUE(c.is_closed_by_peer()) << fields << "what follows was taken for a request";
   }
}

TEST(HttpRefusals, ThereIsExactlyOneHost) {
   for (const char* fields : {"", "Host: 127.0.0.1\r\nHost: 127.0.0.1\r\n", "Host: a,b\r\n",
                              "Host: user@127.0.0.1\r\n"}) {
      connection c(host().port());
      c.send(std::string("GET /healthz HTTP/1.1\r\n") + fields + "\r\n");
      EXPECT_EQ(c.read_answer().status, 400) << fields;
   }
}

TEST(HttpRefusals, PipelinedRequestsAreAnsweredInOrder) {
   connection c(host().port());
   const auto first = modern_post("/mcp", "server/discover", "", "", "\"first\"");
   const auto second = modern_post("/mcp", "tools/list", "", "", "\"second\"");
   c.send(first);
   c.send(second);
   EXPECT_EQ(response_of(c.read_answer()).at("/id"), "first");
   EXPECT_EQ(response_of(c.read_answer()).at("/id"), "second");
}

} // namespace
