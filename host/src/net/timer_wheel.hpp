#pragma once

/// Deadlines of many connections in coarse ticks: one list per tick of a turn, no timer of their
/// own.
///
/// Moving a deadline further away costs nothing: the entry stays where it is, is looked at there,
/// and its owner says when it is due really. Thread safety: none; one wheel per thread.

#include <array>
#include <cstdint>

namespace fmcp::net {

/// Base of what the wheel holds. Lifetimes: leaves the wheel when it is destroyed.
class wheel_entry {
public:
   wheel_entry() = default;
   wheel_entry(const wheel_entry&) = delete;
   wheel_entry& operator=(const wheel_entry&) = delete;
   ~wheel_entry() { unlink(); }

   [[nodiscard]] bool is_scheduled() const noexcept { return next_ != nullptr; }
   void unlink() noexcept {
      if (next_ == nullptr) return;
      next_->prev_ = prev_;
      prev_->next_ = next_;
      next_ = prev_ = nullptr;
   }

private:
   friend class timer_wheel;
   wheel_entry* next_ = nullptr;
   wheel_entry* prev_ = nullptr;
   std::uint64_t due_ = 0;
};

class timer_wheel {
public:
   timer_wheel() noexcept {
      for (auto& s : slots_) s.next_ = s.prev_ = &s;
   }
   timer_wheel(const timer_wheel&) = delete;
   timer_wheel& operator=(const timer_wheel&) = delete;
   /// Lets go of what it still holds.
   ~timer_wheel() {
      for (auto& s : slots_) {
         while (s.next_ != &s) s.next_->unlink();
         s.next_ = s.prev_ = nullptr;
      }
   }

   [[nodiscard]] std::uint64_t now() const noexcept { return now_; }

   /// Has `e` looked at when `tick` is reached, or at once in the next tick if that is over; does
   /// nothing when a look is planned earlier.
   void schedule(wheel_entry& e, std::uint64_t tick) noexcept {
      if (tick <= now_) tick = now_ + 1;
      if (e.is_scheduled()) {
         if (e.due_ <= tick) return;
         e.unlink();
      }
      e.due_ = tick;
      push(e);
   }

   /// Moves to `tick` and calls `due(entry)` for what is reached; it may schedule the entry again,
   /// unlink and destroy any entry.
   template <class Due>
   void advance(std::uint64_t tick, Due due) {
      // After a long pause each slot is still visited once only.
      const std::uint64_t turns_from = tick - now_ > slots_.size() ? tick - slots_.size() : now_;
      for (std::uint64_t t = turns_from + 1; t <= tick; ++t) {
         wheel_entry& slot = slots_[t % slots_.size()];
         // The list is moved aside, since what is called may put entries into this very slot.
         wheel_entry round;
         if (slot.next_ == &slot) continue;
         round.next_ = slot.next_, round.prev_ = slot.prev_;
         round.next_->prev_ = round.prev_->next_ = &round;
         slot.next_ = slot.prev_ = &slot;
         now_ = t;
         while (round.next_ != &round) {
            wheel_entry& e = *round.next_;
            e.unlink();
            if (e.due_ > tick) {
               push(e); // of a later turn
            } else {
               due(e);
            }
         }
         round.next_ = round.prev_ = nullptr;
      }
      now_ = tick;
   }

private:
   void push(wheel_entry& e) noexcept {
      wheel_entry& slot = slots_[e.due_ % slots_.size()];
      e.prev_ = slot.prev_;
      e.next_ = &slot;
      slot.prev_->next_ = &e;
      slot.prev_ = &e;
   }

   std::array<wheel_entry, 256> slots_;
   std::uint64_t now_ = 0;
};

} // namespace fmcp::net
