#include "unit/crypto/interposed.hpp"

#include <cstddef>

#include <dlfcn.h>
#include <openssl/evp.h>

namespace fmcp::test {

thread_local std::optional<int> openssl_answers::forced_;

namespace {

template <class Function>
Function* behind(const char* name) {
   return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

} // namespace
} // namespace fmcp::test

extern "C" {

int EVP_DigestVerify(EVP_MD_CTX* context, const unsigned char* signature,
                     std::size_t signature_size, const unsigned char* bytes, std::size_t size) {
   static auto* const real = fmcp::test::behind<decltype(EVP_DigestVerify)>("EVP_DigestVerify");
   if (const auto answer = fmcp::test::openssl_answers::forced()) return *answer;
   return real(context, signature, signature_size, bytes, size);
}

int EVP_PKEY_public_check(EVP_PKEY_CTX* context) {
   static auto* const real =
         fmcp::test::behind<decltype(EVP_PKEY_public_check)>("EVP_PKEY_public_check");
   if (const auto answer = fmcp::test::openssl_answers::forced()) return *answer;
   return real(context);
}
}
