#pragma once

/// `fastmcp-host doctor`: everything that a protected server needs, tried out one after the other,
/// each with its finding, so that whoever sets one up learns what is wrong before a client does.

#include "cli/cli.hpp"

namespace fmcp::app {

/// Prints a line for each finding: the provider, the addresses, the keys by which it verifies, its
/// issuer's document, a token that was made up, and a given one step by step. Gives 0 when a server
/// would start and tokens would be verified, the given one accepted; 1 when any line says WRONG. Of
/// a token its header and claims are printed, to the terminal of whoever brought it, and never the
/// token.
[[nodiscard]] int doctor(cli::doctor_request rq, cli::streams io);

} // namespace fmcp::app
