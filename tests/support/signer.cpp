#include "support/signer.hpp"

#include <cstdio>
#include <cstdlib>
#include <vector>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "core/base64.hpp"

namespace fmcp::test {
namespace {

void must(bool holds, const char* what) {
   if (holds) return;
   std::fprintf(stderr, "the test's own signer: %s\n", what);
   ERR_print_errors_fp(stderr);
   std::abort();
}

template <class Write>
std::string written(Write write) {
   BIO* out = BIO_new(BIO_s_mem());
   must(write(out) == 1, "writing PEM");
   char* data = nullptr;
   const auto size = BIO_get_mem_data(out, &data);
   std::string text(data, static_cast<std::size_t>(size));
   BIO_free(out);
   return text;
}

const EVP_MD* hash_of(crypto::algorithm a) {
   switch (crypto::hash_size(a)) {
   case 32: return EVP_sha256();
   case 48: return EVP_sha384();
   case 64: return EVP_sha512();
   default: return nullptr;
   }
}

std::string raw_of(const std::string& der, std::size_t half) {
   const auto* at = reinterpret_cast<const unsigned char*>(der.data());
   ECDSA_SIG* s = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
   must(s != nullptr, "reading a DER signature");
   std::vector<unsigned char> raw(2 * half);
   const auto size = static_cast<int>(half);
   must(BN_bn2binpad(ECDSA_SIG_get0_r(s), raw.data(), size) == size &&
              BN_bn2binpad(ECDSA_SIG_get0_s(s), raw.data() + half, size) == size,
        "r and s");
   ECDSA_SIG_free(s);
   return {raw.begin(), raw.end()};
}

} // namespace

std::string base64url(std::string_view bytes) {
   std::string out;
   core::append_base64url(out, bytes);
   return out;
}

std::string unbase64url(std::string_view text) {
   auto bytes = core::decode_base64url(text);
   must(bytes.has_value(), "base64url");
   return *bytes;
}

signer signer::rsa(unsigned bits, unsigned exponent, const char* type) {
   EVP_PKEY_CTX* c = EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr);
   EVP_PKEY* key = nullptr;
   must(EVP_PKEY_keygen_init(c) == 1 &&
              EVP_PKEY_CTX_set_rsa_keygen_bits(c, static_cast<int>(bits)) == 1,
        "RSA");
   BIGNUM* e = BN_new();
   if (exponent != 0) {
      must(BN_set_word(e, exponent) == 1 && EVP_PKEY_CTX_set1_rsa_keygen_pubexp(c, e) == 1, "e");
   }
   must(EVP_PKEY_generate(c, &key) == 1, "an RSA key");
   BN_free(e);
   EVP_PKEY_CTX_free(c);
   return signer(key);
}

signer signer::ec(const char* group) {
   EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", group);
   must(key != nullptr, "an EC key");
   return signer(key);
}

signer signer::edwards(const char* name) {
   EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, name);
   must(key != nullptr, "an Edwards key");
   return signer(key);
}

const signer& signer::of(crypto::key_type type) {
   static const signer keys[] = {rsa(2048),   ec("P-256"),        ec("P-384"),
                                 ec("P-521"), edwards("ED25519"), edwards("ED448")};
   return keys[static_cast<std::size_t>(type)];
}

std::string signer::sign(crypto::algorithm a, std::string_view bytes) const {
   EVP_MD_CTX* c = EVP_MD_CTX_new();
   EVP_PKEY_CTX* p = nullptr;
   must(EVP_DigestSignInit(c, &p, hash_of(a), nullptr, key_.get()) == 1, "signing");
   using enum crypto::algorithm;
   if (a == ps256 || a == ps384 || a == ps512) {
      must(EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING) == 1 &&
                 EVP_PKEY_CTX_set_rsa_pss_saltlen(p, RSA_PSS_SALTLEN_DIGEST) == 1,
           "PSS");
   }
   const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
   std::size_t size = 0;
   must(EVP_DigestSign(c, nullptr, &size, data, bytes.size()) == 1, "the signature's size");
   std::string out(size, '\0');
   must(EVP_DigestSign(c, reinterpret_cast<unsigned char*>(out.data()), &size, data,
                       bytes.size()) == 1,
        "the signature");
   out.resize(size);
   EVP_MD_CTX_free(c);
   if (EVP_PKEY_is_a(key_.get(), "EC") != 1) return out;
   return raw_of(out, (static_cast<std::size_t>(EVP_PKEY_get_bits(key_.get())) + 7) / 8);
}

std::string signer::token(crypto::algorithm a, std::string_view header,
                          std::string_view payload) const {
   const std::string bytes = base64url(header) + "." + base64url(payload);
   return bytes + "." + base64url(sign(a, bytes));
}

std::string signer::number(const char* name, std::size_t size) const {
   BIGNUM* n = nullptr;
   must(EVP_PKEY_get_bn_param(key_.get(), name, &n) == 1, name);
   if (size == 0) size = static_cast<std::size_t>(BN_num_bytes(n));
   std::string out(size, '\0');
   must(BN_bn2binpad(n, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(size)) ==
              static_cast<int>(size),
        name);
   BN_free(n);
   return out;
}

std::string rsa_jwk(std::string_view n, std::string_view e) {
   return R"({"kty":"RSA","n":")" + base64url(n) + R"(","e":")" + base64url(e) + "\"}";
}

std::string signer::jwk(std::string_view more) const {
   std::string out;
   if (EVP_PKEY_is_a(key_.get(), "RSA") == 1) {
      out = rsa_jwk(number(OSSL_PKEY_PARAM_RSA_N), number(OSSL_PKEY_PARAM_RSA_E));
   } else if (EVP_PKEY_is_a(key_.get(), "EC") == 1) {
      const auto bits = static_cast<std::size_t>(EVP_PKEY_get_bits(key_.get()));
      out = R"({"kty":"EC","crv":"P-)" + std::to_string(bits) + R"(","x":")" +
            base64url(number(OSSL_PKEY_PARAM_EC_PUB_X, (bits + 7) / 8)) + R"(","y":")" +
            base64url(number(OSSL_PKEY_PARAM_EC_PUB_Y, (bits + 7) / 8)) + "\"}";
   } else {
      unsigned char raw[64];
      std::size_t size = sizeof raw;
      must(EVP_PKEY_get_raw_public_key(key_.get(), raw, &size) == 1, "a raw key");
      out = std::string(R"({"kty":"OKP","crv":")") +
            (EVP_PKEY_is_a(key_.get(), "ED448") == 1 ? "Ed448" : "Ed25519") + R"(","x":")" +
            base64url({reinterpret_cast<const char*>(raw), size}) + "\"}";
   }
   if (!more.empty()) out.insert(out.size() - 1, "," + std::string(more));
   return out;
}

std::string signer::pem() const {
   return written([&](BIO* out) { return PEM_write_bio_PUBKEY(out, key_.get()); });
}

std::string signer::private_pem() const {
   return written([&](BIO* out) {
      return PEM_write_bio_PrivateKey(out, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
   });
}

std::string signer::certificate_pem() const {
   X509* x = X509_new();
   must(X509_gmtime_adj(X509_getm_notBefore(x), 0) != nullptr &&
              X509_gmtime_adj(X509_getm_notAfter(x), 3600) != nullptr &&
              X509_set_pubkey(x, key_.get()) == 1 &&
              X509_sign(x, key_.get(),
                        EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_ED25519 ? nullptr
                                                                             : EVP_sha256()) > 0,
        "a certificate");
   auto out = written([&](BIO* bio) { return PEM_write_bio_X509(bio, x); });
   X509_free(x);
   return out;
}

crypto::public_key signer::public_part() const {
   auto key = crypto::public_key::from_jwk(jwk());
   must(key.has_value(), key ? "" : key.error().message.c_str());
   return *key;
}

bool error_queue_is_empty() {
   const bool empty = ERR_peek_error() == 0;
   ERR_clear_error();
   return empty;
}

} // namespace fmcp::test
