#pragma once

/// For this room's sources only: owners of OpenSSL's objects, and a tidy error queue.

#include <memory>
#include <string_view>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

namespace fmcp::crypto {

template <auto Free>
struct freed_by {
   template <class T>
   void operator()(T* object) const noexcept {
      Free(object);
   }
};
using bignum = std::unique_ptr<BIGNUM, freed_by<BN_free>>;
using bignum_context = std::unique_ptr<BN_CTX, freed_by<BN_CTX_free>>;
using certificate = std::unique_ptr<X509, freed_by<X509_free>>;
using digest_context = std::unique_ptr<EVP_MD_CTX, freed_by<EVP_MD_CTX_free>>;
using param_builder = std::unique_ptr<OSSL_PARAM_BLD, freed_by<OSSL_PARAM_BLD_free>>;
using params = std::unique_ptr<OSSL_PARAM, freed_by<OSSL_PARAM_free>>;
using pkey = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using pkey_context = std::unique_ptr<EVP_PKEY_CTX, freed_by<EVP_PKEY_CTX_free>>;

inline const unsigned char* octets(std::string_view bytes) noexcept {
   return reinterpret_cast<const unsigned char*>(bytes.data());
}

/// Leaves this thread's error queue empty at the end of the scope. A refused key or signature is an
/// answer and not an error; what is left in the queue would be blamed on the next TLS connection of
/// the thread.
class tidy_error_queue {
public:
   tidy_error_queue() = default;
   tidy_error_queue(const tidy_error_queue&) = delete;
   tidy_error_queue& operator=(const tidy_error_queue&) = delete;
   ~tidy_error_queue() { ERR_clear_error(); }
};

} // namespace fmcp::crypto
