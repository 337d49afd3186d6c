#include "net/tls.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <string_view>

#include <sys/socket.h>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "core/log.hpp"

namespace fmcp::net {
namespace {

template <auto Free>
struct freed_by {
   template <class T>
   void operator()(T* p) const noexcept {
      Free(p);
   }
};
using ctx_ptr = std::unique_ptr<SSL_CTX, freed_by<SSL_CTX_free>>;
using ssl_ptr = std::unique_ptr<SSL, freed_by<SSL_free>>;
using bio_method_ptr = std::unique_ptr<BIO_METHOD, freed_by<BIO_meth_free>>;

// ------------------------------------------------------------------------------------- socket BIO
//
// The library's own socket BIO writes with write(2), whose SIGPIPE would end a process that does
// not ignore it. These two are recv and send with MSG_NOSIGNAL.

int socket_of(BIO* b) noexcept {
   return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(b)));
}

int bio_read(BIO* b, char* to, int size) noexcept {
   BIO_clear_retry_flags(b);
   const auto n = ::recv(socket_of(b), to, static_cast<std::size_t>(size), 0);
   if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) BIO_set_retry_read(b);
   if (n == 0) BIO_set_flags(b, BIO_FLAGS_IN_EOF);
   return static_cast<int>(n);
}

int bio_write(BIO* b, const char* from, int size) noexcept {
   BIO_clear_retry_flags(b);
   const auto n = ::send(socket_of(b), from, static_cast<std::size_t>(size), MSG_NOSIGNAL);
   if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) BIO_set_retry_write(b);
   return static_cast<int>(n);
}

long bio_ctrl(BIO* b, int what, long, void*) noexcept {
   if (what == BIO_CTRL_EOF) return BIO_test_flags(b, BIO_FLAGS_IN_EOF) != 0;
   return what == BIO_CTRL_FLUSH;
}

bio_method_ptr new_socket_method() {
   bio_method_ptr m(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "fmcp socket"));
   if (!m || BIO_meth_set_read(m.get(), bio_read) != 1 ||
       BIO_meth_set_write(m.get(), bio_write) != 1 || BIO_meth_set_ctrl(m.get(), bio_ctrl) != 1) {
      return nullptr;
   }
   return m;
}

// ----------------------------------------------------------------------------------------- stream

class stream final : public tls_stream {
public:
   explicit stream(ssl_ptr ssl) : ssl_(std::move(ssl)) {}

   io_result read_some(char* to, std::size_t size) override {
      ERR_clear_error();
      std::size_t n = 0;
      const int rc = SSL_read_ex(ssl_.get(), to, size, &n);
      return rc == 1 ? io_result{io_result::status::ok, n} : outcome(rc);
   }

   io_result write_some(const char* from, std::size_t size) override {
      ERR_clear_error();
      std::size_t n = 0;
      const int rc = SSL_write_ex(ssl_.get(), from, size, &n);
      if (rc == 1) return {io_result::status::ok, n};
      const auto r = outcome(rc);
      // Only renegotiation makes a write wait for a read, and that is off.
      return r.what == io_result::status::wants_write ? r : io_result{io_result::status::failed, 0};
   }

   [[nodiscard]] bool has_pending() const noexcept override { return SSL_pending(ssl_.get()) > 0; }
   [[nodiscard]] bool is_established() const noexcept override {
      return SSL_is_init_finished(ssl_.get()) == 1;
   }
   void shutdown() noexcept override {
      ERR_clear_error();
      if (!has_failed_ && SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
   }

private:
   io_result outcome(int rc) {
      switch (SSL_get_error(ssl_.get(), rc)) {
      case SSL_ERROR_WANT_READ: return {io_result::status::wants_read, 0};
      case SSL_ERROR_WANT_WRITE: return {io_result::status::wants_write, 0};
      case SSL_ERROR_ZERO_RETURN: return {io_result::status::end, 0};
      default:
         has_failed_ = true; // SSL_shutdown must not be called any more
         return {io_result::status::failed, 0};
      }
   }

   ssl_ptr ssl_;
   bool has_failed_ = false;
};

// ---------------------------------------------------------------------------------------- context

/// RFC 7301 3.2: who names protocols must name ours, or is refused.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned size, void*) noexcept {
   constexpr std::string_view ours = "http/1.1";
   for (unsigned at = 0; at < size;) {
      const unsigned length = offered[at];
      if (length > size - at - 1) break;
      if (ours == std::string_view(reinterpret_cast<const char*>(offered + at + 1), length)) {
         *out = offered + at + 1;
         *out_size = static_cast<unsigned char>(length);
         return SSL_TLSEXT_ERR_OK;
      }
      at += length + 1;
   }
   return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// No terminal is asked: a server has none.
int no_passphrase(char*, int, int, void* was_asked) noexcept {
   *static_cast<bool*>(was_asked) = true;
   return -1;
}

class context final : public tls_context {
public:
   context(ctx_ptr ctx, bio_method_ptr method) : method_(std::move(method)), ctx_(std::move(ctx)) {}

   [[nodiscard]] std::unique_ptr<tls_stream> accept(int fd) const override {
      ssl_ptr ssl(SSL_new(ctx_.get()));
      BIO* b = ssl ? BIO_new(method_.get()) : nullptr;
      if (b == nullptr) return nullptr;
      BIO_set_data(b, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
      BIO_set_init(b, 1);
      SSL_set_bio(ssl.get(), b, b); // takes it
      SSL_set_accept_state(ssl.get());
      return std::make_unique<stream>(std::move(ssl));
   }

private:
   bio_method_ptr method_;
   ctx_ptr ctx_;
};

std::string last_reason() {
   const unsigned long code = ERR_peek_last_error();
   // Of the system's errors the library gives the number.
   if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
   const char* text = ERR_reason_error_string(code);
   return text == nullptr ? "unknown reason" : text;
}

std::unexpected<core::error> bad_file(std::string_view what, const std::string& file,
                                      std::string_view why) {
   return core::fail(core::errc::invalid, fmt::format("the TLS {} {}: {}", what, file, why));
}

/// Errors of opening are the system's, others are of the content.
core::result<void> readable(std::string_view what, const std::string& file) {
   if (file.empty()) {
      return core::fail(
            core::errc::invalid,
            fmt::format("no TLS {} is given; certificate and key are needed both", what));
   }
   const std::unique_ptr<std::FILE, freed_by<std::fclose>> f(std::fopen(file.c_str(), "re"));
   if (f && std::fgetc(f.get()) != EOF) return {};
   const int why = f && !std::ferror(f.get()) ? 0 : errno;
   return core::fail(core::errc::io, fmt::format("the TLS {} {} cannot be read: {}", what, file,
                                                 why == 0 ? "it is empty" : std::strerror(why)));
}

std::string time_text(const ASN1_TIME* t) {
   const std::unique_ptr<BIO, freed_by<BIO_free>> b(BIO_new(BIO_s_mem()));
   char* text = nullptr;
   if (!b || ASN1_TIME_print(b.get(), t) != 1) return "?";
   const long n = BIO_get_mem_data(b.get(), &text);
   return {text, static_cast<std::size_t>(n)};
}

void warn_about_dates(const std::string& file, const X509* certificate) {
   if (certificate == nullptr) return;
   const ASN1_TIME* from = X509_get0_notBefore(certificate);
   const ASN1_TIME* to = X509_get0_notAfter(certificate);
   // Negative means before now, 0 means that the date is malformed.
   if (X509_cmp_current_time(to) <= 0) {
      core::log::warn("net", "the TLS certificate has expired, clients will refuse it {} {}",
                      core::log::kv("file", file), core::log::kv("expired", time_text(to)));
   } else if (X509_cmp_current_time(from) >= 0) {
      core::log::warn("net", "the TLS certificate is not valid yet, clients will refuse it {} {}",
                      core::log::kv("file", file), core::log::kv("valid_from", time_text(from)));
   }
}

core::result<void> set_up(SSL_CTX* ctx) {
   const bool ok =
         SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
         // Of TLS 1.2 what keeps past traffic secret when the key leaks, and is not breakable.
         SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL") == 1;
   if (!ok) {
      return core::fail(core::errc::internal, "TLS cannot be set up: " + last_reason());
   }
   SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                  SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                  SSL_OP_IGNORE_UNEXPECTED_EOF);
   // What is not taken at once is sent from another address later; buffers of idle connections
   // (16 KiB each way) are given back.
   SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                               SSL_MODE_RELEASE_BUFFERS);
   SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); // tickets need no memory of ours
   SSL_CTX_set_num_tickets(ctx, 1);
   SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, nullptr);
   return {};
}

core::result<void> load_files(SSL_CTX* ctx, const tls_files& files) {
   if (auto r = readable("certificate", files.certificate_chain); !r) return r;
   if (auto r = readable("private key", files.private_key); !r) return r;
   bool was_asked = false;
   SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
   SSL_CTX_set_default_passwd_cb_userdata(ctx, &was_asked);
   ERR_clear_error();
   if (SSL_CTX_use_certificate_chain_file(ctx, files.certificate_chain.c_str()) != 1) {
      return bad_file("certificate", files.certificate_chain,
                      fmt::format("it is no usable PEM certificate chain ({})", last_reason()));
   }
   ERR_clear_error();
   if (SSL_CTX_use_PrivateKey_file(ctx, files.private_key.c_str(), SSL_FILETYPE_PEM) != 1) {
      if (was_asked) {
         return bad_file("private key", files.private_key,
                         "it is protected by a passphrase; store it without one, readable by the "
                         "server's user only");
      }
      if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH ||
          ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_TYPE_MISMATCH) {
         return bad_file("private key", files.private_key,
                         fmt::format("it does not belong to the first certificate of {}",
                                     files.certificate_chain));
      }
      return bad_file("private key", files.private_key,
                      fmt::format("it is no usable PEM private key ({})", last_reason()));
   }
   if (SSL_CTX_check_private_key(ctx) != 1) {
      return bad_file("private key", files.private_key,
                      fmt::format("it does not belong to the first certificate of {}",
                                  files.certificate_chain));
   }
   warn_about_dates(files.certificate_chain, SSL_CTX_get0_certificate(ctx));
   SSL_CTX_set_default_passwd_cb_userdata(ctx, nullptr);
   return {};
}

} // namespace

core::result<std::unique_ptr<tls_context>> tls_context::open(const tls_files& files) {
   ctx_ptr ctx(SSL_CTX_new(TLS_server_method()));
   bio_method_ptr method = new_socket_method();
   if (!ctx || !method) {
      return core::fail(core::errc::internal, "TLS cannot be set up: " + last_reason());
   }
   if (auto r = set_up(ctx.get()); !r) return std::unexpected(std::move(r.error()));
   if (auto r = load_files(ctx.get(), files); !r) return std::unexpected(std::move(r.error()));
   return std::make_unique<context>(std::move(ctx), std::move(method));
}

} // namespace fmcp::net
