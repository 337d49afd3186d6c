#pragma once

/// From an operator's settings to the policy by which tokens are judged. Pure.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <fmcp/cpp/jwt.hpp>

namespace jwt {

struct configured {
   std::string_view public_key; ///< PEM, or the shared secret of HS*
   std::string jwks_uri;
   std::vector<std::string> issuer;
   bool allow_any_issuer = false;
   std::vector<std::string> audience;
   bool allow_any_audience = false;
   std::vector<std::string> algorithm;
   std::vector<std::string> types; ///< empty: the host's usual ones
   std::chrono::seconds leeway{0};
};

/// `public_key` is referred to, not copied. Errors: fmcp::setting_error, with a sentence for each
/// problem, in which `{issuer}` stands for what the operator knows the setting by; it holds nothing
/// of the key.
[[nodiscard]] fmcp::jwt_policy make_policy(const configured& from);

/// What the host says of a policy begins with the policy's member. The same with the setting from
/// which the member came: `shared_secret is …` becomes `{public_key} is …`.
[[nodiscard]] std::string in_settings(std::string_view words);

} // namespace jwt
