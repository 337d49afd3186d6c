// How a handler answers through a connection: at once as its responder, or later by the exchange.

#include <algorithm>
#include <iterator>

#include <boost/asio/post.hpp>

#include "core/log.hpp"
#include "net/connection.hpp"
#include "net/kept_request.hpp"

namespace fmcp::net {

// -------------------------------------------------------------------------------------- responder

void connection::reply(const core::http::response_head& head, std::string_view body) {
   if (phase_ != phase::handling || is_answered_ || kept_) {
      core::log::error("net", "a handler has answered a request twice");
      return;
   }
   append_head(
         loop_.out, head, loop_.date.line(),
         {.content_length = body.size(), .is_http_1_1 = is_http_1_1_, .keep_alive = keep_alive_});
   if (!is_head_request_ && has_body(head.status)) loop_.out.append(body);
   is_answered_ = true;
}

void connection::replied_raw() {
   is_answered_ = true;
   std::string& out = loop_.out;
   if (is_head_request_) {
      const auto end = out.find("\r\n\r\n", raw_from_);
      if (end != out.npos) out.resize(end + 4);
   }
   const auto line = connection_line(is_http_1_1_, keep_alive_);
   if (!line.empty()) out.insert(out.find("\r\n", raw_from_) + 2, line);
}

std::shared_ptr<core::http::exchange> connection::keep() {
   auto rq = std::make_shared<kept_request>(*this, loop_.tasks());
   if (phase_ == phase::handling && !is_answered_ && !kept_) {
      kept_ = rq;
      is_stream_begun_ = false;
   } else {
      core::log::error("net", "a handler has kept a request that is answered or kept");
      rq->finish();
   }
   return std::make_shared<kept_exchange>(std::move(rq));
}

std::shared_ptr<core::http::held_request> connection::hold() {
   static constexpr core::http::request nothing{};
   const bool may = in_hand_ != nullptr && !is_answered_ && !kept_;
   auto rq = std::make_shared<kept_request>(*this, loop_.tasks());
   auto held = std::make_shared<set_aside>(rq, may ? *in_hand_ : nothing);
   if (may) {
      kept_ = std::move(rq);
      is_stream_begun_ = false;
   } else {
      core::log::error("net", "a handler has put aside a request that is not whole, is answered or "
                              "kept");
      rq->finish();
   }
   return held;
}

// --------------------------------------------------------------------------------------- exchange

/// Within the handler's call its answer stands in line behind those of earlier requests.
std::string& connection::sink() noexcept {
   return phase_ == phase::handling ? loop_.out : loop_.scratch;
}

void connection::exchange_reply(const core::http::response_head& head, std::string_view body) {
   const entry e(*this);
   if (is_stream_begun_) return;
   std::string& to = sink();
   append_head(
         to, head, loop_.date.line(),
         {.content_length = body.size(), .is_http_1_1 = is_http_1_1_, .keep_alive = keep_alive_});
   if (!is_head_request_ && has_body(head.status)) to.append(body);
   finish_exchange();
   go_on();
}

void connection::exchange_begin(const core::http::response_head& head) {
   const entry e(*this);
   if (is_stream_begun_) return;
   is_stream_begun_ = true;
   largest_write_ = 0;
   if (!is_http_1_1_) keep_alive_ = false; // its end is the connection's
   append_head(sink(), head, loop_.date.line(),
               {.content_length = {}, .is_http_1_1 = is_http_1_1_, .keep_alive = keep_alive_});
   if (!has_body(head.status)) is_head_request_ = true;
   if (phase_ != phase::handling) send(loop_.scratch);
}

bool connection::exchange_write(std::string_view bytes) {
   const entry e(*this);
   if (!is_stream_begun_) return false;
   // An empty chunk would be the last one.
   if (is_head_request_ || bytes.empty()) return true;
   std::string& to = sink();
   const std::size_t waiting = unsent() + (phase_ == phase::handling ? to.size() : 0);
   // A message that is larger than the bound must reach a peer that reads, and must not make the
   // next one fatal while the peer is still at it.
   if (waiting > loop_.bounds().max_stream_buffer + largest_write_) {
      core::log::debug("net", "a stream was cut, its peer does not read {} unsent={}",
                       core::log::kv("peer", peer_), waiting);
      close(true);
      return false;
   }
   largest_write_ = std::max(largest_write_, bytes.size());
   if (is_http_1_1_) {
      fmt::format_to(std::back_inserter(to), "{:x}\r\n", bytes.size());
      to.append(bytes).append("\r\n");
   } else {
      to.append(bytes);
   }
   if (phase_ != phase::handling) send(to);
   return phase_ != phase::closed;
}

void connection::exchange_end() {
   const entry e(*this);
   if (!is_stream_begun_) return exchange_dropped();
   if (is_http_1_1_ && !is_head_request_) sink().append("0\r\n\r\n");
   finish_exchange();
   go_on();
}

void connection::exchange_abort() {
   const entry e(*this);
   finish_exchange();
   if (phase_ == phase::handling) send(loop_.out); // what earlier requests are due
   // Without chunks the peer can tell the cut from the end by a reset only.
   close(!is_http_1_1_);
}

void connection::exchange_dropped() {
   const entry e(*this);
   if (is_stream_begun_) return exchange_abort();
   core::log::error("net", "a request was dropped without an answer {}",
                    core::log::kv("peer", peer_));
   exchange_reply({.status = 500, .content_type = "text/plain; charset=utf-8", .fields = {}},
                  "The request could not be handled.\n");
}

void connection::finish_exchange() {
   const auto rq = std::move(kept_);
   kept_.reset();
   rq->finish();
}

/// The kept exchange is complete: sends the rest of it and looks at what has arrived meanwhile.
void connection::go_on() {
   if (phase_ == phase::handling) {
      is_answered_ = true;
      return;
   }
   next_request();
   send(loop_.scratch);
   look_behind();
}

/// What has arrived behind a request that was kept.
void connection::look_behind() {
   if (phase_ == phase::leaving && unsent() == 0) return linger();
   if (phase_ != phase::head || in_.empty()) return keep_reading();
   // Later, since this may run within the handler's call for another connection, and both would
   // write into the thread's output.
   ++operations_;
   boost::asio::post(loop_.context(), [this] {
      const entry e(*this);
      --operations_;
      if (phase_ != phase::head) return;
      work();
      flush();
      keep_reading();
   });
}

} // namespace fmcp::net
