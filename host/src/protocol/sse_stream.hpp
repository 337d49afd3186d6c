#pragma once

/// One event stream: messages in from any thread, Server-Sent Events out on the connection's
/// thread.
///
/// A modern stream has no event ids and dies with its connection. A legacy stream may have ids: its
/// events are kept in the session's `event_log`, it outlives its connection, and a client that
/// comes back with `Last-Event-ID` gets what it missed and then what follows (reference 5.4).
///
/// Events are written as `event: message`, with `id:` where there are ids, and one `data:` line:
/// our messages are JSON. A line break in one, which can only be space between two tokens that a
/// plugin wrote, is sent as a blank, so that no plugin can end an event.
///
/// sse_stream.cpp opens with the life of a stream.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/http.hpp"
#include "protocol/event_log.hpp"

namespace fmcp::protocol {

/// Thread safety: all members may be called from any thread unless they say otherwise.
/// Lifetimes: a stream that is dropped is finished. The connection's executor must outlive it.
/// Errors: none; a stream that cannot go on says so through `on_gone` and `send`.
class sse_stream {
public:
   struct options {
      /// Null: no event ids, no replay.
      std::shared_ptr<event_log> log{};
      bool is_general = false; ///< the session's own stream, not the answer to a request
      /// Bytes handed over and not yet taken by the peer, besides the largest message: when another
      /// one comes the connection is cut. A stream with ids goes on without a connection then.
      std::size_t max_queued_bytes = 1u << 20;
      /// What is sent first to a client of 2025-11-25: an event with an id and empty data, so that
      /// it can resume even before any message. Ignored without a log.
      bool is_primed = false;
      std::uint32_t retry_ms = 0; ///< `retry:`, where a stream is primed; 0: none
   };
   static std::shared_ptr<sse_stream> make(options o);
   ~sse_stream();
   sse_stream(const sse_stream&) = delete;
   sse_stream& operator=(const sse_stream&) = delete;

   /// Takes the connection: writes the head (200, `text/event-stream`, `Cache-Control: no-cache`,
   /// `X-Accel-Buffering: no` and `fields`), the priming event, then everything of this stream
   /// after `last_seen` that the log has; without `last_seen`, what has not been written to any
   /// connection yet. Of a finished stream, that and the end. A connection that was attached before
   /// is ended.
   ///
   /// False when `last_seen` is none of this stream's or something in between is no longer in the
   /// log: nothing has happened then and `to` is still to be answered.
   ///
   /// `expires_unix_ms`: when whoever opened the connection is no longer known to be who they were,
   /// see end_expired(); 0: never.
   ///
   /// `on_gone` is called once, on the connection's thread, when the peer goes (or is cut for not
   /// reading) before finish(), close_connection() or another attach(). It is never called inside
   /// send(), keep_alive(), finish(), close_connection() or attach(). [the connection's thread]
   [[nodiscard]] bool attach(std::shared_ptr<core::http::exchange> to,
                             std::span<const core::http::field> fields,
                             std::optional<event_log::position> last_seen,
                             std::function<void()> on_gone, std::int64_t expires_unix_ms = 0);

   /// One message. False when it went nowhere: finished, or no connection and no log. True: a
   /// connection has it queued, or the log keeps it within its bounds. On the connection's own
   /// thread it is written at once, on others with one wake-up for all that are queued meanwhile.
   bool send(std::string_view message);
   /// A comment line, to keep proxies from closing a silent stream. Only when nothing was sent
   /// since the last call.
   void keep_alive();
   /// No more messages: what is queued is written and the connection ended in order; the log keeps
   /// what it has.
   void finish();
   /// Ends the connection in order and not the stream: a client with an id comes back for the rest.
   void close_connection();
   /// The same, when the connection has expired.
   void end_expired(std::int64_t now_unix_ms);

   [[nodiscard]] bool is_finished() const;
   [[nodiscard]] bool is_connected() const;
   /// Its number in the log; 0 without one.
   [[nodiscard]] std::uint32_t number() const noexcept;

private:
   sse_stream() = default;
   struct state;
   struct connection;
   std::shared_ptr<state> state_;
};

} // namespace fmcp::protocol
