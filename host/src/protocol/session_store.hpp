#pragma once

/// What a legacy session gathers besides its identity: *soft state*, made on first need, bounded,
/// lost at a restart without harm.
///
/// A session that only calls tools never comes here: its token says all that such a request needs.
///
/// Errors: none. What is over a bound gives way, as each member says.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/clock.hpp"
#include "protocol/event_log.hpp"
#include "protocol/message.hpp"
#include "protocol/session_token.hpp"
#include "protocol/sse_stream.hpp"
#include "protocol/tool.hpp"

namespace fmcp::protocol {

/// Thread safety: all members may be called from any thread. No stream is sent to or ended, no call
/// is cancelled under its lock.
class session_state {
public:
   /// Streams that can be found again, per session. Beyond, finished ones are forgotten first, then
   /// the oldest: it goes on, and cannot be resumed.
   static constexpr std::size_t max_streams = 64;

   /// `streams_before`: see `event_log`.
   session_state(std::size_t replay_events, std::size_t replay_bytes,
                 std::uint32_t streams_before = 0);
   ~session_state();
   session_state(const session_state&) = delete;
   session_state& operator=(const session_state&) = delete;

   [[nodiscard]] const std::shared_ptr<event_log>& log() const noexcept { return log_; }

   /// Without one the server decides: nothing below `info` is sent.
   void set_log_level(log_level l) noexcept { level_.store(l, std::memory_order_relaxed); }
   [[nodiscard]] log_level level() const noexcept { return level_.load(std::memory_order_relaxed); }

   /// Streams that can be resumed: they are found by number until they are forgotten, the general
   /// one too. One without a number is not kept. After close() the stream is finished at once.
   void add_stream(std::shared_ptr<sse_stream> s);
   [[nodiscard]] std::shared_ptr<sse_stream> find_stream(std::uint32_t number) const;

   /// The GET stream for messages that belong to no request. One at a time: a second GET is 409
   /// (false) while the first is connected. One that is not connected any more is finished.
   bool set_general_stream(std::shared_ptr<sse_stream> s);
   /// Sends on the general stream; to exactly one stream, never several.
   bool send_general(std::string_view message);
   /// Ends it in order, connected or not; the streams of calls go on.
   void end_general_stream();

   /// Calls that may be cancelled by `notifications/cancelled`. `id` is the id's JSON text.
   /// False when a call with that id is running already. After close() the call is cancelled at
   /// once.
   bool add_call(std::string_view id, std::weak_ptr<running_call> call);
   /// Unless another call has that id meanwhile: a client may use it again once it has the answer.
   void remove_call(std::string_view id, const running_call* call);
   [[nodiscard]] std::shared_ptr<running_call> find_call(std::string_view id) const;

   /// Ends every stream and cancels every call, also those that still come. For DELETE, expiry and
   /// eviction.
   void close();
   [[nodiscard]] bool is_closed() const;
   /// A client reads one of its streams, or a call is running.
   [[nodiscard]] bool is_in_use() const;

   /// When it was used last.
   std::atomic<std::uint64_t> last_used_ns{0};

private:
   const std::shared_ptr<event_log> log_;
   std::atomic<log_level> level_{log_level::info};
   mutable std::mutex mutex_;
   bool is_closed_ = false;                                                // guarded by mutex_
   std::map<std::uint32_t, std::shared_ptr<sse_stream>> streams_;          // guarded by mutex_
   std::shared_ptr<sse_stream> general_;                                   // guarded by mutex_
   std::map<std::string, std::weak_ptr<running_call>, std::less<>> calls_; // guarded by mutex_
   std::size_t look_at_calls_ = 64; // guarded by mutex_: that many, and those that are over go
};

/// Thread safety: all members may be called from any thread. States are closed outside its lock.
class session_store {
public:
   struct options {
      /// With soft state; the one unused for longest gives way, one that is in use as a last
      /// resort.
      std::size_t max_sessions = 10'000;
      std::chrono::milliseconds idle_timeout{86'400'000}; ///< then the state is forgotten
      std::size_t replay_events = 256;
      std::size_t replay_bytes = 256u << 10;
      const core::clock* clock = &core::clock::system();
   };
   explicit session_store(options o);
   ~session_store();
   session_store(const session_store&) = delete;
   session_store& operator=(const session_store&) = delete;

   /// Grows by one whenever a session ends or its state gives way, so that whoever remembers "alive
   /// at epoch n", or the state, can tell by one load that this still holds. Read the epoch
   /// *before* asking: what is learned after it is at least as new.
   [[nodiscard]] std::uint64_t epoch() const noexcept {
      return epoch_.load(std::memory_order_acquire);
   }
   /// Ended by DELETE, so 404 for as long as its token would be valid.
   [[nodiscard]] bool is_ended(const session_claims& s) const;
   /// Ends the session: closes its state and leaves a tombstone until the token expires. Tombstones
   /// are bounded by `max_sessions` times 8; the one that expires first is dropped for a new one.
   void end(const session_claims& s);

   /// Marks the session used.
   [[nodiscard]] std::shared_ptr<session_state> find(const session_claims& s) const;
   /// Makes the state on first need. Marks it used. Never null: a session that has ended meanwhile
   /// gets a closed state, which ends whatever is added to it.
   [[nodiscard]] std::shared_ptr<session_state> need(const session_claims& s);
   /// Calls `f` outside the lock with each state that was there at the beginning.
   void for_each(const std::function<void(session_state&)>& f) const;
   /// Forgets states that were idle for too long (their sessions go on, as after a restart), and
   /// states and tombstones of expired tokens. Call it now and then; it looks at every state once.
   void sweep();
   [[nodiscard]] std::size_t size() const;
   [[nodiscard]] std::size_t tombstones() const;

private:
   using key = std::array<std::uint8_t, 16>;
   using state_ptr = std::shared_ptr<session_state>;
   struct entry {
      state_ptr state;
      std::uint64_t noted_ns = 0; ///< its place in by_use_
      std::int64_t expires_unix_s = 0;
   };
   using entries = std::map<key, entry>;

   [[nodiscard]] state_ptr take(entries::iterator at);
   [[nodiscard]] state_ptr take_least_used();
   void bury(const key& k, std::int64_t expires_unix_s);
   void tell_epoch() noexcept { epoch_.fetch_add(1, std::memory_order_release); }
   [[nodiscard]] std::int64_t now_unix_s() const noexcept;

   const options options_;
   std::atomic<std::uint64_t> epoch_{1};
   mutable std::mutex mutex_;
   entries states_; // guarded by mutex_
   /// Guarded by mutex_. States by last use as it was noted; a use only writes `last_used_ns`, and
   /// the order is put right when somebody has to give way.
   std::set<std::pair<std::uint64_t, key>> by_use_;
   std::map<key, std::int64_t> tombstones_;           // guarded by mutex_: expiry, seconds
   std::set<std::pair<std::int64_t, key>> by_expiry_; // guarded by mutex_: the same, by expiry
};

} // namespace fmcp::protocol
