#include "protocol/event_log.hpp"

#include <gtest/gtest.h>

namespace fmcp::protocol {
namespace {

using position = event_log::position;

/// `1-2:text 1-3:text`, or "nothing".
std::string told(const std::optional<std::vector<event_log::event>>& events) {
   if (!events) return "nothing";
   std::string out;
   for (const auto& e : *events) {
      if (!out.empty()) out += ' ';
      out += event_log::text(e.at) + ':' + e.message;
   }
   return out;
}

TEST(EventLog, IdsAreReadAsTheyAreWritten) {
   for (const position p : {position{1, 1}, position{7, 42}, position{UINT32_MAX, UINT64_MAX}}) {
      EXPECT_EQ(event_log::read(event_log::text(p)), p);
   }
   EXPECT_EQ(event_log::text({12, 34}), "12-34");
}

TEST(EventLog, ForeignIdsAreNone) {
   for (const std::string_view id :
        {"",      "-",    "1",    "1-",           "-1",
         "1-0",   "0-1",  "01-1", "1-01",         "+1-1",
         "1-+1",  "1--1", " 1-1", "1-1 ",         "1-1-1",
         "1 - 1", "a-1",  "1-a",  "4294967296-1", "1-18446744073709551616",
         "1_1",   "0x1-1"}) {
      EXPECT_FALSE(event_log::read(id)) << id;
   }
   EXPECT_FALSE(event_log::read(std::string(1 << 20, '1') + "-1"));
   EXPECT_FALSE(event_log::read(std::string_view("1-1\0", 4)));
}

TEST(EventLog, NumbersStreamsAndTheirEventsFromOne) {
   event_log log(10, 1000);
   EXPECT_EQ(log.open_stream(), 1u);
   EXPECT_EQ(log.open_stream(), 2u);
   EXPECT_EQ(log.append(1, "a"), (position{1, 1}));
   EXPECT_EQ(log.append(2, "b"), (position{2, 1}));
   EXPECT_EQ(log.append(1, "c"), (position{1, 2}));
}

TEST(EventLog, BeginsItsStreamsWhereItIsTold) {
   event_log log(10, 1000, 41);
   const auto s = log.open_stream();
   EXPECT_EQ(s, 42u);
   EXPECT_EQ(log.append(s, "a"), (position{42, 1}));
   EXPECT_FALSE(log.since({1, 1})) << "an id of another log";
}

TEST(EventLog, IdsTellTheSessionsOwnStream) {
   event_log log(10, 1000);
   const auto own = log.append(log.open_stream(true), "a");
   const auto other = log.append(log.open_stream(), "b");
   EXPECT_TRUE(event_log::is_general(own));
   EXPECT_FALSE(event_log::is_general(other));
   EXPECT_EQ(event_log::read(event_log::text(own)), own);
   EXPECT_TRUE(log.since({own.stream, 0}));
}

TEST(EventLog, RepeatsOneStreamsEventsBehindAPosition) {
   event_log log(10, 1000);
   (void)log.open_stream();
   (void)log.open_stream();
   log.append(1, "a");
   log.append(2, "x");
   log.append(1, "b");
   log.append(1, "c");
   EXPECT_EQ(told(log.since({1, 0})), "1-1:a 1-2:b 1-3:c");
   EXPECT_EQ(told(log.since({1, 1})), "1-2:b 1-3:c");
   EXPECT_EQ(told(log.since({1, 3})), "");
   EXPECT_EQ(told(log.since({2, 0})), "2-1:x");
}

TEST(EventLog, PositionsThatWereNeverGivenAreNothing) {
   event_log log(10, 1000);
   EXPECT_EQ(told(log.since({1, 0})), "nothing");
   (void)log.open_stream();
   log.append(1, "a");
   EXPECT_EQ(told(log.since({1, 2})), "nothing");
   EXPECT_EQ(told(log.since({2, 1})), "nothing");
   EXPECT_EQ(told(log.since({0, 0})), "nothing");
}

TEST(EventLog, PrimingEventsAreNumberedAndLeaveNoGap) {
   event_log log(10, 1000);
   (void)log.open_stream();
   EXPECT_EQ(log.append(1, ""), (position{1, 1}));
   log.append(1, "a");
   log.append(1, "");
   log.append(1, "b");
   EXPECT_EQ(told(log.since({1, 1})), "1-2:a 1-4:b");
   EXPECT_EQ(told(log.since({1, 2})), "1-4:b");
   EXPECT_EQ(told(log.since({1, 3})), "1-4:b");
}

TEST(EventLog, TheOldestGoFirstAndLeaveAGap) {
   event_log log(2, 1000);
   (void)log.open_stream();
   log.append(1, "a");
   log.append(1, "b");
   EXPECT_EQ(told(log.since({1, 0})), "1-1:a 1-2:b");
   log.append(1, "c");
   EXPECT_EQ(told(log.since({1, 0})), "nothing");
   EXPECT_EQ(told(log.since({1, 1})), "1-2:b 1-3:c");
   EXPECT_EQ(told(log.remaining({1, 0})), "1-2:b 1-3:c");
}

TEST(EventLog, AnotherStreamsEventsPushOutToo) {
   event_log log(2, 1000);
   (void)log.open_stream();
   (void)log.open_stream();
   log.append(1, "a");
   log.append(2, "x");
   log.append(2, "y");
   EXPECT_EQ(told(log.since({1, 0})), "nothing");
   EXPECT_EQ(told(log.since({1, 1})), ""); // whoever has 1-1 misses nothing
   EXPECT_EQ(told(log.since({2, 0})), "2-1:x 2-2:y");
}

TEST(EventLog, IsBoundedInBytes) {
   event_log log(1000, 10);
   (void)log.open_stream();
   log.append(1, "aaaa");
   log.append(1, "bbbb");
   EXPECT_EQ(log.bytes(), 8u);
   log.append(1, "cccc");
   EXPECT_EQ(log.bytes(), 8u);
   EXPECT_EQ(told(log.since({1, 1})), "1-2:bbbb 1-3:cccc");
   log.append(1, "0123456789");
   EXPECT_EQ(log.bytes(), 10u);
   EXPECT_EQ(told(log.since({1, 3})), "1-4:0123456789");
}

TEST(EventLog, AMessageLargerThanTheLogIsAGapInItsStreamOnly) {
   event_log log(10, 10);
   (void)log.open_stream();
   (void)log.open_stream();
   log.append(1, "a");
   log.append(2, "x");
   EXPECT_EQ(log.append(1, "01234567890"), (position{1, 2}));
   log.append(1, "b");
   EXPECT_EQ(told(log.since({1, 0})), "nothing");
   EXPECT_EQ(told(log.since({1, 1})), "nothing");
   EXPECT_EQ(told(log.since({1, 2})), "1-3:b");
   EXPECT_EQ(told(log.since({2, 0})), "2-1:x");
   log.append(2, "y"); // dropping 1-1 later must not shrink the gap
   for (int i = 0; i < 8; ++i) log.append(2, "z");
   EXPECT_EQ(told(log.since({1, 1})), "nothing");
}

TEST(EventLog, WithoutRoomEverythingIsNumberedAndNothingKept) {
   event_log log(0, 0);
   (void)log.open_stream();
   EXPECT_EQ(log.append(1, "a"), (position{1, 1}));
   EXPECT_EQ(log.bytes(), 0u);
   EXPECT_EQ(told(log.since({1, 0})), "nothing");
   EXPECT_EQ(told(log.since({1, 1})), "");
}

TEST(EventLog, AClosedStreamCanBeRepeatedUntilItsEventsAreGone) {
   event_log log(2, 1000);
   (void)log.open_stream();
   (void)log.open_stream();
   log.append(1, "a");
   log.close_stream(1);
   EXPECT_EQ(log.append(1, "late"), (position{1, 0}));
   EXPECT_EQ(told(log.since({1, 0})), "1-1:a");
   log.append(2, "x");
   log.append(2, "y");
   EXPECT_EQ(told(log.since({1, 0})), "nothing");
   EXPECT_EQ(told(log.since({1, 1})), "nothing"); // forgotten: nobody knows whether more came
   EXPECT_EQ(log.streams(), 1u);
}

TEST(EventLog, AMillionStreamsLeaveNoMoreThanTheirEvents) {
   event_log log(8, 1000);
   for (int i = 0; i < 1'000'000; ++i) {
      const auto stream = log.open_stream();
      log.append(stream, "m");
      log.close_stream(stream);
   }
   EXPECT_LE(log.streams(), 8u);
   EXPECT_EQ(told(log.since({1'000'000, 0})), "1000000-1:m");
}

} // namespace
} // namespace fmcp::protocol
