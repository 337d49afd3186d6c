// The outbound client over TLS and through a proxy: whom it believes, and whom it does not.

#include "net/fetcher.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/temp_dir.hpp"
#include "unit/net/certificates.hpp"
#include "unit/net/fake_names.hpp"
#include "unit/net/fetch_fixture.hpp"
#include "unit/net/test_server.hpp"

namespace fmcp::net {
namespace {

using namespace std::chrono_literals;
using namespace test;

/// libcurl reads this variable once, when it is set up: long before a test could set it.
const struct key_log_file {
   const std::string name = FMCP_TEST_BINARY_DIR "/tests/key_log." + std::to_string(::getpid());
   key_log_file() { ::setenv("SSLKEYLOGFILE", name.c_str(), 1); }
   ~key_log_file() { ::unlink(name.c_str()); }
} key_log;

class FetcherTls : public FetchFixture {
protected:
   FetcherTls() {
      client = open_or_fail(
            {.ca_file = write("server", {.names = "DNS:localhost,IP:127.0.0.1,DNS:api.test"})});
   }
   /// Certificate and key in files; gives the certificate's.
   std::string write(const std::string& name, const certificate& says) {
      const auto key = new_key();
      dir.put(name + ".key", key_pem(key.get()), 0600);
      return dir.put(name + ".pem", certificate_pem(key.get(), says));
   }
   std::unique_ptr<test_server> serve(const std::string& name = "server",
                                      test_server::request_function rq = test_server::echo) {
      return std::make_unique<test_server>(
            limits{}, std::move(rq), test_server::head_function{},
            server_options{.address = "127.0.0.1",
                           .threads = 1,
                           .bounds = {},
                           .tls = {dir.at(name + ".pem"), dir.at(name + ".key")}});
   }
   static std::string origin_of(const test_server& s, const std::string& host = "localhost") {
      return "https://" + host + ":" + std::to_string(s.port());
   }

   const temp_dir dir;
};

TEST_F(FetcherTls, ServersOfTheCaFileAreBelieved) {
   const auto s = serve();
   for (const auto* host : {"localhost", "127.0.0.1"}) {
      const auto r = fetch(to(origin_of(*s, host), "/x"));
      ASSERT_TRUE(r) << r.error().message;
      EXPECT_EQ(r->body, "GET /x ");
   }
}

TEST_F(FetcherTls, OthersAreNot) {
   const auto s = serve();
   client = open_or_fail();
   const auto why = failure(to(origin_of(*s), "/x?secret"), errc::io);
   EXPECT_TRUE(has(why, "self-signed certificate"));
   EXPECT_TRUE(has(why, origin_of(*s) + "/x could not be fetched: "));
   EXPECT_FALSE(has(why, "secret"));
}

TEST_F(FetcherTls, CertificatesMustNameTheHost) {
   client = open_or_fail({.ca_file = write("other", {.names = "DNS:other.example"})});
   const auto s = serve("other");
   EXPECT_TRUE(has(failure(to(origin_of(*s)), errc::io), "localhost"));
   EXPECT_TRUE(has(failure(to(origin_of(*s, "127.0.0.1")), errc::io), "127.0.0.1"));
}

TEST_F(FetcherTls, ExpiredCertificatesAreRefused) {
   client = open_or_fail(
         {.ca_file = write("old", {.from = -7200, .to = -3600, .names = "DNS:localhost"})});
   const auto s = serve("old");
   EXPECT_TRUE(has(failure(to(origin_of(*s)), errc::io), "expired"));
}

TEST_F(FetcherTls, ServersWithoutTlsAreRefused) {
   const scripted_server eager([](peer& p) { p.send("HTTP/1.1 400 Bad\r\n\r\n"); });
   const auto why = failure(to("https://127.0.0.1:" + std::to_string(eager.port())), errc::io);
   EXPECT_TRUE(has(why, "does not speak TLS; is http:// meant?"));
   EXPECT_FALSE(has(why, "OpenSSL"));
}

TEST_F(FetcherTls, OldVersionsAreRefused) {
   // A TLS 1.1 ServerHello is what the client must not take: its own hello offers 1.2 at least.
   std::string hello;
   const scripted_server s([&](peer& p) {
      char bytes[1024];
      const auto n = ::recv(p.fd(), bytes, sizeof bytes, 0);
      hello.assign(bytes, static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
      // A ServerHello of version 3.2 with a cipher of that time and nothing else.
      p.send(std::string("\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02", 11) +
             std::string(32, 'r') + std::string("\x00\x00\x2f\x00", 4));
      (void)p.wait_for_end();
   });
   EXPECT_TRUE(has(failure(to("https://127.0.0.1:" + std::to_string(s.port())), errc::io),
                   "unsupported protocol"));
   EXPECT_GT(hello.size(), 5u);
}

TEST_F(FetcherTls, HandshakesThatDoNotComeAreTimedOut) {
   const scripted_server s([](peer& p) { (void)p.wait_for_end(); });
   client = open_or_fail({.connect_timeout = 50ms});
   EXPECT_TRUE(has(failure(to("https://127.0.0.1:" + std::to_string(s.port())), errc::timeout),
                   "no connection came about in time"));
}

TEST_F(FetcherTls, ABodyCutByThePeerIsAnError) {
   const auto s = serve("server", [](const request&, responder& out) {
      auto kept = out.keep();
      kept->begin(text_head());
      kept->write("half");
      kept->abort();
   });
   EXPECT_FALSE(fetch(to(origin_of(*s))));
}

TEST_F(FetcherTls, RedirectionsToPlainHttpAreRefused) {
   const scripted_server plain([](peer& p) { p.read_head(); });
   const auto s = serve("server", [&](const request&, responder& out) {
      const auto to = plain.origin() + "/";
      const core::http::field location[] = {{"Location", to}};
      out.reply({.status = 302, .content_type = {}, .fields = location}, "");
   });
   auto rq = to(origin_of(*s));
   rq.policy = trusting({origin_of(*s), plain.origin()});
   rq.max_redirects = 3;
   EXPECT_TRUE(has(failure(rq, errc::denied), "redirects to plain http"));
   EXPECT_EQ(plain.connections(), 0);
}

TEST_F(FetcherTls, ConnectionsOfATrustedRequestAreNoWayInForAnother) {
   const auto s = serve();
   ASSERT_TRUE(fetch(to(origin_of(*s))));
   ASSERT_EQ((*s)->connections(), 1u) << "kept for the next";
   const auto anywhere = std::make_shared<fetch_policy>(
         fetch_policy{.origins = {}, .trusted = {}, .any_public_https = true});
   EXPECT_TRUE(has(failure({.url = origin_of(*s), .policy = anywhere}, errc::denied),
                   "a loopback address"));
   EXPECT_TRUE(fetch(to(origin_of(*s))));
}

TEST_F(FetcherTls, KeysAreNotLoggedForTheEnvironment) {
   const auto s = serve();
   ASSERT_TRUE(fetch(to(origin_of(*s))));
   std::stringstream text;
   if (std::ifstream file(key_log.name); file) text << file.rdbuf();
   EXPECT_EQ(text.str(), "");
}

TEST_F(FetcherTls, FilesThatAreNotThereOrNoCertificatesAreNamed) {
   const auto missing = open_fetcher({.ca_file = dir.at("missing.pem")});
   ASSERT_FALSE(missing);
   EXPECT_EQ(missing.error(),
             (core::error{errc::io, "the file of certificate authorities " + dir.at("missing.pem") +
                                          ": it cannot be read: No such file or directory"}));
   for (const auto& text : {std::string(), std::string("hunter2"), key_pem(new_key().get())}) {
      const auto file = dir.put("odd.pem", text);
      const auto made = open_fetcher({.ca_file = file});
      ASSERT_FALSE(made);
      EXPECT_EQ(made.error().code, errc::invalid);
      EXPECT_TRUE(has(made.error().message, file));
      EXPECT_FALSE(has(made.error().message, "hunter2"));
   }
   EXPECT_FALSE(open_fetcher({.ca_file = dir.path()}));
}

TEST_F(FetcherTls, UnusableProxySettingsAreRefusedAtOnce) {
   const auto made = open_fetcher({.https_proxy = "socks5://user:hunter2@proxy.example"});
   ASSERT_FALSE(made);
   EXPECT_TRUE(has(made.error().message, "proxy"));
   EXPECT_FALSE(has(made.error().message, "hunter2"));
}

// ------------------------------------------------------------------------------------- by a proxy

/// Carries bytes both ways until one side ends.
void splice(int a, int b) {
   pollfd ends[] = {{a, POLLIN, 0}, {b, POLLIN, 0}};
   char bytes[16 * 1024];
   while (::poll(ends, 2, -1) > 0) {
      for (int i = 0; i < 2; ++i) {
         if (ends[i].revents == 0) continue;
         const auto n = ::recv(ends[i].fd, bytes, sizeof bytes, 0);
         if (n <= 0) return;
         ::send(ends[1 - i].fd, bytes, static_cast<std::size_t>(n), MSG_NOSIGNAL);
      }
   }
}

TEST_F(FetcherTls, ProxiesCarryHttpsAndSeeNoMoreThanTheHost) {
   const auto s = serve();
   std::string head;
   const scripted_server proxy([&](peer& p) {
      head = p.read_head();
      raw_client onward(s->port());
      p.send("HTTP/1.1 200 Connected\r\nX-Proxy: 1\r\n\r\n");
      splice(p.fd(), onward.fd());
   });
   client =
         open_or_fail({.ca_file = dir.at("server.pem"),
                       .https_proxy = "http://user:pass@127.0.0.1:" + std::to_string(proxy.port()),
                       .no_proxy = "other.test"});
   // The name means nothing here: only the proxy resolves it.
   auto rq = fetch_request{.url = "https://api.test/secret",
                           .headers = {{"Authorization", "hunter2"}},
                           .policy = allowing({"https://api.test"})};
   const auto r = fetch(rq);
   ASSERT_TRUE(r) << r.error().message;
   EXPECT_EQ(r->body, "GET /secret ");
   EXPECT_EQ(r->find("x-proxy"), "");
   EXPECT_TRUE(head.starts_with("CONNECT api.test:443 HTTP/1.1\r\n")) << head;
   EXPECT_TRUE(has(head, "Proxy-Authorization: Basic dXNlcjpwYXNz\r\n"));
   EXPECT_FALSE(has(head, "secret"));
   EXPECT_FALSE(has(head, "hunter2"));
}

TEST_F(FetcherTls, ProxiesThatRefuseAreNamedAsSuch) {
   const scripted_server proxy([](peer& p) {
      p.read_head();
      p.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\n\r\nhunter2");
   });
   client = open_or_fail({.https_proxy = proxy.origin()});
   const auto why =
         failure({.url = "https://api.test/x", .policy = allowing({"https://api.test"})}, errc::io);
   EXPECT_EQ(why, "https://api.test/x could not be fetched: the proxy answered 403");
}

TEST_F(FetcherTls, ProxiesAreNotUsedForLoopbackAndExceptions) {
   const auto s = serve();
   const scripted_server proxy([](peer& p) { p.read_head(); });
   client = open_or_fail(
         {.ca_file = dir.at("server.pem"), .https_proxy = proxy.origin(), .no_proxy = "api.test"});
   EXPECT_TRUE(fetch(to(origin_of(*s))));
   resolve("api.test", {"127.0.0.1"});
   const auto r = fetch(to(origin_of(*s, "api.test")));
   EXPECT_TRUE(r) << r.error().message;
   EXPECT_EQ(proxy.connections(), 0);
}

TEST_F(FetcherTls, LiteralsAreJudgedThoughTheProxyConnects) {
   const scripted_server proxy([](peer& p) { p.read_head(); });
   client = open_or_fail({.https_proxy = proxy.origin()});
   EXPECT_TRUE(has(failure({.url = "https://169.254.169.254/",
                            .policy = allowing({"https://169.254.169.254"})},
                           errc::denied),
                   "link-local"));
   EXPECT_EQ(proxy.connections(), 0);
}

TEST_F(FetcherTls, ProxiesOverTlsAreVerifiedToo) {
   const auto s = serve(); // any TLS server will do: it is refused before it is spoken to
   client = open_or_fail({.https_proxy = "https://127.0.0.1:" + std::to_string(s->port())});
   EXPECT_TRUE(has(
         failure({.url = "https://api.test/", .policy = allowing({"https://api.test"})}, errc::io),
         "self-signed certificate"));
}

} // namespace
} // namespace fmcp::net
