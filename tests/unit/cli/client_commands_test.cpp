// ping, list and call: what words mean, and what is printed.

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/cli.hpp"
#include "support/temp_dir.hpp"
#include "unit/client/scripted_exchange.hpp"

namespace {

using namespace fmcp;
using cli::streams;
using test::scripted_exchange;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* url = "https://srv/mcp";
constexpr const char* post = "POST https://srv/mcp";

std::string result(int id, std::string_view json) {
   return R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"result":)" + std::string(json) +
          "}";
}

class ClientCommands : public ::testing::Test {
protected:
   ClientCommands() {
      how_.from.directory = dir_.path();
      what_.connect = [this](const client::target& to, const config::settings& s, streams,
                             client::mcp_client::notice heard)
            -> core::result<std::unique_ptr<client::mcp_client>> {
         to_ = to;
         home_ = s.home;
         proxy_ = s.https_proxy;
         return client::mcp_client::connect(
               net_.get(), client::reach::of_server(to.url).value(), client::anonymous(),
               {.wanted = to.wanted, .timeout = to.timeout, .version = "1"}, std::move(heard));
      };
      what_.forget_login = [this](const std::string& at, const config::settings&) {
         forgotten_ = at;
         return core::result<std::size_t>(logins_);
      };
      net_.on(
            post, 200,
            result(
                  1,
                  R"({"supportedVersions":["2026-07-28"],"_meta":{)"
                  R"("io.modelcontextprotocol/serverInfo":{"name":"n","title":"A\u001bB","version":"3"}}})"));
   }

   int call(std::vector<std::string> arguments, std::string input = {}) {
      out_.str({});
      err_.str({});
      to_.reset();
      std::istringstream in(std::move(input));
      how_.arguments = std::move(arguments);
      return cli::main(how_, what_, {out_, err_, &in});
   }
   std::string out() const { return out_.str(); }
   std::string err() const { return err_.str(); }
   void answer(int id, std::string_view json) { net_.on(post, 200, result(id, json)); }
   void list_and_answer(std::string_view json) {
      answer(2, R"({"tools":[{"name":"add","inputSchema":{"type":"object","additionalProperties":)"
                R"(false,"properties":{"a":{"type":"integer"},"b":{"type":"string"}}}}]})");
      answer(3, json);
   }

   test::temp_dir dir_;
   scripted_exchange net_;
   cli::invocation how_;
   cli::commands what_;
   std::ostringstream out_, err_;
   std::optional<client::target> to_;
   std::string home_, proxy_, forgotten_;
   std::size_t logins_ = 1;
};

// Words

TEST_F(ClientCommands, AreDescribed) {
   for (const auto* name : {"ping", "list", "call"}) {
      EXPECT_EQ(call({name, "--help"}), 0);
      EXPECT_THAT(out(), AllOf(StartsWith(std::string("fastmcp-host ") + name + " URL"),
                               HasSubstr("--bearer-file FILE"), HasSubstr("--logout"),
                               HasSubstr("FASTMCP_HOME"), HasSubstr("--ca-file"),
                               Not(HasSubstr("--port N"))));
   }
   call({});
   EXPECT_THAT(out(),
               AllOf(HasSubstr("  ping URL"), HasSubstr("  list URL"), HasSubstr("  call URL")));
}

TEST_F(ClientCommands, TakeTheirOptions) {
   net_.on(post, 200, result(2, "{}"));
   EXPECT_EQ(call({"ping", url, "--auth", "oauth", "--client-id", "c", "--callback-port", "4711",
                   "--no-browser", "--era", "new", "--timeout", "1.5s", "--home", dir_.at("h")}),
             0)
         << err();
   EXPECT_EQ(to_->auth, client::auth_mode::oauth);
   EXPECT_EQ(to_->login.client_id, "c");
   EXPECT_EQ(to_->login.callback_port, 4711);
   EXPECT_FALSE(to_->opens_browser);
   EXPECT_EQ(to_->wanted, client::era::modern);
   EXPECT_EQ(to_->timeout, std::chrono::milliseconds(1500));
   EXPECT_EQ(home_, dir_.at("h"));
}

struct mistake {
   std::vector<std::string> words;
   const char* why;
};
class ClientMistakes : public ClientCommands, public ::testing::WithParamInterface<mistake> {};

TEST_P(ClientMistakes, AreUsageErrors) {
   EXPECT_EQ(call(GetParam().words), 2);
   EXPECT_THAT(err(), HasSubstr(GetParam().why));
   EXPECT_FALSE(to_.has_value());
   EXPECT_THAT(out(), IsEmpty());
}
INSTANTIATE_TEST_SUITE_P(
      All, ClientMistakes,
      ::testing::Values(
            mistake{{"ping"}, "Exactly one URL is needed"},
            mistake{{"list", url, url}, "Exactly one URL"},
            mistake{{"call", url}, "URL and TOOL are needed, and less was given"},
            mistake{{"call"}, "and nothing was given"},
            mistake{{"ping", url, "--aut"}, "Did you mean --auth?"},
            mistake{{"ping", url, "--port", "1"}, "There is no option \"--port\""},
            mistake{{"ping", url, "--auth", "basic"}, "--auth oauth"},
            mistake{{"ping", url, "--auth", "oauth", "--bearer", "-"}, "exclude each other"},
            mistake{{"ping", url, "--client-id", "x"}, "no meaning without --auth oauth"},
            mistake{{"ping", url, "--auth", "oauth", "--callback-port", "0"}, "--callback-port"},
            mistake{{"ping", url, "--auth", "oauth", "--client-metadata-url", "http://me/x"},
                    "--client-metadata-url"},
            mistake{{"ping", url, "--auth", "oauth", "--client-id", "x", "--client-metadata-url",
                     "https://me/x"},
                    "exclude each other"},
            mistake{{"ping", "srv/mcp"}, "\"srv/mcp\": the URL cannot be used"},
            mistake{{"call", "ftp://srv/mcp", "add"}, "\"ftp://srv/mcp\": the URL"},
            mistake{{"list", "http://srv/mcp"}, "has to be https"},
            mistake{{"list", "nonsense", "--logout"}, "\"nonsense\": the URL"},
            mistake{{"ping", url, "--era", "middle"}, "--era \"middle\""},
            mistake{{"ping", url, "--timeout", "0"}, "more than nothing"},
            mistake{{"ping", url, "--timeout", "soon"}, "--timeout \"soon\""}));

// Tokens

TEST_F(ClientCommands, TakeATokenFromTheInput) {
   net_.on(post, 200, result(2, "{}"));
   EXPECT_EQ(call({"ping", url, "--bearer", "-"}, " s3cret \n"), 0) << err();
   EXPECT_EQ(to_->auth, client::auth_mode::bearer);
   EXPECT_EQ(to_->token, "s3cret");
}

TEST_F(ClientCommands, NeverTakeATokenFromTheCommandLine) {
   for (const auto* words : {"--bearer=s3cret", "--bearer=-x"}) {
      EXPECT_EQ(call({"ping", url, words}), 2);
      EXPECT_THAT(err(), AllOf(HasSubstr("--bearer -"), Not(HasSubstr("s3cret"))));
   }
   EXPECT_FALSE(to_.has_value());
}

TEST_F(ClientCommands, RefuseWhatIsNoToken) {
   EXPECT_EQ(call({"ping", url, "--bearer", "-"}, "s3cret of mine"), 2);
   EXPECT_THAT(err(), Not(HasSubstr("s3cret")));
   EXPECT_EQ(call({"ping", url, "--bearer", "-"}, ""), 2);
   EXPECT_EQ(call({"ping", url, "--bearer", "-"}, std::string(20'000, 'x')), 2);
}

TEST_F(ClientCommands, TakeATokenFromAFileOfTheirUser) {
   net_.on(post, 200, result(2, "{}"));
   const auto file = dir_.put("token", "s3cret\n", 0600);
   EXPECT_EQ(call({"ping", url, "--bearer-file", file}), 0) << err();
   EXPECT_EQ(to_->token, "s3cret");
   for (const auto mode : {0640, 0604}) {
      dir_.put("token", "s3cret\n", static_cast<mode_t>(mode));
      EXPECT_EQ(call({"ping", url, "--bearer-file", file}), 2);
      EXPECT_THAT(err(), AllOf(HasSubstr("chmod 600"), Not(HasSubstr("s3cret"))));
   }
   dir_.put("token", "\n", 0600);
   EXPECT_EQ(call({"ping", url, "--bearer-file", file}), 2);
   EXPECT_EQ(call({"ping", url, "--bearer-file", dir_.at("none")}), 2);
}

TEST_F(ClientCommands, TakeATokenFromTheEnvironmentLast) {
   net_.on(post, 200, result(2, "{}"));
   how_.from.environment = {"FASTMCP_CLIENT_TOKEN=s3cret"};
   EXPECT_EQ(call({"ping", url}), 0) << err();
   EXPECT_EQ(to_->token, "s3cret");
   EXPECT_THAT(err(), IsEmpty()) << "it is no unknown variable";
   call({"ping", url, "--auth", "oauth"});
   EXPECT_EQ(to_->auth, client::auth_mode::oauth);
   EXPECT_THAT(to_->token, IsEmpty());
   how_.from.is_privileged = true;
   call({"ping", url});
   EXPECT_EQ(to_->auth, client::auth_mode::none) << "the environment is somebody else's";
}

// The .env file of a folder that may be a stranger's

/// What is logged by the call of `ping` with these words besides.
class ClientCommandsInAFolder : public ClientCommands {
protected:
   std::string ping(std::vector<std::string> more = {}) {
      net_ = scripted_exchange();
      net_.on(post, 200, result(1, R"({"supportedVersions":["2026-07-28"]})"))
            .on(post, 200, result(2, "{}"));
      more.insert(more.begin(), {"ping", url});
      ::testing::internal::CaptureStderr();
      EXPECT_EQ(call(std::move(more)), 0) << err();
      return ::testing::internal::GetCapturedStderr();
   }
};

TEST_F(ClientCommandsInAFolder, DoNotObeyItsEnvFile) {
   dir_.put(".env", "FASTMCP_HTTPS_PROXY=http://evil.example:3128\n"
                    "FASTMCP_CA_FILE=/evil.pem\nFASTMCP_PORT=1\nFASTMCP_CONFIG=evil.json\n");
   const auto said = ping();
   EXPECT_THAT(proxy_, Not(HasSubstr("evil")));
   EXPECT_THAT(said,
               AllOf(HasSubstr("FASTMCP_HTTPS_PROXY (.env:1)"),
                     HasSubstr("FASTMCP_CA_FILE (.env:2)"), HasSubstr("FASTMCP_CONFIG (.env:4)"),
                     HasSubstr("FASTMCP_ENV_FILE=.env"), Not(HasSubstr("FASTMCP_PORT"))));
   EXPECT_EQ(std::ranges::count(said, '\n'), 1) << said;
}

TEST_F(ClientCommandsInAFolder, SayNothingOfAnEnvFileWithoutMeaningForThem) {
   for (const auto* text : {"FASTMCP_PORT=none\nFASTMCP_SERVR=1\n", "FASTMCP_HOME='open\n", ""}) {
      dir_.put(".env", text);
      EXPECT_THAT(ping(), IsEmpty()) << text;
   }
   dir_.put(".env", "FASTMCP_HTTPS_PROXY=http://evil.example:3128\n");
   EXPECT_THAT(ping({"--https-proxy", "http://mine.example:3128"}), IsEmpty());
   EXPECT_THAT(proxy_, HasSubstr("mine.example"));
   how_.from.environment = {"FASTMCP_HTTPS_PROXY=http://mine.example:1"};
   EXPECT_THAT(ping(), IsEmpty());
}

TEST_F(ClientCommandsInAFolder, ReadTheEnvFileThatIsNamed) {
   dir_.put(".env", "FASTMCP_HTTPS_PROXY=http://mine.example:3128\n");
   how_.from.environment = {"FASTMCP_ENV_FILE=.env"};
   EXPECT_THAT(ping(), IsEmpty());
   EXPECT_THAT(proxy_, HasSubstr("mine.example:3128"));
}

TEST_F(ClientCommands, ForgetALogin) {
   EXPECT_EQ(call({"list", url, "--logout"}), 0);
   EXPECT_EQ(forgotten_, url);
   EXPECT_EQ(err(), "Forgot the login for https://srv/mcp.\n");
   EXPECT_FALSE(to_.has_value()) << "nothing is asked of the server";
   logins_ = 0;
   call({"ping", url, "--logout"});
   EXPECT_EQ(err(), "There was no login for https://srv/mcp.\n");
}

// ping

TEST_F(ClientCommands, PingTellsWhatTheServerSpeaks) {
   answer(2, "{}");
   EXPECT_EQ(call({"ping", url}), 0) << err();
   EXPECT_THAT(out(), StartsWith("A\\x1bB 3 answers: server/discover in "));
   EXPECT_THAT(out(), HasSubstr(" ms, revision 2026-07-28 (new era)\n"));
}

TEST_F(ClientCommands, PingForPrograms) {
   answer(2, "{}");
   EXPECT_EQ(call({"ping", url, "--json"}), 0) << err();
   EXPECT_THAT(out(),
               StartsWith(R"({"era":"new","revision":"2026-07-28","name":"n","title":"A\u001bB",)"
                          R"("version":"3","instructions":"","ms":)"));
}

TEST_F(ClientCommands, FailWithASentence) {
   what_.connect =
         [](const client::target&, const config::settings&, streams,
            client::mcp_client::notice) -> core::result<std::unique_ptr<client::mcp_client>> {
      return core::fail(core::errc::denied, "the server says \x1b[2J no");
   };
   EXPECT_EQ(call({"ping", url}), 1);
   EXPECT_EQ(err(), "fastmcp-host: The server says \\x1b[2J no.\n");
   what_.connect = nullptr;
   EXPECT_EQ(call({"ping", url}), 1);
}

// list

TEST_F(ClientCommands, ListInColumns) {
   answer(2, R"({"tools":[{"name":"add","title":"Adds","description":"Adds two.\nMore."},)"
             R"({"name":"x\u001b","description":"X"}]})");
   EXPECT_EQ(call({"list", url}), 0) << err();
   EXPECT_EQ(out(), "NAME   TITLE  DESCRIPTION\n"
                    "add    Adds   Adds two. …\n"
                    "x\\x1b         X\n");
}

TEST_F(ClientCommands, ListWithoutTitlesOrTools) {
   answer(2, R"({"tools":[{"name":"add","description":"Adds"}]})");
   EXPECT_EQ(call({"list", url}), 0);
   EXPECT_EQ(out(), "NAME  DESCRIPTION\nadd   Adds\n");
}

TEST_F(ClientCommands, ListNothing) {
   answer(2, R"({"tools":[]})");
   EXPECT_EQ(call({"list", url}), 0);
   EXPECT_EQ(out(), "The server has no tools.\n");
}

TEST_F(ClientCommands, ListForPrograms) {
   answer(2, R"({"tools":[{"name":"add","inputSchema":{"type": "object"}}]})");
   EXPECT_EQ(call({"list", url, "--json"}), 0);
   EXPECT_EQ(out(), "[{\"name\":\"add\",\"inputSchema\":{\"type\":\"object\"}}]\n");
}

// call

TEST_F(ClientCommands, CallWithTypedValues) {
   list_and_answer(
         R"({"content":[{"type":"text","text":"3\t\u001b"},{"type":"text","text":"x\n"}]})");
   EXPECT_EQ(call({"call", url, "add", "a=1", "b=2"}), 0) << err();
   EXPECT_EQ(out(), "3\t\\x1b\nx\n") << "a terminal obeys nobody";
   EXPECT_THAT(net_.last(post).body, HasSubstr(R"("arguments":{"a":1,"b":"2"})"));
}

TEST_F(ClientCommands, CallWithArgumentsInJson) {
   list_and_answer(R"({"content":[]})");
   EXPECT_EQ(call({"call", url, "add", "--args", R"({"a": 1})"}), 0) << err();
   EXPECT_THAT(net_.last(post).body, HasSubstr(R"("arguments":{"a":1})"));
}

TEST_F(ClientCommands, CallWithArgumentsFromTheInput) {
   list_and_answer(R"({"content":[]})");
   EXPECT_EQ(call({"call", url, "add", "--args", "-"}, "{\n\"b\": \"x\" }\n"), 0) << err();
   EXPECT_THAT(net_.last(post).body, HasSubstr(R"("arguments":{"b":"x"})"));
}

TEST_F(ClientCommands, CallRefusesWrongArguments) {
   list_and_answer("{}");
   EXPECT_EQ(call({"call", url, "add", "a=one"}), 2);
   EXPECT_EQ(err(), "fastmcp-host: The argument a has to be an integer, and \"one\" is not.\n");
   EXPECT_EQ(call({"call", url, "add", "a=1", "--args", "{}"}), 2);
   EXPECT_EQ(call({"call", url, "add", "--args", "-", "--bearer", "-"}, "x"), 2);
   EXPECT_THAT(net_.last(post).body, Not(HasSubstr("tools/call")));
}

TEST_F(ClientCommands, CallPrintsAFailureAsAMessage) {
   list_and_answer(R"({"content":[{"type":"text","text":"no"}],"isError":true})");
   EXPECT_EQ(call({"call", url, "add"}), 1);
   EXPECT_THAT(out(), IsEmpty());
   EXPECT_EQ(err(), "no\n");
}

TEST_F(ClientCommands, CallForPrograms) {
   list_and_answer(R"({"content":[{"type":"text","text":"no"}], "isError":true})");
   EXPECT_EQ(call({"call", url, "add", "--json"}), 1);
   EXPECT_EQ(out(), "{\"content\":[{\"type\":\"text\",\"text\":\"no\"}],\"isError\":true}\n");
}

TEST_F(ClientCommands, CallDescribesWhatIsNoText) {
   list_and_answer(
         R"({"content":[{"type":"image","mimeType":"image/png","data":"AAAA"},)"
         R"({"type":"resource_link","name":"n","uri":"file:///x"},)"
         R"({"type":"resource","resource":{"uri":"u","text":"inside"}},)"
         R"({"type":"resource","resource":{"uri":"u","mimeType":"a/b","blob":"AAAA"}}]})");
   EXPECT_EQ(call({"call", url, "add"}), 0);
   EXPECT_EQ(out(), "[image image/png, 4 bytes of base64; --json shows it]\n"
                    "[link n file:///x]\ninside\n[resource u a/b; --json shows it]\n");
}

TEST_F(ClientCommands, CallPrintsStructureWhenThereIsNothingElse) {
   list_and_answer(R"({"content":[],"structuredContent":{"n": [1, 2]}})");
   EXPECT_EQ(call({"call", url, "add"}), 0);
   EXPECT_EQ(out(), "{\"n\":[1,2]}\n");
}

TEST_F(ClientCommands, CallSaysWhenAToolAsksBack) {
   list_and_answer(R"({"resultType":"input_required","requestState":"x"})");
   EXPECT_EQ(call({"call", url, "add"}), 1);
   EXPECT_THAT(err(), HasSubstr("asks for more input"));
}

TEST_F(ClientCommands, CallSuggestsAName) {
   answer(2, R"({"tools":[{"name":"add"}]})");
   net_.on(post, 200, R"({"jsonrpc":"2.0","id":3,"error":{"code":-32602,"message":"Unknown"}})");
   EXPECT_EQ(call({"call", url, "ad", "n=1"}), 1);
   EXPECT_EQ(err(), "fastmcp-host: The server answered tools/call with error -32602: Unknown. The "
                    "server lists no tool \"ad\". Did you mean add?\n");
   EXPECT_THAT(net_.last(post).body, HasSubstr("\"arguments\":{\"n\":1}"))
         << "the tool may be one that is not shown to everybody";
}

TEST_F(ClientCommands, CallTellsOfProgress) {
   answer(2, R"({"tools":[{"name":"add"}]})");
   net_.on(post, 200,
           "data: {\"method\":\"notifications/progress\",\"params\":{\"progress\":1,\"total\":4,"
           "\"message\":\"a\\nb\"}}\n\n"
           "data: "
           "{\"method\":\"notifications/"
           "message\",\"params\":{\"level\":\"info\",\"data\":{\"x\":1}}}\n\n"
           "data: {\"method\":\"notifications/other\",\"params\":{}}\n\n"
           "data: {\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"content\":[]}}\n\n",
           {{"content-type", "text/event-stream"}});
   EXPECT_EQ(call({"call", url, "add"}), 0) << err();
   EXPECT_EQ(err(), "progress 1 of 4: a\\nb\ninfo: {\"x\":1}\n");
}

} // namespace
