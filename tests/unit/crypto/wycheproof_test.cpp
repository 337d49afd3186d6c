// The JWS, JWK and JWE vectors of project Wycheproof, read from where the tests' data are. Every
// case must come out as it is marked; the ones that cannot are named here with the reason, and
// every number is pinned, so that a case that is no longer run is noticed.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "crypto/jwk_set.hpp"
#include "crypto/jws.hpp"
#include "crypto/shared_secret.hpp"
#include "support/signer.hpp"
#include "json/document.hpp"

namespace fmcp::crypto {
namespace {

constexpr algorithm_set any_algorithm{
      algorithm::rs256, algorithm::rs384, algorithm::rs512, algorithm::ps256, algorithm::ps384,
      algorithm::ps512, algorithm::es256, algorithm::es384, algorithm::es512, algorithm::eddsa,
      algorithm::hs256, algorithm::hs384, algorithm::hs512};

std::optional<std::string> read_vectors(const char* name) {
   const char* root = std::getenv("FASTMCP_TEST_DATA");
   const auto file = std::filesystem::path(root != nullptr ? root : FMCP_TEST_DATA_DEFAULT) /
                     "wycheproof" / name;
   std::ifstream in(file, std::ios::binary);
   if (!in) return std::nullopt;
   return std::string(std::istreambuf_iterator<char>(in), {});
}

/// As an operator with several secrets would have it: the one of this name, if there is one only.
std::optional<shared_secret> secret_named(const json::value& keys,
                                          const std::optional<std::string>& id) {
   std::optional<shared_secret> found;
   for (const auto& jwk : keys.find("keys")->items()) {
      auto secret = shared_secret::from_jwk(jwk);
      if (!secret) return std::nullopt; // no place for anything else
      if (secret->id() != id) continue;
      if (found) return std::nullopt;
      found = std::move(*secret);
   }
   return found;
}

bool accepts_by_set(const compact_jws& jws, const json::value& keys) {
   const auto set = jwk_set::parse(keys.raw());
   if (!set) return false;
   const auto* key = set->find(jws.key_id, jws.alg);
   return key != nullptr && verify(jws, *key, any_algorithm);
}

/// What a server would do that was given this key or key set and allows every algorithm. A group
/// with a public part is one of public keys, the others have secrets.
bool accepts(std::string_view token, const json::value& group) {
   const auto jws = parse_compact(token);
   if (!jws) return false;
   if (const auto* key = group.find("public")) {
      if (key->find("keys") != nullptr) return accepts_by_set(*jws, *key);
      const auto k = public_key::from_jwk(*key);
      return k && verify(*jws, *k, any_algorithm);
   }
   const auto& secret = *group.find("private");
   if (secret.find("keys") != nullptr) {
      const auto s = secret_named(secret, jws->key_id);
      return s && verify(*jws, *s, any_algorithm);
   }
   const auto s = shared_secret::from_jwk(secret);
   return s && verify(*jws, *s, any_algorithm);
}

/// A token in JSON serialization is there as an object.
std::string_view text_of(const json::value& token) {
   return token.is(json::kind::string) ? token.string() : token.raw();
}

struct tally {
   std::size_t valid = 0;
   std::size_t invalid = 0;
   std::size_t jwe = 0;
   std::set<std::int64_t> surprises;
};

tally run(const std::string& text) {
   tally out;
   json::document d;
   const auto root = d.parse(text);
   EXPECT_TRUE(root);
   if (!root) return out;
   for (const auto& group : (*root)->find("testGroups")->items()) {
      for (const auto& test : group.find("tests")->items()) {
         const auto id = *test.find("tcId")->as_int64();
         const bool valid = test.find_string("result") == "valid";
         if (const auto* jwe = test.find("jwe")) {
            // Encryption is not for us: whatever it is marked, it is no signed token.
            ++out.jwe;
            if (parse_compact(text_of(*jwe))) out.surprises.insert(id);
            continue;
         }
         ++(valid ? out.valid : out.invalid);
         if (accepts(text_of(*test.find("jws")), group) != valid) out.surprises.insert(id);
      }
   }
   EXPECT_TRUE(test::error_queue_is_empty());
   return out;
}

TEST(Wycheproof, JsonWebSignature) {
   const auto text = read_vectors("json_web_signature_test.json");
   if (!text) GTEST_SKIP() << "no Wycheproof data: json_web_signature_test.json";
   const auto t = run(*text);
   EXPECT_EQ(t.valid, 46u);
   EXPECT_EQ(t.invalid, 355u);
   const std::set<std::int64_t> not_as_marked{
         // RFC 7520 signed these with PS384 and ES512, and the key here says alg PS256, or ES521,
         // which is no algorithm. A key verifies what its alg says.
         346, 347, 350, 351,
         // Marked invalid, and to the byte the same as case 357, which is marked valid.
         367, 370,
         // Marked valid with a character that is no base64url in what is signed.
         372, 373};
   EXPECT_EQ(t.surprises, not_as_marked);
}

TEST(Wycheproof, TheSignaturesOfRfc7520VerifyOnceTheirKeysSayTheRightAlgorithm) {
   const auto text = read_vectors("json_web_signature_test.json");
   if (!text) GTEST_SKIP() << "no Wycheproof data: json_web_signature_test.json";
   json::document d;
   const auto root = d.parse(*text);
   ASSERT_TRUE(root);
   const std::map<std::int64_t, std::pair<std::string, std::string>> corrections{
         {346, {R"("PS256")", R"("PS384")"}},
         {347, {R"("ES521")", R"("ES512")"}},
         {350, {R"("PS256")", R"("PS384")"}},
         {351, {R"("ES521")", R"("ES512")"}}};
   std::size_t verified = 0;
   for (const auto& group : (*root)->find("testGroups")->items()) {
      for (const auto& test : group.find("tests")->items()) {
         const auto correction = corrections.find(*test.find("tcId")->as_int64());
         if (correction == corrections.end()) continue;
         std::string jwk(group.find("public")->raw());
         const auto& [wrong, right] = correction->second;
         const auto at = jwk.find(wrong);
         ASSERT_NE(at, jwk.npos);
         jwk.replace(at, wrong.size(), right);
         const auto key = public_key::from_jwk(jwk);
         ASSERT_TRUE(key) << key.error().message;
         const auto jws = parse_compact(*test.find_string("jws"));
         ASSERT_TRUE(jws);
         verified += verify(*jws, *key, any_algorithm) ? 1 : 0;
      }
   }
   EXPECT_EQ(verified, 4u);
}

TEST(Wycheproof, JsonWebKey) {
   const auto text = read_vectors("json_web_key_test.json");
   if (!text) GTEST_SKIP() << "no Wycheproof data: json_web_key_test.json";
   const auto t = run(*text);
   EXPECT_EQ(t.valid, 5u);
   EXPECT_EQ(t.invalid, 21u);
   EXPECT_EQ(t.surprises, std::set<std::int64_t>{});
}

TEST(Wycheproof, JsonWebCrypto) {
   const auto text = read_vectors("json_web_crypto_test.json");
   if (!text) GTEST_SKIP() << "no Wycheproof data: json_web_crypto_test.json";
   const auto t = run(*text);
   EXPECT_EQ(t.valid, 4u);
   EXPECT_EQ(t.invalid, 45u);
   EXPECT_EQ(t.jwe, 34u);
   EXPECT_EQ(t.surprises, std::set<std::int64_t>{});
}

TEST(Wycheproof, JsonWebEncryptionIsRefused) {
   const auto text = read_vectors("json_web_encryption_test.json");
   if (!text) GTEST_SKIP() << "no Wycheproof data: json_web_encryption_test.json";
   const auto t = run(*text);
   EXPECT_EQ(t.valid + t.invalid, 0u);
   EXPECT_EQ(t.jwe, 139u);
   EXPECT_EQ(t.surprises, std::set<std::int64_t>{});
}

} // namespace
} // namespace fmcp::crypto
