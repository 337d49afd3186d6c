#include "crypto/public_key.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>

#include "crypto/shared_secret.hpp"
#include "crypto/signature.hpp"
#include "support/signer.hpp"
#include "json/document.hpp"

namespace fmcp::crypto {
namespace {

using test::base64url;
using test::error_queue_is_empty;
using test::signer;
using testing::HasSubstr;

constexpr key_type all_types[] = {key_type::rsa,  key_type::p256,    key_type::p384,
                                  key_type::p521, key_type::ed25519, key_type::ed448};

std::string refusal(std::string_view jwk) {
   const auto key = public_key::from_jwk(jwk);
   EXPECT_TRUE(error_queue_is_empty());
   return key ? "it was accepted" : key.error().message;
}

std::string pem_refusal(std::string_view pem) {
   const auto key = public_key::from_pem(pem);
   EXPECT_TRUE(error_queue_is_empty());
   return key ? "it was accepted" : key.error().message;
}

std::string ec256(std::string_view x, std::string_view y) {
   return R"({"kty":"EC","crv":"P-256","x":")" + std::string(x) + R"(","y":")" + std::string(y) +
          "\"}";
}

TEST(PublicKey, ComesFromAJwkOfEveryType) {
   for (const auto type : all_types) {
      const auto key = public_key::from_jwk(
            signer::of(type).jwk(R"("kid":"a","use":"sig","key_ops":["verify"],"x-other":{})"));
      ASSERT_TRUE(key) << name_of(type) << ": " << key.error().message;
      EXPECT_EQ(key->type(), type);
      EXPECT_EQ(key->id(), "a");
      EXPECT_EQ(key->bound_to(), std::nullopt);
   }
   EXPECT_TRUE(error_queue_is_empty());
}

TEST(PublicKey, ComesFromPemAndIsTheSameAsFromJwk) {
   for (const auto type : all_types) {
      const auto& s = signer::of(type);
      const auto key = public_key::from_pem("some text before\n" + s.pem() + "\nand after");
      ASSERT_TRUE(key) << name_of(type) << ": " << key.error().message;
      EXPECT_EQ(key->type(), type);
      EXPECT_EQ(key->id(), std::nullopt);
      EXPECT_TRUE(key->same_material(s.public_part()));
   }
   EXPECT_FALSE(
         signer::of(key_type::p256).public_part().same_material(signer::ec("P-256").public_part()));
   EXPECT_FALSE(signer::of(key_type::p256)
                      .public_part()
                      .same_material(signer::of(key_type::p384).public_part()));
   EXPECT_TRUE(error_queue_is_empty());
}

TEST(PublicKey, ComesFromACertificate) {
   for (const auto type : {key_type::rsa, key_type::p256, key_type::ed25519}) {
      const auto& s = signer::of(type);
      const auto key = public_key::from_pem(s.certificate_pem());
      ASSERT_TRUE(key) << key.error().message;
      EXPECT_TRUE(key->same_material(s.public_part()));
   }
   EXPECT_THAT(pem_refusal(signer::rsa(1024).certificate_pem()), HasSubstr("1024 bits"));
}

TEST(PublicKey, PemOfOtherThingsSaysWhatItIs) {
   const auto& s = signer::of(key_type::p256);
   EXPECT_THAT(pem_refusal(""), HasSubstr("no PEM block"));
   EXPECT_THAT(pem_refusal(s.private_pem()), HasSubstr("is a private key"));
   EXPECT_THAT(pem_refusal(s.pem() + s.pem()), HasSubstr("more than one PEM block"));
   EXPECT_THAT(pem_refusal("-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----"),
               HasSubstr("labelled \"RSA PUBLIC KEY\""));
   EXPECT_THAT(pem_refusal("-----BEGIN PUBLIC KEY-----\nAA=A\n-----END PUBLIC KEY-----"),
               HasSubstr("not base64"));
   EXPECT_THAT(pem_refusal("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"),
               HasSubstr("no SubjectPublicKeyInfo"));
   EXPECT_THAT(pem_refusal("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"),
               HasSubstr("no X.509 certificate"));
   EXPECT_THAT(pem_refusal("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----"),
               HasSubstr("not base64"));
   EXPECT_THAT(pem_refusal("-----BEGIN PUBLIC KEY-----\nAAAA"), HasSubstr("no last line"));
   EXPECT_THAT(pem_refusal("-----BEGIN PUBLIC"), HasSubstr("cut off"));
   EXPECT_THAT(pem_refusal("-----BEGIN \n-----"), HasSubstr("cut off"));
   EXPECT_THAT(pem_refusal(std::string(max_pem_bytes + 1, ' ')), HasSubstr("longer than"));
}

TEST(PublicKey, PemWithBytesBehindTheKeyIsRefused) {
   auto pem = signer::of(key_type::rsa).pem(); // of 294 bytes, so that 4 digits are 3 more
   const auto end = pem.find("\n-----END");
   ASSERT_NE(pem[end - 1], '=');
   pem.insert(end, "AAAA");
   EXPECT_THAT(pem_refusal(pem), HasSubstr("no SubjectPublicKeyInfo"));
}

TEST(PublicKey, OtherKindsOfKeysAreRefusedFromPem) {
   EXPECT_THAT(pem_refusal(signer::edwards("X25519").pem()), HasSubstr("none of the kinds"));
   EXPECT_THAT(pem_refusal(signer::rsa(2048, 0, "RSA-PSS").pem()), HasSubstr("none of the kinds"));
   EXPECT_THAT(pem_refusal(signer::ec("secp256k1").pem()), HasSubstr("none of P-256"));
   EXPECT_THAT(pem_refusal(signer::ec("P-224").pem()), HasSubstr("none of P-256"));
   // Explicit parameters, though they are those of P-256.
   const auto spelled = signer::ec("P-256");
   ASSERT_EQ(EVP_PKEY_set_utf8_string_param(spelled.get(), OSSL_PKEY_PARAM_EC_ENCODING, "explicit"),
             1);
   EXPECT_THAT(pem_refusal(spelled.pem()), HasSubstr("spells its curve out"));
}

TEST(PublicKey, UnknownTypesAndCurvesAreRefusedInWords) {
   EXPECT_THAT(refusal("[]"), HasSubstr("a key is a JSON object"));
   EXPECT_THAT(refusal("{}"), HasSubstr("\"kty\" is missing"));
   EXPECT_THAT(refusal(R"({"kty":1})"), HasSubstr("\"kty\" is missing or no string"));
   EXPECT_THAT(refusal(R"({"kty":"rsa"})"), HasSubstr("\"rsa\" and not one of RSA, EC, OKP"));
   EXPECT_THAT(refusal(R"({"kty":"AKP"})"), HasSubstr("\"AKP\" and not one of RSA, EC, OKP"));
   EXPECT_THAT(refusal(R"({"kty":"a\u001bb\nc"})"), HasSubstr(R"("a\x1bb\nc")"));
   EXPECT_THAT(refusal(R"({"kty":")" + std::string(500, 'a') + "\"}"),
               HasSubstr(std::string(40, 'a') + "...\""));
   EXPECT_THAT(refusal(R"({"kty":"EC"})"), HasSubstr("\"crv\" is missing"));
   EXPECT_THAT(refusal(R"({"kty":"EC","crv":"secp256k1"})"), HasSubstr("not one of P-256"));
   EXPECT_THAT(refusal(R"({"kty":"OKP","crv":"X25519"})"), HasSubstr("not one of Ed25519"));
}

TEST(PublicKey, ASharedSecretIsNone) {
   const std::string oct = R"({"kty":"oct","k":")" + base64url(std::string(32, 'k')) + "\"}";
   EXPECT_THAT(refusal(oct), HasSubstr("shared secret"));
   json::document d;
   EXPECT_TRUE(shared_secret::from_jwk(**d.parse_copy(oct)));
   EXPECT_FALSE(shared_secret::from_jwk(**d.parse_copy(signer::of(key_type::rsa).jwk())));
   EXPECT_FALSE(shared_secret::from_jwk(**d.parse_copy(R"({"kty":"oct","k":"not+url=="})")));
   EXPECT_FALSE(shared_secret::from_jwk(**d.parse_copy(R"({"kty":"oct"})")));
   EXPECT_FALSE(shared_secret::from_jwk(**d.parse_copy(R"({"alg":"RS256",)" + oct.substr(1))));
   EXPECT_FALSE(shared_secret::from_jwk(**d.parse_copy(R"({"use":"enc",)" + oct.substr(1))));
}

TEST(PublicKey, KeysWithTheirPrivatePartAreRefused) {
   const auto& s = signer::of(key_type::rsa);
   for (const auto* name : {"d", "p", "q", "dp", "dq", "qi", "oth"})
      EXPECT_THAT(refusal(s.jwk("\"" + std::string(name) + R"(":"AQAB")")),
                  HasSubstr("private part (\"" + std::string(name) + "\")"));
}

TEST(PublicKey, KeysOfAnotherPurposeAreRefused) {
   const auto& s = signer::of(key_type::rsa);
   EXPECT_THAT(refusal(s.jwk(R"("use":"enc")")), HasSubstr("\"use\" is not \"sig\""));
   EXPECT_THAT(refusal(s.jwk(R"("use":["sig"])")), HasSubstr("\"use\" is not \"sig\""));
   EXPECT_THAT(refusal(s.jwk(R"("use":null)")), HasSubstr("\"use\" is not \"sig\""));
   EXPECT_THAT(refusal(s.jwk(R"("key_ops":["sign"])")), HasSubstr("do not list \"verify\""));
   EXPECT_THAT(refusal(s.jwk(R"("key_ops":[])")), HasSubstr("do not list \"verify\""));
   EXPECT_THAT(refusal(s.jwk(R"("key_ops":"verify")")), HasSubstr("do not list \"verify\""));
   EXPECT_THAT(refusal(s.jwk(R"("use":"sig","key_ops":["encrypt"])")),
               HasSubstr("do not list \"verify\""));
   EXPECT_THAT(refusal(s.jwk(R"("alg":"RSA-OAEP")")), HasSubstr("\"RSA-OAEP\""));
   EXPECT_THAT(refusal(s.jwk(R"("alg":"none")")), HasSubstr("\"none\""));
   EXPECT_THAT(refusal(s.jwk(R"("alg":"rs256")")), HasSubstr("\"rs256\""));
   EXPECT_THAT(refusal(s.jwk(R"("alg":7)")), HasSubstr("\"alg\" is no string"));
   EXPECT_THAT(refusal(s.jwk(R"("alg":"ES256")")), HasSubstr("ES256 does not fit"));
   EXPECT_THAT(refusal(s.jwk(R"("alg":"HS256")")), HasSubstr("HS256 does not fit"));
   EXPECT_THAT(refusal(signer::of(key_type::p384).jwk(R"("alg":"ES256")")),
               HasSubstr("ES256 does not fit the key, which is EC P-384"));
}

TEST(PublicKey, CoordinatesHaveTheLengthOfTheCurve) {
   const auto& s = signer::of(key_type::p256);
   const auto x = s.number(OSSL_PKEY_PARAM_EC_PUB_X, 32);
   const auto y = s.number(OSSL_PKEY_PARAM_EC_PUB_Y, 32);
   EXPECT_EQ(refusal(ec256(base64url(x), base64url(y))), "it was accepted");
   EXPECT_THAT(refusal(ec256(base64url(x.substr(1)), base64url(y))),
               HasSubstr("\"x\" has 31 bytes"));
   EXPECT_THAT(refusal(ec256(base64url(x), base64url('\0' + y))), HasSubstr("\"y\" is longer"));
   EXPECT_THAT(refusal(ec256(base64url(x), "")), HasSubstr("\"y\" is not base64url"));
   EXPECT_THAT(refusal(ec256(base64url(x) + "=", base64url(y))), HasSubstr("\"x\""));
   EXPECT_THAT(refusal(ec256(base64url(x), std::string(43, '+'))), HasSubstr("not base64url"));
   // The last digit carries two bits that stand for nothing and must be 0.
   auto loose = base64url(x);
   loose.back() = loose.back() == 'A' ? 'B' : static_cast<char>(loose.back() + 1);
   EXPECT_THAT(refusal(ec256(loose, base64url(y))), HasSubstr("not base64url"));
   EXPECT_THAT(refusal(R"({"kty":"OKP","crv":"Ed25519","x":"AQAB"})"), HasSubstr("has 3 bytes"));
   EXPECT_THAT(refusal(R"({"kty":"OKP","crv":"Ed25519","x":1})"), HasSubstr("is no string"));
   EXPECT_THAT(refusal(R"({"kty":"OKP","crv":"Ed25519"})"), HasSubstr("\"x\" is missing"));
}

TEST(PublicKey, CoordinatesBeyondTheFieldAreRefused) {
   EXPECT_THAT(refusal(ec256(base64url(std::string(32, '\xff')), base64url(std::string(32, '\1')))),
               HasSubstr("no point of P-256"));
}

TEST(PublicKey, OneZeroInFrontOfARsaNumberIsForgiven) {
   const auto& s = signer::of(key_type::rsa);
   const auto n = s.number(OSSL_PKEY_PARAM_RSA_N);
   using namespace std::string_literals;
   EXPECT_EQ(refusal(test::rsa_jwk('\0' + n, "\0\1\0\1"s)), "it was accepted");
   EXPECT_THAT(refusal(test::rsa_jwk(n, "\0\0\1\0\1"s)), HasSubstr("begins with zero bytes"));
   EXPECT_THAT(refusal(test::rsa_jwk("\0\0"s + n, "\1\0\1"s)), HasSubstr("begins with zero bytes"));
}

TEST(PublicKey, RsaModuliAreBounded) {
   using namespace std::string_literals;
   EXPECT_THAT(refusal(test::rsa_jwk(std::string(1026, '\xff'), "\1\0\1"s)),
               HasSubstr("\"n\" is longer"));
   EXPECT_THAT(refusal(test::rsa_jwk(std::string(1025, '\xff'), "\1\0\1"s)),
               HasSubstr("8200 bits; at most 8192"));
}

TEST(PublicKey, RsaModuliOfAFaultyGeneratorAreRefused) {
   // A power of 65537 is one modulo every prime, which is the form in question (CVE-2017-15361).
   BIGNUM* n = BN_new();
   BIGNUM* factor = BN_new();
   BN_CTX* context = BN_CTX_new();
   ASSERT_EQ(BN_one(n) + BN_set_word(factor, 65537), 2);
   for (int i = 0; i < 128; ++i) ASSERT_EQ(BN_mul(n, n, factor, context), 1);
   std::string bytes(static_cast<std::size_t>(BN_num_bytes(n)), '\0');
   BN_bn2bin(n, reinterpret_cast<unsigned char*>(bytes.data()));
   EXPECT_THAT(refusal(test::rsa_jwk(bytes, std::string("\1\0\1", 3))),
               HasSubstr("CVE-2017-15361"));
   BN_free(n);
   BN_free(factor);
   BN_CTX_free(context);
}

TEST(PublicKey, KeyIdsAreBoundedText) {
   const auto& s = signer::of(key_type::ed25519);
   EXPECT_THAT(refusal(s.jwk(R"("kid":5)")), HasSubstr("\"kid\" is no string"));
   EXPECT_THAT(refusal(s.jwk(R"("kid":")" + std::string(max_key_id_bytes + 1, 'a') + "\"")),
               HasSubstr("\"kid\" is longer"));
   const auto empty = public_key::from_jwk(s.jwk(R"("kid":"")"));
   ASSERT_TRUE(empty);
   EXPECT_EQ(empty->id(), "");
}

TEST(PublicKey, TextThatIsNoSingleObjectIsRefused) {
   const auto& s = signer::of(key_type::ed25519);
   EXPECT_THAT(refusal(""), HasSubstr("reading a JSON Web Key"));
   EXPECT_THAT(refusal(s.jwk() + "{}"), HasSubstr("reading a JSON Web Key"));
   EXPECT_THAT(refusal(s.jwk(R"("kty":"OKP")")), HasSubstr("reading a JSON Web Key"));
   EXPECT_THAT(refusal(R"({"a":)" + std::string(20, '[') + std::string(20, ']') + "}"),
               HasSubstr("reading a JSON Web Key"));
   EXPECT_THAT(refusal(std::string(40'000, ' ')), HasSubstr("reading a JSON Web Key"));
}

} // namespace
} // namespace fmcp::crypto
