#pragma once

/// How many calls of one item may be inside the plugin at a time (`fmcp_item.max_concurrency`).

#include <atomic>
#include <cstdint>

namespace fmcp::plugins {

/// Thread safety: all members may be called from any thread.
class item_gate {
public:
   explicit item_gate(std::uint32_t limit) noexcept : limit_(limit) {}

   [[nodiscard]] std::uint32_t limit() const noexcept { return limit_; }
   [[nodiscard]] bool try_enter() noexcept {
      std::uint32_t n = inside_.load();
      while (n < limit_) {
         if (inside_.compare_exchange_weak(n, n + 1)) return true;
      }
      return false;
   }
   void leave() noexcept { inside_.fetch_sub(1); }

   /// Calls in the queue. One that comes later and could run inline lets them go first.
   std::atomic<std::uint32_t> waiting{0};

private:
   const std::uint32_t limit_;
   std::atomic<std::uint32_t> inside_{0};
};

} // namespace fmcp::plugins
