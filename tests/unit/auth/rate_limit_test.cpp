#include "auth/rate_limit.hpp"

#include <gtest/gtest.h>

namespace {

using namespace fmcp;
using namespace std::chrono_literals;
using auth::rate_limit;

core::principal who(std::string issuer, std::string subject, std::string client = {}) {
   core::principal p;
   p.issuer = std::move(issuer);
   p.subject = std::move(subject);
   p.client_id = std::move(client);
   return p;
}

struct RateLimit : testing::Test {
   rate_limit make(std::uint32_t per_minute, std::uint32_t burst = 0, std::size_t callers = 1'000) {
      return rate_limit({.calls_per_minute = per_minute,
                         .burst = burst,
                         .max_callers = callers,
                         .clock = &clock});
   }
   core::manual_clock clock;
   const core::principal alice = who("https://as", "alice"), bob = who("https://as", "bob");
};

TEST_F(RateLimit, IsOffByDefault) {
   rate_limit r({.clock = &clock});
   for (int i = 0; i < 10'000; ++i) ASSERT_EQ(r.take(alice), 0u);
}

TEST_F(RateLimit, AllowsABurstThenTheRate) {
   auto r = make(60, 3);
   for (int i = 0; i < 3; ++i) EXPECT_EQ(r.take(alice), 0u);
   EXPECT_EQ(r.take(alice), 1u);
   clock.advance(1s - 1ns);
   EXPECT_EQ(r.take(alice), 1u) << "what was refused does not count, and is not free either";
   clock.advance(1ns);
   EXPECT_EQ(r.take(alice), 0u);
   EXPECT_EQ(r.take(alice), 1u);
   clock.advance(1h);
   for (int i = 0; i < 3; ++i) EXPECT_EQ(r.take(alice), 0u) << "no more than a burst is saved up";
   EXPECT_EQ(r.take(alice), 1u);
}

TEST_F(RateLimit, AllowsAMinutesWorthAtOnceUnlessTold) {
   auto r = make(10);
   for (int i = 0; i < 10; ++i) EXPECT_EQ(r.take(alice), 0u);
   EXPECT_EQ(r.take(alice), 6u);
}

TEST_F(RateLimit, SaysHowLongToWaitRoundedUp) {
   auto r = make(1, 1);
   EXPECT_EQ(r.take(alice), 0u);
   EXPECT_EQ(r.take(alice), 60u);
   clock.advance(59s + 1ms);
   EXPECT_EQ(r.take(alice), 1u);
}

TEST_F(RateLimit, KnowsCallersByIssuerSubjectAndClient) {
   auto r = make(1, 1);
   EXPECT_EQ(r.take(alice), 0u);
   EXPECT_EQ(r.take(bob), 0u);
   EXPECT_EQ(r.take(who("https://other", "alice")), 0u);
   EXPECT_EQ(r.take(who("https://as", "alice", "app")), 0u);
   EXPECT_EQ(r.take(who("https://a", "salice")), 0u) << "parts do not run into each other";
   auto renewed = alice;
   renewed.scopes = {"more"};
   renewed.expires_unix_ms = 99;
   EXPECT_NE(r.take(renewed), 0u) << "a fresh token is no fresh caller";
}

TEST_F(RateLimit, ForgetsThoseWhoHaveBeenAwayLongest) {
   auto r = make(1, 1, 16);
   EXPECT_EQ(r.take(alice), 0u);
   for (int i = 0; i < 500; ++i) EXPECT_EQ(r.take(who("https://as", std::to_string(i))), 0u);
   EXPECT_EQ(r.take(alice), 0u);
}

TEST_F(RateLimit, SurvivesExtremeSettings) {
   auto fast = make(4'000'000'000u, 4'000'000'000u);
   for (int i = 0; i < 1'000; ++i) ASSERT_EQ(fast.take(alice), 0u);
   auto slow = make(1, 4'000'000'000u);
   for (int i = 0; i < 1'000; ++i) ASSERT_EQ(slow.take(alice), 0u);
}

} // namespace
