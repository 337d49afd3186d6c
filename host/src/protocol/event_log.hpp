#pragma once

/// The events of one legacy session that a client may ask for again. Bounded; the oldest go first.

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fmcp::protocol {

/// Thread safety: all members may be called from any thread.
class event_log {
public:
   /// An event id is `<stream>-<number>`, unique in the session; the stream is found from it.
   struct position {
      std::uint32_t stream = 0;
      std::uint64_t number = 0;
      friend bool operator==(const position&, const position&) = default;
   };
   [[nodiscard]] static std::string text(position p);
   /// Nothing when it is none of our ids.
   [[nodiscard]] static std::optional<position> read(std::string_view id) noexcept;

   event_log(std::size_t max_events, std::size_t max_bytes);

   /// A new stream's number, from 1.
   [[nodiscard]] std::uint32_t open_stream();
   /// Keeps `message` (empty: a priming event, which is numbered and not kept) and numbers it.
   position append(std::uint32_t stream, std::string_view message);

   struct event {
      position at;
      std::string message;
   };
   /// Events of `after.stream` behind `after`, in order. Nothing when that stream never existed, or
   /// when an event in between is no longer here: a gap must not look like a whole.
   [[nodiscard]] std::optional<std::vector<event>> since(position after) const;

   [[nodiscard]] std::size_t bytes() const;

private:
   const std::size_t max_events_, max_bytes_;
   mutable std::mutex mutex_;
   std::deque<event> events_;             // guarded by mutex_
   std::size_t bytes_ = 0;                // guarded by mutex_
   std::vector<std::uint64_t> last_;      // guarded by mutex_: number last given, by stream
   std::vector<std::uint64_t> forgotten_; // guarded by mutex_: highest number dropped, by stream
};

} // namespace fmcp::protocol
