#include "net/connection.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>

#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

#include "core/log.hpp"
#include "net/kept_request.hpp"

namespace fmcp::net {
namespace {

using core::http::method;
using status = io_result::status;

/// Strings that one large answer has blown up are given back.
constexpr std::size_t keep_shared = 256 * 1024, keep_own = 1024;

void reset_string(std::string& s, std::size_t keep) {
   s.clear();
   if (s.capacity() > keep) std::string().swap(s);
}

} // namespace

connection::connection(loop& owner, loop::socket socket, std::string peer,
                       std::unique_ptr<tls_stream> tls)
    : loop_(owner), socket_(std::move(socket)), tls_(std::move(tls)), peer_(std::move(peer)) {}

connection::~connection() = default;

void connection::start() {
   const entry e(*this);
   set_deadline(read_deadline_, tls_ ? loop_.ticks().header : loop_.ticks().idle);
   keep_reading();
}

void connection::start_refused() {
   const entry e(*this);
   is_refused_ = true;
   refuse(503, "The server has too many connections.");
   flush();
   keep_reading();
}

void connection::drain() {
   const entry e(*this);
   if (phase_ == phase::kept) {
      keep_alive_ = false;
   } else {
      keep_reading();
   }
}

void connection::cut() {
   const entry e(*this);
   close();
}

void connection::set_deadline(std::uint64_t& which, std::uint64_t ticks) noexcept {
   which = loop_.wheel().now() + ticks;
   loop_.wheel().schedule(*this, which);
}

void connection::look_at_deadlines() {
   const entry e(*this);
   const auto now = loop_.wheel().now();
   if (write_deadline_ != 0 && write_deadline_ <= now) {
      core::log::debug("net", "a peer that does not read was cut {} unsent={}",
                       core::log::kv("peer", peer_), unsent());
      return close(true);
   }
   if (read_deadline_ != 0 && read_deadline_ <= now) {
      read_deadline_ = 0;
      if (phase_ == phase::body || (phase_ == phase::head && !in_.empty())) {
         if (phase_ == phase::head) is_head_request_ = false;
         refuse(408, "The request did not arrive in time.");
         flush();
         keep_reading();
      } else {
         close();
      }
   }
   if (phase_ == phase::closed) return;
   const auto next = std::min(read_deadline_ - 1, write_deadline_ - 1) + 1; // 0 is never
   if (next != 0) loop_.wheel().schedule(*this, next);
}

// ---------------------------------------------------------------------------------------- reading

bool connection::wants_input() const noexcept {
   if (is_at_end_ || is_stalled_) return false;
   switch (phase_) {
   case phase::head:
   case phase::body:
   case phase::lingering: return true;
   case phase::kept: return in_.size() < loop_.bounds().max_header_bytes;
   default: return false;
   }
}

std::size_t connection::expected_input() const noexcept {
   const std::size_t head = loop_.bounds().max_header_bytes;
   if (phase_ != phase::body) return head;
   if (framing_ == body_framing::sized) return total_size_;
   return head + loop_.bounds().max_body_bytes;
}

void connection::keep_reading() {
   if (phase_ == phase::closed) return;
   if (loop_.is_draining() && phase_ == phase::head && in_.empty() && unsent() == 0) return close();
   if (!wants_input()) {
      if (phase_ == phase::kept && !is_reading_) wait_for_reset();
      // The requests in front of the end are answered; a part of one behind them never will be.
      if (is_at_end_ && !is_stalled_ && (phase_ == phase::head || phase_ == phase::body)) {
         phase_ = phase::leaving;
         if (unsent() == 0) linger();
      }
      return;
   }
   if (is_reading_ || is_waiting_readable_) return;
   if (tls_) return wait_readable();
   is_reading_ = true;
   ++operations_;
   loop_.read_later(*this);
}

void connection::start_read() {
   const entry e(*this);
   if (phase_ == phase::closed) {
      --operations_;
      return;
   }
   const auto space = in_.prepare(expected_input());
   socket_.async_read_some(
         boost::asio::buffer(space.data(), space.size()),
         [this](const boost::system::error_code& ec, std::size_t n) { on_read(ec, n); });
}

void connection::on_read(const boost::system::error_code& ec, std::size_t n) {
   const entry e(*this);
   --operations_;
   is_reading_ = false;
   if (phase_ == phase::closed) return;
   if (ec == boost::asio::error::eof) return at_end_of_input();
   if (ec) return close();
   in_.commit(n);
   took();
}

/// With TLS the library reads from the socket; Asio only says when.
void connection::wait_readable() {
   is_waiting_readable_ = true;
   ++operations_;
   const auto then = [this](const boost::system::error_code& ec) {
      const entry e(*this);
      --operations_;
      is_waiting_readable_ = false;
      if (phase_ == phase::closed) return;
      if (ec) return close();
      on_readable();
   };
   // What is decrypted already, the socket does not announce.
   if (tls_->has_pending()) {
      boost::asio::post(loop_.context(), [then] { then({}); });
   } else {
      socket_.async_wait(loop::socket::wait_read, then);
   }
}

void connection::on_readable() {
   if (!wants_input()) return;
   const auto space = in_.prepare(expected_input());
   const io_result r = tls_->read_some(space.data(), space.size());
   switch (r.what) {
   case status::ok: in_.commit(r.bytes); return took();
   case status::wants_read: return keep_reading();
   case status::wants_write: return wait_writable();
   case status::end: return at_end_of_input();
   case status::failed: return close();
   }
}

void connection::took() {
   if (phase_ == phase::lingering || (phase_ == phase::kept && !keep_alive_)) {
      in_.clear(); // nobody will look at it
   } else {
      work();
      flush();
   }
   keep_reading();
}

void connection::at_end_of_input() {
   is_at_end_ = true;
   if (phase_ == phase::lingering) return close();
   if (phase_ == phase::kept) return probe();
   keep_reading();
}

/// See the top of the header: is the peer gone, or has it only ended its sending side?
void connection::probe() {
   std::string& to = loop_.scratch;
   if (!is_http_1_1_) {
      if (is_stream_begun_) return close();
   } else if (!is_stream_begun_) {
      to.append("HTTP/1.1 102 Processing\r\n\r\n");
   } else if (!is_head_request_) {
      to.append("0");
   }
   send(to);
   if (phase_ != phase::closed) wait_for_reset();
}

void connection::wait_for_reset() {
   if (is_waiting_for_reset_) return;
   is_waiting_for_reset_ = true;
   ++operations_;
   socket_.async_wait(loop::socket::wait_error, [this](const boost::system::error_code& ec) {
      const entry e(*this);
      --operations_;
      if (phase_ == phase::closed) return;
      if (ec) return close();
      on_reset_wait();
   });
}

void connection::on_reset_wait() {
   pollfd p{.fd = socket_.native_handle(), .events = 0, .revents = 0};
   if (::poll(&p, 1, 0) == 1 && (p.revents & (POLLERR | POLLHUP)) != 0) return close();
   // Urgent data wakes this wait, too, and would do so again and again: not asked for any more.
}

// ------------------------------------------------------------------------------------ working off

void connection::work() {
   for (;;) {
      if (phase_ == phase::head) {
         if (!take_head()) return;
      } else if (phase_ == phase::body) {
         if (!take_body()) return;
      } else {
         return;
      }
      if (loop_.out.size() + unsent() > loop_.bounds().max_pipelined_output) {
         flush();
         is_stalled_ = unsent() > loop_.bounds().max_pipelined_output;
         if (is_stalled_) return;
      }
   }
}

/// Each step is true when there may be more to work off.
bool connection::take_head() {
   if (in_.empty()) return false;
   const auto bytes = in_.view();
   if (bytes.size() < parse_at_ &&
       bytes.find("\r\n\r\n", scanned_ - std::min<std::size_t>(scanned_, 3)) == bytes.npos) {
      scanned_ = bytes.size();
      return false;
   }
   switch (loop_.reader.read(bytes)) {
   case head_reader::outcome::refused:
      is_head_request_ = false;
      return refuse(loop_.reader.why().status, loop_.reader.why().reason);
   case head_reader::outcome::incomplete:
      if (parse_at_ == 0) set_deadline(read_deadline_, loop_.ticks().header);
      parse_at_ = 2 * bytes.size();
      scanned_ = bytes.size();
      return false;
   case head_reader::outcome::complete: break;
   }
   parse_at_ = scanned_ = 0;
   request_head& h = loop_.reader.head();
   head_size_ = h.size;
   framing_ = h.body;
   is_http_1_1_ = h.is_http_1_1;
   is_head_request_ = h.rq.verb == method::head;
   if (framing_ == body_framing::none) return handle(h, {}, h.size);
   return begin_body(h);
}

bool connection::begin_body(request_head& h) {
   const auto& bounds = loop_.bounds();
   if (framing_ == body_framing::sized) {
      if (h.content_length > bounds.max_body_bytes) return refuse(413, "The body is too long.");
      total_size_ = h.size + static_cast<std::size_t>(h.content_length);
      if (in_.size() >= total_size_) return end_body(h);
   } else {
      decoded_ = 0;
      chunks_.begin(bounds.max_body_bytes, bounds.max_header_bytes - h.size);
      const auto o = decode_chunks();
      if (o == chunk_decoder::outcome::done) return end_body(h);
      if (o != chunk_decoder::outcome::more) return refuse_chunks(o);
   }
   return ask_for_body(h);
}

/// The head is complete and the body is not.
bool connection::ask_for_body(request_head& h) {
   keep_alive_ = false; // if it is refused now
   h.rq.peer_address = peer_;
   h.rq.tls = tls_ != nullptr;
   bool goes_on = false;
   if (!call_handler(h.rq, [&] { goes_on = loop_.handler().on_head(h.rq, *this); })) return true;
   if (!goes_on) {
      // It has not answered, and does not want the body either.
      return refuse(500, "The request could not be handled.");
   }
   if (h.expects_continue && in_.size() == head_size_) {
      loop_.out.append("HTTP/1.1 100 Continue\r\n\r\n");
   }
   phase_ = phase::body;
   set_deadline(read_deadline_, loop_.ticks().body);
   return false;
}

bool connection::take_body() {
   if (framing_ == body_framing::sized) {
      if (in_.size() < total_size_) return false;
   } else {
      const auto o = decode_chunks();
      if (o == chunk_decoder::outcome::more) return false;
      if (o != chunk_decoder::outcome::done) return refuse_chunks(o);
   }
   // The views of the first time are gone: the buffer may have moved, other connections have used
   // the reader.
   if (loop_.reader.read(in_.view().substr(0, head_size_)) != head_reader::outcome::complete) {
      return refuse(500, "The request could not be handled.");
   }
   return end_body(loop_.reader.head());
}

bool connection::end_body(request_head& h) {
   const std::size_t size = framing_ == body_framing::sized ? total_size_ - head_size_ : decoded_;
   return handle(h, in_.view().substr(head_size_, size), total_size_);
}

/// Takes the coding off what has arrived; the decoded body grows behind the head.
chunk_decoder::outcome connection::decode_chunks() {
   const std::size_t from = head_size_ + decoded_;
   char* raw = in_.data() + from;
   std::size_t used = 0, made = 0;
   const auto o = chunks_.decode(raw, in_.size() - from, raw, used, made);
   decoded_ += made;
   if (o == chunk_decoder::outcome::more) in_.truncate(head_size_ + decoded_);
   if (o == chunk_decoder::outcome::done) total_size_ = from + used;
   return o;
}

bool connection::refuse_chunks(chunk_decoder::outcome o) {
   switch (o) {
   case chunk_decoder::outcome::body_too_long: return refuse(413, "The body is too long.");
   case chunk_decoder::outcome::line_too_long:
      return refuse(431, "The chunk extensions and trailers are too long.");
   default: return refuse(400, "The chunked coding of the body is malformed.");
   }
}

bool connection::handle(request_head& h, std::string_view body, std::size_t used) {
   auto& rq = h.rq;
   rq.body = body;
   rq.peer_address = peer_;
   rq.tls = tls_ != nullptr;
   rq.keep_alive = rq.keep_alive && !loop_.is_draining();
   keep_alive_ = rq.keep_alive;
   const bool is_open = call_handler(rq, [&] {
      const in_hand now(*this, rq);
      loop_.handler().on_request(rq, *this);
   });
   if (phase_ == phase::closed) return false;
   in_.consume(used);
   return !is_open || refuse_forgotten(rq);
}

bool connection::refuse_forgotten(const core::http::request& rq) {
   core::log::error("net", "a handler has neither answered nor kept a request {}",
                    core::log::kv("path", rq.path));
   return refuse(500, "The request could not be handled.");
}

/// Calls, then sees to what has become of the request; true when nothing has.
template <class Call>
bool connection::call_handler(const core::http::request& rq, Call call) {
   phase_ = phase::handling;
   is_answered_ = false;
   raw_from_ = loop_.out.size();
   try {
      call();
   } catch (const std::exception& e) {
      core::log::error("net", "a handler failed {} {}", core::log::kv("path", rq.path),
                       core::log::kv("reason", e.what()));
      if (!is_answered_ && !kept_) {
         refuse(500, "The request could not be handled.");
         return false;
      }
   }
   if (phase_ == phase::closed) return false;
   if (is_answered_) {
      next_request();
   } else if (kept_) {
      phase_ = phase::kept;
      read_deadline_ = 0;
   } else {
      return true;
   }
   return false;
}

/// May run within a handler's call: for this connection, then it is a part of that call; for
/// another one, whose answers stand in the thread's output, then those wait beside it.
void connection::resume(const core::http::request& rq, core::http::held_request::work f) {
   const entry e(*this);
   const auto call = [&] {
      const in_hand now(*this, rq);
      f(rq, *this);
   };
   finish_exchange();
   if (phase_ == phase::handling) return call();
   std::string others;
   if (!loop_.out.empty()) others.swap(loop_.out);
   if (call_handler(rq, call)) refuse_forgotten(rq);
   send(loop_.out);
   if (!others.empty()) loop_.out.swap(others);
   look_behind();
}

/// The answer is complete.
void connection::next_request() {
   if (!keep_alive_) {
      phase_ = phase::leaving;
      return;
   }
   phase_ = phase::head;
   set_deadline(read_deadline_, loop_.ticks().idle);
}

/// Answers by ourselves and ends the connection behind that. Always false.
bool connection::refuse(int code, std::string_view reason) {
   core::log::debug("net", "refused {} status={} {}", core::log::kv("peer", peer_), code,
                    core::log::kv("reason", reason));
   append_refusal(loop_.out, code, reason, loop_.date.line(), is_head_request_);
   keep_alive_ = false;
   phase_ = phase::leaving;
   return false;
}

// ---------------------------------------------------------------------------------------- writing

io_result connection::write_some(std::string_view bytes) {
   if (tls_) return tls_->write_some(bytes.data(), bytes.size());
   for (;;) {
      const auto n = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n >= 0) return {status::ok, static_cast<std::size_t>(n)};
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return {status::wants_write, 0};
      return {status::failed, 0};
   }
}

/// Sends, behind what is pending; empties `bytes`.
void connection::send(std::string& bytes) {
   if (bytes.empty()) return;
   if (phase_ != phase::closed) {
      if (unsent() > 0) {
         pending_.append(bytes);
      } else {
         const io_result r = write_some(bytes);
         if (r.what == status::failed) {
            close();
         } else if (r.bytes < bytes.size()) {
            pending_.assign(bytes, r.bytes);
            sent_ = 0;
            set_deadline(write_deadline_, loop_.ticks().write);
            wait_writable();
         }
      }
   }
   reset_string(bytes, keep_shared);
}

void connection::flush() {
   send(loop_.out);
   if (phase_ == phase::leaving && unsent() == 0) linger();
}

void connection::wait_writable() {
   if (is_writing_) return;
   is_writing_ = true;
   ++operations_;
   socket_.async_wait(loop::socket::wait_write, [this](const boost::system::error_code& ec) {
      const entry e(*this);
      --operations_;
      is_writing_ = false;
      if (phase_ == phase::closed) return;
      if (ec) return close();
      on_writable();
   });
}

void connection::on_writable() {
   if (unsent() == 0) return keep_reading(); // a handshake wanted it
   send_pending();
   if (phase_ == phase::closed || unsent() > 0) return;
   if (phase_ == phase::leaving) return linger();
   if (is_stalled_) {
      is_stalled_ = false;
      work();
      flush();
   }
   keep_reading();
}

void connection::send_pending() {
   while (unsent() > 0) {
      const io_result r = write_some(std::string_view(pending_).substr(sent_));
      if (r.what == status::failed) return close();
      if (r.bytes == 0) return wait_writable();
      sent_ += r.bytes;
      set_deadline(write_deadline_, loop_.ticks().write);
      // What a stream adds while its peer reads slowly must not push the sent part along for ever.
      if (sent_ > pending_.size() / 2) {
         pending_.erase(0, sent_);
         sent_ = 0;
      }
   }
   write_deadline_ = 0;
   sent_ = 0;
   reset_string(pending_, keep_own);
}

// ----------------------------------------------------------------------------------------- ending

void connection::linger() {
   if (is_at_end_) return close();
   if (tls_) tls_->shutdown();
   boost::system::error_code ec;
   socket_.shutdown(loop::socket::shutdown_send, ec);
   if (ec) return close();
   phase_ = phase::lingering;
   is_stalled_ = false;
   in_.clear();
   set_deadline(read_deadline_, loop_.ticks().linger);
   keep_reading();
}

void connection::close(bool is_reset) noexcept {
   if (phase_ == phase::closed) return;
   const bool is_in_handler = phase_ == phase::handling;
   phase_ = phase::closed;
   unlink();
   if (is_in_handler) loop_.out.clear();
   if (kept_) {
      const auto rq = std::move(kept_);
      kept_.reset();
      rq->lose();
   }
   boost::system::error_code ignored;
   if (is_reset) socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
   socket_.close(ignored);
}

} // namespace fmcp::net
