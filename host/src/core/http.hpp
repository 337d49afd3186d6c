#pragma once

/// HTTP as the rooms speak of it to each other: whole requests, answers, event streams.
///
/// `net` reads and writes them, `protocol` (and later `auth`) decides; neither includes the other.
///
/// Threads: a connection lives on one thread. Everything below happens there unless a line says
/// [any thread].

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/executor.hpp"
#include "core/principal.hpp"

namespace fmcp::core::http {

/// A field line. The name is as the peer wrote it (compare without case), the value is trimmed.
struct field {
   std::string_view name;
   std::string_view value;
};

enum class method : std::uint8_t {
   get,
   head,
   post,
   put,
   del,
   options,
   patch,
   trace,
   connect,
   other
};

/// A request whose framing has been checked: exactly one well-formed Host that matches the target's
/// authority, no doubtful Transfer-Encoding, no folded lines, everything within the limits.
/// Views are valid until the handler returns.
struct request {
   method verb = method::other;
   std::string_view verb_text;
   std::string_view
         path; ///< of the target, not decoded, begins with '/' (or is "*": OPTIONS, CONNECT)
   std::string_view query; ///< behind the '?', not decoded
   std::string_view host;  ///< the Host field's value
   std::span<const field> fields;
   std::string_view body;         ///< complete; empty in `on_head`
   std::string_view peer_address; ///< text form, e.g. `127.0.0.1`
   bool tls = false;
   bool keep_alive = true;
   /// Who the bearer gate found the sender to be. Null: nobody asked. Valid until the handler
   /// returns; whoever needs it longer copies the pointer it points to.
   const caller_ref* caller = nullptr;

   /// The first field of that name (without case); empty when absent. See `count` for repeats.
   [[nodiscard]] std::string_view find(std::string_view name) const noexcept;
   [[nodiscard]] std::size_t count(std::string_view name) const noexcept;
};

/// A request that owns what its views point to. `caller` is not taken over: what it points to lives
/// as long as the handler's call.
class stored_request {
public:
   explicit stored_request(const request& rq);
   stored_request(const stored_request&) = delete;
   stored_request& operator=(const stored_request&) = delete;

   /// Valid as long as this object.
   [[nodiscard]] const request& get() const noexcept { return request_; }

private:
   std::unique_ptr<char[]> memory_;
   std::vector<field> fields_;
   request request_;
};

/// What goes back. `Date`, `Content-Length` or `Transfer-Encoding`, and `Connection` are added; a
/// field of these names, or one that could split the message, is dropped and logged.
struct response_head {
   int status = 200;
   std::string_view content_type; ///< empty: none (and no body)
   std::span<const field> fields;
};

/// The answer to one request, kept beyond `on_request`. Its methods run on the connection's thread
/// and do nothing once the peer has gone; `home()` is the way there from another thread.
///
/// A kept exchange ends by `reply`, by `end`, or by the peer. Dropping it unanswered sends a 500,
/// in the middle of a stream it cuts the connection. It may be dropped by any thread and outlive
/// the server.
class exchange {
public:
   virtual ~exchange() = default;

   /// The whole answer at once.
   virtual void reply(const response_head& head, std::string_view body) = 0;

   /// Begins a stream of unknown length (chunked on HTTP/1.1, until close on 1.0).
   virtual void begin(const response_head& head) = 0;
   /// Appends to the stream and sends. False when the peer is gone, or does not read and more than
   /// `limits::max_stream_buffer` bytes wait besides the largest write: the stream is then closed.
   virtual bool write(std::string_view bytes) = 0;
   /// Ends the stream in order.
   virtual void end() = 0;
   /// Cuts the connection without the final chunk, so that the peer knows the stream is incomplete.
   virtual void abort() = 0;

   /// Called once when the peer goes before the answer is complete, from the loop and never from
   /// within a call of the exchange. Not called after `reply`, `end` or `abort`.
   virtual void on_disconnect(std::function<void()> callback) = 0;
   [[nodiscard]] virtual bool connected() const noexcept = 0;
   /// Bytes of the stream that the peer has not taken yet.
   [[nodiscard]] virtual std::size_t pending_bytes() const noexcept = 0;

   /// The thread of this connection. [any thread]
   [[nodiscard]] virtual core::executor& home() noexcept = 0;
};

class responder;

/// A request put aside, whole, while something is found out about it.
///
/// Exactly like `exchange`, it may be dropped by any thread and outlive the server; dropped before
/// `resume` it sends a 500.
class held_request {
public:
   using work = std::move_only_function<void(const request&, responder&)>;

   virtual ~held_request() = default;
   /// Calls `f` with the request as it was (its views point into a copy, `caller` is null) and a
   /// responder that works as the first one did, now, unless the peer has gone. Allowed within a
   /// handler's call, also for another connection: the answers do not mix. [home thread; once]
   virtual void resume(work f) = 0;
   /// [any thread]
   [[nodiscard]] virtual core::executor& home() noexcept = 0;
};

/// The way to answer while `on_request` or `on_head` runs.
class responder {
public:
   virtual ~responder() = default;
   /// Answers now. `body` is copied into the output before this returns.
   virtual void reply(const response_head& head, std::string_view body) = 0;
   /// The connection's output buffer, for an answer whose head and body are written in place: the
   /// caller appends one whole HTTP/1.1 message with a `Content-Length` and calls `replied_raw`,
   /// which sees to `Connection` and takes the body off the answer to a HEAD.
   [[nodiscard]] virtual std::string& output() noexcept = 0;
   virtual void replied_raw() = 0;
   /// `Date: …\r\n`, renewed every second.
   [[nodiscard]] virtual std::string_view date_line() const noexcept = 0;
   /// Keeps the request open; answer through what is returned.
   [[nodiscard]] virtual std::shared_ptr<exchange> keep() = 0;
   /// Puts the request aside; only in `on_request` and in what `resume` calls. The requests behind
   /// it wait until it is answered. Never null; what comes of a call at another time is never
   /// resumed.
   [[nodiscard]] virtual std::shared_ptr<held_request> hold() = 0;
   /// A slot for one object of the handler's that lives as long as the connection (the session that
   /// was verified last on it, for instance).
   [[nodiscard]] virtual std::shared_ptr<void>& attachment() noexcept = 0;
   /// Another one, for the bearer gate alone: the token that was verified last on the connection.
   [[nodiscard]] virtual std::shared_ptr<void>& identity() noexcept = 0;
   [[nodiscard]] virtual core::executor& home() noexcept = 0;
};

/// One per thread, so that its state needs no lock.
class handler {
public:
   virtual ~handler() = default;
   /// The head is complete and the body is not: the moment to refuse (401, 403, 404, 413 …) before
   /// anything is read for nothing. Return true to go on (a waiting `Expect: 100-continue` is then
   /// answered). When false, `out` has been used; the connection is closed after the answer.
   virtual bool on_head(const request& rq, responder& out) = 0;
   /// A complete request; `on_head` was not called if head and body arrived together. Either answer
   /// through `out` or `keep()`.
   virtual void on_request(const request& rq, responder& out) = 0;
};

} // namespace fmcp::core::http
