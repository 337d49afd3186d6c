#pragma once

/// A public key that verifies signatures, from a JSON Web Key (RFC 7517, 7518 section 6, RFC 8037
/// section 2) or from PEM (RFC 7468).
///
/// OpenSSL 3 imports keys that verify forged signatures: RSA with the exponent 1, the point at
/// infinity, Ed25519 points of low order. A `public_key` is one that has passed every check that we
/// know, so that whoever holds one need not check again. A shared secret (`oct`) is not a public
/// key and never becomes one: see shared_secret.hpp.
///
/// Thread safety: immutable; copies share the key.
/// Errors: `invalid` for what breaks a rule, `unsupported` for a kind of key that is not taken,
/// `limit` for a bound. The sentences name the member, and never hold key material.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "crypto/algorithm.hpp"
#include "json/value.hpp"

namespace fmcp::crypto {

inline constexpr unsigned min_rsa_bits = 2048; ///< RFC 7518 sections 3.3 and 3.5
/// Checking a modulus costs a power with an exponent of its own size: time grows with the cube.
inline constexpr unsigned max_rsa_bits = 8192;
inline constexpr std::size_t max_key_id_bytes = 1024;
inline constexpr std::size_t max_pem_bytes = 32u << 10;

class public_key {
public:
   /// Takes a key whose purpose is to verify signatures. Refused are, apart from what is malformed:
   /// a key of another purpose (`use` other than `sig`, `key_ops` without `verify`, an `alg` that
   /// does not fit), and a key that comes with its private part, since whoever could read it can
   /// sign.
   [[nodiscard]] static core::result<public_key> from_jwk(const json::value& jwk);
   /// The same from text: one JSON object of at most 32 KiB.
   [[nodiscard]] static core::result<public_key> from_jwk(std::string_view text);

   /// Exactly one block: `PUBLIC KEY` (SubjectPublicKeyInfo), or `CERTIFICATE`, of which the key is
   /// taken and nothing else is looked at, its dates and its issuer neither.
   [[nodiscard]] static core::result<public_key> from_pem(std::string_view text);

   [[nodiscard]] key_type type() const noexcept;
   /// Of the modulus or of the field.
   [[nodiscard]] unsigned bits() const noexcept;
   /// The `kid`, when the key came with one.
   [[nodiscard]] const std::optional<std::string>& id() const noexcept;
   /// The only algorithm that the key may be used with, when it said one.
   [[nodiscard]] std::optional<algorithm> bound_to() const noexcept;
   /// Whether the key's type, its curve and its `alg` allow this algorithm.
   [[nodiscard]] bool fits(algorithm a) const noexcept;
   /// Whether both are the same key, whatever name and algorithm they go by.
   [[nodiscard]] bool same_material(const public_key& other) const noexcept;

   struct state; ///< of this room
   [[nodiscard]] const state& inside() const noexcept { return *state_; }

private:
   explicit public_key(std::shared_ptr<const state> s) noexcept : state_(std::move(s)) {}
   friend struct key_maker;
   std::shared_ptr<const state> state_;
};

} // namespace fmcp::crypto
