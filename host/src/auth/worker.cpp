#include "auth/worker.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <pthread.h>

namespace fmcp::auth {

void worker::start() {
   thread_ = std::thread([this] { run(); });
}

void worker::stop() {
   {
      const std::lock_guard lock(mutex_);
      if (std::exchange(is_stopped_, true)) return;
   }
   changed_.notify_one();
   if (thread_.joinable()) thread_.join();
   for (auto& work : std::exchange(tasks_, {})) work(); // nobody posts here any more
}

void worker::post(core::task work) {
   {
      const std::lock_guard lock(mutex_);
      if (!is_stopped_) {
         tasks_.push_back(std::move(work));
         work = nullptr;
      }
   }
   if (work)
      work();
   else
      changed_.notify_one();
}

std::uint64_t worker::step() {
   std::vector<core::task> now;
   {
      const std::lock_guard lock(mutex_);
      now.swap(tasks_);
   }
   for (auto& work : now) work();
   return poll_();
}

void worker::run() {
   ::pthread_setname_np(::pthread_self(), "fmcp:auth");
   constexpr std::uint64_t longest = 3'600'000'000'000;
   for (;;) {
      const std::uint64_t due = step();
      std::unique_lock lock(mutex_);
      const std::uint64_t now = clock_.mono_ns();
      const auto pause = std::chrono::nanoseconds(due > now ? std::min(due - now, longest) : 0);
      changed_.wait_for(lock, pause, [this] { return is_stopped_ || !tasks_.empty(); });
      if (is_stopped_) return;
   }
}

} // namespace fmcp::auth
