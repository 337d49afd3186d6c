#include "app/store_backends.hpp"

#include <filesystem>
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/store.hpp"
#include "support/temp_dir.hpp"

namespace fmcp::app {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using core::errc;
using ::testing::HasSubstr;

const std::string given_key = "a secret of at least 32 bytes, here";

class StoreBackends : public ::testing::Test {
protected:
   std::unique_ptr<store_backends> open(const store_backends::options& o) {
      return store_backends::open(o, clock_).value();
   }
   store_backends::options in_file() const {
      return {.file = dir_.at("home/store.sqlite"), .home = dir_.at("home")};
   }
   /// Starts an operation and waits for its outcome.
   template <class Start>
   static plugins::kv_outcome wait(Start start) {
      std::promise<plugins::kv_outcome> done;
      start([&](plugins::kv_outcome o) { done.set_value(std::move(o)); });
      return done.get_future().get();
   }
   static plugins::kv_outcome put(store_backends& b, std::string_view space, std::string_view key,
                                  std::string_view value, std::uint64_t if_version = 0) {
      return wait([&](plugins::kv_done d) {
         b.kv().put(space, key, value, 1h, if_version, std::move(d));
      });
   }
   static plugins::kv_outcome get(store_backends& b, std::string_view space, std::string_view key) {
      return wait([&](plugins::kv_done d) { b.kv().get(space, key, std::move(d)); });
   }
   static plugins::kv_outcome take(store_backends& b, std::string_view space,
                                   std::string_view key) {
      return wait([&](plugins::kv_done d) { b.kv().take(space, key, std::move(d)); });
   }

   test::temp_dir dir_;
   core::manual_clock clock_;
};

TEST_F(StoreBackends, MakesNothingBeforeTheFirstOperation) {
   auto o = in_file();
   {
      const auto b = open(o);
      EXPECT_FALSE(fs::exists(dir_.at("home")));
      EXPECT_EQ(get(*b, "space", "key").status.error().code, errc::not_found);
      EXPECT_TRUE(fs::exists(o.file));
      EXPECT_TRUE(fs::exists(dir_.at("home/store.key")));
   }
   fs::remove_all(dir_.at("home"));
   const auto b = open({.home = dir_.at("home")});
   EXPECT_EQ(put(*b, "space", "key", "value").status.has_value(), true);
   EXPECT_TRUE(b->crypto().seal("space", "plain", "", 1h).has_value());
   EXPECT_FALSE(fs::exists(dir_.at("home"))) << "in memory nothing is kept, the key included";
}

TEST_F(StoreBackends, GivesValuesAndVersions) {
   const auto b = open({});
   const auto written = put(*b, "space", "key", "value");
   ASSERT_TRUE(written.status.has_value());
   const auto read = get(*b, "space", "key");
   EXPECT_EQ(read.value, "value");
   EXPECT_EQ(read.version, written.version);
   EXPECT_EQ(put(*b, "space", "key", "x", written.version + 1).status.error().code, errc::conflict);
   EXPECT_EQ(put(*b, "space", "key", "x", UINT64_MAX).status.error().code, errc::conflict);
   EXPECT_EQ(take(*b, "space", "key").value, "value");
   EXPECT_TRUE(put(*b, "space", "key", "value", UINT64_MAX).status.has_value());
   EXPECT_EQ(take(*b, "space", "key").value, "value");
   EXPECT_EQ(take(*b, "space", "key").status.error().code, errc::not_found);
   const auto removed =
         wait([&](plugins::kv_done d) { b->kv().remove("space", "key", std::move(d)); });
   EXPECT_TRUE(removed.status.has_value());
   EXPECT_EQ(put(*b, "space", "key", std::string(1'000'000, 'v')).status.error().code, errc::limit);
}

TEST_F(StoreBackends, KeepsInAFileWithAKeyOfItsOwn) {
   ASSERT_TRUE(put(*open(in_file()), "space", "key", "value").status.has_value());
   EXPECT_EQ(get(*open(in_file()), "space", "key").value, "value");
   const auto sealed = open(in_file())->crypto().seal("space", "plain", "aad", 1h).value();
   EXPECT_EQ(open(in_file())->crypto().open("space", sealed, "aad").value(), "plain");
}

TEST_F(StoreBackends, ReplicasWithTheSameKeyOpenEachOthersSeals) {
   const auto a = open({.key = given_key}), b = open({.key = given_key}), c = open({});
   const auto sealed = a->crypto().seal("space", "plain", "aad", 1000ms).value();
   EXPECT_EQ(b->crypto().open("space", sealed, "aad").value(), "plain");
   EXPECT_EQ(c->crypto().open("space", sealed, "aad").error().code, errc::denied);
   EXPECT_EQ(b->crypto().open("other", sealed, "aad").error().code, errc::denied);
   clock_.advance(1000ms);
   EXPECT_EQ(b->crypto().open("space", sealed, "aad").error().code, errc::denied);
}

TEST_F(StoreBackends, APreviousKeyOpensStoreAndSeals) {
   auto o = in_file();
   o.key = given_key;
   std::string sealed;
   {
      const auto b = open(o);
      ASSERT_TRUE(put(*b, "space", "key", "value").status.has_value());
      sealed = b->crypto().seal("space", "plain", "", 1h).value();
   }
   o.previous_keys = {std::exchange(o.key, "another secret of at least 32 bytes")};
   const auto b = open(o);
   EXPECT_EQ(get(*b, "space", "key").value, "value");
   EXPECT_EQ(b->crypto().open("space", sealed, "").value(), "plain");
}

TEST_F(StoreBackends, DemandsATimeToLiveOfSeals) {
   const auto b = open({});
   EXPECT_EQ(b->crypto().seal("space", "plain", "", 0ms).error().code, errc::invalid);
   EXPECT_EQ(b->crypto().seal("space", "plain", "", store::max_ttl + 1ms).error().code,
             errc::invalid);
}

TEST_F(StoreBackends, RefusesAKeyThatCanBeGuessedAtTheStart) {
   const auto b = store_backends::open({.key = "password"});
   ASSERT_FALSE(b.has_value());
   EXPECT_EQ(b.error().code, errc::invalid);
   EXPECT_THAT(b.error().message, HasSubstr("the key of the store"));
}

TEST_F(StoreBackends, WhatTheOperatorHasToCureIsAnIoErrorForThePlugin) {
   auto o = in_file();
   o.home = dir_.at("shared");
   fs::create_directory(o.home);
   fs::permissions(o.home, fs::perms::group_write, fs::perm_options::add);
   const auto b = open(o);
   EXPECT_EQ(get(*b, "space", "key").status.error().code, errc::io);
   EXPECT_EQ(b->crypto().seal("space", "plain", "", 1h).error().code, errc::denied);
   fs::permissions(o.home, fs::perms::group_write, fs::perm_options::remove);
   EXPECT_EQ(get(*b, "space", "key").status.error().code, errc::not_found);
   EXPECT_TRUE(b->crypto().seal("space", "plain", "", 1h).has_value());
}

} // namespace
} // namespace fmcp::app
