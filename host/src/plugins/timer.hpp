#pragma once

/// The one thread that keeps all deadlines of the plugin host.
///
/// Not a timer per call: an instance knows the earliest time at which it wants to be looked at, and
/// the thread sleeps until the earliest of all. A call that ends in time leaves no trace here; it
/// only costs a look that finds nothing, at most once per span of the shortest timeout in use.
///
/// Thread safety: all members may be called from any thread.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/clock.hpp"

namespace fmcp::plugins {

class timer {
public:
   /// What is looked at.
   class watched {
   public:
      virtual ~watched() = default;
      /// Does what is due, without blocking; the time of the next look, UINT64_MAX = none.
      virtual std::uint64_t tick(std::uint64_t now_ns) noexcept = 0;
   };

   explicit timer(const core::clock& c);
   /// Precondition: stop() was called.
   ~timer();
   timer(const timer&) = delete;
   timer& operator=(const timer&) = delete;

   /// Ends the thread. Later needs are heard by nobody. [once, not on a thread that ticks]
   void stop();
   /// Watches until `w` is gone.
   void watch(std::weak_ptr<watched> w);
   /// Promises a look at `at_ns` or soon after. Almost always one comparison.
   void need(std::uint64_t at_ns) noexcept {
      std::uint64_t planned = wake_at_.load();
      while (at_ns < planned) {
         if (wake_at_.compare_exchange_weak(planned, at_ns)) return wake();
      }
   }

private:
   void run();
   void wake() noexcept;
   const core::clock& clock_;
   std::atomic<std::uint64_t> wake_at_{UINT64_MAX};
   std::mutex mutex_;
   std::condition_variable changed_;
   std::vector<std::weak_ptr<watched>> watched_; // guarded by mutex_
   bool is_stopping_ = false;                    // guarded by mutex_
   std::thread thread_;                          // last: uses everything above
};

} // namespace fmcp::plugins
