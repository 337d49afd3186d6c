// What a protected server answers, token by token and path by path.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/protected_host.hpp"

namespace {

using namespace fmcp::test;
using fmcp::crypto::algorithm;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const token_maker& key() {
   return token_maker::of(algorithm::rs256);
}

/// A host behind the provider `jwt`, with the key published.
struct AuthGate : ::testing::Test {
   AuthGate() { issuer.publish(jwks({key().jwk()})); }
   void start(const variables& more = {}, std::vector<std::string> options = {},
              const variables& host_settings = {}) {
      auto environment = jwt_provider(issuer, more);
      environment.insert(environment.end(), host_settings.begin(), host_settings.end());
      host.emplace(protected_by(std::move(environment), std::move(options)));
   }
   std::string good() const { return key().token(claims(now_s())); }
   scripted_issuer issuer;
   std::optional<http_host> host;
};

TEST_F(AuthGate, LetsAGoodTokenInAndTellsTheToolWhoItIs) {
   start();
   const auto answer = whoami_as(*host, good());
   ASSERT_EQ(answer.status, 200) << answer.body;
   EXPECT_THAT(answer.body, AllOf(HasSubstr(R"(\"subject\":\"user-1\")"),
                                  HasSubstr(R"(\"client_id\":\"client-1\")"),
                                  HasSubstr(R"(\"issuer\":\"https://issuer.example\")"),
                                  HasSubstr(R"(\"provider\":\"jwt\")"),
                                  HasSubstr(R"(\"scopes\":[\"read\",\"write\"])")));
}

TEST_F(AuthGate, ChallengesWhoeverHasNoToken) {
   start();
   const auto answer = whoami(*host, {});
   EXPECT_EQ(answer.status, 401);
   EXPECT_EQ(answer.header("WWW-Authenticate"),
             "Bearer resource_metadata=\"https://srv.example/.well-known/"
             "oauth-protected-resource/mcp\"");
   EXPECT_EQ(answer.header("Cache-Control"), "no-store");
   EXPECT_EQ(ask(host->port(), {.target = host->path()}).status, 401) << "GET";
   EXPECT_EQ(ask(host->port(), {.method = "DELETE", .target = host->path()}).status, 401);
}

TEST_F(AuthGate, SaysWhyATokenIsRefused) {
   start();
   const auto& foreign = token_maker::of(algorithm::rs256, "elsewhere");
   const token_maker stolen_name(algorithm::hs256, key().pem(), "k1");
   const auto t = now_s();
   auto es = key().header().set("alg", R"("none")");
   const std::vector<std::pair<std::string, std::string>> rows{
         {"malformed", "x.y.z"},
         {"malformed", good() + "."},
         {"bad_signature", good().substr(0, good().size() - 8) + "AAAAAAAA"},
         {"bad_algorithm", stolen_name.token(claims(t))},
         {"bad_algorithm", key().token(es, claims(t))},
         {"unknown_key", foreign.token(claims(t))},
         {"expired", key().token(claims(t).set("exp", std::to_string(t - 1)))},
         {"no_expiry", key().token(claims(t).drop("exp"))},
         {"not_yet_valid", key().token(claims(t).set("nbf", std::to_string(t + 3600)))},
         {"not_yet_valid", key().token(claims(t).set("iat", std::to_string(t + 3600)))},
         {"wrong_issuer", key().token(claims(t).set("iss", R"("https://issuer.example/")"))},
         {"wrong_issuer", key().token(claims(t).drop("iss"))},
         {"wrong_audience", key().token(claims(t).set("aud", R"(["x","apis"])"))},
         {"wrong_type", key().token(key().header().set("typ", R"("id_token+jwt")"), claims(t))},
         {"no_subject", key().token(claims(t).drop("sub").drop("client_id"))}};
   for (const auto& [reason, token] : rows) {
      const auto answer = whoami_as(*host, token);
      EXPECT_EQ(answer.status, 401) << reason << answer.body;
      EXPECT_THAT(answer.header("WWW-Authenticate"),
                  AllOf(StartsWith("Bearer error=\"invalid_token\", error_description=\"" + reason),
                        HasSubstr("resource_metadata=")))
            << token;
      EXPECT_THAT(answer.body, HasSubstr("\"error\":\"invalid_token\""));
   }
}

TEST_F(AuthGate, TakesOneTokenInOnePlaceOnly) {
   start({}, {"--log-level", "debug"});
   EXPECT_EQ(whoami(*host, {"Bearer " + good(), "Bearer " + good()}).status, 400);
   EXPECT_EQ(whoami(*host, {"Basic dTpw"}).status, 401);
   EXPECT_EQ(whoami(*host, {"Bearer"}).status, 401);
   EXPECT_EQ(whoami(*host, {"bearer " + good()}).status, 200) << "schemes have no case";
   auto rq = modern_call(host->path() + "?access_token=" + good(), "whoami");
   EXPECT_EQ(ask(host->port(), rq).status, 400);
   EXPECT_THAT(host->process().error_text(), Not(HasSubstr("eyJ"))) << "a token is in the log";
}

TEST_F(AuthGate, PublishesWhereToLogIn) {
   start({{"AUTHORIZATION_SERVERS", R"(["https://issuer.example"])"}, {"REQUIRED_SCOPES", "read"}});
   const std::string document =
         R"({"resource":"https://srv.example/mcp","authorization_servers":["https://issuer.example"],)"
         R"("scopes_supported":["read"],"bearer_methods_supported":["header"]})";
   for (const auto* path :
        {"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"}) {
      const auto answer =
            ask(host->port(),
                {.target = path,
                 .fields = {{"Origin", "https://app.example"}, {"Authorization", "Bearer x"}}});
      EXPECT_EQ(answer.status, 200) << path;
      EXPECT_EQ(answer.body, document);
      EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "*");
   }
   EXPECT_EQ(ask(host->port(), {.target = "/.well-known/oauth-protected-resource/other"}).status,
             404);
   EXPECT_EQ(
         ask(host->port(),
             {.method = "POST", .target = "/.well-known/oauth-protected-resource", .body = "{}"})
               .status,
         405);
   EXPECT_EQ(ask(host->port(), {.target = "/healthz"}).status, 200);
}

TEST_F(AuthGate, AnswersAPreflightBeforeItAsksWhoComes) {
   start();
   const auto answer =
         ask(host->port(),
             {.method = "OPTIONS",
              .target = host->path(),
              .fields = {{"Origin", "https://srv.example"},
                         {"Access-Control-Request-Method", "POST"},
                         {"Access-Control-Request-Headers", "authorization,content-type"}}});
   EXPECT_EQ(answer.status, 204);
   EXPECT_THAT(answer.header("Access-Control-Allow-Headers"), HasSubstr("Authorization"));
   auto rq = modern_call(host->path(), "whoami");
   rq.fields.emplace_back("Origin", "https://srv.example");
   const auto refused = ask(host->port(), rq);
   EXPECT_EQ(refused.status, 401);
   EXPECT_EQ(refused.header("Access-Control-Allow-Origin"), "https://srv.example");
   EXPECT_THAT(refused.header("Access-Control-Expose-Headers"), HasSubstr("WWW-Authenticate"));
}

TEST_F(AuthGate, AsksForTheScopesThatTheServerRequires) {
   start({{"REQUIRED_SCOPES", "read admin"}});
   const auto answer = whoami_as(*host, good());
   EXPECT_EQ(answer.status, 403);
   EXPECT_THAT(answer.header("WWW-Authenticate"),
               AllOf(HasSubstr("error=\"insufficient_scope\""), HasSubstr("scope=\"read admin\"")));
   EXPECT_EQ(whoami_as(*host, key().token(claims(now_s()).set("scope", R"("read admin")"))).status,
             200);
   EXPECT_EQ(whoami_as(*host, key().token(claims(now_s()).set("scope", R"("read,admin")"))).status,
             403)
         << "commas separate nothing";
}

http_answer admin_echo(const http_host& host, const std::string& token) {
   auto rq = modern_call(host.path(), "admin_echo", R"({"text":"x"})");
   rq.fields.emplace_back("Authorization", "Bearer " + token);
   return ask(host.port(), rq);
}

TEST_F(AuthGate, AsksForTheScopesOfATool) {
   start();
   const auto answer = admin_echo(*host, good());
   EXPECT_EQ(answer.status, 403);
   EXPECT_THAT(answer.header("WWW-Authenticate"),
               AllOf(HasSubstr("insufficient_scope"), HasSubstr("tools:admin")));
   EXPECT_EQ(
         admin_echo(*host, key().token(claims(now_s()).set("scope", R"("tools:admin")"))).status,
         200);
}

TEST_F(AuthGate, HidesToolsFromThoseWhoMayNotUseThem) {
   start({}, {}, {{"FASTMCP_HIDE_FORBIDDEN_TOOLS", "true"}});
   auto list = modern_post(host->path(), "tools/list");
   list.fields.emplace_back("Authorization", "Bearer " + good());
   EXPECT_THAT(ask(host->port(), list).body,
               AllOf(HasSubstr("\"whoami\""), Not(HasSubstr("\"admin_echo\""))));
   list.fields.back().second =
         "Bearer " + key().token(claims(now_s()).set("scope", R"("tools:admin")"));
   EXPECT_THAT(ask(host->port(), list).body, HasSubstr("\"admin_echo\""));
   EXPECT_THAT(admin_echo(*host, good()).body, HasSubstr("-32602"));
}

TEST_F(AuthGate, LimitsWhatOneCallerDoes) {
   start({}, {}, {{"FASTMCP_CALLS_PER_MINUTE", "3"}});
   const auto token = good();
   for (int i = 0; i < 3; ++i) EXPECT_EQ(whoami_as(*host, token).status, 200);
   const auto answer = whoami_as(*host, token);
   EXPECT_EQ(answer.status, 429);
   EXPECT_THAT(answer.header("Retry-After"), ::testing::ContainsRegex("^[0-9]+$"));
   EXPECT_EQ(whoami_as(*host, key().token(claims(now_s()).set("sub", R"("user-2")"))).status, 200)
         << "others are not held up";
}

TEST_F(AuthGate, KeepsSessionsToThoseWhoOpenedThem) {
   start();
   const auto other = key().token(claims(now_s()).set("sub", R"("user-2")"));
   auto open = post(host->path(), request_text("initialize", initialize_params()),
                    {{"Authorization", "Bearer " + good()}});
   const auto opened = ask(host->port(), open);
   ASSERT_EQ(opened.status, 200);
   const auto ping = [&](const std::string& token) {
      return ask(host->port(), post(host->path(), request_text("ping"),
                                    {{"Authorization", "Bearer " + token},
                                     {"Mcp-Session-Id", opened.header("Mcp-Session-Id")}}))
            .status;
   };
   EXPECT_EQ(ping(good()), 200);
   EXPECT_EQ(ping(other), 404);
}

// ---- the other providers ----

TEST(AuthProviders, DescopeTakesTheIssuersOfItsProject) {
   scripted_issuer issuer;
   issuer.publish(jwks({key().jwk()}));
   const auto b = issuer.url();
   const auto token = [&](const std::string& iss, const std::string& aud = R"(["c","P1"])") {
      return key().token(claims(now_s()).set("iss", '"' + iss + '"').set("aud", aud));
   };
   const std::vector<variables> styles{
         {{"PROJECT_ID", "P1"}, {"DESCOPE_BASE_URL", b}},
         {{"CONFIG_URL", b + "/v1/apps/agentic/P1/M1/.well-known/openid-configuration"}},
         {{"CONFIG_URL", b + "/v1/apps/P1"}}};
   for (auto style : styles) {
      style.emplace_back("BASE_URL", base_url);
      const http_host host(protected_by(provider(
            "fastmcp.server.auth.providers.descope.DescopeProvider", "DESCOPEPROVIDER", style)));
      for (const auto* good : {"/v1/apps/P1", "/v1/apps/agentic/P1/M1", "/v1/apps/agentic/P1/M2",
                               "/v1/apps/agentic/P1/M1/", "/v1/apps/P1/T1", "/v1/apps/P1/T1/"}) {
         EXPECT_EQ(whoami_as(host, token(b + good)).status, 200) << good;
      }
      for (const auto* bad :
           {"/v1/apps/P2", "/v1/apps/P11", "/v1/apps/agentic/P1", "/v1/apps/agentic/P2/M1",
            "/v1/apps/P1/T1/x", "/v1/apps/agentic/P1/M1/x", "/v1/apps/P1//", "/v2/apps/P1"}) {
         const auto answer = whoami_as(host, token(b + bad));
         EXPECT_EQ(answer.status, 401) << bad;
         EXPECT_THAT(answer.body, HasSubstr("wrong_issuer")) << bad;
      }
      EXPECT_EQ(whoami_as(host, token("https://evil.example/v1/apps/P1")).status, 401);
      EXPECT_THAT(whoami_as(host, token(b + "/v1/apps/P1", R"("P2")")).body,
                  HasSubstr("wrong_audience"));
   }
}

TEST(AuthProviders, JwtTakesASharedSecretOnlyForItsAlgorithms) {
   const auto& hs = token_maker::of(algorithm::hs256);
   temp_dir secrets;
   secrets.put("secret", hs.secret());
   std::filesystem::permissions(secrets.at("secret"), std::filesystem::perms::owner_read);
   const http_host host(protected_by(provider("jwt", "JWT",
                                              {{"PUBLIC_KEY_FILE", secrets.at("secret")},
                                               {"ALGORITHM", "HS256"},
                                               {"ISSUER", "https://issuer.example"},
                                               {"AUDIENCE", "api"}})));
   EXPECT_EQ(whoami_as(host, hs.token(claims(now_s()))).status, 200);
   EXPECT_EQ(whoami_as(host, key().token(claims(now_s()))).status, 401);
   const auto challenge = whoami(host, {}).header("WWW-Authenticate");
   EXPECT_EQ(challenge, "Bearer") << "without a base URL there is no metadata to point to";
}

TEST(AuthProviders, IntrospectionBelievesNothingButActiveTrue) {
   scripted_issuer issuer;
   issuer.introspect([](const std::string& form) -> std::string {
      if (form.find("token=good&") != std::string::npos || form.ends_with("token=good"))
         return R"({"active":true,"sub":"ada","client_id":"c","scope":"read","exp":4102444800})";
      if (form.find("token=text") != std::string::npos) return R"({"active":"true","sub":"ada"})";
      return R"({"active":false})";
   });
   const http_host host(protected_by(provider("introspection", "INTROSPECTION",
                                              {{"INTROSPECTION_URL", issuer.url() + "/introspect"},
                                               {"CLIENT_ID", "rs"},
                                               {"CLIENT_SECRET", "hush"},
                                               {"BASE_URL", std::string(base_url)}})));
   EXPECT_EQ(whoami_as(host, "good").status, 200);
   EXPECT_EQ(whoami_as(host, "bad").status, 401);
   EXPECT_NE(whoami_as(host, "text").status, 200);
   issuer.behave(scripted_issuer::mode::refusing);
   const auto answer = whoami_as(host, "another");
   EXPECT_EQ(answer.status, 503);
   EXPECT_TRUE(answer.has("Retry-After"));
}

} // namespace
