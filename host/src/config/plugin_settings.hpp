#pragma once

/// Settings of a plugin: what its manifest declares, decided before any of its code runs.
///
/// Declarations, types and delivered forms: `declaration.hpp`.

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/declaration.hpp"
#include "config/layers.hpp"
#include "config/report.hpp"
#include "core/result.hpp"
#include "json/value.hpp"

namespace fmcp::config {

/// Which settings are meant.
struct plugin_query {
   std::string name;   ///< `files`; flags and file say `plugins.files.<field>`
   std::string prefix; ///< `FASTMCP_PLUGIN_FILES_`
   /// Of the other plugins that are present: the longest prefix that fits owns a variable.
   std::vector<std::string> other_prefixes;
   std::string section = {};    ///< flags and file say `<section>.<field>`; empty: as above
   std::string noun = "plugin"; ///< what messages call it
};

/// `FASTMCP_PLUGIN_TIME_ZONE_` for `time-zone`.
[[nodiscard]] std::string plugin_prefix(std::string_view name);

struct plugin_values {
   std::string config_json = "{}"; ///< one JSON object, in the manifest's order
   std::vector<std::pair<std::string, std::string>> secrets;
   std::vector<std::string> warnings; ///< a sentence each
   /// By what the operator knows each setting: the variable, and where its value comes from.
   std::vector<std::pair<std::string, std::string>> labels{};
};

/// The same with each problem for itself, and a line of `config show` for each setting.
struct plugin_outcome {
   plugin_values values; ///< whole when there is no problem
   std::vector<problem> problems;
   std::vector<report_row> rows; ///< in the manifest's order, named `<section>.<field>`
};
[[nodiscard]] plugin_outcome decide_plugin(const declarations& declared, const plugin_query& query,
                                           const layers& given);

/// Decides the settings of one plugin.
/// Errors: those of `read_declarations`; invalid. All problems are in the message, on one line; it
/// holds no value of a secret.
[[nodiscard]] core::result<plugin_values>
resolve_plugin(const json::value& manifest, const plugin_query& query, const layers& given);

/// A sentence for each value that was given for a tool plugin that is not among `names`.
[[nodiscard]] std::vector<std::string> unclaimed_values(const layers& given,
                                                        std::span<const std::string> names);

} // namespace fmcp::config
