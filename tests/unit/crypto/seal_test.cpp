#include "crypto/seal.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include "crypto/digest.hpp"
#include "crypto/xaes.hpp"

namespace fmcp::crypto {
namespace {

using core::errc;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t now = 1'700'000'000'000;
const std::string secret_1 = "0123456789abcdef0123456789abcdef";
const std::string secret_2 = "another secret that nobody knows";

key_ring ring(std::string_view current, std::vector<std::string> previous = {}) {
   return key_ring::make(current, previous).value();
}
sealer plain_sealer() {
   return ring(secret_1).derive("test", "space");
}

#define EXPECT_ERROR(result, expected)                                                             \
   do {                                                                                            \
      const auto& r_ = (result);                                                                   \
      ASSERT_FALSE(r_.has_value());                                                                \
      EXPECT_EQ(r_.error().code, expected) << r_.error().message;                                  \
   } while (false)

// The vectors of c2sp.org/XAES-256-GCM; the second one has the carry of CMAC's subkey.
struct xaes_vector {
   std::uint8_t key_byte;
   std::string_view aad, sealed;
};
class Xaes : public ::testing::TestWithParam<xaes_vector> {};
TEST_P(Xaes, EncryptsAndDecryptsAsPublished) {
   secret_key key;
   std::ranges::fill(key.bytes(), GetParam().key_byte);
   std::array<std::uint8_t, xaes_nonce_bytes> nonce{};
   std::ranges::copy(std::string_view("ABCDEFGHIJKLMNOPQRSTUVWX"), nonce.begin());
   std::string out = "before ";
   xaes_encrypt(out, key, nonce, "XAES-256-GCM", GetParam().aad);
   ASSERT_TRUE(out.starts_with("before "));
   out.erase(0, 7);
   EXPECT_EQ(to_hex({reinterpret_cast<const std::uint8_t*>(out.data()), out.size()}),
             GetParam().sealed);
   EXPECT_EQ(xaes_decrypt(key, nonce, out, GetParam().aad), "XAES-256-GCM");
   EXPECT_EQ(xaes_decrypt(key, nonce, out, "else"), std::nullopt);
   EXPECT_EQ(xaes_decrypt(key, nonce, out.substr(0, 15), GetParam().aad), std::nullopt);
}
INSTANTIATE_TEST_SUITE_P(
      Published, Xaes,
      ::testing::Values(xaes_vector{1, "",
                                    "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"},
                        xaes_vector{3, "c2sp.org/XAES-256-GCM",
                                    "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"}),
      [](const auto& row) { return row.param.aad.empty() ? "WithoutCarry" : "WithCarry"; });

TEST(Seal, OpensWhatItSealed) {
   const auto s = plain_sealer();
   for (const std::string& plain :
        {std::string(), std::string("one"), std::string(70'000, 'x'), std::string("\0\xff\n", 3)}) {
      const auto sealed = s.seal(plain, "beside", now + 1).value();
      EXPECT_EQ(sealed.size(), plain.size() + sealer::overhead);
      EXPECT_EQ(s.open(sealed, "beside", now).value(), plain);
   }
}

TEST(Seal, EverySealIsDifferentAndShowsNothing) {
   const auto s = plain_sealer();
   std::set<std::string> seen;
   for (int i = 0; i < 100; ++i) {
      const auto sealed = s.seal("a secret text", "", now + 1).value();
      EXPECT_THAT(sealed, Not(HasSubstr("secret")));
      seen.insert(sealed);
   }
   EXPECT_EQ(seen.size(), 100u);
}

TEST(Seal, RefusesAChangeOfAnyByte) {
   const auto s = plain_sealer();
   const auto sealed = s.seal("code", "beside", now + 1).value();
   for (std::size_t i = 0; i < sealed.size(); ++i) {
      for (const int bit : {0x01, 0x80}) {
         auto changed = sealed;
         changed[i] = static_cast<char>(changed[i] ^ bit);
         EXPECT_FALSE(s.open(changed, "beside", now).has_value()) << "byte " << i;
      }
   }
   EXPECT_EQ(ERR_peek_error(), 0u) << "left for the thread's next TLS connection";
}

TEST(Seal, RefusesAnyOtherLength) {
   const auto s = plain_sealer();
   const auto sealed = s.seal("code", "", now + 1).value();
   for (std::size_t n = 0; n < sealed.size(); ++n)
      EXPECT_ERROR(s.open(std::string_view(sealed).substr(0, n), "", now), errc::denied);
   EXPECT_ERROR(s.open(sealed + "x", "", now), errc::denied);
   EXPECT_ERROR(s.open("x" + sealed, "", now), errc::denied);
}

TEST(Seal, RefusesAnotherAad) {
   const auto s = plain_sealer();
   const auto sealed = s.seal("code", "user 1", now + 1).value();
   EXPECT_ERROR(s.open(sealed, "user 2", now), errc::denied);
   EXPECT_ERROR(s.open(sealed, "", now), errc::denied);
}

TEST(Seal, EndsWhenItExpires) {
   const auto s = plain_sealer();
   const auto sealed = s.seal("code", "", now + 1000).value();
   EXPECT_TRUE(s.open(sealed, "", now + 999).has_value());
   EXPECT_ERROR(s.open(sealed, "", now + 1000), errc::not_found);
}

TEST(Seal, OpensForItsPurposeAndSpaceOnly) {
   const auto r = ring(secret_1);
   const auto sealed = r.derive("a", "bc").seal("code", "", now + 1).value();
   EXPECT_TRUE(r.derive("a", "bc").open(sealed, "", now).has_value());
   EXPECT_ERROR(r.derive("b", "bc").open(sealed, "", now), errc::denied);
   EXPECT_ERROR(r.derive("a", "b").open(sealed, "", now), errc::denied);
   EXPECT_ERROR(r.derive("ab", "c").open(sealed, "", now), errc::denied);
}

TEST(Seal, PreviousKeysOpenAndTheCurrentOneSeals) {
   const auto before = ring(secret_1).derive("test", "space");
   const auto after = ring(secret_2, {secret_1}).derive("test", "space");
   const auto older = before.seal("old", "", now + 1).value();
   const auto newer = after.seal("new", "", now + 1).value();
   EXPECT_EQ(after.open(older, "", now).value(), "old");
   EXPECT_FALSE(after.is_current(older));
   EXPECT_TRUE(after.is_current(newer));
   EXPECT_ERROR(before.open(newer, "", now), errc::denied);
   EXPECT_ERROR(ring(secret_2).derive("test", "space").open(older, "", now), errc::denied);
}

TEST(Seal, RefusesWhatIsTooLong) {
   const auto s = plain_sealer();
   EXPECT_TRUE(s.seal(std::string(sealer::max_plain_bytes, 'x'), "", now).has_value());
   EXPECT_ERROR(s.seal(std::string(sealer::max_plain_bytes + 1, 'x'), "", now), errc::limit);
   EXPECT_ERROR(s.seal("", std::string(sealer::max_aad_bytes + 1, 'x'), now), errc::limit);
   EXPECT_ERROR(s.open(std::string(sealer::overhead + sealer::max_plain_bytes + 1, '\1'), "", now),
                errc::denied);
}

TEST(KeyRing, RefusesKeysThatCanBeGuessed) {
   EXPECT_ERROR(key_ring::make("changeme"), errc::invalid);
   EXPECT_ERROR(key_ring::make(std::string(64, '0')), errc::invalid);
   EXPECT_ERROR(key_ring::make(std::string(5000, '0')), errc::limit);
   const std::vector<std::string> previous{secret_2, "the guessable one"};
   const auto refused = key_ring::make(secret_1, previous);
   EXPECT_ERROR(refused, errc::invalid);
   EXPECT_THAT(refused.error().message, HasSubstr("previous key 2"));
   EXPECT_THAT(refused.error().message, Not(HasSubstr("guessable")));
   EXPECT_ERROR(key_ring::make(secret_1, std::vector<std::string>(9, secret_2)), errc::limit);
}

TEST(SecretKey, IsOverwrittenWhenItMovesOn) {
   secret_key a;
   a.bytes()[0] = 1;
   const secret_key b(std::move(a));
   EXPECT_EQ(b.bytes()[0], 1);
   EXPECT_EQ(a.bytes()[0], 0); // NOLINT: what is left behind is what this is about
}

TEST(SecretKey, WipesTheWholeBufferOfAString) {
   std::string text = "a text that is longer than the small buffer of a string";
   const char* at = text.data();
   const auto size = text.size();
   text.resize(3); // the tail is still there
   wipe(text);
   EXPECT_TRUE(text.empty());
   EXPECT_EQ(std::count(at, at + size, '\0'), static_cast<std::ptrdiff_t>(size));
}

} // namespace
} // namespace fmcp::crypto
