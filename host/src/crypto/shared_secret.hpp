#pragma once

/// The secret of an HMAC algorithm (RFC 7518 section 3.2). A type of its own, so that no public key
/// can ever be used as one: a server that takes the algorithm from the token otherwise checks an
/// HS256 token with the text of its public RSA key.
///
/// Thread safety: immutable; copies share the secret.
/// Lifetimes: the bytes are overwritten when the last copy goes.
/// Errors: `invalid`, `unsupported`, `limit`; the sentences never hold a byte of the secret.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "crypto/algorithm.hpp"
#include "json/value.hpp"

namespace fmcp::crypto {

inline constexpr std::size_t min_secret_bytes = 32; ///< RFC 7518 section 3.2, for HS256
inline constexpr std::size_t max_secret_bytes = 4096;

class shared_secret {
public:
   [[nodiscard]] static core::result<shared_secret> from_bytes(std::string_view bytes);
   /// A JSON Web Key with `kty` `oct`, from the operator; one in a key set that a server publishes
   /// is nobody's secret. `use`, `key_ops`, `alg` and `kid` as for a public key.
   [[nodiscard]] static core::result<shared_secret> from_jwk(const json::value& jwk);

   [[nodiscard]] const std::optional<std::string>& id() const noexcept;
   /// Whether it is at least as long as the hash, and its `alg` allows this one.
   [[nodiscard]] bool fits(algorithm a) const noexcept;

   /// For this room.
   [[nodiscard]] std::string_view bytes() const noexcept;

private:
   struct state;
   explicit shared_secret(std::shared_ptr<const state> s) noexcept : state_(std::move(s)) {}
   static core::result<shared_secret> make(std::string&& bytes, std::optional<std::string> id,
                                           std::optional<algorithm> bound);
   std::shared_ptr<const state> state_;
};

} // namespace fmcp::crypto
