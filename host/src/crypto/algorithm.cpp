#include "crypto/algorithm.hpp"

#include <array>
#include <cstddef>

namespace fmcp::crypto {
namespace {

struct row {
   std::string_view name;
   unsigned hash;
};
constexpr std::array<row, 15> table{{
      {"RS256", 32},
      {"RS384", 48},
      {"RS512", 64},
      {"PS256", 32},
      {"PS384", 48},
      {"PS512", 64},
      {"ES256", 32},
      {"ES384", 48},
      {"ES512", 64},
      {"EdDSA", 0},
      {"Ed25519", 0},
      {"Ed448", 0},
      {"HS256", 32},
      {"HS384", 48},
      {"HS512", 64},
}};
static_assert(table.size() == static_cast<std::size_t>(algorithm::hs512) + 1);

} // namespace

std::optional<algorithm> algorithm_named(std::string_view name) noexcept {
   for (std::size_t i = 0; i < table.size(); ++i) {
      if (table[i].name == name) return static_cast<algorithm>(i);
   }
   return std::nullopt;
}

std::string_view name_of(algorithm a) noexcept {
   return table[static_cast<std::size_t>(a)].name;
}

unsigned hash_size(algorithm a) noexcept {
   return table[static_cast<std::size_t>(a)].hash;
}

std::string_view name_of(key_type type) noexcept {
   switch (type) {
   case key_type::rsa: return "RSA";
   case key_type::p256: return "EC P-256";
   case key_type::p384: return "EC P-384";
   case key_type::p521: return "EC P-521";
   case key_type::ed25519: return "Ed25519";
   case key_type::ed448: return "Ed448";
   }
   return {};
}

bool fits(key_type type, algorithm a) noexcept {
   switch (a) {
   case algorithm::rs256:
   case algorithm::rs384:
   case algorithm::rs512:
   case algorithm::ps256:
   case algorithm::ps384:
   case algorithm::ps512: return type == key_type::rsa;
   case algorithm::es256: return type == key_type::p256;
   case algorithm::es384: return type == key_type::p384;
   case algorithm::es512: return type == key_type::p521;
   case algorithm::eddsa: return type == key_type::ed25519 || type == key_type::ed448;
   case algorithm::ed25519: return type == key_type::ed25519;
   case algorithm::ed448: return type == key_type::ed448;
   case algorithm::hs256:
   case algorithm::hs384:
   case algorithm::hs512: return false;
   }
   return false;
}

} // namespace fmcp::crypto
