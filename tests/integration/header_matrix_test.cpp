// `Mcp-*` headers against the body: the protocol reference, sections 4.1 to 4.3, and the header
// scenarios of the conformance suite.

#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/mcp_client.hpp"

namespace {

using namespace fmcp::test;

http_host& host() {
   static http_host instance({.plugins = {"echo", "routed"}});
   return instance;
}

/// A good call of `routed` with `arguments`, without headers for them.
http_request call(const std::string& arguments, headers more = {}) {
   auto request = modern_call("/mcp", "routed", arguments);
   request.fields.insert(request.fields.end(), more.begin(), more.end());
   return request;
}

http_request list(headers fields) {
   auto request = modern_post("/mcp", "tools/list");
   std::erase_if(request.fields, [](const auto& f) { return f.first == "Mcp-Method"; });
   request.fields.insert(request.fields.end(), fields.begin(), fields.end());
   return request;
}

http_request named(headers fields) {
   auto request = modern_call("/mcp", "echo", R"({"text":"x"})");
   std::erase_if(request.fields, [](const auto& f) { return f.first == "Mcp-Name"; });
   request.fields.insert(request.fields.end(), fields.begin(), fields.end());
   return request;
}

struct row {
   const char* name;
   http_request request;
   bool is_accepted;
};

void PrintTo(const row& r, std::ostream* out) {
   *out << r.name;
}

class Headers : public ::testing::TestWithParam<row> {};

TEST_P(Headers, AreCompared) {
   const auto answer = ask(host().port(), GetParam().request);
   const auto message = response_of(answer);
   if (GetParam().is_accepted) {
      EXPECT_EQ(answer.status, 200) << answer.body;
      EXPECT_EQ(message.at("/error"), "absent");
      EXPECT_EQ(message.at("/result/isError") == "true", false) << answer.body;
   } else {
      EXPECT_EQ(answer.status, 400) << answer.body;
      EXPECT_EQ(message.at("/error/code"), "-32020");
      EXPECT_EQ(message.at("/id"), "1");
      EXPECT_EQ(answer.media_type(), "application/json");
   }
}

#define HELLO R"({"region":"Hello"})"
INSTANTIATE_TEST_SUITE_P(
      Matrix, Headers,
      ::testing::Values(
            row{"MethodGood", list({{"Mcp-Method", "tools/list"}}), true},
            row{"MethodWrong", list({{"Mcp-Method", "prompts/list"}}), false},
            row{"MethodMissing", list({}), false},
            row{"MethodUpperCase", list({{"Mcp-Method", "TOOLS/LIST"}}), false},
            row{"MethodHeaderNameLowerCase", list({{"mcp-method", "tools/list"}}), true},
            row{"MethodHeaderNameUpperCase", list({{"MCP-METHOD", "tools/list"}}), true},
            row{"MethodPadded", list({{"Mcp-Method", "  tools/list  "}}), true},
            row{"MethodIsNeverEncoded", list({{"Mcp-Method", "=?base64?dG9vbHMvbGlzdA==?="}}),
                false},
            row{"MethodTwiceDiffering",
                list({{"Mcp-Method", "tools/list"}, {"Mcp-Method", "tools/call"}}), false},
            row{"NameGood", named({{"Mcp-Name", "echo"}}), true},
            row{"NameWrong", named({{"Mcp-Name", "wrong_tool_name"}}), false},
            row{"NameMissing", named({}), false},
            row{"NamePadded", named({{"Mcp-Name", "  echo  "}}), true},
            row{"NameUpperCase", named({{"Mcp-Name", "ECHO"}}), false},
            row{"NameEncoded", named({{"Mcp-Name", "=?base64?ZWNobw==?="}}), true},
            row{"ParamEncoded", call(HELLO, {{"Mcp-Param-Region", "=?base64?SGVsbG8=?="}}), true},
            row{"ParamLiteral", call(HELLO, {{"Mcp-Param-Region", "Hello"}}), true},
            row{"ParamHeaderNameCase", call(HELLO, {{"mcp-param-REGION", "Hello"}}), true},
            row{"ParamBadPadding", call(HELLO, {{"Mcp-Param-Region", "=?base64?SGVsbG8?="}}),
                false},
            row{"ParamBadCharacters", call(HELLO, {{"Mcp-Param-Region", "=?base64?SGVs!!!bG8=?="}}),
                false},
            row{"ParamWithoutPrefixIsLiteral",
                call(R"({"region":"SGVsbG8="})", {{"Mcp-Param-Region", "SGVsbG8="}}), true},
            row{"ParamWithoutSuffixIsLiteral",
                call(R"({"region":"=?base64?SGVsbG8="})",
                     {{"Mcp-Param-Region", "=?base64?SGVsbG8="}}),
                true},
            row{"ParamUpperCasePrefixIsLiteral",
                call(R"({"region":"=?BASE64?SGVsbG8=?="})",
                     {{"Mcp-Param-Region", "=?BASE64?SGVsbG8=?="}}),
                true},
            row{"ParamMissing", call(HELLO), false},
            row{"ParamDiffers", call(HELLO, {{"Mcp-Param-Region", "hello"}}), false},
            row{"ParamWithoutArgument", call(R"({"note":"x"})", {{"Mcp-Param-Region", "eu"}}),
                false},
            row{"ParamNullNeedsNone", call(R"({"note":"x"})"), true},
            row{"ParamRawUtf8", call(R"({"region":"é"})", {{"Mcp-Param-Region", "\xc3\xa9"}}),
                false},
            row{"ParamEncodedUtf8",
                call(R"({"region":"é"})", {{"Mcp-Param-Region", "=?base64?w6k=?="}}), true},
            row{"ParamEncodedNotUtf8", call(HELLO, {{"Mcp-Param-Region", "=?base64?/w==?="}}),
                false},
            row{"IntegerNumerically", call(R"({"level":42})", {{"Mcp-Param-Level", "42.0"}}), true},
            row{"IntegerDiffers", call(R"({"level":42})", {{"Mcp-Param-Level", "43"}}), false},
            row{"IntegerNoNumber", call(R"({"level":42})", {{"Mcp-Param-Level", "4x"}}), false},
            row{"BooleanGood", call(R"({"urgent":true})", {{"Mcp-Param-Urgent", "true"}}), true},
            row{"BooleanUpperCase", call(R"({"urgent":true})", {{"Mcp-Param-Urgent", "True"}}),
                false},
            row{"UnknownParamIsIgnored", call(R"({"note":"x"})", {{"Mcp-Param-Unheard", "\"of\""}}),
                true}),
      [](const auto& instance) { return std::string(instance.param.name); });
#undef HELLO

TEST(Headers, OfTheNewEraAreIgnoredOnLegacyRequests) {
   const legacy_session session(host());
   auto request =
         session.request(request_text("tools/call", call_params("routed", R"({"region":"a"})")));
   request.fields.emplace_back("Mcp-Method", "wrong");
   request.fields.emplace_back("Mcp-Name", "wrong");
   EXPECT_EQ(ask(host().port(), request).status, 200);
}

} // namespace
