// Which era answers, and how: the ladder of the protocol reference, section 2.2, one row per rung
// and per combination of section 2.4.

#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/mcp_client.hpp"

namespace {

using namespace fmcp::test;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

http_host& host() {
   static http_host instance({.plugins = {"echo", "routed"}});
   return instance;
}

struct row {
   const char* name;
   http_request request;
   int status;
   std::string code; ///< of the JSON-RPC error; empty: there is none
   std::string id;   ///< of the answer, JSON text; `absent`: none
   const char* why;
};

void PrintTo(const row& r, std::ostream* out) {
   *out << r.name;
}

http_request raw(std::string body, headers fields = {}) {
   return post("/mcp", std::move(body), std::move(fields));
}

http_request with(http_request request, const std::string& name, const std::string& value) {
   std::erase_if(request.fields, [&](const auto& f) { return f.first == name; });
   if (!value.empty()) request.fields.emplace_back(name, value);
   return request;
}

const headers modern_header{{"MCP-Protocol-Version", std::string(modern_version)}};
const std::string modern_list = modern_text("tools/list");
const std::string response = R"({"jsonrpc":"2.0","id":1,"result":{}})";

class Ladder : public ::testing::TestWithParam<row> {};

TEST_P(Ladder, Answers) {
   const auto& p = GetParam();
   const auto answer = ask(host().port(), p.request);
   EXPECT_EQ(answer.status, p.status) << p.why << "\n" << answer.body;
   if (answer.status == 202) {
      EXPECT_THAT(answer.body, IsEmpty());
      return;
   }
   if (answer.status == 405) return;
   const auto message = response_of(answer);
   EXPECT_EQ(message.at("/error/code"), p.code.empty() ? "absent" : p.code) << p.why << answer.body;
   EXPECT_EQ(message.at("/id"), p.id) << p.why;
   EXPECT_EQ(message.at("/jsonrpc"), "2.0");
   if (answer.status >= 400) {
      EXPECT_EQ(answer.media_type(), "application/json") << "a refusal is never a stream";
   }
}

INSTANTIATE_TEST_SUITE_P(
      Rungs, Ladder,
      ::testing::Values(
            row{"R05NoJson", raw("{\"jsonrpc\":"), 400, "-32700", "absent", "rung 5"},
            row{"R05NotUtf8", raw("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}"), 400,
                "-32700", "absent", "JSON is UTF-8 (RFC 8259, 8.1)"},
            row{"R06EmptyArray", raw("[]"), 400, "-32600", "absent", "rung 6"},
            row{"R06ArrayWithAClaim", raw("[" + modern_list + "]"), 400, "-32600", "absent",
                "rung 6"},
            row{"R08NoObject", raw("7"), 400, "-32600", "absent", "rung 8"},
            row{"R08NoVersion", raw(R"({"id":1,"method":"ping"})"), 400, "-32600", "absent",
                "rung 8"},
            row{"R08WrongVersion", raw(R"({"jsonrpc":"1.0","id":1,"method":"ping"})"), 400,
                "-32600", "absent", "rung 8"},
            row{"R08NullId", raw(R"({"jsonrpc":"2.0","id":null,"method":"ping"})"), 400, "-32600",
                "absent", "rung 8"},
            row{"R08FractionalId", raw(R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})"), 400,
                "-32600", "absent", "rung 8"},
            row{"R08BooleanId", raw(R"({"jsonrpc":"2.0","id":true,"method":"ping"})"), 400,
                "-32600", "absent", "rung 8"},
            row{"R08ObjectId", raw(R"({"jsonrpc":"2.0","id":{},"method":"ping"})"), 400, "-32600",
                "absent", "rung 8"},
            row{"R08NoMethod", raw(R"({"jsonrpc":"2.0","id":1})"), 400, "-32600", "absent",
                "rung 8"},
            row{"R08MethodIsNoString", raw(R"({"jsonrpc":"2.0","id":1,"method":1})"), 400, "-32600",
                "absent", "rung 8"},
            row{"R09ResponseWithModernHeader", raw(response, modern_header), 400, "-32600",
                "absent", "rung 9: modern clients never send responses"},
            row{"R09ResponseWithoutSession", raw(response), 400, "-32000", "absent",
                "rung 9: legacy, needs a live session"},
            row{"R10InitializeWithModernHeader",
                raw(request_text("initialize", initialize_params()), modern_header), 400, "-32020",
                "1", "rung 10"},
            row{"R11Initialize", raw(request_text("initialize", initialize_params())), 200, "", "1",
                "rung 11"},
            row{"R12InitializeWithClaim", modern_post("/mcp", "initialize"), 404, "-32601", "1",
                "rung 12: an unknown method of the new era"},
            row{"R12ListWithClaim", modern_post("/mcp", "tools/list"), 200, "", "1", "rung 12"},
            row{"R12IdOfTypeString", modern_post("/mcp", "tools/list", "", "", "\"\""), 200, "", "",
                "the empty string is an id"},
            row{"R12IdZero", modern_post("/mcp", "tools/list", "", "", "0"), 200, "", "0",
                "zero is an id"},
            row{"R12SessionIdIsIgnored",
                with(modern_post("/mcp", "tools/list"), "Mcp-Session-Id", "anything"), 200, "", "1",
                "section 2.4"},
            row{"R12LastEventIdIsIgnored",
                with(modern_post("/mcp", "tools/list"), "Last-Event-ID", "anything"), 200, "", "1",
                "section 2.4"},
            row{"R13HeaderWithoutClaim", raw(request_text("tools/list"), modern_header), 400,
                "-32602", "1", "rung 13: malformed modern, not legacy"},
            row{"R13DiscoverWithoutClaim", raw(request_text("server/discover"), modern_header), 400,
                "-32602", "1", "rung 13"},
            row{"R14ListWithoutSession", raw(request_text("tools/list")), 400, "-32000", "1",
                "rung 14: no session"},
            row{"R14DiscoverIsLegacyWithoutSignals", raw(request_text("server/discover")), 400,
                "-32000", "1", "a probe falls back to initialize then"},
            row{"R14UnknownSession", raw(request_text("tools/list"), {{"Mcp-Session-Id", "gone"}}),
                404, "-32001", "1", "section 5.2"},
            row{"R14HeaderNobodySupports",
                raw(request_text("tools/list"), {{"MCP-Protocol-Version", "1999-01-01"}}), 400,
                "-32000", "1", "section 2.4"},
            row{"R15ModernNotification",
                raw(R"({"jsonrpc":"2.0","method":"notifications/whatever","params":{"_meta":)" +
                          modern_meta() + "}}",
                    {{"MCP-Protocol-Version", std::string(modern_version)},
                     {"Mcp-Method", "notifications/whatever"}}),
                202, "", "", "rung 15"},
            row{"R16NotificationWithoutSession",
                raw(notification_text("notifications/initialized")), 400, "-32000", "absent",
                "rung 16: after the session check"},
            row{"MixUnknownVersion",
                with(raw(modern_text("tools/list", "", "1", modern_meta("{}", "", "v999.0.0")),
                         {{"Mcp-Method", "tools/list"}}),
                     "MCP-Protocol-Version", "v999.0.0"),
                400, "-32022", "1", "2.3 d"},
            row{"MixLegacyVersionInClaim",
                with(raw(modern_text("tools/list", "", "1", modern_meta("{}", "", newest_legacy)),
                         {{"Mcp-Method", "tools/list"}}),
                     "MCP-Protocol-Version", std::string(newest_legacy)),
                400, "-32022", "1", "it does not open a legacy conversation"},
            row{"MixHeaderAndClaimDiffer",
                with(raw(modern_text("tools/list", "", "1", modern_meta("{}", "", "v999.0.0")),
                         {{"Mcp-Method", "tools/list"}}),
                     "MCP-Protocol-Version", std::string(modern_version)),
                400, "-32020", "1", "2.3 c comes before d"},
            row{"MixClaimWithoutHeaders", raw(modern_list), 400, "-32020", "1", "2.3 b"}),
      [](const auto& instance) { return std::string(instance.param.name); });

TEST(Ladder, GetAndDeleteAreSessionOperations) {
   for (const char* method : {"GET", "DELETE"}) {
      http_request r{
            .method = method, .target = "/mcp", .fields = {{"Accept", "text/event-stream"}}};
      EXPECT_EQ(ask(host().port(), r).status, 400) << method << " without a session";
      r.fields.emplace_back("Mcp-Session-Id", "unknown");
      EXPECT_EQ(ask(host().port(), r).status, 404) << method << " with an unknown one";
   }
}

TEST(Ladder, HandshakeEchoesEveryLegacyVersionAndOffersTheNewestElse) {
   for (const auto& version : legacy_versions) {
      EXPECT_EQ(
            response_of(legacy_session(host(), version).opening()).at("/result/protocolVersion"),
            version);
   }
   for (const std::string_view version : {modern_version, std::string_view("2024-10-07"),
                                          std::string_view("garbage"), std::string_view("")}) {
      EXPECT_EQ(
            response_of(legacy_session(host(), version).opening()).at("/result/protocolVersion"),
            newest_legacy)
            << version;
   }
}

TEST(Ladder, RefusedVersionSaysWhichAreServed) {
   auto request = raw(modern_text("tools/list", "", "1", modern_meta("{}", "", "v999.0.0")),
                      {{"Mcp-Method", "tools/list"}, {"MCP-Protocol-Version", "v999.0.0"}});
   const auto message = response_of(ask(host().port(), request));
   EXPECT_EQ(message.at("/error/data/requested"), "v999.0.0");
   EXPECT_EQ(message.at("/error/data/supported/0"), modern_version);
   const auto discover = response_of(ask(host().port(), modern_post("/mcp", "server/discover")));
   EXPECT_EQ(discover.at("/result/supportedVersions"), message.at("/error/data/supported"));
}

TEST(Ladder, MalformedModernRequestNamesTheMissingKeys) {
   const auto answer = ask(host().port(), raw(request_text("tools/list"), modern_header));
   EXPECT_THAT(response_of(answer).at("/error/message"),
               HasSubstr("io.modelcontextprotocol/protocolVersion"));
}

TEST(Ladder, BothErasShareOneConnection) {
   connection c(host().port());
   EXPECT_EQ(c.ask(modern_post("/mcp", "tools/list")).status, 200);
   const auto opened = c.ask(raw(request_text("initialize", initialize_params())));
   EXPECT_EQ(opened.status, 200);
   EXPECT_EQ(c.ask(modern_post("/mcp", "tools/list")).status, 200);
   const auto listed = c.ask(
         raw(request_text("tools/list"), {{"Mcp-Session-Id", opened.header("Mcp-Session-Id")}}));
   EXPECT_EQ(listed.status, 200);
}

} // namespace
