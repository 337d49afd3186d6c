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

kept_exchange::~kept_exchange() {
   if (rq_->has_ended()) return;
   // On whatever thread this is: the connection learns it on its own.
   rq_->home().post([rq = rq_] {
      if (auto* c = rq->where()) c->exchange_dropped();
   });
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

} // namespace fmcp::net
