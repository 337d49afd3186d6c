#pragma once

/// The certificates that outbound TLS believes: the system's roots, and a file of the operator's.
///
/// The system's come from where OpenSSL looks (`SSL_CERT_FILE`, `SSL_CERT_DIR`, its built-in
/// places). A directory with hashed names is preferred to the one big file: of it only the roots
/// that are met are read, and not 140 of them for the one that is needed.

#include <memory>
#include <string>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "core/result.hpp"

namespace fmcp::net {

/// Thread safety: made and used by one thread at a time.
class trust_store {
public:
   /// Reads `ca_file` (PEM; empty: none). Errors: io, invalid; the message names the file.
   [[nodiscard]] static core::result<trust_store> open(const std::string& ca_file);

   /// Makes `context` believe these and no others. Adds the system's roots on the first call.
   /// False: memory is short.
   [[nodiscard]] bool apply_to(SSL_CTX* context);

private:
   struct free_store {
      void operator()(X509_STORE* s) const noexcept { X509_STORE_free(s); }
   };
   [[nodiscard]] bool add_system_roots();

   std::unique_ptr<X509_STORE, free_store> store_; // null until it is needed
   bool has_system_roots_ = false;
};

} // namespace fmcp::net
