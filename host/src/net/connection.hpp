#pragma once

/// One connection, from accept to close, on one thread.
///
/// Reading and answering. There is one read at a time, into `in_`. What has arrived is worked off
/// in order: head, body, handler. An answer that the handler gives at once goes to the thread's
/// output string, behind the answers to the requests pipelined in front of it, and the string is
/// sent by one system call when nothing complete is left to work off. Only what the socket does not
/// take is copied to `pending_`, and only then is writability waited for. So an idle connection
/// owns a small read buffer and nothing else, and a request costs three system calls (wait,
/// receive, send).
///
/// A head that arrives in pieces is parsed at the first piece (damage shows early), then when its
/// end is there or the bytes have doubled: linear work, and no parser state per connection.
///
/// A kept exchange. Requests behind it wait in `in_`, up to the bound of a head; reading goes on so
/// long, since only a read tells that the peer has gone. A reset ends the exchange at once. An end
/// of stream may be a peer that is gone or one that has only ended its sending side (`nc`, some
/// scripts), which must get its answer, and TCP shows no difference until something is sent. So on
/// HTTP/1.1 something harmless is sent: the interim answer 102 (RFC 9110 15.2: a client has to skip
/// it) or, inside a stream, a leading zero of the next chunk's size (RFC 9112 7.1). A peer that is
/// gone answers with a reset, and the exchange ends then. On HTTP/1.0 nothing can be sent: an
/// answer is still tried, a stream is ended.
///
/// A request put aside is a kept exchange that comes back: the same wait, then the handler is
/// called again, with a copy of the request.
///
/// Ending. After an error or a `Connection: close` the sending side is shut down and what the peer
/// still sends is thrown away for a while, as RFC 9112 9.6 asks: closing at once with unread bytes
/// would reset the connection and could destroy the answer on its way.
///
/// Lifetime: `operations_` counts the waits and reads that Asio holds, `depth_` the entries from
/// outside on the stack; the object is deleted when it is closed and both are zero.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/chunk_decoder.hpp"
#include "net/input_buffer.hpp"
#include "net/loop.hpp"

namespace fmcp::net {

class kept_request;

class connection final : public core::http::responder, private wheel_entry {
public:
   connection(loop& owner, loop::socket socket, std::string peer, std::unique_ptr<tls_stream> tls);
   ~connection() override;

   void start();
   /// Says 503 and ends.
   void start_refused();
   /// The server ends: an idle connection closes, another one closes behind its answer.
   void drain();
   /// Closes now.
   void cut();
   /// The wheel has reached this connection. [called by the loop only]
   void look_at_deadlines();
   /// See `loop::read_later`.
   void start_read();
   static connection& of(wheel_entry& e) noexcept { return static_cast<connection&>(e); }

   // responder
   void reply(const core::http::response_head& head, std::string_view body) override;
   [[nodiscard]] std::string& output() noexcept override { return loop_.out; }
   void replied_raw() override;
   [[nodiscard]] std::string_view date_line() const noexcept override { return loop_.date.line(); }
   [[nodiscard]] std::shared_ptr<core::http::exchange> keep() override;
   [[nodiscard]] std::shared_ptr<core::http::held_request> hold() override;
   [[nodiscard]] std::shared_ptr<void>& attachment() noexcept override { return attachment_; }
   [[nodiscard]] std::shared_ptr<void>& identity() noexcept override { return identity_; }
   [[nodiscard]] core::executor& home() noexcept override { return *loop_.tasks(); }

   // The kept exchange's way in; see `core::http::exchange` for what each promises.
   void exchange_reply(const core::http::response_head& head, std::string_view body);
   void exchange_begin(const core::http::response_head& head);
   bool exchange_write(std::string_view bytes);
   void exchange_end();
   void exchange_abort();
   void exchange_dropped();
   /// The way back of a request that was put aside; `rq` and `f` outlive the call.
   void resume(const core::http::request& rq, core::http::held_request::work f);
   [[nodiscard]] std::size_t unsent() const noexcept { return pending_.size() - sent_; }

private:
   friend class loop; // the list

   enum class phase : std::uint8_t {
      head,      ///< waits for a head, or has a part of one
      body,      ///< has a head, waits for the rest of the body
      handling,  ///< the handler runs
      kept,      ///< an exchange is open
      leaving,   ///< sends what is pending, then shuts down
      lingering, ///< shut down; throws away what comes
      closed,
   };
   class entry;
   class in_hand;

   // reading
   void keep_reading();
   void wait_readable();
   void on_read(const boost::system::error_code& ec, std::size_t n);
   void on_readable();
   void took();
   void at_end_of_input();
   void probe();
   void wait_for_reset();
   void on_reset_wait();
   [[nodiscard]] bool wants_input() const noexcept;
   [[nodiscard]] std::size_t expected_input() const noexcept;

   // working off
   void work();
   bool take_head();
   bool take_body();
   bool begin_body(request_head& h);
   bool end_body(request_head& h);
   chunk_decoder::outcome decode_chunks();
   bool refuse_chunks(chunk_decoder::outcome o);
   bool ask_for_body(request_head& h);
   bool handle(request_head& h, std::string_view body, std::size_t used);
   template <class Call>
   bool call_handler(const core::http::request& rq, Call call);
   bool refuse_forgotten(const core::http::request& rq);
   void next_request();
   bool refuse(int status, std::string_view reason);

   // writing
   [[nodiscard]] std::string& sink() noexcept;
   void send(std::string& bytes);
   void flush();
   void send_pending();
   void wait_writable();
   void on_writable();
   io_result write_some(std::string_view bytes);

   // ending
   void finish_exchange();
   void go_on();
   void look_behind();
   void linger();
   void close(bool is_reset = false) noexcept;
   void set_deadline(std::uint64_t& which, std::uint64_t ticks) noexcept;

   loop& loop_;
   loop::socket socket_;
   std::unique_ptr<tls_stream> tls_;
   input_buffer in_;
   std::string pending_; ///< not yet taken by the socket, from `sent_` on
   std::size_t sent_ = 0;
   std::shared_ptr<kept_request> kept_;
   std::shared_ptr<void> attachment_, identity_;
   const core::http::request* in_hand_ = nullptr; ///< the whole request that is handled now
   connection* next_ = nullptr;                   ///< of the loop's list
   connection* previous_ = nullptr;

   chunk_decoder chunks_;
   std::size_t head_size_ = 0;     ///< of the request that is read
   std::size_t decoded_ = 0;       ///< bytes of its chunked body
   std::size_t total_size_ = 0;    ///< of a sized one: head and body
   std::size_t parse_at_ = 0;      ///< bytes that make a partial head worth another look
   std::size_t scanned_ = 0;       ///< bytes of it that hold no end of a head
   std::size_t largest_write_ = 0; ///< of the stream that is written
   std::size_t raw_from_ = 0;      ///< where the handler's raw answer begins
   std::uint64_t read_deadline_ = 0, write_deadline_ = 0; ///< ticks; 0: none
   std::uint32_t operations_ = 0, depth_ = 0;

   phase phase_ = phase::head;
   body_framing framing_ = body_framing::none;
   bool is_head_request_ = false;
   bool is_http_1_1_ = true;
   bool keep_alive_ = true;
   bool is_answered_ = false;
   bool is_stream_begun_ = false; ///< of the kept exchange
   bool is_reading_ = false, is_waiting_readable_ = false, is_writing_ = false;
   bool is_waiting_for_reset_ = false;
   bool is_at_end_ = false;  ///< the peer has ended its sending side
   bool is_stalled_ = false; ///< does not read until its output has been taken
   bool is_refused_ = false; ///< counts as one too many
   std::string peer_;
};

/// Every way into a connection from outside holds one of these.
class connection::entry {
public:
   explicit entry(connection& c) noexcept : c_(c) { ++c_.depth_; }
   entry(const entry&) = delete;
   entry& operator=(const entry&) = delete;
   ~entry() {
      if (--c_.depth_ == 0 && c_.phase_ == phase::closed && c_.operations_ == 0)
         c_.loop_.destroy(c_);
   }

private:
   connection& c_;
};

/// Marks the request that is handled, the one that `hold` copies.
class connection::in_hand {
public:
   in_hand(connection& c, const core::http::request& rq) noexcept
       : c_(c), outer_(std::exchange(c.in_hand_, &rq)) {}
   in_hand(const in_hand&) = delete;
   in_hand& operator=(const in_hand&) = delete;
   ~in_hand() { c_.in_hand_ = outer_; }

private:
   connection& c_;
   const core::http::request* const outer_;
};

} // namespace fmcp::net
