// What HTTP shows of a protected server: the auth reference, sections 4.4, 5.1 to 5.5 and 1.7.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/protected_host.hpp"
#include "support/token_maker.hpp"

namespace {

using namespace fmcp::test;
using ::testing::HasSubstr;
using ::testing::Not;
using enum fmcp::crypto::algorithm;

constexpr const char* browser = "http://localhost:6274";

std::string good_token() {
   return token_maker::of(hs256).token(claims(unix_now()));
}

variables shared_secret() {
   auto named = usual_jwt();
   named.insert(named.end(),
                {{"JWT_PUBLIC_KEY", token_maker::of(hs256).secret()}, {"JWT_ALGORITHM", "HS256"}});
   return named;
}

http_host& host() {
   static http_host instance([] {
      auto setup = protected_by("jwt", shared_secret(), {"guarded", "echo"});
      setup.environment.emplace_back("FASTMCP_LOG_LEVEL", "DEBUG");
      return setup;
   }());
   return instance;
}

// The endpoint

TEST(ProtectedEndpoint, NobodyWithoutAToken) {
   const auto answer = ask_as(host(), "");
   expect_refusal(answer, 401, "no_token");
   EXPECT_EQ(answer.header("WWW-Authenticate"),
             "Bearer resource_metadata=\"" + std::string(metadata_url) + "\"");
   EXPECT_EQ(
         answer.body,
         R"({"error":"invalid_token","error_description":"no_token: this server needs a bearer )"
         R"(token"})");
}

TEST(ProtectedEndpoint, EveryMethodAndEraIsBehindTheGate) {
   for (const auto* method : {"GET", "HEAD", "POST", "DELETE", "PUT", "PATCH"}) {
      for (const auto* target : {"/mcp", "/mcp/", "/mcp?x=1"}) {
         connection c(host().port());
         http_request request{.method = method, .target = target};
         if (std::string_view(method) == "POST") request = post(target, "not even JSON");
         c.send(request);
         const auto answer = c.read_answer(std::string_view(method) == "HEAD");
         EXPECT_EQ(answer.status, 401) << method << target;
         EXPECT_TRUE(answer.has("WWW-Authenticate")) << method << target;
      }
   }
   for (const auto& body : {request_text("initialize", initialize_params()), request_text("ping"),
                            modern_text("server/discover"), notification_text("x"),
                            std::string("["), std::string("[]")})
      EXPECT_EQ(ask(host().port(), post("/mcp", body)).status, 401) << body;
}

TEST(ProtectedEndpoint, ServesWhoeverHasAToken) {
   expect_let_in(host(), good_token(), "user-1");
   const legacy_session session(host(), newest_legacy, "{}", bearer(good_token()));
   EXPECT_EQ(session.ask(request_text("ping")).status, 200);
   EXPECT_EQ(
         json_text(response_of(session.call("whoami")).at("/result/content/0/text")).at("/subject"),
         "user-1");
}

TEST(ProtectedEndpoint, TellsBeforeTheBodyHasCome) {
   connection c(host().port());
   c.send("POST /mcp HTTP/1.1\r\nHost: " + host().authority() +
          "\r\nContent-Type: application/json\r\nContent-Length: 4000000\r\n\r\n{");
   EXPECT_EQ(c.read_answer().status, 401);
}

TEST(ProtectedEndpoint, TwoAuthorizationsAre400) {
   const auto token = good_token();
   for (const auto& second : {"Bearer " + token, std::string("Basic x"), std::string()}) {
      auto request = call_as(token);
      request.fields.emplace_back("authorization", second);
      expect_refusal(ask(host().port(), request), 400, "two_authorizations");
   }
   // Nor is one field with two tokens any better.
   auto request = call_as("");
   request.fields.emplace_back("Authorization", "Bearer " + token + ", Bearer " + token);
   expect_refusal(ask(host().port(), request), 401, "malformed");
}

TEST(ProtectedEndpoint, ATokenInTheUrlIs400AndInNoLog) {
   http_host own([] {
      auto setup = protected_by("jwt", shared_secret());
      setup.environment.emplace_back("FASTMCP_LOG_LEVEL", "DEBUG");
      return setup;
   }());
   const auto token = good_token();
   for (const auto& name : {"access_token=", "x=1&access_token=", "%61ccess_token=",
                            "access%5Ftoken=", "x;access_token="}) {
      auto request = call_as("");
      request.target = "/mcp?" + std::string(name) + token;
      expect_refusal(ask(own.port(), request), 400, "token_in_query");
   }
   auto both = call_as(token);
   both.target = "/mcp?access_token=" + token;
   expect_refusal(ask(own.port(), both), 400, "token_in_query");
   EXPECT_TRUE(own.process().wait_for_line("token_in_query"));
   const auto log = own.process().error_text();
   EXPECT_THAT(log, Not(HasSubstr(token)));
   EXPECT_THAT(log, Not(HasSubstr(token.substr(token.rfind('.')))));
}

// Browsers

TEST(ProtectedCors, PreflightComesBeforeAuthentication) {
   const auto answer =
         ask(host().port(), {.method = "OPTIONS",
                             .target = "/mcp",
                             .fields = {{"Origin", browser},
                                        {"Access-Control-Request-Method", "POST"},
                                        {"Access-Control-Request-Headers", "authorization"}}});
   EXPECT_TRUE(answer.status == 200 || answer.status == 204) << answer.status;
   EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), browser);
   EXPECT_THAT(answer.header("Access-Control-Allow-Headers"), HasSubstr("Authorization"));
   EXPECT_FALSE(answer.has("WWW-Authenticate"));
}

TEST(ProtectedCors, RefusalsMayBeReadByAPage) {
   for (const auto& token : {std::string(), std::string("junk")}) {
      auto request = call_as(token);
      request.fields.emplace_back("Origin", browser);
      const auto answer = ask(host().port(), request);
      EXPECT_EQ(answer.status, 401);
      EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), browser);
      EXPECT_THAT(answer.header("Access-Control-Expose-Headers"), HasSubstr("WWW-Authenticate"));
   }
}

TEST(ProtectedCors, AForeignHostOrOriginIsRefusedBeforeTheToken) {
   auto page = call_as(good_token());
   page.fields.emplace_back("Origin", "https://evil.example.com");
   EXPECT_EQ(ask(host().port(), page).status, 403);
   auto rebound = call_as(good_token());
   rebound.fields.emplace_back("Host", "evil.example.com");
   EXPECT_EQ(ask(host().port(), rebound).status, 421);
}

// What everybody may read

TEST(PublicRoutes, IgnoreCredentials) {
   for (const auto* path : {"/.well-known/oauth-protected-resource/mcp",
                            "/.well-known/oauth-protected-resource", "/healthz", "/readyz"}) {
      for (const auto& fields :
           {headers{}, bearer("junk"), headers{{"Authorization", "Basic eDp5"}},
            headers{{"Authorization", "Bearer a"}, {"Authorization", "Bearer b"}}}) {
         const auto answer = ask(host().port(), {.target = path, .fields = fields});
         EXPECT_EQ(answer.status, 200) << path;
         EXPECT_FALSE(answer.has("WWW-Authenticate")) << path;
      }
   }
   EXPECT_EQ(ask(host().port(), {.target = "/healthz?access_token=x"}).status, 200);
}

TEST(PublicRoutes, DoNotNameAnything) {
   const auto ready = ask(host().port(), {.target = "/readyz"});
   EXPECT_THAT(ready.body, Not(HasSubstr("jwt")));
   EXPECT_THAT(ready.body, Not(HasSubstr("issuer.example")));
}

TEST(ResourceMetadata, IsByteExactAndNeverDependsOnHost) {
   auto named = shared_secret();
   named.emplace_back("JWT_AUTHORIZATION_SERVERS", "https://as.example/app");
   named.emplace_back("JWT_REQUIRED_SCOPES", "read");
   auto setup = protected_by("jwt", named);
   setup.environment.emplace_back("FASTMCP_HTTP_ALLOWED_HOSTS", "other.example");
   http_host own(setup);
   const std::string expected =
         R"({"resource":"https://srv.example/mcp","authorization_servers":["https://as.example/app"],)"
         R"("scopes_supported":["read"],"bearer_methods_supported":["header"]})";
   for (const auto* path :
        {"/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"}) {
      for (const auto& name : {own.authority(), std::string("other.example")}) {
         const auto answer = ask(own.port(), {.target = path, .fields = {{"Host", name}}});
         EXPECT_EQ(answer.status, 200);
         EXPECT_EQ(answer.body, expected);
         EXPECT_EQ(answer.header("Content-Type"), "application/json");
         EXPECT_EQ(answer.header("Cache-Control"), "public, max-age=3600");
         EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "*");
      }
   }
}

TEST(ResourceMetadata, HasNoEmptyLists) {
   EXPECT_EQ(ask(host().port(), {.target = "/.well-known/oauth-protected-resource/mcp"}).body,
             R"({"resource":"https://srv.example/mcp","bearer_methods_supported":["header"]})");
}

TEST(ResourceMetadata, FollowsThePathOfTheBaseUrl) {
   auto named = shared_secret();
   for (auto& [name, value] : named) {
      if (name == "JWT_BASE_URL") value = "https://srv.example/api/";
   }
   auto setup = protected_by("jwt", named);
   setup.environment.emplace_back("FASTMCP_STREAMABLE_HTTP_PATH", "/tools");
   http_host own(setup);
   const auto document =
         ask(own.port(), {.target = "/.well-known/oauth-protected-resource/api/tools"});
   EXPECT_EQ(json_text(document.body).at("/resource"), "https://srv.example/api/tools");
   const auto answer = ask(own.port(), post("/tools", request_text("ping")));
   EXPECT_EQ(answer.status, 401);
   EXPECT_EQ(parameter_of(answer.header("WWW-Authenticate"), "resource_metadata"),
             "https://srv.example/.well-known/oauth-protected-resource/api/tools");
}

TEST(ResourceMetadata, IsReadByGetHeadAndPages) {
   const std::string path = "/.well-known/oauth-protected-resource/mcp";
   connection c(host().port());
   c.send({.method = "HEAD", .target = path});
   EXPECT_EQ(c.read_answer(true).status, 200);
   const auto preflight = ask(
         host().port(), {.method = "OPTIONS",
                         .target = path,
                         .fields = {{"Origin", "https://anywhere.example"},
                                    {"Access-Control-Request-Method", "GET"},
                                    {"Access-Control-Request-Headers", "mcp-protocol-version"}}});
   EXPECT_TRUE(preflight.status == 200 || preflight.status == 204);
   EXPECT_EQ(preflight.header("Access-Control-Allow-Origin"), "*");
   EXPECT_THAT(preflight.header("Access-Control-Allow-Headers"), HasSubstr("Mcp-Protocol-Version"));
   for (const auto* method : {"POST", "PUT", "DELETE"}) {
      const auto answer = ask(host().port(), {.method = method, .target = path});
      EXPECT_EQ(answer.status, 405) << method;
      EXPECT_THAT(answer.header("Allow"), HasSubstr("GET"));
   }
}

TEST(WellKnown, OtherPathsAreNotThere) {
   for (const auto* path :
        {"/.well-known/oauth-protected-resource/other",
         "/.well-known/oauth-protected-resource/mcp/x", "/.well-known/oauth-protected-resource/mc",
         "/.well-known/oauth-protected-resourcemcp", "/.well-known/oauth-authorization-server",
         "/.well-known/oauth-authorization-server/mcp", "/.well-known/openid-configuration",
         "/mcp/.well-known/oauth-protected-resource", "/mcp/.well-known/openid-configuration",
         "/.well-known/", "/.well-known/jwks.json", "/authorize", "/token", "/register"}) {
      const auto answer = ask(host().port(), {.target = path});
      EXPECT_EQ(answer.status, 404) << path;
      EXPECT_FALSE(answer.has("WWW-Authenticate")) << path;
   }
}

TEST(WellKnown, WithoutABaseUrlThereIsNone) {
   auto named = shared_secret();
   std::erase_if(named, [](const auto& v) { return v.first == "JWT_BASE_URL"; });
   http_host own(protected_by("jwt", named));
   EXPECT_EQ(ask(own.port(), {.target = "/.well-known/oauth-protected-resource/mcp"}).status, 404);
   EXPECT_EQ(ask(own.port(), {.target = "/.well-known/oauth-protected-resource"}).status, 404);
   const auto answer = ask_as(own, "");
   EXPECT_EQ(answer.status, 401);
   EXPECT_EQ(answer.header("WWW-Authenticate"), "Bearer");
   EXPECT_EQ(ask_as(own, good_token()).status, 200);
}

} // namespace
