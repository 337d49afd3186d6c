#pragma once

/// The HTTP/1.1 server: sockets in, whole requests out, answers and event streams back.
///
/// Knows HTTP (RFC 9110, 9112) and nothing of MCP. One thread, one event loop and one set of
/// listening sockets per usable core; a connection lives and dies on the thread that accepted it,
/// and everything below happens on that thread unless a line says [any thread].
///
/// Life of a request: bytes are read into the connection's one buffer; the head is parsed there (by
/// Beast), the body awaited there; a complete request goes to `handler::on_request`; an answer
/// given inside it is appended to the output and written at once, together with the answers of
/// requests pipelined behind it. A handler that cannot answer yet keeps the `exchange`: the
/// requests behind it wait, and a closing peer is noticed. No coroutine, no timer and (after
/// warm-up) no allocation per request. What each limit does, and what is refused: README.md of this
/// folder.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/http.hpp"
#include "core/result.hpp"

namespace fmcp::net {

using core::http::handler;

/// Bounds, each with its answer. Zero means none only where it is said.
struct limits {
   std::size_t max_header_bytes = 32 * 1024; ///< 431; start line, fields, trailers, extensions
   std::size_t max_fields = 100;             ///< 431
   std::size_t max_body_bytes = 4u << 20;    ///< 413
   std::size_t max_connections = 10'000;     ///< all threads together; 503 and close
   /// Unread stream bytes besides the largest write; at the next one the stream is cut.
   std::size_t max_stream_buffer = 1u << 20;
   std::size_t max_pipelined_output = 256 * 1024;    ///< reading pauses until it is written
   std::chrono::milliseconds header_timeout{10'000}; ///< first byte to end of head; 408
   std::chrono::milliseconds body_timeout{30'000};   ///< end of head to end of body; 408
   std::chrono::milliseconds idle_timeout{75'000};   ///< between requests; closed
   std::chrono::milliseconds write_timeout{30'000};  ///< without progress; cut
};

struct tls_files {
   std::string certificate_chain; ///< PEM file; empty: plain HTTP
   std::string private_key;       ///< PEM file
};

struct server_options {
   /// An address literal or a name, all of whose addresses are bound. `::` takes IPv4 as well.
   std::string address = "127.0.0.1";
   std::uint16_t port = 8000; ///< 0: one is chosen
   unsigned threads = 0;      ///< 0: one per CPU of the affinity mask
   net::limits bounds;
   tls_files tls;
};

/// Number of CPUs that this process may use (sched_getaffinity), at least 1.
[[nodiscard]] unsigned usable_cpus() noexcept;

class server {
public:
   /// Makes the handler of one thread; never null. Called by `start`, once per thread, on the
   /// thread that calls `start`; the handler is destroyed on its own thread.
   using handler_factory =
         std::function<std::unique_ptr<handler>(unsigned thread, core::executor& home)>;

   /// Reads the TLS files, binds and listens; peers wait until `start`. The port is probed without
   /// SO_REUSEPORT first, so that a second server on the same port is an error and not a silent
   /// share. Errors: io (the address cannot be bound; the message names address, port and cause),
   /// invalid.
   static core::result<std::unique_ptr<server>> open(const server_options& options,
                                                     handler_factory make_handler);
   virtual ~server() = default;

   /// What is really bound, e.g. 8000 and `127.0.0.1`, `::1`. [any thread]
   [[nodiscard]] virtual std::uint16_t port() const noexcept = 0;
   [[nodiscard]] virtual const std::vector<std::string>& addresses() const noexcept = 0;
   /// Starts the threads; the first runs on a thread of its own too.
   virtual void start() = 0;
   /// Runs `work` on every thread of the server, in no order. [any thread]
   virtual void for_each_thread(std::function<void(unsigned thread, handler&)> work) = 0;
   /// Graceful end: no new connections, idle ones closed, `Connection: close` on the answers that
   /// are still due, then after `grace` the rest is cut; joins the threads. [the thread that
   /// started it]
   virtual void stop(std::chrono::milliseconds grace) = 0;
   /// Live connections of all threads. [any thread]
   [[nodiscard]] virtual std::size_t connections() const noexcept = 0;
};

} // namespace fmcp::net
