#include "auth/challenge.hpp"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/auth/gate_fakes.hpp"

namespace {

using namespace fmcp;
using auth::make_refusal;
using core::auth_reason;

constexpr std::string_view metadata = "https://srv/.well-known/oauth-protected-resource/mcp";

TEST(Challenge, NamesNoErrorWithoutCredentials) {
   const auto r = make_refusal(auth_reason::no_token,
                               {.scope = "read write", .resource_metadata = metadata});
   EXPECT_EQ(r.status, 401);
   EXPECT_EQ(
         r.www_authenticate,
         R"(Bearer scope="read write", resource_metadata="https://srv/.well-known/oauth-protected-resource/mcp")");
   EXPECT_EQ(
         r.body,
         R"({"error":"invalid_token","error_description":"no_token: this server needs a bearer token"})");
}

TEST(Challenge, IsJustTheSchemeWhenThereIsNothingToSay) {
   EXPECT_EQ(make_refusal(auth_reason::no_token, {}).www_authenticate, "Bearer");
   EXPECT_EQ(make_refusal(auth_reason::no_token, {.resource_metadata = metadata}).www_authenticate,
             R"(Bearer resource_metadata="https://srv/.well-known/oauth-protected-resource/mcp")");
}

TEST(Challenge, OrdersErrorDescriptionScopeMetadata) {
   const auto r =
         make_refusal(auth_reason::expired, {.scope = "read", .resource_metadata = metadata});
   EXPECT_EQ(r.status, 401);
   EXPECT_EQ(
         r.www_authenticate,
         R"(Bearer error="invalid_token", error_description="expired: the token has expired", )"
         R"(scope="read", resource_metadata="https://srv/.well-known/oauth-protected-resource/mcp")");
   EXPECT_EQ(r.body,
             R"({"error":"invalid_token","error_description":"expired: the token has expired"})");
}

TEST(Challenge, NamesEveryMissingScope) {
   const std::vector<std::string> one{"write"}, two{"write", "admin"};
   const auto r =
         make_refusal(auth_reason::missing_scope,
                      {.scope = "read write admin", .resource_metadata = metadata, .missing = two});
   EXPECT_EQ(r.status, 403);
   EXPECT_EQ(r.www_authenticate,
             R"(Bearer error="insufficient_scope", )"
             R"(error_description="missing_scope: the token lacks the scopes write admin", )"
             R"(scope="read write admin", )"
             R"(resource_metadata="https://srv/.well-known/oauth-protected-resource/mcp")");
   EXPECT_EQ(auth::make_refusal(auth_reason::missing_scope, {.missing = one}).body,
             R"({"error":"insufficient_scope",)"
             R"("error_description":"missing_scope: the token lacks the scope write"})");
}

TEST(Challenge, StaysASentenceWhenVeryMuchIsMissing) {
   const std::vector<std::string> many(100, "a.long.scope");
   EXPECT_EQ(make_refusal(auth_reason::missing_scope, {.missing = many}).www_authenticate,
             R"(Bearer error="insufficient_scope", )"
             R"(error_description="missing_scope: the token lacks a scope")");
}

TEST(Challenge, CallsAMalformedRequestInvalid) {
   for (const auto why : {auth_reason::two_authorizations, auth_reason::token_in_query}) {
      const auto r = make_refusal(why, {.scope = "read", .resource_metadata = metadata});
      EXPECT_EQ(r.status, 400);
      EXPECT_THAT(r.www_authenticate,
                  testing::StartsWith(R"(Bearer error="invalid_request", error_description=")"));
      EXPECT_THAT(r.www_authenticate, testing::Not(testing::HasSubstr(" scope=")))
            << "no other scope would help";
   }
}

// Whoever gets a challenge throws the token away and logs in again.
TEST(Challenge, KeepsATokenThatMayBeGood) {
   for (const auto why :
        {auth_reason::busy, auth_reason::upstream_unavailable, auth_reason::provider_failed}) {
      const auto r = make_refusal(why, {.scope = "read", .resource_metadata = metadata});
      EXPECT_EQ(r.status, 503) << core::name_of(why);
      EXPECT_EQ(r.www_authenticate, "");
      EXPECT_GT(r.retry_after_s, 0u);
   }
   const auto r = make_refusal(auth_reason::rate_limited, {.retry_after_s = 17});
   EXPECT_EQ(r.status, 429);
   EXPECT_EQ(r.www_authenticate, "");
   EXPECT_EQ(r.retry_after_s, 17u);
}

// With `insufficient_scope` a client would log in again and again.
TEST(Challenge, ForbidsWithoutAskingForMore) {
   const auto r = make_refusal(auth_reason::denied, {.scope = "read", .is_forbidden = true});
   EXPECT_EQ(r.status, 403);
   EXPECT_EQ(r.www_authenticate, "");
   EXPECT_EQ(
         r.body,
         R"({"error":"access_denied","error_description":"denied: the token is not accepted"})");
}

TEST(Challenge, HasAStatusAndASentenceForEveryReason) {
   for (auto i = 1; i <= static_cast<int>(auth_reason::rate_limited); ++i) {
      const auto why = static_cast<auth_reason>(i);
      const auto r = make_refusal(why, {});
      EXPECT_GE(r.status, 400);
      EXPECT_THAT(r.body, testing::HasSubstr(std::string(core::name_of(why)) + ": "));
      EXPECT_THAT(r.body, testing::Not(testing::HasSubstr("the request is refused")));
      EXPECT_EQ(r.status == 503, core::is_unavailable(why)) << core::name_of(why);
   }
}

TEST(Challenge, LetsNobodyOutOfTheQuotes) {
   const auto r = make_refusal(auth_reason::expired,
                               {.scope = "a\" evil=\"1\\",
                                .resource_metadata = "https://srv/\r\nSet-Cookie: x=\"\xc3\xa9"});
   EXPECT_EQ(r.www_authenticate,
             R"(Bearer error="invalid_token", error_description="expired: the token has expired", )"
             R"(scope="a' evil='1?", resource_metadata="https://srv/??Set-Cookie: x='??")");
}

TEST(Challenge, IsNeverCachedAndKeepsTheFieldsOfCors) {
   test::fake_connection c;
   const std::array cors{core::http::field{"Access-Control-Allow-Origin", "https://app.example"}};
   auth::send(make_refusal(auth_reason::expired, {}), c, cors);
   auth::send(make_refusal(auth_reason::busy, {}), c, cors);
   const auto& [refused, busy] = std::tie(c.answers[0], c.answers[1]);
   EXPECT_EQ(refused.status, 401);
   EXPECT_EQ(refused.content_type, "application/json");
   EXPECT_EQ(refused.find("Cache-Control"), "no-store");
   EXPECT_EQ(refused.find("Access-Control-Allow-Origin"), "https://app.example");
   EXPECT_THAT(refused.find("WWW-Authenticate"), testing::StartsWith("Bearer error="));
   EXPECT_FALSE(refused.has("Retry-After"));
   EXPECT_EQ(busy.find("Retry-After"), "1");
   EXPECT_FALSE(busy.has("WWW-Authenticate"));
}

TEST(Challenge, JoinsScopesOnceAndOnlyScopes) {
   const std::vector<std::string> a{"read", "wr\"ite", ""}, b{"admin", "read", "two words", "x"};
   const std::array<std::span<const std::string>, 2> lists{a, b};
   EXPECT_EQ(auth::join_scopes(lists), "read admin x");
   EXPECT_EQ(auth::join_scopes({}), "");
   const std::vector<std::string> long_ones{"read", std::string(4'092, 'a'),
                                            std::string(4'091, 'b'), "write"};
   const std::array<std::span<const std::string>, 1> too_much{long_ones};
   EXPECT_EQ(auth::join_scopes(too_much), "read " + std::string(4'091, 'b'));
}

} // namespace
