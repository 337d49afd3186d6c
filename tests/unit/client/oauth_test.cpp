// The login, against an authorization server that is written down.

#include "client/oauth.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/challenge.hpp"
#include "client/form.hpp"
#include "support/temp_dir.hpp"
#include "unit/client/scripted_exchange.hpp"

namespace fmcp::client {
namespace {

using test::scripted_exchange;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* server = "https://srv/mcp";
constexpr const char* resource_place = "GET https://srv/.well-known/oauth-protected-resource/mcp";
constexpr const char* issuer_place = "GET https://as/.well-known/oauth-authorization-server/t";
constexpr const char* register_place = "POST https://as/register";
constexpr const char* login_page = "GET https://as/authorize";
constexpr const char* token_place = "POST https://as/token";

constexpr const char* resource_text =
      R"({"resource":"https://srv/mcp","authorization_servers":["https://as/t"],"scopes_supported":["read"]})";
constexpr const char* issuer_text =
      R"({"issuer":"https://as/t","authorization_endpoint":"https://as/authorize",)"
      R"("token_endpoint":"https://as/token","registration_endpoint":"https://as/register",)"
      R"("code_challenge_methods_supported":["S256"],"scopes_supported":["read","offline_access"],)"
      R"("client_id_metadata_document_supported":true})";

std::string tokens(std::string_view access, std::string_view refresh, int life = 3600,
                   std::string_view scope = "") {
   std::string out = R"({"token_type":"Bearer","access_token":")" + std::string(access) +
                     R"(","expires_in":)" + std::to_string(life);
   if (!refresh.empty()) out += R"(,"refresh_token":")" + std::string(refresh) + "\"";
   if (!scope.empty()) out += R"(,"scope":")" + std::string(scope) + "\"";
   return out + "}";
}

/// Logs in at once, and remembers where it was sent.
class quick_user final : public user_agent {
public:
   core::result<std::uint16_t> listen(std::uint16_t preferred) override {
      wanted.push_back(preferred);
      return is_taken || preferred == 0 ? next_port++ : preferred;
   }
   void show(const std::string& url) override { shown.push_back(url); }
   core::result<std::string> wait(std::function<callback(std::string_view query)> judge) override {
      if (is_away) return core::fail(core::errc::timeout, "nobody logged in");
      const auto query = parameters();
      EXPECT_EQ(judge("code=stolen&state=guessed").what, callback::kind::foreign);
      auto c = judge(
            form_encoded({{"code", "c0de"}, {"state", *single(query, "state")}, {"iss", issuer}}));
      if (c.what != callback::kind::granted) return core::fail(core::errc::denied, c.text);
      return c.text;
   }
   fields parameters() const {
      return form_decoded(shown.back().substr(shown.back().find('?') + 1)).value();
   }
   std::string asked(std::string_view name) const {
      return single(parameters(), name).value_or("(not there)");
   }

   std::vector<std::string> shown;
   std::vector<std::uint16_t> wanted;
   std::uint16_t next_port = 4000;
   bool is_taken = false, is_away = false;
   std::string issuer = "https://as/t";
};

core::http::fetch_reply refusal(int status, std::string challenge) {
   return {.status = status,
           .headers = {{"www-authenticate", std::move(challenge)}},
           .body = {},
           .final_url = {}};
}
const auto no_token = refusal(401, "Bearer");
const auto bad_token = refusal(401, "Bearer error=invalid_token, error_description=\"Not you.\"");

class OAuth : public ::testing::Test {
protected:
   OAuth() {
      net_.on(resource_place, 200, resource_text)
            .on(issuer_place, 200, issuer_text)
            .on(register_place, 201, R"({"client_id":"me"})");
   }
   token_file file() const { return token_file::open(dir_.at("client")).value(); }
   /// As another command would.
   std::unique_ptr<credentials> start() {
      return oauth({.with = net_.get(),
                    .allowed = reach::of_server(server).value(),
                    .file = file(),
                    .agent = user_,
                    .options = options_,
                    .time = time_});
   }
   /// Whatever the query was.
   std::size_t asked_for(std::string_view place) const {
      const auto all = net_.places();
      return static_cast<std::size_t>(std::ranges::count_if(
            all, [&](const auto& p) { return p.substr(0, p.find('?')) == place; }));
   }
   /// A login, after which the server does not take the token that it led to.
   std::unique_ptr<credentials> log_in_before() {
      net_.on(token_place, 200, tokens("a1", "")).on(token_place, 200, tokens("a2", ""));
      EXPECT_TRUE(start()->refused(no_token).has_value());
      auto c = start();
      EXPECT_EQ(c->authorization(), "Bearer a1");
      return c;
   }
   fields last_grant() const { return form_decoded(net_.last(token_place).body).value(); }
   std::string granted(std::string_view name) const {
      return single(last_grant(), name).value_or("(not there)");
   }

   test::temp_dir dir_;
   scripted_exchange net_;
   quick_user user_;
   login_options options_;
   core::manual_clock time_;
};

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

TEST_F(OAuth, RegistersAgainWhenTheIssuerHasForgottenIt) {
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

TEST_F(OAuth, RegistersAgainWhenTheLoginPageTurnsItAway) {
   for (const auto status : {400, 401}) {
      net_ = scripted_exchange();
      net_.on(resource_place, 200, resource_text)
            .on(issuer_place, 200, issuer_text)
            .on(register_place, 201, R"({"client_id":"me"})")
            .on(register_place, 201, R"({"client_id":"me too"})")
            .on(login_page, status, "<h1>Unknown client</h1>");
      ASSERT_EQ(file().forget(server).has_value(), true);
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

TEST_F(OAuth, ProbesWithNothingThatTheLoginUses) {
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

TEST_F(OAuth, KeepsTheRegistrationWhenTheProbeSaysLess) {
   for (const auto status : {200, 302, 303, 403, 404, 405, 429, 500, 503, 0}) {
      net_ = scripted_exchange();
      net_.on(resource_place, 200, resource_text)
            .on(issuer_place, 200, issuer_text)
            .on(register_place, 201, R"({"client_id":"me"})");
      status == 0 ? net_.fail(login_page, {core::errc::timeout, "no answer"})
                  : net_.on(login_page, status, "<html>");
      ASSERT_EQ(file().forget(server).has_value(), true);
      ASSERT_TRUE(log_in_before()->refused(bad_token).has_value()) << status;
      EXPECT_EQ(asked_for(login_page), 1u) << status;
      EXPECT_EQ(asked_for(register_place), 1u) << status;
   }
}

TEST_F(OAuth, RegistersAgainWhenTheRefreshDisownsIt) {
   for (const auto* error : {"invalid_client", "unauthorized_client"}) {
      net_ = scripted_exchange();
      net_.on(resource_place, 200, resource_text)
            .on(issuer_place, 200, issuer_text)
            .on(register_place, 201, R"({"client_id":"me"})")
            .on(register_place, 201, R"({"client_id":"me too"})")
            .on(token_place, 200, tokens("a1", "r1"))
            .on(token_place, 401, std::string(R"({"error":")") + error + "\"}")
            .on(token_place, 200, tokens("a2", "r2"));
      ASSERT_EQ(file().forget(server).has_value(), true);
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

TEST_F(OAuth, NeverRegistersInThePlaceOfTheClientThatItIsTold) {
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

TEST_F(OAuth, SaysWhatToDoWhenThePageDoesNotLikeTheClient) {
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

TEST_F(OAuth, RegistersAgainWhenItsPortIsTaken) {
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

TEST_F(OAuth, UsesTheClientThatItIsTold) {
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

TEST_F(OAuth, UsesAMetadataUrlWhereTheIssuerTakesOne) {
   net_.on(token_place, 200, tokens("a1", "r1"));
   options_.metadata_url = "https://me/client.json";
   ASSERT_TRUE(start()->refused(no_token).has_value());
   EXPECT_EQ(user_.asked("client_id"), "https://me/client.json");
   EXPECT_EQ(asked_for(register_place), 0u);
}

TEST_F(OAuth, RefusesAnAnswerOfAnotherIssuer) {
   user_.issuer = "https://evil";
   const auto done = start()->refused(no_token);
   ASSERT_FALSE(done.has_value());
   EXPECT_THAT(done.error().message, HasSubstr("https://evil"));
   EXPECT_EQ(asked_for(token_place), 0u) << "the code goes nowhere";
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
