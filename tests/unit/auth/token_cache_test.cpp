#include "auth/token_cache.hpp"

#include <limits>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "unit/auth/gate_fakes.hpp"
#include "unit/auth/heap_watch.hpp"

namespace {

using namespace fmcp;
using namespace std::chrono_literals;
using auth::token_cache;
using core::auth_reason;
using test::bad;
using test::good;
using test::somebody;

std::string digest_of(std::string_view token) {
   const auto d = crypto::sha256(token);
   return {reinterpret_cast<const char*>(d.data()), d.size()};
}

class TokenCache : public testing::Test {
protected:
   token_cache::options options_with(std::size_t entries = 1'000) {
      token_cache::options o;
      o.max_entries = entries;
      o.max_refused_entries = entries;
      o.clock = &clock;
      return o;
   }
   void learn(token_cache& c, std::string_view token, auth::verdict v) {
      auto asked = c.ask(token);
      ASSERT_TRUE(asked.is_leader);
      c.settle(asked.pending, std::move(v));
   }
   void learn(std::string_view token, auth::verdict v) { learn(cache, token, std::move(v)); }
   [[nodiscard]] bool is_known(std::string_view token) { return cache.find(token) != nullptr; }

   core::manual_clock clock;
   token_cache cache{options_with()};
};

TEST_F(TokenCache, KnowsWhatWasVerified) {
   EXPECT_FALSE(is_known("abc"));
   learn("abc", good(somebody({"read"})));
   const auto f = cache.find("abc");
   ASSERT_TRUE(f);
   EXPECT_EQ(f->what.who->subject, "alice");
   EXPECT_EQ(f->token.view(), "abc");
   EXPECT_TRUE(cache.is_current(*f, clock.mono_ns()));
   EXPECT_FALSE(is_known("abd"));
   EXPECT_EQ(cache.ask("abc").known, f) << "not asked again";
}

TEST_F(TokenCache, BelievesNoLongerThanTheProviderSays) {
   learn("abc", good(somebody(), 60s));
   const auto f = cache.find("abc");
   clock.advance(60s - 1ns);
   EXPECT_TRUE(is_known("abc"));
   EXPECT_TRUE(cache.is_current(*f, clock.mono_ns()));
   clock.advance(1ns);
   EXPECT_FALSE(is_known("abc"));
   EXPECT_FALSE(cache.is_current(*f, clock.mono_ns()));
   EXPECT_EQ(cache.count().good, 0u) << "dropped when it was found out";
}

TEST_F(TokenCache, BelievesNoLongerThanTheTokenLives) {
   learn("abc", good(somebody({}, clock.unix_ms() + 10'000), 300s));
   clock.advance(10s - 1ms);
   EXPECT_TRUE(is_known("abc"));
   clock.advance(1ms);
   EXPECT_FALSE(is_known("abc"));
   learn("old", good(somebody({}, clock.unix_ms() - 1), 300s));
   EXPECT_FALSE(is_known("old"));
   learn("for ever", good(somebody({}, std::int64_t{1} << 62), 300s));
   EXPECT_TRUE(is_known("for ever")) << "no overflow";
   learn("for never", good(somebody({}, std::numeric_limits<std::int64_t>::min()), 300s));
   EXPECT_FALSE(is_known("for never")) << "nor here";
   clock.advance(300s);
   EXPECT_FALSE(is_known("for ever"));
}

TEST_F(TokenCache, GrantsTheLeewayToTheExpiry) {
   auto o = options_with();
   o.leeway = 30s;
   token_cache lenient(o);
   learn(lenient, "abc", good(somebody({}, clock.unix_ms() + 10'000), 300s));
   clock.advance(40s - 1ms);
   EXPECT_TRUE(lenient.find("abc"));
   clock.advance(1ms);
   EXPECT_FALSE(lenient.find("abc"));
}

TEST_F(TokenCache, KeepsNothingThatMayNotBeKept) {
   learn("once", good(somebody(), 0s));
   EXPECT_FALSE(is_known("once"));
   for (const auto why :
        {auth_reason::busy, auth_reason::upstream_unavailable, auth_reason::provider_failed}) {
      learn("unclear", bad(why));
      EXPECT_FALSE(is_known("unclear")) << core::name_of(why);
   }
}

TEST_F(TokenCache, RemembersARefusalForFiveSeconds) {
   learn("junk", bad(auth_reason::bad_signature));
   clock.advance(5s - 1ns);
   ASSERT_TRUE(cache.find("junk"));
   EXPECT_EQ(cache.find("junk")->what.reason, auth_reason::bad_signature);
   clock.advance(1ns);
   EXPECT_FALSE(is_known("junk"));
}

TEST_F(TokenCache, LetsJunkPushNothingOut) {
   token_cache small(options_with(64));
   learn(small, "abc", good(somebody()));
   for (int i = 0; i < 10'000; ++i)
      learn(small, "junk" + std::to_string(i), bad(auth_reason::bad_signature));
   EXPECT_TRUE(small.find("abc"));
   EXPECT_LE(small.count().refused, 64u);
}

TEST_F(TokenCache, DropsWhatWasUsedLeastRecently) {
   token_cache small(options_with(16 * 4)); // four a shard
   std::vector<std::string> tokens;
   for (int i = 0; i < 2'000; ++i) {
      tokens.push_back("token" + std::to_string(i));
      learn(small, tokens.back(), good(somebody()));
      EXPECT_TRUE(small.find(tokens.front())) << "in use all the time";
   }
   EXPECT_EQ(small.count().good, 64u);
   EXPECT_FALSE(small.find(tokens[1]));
}

TEST_F(TokenCache, IsBoundedInBytes) {
   auto o = options_with(100'000);
   o.max_bytes = 1u << 20;
   token_cache small(o);
   for (int i = 0; i < 1'000; ++i)
      learn(small, std::to_string(i) + std::string(4'000, 'a'), good(somebody()));
   EXPECT_LE(small.count().bytes, 1u << 20);
   EXPECT_GT(small.count().good, 100u);
   o.max_bytes = 16 * 1'000;
   token_cache tiny(o);
   learn(tiny, std::string(4'000, 'a'), good(somebody()));
   EXPECT_EQ(tiny.count().good, 0u) << "larger than its whole shard";
}

TEST_F(TokenCache, VerifiesATokenOnceForAllWhoAsk) {
   auto leader = cache.ask("abc");
   auto follower = cache.ask("abc");
   EXPECT_TRUE(leader.is_leader);
   EXPECT_FALSE(follower.is_leader);
   EXPECT_EQ(follower.pending, leader.pending);
   EXPECT_TRUE(cache.ask("abd").is_leader) << "another token is another matter";

   std::vector<std::string> woken;
   token_cache::waiter w = [&](const auth::finding_ref& f) {
      woken.push_back(f->what.who->subject);
   };
   EXPECT_EQ(follower.pending->wait(w), token_cache::flight::joined::waiting);
   EXPECT_EQ(follower.pending->result(), nullptr);
   cache.settle(leader.pending, good(somebody()));
   EXPECT_EQ(woken, std::vector<std::string>{"alice"});
   ASSERT_TRUE(follower.pending->result());
   token_cache::waiter late = [&](const auth::finding_ref&) { FAIL() << "it has landed"; };
   EXPECT_EQ(follower.pending->wait(late), token_cache::flight::joined::landed);
   EXPECT_EQ(cache.count().flights, 1u) << "that of the other token";
}

TEST_F(TokenCache, BoundsThoseWhoWaitForOneToken) {
   auto o = options_with();
   o.max_waiters = 2;
   token_cache c(o);
   auto asked = c.ask("abc");
   int woken = 0;
   using enum token_cache::flight::joined;
   for (const auto expected : {waiting, waiting, full, full}) {
      token_cache::waiter w = [&](const auth::finding_ref&) { ++woken; };
      EXPECT_EQ(asked.pending->wait(w), expected);
   }
   c.settle(asked.pending, bad(auth_reason::expired));
   EXPECT_EQ(woken, 2);
}

TEST_F(TokenCache, ForgetsOneTokenByItsDigest) {
   learn("abc", good(somebody()));
   learn("def", good(somebody()));
   learn("junk", bad(auth_reason::expired));
   const auto abc = cache.find("abc"), def = cache.find("def");
   cache.forget(digest_of("abc"));
   EXPECT_FALSE(is_known("abc"));
   EXPECT_FALSE(cache.is_current(*abc, clock.mono_ns())) << "connections have it, too";
   EXPECT_FALSE(cache.is_current(*def, clock.mono_ns())) << "has to be looked up again";
   ASSERT_EQ(cache.find("def"), def);
   EXPECT_TRUE(cache.is_current(*def, clock.mono_ns()));
   EXPECT_TRUE(is_known("junk"));
   cache.forget(digest_of("junk"));
   EXPECT_FALSE(is_known("junk"));
   cache.forget("too short to be a digest");
   EXPECT_TRUE(is_known("def"));
}

TEST_F(TokenCache, ForgetsAll) {
   learn("abc", good(somebody()));
   learn("junk", bad(auth_reason::expired));
   const auto abc = cache.find("abc");
   cache.forget({});
   EXPECT_FALSE(is_known("abc"));
   EXPECT_FALSE(is_known("junk"));
   EXPECT_FALSE(cache.is_current(*abc, clock.mono_ns()));
   EXPECT_EQ(cache.count().bytes, 0u);
}

// A revocation that comes while the token is being verified.
TEST_F(TokenCache, StoresNoVerificationThatBeganBeforeTheForgetting) {
   auto early = cache.ask("abc");
   cache.forget(digest_of("abc"));
   auto late = cache.ask("abc");
   EXPECT_TRUE(late.is_leader) << "it does not wait for the early answer";
   cache.settle(early.pending, good(somebody()));
   EXPECT_FALSE(is_known("abc"));
   ASSERT_TRUE(early.pending->result());
   EXPECT_FALSE(cache.is_current(*early.pending->result(), clock.mono_ns()));
   cache.settle(late.pending, bad(auth_reason::inactive));
   ASSERT_TRUE(is_known("abc"));
   EXPECT_EQ(cache.find("abc")->what.reason, auth_reason::inactive);
}

TEST_F(TokenCache, OverwritesATokenThatGoes) {
   const std::string token = std::string(test::marker) + ".and.more";
   const auto before = test::blocks_with_marker();
   {
      auto unprotected = std::make_unique<std::string>(token + std::string(100, 'x'));
   }
   ASSERT_EQ(test::blocks_with_marker(), before + 1) << "the watch sees what is left behind";
   learn(token, good(somebody()));
   cache.forget(digest_of(token));
   learn(token, bad(auth_reason::expired));
   clock.advance(10s);
   EXPECT_FALSE(is_known(token));
   EXPECT_EQ(test::blocks_with_marker(), before + 1);
   auth::token_text moved_from(token);
   auth::token_text moved_to = std::move(moved_from);
   EXPECT_EQ(moved_to.view(), token);
   moved_to = auth::token_text("x");
   EXPECT_EQ(test::blocks_with_marker(), before + 1);
}

// For ThreadSanitizer, and for answers that belong to somebody else.
TEST_F(TokenCache, GivesEveryThreadItsOwnAnswers) {
   token_cache small(options_with(64));
   std::atomic<int> wrong{0}, unanswered{0};
   const auto work = [&](unsigned seed) {
      for (unsigned i = 0; i < 3'000; ++i) {
         const auto name = std::to_string((seed * 7 + i * 13) % 90);
         auto asked = small.ask(name);
         if (asked.is_leader) {
            auto who = std::make_shared<core::principal>();
            who->subject = name;
            small.settle(asked.pending, good(who));
         }
         if (!asked.known) {
            ++unanswered;
            token_cache::waiter w = [&, name](const auth::finding_ref& f) {
               --unanswered;
               if (f->what.who->subject != name) ++wrong;
            };
            if (asked.pending->wait(w) == token_cache::flight::joined::landed)
               w(asked.pending->result());
         } else if (asked.known->what.who->subject != name) {
            ++wrong;
         }
         if (i % 100 == seed) small.forget(i % 200 == seed ? digest_of(name) : std::string());
         if (asked.known) (void)small.is_current(*asked.known, clock.mono_ns());
      }
   };
   std::vector<std::thread> threads;
   for (unsigned t = 0; t < 4; ++t) threads.emplace_back(work, t);
   for (auto& t : threads) t.join();
   EXPECT_EQ(wrong, 0);
   EXPECT_EQ(unanswered, 0);
}

} // namespace
