#include "support/raw_http.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace fmcp::test {
namespace {

using clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& what) {
   throw std::runtime_error(what);
}

bool same_name(std::string_view a, std::string_view b) {
   const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; };
   return std::ranges::equal(a, b, {}, lower, lower);
}

int connect_to(std::uint16_t port) {
   const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
   if (fd < 0) fail("no socket");
   sockaddr_in address{};
   address.sin_family = AF_INET;
   address.sin_port = htons(port);
   address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
   if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      ::close(fd);
      return -1;
   }
   return fd;
}

std::size_t number(std::string_view text, int base, const char* what) {
   std::size_t out = 0;
   const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
   if (error != std::errc{} || end != text.data() + text.size() || text.empty())
      fail(std::string(what) + " is no number: " + std::string(text));
   return out;
}

} // namespace

std::string http_answer::header(std::string_view name) const {
   const std::string* found = nullptr;
   for (const auto& [key, value] : fields) {
      if (!same_name(key, name)) continue;
      if (found != nullptr) fail("the answer has several fields " + std::string(name));
      found = &value;
   }
   return found == nullptr ? std::string() : *found;
}

bool http_answer::has(std::string_view name) const {
   return std::ranges::any_of(fields, [&](const auto& f) { return same_name(f.first, name); });
}

std::string http_answer::media_type() const {
   auto type = header("Content-Type");
   type.resize(std::min(type.find(';'), type.size()));
   return type;
}

struct connection::impl {
   int fd = -1;
   std::uint16_t port = 0;
   std::string in;   ///< read and not used
   std::string text; ///< decoded body of a stream, not yet an event
   bool chunked = false, ended = false;
   std::optional<std::size_t> length; ///< of the body, when it is told
   bool until_close = false;

   ~impl() {
      if (fd >= 0) ::close(fd);
   }

   /// False when the time is up or the peer has closed.
   bool fill(clock::time_point until) {
      std::array<char, 65536> piece{};
      for (;;) {
         const auto left = std::chrono::duration_cast<milliseconds>(until - clock::now()).count();
         if (left < 0) return false;
         pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
         const int ready = ::poll(&wait, 1, static_cast<int>(left));
         if (ready < 0 && errno == EINTR) continue;
         if (ready <= 0) return false;
         const auto n = ::recv(fd, piece.data(), piece.size(), 0);
         if (n < 0 && errno == EINTR) continue;
         if (n <= 0) {
            closed = true;
            return false;
         }
         in.append(piece.data(), static_cast<std::size_t>(n));
         return true;
      }
   }

   std::string take(std::size_t n) {
      std::string out = in.substr(0, n);
      in.erase(0, n);
      return out;
   }

   std::string need_line(clock::time_point until) {
      std::size_t end = 0;
      while ((end = in.find("\r\n")) == std::string::npos) {
         if (!fill(until)) fail("the answer stops in a line: \"" + in + "\"");
      }
      auto line = take(end);
      in.erase(0, 2);
      return line;
   }

   std::string need(std::size_t n, clock::time_point until) {
      while (in.size() < n) {
         if (!fill(until)) fail("the answer stops within its body");
      }
      return take(n);
   }

   /// Moves one chunk to `text` when a whole one is there; false when it is not.
   bool try_chunk() {
      const auto end = in.find("\r\n");
      if (end == std::string::npos) return false;
      const auto size = number(std::string_view(in).substr(0, end), 16, "the chunk's size");
      if (in.size() < end + 2 + size + 2) return false;
      if (in.compare(end + 2 + size, 2, "\r\n") != 0) fail("a chunk does not end in CRLF");
      text.append(in, end + 2, size);
      in.erase(0, end + 2 + size + 2);
      ended = size == 0;
      return true;
   }

   bool closed = false;
};

connection::connection(std::uint16_t port) : impl_(std::make_unique<impl>()) {
   impl_->fd = connect_to(port);
   impl_->port = port;
   if (impl_->fd < 0) fail("nobody listens on port " + std::to_string(port));
}
connection::~connection() = default;
connection::connection(connection&&) noexcept = default;
connection& connection::operator=(connection&&) noexcept = default;

void connection::send(std::string_view bytes) {
   while (!bytes.empty()) {
      const auto n = ::send(impl_->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      // A server that has refused and closed may still have sent its answer: reading tells.
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
   }
}

void connection::send(const http_request& request) {
   std::string out = request.method + " " + request.target + " HTTP/1.1\r\n";
   const bool has_host = std::ranges::any_of(
         request.fields, [](const auto& f) { return same_name(f.first, "Host"); });
   if (!has_host) out += "Host: 127.0.0.1:" + std::to_string(impl_->port) + "\r\n";
   for (const auto& [name, value] : request.fields) out += name + ": " + value + "\r\n";
   if (request.body) out += "Content-Length: " + std::to_string(request.body->size()) + "\r\n";
   out += "\r\n";
   if (request.body) out += *request.body;
   send(out);
}

http_answer connection::read_head() {
   auto& c = *impl_;
   const auto until = clock::now() + patience;
   http_answer out;
   do { // 100 (Continue) comes before the answer
      out.fields.clear();
      const auto start = c.need_line(until);
      if (!start.starts_with("HTTP/1.1 ") || start.size() < 13 || start[12] != ' ')
         fail("no status line: " + start);
      out.status = static_cast<int>(number(start.substr(9, 3), 10, "the status"));
      for (auto line = c.need_line(until); !line.empty(); line = c.need_line(until)) {
         const auto colon = line.find(':');
         if (colon == std::string::npos || colon == 0) fail("no field line: " + line);
         auto value = line.substr(colon + 1);
         value.erase(0, std::min(value.find_first_not_of(" \t"), value.size()));
         out.fields.emplace_back(line.substr(0, colon), value);
      }
   } while (out.status == 100);
   c.chunked = out.has("Transfer-Encoding");
   if (c.chunked && out.header("Transfer-Encoding") != "chunked") fail("unknown transfer coding");
   if (c.chunked && out.has("Content-Length")) fail("both kinds of framing"); // RFC 9112, 6.1
   c.length.reset();
   if (out.has("Content-Length"))
      c.length = number(out.header("Content-Length"), 10, "Content-Length");
   c.ended = false;
   c.text.clear();
   return out;
}

std::string connection::read_body() {
   auto& c = *impl_;
   const auto until = clock::now() + patience;
   if (c.length) return c.need(*c.length, until);
   if (!c.chunked) { // until close, RFC 9112, 6.3
      while (c.fill(until)) continue;
      return std::exchange(c.in, {});
   }
   while (!c.ended) {
      if (!c.try_chunk() && !c.fill(until)) fail("the chunked body is not finished");
   }
   return std::exchange(c.text, {});
}

http_answer connection::read_answer(bool to_head) {
   auto out = read_head();
   const bool has_body = !to_head && out.status != 204 && out.status != 304;
   if (has_body) out.body = read_body();
   return out;
}

http_answer connection::ask(const http_request& request) {
   send(request);
   return read_answer(request.method == "HEAD");
}

namespace {

/// Takes the first event out of `text`. False when none is complete.
bool take_event(std::string& text, sse_event& out) {
   const auto end = text.find("\n\n");
   if (end == std::string::npos) return false;
   const std::string block = text.substr(0, end + 1);
   text.erase(0, end + 2);
   for (std::size_t at = 0; at < block.size();) {
      const auto stop = block.find('\n', at);
      std::string_view line(block.data() + at, stop - at);
      at = stop + 1;
      if (line.starts_with(':')) continue;
      const auto colon = std::min(line.find(':'), line.size());
      const auto name = line.substr(0, colon);
      auto value = line.substr(std::min(colon + 1, line.size()));
      if (value.starts_with(' ')) value.remove_prefix(1);
      if (name == "id") out.id = std::string(value);
      if (name == "event") out.name = value;
      if (name == "retry") out.retry = std::string(value);
      if (name == "data") {
         if (out.has_data) out.data += '\n';
         out.data += value;
         out.has_data = true;
      }
   }
   return true;
}

} // namespace

std::vector<sse_event> events_of(std::string body) {
   std::vector<sse_event> out;
   for (sse_event event; take_event(body, event); event = {}) {
      if (event.has_data || event.id || event.retry) out.push_back(event);
   }
   return out;
}

std::optional<sse_event> connection::read_event(milliseconds limit) {
   auto& c = *impl_;
   const auto until = clock::now() + limit;
   for (;;) {
      sse_event event;
      while (take_event(c.text, event)) {
         if (event.has_data || event.id || event.retry) return event;
         event = {};
      }
      if (c.ended) return std::nullopt;
      if (c.chunked && c.try_chunk()) continue;
      if (!c.chunked && !c.in.empty()) {
         c.text += std::exchange(c.in, {});
         continue;
      }
      if (!c.fill(until)) return std::nullopt;
   }
}

bool connection::at_end() const noexcept {
   return impl_->ended;
}

bool connection::is_closed_by_peer(milliseconds limit) {
   const auto until = clock::now() + limit;
   while (impl_->in.empty() && !impl_->closed && clock::now() < until) impl_->fill(until);
   return impl_->in.empty() && impl_->closed;
}

void connection::close() {
   if (impl_->fd >= 0) ::close(impl_->fd);
   impl_->fd = -1;
}

void connection::finish_sending() {
   ::shutdown(impl_->fd, SHUT_WR);
}

http_answer ask(std::uint16_t port, const http_request& request) {
   return connection(port).ask(request);
}

bool is_listening(std::uint16_t port) {
   const int fd = connect_to(port);
   if (fd >= 0) ::close(fd);
   return fd >= 0;
}

} // namespace fmcp::test
