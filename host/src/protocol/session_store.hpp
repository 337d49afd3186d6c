#pragma once

/// What a legacy session gathers besides its identity: *soft state*, made on first need, bounded,
/// lost at a restart without harm.
///
/// A session that only calls tools never comes here: its token says all that such a request needs.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "protocol/event_log.hpp"
#include "protocol/message.hpp"
#include "protocol/session_token.hpp"
#include "protocol/sse_stream.hpp"
#include "protocol/tool.hpp"

namespace fmcp::protocol {

/// Thread safety: all members may be called from any thread.
class session_state {
public:
   session_state(std::size_t replay_events, std::size_t replay_bytes);

   [[nodiscard]] const std::shared_ptr<event_log>& log() const noexcept { return log_; }

   /// Without one the server decides: nothing below `info` is sent.
   void set_log_level(log_level l) noexcept { level_ = l; }
   [[nodiscard]] log_level level() const noexcept { return level_; }

   /// What `initialize` said, for plugins that ask; empty after a restart.
   void set_client(std::string info_json, std::string capabilities_json);
   [[nodiscard]] std::string client_info_json() const;
   [[nodiscard]] std::string client_capabilities_json() const;

   /// Streams that can be resumed: they are found by number until they are finished and forgotten.
   void add_stream(std::shared_ptr<sse_stream> s);
   [[nodiscard]] std::shared_ptr<sse_stream> find_stream(std::uint32_t number) const;
   void forget_stream(std::uint32_t number);

   /// The GET stream for messages that belong to no request. One at a time: a second GET is 409
   /// (false) while the first is connected.
   bool set_general_stream(std::shared_ptr<sse_stream> s);
   /// Sends on the general stream; to exactly one stream, never several.
   bool send_general(std::string_view message);

   /// Calls that may be cancelled by `notifications/cancelled`. `id` is the id's JSON text.
   /// False when a call with that id is running already.
   bool add_call(std::string_view id, std::weak_ptr<running_call> call);
   void remove_call(std::string_view id);
   [[nodiscard]] std::shared_ptr<running_call> find_call(std::string_view id) const;

   /// Ends every stream and cancels every call. For DELETE, expiry and eviction.
   void close();
   /// Keep-alive for every connected stream.
   void keep_alive();

   std::atomic<std::uint64_t> last_used_ns{0};

private:
   const std::shared_ptr<event_log> log_;
   std::atomic<log_level> level_{log_level::info};
   mutable std::mutex mutex_;
   std::string client_info_, client_capabilities_;                           // guarded by mutex_
   std::map<std::uint32_t, std::shared_ptr<sse_stream>> streams_;            // guarded by mutex_
   std::shared_ptr<sse_stream> general_;                                     // guarded by mutex_
   std::map<std::string, std::weak_ptr<running_call>, std::less<>> calls_;   // guarded by mutex_
};

/// Thread safety: all members may be called from any thread.
class session_store {
public:
   struct options {
      std::size_t max_sessions = 10'000; ///< with soft state; the one unused for longest gives way
      std::chrono::milliseconds idle_timeout{86'400'000};
      std::size_t replay_events = 256;
      std::size_t replay_bytes = 256u << 10;
      const core::clock* clock = &core::clock::system();
   };
   explicit session_store(options o);

   /// Grows by one whenever a session ends, so that whoever remembers "alive at epoch n" can tell by
   /// one load that this still holds.
   [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_.load(std::memory_order_acquire); }
   /// Ended by DELETE (or by idleness), so 404 for as long as its token would be valid.
   [[nodiscard]] bool is_ended(const session_claims& s) const;
   /// Ends the session: closes its state and leaves a tombstone until the token expires. Tombstones
   /// are bounded by `max_sessions` times 8; the one that expires first is dropped for a new one.
   void end(const session_claims& s);

   [[nodiscard]] std::shared_ptr<session_state> find(const session_claims& s) const;
   /// Makes the state on first need. Marks it used.
   [[nodiscard]] std::shared_ptr<session_state> need(const session_claims& s);
   void for_each(const std::function<void(session_state&)>& f) const;
   /// Drops what was idle for too long and tombstones of expired tokens. Call it now and then.
   void sweep();
   [[nodiscard]] std::size_t size() const;

private:
   using key = std::array<std::uint8_t, 16>;
   options options_;
   std::atomic<std::uint64_t> epoch_{1};
   mutable std::mutex mutex_;
   std::map<key, std::shared_ptr<session_state>> states_; // guarded by mutex_
   std::map<key, std::int64_t> tombstones_;               // guarded by mutex_: expiry, seconds
};

} // namespace fmcp::protocol
