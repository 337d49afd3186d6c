// Where the outbound client goes: addresses behind names, and what the environment has no say in.

#include "net/fetcher.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"
#include "unit/net/fake_names.hpp"
#include "unit/net/fetch_fixture.hpp"

namespace fmcp::net {
namespace {

using namespace std::chrono_literals;
using namespace test;

class FetcherReach : public FetchFixture {};

// -------------------------------------------------------------------------- addresses behind names

TEST_F(FetcherReach, NamesOfLoopbackNeedTheOperator) {
   const scripted_server s(always(ok));
   const auto origin = "http://localhost:" + std::to_string(s.port());
   EXPECT_TRUE(has(failure({.url = origin, .policy = allowing({origin})}, errc::denied),
                   "a loopback address"));
   EXPECT_EQ(s.connections(), 0);
   const auto r = fetch(to(origin));
   EXPECT_TRUE(r) << r.error().message;
}

TEST_F(FetcherReach, NamesOfSpecialAddressesAreRefused) {
   const scripted_server s(always(ok));
   const auto anywhere = std::make_shared<fetch_policy>(
         fetch_policy{.origins = {}, .trusted = {}, .any_public_https = true});
   for (const auto* address : {"127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "fd00:ec2::254",
                               "::ffff:127.0.0.1", "0.0.0.0", "100.64.0.1", "168.63.129.16"}) {
      client = open_or_fail();
      resolve("inside.test", {address});
      const auto origin = "https://inside.test:" + std::to_string(s.port());
      EXPECT_TRUE(has(failure({.url = origin, .policy = anywhere}, errc::denied), address));
      EXPECT_FALSE(fetch({.url = origin, .policy = allowing({origin})})) << address;
   }
   EXPECT_EQ(s.connections(), 0);
}

TEST_F(FetcherReach, EveryAddressOfANameIsJudged) {
   const scripted_server s(always(ok));
   resolve("mixed.test", {"10.255.255.1", "127.0.0.1", "::1"});
   const auto origin = "https://mixed.test:" + std::to_string(s.port());
   EXPECT_FALSE(fetch({.url = origin, .policy = allowing({origin})}));
   EXPECT_EQ(s.connections(), 0);
}

TEST_F(FetcherReach, PlainHttpIsForLoopbackOnly) {
   const scripted_server s(always(ok));
   const auto port = ":" + std::to_string(s.port());
   EXPECT_TRUE(fetch(to("http://a.localhost" + port)));
   resolve("a.test", {"127.0.0.1"});
   EXPECT_TRUE(has(failure(to("http://a.test" + port), errc::denied), "plain http"));
   EXPECT_EQ(s.connections(), 1);
}

// ------------------------------------------------------------------------------- the environment

class scoped_variable {
public:
   scoped_variable(const char* name, const std::string& value) : name_(name) {
      ::setenv(name, value.c_str(), 1);
   }
   ~scoped_variable() { ::unsetenv(name_); }
   scoped_variable(const scoped_variable&) = delete;
   scoped_variable& operator=(const scoped_variable&) = delete;

private:
   const char* name_;
};

TEST_F(FetcherReach, EnvironmentChoosesNoProxy) {
   const scripted_server trap(always(ok));
   const auto proxy = trap.origin();
   const scoped_variable all[] = {{"http_proxy", proxy},  {"HTTP_PROXY", proxy},
                                  {"https_proxy", proxy}, {"HTTPS_PROXY", proxy},
                                  {"all_proxy", proxy},   {"ALL_PROXY", proxy}};
   const scripted_server plain(once(ok));
   EXPECT_TRUE(fetch(to(plain.origin())));
   // No TLS there: what matters is who is connected to.
   const scripted_server tls([](peer& p) { p.send("no"); });
   EXPECT_FALSE(fetch(to("https://127.0.0.1:" + std::to_string(tls.port()))));
   EXPECT_EQ(tls.connections(), 1);
   EXPECT_EQ(trap.connections(), 0);
}

TEST_F(FetcherReach, NetrcLendsNoPassword) {
   const temp_dir home;
   home.put(".netrc", "machine 127.0.0.1 login user password hunter2\n", 0600);
   const scoped_variable variable("HOME", home.path());
   std::string head;
   const scripted_server s([&](peer& p) {
      head = p.read_head();
      p.send(ok);
   });
   ASSERT_TRUE(fetch(to(s.origin())));
   EXPECT_FALSE(has(head, "uthorization"));
}

TEST_F(FetcherReach, CookiesAreNotKept) {
   std::string last;
   const scripted_server s([&](peer& p) {
      for (auto head = p.read_head(); !head.empty(); head = p.read_head()) {
         last = head;
         p.send("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n");
      }
   });
   ASSERT_TRUE(fetch(to(s.origin())));
   ASSERT_TRUE(fetch(to(s.origin())));
   EXPECT_FALSE(has(last, "ookie"));
}

} // namespace
} // namespace fmcp::net
