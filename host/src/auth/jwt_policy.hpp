#pragma once

/// What a JSON Web Token must satisfy, as a provider or an operator writes it down. Nothing of it
/// is believed: jwt_service::add checks it.
///
/// Refused, with a sentence that names the member:
/// * no source of keys, or more than one of `jwks_uri`, `jwks_json`, `pem` and `shared_secret`;
/// * no issuers, audiences or algorithms, unless `any_issuer` or `any_audience` says explicitly
/// that
///   the claim is not looked at; one of those together with a list;
/// * the algorithm `none`, one that is not known, HS* together with keys (whoever can read the
///   public key could sign), anything but HS* with a shared secret;
/// * a key that none of the algorithms takes, RSA keys below 2048 bits, secrets that are shorter
/// than
///   the hash; of `jwks_json` such keys are left out, and a set with no other is refused;
/// * issuers that are no pattern (issuer_pattern.hpp), the audience `*`;
/// * a `jwks_uri` that is no absolute http or https URL, or whose origin `reach` does not allow;
/// * a leeway of more than 300 s, a `min_refresh` of more than an hour, negative ones.
///
/// Thread safety: values only.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/fetch.hpp"

namespace fmcp::auth {

struct jwt_policy {
   std::string jwks_uri{}, jwks_json{}, pem{}; ///< exactly one of these and `shared_secret`
   std::string shared_secret{};                ///< bytes, for HS* only
   std::vector<std::string> issuers{};         ///< `*` stands for one path segment
   bool any_issuer = false;                    ///< with no issuers
   std::vector<std::string> audiences{};       ///< one of them must be among the token's
   bool any_audience = false;                  ///< with no audiences
   std::vector<std::string> algorithms{};      ///< `RS256`
   std::vector<std::string> types{};           ///< accepted `typ`, in any case; empty: check_type
   std::chrono::seconds leeway{0};
   std::chrono::seconds min_refresh{0}; ///< between two fetches of the keys; 0: the usual limits
   std::shared_ptr<const core::http::fetch_policy> reach{}; ///< where `jwks_uri` may point
};

} // namespace fmcp::auth
