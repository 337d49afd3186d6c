#pragma once

/// For this room's sources only: what is behind a `public_key`, and the checks that make one.

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "crypto/openssl.hpp"
#include "crypto/public_key.hpp"

namespace fmcp::crypto {

struct public_key::state {
   pkey key;
   key_type type = key_type::rsa;
   unsigned bits = 0;
   std::size_t signature_size = 0; ///< the only length a JWS signature by this key can have
   /// EC: the group's order, big-endian, of half the signature's size.
   std::array<unsigned char, 66> order{};
   std::optional<std::string> id;
   std::optional<algorithm> bound;
};

struct key_maker {
   /// Every check on the material itself, whatever document it came in.
   static core::result<public_key> make(pkey key, std::optional<std::string> id,
                                        std::optional<algorithm> bound);
};

/// Whether these bytes encode a point of the curve that is not of low order (RFC 8032
/// sections 5.1.3 and 5.2.3). `type` is ed25519 or ed448, `encoded` has the curve's length.
[[nodiscard]] core::result<void> check_edwards_point(key_type type, std::string_view encoded);

/// Whether the modulus has the form that a widespread smart card library gave its keys, which can
/// be factored (CVE-2017-15361, "ROCA").
[[nodiscard]] bool has_roca_form(const BIGNUM* modulus);

/// Text from outside for an error sentence: in quotes, printable, cut to a few characters.
[[nodiscard]] std::string quoted(std::string_view text);

/// core::wrap for an error of the JSON reader, whose sentence may quote a member's name: made
/// printable, since whoever wrote the text may send terminal commands to those who read the log.
[[nodiscard]] std::unexpected<core::error> wrap_printable(std::string_view context,
                                                          const core::error& inner);

} // namespace fmcp::crypto
