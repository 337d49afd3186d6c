// From the settings of the jwt provider to a policy, and what is refused on the way.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jwt/src/policy.hpp"

namespace {

using jwt::configured;
using jwt::make_policy;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view pem = "-----BEGIN PUBLIC KEY-----\nMFk\n-----END PUBLIC KEY-----\n";

configured good() {
   configured c;
   c.jwks_uri = "https://id.example/keys";
   c.issuer = {"https://id.example"};
   c.audience = {"api"};
   c.algorithm = {"RS256"};
   return c;
}
std::string problem_of(const configured& c) {
   try {
      (void)make_policy(c);
   } catch (const fmcp::setting_error& e) {
      return e.what();
   }
   return "none";
}

TEST(JwtPolicy, OfAKeySet) {
   const auto p = make_policy(good());
   EXPECT_EQ(p.jwks_uri, "https://id.example/keys");
   EXPECT_TRUE(p.pem.empty());
   EXPECT_TRUE(p.shared_secret.empty());
   EXPECT_THAT(p.issuers, ElementsAre("https://id.example"));
   EXPECT_THAT(p.audiences, ElementsAre("api"));
   EXPECT_THAT(p.algorithms, ElementsAre("RS256"));
   EXPECT_FALSE(p.any_issuer);
   EXPECT_FALSE(p.any_audience);
}

TEST(JwtPolicy, OfTypes) {
   auto c = good();
   EXPECT_TRUE(make_policy(c).types.empty());
   c.types = {"vendor-at+jwt", "at+jwt"};
   EXPECT_THAT(make_policy(c).types, ElementsAre("vendor-at+jwt", "at+jwt"));
   c.types = {""};
   EXPECT_THAT(problem_of(c), HasSubstr("{types} has an empty entry."));
}

TEST(JwtPolicy, OfAPublicKeyOrASharedSecret) {
   auto c = good();
   c.jwks_uri.clear();
   c.public_key = pem;
   c.algorithm = {"ES256", "EdDSA"};
   EXPECT_EQ(make_policy(c).pem, pem);
   EXPECT_TRUE(make_policy(c).shared_secret.empty());
   c.public_key = "a secret that both sides know, long enough";
   c.algorithm = {"HS256"};
   EXPECT_EQ(make_policy(c).shared_secret, c.public_key);
   EXPECT_TRUE(make_policy(c).pem.empty());
}

TEST(JwtPolicy, APublicKeyIsNoSharedSecret) {
   auto c = good();
   c.jwks_uri.clear();
   c.public_key = pem;
   c.algorithm = {"HS256"};
   EXPECT_THAT(problem_of(c), HasSubstr("no shared secret for HS"));
   EXPECT_THAT(problem_of(c), Not(HasSubstr("MFk")));
}

TEST(JwtPolicy, HmacGoesWithNothingElse) {
   auto c = good();
   c.algorithm = {"HS256"};
   EXPECT_THAT(problem_of(c), HasSubstr("not with {jwks_uri}"));
   c.algorithm = {"RS256", "HS256"};
   EXPECT_THAT(problem_of(c), HasSubstr("not with {jwks_uri}"));
   c.jwks_uri.clear();
   c.public_key = pem;
   EXPECT_THAT(problem_of(c), HasSubstr("mixes"));
}

TEST(JwtPolicy, ExactlyOneSourceOfKeys) {
   auto c = good();
   c.public_key = pem;
   EXPECT_THAT(problem_of(c), HasSubstr("exactly one of {public_key} and {jwks_uri}"));
   c.public_key = {};
   c.jwks_uri.clear();
   EXPECT_THAT(problem_of(c), HasSubstr("exactly one of {public_key} and {jwks_uri}"));
   c.public_key = "hunter2hunter2";
   EXPECT_THAT(problem_of(c), HasSubstr("not a key in PEM"));
   EXPECT_THAT(problem_of(c), Not(HasSubstr("hunter2")));
}

TEST(JwtPolicy, ARuleThatIsForgottenIsRefused) {
   auto c = good();
   c.issuer.clear();
   c.audience.clear();
   EXPECT_THAT(problem_of(c), HasSubstr("Set {issuer}, or {allow_any_issuer} to true"));
   EXPECT_THAT(problem_of(c), HasSubstr("Set {audience}, or {allow_any_audience} to true"));
   c.allow_any_issuer = c.allow_any_audience = true;
   EXPECT_EQ(problem_of(c), "none");
   EXPECT_TRUE(make_policy(c).any_issuer);
   EXPECT_TRUE(make_policy(c).any_audience);
}

TEST(JwtPolicy, ContradictionsAndEmptyEntriesAreRefused) {
   auto c = good();
   c.allow_any_issuer = true;
   EXPECT_THAT(problem_of(c), HasSubstr("contradict each other"));
   c = good();
   c.audience = {""};
   EXPECT_THAT(problem_of(c), HasSubstr("{audience} has an empty entry"));
   c.audience = {"*"};
   EXPECT_THAT(problem_of(c), HasSubstr("{audience} names \"*\""));
}

TEST(JwtPolicy, ASecretIsAtLeastAsLongAsTheHash) {
   auto c = good();
   c.jwks_uri.clear();
   const std::string secret(47, 'x');
   c.public_key = secret;
   c.algorithm = {"HS256"};
   EXPECT_EQ(problem_of(c), "none");
   c.algorithm = {"HS256", "HS384"};
   EXPECT_THAT(problem_of(c), HasSubstr("{public_key} is shorter than the hash"));
   EXPECT_THAT(problem_of(c), HasSubstr("48 bytes"));
   EXPECT_THAT(problem_of(c), Not(HasSubstr("xxx")));
}

TEST(JwtPolicy, WhatTheHostSaysOfAMemberIsSaidOfTheSetting) {
   EXPECT_EQ(jwt::in_settings("shared_secret is shorter"), "{public_key} is shorter");
   EXPECT_EQ(jwt::in_settings("pem: it is no key"), "{public_key}: it is no key");
   EXPECT_EQ(jwt::in_settings("jwks_uri has the origin \"x\""), "{jwks_uri} has the origin \"x\"");
   EXPECT_EQ(jwt::in_settings("issuers: \"*\": no"), "{issuer}: \"*\": no");
   EXPECT_EQ(jwt::in_settings("The host refuses it."), "The host refuses it.");
   EXPECT_EQ(jwt::in_settings("issuers"), "{issuer}");
   EXPECT_EQ(jwt::in_settings(""), "");
}

TEST(JwtPolicy, UnknownAlgorithmsAreRefused) {
   for (const char* bad : {"none", "None", "rs256", "RS1", "ES256K", ""}) {
      auto c = good();
      c.algorithm = {bad};
      EXPECT_THAT(problem_of(c), HasSubstr("{algorithm} names something other")) << bad;
   }
   auto c = good();
   c.algorithm.clear();
   EXPECT_THAT(problem_of(c), HasSubstr("{algorithm} names none"));
}

} // namespace
