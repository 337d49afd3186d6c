#include "crypto/public_key.hpp"

#include <cstdint>
#include <utility>

#include <openssl/core_names.h>

#include "core/text.hpp"
#include "core/utf8.hpp"
#include "crypto/key_checks.hpp"

namespace fmcp::crypto {
namespace {

using core::errc;
using core::fail;

core::result<void> public_check(EVP_PKEY* key) {
   const pkey_context context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
   if (!context || EVP_PKEY_public_check(context.get()) != 1)
      return fail(errc::invalid, "the key fails OpenSSL's check of public keys");
   return {};
}

bignum number_of(EVP_PKEY* key, const char* name) {
   BIGNUM* n = nullptr;
   if (EVP_PKEY_get_bn_param(key, name, &n) != 1) return nullptr;
   return bignum(n);
}

core::result<void> check_rsa(public_key::state& s) {
   const auto n = number_of(s.key.get(), OSSL_PKEY_PARAM_RSA_N);
   const auto e = number_of(s.key.get(), OSSL_PKEY_PARAM_RSA_E);
   if (!n || !e) return fail(errc::invalid, "the RSA key lacks its modulus or exponent");
   s.type = key_type::rsa;
   s.bits = static_cast<unsigned>(BN_num_bits(n.get()));
   s.signature_size = (s.bits + 7) / 8;
   if (s.bits < min_rsa_bits) {
      return fail(errc::invalid, "the RSA modulus has " + std::to_string(s.bits) +
                                       " bits; fewer than " + std::to_string(min_rsa_bits) +
                                       " can be factored");
   }
   if (s.bits > max_rsa_bits) {
      return fail(errc::limit, "the RSA modulus has " + std::to_string(s.bits) + " bits; at most " +
                                     std::to_string(max_rsa_bits) + " are taken");
   }
   // With e = 1 the signature is its own message. An even e is no exponent of RSA. A long one only
   // makes verification slow.
   if (BN_is_odd(e.get()) != 1 || BN_is_one(e.get()) || BN_num_bits(e.get()) > 64) {
      return fail(errc::invalid,
                  "the RSA exponent must be odd, at least 3 and at most 64 bits long");
   }
   if (has_roca_form(n.get())) {
      return fail(errc::invalid,
                  "the RSA modulus was made by a faulty generator (CVE-2017-15361) and can be "
                  "factored");
   }
   return public_check(s.key.get());
}

struct named_curve {
   std::string_view name; // OpenSSL's
   key_type type;
   unsigned bits;
};
constexpr named_curve curves[] = {{"prime256v1", key_type::p256, 256},
                                  {"secp384r1", key_type::p384, 384},
                                  {"secp521r1", key_type::p521, 521}};

core::result<void> check_ec(public_key::state& s) {
   // Explicit parameters can describe a curve of the sender's own on which it knows the answer
   // (CVE-2020-0601).
   int is_explicit = 0;
   if (EVP_PKEY_get_int_param(s.key.get(), OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                              &is_explicit) == 1 &&
       is_explicit != 0)
      return fail(errc::unsupported, "the EC key spells its curve out instead of naming it");
   char name[64] = {};
   std::size_t length = 0;
   if (EVP_PKEY_get_group_name(s.key.get(), name, sizeof name, &length) != 1)
      return fail(errc::unsupported, "the EC key names no curve");
   const named_curve* found = nullptr;
   for (const auto& c : curves) {
      if (c.name == std::string_view(name, length)) found = &c;
   }
   if (found == nullptr)
      return fail(errc::unsupported, "the EC key's curve is none of P-256, P-384, P-521");
   s.type = found->type;
   s.bits = found->bits;
   const std::size_t half = (s.bits + 7) / 8;
   s.signature_size = 2 * half;
   const auto order = number_of(s.key.get(), OSSL_PKEY_PARAM_EC_ORDER);
   if (!order ||
       BN_bn2binpad(order.get(), s.order.data(), static_cast<int>(half)) != static_cast<int>(half))
      return fail(errc::internal, "OpenSSL does not say the order of the EC key's curve");
   return public_check(s.key.get()); // on the curve, not at infinity, of the right order
}

core::result<void> check_edwards(public_key::state& s, key_type type) {
   s.type = type;
   s.bits = type == key_type::ed25519 ? 255 : 448;
   s.signature_size = type == key_type::ed25519 ? 64 : 114;
   char raw[57];
   std::size_t size = sizeof raw;
   if (EVP_PKEY_get_raw_public_key(s.key.get(), reinterpret_cast<unsigned char*>(raw), &size) != 1)
      return fail(errc::invalid, "the Edwards key holds no point");
   return check_edwards_point(type, {raw, size});
}

core::result<void> check(public_key::state& s) {
   EVP_PKEY* key = s.key.get();
   if (EVP_PKEY_is_a(key, "RSA") == 1) return check_rsa(s);
   if (EVP_PKEY_is_a(key, "EC") == 1) return check_ec(s);
   if (EVP_PKEY_is_a(key, "ED25519") == 1) return check_edwards(s, key_type::ed25519);
   if (EVP_PKEY_is_a(key, "ED448") == 1) return check_edwards(s, key_type::ed448);
   return fail(errc::unsupported,
               "the key is of none of the kinds RSA, EC (P-256, P-384, P-521), Ed25519, Ed448");
}

} // namespace

core::result<public_key> key_maker::make(pkey key, std::optional<std::string> id,
                                         std::optional<algorithm> bound) {
   const auto s = std::make_shared<public_key::state>();
   s->key = std::move(key);
   s->id = std::move(id);
   s->bound = bound;
   if (auto sound = check(*s); !sound) return std::unexpected(std::move(sound.error()));
   if (bound && !crypto::fits(s->type, *bound)) {
      return fail(errc::invalid, "its \"alg\" " + std::string(name_of(*bound)) +
                                       " does not fit the key, which is " +
                                       std::string(name_of(s->type)));
   }
   return public_key(s);
}

key_type public_key::type() const noexcept {
   return state_->type;
}
unsigned public_key::bits() const noexcept {
   return state_->bits;
}
const std::optional<std::string>& public_key::id() const noexcept {
   return state_->id;
}
std::optional<algorithm> public_key::bound_to() const noexcept {
   return state_->bound;
}

bool public_key::fits(algorithm a) const noexcept {
   return crypto::fits(state_->type, a) && (!state_->bound || *state_->bound == a);
}

bool public_key::same_material(const public_key& other) const noexcept {
   const tidy_error_queue tidy;
   return type() == other.type() && EVP_PKEY_eq(inside().key.get(), other.inside().key.get()) == 1;
}

std::string quoted(std::string_view text) {
   constexpr std::size_t most = 40;
   const auto cut = core::utf8_truncated(text, most);
   std::string out = "\"";
   core::append_printable(out, cut);
   out += cut.size() < text.size() ? "...\"" : "\"";
   return out;
}

std::unexpected<core::error> wrap_printable(std::string_view context, const core::error& inner) {
   std::string message;
   core::append_printable(message, inner.message);
   return core::wrap(context, {inner.code, std::move(message)});
}

} // namespace fmcp::crypto
