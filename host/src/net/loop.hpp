#pragma once

/// One thread of the server: its event loop, its listening sockets, its connections, its handler,
/// and the things that its connections share because only one of them runs at a time (the parser,
/// the output buffer, the date).
///
/// Thread safety: constructed by the thread that owns the server; `run` and everything that a
/// connection uses belong to the loop's thread; what says [any thread] goes through the task queue.
///
/// The `io_context` is built with BOOST_ASIO_CONCURRENCY_HINT_UNSAFE: nothing of Asio may be
/// touched by another thread, not even `post`. The eventfd of the task queue is the only bell.
///
/// End: `drain` closes what is idle; when the last connection has gone, or `cut` has ended the
/// rest, no operation is pending, `io_context::run` returns, and `run` destroys the handler.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <sys/socket.h>

#include "core/http.hpp"
#include "net/http_server.hpp"
#include "net/request_head.hpp"
#include "net/response.hpp"
#include "net/task_queue.hpp"
#include "net/timer_wheel.hpp"
#include "net/tls.hpp"

namespace fmcp::net {

class connection;

/// What the threads of one server share.
struct server_state {
   limits bounds;
   std::unique_ptr<tls_context> tls; ///< null: plain HTTP
   std::atomic<std::size_t> connections{0};
};

/// The bounds in ticks of the wheel.
struct tick_limits {
   std::uint64_t header, body, idle, write, linger;
};

class loop {
public:
   using socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp,
                                                   boost::asio::io_context::executor_type>;

   loop(unsigned number, server_state& shared, std::vector<core::unique_fd> listening);
   loop(const loop&) = delete;
   loop& operator=(const loop&) = delete;
   ~loop();

   /// Before `run`.
   void set_handler(std::unique_ptr<core::http::handler> h) noexcept { handler_ = std::move(h); }
   /// The thread's body: serves until it is drained or cut, then destroys the handler.
   void run();

   void for_handler(std::function<void(unsigned, core::http::handler&)> work); // [any thread]
   void drain();                                                               // [any thread]
   void cut();                                                                 // [any thread]

   // For connections.
   [[nodiscard]] const limits& bounds() const noexcept { return shared_.bounds; }
   [[nodiscard]] const tick_limits& ticks() const noexcept { return ticks_; }
   [[nodiscard]] core::http::handler& handler() noexcept { return *handler_; }
   [[nodiscard]] core::executor& home() noexcept { return *tasks_; }
   [[nodiscard]] const std::shared_ptr<task_queue>& tasks() const noexcept { return tasks_; }
   [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }
   [[nodiscard]] timer_wheel& wheel() noexcept { return wheel_; }
   [[nodiscard]] bool is_draining() const noexcept { return is_draining_; }
   head_reader reader;
   date_cache date;
   /// Answers given while a connection reads, of that connection only; sent when it has read all.
   std::string out;
   /// For what is built and sent within one call that runs no foreign code.
   std::string scratch;
   /// Starts the connection's read when the events that are at hand have been worked off. Asio
   /// tries each read at once (it waits by edges, and the end of the stream may already be behind
   /// the bytes that were read); straight after an answer that finds nothing and costs a system
   /// call, a little later, under load, it often finds the next request and saves the wait for it.
   void read_later(connection& c);
   /// The connection has closed its socket and waits for nothing: forgets and deletes it.
   void destroy(connection& c) noexcept;

private:
   using executor_type = boost::asio::io_context::executor_type;
   using descriptor = boost::asio::posix::basic_stream_descriptor<executor_type>;
   using steady_timer =
         boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                           boost::asio::wait_traits<std::chrono::steady_clock>,
                                           executor_type>;
   /// A listening socket. Asio only waits on it: accept4 gives close-on-exec and non-blocking
   /// sockets in one call.
   struct listener {
      descriptor socket;
      bool is_paused = false; ///< until the next tick
   };

   void wait_for_tasks();
   void wait_for_peers(listener& l);
   void accept_some(listener& l);
   void pause_accepting(listener& l, int why);
   void adopt(core::unique_fd fd, const sockaddr_storage& from);
   void insert(connection& c) noexcept;
   void advance_wheel();
   void keep_ticking();
   void tick();
   void drain_here();
   void cut_here();
   void end_if_drained();

   const unsigned number_;
   server_state& shared_;
   boost::asio::io_context context_;
   std::shared_ptr<task_queue> tasks_;
   std::unique_ptr<core::http::handler> handler_;
   std::vector<std::unique_ptr<listener>> listeners_;
   descriptor bell_;
   steady_timer ticker_;
   const std::chrono::steady_clock::time_point started_;
   const std::chrono::milliseconds tick_length_;
   const tick_limits ticks_;
   timer_wheel wheel_;
   std::vector<connection*> to_read_, reading_; ///< see read_later; two, to keep their memory
   connection* connections_ = nullptr;          ///< list through the connections
   std::size_t refused_ = 0; ///< of them, those that are only told that there are too many
   std::chrono::steady_clock::time_point complained_{}; ///< about accept, last
   bool is_ticking_ = false;
   bool is_draining_ = false;
};

} // namespace fmcp::net
