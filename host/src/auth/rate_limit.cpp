#include "auth/rate_limit.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace fmcp::auth {
namespace {

constexpr unsigned shard_bits = 4;
constexpr std::uint64_t second_ns = 1'000'000'000, minute_ns = 60 * second_ns;

/// How much may be called at once, less the call that is always free; bounded, so that no product
/// overflows.
std::uint64_t calls_ahead(const rate_limit::options& o) noexcept {
   const auto burst = o.burst == 0 ? o.calls_per_minute : o.burst;
   return std::clamp(burst, 1u, 1'000'000u) - 1;
}

} // namespace

rate_limit::rate_limit(options o)
    : options_(o), interval_ns_(o.calls_per_minute == 0
                                      ? 0
                                      : std::max<std::uint64_t>(1, minute_ns / o.calls_per_minute)),
      slack_ns_(interval_ns_ * calls_ahead(o)) {
   if (interval_ns_ == 0) return;
   const std::size_t count = std::size_t{1} << shard_bits;
   for (std::size_t i = 0; i < count; ++i)
      shards_.push_back(std::make_unique<shard>((o.max_callers + count - 1) / count));
}

/// Each part is hashed by itself, so that no two callers run into each other.
std::uint64_t rate_limit::key_of(const core::principal& who) const noexcept {
   const std::array parts{key_.hash(who.issuer), key_.hash(who.subject), key_.hash(who.client_id)};
   return key_.hash({reinterpret_cast<const char*>(parts.data()), sizeof parts});
}

unsigned rate_limit::take(const core::principal& who) {
   if (interval_ns_ == 0) return 0;
   const auto key = key_of(who);
   const auto now = options_.clock->mono_ns();
   auto& s = *shards_[key >> (64 - shard_bits)];
   const std::lock_guard lock(s.mutex);
   auto* whole_at = s.whole_at_ns.find(key);
   const auto from = whole_at == nullptr ? now : std::max(now, *whole_at);
   if (from - now > slack_ns_) {
      const auto wait = from - now - slack_ns_;
      return static_cast<unsigned>((wait + second_ns - 1) / second_ns);
   }
   if (whole_at != nullptr)
      *whole_at = from + interval_ns_;
   else
      s.whole_at_ns.insert(key, from + interval_ns_, 1);
   return 0;
}

} // namespace fmcp::auth
