#pragma once

/// The executor of one thread of the server: the only door between threads.
///
/// Lives as long as anybody holds it, longer than the loop behind it if need be: what is posted
/// after the loop has ended is destroyed at once.

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "core/executor.hpp"
#include "core/safe_path.hpp"

namespace fmcp::net {

class task_queue final : public core::executor {
public:
   /// `wake_here` schedules `run_all` when a task is posted on the loop's own thread; from other
   /// threads a byte count is added to `event`, an eventfd that the loop reads.
   explicit task_queue(core::unique_fd event) : event_(std::move(event)) {}

   void post(core::task work) override; // [any thread]

   /// The loop's side. [the loop's thread]
   void attach(std::function<void()> wake_here);
   [[nodiscard]] int event_fd() const noexcept { return event_.get(); }
   /// Runs what has been posted until now; false when there was nothing.
   bool run_all();
   /// Destroys what is queued and all that is posted later.
   void close();

private:
   const core::unique_fd event_;
   std::atomic<std::thread::id> thread_{};
   std::function<void()> wake_here_; // of the loop's thread only
   std::mutex mutex_;
   std::vector<core::task> queue_; // guarded by mutex_
   bool is_signalled_ = false;     // guarded by mutex_: the loop knows that the queue is not empty
   bool is_closed_ = false;        // guarded by mutex_
   std::vector<core::task> running_; // of the loop's thread only; keeps its memory
};

} // namespace fmcp::net
