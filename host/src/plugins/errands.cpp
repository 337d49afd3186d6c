#include "plugins/errands.hpp"

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

namespace fmcp::plugins {

// ---- tasks ----

fmcp_status errands::add_task(std::uint64_t due_ns, fmcp_task fn, void* user,
                              fmcp_op* op) noexcept {
   try {
      const std::lock_guard lock(mutex_);
      if (is_stopped_) return FMCP_E_GONE;
      if (tasks_ >= max_tasks) return FMCP_E_LIMIT;
      list_.emplace(++last_, errand{.due_ns = due_ns, .fn = fn, .user = user});
      ++tasks_;
      if (op != nullptr) *op = last_;
      return FMCP_OK;
   } catch (const std::exception&) {
      return FMCP_E_NO_MEMORY;
   }
}

bool errands::bring_forward(fmcp_op op) noexcept {
   const std::lock_guard lock(mutex_);
   const auto found = list_.find(op);
   if (found == list_.end() || found->second.op) return false;
   found->second.due_ns = 0;
   return true;
}

// ---- operations ----

fmcp_status errands::begin(fmcp_op& op, core::task gone) noexcept {
   try {
      auto made = std::make_unique<operation>();
      made->deliver = std::move(gone);
      const std::lock_guard lock(mutex_);
      if (is_stopped_) return FMCP_E_GONE;
      if (operations_ >= max_operations) return FMCP_E_BUSY;
      list_.emplace(++last_, errand{.is_open = true, .op = std::move(made)});
      ++operations_;
      op = last_;
      return FMCP_OK;
   } catch (const std::exception&) {
      return FMCP_E_NO_MEMORY;
   }
}

void errands::on_early_end(fmcp_op op, core::task stop) noexcept {
   {
      const std::lock_guard lock(mutex_);
      const auto found = list_.find(op);
      if (found != list_.end() && found->second.is_open) {
         found->second.op->stop = std::move(stop);
         return;
      }
   }
   stop();
}

/// The open operation of that handle, which is open no more; with the mutex held.
errands::list::iterator errands::close(fmcp_op op) noexcept {
   const auto found = list_.find(op);
   if (found == list_.end() || !found->second.is_open) return list_.end();
   found->second.is_open = false;
   found->second.due_ns = 0;
   return found;
}

bool errands::decide(fmcp_op op, core::task deliver) noexcept {
   core::task unused; // may be the last to hold something, so it goes outside the lock
   const std::lock_guard lock(mutex_);
   const auto found = close(op);
   if (found == list_.end()) return false;
   unused = std::exchange(found->second.op->deliver, std::move(deliver));
   if (!hand_over(found)) stalled_();
   return true;
}

bool errands::end(fmcp_op op) noexcept {
   core::task stop;
   {
      const std::lock_guard lock(mutex_);
      const auto found = close(op);
      if (found == list_.end()) return false;
      stop = std::move(found->second.op->stop);
      if (!hand_over(found)) stalled_();
   }
   if (stop) stop();
   return true;
}

void errands::run_operation(void* user) noexcept {
   const std::unique_ptr<operation> op(static_cast<operation*>(user));
   op->deliver();
}

/// Gives it to the pool, with the mutex held; false when the pool's queue is full just now.
bool errands::hand_over(list::iterator which) noexcept {
   errand& e = which->second;
   pool::job job{.what = pool::job::kind::task, .fn = e.fn, .user = e.user};
   if (e.op) {
      job.fn = run_operation;
      job.user = e.op.get();
   }
   try {
      if (!pool_.push(std::move(job))) return false;
   } catch (const std::exception&) {
      return false; // no memory: tried again later
   }
   --(e.op ? operations_ : tasks_);
   (void)e.op.release(); // the job's
   list_.erase(which);
   return true;
}

// ---- the instance ----

void errands::stop() noexcept {
   std::unique_lock lock(mutex_);
   is_stopped_ = true;
   for (auto& [op, e] : list_) {
      if (!e.is_open) e.due_ns = 0;
   }
   // Nothing is added any more, so the list only gets shorter while stoppers run without the lock.
   for (;;) {
      const auto open =
            std::ranges::find_if(list_, [](const auto& entry) { return entry.second.is_open; });
      if (open == list_.end()) return;
      const auto found = close(open->first);
      core::task stop = std::move(found->second.op->stop);
      hand_over(found);
      lock.unlock();
      if (stop) stop();
      stop = {};
      lock.lock();
   }
}

std::uint64_t errands::run(std::uint64_t now_ns, std::uint64_t retry_at_ns) noexcept {
   std::uint64_t next = UINT64_MAX;
   const std::lock_guard lock(mutex_);
   for (auto it = list_.begin(); it != list_.end();) {
      const auto which = it++;
      if (which->second.is_open) continue;
      if (which->second.due_ns > now_ns) {
         next = std::min(next, which->second.due_ns);
      } else if (!hand_over(which)) {
         next = std::min(next, retry_at_ns);
      }
   }
   return next;
}

bool errands::is_empty() const {
   const std::lock_guard lock(mutex_);
   return list_.empty();
}

} // namespace fmcp::plugins
