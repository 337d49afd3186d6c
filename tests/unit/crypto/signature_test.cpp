#include "crypto/signature.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "crypto/jws.hpp"
#include "support/signer.hpp"
#include "json/document.hpp"

namespace fmcp::crypto {
namespace {

using test::error_queue_is_empty;
using test::signer;
using enum algorithm;

constexpr algorithm all[] = {rs256, rs384, rs512,   ps256, ps384, ps512, es256, es384,
                             es512, eddsa, ed25519, ed448, hs256, hs384, hs512};
constexpr algorithm_set any = [] {
   algorithm_set set;
   for (const auto a : all) set.insert(a);
   return set;
}();
constexpr key_type all_types[] = {key_type::rsa,  key_type::p256,    key_type::p384,
                                  key_type::p521, key_type::ed25519, key_type::ed448};

bool known_answer(std::string_view token, std::string_view jwk) {
   const auto key = public_key::from_jwk(jwk);
   const auto jws = parse_compact(token);
   EXPECT_TRUE(key) << (key ? "" : key.error().message);
   EXPECT_TRUE(jws) << (jws ? "" : jws.error().message);
   if (!key || !jws) return false;
   auto broken = *jws;
   broken.signature[7] = static_cast<char>(broken.signature[7] ^ 1);
   EXPECT_FALSE(verify(broken, *key, any));
   return verify(*jws, *key, any);
}

// The payload of RFC 7515, appendices A.1 to A.3.
constexpr std::string_view joe =
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
      "cnVlfQ";

TEST(Signature, Rfc7515AppendixA1HmacSha256) {
   json::document d;
   const auto jwk = d.parse_copy(
         R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})");
   ASSERT_TRUE(jwk);
   const auto secret = shared_secret::from_jwk(**jwk);
   ASSERT_TRUE(secret);
   const std::string token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + std::string(joe) +
                             ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
   const auto jws = parse_compact(token);
   ASSERT_TRUE(jws);
   EXPECT_EQ(jws->type, "JWT");
   EXPECT_TRUE(verify(*jws, *secret, {hs256}));
   EXPECT_FALSE(verify(*jws, *secret, {hs384, rs256}));
   auto other = *jws;
   other.signature.back() = static_cast<char>(other.signature.back() ^ 1);
   EXPECT_FALSE(verify(other, *secret, {hs256}));
}

TEST(Signature, Rfc7515AppendixA2RsaSha256) {
   EXPECT_TRUE(known_answer(
         "eyJhbGciOiJSUzI1NiJ9." + std::string(joe) +
               ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_"
               "lF5YKt_"
               "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
               "nZLgrnbyTyWzO75vRK5h6xBArLIAR"
               "NPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"
               "eOkHWEsqtFZESc6BfI7noOPqvh"
               "J1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_"
               "IoypGlUPQGe77Rw",
         R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"})"));
}

TEST(Signature, Rfc7515AppendixA3EcdsaP256) {
   EXPECT_TRUE(known_answer(
         "eyJhbGciOiJFUzI1NiJ9." + std::string(joe) +
               ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-"
               "Kg6NU1Q",
         R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})"));
}

TEST(Signature, Rfc7515AppendixA4EcdsaP521) {
   EXPECT_TRUE(known_answer(
         "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA."
         "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_"
         "7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO"
         "_"
         "Jn",
         R"({"kty":"EC","crv":"P-521","x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk","y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"})"));
}

TEST(Signature, Rfc8037AppendixA4Ed25519) {
   EXPECT_TRUE(known_answer(
         "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
         "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
         R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})"));
}

TEST(Signature, EveryAlgorithmVerifiesWhatOpenSslSignedAndNothingElse) {
   for (const auto type : all_types) {
      const auto key = signer::of(type).public_part();
      for (const auto a : all) {
         if (!fits(type, a)) continue;
         const auto signature = signer::of(type).sign(a, "message");
         EXPECT_TRUE(verify(key, a, "message", signature)) << name_of(a);
         EXPECT_FALSE(verify(key, a, "messagE", signature)) << name_of(a);
         EXPECT_FALSE(verify(key, a, "", signature)) << name_of(a);
         for (const std::size_t at : {std::size_t{0}, signature.size() / 2, signature.size() - 1}) {
            auto changed = signature;
            changed[at] = static_cast<char>(changed[at] ^ 1);
            EXPECT_FALSE(verify(key, a, "message", changed)) << name_of(a) << " byte " << at;
         }
         EXPECT_TRUE(verify(key, a, {}, signer::of(type).sign(a, ""))) << name_of(a);
         EXPECT_TRUE(error_queue_is_empty()) << name_of(a);
      }
   }
}

TEST(Signature, AnAlgorithmTakesKeysOfItsTypeAndCurveOnly) {
   std::size_t fitting = 0;
   for (const auto signing : all_types) {
      for (const auto made_as : all) {
         if (!fits(signing, made_as)) continue;
         const auto signature = signer::of(signing).sign(made_as, "message");
         for (const auto type : all_types) {
            const auto key = signer::of(type).public_part();
            for (const auto a : all) {
               const bool same_scheme =
                     made_as == a || (made_as == eddsa && fits(signing, a)) ||
                     (a == eddsa && fits(signing, made_as) && fits(signing, eddsa));
               const bool expected = type == signing && same_scheme;
               EXPECT_EQ(verify(key, a, "message", signature), expected)
                     << name_of(made_as) << " as " << name_of(a) << " by " << name_of(type);
               fitting += expected ? 1 : 0;
            }
         }
      }
   }
   EXPECT_EQ(fitting, 6u + 3 + 4 + 4);
   EXPECT_TRUE(error_queue_is_empty());
}

TEST(Signature, TheSaltOfPssIsAsLongAsTheHash) {
   const auto& s = signer::of(key_type::rsa);
   const auto key = s.public_part();
   for (const int salt : {0, 20, 31, 32, 33, 64}) {
      EVP_MD_CTX* c = EVP_MD_CTX_new();
      EVP_PKEY_CTX* p = nullptr;
      ASSERT_EQ(EVP_DigestSignInit(c, &p, EVP_sha256(), nullptr, s.get()), 1);
      ASSERT_EQ(EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING), 1);
      ASSERT_EQ(EVP_PKEY_CTX_set_rsa_pss_saltlen(p, salt), 1);
      std::string out(256, '\0');
      std::size_t size = out.size();
      ASSERT_EQ(EVP_DigestSign(c, reinterpret_cast<unsigned char*>(out.data()), &size,
                               reinterpret_cast<const unsigned char*>("message"), 7),
                1);
      EVP_MD_CTX_free(c);
      EXPECT_EQ(verify(key, ps256, "message", out), salt == 32) << salt;
   }
}

TEST(Signature, AKeyBoundToAnAlgorithmVerifiesThatOneOnly) {
   const auto& s = signer::of(key_type::rsa);
   const auto key = public_key::from_jwk(s.jwk(R"("alg":"RS384")"));
   ASSERT_TRUE(key);
   EXPECT_EQ(key->bound_to(), rs384);
   for (const auto a : {rs256, rs384, rs512, ps256, ps384, ps512})
      EXPECT_EQ(verify(*key, a, "message", s.sign(a, "message")), a == rs384) << name_of(a);
}

TEST(Signature, SecretsAreAsLongAsTheHash) {
   EXPECT_FALSE(shared_secret::from_bytes(std::string(31, 'k')));
   EXPECT_FALSE(shared_secret::from_bytes(""));
   EXPECT_FALSE(shared_secret::from_bytes(std::string(max_secret_bytes + 1, 'k')));
   const auto least = shared_secret::from_bytes(std::string(32, 'k'));
   const auto longer = shared_secret::from_bytes(std::string(64, 'k'));
   ASSERT_TRUE(least && longer);
   EXPECT_TRUE(least->fits(hs256));
   EXPECT_FALSE(least->fits(hs384));
   EXPECT_FALSE(least->fits(hs512));
   EXPECT_TRUE(longer->fits(hs512));
   EXPECT_FALSE(longer->fits(rs512));
}

// RFC 4231 test case 6 has a key that is long enough for all of them; 384 and 512 as given there.
TEST(Signature, HmacOfKnownTexts) {
   const auto secret = shared_secret::from_bytes(std::string(131, '\xaa'));
   ASSERT_TRUE(secret);
   const auto from_hex = [](std::string_view hex) {
      std::string out;
      for (std::size_t i = 0; i < hex.size(); i += 2)
         out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
      return out;
   };
   constexpr std::string_view text = "Test Using Larger Than Block-Size Key - Hash Key First";
   EXPECT_TRUE(
         verify(*secret, hs256, text,
                from_hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")));
   EXPECT_TRUE(verify(*secret, hs384, text,
                      from_hex("4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
                               "0c2ef6ab4030fe8296248df163f44952")));
   EXPECT_TRUE(
         verify(*secret, hs512, text,
                from_hex("80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
                         "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598")));
   EXPECT_FALSE(verify(*secret, hs512, text, std::string(64, '\0')));
   EXPECT_FALSE(verify(*secret, hs256, text, ""));
}

TEST(Signature, ThreadsShareKeysAndSecrets) {
   const auto rsa = signer::of(key_type::rsa).public_part();
   const auto ec = signer::of(key_type::p256).public_part();
   const auto rsa_signature = signer::of(key_type::rsa).sign(ps256, "message");
   const auto ec_signature = signer::of(key_type::p256).sign(es256, "message");
   const auto secret = shared_secret::from_bytes(std::string(32, 'k'));
   std::atomic<int> wrong = 0;
   std::vector<std::thread> threads;
   for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
         for (int i = 0; i < 50; ++i) {
            const auto copy = rsa;
            if (!verify(copy, ps256, "message", rsa_signature)) ++wrong;
            if (!verify(ec, es256, "message", ec_signature)) ++wrong;
            if (verify(ec, es256, "other", ec_signature)) ++wrong;
            if (verify(*secret, hs256, "message", std::string(32, 'x'))) ++wrong;
         }
         if (!error_queue_is_empty()) ++wrong;
      });
   }
   for (auto& t : threads) t.join();
   EXPECT_EQ(wrong, 0);
}

} // namespace
} // namespace fmcp::crypto
