#pragma once

/// For this room's sources only: a jwt_policy that has passed every check.
///
/// Thread safety: immutable once made.

#include <chrono>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "auth/claims.hpp"
#include "auth/jwt_policy.hpp"
#include "core/fetch.hpp"
#include "core/result.hpp"
#include "crypto/algorithm.hpp"
#include "crypto/jwk_set.hpp"
#include "crypto/public_key.hpp"
#include "crypto/shared_secret.hpp"

namespace fmcp::auth {

/// Keys that have to be fetched.
struct remote_keys {
   std::string uri;
   std::chrono::seconds min_refresh{0};
   std::shared_ptr<const core::http::fetch_policy> reach;
};

struct checked_policy {
   using source =
         std::variant<remote_keys, crypto::jwk_set, crypto::public_key, crypto::shared_secret>;

   crypto::algorithm_set algorithms;
   claim_rules claims;
   source keys;
   std::vector<std::string> warnings; ///< sentences: keys of `jwks_json` that were left out
};

/// Errors: those of jwt_policy.hpp; invalid, unsupported, denied, limit. Takes as long as the
/// import of its keys. The policy's copy of the secret is overwritten.
[[nodiscard]] core::result<checked_policy> check_policy(jwt_policy p);

} // namespace fmcp::auth
