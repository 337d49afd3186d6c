// What is wrong with the settings of the providers that we ship ends the process at once, with one
// message that names all of it, and without a port that was ever open: the auth reference, sections
// 1.1 to 1.4, 1.7 and 3.1. auth_start_test.cpp has the same for the selection itself.

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/protected_host.hpp"

namespace {

using namespace fmcp::test;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* secret = "hunter2-hunter2-hunter2-hunter2-hunter2";

/// A port that is taken. Whoever tries to open it says so, and nobody who ends before does.
class taken_port {
public:
   taken_port() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
      sockaddr_in at{};
      at.sin_family = AF_INET;
      at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      socklen_t size = sizeof at;
      if (::bind(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 || ::listen(fd_, 1) != 0 ||
          ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size) != 0)
         throw std::runtime_error("no port to take");
      number_ = std::to_string(ntohs(at.sin_port));
   }
   taken_port(const taken_port&) = delete;
   taken_port& operator=(const taken_port&) = delete;
   ~taken_port() { ::close(fd_); }
   [[nodiscard]] const std::string& number() const noexcept { return number_; }

private:
   int fd_;
   std::string number_;
};

class AuthRefusals : public ::testing::Test {
protected:
   finished start(const variables& named, std::vector<std::string> more = {}) {
      std::vector<std::string> words{"run",
                                     "--transport",
                                     "http",
                                     "--port",
                                     port.number(),
                                     "--plugin-dir",
                                     directory.at("plugins"),
                                     "--auth-plugin-dir",
                                     providers};
      words.insert(words.end(), more.begin(), more.end());
      return run_host(words, directory, full_names(named));
   }
   /// One message with all of this, from before the port was tried.
   void expect_refused(const finished& f, const std::vector<std::string>& parts) const {
      EXPECT_GT(f.code, 0) << f.err;
      for (const auto& part : parts) EXPECT_THAT(f.err, HasSubstr(part));
      EXPECT_THAT(f.err, AllOf(Not(HasSubstr(port.number())), Not(HasSubstr("listening"))));
      EXPECT_THAT(f.err + f.out, Not(HasSubstr("hunter2")));
      EXPECT_THAT(f.out, IsEmpty());
      const auto count = [&](const std::string& mark) {
         std::size_t n = 0;
         for (auto at = f.err.find(mark); at != std::string::npos; at = f.err.find(mark, at + 1))
            ++n;
         return n;
      };
      EXPECT_EQ(count("fastmcp-host: ") + count(" cannot start "), 1u) << f.err;
   }
   void expect_refused(const variables& named, const std::vector<std::string>& parts) {
      expect_refused(start(named), parts);
   }

   taken_port port;
   temp_dir directory;
   std::string providers = shipped_providers();
};

variables descope(variables more = {}) {
   more.emplace_back("FASTMCP_SERVER_AUTH", "descope");
   return more;
}

variables jwt(variables more = {}) {
   more.emplace_back("FASTMCP_SERVER_AUTH", "jwt");
   more.emplace_back("JWT_ISSUER", "https://issuer.example");
   more.emplace_back("JWT_AUDIENCE", "api");
   return more;
}

TEST_F(AuthRefusals, TheTakenPortWouldBeNoticed) {
   const auto f = start({{"FASTMCP_SERVER_AUTH", "descope"},
                         {"DESCOPEPROVIDER_PROJECT_ID", "P2abc"},
                         {"DESCOPEPROVIDER_BASE_URL", "https://srv.example"}});
   EXPECT_NE(f.code, 0);
   EXPECT_THAT(f.err, HasSubstr(port.number())); // or the others here could not fail
}

// The name

TEST_F(AuthRefusals, NamesThatSelectNothing) {
   expect_refused({{"FASTMCP_SERVER_AUTH", ""}}, {"FASTMCP_SERVER_AUTH (environment) is empty"});
   expect_refused({{"FASTMCP_SERVER_AUTH", "descop"}}, {"\"descop\"", "Did you mean descope?"});
   expect_refused({{"FASTMCP_SERVER_AUTH", "fastmcp.server.auth.providers.descope"}},
                  {"fastmcp.server.auth.providers.descope", "Did you mean"});
   expect_refused({{"FASTMCP_SERVER_AUTH", "fastmcp.server.auth.providers.descope.Descope"}},
                  {"There is no provider", "Did you mean"});
   expect_refused({{"FASTMCP_SERVER_AUTH", "os.system"}},
                  {"There is no provider", "descope", "introspection", "jwt", "static"});
   expect_refused({{"FASTMCP_SERVER_AUTH", "../../../elsewhere/x"}}, {"There is no provider"});
}

TEST_F(AuthRefusals, AProviderOfTheFrameworkThatIsNotInstalled) {
   expect_refused({{"FASTMCP_SERVER_AUTH", "fastmcp.server.auth.providers.github.GitHubProvider"},
                   {"GITHUB_CLIENT_SECRET", secret}},
                  {"There is no provider", "GitHubProvider", "Known are"});
}

TEST_F(AuthRefusals, VariablesWithoutASelection) {
   expect_refused({{"DESCOPEPROVIDER_PROJECT_ID", "P2abc"}},
                  {"FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_PROJECT_ID",
                   "Set FASTMCP_SERVER_AUTH=descope", "--allow-unauthenticated"});
   expect_refused({{"GITHUB_CLIENT_SECRET", secret}},
                  {"FASTMCP_SERVER_AUTH_GITHUB_CLIENT_SECRET", "no provider is selected"});
   directory.put(".env", "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_PROJECT_ID=P2abc\n");
   expect_refused(variables{}, {"DESCOPEPROVIDER_PROJECT_ID", "no provider is selected"});
}

TEST_F(AuthRefusals, AnAddressThatOthersReachNeedsAProvider) {
   expect_refused(start({}, {"--host", "0.0.0.0"}), {"0.0.0.0", "--allow-unauthenticated"});
}

// Settings

TEST_F(AuthRefusals, WhatDescopeNeeds) {
   expect_refused(descope(), {"FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_BASE_URL is required",
                              "CONFIG_URL", "PROJECT_ID"});
   expect_refused(descope({{"DESCOPEPROVIDER_BASE_URL", "https://srv.example"}}),
                  {"CONFIG_URL", "PROJECT_ID"});
   expect_refused(descope({{"DESCOPEPROVIDER_BASE_URL", "https://srv.example"},
                           {"DESCOPEPROVIDER_PROJECT_ID", ""}}),
                  {"FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_PROJECT_ID", "empty"});
}

TEST_F(AuthRefusals, AllThatIsWrongStandsInOneMessage) {
   expect_refused(descope({{"DESCOPEPROVIDER_BASE_URL", "srv.example"},
                           {"DESCOPEPROVIDER_PROJECTID", "P2abc"},
                           {"DESCOPE_BASE_URL", "https://api.descope.com"},
                           {"DESCOPEPROVIDER_LEEWAY", "soon"},
                           {"FASTMCP_PORT", "eighty"}}),
                  {"DESCOPEPROVIDER_BASE_URL=\"srv.example\"", "Did you mean",
                   "DESCOPEPROVIDER_PROJECT_ID", "FASTMCP_SERVER_AUTH_DESCOPE_BASE_URL",
                   "DESCOPEPROVIDER_LEEWAY=\"soon\""});
}

TEST_F(AuthRefusals, ValuesThatDescopeCannotUse) {
   const auto with = [](const char* name, const char* value) {
      return descope({{"DESCOPEPROVIDER_BASE_URL", "https://srv.example"}, {name, value}});
   };
   expect_refused(with("DESCOPEPROVIDER_CONFIG_URL", ""), {"CONFIG_URL", "empty"});
   expect_refused(with("DESCOPEPROVIDER_CONFIG_URL", "https://api.descope.com/P2abc"),
                  {"DESCOPEPROVIDER_CONFIG_URL=\"https://api.descope.com/P2abc\" (environment) is "
                   "not of the form"});
   expect_refused(
         with("DESCOPEPROVIDER_CONFIG_URL", "http://api.descope.com/v1/apps/agentic/P2abc/MS1"),
         {"CONFIG_URL", "uses http with a host that is not loopback"});
   for (const auto* id : {"*", "P2/../x", "agentic", "P2 abc"})
      expect_refused(with("DESCOPEPROVIDER_PROJECT_ID", id), {"PROJECT_ID"});
   for (const auto* url : {"ftp://srv.example", "https://user:pw@srv.example", "https://", "/mcp",
                           "https://srv.example?x=1"})
      expect_refused(
            descope({{"DESCOPEPROVIDER_BASE_URL", url}, {"DESCOPEPROVIDER_PROJECT_ID", "P2abc"}}),
            {"DESCOPEPROVIDER_BASE_URL"});
   expect_refused(descope({{"DESCOPEPROVIDER_BASE_URL", "https://srv.example"},
                           {"DESCOPEPROVIDER_PROJECT_ID", "P2abc"},
                           {"DESCOPEPROVIDER_REQUIRED_SCOPES", "[\"a\", \"b\""}}),
                  {"REQUIRED_SCOPES"});
}

TEST_F(AuthRefusals, WhatDescopeSaysOfItsSettingsIsInTheSameMessage) {
   expect_refused(descope({{"DESCOPEPROVIDER_MCP_SERVER_ID", "M*"},
                           {"DESCOPEPROVIDER_PROJECT_ID", "P2/x"},
                           {"DESCOPEPROVIDER_CONFIG_URL", "https://api.descope.com/"}}),
                  {"4 things are wrong", "DESCOPEPROVIDER_BASE_URL is required",
                   "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_MCP_SERVER_ID=\"M*\" (environment) is not",
                   "DESCOPEPROVIDER_PROJECT_ID=\"P2/x\"", "DESCOPEPROVIDER_CONFIG_URL="});
}

TEST_F(AuthRefusals, StylesOfDescopeThatContradictEachOther) {
   const auto with = [](variables more) {
      more.emplace_back("DESCOPEPROVIDER_BASE_URL", "https://srv.example");
      more.emplace_back("DESCOPEPROVIDER_CONFIG_URL", "https://api.descope.com/v1/apps/P3");
      return descope(std::move(more));
   };
   directory.put(".env", "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_PROJECT_ID=P2a\n");
   expect_refused(with({}), {"FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_PROJECT_ID (.env:1) is another "
                             "project than that of "
                             "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_CONFIG_URL (environment), P3"});
   directory.put(".env", "");
   expect_refused(with({{"DESCOPEPROVIDER_DESCOPE_BASE_URL", "api.euc1.descope.com"}}),
                  {"FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_DESCOPE_BASE_URL (environment) is another "
                   "address than that of FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_CONFIG_URL"});
   expect_refused(with({{"DESCOPEPROVIDER_DESCOPE_BASE_URL", "api.euc1.descope.com"},
                        {"DESCOPEPROVIDER_PROJECT_ID", "P2a"}}),
                  {"DESCOPEPROVIDER_DESCOPE_BASE_URL (environment) is another",
                   "DESCOPEPROVIDER_PROJECT_ID (environment) is another"});
   const auto agreeing = start(with({{"DESCOPEPROVIDER_DESCOPE_BASE_URL", "api.descope.com"},
                                     {"DESCOPEPROVIDER_PROJECT_ID", "P3"}}));
   EXPECT_THAT(agreeing.err, HasSubstr(port.number())) << "it came as far as the taken port";
}

TEST_F(AuthRefusals, WhatJwtSaysOfItsSettingsNamesTheVariables) {
   expect_refused(jwt({{"JWT_PUBLIC_KEY", "hunter2"}, {"JWT_ALGORITHM", "HS512"}}),
                  {"FASTMCP_SERVER_AUTH_JWT_PUBLIC_KEY (environment) is shorter than", "64 bytes"});
   expect_refused(jwt({{"JWT_PUBLIC_KEY", "-----BEGIN PUBLIC KEY-----\nhunter2\n"}}),
                  {"FASTMCP_SERVER_AUTH_JWT_PUBLIC_KEY (environment): "});
   expect_refused(
         jwt({{"JWT_JWKS_URI", "https://issuer.example/jwks"},
              {"JWT_ALGORITHM", "RS257"},
              {"FASTMCP_PORT", "eighty"}}),
         {"FASTMCP_SERVER_AUTH_JWT_ALGORITHM=\"RS257\" (environment)", "Did you mean RS256?"});
}

TEST_F(AuthRefusals, SettingsOfJwtThatContradictEachOther) {
   const std::string uri = "https://issuer.example/jwks";
   expect_refused(jwt(), {"Exactly one of", "JWT_PUBLIC_KEY", "JWT_JWKS_URI", "none"});
   expect_refused(jwt({{"JWT_PUBLIC_KEY", secret}, {"JWT_JWKS_URI", uri}}),
                  {"Exactly one of", "JWT_PUBLIC_KEY", "JWT_JWKS_URI", "2 are"});
   expect_refused(jwt({{"JWT_JWKS_URI", uri}, {"JWT_ALGORITHM", "HS256"}}), {"shared secret"});
   expect_refused(jwt({{"JWT_JWKS_URI", uri}, {"JWT_ALGORITHM", "none"}}), {"ALGORITHM"});
   expect_refused(jwt({{"JWT_PUBLIC_KEY", secret}, {"JWT_ALGORITHM", "RS256"}}), {"PEM"});
   expect_refused(jwt({{"JWT_PUBLIC_KEY", "-----BEGIN PUBLIC KEY-----\nhunter2\n"}}), {"PEM"});
   expect_refused(jwt({{"JWT_PUBLIC_KEY", "hunter2"}, {"JWT_ALGORITHM", "HS256"}}), {"32"});
   expect_refused(jwt({{"JWT_JWKS_URI", "http://issuer.example/jwks"}}),
                  {"JWKS_URI", "uses http with a host that is not loopback"});
   expect_refused({{"FASTMCP_SERVER_AUTH", "jwt"}, {"JWT_JWKS_URI", uri}},
                  {"JWT_ISSUER", "JWT_ALLOW_ANY_ISSUER", "JWT_AUDIENCE", "2 things are wrong"});
   expect_refused(jwt({{"JWT_JWKS_URI", uri}, {"JWT_ALLOW_ANY_AUDIENCE", "true"}}),
                  {"contradict each other"});
}

TEST_F(AuthRefusals, BothUrlsOfTheServer) {
   expect_refused(jwt({{"JWT_JWKS_URI", "https://issuer.example/jwks"},
                       {"JWT_BASE_URL", "https://srv.example"},
                       {"FASTMCP_BASE_URL", "https://other.example"}}),
                  {"JWT_BASE_URL", "FASTMCP_BASE_URL", "two different URLs"});
}

// Secrets

variables introspection(variables more) {
   more.emplace_back("FASTMCP_SERVER_AUTH", "introspection");
   more.emplace_back("INTROSPECTION_INTROSPECTION_URL", "https://as.example/introspect");
   more.emplace_back("INTROSPECTION_CLIENT_ID", "me");
   return more;
}

TEST_F(AuthRefusals, ASecretThatIsThereTwice) {
   const auto file = directory.put("secret", secret, 0600);
   expect_refused(introspection({{"INTROSPECTION_CLIENT_SECRET", secret},
                                 {"INTROSPECTION_CLIENT_SECRET_FILE", file}}),
                  {"INTROSPECTION_CLIENT_SECRET", "_FILE", "both set"});
}

TEST_F(AuthRefusals, FilesOfSecretsThatOthersCanWriteOrThatAreNone) {
   const auto with = [](const std::string& path) {
      return introspection({{"INTROSPECTION_CLIENT_SECRET_FILE", path}});
   };
   for (const mode_t mode : {0602, 0620, 0622}) {
      expect_refused(with(directory.put("writable", secret, mode)),
                     {"INTROSPECTION_CLIENT_SECRET_FILE", "is writable by", "chmod"});
   }
   expect_refused(with(directory.put("empty", "", 0600)), {"is empty"});
   expect_refused(with(directory.put("newline", "\n", 0600)), {"is empty"});
   expect_refused(with(directory.at("missing")), {"missing"});
   expect_refused(with(directory.path()), {"not a regular file"});
   expect_refused(with("/dev/zero"), {"/dev/zero"});
   expect_refused(with(directory.put("huge", std::string(1 << 20, 'x'), 0600)), {"huge"});
   expect_refused(introspection({}), {"INTROSPECTION_CLIENT_SECRET is required"});
}

TEST_F(AuthRefusals, ASecretThatEveryUserMayReadIsUsedWithAWarning) { // as containers mount them
   http_host host(
         protected_by("introspection",
                      {{"INTROSPECTION_INTROSPECTION_URL", "http://127.0.0.1:9/introspect"},
                       {"INTROSPECTION_CLIENT_ID", "me"},
                       {"INTROSPECTION_CLIENT_SECRET_FILE", directory.put("open", secret, 0444)}}));
   const auto line = host.process().wait_for_line("may be read by every user");
   ASSERT_TRUE(line);
   EXPECT_THAT(*line, AllOf(HasSubstr("warning"), HasSubstr("open"), HasSubstr("0444")));
   EXPECT_THAT(host.process().error_text(), Not(HasSubstr("hunter2")));
}

TEST_F(AuthRefusals, FilesOfTokensThatCannotBeUsed) {
   const auto with = [&](const std::string& path) {
      return variables{{"FASTMCP_SERVER_AUTH", "static"}, {"STATIC_TOKENS_FILE", path}};
   };
   const std::string good = R"({"hunter2":{"client_id":"me"}})";
   expect_refused(with(directory.put("open.json", good, 0644)), {"open.json", "chmod 600"});
   expect_refused(with(directory.at("missing.json")), {"missing.json"});
   for (const auto* text : {"", "[]", R"({"hunter2":{}})", R"({"hunter2":{"client_id":"me"})",
                            R"({"hunter2":{"client_id":"me","scope":"x"}})",
                            R"({"sha256:hunter2":{"client_id":"me"}})",
                            R"({"hunter2":{"client_id":"a"},"hunter2":{"client_id":"b"}})"})
      expect_refused(with(directory.put("bad.json", text, 0600)), {"bad.json"});
}

// Files of providers

TEST_F(AuthRefusals, ProviderFilesThatAreNotToBeTrusted) {
   temp_dir own;
   const auto put = [&](const char* name) {
      std::filesystem::copy_file(shipped_providers() + "/jwt.so", own.at(name));
      return own.at(name);
   };
   providers = own.path();
   const auto select = jwt({{"JWT_JWKS_URI", "https://issuer.example/jwks"}});
   expect_refused(select, {"There is no provider \"jwt\""});

   auto file = put("jwt.so");
   ::chmod(file.c_str(), 0666);
   expect_refused(select, {"jwt.so is writable by everybody", "chmod go-w"});
   ::chmod(file.c_str(), 0755);
   std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
   expect_refused(select, {"jwt.so"});
   std::filesystem::remove(file);
   put("a.so");
   put("b.so");
   expect_refused(select, {"a.so", "b.so", "jwt"});
   std::filesystem::remove(own.at("b.so"));
   ::chmod(own.path().c_str(), 0777);
   expect_refused(select, {own.path()});
}

// Not over HTTP

TEST(AuthOnStdio, IsNotResolvedAndOneLineSaysSo) {
   stdio_host host({.environment = full_names({{"FASTMCP_SERVER_AUTH", "descop"},
                                               {"DESCOPEPROVIDER_BASE_URL", "nonsense"},
                                               {"FASTMCP_AUTH_PLUGIN_DIR", "/nowhere"},
                                               {"INTROSPECTION_CLIENT_SECRET", secret}})});
   EXPECT_THAT(host.ask(R"({"jsonrpc":"2.0","id":1,"method":"ping"})"), HasSubstr("\"id\":1"));
   const auto log = host.process().error_text();
   std::size_t lines = 0;
   for (auto at = log.find("FASTMCP_SERVER_AUTH"); at != std::string::npos; ++lines)
      at = log.find("FASTMCP_SERVER_AUTH", log.find('\n', at));
   EXPECT_EQ(lines, 1u) << log;
   EXPECT_THAT(log, Not(HasSubstr("hunter2")));
}

} // namespace
