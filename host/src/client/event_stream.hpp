#pragma once

/// Reads `text/event-stream` (the HTML standard, 9.2.6), piece by piece.
///
/// Thread safety: none.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace fmcp::client {

class event_stream {
public:
   struct event {
      std::string_view type; ///< `message` when nothing was said
      std::string_view data;
   };
   /// Views are valid during the call.
   using sink = std::function<void(const event&)>;

   explicit event_stream(std::size_t max_event = 16u << 20) : max_event_(max_event) {}

   /// Calls `to` for each event that is complete. False: a line or an event is longer than it may
   /// be; nothing more is read then. An event that the end of the stream cuts off is none.
   bool feed(std::string_view bytes, const sink& to);
   /// The last `id:` that an event had, for `Last-Event-ID`; or empty.
   [[nodiscard]] const std::string& last_id() const noexcept { return last_id_; }

private:
   void take_line(std::string_view line, const sink& to);

   std::size_t max_event_;
   std::string line_, type_, data_, id_, last_id_;
   bool has_data_ = false, after_return_ = false, at_start_ = true, is_broken_ = false;
};

} // namespace fmcp::client
