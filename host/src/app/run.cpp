#include "app/run.hpp"

#include <algorithm>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/plugin_backend.hpp"
#include "app/process.hpp"
#include "app/room_options.hpp"
#include "app/router.hpp"
#include "app/serve.hpp"
#include "app/version.hpp"
#include "config/plugin_settings.hpp"
#include "core/log.hpp"

namespace fmcp::app {
namespace {

/// Plugins that need longer are published when they are there; clients are told.
constexpr std::chrono::milliseconds first_patience{1000};

void report_plugins(const plugins::snapshot& now, const config::layers& given) {
   std::vector<std::string> names;
   std::size_t active = 0;
   for (const auto& p : now.plugins) {
      if (!p.name.empty()) names.push_back(p.name);
      active += p.state == plugins::state::active;
   }
   for (const auto& text : config::unclaimed_values(given, names))
      core::log::warn("config", "plugin setting {}", core::log::kv("reason", text));
   core::log::info("app", "plugins loaded active={} files={} tools={}", active, now.plugins.size(),
                   now.tools.size());
   if (now.tools.empty()) {
      core::log::warn("app",
                      "there are no tools; put plugin files into a directory of --plugin-dir");
   }
}

/// Scopes are required by tools and known of callers. Where nobody says who calls, only tools have
/// any, and their author may not have expected that.
void report_unguarded(const plugins::snapshot& now) {
   constexpr std::size_t max_named = 20;
   std::vector<std::string_view> names;
   for (const auto& t : now.tools) {
      if (!t->required_scopes.empty()) names.push_back(t->name);
   }
   if (names.empty()) return;
   const auto named = std::span(names).first(std::min(names.size(), max_named));
   core::log::warn("app",
                   "the server is open: tools that require scopes may be called by everybody "
                   "count={} {}",
                   names.size(), core::log::kv("tools", fmt::format("{}", fmt::join(named, ", "))));
}

} // namespace

int run(const config::settings& s) {
   // Whatever the transport: nothing but us may write to the standard output.
   auto output = take_standard_output();
   if (!output) {
      core::log::error("app", "{}", output.error().message);
      return 1;
   }
   raise_file_limit();
   const stop_signals signals;

   plugin_backend backend;
   protocol::service service(service_options(s), backend);
   auto options = plugin_options(s, program_version);
   options.on_change = [&service](std::shared_ptr<const plugins::snapshot> now) {
      service.publish(entries_of(*now));
   };
   // Bound before any plugin is loaded: a port that is taken is known at once.
   auto transport = s.transport == config::transport::http
                          ? open_http(s, service)
                          : open_stdio(s, service, std::move(*output));
   if (!transport) {
      core::log::error("app", "cannot start {}",
                       core::log::kv("reason", transport.error().message));
      return 1;
   }
   const auto host = plugins::host::make(std::move(options));
   backend.serve(*host);
   host->load_all(std::min(first_patience, s.load_timeout));
   report_plugins(*host->current(), s.given);
   // On standard input and output the caller is who started the process.
   if (s.transport == config::transport::http) report_unguarded(*host->current());

   const int code = (*transport)->serve(*host, signals);
   host->drain(std::chrono::milliseconds(0));
   core::log::info("app", "stopped");
   end_process(code);
}

} // namespace fmcp::app
