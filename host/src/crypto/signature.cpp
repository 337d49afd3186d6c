#include "crypto/signature.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include "crypto/key_checks.hpp"

namespace fmcp::crypto {
namespace {

/// Looked up once and kept to the end of the process; null when OpenSSL has none.
const EVP_MD* hash_of(algorithm a) noexcept {
   switch (hash_size(a)) {
   case 32: {
      static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
      return sha256;
   }
   case 48: {
      static const EVP_MD* const sha384 = EVP_MD_fetch(nullptr, "SHA384", nullptr);
      return sha384;
   }
   case 64: {
      static const EVP_MD* const sha512 = EVP_MD_fetch(nullptr, "SHA512", nullptr);
      return sha512;
   }
   default: return nullptr;
   }
}

/// The longest is that of P-521: a sequence of two integers of up to 67 bytes each.
struct der_signature {
   std::array<unsigned char, 160> bytes;
   std::size_t size = 0;
   void put(unsigned char b) noexcept { bytes[size++] = b; }
};

/// X.690 section 8.3: no superfluous zeros in front, but one when the first bit is set.
void put_integer(der_signature& out, std::string_view big_endian) noexcept {
   while (big_endian.size() > 1 && big_endian.front() == 0) big_endian.remove_prefix(1);
   const bool pad = (static_cast<unsigned char>(big_endian.front()) & 0x80) != 0;
   out.put(0x02);
   out.put(static_cast<unsigned char>(big_endian.size() + (pad ? 1 : 0)));
   if (pad) out.put(0);
   for (const char c : big_endian) out.put(static_cast<unsigned char>(c));
}

/// RFC 7518 section 3.4: r and s, each as long as the order. Whether both are in [1, n-1] is
/// checked here, so that it does not depend on OpenSSL.
bool to_der(const public_key::state& key, std::string_view raw, der_signature& out) noexcept {
   const std::size_t half = key.signature_size / 2;
   der_signature integers;
   for (const auto number : {raw.substr(0, half), raw.substr(half)}) {
      if (std::ranges::all_of(number, [](char c) { return c == 0; })) return false;
      if (std::memcmp(number.data(), key.order.data(), half) >= 0) return false;
      put_integer(integers, number);
   }
   out.put(0x30);
   if (integers.size >= 0x80) out.put(0x81); // the length is in the next byte
   out.put(static_cast<unsigned char>(integers.size));
   std::memcpy(out.bytes.data() + out.size, integers.bytes.data(), integers.size);
   out.size += integers.size;
   return true;
}

bool is_pss(algorithm a) noexcept {
   return a == algorithm::ps256 || a == algorithm::ps384 || a == algorithm::ps512;
}

/// RFC 7518 section 3.5: the salt is as long as the hash, and MGF1 uses the same hash, which is
/// OpenSSL's default.
bool set_padding(EVP_PKEY_CTX* context, algorithm a) noexcept {
   if (!is_pss(a)) return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
   return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
          EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

bool check(EVP_MD_CTX* context, const public_key::state& key, algorithm a, std::string_view bytes,
           std::string_view signature) noexcept {
   const auto* hash = hash_of(a);
   if (hash_size(a) != 0 && hash == nullptr) return false;
   EVP_PKEY_CTX* parameters = nullptr; // owned by `context`
   if (EVP_DigestVerifyInit(context, &parameters, hash, nullptr, key.key.get()) != 1) return false;
   if (key.type == key_type::rsa && !set_padding(parameters, a)) return false;
   der_signature der;
   if (hash_size(a) != 0 && key.type != key_type::rsa) {
      if (!to_der(key, signature, der)) return false;
      signature = {reinterpret_cast<const char*>(der.bytes.data()), der.size};
   }
   // -1 for what is malformed is true in an `if`.
   return EVP_DigestVerify(context, octets(signature), signature.size(), octets(bytes),
                           bytes.size()) == 1;
}

} // namespace

bool verify(const public_key& key, algorithm a, std::string_view signed_bytes,
            std::string_view signature) noexcept {
   // Exactly the key's length (RFC 8017 sections 8.1.2 and 8.2.2, step 1; RFC 7518 section 3.4),
   // whose halves to_der() takes, and so that one signature has one spelling whatever OpenSSL makes
   // of zeros in front.
   if (!key.fits(a) || signature.size() != key.inside().signature_size) return false;
   const tidy_error_queue tidy;
   thread_local const digest_context context(EVP_MD_CTX_new());
   if (!context) return false;
   const bool good = check(context.get(), key.inside(), a, signed_bytes, signature);
   EVP_MD_CTX_reset(context.get()); // lets go of the key
   return good;
}

bool verify(const shared_secret& secret, algorithm a, std::string_view signed_bytes,
            std::string_view signature) noexcept {
   if (!secret.fits(a) || signature.size() != hash_size(a)) return false;
   const tidy_error_queue tidy;
   const auto* hash = hash_of(a);
   std::array<unsigned char, 64> code{};
   unsigned size = 0;
   const auto key = secret.bytes();
   if (hash == nullptr || HMAC(hash, key.data(), static_cast<int>(key.size()), octets(signed_bytes),
                               signed_bytes.size(), code.data(), &size) == nullptr)
      return false;
   return size == signature.size() && CRYPTO_memcmp(code.data(), signature.data(), size) == 0;
}

} // namespace fmcp::crypto
