#pragma once

/// Reads environment, `.env`, configuration file and flags into layers; knows names, not types.

#include <string>
#include <vector>

#include "config/layers.hpp"
#include "config/load.hpp"
#include "config/lookalike.hpp"

namespace fmcp::config {

struct gathered {
   layers values;
   std::string config_file; ///< absolute; empty: none
   std::string env_file;    ///< absolute; empty: none
   /// What is no setting and was meant to protect the server, or to name a file that does.
   std::vector<lookalike> lookalikes;
   std::vector<problem> problems;
   std::vector<notice> notices;
};

[[nodiscard]] gathered gather(const sources& from);

/// `path` as seen from `directory`, absolute and without dots; does not touch the file system.
[[nodiscard]] std::string absolute_path(std::string_view path, std::string_view directory);

} // namespace fmcp::config
