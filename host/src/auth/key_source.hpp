#pragma once

/// For this room's sources only: the key set of one issuer, kept fresh.
///
/// The actors: threads that serve read `keys()` under a short lock, and come back with `await` when
/// their key is not there; the fetcher's thread brings an answer and only passes it on; the worker
/// imports it (some milliseconds per RSA key), publishes the new set by swapping a pointer, and
/// tells those who wait. All state is guarded by one mutex, which nothing holds for longer than a
/// few assignments and `fetcher::start`.
///
/// When a fetch begins. There is never more than one under way.
/// * At `start`, and then whenever the set's lifetime is over, in the background: the keys at hand
///   serve on meanwhile. After a failure again after 5, 10, 20, 40, 60, 60 … seconds; the keys at
///   hand serve on for six hours beyond their lifetime. A forced fetch that fails puts none of
///   these off, or those who ask most would wait longest for an issuer that is back.
/// * Forced, by a request whose key is not at hand: at most two in any 30 seconds.
///
/// What a request gets whose key is not at hand. The aim: a rotation refuses no valid token, though
/// anybody may send made-up key ids.
/// * A set that was asked for *after* the request came, and has no such key, proves the id unknown:
///   `unknown_key`. A fetch that was already under way proves nothing, since the key may have been
///   published behind its back; when it ends without the key, the request waits for another.
/// * So each request waits for the fetch under way, or forces one. Any number wait for the same
/// one,
///   and a flood costs two.
/// * With the two fetches used up, an id that an earlier fetch was asked for in vain less than 30
///   seconds ago stays unknown (`unknown_key`): that is the client with a token of a withdrawn key,
///   which must learn that it needs another one. These ids are remembered, the last 256 of them.
///   Any other waits for the next fetch that is allowed, if that is within its patience, and is
///   otherwise `upstream_unavailable`: perhaps it is good, come again.
/// * While the last fetch failed nothing is unknown, only `upstream_unavailable`.
/// * More than 1024 waiting, or 4 MiB of their tokens: `busy`.
/// What is left: who can guess the id of the next key, and sends it at a time when the two fetches
/// are used up, makes tokens of an issuer that signs with a key in the moment it is published fail
/// with `unknown_key` for up to 30 seconds. An issuer that uses an id again for another key is
/// believed when the set's lifetime is over, not before.
///
/// Thread safety: `keys`, `ask`, `await`, `may_fetch`, `wait_for_first` any thread; `poll` the
/// worker's thread; `stop` once. Lifetimes: owned by shared_ptr; fetcher and clock outlive it.
/// Every `done` that was taken is called once, on the worker's thread or inside `stop`.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "auth/checked_policy.hpp"
#include "core/auth_reason.hpp"
#include "core/clock.hpp"
#include "core/executor.hpp"
#include "core/fetch.hpp"
#include "crypto/digest.hpp"
#include "crypto/jwk_set.hpp"

namespace fmcp::auth {

class key_source : public std::enable_shared_from_this<key_source> {
public:
   static constexpr std::chrono::seconds forced_window{30};
   static constexpr std::size_t forced_in_window = 2;
   static constexpr std::chrono::seconds fetch_timeout{10};
   static constexpr std::chrono::milliseconds longest_patience{4500}; ///< of one that waits
   static constexpr std::chrono::seconds first_retry{5}, longest_retry{60};
   static constexpr std::chrono::hours stale_for{6};
   static constexpr std::size_t max_waiting = 1024;
   static constexpr std::size_t max_waiting_bytes = 4u << 20;
   static constexpr std::size_t max_remembered = 256;

   using keys_ref = std::shared_ptr<const crypto::jwk_set>;

   struct wanted {
      std::optional<std::string> id; ///< `kid`
      crypto::algorithm alg{};
      bool is_newer = false; ///< the key at hand did not do: only a later set may
   };
   /// With the reason `none` a set that the token may be judged by for good; otherwise no set.
   struct answer {
      core::auth_reason reason = core::auth_reason::upstream_unavailable;
      keys_ref keys;
   };
   using answer_done = std::move_only_function<void(answer)>;

   /// `patience`, at most `longest_patience`: of one that waits.
   key_source(remote_keys where, core::http::fetcher& fetcher, const core::clock& clock,
              std::shared_ptr<core::executor> worker,
              std::chrono::milliseconds patience = longest_patience);
   ~key_source();

   void start(); ///< begins the first fetch
   void stop();  ///< ends the fetch; those who wait get `upstream_unavailable`

   /// Null: there are none, or only ones that are too old.
   [[nodiscard]] keys_ref keys() const;
   /// What can be said at once about a key that `keys` does not have; nothing: `await` it.
   [[nodiscard]] std::optional<core::auth_reason> ask(const wanted& key) const;
   /// Whether a fetch is under way or could be forced.
   [[nodiscard]] bool may_fetch() const;
   /// `bytes`: what `done` keeps alive. `done` is not called inside this, and not at all when a
   /// reason is returned.
   [[nodiscard]] std::optional<core::auth_reason> await(wanted key, std::size_t bytes,
                                                        answer_done done);
   /// How the last fetch that is over ended.
   struct history {
      bool has_ended = false; ///< one has
      std::string problem{};  ///< why it failed, one sentence; empty: it did not
      keys_ref keys{};        ///< as `keys()`
   };
   /// Waits for the first fetch until then. For whoever explains, not for what serves.
   [[nodiscard]] history wait_for_first(std::chrono::steady_clock::time_point until) const;
   /// Does what is due; returns when to be called again.
   std::uint64_t poll();

private:
   enum class outlook { ready, fetch, wait, unknown, unavailable };
   struct waiter {
      wanted key;
      std::uint64_t last_fetch; // the number of the one that had begun when it came
      std::uint64_t deadline;
      std::size_t bytes;
      answer_done done;
   };
   struct settled {
      answer_done done;
      answer what;
   };
   struct flight {
      std::uint64_t number;
      std::uint64_t handle;
      bool is_forced;
   };

   // With the mutex held.
   [[nodiscard]] bool has_keys(std::uint64_t now) const;
   [[nodiscard]] bool names(const wanted& key) const;
   [[nodiscard]] std::uint64_t forced_from() const;
   [[nodiscard]] outlook look(const wanted& key, std::uint64_t now) const;
   [[nodiscard]] bool remembers(const wanted& key) const;
   void remember(const wanted& key);
   void begin(std::uint64_t now, bool is_forced);
   /// Those who need not wait any longer after fetch `number`; may begin another.
   [[nodiscard]] std::vector<settled> settle(std::uint64_t number, bool is_good, std::uint64_t now);
   [[nodiscard]] std::vector<settled> expire(std::uint64_t now);
   void keep(waiter&& w);
   [[nodiscard]] std::uint64_t next_turn() const;

   void note_failure(std::string why, bool was_forced, std::uint64_t now);
   void publish(crypto::jwk_set set, std::chrono::seconds lifetime, std::uint64_t now);

   // Without it, on the worker's thread.
   void fetched(std::uint64_t number, core::result<core::http::fetch_reply> reply);
   void report(const core::result<crypto::jwk_set>& set);

   const remote_keys where_;
   const std::string place_; // for the log: without query
   core::http::fetcher& fetcher_;
   const core::clock& clock_;
   const std::chrono::milliseconds patience_;
   const std::shared_ptr<core::executor> worker_; // shared: an answer of the fetcher may come late

   mutable std::mutex mutex_;
   mutable std::condition_variable ended_; // a fetch, or all
   keys_ref keys_;
   std::uint64_t keys_at_ = 0;      // when that began
   std::uint64_t usable_until_ = 0; // the keys
   std::uint64_t due_ = 0;          // the next fetch in the background
   std::uint64_t begun_ = 0;        // how many fetches
   std::uint64_t begun_at_ = 0;     // the last of them
   std::optional<flight> flight_;
   bool has_ended_ = false; // a fetch
   std::string problem_;    // of the last that ended
   unsigned failures_ = 0;  // in a row
   std::deque<std::uint64_t> forced_;
   std::deque<crypto::digest256> absent_;
   std::vector<waiter> waiting_;
   std::size_t waiting_bytes_ = 0;
   bool is_stopped_ = false;

   // The worker's.
   std::string reported_; // the keys that were left out, as they were last logged
   bool is_reported_good_ = false;
};

} // namespace fmcp::auth
