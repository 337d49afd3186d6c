#include "crypto/siphash.hpp"

#include <array>
#include <string>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/params.h>

namespace {

using namespace fmcp;

constexpr crypto::sip_key paper_key(0x0706050403020100u, 0x0f0e0d0c0b0a0908u);

std::string counting(std::size_t n) {
   std::string out;
   for (std::size_t i = 0; i < n; ++i) out += static_cast<char>(i);
   return out;
}

/// The same by OpenSSL.
std::uint64_t reference(const std::string& text) {
   const auto key = counting(16);
   EVP_MAC* mac = EVP_MAC_fetch(nullptr, "SIPHASH", nullptr);
   EVP_MAC_CTX* c = EVP_MAC_CTX_new(mac);
   std::size_t size = 8;
   const std::array params{OSSL_PARAM_construct_size_t("size", &size), OSSL_PARAM_construct_end()};
   std::array<unsigned char, 8> out{};
   std::size_t written = 0;
   EXPECT_EQ(EVP_MAC_init(c, reinterpret_cast<const unsigned char*>(key.data()), key.size(),
                          params.data()),
             1);
   EXPECT_EQ(EVP_MAC_update(c, reinterpret_cast<const unsigned char*>(text.data()), text.size()),
             1);
   EXPECT_EQ(EVP_MAC_final(c, out.data(), &written, out.size()), 1);
   EVP_MAC_CTX_free(c);
   EVP_MAC_free(mac);
   std::uint64_t n = 0;
   for (std::size_t i = 8; i-- > 0;) n = n << 8 | out[i];
   return n;
}

// The example of the paper's appendix A.
TEST(SipHash, GivesThePapersValue) {
   EXPECT_EQ(paper_key.hash(counting(15)), 0xa129ca6149be45e5u);
}

TEST(SipHash, AgreesWithOpensslOnEveryLength) {
   for (std::size_t n = 0; n < 300; ++n)
      ASSERT_EQ(paper_key.hash(counting(n)), reference(counting(n))) << n;
}

TEST(SipHash, HasAnotherKeyEachTime) {
   const crypto::sip_key a, b;
   EXPECT_NE(a.hash("x"), b.hash("x"));
   EXPECT_EQ(a.hash("x"), a.hash("x"));
}

} // namespace
