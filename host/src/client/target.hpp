#pragma once

/// What a command says about the server that it talks to and how it wants to be let in.

#include <chrono>
#include <cstdint>
#include <string>

#include "client/mcp_client.hpp"
#include "client/oauth.hpp"

namespace fmcp::client {

/// The variable that a bearer token may come from.
inline constexpr const char* token_variable = "FASTMCP_CLIENT_TOKEN";

enum class auth_mode : std::uint8_t { none, bearer, oauth };

struct target {
   std::string url;
   era wanted = era::any;
   std::chrono::milliseconds timeout{60'000};
   auth_mode auth = auth_mode::none;
   std::string token{};   ///< a secret, with `bearer`
   login_options login{}; ///< with `oauth`
   bool opens_browser = true;
};

} // namespace fmcp::client
