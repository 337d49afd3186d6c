// The provider `descope` in both styles of configuration against an issuer with Descope's URLs: the
// auth reference, sections 3.1 to 3.6.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/protected_host.hpp"
#include "support/scripted_server.hpp"
#include "support/token_maker.hpp"

namespace {

using namespace fmcp::test;
using ::testing::HasSubstr;
using enum fmcp::crypto::algorithm;

const token_maker& key() {
   return token_maker::of(rs256);
}

class Descope : public ::testing::TestWithParam<const char*> {
protected:
   Descope() { idp.serve("/P2abc/.well-known/jwks.json", jwks({key().jwk()})); }

   [[nodiscard]] bool is_agentic() const { return std::string(GetParam()) == "Agentic"; }
   /// What the configuration names and clients are sent to.
   [[nodiscard]] std::string announced() const {
      return apps + (is_agentic() ? "agentic/P2abc/MS1" : "P2abc");
   }
   [[nodiscard]] host_setup setup(const variables& more = {}) const {
      variables named{{"DESCOPEPROVIDER_BASE_URL", std::string(public_url)}};
      if (is_agentic()) {
         named.emplace_back("DESCOPEPROVIDER_CONFIG_URL",
                            announced() + "/.well-known/openid-configuration");
      } else {
         named.emplace_back("DESCOPEPROVIDER_PROJECT_ID", "P2abc");
         named.emplace_back("DESCOPEPROVIDER_DESCOPE_BASE_URL", idp.origin());
      }
      named.insert(named.end(), more.begin(), more.end());
      return protected_by("fastmcp.server.auth.providers.descope.DescopeProvider", named);
   }
   static std::string token(const std::string& iss,
                            const std::string& aud = R"(["DCR1","P2abc"])") {
      return key().token(claims(unix_now()).set("iss", "\"" + iss + "\"").set("aud", aud));
   }

   scripted_server idp;
   const std::string apps = idp.origin() + "/v1/apps/";
};

INSTANTIATE_TEST_SUITE_P(Styles, Descope, ::testing::Values("Project", "Agentic"),
                         [](const auto& style) { return std::string(style.param); });

TEST_P(Descope, AcceptsTheIssuersOfItsProject) {
   http_host host(setup());
   for (const auto* form : {"P2abc", "agentic/P2abc/MS1", "agentic/P2abc/MS1/", "agentic/P2abc/MS2",
                            "P2abc/T1", "P2abc/T1/"})
      expect_let_in(host, token(apps + form), "user-1", form);
}

TEST_P(Descope, AcceptsNoOtherIssuer) {
   http_host host(setup());
   for (const auto* form :
        {"P2abcd", "P2ab", "P2abc/", "p2abc", "P2abc/T1//", "P2abc/T1/x", "", "agentic/P2abc",
         "agentic/P2abc/", "agentic/P2abc//", "agentic/P2abc/MS1/x", "agentic/P2abc/MS1//",
         "agentic/P2abcd/MS1", "agentic/P9/MS1", "P9", "P2abc?x", "P2abc#x", "x/P2abc"})
      expect_refused(host, token(apps + form), 401, "wrong_issuer", form);
   const auto port = std::to_string(idp.port());
   for (const std::string& iss : std::vector<std::string>{
              "https://127.0.0.1:" + port + "/v1/apps/P2abc",
              "http://localhost:" + port + "/v1/apps/P2abc", "http://127.0.0.1/v1/apps/P2abc",
              "http://127.0.0.1:" + port + "/v2/apps/P2abc", idp.origin() + "//v1/apps/P2abc",
              "x" + apps + "P2abc", "https://api.descope.com/v1/apps/P2abc"})
      expect_refused(host, token(iss), 401, "wrong_issuer", iss);
}

TEST_P(Descope, DemandsTheProjectAsAudience) {
   http_host host(setup());
   for (const auto* aud : {R"("P2abc")", R"(["P2abc"])", R"(["x","P2abc"])"})
      expect_let_in(host, token(apps + "P2abc", aud), "user-1", aud);
   for (const auto* aud :
        {R"("DCR1")", R"(["DCR1","P2abcd"])", "[]", R"("p2abc")", R"("https://srv.example/mcp")"})
      expect_refused(host, token(apps + "P2abc", aud), 401, "wrong_audience", aud);
}

TEST_P(Descope, AudienceMayBeReplaced) {
   http_host host(setup({{"DESCOPEPROVIDER_AUDIENCE", "https://srv.example/mcp"}}));
   expect_let_in(host, token(apps + "P2abc", R"(["https://srv.example/mcp"])"), "user-1");
   expect_refused(host, token(apps + "P2abc"), 401, "wrong_audience");
}

TEST_P(Descope, OneServerOfTheProjectMayBePinned) {
   http_host host(setup({{"DESCOPEPROVIDER_MCP_SERVER_ID", "MS1"}}));
   expect_let_in(host, token(apps + "agentic/P2abc/MS1"), "user-1");
   for (const auto* form : {"agentic/P2abc/MS2", "P2abc", "P2abc/MS1"})
      expect_refused(host, token(apps + form), 401, "wrong_issuer", form);
}

TEST_P(Descope, TakesRs256Only) {
   http_host host(setup());
   for (const auto other : {rs512, es256, hs256}) {
      const auto payload =
            claims(unix_now()).set("iss", "\"" + apps + "P2abc\"").set("aud", R"("P2abc")");
      expect_refused(host, token_maker::of(other).token(payload), 401, "bad_algorithm",
                     fmcp::crypto::name_of(other));
   }
}

TEST_P(Descope, TellsWhereToLogIn) {
   idp.serve("/P2abc/.well-known/jwks.json", jwks({key().jwk()}));
   http_host host(setup({{"DESCOPEPROVIDER_REQUIRED_SCOPES", "read write"}}));
   const auto expected =
         R"({"resource":"https://srv.example/mcp","authorization_servers":[")" + announced() +
         R"("],"scopes_supported":["read","write"],"bearer_methods_supported":["header"]})";
   for (const auto* path :
        {"/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"}) {
      const auto answer = ask(host.port(), {.target = path});
      EXPECT_EQ(answer.status, 200) << path;
      EXPECT_EQ(answer.body, expected) << path;
      EXPECT_EQ(answer.header("Cache-Control"), "public, max-age=3600");
   }
   const auto refused = ask_as(host, "");
   EXPECT_EQ(refused.header("WWW-Authenticate"),
             R"(Bearer scope="read write", resource_metadata=")" + std::string(metadata_url) +
                   "\"");
}

TEST_P(Descope, FindsTheScopesInTheDiscoveryDocument) {
   const auto path = announced().substr(idp.origin().size()) + "/.well-known/openid-configuration";
   idp.serve(path, R"({"issuer":")" + announced() +
                         R"(","scopes_supported":["openid",7,"offline_access","tools"]})");
   http_host host(setup());
   const auto begin = R"({"resource":"https://srv.example/mcp","authorization_servers":[")" +
                      announced() + "\"],";
   const std::string end = R"("bearer_methods_supported":["header"]})";
   http_answer answer;
   const auto until = std::chrono::steady_clock::now() + patience;
   do { // answered at once from what is known, fetched behind that
      answer = ask(host.port(), {.target = "/.well-known/oauth-protected-resource/mcp"});
      if (answer.body == begin + end) {
         EXPECT_EQ(answer.header("Cache-Control"), "no-store");
      }
   } while (answer.body == begin + end && std::chrono::steady_clock::now() < until);
   EXPECT_EQ(answer.body, begin + R"("scopes_supported":["openid","tools"],)" + end);
   EXPECT_EQ(answer.header("Cache-Control"), "public, max-age=3600");
   EXPECT_EQ(idp.asked(path), 1u);
}

TEST_P(Descope, AnswersTheMetadataAtOnceWhileDiscoveryHangs) {
   idp.behave(scripted_server::mode::silent);
   http_host host(setup());
   for (int i = 0; i < 20; ++i) {
      const auto answer = ask(host.port(), {.target = "/.well-known/oauth-protected-resource/mcp"});
      EXPECT_EQ(answer.status, 200);
      EXPECT_EQ(answer.header("Cache-Control"), "no-store");
      EXPECT_THAT(answer.body, ::testing::Not(HasSubstr("scopes_supported")));
   }
}

TEST_P(Descope, ForwardsTheAuthorizationServersMetadata) {
   const auto path = announced().substr(idp.origin().size());
   const auto text =
         R"({"issuer":")" + announced() + R"(","token_endpoint":"https://as.example/t"})";
   idp.serve(path + "/.well-known/oauth-authorization-server", text);
   http_host host(setup());
   for (const auto* at :
        {"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"}) {
      const auto answer =
            ask(host.port(), {.target = at, .fields = {{"Origin", "https://app.example"}}});
      EXPECT_EQ(answer.status, 200) << at;
      EXPECT_EQ(json_text(answer.body).at("/issuer"), announced());
      EXPECT_EQ(json_text(answer.body).at("/token_endpoint"), "https://as.example/t");
      EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "*");
      EXPECT_EQ(answer.header("Cache-Control"), "public, max-age=300");
   }
   EXPECT_EQ(idp.asked(path + "/.well-known/oauth-authorization-server"), 1u) << "kept";
}

TEST_P(Descope, ForwardedMetadataThatCannotBeReadIs503) {
   idp.behave(scripted_server::mode::garbage);
   http_host host(setup());
   const auto answer = ask(host.port(), {.target = "/.well-known/oauth-authorization-server"});
   EXPECT_EQ(answer.status, 503);
   EXPECT_FALSE(answer.header("Retry-After").empty());
   EXPECT_EQ(json_text(answer.body).at("/error"), "temporarily_unavailable");
}

} // namespace
