#pragma once

/// What the client commands (`ping`, `list`, `call`) need besides words: the network, the user's
/// browser, the file of tokens.

#include <cstddef>
#include <memory>

#include "cli/cli.hpp"
#include "client/target.hpp"

namespace fmcp::app {

/// Connects to the server that `to` names. Before that it makes this process one whose memory
/// nobody reads. `io` outlives the answer.
[[nodiscard]] core::result<std::unique_ptr<client::mcp_client>>
connect_to_server(const client::target& to, const config::settings& s, cli::streams io,
                  client::mcp_client::notice heard);

/// Forgets the logins at that server; gives how many there were.
[[nodiscard]] core::result<std::size_t> forget_login(const std::string& url,
                                                     const config::settings& s);

} // namespace fmcp::app
