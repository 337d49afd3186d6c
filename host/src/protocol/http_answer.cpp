#include "protocol/http_answer.hpp"

#include <utility>

namespace fmcp::protocol {

using core::http::field;

http_answer::http_answer(std::shared_ptr<core::http::exchange> to, options o)
    : exchange_(std::move(to)), options_(std::move(o)), responses_(std::move(options_.present)),
      missing_(options_.missing) {}

void http_answer::respond(std::string message, int http_status) {
   std::unique_lock lock(mutex_);
   if (missing_ == 0) return;
   --missing_;
   waiting_bytes_ += message.size();
   waiting_.push_back({std::move(message), http_status, true, false});
   post_flush(lock);
}

void http_answer::notify(std::string message, bool is_progress) {
   if (!options_.may_stream) return;
   std::unique_lock lock(mutex_);
   if (is_over_) return;
   if (is_progress && !options_.is_batch && !waiting_.empty() && waiting_.back().is_progress) {
      // The connection's thread has not come to the one before: it would be old news. (In a batch
      // it may be another call's.)
      waiting_bytes_ += message.size() - waiting_.back().message.size();
      waiting_.back().message = std::move(message);
      return;
   }
   if (waiting_bytes_ + message.size() > options_.max_queued_bytes) return;
   waiting_bytes_ += message.size();
   waiting_.push_back({std::move(message), 200, false, is_progress});
   post_flush(lock);
}

void http_answer::post_flush(std::unique_lock<std::mutex>& lock) {
   if (std::exchange(is_posted_, true)) return;
   lock.unlock();
   exchange_->home().post([self = shared_from_this()] { self->flush(); });
}

void http_answer::flush() {
   std::deque<item> batch;
   bool is_last = false;
   {
      const std::lock_guard lock(mutex_);
      is_posted_ = false;
      batch.swap(waiting_);
      waiting_bytes_ = 0;
      is_last = missing_ == 0;
      is_over_ = is_last;
   }
   if (is_ended_) return;
   for (auto& i : batch) {
      // A rejection has its status and is never a stream (2.3), while that can still be said.
      if (!i.is_response || (!options_.may_json && i.http_status == 200)) begin_stream();
      if (stream_) {
         stream(i);
      } else if (!i.message.empty()) {
         status_ = i.http_status;
         responses_.push_back(std::move(i.message));
      }
   }
   if (!is_last) return;
   is_ended_ = true;
   if (!stream_) return finish_json();
   stream_->finish();
}

void http_answer::stream(item& i) {
   if (!i.message.empty()) stream_->send(i.message);
}

void http_answer::begin_stream() {
   if (stream_ || is_ended_) return;
   state_ = options_.resumable ? options_.resumable() : nullptr;
   stream_ = sse_stream::make({.log = state_ ? state_->log() : nullptr,
                               .max_queued_bytes = options_.max_queued_bytes,
                               .is_primed = options_.is_primed,
                               .retry_ms = options_.is_primed ? 1000u : 0u});
   if (state_) state_->add_stream(stream_);
   std::vector<field> fields;
   if (options_.guard) options_.guard->add_cors(options_.origin, fields);
   (void)stream_->attach(exchange_, fields, std::nullopt, gone_); // new: there is no gap
   for (const auto& r : std::exchange(responses_, {})) stream_->send(r);
}

void http_answer::finish_json() {
   std::vector<field> fields;
   if (options_.guard) options_.guard->add_cors(options_.origin, fields);
   if (responses_.empty()) {
      // Cancelled by the client: nobody waits for a message, but HTTP needs an end. An event stream
      // without events says just that.
      const bool as_stream = options_.may_stream;
      exchange_->reply({.status = as_stream ? 200 : 204,
                        .content_type = as_stream ? "text/event-stream" : "",
                        .fields = fields},
                       {});
      return;
   }
   if (!options_.is_batch) {
      exchange_->reply({.status = status_, .content_type = "application/json", .fields = fields},
                       responses_.front());
      return;
   }
   std::string body = "[";
   for (const auto& r : responses_) {
      if (body.size() > 1) body += ',';
      body += r;
   }
   body += ']';
   exchange_->reply({.status = 200, .content_type = "application/json", .fields = fields}, body);
}

void http_answer::on_gone(std::function<void()> callback) {
   gone_ = std::move(callback);
   exchange_->on_disconnect(gone_);
}

void http_answer::tick(std::uint64_t now_ns, std::chrono::milliseconds stream_after,
                       bool keep_alive) {
   if (is_ended_) return;
   const auto patience = static_cast<std::uint64_t>(std::chrono::nanoseconds(stream_after).count());
   if (!stream_ && options_.may_stream && exchange_->connected() &&
       now_ns - options_.begun_ns >= patience)
      begin_stream();
   if (stream_ && keep_alive) stream_->keep_alive();
}

bool http_answer::is_over() const {
   const std::lock_guard lock(mutex_);
   return is_over_ && waiting_.empty();
}

} // namespace fmcp::protocol
