// Listing and calling, in both eras.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/mcp_client.hpp"

namespace {

using namespace fmcp::test;
using ::testing::HasSubstr;

TEST(Tools, AreListedWithTheirSchemas) {
   http_host host;
   for (const auto& message :
        {response_of(legacy_session(host).ask(request_text("tools/list"))).at("/result/tools"),
         response_of(ask(host.port(), modern_post("/mcp", "tools/list"))).at("/result/tools")}) {
      const json_text tools(message);
      EXPECT_EQ(tools.size(""), 1u);
      EXPECT_EQ(tools.at("/0/name"), "echo");
      EXPECT_EQ(tools.at("/0/description"), "Answers with the text it is given");
      EXPECT_EQ(tools.at("/0/inputSchema/type"), "object");
      EXPECT_EQ(tools.at("/0/inputSchema/required"), R"(["text"])");
      EXPECT_EQ(tools.at("/0/inputSchema/additionalProperties"), "false");
   }
}

TEST(Tools, KeepTheirOrder) {
   http_host host({.plugins = {"pause", "echo", "routed", "printer"}});
   const auto list = [&] {
      return response_of(ask(host.port(), modern_post("/mcp", "tools/list"))).at("/result/tools");
   };
   const auto first = list();
   for (int i = 0; i < 10; ++i) EXPECT_EQ(list(), first);
   EXPECT_EQ(json_text(first).size(""), 5u);
   http_host again({.plugins = {"pause", "echo", "routed", "printer"}});
   EXPECT_EQ(response_of(ask(again.port(), modern_post("/mcp", "tools/list"))).at("/result/tools"),
             first)
         << "after a restart";
}

TEST(Tools, ComeInPages) {
   http_host host({.plugins = {"pause", "echo", "routed"}, .options = {"--page-size", "3"}});
   const auto first = response_of(ask(host.port(), modern_post("/mcp", "tools/list")));
   EXPECT_EQ(first.size("/result/tools"), 3u);
   const auto cursor = first.at("/result/nextCursor");
   ASSERT_NE(cursor, "absent");
   const auto second = response_of(
         ask(host.port(), modern_post("/mcp", "tools/list", R"("cursor":")" + cursor + "\"")));
   EXPECT_EQ(second.size("/result/tools"), 1u);
   EXPECT_FALSE(second.has("/result/nextCursor"));
   EXPECT_EQ(second.at("/result/cacheScope"), first.at("/result/cacheScope"));
}

TEST(Tools, AnswerInBothEras) {
   http_host host;
   const std::string arguments = R"({"text":"gr\u00fc\u00dfe \"quoted\" \ud83c\udf0d"})";
   for (const auto& message :
        {response_of(legacy_session(host).call("echo", arguments)),
         response_of(ask(host.port(), modern_call("/mcp", "echo", arguments)))}) {
      EXPECT_EQ(message.at("/result/content/0/type"), "text");
      EXPECT_EQ(message.at("/result/content/0/text"), "grüße \"quoted\" 🌍");
      EXPECT_NE(message.at("/result/isError"), "true");
   }
}

TEST(Tools, BadArgumentsAreAResultThatAModelCanActOn) {
   http_host host;
   struct row {
      const char* arguments;
      std::vector<const char*> expected;
   };
   for (const auto& [arguments, expected] :
        {row{R"({"text":7})", {"text", "string"}}, row{R"({})", {"text"}}, row{"", {"text"}},
         row{R"({"text":"a","more":1})", {"more"}}}) {
      for (const auto& message :
           {response_of(legacy_session(host).call("echo", arguments)),
            response_of(ask(host.port(), modern_call("/mcp", "echo", arguments)))}) {
         EXPECT_EQ(message.at("/result/isError"), "true") << arguments;
         for (const char* word : expected)
            EXPECT_THAT(message.at("/result/content/0/text"), HasSubstr(word)) << arguments;
      }
   }
}

TEST(Tools, UnknownToolIsInvalidParams) {
   http_host host;
   const auto answer = legacy_session(host).call("nothing_here");
   EXPECT_EQ(answer.status, 200);
   EXPECT_EQ(response_of(answer).at("/error/code"), "-32602");
}

TEST(Tools, ThatTakeTooLongAreEnded) {
   http_host host({.plugins = {"pause"}, .options = {"--call-timeout", "200ms"}});
   const auto message = response_of(legacy_session(host).call("pause", R"({"ms":30000})"));
   EXPECT_THAT(message.at(message.has("/error") ? "/error/message" : "/result/content/0/text"),
               HasSubstr("200 ms"));
   EXPECT_TRUE(message.has("/error") || message.at("/result/isError") == "true");
}

TEST(Tools, LargeTextsPassUnharmed) {
   http_host host;
   const std::string text(2u << 20, 'x');
   const auto message =
         response_of(ask(host.port(), modern_call("/mcp", "echo", R"({"text":")" + text + "\"}")));
   EXPECT_EQ(message.at("/result/content/0/text"), text);
}

TEST(Tools, NumbersThatKillParsersDoNotKillThis) {
   http_host host;
   const auto answer =
         legacy_session(host).ask(R"({"jsonrpc":"2.0","id":1,"method":"ping","params":{"n":1.)" +
                                  std::string(20, '1') + "e-2147483647}}");
   EXPECT_TRUE(answer.status == 200 || answer.status == 400);
   EXPECT_EQ(ask(host.port(), {.target = "/healthz"}).status, 200);
}

TEST(Tools, DeepNestingIsRefused) {
   http_host host;
   const std::string deep(100'000, '[');
   EXPECT_EQ(ask(host.port(), post("/mcp", deep)).status, 400);
   EXPECT_EQ(ask(host.port(), {.target = "/healthz"}).status, 200);
}

} // namespace
