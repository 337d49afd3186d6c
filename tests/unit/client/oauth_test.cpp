// The life of a token: kept, sent, refreshed, asked for by a login.

#include <gmock/gmock.h>

#include "client/challenge.hpp"
#include "unit/client/oauth_fixture.hpp"

namespace fmcp::client {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class OAuth : public oauth_fixture {};

TEST_F(OAuth, LogsInWhenTheServerRefuses) {
   net_.on(token_place, 200, tokens("a1", "r1", 60, "read"));
   const auto c = start();
   EXPECT_EQ(c->authorization(), "") << "nothing is sent in advance";
   ASSERT_TRUE(c->refused(no_token).has_value());
   EXPECT_EQ(c->authorization(), "Bearer a1");

   EXPECT_THAT(net_.places(),
               ElementsAre(resource_place, issuer_place, register_place, token_place));
   EXPECT_THAT(user_.shown.back(), testing::StartsWith("https://as/authorize?response_type=code&"));
   EXPECT_EQ(user_.asked("client_id"), "me");
   EXPECT_EQ(user_.asked("redirect_uri"), "http://127.0.0.1:4000/callback");
   EXPECT_EQ(user_.asked("resource"), server);
   EXPECT_EQ(user_.asked("scope"), "read offline_access");
   EXPECT_EQ(granted("grant_type"), "authorization_code");
   EXPECT_EQ(granted("code"), "c0de");
   EXPECT_EQ(granted("redirect_uri"), user_.asked("redirect_uri"));
   EXPECT_EQ(granted("client_id"), "me");
   EXPECT_EQ(granted("resource"), server);
   EXPECT_EQ(challenge_of(granted("code_verifier")), user_.asked("code_challenge"));
   EXPECT_THAT(net_.last(register_place).body, HasSubstr("http://127.0.0.1:4000/callback"));

   const auto kept = file().read().value();
   ASSERT_EQ(kept.size(), 1u);
   EXPECT_EQ(kept[0].server, server);
   EXPECT_EQ(kept[0].issuer, "https://as/t");
   EXPECT_EQ(kept[0].refresh_token, "r1");
   EXPECT_THAT(kept[0].scopes, ElementsAre("read"));
}

TEST_F(OAuth, UsesWhatWasKept) {
   net_.on(token_place, 200, tokens("a1", "r1"));
   ASSERT_TRUE(start()->refused(no_token).has_value());
   EXPECT_EQ(start()->authorization(), "Bearer a1");
   EXPECT_EQ(user_.shown.size(), 1u);
}

TEST_F(OAuth, PrefersTheScopesOfTheChallenge) {
   net_.on(token_place, 200, tokens("a1", "r1"));
   ASSERT_TRUE(start()->refused(refusal(401, "Bearer scope=\"x y\"")).has_value());
   EXPECT_EQ(user_.asked("scope"), "x y offline_access");
   EXPECT_EQ(user_.asked("prompt"), "consent");
   EXPECT_THAT(file().read()->front().scopes, ElementsAre("x", "y", "offline_access"))
         << "the answer named none, so those that were asked for";
}

TEST_F(OAuth, AsksForNoScopeWhenNobodyNamesOne) {
   scripted_exchange other;
   other.on(resource_place, 200,
            R"({"resource":"https://srv","authorization_servers":["https://as/t"]})")
         .on(issuer_place, 200, issuer_text)
         .on(register_place, 201, R"({"client_id":"me"})")
         .on(token_place, 200, tokens("a1", "r1"));
   net_ = other;
   ASSERT_TRUE(start()->refused(no_token).has_value());
   EXPECT_EQ(user_.asked("scope"), "(not there)");
   EXPECT_EQ(user_.asked("resource"), "https://srv") << "as the server calls itself";
}

TEST_F(OAuth, RefreshesBeforeTheEnd) {
   net_.on(token_place, 200, tokens("a1", "r1", 100)).on(token_place, 200, tokens("a2", "r2", 100));
   ASSERT_TRUE(start()->refused(no_token).has_value());
   time_.advance(std::chrono::seconds(79));
   EXPECT_EQ(start()->authorization(), "Bearer a1");
   time_.advance(std::chrono::seconds(2)); // a fifth of its life is left
   EXPECT_EQ(start()->authorization(), "Bearer a2");
   EXPECT_EQ(granted("grant_type"), "refresh_token");
   EXPECT_EQ(granted("refresh_token"), "r1");
   EXPECT_EQ(granted("resource"), server);
   EXPECT_EQ(file().read()->front().refresh_token, "r2");
   EXPECT_EQ(user_.shown.size(), 1u);
}

TEST_F(OAuth, KeepsARefreshTokenThatIsNotReplaced) {
   net_.on(token_place, 200, tokens("a1", "r1", 100)).on(token_place, 200, tokens("a2", ""));
   ASSERT_TRUE(start()->refused(no_token).has_value());
   time_.advance(std::chrono::seconds(100));
   EXPECT_EQ(start()->authorization(), "Bearer a2");
   EXPECT_EQ(file().read()->front().refresh_token, "r1");
}

TEST_F(OAuth, TakesWhatAnotherCommandHasRefreshed) {
   net_.on(token_place, 200, tokens("a1", "r1", 100)).on(token_place, 200, tokens("a2", "r2", 100));
   ASSERT_TRUE(start()->refused(no_token).has_value());
   const auto slow = start();
   EXPECT_EQ(slow->authorization(), "Bearer a1");
   time_.advance(std::chrono::seconds(90));
   EXPECT_EQ(start()->authorization(), "Bearer a2");
   EXPECT_EQ(slow->authorization(), "Bearer a2");
   EXPECT_EQ(asked_for(token_place), 2u) << "a refresh token is spent once";
}

TEST_F(OAuth, DoesNotBringBackWhatAnotherCommandForgot) {
   net_.on(token_place, 200, tokens("a1", "r1", 100)).on(token_place, 200, tokens("a2", "r2"));
   ASSERT_TRUE(start()->refused(no_token).has_value());
   const auto due = start(), refused = start();
   EXPECT_EQ(due->authorization(), "Bearer a1");
   EXPECT_EQ(refused->authorization(), "Bearer a1");
   EXPECT_EQ(file().forget(server), 1u);
   time_.advance(std::chrono::seconds(100));
   EXPECT_EQ(due->authorization(), "");
   EXPECT_EQ(asked_for(token_place), 1u) << "the refresh token is forgotten too";
   EXPECT_THAT(file().read().value(), IsEmpty());
   ASSERT_TRUE(refused->refused(bad_token).has_value());
   EXPECT_EQ(granted("grant_type"), "authorization_code") << "a login, as after any --logout";
   EXPECT_EQ(asked_for(register_place), 2u);
}

TEST_F(OAuth, LeavesAnotherClientsTokensAlone) {
   net_.on(token_place, 200, tokens("a1", "r1", 100)).on(token_place, 200, tokens("b1", "s1", 100));
   options_ = {.client_id = "known"};
   ASSERT_TRUE(start()->refused(no_token).has_value());
   const auto slow = start();
   EXPECT_EQ(slow->authorization(), "Bearer a1");
   options_ = {.client_id = "other"};
   ASSERT_TRUE(start()->refused(no_token).has_value());
   time_.advance(std::chrono::seconds(90));
   EXPECT_EQ(slow->authorization(), "") << "neither b1 nor what s1 buys";
   EXPECT_EQ(asked_for(token_place), 2u);
   EXPECT_EQ(file().read()->front().refresh_token, "s1");
}

TEST_F(OAuth, RefreshesOnceWhenAKeptTokenIsRefused) {
   net_.on(token_place, 200, tokens("a1", "r1")).on(token_place, 200, tokens("a2", "r2"));
   ASSERT_TRUE(start()->refused(no_token).has_value());
   const auto c = start();
   EXPECT_EQ(c->authorization(), "Bearer a1");
   ASSERT_TRUE(c->refused(bad_token).has_value());
   EXPECT_EQ(c->authorization(), "Bearer a2");
   EXPECT_EQ(user_.shown.size(), 1u);
   net_.on(token_place, 200, tokens("a3", "r3"));
   ASSERT_TRUE(c->refused(bad_token).has_value());
   EXPECT_EQ(granted("grant_type"), "authorization_code");
   EXPECT_EQ(c->authorization(), "Bearer a3");
   EXPECT_EQ(user_.shown.size(), 2u);
   EXPECT_EQ(asked_for(register_place), 1u) << "the registration is good for another login";
   EXPECT_THAT(user_.wanted, ElementsAre(0, 4000)) << "at the port that was registered";
}

TEST_F(OAuth, LogsInAgainWhenTheRefreshTokenIsOver) {
   net_.on(token_place, 200, tokens("a1", "r1", 100))
         .on(token_place, 400, R"({"error":"invalid_grant"})")
         .on(token_place, 200, tokens("a2", "r2"));
   ASSERT_TRUE(start()->refused(no_token).has_value());
   time_.advance(std::chrono::seconds(100));
   const auto c = start();
   EXPECT_EQ(c->authorization(), "");
   EXPECT_EQ(file().read()->front().refresh_token, "") << "nobody tries it again";
   ASSERT_TRUE(c->refused(no_token).has_value());
   EXPECT_EQ(c->authorization(), "Bearer a2");
}

TEST_F(OAuth, KeepsTheRefreshTokenThroughAnOutage) {
   net_.on(token_place, 200, tokens("a1", "r1", 100))
         .on(token_place, 503, "busy")
         .fail(token_place, {core::errc::timeout, "no answer"})
         .on(token_place, 200, tokens("a2", "r2"));
   ASSERT_TRUE(start()->refused(no_token).has_value());
   time_.advance(std::chrono::seconds(100));
   EXPECT_EQ(start()->authorization().error().code, core::errc::io);
   EXPECT_EQ(start()->authorization().error().code, core::errc::timeout);
   EXPECT_EQ(start()->authorization(), "Bearer a2");
   EXPECT_EQ(user_.shown.size(), 1u);
}

/// What a token endpoint says of the moment, and not of the token.
struct trouble {
   int status;
   const char* body;
};
class OAuthTrouble : public OAuth, public ::testing::WithParamInterface<trouble> {};

TEST_P(OAuthTrouble, LeavesTheRefreshTokenAlone) {
   net_.on(token_place, 200, tokens("a1", "r1", 100))
         .on(token_place, GetParam().status, GetParam().body)
         .on(token_place, 200, tokens("a2", "r2"));
   ASSERT_TRUE(start()->refused(no_token).has_value());
   time_.advance(std::chrono::seconds(100));
   const auto failed = start()->authorization();
   ASSERT_FALSE(failed.has_value());
   EXPECT_EQ(failed.error().code, core::errc::io);
   EXPECT_THAT(failed.error().message, HasSubstr("the login is kept, so try again"));
   EXPECT_EQ(file().read()->front().refresh_token, "r1");
   EXPECT_EQ(start()->authorization(), "Bearer a2");
   EXPECT_EQ(granted("refresh_token"), "r1");
   EXPECT_EQ(user_.shown.size(), 1u) << "nobody has to log in again";
}
INSTANTIATE_TEST_SUITE_P(All, OAuthTrouble,
                         ::testing::Values(trouble{503, R"({"error":"temporarily_unavailable"})"},
                                           trouble{503, R"({"error":"invalid_grant"})"},
                                           trouble{500, R"({"error":"server_error"})"},
                                           trouble{500, R"({"message":"Internal Server Error"})"},
                                           trouble{429, R"({"error":"slow_down"})"},
                                           trouble{429, "Too many"}, trouble{408, "{}"},
                                           trouble{404, "<html>"},
                                           trouble{400, R"({"error":"temporarily_unavailable"})"},
                                           trouble{200, R"({"error":"server_error"})"}));

/// What it says of the token, for good.
class OAuthEnds : public OAuth, public ::testing::WithParamInterface<trouble> {};

TEST_P(OAuthEnds, DropTheRefreshToken) {
   net_.on(token_place, 200, tokens("a1", "r1", 100))
         .on(token_place, GetParam().status, GetParam().body)
         .on(token_place, 200, tokens("a2", "r2"));
   ASSERT_TRUE(start()->refused(no_token).has_value());
   time_.advance(std::chrono::seconds(100));
   const auto c = start();
   EXPECT_EQ(c->authorization(), "");
   EXPECT_EQ(file().read()->front().refresh_token, "");
   ASSERT_TRUE(c->refused(no_token).has_value());
   EXPECT_EQ(c->authorization(), "Bearer a2");
   EXPECT_EQ(user_.shown.size(), 2u);
}
INSTANTIATE_TEST_SUITE_P(All, OAuthEnds,
                         ::testing::Values(trouble{400, R"({"error":"invalid_grant"})"},
                                           trouble{401, R"({"error":"invalid_client"})"},
                                           trouble{400, R"({"error":"unauthorized_client"})"},
                                           trouble{400, R"({"error":"invalid_scope"})"}));

TEST_F(OAuth, DoesNotLogInForEver) {
   net_.on(token_place, 200, tokens("a1", "r1"));
   const auto c = start();
   EXPECT_EQ(c->authorization(), "");
   ASSERT_TRUE(c->refused(no_token).has_value());
   EXPECT_EQ(c->authorization(), "Bearer a1");
   const auto again = c->refused(bad_token);
   ASSERT_FALSE(again.has_value());
   EXPECT_THAT(again.error().message, HasSubstr("just been given: Not you."));
   EXPECT_EQ(user_.shown.size(), 1u);
}

TEST_F(OAuth, StepsUpWithOldAndNewScopes) {
   net_.on(token_place, 200, tokens("a1", "r1", 60, "read"))
         .on(token_place, 200, tokens("a2", "r2", 60, "read admin"));
   ASSERT_TRUE(start()->refused(no_token).has_value());
   const auto c = start();
   EXPECT_EQ(c->authorization(), "Bearer a1");
   const auto more = refusal(403, "Bearer error=insufficient_scope, scope=\"admin\"");
   ASSERT_TRUE(c->refused(more).has_value());
   EXPECT_EQ(user_.asked("scope"), "read admin offline_access");
   EXPECT_EQ(c->authorization(), "Bearer a2");
   EXPECT_EQ(asked_for(register_place), 1u);
   const auto again = c->refused(refusal(403, "Bearer error=insufficient_scope, scope=\"more\""));
   EXPECT_THAT(again.error().message, HasSubstr("another login would not help"));
}

TEST_F(OAuth, DoesNotStepUpForNothing) {
   net_.on(token_place, 200, tokens("a1", "r1", 60, "read"));
   ASSERT_TRUE(start()->refused(no_token).has_value());
   for (const auto* challenge : {"Bearer error=insufficient_scope, scope=\"read\"",
                                 "Bearer error=insufficient_scope", "Bearer", ""}) {
      const auto c = start();
      EXPECT_EQ(c->authorization(), "Bearer a1");
      EXPECT_EQ(c->refused(refusal(403, challenge)).error().code, core::errc::denied) << challenge;
   }
   EXPECT_EQ(user_.shown.size(), 1u);
}

// Discovery

TEST_F(OAuth, LooksWhereTheChallengeSaysFirst) {
   net_.on(token_place, 200, tokens("a1", "r1"))
         .on("GET https://srv/meta", 200,
             R"({"resource":"https://srv/mcp","authorization_servers":["https://as/t"]})");
   ASSERT_TRUE(start()
                     ->refused(refusal(401, "Bearer resource_metadata=\"https://srv/meta\""))
                     .has_value());
   EXPECT_EQ(net_.places().front(), "GET https://srv/meta");
   EXPECT_EQ(asked_for(resource_place), 0u);
}

TEST_F(OAuth, GoesOnBehindAPlaceThatIsNotThere) {
   net_.on(token_place, 200, tokens("a1", "r1")).on("GET https://srv/meta", 200, "<html>");
   ASSERT_TRUE(start()
                     ->refused(refusal(401, "Bearer resource_metadata=\"https://srv/meta\""))
                     .has_value());
   EXPECT_EQ(asked_for(resource_place), 1u);
}

TEST_F(OAuth, NeverFetchesADocumentOverPlainHttp) {
   net_.on(token_place, 200, tokens("a1", "r1"));
   ASSERT_TRUE(start()
                     ->refused(refusal(401, "Bearer resource_metadata=\"http://127.0.0.1/meta\""))
                     .has_value());
   EXPECT_THAT(net_.places(), Not(Contains("GET http://127.0.0.1/meta")));
}

TEST_F(OAuth, RefusesADocumentAboutAnotherServer) {
   net_ = scripted_exchange();
   net_.on(resource_place, 200,
           R"({"resource":"https://victim/mcp","authorization_servers":["https://as/t"]})")
         .on(issuer_place, 200, issuer_text);
   const auto done = start()->refused(no_token);
   EXPECT_THAT(done.error().message, HasSubstr("https://victim/mcp"));
   EXPECT_THAT(user_.shown, IsEmpty());
}

TEST_F(OAuth, TakesTheServerForItsOwnIssuerWhenItSaysNothing) {
   net_ = scripted_exchange();
   net_.on("GET https://srv/.well-known/oauth-authorization-server", 200,
           R"({"issuer":"https://srv/","authorization_endpoint":"https://srv/authorize",)"
           R"("token_endpoint":"https://srv/token","registration_endpoint":"https://srv/register",)"
           R"("code_challenge_methods_supported":["S256"]})")
         .on("POST https://srv/register", 201, R"({"client_id":"me"})")
         .on("POST https://srv/token", 200, tokens("a1", "r1"));
   user_.issuer = "https://srv/";
   const auto c = start();
   const auto done = c->refused(no_token);
   ASSERT_TRUE(done.has_value()) << done.error().message;
   EXPECT_EQ(c->authorization(), "Bearer a1");
   EXPECT_EQ(user_.asked("resource"), server);
}

TEST_F(OAuth, SaysWhenNobodyTellsWhoIssuesTokens) {
   net_ = scripted_exchange();
   EXPECT_THAT(start()->refused(no_token).error().message, HasSubstr("says nowhere who issues"));
}

TEST_F(OAuth, SaysHowToGoOnWithoutRegistration) {
   std::string text = issuer_text;
   text.replace(text.find("registration_endpoint"), 21, "x");
   net_ = scripted_exchange();
   net_.on(resource_place, 200, resource_text).on(issuer_place, 200, text);
   EXPECT_THAT(start()->refused(no_token).error().message, HasSubstr("--client-id"));
}

} // namespace
} // namespace fmcp::client
