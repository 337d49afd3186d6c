#pragma once

/// Providers of authentication, from what the plugin room finds to what settings and command line
/// know, and back.

#include <string_view>
#include <vector>

#include "config/auth_candidate.hpp"
#include "config/settings.hpp"
#include "plugins/auth_provider.hpp"
#include "plugins/host.hpp"

namespace fmcp::app {

/// Like `plugin_options`, for the provider directories instead of those with tools.
[[nodiscard]] plugins::options provider_options(const config::settings& s,
                                                std::string_view version);

/// For `cli::commands::find_providers`: looks at the files in `auth_plugin_dirs`, runs none.
[[nodiscard]] std::vector<config::auth_candidate> find_providers(const config::settings& s);

/// For `plugins::auth_provider::load`: the selected provider as the plugin room knows it.
[[nodiscard]] plugins::auth_candidate candidate_of(const config::auth_selection& which);
[[nodiscard]] plugins::plugin_settings settings_of(const config::auth_selection& which);

} // namespace fmcp::app
