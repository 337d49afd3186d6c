#include "auth/jwt_policy.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/auth/jwt_bench.hpp"

namespace fmcp::auth {
namespace {

using crypto::algorithm;
using test::jwks;
using test::token_maker;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct JwtPolicy : testing::Test {
   test::jwt_bench bench;

   template <class Change>
   std::string refusal(Change change, jwt_policy p = test::static_policy()) {
      change(p);
      return bench.refusal(std::move(p));
   }
};

TEST_F(JwtPolicy, EachSourceOfKeysWillDo) {
   EXPECT_NE(bench.add(test::static_policy()), 0u);
   EXPECT_NE(bench.add(test::static_policy(algorithm::hs256)), 0u);
   EXPECT_NE(bench.add(test::remote_policy()), 0u);
   auto p = test::usual_policy();
   p.pem = token_maker::of(algorithm::rs256).pem();
   EXPECT_NE(bench.add(p), 0u);
}

TEST_F(JwtPolicy, NeedsExactlyOneSource) {
   EXPECT_THAT(refusal([](auto& p) { p.jwks_json.clear(); }), HasSubstr("none of jwks_uri"));
   EXPECT_THAT(refusal([](auto& p) { p.jwks_uri = test::jwks_url; }), HasSubstr("more than one"));
   EXPECT_THAT(refusal([](auto& p) { p.pem = token_maker::of(algorithm::rs256).pem(); }),
               HasSubstr("more than one"));
   EXPECT_THAT(refusal([](auto& p) { p.shared_secret = std::string(64, 's'); }),
               HasSubstr("more than one"));
}

TEST_F(JwtPolicy, NeedsIssuersAudiencesAndAlgorithms) {
   EXPECT_THAT(refusal([](auto& p) { p.issuers.clear(); }), HasSubstr("issuers is empty"));
   EXPECT_THAT(refusal([](auto& p) { p.audiences.clear(); }), HasSubstr("audiences is empty"));
   EXPECT_THAT(refusal([](auto& p) { p.algorithms.clear(); }), HasSubstr("algorithms is empty"));
   EXPECT_THAT(refusal([](auto& p) { p.issuers = {""}; }), HasSubstr("issuers has an empty entry"));
   EXPECT_THAT(refusal([](auto& p) { p.audiences = {"api", ""}; }),
               HasSubstr("audiences has an empty entry"));
   EXPECT_THAT(refusal([](auto& p) { p.types = {""}; }), HasSubstr("types has an empty entry"));
}

TEST_F(JwtPolicy, AnyMustBeSaidAloneAndExplicitly) {
   EXPECT_THAT(refusal([](auto& p) { p.any_issuer = true; }), HasSubstr("any_issuer"));
   EXPECT_THAT(refusal([](auto& p) { p.any_audience = true; }), HasSubstr("any_audience"));
   EXPECT_THAT(refusal([](auto& p) { p.audiences = {"api", "*"}; }), HasSubstr("any_audience"));
   EXPECT_THAT(refusal([](auto& p) { p.issuers = {"*"}; }), HasSubstr("issuers: \"*\""));
   EXPECT_EQ(refusal([](auto& p) {
                p.issuers.clear();
                p.any_issuer = true;
                p.audiences.clear();
                p.any_audience = true;
             }),
             "it was accepted");
}

TEST_F(JwtPolicy, NoneIsNoAlgorithm) {
   for (const auto* name : {"none", "None", "NONE"})
      EXPECT_THAT(refusal([&](auto& p) { p.algorithms = {"RS256", name}; }), HasSubstr("\"none\""));
   for (const auto* name : {"rs256", "RS256 ", "ES256K", "RSA-OAEP", "dir", "\x1b[2J"})
      EXPECT_THAT(refusal([&](auto& p) { p.algorithms = {name}; }),
                  AllOf(HasSubstr("no signature algorithm"), Not(HasSubstr("\x1b"))));
}

TEST_F(JwtPolicy, SharedSecretsAndKeysDoNotMix) {
   for (const auto* name : {"HS256", "HS384", "HS512"}) {
      const auto mix = [&](auto& p) { p.algorithms.push_back(name); };
      EXPECT_THAT(refusal(mix), HasSubstr("beside public keys"));
      EXPECT_THAT(refusal(mix, test::remote_policy()), HasSubstr("beside public keys"));
      auto pem = test::usual_policy();
      pem.pem = token_maker::of(algorithm::rs256).pem();
      EXPECT_THAT(refusal(mix, pem), HasSubstr("beside public keys"));
   }
   EXPECT_THAT(refusal([](auto& p) { p.algorithms.push_back("RS256"); },
                       test::static_policy(algorithm::hs256)),
               HasSubstr("does not work with a shared_secret"));
}

TEST_F(JwtPolicy, SecretsAreAsLongAsTheHash) {
   auto p = test::static_policy(algorithm::hs256);
   EXPECT_THAT(refusal([](auto& q) { q.shared_secret = std::string(31, 's'); }, p),
               AllOf(HasSubstr("shared_secret"), HasSubstr("at least 32"), Not(HasSubstr("sss"))));
   EXPECT_EQ(refusal([](auto& q) { q.shared_secret = std::string(32, 's'); }, p),
             "it was accepted");
   p.algorithms = {"HS256", "HS512"};
   EXPECT_THAT(refusal([](auto& q) { q.shared_secret = std::string(63, 's'); }, p),
               HasSubstr("shorter than the hash"));
   // The text of a public key is no secret, but nobody can know that it is one.
   EXPECT_EQ(refusal([](auto& q) { q.shared_secret = std::string(64, 's'); }, p),
             "it was accepted");
}

TEST_F(JwtPolicy, KeysMustBeUsable) {
   const auto with_pem = [](const std::string& pem) {
      auto p = test::usual_policy();
      p.pem = pem;
      return p;
   };
   const auto small = test::signer::rsa(1024);
   EXPECT_THAT(bench.refusal(with_pem(small.pem())), AllOf(HasSubstr("pem"), HasSubstr("2048")));
   EXPECT_THAT(bench.refusal(with_pem(token_maker::of(algorithm::es256).pem())),
               HasSubstr("none of the algorithms"));
   EXPECT_THAT(bench.refusal(with_pem("secret.pem")), HasSubstr("pem"));
   EXPECT_THAT(bench.refusal(with_pem(test::signer::of(crypto::key_type::rsa).private_pem())),
               HasSubstr("private key"));
   const auto with_set = [&](const std::string& set) {
      return refusal([&](auto& p) { p.jwks_json = set; });
   };
   EXPECT_THAT(with_set("{}"), HasSubstr("jwks_json"));
   EXPECT_THAT(with_set("no json"), HasSubstr("jwks_json"));
   EXPECT_THAT(with_set(jwks({})), HasSubstr("jwks_json holds no key"));
   EXPECT_THAT(with_set(jwks({small.jwk()})), AllOf(HasSubstr("holds no key"), HasSubstr("2048")));
   EXPECT_THAT(with_set(jwks({token_maker::of(algorithm::es256).jwk()})),
               HasSubstr("holds no key"));
   EXPECT_THAT(with_set(jwks({R"({"kty":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"})"})),
               HasSubstr("holds no key"));
   EXPECT_EQ(with_set(jwks({small.jwk(), token_maker::of(algorithm::rs256).jwk()})),
             "it was accepted");
}

TEST_F(JwtPolicy, IssuerPatternsAreChecked) {
   for (const auto* pattern : {"https://*/x", "https://a.example/a*", "https://a.example/**",
                               "https://a.example/*?x", "x*", " https://a.example"})
      EXPECT_THAT(refusal([&](auto& p) { p.issuers = {"https://ok.example", pattern}; }),
                  HasSubstr("issuers: "))
            << pattern;
}

TEST_F(JwtPolicy, JwksUriIsAnAllowedUrl) {
   const auto at = [&](const char* uri) {
      return refusal([&](auto& p) { p.jwks_uri = uri; }, test::remote_policy());
   };
   for (const auto* uri : {"keys", "/keys", "//issuer.example/keys", "file:///etc/passwd",
                           "ftp://issuer.example/keys", "https:", "https:///keys", "https://",
                           "https://user:pass@issuer.example/keys", "https://issuer.example/keys#x",
                           "https://issuer.example/ke ys", "https://issuer.example\\@evil.example/",
                           "https://issuer.example/\n", "https://*/keys"})
      EXPECT_THAT(at(uri), HasSubstr("jwks_uri is no absolute")) << uri;
   for (const auto* uri : {"http://issuer.example/keys", "https://other.example/keys",
                           "https://issuer.example:444/keys",
                           "https://issuer.example.evil.example/", "https://xissuer.example/keys"})
      EXPECT_THAT(at(uri), AllOf(HasSubstr("jwks_uri"), HasSubstr("allows"))) << uri;
   for (const auto* uri : {"https://issuer.example/", "https://issuer.example:443/a?b",
                           "HTTPS://Issuer.Example/keys", "https://issuer.example:/keys"})
      EXPECT_EQ(at(uri), "it was accepted") << uri;
   EXPECT_THAT(refusal([](auto& p) { p.reach = nullptr; }, test::remote_policy()),
               HasSubstr("allows"));
   auto anywhere = std::make_shared<core::http::fetch_policy>();
   anywhere->any_public_https = true;
   EXPECT_EQ(refusal([&](auto& p) { p.reach = anywhere; }, test::remote_policy()),
             "it was accepted");
   EXPECT_THAT(refusal(
                     [&](auto& p) {
                        p.reach = anywhere;
                        p.jwks_uri = "http://issuer.example/keys";
                     },
                     test::remote_policy()),
               HasSubstr("allows"));
}

TEST_F(JwtPolicy, TimesAreBounded) {
   using std::chrono::seconds;
   EXPECT_EQ(refusal([](auto& p) { p.leeway = seconds(300); }), "it was accepted");
   EXPECT_THAT(refusal([](auto& p) { p.leeway = seconds(301); }), HasSubstr("leeway"));
   EXPECT_THAT(refusal([](auto& p) { p.leeway = seconds(-1); }), HasSubstr("leeway"));
   const auto remote = test::remote_policy();
   EXPECT_EQ(refusal([](auto& p) { p.min_refresh = seconds(3600); }, remote), "it was accepted");
   EXPECT_THAT(refusal([](auto& p) { p.min_refresh = seconds(3601); }, remote),
               HasSubstr("min_refresh"));
   EXPECT_THAT(refusal([](auto& p) { p.min_refresh = seconds(-1); }, remote),
               HasSubstr("min_refresh"));
}

TEST_F(JwtPolicy, ListsAreBounded) {
   const std::vector<std::string> many(65, "https://a.example");
   EXPECT_THAT(refusal([&](auto& p) { p.issuers = many; }), HasSubstr("issuers has more than 64"));
   EXPECT_THAT(refusal([&](auto& p) { p.audiences = many; }), HasSubstr("audiences has more"));
   EXPECT_THAT(refusal([&](auto& p) { p.types = many; }), HasSubstr("types has more"));
   EXPECT_THAT(refusal([&](auto& p) { p.algorithms.assign(65, "RS256"); }),
               HasSubstr("algorithms has more"));
   EXPECT_THAT(refusal([&](auto& p) { p.audiences = {std::string(3000, 'a')}; }),
               HasSubstr("2048 bytes"));
}

TEST_F(JwtPolicy, WithoutAFetcherThereAreNoRemoteKeys) {
   jwt_service alone(nullptr, bench.clock, {.has_thread = false});
   const auto id = alone.add(test::remote_policy());
   ASSERT_FALSE(id);
   EXPECT_EQ(id.error().code, core::errc::unsupported);
   EXPECT_TRUE(alone.add(test::static_policy()));
}

TEST_F(JwtPolicy, ThereAreNotMoreThanAllowed) {
   std::uint64_t first = 0;
   for (std::size_t i = 0; i < jwt_service::max_policies; ++i) {
      const auto id = bench.add(test::static_policy(algorithm::hs256));
      if (i == 0) first = id;
   }
   EXPECT_THAT(bench.refusal(test::static_policy(algorithm::hs256)), HasSubstr("256 policies"));
   bench.service->remove(first);
   bench.service->remove(first); // and again: nothing
   EXPECT_NE(bench.add(test::static_policy(algorithm::hs256)), first);
}

} // namespace
} // namespace fmcp::auth
