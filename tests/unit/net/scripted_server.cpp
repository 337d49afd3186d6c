#include "unit/net/scripted_server.hpp"

#include <algorithm>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace fmcp::test {

std::string peer::read_head() {
   char bytes[4096];
   for (;;) {
      if (const auto end = in_.find("\r\n\r\n"); end != in_.npos) {
         std::string head = in_.substr(0, end + 4);
         in_.erase(0, end + 4);
         return head;
      }
      const auto n = ::recv(fd_, bytes, sizeof bytes, 0);
      if (n <= 0) return {};
      in_.append(bytes, static_cast<std::size_t>(n));
   }
}

bool peer::send(std::string_view bytes) const {
   while (!bytes.empty()) {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
   }
   return true;
}

bool peer::wait_for_end(int milliseconds) const {
   pollfd p{fd_, POLLRDHUP, 0};
   return ::poll(&p, 1, milliseconds) != 0;
}

void peer::reset() const {
   const linger now{1, 0};
   ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

scripted_server::scripted_server(script s)
    : script_(std::move(s)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
   sockaddr_in at{};
   at.sin_family = AF_INET;
   at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
   socklen_t size = sizeof at;
   auto* const address = reinterpret_cast<sockaddr*>(&at);
   EXPECT_EQ(::bind(listener_.get(), address, size), 0);
   EXPECT_EQ(::listen(listener_.get(), 64), 0);
   EXPECT_EQ(::getsockname(listener_.get(), address, &size), 0);
   port_ = ntohs(at.sin_port);
   acceptor_ = std::thread([this] { accept_all(); });
}

void scripted_server::accept_all() {
   for (;;) {
      const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      ++count_;
      {
         const std::lock_guard lock(mutex_);
         open_.push_back(fd);
      }
      scripts_.emplace_back([this, fd] {
         peer p(fd);
         script_(p);
         const std::lock_guard lock(mutex_);
         std::erase(open_, fd);
         ::close(fd);
      });
   }
}

scripted_server::~scripted_server() {
   ::shutdown(listener_.get(), SHUT_RDWR);
   acceptor_.join();
   {
      const std::lock_guard lock(mutex_);
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
   }
   for (auto& t : scripts_) t.join();
}

} // namespace fmcp::test
