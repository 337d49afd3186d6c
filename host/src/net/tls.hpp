#pragma once

/// TLS for the server side: a context from two PEM files, and one stream per connection that works
/// on a non-blocking socket. Nothing of the library runs unless a context is opened.
///
/// TLS 1.2 and 1.3, ALPN `http/1.1`, no renegotiation, no compression, session tickets only.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/result.hpp"
#include "net/http_server.hpp"

namespace fmcp::net {

struct io_result {
   enum class status : std::uint8_t { ok, wants_read, wants_write, end, failed };
   status what = status::ok;
   std::size_t bytes = 0;
};

/// Thread safety: none. Lifetimes: uses the socket, does not own it.
class tls_stream {
public:
   virtual ~tls_stream() = default;
   /// The handshake is part of the first calls.
   virtual io_result read_some(char* to, std::size_t size) = 0;
   virtual io_result write_some(const char* from, std::size_t size) = 0;
   /// Decrypted bytes wait that the socket will not announce again.
   [[nodiscard]] virtual bool has_pending() const noexcept = 0;
   [[nodiscard]] virtual bool is_established() const noexcept = 0;
   /// Sends close_notify; does not wait for the peer's.
   virtual void shutdown() noexcept = 0;
};

/// Thread safety: all members may be called from any thread.
class tls_context {
public:
   virtual ~tls_context() = default;
   /// Null when memory is short.
   [[nodiscard]] virtual std::unique_ptr<tls_stream> accept(int fd) const = 0;

   /// Reads both files. An expired or not yet valid certificate is logged, not refused.
   /// Errors: io (unreadable), invalid (no PEM, encrypted, key and certificate do not belong
   /// together, too weak); the message names the file and what is wrong with it.
   static core::result<std::unique_ptr<tls_context>> open(const tls_files& files);
};

} // namespace fmcp::net
