// Who this program is for an authorization server, and what happens when that forgets it.

#include <gmock/gmock.h>

#include "unit/client/oauth_fixture.hpp"

namespace fmcp::client {
namespace {

using ::testing::HasSubstr;

class OAuthRegistration : public oauth_fixture {};

TEST_F(OAuthRegistration, RegistersAgainWhenTheIssuerHasForgottenIt) {
   net_.on(token_place, 200, tokens("a1", ""))
         .on(token_place, 401, R"({"error":"invalid_client"})")
         .on(token_place, 200, tokens("a2", ""));
   ASSERT_TRUE(start()->refused(no_token).has_value());
   const auto c = start();
   EXPECT_EQ(c->authorization(), "Bearer a1");
   ASSERT_TRUE(c->refused(bad_token).has_value());
   EXPECT_EQ(c->authorization(), "Bearer a2");
   EXPECT_EQ(asked_for(register_place), 2u);
}

TEST_F(OAuthRegistration, RegistersAgainWhenTheLoginPageTurnsItAway) {
   for (const auto status : {400, 401}) {
      start_over({"me", "me too"});
      net_.on(login_page, status, "<h1>Unknown client</h1>");
      const auto c = log_in_before();
      EXPECT_EQ(asked_for(login_page), 0u) << "a new registration needs no probe";
      user_.shown.clear();
      ASSERT_TRUE(c->refused(bad_token).has_value());
      EXPECT_EQ(asked_for(login_page), 1u);
      EXPECT_EQ(asked_for(register_place), 2u);
      ASSERT_EQ(user_.shown.size(), 1u) << "the user does not see the page that turns it away";
      EXPECT_EQ(user_.asked("client_id"), "me too");
      EXPECT_EQ(c->authorization(), "Bearer a2");
      EXPECT_EQ(file().read()->front().client.id, "me too");
   }
}

TEST_F(OAuthRegistration, ProbesWithNothingThatTheLoginUses) {
   net_.on(login_page, 302, "", {{"location", "https://as/sign-in"}});
   const auto c = log_in_before();
   ASSERT_TRUE(c->refused(bad_token).has_value());
   const auto rq = net_.last(login_page);
   EXPECT_EQ(rq.max_redirects, 0u);
   EXPECT_EQ(scripted_exchange::header(rq, "authorization"), "");
   const auto probed = form_decoded(rq.url.substr(rq.url.find('?') + 1)).value();
   for (const auto* same : {"client_id", "redirect_uri", "response_type", "scope", "resource"})
      EXPECT_EQ(single(probed, same), user_.asked(same)) << same;
   for (const auto* other : {"state", "code_challenge"}) {
      EXPECT_NE(single(probed, other), user_.asked(other)) << other;
      EXPECT_EQ(single(probed, other)->size(), user_.asked(other).size()) << other;
   }
}

TEST_F(OAuthRegistration, KeepsTheRegistrationWhenTheProbeSaysLess) {
   for (const auto status : {200, 302, 303, 403, 404, 405, 429, 500, 503, 0}) {
      start_over();
      status == 0 ? net_.fail(login_page, {core::errc::timeout, "no answer"})
                  : net_.on(login_page, status, "<html>");
      ASSERT_TRUE(log_in_before()->refused(bad_token).has_value()) << status;
      EXPECT_EQ(asked_for(login_page), 1u) << status;
      EXPECT_EQ(asked_for(register_place), 1u) << status;
   }
}

TEST_F(OAuthRegistration, RegistersAgainWhenTheRefreshDisownsIt) {
   for (const auto* error : {"invalid_client", "unauthorized_client"}) {
      start_over({"me", "me too"});
      net_.on(token_place, 200, tokens("a1", "r1"))
            .on(token_place, 401, std::string(R"({"error":")") + error + "\"}")
            .on(token_place, 200, tokens("a2", "r2"));
      ASSERT_TRUE(start()->refused(no_token).has_value());
      const auto c = start();
      EXPECT_EQ(c->authorization(), "Bearer a1");
      ASSERT_TRUE(c->refused(bad_token).has_value());
      EXPECT_EQ(asked_for(register_place), 2u) << error;
      EXPECT_EQ(asked_for(login_page), 0u) << "there is nothing left to ask about";
      EXPECT_EQ(granted("client_id"), "me too");
      EXPECT_EQ(c->authorization(), "Bearer a2");
   }
}

TEST_F(OAuthRegistration, NeverRegistersInThePlaceOfTheClientThatItIsTold) {
   net_.on(token_place, 200, tokens("a1", "r1"))
         .on(token_place, 401, R"({"error":"invalid_client"})")
         .on(token_place, 200, tokens("a2", "r2"))
         .on(login_page, 400, "<html>");
   options_ = {.client_id = "known"};
   ASSERT_TRUE(start()->refused(no_token).has_value());
   const auto c = start();
   EXPECT_EQ(c->authorization(), "Bearer a1");
   ASSERT_TRUE(c->refused(bad_token).has_value());
   EXPECT_EQ(user_.asked("client_id"), "known");
   EXPECT_EQ(asked_for(register_place), 0u);
   EXPECT_EQ(asked_for(login_page), 0u);
   EXPECT_EQ(file().read()->front().client.id, "known");
}

TEST_F(OAuthRegistration, SaysWhatToDoWhenThePageDoesNotLikeTheClient) {
   user_.is_away = true;
   EXPECT_EQ(start()->refused(no_token).error().message, "nobody logged in")
         << "it has registered this minute";
   user_.is_away = false;
   const auto c = log_in_before();
   user_.is_away = true;
   EXPECT_THAT(c->refused(bad_token).error().message, HasSubstr("forget it with --logout"));
   options_ = {.client_id = "known"};
   EXPECT_THAT(start()->refused(no_token).error().message, HasSubstr("for --client-id"));
}

TEST_F(OAuthRegistration, RegistersAgainWhenItsPortIsTaken) {
   net_.on(token_place, 200, tokens("a1", ""));
   ASSERT_TRUE(start()->refused(no_token).has_value());
   user_.is_taken = true;
   const auto c = start();
   EXPECT_EQ(c->authorization(), "Bearer a1");
   ASSERT_TRUE(c->refused(bad_token).has_value());
   EXPECT_EQ(asked_for(register_place), 2u);
   EXPECT_EQ(user_.asked("redirect_uri"), "http://127.0.0.1:4001/callback");
   EXPECT_EQ(file().read()->front().redirect_port, 4001);
}

TEST_F(OAuthRegistration, UsesTheClientThatItIsTold) {
   net_.on(token_place, 200, tokens("a1", "r1"));
   options_ = {.client_id = "known", .callback_port = 5000};
   ASSERT_TRUE(start()->refused(no_token).has_value());
   EXPECT_EQ(user_.asked("client_id"), "known");
   EXPECT_EQ(user_.asked("redirect_uri"), "http://127.0.0.1:5000/callback");
   EXPECT_EQ(asked_for(register_place), 0u);
   options_ = {.client_id = "other"};
   EXPECT_EQ(start()->authorization(), "") << "the tokens are another client's";
   user_.is_taken = true;
   options_ = {.client_id = "known", .callback_port = 5000};
   EXPECT_EQ(start()->refused(no_token).error().code, core::errc::conflict);
}

TEST_F(OAuthRegistration, UsesAMetadataUrlWhereTheIssuerTakesOne) {
   net_.on(token_place, 200, tokens("a1", "r1"));
   options_.metadata_url = "https://me/client.json";
   ASSERT_TRUE(start()->refused(no_token).has_value());
   EXPECT_EQ(user_.asked("client_id"), "https://me/client.json");
   EXPECT_EQ(asked_for(register_place), 0u);
}

TEST_F(OAuthRegistration, RefusesAnAnswerOfAnotherIssuer) {
   user_.issuer = "https://evil";
   const auto done = start()->refused(no_token);
   ASSERT_FALSE(done.has_value());
   EXPECT_THAT(done.error().message, HasSubstr("https://evil"));
   EXPECT_EQ(asked_for(token_place), 0u) << "the code goes nowhere";
}

} // namespace
} // namespace fmcp::client
