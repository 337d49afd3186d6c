#pragma once

/// The public keys that a server publishes (RFC 7517 section 5).
///
/// One bad key does not spoil a set: what cannot be used is left out, with a reason for the log.
/// Left out are, beside what `jwk_set_limits` says, keys that public_key::from_jwk refuses (shared
/// secrets among them: a secret that is published is none), and all keys that share a `kid` without
/// being the same key though one algorithm would take each of them. RFC 7517 section 4.5 wants
/// names to be distinct, but for equivalent keys of different types; with two candidates of one
/// type, which key checks a token would be a matter of order, and a key that somebody managed to
/// add to the set would stand in for the one that was there. A set repeats a key under one `kid`
/// legitimately to bind it to another `alg`, and that stays.
///
/// Thread safety: immutable.
/// Lifetimes: pointers that `find` returns live as long as the set.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "crypto/algorithm.hpp"
#include "crypto/public_key.hpp"
#include "json/value.hpp"

namespace fmcp::crypto {

struct jwk_set_limits {
   std::size_t max_bytes = 64u << 10;
   std::size_t max_keys = 64; ///< usable or not; more is an error of the whole set
   /// What checking all the RSA keys may cost, in units of a modulus of 1024 bits; the time grows
   /// with the cube of the bits. 256 keys of 2048 bits, 32 of 4096, 4 of 8192, which is about a
   /// second; keys beyond are left out.
   std::size_t max_rsa_cost = 2048;
};

class jwk_set {
public:
   struct skipped_key {
      std::size_t index;  ///< in `keys`
      std::string id;     ///< `kid`, printable and cut, in quotes; empty when there is none
      std::string reason; ///< part of a sentence: `its "use" is not "sig"`
   };

   /// Errors: invalid (no JSON, no `keys` array), limit. A set without usable keys is none.
   [[nodiscard]] static core::result<jwk_set> parse(std::string_view text,
                                                    const jwk_set_limits& bounds = {});

   [[nodiscard]] std::span<const public_key> keys() const noexcept { return keys_; }
   [[nodiscard]] std::span<const skipped_key> skipped() const noexcept { return skipped_; }

   /// The key for a token with this `kid` and algorithm, or null. Without a `kid` it is the only
   /// key of the set that fits the algorithm; with several, none, since trying them in turn would
   /// let the sender choose.
   [[nodiscard]] const public_key* find(std::optional<std::string_view> id,
                                        algorithm a) const noexcept;

   /// Whether the set names this key at all, usable or not: when it does, fetching the set again is
   /// of no use.
   [[nodiscard]] bool knows(std::string_view id) const noexcept;

private:
   void skip(std::size_t index, std::optional<std::string_view> id, std::string reason);
   void drop_ambiguous(std::vector<std::size_t> places);

   std::vector<public_key> keys_;
   std::vector<skipped_key> skipped_;
   std::vector<std::string> skipped_ids_; // as they were written
};

} // namespace fmcp::crypto
