#include "support/scripted_server.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

namespace fmcp::test {
namespace {

constexpr std::size_t endless_size = 50u << 20;

int bound_socket(std::uint16_t port) {
   const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
   const int on = 1;
   // Allows several sockets on the port while at most one of them listens.
   ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
   sockaddr_in at{};
   at.sin_family = AF_INET;
   at.sin_port = htons(port);
   at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
   if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
      throw std::runtime_error("no socket on port " + std::to_string(port));
   return fd;
}

std::uint16_t port_of(int fd) {
   sockaddr_in at{};
   socklen_t size = sizeof at;
   if (::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0)
      throw std::runtime_error("getsockname failed");
   return ntohs(at.sin_port);
}

bool send_all(int fd, std::string_view bytes) {
   while (!bytes.empty()) {
      const auto n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
   }
   return true;
}

void reset(int fd) {
   const linger now{.l_onoff = 1, .l_linger = 0};
   ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
   ::close(fd);
}

std::string without_query(std::string_view target) {
   return std::string(target.substr(0, target.find('?')));
}

/// One request of the connection; `kept` is what came beyond it.
std::optional<scripted_server::request> read_request(int fd, std::string& kept) {
   std::array<char, 16384> piece{};
   const auto fill = [&] {
      const auto n = ::recv(fd, piece.data(), piece.size(), 0);
      if (n > 0) kept.append(piece.data(), static_cast<std::size_t>(n));
      return n > 0;
   };
   std::size_t end = 0;
   while ((end = kept.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return std::nullopt;
   }
   std::string_view head = std::string_view(kept).substr(0, end + 2);
   const auto next_line = [&head] {
      const auto stop = head.find("\r\n");
      const auto line = head.substr(0, stop);
      head.remove_prefix(stop + 2);
      return line;
   };
   scripted_server::request out;
   const auto first = next_line();
   const auto space = first.find(' ');
   out.method = first.substr(0, space);
   out.target = first.substr(space + 1, first.rfind(' ') - space - 1);
   while (!head.empty()) {
      const auto line = next_line();
      const auto colon = line.find(':');
      const auto begin = std::min(line.find_first_not_of(' ', colon + 1), line.size());
      out.fields.emplace_back(line.substr(0, colon), line.substr(begin));
   }
   const auto length = out.header("Content-Length");
   const auto size = length.empty() ? std::size_t{0} : std::stoul(length);
   while (kept.size() < end + 4 + size) {
      if (!fill()) return std::nullopt;
   }
   out.body = kept.substr(end + 4, size);
   kept.erase(0, end + 4 + size);
   return out;
}

std::string text_of(const scripted_server::reply& r) {
   std::string out = "HTTP/1.1 " + std::to_string(r.status) + " Scripted\r\n";
   for (const auto& [name, value] : r.fields) out.append(name).append(": ").append(value) += "\r\n";
   return out + "Content-Length: " + std::to_string(r.body.size()) + "\r\n\r\n" + r.body;
}

} // namespace

std::string scripted_server::request::header(std::string_view name) const {
   for (const auto& [n, v] : fields) {
      if (n.size() == name.size() && ::strncasecmp(n.data(), name.data(), n.size()) == 0) return v;
   }
   return {};
}

scripted_server::scripted_server() {
   holder_ = bound_socket(0);
   port_ = port_of(holder_);
   origin_ = "http://127.0.0.1:" + std::to_string(port_);
   open_listener();
}

scripted_server::~scripted_server() {
   {
      const std::lock_guard lock(guard_);
      ends_ = true;
      changed_.notify_all();
   }
   close_listener();
   {
      const std::lock_guard lock(guard_);
      for (const auto& c : clients_) ::shutdown(c.fd, SHUT_RDWR);
   }
   for (auto& c : clients_) {
      c.thread.join();
      ::close(c.fd);
   }
   ::close(holder_);
}

void scripted_server::open_listener() {
   listener_ = bound_socket(port_);
   if (::listen(listener_, 128) != 0) throw std::runtime_error("listen failed");
   acceptor_ = std::thread([this, fd = listener_] { accept_all(fd); });
}

void scripted_server::close_listener() {
   if (!acceptor_.joinable()) return;
   ::shutdown(listener_, SHUT_RDWR); // wakes the acceptor
   acceptor_.join();
   ::close(listener_);
   listener_ = -1;
}

void scripted_server::serve(std::string path, handler answer) {
   const std::lock_guard lock(guard_);
   handlers_.insert_or_assign(std::move(path), std::move(answer));
}

void scripted_server::serve(std::string path, std::string json) {
   serve(std::move(path), [json = std::move(json)](const request&) { return reply{.body = json}; });
}

void scripted_server::redirect_to(std::string url) {
   const std::lock_guard lock(guard_);
   redirect_to_ = std::move(url);
}

void scripted_server::behave(mode m) {
   mode before{};
   {
      const std::lock_guard lock(guard_);
      before = std::exchange(mode_, m);
      // Kept connections would go on serving a client that finds nobody to connect to.
      if (m == mode::refuse || m == mode::reset) {
         for (const auto& c : clients_) ::shutdown(c.fd, SHUT_RDWR);
      }
      changed_.notify_all();
   }
   if (m == mode::refuse) return close_listener();
   if (before == mode::refuse) open_listener();
}

std::size_t scripted_server::asked(std::string_view path) const {
   const std::lock_guard lock(guard_);
   return static_cast<std::size_t>(std::ranges::count_if(
         requests_, [&](const request& r) { return without_query(r.target) == path; }));
}

std::vector<scripted_server::request> scripted_server::requests() const {
   const std::lock_guard lock(guard_);
   return requests_;
}

bool scripted_server::wait_until_asked(std::string_view path, std::size_t times) const {
   std::unique_lock lock(guard_);
   return changed_.wait_for(lock, patience, [&] {
      return static_cast<std::size_t>(std::ranges::count_if(requests_, [&](const request& r) {
                return without_query(r.target) == path;
             })) >= times;
   });
}

std::size_t scripted_server::holding() const {
   const std::lock_guard lock(guard_);
   return holding_;
}

std::size_t scripted_server::most_taken() const {
   const std::lock_guard lock(guard_);
   return most_taken_;
}

void scripted_server::accept_all(int listener) {
   for (;;) {
      const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) {
         if (errno == EINTR || errno == ECONNABORTED) continue;
         return;
      }
      const std::lock_guard lock(guard_);
      if (ends_ || mode_ == mode::reset) {
         reset(fd);
         continue;
      }
      clients_.push_back({.fd = fd, .thread = std::thread([this, fd] { talk(fd); })});
   }
}

void scripted_server::talk(int fd) {
   std::string kept;
   while (auto rq = read_request(fd, kept)) {
      {
         const std::lock_guard lock(guard_);
         requests_.push_back(*rq);
         changed_.notify_all();
      }
      if (!answer(fd, *rq)) break;
   }
   ::shutdown(fd, SHUT_RDWR); // closed by the destructor, so that its number stays this one's
}

bool scripted_server::rest(mode while_it_is, std::chrono::milliseconds limit) {
   std::unique_lock lock(guard_);
   return !changed_.wait_for(lock, limit, [&] { return ends_ || mode_ != while_it_is; });
}

void scripted_server::hold(int fd) {
   const auto count = [this](bool one_more) {
      const std::lock_guard lock(guard_);
      holding_ = one_more ? holding_ + 1 : holding_ - 1;
   };
   count(true);
   pollfd peer{.fd = fd, .events = POLLRDHUP, .revents = 0};
   while (::poll(&peer, 1, 0) == 0 && rest(mode::silent, std::chrono::milliseconds(10))) continue;
   count(false);
}

bool scripted_server::send_endless(int fd) {
   std::string head = "HTTP/1.1 200 Scripted\r\nContent-Type: application/json\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n";
   if (!send_all(fd, head)) return false;
   const std::string chunk = "10000\r\n" + std::string(65536, ' ') + "\r\n";
   std::size_t taken = 0;
   while (taken < endless_size && send_all(fd, chunk)) {
      taken += 65536;
      const std::lock_guard lock(guard_);
      most_taken_ = std::max(most_taken_, taken);
   }
   return false;
}

/// False ends the connection.
bool scripted_server::answer(int fd, const request& rq) {
   mode now{};
   handler own;
   std::string elsewhere;
   {
      const std::lock_guard lock(guard_);
      now = mode_;
      elsewhere = redirect_to_;
      if (const auto it = handlers_.find(without_query(rq.target)); it != handlers_.end())
         own = it->second;
   }
   switch (now) {
   case mode::refuse:
   case mode::reset: return false;
   case mode::silent: hold(fd); return false;
   case mode::endless: return send_endless(fd);
   case mode::garbage:
      return send_all(fd, text_of({.body = "{\"keys\":[\xff\xfe{\"kty\":\"RSA\",,]]}\x01"}));
   case mode::redirect:
      return send_all(fd, text_of({.status = 302, .fields = {{"Location", elsewhere}}}));
   case mode::failing: return send_all(fd, text_of({.status = 500, .body = "{}"}));
   case mode::slow: static_cast<void>(rest(mode::slow, std::chrono::milliseconds(500))); break;
   case mode::ok: break;
   }
   return send_all(fd, text_of(own ? own(rq) : reply{.status = 404, .body = "{}"}));
}

} // namespace fmcp::test
