// HTTPS with --tls-cert and --tls-key.

#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "support/mcp_client.hpp"

namespace {

using namespace fmcp::test;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// A key and a certificate for 127.0.0.1 in `directory`.
void make_certificate(const temp_dir& directory) {
   const auto made =
         run_to_end({.program = "/usr/bin/openssl",
                     .arguments = {"req", "-x509", "-newkey", "ec", "-pkeyopt",
                                   "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                                   "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                                   directory.at("key.pem"), "-out", directory.at("cert.pem")},
                     .directory = directory.path()});
   ASSERT_EQ(made.code, 0) << made.err;
}

/// One request over TLS with the certificate verified; the answer's bytes, empty when it fails.
std::string ask_over_tls(std::uint16_t port, const std::string& ca, const std::string& request,
                         int version = 0) {
   const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                   SSL_CTX_free);
   SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
   if (SSL_CTX_load_verify_locations(context.get(), ca.c_str(), nullptr) != 1) return {};
   if (version != 0) {
      SSL_CTX_set_security_level(context.get(), 0);
      SSL_CTX_set_min_proto_version(context.get(), version);
      SSL_CTX_set_max_proto_version(context.get(), version);
   }
   const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new_ssl_connect(context.get()),
                                                           BIO_free_all);
   BIO_set_conn_hostname(bio.get(), ("127.0.0.1:" + std::to_string(port)).c_str());
   if (BIO_do_connect(bio.get()) != 1) return {};
   if (BIO_write(bio.get(), request.data(), static_cast<int>(request.size())) <= 0) return {};
   std::string out;
   char piece[4096];
   for (int n = 0; (n = BIO_read(bio.get(), piece, sizeof piece)) > 0;)
      out.append(piece, static_cast<std::size_t>(n));
   return out;
}

std::string request_for(const http_host& host) {
   const auto body = modern_text("server/discover");
   return "POST /mcp HTTP/1.1\r\nHost: " + host.authority() +
          "\r\nContent-Type: application/json\r\nMCP-Protocol-Version: 2026-07-28\r\n"
          "Mcp-Method: server/discover\r\nConnection: close\r\nContent-Length: " +
          std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST(Tls, ServesWithTheCertificateThatItIsGiven) {
   temp_dir directory;
   ASSERT_NO_FATAL_FAILURE(make_certificate(directory));
   http_host host({.options = {"--tls-cert", directory.at("cert.pem"), "--tls-key",
                               directory.at("key.pem")}});
   EXPECT_THAT(host.url(), StartsWith("https://"));
   const auto answer = ask_over_tls(host.port(), directory.at("cert.pem"), request_for(host));
   EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
   EXPECT_THAT(answer, HasSubstr("supportedVersions"));
}

TEST(Tls, OldVersionsAreRefused) {
   temp_dir directory;
   ASSERT_NO_FATAL_FAILURE(make_certificate(directory));
   http_host host({.options = {"--tls-cert", directory.at("cert.pem"), "--tls-key",
                               directory.at("key.pem")}});
   EXPECT_EQ(ask_over_tls(host.port(), directory.at("cert.pem"), request_for(host), TLS1_1_VERSION),
             "");
   EXPECT_THAT(
         ask_over_tls(host.port(), directory.at("cert.pem"), request_for(host), TLS1_2_VERSION),
         StartsWith("HTTP/1.1 200"));
}

TEST(Tls, PlainHttpIsNotServed) {
   temp_dir directory;
   ASSERT_NO_FATAL_FAILURE(make_certificate(directory));
   http_host host({.options = {"--tls-cert", directory.at("cert.pem"), "--tls-key",
                               directory.at("key.pem")}});
   connection c(host.port());
   c.send(http_request{.target = "/healthz"});
   EXPECT_ANY_THROW(static_cast<void>(c.read_answer()));
   EXPECT_THAT(ask_over_tls(host.port(), directory.at("cert.pem"), request_for(host)),
               StartsWith("HTTP/1.1 200"))
         << "and others are not harmed";
}

TEST(Tls, AKeyThatDoesNotFitIsRefusedAtTheStart) {
   temp_dir directory, other;
   ASSERT_NO_FATAL_FAILURE(make_certificate(directory));
   ASSERT_NO_FATAL_FAILURE(make_certificate(other));
   const auto host = run_host({"run", test_plugin("echo"), "--transport", "http", "--port", "0",
                               "--plugin-dir", directory.path(), "--tls-cert",
                               directory.at("cert.pem"), "--tls-key", other.at("key.pem")},
                              directory);
   EXPECT_NE(host.code, 0);
   EXPECT_THAT(host.err, HasSubstr("key"));
}

TEST(Tls, OneFileWithoutTheOtherIsRefused) {
   temp_dir directory;
   const auto host = run_host(
         {"run", "--transport", "http", "--port", "0", "--tls-cert", directory.put("cert.pem", "")},
         directory);
   EXPECT_NE(host.code, 0);
   EXPECT_THAT(host.err, HasSubstr("tls"));
}

} // namespace
