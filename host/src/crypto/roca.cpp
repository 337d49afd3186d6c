// The library behind CVE-2017-15361 made primes as k * M + (65537^a mod M), M being the product of
// the first primes. So a modulus of such primes is, modulo each small prime, a power of 65537; an
// ordinary modulus is one for all of them with a probability far below 2^-100.

#include <array>
#include <bitset>

#include "crypto/key_checks.hpp"

namespace fmcp::crypto {
namespace {

/// The odd primes up to 167: the ones that every size of affected key from 512 bits on shares.
constexpr std::array<unsigned char, 38> small_primes{
      3,  5,  7,  11, 13, 17,  19,  23,  29,  31,  37,  41,  43,  47,  53,  59,  61,  67,  71,
      73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};

} // namespace

bool has_roca_form(const BIGNUM* modulus) {
   for (const unsigned prime : small_primes) {
      std::bitset<168> powers;
      for (unsigned power = 1; !powers[power]; power = power * 65537u % prime) powers.set(power);
      const auto rest = BN_mod_word(modulus, prime);
      if (rest >= prime || !powers[rest]) return false;
   }
   return true;
}

} // namespace fmcp::crypto
