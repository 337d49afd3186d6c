#include "plugins/pool.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include <pthread.h>

#include "core/log.hpp"

namespace fmcp::plugins {

struct pool::state {
   struct worker {
      std::thread thread;
      bool is_done = false;
   };

   limits bounds;
   std::function<void(job&)> run;
   std::weak_ptr<void> owner;

   mutable std::mutex mutex;
   std::condition_variable work;  // something may be runnable, or the pool stops
   std::condition_variable ended; // a worker is done
   std::deque<job> queue;
   std::uint32_t calls = 0, tasks = 0; // of the queue
   std::list<worker> workers;
   std::uint32_t running = 0; // workers that are not done
   std::uint32_t idle = 0;    // of them, waiting for work
   bool is_stopping = false;
   bool is_joining = false;             // stop() waits: threads that end stay in `workers` for it
   std::atomic<std::uint32_t> gated{0}; // calls in the queue that have a gate

   std::uint32_t& count_of(const job& j) { return j.what == job::kind::call ? calls : tasks; }

   /// Removes and gives the first job whose gate, if any, lets it in.
   std::optional<job> take() {
      for (auto it = queue.begin(); it != queue.end(); ++it) {
         if (it->gate && !it->gate->try_enter()) continue;
         job out = std::move(*it);
         forget(out);
         queue.erase(it);
         return out;
      }
      return std::nullopt;
   }
   void forget(const job& j) {
      --count_of(j);
      if (j.gate) {
         j.gate->waiting.fetch_sub(1);
         gated.fetch_sub(1);
      }
   }

   void work_loop(std::list<worker>::iterator self);
   void start_worker(const std::shared_ptr<state>& me);
   void wake(const std::shared_ptr<state>& me);
};

void pool::state::work_loop(std::list<worker>::iterator self) {
   std::unique_lock lock(mutex);
   const auto may_go_on = [&] { return !(is_stopping && queue.empty()); };
   while (may_go_on()) {
      if (auto next = take()) {
         lock.unlock();
         run(*next);
         next.reset();
         lock.lock();
         continue;
      }
      ++idle;
      const auto outcome = work.wait_for(lock, bounds.idle);
      --idle;
      if (outcome == std::cv_status::timeout && queue.empty()) break;
   }
   --running;
   if (is_joining) {
      self->is_done = true;
   } else {
      if (self->thread.joinable()) self->thread.detach();
      workers.erase(self);
   }
   ended.notify_all();
}

/// Called with the mutex held.
void pool::state::start_worker(const std::shared_ptr<state>& me) {
   const auto w = workers.emplace(workers.end());
   try {
      w->thread = std::thread([me, keep = owner.lock(), w]() mutable {
         const std::string name = me->bounds.name.substr(0, 15);
         ::pthread_setname_np(::pthread_self(), name.c_str());
         me->work_loop(w); // `w` is gone when it returns
         keep.reset();
      });
      ++running;
   } catch (const std::system_error& e) {
      workers.pop_back();
      core::log::error("plugins", "no thread for a plugin {} {}",
                       core::log::kv("pool", bounds.name), core::log::kv("reason", e.what()));
   }
}

/// Called with the mutex held: sees to it that somebody looks at the queue.
void pool::state::wake(const std::shared_ptr<state>& me) {
   if (idle > 0) work.notify_one();
   // One that was woken before still counts as idle: compare with all that waits.
   if (queue.size() > idle && running < bounds.max_threads) {
      start_worker(me);
   }
}

pool::pool(limits l, std::function<void(job&)> run) : state_(std::make_shared<state>()) {
   state_->bounds = std::move(l);
   state_->bounds.max_threads = std::max(1u, state_->bounds.max_threads);
   state_->run = std::move(run);
}

pool::~pool() {
   const std::lock_guard lock(state_->mutex);
   state_->is_stopping = true;
   state_->work.notify_all();
   for (auto& w : state_->workers) {
      if (w.thread.joinable()) w.thread.detach();
   }
}

void pool::own(std::weak_ptr<void> owner) {
   state_->owner = std::move(owner);
}

bool pool::push(job j) {
   state& s = *state_;
   const std::lock_guard lock(s.mutex);
   if (s.is_stopping) return false;
   const bool is_call = j.what == job::kind::call;
   if (s.count_of(j) >= (is_call ? s.bounds.max_calls : s.bounds.max_tasks)) return false;
   if (j.gate) {
      j.gate->waiting.fetch_add(1);
      s.gated.fetch_add(1);
   }
   ++s.count_of(j);
   s.queue.push_back(std::move(j));
   s.wake(state_);
   return true;
}

bool pool::remove(fmcp_call handle) {
   state& s = *state_;
   const std::lock_guard lock(s.mutex);
   const auto it = std::ranges::find_if(
         s.queue, [&](const job& j) { return j.what == job::kind::call && j.handle == handle; });
   if (it == s.queue.end()) return false;
   s.forget(*it);
   s.queue.erase(it);
   return true;
}

void pool::gate_left() noexcept {
   // Either the pusher counted first, and is seen here; or it comes later, and sees the gate free.
   if (state_->gated.load() == 0) return;
   const std::lock_guard lock(state_->mutex);
   if (!state_->queue.empty()) state_->wake(state_);
}

bool pool::is_idle() const {
   const std::lock_guard lock(state_->mutex);
   return state_->queue.empty() && state_->idle == state_->running;
}

bool pool::stop(std::chrono::milliseconds patience) {
   state& s = *state_;
   std::unique_lock lock(s.mutex);
   s.is_stopping = true;
   s.is_joining = true;
   s.work.notify_all();
   const bool all = s.ended.wait_for(lock, patience, [&] { return s.running == 0; });
   s.is_joining = false;
   for (auto w = s.workers.begin(); w != s.workers.end();) {
      if (w->is_done) {
         w->thread.join(); // it has let go of everything
         w = s.workers.erase(w);
      } else {
         ++w;
      }
   }
   return all;
}

} // namespace fmcp::plugins
