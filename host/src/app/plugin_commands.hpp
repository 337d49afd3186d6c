#pragma once

/// What `plugins list` and `plugins info` do.

#include <string>
#include <vector>

#include "cli/cli.hpp"
#include "config/settings.hpp"
#include "core/result.hpp"

namespace fmcp::app {

/// Loads everything that `run` would load. Errors: io.
[[nodiscard]] core::result<std::vector<cli::plugin_row>> list_plugins(const config::settings& s);
/// Runs nothing of the file. Errors: those of `plugins::inspect`.
[[nodiscard]] core::result<cli::plugin_facts> inspect_plugin(const config::settings& s,
                                                             const std::string& file);

} // namespace fmcp::app
