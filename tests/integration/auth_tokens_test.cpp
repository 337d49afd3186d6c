// JSON Web Tokens against the provider `jwt`, over HTTP: every row of the auth reference, section
// 4.1, with our stricter outcome where it says so.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/protected_host.hpp"
#include "support/scripted_server.hpp"
#include "support/token_maker.hpp"

namespace {

using namespace fmcp::test;
using enum fmcp::crypto::algorithm;

const token_maker& rsa() {
   return token_maker::of(rs256);
}

json_members good() {
   return claims(unix_now());
}

scripted_server& idp() {
   static scripted_server server;
   return server;
}

variables with_keys(variables more) {
   idp().serve("/jwks", jwks({rsa().jwk(), token_maker::of(es256, "e1").jwk()}));
   auto out = usual_jwt();
   out.emplace_back("JWT_JWKS_URI", idp().origin() + "/jwks");
   out.insert(out.end(), more.begin(), more.end());
   return out;
}

/// RS256 and ES256 by key set; what it requires is `read`.
http_host& host() {
   static http_host instance(protected_by(
         "jwt", with_keys({{"JWT_ALGORITHM", "RS256,ES256"}, {"JWT_REQUIRED_SCOPES", "read"}})));
   return instance;
}

void refused(const json_members& payload, std::string_view reason, std::string_view what) {
   expect_refused(host(), rsa().token(payload), 401, reason, what);
}

void let_in(const json_members& payload, std::string_view what) {
   expect_let_in(host(), rsa().token(payload), "user-1", what);
}

TEST(JwtOverHttp, GoodTokensOfEachAllowedAlgorithm) {
   let_in(good(), "RS256");
   expect_let_in(host(), token_maker::of(es256, "e1").token(good()), "user-1", "ES256");
   const auto who = caller_of(ask_as(host(), rsa().token(good())));
   EXPECT_EQ(who.at("/client_id"), "client-1");
   EXPECT_EQ(who.at("/issuer"), "https://issuer.example");
   EXPECT_EQ(who.at("/provider"), "jwt");
   EXPECT_EQ(who.at("/scopes"), R"(["read","write"])");
}

TEST(JwtOverHttp, ForgedTokens) {
   auto tampered = rsa().token(good());
   const auto first = tampered.find('.'), second = tampered.rfind('.');
   tampered.replace(first + 1, second - first - 1,
                    base64url(good().set("sub", R"("admin")").text()));
   expect_refused(host(), tampered, 401, "bad_signature", "tampered payload");
   const token_maker foreign(rs256, signer::rsa(2048), "k1");
   expect_refused(host(), foreign.token(good()), 401, "bad_signature", "foreign key");
   const auto none = base64url(R"({"alg":"none","kid":"k1"})") + "." + base64url(good().text());
   expect_refused(host(), none + ".", 401, "malformed", "alg none");
   expect_refused(host(), none + ".AAAA", 401, "bad_algorithm", "alg none with a signature");
   const token_maker confused(hs256, rsa().pem(), "k1");
   expect_refused(host(), confused.token(good()), 401, "bad_algorithm", "HS256 by the PEM");
   for (const auto other : {rs384, ps256, es384}) {
      expect_refused(host(), token_maker::of(other).token(good()), 401, "bad_algorithm",
                     fmcp::crypto::name_of(other));
   }
   const auto liar = rsa().header().set("alg", R"("ES256")");
   expect_refused(host(), rsa().token(liar, good()), 401, "bad_algorithm", "RSA key as ES256");
}

TEST(JwtOverHttp, Times) {
   const auto now = unix_now();
   const auto at = [](std::int64_t t) { return std::to_string(t); };
   refused(good().set("exp", at(now - 1)), "expired", "expired by a second");
   refused(good().drop("exp"), "no_expiry", "without exp");
   refused(good().set("exp", "0"), "expired", "exp 0");
   refused(good().set("exp", "\"" + at(now + 300) + "\""), "malformed", "exp as text");
   refused(good().set("nbf", at(now + 3600)), "not_yet_valid", "nbf in an hour");
   refused(good().set("iat", at(now + 3600)), "not_yet_valid", "iat in an hour");
   let_in(good().set("exp", at(now + 60) + ".5"), "exp with a fraction");
}

TEST(JwtOverHttp, IssuersAndAudiences) {
   refused(good().set("iss", R"("https://issuer.example/")"), "wrong_issuer", "extra slash");
   refused(good().set("iss", R"("https://other.example")"), "wrong_issuer", "another");
   refused(good().drop("iss"), "wrong_issuer", "none");
   let_in(good().set("aud", R"(["x","api"])"), "array with ours");
   refused(good().set("aud", R"(["x","y"])"), "wrong_audience", "array without ours");
   refused(good().set("aud", R"("apis")"), "wrong_audience", "another");
   refused(good().drop("aud"), "wrong_audience", "none");
}

TEST(JwtOverHttp, ClientsAndScopes) {
   const auto who = [](const json_members& payload) {
      return caller_of(ask_as(host(), rsa().token(payload)));
   };
   EXPECT_EQ(who(good().drop("client_id").set("azp", R"("app")")).at("/client_id"), "app");
   EXPECT_EQ(who(good().set("scope", R"(["read","b"])")).at("/scopes"), R"(["read","b"])");
   EXPECT_EQ(who(good().drop("scope").set("scp", R"("read b")")).at("/scopes"), R"(["read","b"])");
   EXPECT_EQ(who(good().drop("scope").set("scp", R"(["read"])")).at("/scopes"), R"(["read"])");
   refused(good().drop("sub").drop("client_id"), "no_subject", "nobody is named");
   for (const auto& [scope, what] : {std::pair{R"("read,write")", "commas do not separate"},
                                     {R"("reader")", "another that begins so"},
                                     {R"("")", "an empty one"}}) {
      expect_refused(host(), rsa().token(good().set("scope", scope)), 403, "missing_scope", what);
   }
   // An empty `scope` hides `scp`, null does not.
   expect_refused(host(), rsa().token(good().set("scope", R"("")").set("scp", R"("read")")), 403,
                  "missing_scope");
   let_in(good().set("scope", "null").set("scp", R"("read")"), "scope null");
}

TEST(JwtOverHttp, TypesAreTheUsualOnesOrThoseThatAreSet) {
   const auto of_type = [](const char* typ) {
      return rsa().token(rsa().header().set("typ", typ), good());
   };
   const auto vendors = of_type(R"("vendor-at+jwt")");
   expect_refused(host(), vendors, 401, "wrong_type");
   expect_let_in(host(), of_type(R"("JWT")"), "user-1", "JWT");
   http_host strict(protected_by("jwt", with_keys({{"JWT_TYPES", "vendor-at+jwt"}})));
   expect_let_in(strict, vendors, "user-1", "as set");
   expect_let_in(strict, of_type(R"("application/Vendor-AT+jwt")"), "user-1", "in any case");
   expect_refused(strict, of_type(R"("at+jwt")"), 401, "wrong_type");
   expect_refused(strict, rsa().token(rsa().header().drop("typ"), good()), 401, "wrong_type");
}

TEST(JwtOverHttp, Headers) {
   const auto with = [](const json_members& head) { return rsa().token(head, good()); };
   const auto head = rsa().header();
   expect_let_in(host(), with(json_members(head).drop("typ")), "user-1", "no typ");
   expect_let_in(host(), with(json_members(head).set("x-own", "[1]")), "user-1", "private member");
   expect_refused(host(), with(json_members(head).set("typ", R"("id_token+jwt")")), 401,
                  "wrong_type");
   expect_refused(host(), with(json_members(head).set("crit", R"(["x-own"])")), 401, "malformed");
   expect_refused(host(), with(json_members(head).set("crit", "[]")), 401, "malformed");
   expect_let_in(host(), with(json_members(head).drop("kid")), "user-1",
                 "no kid, and one key that fits the algorithm");
   std::string deep = R"({"alg":"RS256","x":)";
   deep += std::string(5000, '[') + std::string(5000, ']') + "}";
   expect_refused(host(), rsa().sign(deep, good().text()), 401, "malformed", "deep header");
}

TEST(JwtOverHttp, WhatIsNoToken) {
   const auto token = rsa().token(good());
   const auto first = token.find('.'), second = token.rfind('.');
   const auto head = token.substr(0, first), signature = token.substr(second + 1);
   const auto payload = token.substr(first + 1, second - first - 1);
   for (const auto& text :
        {std::string("..."), std::string(".."), std::string("opaque"), token + ".", "." + token,
         token + "." + signature, head + "." + payload, head + "." + payload + ".",
         "." + payload + "." + signature, "%%%." + payload + "." + signature,
         head + ".%%%." + signature, token + "=", " " + token, token + ",x",
         std::string(12'000, 'a'), std::string("\"") + token + "\"",
         head.substr(0, 9) + "\xc3\xa9." + payload + "." + signature})
      expect_refused(host(), text, 401, "malformed", text.substr(0, 60));
}

TEST(JwtOverHttp, OtherSchemesAreNoBearer) {
   const auto token = rsa().token(good());
   for (const auto& [value, reason] :
        {std::pair<std::string, const char*>{"Basic " + token, "wrong_scheme"},
         {"Bearer", "malformed"},
         {token, "wrong_scheme"},
         {"Bearertoken " + token, "wrong_scheme"},
         {"DPoP " + token, "wrong_scheme"}}) {
      auto request = call_as("");
      request.fields.emplace_back("Authorization", value);
      const auto answer = ask(host().port(), request);
      SCOPED_TRACE(value.substr(0, 20));
      expect_refusal(answer, 401, reason);
   }
   auto request = call_as("");
   request.fields.emplace_back("aUTHORIZATION", "bEARER " + token);
   EXPECT_EQ(ask(host().port(), request).status, 200);
}

TEST(JwtOverHttp, AKeyInPem) {
   auto named = usual_jwt();
   named.emplace_back("JWT_PUBLIC_KEY", rsa().pem());
   http_host pem(protected_by("jwt", named));
   expect_let_in(pem, rsa().token(good()), "user-1");
   expect_let_in(pem, rsa().token(rsa().header().set("kid", R"("x")"), good()), "user-1");
   expect_refused(pem, token_maker::of(rs256, "k2").token(good()), 401, "bad_signature");
   const token_maker confused(hs256, rsa().pem(), "k1");
   expect_refused(pem, confused.token(good()), 401, "bad_algorithm");
}

TEST(JwtOverHttp, ASharedSecret) {
   const auto& maker = token_maker::of(hs256);
   auto named = usual_jwt();
   named.insert(named.end(), {{"JWT_PUBLIC_KEY", maker.secret()}, {"JWT_ALGORITHM", "HS256"}});
   http_host shared(protected_by("jwt", named));
   expect_let_in(shared, maker.token(good()), "user-1");
   expect_refused(shared, token_maker::of(hs256, "other").token(good()), 401, "bad_signature");
   expect_refused(shared, token_maker::of(hs512).token(good()), 401, "bad_algorithm");
   expect_refused(shared, rsa().token(good()), 401, "bad_algorithm");
}

TEST(JwtOverHttp, OneUnusableKeyOfASetDoesNotHarmTheOthers) {
   scripted_server own;
   own.serve("/jwks",
             jwks({R"({"kty":"EC","crv":"P-256","kid":"b","x":"AAAA","y":"AAAA"})",
                   R"({"kty":"new","kid":"n"})",
                   token_maker::of(rs256, "enc").jwk(R"("key_ops":["encrypt"])"), rsa().jwk()}));
   auto named = usual_jwt();
   named.emplace_back("JWT_JWKS_URI", own.origin() + "/jwks");
   http_host mixed(protected_by("jwt", named));
   expect_let_in(mixed, rsa().token(good()), "user-1");
   expect_refused(mixed, token_maker::of(rs256, "enc").token(good()), 401, "unknown_key");
}

TEST(JwtOverHttp, WithoutAKidSeveralKeysAreNone) {
   scripted_server own;
   own.serve("/jwks", jwks({rsa().jwk(), token_maker::of(rs256, "k2").jwk()}));
   auto named = usual_jwt();
   named.emplace_back("JWT_JWKS_URI", own.origin() + "/jwks");
   http_host two(protected_by("jwt", named));
   expect_refused(two, rsa().token(rsa().header().drop("kid"), good()), 401, "unknown_key");
   expect_let_in(two, rsa().token(good()), "user-1");
}

TEST(JwtOverHttp, ATokenEndsAlthoughItIsRemembered) {
   static_cast<void>(host()); // started before the time runs
   const auto end = unix_now() + 3;
   const auto token = rsa().token(good().set("exp", std::to_string(end)));
   expect_let_in(host(), token, "user-1");
   connection same(host().port());
   const auto until = std::chrono::steady_clock::now() + patience;
   http_answer answer;
   do { // on a connection that knows it
      answer = same.ask(call_as(token));
      if (answer.status == 200) {
         EXPECT_LE(unix_now(), end);
      }
   } while (answer.status == 200 && std::chrono::steady_clock::now() < until);
   expect_refusal(answer, 401, "expired");
   expect_refused(host(), token, 401, "expired", "on another connection");
}

} // namespace
