#pragma once

/// Keys made of a key: HKDF with SHA-256 (RFC 5869).
///
/// Thread safety: immutable. Lifetimes: the secret is not kept, only what was extracted from it,
/// and that is overwritten at the end.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "crypto/digest.hpp"

namespace fmcp::crypto {

class hkdf {
public:
   static constexpr std::size_t max_output_bytes = 255 * sizeof(digest256);

   /// Section 2.2: what is uniform in `secret` goes into one key.
   hkdf(std::string_view salt, std::string_view secret);

   /// Section 2.3: as many bytes as fit into `out`, for the purpose that `info` names. Two purposes
   /// know nothing of each other. Precondition: not more than `max_output_bytes`.
   void expand(std::string_view info, std::span<std::uint8_t> out) const;

private:
   hmac_key extracted_;
};

} // namespace fmcp::crypto
