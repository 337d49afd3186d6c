#include "net/loop.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/eventfd.h>

#include <boost/asio/post.hpp>

#include "core/log.hpp"
#include "net/connection.hpp"

namespace fmcp::net {
namespace {

using namespace std::chrono_literals;

/// How long what a peer still sends is read after the last answer (RFC 9112 9.6).
constexpr auto linger_time = 2s;
/// Connections that are only told that there are too many; beyond them accept means close.
constexpr std::size_t max_refused = 64;
constexpr int accepts_per_turn = 64;

std::chrono::milliseconds tick_length_for(const limits& l) {
   const auto shortest =
         std::min({l.header_timeout, l.body_timeout, l.idle_timeout, l.write_timeout});
   return std::clamp<std::chrono::milliseconds>(shortest / 8, 5ms, 250ms);
}

/// Never early: the tick that runs now is not counted.
std::uint64_t in_ticks(std::chrono::milliseconds time, std::chrono::milliseconds tick) {
   return static_cast<std::uint64_t>(std::max<std::chrono::milliseconds>(time, 0ms) / tick) + 2;
}

core::unique_fd new_event() {
   return core::unique_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

std::string text_of(const sockaddr_storage& from) {
   char text[INET6_ADDRSTRLEN] = "";
   if (from.ss_family == AF_INET) {
      ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(from).sin_addr, text, sizeof text);
   } else if (from.ss_family == AF_INET6) {
      const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from).sin6_addr;
      if (IN6_IS_ADDR_V4MAPPED(&v6)) {
         ::inet_ntop(AF_INET, &v6.s6_addr[12], text, sizeof text);
      } else {
         ::inet_ntop(AF_INET6, &v6, text, sizeof text);
      }
   }
   return text;
}

} // namespace

loop::loop(unsigned number, server_state& shared, std::vector<core::unique_fd> listening)
    : reader(shared.bounds.max_header_bytes, shared.bounds.max_fields), number_(number),
      shared_(shared), context_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE),
      tasks_(std::make_shared<task_queue>(new_event())), bell_(context_), ticker_(context_),
      started_(std::chrono::steady_clock::now()), tick_length_(tick_length_for(shared.bounds)),
      ticks_{.header = in_ticks(shared.bounds.header_timeout, tick_length_),
             .body = in_ticks(shared.bounds.body_timeout, tick_length_),
             .idle = in_ticks(shared.bounds.idle_timeout, tick_length_),
             .write = in_ticks(shared.bounds.write_timeout, tick_length_),
             .linger = in_ticks(linger_time, tick_length_)} {
   for (auto& fd : listening) {
      auto l = std::make_unique<listener>(descriptor(context_));
      l->socket.assign(fd.release());
      listeners_.push_back(std::move(l));
   }
   // A duplicate, since the queue may outlive us and rings its own descriptor.
   bell_.assign(::fcntl(tasks_->event_fd(), F_DUPFD_CLOEXEC, 0));
}

loop::~loop() = default;

void loop::run() {
   tasks_->attach([this] { boost::asio::post(context_, [this] { tasks_->run_all(); }); });
   wait_for_tasks();
   for (auto& l : listeners_) wait_for_peers(*l);
   for (;;) {
      try {
         context_.run();
         break;
      } catch (const std::exception& e) {
         core::log::error("net", "an event on a server thread failed {}",
                          core::log::kv("reason", e.what()));
      }
   }
   // What the end of the connections has posted; a task that posts itself for ever is not waited
   // for.
   for (int rounds = 0; rounds < 1000 && tasks_->run_all(); ++rounds) {
   }
   handler_.reset();
   tasks_->close();
}

void loop::for_handler(std::function<void(unsigned, core::http::handler&)> work) {
   tasks_->post([this, work = std::move(work)] { work(number_, *handler_); });
}

void loop::drain() {
   tasks_->post([this] { drain_here(); });
}

void loop::cut() {
   tasks_->post([this] { cut_here(); });
}

void loop::wait_for_tasks() {
   bell_.async_wait(descriptor::wait_read, [this](const boost::system::error_code& ec) {
      if (ec) return;
      std::uint64_t count = 0;
      [[maybe_unused]] const auto n = ::read(bell_.native_handle(), &count, sizeof count);
      tasks_->run_all();
      if (bell_.is_open()) wait_for_tasks();
   });
}

void loop::wait_for_peers(listener& l) {
   l.socket.async_wait(descriptor::wait_read, [this, &l](const boost::system::error_code& ec) {
      if (!ec && l.socket.is_open()) accept_some(l);
   });
}

void loop::accept_some(listener& l) {
   for (int i = 0; i < accepts_per_turn; ++i) {
      sockaddr_storage from{};
      socklen_t size = sizeof from;
      core::unique_fd fd(::accept4(l.socket.native_handle(), reinterpret_cast<sockaddr*>(&from),
                                   &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (fd) {
         adopt(std::move(fd), from);
         continue;
      }
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      // accept(2): errors of the connection itself, which is gone; the next one may be well.
      if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO || errno == ENETDOWN ||
          errno == ENOPROTOOPT || errno == EHOSTDOWN || errno == ENONET || errno == EHOSTUNREACH ||
          errno == EOPNOTSUPP || errno == ENETUNREACH || errno == EPERM) {
         continue;
      }
      return pause_accepting(l, errno);
   }
   wait_for_peers(l);
}

/// Out of descriptors or memory: the waiting peer stays in the backlog and the socket stays
/// readable, so that waiting for it again at once would spin.
void loop::pause_accepting(listener& l, int why) {
   l.is_paused = true;
   const auto now = std::chrono::steady_clock::now();
   if (complained_ == decltype(complained_){} || now - complained_ > 10s) {
      complained_ = now;
      core::log::error("net", "cannot accept connections, trying again {} connections={}",
                       core::log::kv("reason", std::strerror(why)), shared_.connections.load());
   }
   keep_ticking();
}

void loop::adopt(core::unique_fd fd, const sockaddr_storage& from) {
   const bool is_too_many = shared_.connections.fetch_add(1, std::memory_order_relaxed) >=
                            shared_.bounds.max_connections;
   if (is_too_many) {
      shared_.connections.fetch_sub(1, std::memory_order_relaxed);
      // To say it inside TLS would cost a handshake, which is what there is too much of.
      if (shared_.tls || refused_ >= max_refused) return;
      ++refused_;
   }
   const auto forget = [&] {
      is_too_many ? --refused_ : shared_.connections.fetch_sub(1, std::memory_order_relaxed);
   };
   using boost::asio::ip::tcp;
   socket s(context_);
   boost::system::error_code ec;
   s.assign(from.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), fd.get(), ec);
   if (ec) return forget(); // the limit on epoll watches, or memory
   fd.release();
   std::unique_ptr<tls_stream> tls;
   if (shared_.tls) {
      tls = shared_.tls->accept(s.native_handle());
      if (!tls) return forget();
   }
   auto* c = new connection(*this, std::move(s), text_of(from), std::move(tls));
   insert(*c);
   keep_ticking();
   is_too_many ? c->start_refused() : c->start();
}

void loop::insert(connection& c) noexcept {
   c.next_ = connections_;
   if (connections_ != nullptr) connections_->previous_ = &c;
   connections_ = &c;
}

void loop::read_later(connection& c) {
   to_read_.push_back(&c);
   if (to_read_.size() > 1) return;
   boost::asio::post(context_, [this] {
      for (std::size_t i = 0; i < to_read_.size(); ++i) to_read_[i]->start_read();
      to_read_.clear();
   });
}

void loop::destroy(connection& c) noexcept {
   if (c.previous_ != nullptr) c.previous_->next_ = c.next_;
   if (c.next_ != nullptr) c.next_->previous_ = c.previous_;
   if (connections_ == &c) connections_ = c.next_;
   if (c.is_refused_) {
      --refused_;
   } else {
      shared_.connections.fetch_sub(1, std::memory_order_relaxed);
   }
   delete &c;
   end_if_drained();
}

void loop::advance_wheel() {
   const auto elapsed = std::chrono::steady_clock::now() - started_;
   wheel_.advance(static_cast<std::uint64_t>(elapsed / tick_length_),
                  [](wheel_entry& e) { connection::of(e).look_at_deadlines(); });
}

/// The ticker runs only while something has a deadline: a server without peers does not wake up.
void loop::keep_ticking() {
   if (is_ticking_) return;
   is_ticking_ = true;
   advance_wheel(); // it stood still
   ticker_.expires_after(tick_length_);
   ticker_.async_wait([this](const boost::system::error_code& ec) {
      is_ticking_ = false;
      if (!ec) tick();
   });
}

void loop::tick() {
   advance_wheel();
   for (auto& l : listeners_) {
      if (l->is_paused && l->socket.is_open()) {
         l->is_paused = false;
         accept_some(*l);
      }
   }
   if (connections_ != nullptr) keep_ticking();
}

void loop::drain_here() {
   if (is_draining_) return;
   is_draining_ = true;
   for (auto& l : listeners_) {
      boost::system::error_code ignored;
      l->socket.close(ignored);
   }
   for (connection* c = connections_; c != nullptr;) {
      connection* next = c->next_;
      c->drain();
      c = next;
   }
   end_if_drained();
}

void loop::cut_here() {
   drain_here();
   for (connection* c = connections_; c != nullptr;) {
      connection* next = c->next_;
      c->cut();
      c = next;
   }
}

/// Without the bell and the ticker nothing is pending, and `io_context::run` returns.
void loop::end_if_drained() {
   if (!is_draining_ || connections_ != nullptr) return;
   boost::system::error_code ignored;
   bell_.close(ignored);
   ticker_.cancel();
}

} // namespace fmcp::net
