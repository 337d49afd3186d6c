#include "support/scripted_issuer.hpp"

#include <stdexcept>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace fmcp::test {
namespace {

/// Head and body; empty when the peer goes first.
std::string read_request(int fd) {
   std::string in;
   char block[4096];
   for (;;) {
      const auto head = in.find("\r\n\r\n");
      if (head != std::string::npos) {
         const auto at = in.find("Content-Length: ");
         const auto size = at < head ? std::stoul(in.substr(at + 16)) : 0;
         if (in.size() >= head + 4 + size) return in;
      }
      const auto n = ::recv(fd, block, sizeof block, 0);
      if (n <= 0) return {};
      in.append(block, static_cast<std::size_t>(n));
   }
}

void send_all(int fd, std::string_view bytes) {
   while (!bytes.empty()) {
      const auto n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
   }
}

std::string message(std::string_view status, std::string_view body, std::string_view more = {}) {
   return "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: application/json\r\n" +
          std::string(more) +
          "Connection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
          std::string(body);
}

} // namespace

scripted_issuer::scripted_issuer() {
   listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
   sockaddr_in at{};
   at.sin_family = AF_INET;
   at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
   socklen_t size = sizeof at;
   if (::bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
       ::listen(listener_, 256) != 0 ||
       ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) != 0)
      throw std::runtime_error("the scripted issuer has no port");
   port_ = ntohs(at.sin_port);
   acceptor_ = std::thread([this] { run(); });
}

scripted_issuer::~scripted_issuer() {
   is_over_ = true;
   ::shutdown(listener_, SHUT_RDWR);
   acceptor_.join();
   {
      const std::lock_guard lock(mutex_);
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
   }
   for (auto& w : workers_) w.join(); // the acceptor is gone: nobody adds to them
   for (const int fd : open_) ::close(fd);
   ::close(listener_);
}

std::string scripted_issuer::url() const {
   return "http://127.0.0.1:" + std::to_string(port_);
}

void scripted_issuer::publish(std::string keys) {
   const std::lock_guard lock(mutex_);
   keys_ = std::move(keys);
}

void scripted_issuer::introspect(std::function<std::string(const std::string& form)> answer) {
   const std::lock_guard lock(mutex_);
   answer_ = std::move(answer);
}

void scripted_issuer::run() {
   for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const std::lock_guard lock(mutex_);
      open_.push_back(fd);
      workers_.emplace_back([this, fd] { serve(fd); });
   }
}

void scripted_issuer::serve(int fd) {
   const auto request = read_request(fd);
   if (request.empty()) return;
   ++fetches_;
   std::string keys;
   std::function<std::string(const std::string&)> answer;
   {
      const std::lock_guard lock(mutex_);
      keys = keys_;
      answer = answer_;
   }
   switch (mode_) {
   case mode::good:
      send_all(fd, request.starts_with("POST ") && answer
                         ? message("200 OK", answer(request.substr(request.find("\r\n\r\n") + 4)))
                         : message("200 OK", keys));
      break;
   case mode::refusing: break;
   case mode::hanging: return; // until the destructor, or the host has enough
   case mode::failing: send_all(fd, message("500 Internal Server Error", "{}")); break;
   case mode::garbage: send_all(fd, message("200 OK", "<html>no keys here</html>")); break;
   case mode::huge: send_all(fd, message("200 OK", std::string(50'000'000, ' '))); break;
   case mode::redirecting:
      send_all(fd, message("302 Found", "{}", "Location: http://169.254.169.254/keys\r\n"));
      break;
   }
   ::shutdown(fd, SHUT_RDWR);
}

} // namespace fmcp::test
