#include "net/kept_request.hpp"

#include "net/connection.hpp"

namespace fmcp::net {

void kept_request::on_disconnect(std::function<void()> callback) {
   if (!callback) return;
   if (is_lost_) {
      home_->post(std::move(callback));
   } else if (connection_ != nullptr) {
      callback_ = std::move(callback);
   }
}

void kept_request::finish() noexcept {
   connection_ = nullptr;
   has_ended_.store(true);
   // Last, since it may hold the exchange itself.
   const auto dropped = std::move(callback_);
}

void kept_request::lose() {
   auto callback = std::move(callback_);
   finish();
   is_lost_ = true;
   if (callback) home_->post(std::move(callback));
}

void kept_request::drop() {
   if (has_ended()) return;
   home_->post([self = shared_from_this()] {
      if (auto* c = self->where()) c->exchange_dropped();
   });
}

kept_exchange::~kept_exchange() {
   rq_->drop();
}

void kept_exchange::reply(const core::http::response_head& head, std::string_view body) {
   if (auto* c = rq_->where()) c->exchange_reply(head, body);
}

void kept_exchange::begin(const core::http::response_head& head) {
   if (auto* c = rq_->where()) c->exchange_begin(head);
}

bool kept_exchange::write(std::string_view bytes) {
   auto* c = rq_->where();
   return c != nullptr && c->exchange_write(bytes);
}

void kept_exchange::end() {
   if (auto* c = rq_->where()) c->exchange_end();
}

void kept_exchange::abort() {
   if (auto* c = rq_->where()) c->exchange_abort();
}

void kept_exchange::on_disconnect(std::function<void()> callback) {
   rq_->on_disconnect(std::move(callback));
}

std::size_t kept_exchange::pending_bytes() const noexcept {
   const auto* c = rq_->where();
   return c == nullptr ? 0 : c->unsent();
}

set_aside::~set_aside() {
   kept_->drop();
}

void set_aside::resume(work f) {
   // Its owner may let go of it inside.
   const auto self = shared_from_this();
   if (auto* c = kept_->where()) c->resume(copy_.get(), std::move(f));
}

} // namespace fmcp::net
