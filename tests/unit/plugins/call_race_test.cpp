// Many threads at the ends of the same calls: completion, cancellation and deadlines in every
// order. What must hold each time: one outcome, nothing after it, every buffer back once, every
// slot free.

#include <atomic>
#include <barrier>
#include <deque>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "unit/plugins/fake_plugin.hpp"

namespace fmcp::plugins {
namespace {

using test::buffer_ledger;
using test::fake_plugin;
using test::recorded_call;
using namespace std::chrono_literals;

/// A queue between invoke and the threads that complete.
class handles {
public:
   void put(fmcp_call c) {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(c);
   }
   fmcp_call take() {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) return 0;
      const auto out = waiting_.front();
      waiting_.pop_front();
      return out;
   }

private:
   std::mutex mutex_;
   std::deque<fmcp_call> waiting_;
};

TEST(CallRace, SixtyFourThreadsStartCompleteAndCancel) {
   constexpr int starters = 16, completers = 32, rounds = 200;
   buffer_ledger ledger;
   handles pending;
   std::atomic<int> accepted{0}, late{0};
   std::atomic<bool> is_done{false};
   fake_plugin p;
   p.offered = {{"async", FMCP_EX_NONBLOCKING,
                 [&](const fmcp_request& rq, fmcp_err*) {
                    pending.put(rq.call);
                    return FMCP_PENDING;
                 }},
                {"twice", FMCP_EX_MAY_BLOCK, [&](const fmcp_request& rq, fmcp_err*) {
                    pending.put(rq.call); // somebody else completes it, too
                    p.complete_owned(rq.call, "pool", ledger);
                    return FMCP_OK;
                 }}};
   instance::config config;
   config.max_queue = 100'000;
   config.max_calls = 100'000;
   ASSERT_EQ(p.start(config), "");

   std::vector<std::thread> threads;
   for (int i = 0; i < completers; ++i) {
      threads.emplace_back([&] {
         while (!is_done) {
            const fmcp_call c = pending.take();
            if (c == 0) {
               std::this_thread::yield();
               continue;
            }
            p.host->progress(p.host->ctx, c, 1, 2, {});
            (p.complete_owned(c, "result", ledger) == FMCP_OK ? accepted : late)++;
            if (p.complete_owned(c, "again", ledger) == FMCP_OK) ADD_FAILURE() << "twice";
         }
      });
   }
   std::vector<std::vector<std::shared_ptr<recorded_call>>> made(starters);
   std::vector<std::thread> callers;
   for (int i = 0; i < starters; ++i) {
      callers.emplace_back([&, i] {
         for (int k = 0; k < rounds; ++k) {
            auto c = p.call(k % 2 == 0 ? "async" : "twice", "{}", FMCP_RQ_PROGRESS);
            if (k % 3 == 0) instance::cancel(*c, FMCP_CANCEL_CLIENT);
            made[static_cast<std::size_t>(i)].push_back(std::move(c));
         }
      });
   }
   for (auto& t : callers) t.join();
   for (const auto& mine : made) {
      for (const auto& c : mine) ASSERT_TRUE(c->wait());
   }
   is_done = true;
   for (auto& t : threads) t.join();
   while (const fmcp_call c = pending.take()) p.complete_owned(c, "rest", ledger);
   for (const auto& mine : made) {
      for (const auto& c : mine) {
         EXPECT_EQ(c->outcomes(), 1);
         EXPECT_EQ(c->after_outcome(), 0);
      }
   }
   ASSERT_TRUE(p.instance->retire(10s));
   p.is_retired = true;
   EXPECT_EQ(p.instance->calls().live(), 0u);
   EXPECT_EQ(p.instance->calls().stuck(), 0u);
   EXPECT_EQ(ledger.lent, ledger.returned);
   EXPECT_GT(accepted, 0);
}

TEST(CallRace, OneCallHasOneOutcomeWhoeverComesFirst) {
   constexpr int rounds = 500, contenders = 4;
   buffer_ledger ledger;
   fmcp_call handle = 0;
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING, [&](const fmcp_request& rq, fmcp_err*) {
                    handle = rq.call;
                    return FMCP_PENDING;
                 }}};
   ASSERT_EQ(p.start(), "");
   std::shared_ptr<recorded_call> c;
   std::barrier begin(contenders + 1), end(contenders + 1);
   std::atomic<int> accepted{0};
   std::vector<std::thread> threads;
   for (int i = 0; i < contenders; ++i) {
      threads.emplace_back([&, i] {
         for (int k = 0; k < rounds; ++k) {
            begin.arrive_and_wait();
            switch (i) {
            case 0: instance::cancel(*c, 0); break;
            case 1:
               for (int n = 0; n < 3; ++n) p.host->progress(p.host->ctx, handle, n, 9, {});
               break;
            default:
               if (p.complete_owned(handle, "x", ledger) == FMCP_OK) ++accepted;
            }
            end.arrive_and_wait();
         }
      });
   }
   int results = 0;
   for (int k = 0; k < rounds; ++k) {
      c = p.call("a", "{}", FMCP_RQ_PROGRESS);
      begin.arrive_and_wait();
      end.arrive_and_wait();
      ASSERT_EQ(c->outcomes(), 1) << k;
      ASSERT_EQ(c->after_outcome(), 0) << k;
      results += c->has_result() ? 1 : 0;
      ASSERT_EQ(p.instance->calls().live(), 0u) << k;
   }
   for (auto& t : threads) t.join();
   EXPECT_EQ(results, accepted);
   EXPECT_EQ(ledger.lent, ledger.returned);
}

/// A call that accepts no result but its own.
class strict_call final : public call {
public:
   explicit strict_call(std::size_t number) : number_(number) {}
   void on_progress(double done, double, std::string_view) noexcept override {
      if (outcomes != 0 || done <= last_) ++faults;
      last_ = done;
   }
   void on_log(std::int32_t, std::string_view, std::string_view) noexcept override {}
   void on_result(const fmcp_result& r) noexcept override {
      if (static_cast<std::size_t>(r.rpc_code) != number_) ++faults;
      ++outcomes;
   }
   void on_failure(call_failure, std::string_view) noexcept override { ++outcomes; }

   std::atomic<int> outcomes{0}, faults{0};

private:
   const std::size_t number_;
   double last_ = 0; // reports are never concurrent, so this needs no lock: tsan watches
};

// Few slots and many hands on them, most of them with handles of earlier calls in the same slot:
// no call may ever get the result, the failure or the progress of another one.
TEST(CallRace, SlotsThatAreUsedAgainBelongToOneCallAtATime) {
   constexpr int starters = 4, others = 6, rounds = 10'000;
   constexpr std::size_t remembered = 16;
   call_table table("stress", {.max_calls = 5});
   buffer_ledger ledger;
   // The number of a call is what the plugin takes its handle for.
   std::vector<std::atomic<fmcp_call>> handles(std::size_t{starters} * rounds);
   std::array<std::atomic<std::size_t>, remembered> seen{};
   std::atomic<bool> is_done{false};
   std::vector<std::vector<std::shared_ptr<strict_call>>> made(starters);

   const auto complete = [&](std::size_t number) {
      fmcp_result r{};
      r.size = sizeof r;
      r.rpc_code = static_cast<std::int32_t>(number);
      r.meta_json = ledger.lend("{}");
      return table.complete(handles[number], &r);
   };
   std::vector<std::thread> threads;
   for (int i = 0; i < others; ++i) {
      threads.emplace_back([&, i] {
         std::minstd_rand random(static_cast<unsigned>(i) + 1);
         double done = 0;
         while (!is_done) {
            const std::size_t number = seen[random() % remembered];
            const fmcp_call handle = handles[number];
            switch (random() % 5) {
            case 0: complete(number); break;
            case 1: table.progress(handle, ++done, 0, {}); break;
            case 2: table.fail(handle, call_failure::cancelled); break;
            case 3:
               table.scan_deadlines(UINT64_MAX, [&](fmcp_call due) {
                  if (due % 2 == 0) table.fail(due, call_failure::timed_out);
               });
               break;
            default: (void)table.is_over(handle); std::this_thread::yield();
            }
         }
      });
   }
   std::vector<std::thread> callers;
   for (int i = 0; i < starters; ++i) {
      callers.emplace_back([&, i] {
         std::minstd_rand random(static_cast<unsigned>(i) + 100);
         for (int k = 0; k < rounds; ++k) {
            const auto number = static_cast<std::size_t>(i * rounds + k);
            auto target = std::make_shared<strict_call>(number);
            const bool is_entered = random() % 2 == 0;
            const fmcp_call handle = table.open(
                  {.target = target, .deadline_ns = 1, .gate = {}, .is_entered = is_entered});
            if (handle == 0) {
               std::this_thread::yield();
               continue;
            }
            made[static_cast<std::size_t>(i)].push_back(std::move(target));
            handles[number] = handle;
            seen[random() % remembered] = number;
            if (is_entered || table.enter(handle) != nullptr) {
               if (random() % 3 == 0) complete(number);
               const auto status = random() % 2 == 0   ? FMCP_PENDING
                                   : random() % 2 == 0 ? FMCP_OK
                                                       : FMCP_E_FAIL;
               table.leave(handle, status, "words");
               if (status == FMCP_PENDING) complete(number);
            }
         }
      });
   }
   for (auto& t : callers) t.join();
   is_done = true;
   for (auto& t : threads) t.join();
   std::size_t started = 0;
   for (const auto& mine : made) {
      started += mine.size();
      for (const auto& c : mine) {
         ASSERT_EQ(c->faults, 0);
         ASSERT_EQ(c->outcomes, 1);
         ASSERT_EQ(c.use_count(), 1); // the table has let go of it
      }
   }
   EXPECT_GT(started, std::size_t{rounds});
   EXPECT_EQ(table.live(), 0u);
   EXPECT_EQ(table.stuck(), 0u);
   EXPECT_EQ(ledger.lent, ledger.returned);
}

TEST(CallRace, DeadlinesAgainstCompletions) {
   constexpr int rounds = 300;
   buffer_ledger ledger;
   handles pending;
   std::atomic<bool> is_done{false};
   fake_plugin p;
   p.offered = {{"a", FMCP_EX_NONBLOCKING,
                 [&](const fmcp_request& rq, fmcp_err*) {
                    pending.put(rq.call);
                    return FMCP_PENDING;
                 },
                 0, 1}}; // one millisecond
   ASSERT_EQ(p.start(), "");
   std::thread completer([&] {
      std::minstd_rand random(42);
      while (!is_done) {
         std::this_thread::sleep_for(std::chrono::microseconds(random() % 1200));
         while (const fmcp_call c = pending.take()) p.complete_owned(c, "x", ledger);
      }
   });
   for (int k = 0; k < rounds; ++k) {
      const auto c = p.call("a");
      ASSERT_TRUE(c->wait());
      EXPECT_EQ(c->outcomes(), 1);
   }
   is_done = true;
   completer.join();
   while (const fmcp_call c = pending.take()) p.complete_owned(c, "x", ledger);
   EXPECT_EQ(ledger.lent, ledger.returned);
   EXPECT_TRUE(test::eventually([&] { return p.instance->calls().live() == 0; }));
   EXPECT_EQ(p.instance->calls().stuck(), 0u);
}

TEST(CallRace, RetiringWhileCallsStart) {
   for (int round = 0; round < 20; ++round) {
      std::atomic<bool> is_done{false};
      std::atomic<int> after_destroy{0};
      std::vector<std::vector<std::shared_ptr<recorded_call>>> made(4);
      {
         fake_plugin p;
         p.offered = {{"inline", FMCP_EX_NONBLOCKING,
                       [&](const fmcp_request& rq, fmcp_err*) {
                          if (p.destroyed != 0) ++after_destroy;
                          return p.complete(rq.call, "x");
                       }},
                      {"pool", FMCP_EX_MAY_BLOCK, [&](const fmcp_request& rq, fmcp_err*) {
                          if (p.destroyed != 0) ++after_destroy;
                          return p.complete(rq.call, "x");
                       }}};
         ASSERT_EQ(p.start(), "");
         std::vector<std::thread> callers;
         for (auto& mine : made) {
            callers.emplace_back([&] {
               while (!is_done) {
                  mine.push_back(p.call("inline"));
                  mine.push_back(p.call("pool"));
               }
            });
         }
         std::this_thread::sleep_for(1ms);
         EXPECT_TRUE(p.instance->retire(10s));
         p.is_retired = true;
         is_done = true;
         for (auto& t : callers) t.join();
      }
      EXPECT_EQ(after_destroy, 0);
      for (const auto& mine : made) {
         for (const auto& c : mine) ASSERT_EQ(c->outcomes(), 1);
      }
   }
}

TEST(CallRace, TasksPostedFromManyThreadsRunOnceEach) {
   constexpr int threads_count = 16, each = 500;
   std::atomic<int> ran{0};
   std::atomic<int> accepted{0};
   fake_plugin p;
   ASSERT_EQ(p.start(), "");
   std::vector<std::thread> threads;
   for (int i = 0; i < threads_count; ++i) {
      threads.emplace_back([&] {
         for (int k = 0; k < each; ++k) {
            const auto fn = [](void* n) noexcept { ++*static_cast<std::atomic<int>*>(n); };
            const bool later = k % 4 == 0;
            const auto status = later ? p.exec().after(p.host->ctx, 1, fn, &ran, nullptr)
                                      : p.exec().post(p.host->ctx, fn, &ran);
            if (status == FMCP_OK) ++accepted;
         }
      });
   }
   for (auto& t : threads) t.join();
   EXPECT_TRUE(p.instance->retire(10s));
   p.is_retired = true;
   EXPECT_EQ(ran, accepted);
   EXPECT_GT(accepted, 0);
}

} // namespace
} // namespace fmcp::plugins
