#include "app/run.hpp"

#include <algorithm>
#include <cstdio>
#include <span>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/authentication.hpp"
#include "app/plugin_backend.hpp"
#include "app/process.hpp"
#include "app/room_options.hpp"
#include "app/router.hpp"
#include "app/serve.hpp"
#include "app/services.hpp"
#include "app/version.hpp"
#include "config/plugin_settings.hpp"
#include "core/log.hpp"
#include "core/text.hpp"

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

core::result<std::unique_ptr<transport>> open_transport(const config::settings& s,
                                                        protocol::service& service,
                                                        authentication* guard,
                                                        core::unique_fd output) {
   return s.transport == config::transport::http ? open_http(s, service, guard)
                                                 : open_stdio(s, service, std::move(output));
}

/// As the command line says what it refuses, and not by the log, whose level may hide errors: why
/// there is no server has to be said.
int refuse_to_start(const core::error& why) {
   std::string line = "fastmcp-host: cannot start: ";
   core::append_printable(line, why.message);
   line += '\n';
   std::fputs(line.c_str(), stderr);
   return 1;
}

} // namespace

int run(const config::settings& s) {
   // Whatever the transport: nothing but us may write to the standard output.
   auto output = take_standard_output();
   if (!output) return refuse_to_start(output.error());
   raise_file_limit();
   const stop_signals signals;

   auto services = services::open(s, program_version);
   if (!services) return refuse_to_start(services.error());
   // Before anything is bound: no port is ever open without the provider that guards it.
   std::unique_ptr<authentication> guard;
   if (s.selected_auth) {
      auto opened = authentication::open(s, **services);
      if (!opened) return refuse_to_start(opened.error());
      guard = std::move(*opened);
   }

   plugin_backend backend;
   protocol::service service(service_options(s, guard.get()), backend);
   auto options = plugin_options(s, program_version);
   options.services = (*services)->backends();
   options.on_change = [&service, &guard](std::shared_ptr<const plugins::snapshot> now) {
      if (guard) guard->know_tools(*now);
      service.publish(entries_of(*now));
   };
   // Bound before any tool plugin is loaded: a port that is taken is known at once.
   auto transport = open_transport(s, service, guard.get(), std::move(*output));
   if (!transport) return refuse_to_start(transport.error());
   const auto host = plugins::host::make(std::move(options));
   backend.serve(*host);
   host->load_all(std::min(first_patience, s.load_timeout));
   report_plugins(*host->current(), s.given);
   if (guard) {
      core::log::info("auth", "protected {}", guard->describe());
   } else if (s.transport == config::transport::http) {
      // On standard input and output the caller is who started the process.
      report_unguarded(*host->current());
   }

   const int code = (*transport)->serve(*host, signals);
   host->drain(std::chrono::milliseconds(0));
   if (guard) guard->stop();
   core::log::info("app", "stopped");
   end_process(code);
}

} // namespace fmcp::app
