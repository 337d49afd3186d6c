#pragma once

/// Keys and certificates made at test time.

#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace fmcp::test {

template <auto Free>
struct freed_by {
   template <class T>
   void operator()(T* p) const {
      Free(p);
   }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;

inline key_ptr new_key() {
   return key_ptr(EVP_EC_gen("P-256"));
}

template <class Write>
std::string pem(Write write) {
   const std::unique_ptr<BIO, freed_by<BIO_free>> b(BIO_new(BIO_s_mem()));
   EXPECT_EQ(write(b.get()), 1);
   char* text = nullptr;
   const long n = BIO_get_mem_data(b.get(), &text);
   return {text, static_cast<std::size_t>(n)};
}

inline std::string key_pem(EVP_PKEY* key, const char* passphrase = nullptr) {
   return pem([&](BIO* b) {
      return PEM_write_bio_PrivateKey(b, key, passphrase == nullptr ? nullptr : EVP_aes_128_cbc(),
                                      nullptr, 0, nullptr, const_cast<char*>(passphrase));
   });
}

/// What a self-signed certificate says. Dates are seconds from now.
struct certificate {
   long from = -3600, to = 3600;
   const char* names = nullptr; ///< of the subject, like `DNS:localhost,IP:127.0.0.1`
};

inline std::string certificate_pem(EVP_PKEY* key, const certificate& says = {}) {
   const std::unique_ptr<X509, freed_by<X509_free>> x(X509_new());
   X509_set_version(x.get(), 2);
   ASN1_INTEGER_set(X509_get_serialNumber(x.get()), 1);
   X509_gmtime_adj(X509_getm_notBefore(x.get()), says.from);
   X509_gmtime_adj(X509_getm_notAfter(x.get()), says.to);
   X509_set_pubkey(x.get(), key);
   X509_NAME* name = X509_get_subject_name(x.get());
   X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                              reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
   X509_set_issuer_name(x.get(), name);
   if (says.names != nullptr) {
      const std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>> e(
            X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, says.names));
      EXPECT_EQ(X509_add_ext(x.get(), e.get(), -1), 1);
   }
   X509_sign(x.get(), key, EVP_sha256());
   return pem([&](BIO* b) { return PEM_write_bio_X509(b, x.get()); });
}

} // namespace fmcp::test
