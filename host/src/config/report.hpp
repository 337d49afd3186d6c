#pragma once

/// What is told about the settings: a line for each, what is wrong, what is worth knowing.

#include <string>
#include <vector>

#include "core/log.hpp"

namespace fmcp::config {

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
   /// One per row of the table, then one per setting of the provider that was selected.
   std::vector<report_row> rows;
   std::vector<problem> problems;
   std::vector<notice> notices; ///< what the operator should know although the server starts
};

} // namespace fmcp::config
