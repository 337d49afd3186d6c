#pragma once

/// For this room's sources only: the members that every JSON Web Key may have (RFC 7517 section 4).

#include <optional>
#include <string>

#include "core/result.hpp"
#include "crypto/algorithm.hpp"
#include "json/value.hpp"

namespace fmcp::crypto {

struct key_members {
   std::optional<std::string> id;  ///< `kid`
   std::optional<algorithm> bound; ///< `alg`
};

/// Refuses a key that is not for verifying signatures: `use`, `key_ops` and `alg` each restrict it
/// when they are there. RFC 7517 leaves obeying them to the application; ours obeys.
[[nodiscard]] core::result<key_members> common_members(const json::value& jwk);

} // namespace fmcp::crypto
