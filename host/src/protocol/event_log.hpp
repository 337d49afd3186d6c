#pragma once

/// The events of one legacy session that a client may ask for again (reference 5.4). Bounded; the
/// oldest go first.
///
/// What is remembered of a stream is a few numbers, for as long as it is open or has an event here.
/// So the memory is bounded by `max_events`, `max_bytes` and the number of open streams, however
/// many streams a session opens. A stream that is forgotten is answered like one that never was:
/// nobody can be told that nothing is missing.
///
/// Errors: none; "no answer" is `nullopt`.

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fmcp::protocol {

/// Thread safety: all members may be called from any thread. It calls nobody.
class event_log {
public:
   /// An event id is `<stream>-<number>`, unique in the session; the stream is found from it.
   /// Numbers count from 1, streams from one above what the log was made with.
   struct position {
      std::uint32_t stream = 0;
      std::uint64_t number = 0;
      friend bool operator==(const position&, const position&) = default;
   };
   [[nodiscard]] static std::string text(position p);
   /// Nothing when it is none of our ids, to the letter.
   [[nodiscard]] static std::optional<position> read(std::string_view id) noexcept;

   /// `streams_before`: below the first stream's number. A session may have had another log, in
   /// another process or before this one, and its client may come back with an id of that: logs
   /// that begin at random places do not take each other's ids for their own.
   event_log(std::size_t max_events, std::size_t max_bytes, std::uint32_t streams_before = 0);

   /// A new stream's number. 0 once two thousand million streams have used the numbers up: that
   /// stream has no ids. `is_general`: the session's own stream; its ids say so, also to another
   /// process.
   [[nodiscard]] std::uint32_t open_stream(bool is_general = false);
   [[nodiscard]] static constexpr bool is_general(position p) noexcept {
      return (p.stream & general_mark) != 0;
   }
   /// Nothing more will be appended. What is kept stays for replay.
   void close_stream(std::uint32_t stream);
   /// Keeps `message` (empty: a priming event, which is numbered and not kept) and numbers it. A
   /// message larger than the whole log is numbered and not kept: from before it there is no
   /// replay. Number 0 when that stream is not open.
   position append(std::uint32_t stream, std::string_view message);

   struct event {
      position at;
      std::string message;
   };
   /// Events of `after.stream` behind `after` (number 0: from the beginning), in order. Nothing
   /// when that stream never existed or is forgotten, when `after` has not been given out, or when
   /// an event in between is no longer here: a gap must not look like a whole.
   [[nodiscard]] std::optional<std::vector<event>> since(position after) const;
   /// The same without looking for gaps: what is left of them.
   [[nodiscard]] std::vector<event> remaining(position after) const;

   /// Kept bytes of messages.
   [[nodiscard]] std::size_t bytes() const;
   /// Streams of which something is remembered.
   [[nodiscard]] std::size_t streams() const;

private:
   static constexpr std::uint32_t general_mark = 0x8000'0000;
   struct stream_state {
      std::uint64_t last = 0;      ///< number last given
      std::uint64_t forgotten = 0; ///< highest number of a message that is no longer here
      std::size_t kept = 0;
      bool is_open = true;
   };
   void drop_oldest();
   [[nodiscard]] std::vector<event> behind(position after) const;

   const std::size_t max_events_, max_bytes_;
   mutable std::mutex mutex_;
   std::deque<event> events_;                                // guarded by mutex_; oldest first
   std::size_t bytes_ = 0;                                   // guarded by mutex_
   std::uint32_t last_stream_;                               // guarded by mutex_
   std::unordered_map<std::uint32_t, stream_state> streams_; // guarded by mutex_
};

} // namespace fmcp::protocol
