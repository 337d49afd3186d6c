#include "net/listen.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <fmt/format.h>

namespace fmcp::net {
namespace {

struct endpoint {
   sockaddr_storage where{};
   socklen_t size = 0;
   bool is_alone = true; ///< an IPv6 wildcard without IPv4 addresses beside it
};

std::string numeric(const endpoint& e) {
   char text[NI_MAXHOST] = "?";
   ::getnameinfo(reinterpret_cast<const sockaddr*>(&e.where), e.size, text, sizeof text, nullptr, 0,
                 NI_NUMERICHOST);
   return text;
}

void set_port(endpoint& e, std::uint16_t port) {
   if (e.where.ss_family == AF_INET6) {
      reinterpret_cast<sockaddr_in6&>(e.where).sin6_port = htons(port);
   } else {
      reinterpret_cast<sockaddr_in&>(e.where).sin_port = htons(port);
   }
}

std::uint16_t port_of(int fd) {
   sockaddr_storage where{};
   socklen_t size = sizeof where;
   if (::getsockname(fd, reinterpret_cast<sockaddr*>(&where), &size) != 0) return 0;
   return ntohs(where.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(where).sin6_port
                                            : reinterpret_cast<sockaddr_in&>(where).sin_port);
}

core::result<std::vector<endpoint>> resolve(const std::string& address) {
   addrinfo hints{};
   hints.ai_family = AF_UNSPEC;
   hints.ai_socktype = SOCK_STREAM;
   hints.ai_flags = AI_PASSIVE;
   addrinfo* list = nullptr;
   const int rc = ::getaddrinfo(address.c_str(), nullptr, &hints, &list);
   const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, ::freeaddrinfo);
   if (rc != 0) {
      return core::fail(core::errc::io,
                        fmt::format("the address {} to listen on cannot be resolved: {}", address,
                                    rc == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(rc)));
   }
   std::vector<endpoint> out;
   for (const addrinfo* a = list; a != nullptr; a = a->ai_next) {
      if (a->ai_family != AF_INET && a->ai_family != AF_INET6) continue;
      endpoint e;
      std::memcpy(&e.where, a->ai_addr, a->ai_addrlen);
      e.size = a->ai_addrlen;
      const bool is_known = std::ranges::any_of(out, [&](const endpoint& other) {
         return other.size == e.size && std::memcmp(&other.where, &e.where, e.size) == 0;
      });
      if (!is_known) out.push_back(e);
   }
   const bool has_v4 =
         std::ranges::any_of(out, [](const auto& e) { return e.where.ss_family == AF_INET; });
   for (auto& e : out) e.is_alone = !has_v4;
   if (out.empty()) {
      return core::fail(core::errc::io,
                        fmt::format("the name {} to listen on has no IP address", address));
   }
   return out;
}

/// A socket bound there; errno tells why not.
core::unique_fd bound_socket(const endpoint& e, bool is_shared) {
   core::unique_fd fd(
         ::socket(e.where.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
   if (!fd) return fd;
   const auto set = [&](int level, int option, int value) {
      return ::setsockopt(fd.get(), level, option, &value, sizeof value) == 0;
   };
   // Else connections of an earlier run, which linger in TIME_WAIT, would hold the port for a
   // minute.
   bool ok = set(SOL_SOCKET, SO_REUSEADDR, 1);
   if (is_shared) ok = ok && set(SOL_SOCKET, SO_REUSEPORT, 1);
   if (e.where.ss_family == AF_INET6) ok = ok && set(IPPROTO_IPV6, IPV6_V6ONLY, e.is_alone ? 0 : 1);
   // Accepted sockets inherit these: no system call per connection. Keepalive finds peers that
   // vanished without a word while a stream to them was silent, after about two minutes.
   set(IPPROTO_TCP, TCP_NODELAY, 1);
   set(SOL_SOCKET, SO_KEEPALIVE, 1);
   set(IPPROTO_TCP, TCP_KEEPIDLE, 60);
   set(IPPROTO_TCP, TCP_KEEPINTVL, 15);
   set(IPPROTO_TCP, TCP_KEEPCNT, 4);
   if (!ok || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&e.where), e.size) != 0) {
      const int why = errno;
      fd.reset();
      errno = why;
   }
   return fd;
}

struct failure {
   std::string address;
   int why = 0;
};

/// Binds everything to one port, chosen by the first bind when it is 0.
std::optional<failure> bind_all(std::vector<endpoint>& where, std::uint16_t port, unsigned threads,
                                bound_sockets& out) {
   out = {};
   out.per_thread.resize(threads);
   const auto failed = [&](const endpoint& e) {
      const int why = errno;
      return failure{numeric(e), why};
   };
   for (auto& e : where) {
      set_port(e, port);
      {
         // SO_REUSEPORT would let a second process of the same user take a share of the
         // connections unnoticed; without it the kernel refuses when anybody listens there.
         const auto probe = bound_socket(e, false);
         if (!probe || ::listen(probe.get(), 1) != 0) return failed(e);
         if (port == 0) {
            port = port_of(probe.get());
            set_port(e, port);
         }
      }
      for (auto& set : out.per_thread) {
         set.push_back(bound_socket(e, threads > 1));
         if (!set.back() || ::listen(set.back().get(), SOMAXCONN) != 0) return failed(e);
      }
      out.addresses.push_back(numeric(e));
   }
   out.port = port;
   return std::nullopt;
}

} // namespace

core::result<bound_sockets> bind_sockets(const std::string& address, std::uint16_t port,
                                         unsigned threads) {
   auto where = resolve(address);
   if (!where) return std::unexpected(std::move(where.error()));
   bound_sockets out;
   auto problem = bind_all(*where, port, threads, out);
   // The port that was free on one address may be taken on the next.
   for (int again = 0; port == 0 && problem && problem->why == EADDRINUSE && again < 16; ++again) {
      problem = bind_all(*where, port, threads, out);
   }
   if (!problem) return out;
   const char* advice = "";
   if (problem->why == EADDRINUSE)
      advice = "; stop the program that listens there, or choose another port";
   if (problem->why == EACCES) advice = "; ports below 1024 need a privilege, choose a higher one";
   if (problem->why == EADDRNOTAVAIL) advice = "; no interface of this machine has that address";
   const bool is_v6 = problem->address.find(':') != std::string::npos;
   return core::fail(core::errc::io,
                     fmt::format("cannot listen on {}{}{} port {}: {}{}", is_v6 ? "[" : "",
                                 problem->address, is_v6 ? "]" : "", port,
                                 std::strerror(problem->why), advice));
}

} // namespace fmcp::net
