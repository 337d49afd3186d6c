#include "net/timer_wheel.hpp"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace fmcp::net {
namespace {

struct item : wheel_entry {
   int number = 0;
};

class TimerWheel : public testing::Test {
protected:
   std::vector<int> advance(std::uint64_t tick) {
      std::vector<int> due;
      wheel.advance(tick, [&](wheel_entry& e) { due.push_back(static_cast<item&>(e).number); });
      return due;
   }
   timer_wheel wheel;
};

TEST_F(TimerWheel, EntryIsDueInItsTickAndNotBefore) {
   item a;
   a.number = 1;
   wheel.schedule(a, 5);
   EXPECT_EQ(advance(4), std::vector<int>{});
   EXPECT_TRUE(a.is_scheduled());
   EXPECT_EQ(advance(5), std::vector<int>{1});
   EXPECT_FALSE(a.is_scheduled());
   EXPECT_EQ(advance(6), std::vector<int>{});
}

TEST_F(TimerWheel, PastTickIsDueInTheNext) {
   item a;
   a.number = 1;
   advance(10);
   wheel.schedule(a, 3);
   EXPECT_EQ(advance(11), std::vector<int>{1});
}

TEST_F(TimerWheel, OnlyAnEarlierTickMovesAnEntry) {
   item a;
   a.number = 1;
   wheel.schedule(a, 5);
   wheel.schedule(a, 9);
   EXPECT_EQ(advance(5), std::vector<int>{1});
   wheel.schedule(a, 9);
   wheel.schedule(a, 7);
   EXPECT_EQ(advance(7), std::vector<int>{1});
   EXPECT_EQ(advance(9), std::vector<int>{});
}

TEST_F(TimerWheel, MoreThanATurnAwayWaitsItsTurn) {
   item a;
   a.number = 1;
   wheel.schedule(a, 1000);
   for (std::uint64_t t = 1; t < 1000; ++t) ASSERT_EQ(advance(t), std::vector<int>{}) << t;
   EXPECT_EQ(advance(1000), std::vector<int>{1});
}

TEST_F(TimerWheel, LongPauseMissesNothing) {
   item items[3];
   for (int i = 0; i < 3; ++i) {
      items[i].number = i;
      wheel.schedule(items[i], static_cast<std::uint64_t>(10 + 300 * i));
   }
   EXPECT_EQ(advance(100'000).size(), 3u);
}

TEST_F(TimerWheel, DueEntryMayComeBackAndDestroyOthers) {
   item a;
   auto b = std::make_unique<item>();
   wheel.schedule(a, 3);
   wheel.schedule(*b, 3);
   int calls = 0;
   const auto due = [&](wheel_entry& e) {
      ++calls;
      b.reset();
      wheel.schedule(e, wheel.now() + 256);
   };
   wheel.advance(3, due);
   EXPECT_EQ(calls, 1);
   wheel.advance(258, due);
   EXPECT_EQ(calls, 1);
   wheel.advance(259, due);
   EXPECT_EQ(calls, 2);
}

} // namespace
} // namespace fmcp::net
