#include "client/oauth_messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/client/scripted_exchange.hpp"

namespace fmcp::client {
namespace {

using test::scripted_exchange;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

core::http::fetch_reply reply(int status, std::string body) {
   return {.status = status, .headers = {}, .body = std::move(body), .final_url = {}};
}

TEST(Pkce, MakesTheChallengeOfTheStandard) {
   EXPECT_EQ(challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
             "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
         << "RFC 7636 appendix B";
   EXPECT_EQ(random_text().size(), 43u);
   EXPECT_NE(random_text(), random_text());
}

TEST(Registration, AsksForANativePublicClient) {
   EXPECT_EQ(registration_body(redirect_uri(4711), {"a", "b"}),
             R"({"client_name":"fastmcp-host","redirect_uris":["http://127.0.0.1:4711/callback"],)"
             R"("grant_types":["authorization_code","refresh_token"],"response_types":["code"],)"
             R"("token_endpoint_auth_method":"none","application_type":"native","scope":"a b"})");
   EXPECT_THAT(registration_body("r", {}), Not(HasSubstr("scope")));
}

TEST(Registration, TakesWhatTheServerMadeOfIt) {
   EXPECT_EQ(read_registration(reply(201, R"({"client_id":"c"})")), client_identity{.id = "c"});
   EXPECT_EQ(
         read_registration(
               reply(201,
                     R"({"client_id":"c","client_secret":"s","token_endpoint_auth_method":"none"})"))
               ->secret,
         "");
   EXPECT_EQ(
         read_registration(reply(200, R"({"client_id":"c","client_secret":"s",)"
                                      R"("token_endpoint_auth_method":"client_secret_basic"})")),
         (client_identity{.id = "c", .secret = "s", .auth_method = "client_secret_basic"}));
   EXPECT_THAT(read_registration(reply(400, R"({"error":"invalid_redirect_uri"})")).error().message,
               HasSubstr("(status 400, invalid_redirect_uri)"));
   for (const auto* bad : {"", "[]", "{}", R"({"client_id":""})", R"({"client_id":"a\nb"})"})
      EXPECT_FALSE(read_registration(reply(201, bad)).has_value()) << bad;
}

TEST(AuthorizationUrl, HasEverything) {
   EXPECT_EQ(authorization_url("https://as/authorize?tenant=1",
                               {.client_id = "c d",
                                .redirect_uri = "http://127.0.0.1:1/callback",
                                .state = "S",
                                .code_challenge = "C",
                                .resource = "https://srv/mcp",
                                .scopes = {"a", "b"}}),
             "https://as/authorize?tenant=1&response_type=code&client_id=c%20d&redirect_uri=http%3A"
             "%2F%2F127.0.0.1%3A1%2Fcallback&state=S&code_challenge=C&code_challenge_method=S256&"
             "resource=https%3A%2F%2Fsrv%2Fmcp&scope=a%20b");
   EXPECT_THAT(authorization_url("https://as", {.scopes = {}}), Not(HasSubstr("scope=")));
   EXPECT_THAT(authorization_url("https://as", {.scopes = {"a", "offline_access"}}),
               HasSubstr("&prompt=consent"));
}

TEST(TokenRequest, NamesTheClientAsItWasRegistered) {
   const auto open = token_request("https://as/t", {.id = "c"}, {{"grant_type", "g"}});
   EXPECT_EQ(open.method, "POST");
   EXPECT_EQ(open.body, "grant_type=g&client_id=c");
   EXPECT_EQ(scripted_exchange::header(open, "content-type"), "application/x-www-form-urlencoded");
   EXPECT_EQ(open.max_redirects, 0u) << "codes and tokens go nowhere else";
   EXPECT_EQ(
         token_request("u", {.id = "c", .secret = "s&", .auth_method = "client_secret_post"}, {})
               .body,
         "client_id=c&client_secret=s%26");
   const auto basic =
         token_request("u", {.id = "c:", .secret = "s", .auth_method = "client_secret_basic"}, {});
   EXPECT_EQ(basic.body, "");
   EXPECT_EQ(scripted_exchange::header(basic, "authorization"), "Basic YyUzQTpz")
         << "RFC 6749 2.3.1: encoded before they are joined";
}

TEST(TokenAnswer, IsRead) {
   const auto t = read_token_answer(
         reply(200, R"({"access_token":"a.b-c","token_type":"bearer","expires_in":60,)"
                    R"("refresh_token":"r","scope":"x y"})"));
   ASSERT_TRUE(t.has_value()) << t.error().sentence;
   EXPECT_EQ(t->access_token, "a.b-c");
   EXPECT_EQ(t->refresh_token, "r");
   EXPECT_EQ(t->lifetime_s, 60);
   EXPECT_THAT(*t->scopes, ElementsAre("x", "y"));
   const auto least =
         read_token_answer(reply(200, R"({"access_token":"a","token_type":"Bearer"})"));
   EXPECT_EQ(least->lifetime_s, 0);
   EXPECT_FALSE(least->scopes.has_value()) << "RFC 6749 5.1: those that were asked for";
}

TEST(TokenAnswer, HasABoundedLifetime) {
   const auto life = [](std::string n) {
      return read_token_answer(
                   reply(200,
                         R"({"access_token":"a","token_type":"Bearer","expires_in":)" + n + "}"))
            ->lifetime_s;
   };
   EXPECT_EQ(life("-5"), 0);
   EXPECT_EQ(life("1e300"), 0);
   EXPECT_EQ(life("\"60\""), 0);
   EXPECT_EQ(life("9223372036854775807"), 10ll * 365 * 24 * 3600);
}

struct refusal {
   int status;
   const char* body;
   const char* error;
   const char* why;
};
class TokenRefusals : public ::testing::TestWithParam<refusal> {};

TEST_P(TokenRefusals, AreTold) {
   const auto t = read_token_answer(reply(GetParam().status, GetParam().body));
   ASSERT_FALSE(t.has_value());
   EXPECT_EQ(t.error().error, GetParam().error);
   EXPECT_THAT(t.error().sentence, HasSubstr(GetParam().why));
   EXPECT_THAT(t.error().sentence, Not(HasSubstr("s3cret")));
}
INSTANTIATE_TEST_SUITE_P(
      All, TokenRefusals,
      ::testing::Values(refusal{400, R"({"error":"invalid_grant","error_description":"too\nlate"})",
                                "invalid_grant", "invalid_grant: too\\nlate"},
                        refusal{200, R"({"error":"slow_down"})", "slow_down", "slow_down"},
                        refusal{502, "<html>s3cret", "", "status 502"},
                        refusal{200, "s3cret", "", "no JSON"},
                        refusal{200, R"({"token_type":"Bearer"})", "", "cannot be sent"},
                        refusal{200, R"({"access_token":"s3cret x","token_type":"Bearer"})", "",
                                "cannot be sent"},
                        refusal{200, R"({"access_token":"s3cret","token_type":"DPoP"})", "",
                                "no bearer token"},
                        refusal{200, R"({"access_token":"s3cret"})", "", "no bearer token"}));

TEST(BearerToken, HasTheCharactersOfTheStandard) {
   EXPECT_TRUE(is_bearer_token("aZ09-._~+/=="));
   for (const auto* bad : {"", "=", "a b", "a=b", "a\r\nX: y", "ü"})
      EXPECT_FALSE(is_bearer_token(bad)) << bad;
   EXPECT_TRUE(is_bearer_token(std::string(16 * 1024, 'a')));
   EXPECT_FALSE(is_bearer_token(std::string(16 * 1024 + 1, 'a')));
}

} // namespace
} // namespace fmcp::client
