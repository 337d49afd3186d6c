#include "net/listen.hpp"

#include <set>

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>

#include <gtest/gtest.h>

#include "unit/net/test_server.hpp"

namespace fmcp::net {
namespace {

using test::raw_client;
using test::test_server;

const std::string get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

core::result<std::unique_ptr<server>> open_at(std::string address, std::uint16_t port,
                                              unsigned threads = 1) {
   return server::open(
         {.address = std::move(address), .port = port, .threads = threads, .bounds = {}, .tls = {}},
         [](unsigned, core::executor&) { return nullptr; });
}

TEST(Listen, PortZeroIsChosenOnceForAllThreads) {
   const auto s = open_at("127.0.0.1", 0, 4);
   ASSERT_TRUE(s) << s.error().message;
   EXPECT_NE((*s)->port(), 0);
   EXPECT_EQ((*s)->addresses(), std::vector<std::string>{"127.0.0.1"});
   EXPECT_TRUE(raw_client((*s)->port()).is_connected());
}

TEST(Listen, TakenPortIsAnErrorThatNamesIt) {
   for (const unsigned threads : {1u, 3u}) {
      const auto first = open_at("127.0.0.1", 0, threads);
      ASSERT_TRUE(first) << first.error().message;
      // With SO_REUSEPORT alone the second one would silently take half of the connections.
      const auto second = open_at("127.0.0.1", (*first)->port(), threads);
      ASSERT_FALSE(second);
      EXPECT_EQ(second.error().code, core::errc::io);
      EXPECT_EQ(second.error().message,
                "cannot listen on 127.0.0.1 port " + std::to_string((*first)->port()) +
                      ": Address already in use; stop the program that listens there, or choose "
                      "another port");
   }
}

TEST(Listen, PortIsFreeAgainAfterConnections) {
   std::uint16_t port = 0;
   {
      test_server s;
      port = s.port();
      auto c = s.connect();
      EXPECT_EQ(c.ask(get).status, 200);
   }
   const auto again = open_at("127.0.0.1", port);
   EXPECT_TRUE(again) << again.error().message;
}

TEST(Listen, ForeignAddressIsAnError) {
   // TEST-NET-1 (RFC 5737) belongs to no machine.
   const auto s = open_at("192.0.2.1", 0);
   ASSERT_FALSE(s);
   EXPECT_NE(s.error().message.find("192.0.2.1"), std::string::npos) << s.error().message;
   EXPECT_NE(s.error().message.find("no interface"), std::string::npos) << s.error().message;
}

TEST(Listen, NameThatDoesNotResolveIsAnError) {
   // Too long for a label of the DNS: known to be wrong without asking anybody.
   const std::string name(70, 'a');
   const auto s = open_at(name, 0);
   ASSERT_FALSE(s);
   EXPECT_EQ(s.error().code, core::errc::io);
   EXPECT_TRUE(s.error().message.starts_with("the address " + name +
                                             " to listen on cannot be resolved: "))
         << s.error().message;
}

TEST(Listen, NameIsBoundOnAllItsAddresses) {
   test_server s({}, test_server::echo, {},
                 {.address = "localhost", .threads = 2, .bounds = {}, .tls = {}});
   for (const auto& address : s->addresses()) {
      raw_client c(s.port(), address == "::1" ? AF_INET6 : AF_INET);
      ASSERT_TRUE(c.is_connected()) << address;
      EXPECT_EQ(c.ask(get).status, 200) << address;
   }
   EXPECT_FALSE(s->addresses().empty());
}

TEST(Listen, Ipv6) {
   const auto probe = open_at("::1", 0);
   if (!probe) GTEST_SKIP() << "no IPv6 here: " << probe.error().message;
   test_server s({},
                 [](const test::request& rq, test::responder& out) {
                    out.reply(test::text_head(), rq.peer_address);
                 },
                 {}, {.address = "::1", .threads = 1, .bounds = {}, .tls = {}});
   raw_client c(s.port(), AF_INET6);
   EXPECT_EQ(c.ask(get).body, "::1");
   EXPECT_FALSE(raw_client(s.port()).is_connected());
}

TEST(Listen, Ipv6WildcardTakesIpv4) {
   const auto probe = open_at("::", 0);
   if (!probe) GTEST_SKIP() << "no IPv6 here: " << probe.error().message;
   test_server s({},
                 [](const test::request& rq, test::responder& out) {
                    out.reply(test::text_head(), rq.peer_address);
                 },
                 {}, {.address = "::", .threads = 2, .bounds = {}, .tls = {}});
   EXPECT_EQ(raw_client(s.port()).ask(get).body, "127.0.0.1");
   EXPECT_EQ(raw_client(s.port(), AF_INET6).ask(get).body, "::1");
}

/// Open descriptors that a child would inherit.
std::set<int> inheritable() {
   std::set<int> out;
   for (int fd = 0; fd < 1024; ++fd) {
      const int flags = ::fcntl(fd, F_GETFD);
      if (flags >= 0 && (flags & FD_CLOEXEC) == 0) out.insert(fd);
   }
   return out;
}

TEST(Listen, NothingIsInheritedByChildren) {
   const auto before = inheritable();
   test_server s;
   auto c = s.connect();
   EXPECT_EQ(c.ask(get).status, 200);
   EXPECT_EQ(inheritable(), before);
}

TEST(Listen, OutOfDescriptorsIsSurvived) {
#ifdef __SANITIZE_ADDRESS__
   GTEST_SKIP() << "UBSan looks at objects through a pipe and takes them for broken without one";
#endif
   test_server s;
   rlimit before{};
   ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
   std::vector<core::unique_fd> hoard;
   raw_client first(s.port()), second(s.port());
   EXPECT_EQ(first.ask(get).status, 200);
   EXPECT_EQ(second.ask(get).status, 200);
   // The next free number is made the limit, when the client has its socket.
   core::unique_fd probe(::dup(0));
   const rlimit tight{.rlim_cur = static_cast<rlim_t>(probe.get()) + 1,
                      .rlim_max = before.rlim_max};
   probe.reset();
   ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
   raw_client waiting(s.port()); // takes the last descriptor: the server has none to accept with
   waiting.send(get);
   EXPECT_EQ(first.ask(get).status, 200) << "connections that are there go on";
   ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
   EXPECT_EQ(waiting.read().status, 200) << "accepted when there are descriptors again";
}

TEST(UsableCpus, IsTheAffinityMask) {
   cpu_set_t before, one;
   ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
   EXPECT_EQ(usable_cpus(), static_cast<unsigned>(CPU_COUNT(&before)));
   CPU_ZERO(&one);
   for (int i = 0; i < CPU_SETSIZE; ++i) {
      if (CPU_ISSET(i, &before)) {
         CPU_SET(i, &one);
         break;
      }
   }
   ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
   EXPECT_EQ(usable_cpus(), 1u);
   ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);
}

} // namespace
} // namespace fmcp::net
