#include "plugins/timer.hpp"

#include <algorithm>
#include <chrono>

#include <pthread.h>

namespace fmcp::plugins {
namespace {

/// Deadlines that lie closer together than this share one look.
constexpr std::uint64_t coarseness_ns = 1'000'000;

} // namespace

timer::timer(const core::clock& c) : clock_(c), thread_([this] { run(); }) {}

timer::~timer() = default;

void timer::stop() {
   {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
   }
   changed_.notify_one();
   thread_.join();
}

void timer::watch(std::weak_ptr<watched> w) {
   const std::lock_guard lock(mutex_);
   std::erase_if(watched_, [](const auto& old) { return old.expired(); });
   watched_.push_back(std::move(w));
}

void timer::wake() noexcept {
   // Passing through the mutex means: the thread is not between its look at wake_at_ and its sleep.
   {
      const std::lock_guard lock(mutex_);
   }
   changed_.notify_one();
}

void timer::run() {
   ::pthread_setname_np(::pthread_self(), "fmcp:timer");
   std::unique_lock lock(mutex_);
   while (!is_stopping_) {
      const std::uint64_t planned = wake_at_.load();
      const std::uint64_t now = clock_.mono_ns();
      if (planned > now) {
         if (planned == UINT64_MAX) {
            changed_.wait(lock);
         } else {
            constexpr std::uint64_t longest = 3'600'000'000'000;
            changed_.wait_for(lock, std::chrono::nanoseconds(std::min(planned - now, longest)));
         }
         continue;
      }
      // From here on a need() that comes too late for this round lowers it again.
      wake_at_.store(UINT64_MAX);
      const auto round = watched_;
      lock.unlock();
      std::uint64_t next = UINT64_MAX;
      for (const auto& w : round) {
         if (const auto alive = w.lock()) next = std::min(next, alive->tick(now));
      }
      if (next != UINT64_MAX) {
         next = std::max(next, now + coarseness_ns);
         std::uint64_t later = wake_at_.load();
         while (next < later && !wake_at_.compare_exchange_weak(later, next)) {
         }
      }
      lock.lock();
   }
}

} // namespace fmcp::plugins
