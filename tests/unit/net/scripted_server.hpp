#pragma once

/// A server that sends exactly the bytes it is told to: for answers that no decent server gives.

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/safe_path.hpp"

namespace fmcp::test {

/// One accepted connection. Its waits end when the peer or the server goes.
class peer {
public:
   explicit peer(int fd) : fd_(fd) {}
   [[nodiscard]] int fd() const { return fd_; }
   /// Up to the end of the next head; empty when the peer has gone.
   std::string read_head();
   /// False when the peer has gone.
   bool send(std::string_view bytes) const;
   /// Until the peer ends, or so many milliseconds have passed; false then.
   [[nodiscard]] bool wait_for_end(int milliseconds = -1) const;
   /// Ends by RST and not by FIN.
   void reset() const;

private:
   const int fd_;
   std::string in_;
};

/// A thread accepts, and each connection has one of its own, which runs the script and then closes.
class scripted_server {
public:
   using script = std::function<void(peer&)>;
   explicit scripted_server(script s);
   ~scripted_server();
   scripted_server(const scripted_server&) = delete;
   scripted_server& operator=(const scripted_server&) = delete;

   [[nodiscard]] std::uint16_t port() const { return port_; }
   [[nodiscard]] std::string origin() const { return "http://127.0.0.1:" + std::to_string(port_); }
   [[nodiscard]] int connections() const { return count_; }

private:
   void accept_all();

   const script script_;
   core::unique_fd listener_;
   std::uint16_t port_ = 0;
   std::atomic<int> count_ = 0;
   std::mutex mutex_;
   std::vector<int> open_;            // guarded by mutex_
   std::vector<std::thread> scripts_; // of the accepting thread, then of the destructor
   std::thread acceptor_;
};

/// What `always` and `once` say in most tests.
inline const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Answers every request on the connection with `bytes`.
inline scripted_server::script always(std::string bytes) {
   return [bytes = std::move(bytes)](peer& p) {
      while (!p.read_head().empty() && p.send(bytes)) {
      }
   };
}
inline scripted_server::script once(std::string bytes) {
   return [bytes = std::move(bytes)](peer& p) {
      p.read_head();
      p.send(bytes);
   };
}
/// Reads and says nothing.
inline void silent(peer& p) {
   while (!p.read_head().empty()) {
   }
}

} // namespace fmcp::test
