// From a JSON Web Key to a public key: what the members must be, before OpenSSL sees them.

#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include <openssl/core_names.h>

#include "core/base64.hpp"
#include "crypto/jwk_members.hpp"
#include "crypto/key_checks.hpp"
#include "json/document.hpp"

namespace fmcp::crypto {
namespace {

using core::errc;
using core::fail;

/// A member that holds base64url of RFC 7515 section 2: no padding, no blanks, one spelling.
core::result<std::string> bytes_of(const json::value& jwk, const char* name, std::size_t most) {
   const auto* v = jwk.find(name);
   const std::string member = "\"" + std::string(name) + "\"";
   if (v == nullptr) return fail(errc::invalid, member + " is missing");
   if (!v->is(json::kind::string)) return fail(errc::invalid, member + " is no string");
   if (v->string().size() > (most * 4 + 2) / 3)
      return fail(errc::limit, member + " is longer than " + std::to_string(most) + " bytes");
   auto bytes = core::decode_base64url(v->string());
   if (!bytes || bytes->empty())
      return fail(errc::invalid, member + " is not base64url without padding");
   return std::move(*bytes);
}

/// The same for a coordinate, whose length is the curve's (RFC 7518 section 6.2.1.2).
core::result<std::string> coordinate_of(const json::value& jwk, const char* name,
                                        std::size_t size) {
   auto bytes = bytes_of(jwk, name, size);
   if (bytes && bytes->size() != size) {
      return fail(errc::invalid,
                  "\"" + std::string(name) + "\" has " + std::to_string(bytes->size()) +
                        " bytes, and a coordinate of this curve has " + std::to_string(size));
   }
   return bytes;
}

core::result<bignum> number_of(const json::value& jwk, const char* name, std::size_t most) {
   // One zero octet in front is the sign of widespread libraries that RFC 7518 section 6.3.1.1
   // warns of; the number is the same.
   auto bytes = bytes_of(jwk, name, most + 1);
   if (!bytes) return std::unexpected(std::move(bytes.error()));
   std::string_view digits = *bytes;
   if (digits.front() == 0) digits.remove_prefix(1);
   if (digits.empty() || digits.front() == 0)
      return fail(errc::invalid, "\"" + std::string(name) + "\" begins with zero bytes");
   bignum n(BN_bin2bn(octets(digits), static_cast<int>(digits.size()), nullptr));
   if (!n) return fail(errc::internal, "no memory for a number of the key");
   return n;
}

core::result<pkey> from_params(const char* type, OSSL_PARAM_BLD* builder) {
   const params list(OSSL_PARAM_BLD_to_param(builder));
   const pkey_context context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
   EVP_PKEY* key = nullptr;
   if (!list || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
       EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, list.get()) != 1)
      return fail(errc::invalid, "OpenSSL refuses the " + std::string(type) + " key");
   return pkey(key);
}

core::result<pkey> rsa_key(const json::value& jwk) {
   auto n = number_of(jwk, "n", max_rsa_bits / 8);
   if (!n) return std::unexpected(std::move(n.error()));
   auto e = number_of(jwk, "e", 8);
   if (!e) return std::unexpected(std::move(e.error()));
   const param_builder b(OSSL_PARAM_BLD_new());
   if (!b || OSSL_PARAM_BLD_push_BN(b.get(), OSSL_PKEY_PARAM_RSA_N, n->get()) != 1 ||
       OSSL_PARAM_BLD_push_BN(b.get(), OSSL_PKEY_PARAM_RSA_E, e->get()) != 1)
      return fail(errc::internal, "no memory for an RSA key");
   return from_params("RSA", b.get());
}

struct ec_curve {
   std::string_view crv;
   const char* group; // OpenSSL's name
   std::size_t coordinate;
};
constexpr std::array<ec_curve, 3> ec_curves{
      {{"P-256", "prime256v1", 32}, {"P-384", "secp384r1", 48}, {"P-521", "secp521r1", 66}}};

core::result<pkey> ec_key(const json::value& jwk, std::string_view crv) {
   const ec_curve* curve = nullptr;
   for (const auto& c : ec_curves) {
      if (c.crv == crv) curve = &c;
   }
   if (curve == nullptr) {
      return fail(errc::unsupported,
                  "its \"crv\" is " + quoted(crv) + " and not one of P-256, P-384, P-521");
   }
   const auto x = coordinate_of(jwk, "x", curve->coordinate);
   if (!x) return std::unexpected(x.error());
   const auto y = coordinate_of(jwk, "y", curve->coordinate);
   if (!y) return std::unexpected(y.error());
   const std::string point = '\x04' + *x + *y; // SEC 1 section 2.3.3, uncompressed
   const param_builder b(OSSL_PARAM_BLD_new());
   if (!b ||
       OSSL_PARAM_BLD_push_utf8_string(b.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve->group, 0) != 1 ||
       OSSL_PARAM_BLD_push_octet_string(b.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                        point.size()) != 1)
      return fail(errc::internal, "no memory for an EC key");
   auto key = from_params("EC", b.get());
   // The import fails only for coordinates that satisfy no equation.
   if (!key) return fail(errc::invalid, "\"x\" and \"y\" are no point of " + std::string(crv));
   return key;
}

core::result<pkey> okp_key(const json::value& jwk, std::string_view crv) {
   if (crv != "Ed25519" && crv != "Ed448") {
      return fail(errc::unsupported,
                  "its \"crv\" is " + quoted(crv) + " and not one of Ed25519, Ed448");
   }
   const bool small = crv == "Ed25519";
   const auto x = coordinate_of(jwk, "x", small ? 32 : 57);
   if (!x) return std::unexpected(x.error());
   pkey key(EVP_PKEY_new_raw_public_key_ex(nullptr, small ? "ED25519" : "ED448", nullptr,
                                           octets(*x), x->size()));
   if (!key) return fail(errc::invalid, "OpenSSL refuses the " + std::string(crv) + " key");
   return key;
}

core::result<pkey> material_of(const json::value& jwk) {
   const auto* type = jwk.find("kty");
   if (type == nullptr || !type->is(json::kind::string))
      return fail(errc::invalid, "\"kty\" is missing or no string");
   const auto kty = type->string();
   if (kty == "RSA") return rsa_key(jwk);
   if (kty == "oct")
      return fail(errc::unsupported,
                  "it is a shared secret (\"kty\" is \"oct\") and no public key");
   if (kty != "EC" && kty != "OKP") {
      return fail(errc::unsupported,
                  "its \"kty\" is " + quoted(kty) + " and not one of RSA, EC, OKP");
   }
   const auto crv = jwk.find_string("crv");
   if (!crv) return fail(errc::invalid, "\"crv\" is missing or no string");
   return kty == "EC" ? ec_key(jwk, *crv) : okp_key(jwk, *crv);
}

} // namespace

core::result<key_members> common_members(const json::value& jwk) {
   if (!jwk.is(json::kind::object)) return fail(errc::invalid, "a key is a JSON object");
   key_members out;
   if (const auto* kid = jwk.find("kid")) {
      if (!kid->is(json::kind::string)) return fail(errc::invalid, "\"kid\" is no string");
      if (kid->string().size() > max_key_id_bytes)
         return fail(errc::limit,
                     "\"kid\" is longer than " + std::to_string(max_key_id_bytes) + " bytes");
      out.id = kid->string();
   }
   if (const auto* use = jwk.find("use")) {
      if (!use->is(json::kind::string) || use->string() != "sig")
         return fail(errc::unsupported, "its \"use\" is not \"sig\"");
   }
   if (const auto* operations = jwk.find("key_ops")) {
      bool verifies = false;
      for (const auto& o :
           operations->is(json::kind::array) ? operations->items() : std::span<const json::value>())
         verifies = verifies || (o.is(json::kind::string) && o.string() == "verify");
      if (!verifies) return fail(errc::unsupported, "its \"key_ops\" do not list \"verify\"");
   }
   if (const auto* alg = jwk.find("alg")) {
      if (!alg->is(json::kind::string)) return fail(errc::invalid, "\"alg\" is no string");
      out.bound = algorithm_named(alg->string());
      if (!out.bound) {
         return fail(errc::unsupported, "its \"alg\" " + quoted(alg->string()) +
                                              " is no signature algorithm known here");
      }
   }
   return out;
}

core::result<public_key> public_key::from_jwk(const json::value& jwk) {
   const tidy_error_queue tidy;
   auto members = common_members(jwk);
   if (!members) return std::unexpected(std::move(members.error()));
   // RFC 7518 sections 6.2.2, 6.3.2, 6.4.1: all the names of private parts.
   constexpr std::array private_parts{"d", "p", "q", "dp", "dq", "qi", "oth"};
   for (const auto* name : private_parts) {
      if (jwk.find(name) != nullptr) {
         return fail(errc::denied, "it comes with its private part (\"" + std::string(name) +
                                         "\"): whoever could read it can sign");
      }
   }
   auto key = material_of(jwk);
   if (!key) return std::unexpected(std::move(key.error()));
   return key_maker::make(std::move(*key), std::move(members->id), members->bound);
}

core::result<public_key> public_key::from_jwk(std::string_view text) {
   json::document document;
   const auto jwk =
         document.parse_copy(text, {.max_depth = 8, .max_bytes = 32u << 10, .max_values = 1024});
   if (!jwk) return wrap_printable("reading a JSON Web Key", jwk.error());
   return from_jwk(**jwk);
}

} // namespace fmcp::crypto
