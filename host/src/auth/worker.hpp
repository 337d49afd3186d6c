#pragma once

/// For this room's sources only: the one thread on which keys are imported, refreshed and waited
/// for, so that none of it happens on a thread that serves.
///
/// The thread runs what was posted, in order, then asks `poll` what is due and when to ask again.
/// Both happen in `step`, which a test calls itself (without a thread).
///
/// Thread safety: `post` any thread; `step` one thread at a time; `stop` once.
/// Lifetimes: what was posted before `stop` still runs, inside `stop` at the latest; what is posted
/// later runs at once, on the thread that posts.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "core/clock.hpp"
#include "core/executor.hpp"

namespace fmcp::auth {

class worker final : public core::executor {
public:
   /// `poll`: does what is due and returns the monotonic nanoseconds of its next turn.
   using poll_function = std::function<std::uint64_t()>;

   worker(const core::clock& clock, poll_function poll) : clock_(clock), poll_(std::move(poll)) {}
   ~worker() override { stop(); }

   void start(); ///< makes the thread; without it `step` does the work
   void stop();
   void post(core::task work) override;
   /// Returns when to call it again, unless something is posted.
   std::uint64_t step();

private:
   void run();

   const core::clock& clock_;
   poll_function poll_;
   std::mutex mutex_;
   std::condition_variable changed_;
   std::vector<core::task> tasks_; // guarded by mutex_
   bool is_stopped_ = false;       // guarded by mutex_
   std::thread thread_;
};

} // namespace fmcp::auth
