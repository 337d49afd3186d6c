#include "crypto/siphash.hpp"

#include <array>
#include <bit>
#include <cstring>

#include "crypto/digest.hpp"

namespace fmcp::crypto {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

/// The paper's section 2: v0 to v3 and the one step that is done over and over.
struct state {
   std::uint64_t v0, v1, v2, v3;

   void step() noexcept {
      v0 += v1;
      v1 = std::rotl(v1, 13) ^ v0;
      v0 = std::rotl(v0, 32);
      v2 += v3;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 += v3;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 += v1;
      v1 = std::rotl(v1, 17) ^ v2;
      v2 = std::rotl(v2, 32);
   }
   void take(std::uint64_t word) noexcept {
      v3 ^= word;
      step();
      step();
      v0 ^= word;
   }
};

} // namespace

sip_key::sip_key() {
   std::array<std::uint8_t, 16> bytes{};
   fill_random(bytes);
   std::memcpy(&k0_, bytes.data(), sizeof k0_);
   std::memcpy(&k1_, bytes.data() + sizeof k0_, sizeof k1_);
}

std::uint64_t sip_key::hash(std::string_view bytes) const noexcept {
   state s{k0_ ^ 0x736f6d6570736575u, k1_ ^ 0x646f72616e646f6du, k0_ ^ 0x6c7967656e657261u,
           k1_ ^ 0x7465646279746573u};
   const char* at = bytes.data();
   for (std::size_t n = bytes.size() / 8; n != 0; --n, at += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, at, sizeof word);
      s.take(word);
   }
   // The last word: what is left, and the length's lowest byte on top.
   std::uint64_t last = 0;
   if (const auto rest = bytes.size() % 8; rest != 0) std::memcpy(&last, at, rest);
   s.take(last | (static_cast<std::uint64_t>(bytes.size()) << 56));
   s.v2 ^= 0xff;
   for (int i = 0; i < 4; ++i) s.step();
   return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

} // namespace fmcp::crypto
