// What doctor is told about policies and tokens. That the steps come to the same end as a
// verification is tested for each kind of refusal.

#include "auth/explanation.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/auth/jwt_bench.hpp"

namespace fmcp::auth {
namespace {

using core::auth_reason;
using crypto::algorithm;
using namespace std::chrono_literals;
using test::jwks;
using test::token_maker;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const token_maker& issuer() {
   return token_maker::of(algorithm::rs256);
}

struct Explanation : testing::Test {
   test::jwt_bench bench;

   test::json_members claims() const { return test::claims(bench.now()); }
   policy_report report() {
      auto all = bench.service->report(0ms);
      EXPECT_EQ(all.size(), 1u);
      return all.empty() ? policy_report{} : std::move(all.front());
   }
   std::vector<token_step> steps(std::uint64_t id, const std::string& token) {
      auto out = bench.service->explain(id, token);
      for (const auto& s : out) {
         EXPECT_THAT(s.text, Not(HasSubstr(token)));
         const auto signature = token.substr(token.rfind('.') + 1);
         if (signature.size() > 10) {
            EXPECT_THAT(s.text, Not(HasSubstr(signature)));
         }
      }
      return out;
   }
   static std::vector<std::string> wrong(const std::vector<token_step>& all) {
      std::vector<std::string> out;
      for (const auto& s : all) {
         if (s.reason != auth_reason::none)
            out.push_back(std::string(s.name) + " " + std::string(name_of(s.reason)));
      }
      return out;
   }
   static std::string text_of(const std::vector<token_step>& all, std::string_view name) {
      const auto at = std::ranges::find(all, name, &token_step::name);
      return at == all.end() ? "there is no such step" : at->text;
   }
};

TEST_F(Explanation, TellsWhatAPolicyWantsAndHas) {
   const auto id = bench.add(test::remote_policy());
   auto r = report();
   EXPECT_EQ(r.policy, id);
   EXPECT_EQ(r.keys_url, test::jwks_url);
   EXPECT_EQ(r.problem, "the keys have not come yet");
   EXPECT_THAT(r.algorithms, ElementsAre("RS256"));
   EXPECT_TRUE(r.trusts("https://issuer.example"));
   EXPECT_FALSE(r.trusts("https://issuer.example/"));
   bench.answer(jwks({issuer().jwk(), token_maker::of(algorithm::es256, "other").jwk(),
                      R"({"kty":"oct","kid":"shared","k":"AAAA"})"}));
   r = report();
   EXPECT_EQ(r.problem, "");
   EXPECT_TRUE(r.has_usable_key());
   ASSERT_EQ(r.keys.size(), 3u);
   EXPECT_THAT(r.keys[0].text, AllOf(HasSubstr("k1"), HasSubstr("2048")));
   EXPECT_EQ(r.keys[0].problem, "");
   EXPECT_EQ(r.keys[1].problem, "it is not for RS256");
   EXPECT_THAT(r.keys[2].text, HasSubstr("shared"));
   EXPECT_NE(r.keys[2].problem, "");
}

TEST_F(Explanation, TellsWhyThereAreNoKeysAndForgetsItWhenThereAre) {
   bench.add(test::remote_policy());
   bench.net.answer(404, "no");
   bench.service->step();
   auto r = report();
   EXPECT_THAT(r.problem, HasSubstr("404"));
   EXPECT_FALSE(r.has_usable_key());
   bench.pass(60s);
   bench.answer(jwks({issuer().jwk()}));
   r = report();
   EXPECT_EQ(r.problem, "");
   EXPECT_TRUE(r.has_usable_key());
}

TEST_F(Explanation, KeysOfAnotherAlgorithmAreOfNoUse) {
   bench.add_fetched(jwks({token_maker::of(algorithm::ed25519).jwk()}));
   const auto r = report();
   EXPECT_EQ(r.problem, "");
   EXPECT_EQ(r.keys.size(), 1u);
   EXPECT_FALSE(r.has_usable_key());
}

TEST_F(Explanation, AQueryOfTheUrlIsNotShown) {
   auto p = test::remote_policy();
   p.jwks_uri += "?key=hunter2";
   bench.add(std::move(p));
   EXPECT_EQ(report().keys_url, test::jwks_url);
}

TEST_F(Explanation, KeysOfTheSettingsAreShownWithoutSecrets) {
   bench.add(test::static_policy());
   EXPECT_TRUE(report().has_usable_key());
   EXPECT_EQ(report().keys_url, "");
   const auto id = bench.add(test::static_policy(algorithm::hs256));
   EXPECT_THAT(bench.service->report(0ms).back().keys, IsEmpty());
   const auto& maker = token_maker::of(algorithm::hs256);
   const auto all = steps(id, maker.token(claims()));
   EXPECT_THAT(wrong(all), IsEmpty());
   for (const auto& s : all) EXPECT_THAT(s.text, Not(HasSubstr(maker.secret())));
}

TEST_F(Explanation, OfAGoodTokenNamesEveryStepInItsOrder) {
   const auto id = bench.add_fetched(jwks({issuer().jwk()}));
   const auto all = steps(id, issuer().token(claims()));
   std::vector<std::string_view> names;
   for (const auto& s : all) {
      names.push_back(s.name);
      EXPECT_TRUE(s.is_tried) << s.name;
   }
   EXPECT_THAT(names, ElementsAre("form", "algorithm", "type", "key", "signature", "expiry",
                                  "start", "issuer", "audience", "names"));
   EXPECT_THAT(wrong(all), IsEmpty());
   EXPECT_THAT(text_of(all, "key"), AllOf(HasSubstr("k1"), HasSubstr(test::jwks_url)));
}

TEST_F(Explanation, ShowsReceivedAndExpectedIssuerAndAudience) {
   auto p = test::static_policy();
   p.issuers = {"https://idp.example/x", "https://idp.example/y/*"};
   const auto id = bench.add(std::move(p));
   const auto all = steps(
         id, issuer().token(
                   claims().set("iss", R"("https://idp.example/x/")").set("aud", R"(["a","b"])")));
   EXPECT_THAT(wrong(all), ElementsAre("issuer wrong_issuer", "audience wrong_audience"));
   EXPECT_THAT(
         text_of(all, "issuer"),
         AllOf(HasSubstr(R"(received "iss" "https://idp.example/x/")"),
               HasSubstr(R"(expected "https://idp.example/x" or "https://idp.example/y/*")")));
   EXPECT_THAT(text_of(all, "audience"),
               AllOf(HasSubstr(R"(received "aud" ["a","b"])"), HasSubstr(R"(expected "api")")));
}

TEST_F(Explanation, ShowsTimesAsPeopleReadThem) {
   const auto id = bench.add(test::static_policy());
   const auto all = steps(id, issuer().token(claims().set("exp", "1").set("nbf", "1e300")));
   EXPECT_THAT(wrong(all), ElementsAre("expiry expired", "start not_yet_valid"));
   EXPECT_THAT(text_of(all, "expiry"), HasSubstr(R"(received "exp" 1 (1970-01-01 00:00:01 UTC))"));
   EXPECT_THAT(text_of(all, "start"), HasSubstr("9999-12-31 23:59:59 UTC"));
}

TEST_F(Explanation, SaysWhichKeyIsMissing) {
   const auto id = bench.add(test::remote_policy());
   auto all = steps(id, issuer().token(claims()));
   EXPECT_THAT(wrong(all), ElementsAre("key upstream_unavailable"));
   EXPECT_FALSE(std::ranges::find(all, "signature", &token_step::name)->is_tried);
   bench.answer(jwks({issuer().jwk()}));
   all = steps(id, token_maker::of(algorithm::rs256, "k2").token(claims()));
   EXPECT_THAT(wrong(all), ElementsAre("key unknown_key"));
   EXPECT_THAT(text_of(all, "key"), AllOf(HasSubstr(R"("kid" "k2")"), HasSubstr("k1")));
}

TEST_F(Explanation, ComesToTheSameEndAsAVerification) {
   const auto id = bench.add(test::static_policy());
   const auto good = claims();
   const auto head = issuer().header();
   const auto first_wrong = [&](const std::string& token) {
      for (const auto& s : steps(id, token)) {
         if (s.reason != auth_reason::none) return s.reason;
      }
      return auth_reason::none;
   };
   using members = test::json_members;
   for (const auto& token :
        std::vector<std::string>{issuer().token(good),
                                 "opaque",
                                 "a.b",
                                 issuer().token(good) + ".x",
                                 issuer().sign(R"({"alg":"none"})", good.text()),
                                 issuer().sign(R"({"alg":"XS256"})", good.text()),
                                 token_maker::of(algorithm::es256).token(good),
                                 token_maker::of(algorithm::hs256).token(good),
                                 issuer().token(members(head).set("typ", R"("logout+jwt")"), good),
                                 issuer().token(members(head).set("kid", R"("k9")"), good),
                                 issuer().token(members(head).set("crit", R"(["x"])"), good),
                                 issuer().token(good) + "AA",
                                 issuer().sign(head.text(), "[]"),
                                 issuer().sign(head.text(), "{"),
                                 issuer().sign(head.text(), R"({"iss":1,"iss":2})"),
                                 issuer().token(members(good).drop("exp")),
                                 issuer().token(members(good).set("exp", "1")),
                                 issuer().token(members(good).set("exp", R"("1")")),
                                 issuer().token(members(good).set("nbf", "9999999999")),
                                 issuer().token(members(good).set("iat", "9999999999")),
                                 issuer().token(members(good).drop("iss")),
                                 issuer().token(members(good).set("iss", "7")),
                                 issuer().token(members(good).set("aud", R"("x")")),
                                 issuer().token(members(good).set("aud", "null")),
                                 issuer().token(members(good).set("sub", "7"))}) {
      EXPECT_EQ(first_wrong(token), bench.reason_now(id, token)) << token;
   }
}

TEST_F(Explanation, OfAPolicyThatIsGoneIsEmpty) {
   EXPECT_THAT(bench.service->explain(7, issuer().token(claims())), IsEmpty());
   EXPECT_THAT(bench.service->report(0ms), IsEmpty());
}

} // namespace
} // namespace fmcp::auth
