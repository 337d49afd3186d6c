// TLS with certificates made here: what is served, what is refused, what the errors say.

#include "net/tls.hpp"

#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "support/temp_dir.hpp"
#include "unit/net/certificates.hpp"
#include "unit/net/test_server.hpp"

namespace fmcp::net {
namespace {

using namespace std::chrono_literals;
using test::certificate_pem;
using test::freed_by;
using test::key_pem;
using test::key_ptr;
using test::new_key;
using test::raw_client;
using test::request;
using test::responder;
using test::test_server;
using test::text_head;

const std::string get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

/// A client that trusts everybody, over a blocking socket.
class tls_client {
public:
   tls_client(std::uint16_t port, int max_version = TLS1_3_VERSION, std::string_view alpn = {})
       : raw_(port), ctx_(SSL_CTX_new(TLS_client_method())) {
      SSL_CTX_set_security_level(ctx_.get(), 0);
      SSL_CTX_set_min_proto_version(ctx_.get(), TLS1_VERSION);
      SSL_CTX_set_max_proto_version(ctx_.get(), max_version);
      ssl_.reset(SSL_new(ctx_.get()));
      if (!alpn.empty()) {
         std::string wire(1, static_cast<char>(alpn.size()));
         wire += alpn;
         SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(wire.data()),
                             static_cast<unsigned>(wire.size()));
      }
      SSL_set_fd(ssl_.get(), raw_.fd());
      is_open_ = SSL_connect(ssl_.get()) == 1;
   }
   [[nodiscard]] bool is_open() const { return is_open_; }
   [[nodiscard]] std::string version() const { return SSL_get_version(ssl_.get()); }
   [[nodiscard]] std::string protocol() const {
      const unsigned char* text = nullptr;
      unsigned size = 0;
      SSL_get0_alpn_selected(ssl_.get(), &text, &size);
      return {reinterpret_cast<const char*>(text), size};
   }
   bool send(std::string_view bytes) {
      return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) ==
             static_cast<int>(bytes.size());
   }
   /// Reads until `end` has come or the peer ends.
   std::string read_until(std::string_view end) {
      std::string text;
      char bytes[16 * 1024];
      while (!text.ends_with(end)) {
         const int n = SSL_read(ssl_.get(), bytes, sizeof bytes);
         if (n <= 0) {
            was_closed_in_order_ = SSL_get_error(ssl_.get(), n) == SSL_ERROR_ZERO_RETURN;
            break;
         }
         text.append(bytes, static_cast<std::size_t>(n));
      }
      return text;
   }
   [[nodiscard]] bool was_closed_in_order() const { return was_closed_in_order_; }
   void end_sending() { SSL_shutdown(ssl_.get()); }
   raw_client& raw() { return raw_; }

private:
   raw_client raw_;
   std::unique_ptr<SSL_CTX, freed_by<SSL_CTX_free>> ctx_;
   std::unique_ptr<SSL, freed_by<SSL_free>> ssl_;
   bool is_open_ = false, was_closed_in_order_ = false;
};

class Tls : public testing::Test {
protected:
   Tls() : key(new_key()) {
      files.certificate_chain = dir.put("cert.pem", certificate_pem(key.get()));
      files.private_key = dir.put("key.pem", key_pem(key.get()), 0600);
   }
   std::unique_ptr<test_server> serve(limits bounds = {},
                                      test_server::request_function rq = test_server::echo) {
      return std::make_unique<test_server>(
            bounds, std::move(rq), test_server::head_function{},
            server_options{.address = "127.0.0.1", .threads = 1, .bounds = {}, .tls = files});
   }
   /// The message of the error.
   std::string refused() {
      const auto made = tls_context::open(files);
      return made ? "(opened)" : made.error().message;
   }

   const test::temp_dir dir;
   key_ptr key;
   tls_files files;
};

TEST_F(Tls, ServesOverBothVersions) {
   const auto s = serve({}, [](const request& rq, responder& out) {
      out.reply(text_head(), rq.tls ? "secret" : "plain");
   });
   tls_client newer(s->port());
   ASSERT_TRUE(newer.is_open());
   EXPECT_EQ(newer.version(), "TLSv1.3");
   newer.send(get);
   EXPECT_NE(newer.read_until("secret").find("200 OK"), std::string::npos);
   tls_client older(s->port(), TLS1_2_VERSION);
   ASSERT_TRUE(older.is_open());
   EXPECT_EQ(older.version(), "TLSv1.2");
   older.send(get + get);
   EXPECT_NE(older.read_until("secret").find("200 OK"), std::string::npos);
}

TEST_F(Tls, RefusesOldVersions) {
   const auto s = serve();
   EXPECT_FALSE(tls_client(s->port(), TLS1_1_VERSION).is_open());
}

TEST_F(Tls, NegotiatesHttp11) {
   const auto s = serve();
   EXPECT_EQ(tls_client(s->port(), TLS1_3_VERSION, "http/1.1").protocol(), "http/1.1");
   EXPECT_FALSE(tls_client(s->port(), TLS1_3_VERSION, "h2").is_open());
   EXPECT_TRUE(tls_client(s->port()).is_open()) << "without ALPN";
}

TEST_F(Tls, LargeBodiesGoBothWays) {
   const auto s = serve({.max_body_bytes = 8u << 20});
   tls_client c(s->port());
   const std::string body((4u << 20) + 17, 'x');
   ASSERT_TRUE(c.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: " +
                      std::to_string(body.size() + 3) + "\r\n\r\n"));
   ASSERT_TRUE(c.send(body + "end"));
   const auto answer = c.read_until("end");
   EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, body.size() + 3 + 8);
}

TEST_F(Tls, SmallRecordsOfOneRequestAreJoined) {
   const auto s = serve();
   tls_client c(s->port());
   const std::string bytes = "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
   for (const char b : bytes) ASSERT_TRUE(c.send({&b, 1}));
   EXPECT_NE(c.read_until("hello").find("200 OK"), std::string::npos);
}

TEST_F(Tls, PipelinedRequestsInOneRecordAreAllAnswered) {
   // More than one read takes: the rest waits decrypted, and the socket says nothing of it.
   const auto s = serve();
   tls_client c(s->port());
   std::string bytes;
   for (int i = 0; i < 400; ++i) bytes += get;
   bytes += "GET /last HTTP/1.1\r\nHost: h\r\n\r\n";
   ASSERT_TRUE(c.send(bytes));
   const auto text = c.read_until("GET /last ");
   std::size_t answers = 0;
   for (auto at = text.find("200 OK"); at != text.npos; at = text.find("200 OK", at + 1)) ++answers;
   EXPECT_EQ(answers, 401u);
}

TEST_F(Tls, ClosesInOrder) {
   const auto s = serve();
   tls_client c(s->port());
   c.send("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
   const auto text = c.read_until("(never)");
   EXPECT_NE(text.find("GET /a "), std::string::npos);
   EXPECT_TRUE(c.was_closed_in_order());
}

TEST_F(Tls, PeerThatSpeaksPlainHttpIsLetGo) {
   const auto s = serve();
   auto c = s->connect();
   c.send(get);
   EXPECT_EQ(c.read_to_end().find("HTTP/"), std::string::npos);
   tls_client next(s->port());
   next.send(get);
   EXPECT_NE(next.read_until("GET /a "), "");
}

TEST_F(Tls, HandshakeThatDoesNotComeIsCut) {
   const auto s = serve({.header_timeout = 50ms});
   auto c = s->connect();
   EXPECT_TRUE(c.is_at_end());
}

TEST_F(Tls, DisconnectIsNoticed) {
   test::event keeps, gone;
   std::shared_ptr<test::exchange> kept;
   const auto s = serve({}, [&](const request&, responder& out) {
      kept = out.keep();
      kept->on_disconnect([&] { gone.happen(); });
      keeps.happen();
   });
   for (const bool is_in_order : {true, false}) {
      tls_client c(s->port());
      c.send(get);
      ASSERT_TRUE(keeps.wait(is_in_order ? 1 : 2));
      if (is_in_order) c.end_sending();
      c.raw().close();
      EXPECT_TRUE(gone.wait(is_in_order ? 1 : 2));
   }
   kept.reset();
}

TEST_F(Tls, ExpiredCertificateIsServedWithAWarning) {
   files.certificate_chain =
         dir.put("old.pem", certificate_pem(key.get(), {.from = -7200, .to = -3600}));
   testing::internal::CaptureStderr();
   EXPECT_EQ(refused(), "(opened)");
   const auto log = testing::internal::GetCapturedStderr();
   EXPECT_NE(log.find("has expired"), std::string::npos) << log;
   EXPECT_NE(log.find("old.pem"), std::string::npos) << log;
}

TEST_F(Tls, CertificateOfTheFutureIsServedWithAWarning) {
   files.certificate_chain =
         dir.put("new.pem", certificate_pem(key.get(), {.from = 3600, .to = 7200}));
   testing::internal::CaptureStderr();
   EXPECT_EQ(refused(), "(opened)");
   EXPECT_NE(testing::internal::GetCapturedStderr().find("not valid yet"), std::string::npos);
}

TEST_F(Tls, KeyOfAnotherCertificateIsRefused) {
   files.private_key = dir.put("other.pem", key_pem(new_key().get()), 0600);
   EXPECT_EQ(refused(), "the TLS private key " + files.private_key +
                              ": it does not belong to the first certificate of " +
                              files.certificate_chain);
}

TEST_F(Tls, KeyOfAnotherKindIsRefused) {
   const key_ptr rsa(EVP_RSA_gen(2048));
   files.private_key = dir.put("rsa.pem", key_pem(rsa.get()), 0600);
   EXPECT_NE(refused().find("does not belong to"), std::string::npos) << refused();
}

TEST_F(Tls, KeyWithPassphraseIsRefusedWithoutAsking) {
   files.private_key = dir.put("locked.pem", key_pem(key.get(), "hunter2"), 0600);
   EXPECT_NE(refused().find("protected by a passphrase"), std::string::npos) << refused();
}

TEST_F(Tls, FilesThatAreNotThereAreNamed) {
   auto at = files;
   files.certificate_chain = dir.at("missing.pem");
   EXPECT_EQ(refused(), "the TLS certificate " + files.certificate_chain +
                              " cannot be read: No such file or directory");
   files = at;
   files.private_key = dir.at("missing.pem");
   EXPECT_EQ(refused(), "the TLS private key " + files.private_key +
                              " cannot be read: No such file or directory");
}

TEST_F(Tls, FilesThatAreNoPemAreNamed) {
   auto at = files;
   files.certificate_chain = dir.put("junk.pem", "junk");
   EXPECT_TRUE(refused().starts_with("the TLS certificate " + files.certificate_chain +
                                     ": it is no usable PEM certificate chain"))
         << refused();
   files = at;
   files.private_key = dir.put("junk.pem", "junk");
   EXPECT_TRUE(refused().starts_with("the TLS private key " + files.private_key +
                                     ": it is no usable PEM private key"))
         << refused();
   files = at;
   files.private_key = dir.put("empty.pem", "");
   EXPECT_EQ(refused(),
             "the TLS private key " + files.private_key + " cannot be read: it is empty");
}

TEST_F(Tls, OneFileAloneIsRefused) {
   files.private_key.clear();
   EXPECT_EQ(refused(), "no TLS private key is given; certificate and key are needed both");
   const auto made = server::open({.port = 0, .threads = 1, .bounds = {}, .tls = files},
                                  [](unsigned, core::executor&) { return nullptr; });
   EXPECT_FALSE(made);
}

} // namespace
} // namespace fmcp::net
