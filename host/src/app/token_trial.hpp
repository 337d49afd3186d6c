#pragma once

/// What becomes of one token, step by step: the part of `doctor` for whoever has one.

#include <string>
#include <string_view>

#include "app/authentication.hpp"
#include "app/findings.hpp"
#include "auth/jwt_service.hpp"

namespace fmcp::app {

/// Who judges, and by what.
struct judges {
   authentication& guard;
   auth::jwt_service& tokens; ///< with the provider's policies
   std::chrono::milliseconds patience;
};

/// Asks about a token that nobody has issued: what can be said of a provider that keeps to itself
/// how it judges. Wrong: it cannot tell, or lets it in.
void try_made_up_token(findings& f, const judges& by);

/// What it says, each step with received and expected values, the provider's verdict, and what the
/// gate makes of it: expiry, scopes. Prints claims, never the token or its signature.
void try_token(findings& f, const judges& by, std::string_view token);

} // namespace fmcp::app
