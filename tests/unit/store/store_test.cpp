/// What every store keeps to, whichever it is.

#include "store/store.hpp"

#include <atomic>
#include <functional>
#include <set>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/memory_store.hpp"
#include "store/sealed_store.hpp"
#include "store/sqlite_store.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/expect_error.hpp"

namespace fmcp::store {
namespace {

using namespace std::chrono_literals;

constexpr limits small{
      .max_key_bytes = 100, .max_value_bytes = 1000, .max_entries = 4, .max_bytes = 20'000};
/// Of the sealed stores, which are longer in the one below.
constexpr std::size_t fills_space = 4;

struct fixture {
   core::manual_clock clock;
   test::temp_dir dir;
   std::unique_ptr<store> made;
};

using make = std::function<std::unique_ptr<store>(fixture&, const limits&)>;

std::unique_ptr<store> memory(fixture& f, const limits& l) {
   return std::make_unique<memory_store>(l, f.clock);
}
std::unique_ptr<store> sqlite(fixture& f, const limits& l) {
   return std::make_unique<sqlite_store>(
         sqlite_store::options{.file = f.dir.at("state/store.db"), .limits = l}, f.clock);
}
template <std::unique_ptr<store> (*Below)(fixture&, const limits&)>
std::unique_ptr<store> sealed(fixture& f, const limits& l) {
   const auto ring = crypto::key_ring::make("a secret of at least 32 bytes, here");
   return std::make_unique<sealed_store>(Below(f, sealed_store::below(l)), *ring, l, f.clock);
}

struct kind {
   const char* name;
   make how;
};

class EveryStore : public ::testing::TestWithParam<kind> {
protected:
   void SetUp() override { use(limits{}); }
   void use(const limits& l) { f_.made = GetParam().how(f_, l); }
   store& s() { return *f_.made; }

   fixture f_;
};

INSTANTIATE_TEST_SUITE_P(Store, EveryStore,
                         ::testing::Values(kind{"Memory", memory}, kind{"Sqlite", sqlite},
                                           kind{"SealedMemory", sealed<memory>},
                                           kind{"SealedSqlite", sealed<sqlite>}),
                         [](const auto& row) { return row.param.name; });

TEST_P(EveryStore, GivesBackWhatWasPut) {
   const std::string value("\0a\xff value\n", 10);
   const auto version = s().put("space", "key", value, 1h, any_version).value();
   EXPECT_NE(version, 0u);
   EXPECT_EQ(s().get("space", "key").value(), (record{value, version}));
   EXPECT_EQ(s().get("space", "key").value(), (record{value, version}))
         << "reading consumes nothing";
   EXPECT_ERROR(s().get("space", "other"), not_found);
}

TEST_P(EveryStore, TakesEmptyValuesAndAnyBytesInKeys) {
   const std::string key("\0\xff'; DROP", 10);
   ASSERT_TRUE(s().put("space", key, "", 1h, any_version).has_value());
   EXPECT_EQ(s().get("space", key).value().value, "");
   EXPECT_ERROR(s().get("space", key.substr(0, 1)), not_found);
}

TEST_P(EveryStore, KeepsSpacesApart) {
   ASSERT_TRUE(s().put("a", "bc", "1", 1h, any_version).has_value());
   ASSERT_TRUE(s().put("ab", "c", "2", 1h, any_version).has_value());
   EXPECT_EQ(s().get("a", "bc").value().value, "1");
   EXPECT_EQ(s().get("ab", "c").value().value, "2");
   EXPECT_ERROR(s().get("ab", "bc"), not_found);
   ASSERT_TRUE(s().remove("a", "c").has_value());
   EXPECT_TRUE(s().get("ab", "c").has_value());
}

TEST_P(EveryStore, WritesOverTheVersionThatIsGivenOnly) {
   const auto first = s().put("space", "key", "1", 1h, only_if_absent).value();
   EXPECT_ERROR(s().put("space", "key", "x", 1h, only_if_absent), conflict);
   const auto second = s().put("space", "key", "2", 1h, first).value();
   EXPECT_ERROR(s().put("space", "key", "x", 1h, first), conflict);
   EXPECT_EQ(s().get("space", "key").value(), (record{"2", second}));
   ASSERT_TRUE(s().put("space", "key", "3", 1h, any_version).has_value());
   EXPECT_EQ(s().get("space", "key").value().value, "3");
   EXPECT_ERROR(s().put("space", "absent", "x", 1h, second), conflict);
   EXPECT_ERROR(s().get("space", "absent"), not_found);
}

TEST_P(EveryStore, NeverGivesAVersionTwice) {
   std::set<std::uint64_t> seen;
   for (int i = 0; i < 5; ++i) {
      EXPECT_TRUE(seen.insert(s().put("space", "key", "1", 1h, any_version).value()).second);
      ASSERT_TRUE(s().remove("space", "key").has_value());
   }
   const auto before = *seen.rbegin();
   EXPECT_ERROR(s().put("space", "key", "2", 1h, before), conflict);
}

TEST_P(EveryStore, GivesATakenValueOnce) {
   const auto version = s().put("space", "key", "code", 1h, any_version).value();
   EXPECT_EQ(s().take("space", "key").value(), (record{"code", version}));
   EXPECT_ERROR(s().take("space", "key"), not_found);
   EXPECT_ERROR(s().get("space", "key"), not_found);
}

TEST_P(EveryStore, RemovesAndDoesNotMindAnAbsentKey) {
   ASSERT_TRUE(s().put("space", "key", "1", 1h, any_version).has_value());
   EXPECT_TRUE(s().remove("space", "key").has_value());
   EXPECT_TRUE(s().remove("space", "key").has_value());
   EXPECT_ERROR(s().get("space", "key"), not_found);
}

TEST_P(EveryStore, TreatsAnExpiredKeyAsAbsent) {
   const auto put = [&](std::string_view key) {
      return s().put("space", key, "1", 1000ms, any_version).value();
   };
   put("get"), put("take"), put("absent");
   const auto version = put("cas");
   f_.clock.advance(999ms);
   EXPECT_TRUE(s().get("space", "get").has_value());
   f_.clock.advance(1ms);
   EXPECT_ERROR(s().get("space", "get"), not_found);
   EXPECT_ERROR(s().take("space", "take"), not_found);
   EXPECT_ERROR(s().put("space", "cas", "2", 1h, version), conflict);
   EXPECT_TRUE(s().put("space", "absent", "2", 1h, only_if_absent).has_value());
}

TEST_P(EveryStore, AWriteBeginsANewLife) {
   ASSERT_TRUE(s().put("space", "key", "1", 1000ms, any_version).has_value());
   f_.clock.advance(900ms);
   ASSERT_TRUE(s().put("space", "key", "2", 1000ms, any_version).has_value());
   f_.clock.advance(900ms);
   EXPECT_EQ(s().get("space", "key").value().value, "2");
}

TEST_P(EveryStore, PurgesWhatHasExpiredOnly) {
   for (int i = 0; i < 9; ++i) {
      const auto key = std::to_string(i);
      ASSERT_TRUE(s().put("space", key, "1", i % 3 == 0 ? 1h : 1s, any_version).has_value());
   }
   EXPECT_EQ(s().purge().value(), 0u);
   f_.clock.advance(1s);
   EXPECT_EQ(s().purge().value(), 6u);
   EXPECT_EQ(s().purge().value(), 0u);
   EXPECT_TRUE(s().get("space", "0").has_value());
}

TEST_P(EveryStore, RefusesWhatIsTooLongOrHasNoName) {
   use(small);
   const std::string key(100, 'k'), value(1000, 'v'), space(256, 's');
   EXPECT_TRUE(s().put(space, key, value, 1h, any_version).has_value());
   EXPECT_ERROR(s().put("space", key + "k", "", 1h, any_version), limit);
   EXPECT_ERROR(s().put("space", key, value + "v", 1h, any_version), limit);
   EXPECT_ERROR(s().put(space + "s", key, value, 1h, any_version), limit);
   EXPECT_ERROR(s().get("space", key + "k"), limit);
   EXPECT_ERROR(s().put("space", "", "", 1h, any_version), invalid);
   EXPECT_ERROR(s().take("space", ""), invalid);
}

TEST_P(EveryStore, DemandsATimeToLive) {
   EXPECT_ERROR(s().put("space", "key", "1", 0ms, any_version), invalid);
   EXPECT_ERROR(s().put("space", "key", "1", -1ms, any_version), invalid);
   EXPECT_ERROR(s().put("space", "key", "1", max_ttl + 1ms, any_version), invalid);
   EXPECT_TRUE(s().put("space", "key", "1", max_ttl, any_version).has_value());
   EXPECT_TRUE(s().get("space", "key").has_value());
}

TEST_P(EveryStore, HoldsSoManyValuesPerSpace) {
   use(small);
   for (std::size_t i = 0; i < fills_space; ++i)
      ASSERT_TRUE(s().put("space", std::to_string(i), "1", 1h, any_version).has_value());
   EXPECT_ERROR(s().put("space", "one more", "1", 1h, any_version), limit);
   EXPECT_TRUE(s().put("space", "0", "another", 1h, any_version).has_value()) << "nothing is added";
   EXPECT_TRUE(s().put("other", "one more", "1", 1h, any_version).has_value());
   ASSERT_TRUE(s().remove("space", "1").has_value());
   EXPECT_TRUE(s().put("space", "one more", "1", 1h, any_version).has_value());
}

TEST_P(EveryStore, MakesRoomOutOfWhatHasExpired) {
   use(small);
   for (std::size_t i = 0; i < fills_space; ++i)
      ASSERT_TRUE(s().put("space", std::to_string(i), "1", 1s, any_version).has_value());
   f_.clock.advance(1s);
   EXPECT_TRUE(s().put("space", "one more", "1", 1h, any_version).has_value());
   for (std::size_t i = 0; i + 1 < fills_space; ++i)
      EXPECT_TRUE(s().put("space", std::to_string(i), "1", 1h, any_version).has_value());
   EXPECT_ERROR(s().put("space", "too many", "1", 1h, any_version), limit);
}

TEST_P(EveryStore, HoldsSoManyBytesPerSpace) {
   use({.max_key_bytes = 100, .max_value_bytes = 1000, .max_entries = 100, .max_bytes = 2500});
   const std::string big(1000, 'v');
   ASSERT_TRUE(s().put("space", "1", big, 1h, any_version).has_value());
   ASSERT_TRUE(s().put("space", "2", big, 1h, any_version).has_value());
   EXPECT_ERROR(s().put("space", "3", big, 1h, any_version), limit);
   EXPECT_EQ(s().get("space", "2").value().value, big);
   EXPECT_TRUE(s().put("space", "2", big, 1h, any_version).has_value()) << "over itself";
   ASSERT_TRUE(s().put("space", "1", "small", 1h, any_version).has_value());
   EXPECT_TRUE(s().put("space", "3", big, 1h, any_version).has_value());
}

TEST_P(EveryStore, AFullSpaceKeepsTheOldValue) {
   use({.max_key_bytes = 100, .max_value_bytes = 1000, .max_entries = 100, .max_bytes = 700});
   ASSERT_TRUE(s().put("space", "key", "old", 1h, any_version).has_value());
   EXPECT_ERROR(s().put("space", "key", std::string(1000, 'v'), 1h, any_version), limit);
   EXPECT_EQ(s().get("space", "key").value().value, "old");
}

TEST_P(EveryStore, OfManyTakersOneGetsIt) {
   constexpr int keys = 20, takers = 4;
   for (int k = 0; k < keys; ++k)
      ASSERT_TRUE(s().put("space", std::to_string(k), "code", 1h, any_version).has_value());
   std::array<std::atomic<int>, keys> taken{};
   std::vector<std::jthread> threads;
   for (int t = 0; t < takers; ++t) {
      threads.emplace_back([&] {
         for (int k = 0; k < keys; ++k)
            taken[static_cast<std::size_t>(k)] += s().take("space", std::to_string(k)).has_value();
      });
   }
   threads.clear();
   for (const auto& count : taken) EXPECT_EQ(count, 1);
}

TEST_P(EveryStore, CompareAndSetLosesNoCount) {
   constexpr int rounds = 20, writers = 4;
   ASSERT_TRUE(s().put("space", "count", "0", 1h, any_version).has_value());
   std::vector<std::jthread> threads;
   for (int t = 0; t < writers; ++t) {
      threads.emplace_back([&] {
         for (int done = 0; done < rounds;) {
            const auto old = s().get("space", "count").value();
            const auto next = std::to_string(std::stoi(old.value) + 1);
            done += s().put("space", "count", next, 1h, old.version).has_value();
         }
      });
   }
   threads.clear();
   EXPECT_EQ(s().get("space", "count").value().value, std::to_string(rounds * writers));
}

} // namespace
} // namespace fmcp::store
