#pragma once

/// The answer to one POST whose calls are still running: one JSON document, or an event stream.
///
/// It begins undecided. A notification, or a call that outlasts `service_options::stream_after`,
/// turns it into an event stream where the client accepts one; a response that comes first makes it
/// one JSON document (for a batch: one array). Messages come from any thread and are handed to the
/// connection's thread, one wake-up for all that wait.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/http.hpp"
#include "protocol/call_task.hpp"
#include "protocol/http_guard.hpp"
#include "protocol/service.hpp"
#include "protocol/sse_stream.hpp"

namespace fmcp::protocol {

/// Thread safety: respond and notify from any thread; everything else on the connection's thread.
class http_answer final : public reply_to, public std::enable_shared_from_this<http_answer> {
public:
   struct options {
      bool may_stream = true; ///< the client accepts an event stream, and settings do not forbid it
      bool may_json = true;   ///< the client accepts a JSON document
      bool is_batch = false;
      std::size_t missing = 1; ///< responses that are still to come
      /// Responses of a batch that are there already.
      std::vector<std::string> present{};
      /// The session's soft state when the stream can be resumed; called when a stream begins.
      std::function<std::shared_ptr<session_state>()> resumable{};
      bool is_primed = false;
      std::size_t max_queued_bytes = 1u << 20;
      std::string origin{}; ///< for CORS
      std::shared_ptr<const http_guard> guard{};
      std::uint64_t begun_ns = 0;
   };
   http_answer(std::shared_ptr<core::http::exchange> to, options o);

   void respond(std::string message, int http_status) override;
   void notify(std::string message, bool is_progress) override;

   /// Called when the peer goes before the answer is complete.
   void on_gone(std::function<void()> callback);
   /// Becomes an event stream when it is older than `stream_after`; keeps a stream alive.
   void tick(std::uint64_t now_ns, std::chrono::milliseconds stream_after, bool keep_alive);
   [[nodiscard]] bool is_over() const;

private:
   struct item {
      std::string message;
      int http_status = 200;
      bool is_response = false, is_progress = false;
   };
   void post_flush(std::unique_lock<std::mutex>& lock);
   void flush();
   void begin_stream();
   void stream(item& i);
   void finish_json();

   const std::shared_ptr<core::http::exchange> exchange_;
   options options_;
   std::function<void()> gone_;
   std::shared_ptr<sse_stream> stream_; // null: undecided
   std::shared_ptr<session_state> state_;
   std::vector<std::string> responses_; // of a JSON answer, in order of completion
   int status_ = 200;
   bool is_ended_ = false;

   mutable std::mutex mutex_;
   std::deque<item> waiting_;      // guarded by mutex_
   std::size_t waiting_bytes_ = 0; // guarded by mutex_
   std::size_t missing_;           // guarded by mutex_: responses not yet in `waiting_`
   bool is_posted_ = false;        // guarded by mutex_
   bool is_over_ = false;          // guarded by mutex_
};

} // namespace fmcp::protocol
