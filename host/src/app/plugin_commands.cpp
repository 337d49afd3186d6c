#include "app/plugin_commands.hpp"

#include <utility>

#include "app/process.hpp"
#include "app/room_options.hpp"
#include "app/version.hpp"

namespace fmcp::app {
namespace {

std::string name_of(plugins::state s) {
   switch (s) {
   case plugins::state::found: return "found";
   case plugins::state::active: return "active";
   case plugins::state::failed: return "failed";
   case plugins::state::loading: return "loading";
   case plugins::state::skipped: break;
   }
   return "skipped";
}

} // namespace

core::result<std::vector<cli::plugin_row>> list_plugins(const config::settings& s) {
   // What a plugin prints while it is loaded must not get between the lines of the result.
   auto output = take_standard_output();
   if (!output) return std::unexpected(std::move(output.error()));
   auto options = plugin_options(s, program_version);
   const auto patience = options.load_timeout + std::chrono::seconds(1);
   // It stays until the process ends, and with it whatever hangs in a plugin.
   static const auto host = plugins::host::make(std::move(options));
   host->load_all(patience);
   std::vector<cli::plugin_row> rows;
   for (const auto& p : host->current()->plugins) {
      rows.push_back({.file = p.file,
                      .name = p.name,
                      .version = p.version,
                      .kinds = p.kinds,
                      .tools = p.tools,
                      .isolation = p.isolation,
                      .status = name_of(p.state),
                      .reason = p.reason,
                      .is_failure = p.state == plugins::state::failed ||
                                    p.state == plugins::state::loading});
   }
   give_back_standard_output(std::move(*output));
   return rows;
}

core::result<cli::plugin_facts> inspect_plugin(const config::settings& s, const std::string& file) {
   auto facts = plugins::inspect(file, plugin_options(s, program_version));
   if (!facts) return std::unexpected(std::move(facts.error()));
   return cli::plugin_facts{.file = std::move(facts->file),
                            .sha256 = std::move(facts->sha256),
                            .bytes = facts->bytes,
                            .machine = std::move(facts->machine),
                            .manifest_json = std::move(facts->manifest_json),
                            .abi_major = facts->abi_major,
                            .abi_minor_built = facts->abi_minor_built,
                            .abi_minor_needed = facts->abi_minor_needed,
                            .exports = std::move(facts->exports),
                            .export_count = facts->export_count,
                            .unique_count = facts->unique_count,
                            .needed = std::move(facts->needed),
                            .highest_glibc = std::move(facts->highest_glibc),
                            .warnings = std::move(facts->warnings)};
}

} // namespace fmcp::app
