#include "auth/claims.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/auth/jwt_bench.hpp"

namespace fmcp::auth {
namespace {

using core::auth_reason;
using testing::ElementsAre;
using testing::IsEmpty;
using enum core::auth_reason;

constexpr std::int64_t now = 1'700'000'000;

claim_rules usual_rules() {
   claim_rules r;
   r.issuers.push_back(issuer_pattern::compile("https://issuer.example").value());
   r.audiences = {"api", "https://srv.example/mcp"};
   return r;
}

auth_reason check(const std::string& payload, const claim_rules& rules = usual_rules(),
                  std::int64_t at_ms = now * 1000) {
   json::document d;
   const auto parsed = d.parse(payload, payload_limits);
   if (!parsed) return malformed;
   const auto r = check_claims(**parsed, rules, at_ms);
   EXPECT_EQ(bool(r), !r.detail.empty());
   return r.reason;
}
auth_reason check_with(const char* name, std::string json,
                       const claim_rules& rules = usual_rules()) {
   return check(test::claims(now).set(name, std::move(json)).text(), rules);
}
auth_reason check_without(const char* name) {
   return check(test::claims(now).drop(name).text());
}

TEST(Claims, GoodOnesPass) {
   EXPECT_EQ(check(test::claims(now).text()), none);
}

TEST(Claims, DefaultRulesRefuseEverything) {
   EXPECT_EQ(check(test::claims(now).text(), {}), wrong_issuer);
   claim_rules only_issuer;
   only_issuer.any_issuer = true;
   EXPECT_EQ(check(test::claims(now).text(), only_issuer), wrong_audience);
}

TEST(Claims, ExpiryIsDemanded) {
   EXPECT_EQ(check_without("exp"), no_expiry);
   EXPECT_EQ(check_with("exp", "null"), no_expiry);
   for (const auto* json : {R"("1700000300")", "true", "[]", "{}", R"("")"})
      EXPECT_EQ(check_with("exp", json), malformed) << json;
}

TEST(Claims, ExpiryIsTheFirstMomentThatIsTooLate) {
   EXPECT_EQ(check_with("exp", "1700000001"), none);
   EXPECT_EQ(check_with("exp", "1700000000"), expired);
   EXPECT_EQ(check_with("exp", "1699999999"), expired);
   EXPECT_EQ(check_with("exp", "1700000000.001"), none);
   EXPECT_EQ(check_with("exp", "1700000000.5"), none);
   EXPECT_EQ(check_with("exp", "1699999999.9"), expired);
   EXPECT_EQ(check_with("exp", "1.7000003e9"), none);
   EXPECT_EQ(check_with("exp", "1e300"), none);
   for (const auto* json : {"0", "-1", "-0", "-1e300", "1e-300", "0.0"})
      EXPECT_EQ(check_with("exp", json), expired) << json;
   EXPECT_EQ(check_with("exp", "1e999"), malformed); // no number of JSON's that we read
}

TEST(Claims, LeewayHoldsAtBothEnds) {
   auto rules = usual_rules();
   rules.leeway = std::chrono::seconds(60);
   EXPECT_EQ(check_with("exp", "1699999941", rules), none);
   EXPECT_EQ(check_with("exp", "1699999940", rules), expired);
   EXPECT_EQ(check_with("nbf", "1700000060", rules), none);
   EXPECT_EQ(check_with("nbf", "1700000061", rules), not_yet_valid);
}

TEST(Claims, NotBeforeIsChecked) {
   EXPECT_EQ(check_with("nbf", "1700000000"), none);
   EXPECT_EQ(check_with("nbf", "1700000000.5"), not_yet_valid);
   EXPECT_EQ(check_with("nbf", "1700000001"), not_yet_valid);
   EXPECT_EQ(check_with("nbf", "1700003600"), not_yet_valid);
   EXPECT_EQ(check_with("nbf", "-1"), none);
   EXPECT_EQ(check_with("nbf", "null"), none);
   EXPECT_EQ(check_with("nbf", R"("0")"), malformed);
}

TEST(Claims, IssuedFarAheadIsRefused) {
   EXPECT_EQ(check_with("iat", "1700000300"), none);
   EXPECT_EQ(check_with("iat", "1700000301"), not_yet_valid);
   EXPECT_EQ(check_with("iat", "1700003600"), not_yet_valid);
   EXPECT_EQ(check_with("iat", "0"), none);
   EXPECT_EQ(check_without("iat"), none);
   EXPECT_EQ(check_with("iat", R"("now")"), malformed);
}

TEST(Claims, IssuerIsOneOfTheList) {
   EXPECT_EQ(check_without("iss"), wrong_issuer);
   EXPECT_EQ(check_with("iss", "null"), wrong_issuer);
   EXPECT_EQ(check_with("iss", R"("")"), wrong_issuer);
   EXPECT_EQ(check_with("iss", R"("https://issuer.example/")"), wrong_issuer);
   EXPECT_EQ(check_with("iss", R"("https://issuer.example\u0000")"), wrong_issuer);
   EXPECT_EQ(check_with("iss", R"(["https://issuer.example"])"), malformed);
   EXPECT_EQ(check_with("iss", "1"), malformed);
   auto rules = usual_rules();
   rules.issuers.push_back(issuer_pattern::compile("https://other.example/*").value());
   EXPECT_EQ(check_with("iss", R"("https://other.example/t1")", rules), none);
   rules = usual_rules();
   rules.issuers.clear();
   rules.any_issuer = true;
   EXPECT_EQ(check_with("iss", R"("whoever")", rules), none);
}

TEST(Claims, AudienceIsAStringOrAnArrayWithOneOfOurs) {
   EXPECT_EQ(check_with("aud", R"("https://srv.example/mcp")"), none);
   EXPECT_EQ(check_with("aud", R"(["x","api"])"), none);
   EXPECT_EQ(check_with("aud", R"(["api"])"), none);
   for (const auto* json :
        {R"("x")", R"(["x","y"])", "[]", R"("")", "null", R"("api ")", R"("API")", R"("api,x")",
         R"(["api/"])", R"("https://srv.example/mcp/")"})
      EXPECT_EQ(check_with("aud", json), wrong_audience) << json;
   for (const auto* json : {"1", "true", R"({"api":true})", R"(["api",1])", R"([["api"]])"})
      EXPECT_EQ(check_with("aud", json), malformed) << json;
   EXPECT_EQ(check_without("aud"), wrong_audience);
   auto rules = usual_rules();
   rules.audiences.clear();
   rules.any_audience = true;
   EXPECT_EQ(check(test::claims(now).drop("aud").text(), rules), none);
}

TEST(Claims, NamesAreStrings) {
   for (const auto* name : {"sub", "client_id", "azp"}) {
      EXPECT_EQ(check_with(name, "17"), malformed) << name;
      EXPECT_EQ(check_with(name, "null"), none) << name;
   }
}

TEST(Claims, PayloadIsOneObjectWithoutDuplicates) {
   for (const auto* text :
        {"", "null", "[]", R"("x")", "1", "{", "{}x", R"({"exp":1700000300,"exp":1700000300})",
         R"({"exp":1700000300,"\u0065xp":1})", "eyJhbGciOiJub25lIn0.e30."})
      EXPECT_EQ(check(text), malformed) << text;
   EXPECT_EQ(check(R"({"a":)" + std::string(5000, '[') + std::string(5000, ']') + "}"), malformed);
   auto payload = test::claims(now).text();
   payload.insert(1, R"("aud":"x",)");
   EXPECT_EQ(check(payload), malformed);
}

TEST(TokenType, UnmarkedAndAccessTokensPass) {
   const auto rules = usual_rules();
   EXPECT_FALSE(check_type(std::nullopt, rules));
   for (const auto* typ : {"JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt",
                           "Application/AT+jwt", "application/jwt"})
      EXPECT_FALSE(check_type(typ, rules)) << typ;
}

TEST(TokenType, OtherKindsOfTokensAreRefused) {
   const auto rules = usual_rules();
   for (const auto* typ : {"id_token+jwt",
                           "application/id_token+jwt",
                           "id+jwt",
                           "secevent+jwt",
                           "logout+jwt",
                           "dpop+jwt",
                           "DPOP+JWT",
                           "oauth-id-jag+jwt",
                           "oauth-authz-req+jwt",
                           "token-introspection+jwt",
                           "entity-statement+jwt",
                           "vc+sd-jwt",
                           "kb+jwt",
                           "JOSE",
                           "",
                           "JWT ",
                           "at+jwt;x",
                           "jwt+at",
                           "application/application/jwt",
                           "text/jwt",
                           "ID"})
      EXPECT_EQ(check_type(typ, rules).reason, wrong_type) << typ;
}

TEST(TokenType, AListReplacesTheUsualTypes) {
   auto rules = usual_rules();
   rules.types = {normal_type("application/Special+JWT")};
   EXPECT_FALSE(check_type("special+jwt", rules));
   EXPECT_FALSE(check_type("application/special+jwt", rules));
   EXPECT_EQ(check_type("at+jwt", rules).reason, wrong_type);
   EXPECT_EQ(check_type("JWT", rules).reason, wrong_type);
   EXPECT_EQ(check_type(std::nullopt, rules).reason, wrong_type);
}

core::principal caller(const test::json_members& payload) {
   auto who = principal_from_claims(payload.text());
   EXPECT_TRUE(who) << payload.text();
   return who.value_or(core::principal{});
}
std::vector<std::string> scopes(const char* name, std::string json) {
   return caller(test::claims(now).drop("scope").set(name, std::move(json))).scopes;
}

TEST(Principal, IsWhatTheTokenSays) {
   const auto payload = test::claims(now);
   const auto who = caller(payload);
   EXPECT_EQ(who.subject, "user-1");
   EXPECT_EQ(who.client_id, "client-1");
   EXPECT_EQ(who.issuer, "https://issuer.example");
   EXPECT_THAT(who.scopes, ElementsAre("read", "write"));
   EXPECT_EQ(who.claims_json, payload.text());
   EXPECT_EQ(who.expires_unix_ms, (now + 300) * 1000);
   EXPECT_EQ(who.provider, "");
   EXPECT_EQ(who.tenant, "");
}

TEST(Principal, ScopesAreSplitAtBlanksOrListed) {
   EXPECT_THAT(scopes("scope", R"("  a\tb  c\n")"), ElementsAre("a", "b", "c"));
   EXPECT_THAT(scopes("scope", R"("a,b")"), ElementsAre("a,b"));
   EXPECT_THAT(scopes("scope", R"(["a","b c","",1,null])"), ElementsAre("a", "b c"));
   EXPECT_THAT(scopes("scp", R"("a b")"), ElementsAre("a", "b"));
   EXPECT_THAT(scopes("scp", R"(["a","b"])"), ElementsAre("a", "b"));
   EXPECT_THAT(scopes("other", R"("a")"), IsEmpty());
   EXPECT_THAT(scopes("scope", "1"), IsEmpty());
   EXPECT_THAT(scopes("scope", R"({"a":1})"), IsEmpty());
}

TEST(Principal, ScopeHidesScpUnlessItIsNull) {
   const auto both = [](std::string scope) {
      return caller(test::claims(now).set("scope", std::move(scope)).set("scp", R"("x")")).scopes;
   };
   EXPECT_THAT(both(R"("a")"), ElementsAre("a"));
   EXPECT_THAT(both(R"("")"), IsEmpty());
   EXPECT_THAT(both("[]"), IsEmpty());
   EXPECT_THAT(both("false"), IsEmpty());
   EXPECT_THAT(both("null"), ElementsAre("x"));
}

TEST(Principal, ClientIsClientIdElseAzpElseSub) {
   auto payload = test::claims(now).set("azp", R"("azp-1")");
   EXPECT_EQ(caller(payload).client_id, "client-1");
   EXPECT_EQ(caller(payload.set("client_id", R"("")")).client_id, "azp-1");
   EXPECT_EQ(caller(payload.drop("client_id")).client_id, "azp-1");
   EXPECT_EQ(caller(payload.set("azp", "null")).client_id, "user-1");
   EXPECT_EQ(caller(payload.set("client_id", R"("c")").drop("sub")).subject, "");
   EXPECT_EQ(caller(payload).client_id, "c");
}

TEST(Principal, NobodyIsNone) {
   auto payload = test::claims(now).drop("client_id").drop("sub");
   EXPECT_EQ(principal_from_claims(payload.text()), std::unexpected(no_subject));
   EXPECT_EQ(principal_from_claims(payload.set("sub", R"("")").text()),
             std::unexpected(no_subject));
   EXPECT_EQ(principal_from_claims("[]"), std::unexpected(malformed));
   EXPECT_EQ(principal_from_claims("{"), std::unexpected(malformed));
   EXPECT_EQ(principal_from_claims(""), std::unexpected(malformed));
}

TEST(Principal, ExpiryIsKeptToTheMillisecondAndNeverWraps) {
   const auto expiry = [](const char* json) {
      return caller(test::claims(now).set("exp", json)).expires_unix_ms;
   };
   EXPECT_EQ(expiry("1700000000.25"), 1'700'000'000'250);
   EXPECT_EQ(expiry("1e300"), 253'402'300'799'000);
   EXPECT_LT(expiry("-1e300"), 0);
   EXPECT_LT(expiry("0"), 0); // 0 would mean "unknown"
   EXPECT_EQ(caller(test::claims(now).drop("exp")).expires_unix_ms, 0);
}

} // namespace
} // namespace fmcp::auth
