#pragma once

/// The running calls of one plugin instance, and who may end each of them.
///
/// A call has two ends that are independent of each other. For its *caller* it ends with exactly
/// one outcome: the plugin's result, or a failure (deadline, cancellation, an error from invoke).
/// For the *plugin* it ends when it holds the request no more: invoke has returned, and what it
/// accepted with FMCP_PENDING has been completed. A deadline ends the first at once and cannot end
/// the second. The slot is free again when both are over, so a late completion finds either its own
/// call, already answered, or a slot with another generation, and never somebody else's call.
///
/// Each slot has one atomic word: the generation, the phase of the outcome, and who still holds the
/// slot. Every step is one compare-and-swap on it; whoever takes the last hold away recycles.
///
///    free -> open -> ending -> over -> free        ending: one thread delivers the outcome
///              \ reporting /                       reporting: one thread delivers progress or a
///              log
///
/// The phases serialise the caller's callbacks: who finds `reporting` and brings a result waits for
/// the few instructions that the report takes; who finds it and brings a failure leaves a mark, and
/// the reporter delivers it. So a deadline or a cancellation never waits, and a callback may cancel
/// its own call.
///
/// Handles: generation above, slot below. Generations start at random, so that a handle guessed
/// from another one fits nothing.
///
/// Thread safety: all members may be called from any thread. No lock is taken on the way of a call;
/// threads take slots from different shards.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <fmcp/call.h>

#include "plugins/call.hpp"
#include "plugins/gate.hpp"

namespace fmcp::plugins {

class call_table {
public:
   struct limits {
      std::uint32_t max_calls = 4096;
      std::size_t max_result_bytes = 64u << 20;
      std::string_view item = "Tool"; ///< what messages call that which is called
   };
   /// `plugin` is named in messages.
   call_table(std::string plugin, const limits& l);
   ~call_table();
   call_table(const call_table&) = delete;
   call_table& operator=(const call_table&) = delete;

   // ---- the host's side ----

   /// What a call starts with.
   struct opening {
      std::shared_ptr<call> target;
      std::uint64_t deadline_ns = 0;
      std::uint32_t timeout_ms = 0;
      std::shared_ptr<item_gate> gate; ///< already entered, or null
      bool is_entered = false;         ///< invoke follows at once, without enter()
   };
   /// Takes a slot and fills the request's `call` and `deadline_ns`; 0 when all are taken.
   [[nodiscard]] fmcp_call open(opening o);
   /// Before invoke. Null when the call is over already, which gives the slot back. The call lives
   /// until leave().
   [[nodiscard]] call* enter(fmcp_call handle, std::shared_ptr<item_gate> gate = {});
   /// After invoke returned `status`, with the text of its `fmcp_err`.
   void leave(fmcp_call handle, fmcp_status status, std::string_view error);
   /// Gives back the slot of a call that is over and was never entered.
   void dismiss(fmcp_call handle);
   /// Ends the call for its caller, unless it is over: then false.
   bool fail(fmcp_call handle, call_failure why);

   /// Calls `expired(handle)` for each call that is open and past its deadline; the earliest
   /// deadline of the others, or UINT64_MAX.
   template <class F>
   std::uint64_t scan_deadlines(std::uint64_t now_ns, F&& expired);
   /// Calls `f(handle)` for each call whose outcome is not decided.
   template <class F>
   void for_each_open(F&& f);

   /// Calls whose caller has its answer while the plugin has not returned.
   [[nodiscard]] std::size_t stuck() const noexcept;
   /// Slots that are not free. Walks all of them: for stopping, not for each call.
   [[nodiscard]] std::size_t live() const noexcept;

   // ---- the plugin's side: fmcp_host, fmcp_auth_host ----

   fmcp_status complete(fmcp_call handle, const fmcp_result* r) noexcept;
   fmcp_status verified(fmcp_call handle, const fmcp_auth_result* r) noexcept;
   fmcp_status progress(fmcp_call handle, double done, double total, fmcp_str message) noexcept;
   fmcp_status client_log(fmcp_call handle, std::int32_t level, fmcp_str logger,
                          fmcp_str data_json) noexcept;
   [[nodiscard]] bool is_over(fmcp_call handle) const noexcept;

private:
   struct slot;
   struct chunk;
   struct shard;
   static constexpr std::uint32_t chunk_size = 32;
   static constexpr std::size_t shard_count = 8;

   slot* find(fmcp_call handle) const noexcept;
   slot* slot_at(std::uint32_t index) const noexcept; // any index: may be null
   slot& made(std::uint32_t index) const noexcept;    // one that exists
   slot* take() noexcept;
   slot* pop(shard& from) noexcept;
   void push(slot& s) noexcept;
   slot* grow(std::size_t home);
   bool begin_report(slot& s, fmcp_call handle) noexcept;
   void end_report(slot& s, fmcp_call handle) noexcept;
   void deliver_failure(slot& s, call_failure why, std::string_view error) noexcept;
   void deliver_failed(slot& s, fmcp_str words) noexcept;
   void report_misbehaviour(std::string_view text);
   template <class F>
   fmcp_status settle(fmcp_call handle, F&& deliver) noexcept;
   void finish(slot& s, bool is_failure) noexcept;
   void recycle(slot& s) noexcept;
   bool open_word(std::uint32_t index, std::uint64_t& word, std::uint64_t& deadline) const noexcept;
   [[nodiscard]] static fmcp_call handle_of(std::uint64_t word, std::uint32_t index) noexcept;

   const std::string plugin_;
   const limits limits_;
   std::mutex grow_mutex_;
   std::atomic<std::uint32_t> slots_{0}; // made so far
   std::atomic<std::int64_t> stuck_{0};
   std::atomic<std::uint64_t> misbehaved_{0};
   const std::uint32_t chunk_count_; // that there may be
   std::unique_ptr<std::atomic<chunk*>[]> chunks_;
   std::unique_ptr<shard[]> shards_;

public:
   /// Called when a slot with a gate came back: a queued call may go on. Set once, before any call.
   std::move_only_function<void() noexcept> on_gate_left;
};

template <class F>
std::uint64_t call_table::scan_deadlines(std::uint64_t now_ns, F&& expired) {
   std::uint64_t earliest = UINT64_MAX;
   for (std::uint32_t i = 0, n = slots_.load(); i < n; ++i) {
      std::uint64_t word = 0, deadline = 0;
      if (!open_word(i, word, deadline) || deadline == 0) continue;
      if (deadline <= now_ns) {
         expired(handle_of(word, i));
      } else if (deadline < earliest) {
         earliest = deadline;
      }
   }
   return earliest;
}

template <class F>
void call_table::for_each_open(F&& f) {
   for (std::uint32_t i = 0, n = slots_.load(); i < n; ++i) {
      std::uint64_t word = 0, deadline = 0;
      if (open_word(i, word, deadline)) f(handle_of(word, i));
   }
}

} // namespace fmcp::plugins
