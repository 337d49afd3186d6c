#include "plugins/call_table.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <random>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "core/log.hpp"
#include "core/text.hpp"
#include "core/utf8.hpp"
#include "plugins/grown.hpp"
#include "plugins/results.hpp"
#include "json/document.hpp"
#include "json/writer.hpp"

namespace fmcp::plugins {
namespace {

// The word of a slot: 16 bits of state below 44 bits of generation.
enum phase : std::uint64_t {
   is_free = 0,
   is_open_phase = 1,
   is_reporting = 2,
   is_ending = 3,
   is_over_phase = 4
};
constexpr std::uint64_t phase_mask = 7;
constexpr std::uint64_t host_holds = 1u << 3;   // queued, or inside invoke
constexpr std::uint64_t plugin_holds = 1u << 4; // owes a completion
constexpr std::uint64_t was_entered = 1u << 5;
constexpr std::uint64_t counted_stuck = 1u << 6;
constexpr std::uint64_t holds = host_holds | plugin_holds;
constexpr unsigned mark_shift = 8; // a failure that the reporting thread delivers; 0 = none
constexpr std::uint64_t mark_mask = 7u << mark_shift;
constexpr unsigned generation_shift = 16;
constexpr std::uint64_t generation_mask = (std::uint64_t{1} << 44) - 1;

constexpr unsigned index_bits = 20;
constexpr std::uint32_t no_slot = UINT32_MAX;

constexpr std::size_t max_failure_text = 1024; // as much as an fmcp_err of ours holds
constexpr std::size_t max_progress_text = 4096;
constexpr std::size_t max_log_bytes = 256u << 10;
constexpr std::size_t max_logger = 256;

constexpr std::uint64_t phase_of(std::uint64_t w) noexcept {
   return w & phase_mask;
}
constexpr std::uint64_t with_phase(std::uint64_t w, std::uint64_t p) noexcept {
   return (w & ~phase_mask) | p;
}
constexpr std::uint64_t generation_of(std::uint64_t w) noexcept {
   return (w >> generation_shift) & generation_mask;
}
constexpr std::uint64_t mark_of(std::uint64_t w) noexcept {
   return (w & mark_mask) >> mark_shift;
}

bool is_word_of(std::uint64_t w, fmcp_call handle) noexcept {
   return generation_of(w) == handle >> index_bits && phase_of(w) != is_free;
}

/// Another thread is in the middle of a report; that takes a few instructions of ours.
void pause() noexcept {
   std::this_thread::yield();
}

/// Spreads threads over shards, each thread always to the same one.
std::size_t own_shard() noexcept {
   static std::atomic<std::size_t> next{0};
   thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed);
   return mine;
}

} // namespace

struct alignas(64) call_table::slot {
   std::atomic<std::uint64_t> word{0};
   std::atomic<std::uint64_t> deadline{0};
   std::atomic<std::uint32_t> next{no_slot}; // in the free list of its shard
   std::uint32_t index = 0;
   std::uint32_t home = 0;
   // The rest belongs to whoever holds the slot, and is published by `word`.
   std::uint32_t timeout_ms = 0;
   double last_progress = 0;
   std::shared_ptr<call> target;
   std::shared_ptr<item_gate> gate;
};

struct call_table::chunk {
   std::array<slot, chunk_size> slots;
};

/// A stack of free slots: index of the first one below, a counter above that makes each state
/// unique.
struct alignas(64) call_table::shard {
   std::atomic<std::uint64_t> head{no_slot};
};

call_table::call_table(std::string plugin, const limits& l)
    : plugin_(std::move(plugin)),
      limits_{std::clamp(l.max_calls, 1u, 1u << index_bits), l.max_result_bytes, l.item},
      chunk_count_((limits_.max_calls + chunk_size - 1) / chunk_size),
      chunks_(std::make_unique<std::atomic<chunk*>[]>(chunk_count_)),
      shards_(std::make_unique<shard[]>(shard_count)) {}

call_table::~call_table() {
   for (std::uint32_t i = 0; i < chunk_count_; ++i) delete chunks_[i].load();
}

// ---- slots ----

call_table::slot* call_table::slot_at(std::uint32_t index) const noexcept {
   if (index / chunk_size >= chunk_count_) return nullptr;
   chunk* c = chunks_[index / chunk_size].load(std::memory_order_acquire);
   return c == nullptr ? nullptr : &c->slots[index % chunk_size];
}

call_table::slot& call_table::made(std::uint32_t index) const noexcept {
   return chunks_[index / chunk_size].load(std::memory_order_acquire)->slots[index % chunk_size];
}

call_table::slot* call_table::find(fmcp_call handle) const noexcept {
   return slot_at(static_cast<std::uint32_t>(handle & ((1u << index_bits) - 1)));
}

fmcp_call call_table::handle_of(std::uint64_t word, std::uint32_t index) noexcept {
   return generation_of(word) << index_bits | index;
}

call_table::slot* call_table::pop(shard& from) noexcept {
   std::uint64_t head = from.head.load(std::memory_order_acquire);
   while (static_cast<std::uint32_t>(head) != no_slot) {
      slot& s = made(static_cast<std::uint32_t>(head));
      const std::uint64_t next = ((head >> 32) + 1) << 32 | s.next.load(std::memory_order_relaxed);
      if (from.head.compare_exchange_weak(head, next, std::memory_order_acq_rel,
                                          std::memory_order_acquire))
         return &s;
   }
   return nullptr;
}

void call_table::push(slot& s) noexcept {
   shard& to = shards_[s.home];
   std::uint64_t head = to.head.load(std::memory_order_relaxed);
   std::uint64_t next = 0;
   do {
      s.next.store(static_cast<std::uint32_t>(head), std::memory_order_relaxed);
      next = ((head >> 32) + 1) << 32 | s.index;
   } while (!to.head.compare_exchange_weak(head, next, std::memory_order_acq_rel,
                                           std::memory_order_relaxed));
}

call_table::slot* call_table::grow(std::size_t home) {
   const std::lock_guard lock(grow_mutex_);
   if (slot* s = pop(shards_[home])) return s; // another thread was here first
   const std::uint32_t first = slots_.load(std::memory_order_relaxed);
   if (first >= limits_.max_calls) return nullptr;
   const std::uint32_t count = std::min(chunk_size, limits_.max_calls - first);
   auto fresh = std::make_unique<chunk>();
   std::random_device random;
   for (std::uint32_t i = 0; i < count; ++i) {
      slot& s = fresh->slots[i];
      s.index = first + i;
      s.home = static_cast<std::uint32_t>(home);
      const std::uint64_t generation = (std::uint64_t{random()} & 0xffffffffu) + 1;
      s.word.store(generation << generation_shift, std::memory_order_relaxed);
   }
   slot* out = &fresh->slots[0];
   chunks_[first / chunk_size].store(fresh.release(), std::memory_order_release);
   for (std::uint32_t i = 1; i < count; ++i) push(made(first + i));
   slots_.store(first + count); // in one order with live(), as the words are
   return out;
}

call_table::slot* call_table::take() noexcept {
   const std::size_t home = own_shard() % shard_count;
   if (slot* s = pop(shards_[home])) return s;
   try {
      if (slot* s = grow(home)) return s;
   } catch (const std::exception&) {
      // No memory or no randomness: what the other shards have must do.
   }
   for (std::size_t i = 1; i < shard_count; ++i) {
      if (slot* s = pop(shards_[(home + i) % shard_count])) return s;
   }
   return nullptr;
}

void call_table::recycle(slot& s) noexcept {
   const auto target = std::move(s.target);
   const auto gate = std::move(s.gate);
   const std::uint64_t w = s.word.load(std::memory_order_relaxed);
   if ((w & counted_stuck) != 0) stuck_.fetch_sub(1, std::memory_order_relaxed);
   std::uint64_t generation = (generation_of(w) + 1) & generation_mask;
   if (generation == 0) generation = 1; // a handle is never zero
   s.deadline.store(0, std::memory_order_relaxed);
   s.word.store(generation << generation_shift | is_free, std::memory_order_release);
   push(s);
   if (gate) {
      gate->leave();
      if (on_gate_left) on_gate_left();
   }
}

// ---- the host's side ----

fmcp_call call_table::open(opening o) {
   slot* s = take();
   if (s == nullptr) return 0;
   const std::uint64_t generation = generation_of(s->word.load(std::memory_order_relaxed));
   const fmcp_call handle = generation << index_bits | s->index;
   o.target->request.size = sizeof(fmcp_request);
   o.target->request.call = handle;
   o.target->request.deadline_ns = o.deadline_ns;
   s->timeout_ms = o.timeout_ms;
   s->last_progress = -HUGE_VAL;
   s->target = std::move(o.target);
   s->gate = std::move(o.gate);
   s->deadline.store(o.deadline_ns, std::memory_order_relaxed);
   s->word.store(generation << generation_shift | is_open_phase | holds |
                 (o.is_entered ? was_entered : 0)); // in one order with live(), open_word()
   return handle;
}

call* call_table::enter(fmcp_call handle, std::shared_ptr<item_gate> gate) {
   slot& s = *find(handle); // the host holds it
   if (gate) s.gate = std::move(gate);
   std::uint64_t w = s.word.load(std::memory_order_acquire);
   while (phase_of(w) == is_open_phase || phase_of(w) == is_reporting) {
      if (s.word.compare_exchange_weak(w, w | was_entered, std::memory_order_acq_rel,
                                       std::memory_order_acquire))
         return s.target.get();
   }
   dismiss(handle);
   return nullptr;
}

void call_table::dismiss(fmcp_call handle) {
   slot& s = *find(handle);
   const std::uint64_t w = s.word.fetch_and(~holds, std::memory_order_acq_rel);
   if (phase_of(w) == is_over_phase) recycle(s); // else the thread that delivers does it
}

void call_table::leave(fmcp_call handle, fmcp_status status, std::string_view error) {
   slot& s = *find(handle); // the host holds it
   const std::uint64_t dropped = status > FMCP_OK ? host_holds : holds;
   std::uint64_t w = s.word.load(std::memory_order_acquire);
   for (;;) {
      const bool undecided = phase_of(w) == is_open_phase || phase_of(w) == is_reporting;
      if (undecided && dropped == holds) {
         // The plugin says that it is done with the call, and nobody was told an outcome.
         if (phase_of(w) == is_reporting) {
            pause();
            w = s.word.load(std::memory_order_acquire);
            continue;
         }
         if (!s.word.compare_exchange_weak(w, with_phase(w, is_ending) & ~holds,
                                           std::memory_order_acq_rel, std::memory_order_acquire))
            continue;
         deliver_failure(s, status == FMCP_OK ? call_failure::misbehaved : call_failure::failed,
                         error);
         return finish(s, true);
      }
      const std::uint64_t next = w & ~dropped;
      if (!s.word.compare_exchange_weak(w, next, std::memory_order_acq_rel,
                                        std::memory_order_acquire))
         continue;
      if (phase_of(next) == is_over_phase && (next & holds) == 0) recycle(s);
      return;
   }
}

bool call_table::fail(fmcp_call handle, call_failure why) {
   slot* s = find(handle);
   if (s == nullptr) return false;
   std::uint64_t w = s->word.load(std::memory_order_acquire);
   for (;;) {
      if (!is_word_of(w, handle)) return false;
      if (phase_of(w) == is_open_phase) {
         if (!s->word.compare_exchange_weak(w, with_phase(w, is_ending), std::memory_order_acq_rel,
                                            std::memory_order_acquire))
            continue;
         deliver_failure(*s, why, {});
         finish(*s, true);
         return true;
      }
      if (phase_of(w) != is_reporting || mark_of(w) != 0) return false;
      const std::uint64_t marked = w | (static_cast<std::uint64_t>(why) + 1) << mark_shift;
      if (s->word.compare_exchange_weak(w, marked, std::memory_order_acq_rel,
                                        std::memory_order_acquire))
         return true;
   }
}

bool call_table::open_word(std::uint32_t index, std::uint64_t& word,
                           std::uint64_t& deadline) const noexcept {
   const slot& s = made(index);
   // In one order with open(): the timer first forgets when to look and then looks here, the opener
   // first writes the word and then says when to look, so one of them sees the other.
   word = s.word.load();
   deadline = s.deadline.load(std::memory_order_relaxed);
   return phase_of(word) == is_open_phase || phase_of(word) == is_reporting;
}

std::size_t call_table::stuck() const noexcept {
   return static_cast<std::size_t>(
         std::max<std::int64_t>(0, stuck_.load(std::memory_order_relaxed)));
}

std::size_t call_table::live() const noexcept {
   std::size_t n = 0;
   for (std::uint32_t i = 0, end = slots_.load(); i < end; ++i) {
      if (phase_of(made(i).word.load()) != is_free) ++n;
   }
   return n;
}

/// The caller has moved the phase to `ending` and is the only one here. `error` is the plugin's own
/// text (failed) or what was wrong with its result (misbehaved).
void call_table::deliver_failure(slot& s, call_failure why, std::string_view error) noexcept {
   try {
      std::string name;
      if (const auto n = view(s.target->request.name, 1024)) core::append_printable(name, *n);
      const auto who = [&] {
         return fmt::format("{} {} of plugin {}", limits_.item, name, plugin_);
      };
      std::string text;
      switch (why) {
      case call_failure::failed:
         text = error.empty() ? who() + " failed without saying why." : std::string(error);
         break;
      case call_failure::timed_out:
         text = fmt::format("{} did not answer within {} ms.", who(), s.timeout_ms);
         break;
      case call_failure::cancelled:
         text = fmt::format("The call of {} {} was cancelled.", core::to_lower(limits_.item), name);
         break;
      case call_failure::busy:
         text = fmt::format("Plugin {} has too many calls running or waiting; try again later.",
                            plugin_);
         break;
      case call_failure::stopped:
         text = fmt::format("Plugin {} was stopped before {} {} answered.", plugin_,
                            core::to_lower(limits_.item), name);
         break;
      case call_failure::misbehaved:
         text = error.empty() ? who() + " returned without a result."
                              : fmt::format("{} completed with {}.", who(), error);
         report_misbehaviour(text);
         break;
      }
      s.target->on_failure(why, text);
   } catch (const std::exception&) {
      s.target->on_failure(why, "The call failed, and there is no memory left to say how.");
   }
}

/// For FMCP_OUT_FAILED: the plugin's own words, which may be any bytes.
void call_table::deliver_failed(slot& s, fmcp_str words) noexcept {
   try {
      const std::string_view text(words.ptr, words.len);
      deliver_failure(s, call_failure::failed,
                      plain_words(core::utf8_truncated(text, max_failure_text)));
   } catch (const std::exception&) {
      deliver_failure(s, call_failure::failed, {});
   }
}

/// The first ones, and then fewer and fewer: a plugin that does it with each call fills no log.
void call_table::report_misbehaviour(std::string_view text) {
   const std::uint64_t n = misbehaved_.fetch_add(1, std::memory_order_relaxed) + 1;
   if (n > 8 && !std::has_single_bit(n)) return;
   core::log::warn("plugins", "plugin misbehaved {} {} times={}", core::log::kv("plugin", plugin_),
                   core::log::kv("reason", text), n);
}

/// The outcome has been delivered. A plugin that was entered and still holds the call is stuck, if
/// only for a moment.
void call_table::finish(slot& s, bool is_failure) noexcept {
   std::uint64_t w = s.word.load(std::memory_order_relaxed);
   for (;;) {
      std::uint64_t next = with_phase(w, is_over_phase);
      const bool stuck = is_failure && (w & holds) != 0 && (w & was_entered) != 0;
      if (stuck) {
         next |= counted_stuck;
         stuck_.fetch_add(1, std::memory_order_relaxed); // before anybody can count it down
      }
      if (s.word.compare_exchange_weak(w, next, std::memory_order_acq_rel,
                                       std::memory_order_relaxed)) {
         if ((next & holds) == 0) recycle(s);
         return;
      }
      if (stuck) stuck_.fetch_sub(1, std::memory_order_relaxed);
   }
}

// ---- the plugin's side ----

bool call_table::is_over(fmcp_call handle) const noexcept {
   const slot* s = find(handle);
   if (s == nullptr) return true;
   const std::uint64_t w = s->word.load(std::memory_order_relaxed);
   return !is_word_of(w, handle) || mark_of(w) != 0 ||
          (phase_of(w) != is_open_phase && phase_of(w) != is_reporting);
}

/// Gives the plugin's answer to the caller, if the call still waits for one; then the plugin holds
/// it no more in any case. `deliver(slot)` says what is wrong with the answer, or null when it was
/// taken.
template <class F>
fmcp_status call_table::settle(fmcp_call handle, F&& deliver) noexcept {
   slot* s = find(handle);
   if (s == nullptr) return FMCP_E_GONE;
   std::uint64_t w = s->word.load(std::memory_order_acquire);
   while (is_word_of(w, handle)) {
      switch (phase_of(w)) {
      case is_open_phase: {
         const std::uint64_t next = with_phase(w, is_ending) & ~plugin_holds;
         if (!s->word.compare_exchange_weak(w, next, std::memory_order_acq_rel,
                                            std::memory_order_acquire))
            break;
         const char* fault = deliver(*s);
         if (fault != nullptr) deliver_failure(*s, call_failure::misbehaved, fault);
         finish(*s, fault != nullptr);
         return fault == nullptr ? FMCP_OK : FMCP_E_INVALID;
      }
      case is_reporting:
         pause();
         w = s->word.load(std::memory_order_acquire);
         break;
      default: { // too late, or a second time
         if ((w & plugin_holds) == 0) return FMCP_E_GONE;
         const std::uint64_t next = w & ~plugin_holds;
         if (!s->word.compare_exchange_weak(w, next, std::memory_order_acq_rel,
                                            std::memory_order_acquire))
            break;
         if (phase_of(next) == is_over_phase && (next & holds) == 0) recycle(*s);
         return FMCP_E_GONE;
      }
      }
   }
   return FMCP_E_GONE;
}

fmcp_status call_table::complete(fmcp_call handle, const fmcp_result* r) noexcept {
   fmcp_result copy;
   const bool is_readable = copy_result(r, copy);
   const fmcp_status status = settle(handle, [&](slot& s) -> const char* {
      if (!is_readable) return "a result whose size cannot be true";
      if (const char* fault = find_fault(copy, limits_.max_result_bytes)) return fault;
      if (copy.outcome == FMCP_OUT_FAILED) {
         deliver_failed(s, copy.message);
      } else {
         s.target->on_result(copy);
      }
      return nullptr;
   });
   if (is_readable) release_buffers(copy);
   return status;
}

fmcp_status call_table::verified(fmcp_call handle, const fmcp_auth_result* r) noexcept {
   const auto copy = copy_grown<fmcp_auth_result>(r, FMCP_LEAST(fmcp_auth_result, principal));
   return settle(handle, [&](slot& s) {
      return copy ? s.target->on_verified(*copy) : "an answer whose size cannot be true";
   });
}

bool call_table::begin_report(slot& s, fmcp_call handle) noexcept {
   std::uint64_t w = s.word.load(std::memory_order_acquire);
   for (;;) {
      if (!is_word_of(w, handle)) return false;
      if (phase_of(w) == is_open_phase) {
         if (s.word.compare_exchange_weak(w, with_phase(w, is_reporting), std::memory_order_acq_rel,
                                          std::memory_order_acquire))
            return true;
      } else if (phase_of(w) == is_reporting) {
         pause();
         w = s.word.load(std::memory_order_acquire);
      } else {
         return false;
      }
   }
}

void call_table::end_report(slot& s, fmcp_call) noexcept {
   std::uint64_t w = s.word.load(std::memory_order_relaxed);
   for (;;) {
      const std::uint64_t mark = mark_of(w);
      const std::uint64_t next = with_phase(w & ~mark_mask, mark == 0 ? is_open_phase : is_ending);
      if (!s.word.compare_exchange_weak(w, next, std::memory_order_acq_rel,
                                        std::memory_order_relaxed))
         continue;
      if (mark != 0) {
         deliver_failure(s, static_cast<call_failure>(mark - 1), {});
         finish(s, true);
      }
      return;
   }
}

fmcp_status call_table::progress(fmcp_call handle, double done, double total,
                                 fmcp_str message) noexcept {
   const auto text = view(message, UINT32_MAX);
   if (!text || !std::isfinite(done) || !std::isfinite(total)) {
      return is_over(handle) ? FMCP_E_GONE : FMCP_E_INVALID;
   }
   slot* s = find(handle);
   if (s == nullptr || !begin_report(*s, handle)) return FMCP_E_GONE;
   fmcp_status status = FMCP_OK;
   if (done <= s->last_progress) {
      status = FMCP_E_INVALID;
   } else {
      s->last_progress = done;
      if ((s->target->request.flags & FMCP_RQ_PROGRESS) != 0) {
         const auto start = text->substr(0, max_progress_text);
         if (core::is_utf8(start)) {
            s->target->on_progress(done, total, start);
         } else {
            try {
               s->target->on_progress(
                     done, total,
                     core::utf8_repaired(core::utf8_truncated(*text, max_progress_text)));
            } catch (const std::exception&) {
               s->target->on_progress(done, total, {});
            }
         }
      }
   }
   end_report(*s, handle);
   return status;
}

fmcp_status call_table::client_log(fmcp_call handle, std::int32_t level, fmcp_str logger,
                                   fmcp_str data_json) noexcept {
   if (is_over(handle)) return FMCP_E_GONE;
   const auto name = view(logger, max_logger);
   const auto data = view(data_json, max_log_bytes);
   if (!name || !data || !core::is_utf8(*name)) return FMCP_E_INVALID;
   if (level < FMCP_LOG_TRACE || level > FMCP_LOG_CRITICAL) level = FMCP_LOG_INFO;
   try {
      json::document parsed;
      if (!parsed.parse_copy(*data)) return FMCP_E_INVALID;
      std::string one_line;
      json::append_compact(one_line, parsed.root());
      slot* s = find(handle);
      if (s == nullptr || !begin_report(*s, handle)) return FMCP_E_GONE;
      s->target->on_log(level, *name, one_line);
      end_report(*s, handle);
      return FMCP_OK;
   } catch (const std::exception&) {
      return FMCP_E_NO_MEMORY;
   }
}

} // namespace fmcp::plugins
