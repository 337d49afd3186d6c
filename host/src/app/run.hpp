#pragma once

/// The process at work: plugins loaded, clients served, until it is told to stop.

#include "config/settings.hpp"

namespace fmcp::app {

/// Serves by the transport that the settings name. Gives the exit code. Why it cannot start is said
/// on the error stream, whatever the log's level.
[[nodiscard]] int run(const config::settings& s);

} // namespace fmcp::app
