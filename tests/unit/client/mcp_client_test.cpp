#include "client/mcp_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/client/scripted_exchange.hpp"

namespace fmcp::client {
namespace {

using test::scripted_exchange;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* post = "POST https://srv/mcp";
constexpr const char* discovered =
      R"({"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2026-07-28"],"instructions":"Do.",)"
      R"("_meta":{"io.modelcontextprotocol/serverInfo":{"name":"n","title":"T","version":"1"}}}})";
constexpr const char* initialized =
      R"({"jsonrpc":"2.0","id":2,"result":{"protocolVersion":"2025-06-18","capabilities":{},)"
      R"("serverInfo":{"name":"old","version":"2"}}})";
constexpr const char* unknown_method =
      R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"?"}})";

std::string result(int id, std::string_view json) {
   return R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"result":)" + std::string(json) +
          "}";
}

class McpClient : public ::testing::Test {
protected:
   core::result<std::unique_ptr<mcp_client>>
   connect(era wanted = era::any, std::unique_ptr<credentials> who = anonymous()) {
      return mcp_client::connect(net_.get(), reach::of_server("https://srv/mcp").value(),
                                 std::move(who), {.wanted = wanted, .version = "9"},
                                 [this](std::string_view method, const json::value& params) {
                                    heard_.push_back(std::string(method) +
                                                     std::string(params.raw()));
                                 });
   }
   std::unique_ptr<mcp_client> modern() {
      net_.on(post, 200, discovered);
      return connect().value();
   }
   std::string why(era wanted = era::any) {
      const auto c = connect(wanted);
      return c ? "connected" : c.error().message;
   }

   scripted_exchange net_;
   std::vector<std::string> heard_;
};

// Eras

TEST_F(McpClient, SpeaksTheNewEraWhereItIsKnown) {
   const auto c = modern();
   EXPECT_EQ(c->server().spoken, era::modern);
   EXPECT_EQ(c->server().revision, "2026-07-28");
   EXPECT_EQ(c->server().title, "T");
   EXPECT_EQ(c->server().instructions, "Do.");
   const auto rq = net_.last(post);
   EXPECT_EQ(scripted_exchange::header(rq, "mcp-protocol-version"), "2026-07-28");
   EXPECT_EQ(scripted_exchange::header(rq, "mcp-method"), "server/discover");
   EXPECT_EQ(scripted_exchange::header(rq, "accept"), "application/json, text/event-stream");
   EXPECT_EQ(rq.body,
             R"({"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{)"
             R"("io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
             R"("io.modelcontextprotocol/clientInfo":{"name":"fastmcp-host","version":"9"},)"
             R"("io.modelcontextprotocol/clientCapabilities":{}}}})");
}

TEST_F(McpClient, FallsBackToTheOldEra) {
   net_.on(post, 400, unknown_method)
         .on(post, 200, initialized,
             {{"content-type", "application/json"}, {"mcp-session-id", "S1"}})
         .on(post, 202, "")
         .on(post, 200, result(3, "{}"));
   net_.on("DELETE https://srv/mcp", 405, "");
   {
      const auto c = connect().value();
      EXPECT_EQ(c->server().spoken, era::old);
      EXPECT_EQ(c->server().revision, "2025-06-18");
      EXPECT_EQ(c->server().name, "old");
      EXPECT_TRUE(c->ping().has_value());
   }
   const auto& all = net_.requests();
   ASSERT_EQ(all.size(), 5u);
   EXPECT_EQ(scripted_exchange::header(all[1], "mcp-protocol-version"), "") << "not negotiated yet";
   EXPECT_EQ(scripted_exchange::header(all[1], "mcp-method"), "");
   EXPECT_THAT(all[1].body, HasSubstr(R"("protocolVersion":"2025-11-25")"));
   EXPECT_THAT(all[2].body, HasSubstr("notifications/initialized"));
   EXPECT_THAT(all[2].body, Not(HasSubstr("\"id\"")));
   EXPECT_EQ(scripted_exchange::header(all[3], "mcp-protocol-version"), "2025-06-18");
   EXPECT_EQ(scripted_exchange::header(all[3], "mcp-session-id"), "S1");
   EXPECT_THAT(all[3].body, HasSubstr(R"("method":"ping")"));
   EXPECT_EQ(all[4].method, "DELETE");
   EXPECT_EQ(scripted_exchange::header(all[4], "mcp-session-id"), "S1");
}

struct probe {
   const char* why;
   int status;
   const char* type;
   const char* body;
};
class OldServers : public ::testing::TestWithParam<probe> {};

TEST_P(OldServers, AreRecognized) {
   scripted_exchange net;
   net.on(post, GetParam().status, GetParam().body, {{"content-type", GetParam().type}})
         .on(post, 200, initialized)
         .on(post, 202, "");
   const auto c = mcp_client::connect(net.get(), reach::of_server("https://srv/mcp").value(),
                                      anonymous(), {});
   ASSERT_TRUE(c.has_value()) << c.error().message;
   EXPECT_EQ((*c)->server().spoken, era::old);
}
INSTANTIATE_TEST_SUITE_P(
      All, OldServers,
      ::testing::Values(
            probe{"no session", 400, "application/json",
                  R"({"jsonrpc":"2.0","error":{"code":-32000,"message":"no session"},"id":null})"},
            probe{"words", 400, "text/plain", "Bad Request"},
            probe{"not found", 404, "application/json; charset=utf-8", unknown_method},
            probe{"an error in order", 200, "application/json", unknown_method},
            probe{"in a stream", 200, "text/event-stream",
                  "data: "
                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32601,\"message\":\"\"}}"
                  "\n\n"},
            probe{"only old revisions", 200, "application/json",
                  R"({"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2025-11-25"]}})"},
            probe{"unsupported, and old ones named", 400, "application/json",
                  R"({"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"","data":{"supported":["2025-06-18"]}}})"}));

TEST_F(McpClient, SaysWhatIsInTheWay) {
   net_.on(post, 503, "busy");
   EXPECT_THAT(why(), HasSubstr("server/discover with status 503"));
   EXPECT_EQ(net_.requests().size(), 1u) << "trouble is no sign of an era";
}

TEST_F(McpClient, TakesNoTroubleForAnEra) {
   for (const auto status : {408, 413, 421, 429, 500, 502}) {
      for (const auto* body : {"", unknown_method, "<html>"}) {
         net_ = scripted_exchange();
         net_.on(post, status, body).on(post, 200, initialized).on(post, 202, "");
         const auto c = connect();
         ASSERT_FALSE(c.has_value()) << status << body;
         EXPECT_EQ(c.error().code, core::errc::io);
         EXPECT_THAT(c.error().message, HasSubstr("status " + std::to_string(status)));
         EXPECT_THAT(c.error().message, Not(HasSubstr("no MCP endpoint")));
         EXPECT_EQ(net_.requests().size(), 1u) << "nobody is asked a second time";
      }
   }
}

TEST_F(McpClient, SaysWhenToTryAgain) {
   const auto why_after = [&](const char* when, const char* body = "") {
      net_ = scripted_exchange();
      net_.on(post, 429, body, {{"content-type", "application/json"}, {"retry-after", when}});
      return why();
   };
   EXPECT_THAT(why_after("30"), HasSubstr("with status 429; try again in 30 seconds"));
   EXPECT_THAT(why_after("1"), HasSubstr("in 1 second"));
   EXPECT_THAT(why_after("Fri, 31 Dec 1999 23:59:59 GMT\x1b"),
               HasSubstr("; try again after Fri, 31 Dec 1999 23:59:59 GMT\\x1b"));
   EXPECT_THAT(
         why_after("5", R"({"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"Too many"}})"),
         HasSubstr("with status 429: Too many; try again in 5 seconds"));
}

TEST_F(McpClient, DoesNotFallBackWhenTheServerIsTooNew) {
   net_.on(
         post, 400,
         R"({"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"","data":{"supported":["2031-01-01"]}}})");
   EXPECT_THAT(why(), HasSubstr("2031-01-01"));
   EXPECT_EQ(net_.requests().size(), 1u);
}

TEST_F(McpClient, FindsNoEndpoint) {
   EXPECT_THAT(why(), HasSubstr("https://srv/mcp is no MCP endpoint"));
   EXPECT_THAT(why(), HasSubstr("status 404; is the path of the URL right?"));
}

TEST_F(McpClient, TellsWhereARedirectionLeads) {
   net_.on(post, 307, "", {{"location", "https://srv/mcp/\x1b"}});
   EXPECT_THAT(why(), HasSubstr("\"https://srv/mcp/\\x1b\""));
}

TEST_F(McpClient, KeepsToTheEraThatIsWanted) {
   net_.on(post, 400, unknown_method);
   EXPECT_THAT(why(era::modern), HasSubstr("does not speak revision 2026-07-28"));
   scripted_exchange old;
   old.on(post, 200, result(1, R"({"protocolVersion":"2025-11-25"})")).on(post, 202, "");
   const auto c = mcp_client::connect(old.get(), reach::of_server("https://srv/mcp").value(),
                                      anonymous(), {.wanted = era::old, .version = {}});
   ASSERT_TRUE(c.has_value()) << c.error().message;
   EXPECT_THAT(old.requests().front().body, HasSubstr("initialize"));
}

TEST_F(McpClient, RefusesAnOldRevisionThatNobodyKnows) {
   net_.on(post, 400, unknown_method)
         .on(post, 200, result(2, R"({"protocolVersion":"1999-01-01"})"));
   EXPECT_THAT(why(), HasSubstr("revision \"1999-01-01\""));
}

TEST_F(McpClient, RefusesASessionIdThatSplitsHeaders) {
   net_.on(post, 400, unknown_method)
         .on(post, 200, initialized,
             {{"content-type", "application/json"}, {"mcp-session-id", "a b"}});
   EXPECT_THAT(why(), HasSubstr("session id"));
}

TEST_F(McpClient, PassesOnWhatTheNetworkSays) {
   net_.fail(post, {core::errc::timeout, "no answer"});
   EXPECT_EQ(connect().error(), (core::error{core::errc::timeout, "no answer"}));
}

// Credentials

/// Hands out `t1`, `t2` … as it is asked for others.
class counting final : public credentials {
public:
   explicit counting(int tokens) : left_(tokens) {}
   core::result<std::string> authorization() override { return "Bearer t" + std::to_string(now_); }
   core::result<void> refused(const core::http::fetch_reply&) override {
      if (left_-- == 0) return core::fail(core::errc::denied, "no more");
      ++now_;
      return {};
   }

private:
   int left_, now_ = 1;
};

TEST_F(McpClient, TriesAgainWithOtherCredentials) {
   net_.on(post, 401, "").on(post, 200, discovered);
   ASSERT_TRUE(connect(era::any, std::make_unique<counting>(1)).has_value());
   EXPECT_EQ(scripted_exchange::header(net_.requests()[0], "authorization"), "Bearer t1");
   EXPECT_EQ(scripted_exchange::header(net_.requests()[1], "authorization"), "Bearer t2");
}

TEST_F(McpClient, GivesUpWhenCredentialsDoNotHelp) {
   net_.on(post, 401, "");
   EXPECT_EQ(connect(era::any, std::make_unique<counting>(1)).error().message, "no more");
   EXPECT_EQ(net_.requests().size(), 2u) << "a refusal is no sign of an era";
   EXPECT_FALSE(connect(era::any, std::make_unique<counting>(1000)).has_value());
   EXPECT_EQ(net_.requests().size(), 6u) << "four times at most";
}

TEST_F(McpClient, SendsNothingWithoutCredentials) {
   net_.on(post, 401, "", {{"www-authenticate", "Bearer error_description=\"who?\""}});
   EXPECT_THAT(why(), HasSubstr("(401): who?; log in with --auth oauth"));
   EXPECT_EQ(scripted_exchange::header(net_.last(post), "authorization"), "");
}

TEST_F(McpClient, TellsWhatATokenLacks) {
   net_.on(post, 403, "", {{"www-authenticate", "Bearer error=insufficient_scope, scope=\"a b\""}});
   const auto c = connect(era::any, bearer("s3cret"));
   EXPECT_THAT(c.error().message, HasSubstr("scopes \"a b\""));
   EXPECT_THAT(c.error().message, Not(HasSubstr("s3cret")));
   EXPECT_EQ(scripted_exchange::header(net_.last(post), "authorization"), "Bearer s3cret");
}

// Tools

TEST_F(McpClient, ListsAllPages) {
   const auto c = modern();
   net_.on(post, 200,
           result(2, R"({"tools":[{"name":"a","annotations":{"title":"A"}}],"nextCursor":"c\"1"})"))
         .on(post, 200,
             result(3, R"({"tools":[{"name":"b","title":"B","description":"d", "x": 1},{}]})"));
   const auto tools = c->list_tools().value();
   ASSERT_EQ(tools.size(), 2u);
   EXPECT_EQ(tools[0].title, "A");
   EXPECT_EQ(tools[1].title, "B");
   EXPECT_EQ(tools[1].json, R"({"name":"b","title":"B","description":"d","x":1})");
   EXPECT_THAT(net_.last(post).body, HasSubstr(R"("params":{"cursor":"c\"1",)"));
}

TEST_F(McpClient, DoesNotListForEver) {
   const auto c = modern();
   // The ids must fit, so the far side counts along.
   int id = 1;
   auto forever = mcp_client::connect(
         [&](core::http::fetch_request rq) -> core::result<core::http::fetch_reply> {
            const bool is_list = rq.body.contains("tools/list");
            auto body = is_list ? result(id, R"({"tools":[],"nextCursor":"x"})")
                                : std::string(discovered);
            ++id;
            return core::http::fetch_reply{.status = 200,
                                           .headers = {{"content-type", "application/json"}},
                                           .body = std::move(body),
                                           .final_url = {}};
         },
         reach::of_server("https://srv/mcp").value(), anonymous(), {});
   ASSERT_TRUE(forever.has_value());
   EXPECT_EQ((*forever)->list_tools().error().code, core::errc::limit);
   EXPECT_LE(id, 300);
}

TEST_F(McpClient, CallsWithTheHeadersOfTheNewEra) {
   const auto c = modern();
   net_.on(post, 200, result(2, R"({"content":[ ],"resultType":"complete"})"));
   const tool t{
         .name = "café",
         .title = {},
         .description = {},
         .json =
               R"({"inputSchema":{"properties":{"city":{"type":"string","x-mcp-header":"City"}}}})"};
   EXPECT_EQ(c->call_tool("café", R"({"city":"Ulm"})", &t),
             R"({"content":[],"resultType":"complete"})");
   const auto rq = net_.last(post);
   EXPECT_EQ(scripted_exchange::header(rq, "mcp-method"), "tools/call");
   EXPECT_EQ(scripted_exchange::header(rq, "mcp-name"), "=?base64?Y2Fmw6k=?=");
   EXPECT_EQ(scripted_exchange::header(rq, "mcp-param-city"), "Ulm");
   EXPECT_THAT(rq.body, HasSubstr(R"("name":"café","arguments":{"city":"Ulm"})"));
   EXPECT_THAT(rq.body, HasSubstr(R"("progressToken":2)"));
}

TEST_F(McpClient, HearsWhatComesBeforeTheResult) {
   const auto c = modern();
   net_.on(post, 200,
           ": hello\n\n"
           "data: "
           "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/"
           "progress\",\"params\":{\"progress\":1}}\n\n"
           "data: {\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"ping\",\"params\":{}}\n\n"
           "data: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"other\":1}}\n\n"
           "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":2,\ndata: "
           "\"result\":{\"content\":[]}}\n\n",
           {{"content-type", "text/event-stream; charset=utf-8"}});
   EXPECT_EQ(c->call_tool("t", "{}", nullptr), R"({"content":[]})");
   EXPECT_THAT(heard_, ElementsAre("notifications/progress{\"progress\":1}"));
}

struct broken {
   const char* type;
   const char* body;
   const char* why;
};
class BrokenAnswers : public ::testing::TestWithParam<broken> {};

TEST_P(BrokenAnswers, AreTold) {
   scripted_exchange net;
   net.on(post, 200, discovered)
         .on(post, 200, GetParam().body, {{"content-type", GetParam().type}});
   const auto c = mcp_client::connect(net.get(), reach::of_server("https://srv/mcp").value(),
                                      anonymous(), {});
   const auto called = (*c)->call_tool("t", "{}", nullptr);
   ASSERT_FALSE(called.has_value()) << *called;
   EXPECT_THAT(called.error().message, HasSubstr(GetParam().why));
}
INSTANTIATE_TEST_SUITE_P(
      All, BrokenAnswers,
      ::testing::Values(
            broken{"text/event-stream", "data: {}\n\n", "before the result"},
            broken{"text/event-stream", "", "before the result"},
            broken{"text/html", "<html>", "status 200 with text/html instead of JSON"},
            broken{"", "{}", "status 200 with something without a type"},
            broken{"", "", "status 200 with nothing instead of JSON"},
            broken{"application/json", "{", "status 200 and broken JSON: "},
            broken{"application/json", R"({"jsonrpc":"2.0","id":3,"result":{}})", "no result"},
            broken{"application/json", R"({"jsonrpc":"2.0","id":2,"result":[]})", "no result"},
            broken{
                  "application/json",
                  R"({"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"Unknown\u001b tool"}})",
                  "tools/call with error -32602: Unknown\\x1b tool"}));

} // namespace
} // namespace fmcp::client
