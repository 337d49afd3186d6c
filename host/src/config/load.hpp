#pragma once

/// From everything that was given to settings that may be used, or to one list of what is wrong.
///
/// Precedence: flag > environment > `.env` > configuration file > default. Only the value that wins
/// is looked at, so a broken one that is overridden does no harm. Every problem is found before
/// anything is reported.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/auth_selection.hpp"
#include "config/report.hpp"
#include "config/settings.hpp"
#include "core/result.hpp"

namespace fmcp::config {

/// What the settings are wanted for.
enum class purpose : std::uint8_t {
   serving, ///< everything has to be right
   looking, ///< nothing is opened: no provider is resolved, and no settings are checked together
   calling, ///< the same for a client, which works in folders of strangers: `.env` counts only when
            ///< FASTMCP_ENV_FILE names it, else a cloned one would say through whom tokens go
};

/// What the process was started with.
struct sources {
   std::vector<std::string> environment; ///< NAME=value, as in `environ`
   /// Values of flags and positional arguments by name of the setting, in order. Of a setting that
   /// takes one value the last one counts.
   std::vector<std::pair<std::string, std::string>> flags;
   std::string directory = "."; ///< the working directory: `.env` and relative paths
   std::string prefix;          ///< where the program is installed, e.g. `/usr`
   std::string program_version;
   /// The process has more rights than the one who started it (AT_SECURE): neither environment nor
   /// `.env` is believed.
   bool is_privileged = false;
   config::purpose purpose = purpose::serving;
   /// Looks at the provider files that the settings name (`auth_plugin_dirs`), and runs nothing of
   /// them. Called at most once, when the transport is http and something asks for authentication.
   /// Without it such a process does not start.
   std::function<std::vector<auth_candidate>(const settings& so_far)> find_providers{};
};

struct loaded {
   /// The error's message lists all problems, and the warnings behind them. Code: invalid.
   core::result<settings> values;
   config::report report;
};

/// Reads the files that the sources name and decides every setting.
[[nodiscard]] loaded load(const sources& from);

/// All problems as one text: the sentence itself, or a heading and a line for each. The warnings
/// follow, since one of them is often the reason: `Did you mean FASTMCP_ENV_FILE?`
[[nodiscard]] std::string describe(const report& about);

} // namespace fmcp::config
