#pragma once

/// What has been found out about tokens, for as long as it may be believed.
///
/// Two levels. A connection keeps what was verified last on it (`gate` puts it into the
/// connection's slot): most requests compare two texts, in constant time, and are done; no lock, no
/// allocation. Behind it is this table, shared by all threads: shards with a lock each, keyed by
/// SipHash under a key of the process, so that nobody can fill one place on purpose or learn of
/// another's token from timing; the text itself is compared too, in constant time.
///
/// Positive findings live until the earliest of the token's expiry, the provider's `cache_for` and
/// `max_ttl`; refusals for `negative_ttl`, in a table of their own, so that junk pushes no good
/// token out. "Cannot tell now" is never kept. Full tables drop what was used least recently.
///
/// Single flight: while a token is being verified, others who ask for it wait for the same answer;
/// their number has a bound.
///
/// Forgetting. `epoch` changes with every `forget`, and a connection's own finding counts only as
/// long as the epoch is the one in which the table last had it. `forget` counts before it erases
/// (so that a verification that began earlier is not stored after the erasing) and again behind it
/// (so that a finding read in between is looked for once more).
///
/// Thread safety: all members, any thread. Lifetimes: `clock` outlives the cache. The bytes of a
/// token are overwritten when the last holder of its finding goes.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/lru_table.hpp"
#include "auth/token_text.hpp"
#include "auth/verifier.hpp"
#include "core/clock.hpp"
#include "crypto/digest.hpp"
#include "crypto/siphash.hpp"

namespace fmcp::auth {

/// One token and what is known about it. Immutable but for the epoch.
struct finding {
   token_text token{};
   verdict what{};
   std::uint64_t until_ns = 0; ///< on `clock::mono_ns`; 0: good for the one request only
   std::atomic<std::uint64_t> epoch{0};
};
using finding_ref = std::shared_ptr<finding>;

class token_cache {
public:
   struct options {
      std::size_t max_entries = 20'000;
      std::size_t max_bytes = 32u << 20;
      std::size_t max_refused_entries = 4'000;
      std::chrono::seconds max_ttl{3'600};
      std::chrono::seconds negative_ttl{5};
      std::chrono::seconds leeway{0}; ///< granted to a token's expiry
      std::size_t max_waiters = 256;  ///< for one token
      const core::clock* clock = &core::clock::system();
   };
   explicit token_cache(options o);
   ~token_cache();

   using waiter = std::move_only_function<void(const finding_ref&)>;

   /// A verification that runs.
   class flight {
   public:
      enum class joined : std::uint8_t { waiting, landed, full };
      /// Null: not yet.
      [[nodiscard]] finding_ref result();
      /// `w` is called once, by whoever settles. Anything but `waiting`: it was not taken.
      [[nodiscard]] joined wait(waiter& w);

   private:
      friend class token_cache;
      flight(std::uint64_t h, std::string_view text, std::uint64_t epoch, std::size_t max_waiters)
          : hash_(h), token_(text), epoch_(epoch), max_waiters_(max_waiters) {}
      const std::uint64_t hash_;
      token_text token_;
      const std::uint64_t epoch_;
      const std::size_t max_waiters_;
      std::mutex mutex_;
      finding_ref result_;          // guarded by mutex_
      std::vector<waiter> waiters_; // guarded by mutex_
   };
   using flight_ref = std::shared_ptr<flight>;

   struct asked {
      finding_ref known{};    ///< null: see `pending`
      flight_ref pending{};   ///< null with `known`
      bool is_leader = false; ///< the caller verifies and settles
   };

   /// Whether the finding may still be used. Lock-free. Expiry by the wall clock is the gate's.
   [[nodiscard]] bool is_current(const finding& f, std::uint64_t now_ns) const noexcept {
      return now_ns < f.until_ns &&
             f.epoch.load(std::memory_order_acquire) == epoch_.load(std::memory_order_acquire);
   }
   /// Null: not known.
   [[nodiscard]] finding_ref find(std::string_view token);
   /// Known, or verified by somebody else just now, or the caller's to verify.
   [[nodiscard]] asked ask(std::string_view token);
   /// The leader's duty, exactly once: stores what may be stored, wakes who waits.
   void settle(const flight_ref& f, verdict v);

   /// SHA-256 of the token, raw; empty: all of them. Another length is no digest: nothing happens.
   void forget(std::string_view token_sha256);

   struct sizes {
      std::size_t good = 0, refused = 0, bytes = 0, flights = 0;
   };
   [[nodiscard]] sizes count() const;

private:
   struct stored {
      finding_ref found;
      crypto::digest256 digest;
   };
   struct shard {
      shard(const options& o);
      mutable std::mutex mutex;
      lru_table<stored> good, refused;                       // guarded by mutex
      std::unordered_map<std::uint64_t, flight_ref> flights; // guarded by mutex
   };

   [[nodiscard]] shard& shard_of(std::uint64_t hash) noexcept;
   [[nodiscard]] finding_ref find_in(shard& s, std::uint64_t hash, std::string_view token,
                                     std::uint64_t epoch);
   [[nodiscard]] std::uint64_t life_of(const verdict& v) const noexcept;

   const options options_;
   const crypto::sip_key key_;
   std::atomic<std::uint64_t> epoch_{1};
   std::vector<std::unique_ptr<shard>> shards_;
};

} // namespace fmcp::auth
