#pragma once

/// What an instance has asked of the host and has not got back: tasks that wait for their time, and
/// operations of services that wait for the outcome of a backend.
///
/// Both end the same way: exactly one call into the plugin, on a thread of its pool. A task is due
/// at a time; an operation is due as soon as somebody decides it: the backend, a cancellation or
/// the end of the instance, whoever comes first. While it is here, or in the pool's queue, or
/// inside the plugin, the instance is busy, so that nothing runs behind destroy().
///
/// Thread safety: all members may be called from any thread.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include <fmcp/services.h>

#include "core/executor.hpp"
#include "plugins/pool.hpp"

namespace fmcp::plugins {

class errands {
public:
   static constexpr std::size_t max_tasks = 1024;
   static constexpr std::size_t max_operations = 1024;

   /// `stalled` is called when the pool has no room just now: run() is to be called soon.
   errands(pool& runs_on, std::function<void()> stalled)
       : pool_(runs_on), stalled_(std::move(stalled)) {}

   // ---- tasks ----

   /// FMCP_OK, FMCP_E_GONE, FMCP_E_LIMIT, FMCP_E_NO_MEMORY. `*op` may be null.
   fmcp_status add_task(std::uint64_t due_ns, fmcp_task fn, void* user, fmcp_op* op) noexcept;
   /// False when there is no such task (any more).
   bool bring_forward(fmcp_op op) noexcept;

   // ---- operations ----

   /// Notes an operation. `gone` is run if it is ended early. FMCP_OK, FMCP_E_GONE, FMCP_E_BUSY,
   /// FMCP_E_NO_MEMORY.
   fmcp_status begin(fmcp_op& op, core::task gone) noexcept;
   /// How to stop its backend when it is ended early; called at once when that has happened
   /// already, and possibly though the backend is done.
   void on_early_end(fmcp_op op, core::task stop) noexcept;
   /// It has come out: `deliver` runs on the pool. False when it was over already.
   bool decide(fmcp_op op, core::task deliver) noexcept;
   /// Ends it early: `gone` runs on the pool. False when it was over already.
   bool end(fmcp_op op) noexcept;

   // ---- the instance ----

   /// Nothing is taken any more; tasks are due now and operations are ended.
   void stop() noexcept;
   /// Hands the pool what is due; the time of the next look, UINT64_MAX = none. `now_ns` of
   /// UINT64_MAX: all tasks are due.
   std::uint64_t run(std::uint64_t now_ns, std::uint64_t retry_at_ns) noexcept;
   /// What `run` could not hand over yet waits for its next call.
   [[nodiscard]] bool is_empty() const;

private:
   /// One call into the plugin; exists on its own once it is in the pool's queue.
   struct operation {
      core::task deliver; ///< `gone`, until it is decided
      core::task stop;
   };
   struct errand {
      std::uint64_t due_ns = UINT64_MAX;
      bool is_open = false; ///< an operation that is not decided
      fmcp_task fn = nullptr;
      void* user = nullptr;
      std::unique_ptr<operation> op{};
   };
   using list = std::map<fmcp_op, errand>;

   static void run_operation(void* user) noexcept;
   bool hand_over(list::iterator which) noexcept;
   list::iterator close(fmcp_op op) noexcept;

   pool& pool_;
   const std::function<void()> stalled_;
   mutable std::mutex mutex_;
   list list_;                  // guarded by mutex_, as all below
   std::size_t tasks_ = 0;      // of the list
   std::size_t operations_ = 0; // of the list
   fmcp_op last_ = 0;
   bool is_stopped_ = false;
};

} // namespace fmcp::plugins
