#pragma once

/// Tokens by login: OAuth 2.1 for the Model Context Protocol, authorization code with PKCE.
///
/// The life of a token:
///
///   kept in the file ─▶ sent ─▶ 401 ─▶ refreshed, once ─▶ sent ─▶ 401 ─▶ login ─▶ sent ─▶ 401: no
///        ▲               │                                                 ▲
///        │               └─▶ 403 insufficient_scope, once ── more scopes ──┘
///        └── written before it is sent, together with the client's registration
///
/// A token that is due is refreshed before it is sent, under the file's lock, after a look at
/// whether another command has done it meanwhile.
///
/// Thread safety: none. Blocks: on the network, on the lock, on the user.

#include <memory>
#include <string>

#include "client/credentials.hpp"
#include "client/exchange.hpp"
#include "client/reach.hpp"
#include "client/token_file.hpp"
#include "client/user_agent.hpp"
#include "core/clock.hpp"

namespace fmcp::client {

struct login_options {
   std::string client_id{};    ///< registered with the issuer beforehand; else this program does it
   std::string metadata_url{}; ///< of a client id metadata document, for issuers that take them
   std::uint16_t callback_port = 0; ///< 0: any, or that of the registration
};

/// What it is put together from. `agent` and `time` outlive it.
struct login_parts {
   exchange with;
   reach allowed;
   token_file file;
   user_agent& agent;
   login_options options{};
   const core::clock& time = core::clock::system();
};

[[nodiscard]] std::unique_ptr<credentials> oauth(login_parts parts);

} // namespace fmcp::client
