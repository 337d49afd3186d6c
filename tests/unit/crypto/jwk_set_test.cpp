#include "crypto/jwk_set.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/signer.hpp"

namespace fmcp::crypto {
namespace {

using test::error_queue_is_empty;
using test::signer;
using testing::HasSubstr;
using enum algorithm;

jwk_set set_of(const std::vector<std::string>& keys) {
   std::string text;
   for (const auto& key : keys) text += (text.empty() ? "" : ",") + key;
   auto set = jwk_set::parse(R"({"keys":[)" + text + "]}");
   EXPECT_TRUE(set) << set.error().message;
   EXPECT_TRUE(error_queue_is_empty());
   return set.value_or(jwk_set());
}

std::string refusal(std::string_view text) {
   const auto set = jwk_set::parse(text);
   return set ? "it was accepted" : set.error().message;
}

const signer& rsa() {
   return signer::of(key_type::rsa);
}
const signer& ec() {
   return signer::of(key_type::p256);
}

TEST(JwkSet, FindsAKeyByNameAndAlgorithm) {
   const auto set = set_of({rsa().jwk(R"("kid":"a")"), ec().jwk(R"("kid":"b")")});
   ASSERT_EQ(set.keys().size(), 2u);
   EXPECT_EQ(set.find("a", rs256), &set.keys()[0]);
   EXPECT_EQ(set.find("b", es256), &set.keys()[1]);
   EXPECT_EQ(set.find("a", es256), nullptr);
   EXPECT_EQ(set.find("a", hs256), nullptr);
   EXPECT_EQ(set.find("A", rs256), nullptr);
   EXPECT_EQ(set.find("", rs256), nullptr);
   EXPECT_TRUE(set.knows("a"));
   EXPECT_FALSE(set.knows("c"));
}

TEST(JwkSet, ATokenWithoutKidNeedsTheOnlyKeyThatFits) {
   const auto other = signer::ec("P-256");
   const auto set = set_of({rsa().jwk(R"("kid":"a")"), ec().jwk(), other.jwk(R"("kid":"c")")});
   EXPECT_EQ(set.find(std::nullopt, rs256), &set.keys()[0]);
   EXPECT_EQ(set.find(std::nullopt, es256), nullptr); // two would fit
   EXPECT_EQ(set.find(std::nullopt, eddsa), nullptr);
   // The same key twice is one key.
   EXPECT_NE(set_of({ec().jwk(), ec().jwk(R"("kid":"b")")}).find(std::nullopt, es256), nullptr);
}

TEST(JwkSet, LeavesOutWhatCannotBeUsedAndSaysWhy) {
   const auto set = set_of(
         {rsa().jwk(R"("kid":"enc","use":"enc")"), signer::rsa(1024).jwk(R"("kid":"weak\u001b")"),
          R"({"kty":"oct","kid":"oct","k":"AAAA"})", "7", ec().jwk(R"("kid":"good")"),
          rsa().jwk(R"("kid":"leaked","d":"AQAB")"), R"({"kty":"quantum"})"});
   ASSERT_EQ(set.keys().size(), 1u);
   EXPECT_EQ(set.keys()[0].id(), "good");
   ASSERT_EQ(set.skipped().size(), 6u);
   const auto expect = [&](std::size_t at, std::size_t index, const char* id, const char* reason) {
      EXPECT_EQ(set.skipped()[at].index, index);
      EXPECT_EQ(set.skipped()[at].id, id);
      EXPECT_THAT(set.skipped()[at].reason, HasSubstr(reason));
   };
   expect(0, 0, "\"enc\"", "\"use\" is not \"sig\"");
   expect(1, 1, R"("weak\x1b")", "1024 bits");
   expect(2, 2, "\"oct\"", "shared secret");
   expect(3, 3, "", "a key is a JSON object");
   expect(4, 5, "\"leaked\"", "private part");
   expect(5, 6, "", "\"quantum\"");
   EXPECT_EQ(set.find("enc", rs256), nullptr);
   EXPECT_TRUE(set.knows("enc"));
   EXPECT_TRUE(set.knows("weak\x1b"));
}

TEST(JwkSet, TwoKeysOfOneNameAreBothLeftOut) {
   const auto other = signer::ec("P-256");
   const auto set =
         set_of({ec().jwk(R"("kid":"a")"), rsa().jwk(R"("kid":"b")"), other.jwk(R"("kid":"a")")});
   ASSERT_EQ(set.keys().size(), 1u);
   EXPECT_EQ(set.find("a", es256), nullptr);
   EXPECT_NE(set.find("b", rs256), nullptr);
   ASSERT_EQ(set.skipped().size(), 2u);
   EXPECT_EQ(set.skipped()[0].index, 0u);
   EXPECT_EQ(set.skipped()[1].index, 2u);
   EXPECT_THAT(set.skipped()[0].reason, HasSubstr("same \"kid\""));
   EXPECT_TRUE(set.knows("a"));
}

TEST(JwkSet, OneNameMayStandForSeveralAlgorithms) {
   const auto other = signer::rsa(2048);
   const auto set =
         set_of({rsa().jwk(R"("kid":"a","alg":"RS256")"), rsa().jwk(R"("kid":"a","alg":"PS256")"),
                 ec().jwk(R"("kid":"a")"), other.jwk(R"("kid":"a","alg":"RS512")")});
   ASSERT_EQ(set.keys().size(), 4u);
   EXPECT_EQ(set.find("a", rs256), &set.keys()[0]);
   EXPECT_EQ(set.find("a", ps256), &set.keys()[1]);
   EXPECT_EQ(set.find("a", es256), &set.keys()[2]);
   EXPECT_EQ(set.find("a", rs512), &set.keys()[3]);
   EXPECT_EQ(set.find("a", rs384), nullptr);
   // Repeated as it was, it is one key.
   EXPECT_EQ(set_of({ec().jwk(R"("kid":"a")"), ec().jwk(R"("kid":"a")")}).skipped().size(), 0u);
}

TEST(JwkSet, KeysWithoutNamesDoNotCollide) {
   const auto other = signer::ec("P-256");
   EXPECT_EQ(set_of({ec().jwk(), other.jwk()}).keys().size(), 2u);
}

TEST(JwkSet, DocumentsThatAreNoSetAreRefused) {
   EXPECT_THAT(refusal(""), HasSubstr("reading a JSON Web Key Set"));
   EXPECT_THAT(refusal("<html>"), HasSubstr("reading a JSON Web Key Set"));
   EXPECT_THAT(refusal("{}"), HasSubstr("array \"keys\""));
   EXPECT_THAT(refusal("[]"), HasSubstr("array \"keys\""));
   EXPECT_THAT(refusal(R"({"keys":{}})"), HasSubstr("array \"keys\""));
   EXPECT_THAT(refusal(R"({"keys":[],"keys":[]})"), HasSubstr("reading a JSON Web Key Set"));
   EXPECT_THAT(refusal(R"({"keys":[{"kty":"EC","kty":"EC"}]})"),
               HasSubstr("reading a JSON Web Key Set"));
   EXPECT_EQ(refusal(R"({"keys":[]})"), "it was accepted");
}

TEST(JwkSet, TimeForRsaKeysIsBounded) {
   const std::string two = R"({"keys":[)" + rsa().jwk(R"("kid":"a")") + "," +
                           rsa().jwk(R"("kid":"b")") + "," + ec().jwk(R"("kid":"c")") + "]}";
   EXPECT_EQ(jwk_set::parse(two)->keys().size(), 3u);
   const auto set = jwk_set::parse(two, {.max_rsa_cost = 8}); // one of 2048 bits
   ASSERT_TRUE(set);
   EXPECT_NE(set->find("a", rs256), nullptr);
   EXPECT_NE(set->find("c", es256), nullptr);
   ASSERT_EQ(set->skipped().size(), 1u);
   EXPECT_EQ(set->skipped()[0].index, 1u);
   EXPECT_THAT(set->skipped()[0].reason, HasSubstr("take too long"));
   // What is refused without a check costs nothing.
   const auto huge = set_of({R"({"kty":"RSA","e":"AQAB","n":")" + std::string(50'000, 'A') + "\"}",
                             rsa().jwk(R"("kid":"a")")});
   EXPECT_NE(huge.find("a", rs256), nullptr);
}

TEST(JwkSet, SizeNumberAndDepthAreBounded) {
   EXPECT_THAT(refusal(std::string((64u << 10) + 1, ' ')), HasSubstr("reading a JSON Web Key Set"));
   std::string many;
   for (int i = 0; i < 65; ++i) many += ",{}";
   EXPECT_THAT(refusal(R"({"keys":[)" + many.substr(1) + "]}"), HasSubstr("holds 65 keys"));
   EXPECT_EQ(refusal(R"({"keys":[)" + many.substr(4) + "]}"), "it was accepted");
   EXPECT_THAT(refusal(R"({"keys":)" + std::string(2000, '[') + std::string(2000, ']') + "}"),
               HasSubstr("reading a JSON Web Key Set"));
}

} // namespace
} // namespace fmcp::crypto
