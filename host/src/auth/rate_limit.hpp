#pragma once

/// Calls per principal and minute.
///
/// The generic cell rate algorithm: of each caller one number is kept, the moment at which his
/// allowance would be whole again. It is a token bucket without a clock that has to tick. A caller
/// is issuer, subject and client together, never a token: whoever refreshes does not start afresh.
///
/// Bounded: when more callers are known than the table holds, the one that has called least
/// recently is forgotten, and it has regained most.
///
/// Thread safety: all members, any thread; shards with a lock each.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "auth/lru_table.hpp"
#include "core/clock.hpp"
#include "core/principal.hpp"
#include "crypto/siphash.hpp"

namespace fmcp::auth {

class rate_limit {
public:
   struct options {
      std::uint32_t calls_per_minute = 0; ///< 0: no limit
      std::uint32_t burst = 0;            ///< calls at once; 0: a minute's worth
      std::size_t max_callers = 100'000;
      const core::clock* clock = &core::clock::system();
   };
   explicit rate_limit(options o);

   /// Counts one call. 0: it may go on; else it does not count, and that many seconds pass until
   /// one may.
   [[nodiscard]] unsigned take(const core::principal& who);

private:
   struct shard {
      explicit shard(std::size_t max_callers) : whole_at_ns(max_callers, max_callers) {}
      std::mutex mutex;
      lru_table<std::uint64_t> whole_at_ns; // guarded by mutex
   };
   [[nodiscard]] std::uint64_t key_of(const core::principal& who) const noexcept;

   const options options_;
   const std::uint64_t interval_ns_, slack_ns_;
   const crypto::sip_key key_;
   std::vector<std::unique_ptr<shard>> shards_;
};

} // namespace fmcp::auth
