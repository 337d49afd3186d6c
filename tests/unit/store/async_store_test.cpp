#include "store/async_store.hpp"

#include <atomic>
#include <future>
#include <latch>
#include <semaphore>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/memory_store.hpp"
#include "unit/store/expect_error.hpp"

namespace fmcp::store {
namespace {

using namespace std::chrono_literals;

async_store::maker memory() {
   return [] { return core::result<std::unique_ptr<store>>(std::make_unique<memory_store>()); };
}

/// A callback, and the outcome that it is given.
class answer {
public:
   on_done callback() {
      return [this](outcome o) {
         thread = std::this_thread::get_id();
         promise_.set_value(std::move(o)); // throws when it is called twice
      };
   }
   outcome get() { return promise_.get_future().get(); }

   std::thread::id thread;

private:
   std::promise<outcome> promise_;
};

/// Holds the store's thread in a callback until it is opened.
class barrier {
public:
   on_done callback() {
      return [this](const outcome&) {
         reached_.count_down();
         open_.wait();
      };
   }
   void wait_until_reached() { reached_.wait(); }
   void open() { open_.count_down(); }

private:
   std::latch reached_{1}, open_{1};
};

TEST(AsyncStore, DoesAllFourOperations) {
   async_store s(memory());
   answer put, get, take, gone, removed;
   s.put("space", "key", "value", 1h, any_version, put.callback());
   s.get("space", "key", get.callback());
   s.take("space", "key", take.callback());
   s.get("space", "key", gone.callback());
   s.remove("space", "key", removed.callback());
   const auto version = put.get().value().version;
   EXPECT_EQ(get.get().value(), (record{"value", version}));
   EXPECT_EQ(take.get().value(), (record{"value", version}));
   EXPECT_ERROR(gone.get(), not_found);
   EXPECT_TRUE(removed.get().has_value());
}

TEST(AsyncStore, AnswersOnAThreadOfItsOwnWhichComesWithTheFirstOperation) {
   std::atomic<int> made = 0;
   std::thread::id maker_thread;
   async_store s([&]() -> core::result<std::unique_ptr<store>> {
      ++made;
      maker_thread = std::this_thread::get_id();
      return std::make_unique<memory_store>();
   });
   EXPECT_EQ(made, 0);
   answer a, b;
   s.get("space", "key", a.callback());
   s.get("space", "key", b.callback());
   (void)a.get();
   (void)b.get();
   EXPECT_EQ(made, 1);
   EXPECT_NE(a.thread, std::this_thread::get_id());
   EXPECT_EQ(a.thread, b.thread);
   EXPECT_EQ(a.thread, maker_thread);
}

TEST(AsyncStore, CopiesWhatItIsGiven) {
   async_store s(memory());
   barrier held;
   s.get("space", "key", held.callback());
   answer put, get;
   {
      std::string space = "space", key = "key", value = "value";
      s.put(space, key, value, 1h, any_version, put.callback());
      space = key = value = "xxxxx";
   }
   s.get("space", "key", get.callback());
   held.open();
   EXPECT_EQ(get.get().value().value, "value");
   EXPECT_TRUE(put.get().has_value());
}

TEST(AsyncStore, RefusesWhatDoesNotFitIntoTheQueueAndGoesOn) {
   async_store s(memory(), {.max_waiting = 2});
   barrier held;
   s.get("space", "key", held.callback());
   held.wait_until_reached();
   answer a, b, c, after;
   s.put("space", "1", "value", 1h, any_version, a.callback());
   s.put("space", "2", "value", 1h, any_version, b.callback());
   s.put("space", "3", "value", 1h, any_version, c.callback());
   held.open();
   EXPECT_ERROR(c.get(), limit);
   EXPECT_NE(c.thread, std::this_thread::get_id());
   EXPECT_TRUE(a.get().has_value());
   EXPECT_TRUE(b.get().has_value());
   s.get("space", "3", after.callback());
   EXPECT_ERROR(after.get(), not_found);
}

TEST(AsyncStore, BoundsTheBytesThatWait) {
   async_store s(memory(), {.max_waiting_bytes = 1000});
   barrier held;
   s.get("space", "key", held.callback());
   held.wait_until_reached();
   answer a, b, c;
   s.put("space", "1", std::string(900, 'v'), 1h, any_version, a.callback());
   s.put("space", "2", std::string(900, 'v'), 1h, any_version, b.callback());
   s.get("space", "1", c.callback());
   held.open();
   EXPECT_TRUE(a.get().has_value());
   EXPECT_ERROR(b.get(), limit);
   EXPECT_EQ(c.get().value().value.size(), 900u);
}

TEST(AsyncStore, ACallbackMayStartTheNextOperation) {
   async_store s(memory());
   answer last;
   s.put("space", "key", "value", 1h, any_version,
         [&](const outcome&) { s.take("space", "key", last.callback()); });
   EXPECT_EQ(last.get().value().value, "value");
}

TEST(AsyncStore, SaysWhyThereIsNoStoreAndTriesAgain) {
   int tries = 0;
   async_store s([&]() -> core::result<std::unique_ptr<store>> {
      if (++tries == 1) return core::fail(core::errc::denied, "the directory is open to others");
      return std::make_unique<memory_store>();
   });
   answer a, b;
   s.get("space", "key", a.callback());
   EXPECT_ERROR(a.get(), denied);
   s.get("space", "key", b.callback());
   EXPECT_ERROR(b.get(), not_found);
}

TEST(AsyncStore, AnswersEveryoneWhenItEnds) {
   answer waiting, late;
   barrier held;
   std::atomic<int> destroyed = 0;
   {
      auto s = std::make_unique<async_store>(memory());
      s->get("space", "key", held.callback());
      held.wait_until_reached();
      s->put("space", "key", "value", 1h, any_version,
             [&, p = s.get(), done = waiting.callback(),
              gone = std::shared_ptr<void>(nullptr, [&](void*) { ++destroyed; })](
                   outcome o) mutable {
                done(std::move(o));
                p->get("space", "key", late.callback());
             });
      std::jthread end([&] { s.reset(); });
      // The end has begun when operations are refused; until then this one is among those waiting.
      held.open();
   }
   // Whether the end came before or after them is not ours to say, but each has its answer.
   (void)waiting.get();
   (void)late.get();
   EXPECT_EQ(destroyed, 1);
}

/// Counts purges, and tells when there was one.
class purged_store final : public store {
public:
   explicit purged_store(std::counting_semaphore<>& s) : purged_(s) {}
   core::result<record> get(std::string_view, std::string_view) override { return record{}; }
   core::result<std::uint64_t> put(std::string_view, std::string_view, std::string_view,
                                   std::chrono::milliseconds, std::uint64_t) override {
      return 1;
   }
   core::result<record> take(std::string_view, std::string_view) override { return record{}; }
   core::result<void> remove(std::string_view, std::string_view) override { return {}; }
   core::result<std::size_t> purge() override {
      purged_.release();
      return core::fail(core::errc::io, "once is enough");
   }

private:
   std::counting_semaphore<>& purged_;
};

TEST(AsyncStore, PurgesFromTimeToTime) {
   std::counting_semaphore<> purged(0);
   async_store s(
         [&]() -> core::result<std::unique_ptr<store>> {
            return std::make_unique<purged_store>(purged);
         },
         {.purge_interval = 1h});
   answer first;
   s.get("space", "key", first.callback());
   EXPECT_TRUE(first.get().has_value());
   EXPECT_FALSE(purged.try_acquire());
   async_store often(
         [&]() -> core::result<std::unique_ptr<store>> {
            return std::make_unique<purged_store>(purged);
         },
         {.purge_interval = 1ms});
   answer second;
   often.get("space", "key", second.callback());
   EXPECT_TRUE(second.get().has_value());
   purged.acquire(); // hangs when nobody purges
}

} // namespace
} // namespace fmcp::store
