// The matrix of auth-provider behaviour, row by row, with our outcome where it is stricter than
// that of the Python framework.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "auth/claims.hpp"
#include "unit/auth/jwt_bench.hpp"

namespace fmcp::auth {
namespace {

using core::auth_reason;
using crypto::algorithm;
using test::json_members;
using test::token_maker;
using enum core::auth_reason;
using enum crypto::algorithm;

const token_maker& issuer() {
   return token_maker::of(rs256);
}

struct TokenMatrix : testing::Test {
   test::jwt_bench bench;
   std::uint64_t policy = bench.add(test::static_policy());

   json_members claims() { return test::claims(bench.now()); }
   auth_reason of(const std::string& token) { return bench.reason_now(policy, token); }
   auth_reason of(const json_members& payload) { return of(issuer().token(payload)); }
   auth_reason with(const char* name, std::string json) {
      return of(claims().set(name, std::move(json)));
   }
   auth_reason with_header(const json_members& head) { return of(issuer().token(head, claims())); }
};

TEST_F(TokenMatrix, ValidInEveryAlgorithm) {
   for (const auto a : {rs256, rs384, rs512, ps256, ps384, ps512, es256, es384, es512, eddsa,
                        ed25519, ed448, hs256, hs384, hs512}) {
      const auto id = bench.add(test::static_policy(a));
      const auto token = token_maker::of(a).token(claims());
      EXPECT_EQ(bench.reason_now(id, token), none) << name_of(a);
      const auto outcome = bench.service->verify_now(id, token);
      EXPECT_EQ(outcome->claims_json, claims().text());
      // And not under the policy of another.
      EXPECT_EQ(of(token), a == rs256 ? none : bad_algorithm) << name_of(a);
   }
}

TEST_F(TokenMatrix, ValidWithAPemKeyWhateverTheKid) {
   auto p = test::usual_policy();
   p.pem = issuer().pem();
   const auto id = bench.add(p);
   EXPECT_EQ(bench.reason_now(id, issuer().token(claims())), none);
   EXPECT_EQ(bench.reason_now(id, issuer().token(issuer().header().set("kid", R"("x")"), claims())),
             none);
   EXPECT_EQ(bench.reason_now(id, issuer().token(issuer().header().drop("kid"), claims())), none);
   EXPECT_EQ(bench.reason_now(id, token_maker::of(rs256, "k2").token(claims())), bad_signature);
}

TEST_F(TokenMatrix, TamperedPayload) {
   auto token = issuer().token(claims());
   const auto first = token.find('.');
   const auto second = token.rfind('.');
   const auto forged = test::base64url(claims().set("sub", R"("admin")").text());
   token.replace(first + 1, second - first - 1, forged);
   EXPECT_EQ(of(token), bad_signature);
}

TEST_F(TokenMatrix, EachFlippedBitOfTheSignature) {
   const auto token = issuer().token(claims());
   const auto at = token.rfind('.') + 1;
   const auto signature = test::unbase64url(std::string_view(token).substr(at));
   for (std::size_t bit = 0; bit < signature.size() * 8; bit += 61) {
      auto forged = signature;
      forged[bit / 8] = static_cast<char>(forged[bit / 8] ^ (1 << bit % 8));
      EXPECT_EQ(of(token.substr(0, at) + test::base64url(forged)), bad_signature) << bit;
   }
}

TEST_F(TokenMatrix, ForeignKey) {
   const token_maker foreign(rs256, test::signer::rsa(2048), "k1");
   EXPECT_EQ(of(foreign.token(claims())), bad_signature);
   EXPECT_EQ(of(token_maker::of(rs256, "k2").token(claims())), unknown_key);
}

TEST_F(TokenMatrix, AnotherAlgorithmWithTheRightKey) {
   const auto& key = test::signer::of(crypto::key_type::rsa);
   auto p = test::usual_policy();
   p.jwks_json = test::jwks({key.jwk(R"("kid":"k1")")});
   const auto id = bench.add(p);
   EXPECT_EQ(bench.reason_now(id, token_maker(rs256, key, "k1").token(claims())), none);
   for (const auto a : {rs384, rs512, ps256, ps384, ps512}) {
      EXPECT_EQ(bench.reason_now(id, token_maker(a, key, "k1").token(claims())), bad_algorithm)
            << name_of(a);
      // Nor by saying another algorithm than it is.
      const token_maker liar(a, key, "k1");
      EXPECT_EQ(bench.reason_now(id, liar.token(liar.header().set("alg", R"("RS256")"), claims())),
                bad_signature)
            << name_of(a);
   }
}

TEST_F(TokenMatrix, AlgorithmThatTheKeyIsNotFor) {
   auto p = test::static_policy(); // its only key says "alg":"RS256"
   p.algorithms = {"RS256", "PS256", "ES256"};
   const auto id = bench.add(p);
   EXPECT_EQ(bench.reason_now(id, issuer().token(claims())), none);
   const token_maker ps(ps256, test::signer::of(crypto::key_type::rsa), "k1");
   EXPECT_EQ(bench.reason_now(id, ps.token(claims())), bad_algorithm);
   EXPECT_EQ(bench.reason_now(id, token_maker::of(es256).token(claims())), bad_algorithm);
}

TEST_F(TokenMatrix, SeveralAlgorithmsMayBeAllowed) {
   auto p = test::static_policy();
   p.algorithms = {"RS256", "ES256"};
   p.jwks_json = test::jwks({issuer().jwk(), token_maker::of(es256, "e1").jwk()});
   const auto id = bench.add(p);
   EXPECT_EQ(bench.reason_now(id, issuer().token(claims())), none);
   EXPECT_EQ(bench.reason_now(id, token_maker::of(es256, "e1").token(claims())), none);
}

TEST_F(TokenMatrix, TimesOfTheMatrix) {
   const auto now = bench.now();
   EXPECT_EQ(with("exp", std::to_string(now - 1)), expired);
   EXPECT_EQ(with("exp", std::to_string(now)), expired);
   EXPECT_EQ(of(claims().drop("exp")), no_expiry); // accepted by all three generations
   EXPECT_EQ(with("exp", "0"), expired);
   EXPECT_EQ(with("exp", std::to_string(now + 5) + ".5"), none);
   EXPECT_EQ(with("exp", "\"" + std::to_string(now + 300) + "\""), malformed);
   EXPECT_EQ(with("nbf", std::to_string(now + 3600)), not_yet_valid); // accepted by all three
   EXPECT_EQ(with("iat", std::to_string(now + 3600)), not_yet_valid); // accepted by all three
   EXPECT_EQ(with("iat", std::to_string(now + 10)), none);
}

TEST_F(TokenMatrix, ATokenEndsAsTimePasses) {
   const auto token = issuer().token(claims());
   EXPECT_EQ(of(token), none);
   bench.clock.advance(std::chrono::milliseconds(299'999));
   EXPECT_EQ(of(token), none);
   bench.clock.advance(std::chrono::milliseconds(1));
   EXPECT_EQ(of(token), expired);
}

TEST_F(TokenMatrix, LeewayIsThePolicys) {
   auto p = test::static_policy();
   p.leeway = std::chrono::seconds(60);
   const auto id = bench.add(p);
   const auto expired_by = [&](int s) {
      return issuer().token(claims().set("exp", std::to_string(bench.now() - s)));
   };
   EXPECT_EQ(bench.reason_now(id, expired_by(59)), none);
   EXPECT_EQ(bench.reason_now(id, expired_by(60)), expired);
   EXPECT_EQ(of(expired_by(1)), expired);
}

TEST_F(TokenMatrix, IssuersAndAudiences) {
   EXPECT_EQ(with("iss", R"("https://issuer.example/")"), wrong_issuer);
   EXPECT_EQ(of(claims().drop("iss")), wrong_issuer);
   EXPECT_EQ(with("aud", R"(["x","api"])"), none);
   EXPECT_EQ(with("aud", R"(["x","y"])"), wrong_audience);
   EXPECT_EQ(with("aud", R"("x")"), wrong_audience);
   EXPECT_EQ(of(claims().drop("aud")), wrong_audience);
}

TEST_F(TokenMatrix, ClientAndScopesOfTheMatrix) {
   const auto caller = [&](const json_members& payload) {
      const auto outcome = bench.service->verify_now(policy, issuer().token(payload));
      return principal_from_claims(outcome.value().claims_json).value();
   };
   EXPECT_EQ(caller(claims().drop("client_id").set("azp", R"("app")")).client_id, "app");
   EXPECT_TRUE(caller(claims().set("scope", R"(["a","b"])")).has_scope("a"));
   EXPECT_TRUE(caller(claims().drop("scope").set("scp", R"("a b")")).has_scope("b"));
   EXPECT_TRUE(caller(claims().drop("scope").set("scp", R"(["a","b"])")).has_scope("b"));
   EXPECT_FALSE(caller(claims().set("scope", R"("a,b")")).has_scope("a"));
}

TEST_F(TokenMatrix, NoKidTakesTheOnlyKeyOfTheSet) {
   const auto without = issuer().header().drop("kid");
   EXPECT_EQ(with_header(without), none);
   auto p = test::static_policy();
   p.jwks_json = test::jwks({issuer().jwk(), token_maker::of(rs256, "k2").jwk()});
   EXPECT_EQ(bench.reason_now(bench.add(p), issuer().token(without, claims())), unknown_key);
   const token_maker nameless(rs256, test::signer::of(crypto::key_type::rsa), std::nullopt);
   p.jwks_json = test::jwks({nameless.jwk()});
   const auto id = bench.add(p);
   EXPECT_EQ(bench.reason_now(id, nameless.token(claims())), none);
   EXPECT_EQ(
         bench.reason_now(id, nameless.token(nameless.header().set("kid", R"("k1")"), claims())),
         unknown_key);
}

TEST_F(TokenMatrix, PrivateHeaderMembersAreIgnored) {
   EXPECT_EQ(with_header(issuer().header().set("x-private", R"({"a":[1,2]})")), none);
   EXPECT_EQ(with_header(issuer().header().set("cty", R"("json")")), none);
   EXPECT_EQ(with_header(issuer().header().set("crit", R"(["x-private"])")), malformed);
}

TEST_F(TokenMatrix, TypesOfOtherTokens) {
   EXPECT_EQ(with_header(issuer().header().drop("typ")), none);
   EXPECT_EQ(with_header(issuer().header().set("typ", R"("JWT")")), none);
   for (const auto* typ : {"id_token+jwt", "secevent+jwt", "logout+jwt", "dpop+jwt",
                           "oauth-id-jag+jwt", "application/logout+jwt"})
      EXPECT_EQ(with_header(issuer().header().set("typ", "\"" + std::string(typ) + "\"")),
                wrong_type)
            << typ;
   auto p = test::static_policy();
   p.types = {"application/AT+jwt"};
   const auto id = bench.add(p);
   EXPECT_EQ(bench.reason_now(id, issuer().token(claims())), none);
   EXPECT_EQ(bench.reason_now(id, issuer().token(issuer().header().drop("typ"), claims())),
             wrong_type);
}

TEST_F(TokenMatrix, WhatIsNoToken) {
   const auto token = issuer().token(claims());
   const auto first = token.find('.');
   const auto second = token.rfind('.');
   const auto header = token.substr(0, first);
   const auto payload = token.substr(first + 1, second - first - 1);
   const auto signature = token.substr(second + 1);
   for (const auto& text : {std::string(),
                            std::string("..."),
                            std::string(".."),
                            std::string("a.b.c"),
                            token + ".",
                            "." + token,
                            token + "." + signature,
                            header + "." + payload,
                            header + "." + payload + ".",
                            "." + payload + "." + signature,
                            header + ".." + signature,
                            token + "=",
                            token + "\n",
                            " " + token,
                            "Bearer " + token,
                            "%%%." + payload + "." + signature,
                            header + ".%%%." + signature,
                            std::string("opaque-token-of-another-kind"),
                            std::string("{\"alg\":\"RS256\"}"),
                            std::string(20000, 'a'),
                            std::string(4000, '.')}) {
      const auto reason = of(text);
      // An empty payload may be signed, and is none that we know.
      EXPECT_TRUE(reason == malformed ||
                  (reason == bad_signature && text.starts_with(header + "..")))
            << text.substr(0, 80) << " " << name_of(reason);
   }
}

TEST_F(TokenMatrix, APolicyThatIsGone) {
   const auto token = issuer().token(claims());
   EXPECT_EQ(bench.reason_now(policy + 1000, token), provider_failed);
   bench.service->remove(policy);
   EXPECT_EQ(of(token), provider_failed);
   const auto outcome = bench.verify(policy, token);
   ASSERT_TRUE(*outcome);
   EXPECT_EQ((*outcome)->reason, provider_failed);
}

/// A token as Descope issues it, against the policy for one project.
TEST_F(TokenMatrix, DescopeProject) {
   auto p = test::static_policy();
   const std::string base = "https://api.descope.com/v1/apps/";
   p.issuers = {base + "P2abc", base + "agentic/P2abc/*", base + "agentic/P2abc/*/",
                base + "P2abc/*", base + "P2abc/*/"};
   p.audiences = {"P2abc"};
   const auto id = bench.add(p);
   const auto reason = [&](const std::string& iss, const std::string& aud) {
      auto c = claims().set("iss", "\"" + iss + "\"").set("aud", aud);
      return bench.reason_now(id, issuer().token(c));
   };
   const std::string ours = R"(["UMclient","P2abc"])";
   EXPECT_EQ(reason(base + "P2abc", ours), none);
   EXPECT_EQ(reason(base + "agentic/P2abc/MS1", ours), none);
   EXPECT_EQ(reason(base + "agentic/P2abc/MS1/", R"("P2abc")"), none);
   EXPECT_EQ(reason(base + "P2abc/T1", ours), none);
   EXPECT_EQ(reason(base + "agentic/P2abc", ours), wrong_issuer);
   EXPECT_EQ(reason(base + "P2abc/", ours), wrong_issuer);
   EXPECT_EQ(reason(base + "P2abcd", ours), wrong_issuer);
   EXPECT_EQ(reason(base + "P2abc", R"(["UMclient","P2abcd"])"), wrong_audience);
   EXPECT_EQ(reason(base + "P2abc", R"("UMclient")"), wrong_audience);
}

} // namespace
} // namespace fmcp::auth
