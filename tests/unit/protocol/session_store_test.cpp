#include "protocol/session_store.hpp"

#include <gtest/gtest.h>

#include "support/fake_exchange.hpp"

namespace fmcp::protocol {
namespace {

using namespace std::chrono_literals;
using test::fake_exchange;
using test::manual_executor;

struct fake_call final : running_call {
   void cancel() noexcept override {
      ++cancelled;
      if (on_cancel) on_cancel();
   }
   int cancelled = 0;
   std::function<void()> on_cancel;
};

// ---- one session ----

struct SessionState : testing::Test {
   std::shared_ptr<sse_stream> stream() { return sse_stream::make({.log = state.log()}); }
   std::shared_ptr<test::exchange_record> connect(sse_stream& s) {
      auto record = std::make_shared<test::exchange_record>();
      auto to = std::make_shared<fake_exchange>(home, record);
      peer = to;
      EXPECT_TRUE(s.attach(std::move(to), {}, {}, {}));
      return record;
   }

   manual_executor home;
   session_state state{100, 10'000};
   std::weak_ptr<fake_exchange> peer;
};

TEST_F(SessionState, BeginsAtLevelInfo) {
   EXPECT_EQ(state.level(), log_level::info);
   state.set_log_level(log_level::error);
   EXPECT_EQ(state.level(), log_level::error);
}

TEST_F(SessionState, FindsStreamsByTheirNumber) {
   const auto a = stream(), b = stream();
   state.add_stream(a);
   state.add_stream(b);
   EXPECT_EQ(state.find_stream(1), a);
   EXPECT_EQ(state.find_stream(2), b);
   EXPECT_EQ(state.find_stream(3), nullptr);
}

TEST_F(SessionState, BeyondTheBoundFinishedStreamsAreForgottenFirst) {
   std::vector<std::shared_ptr<sse_stream>> all;
   for (std::size_t i = 0; i < session_state::max_streams; ++i) {
      all.push_back(stream());
      state.add_stream(all.back());
   }
   all[5]->finish();
   all.push_back(stream());
   state.add_stream(all.back());
   EXPECT_EQ(state.find_stream(6), nullptr);
   EXPECT_EQ(state.find_stream(1), all[0]);
   all.push_back(stream());
   state.add_stream(all.back()); // none is finished
   EXPECT_EQ(state.find_stream(1), nullptr);
   EXPECT_FALSE(all[0]->is_finished());
   EXPECT_EQ(state.find_stream(2), all[1]);
   EXPECT_EQ(state.find_stream(all.back()->number()), all.back());
}

TEST_F(SessionState, OneGeneralStreamAtATime) {
   EXPECT_FALSE(state.send_general("nobody"));
   const auto a = stream(), b = stream();
   EXPECT_TRUE(state.set_general_stream(a));
   const auto at_a = connect(*a);
   EXPECT_FALSE(state.set_general_stream(b));
   EXPECT_TRUE(state.send_general("m"));
   EXPECT_EQ(at_a->body, "event: message\nid: 1-1\ndata: m\n\n");
   EXPECT_EQ(state.find_stream(1), a);

   peer.lock()->hang_up();
   EXPECT_TRUE(state.set_general_stream(b));
   EXPECT_TRUE(a->is_finished());
   EXPECT_FALSE(b->is_finished());
   const auto at_b = connect(*b);
   EXPECT_TRUE(state.send_general("n"));
   EXPECT_EQ(at_b->body, "event: message\nid: 2-1\ndata: n\n\n");
}

TEST_F(SessionState, SettingTheGeneralStreamAgainKeepsIt) {
   const auto a = stream();
   EXPECT_TRUE(state.set_general_stream(a));
   (void)connect(*a);
   EXPECT_TRUE(state.set_general_stream(a));
   EXPECT_FALSE(a->is_finished());
}

TEST_F(SessionState, ACallIdIsUsedByOneRunningCall) {
   auto a = std::make_shared<fake_call>();
   const auto b = std::make_shared<fake_call>();
   EXPECT_TRUE(state.add_call("1", a));
   EXPECT_FALSE(state.add_call("1", b));
   EXPECT_TRUE(state.add_call("\"1\"", b)); // another id
   EXPECT_EQ(state.find_call("1"), a);
   EXPECT_EQ(state.find_call("\"1\""), b);
   EXPECT_EQ(state.find_call("2"), nullptr);
   state.remove_call("1", b.get()); // late, of an earlier call with that id
   EXPECT_EQ(state.find_call("1"), a);
   state.remove_call("1", a.get());
   EXPECT_EQ(state.find_call("1"), nullptr);
   EXPECT_TRUE(state.add_call("1", a));
   a.reset(); // over without being removed
   EXPECT_TRUE(state.add_call("1", b));
   EXPECT_EQ(state.find_call("1"), b);
}

TEST_F(SessionState, CallsThatWereOverBeforeTheyWereAddedLeaveNothing) {
   const auto lasting = std::make_shared<fake_call>();
   EXPECT_TRUE(state.add_call("lasting", lasting));
   for (int i = 0; i < 100'000; ++i) {
      EXPECT_TRUE(state.add_call(std::to_string(i), std::make_shared<fake_call>()));
   }
   EXPECT_EQ(state.find_call("lasting"), lasting);
}

TEST_F(SessionState, CloseCancelsCallsAndEndsStreams) {
   const auto a = stream(), general = stream();
   const auto call = std::make_shared<fake_call>();
   state.add_stream(a);
   EXPECT_TRUE(state.set_general_stream(general));
   EXPECT_TRUE(state.add_call("1", call));
   const auto at_a = connect(*a);
   call->on_cancel = [&] {
      state.remove_call("1", nullptr); // would wait for ever under the lock
      EXPECT_TRUE(a->send("cancelled"));
   };
   state.close();
   EXPECT_EQ(call->cancelled, 1);
   EXPECT_TRUE(a->is_finished());
   EXPECT_TRUE(general->is_finished());
   EXPECT_EQ(at_a->body, "event: message\nid: 1-1\ndata: cancelled\n\n");
   EXPECT_EQ(at_a->ends, 1);
   state.close();
   EXPECT_EQ(call->cancelled, 1);
}

TEST_F(SessionState, WhatComesAfterCloseIsEndedToo) {
   state.close();
   EXPECT_TRUE(state.is_closed());
   const auto a = stream(), general = stream();
   const auto call = std::make_shared<fake_call>();
   state.add_stream(a);
   EXPECT_TRUE(a->is_finished());
   EXPECT_FALSE(state.set_general_stream(general));
   EXPECT_TRUE(general->is_finished());
   EXPECT_TRUE(state.add_call("1", call));
   EXPECT_EQ(call->cancelled, 1);
}

TEST_F(SessionState, IsInUseWhileAClientReadsOrACallRuns) {
   EXPECT_FALSE(state.is_in_use());
   const auto of_a_call = stream(), general = stream();
   state.add_stream(of_a_call);
   EXPECT_TRUE(state.set_general_stream(general));
   EXPECT_FALSE(state.is_in_use()) << "nobody reads them";
   for (const auto& s : {of_a_call, general}) {
      (void)connect(*s);
      EXPECT_TRUE(state.is_in_use());
      s->close_connection();
      EXPECT_FALSE(state.is_in_use());
   }
   auto call = std::make_shared<fake_call>();
   EXPECT_TRUE(state.add_call("1", call));
   EXPECT_TRUE(state.is_in_use());
   call.reset();
   EXPECT_FALSE(state.is_in_use());
}

// ---- all sessions ----

session_claims claims(std::uint8_t n, std::int64_t expires_unix_s = 2'000'000'000) {
   session_claims out;
   out.nonce[0] = n;
   out.expires_unix_s = expires_unix_s;
   return out;
}

struct SessionStore : testing::Test {
   session_store make(std::size_t max_sessions = 100) {
      return session_store({.max_sessions = max_sessions,
                            .idle_timeout = 10min,
                            .replay_events = 10,
                            .replay_bytes = 1000,
                            .clock = &clock});
   }
   std::int64_t now_s() const { return clock.unix_ms() / 1000; }

   core::manual_clock clock;
};

TEST_F(SessionStore, MakesStateOnFirstNeed) {
   auto store = make();
   EXPECT_EQ(store.find(claims(1)), nullptr);
   const auto state = store.need(claims(1));
   ASSERT_NE(state, nullptr);
   EXPECT_EQ(store.need(claims(1)), state);
   EXPECT_EQ(store.find(claims(1)), state);
   EXPECT_NE(store.need(claims(2)), state);
   EXPECT_EQ(store.size(), 2u);
}

TEST_F(SessionStore, AnEndedSessionStaysEndedUntilItsTokenExpires) {
   auto store = make();
   const auto s = claims(1, now_s() + 60);
   const auto state = store.need(s);
   const auto epoch = store.epoch();
   EXPECT_FALSE(store.is_ended(s));
   store.end(s);
   EXPECT_TRUE(store.is_ended(s));
   EXPECT_GT(store.epoch(), epoch);
   EXPECT_TRUE(state->is_closed());
   EXPECT_EQ(store.size(), 0u);
   EXPECT_FALSE(store.is_ended(claims(2)));
   clock.advance(59s);
   store.sweep();
   EXPECT_TRUE(store.is_ended(s));
   clock.advance(1s);
   store.sweep();
   EXPECT_EQ(store.tombstones(), 0u);
}

TEST_F(SessionStore, ASessionWithoutStateCanEndToo) {
   auto store = make();
   const auto epoch = store.epoch();
   store.end(claims(1));
   EXPECT_TRUE(store.is_ended(claims(1)));
   EXPECT_GT(store.epoch(), epoch);
   store.end(claims(1));
   EXPECT_EQ(store.tombstones(), 1u);
   store.end(claims(2, now_s())); // its token has expired
   EXPECT_EQ(store.tombstones(), 1u);
}

TEST_F(SessionStore, AnEndedSessionGetsNoNewState) {
   auto store = make();
   store.end(claims(1));
   const auto state = store.need(claims(1));
   ASSERT_NE(state, nullptr);
   EXPECT_TRUE(state->is_closed());
   EXPECT_EQ(store.size(), 0u);
   EXPECT_EQ(store.find(claims(1)), nullptr);
}

TEST_F(SessionStore, TheOneUnusedForLongestGivesWay) {
   auto store = make(3);
   std::vector<std::shared_ptr<session_state>> states;
   for (std::uint8_t i = 0; i < 3; ++i) {
      states.push_back(store.need(claims(i)));
      clock.advance(1s);
   }
   (void)store.find(claims(0)); // used through the store,
   clock.advance(1s);
   states[1]->last_used_ns.store(clock.mono_ns()); // or by somebody who kept the state
   clock.advance(1s);
   const auto epoch = store.epoch();
   (void)store.need(claims(10));
   EXPECT_TRUE(states[2]->is_closed());
   EXPECT_GT(store.epoch(), epoch);
   EXPECT_FALSE(store.is_ended(claims(2))); // it lost its state only
   clock.advance(1s);
   (void)store.need(claims(11));
   EXPECT_TRUE(states[0]->is_closed());
   clock.advance(1s);
   (void)store.need(claims(12));
   EXPECT_TRUE(states[1]->is_closed());
   EXPECT_EQ(store.size(), 3u);
   EXPECT_NE(store.need(claims(2)), states[2]);
}

TEST_F(SessionStore, ThereIsAlwaysRoomForOne) {
   auto store = make(0);
   const auto a = store.need(claims(1));
   EXPECT_FALSE(a->is_closed());
   (void)store.need(claims(2));
   EXPECT_TRUE(a->is_closed());
   EXPECT_EQ(store.size(), 1u);
}

TEST_F(SessionStore, IdleStatesAreForgottenAndTheirSessionsGoOn) {
   auto store = make();
   const auto idle = store.need(claims(1)), used = store.need(claims(2));
   clock.advance(9min);
   store.sweep();
   EXPECT_EQ(store.size(), 2u);
   (void)store.find(claims(2));
   clock.advance(1min);
   const auto epoch = store.epoch();
   store.sweep();
   EXPECT_TRUE(idle->is_closed());
   EXPECT_FALSE(used->is_closed());
   EXPECT_EQ(store.size(), 1u);
   EXPECT_GT(store.epoch(), epoch);
   EXPECT_FALSE(store.is_ended(claims(1)));
   EXPECT_FALSE(store.need(claims(1))->is_closed());
}

TEST_F(SessionStore, StatesInUseAreNotIdle) {
   auto store = make();
   const auto state = store.need(claims(1));
   auto call = std::make_shared<fake_call>();
   EXPECT_TRUE(state->add_call("1", call));
   clock.advance(10min);
   store.sweep();
   EXPECT_FALSE(state->is_closed());
   call.reset();
   clock.advance(9min);
   store.sweep();
   EXPECT_FALSE(state->is_closed()) << "it was in use until then";
   clock.advance(1min);
   store.sweep();
   EXPECT_TRUE(state->is_closed());
}

TEST_F(SessionStore, StatesInUseGiveWayLast) {
   auto store = make(2);
   const auto busy = store.need(claims(1));
   const auto call = std::make_shared<fake_call>();
   EXPECT_TRUE(busy->add_call("1", call));
   clock.advance(1s);
   const auto unused = store.need(claims(2));
   clock.advance(1s);
   const auto next = store.need(claims(3));
   EXPECT_TRUE(unused->is_closed());
   EXPECT_FALSE(busy->is_closed());
   EXPECT_TRUE(next->add_call("1", call));
   clock.advance(1s);
   (void)store.need(claims(4));
   EXPECT_EQ(store.size(), 2u) << "bounded all the same";
   EXPECT_TRUE(busy->is_closed());
}

TEST_F(SessionStore, ASweepThatEndsNothingLeavesTheEpoch) {
   auto store = make();
   (void)store.need(claims(1));
   const auto epoch = store.epoch();
   store.sweep();
   EXPECT_EQ(store.epoch(), epoch);
}

TEST_F(SessionStore, StatesOfExpiredTokensGoWithoutATombstone) {
   auto store = make();
   const auto state = store.need(claims(1, now_s() + 5));
   clock.advance(5s);
   store.sweep();
   EXPECT_TRUE(state->is_closed());
   EXPECT_EQ(store.size(), 0u);
   EXPECT_EQ(store.tombstones(), 0u);
}

TEST_F(SessionStore, TombstonesAreBoundedAndTheFirstToExpireGoes) {
   auto store = make(1); // 8 tombstones
   for (std::uint8_t i = 0; i < 8; ++i) store.end(claims(i, now_s() + 100 + (i == 3 ? 0 : 10)));
   store.end(claims(100, now_s() + 1)); // expires before all others and is kept all the same
   EXPECT_EQ(store.tombstones(), 8u);
   EXPECT_FALSE(store.is_ended(claims(3)));
   EXPECT_TRUE(store.is_ended(claims(0)));
   EXPECT_TRUE(store.is_ended(claims(100)));
   store.end(claims(0, now_s() + 110)); // again: nobody gives way
   EXPECT_TRUE(store.is_ended(claims(100)));
}

TEST_F(SessionStore, CallsBackForEachStateOutsideItsLock) {
   auto store = make();
   (void)store.need(claims(1));
   (void)store.need(claims(2));
   int seen = 0;
   store.for_each([&](session_state& s) {
      ++seen;
      s.close();
      store.end(claims(static_cast<std::uint8_t>(seen))); // would wait for ever under the lock
   });
   EXPECT_EQ(seen, 2);
   EXPECT_EQ(store.size(), 0u);
}

TEST_F(SessionStore, EndingASessionCancelsItsCallsOutsideTheLock) {
   auto store = make();
   const auto call = std::make_shared<fake_call>();
   call->on_cancel = [&] { EXPECT_TRUE(store.is_ended(claims(1))); };
   EXPECT_TRUE(store.need(claims(1))->add_call("1", call));
   store.end(claims(1));
   EXPECT_EQ(call->cancelled, 1);
}

} // namespace
} // namespace fmcp::protocol
