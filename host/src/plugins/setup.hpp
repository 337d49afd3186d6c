#pragma once

/// What the two that load plugins share: the host of the tools and the authentication provider.

#include <functional>
#include <memory>
#include <string>

#include "plugins/grants.hpp"
#include "plugins/host.hpp"
#include "plugins/instance.hpp"
#include "plugins/staging.hpp"

namespace fmcp::plugins {

/// Runs `work` on a thread that nobody waits for, since nothing can bring a thread back that a
/// plugin keeps. False when the system gives no thread; `name` has at most 15 bytes.
[[nodiscard]] bool run_apart(const char* name, std::move_only_function<void()> work);

/// Stops a plugin on a thread of its own and forgets it if it lets itself within `patience`, else
/// keeps it for ever. `done` is called in any case, behind it.
void retire_apart(std::shared_ptr<instance> plugin, std::chrono::milliseconds patience,
                  std::move_only_function<void()> done = {});

/// The configuration of an instance, but for the timer and the way to its host. Makes the plugin's
/// private directory; where there can be none the path is empty, and the plugin is told so by that.
/// `net`: origins of the manifest.
[[nodiscard]] instance::config configure(const staged& file, const plugin_settings& settings,
                                         const options& o, role as, std::vector<std::string> net);

} // namespace fmcp::plugins
