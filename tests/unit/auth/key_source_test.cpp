// Key sets over time: what fetches, when, and what a token gets meanwhile. Through the service,
// with a clock that the test moves and an issuer that the test plays.

#include "auth/key_source.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/auth/jwt_bench.hpp"

namespace fmcp::auth {
namespace {

using core::auth_reason;
using core::errc;
using crypto::algorithm;
using namespace std::chrono_literals;
using test::jwks;
using test::pending;
using test::token_maker;
using testing::HasSubstr;
using enum core::auth_reason;

struct KeySource : testing::Test {
   test::jwt_bench bench;

   static const token_maker& issuer(const char* kid = "k1") {
      return token_maker::of(algorithm::rs256, kid);
   }
   static std::string set_of(std::initializer_list<const char*> kids) {
      std::vector<std::string> keys;
      for (const auto* kid : kids) keys.push_back(issuer(kid).jwk());
      return jwks(keys);
   }
   std::string token(const char* kid = "k1") {
      return issuer(kid).token(test::claims(bench.now()).set("exp", "9999999999"));
   }
   /// A token that is good but for its signature and key.
   std::string forged(int n) {
      auto head = issuer().header().set("kid", "\"made-up-" + std::to_string(n) + "\"");
      return test::base64url(head.text()) + "." +
             test::base64url(test::claims(bench.now()).set("exp", "9999999999").text()) + "." +
             test::base64url(std::string(256, 'x'));
   }
   pending verify(std::uint64_t id, const std::string& t) { return bench.verify(id, t); }
   /// As a name, so that a failure reads well.
   static std::string outcome(const pending& p) {
      return *p ? std::string(name_of((**p).reason)) : "still waiting";
   }
};

TEST_F(KeySource, IsFetchedFromRegistrationOn) {
   const auto id = bench.add(test::remote_policy());
   ASSERT_EQ(bench.net.count(), 1u);
   const auto rq = bench.net.request(0);
   EXPECT_EQ(rq.method, "GET");
   EXPECT_EQ(rq.url, test::jwks_url);
   EXPECT_EQ(rq.max_redirects, 0u);
   EXPECT_EQ(rq.max_body, 64u << 10);
   EXPECT_EQ(rq.timeout, 10s);
   ASSERT_NE(rq.policy, nullptr);
   EXPECT_THAT(rq.policy->origins, testing::ElementsAre("https://issuer.example"));
   EXPECT_FALSE(bench.service->verify_now(id, token()));
   bench.answer(set_of({"k1"}));
   EXPECT_EQ(bench.reason_now(id, token()), none);
   EXPECT_EQ(outcome(verify(id, token())), "none");
   EXPECT_EQ(bench.net.count(), 1u);
}

TEST_F(KeySource, RequestsWaitForTheFirstFetch) {
   const auto id = bench.add(test::remote_policy());
   const auto good = verify(id, token());
   const auto expired = verify(id, issuer().token(test::claims(bench.now() - 3600)));
   const auto bad = verify(id, issuer("k2").token(issuer("k2").header().set("kid", R"("k1")"),
                                                  test::claims(bench.now())));
   EXPECT_EQ(outcome(good), "still waiting");
   EXPECT_EQ(outcome(expired), "expired"); // not worth a fetch, hence not worth waiting
   EXPECT_EQ(outcome(bad), "still waiting");
   bench.answer(set_of({"k1"}));
   EXPECT_EQ(outcome(good), "none");
   EXPECT_EQ((**good).claims_json, test::claims(bench.now()).set("exp", "9999999999").text());
   EXPECT_EQ(outcome(bad), "bad_signature");
   EXPECT_EQ(bench.net.count(), 1u);
}

TEST_F(KeySource, RefreshesInTheBackgroundWhileKeysServe) {
   const auto id = bench.add_fetched(set_of({"k1"}), "max-age=600");
   bench.pass(599s);
   EXPECT_EQ(bench.net.count(), 1u);
   bench.pass(1s);
   EXPECT_EQ(bench.net.count(), 2u);
   EXPECT_EQ(bench.reason_now(id, token()), none); // nobody waits for it
   bench.answer(set_of({"k1", "k2"}), "max-age=600");
   EXPECT_EQ(bench.reason_now(id, token("k2")), none);
   bench.pass(600s);
   EXPECT_EQ(bench.net.count(), 3u);
}

TEST_F(KeySource, LifetimeIsAnHourUnlessTheServerSays) {
   bench.add_fetched(set_of({"k1"}));
   bench.pass(3599s);
   EXPECT_EQ(bench.net.count(), 1u);
   bench.pass(1s);
   EXPECT_EQ(bench.net.count(), 2u);
}

TEST_F(KeySource, StepTellsWhenToComeAgain) {
   const auto t0 = bench.clock.mono_ns();
   const auto id = bench.add(test::remote_policy());
   EXPECT_EQ(bench.service->step(), UINT64_MAX); // the fetcher will call
   bench.net.answer(200, set_of({"k1"}), "max-age=600");
   EXPECT_EQ(bench.service->step(), t0 + 600'000'000'000u);
   verify(id, token("k2"));
   EXPECT_EQ(bench.service->step(), t0 + 4'500'000'000u); // its patience
}

TEST_F(KeySource, AWithdrawnKeyEndsWithTheNextFetch) {
   const auto id = bench.add_fetched(set_of({"k1"}), "max-age=600");
   bench.pass(600s);
   bench.answer(set_of({"k2"}));
   EXPECT_EQ(bench.reason_now(id, token("k2")), none);
   const auto old = verify(id, token("k1"));
   bench.answer(set_of({"k2"}));
   EXPECT_EQ(outcome(old), "unknown_key");
}

TEST_F(KeySource, ARotationRefusesNoValidToken) {
   const auto id = bench.add_fetched(set_of({"k1"}));
   EXPECT_FALSE(bench.service->verify_now(id, token("k2")));
   std::vector<pending> waiting;
   for (int i = 0; i < 100; ++i) waiting.push_back(verify(id, token("k2")));
   EXPECT_EQ(bench.reason_now(id, token("k1")), none); // the old one serves on
   EXPECT_EQ(bench.net.count(), 2u);                   // one fetch for all of them
   bench.answer(set_of({"k1", "k2"}));
   for (const auto& p : waiting) EXPECT_EQ(outcome(p), "none");
   EXPECT_EQ(bench.reason_now(id, token("k2")), none);
   EXPECT_EQ(bench.reason_now(id, token("k1")), none);
   EXPECT_EQ(bench.net.count(), 2u);
}

TEST_F(KeySource, ARotationBehindTheBackOfAFetchIsFound) {
   const auto id = bench.add_fetched(set_of({"k1"}), "max-age=600");
   bench.pass(600s); // a refresh begins, and the server has made its answer already …
   const auto p = verify(id, token("k2")); // … when the key is published and signs
   bench.answer(set_of({"k1"}));
   EXPECT_EQ(outcome(p), "still waiting");
   ASSERT_EQ(bench.net.count(), 3u);
   bench.answer(set_of({"k1", "k2"}));
   EXPECT_EQ(outcome(p), "none");
}

TEST_F(KeySource, AnIdThatWasUnknownMayBecomeKnown) {
   const auto id = bench.add_fetched(set_of({"k1"}));
   const auto early = verify(id, token("k2"));
   bench.answer(set_of({"k1"}));
   EXPECT_EQ(outcome(early), "unknown_key");
   const auto late = verify(id, token("k2"));
   bench.answer(set_of({"k1", "k2"}));
   EXPECT_EQ(outcome(late), "none");
}

TEST_F(KeySource, ARotationWithoutIdsIsFoundToo) {
   const token_maker old_key(algorithm::rs256, test::signer::of(crypto::key_type::rsa),
                             std::nullopt);
   const token_maker new_key(algorithm::rs256, test::signer::rsa(2048), std::nullopt);
   const auto id = bench.add_fetched(jwks({old_key.jwk()}));
   EXPECT_EQ(bench.reason_now(id, old_key.token(test::claims(bench.now()))), none);
   const auto token = new_key.token(test::claims(bench.now()));
   EXPECT_FALSE(bench.service->verify_now(id, token));
   auto p = verify(id, token);
   bench.answer(jwks({new_key.jwk()}));
   EXPECT_EQ(outcome(p), "none");
   // A forged one costs the fetches that are allowed, and is what it is.
   const auto forged = old_key.token(test::claims(bench.now()));
   p = verify(id, forged);
   bench.answer(jwks({new_key.jwk()}));
   EXPECT_EQ(outcome(p), "bad_signature");
   EXPECT_EQ(bench.reason_now(id, forged), bad_signature);
   EXPECT_EQ(bench.net.count(), 3u);
}

TEST_F(KeySource, ARotationWithoutIdsBehindTheBackOfAFetchIsFoundToo) {
   const token_maker old_key(algorithm::rs256, test::signer::of(crypto::key_type::rsa),
                             std::nullopt);
   const token_maker new_key(algorithm::rs256, test::signer::rsa(2048), std::nullopt);
   const auto id = bench.add_fetched(jwks({old_key.jwk()}), "max-age=600");
   bench.pass(600s);
   const auto p = verify(id, new_key.token(test::claims(bench.now())));
   bench.answer(jwks({old_key.jwk()}));
   EXPECT_EQ(outcome(p), "still waiting");
   bench.answer(jwks({new_key.jwk()}));
   EXPECT_EQ(outcome(p), "none");
}

TEST_F(KeySource, AForgedSignatureUnderAKnownIdCostsNoFetch) {
   const auto id = bench.add_fetched(set_of({"k1"}));
   const auto& k2 = issuer("k2");
   const auto token = k2.token(k2.header().set("kid", R"("k1")"), test::claims(bench.now()));
   EXPECT_EQ(bench.reason_now(id, token), bad_signature);
   EXPECT_EQ(outcome(verify(id, token)), "bad_signature");
   EXPECT_EQ(bench.net.count(), 1u);
}

TEST_F(KeySource, OnlyATokenThatWouldPassCostsAFetch) {
   const auto id = bench.add_fetched(set_of({"k1"}));
   const auto& k2 = issuer("k2");
   auto c = test::claims(bench.now());
   EXPECT_EQ(bench.reason_now(id, k2.token(test::claims(bench.now() - 3600))), expired);
   EXPECT_EQ(bench.reason_now(id, k2.token(c.set("iss", R"("x")"))), wrong_issuer);
   EXPECT_EQ(outcome(verify(id, k2.token(c))), "wrong_issuer");
   EXPECT_EQ(outcome(verify(id, k2.token(k2.header().set("typ", R"("x")"), c))), "wrong_type");
   EXPECT_EQ(outcome(verify(id, token_maker::of(algorithm::es256).token(c))), "bad_algorithm");
   // An id that no set can hold, since a key with such a one is left out.
   const auto head = k2.header().set("kid", "\"" + std::string(1025, 'k') + "\"");
   EXPECT_EQ(bench.reason_now(id, k2.token(head, test::claims(bench.now()))), unknown_key);
   EXPECT_EQ(bench.net.count(), 1u);
}

TEST_F(KeySource, AFloodOfUnknownIdsCausesAtMostTwoFetches) {
   const auto id = bench.add_fetched(set_of({"k1"}));
   std::vector<pending> flood;
   for (int i = 0; i < 10'000; ++i) {
      flood.push_back(verify(id, forged(i)));
      // The issuer answers now and then while the flood goes on.
      if (i % 700 == 699 && bench.net.open() > 0) bench.answer(set_of({"k1"}));
   }
   while (bench.net.open() > 0) bench.answer(set_of({"k1"}));
   EXPECT_EQ(bench.net.count(), 3u); // the first one was nobody's
   bench.pass(6s);
   std::map<std::string, int> outcomes;
   for (const auto& p : flood) ++outcomes[outcome(p)];
   EXPECT_GT(outcomes["unknown_key"], 0);
   EXPECT_GT(outcomes["upstream_unavailable"], 0);
   EXPECT_GT(outcomes["busy"], 0);
   EXPECT_EQ(outcomes.size(), 3u); // and nobody waits for ever, and nobody passes
   EXPECT_EQ(bench.net.count(), 3u);
   EXPECT_EQ(bench.reason_now(id, token()), none); // and known keys do not notice
}

TEST_F(KeySource, AtMostTwoForcedFetchesInAnyThirtySeconds) {
   const auto id = bench.add_fetched(set_of({"k1"}));
   std::vector<std::uint64_t> began;
   int n = 0;
   for (int ms = 0; ms < 200'000; ms += 500) {
      const auto before = bench.net.count();
      verify(id, forged(n++));
      if (bench.net.count() > before) began.push_back(bench.clock.mono_ns());
      while (bench.net.open() > 0) bench.answer(set_of({"k1"}));
      bench.pass(500ms);
      if (bench.net.open() > 0) {
         began.push_back(bench.clock.mono_ns());
         bench.answer(set_of({"k1"}));
      }
   }
   ASSERT_GE(began.size(), 12u);
   for (std::size_t i = 2; i < began.size(); ++i)
      EXPECT_GT(began[i] - began[i - 2], 30'000'000'000u) << i;
}

TEST_F(KeySource, ARotationDuringAFloodIsNotUnknown) {
   const auto id = bench.add_fetched(set_of({"k1"}));
   for (int i = 0; i < 2; ++i) {
      verify(id, forged(i));
      bench.answer(set_of({"k1"}));
   }
   ASSERT_EQ(bench.net.count(), 3u);
   // The two are used up. Nothing says that the next key does not exist, so it is "come again".
   EXPECT_EQ(bench.reason_now(id, token("k2")), upstream_unavailable);
   EXPECT_EQ(outcome(verify(id, token("k2"))), "upstream_unavailable");
   // Near enough to the next one that is allowed, it waits for that.
   bench.pass(26s);
   const auto p = verify(id, token("k2"));
   EXPECT_EQ(outcome(p), "still waiting");
   EXPECT_EQ(bench.net.count(), 3u);
   bench.pass(3999ms);
   EXPECT_EQ(bench.net.count(), 3u);
   bench.pass(2ms);
   ASSERT_EQ(bench.net.count(), 4u);
   bench.answer(set_of({"k1", "k2"}));
   EXPECT_EQ(outcome(p), "none");
}

TEST_F(KeySource, TheIdsThatWereAskedForInVainStayUnknownAWhile) {
   const auto id = bench.add_fetched(set_of({"k1"}));
   for (int i = 0; i < 2; ++i) {
      const auto p = verify(id, forged(7));
      bench.answer(set_of({"k1"}));
      EXPECT_EQ(outcome(p), "unknown_key");
   }
   EXPECT_EQ(bench.reason_now(id, forged(7)), unknown_key); // and not 503 for ever
   EXPECT_EQ(outcome(verify(id, forged(7))), "unknown_key");
   EXPECT_EQ(bench.reason_now(id, forged(8)), upstream_unavailable);
   EXPECT_EQ(bench.net.count(), 3u);
   bench.pass(31s);
   EXPECT_FALSE(bench.service->verify_now(id, forged(7))); // it may be asked for again
}

TEST_F(KeySource, WithdrawnIdsCountAsAskedFor) {
   const auto id = bench.add_fetched(set_of({"k1"}));
   for (int i = 0; i < 2; ++i) {
      verify(id, forged(i));
      bench.answer(set_of({"k2"}));
   }
   EXPECT_EQ(bench.reason_now(id, token("k1")), unknown_key);
   EXPECT_EQ(bench.reason_now(id, token("k2")), none);
}

TEST_F(KeySource, RemembersABoundedNumberOfIds) {
   const auto id = bench.add_fetched(set_of({"k1"}));
   std::vector<pending> ps;
   for (int i = 0; i < 300; ++i) ps.push_back(verify(id, forged(i)));
   while (bench.net.open() > 0) bench.answer(set_of({"k1"}));
   for (const auto& p : ps) EXPECT_EQ(outcome(p), "unknown_key");
   EXPECT_EQ(bench.net.count(), 3u);
   EXPECT_EQ(bench.reason_now(id, forged(299)), unknown_key);
   EXPECT_EQ(bench.reason_now(id, forged(44)), unknown_key);
   EXPECT_EQ(bench.reason_now(id, forged(43)), upstream_unavailable); // the oldest gave way
}

TEST_F(KeySource, KnownButUnusableKeysCostNoFetch) {
   const auto small = test::signer::rsa(1024);
   const auto id = bench.add_fetched(jwks({small.jwk(R"("kid":"small")"), issuer("k1").jwk()}));
   const token_maker by_small(algorithm::rs256, small, "small");
   EXPECT_EQ(bench.reason_now(id, by_small.token(test::claims(bench.now()))), unknown_key);
   EXPECT_EQ(bench.net.count(), 1u);
}

TEST_F(KeySource, UnusableKeysAreLeftOut) {
   const auto& rsa = test::signer::of(crypto::key_type::rsa);
   const auto mixed = jwks({
         rsa.jwk(R"("kid":"enc","use":"enc")"),
         rsa.jwk(R"("kid":"ops","key_ops":["encrypt"])"),
         rsa.jwk(R"("kid":"alg","alg":"RSA-OAEP")"),
         test::rsa_jwk(std::string(256, '\xc1'), "\x01"),
         R"({"kty":"oct","kid":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"})",
         // A point of low order: for such a key one signature verifies every message.
         R"({"kty":"OKP","crv":"Ed25519","kid":"low","x":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})",
         R"({"kty":"OKP","crv":"Ed25519","kid":"zero","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})",
         R"({"kty":"EC","crv":"P-256","kid":"ec","x":"AA","y":"AA"})",
         R"("no key at all")",
         issuer().jwk(),
   });
   auto policy = test::remote_policy();
   policy.algorithms = {"RS256", "EdDSA", "ES256"};
   const auto id = bench.add(policy);
   bench.answer(mixed);
   EXPECT_EQ(bench.reason_now(id, token()), none);
   for (const auto* kid : {"enc", "ops", "alg"}) {
      const token_maker maker(algorithm::rs256, rsa, kid);
      EXPECT_EQ(bench.reason_now(id, maker.token(test::claims(bench.now()))), unknown_key) << kid;
   }
   const std::string r_one = std::string("\x01", 1) + std::string(63, '\0');
   for (const auto* kid : {"low", "zero"}) {
      const auto head = R"({"alg":"EdDSA","kid":")" + std::string(kid) + "\"}";
      const auto forged = test::base64url(head) + "." +
                          test::base64url(test::claims(bench.now()).text()) + "." +
                          test::base64url(r_one);
      EXPECT_EQ(bench.reason_now(id, forged), unknown_key) << kid;
   }
   const token_maker oct(algorithm::hs256, "secretsecretsecretsecretsecret", "oct");
   EXPECT_EQ(bench.reason_now(id, oct.token(test::claims(bench.now()))), bad_algorithm);
   EXPECT_EQ(bench.net.count(), 1u);
}

TEST_F(KeySource, WhatIsNoKeySetIsAFailureAndKeysServeOn) {
   const auto id = bench.add_fetched(set_of({"k1"}), "max-age=300");
   bench.pass(300s);
   std::string many = R"({"keys":[)";
   for (int i = 0; i < 65; ++i) many += (i == 0 ? "{}" : ",{}");
   const std::vector<std::pair<int, std::string>> faults = {
         {200, ""},
         {200, "garbage"},
         {200, "<html>Please log in</html>"},
         {200, "{}"},
         {200, "[]"},
         {200, R"({"keys":{}})"},
         {200, set_of({"k2"}) + "x"},
         {200, set_of({"k2"}).substr(0, 300)},
         {200, "{\"keys\":" + std::string(5000, '[')},
         {200, R"({"keys":[],"keys":[]})"},
         {200, many + "]}"},
         {200, jwks({R"({"x":")" + std::string(70'000, 'a') + "\"}"})},
         {301, set_of({"k2"})},
         {302, ""},
         {204, ""},
         {206, set_of({"k2"})},
         {304, ""},
         {404, set_of({"k2"})},
         {429, ""},
         {500, set_of({"k2"})},
         {503, ""},
         {0, set_of({"k2"})},
   };
   for (const auto& [status, body] : faults) {
      ASSERT_EQ(bench.net.open(), 1u);
      bench.net.answer(status, body);
      bench.service->step();
      EXPECT_EQ(bench.reason_now(id, token("k1")), none) << status << " " << body.substr(0, 40);
      bench.pass(60s);
   }
   bench.answer(set_of({"k2"}));
   EXPECT_EQ(bench.reason_now(id, token("k2")), none);
}

TEST_F(KeySource, AnEmptySetIsTheIssuersWord) {
   const auto id = bench.add_fetched(set_of({"k1"}), "max-age=300");
   bench.pass(300s);
   bench.answer(R"({"keys":[]})");
   const auto p = verify(id, token());
   bench.answer(R"({"keys":[]})");
   EXPECT_EQ(outcome(p), "unknown_key");
}

TEST_F(KeySource, FailuresOfEveryKindAre503) {
   for (const auto code : {errc::timeout, errc::io, errc::limit, errc::denied, errc::internal}) {
      test::jwt_bench b;
      const auto id = b.add(test::remote_policy());
      const auto p = b.verify(id, issuer().token(test::claims(b.now())));
      b.net.fail(code);
      b.service->step();
      EXPECT_EQ(outcome(p), "upstream_unavailable");
   }
}

TEST_F(KeySource, WhileTheLastFetchFailedNothingIsUnknown) {
   const auto id = bench.add_fetched(set_of({"k1"}));
   for (int i = 0; i < 2; ++i) {
      const auto p = verify(id, token("k2"));
      bench.answer(set_of({"k1"}));
      EXPECT_EQ(outcome(p), "unknown_key");
   }
   EXPECT_EQ(bench.reason_now(id, token("k2")), unknown_key);
   bench.pass(31s);
   auto p = verify(id, token("k2"));
   bench.fail_fetch();
   EXPECT_EQ(outcome(p), "upstream_unavailable");
   p = verify(id, token("k2"));
   bench.fail_fetch();
   EXPECT_EQ(outcome(p), "upstream_unavailable");
   EXPECT_EQ(bench.reason_now(id, token("k2")), upstream_unavailable);
   EXPECT_EQ(outcome(verify(id, token("k2"))), "upstream_unavailable");
   EXPECT_EQ(bench.reason_now(id, token("k1")), none);
}

TEST_F(KeySource, AFailureTakesBackWhatWasUnknown) {
   const auto id = bench.add_fetched(set_of({"k1"}));
   auto p = verify(id, token("k2"));
   bench.answer(set_of({"k1"}));
   EXPECT_EQ(outcome(p), "unknown_key");
   p = verify(id, token("k2"));
   bench.fail_fetch();
   EXPECT_EQ(outcome(p), "upstream_unavailable");
   EXPECT_EQ(bench.reason_now(id, token("k2")), upstream_unavailable);
}

TEST_F(KeySource, AnIssuerThatHangsCostsAtMostItsPatience) {
   const auto id = bench.add(test::remote_policy());
   const auto p = verify(id, token());
   bench.pass(4499ms);
   EXPECT_EQ(outcome(p), "still waiting");
   bench.pass(1ms);
   EXPECT_EQ(outcome(p), "upstream_unavailable");
   // What comes late is of use to the next.
   bench.pass(4s);
   bench.answer(set_of({"k1"}));
   EXPECT_EQ(bench.reason_now(id, token()), none);
   EXPECT_EQ(bench.net.count(), 1u);
}

TEST_F(KeySource, DownForFiveMinutes) {
   const auto id = bench.add_fetched(set_of({"k1"}), "max-age=300");
   bench.pass(300s);
   std::size_t tried = 0;
   for (int s = 0; s < 300; ++s) {
      if (bench.net.open() > 0) {
         bench.fail_fetch();
         ++tried;
      }
      EXPECT_EQ(bench.reason_now(id, token("k1")), none);
      bench.pass(1s);
   }
   EXPECT_GE(tried, 6u); // at 0, 5, 15, 35, 75, 135, 195, 255 s
   EXPECT_LE(tried, 10u);
   // It is back; within a minute the host knows, without a request and without a restart.
   for (int s = 0; s < 60 && bench.net.open() == 0; ++s) bench.pass(1s);
   bench.answer(set_of({"k2"}));
   EXPECT_EQ(bench.reason_now(id, token("k2")), none);
}

TEST_F(KeySource, RequestsThatAskInVainDoNotPutOffTheNextTry) {
   const auto id = bench.add(test::remote_policy());
   bench.fail_fetch(); // at the start: again after 5 s
   for (int i = 0; i < 2; ++i) {
      const auto p = verify(id, token());
      bench.fail_fetch();
      EXPECT_EQ(outcome(p), "upstream_unavailable");
   }
   bench.pass(4999ms);
   EXPECT_EQ(bench.net.open(), 0u);
   bench.pass(1ms);
   ASSERT_EQ(bench.net.open(), 1u);
   bench.answer(set_of({"k1"}));
   EXPECT_EQ(bench.reason_now(id, token()), none);
}

TEST_F(KeySource, AForcedFetchThatFailsIsTriedAgainSoonerThanTheKeysGetOld) {
   const auto id = bench.add_fetched(set_of({"k1"}), "max-age=3600");
   const auto p = verify(id, token("k2"));
   bench.fail_fetch();
   bench.pass(5s);
   ASSERT_EQ(bench.net.open(), 1u);
   bench.answer(set_of({"k1", "k2"}));
   EXPECT_EQ(bench.reason_now(id, token("k2")), none);
}

TEST_F(KeySource, ARequestFindsTheEndOfAnOutageAtOnce) {
   const auto id = bench.add(test::remote_policy());
   for (int i = 0; i < 6; ++i) {
      if (bench.net.open() > 0) bench.fail_fetch();
      bench.pass(60s);
   }
   while (bench.net.open() > 0) bench.fail_fetch();
   bench.pass(1s);
   ASSERT_EQ(bench.net.open(), 0u); // the next try of its own is far
   const auto p = verify(id, token());
   ASSERT_EQ(bench.net.open(), 1u);
   bench.answer(set_of({"k1"}));
   EXPECT_EQ(outcome(p), "none");
}

TEST_F(KeySource, StaleKeysEndAfterSixHours) {
   const auto id = bench.add_fetched(set_of({"k1"}), "max-age=300");
   const auto fail_all = [&] {
      while (bench.net.open() > 0) bench.fail_fetch();
   };
   bench.pass(300s + 6h - 1ms);
   fail_all();
   EXPECT_EQ(bench.reason_now(id, token()), none);
   bench.pass(1ms);
   const auto p = verify(id, token());
   fail_all();
   EXPECT_EQ(outcome(p), "upstream_unavailable");
   const auto again = verify(id, token());
   bench.answer(set_of({"k1"}));
   EXPECT_EQ(outcome(again), "none");
}

TEST_F(KeySource, WaitersAreBounded) {
   const auto id = bench.add(test::remote_policy());
   const auto one = token();
   std::vector<pending> ps;
   for (std::size_t i = 0; i < key_source::max_waiting; ++i) ps.push_back(verify(id, one));
   EXPECT_EQ(outcome(verify(id, one)), "busy");
   bench.answer(set_of({"k1"}));
   for (const auto& p : ps) EXPECT_EQ(outcome(p), "none");
   EXPECT_EQ(outcome(verify(id, one)), "none");
}

TEST_F(KeySource, WaitersAreBoundedInBytesToo) {
   const auto id = bench.add(test::remote_policy());
   const auto large =
         issuer().token(test::claims(bench.now()).set("x", "\"" + std::string(10'000, 'a') + "\""));
   const std::size_t room = key_source::max_waiting_bytes / large.size();
   ASSERT_LT(room, key_source::max_waiting);
   for (std::size_t i = 0; i < room; ++i) EXPECT_EQ(outcome(verify(id, large)), "still waiting");
   EXPECT_EQ(outcome(verify(id, large)), "busy");
   bench.pass(5s); // their patience ends, and with it their bytes
   EXPECT_EQ(outcome(verify(id, large)), "still waiting");
}

TEST_F(KeySource, IsSharedByPoliciesWithTheSameUri) {
   auto other = test::remote_policy();
   other.audiences = {"other"};
   const auto a = bench.add(test::remote_policy());
   const auto b = bench.add(other);
   EXPECT_EQ(bench.net.count(), 1u);
   bench.answer(set_of({"k1"}));
   EXPECT_EQ(bench.reason_now(a, token()), none);
   EXPECT_EQ(bench.reason_now(b, token()), wrong_audience);
   // Whoever may reach less must not live on what another fetched.
   auto narrower = test::remote_policy();
   auto reach = std::make_shared<core::http::fetch_policy>(*narrower.reach);
   reach->origins.push_back("https://more.example");
   narrower.reach = reach;
   bench.add(narrower);
   EXPECT_EQ(bench.net.count(), 2u);
}

TEST_F(KeySource, MinRefreshHoldsForEveryFetch) {
   auto p = test::remote_policy();
   p.min_refresh = 120s;
   const auto id = bench.add(p);
   bench.answer(set_of({"k1"}), "max-age=300");
   EXPECT_EQ(outcome(verify(id, token("k2"))), "upstream_unavailable");
   bench.pass(119s);
   const auto waiting = verify(id, token("k2"));
   EXPECT_EQ(bench.net.count(), 1u);
   bench.pass(1s);
   ASSERT_EQ(bench.net.count(), 2u);
   bench.fail_fetch();
   EXPECT_EQ(outcome(waiting), "upstream_unavailable");
   bench.pass(119s);
   EXPECT_EQ(bench.net.count(), 2u);
   bench.pass(1s);
   EXPECT_EQ(bench.net.count(), 3u);
}

TEST_F(KeySource, EndsWithItsLastPolicy) {
   const auto a = bench.add(test::remote_policy());
   const auto b = bench.add(test::remote_policy());
   bench.service->remove(a);
   EXPECT_THAT(bench.net.cancelled(), testing::IsEmpty());
   bench.service->remove(b);
   EXPECT_THAT(bench.net.cancelled(), testing::ElementsAre(1u));
   bench.answer(set_of({"k1"})); // too late, and nobody minds
   bench.pass(48h);
   EXPECT_EQ(bench.net.count(), 1u);
}

TEST_F(KeySource, ARemovedPolicyStillAnswersThoseWhoWait) {
   const auto id = bench.add(test::remote_policy());
   const auto p = verify(id, token());
   bench.service->remove(id);
   EXPECT_EQ(outcome(p), "still waiting");
   bench.answer(set_of({"k1"}));
   EXPECT_EQ(outcome(p), "none");
}

TEST_F(KeySource, TheEndOfTheServiceAnswersEverybody) {
   const auto id = bench.add(test::remote_policy());
   const auto p = verify(id, token());
   bench.service.reset();
   EXPECT_EQ(outcome(p), "upstream_unavailable");
   EXPECT_THAT(bench.net.cancelled(), testing::ElementsAre(1u));
   bench.net.fail(errc::timeout); // as a fetcher says that it was cancelled
}

/// What the service cannot be brought to do on one thread.
struct KeySourceAlone : testing::Test {
   struct executor final : core::executor {
      std::vector<core::task> tasks;
      void post(core::task work) override { tasks.push_back(std::move(work)); }
      void run() {
         for (auto& work : std::exchange(tasks, {})) work();
      }
   };
   core::manual_clock clock;
   test::fake_fetcher net;
   std::shared_ptr<executor> worker = std::make_shared<executor>();
   std::shared_ptr<key_source> source = std::make_shared<key_source>(
         remote_keys{test::jwks_url, 0s, std::make_shared<core::http::fetch_policy>()}, net, clock,
         worker);
   key_source::wanted k1{.id = "k1", .alg = algorithm::rs256};

   void fetch() {
      source->start();
      net.answer(200, jwks({token_maker::of(algorithm::rs256).jwk()}));
      worker->run();
   }
};

TEST_F(KeySourceAlone, AKeyThatCameMeanwhileCostsNoFetch) {
   fetch(); // between a look at `keys` and the question
   EXPECT_EQ(source->ask(k1), std::nullopt);
   std::optional<key_source::answer> got;
   EXPECT_EQ(source->await(k1, 0, [&](key_source::answer a) { got = std::move(a); }), std::nullopt);
   EXPECT_FALSE(got);
   worker->run();
   ASSERT_TRUE(got);
   EXPECT_EQ(got->reason, none);
   EXPECT_EQ(got->keys, source->keys());
   EXPECT_EQ(net.count(), 1u);
}

TEST_F(KeySourceAlone, TheFirstWhoWaitsWakesTheWorker) {
   source->start();
   EXPECT_EQ(source->poll(), UINT64_MAX);
   EXPECT_TRUE(worker->tasks.empty());
   EXPECT_EQ(source->await(k1, 0, [](key_source::answer) {}), std::nullopt);
   EXPECT_FALSE(worker->tasks.empty()); // or its patience would have no end
   EXPECT_EQ(source->poll(), clock.mono_ns() + 4'500'000'000u);
}

TEST_F(KeySourceAlone, PatienceMayBeShorterButNotLonger) {
   for (const auto& [wanted, had] : {std::pair{200ms, 200ms}, {60'000ms, 4500ms}}) {
      const auto own = std::make_shared<key_source>(
            remote_keys{test::jwks_url, 0s, std::make_shared<core::http::fetch_policy>()}, net,
            clock, worker, wanted);
      own->start();
      EXPECT_EQ(own->await(k1, 0, [](key_source::answer) {}), std::nullopt);
      const auto due = std::chrono::nanoseconds(own->poll() - clock.mono_ns());
      EXPECT_EQ(due, had);
      own->stop();
   }
}

TEST_F(KeySourceAlone, TheFetchersThreadOnlyPassesTheAnswerOn) {
   source->start();
   net.answer(200, jwks({token_maker::of(algorithm::rs256).jwk()}));
   EXPECT_EQ(source->keys(), nullptr);
   worker->run();
   EXPECT_NE(source->keys(), nullptr);
}

TEST_F(KeySourceAlone, AfterTheEndNothingBeginsAnyMore) {
   fetch();
   source->stop();
   EXPECT_EQ(source->poll(), UINT64_MAX);
   EXPECT_EQ(source->ask({.id = "k2", .alg = algorithm::rs256}), upstream_unavailable);
   EXPECT_EQ(source->await({.id = "k2", .alg = algorithm::rs256}, 0, [](key_source::answer) {}),
             upstream_unavailable);
   EXPECT_EQ(net.count(), 1u);
}

} // namespace
} // namespace fmcp::auth
