#pragma once

/// A client that sends exactly the bytes it is told to, and says what came back.

#include <string>
#include <string_view>

#include <poll.h>
#include <sys/socket.h>

#include "core/safe_path.hpp"

namespace fmcp::test {

/// Waits are bounded by this; a test that reaches it has failed.
inline constexpr int patience_ms = 20'000;

struct answer {
   int status = 0;   ///< 0: no complete answer came
   std::string head; ///< status line and fields
   std::string body; ///< without the chunked coding
   bool is_complete = false;
   [[nodiscard]] bool has(std::string_view line) const {
      return head.find(std::string(line) + "\r\n") != std::string::npos;
   }
   /// Value of the field, written exactly like that; "(none)" when absent.
   [[nodiscard]] std::string field(std::string_view name) const;
};

class raw_client {
public:
   explicit raw_client(std::uint16_t port, int family = AF_INET);

   [[nodiscard]] bool is_connected() const { return static_cast<bool>(fd_); }
   [[nodiscard]] int fd() const { return fd_.get(); }
   /// All bytes; false when the peer has closed.
   bool send(std::string_view bytes);
   /// The next complete answer (to a HEAD when said), or what came until the end.
   answer read(bool is_to_head = false);
   /// Sends and reads one answer.
   answer ask(std::string_view bytes) {
      send(bytes);
      return read();
   }
   /// Bytes until `end` has come (with it), or until the peer ends.
   std::string read_until(std::string_view end);
   /// Everything until the peer ends. `was_reset` tells how.
   std::string read_to_end();
   /// The peer has ended its side and nothing is left to read.
   bool is_at_end() { return read_to_end().empty(); }
   [[nodiscard]] bool was_reset() const { return was_reset_; }
   /// Nothing to read is at hand now.
   [[nodiscard]] bool is_quiet() const;

   void end_sending() { ::shutdown(fd_.get(), SHUT_WR); }
   void close() { fd_.reset(); }
   void close_by_reset();
   void set_receive_buffer(int bytes);

private:
   bool more(); ///< waits for and takes some bytes

   core::unique_fd fd_;
   std::string in_;
   bool was_reset_ = false;
};

} // namespace fmcp::test
