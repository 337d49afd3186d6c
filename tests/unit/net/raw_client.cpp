#include "unit/net/raw_client.hpp"

#include <cerrno>
#include <cstdlib>

#include <netinet/in.h>
#include <netinet/tcp.h>

namespace fmcp::test {

std::string answer::field(std::string_view name) const {
   const std::string start = "\r\n" + std::string(name) + ": ";
   const auto at = head.find(start);
   if (at == std::string::npos) return "(none)";
   const auto from = at + start.size();
   return head.substr(from, head.find("\r\n", from) - from);
}

raw_client::raw_client(std::uint16_t port, int family)
    : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
   sockaddr_in v4{};
   v4.sin_family = AF_INET;
   v4.sin_port = htons(port);
   v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
   sockaddr_in6 v6{};
   v6.sin6_family = AF_INET6;
   v6.sin6_port = htons(port);
   v6.sin6_addr = in6addr_loopback;
   const int rc = family == AF_INET
                        ? ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&v4), sizeof v4)
                        : ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&v6), sizeof v6);
   if (rc != 0) {
      fd_.reset();
      return;
   }
   const int on = 1;
   ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

bool raw_client::send(std::string_view bytes) {
   while (!bytes.empty()) {
      pollfd p{.fd = fd_.get(), .events = POLLOUT, .revents = 0};
      if (::poll(&p, 1, patience_ms) != 1) return false;
      const auto n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno == EAGAIN) continue;
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
   }
   return true;
}

bool raw_client::more() {
   pollfd p{.fd = fd_.get(), .events = POLLIN, .revents = 0};
   if (::poll(&p, 1, patience_ms) != 1) return false;
   char bytes[16 * 1024];
   const auto n = ::recv(fd_.get(), bytes, sizeof bytes, 0);
   if (n < 0 && errno == ECONNRESET) was_reset_ = true;
   if (n <= 0) return false;
   in_.append(bytes, static_cast<std::size_t>(n));
   return true;
}

std::string raw_client::read_until(std::string_view end) {
   std::size_t at;
   while ((at = in_.find(end)) == std::string::npos) {
      if (!more()) return std::exchange(in_, {});
   }
   std::string out = in_.substr(0, at + end.size());
   in_.erase(0, at + end.size());
   return out;
}

std::string raw_client::read_to_end() {
   while (more()) {
   }
   return std::exchange(in_, {});
}

answer raw_client::read(bool is_to_head) {
   answer a;
   a.head = read_until("\r\n\r\n");
   if (!a.head.starts_with("HTTP/1.1 ") || !a.head.ends_with("\r\n\r\n")) return a;
   a.status = std::atoi(a.head.c_str() + 9);
   if (is_to_head || a.status < 200 || a.status == 204 || a.status == 304) {
      a.is_complete = true;
   } else if (a.field("Transfer-Encoding") == "chunked") {
      for (;;) {
         const std::string line = read_until("\r\n");
         const auto size = std::strtoul(line.c_str(), nullptr, 16);
         if (!line.ends_with("\r\n")) return a;
         while (in_.size() < size + 2 && more()) {
         }
         if (in_.size() < size + 2) return a;
         a.body += in_.substr(0, size);
         in_.erase(0, size + 2);
         if (size == 0) break;
      }
      a.is_complete = true;
   } else if (const auto length = a.field("Content-Length"); length != "(none)") {
      const auto size = std::strtoul(length.c_str(), nullptr, 10);
      while (in_.size() < size && more()) {
      }
      a.body = in_.substr(0, size);
      a.is_complete = a.body.size() == size;
      in_.erase(0, a.body.size());
   } else {
      a.body = read_to_end();
      a.is_complete = !was_reset_;
   }
   return a;
}

bool raw_client::is_quiet() const {
   pollfd p{.fd = fd_.get(), .events = POLLIN, .revents = 0};
   return in_.empty() && ::poll(&p, 1, 0) == 0;
}

void raw_client::close_by_reset() {
   const linger now{.l_onoff = 1, .l_linger = 0};
   ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
   fd_.reset();
}

void raw_client::set_receive_buffer(int bytes) {
   ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

} // namespace fmcp::test
