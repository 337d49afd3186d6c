#include "crypto/kdf.hpp"

#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace fmcp::crypto {
namespace {

std::string counting(unsigned from, unsigned to) {
   std::string out;
   for (unsigned i = from; i <= to; ++i) out += static_cast<char>(i);
   return out;
}

std::string expanded(const hkdf& k, std::string_view info, std::size_t bytes) {
   std::vector<std::uint8_t> out(bytes);
   k.expand(info, out);
   return to_hex(out);
}

// RFC 5869, appendix A.
TEST(Hkdf, BasicCase) {
   const hkdf k(counting(0x00, 0x0c), std::string(22, '\x0b'));
   EXPECT_EQ(
         expanded(k, counting(0xf0, 0xf9), 42),
         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

TEST(Hkdf, LongInputsAndOutputs) {
   const hkdf k(counting(0x60, 0xaf), counting(0x00, 0x4f));
   EXPECT_EQ(expanded(k, counting(0xb0, 0xff), 82),
             "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
             "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
             "cc30c58179ec3e87c14c01d5c1f3434f1d87");
}

TEST(Hkdf, NeitherSaltNorInfo) {
   const hkdf k("", std::string(22, '\x0b'));
   EXPECT_EQ(
         expanded(k, "", 42),
         "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(Hkdf, TheLongestOutputBeginsLikeAShortOne) {
   const hkdf k("salt", "secret");
   const auto longest = expanded(k, "info", hkdf::max_output_bytes);
   EXPECT_EQ(longest.size(), 2 * hkdf::max_output_bytes);
   EXPECT_TRUE(longest.starts_with(expanded(k, "info", 32)));
   EXPECT_NE(expanded(k, "other", 32), expanded(k, "info", 32));
}

} // namespace
} // namespace fmcp::crypto
