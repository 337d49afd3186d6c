#pragma once

/// The other side: private keys that sign, made by OpenSSL, and the documents of their public
/// parts.

#include <memory>
#include <string>
#include <string_view>

#include <openssl/evp.h>

#include "crypto/algorithm.hpp"
#include "crypto/public_key.hpp"

namespace fmcp::test {

std::string base64url(std::string_view bytes);
/// Text that only a test writes: ends the test program when it is no base64url.
std::string unbase64url(std::string_view text);

class signer {
public:
   /// `exponent` 0: OpenSSL's own. `type` may be "RSA-PSS", a key that says so in PEM.
   static signer rsa(unsigned bits, unsigned exponent = 0, const char* type = "RSA");
   static signer ec(const char* group);
   static signer edwards(const char* name);
   /// One key per type, made once for all tests.
   static const signer& of(crypto::key_type type);

   /// As JWS wants it: ECDSA as r and s.
   [[nodiscard]] std::string sign(crypto::algorithm a, std::string_view bytes) const;
   /// The whole token.
   [[nodiscard]] std::string token(crypto::algorithm a, std::string_view header,
                                   std::string_view payload) const;
   /// A JSON object; `more` are further members, e.g. `"kid":"a"`.
   [[nodiscard]] std::string jwk(std::string_view more = "") const;
   [[nodiscard]] std::string pem() const;
   [[nodiscard]] std::string private_pem() const;
   [[nodiscard]] std::string certificate_pem() const;
   [[nodiscard]] crypto::public_key public_part() const;
   /// A number of the public part, big-endian, of `size` bytes or as long as it is.
   [[nodiscard]] std::string number(const char* name, std::size_t size = 0) const;
   [[nodiscard]] EVP_PKEY* get() const { return key_.get(); }

private:
   explicit signer(EVP_PKEY* key) : key_(key, EVP_PKEY_free) {}
   std::shared_ptr<EVP_PKEY> key_;
};

/// `{"kty":"RSA",...}` of any two numbers.
std::string rsa_jwk(std::string_view n, std::string_view e);

/// Whether this thread's OpenSSL error queue is empty; empties it.
bool error_queue_is_empty();

} // namespace fmcp::test
