#pragma once

/// From everything that was given to settings that may be used, or to one list of what is wrong.
///
/// Precedence: flag > environment > `.env` > configuration file > default. Only the value that wins
/// is looked at, so a broken one that is overridden does no harm. Every problem is found before
/// anything is reported.

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/settings.hpp"
#include "core/result.hpp"

namespace fmcp::config {

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
};

/// One line of `config show`.
struct report_row {
   std::string name;
   std::string value;  ///< as it would be typed; a secret is `(hidden)`, an unset value empty
   std::string source; ///< `FASTMCP_PORT (.env:3)`, `default`
   std::vector<std::string> overridden{}; ///< weaker sources that had a value too
   bool is_valid = true;
};

struct notice {
   core::log::level level;
   std::string text;
};

struct problem {
   std::string text;      ///< one sentence or two
   bool is_usage = false; ///< the command line is to blame
};

struct report {
   std::vector<report_row> rows; ///< one per row of the table
   std::vector<problem> problems;
   std::vector<notice> notices; ///< what the operator should know although the server starts
};

struct loaded {
   /// The error's message lists all problems. Code: invalid.
   core::result<settings> values;
   config::report report;
};

/// Reads the files that the sources name and decides every setting.
[[nodiscard]] loaded load(const sources& from);

/// All problems as one text: the sentence itself, or a heading and a line for each.
[[nodiscard]] std::string describe(const std::vector<problem>& problems);

} // namespace fmcp::config
