#pragma once

/// An HTTP/1.1 client that sends exactly the bytes it is given and reads strictly.
///
/// For tests of a server only: what it reads is bounded by time, not by size, and every deviation
/// from RFC 9112 throws, so that a test fails where the server errs.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/child_process.hpp"

namespace fmcp::test {

using headers = std::vector<std::pair<std::string, std::string>>;

struct http_answer {
   int status = 0;
   headers fields;
   std::string body;

   /// The value of the only field of that name, without case; empty when it is absent. Throws when
   /// there are several.
   [[nodiscard]] std::string header(std::string_view name) const;
   [[nodiscard]] bool has(std::string_view name) const;
   /// The media type without parameters.
   [[nodiscard]] std::string media_type() const;
};

struct http_request {
   std::string method = "GET";
   std::string target = "/";
   headers fields = {}; ///< Host is added unless it is there
   std::optional<std::string> body = {};
};

/// One event of a text/event-stream.
struct sse_event {
   std::optional<std::string> id;
   std::string name; ///< empty means `message`
   std::string data;
   std::optional<std::string> retry;
   bool has_data = false;
};
/// The events of a stream that was read whole.
[[nodiscard]] std::vector<sse_event> events_of(std::string body);

class connection {
public:
   /// Connects to 127.0.0.1. Throws when nobody listens.
   explicit connection(std::uint16_t port);
   ~connection();
   connection(connection&&) noexcept;
   connection& operator=(connection&&) noexcept;

   void send(std::string_view bytes);
   void send(const http_request& request);

   /// A whole answer with its body. `to_head` says that the request was a HEAD.
   [[nodiscard]] http_answer read_answer(bool to_head = false);
   /// Sends and reads.
   [[nodiscard]] http_answer ask(const http_request& request);

   /// Only the head; the body follows by `read_event` or `read_body`.
   [[nodiscard]] http_answer read_head();
   [[nodiscard]] std::string read_body();
   /// The next event of the stream whose head was read; comments are skipped. Nothing at the
   /// stream's orderly end or when the time is up; `at_end()` tells which.
   [[nodiscard]] std::optional<sse_event> read_event(milliseconds limit = patience);
   [[nodiscard]] bool at_end() const noexcept;
   /// True when the peer has closed the connection and sent nothing before; waits for it.
   [[nodiscard]] bool is_closed_by_peer(milliseconds limit = patience);
   void close();
   /// Ends our side of the connection only: reading goes on.
   void finish_sending();

private:
   struct impl;
   std::unique_ptr<impl> impl_;
};

/// One request on a connection of its own.
[[nodiscard]] http_answer ask(std::uint16_t port, const http_request& request);
/// Whether a new connection to the port is accepted.
[[nodiscard]] bool is_listening(std::uint16_t port);

} // namespace fmcp::test
