#include "core/clock.hpp"

#include <ctime>

namespace fmcp::core {
namespace {

class system_clock final : public clock {
public:
   std::uint64_t mono_ns() const noexcept override {
      timespec t{};
      ::clock_gettime(CLOCK_MONOTONIC, &t);
      return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u +
             static_cast<std::uint64_t>(t.tv_nsec);
   }
   std::int64_t unix_ms() const noexcept override {
      timespec t{};
      ::clock_gettime(CLOCK_REALTIME, &t);
      return static_cast<std::int64_t>(t.tv_sec) * 1000 + t.tv_nsec / 1'000'000;
   }
};

} // namespace

const clock& clock::system() noexcept {
   static const system_clock instance;
   return instance;
}

} // namespace fmcp::core
