#pragma once

/// Time, so that tests can hold it still.

#include <atomic>
#include <chrono>
#include <cstdint>

namespace fmcp::core {

/// Thread safety: all members may be called from any thread.
class clock {
public:
   virtual ~clock() = default;
   /// Monotonic nanoseconds (CLOCK_MONOTONIC): for deadlines.
   virtual std::uint64_t mono_ns() const noexcept = 0;
   /// Milliseconds since 1970-01-01 UTC: for dates that leave the process.
   virtual std::int64_t unix_ms() const noexcept = 0;

   /// The machine's clock.
   static const clock& system() noexcept;
};

/// A clock that moves only when told. For tests.
class manual_clock final : public clock {
public:
   std::uint64_t mono_ns() const noexcept override { return mono_; }
   std::int64_t unix_ms() const noexcept override { return unix_; }
   void advance(std::chrono::nanoseconds by) noexcept {
      mono_ += static_cast<std::uint64_t>(by.count());
      unix_ += std::chrono::duration_cast<std::chrono::milliseconds>(by).count();
   }

private:
   std::atomic<std::uint64_t> mono_ = 1'000'000'000;
   std::atomic<std::int64_t> unix_ = 1'700'000'000'000;
};

} // namespace fmcp::core
