#pragma once

/// Turns an address and a port into listening sockets.

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/safe_path.hpp"

namespace fmcp::net {

struct bound_sockets {
   /// One set per thread; each set has one socket per address.
   std::vector<std::vector<core::unique_fd>> per_thread;
   std::vector<std::string> addresses; ///< numeric
   std::uint16_t port = 0;
};

/// Resolves `address` (a literal or a name, all of whose addresses are taken) and binds `threads`
/// sockets per address, which share the port by SO_REUSEPORT. A port of 0 is chosen once, for all.
///
/// `::` also takes IPv4, unless `address` names IPv4 addresses beside it.
///
/// Blocks while a name is resolved. Errors: io; the message names address, port and cause.
[[nodiscard]] core::result<bound_sockets> bind_sockets(const std::string& address,
                                                       std::uint16_t port, unsigned threads);

} // namespace fmcp::net
