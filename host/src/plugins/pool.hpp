#pragma once

/// The threads of one plugin: its bulkhead. A plugin that hangs uses up its own share and nobody
/// else's.
///
/// Threads start when there is work for them, up to the cap, and end when they find none for a
/// while. They may be inside the plugin for ever, so nobody waits for them without a limit, and
/// each keeps the instance alive.
///
/// Thread safety: all members may be called from any thread, except stop() (one thread, once).

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <fmcp/services.h>

#include "plugins/gate.hpp"

namespace fmcp::plugins {

class pool {
public:
   struct job {
      enum class kind : std::uint8_t { call, task, cancel };
      kind what = kind::call;
      std::int32_t reason = 0;           ///< cancel
      fmcp_call handle = 0;              ///< call, cancel
      fmcp_task fn = nullptr;            ///< task
      void* user = nullptr;              ///< task
      std::shared_ptr<item_gate> gate{}; ///< call: entered before the job is run; may be null
   };
   struct limits {
      std::string name; ///< of the threads, at most 15 bytes are shown
      std::uint32_t max_threads = 8;
      std::uint32_t max_calls = 256; ///< waiting
      std::uint32_t max_tasks = 256; ///< waiting
      std::chrono::milliseconds idle{10'000};
   };

   /// `run` is called for each job, on a thread of the pool, which holds `owner` meanwhile.
   pool(limits l, std::function<void(job&)> run);
   ~pool();
   void own(std::weak_ptr<void> owner);

   /// False when that kind's queue is full or the pool was stopped.
   [[nodiscard]] bool push(job j);
   /// Takes a waiting call out of the queue; false when it is not there (any more).
   bool remove(fmcp_call handle);
   /// A gate was left: a waiting call may fit now.
   void gate_left() noexcept;

   /// Nothing waits and no thread is at work.
   [[nodiscard]] bool is_idle() const;
   /// Takes no more, runs what waits, ends the threads and joins them. False when some are still
   /// inside the plugin after `patience`; they end when they come back, if they ever do.
   [[nodiscard]] bool stop(std::chrono::milliseconds patience);

private:
   struct state;
   std::shared_ptr<state> state_;
};

} // namespace fmcp::plugins
