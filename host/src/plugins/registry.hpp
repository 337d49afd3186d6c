#pragma once

/// Who may offer which tool. Pure: no plugin code, no threads.
///
/// A tool name belongs to one plugin. The plugin whose file comes later is refused as a whole,
/// since half a plugin surprises more than none; and what clients can already call is never taken
/// away by a plugin that came up late.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plugins/host.hpp"

namespace fmcp::plugins {

/// One file and what it offers. `tools` counts while `status.state` is active.
struct registered {
   plugin_status status;
   std::vector<std::shared_ptr<const tool>> tools;
};

/// Why `entries[index]` may not offer `tools`: one sentence that names both files, or nothing.
[[nodiscard]] std::optional<std::string>
find_collision(std::span<const registered> entries, std::size_t index,
               std::span<const std::shared_ptr<const tool>> tools);

/// Whether two lists would look the same to a client and to the host.
[[nodiscard]] bool is_same_list(std::span<const std::shared_ptr<const tool>> a,
                                std::span<const std::shared_ptr<const tool>> b);

[[nodiscard]] std::shared_ptr<const snapshot> make_snapshot(std::span<const registered> entries,
                                                            std::uint64_t generation);

} // namespace fmcp::plugins
