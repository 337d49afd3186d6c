#include "crypto/digest.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace fmcp::crypto {
namespace {

// FIPS 180-4, examples of NIST.
TEST(Digest, Sha256OfKnownTexts) {
   EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
   EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// RFC 4231: test cases 1 (short key), 2 (shorter than the digest) and 6 (longer than a block).
TEST(Digest, HmacOfKnownTexts) {
   EXPECT_EQ(to_hex(hmac_key(std::string(20, '\x0b')).sign("Hi There")),
             "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
   EXPECT_EQ(to_hex(hmac_key("Jefe").sign("what do ya want for nothing?")),
             "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
   EXPECT_EQ(to_hex(hmac_key(std::string(131, '\xaa'))
                          .sign("Test Using Larger Than Block-Size Key - Hash Key First")),
             "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Digest, AKeySignsAgainAndAfterAMove) {
   hmac_key a("Jefe");
   const auto first = a.sign("what do ya want for nothing?");
   hmac_key b(std::move(a));
   EXPECT_EQ(b.sign("what do ya want for nothing?"), first);
   EXPECT_NE(b.sign("what do ya want for nothing!"), first);
}

TEST(Digest, ComparesInConstantTimeByContent) {
   EXPECT_TRUE(equal_constant_time("", ""));
   EXPECT_TRUE(equal_constant_time("secret", "secret"));
   EXPECT_FALSE(equal_constant_time("secret", "secreT"));
   EXPECT_FALSE(equal_constant_time("secret", "secret "));
}

TEST(Digest, SeesADifferenceInEveryBit) {
   for (std::size_t size = 1; size < 100; ++size) { // several blocks and a part of one
      const std::string a(size, '\x5a');
      for (std::size_t bit = 0; bit < size * 8; ++bit) {
         auto b = a;
         b[bit / 8] = static_cast<char>(b[bit / 8] ^ (1 << bit % 8));
         ASSERT_FALSE(equal_constant_time(a, b)) << size << ' ' << bit;
         ASSERT_TRUE(equal_constant_time(a, std::string(a))) << size;
      }
   }
}

TEST(Digest, RandomBytesDiffer) {
   std::set<std::string> seen;
   for (int i = 0; i < 100; ++i) {
      std::array<std::uint8_t, 16> bytes{};
      fill_random(bytes);
      seen.insert(to_hex(bytes));
   }
   EXPECT_EQ(seen.size(), 100u);
}

} // namespace
} // namespace fmcp::crypto
