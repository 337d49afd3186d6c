// The question of an introspection, and what each answer means.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "introspection/src/exchange.hpp"

namespace {

using fmcp::allow;
using fmcp::deny;
using fmcp::unavailable;
using fmcp::why;
using introspection::client_auth;
using introspection::judge;
using testing::AllOf;
using testing::HasSubstr;

constexpr std::int64_t now = 1'700'000'000;

fmcp::http_response answer(std::string body, int code = 200) {
   fmcp::http_response r;
   r.status = FMCP_OK;
   r.code = code;
   r.body = std::move(body);
   return r;
}
std::string header(const fmcp::http_request& rq, const std::string& name) {
   for (const auto& [n, v] : rq.headers) {
      if (n == name) return v;
   }
   return "none";
}
/// "allow", "deny 14", "unavailable"
std::string outcome(std::string body, const introspection::rules& by = {}, int code = 200) {
   const auto a = judge(answer(std::move(body), code), by, now);
   if (std::holds_alternative<allow>(a)) return "allow";
   if (const auto* d = std::get_if<deny>(&a)) {
      return "deny " + std::to_string(static_cast<int>(d->reason));
   }
   return std::holds_alternative<unavailable>(a) ? "unavailable" : "other";
}
std::string denied(why w) {
   return "deny " + std::to_string(static_cast<int>(w));
}

TEST(IntrospectionQuestion, IsAFormWithBasicCredentials) {
   const auto q = introspection::question("https://as.example/i", "a+b/c=", "id", "se cret",
                                          client_auth::basic);
   EXPECT_EQ(q.method, "POST");
   EXPECT_EQ(q.url, "https://as.example/i");
   EXPECT_EQ(q.body, "token=a%2Bb%2Fc%3D&token_type_hint=access_token");
   EXPECT_EQ(header(q, "Content-Type"), "application/x-www-form-urlencoded");
   EXPECT_EQ(header(q, "Accept"), "application/json");
   EXPECT_EQ(header(q, "Authorization"), "Basic aWQ6c2UlMjBjcmV0"); // id:se%20cret
}

TEST(IntrospectionQuestion, CredentialsMayGoIntoTheForm) {
   const auto q =
         introspection::question("https://as.example/i", "t", "i&d", "s=", client_auth::post);
   EXPECT_EQ(q.body, "token=t&token_type_hint=access_token&client_id=i%26d&client_secret=s%3D");
   EXPECT_EQ(header(q, "Authorization"), "none");
}

// RFC 6749 2.3.1: a colon in the id must not end it.
TEST(IntrospectionQuestion, BothPartsOfBasicAreEncodedFirst) {
   EXPECT_EQ(introspection::basic("a:b", "%"), "Basic YSUzQWI6JTI1"); // a%3Ab:%25
   EXPECT_EQ(introspection::basic("", ""), "Basic Og==");
   EXPECT_EQ(introspection::basic("abc", "de"), "Basic YWJjOmRl");
   EXPECT_EQ(introspection::form_encoded("A-z_0.9~*\xC3\xA4"), "A-z_0.9%7E%2A%C3%A4");
}

TEST(IntrospectionAnswer, OfAnActiveTokenMakesThePrincipal) {
   const std::string body = R"({"active":true,"client_id":"c","scope":"a b","exp":1700000001})";
   introspection::rules by;
   by.cache_for = std::chrono::seconds(60);
   const auto a = judge(answer(body), by, now);
   ASSERT_TRUE(std::holds_alternative<allow>(a));
   EXPECT_EQ(std::get<allow>(a).claims_json, body);
   EXPECT_EQ(std::get<allow>(a).cache_for, by.cache_for);
}

TEST(IntrospectionAnswer, OnlyTheBooleanTrueIsActive) {
   for (const char* value : {"false", "\"true\"", "1", "null", "[true]", "{}"}) {
      EXPECT_EQ(outcome(std::string(R"({"sub":"s","active":)") + value + "}"),
                denied(why::inactive))
            << value;
   }
   EXPECT_EQ(outcome(R"({"sub":"s"})"), denied(why::inactive));
   EXPECT_EQ(outcome(R"({"sub":"s","active":true})"), "allow");
}

TEST(IntrospectionAnswer, TimesAreChecked) {
   EXPECT_EQ(outcome(R"({"active":true,"sub":"s","exp":1700000000})"), denied(why::expired));
   EXPECT_EQ(outcome(R"({"active":true,"sub":"s","exp":1700000000.5})"), "allow");
   EXPECT_EQ(outcome(R"({"active":true,"sub":"s","exp":0})"), denied(why::expired));
   EXPECT_EQ(outcome(R"({"active":true,"sub":"s","exp":"1800000000"})"), "unavailable");
   EXPECT_EQ(outcome(R"({"active":true,"sub":"s","nbf":1700000001})"), denied(why::not_yet_valid));
   EXPECT_EQ(outcome(R"({"active":true,"sub":"s","nbf":1700000000})"), "allow");
}

TEST(IntrospectionAnswer, IssuerAndAudienceAreCheckedWhereTheyAreSet) {
   introspection::rules by;
   by.issuers = {"https://as.example"};
   EXPECT_EQ(outcome(R"({"active":true,"sub":"s"})", by), denied(why::wrong_issuer));
   EXPECT_EQ(outcome(R"({"active":true,"sub":"s","iss":"https://as.example/"})", by),
             denied(why::wrong_issuer));
   EXPECT_EQ(outcome(R"({"active":true,"sub":"s","iss":"https://as.example"})", by), "allow");
   by.issuers.clear();
   by.audiences = {"a", "b"};
   EXPECT_EQ(outcome(R"({"active":true,"sub":"s"})", by), denied(why::wrong_audience));
   EXPECT_EQ(outcome(R"({"active":true,"sub":"s","aud":"c"})", by), denied(why::wrong_audience));
   EXPECT_EQ(outcome(R"({"active":true,"sub":"s","aud":"b"})", by), "allow");
   EXPECT_EQ(outcome(R"({"active":true,"sub":"s","aud":["x","a"]})", by), "allow");
   EXPECT_EQ(outcome(R"({"active":true,"sub":"s","aud":[]})", by), denied(why::wrong_audience));
}

TEST(IntrospectionAnswer, SomebodyMustBeNamed) {
   EXPECT_EQ(outcome(R"({"active":true})"), denied(why::no_subject));
   EXPECT_EQ(outcome(R"({"active":true,"sub":""})"), denied(why::no_subject));
   EXPECT_EQ(outcome(R"({"active":true,"client_id":"c"})"), "allow");
   EXPECT_EQ(outcome(R"({"active":true,"azp":"c"})"), "allow");
}

TEST(IntrospectionAnswer, WhatIsNoAnswerTellsNothing) {
   const std::string good = R"({"active":true,"sub":"s"})";
   for (const int code : {201, 204, 301, 302, 400, 401, 403, 404, 429, 500, 502, 503}) {
      EXPECT_EQ(outcome(good, {}, code), "unavailable") << code;
   }
   for (const char* body : {"", "<html>", "[]", "true", "{\"active\":true", "{\"active\":true}x",
                            R"({"active":true,"active":false,"sub":"s"})",
                            R"({"active":false,"active":true,"sub":"s"})",
                            "{\"active\":true,\"sub\":\"\xFF\"}", R"({"active":true,"sub":7})"}) {
      EXPECT_EQ(outcome(body), "unavailable") << body;
   }
   std::string deep = R"({"active":true,"sub":"s","x":)" + std::string(5000, '[');
   EXPECT_EQ(outcome(deep + std::string(5000, ']') + "}"), "unavailable");
}

TEST(IntrospectionAnswer, AnOutageSaysWhatHappened) {
   fmcp::http_response r;
   r.status = FMCP_E_TIMEOUT;
   r.problem = "https://as.example/i: the time is over.";
   const auto a = judge(r, {}, now);
   ASSERT_TRUE(std::holds_alternative<unavailable>(a));
   EXPECT_EQ(std::get<unavailable>(a).detail,
             "The authorization server did not answer the introspection in time "
             "(https://as.example/i: the time is over). See why it is slow or cannot be reached; "
             "TIMEOUT_SECONDS and the host's FASTMCP_VERIFY_TIMEOUT say how long it may take.");
   r.status = FMCP_E_IO;
   EXPECT_THAT(std::get<unavailable>(judge(r, {}, now)).detail,
               AllOf(HasSubstr("could not be asked"), HasSubstr("the time is over). "),
                     HasSubstr("INTROSPECTION_URL is right")));
   r.status = FMCP_E_DENIED;
   EXPECT_THAT(std::get<unavailable>(judge(r, {}, now)).detail, HasSubstr("may not be asked"));
   const auto refused = judge(answer("{}", 401), {}, now);
   EXPECT_THAT(std::get<unavailable>(refused).detail, HasSubstr("CLIENT_SECRET"));
}

} // namespace
