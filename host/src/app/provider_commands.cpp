#include "app/provider_commands.hpp"

#include <utility>

#include "app/room_options.hpp"
#include "app/version.hpp"

namespace fmcp::app {

plugins::options provider_options(const config::settings& s, std::string_view version) {
   auto o = plugin_options(s, version);
   o.directories = s.auth_plugin_dirs;
   o.files.clear();
   o.settings = nullptr; // decided already
   o.prepare_tool = nullptr;
   return o;
}

std::vector<config::auth_candidate> find_providers(const config::settings& s) {
   std::vector<config::auth_candidate> out;
   for (auto& c : plugins::find_auth_providers(provider_options(s, program_version))) {
      out.push_back({.file = std::move(c.file),
                     .name = std::move(c.name),
                     .version = std::move(c.version),
                     .names = std::move(c.names),
                     .aliases = std::move(c.aliases),
                     .env_prefix = std::move(c.env_prefix),
                     .net = std::move(c.net),
                     .manifest_json = std::move(c.manifest_json),
                     .reason = std::move(c.reason)});
   }
   return out;
}

plugins::auth_candidate candidate_of(const config::auth_selection& which) {
   const auto& c = which.from;
   return {.file = c.file,
           .name = c.name,
           .version = c.version,
           .names = c.names,
           .aliases = c.aliases,
           .env_prefix = c.env_prefix,
           .net = c.net,
           .manifest_json = c.manifest_json,
           .reason = c.reason};
}

plugins::plugin_settings settings_of(const config::auth_selection& which) {
   return {.config_json = which.config_json, .secrets = which.secrets, .labels = which.labels};
}

} // namespace fmcp::app
