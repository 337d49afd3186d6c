// Streams and sessions under many threads at once; meant for ThreadSanitizer, and what must hold is
// checked in every build.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <random>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "protocol/session_store.hpp"
#include "protocol/sse_stream.hpp"
#include "support/fake_exchange.hpp"

namespace fmcp::protocol {
namespace {

using test::exchange_record;
using test::fake_exchange;

/// An event loop on a thread of its own; its destructor runs what is queued.
class loop_thread final : public core::executor {
public:
   loop_thread() : thread_([this] { run(); }) {}
   ~loop_thread() override {
      {
         const std::lock_guard lock(mutex_);
         is_stopping_ = true;
      }
      changed_.notify_one();
      thread_.join();
   }
   void post(core::task work) override {
      {
         const std::lock_guard lock(mutex_);
         tasks_.push_back(std::move(work));
      }
      changed_.notify_one();
   }
   /// Runs `work` on the loop and waits for it.
   void run_now(const std::function<void()>& work) {
      std::atomic<bool> is_done{false};
      post([&] {
         work();
         is_done = true;
         is_done.notify_one();
      });
      is_done.wait(false);
   }

private:
   void run() {
      std::unique_lock lock(mutex_);
      for (;;) {
         changed_.wait(lock, [&] { return is_stopping_ || !tasks_.empty(); });
         if (tasks_.empty()) return;
         auto work = std::move(tasks_.front());
         tasks_.pop_front();
         lock.unlock();
         work();
         work = nullptr;
         lock.lock();
      }
   }

   std::mutex mutex_;
   std::condition_variable changed_;
   std::deque<core::task> tasks_;
   bool is_stopping_ = false;
   std::thread thread_; // last: it uses the others
};

/// The events in `body`: numbers and data, in order.
std::vector<std::pair<std::uint64_t, std::string>> events_in(std::string_view body) {
   std::vector<std::pair<std::uint64_t, std::string>> out;
   while (!body.empty()) {
      const auto end = body.find("\n\n");
      const auto event = body.substr(0, end);
      body.remove_prefix(end + 2);
      const auto id = event.find("id: "), data = event.find("data: ");
      if (id == std::string_view::npos) continue;
      const auto at = event_log::read(event.substr(id + 4, event.find('\n', id) - id - 4));
      EXPECT_TRUE(at) << event;
      out.emplace_back(at ? at->number : 0, event.substr(data + 6));
   }
   return out;
}

TEST(StreamRace, AClientThatComesBackAgainAndAgainMissesNothingAndGetsNothingTwice) {
   constexpr int senders = 4, each = 500;
   loop_thread loops[2];
   const auto log = std::make_shared<event_log>(senders * each, 10u << 20);
   const auto s = sse_stream::make({.log = log, .max_queued_bytes = 10u << 20});

   std::vector<std::thread> threads;
   std::atomic<int> running{senders};
   for (int t = 0; t < senders; ++t) {
      threads.emplace_back([&, t] {
         for (int i = 0; i < each; ++i) {
            EXPECT_TRUE(s->send(std::to_string(t) + ' ' + std::to_string(i)));
            if (i % 16 == 0) std::this_thread::yield();
         }
         --running;
      });
   }

   std::vector<std::pair<std::uint64_t, std::string>> received;
   std::uint64_t last = 0;
   for (int round = 0;; ++round) {
      const bool is_last = running == 0;
      auto& home = loops[round % 2];
      const auto record = std::make_shared<exchange_record>();
      std::weak_ptr<fake_exchange> live;
      home.run_now([&] {
         auto to = std::make_shared<fake_exchange>(home, record);
         live = to;
         EXPECT_TRUE(s->attach(std::move(to), {}, event_log::position{1, last}, {}));
      });
      // Three ways in which a connection ends before the next one comes, or with it.
      if (round % 3 == 0) s->close_connection();
      if (round % 3 == 1) {
         home.run_now([&] {
            if (const auto e = live.lock()) e->hang_up();
         });
      }
      std::string body;
      home.run_now([&] { body = record->body; }); // what the client has seen when it comes back
      for (auto& e : events_in(body)) received.push_back(std::move(e));
      if (!received.empty()) last = received.back().first;
      home.run_now([&] { EXPECT_EQ(record->foreign_thread_uses, 0); });
      if (is_last) break;
   }
   for (auto& t : threads) t.join();

   ASSERT_EQ(received.size(), std::size_t{senders * each});
   std::vector<int> next(senders, 0);
   for (std::size_t i = 0; i < received.size(); ++i) {
      ASSERT_EQ(received[i].first, i + 1);
      const auto& data = received[i].second;
      const auto sender = static_cast<std::size_t>(std::stoi(data));
      EXPECT_EQ(std::stoi(data.substr(data.find(' '))), next[sender]++); // order of each sender
   }
}

TEST(StreamRace, SendingFinishingHangingUpAndOverflowingAtOnceEndsEachConnectionOnce) {
   constexpr int rounds = 300;
   loop_thread home;
   for (int round = 0; round < rounds; ++round) {
      auto s = sse_stream::make({.max_queued_bytes = 200});
      const auto record = std::make_shared<exchange_record>();
      std::atomic<int> gone{0};
      std::weak_ptr<fake_exchange> live;
      home.run_now([&] {
         auto to = std::make_shared<fake_exchange>(home, record);
         live = to;
         EXPECT_TRUE(s->attach(std::move(to), {}, {}, [&] { ++gone; }));
      });
      std::vector<std::thread> threads;
      for (int t = 0; t < 2; ++t) {
         threads.emplace_back([&] {
            for (int i = 0; i < 50; ++i) s->send("0123456789");
         });
      }
      threads.emplace_back([&] {
         if (round % 4 == 0) s->finish();
         if (round % 4 == 1) s->close_connection();
         if (round % 4 == 2) {
            home.post([&] {
               if (const auto e = live.lock()) e->hang_up();
            });
         }
         s->keep_alive();
      });
      for (auto& t : threads) t.join();
      // Three tasks may follow each other: one writes, one ends or cuts, one reports.
      for (int i = 0; i < 3; ++i) home.run_now([] {});
      s.reset();
      for (int i = 0; i < 3; ++i) home.run_now([] {});
      EXPECT_TRUE(record->is_destroyed);
      EXPECT_LE(record->ends + record->aborts, 1);
      if (round % 4 == 0) {
         EXPECT_LE(record->ends + gone, 1); // finish() may have come before the report
      } else {
         EXPECT_EQ(record->ends + gone, 1) << "ended in order, or reported";
      }
      EXPECT_EQ(record->foreign_thread_uses, 0);
      const auto body = record->body;
      EXPECT_TRUE(body.empty() || body.ends_with("\n\n"));
   }
}

struct counted_call final : running_call {
   void cancel() noexcept override { ++cancelled; }
   std::atomic<int> cancelled{0};
};

TEST(StreamRace, SessionsComeAndGoUnderManyThreads) {
   constexpr int workers = 4, steps = 3000;
   constexpr std::size_t limit = 16;
   session_store store({.max_sessions = limit, .replay_events = 8, .replay_bytes = 1000});
   const auto claims = [](std::uint8_t n) {
      session_claims out;
      out.nonce[3] = n;
      out.expires_unix_s = INT64_MAX;
      return out;
   };
   std::mutex mutex;
   std::set<std::shared_ptr<session_state>> all;                                // guarded by mutex
   std::vector<std::pair<session_state*, std::shared_ptr<counted_call>>> calls; // guarded by mutex
   std::set<std::uint8_t> ended;                                                // guarded by mutex

   std::vector<std::thread> threads;
   for (unsigned t = 0; t < workers; ++t) {
      threads.emplace_back([&, t] {
         std::minstd_rand random(t + 1);
         for (int i = 0; i < steps; ++i) {
            const auto n = static_cast<std::uint8_t>(random() % 64);
            const auto state = store.need(claims(n));
            switch (random() % 8) {
            case 0: {
               const auto call = std::make_shared<counted_call>();
               const auto id = std::to_string(t) + '.' + std::to_string(i);
               EXPECT_TRUE(state->add_call(id, call));
               const std::lock_guard lock(mutex);
               calls.emplace_back(state.get(), call);
               break;
            }
            case 1: state->add_stream(sse_stream::make({.log = state->log()})); break;
            case 2: (void)state->set_general_stream(sse_stream::make({.log = state->log()})); break;
            case 3: (void)state->send_general("m"); break;
            case 4: store.for_each([](session_state& s) { s.end_general_stream(); }); break;
            case 5: store.sweep(); break;
            case 6:
               if (n < 8) {
                  store.end(claims(n));
                  const std::lock_guard lock(mutex);
                  ended.insert(n);
               }
               break;
            default: (void)store.find(claims(n)); break;
            }
            const std::lock_guard lock(mutex);
            all.insert(state);
         }
      });
   }
   for (auto& t : threads) t.join();

   EXPECT_EQ(store.size(), limit);
   EXPECT_FALSE(ended.empty());
   for (const auto n : ended) {
      EXPECT_TRUE(store.is_ended(claims(n)));
      EXPECT_EQ(store.find(claims(n)), nullptr);
   }
   std::set<session_state*> alive;
   store.for_each([&](session_state& s) { alive.insert(&s); });
   for (const auto& s : all) EXPECT_NE(s->is_closed(), alive.contains(s.get()));
   for (const auto& [state, call] : calls) {
      EXPECT_EQ(call->cancelled, alive.contains(state) ? 0 : 1);
   }
}

} // namespace
} // namespace fmcp::protocol
