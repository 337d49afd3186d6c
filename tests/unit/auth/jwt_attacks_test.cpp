// What RFC 8725 warns of, and what was done to other implementations, through the whole service.

#include <string>

#include <gtest/gtest.h>

#include "unit/auth/jwt_bench.hpp"

namespace fmcp::auth {
namespace {

using core::auth_reason;
using test::base64url;
using test::json_members;
using test::token_maker;
using enum core::auth_reason;
using enum crypto::algorithm;

struct JwtAttack : testing::Test {
   test::jwt_bench bench;
   const token_maker& issuer = token_maker::of(rs256);
   std::uint64_t policy = bench.add(test::static_policy());

   json_members claims() { return test::claims(bench.now()); }
   auth_reason of(const std::string& token) { return bench.reason_now(policy, token); }
   /// The issuer's own signature over any header.
   auth_reason with_header(const std::string& head) {
      return of(issuer.sign(head, claims().text()));
   }
};

TEST_F(JwtAttack, AlgNone) {
   const auto payload = base64url(claims().text());
   for (const auto* alg : {"none", "None", "NONE", "nOnE"}) {
      const auto head = base64url(R"({"alg":")" + std::string(alg) + R"(","kid":"k1"})");
      EXPECT_EQ(of(head + "." + payload + "."), malformed) << alg;
      EXPECT_EQ(of(head + "." + payload + ".AA"), bad_algorithm) << alg;
   }
   for (const auto* alg : {R"("")", R"(" RS256")", R"("rs256")", R"("HS256\u0000")", R"("dir")"})
      EXPECT_EQ(of(base64url(R"({"alg":)" + std::string(alg) + "}") + "." + payload + ".AA"),
                bad_algorithm)
            << alg;
   for (const auto* head : {"{}", R"({"alg":null})", R"({"alg":["RS256"]})", R"({"ALG":"RS256"})"})
      EXPECT_EQ(of(base64url(head) + "." + payload + ".AA"), malformed) << head;
}

TEST_F(JwtAttack, PublicKeyAsHmacSecret) {
   const auto pem = issuer.pem();
   auto without_end = pem;
   without_end.pop_back();
   const auto set = test::jwks({issuer.jwk()});
   for (const auto& text : {pem, without_end, issuer.jwk(), set}) {
      for (const auto a : {hs256, hs384, hs512}) {
         const token_maker forger(a, text, "k1");
         EXPECT_EQ(of(forger.token(claims())), bad_algorithm);
         auto with_pem = test::usual_policy();
         with_pem.pem = pem;
         EXPECT_EQ(bench.reason_now(bench.add(with_pem), forger.token(claims())), bad_algorithm);
      }
   }
   // The DER of the key, as a library might keep it.
   const auto body = pem.substr(pem.find('\n') + 1, pem.rfind("-----END") - pem.find('\n') - 1);
   std::string base64;
   for (const char c : body)
      base64 += c == '\n' ? "" : std::string(1, c == '+' ? '-' : c == '/' ? '_' : c);
   const token_maker der(hs256, test::unbase64url(base64.substr(0, base64.find('='))), "k1");
   EXPECT_EQ(of(der.token(claims())), bad_algorithm);
   // Said to be RS256, it is only a signature of the wrong length.
   EXPECT_EQ(of(der.token(der.header().set("alg", R"("RS256")"), claims())), bad_signature);
}

TEST_F(JwtAttack, SecretAsAKeyAndKeyAsASecret) {
   const auto hs = bench.add(test::static_policy(hs256));
   EXPECT_EQ(bench.reason_now(hs, issuer.token(claims())), bad_algorithm);
   const token_maker empty(hs256, std::string(), "k1");
   EXPECT_EQ(bench.reason_now(hs, empty.token(claims())), bad_signature);
   const token_maker other(hs512, token_maker::of(hs256).secret(), "k1");
   EXPECT_EQ(bench.reason_now(hs, other.token(claims())), bad_algorithm);
}

TEST_F(JwtAttack, PsychicSignatures) {
   for (const auto a : {es256, es384, es512, eddsa, ed448}) {
      const auto id = bench.add(test::static_policy(a));
      const auto& maker = token_maker::of(a);
      auto token = maker.token(claims());
      const auto size = test::unbase64url(token.substr(token.rfind('.') + 1)).size();
      token.resize(token.rfind('.') + 1);
      for (const auto& forged :
           {std::string(size, '\0'), std::string(size, '\xff'), std::string(size / 2, '\0'),
            std::string(1, '\0'), std::string(size / 2, '\0') + std::string(size / 2, '\1')})
         EXPECT_EQ(bench.reason_now(id, token + base64url(forged)), bad_signature) << name_of(a);
      // ECDSA as DER, which JWS does not use.
      EXPECT_EQ(bench.reason_now(id, token + base64url("\x30\x06\x02\x01\x01\x02\x01\x01")),
                bad_signature);
   }
}

TEST_F(JwtAttack, KeyOrItsPlaceInTheHeader) {
   const token_maker mallory(rs256, test::signer::rsa(2048), "k1");
   auto head = mallory.header();
   head.set("jwk", mallory.jwk()).set("jku", R"("https://evil.example/keys")");
   head.set("x5u", R"("https://evil.example/cert")").set("x5c", R"(["MIIB"])");
   head.set("x5t", R"("AAAA")");
   EXPECT_EQ(of(mallory.token(head, claims())), bad_signature);
   EXPECT_EQ(of(mallory.token(head.drop("kid"), claims())), bad_signature);
   EXPECT_EQ(of(mallory.token(head.set("kid", R"("evil")"), claims())), unknown_key);
   EXPECT_EQ(bench.net.count(), 0u);
   // The issuer may put there what it likes.
   head.set("kid", R"("k1")");
   EXPECT_EQ(of(issuer.token(head, claims())), none);
}

TEST_F(JwtAttack, InjectionByKid) {
   for (const auto* kid :
        {R"("../../../../dev/null")", R"("/dev/null")", R"("' OR '1'='1")", R"("k1' --")",
         R"("k1\u0000")", R"("k1 ")", R"("K1")", R"("")", R"("https://evil.example/key")", R"("*")",
         "\"$(id)\"", R"("\u001b[2J")"})
      EXPECT_EQ(of(issuer.token(issuer.header().set("kid", kid), claims())), unknown_key) << kid;
   for (const auto* kid : {"1", "null", "true", R"(["k1"])", R"({"k":"k1"})"})
      EXPECT_EQ(of(issuer.token(issuer.header().set("kid", kid), claims())), malformed) << kid;
   const auto huge = "\"" + std::string(2000, 'k') + "\"";
   EXPECT_EQ(of(issuer.token(issuer.header().set("kid", huge), claims())), unknown_key);
}

TEST_F(JwtAttack, ExtensionsThatChangeTheMeaning) {
   for (const auto* member : {R"("crit":["exp"],"exp":9)", R"("crit":[])",
                              R"("crit":["b64"],"b64":false)", R"("b64":false)", R"("b64":true)"})
      EXPECT_EQ(with_header(R"({"alg":"RS256","kid":"k1",)" + std::string(member) + "}"), malformed)
            << member;
}

TEST_F(JwtAttack, NestedAndOtherKindsOfTokens) {
   // A JWT in a JWT (RFC 7519 section 5.2) has no claims of its own.
   const auto inner = issuer.token(claims());
   EXPECT_EQ(of(issuer.sign(R"({"alg":"RS256","kid":"k1","cty":"JWT"})", inner)), malformed);
   EXPECT_EQ(of(issuer.sign(R"({"alg":"RS256","kid":"k1"})", "\"" + inner + "\"")), malformed);
   // An encrypted token has five parts.
   EXPECT_EQ(of(base64url(R"({"alg":"RSA-OAEP","enc":"A256GCM"})") + ".AA.AA.AA.AA"), malformed);
   // JWS with JSON serialization.
   EXPECT_EQ(of(R"({"payload":"e30","protected":"e30","signature":"AA"})"), malformed);
   // Compression belongs to encryption; the payload is taken as it is.
   EXPECT_EQ(of(issuer.sign(R"({"alg":"RS256","kid":"k1","zip":"DEF"})", "\x78\x9c\x03")),
             malformed);
   EXPECT_EQ(with_header(R"({"alg":"RS256","kid":"k1","zip":"DEF"})"), none);
}

TEST_F(JwtAttack, TokensForOthers) {
   // The same issuer and key, another receiver or another purpose.
   EXPECT_EQ(of(issuer.token(claims().set("aud", R"("another-api")"))), wrong_audience);
   EXPECT_EQ(of(issuer.token(claims().set("aud", R"("client-1")"))),
             wrong_audience); // an ID token
   for (const auto* typ : {"id_token+jwt", "secevent+jwt", "logout+jwt", "dpop+jwt",
                           "oauth-id-jag+jwt", "oauth-authz-req+jwt"})
      EXPECT_EQ(
            of(issuer.token(issuer.header().set("typ", "\"" + std::string(typ) + "\""), claims())),
            wrong_type)
            << typ;
}

TEST_F(JwtAttack, SubstitutionOfIssuers) {
   // The key of one issuer does not verify the tokens of another, though one host trusts both.
   auto other = test::usual_policy();
   other.issuers = {"https://other.example"};
   other.jwks_json = test::jwks({token_maker::of(rs256, "k2").jwk()});
   const auto id = bench.add(other);
   const auto& maker = token_maker::of(rs256, "k2");
   EXPECT_EQ(bench.reason_now(id, maker.token(claims())), wrong_issuer);
   EXPECT_EQ(of(maker.token(claims())), unknown_key);
   EXPECT_EQ(of(maker.token(maker.header().set("kid", R"("k1")"), claims())), bad_signature);
}

TEST_F(JwtAttack, DuplicateMembers) {
   EXPECT_EQ(with_header(R"({"alg":"RS256","kid":"k1","alg":"RS256"})"), malformed);
   EXPECT_EQ(with_header(R"({"alg":"none","kid":"k1","alg":"RS256"})"), malformed);
   EXPECT_EQ(with_header(R"({"alg":"RS256","kid":"evil","kid":"k1"})"), malformed);
   EXPECT_EQ(with_header(R"({"alg":"RS256","kid":"k1","\u006bid":"k1"})"), malformed);
   const auto head = issuer.header().text();
   auto payload = claims().text();
   payload.insert(1, R"("sub":"admin",)");
   EXPECT_EQ(of(issuer.sign(head, payload)), malformed);
   payload = claims().text();
   payload.insert(1, R"("act":{"sub":"a","sub":"b"},)");
   EXPECT_EQ(of(issuer.sign(head, payload)), malformed);
}

TEST_F(JwtAttack, HugeAndDeep) {
   const auto deep = [](int n) { return std::string(n, '[') + std::string(n, ']'); };
   EXPECT_EQ(with_header(R"({"alg":"RS256","kid":"k1","x":)" + deep(5000) + "}"), malformed);
   EXPECT_EQ(with_header(R"({"alg":"RS256","kid":"k1","x":)" + deep(5) + "}"), none);
   const auto head = issuer.header().text();
   EXPECT_EQ(of(issuer.sign(head, claims().set("x", deep(5000)).text())), malformed);
   EXPECT_EQ(of(issuer.sign(head, claims().set("x", deep(20)).text())), none);
   EXPECT_EQ(of(issuer.sign(head, claims().set("x", deep(40)).text())), malformed);
   EXPECT_EQ(with_header(R"({"alg":"RS256","kid":"k1","x":")" + std::string(9000, 'a') + "\"}"),
             malformed);
   EXPECT_EQ(of(issuer.sign(head, claims().set("x", "\"" + std::string(20000, 'a') + "\"").text())),
             malformed);
   std::string wide = "[0";
   for (int i = 0; i < 5000; ++i) wide += ",0";
   EXPECT_EQ(of(issuer.sign(head, claims().set("x", wide + "]").text())), malformed);
   // CVE-2024-38517: ends a process that lets RapidJSON convert it.
   const auto number = "1." + std::string(30, '1') + "e-2147483647";
   EXPECT_EQ(of(issuer.sign(head, claims().set("nbf", number).text())), none);
   EXPECT_EQ(of(issuer.sign(head, claims().set("exp", number).text())), expired);
   EXPECT_EQ(of(issuer.sign(head, claims().set("exp", "1e999999999").text())), malformed);
}

TEST_F(JwtAttack, IllFormedText) {
   const auto head = issuer.header().text();
   EXPECT_EQ(of(issuer.sign(head, claims().set("sub", "\"\xff\"").text())), malformed);
   EXPECT_EQ(of(issuer.sign(head, claims().set("sub", R"("\udc00")").text())), malformed);
   EXPECT_EQ(of(issuer.sign(head, claims().text() + '\0')), malformed);
   EXPECT_EQ(of(issuer.sign(head, claims().text() + "{}")), malformed);
   EXPECT_EQ(of(issuer.sign(head, "\xef\xbb\xbf" + claims().text())), malformed);
   EXPECT_EQ(of(issuer.sign(head, "")), malformed);
   EXPECT_EQ(of(issuer.sign(head, " " + claims().text() + "\n")), none);
}

TEST_F(JwtAttack, RefusalsTellNothingOfTheToken) {
   const auto marked = [&](const char* name) {
      return issuer.token(claims().set(name, R"("canary-value")"));
   };
   for (const auto& token :
        {marked("iss"), marked("aud"), marked("exp"), marked("nbf"),
         issuer.token(issuer.header().set("kid", R"("canary-value")"), claims()),
         issuer.token(issuer.header().set("typ", R"("canary-value")"), claims()),
         issuer.token(issuer.header().set("alg", R"("canary-value")"), claims()),
         std::string("canary-value")}) {
      const auto outcome = bench.service->verify_now(policy, token).value();
      EXPECT_NE(outcome.reason, none);
      EXPECT_EQ(outcome.detail.find("canary"), std::string::npos) << outcome.detail;
      EXPECT_EQ(outcome.claims_json, "");
   }
}

} // namespace
} // namespace fmcp::auth
