#include "net/task_queue.hpp"

#include <cstdint>
#include <exception>

#include <unistd.h>

#include "core/log.hpp"

namespace fmcp::net {

void task_queue::attach(std::function<void()> wake_here) {
   wake_here_ = std::move(wake_here);
   thread_.store(std::this_thread::get_id()); // what was posted until now has rung the eventfd
}

void task_queue::post(core::task work) {
   {
      const std::lock_guard lock(mutex_);
      if (is_closed_) return; // `work` is destroyed by the caller's frame, outside the lock
      queue_.push_back(std::move(work));
      if (is_signalled_) return;
      is_signalled_ = true;
   }
   if (thread_.load() == std::this_thread::get_id()) {
      wake_here_();
      return;
   }
   const std::uint64_t one = 1;
   // Cannot fail: the counter would have to overflow, and the descriptor lives as long as we do.
   [[maybe_unused]] const auto n = ::write(event_.get(), &one, sizeof one);
}

bool task_queue::run_all() {
   {
      const std::lock_guard lock(mutex_);
      is_signalled_ = false;
      if (queue_.empty()) return false;
      std::swap(queue_, running_);
   }
   for (auto& t : running_) {
      try {
         t();
      } catch (const std::exception& e) {
         core::log::error("net", "a task on a server thread failed {}",
                          core::log::kv("reason", e.what()));
      }
      t = nullptr;
   }
   running_.clear();
   return true;
}

void task_queue::close() {
   std::vector<core::task> rest;
   const std::lock_guard lock(mutex_);
   is_closed_ = true;
   rest.swap(queue_);
}

} // namespace fmcp::net
