#pragma once

/// The writing half of a line channel.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "core/safe_path.hpp"

namespace fmcp::net {

/// Thread safety: `write` from any thread; `start` and `stop` from the owner's.
class line_writer {
public:
   /// `on_failure` is called once, on the writer's thread, with the reason.
   line_writer(core::unique_fd out, std::size_t max_queued, std::chrono::milliseconds timeout,
               std::function<void(std::string)> on_failure);
   ~line_writer();

   void start();
   bool write(std::string_view line);
   /// Waits so long for what is queued, then gives up; true when all was written.
   bool stop(std::chrono::milliseconds patience);

private:
   void run();
   /// Some bytes, at least one; false when it has failed or must stop.
   bool write_some(std::string_view& bytes);
   [[nodiscard]] bool wait_writable();
   void fail(std::string why);

   const core::unique_fd out_;
   const std::size_t max_queued_;
   const std::chrono::milliseconds timeout_;
   const std::function<void(std::string)> on_failure_;
   const core::unique_fd bell_; // an eventfd: rung when writing must stop
   std::mutex mutex_;
   std::condition_variable changed_; // the queue, or one of the flags
   std::string queue_;               // guarded by mutex_
   std::size_t unwritten_ = 0;       // guarded by mutex_: of the queue and of what is being written
   bool is_ending_ = false;          // guarded by mutex_: write what is queued, take no more
   bool has_failed_ = false;         // guarded by mutex_
   std::thread thread_;
};

} // namespace fmcp::net
