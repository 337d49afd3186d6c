// The client commands of the real program against the real host.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/host_process.hpp"
#include "support/json_text.hpp"

namespace {

using namespace fmcp::test;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class Client : public ::testing::Test {
protected:
   /// `command URL words...`
   finished run(const std::string& command, std::vector<std::string> words = {}) const {
      words.insert(words.begin(), {command, host_.url()});
      return run_host(words, directory_, {{"HOME", directory_.path()}});
   }
   http_host host_{{.plugins = {"echo", "conformance"}}};
   temp_dir directory_;
};

TEST_F(Client, PingsInBothEras) {
   const auto modern = run("ping");
   EXPECT_EQ(modern.code, 0) << modern.err;
   EXPECT_THAT(modern.out, HasSubstr("revision 2026-07-28 (new era)"));
   EXPECT_THAT(modern.err, IsEmpty());
   const auto old = run("ping", {"--era", "old", "--json"});
   EXPECT_EQ(old.code, 0) << old.err;
   EXPECT_EQ(json_text(old.out).at("/revision"), "2025-11-25");
}

TEST_F(Client, ListsInBothEras) {
   for (const auto* era : {"old", "new"}) {
      const auto out = run("list", {"--era", era});
      EXPECT_EQ(out.code, 0) << out.err;
      EXPECT_THAT(out.out, HasSubstr("echo"));
   }
}

TEST_F(Client, CallsInBothEras) {
   for (const auto* era : {"old", "new"}) {
      const auto out = run("call", {"echo", "text=grüß dich", "--era", era});
      EXPECT_EQ(out.code, 0) << out.err;
      EXPECT_EQ(out.out, "grüß dich\n");
   }
}

TEST_F(Client, HearsOfProgressInBothEras) {
   for (const auto* era : {"old", "new"}) {
      const auto out = run("call", {"test_tool_with_progress", "--era", era});
      EXPECT_EQ(out.code, 0) << out.err;
      EXPECT_THAT(out.err, AllOf(HasSubstr("progress 0 of 100"), HasSubstr("progress 100 of 100")));
   }
}

TEST_F(Client, RepeatsArgumentsInHeadersWhereTheToolWantsIt) {
   const auto tools = run("list", {"--json"});
   EXPECT_THAT(tools.out, HasSubstr("x-mcp-header")) << "or this test shows nothing";
   for (const auto* value : {"plain", " äö ", "=?base64?eA==?="}) {
      const auto out = run("call", {"test_x_mcp_header", std::string("region=") + value, "--json"});
      EXPECT_EQ(out.code, 0) << out.out << out.err;
   }
}

TEST_F(Client, FailsWithTheTool) {
   const auto out = run("call", {"test_error_handling"});
   EXPECT_EQ(out.code, 1);
   EXPECT_THAT(out.out, IsEmpty());
   EXPECT_THAT(out.err, HasSubstr("fails on purpose"));
}

TEST_F(Client, SaysWhatIsWrong) {
   const auto wrong_path = run_host({"ping", host_.url() + "x"}, directory_);
   EXPECT_EQ(wrong_path.code, 1);
   EXPECT_THAT(wrong_path.err, HasSubstr("is no MCP endpoint"));
   const auto nobody = run_host({"ping", "http://127.0.0.1:1/mcp"}, directory_);
   EXPECT_EQ(nobody.code, 1);
   EXPECT_THAT(nobody.err, HasSubstr("cannot be connected to"));
   auto https = host_.url();
   const auto no_tls = run_host({"ping", https.insert(4, "s")}, directory_);
   EXPECT_EQ(no_tls.code, 1);
   EXPECT_THAT(no_tls.err, AllOf(HasSubstr("does not speak TLS; is http:// meant?\n"),
                                 Not(HasSubstr("OpenSSL"))));
   const auto plain = run_host({"ping", "http://mcp.example.com/mcp"}, directory_);
   EXPECT_EQ(plain.code, 2);
   EXPECT_THAT(plain.err, HasSubstr("has to be https"));
}

/// Tokens would go through the proxy of whoever wrote that file.
TEST_F(Client, DoesNotObeyTheEnvFileOfItsFolder) {
   directory_.put(".env", "FASTMCP_CA_FILE=/nowhere/evil.pem\n");
   const auto out = run("ping");
   EXPECT_EQ(out.code, 0) << out.err;
   EXPECT_THAT(out.err, AllOf(HasSubstr("FASTMCP_CA_FILE (.env:1)"), HasSubstr("not taken")));
   const auto named = run_host({"ping", host_.url()}, directory_,
                               {{"HOME", directory_.path()}, {"FASTMCP_ENV_FILE", ".env"}});
   EXPECT_EQ(named.code, 1);
   EXPECT_THAT(named.err, HasSubstr("evil.pem"));
}

/// The server does not want a login, so none takes place, and nothing is kept.
TEST_F(Client, LogsInOnlyWhereItIsWanted) {
   const auto out = run("ping", {"--auth", "oauth", "--no-browser"});
   EXPECT_EQ(out.code, 0) << out.err;
   EXPECT_THAT(out.err, IsEmpty());
}

} // namespace
