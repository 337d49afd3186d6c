// What OpenSSL 3.0 lets through and the host must not: one test or more per observation. Where a
// forgery can be made, the test makes it, and records whether the installed OpenSSL accepts it.

#include <algorithm>
#include <array>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "core/base64.hpp"
#include "crypto/public_key.hpp"
#include "crypto/signature.hpp"
#include "unit/crypto/interposed.hpp"
#include "support/signer.hpp"

namespace fmcp::crypto {
namespace {

using test::base64url;
using test::error_queue_is_empty;
using test::rsa_jwk;
using test::signer;
using testing::HasSubstr;

std::string why_not(const core::result<public_key>& key) {
   return key ? "it was accepted" : key.error().message;
}

std::string rsa_refusal(std::string_view n, std::string_view e) {
   auto why = why_not(public_key::from_jwk(rsa_jwk(n, e)));
   EXPECT_TRUE(error_queue_is_empty());
   return why;
}

const std::string& modulus() {
   static const std::string n = signer::of(key_type::rsa).number(OSSL_PKEY_PARAM_RSA_N);
   return n;
}

// --- "RSA with e=1 imports and verifies forged signatures; RSA-512 and RSA-1024 work" ---

/// With e = 1 the padded hash is its own signature.
std::string forgery_for_exponent_one(std::string_view message, std::size_t size) {
   std::array<unsigned char, 32> hash{};
   SHA256(reinterpret_cast<const unsigned char*>(message.data()), message.size(), hash.data());
   const unsigned char info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
   std::string out("\0\1", 2);
   out.append(size - 3 - sizeof info - hash.size(), '\xff');
   out += '\0';
   out.append(std::begin(info), std::end(info));
   out.append(hash.begin(), hash.end());
   return out;
}

bool openssl_verifies(EVP_PKEY* key, const EVP_MD* hash, std::string_view message,
                      std::string_view signature) {
   EVP_MD_CTX* c = EVP_MD_CTX_new();
   const bool good =
         EVP_DigestVerifyInit(c, nullptr, hash, nullptr, key) == 1 &&
         EVP_DigestVerify(c, reinterpret_cast<const unsigned char*>(signature.data()),
                          signature.size(), reinterpret_cast<const unsigned char*>(message.data()),
                          message.size()) == 1;
   EVP_MD_CTX_free(c);
   ERR_clear_error();
   return good;
}

EVP_PKEY* rsa_of_openssl(std::string_view n, unsigned e) {
   OSSL_PARAM_BLD* b = OSSL_PARAM_BLD_new();
   BIGNUM* modulus = BN_bin2bn(reinterpret_cast<const unsigned char*>(n.data()),
                               static_cast<int>(n.size()), nullptr);
   BIGNUM* exponent = BN_new();
   BN_set_word(exponent, e);
   OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, modulus);
   OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, exponent);
   OSSL_PARAM* list = OSSL_PARAM_BLD_to_param(b);
   EVP_PKEY_CTX* c = EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr);
   EVP_PKEY* key = nullptr;
   EVP_PKEY_fromdata_init(c);
   EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, list);
   EVP_PKEY_CTX_free(c);
   OSSL_PARAM_free(list);
   OSSL_PARAM_BLD_free(b);
   BN_free(modulus);
   BN_free(exponent);
   ERR_clear_error();
   return key;
}

std::string pem_of(EVP_PKEY* key) {
   unsigned char* der = nullptr;
   const int size = i2d_PUBKEY(key, &der);
   std::string text = "-----BEGIN PUBLIC KEY-----\n";
   core::append_base64(text, {reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
   OPENSSL_free(der);
   return text + "\n-----END PUBLIC KEY-----\n";
}

TEST(StackFactsOpenSsl, RsaExponentOneIsRefusedThoughItVerifiesForgeries) {
   const auto forgery = forgery_for_exponent_one("any message", modulus().size());
   EVP_PKEY* trap = rsa_of_openssl(modulus(), 1);
   ASSERT_NE(trap, nullptr);
   RecordProperty("openssl_accepts_the_forgery",
                  openssl_verifies(trap, EVP_sha256(), "any message", forgery));
   EXPECT_THAT(rsa_refusal(modulus(), "\1"), HasSubstr("exponent must be odd, at least 3"));
   EXPECT_THAT(why_not(public_key::from_pem(pem_of(trap))),
               HasSubstr("exponent must be odd, at least 3"));
   EVP_PKEY_free(trap);
   EXPECT_TRUE(error_queue_is_empty());
}

TEST(StackFactsOpenSsl, RsaExponentIsOddAndAtLeastThree) {
   using namespace std::string_literals;
   for (const auto& e : {"\2"s, "\1\0\0"s, "\xff\xfe"s, "\1\0\0\0\0\0\0\0\1"s})
      EXPECT_THAT(rsa_refusal(modulus(), e),
                  ::testing::AnyOf(HasSubstr("exponent"), HasSubstr("\"e\"")));
   EXPECT_THAT(rsa_refusal(modulus(), "\0"s), HasSubstr("\"e\" begins with zero bytes"));
   EXPECT_TRUE(public_key::from_jwk(signer::rsa(2048, 3).jwk()));
}

TEST(StackFactsOpenSsl, ShortRsaModuliAreRefused) {
   for (const unsigned bits : {512u, 1024u}) {
      const auto weak = signer::rsa(bits);
      EXPECT_THAT(why_not(public_key::from_jwk(weak.jwk())),
                  HasSubstr("has " + std::to_string(bits) + " bits"));
      EXPECT_THAT(why_not(public_key::from_pem(weak.pem())),
                  HasSubstr("has " + std::to_string(bits) + " bits"));
   }
   auto n = modulus();
   n.front() =
         static_cast<char>(n.front() & 0x7f); // the first bit is set in every RSA-2048 modulus
   n.front() = static_cast<char>(n.front() | 0x40);
   EXPECT_THAT(rsa_refusal(n, std::string("\1\0\1", 3)), HasSubstr("has 2047 bits"));
   EXPECT_TRUE(public_key::from_jwk(signer::of(key_type::rsa).jwk()));
}

TEST(StackFactsOpenSsl, RsaModuliThatOpenSslsPublicCheckFindsWantingAreRefused) {
   using namespace std::string_literals;
   const auto exponent = "\1\0\1"s;
   auto even = modulus();
   even.back() = static_cast<char>(even.back() & 0xfe);
   EXPECT_THAT(rsa_refusal(even, exponent), HasSubstr("check of public keys"));
   // A prime is the modulus of nobody's key, and everybody can take roots modulo a prime.
   BIGNUM* prime = BN_new();
   ASSERT_EQ(BN_generate_prime_ex(prime, 2048, 0, nullptr, nullptr, nullptr), 1);
   std::string n(256, '\0');
   BN_bn2bin(prime, reinterpret_cast<unsigned char*>(n.data()));
   BN_free(prime);
   EXPECT_THAT(rsa_refusal(n, exponent), HasSubstr("check of public keys"));
}

// --- "The EC point at infinity imports" ---

TEST(StackFactsOpenSsl, TheEcPointAtInfinityIsRefused) {
   // SubjectPublicKeyInfo of P-256 whose point is the single octet 0 (SEC 1 section 2.3.3).
   const unsigned char der[] = {0x30, 0x19, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x02, 0x00, 0x00};
   const unsigned char* at = der;
   EVP_PKEY* trap = d2i_PUBKEY(nullptr, &at, sizeof der);
   RecordProperty("openssl_imports_infinity", trap != nullptr);
   EVP_PKEY_free(trap);
   ERR_clear_error();
   std::string text = "-----BEGIN PUBLIC KEY-----\n";
   core::append_base64(text, {reinterpret_cast<const char*>(der), sizeof der});
   text += "\n-----END PUBLIC KEY-----\n";
   EXPECT_THAT(
         why_not(public_key::from_pem(text)),
         testing::AnyOf(HasSubstr("check of public keys"), HasSubstr("no SubjectPublicKeyInfo")));
   EXPECT_TRUE(error_queue_is_empty());
   const std::string zero = base64url(std::string(32, '\0'));
   EXPECT_THAT(why_not(public_key::from_jwk(R"({"kty":"EC","crv":"P-256","x":")" + zero +
                                            R"(","y":")" + zero + "\"}")),
               HasSubstr("no point of P-256"));
   EXPECT_TRUE(error_queue_is_empty());
}

TEST(StackFactsOpenSsl, EcPointsOffTheCurveAreRefused) {
   for (const auto type : {key_type::p256, key_type::p384, key_type::p521}) {
      const auto& s = signer::of(type);
      const auto x = s.number(OSSL_PKEY_PARAM_EC_PUB_X, (s.public_part().bits() + 7) / 8);
      auto y = s.number(OSSL_PKEY_PARAM_EC_PUB_Y, x.size());
      y.back() = static_cast<char>(y.back() ^ 1);
      const std::string crv = "P-" + std::to_string(s.public_part().bits());
      EXPECT_THAT(why_not(public_key::from_jwk(R"({"kty":"EC","crv":")" + crv + R"(","x":")" +
                                               base64url(x) + R"(","y":")" + base64url(y) + "\"}")),
                  HasSubstr("no point of " + crv));
      EXPECT_TRUE(error_queue_is_empty());
   }
}

// --- "Ed25519 low-order keys import and accept a constant signature for any message" ---

std::string hex_bytes(std::string_view hex) {
   std::string out;
   for (std::size_t i = 0; i < hex.size(); i += 2)
      out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
   return out;
}

std::string okp(const char* crv, std::string_view x) {
   return R"({"kty":"OKP","crv":")" + std::string(crv) + R"(","x":")" + base64url(x) + "\"}";
}

struct bad_point {
   const char* why;
   const char* hex;
   const char* refusal;
};
class LowOrder : public testing::TestWithParam<bad_point> {};

TEST_P(LowOrder, Ed25519KeyIsRefused) {
   const auto x = hex_bytes(GetParam().hex);
   // R is the neutral element and S is 0: S B = R + h A holds when h A is neutral too.
   std::string constant(64, '\0');
   constant.front() = 1;
   EVP_PKEY* trap = EVP_PKEY_new_raw_public_key(
         EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(x.data()), x.size());
   int accepted = 0;
   for (int i = 0; i < 32 && trap != nullptr; ++i)
      accepted += openssl_verifies(trap, nullptr, "message " + std::to_string(i), constant) ? 1 : 0;
   RecordProperty("openssl_accepts_of_32", accepted);
   EVP_PKEY_free(trap);
   ERR_clear_error();
   EXPECT_THAT(why_not(public_key::from_jwk(okp("Ed25519", x))), HasSubstr(GetParam().refusal));
   EXPECT_TRUE(error_queue_is_empty());
}

INSTANTIATE_TEST_SUITE_P(
      StackFactsOpenSsl, LowOrder,
      testing::Values(bad_point{"Neutral",
                                "0100000000000000000000000000000000000000000000000000000000000000",
                                "low order"},
                      bad_point{"NeutralWithSign",
                                "0100000000000000000000000000000000000000000000000000000000000080",
                                "low order"},
                      bad_point{"OrderTwo",
                                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                "low order"},
                      bad_point{"OrderTwoWithSign",
                                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                                "low order"},
                      bad_point{"OrderFour",
                                "0000000000000000000000000000000000000000000000000000000000000000",
                                "low order"},
                      bad_point{"OrderFourNegative",
                                "0000000000000000000000000000000000000000000000000000000000000080",
                                "low order"},
                      bad_point{"OrderEightA",
                                "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                                "low order"},
                      bad_point{"OrderEightANegative",
                                "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
                                "low order"},
                      bad_point{"OrderEightB",
                                "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                                "low order"},
                      bad_point{"OrderEightBNegative",
                                "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
                                "low order"},
                      bad_point{"ZeroNotReduced",
                                "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                "not reduced"},
                      bad_point{"OneNotReduced",
                                "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                "not reduced"},
                      bad_point{"OneNotReducedWithSign",
                                "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                                "not reduced"},
                      bad_point{"NoPoint",
                                "0200000000000000000000000000000000000000000000000000000000000000",
                                "no point"}),
      [](const auto& row) { return std::string(row.param.why); });

TEST(StackFactsOpenSsl, Ed448KeysOfLowOrderAreRefused) {
   std::string neutral(57, '\0');
   neutral.front() = 1;
   const std::string order_four(57, '\0');
   // p - 1, whose digits are ff but for the bit 2^224 and the last one
   std::string order_two(56, '\xff');
   order_two[0] = '\xfe';
   order_two[28] = '\xfe';
   order_two += '\0';
   for (auto x : {neutral, order_four, order_two}) {
      EXPECT_THAT(why_not(public_key::from_jwk(okp("Ed448", x))), HasSubstr("low order"));
      x.back() = '\x80';
      EXPECT_THAT(why_not(public_key::from_jwk(okp("Ed448", x))), HasSubstr("low order"));
      x.back() = '\x01';
      EXPECT_THAT(why_not(public_key::from_jwk(okp("Ed448", x))), HasSubstr("not reduced"));
   }
   EXPECT_TRUE(error_queue_is_empty());
}

TEST(StackFactsOpenSsl, OrdinaryEdwardsKeysPassTheCheckOfTheirPoint) {
   for (int i = 0; i < 50; ++i) {
      EXPECT_TRUE(public_key::from_jwk(signer::edwards("ED25519").jwk()));
      EXPECT_TRUE(public_key::from_jwk(signer::edwards("ED448").jwk()));
   }
}

// --- "EVP_DigestVerify returns -1 on malformed signatures: true in an `if`" ---

TEST(StackFactsOpenSsl, OnlyTheAnswerOneIsAYes) {
   const auto& s = signer::of(key_type::p256);
   const auto key = s.public_part();
   const auto good = s.sign(algorithm::es256, "message");
   for (const int answer : {-2, -1, 0, 1, 2}) {
      const test::openssl_answers forced(answer);
      EXPECT_EQ(verify(key, algorithm::es256, "message", good), answer == 1) << answer;
      EXPECT_EQ(public_key::from_jwk(s.jwk()).has_value(), answer == 1) << answer;
   }
   EXPECT_TRUE(verify(key, algorithm::es256, "message", good));
}

// A signature is as long as the modulus (RFC 8017 sections 8.1.2 and 8.2.2, step 1). One that
// begins with a zero byte is the same number without it, and would have two spellings.
TEST(StackFactsOpenSsl, RsaSignaturesKeepTheirLeadingZeros) {
   const auto& s = signer::of(key_type::rsa);
   const auto key = s.public_part();
   for (const auto a : {algorithm::rs256, algorithm::ps256}) {
      bool seen = false;
      for (int i = 0; i < 10'000 && !seen; ++i) {
         const auto message = std::to_string(i);
         const auto signature = s.sign(a, message);
         if (signature.front() != 0) continue;
         seen = true;
         EXPECT_TRUE(verify(key, a, message, signature)) << name_of(a);
         EXPECT_FALSE(verify(key, a, message, signature.substr(1))) << name_of(a);
         EXPECT_FALSE(verify(key, a, message, '\0' + signature)) << name_of(a);
      }
      EXPECT_TRUE(seen) << name_of(a);
   }
   EXPECT_TRUE(error_queue_is_empty());
}

TEST(StackFactsOpenSsl, MalformedSignaturesAreNoGoodSignatures) {
   struct row {
      key_type type;
      algorithm a;
   };
   for (const auto& [type, a] :
        {row{key_type::rsa, algorithm::rs256}, row{key_type::rsa, algorithm::ps256},
         row{key_type::p256, algorithm::es256}, row{key_type::p521, algorithm::es512},
         row{key_type::ed25519, algorithm::eddsa}, row{key_type::ed448, algorithm::eddsa}}) {
      const auto& s = signer::of(type);
      const auto key = s.public_part();
      const auto good = s.sign(a, "message");
      ASSERT_TRUE(verify(key, a, "message", good));
      for (const char fill : {'\0', '\1', '\x7f', '\xff'}) {
         for (const std::size_t size :
              {std::size_t{0}, std::size_t{1}, good.size() - 1, good.size(), good.size() + 1})
            EXPECT_FALSE(verify(key, a, "message", std::string(size, fill)))
                  << name_of(a) << " " << size << " bytes of " << int{fill};
      }
      for (const auto& near :
           {good.substr(1), good.substr(0, good.size() - 1), '\0' + good, good + '\0', good + good})
         EXPECT_FALSE(verify(key, a, "message", near)) << name_of(a) << " " << near.size();
      EXPECT_TRUE(error_queue_is_empty());
   }
}

// --- "JWS ECDSA signatures are raw r and s: convert to DER after checking the exact length" ---

TEST(StackFactsOpenSsl, EcdsaSignaturesWithLeadingZerosAndSetTopBitsVerify) {
   const auto& s = signer::of(key_type::p256);
   const auto key = s.public_part();
   bool zero_in_front = false;
   bool top_bit = false;
   for (int i = 0; i < 20'000 && !(zero_in_front && top_bit); ++i) {
      const auto message = std::to_string(i);
      const auto raw = s.sign(algorithm::es256, message);
      ASSERT_TRUE(verify(key, algorithm::es256, message, raw)) << base64url(raw);
      zero_in_front = zero_in_front || raw[0] == 0 || raw[32] == 0;
      top_bit = top_bit || ((raw[0] | raw[32]) & 0x80) != 0;
   }
   EXPECT_TRUE(zero_in_front && top_bit);
}

TEST(StackFactsOpenSsl, EcdsaSignaturesInDerAreNoJwsSignatures) {
   const auto& s = signer::of(key_type::p256);
   EVP_MD_CTX* c = EVP_MD_CTX_new();
   std::size_t size = 0;
   const auto* data = reinterpret_cast<const unsigned char*>("message");
   ASSERT_EQ(EVP_DigestSignInit(c, nullptr, EVP_sha256(), nullptr, s.get()), 1);
   ASSERT_EQ(EVP_DigestSign(c, nullptr, &size, data, 7), 1);
   std::string der(size, '\0');
   ASSERT_EQ(EVP_DigestSign(c, reinterpret_cast<unsigned char*>(der.data()), &size, data, 7), 1);
   der.resize(size);
   EVP_MD_CTX_free(c);
   EXPECT_TRUE(openssl_verifies(s.get(), EVP_sha256(), "message", der));
   EXPECT_FALSE(verify(s.public_part(), algorithm::es256, "message", der));
}

TEST(StackFactsOpenSsl, EcdsaNumbersAreBetweenOneAndTheOrder) {
   for (const auto type : {key_type::p256, key_type::p384, key_type::p521}) {
      const auto& s = signer::of(type);
      const auto key = s.public_part();
      const auto a = type == key_type::p256   ? algorithm::es256
                     : type == key_type::p384 ? algorithm::es384
                                              : algorithm::es512;
      const auto good = s.sign(a, "message");
      const auto half = good.size() / 2;
      ASSERT_TRUE(verify(key, a, "message", good));
      const std::string zero(half, '\0');
      const auto order = s.number(OSSL_PKEY_PARAM_EC_ORDER, half);
      for (const auto& bad : {zero, order, std::string(half, '\xff')}) {
         EXPECT_FALSE(verify(key, a, "message", bad + good.substr(half)));
         EXPECT_FALSE(verify(key, a, "message", good.substr(0, half) + bad));
         EXPECT_FALSE(verify(key, a, "message", bad + bad));
      }
      EXPECT_TRUE(error_queue_is_empty());
   }
}

} // namespace
} // namespace fmcp::crypto
