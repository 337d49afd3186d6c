#include "plugins/setup.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include <pthread.h>
#include <sys/stat.h>

#include "core/log.hpp"
#include "core/safe_path.hpp"
#include "plugins/origins.hpp"

namespace fmcp::plugins {
namespace {

/// `<parent>/<name>`, or nothing.
std::string make_data_dir(const std::string& parent, const std::string& name) {
   if (parent.empty()) return {};
   std::filesystem::path made;
   for (const auto& part : std::filesystem::path(parent)) {
      made /= part;
      ::mkdir(made.c_str(), 0700); // what is there already stays as it is
   }
   const auto refused = [&](const std::string& reason) {
      core::log::warn("plugins", "no data directory {} {}", core::log::kv("plugin", name),
                      core::log::kv("reason", reason));
      return std::string();
   };
   std::error_code failed;
   const auto real = std::filesystem::canonical(made, failed);
   if (failed) return refused(made.string() + ": " + failed.message());
   const auto path = (real / name).string();
   ::mkdir(path.c_str(), 0700);
   const auto opened = core::open_safely(path, {.kind = core::path_policy::target::directory});
   return opened ? path : refused(opened.error().message);
}

} // namespace

bool run_apart(const char* name, std::move_only_function<void()> work) {
   try {
      std::thread([name, work = std::move(work)]() mutable {
         ::pthread_setname_np(::pthread_self(), name);
         work();
      }).detach();
      return true;
   } catch (const std::system_error& e) {
      core::log::error("plugins", "no thread {} {}", core::log::kv("for", name),
                       core::log::kv("reason", e.what()));
      return false;
   }
}

void retire_apart(std::shared_ptr<instance> plugin, std::chrono::milliseconds patience,
                  std::move_only_function<void()> done) {
   struct shared {
      std::move_only_function<void()> done;
      void call() {
         if (done) done();
      }
   };
   const auto behind = std::make_shared<shared>(shared{std::move(done)});
   const bool is_running = run_apart("fmcp:retire", [plugin, patience, behind]() mutable {
      const bool is_free = plugin->retire(patience);
      if (!is_free) instance::keep_for_ever(std::move(plugin));
      plugin.reset();
      behind->call();
   });
   if (is_running) return;
   instance::keep_for_ever(std::move(plugin));
   behind->call();
}

instance::config configure(const staged& file, const plugin_settings& settings, const options& o,
                           role as, std::vector<std::string> net) {
   auto trusted = settings.trusted_origins;
   for (auto& origin : origins_of_settings(file.about.root(), settings.config_json)) {
      if (std::ranges::find(trusted, origin) == trusted.end()) trusted.push_back(std::move(origin));
   }
   instance::config c;
   c.file = file.file;
   c.name = file.about.name;
   c.data_dir = make_data_dir(o.data_dir, file.about.name);
   c.base_url = o.base_url;
   c.mcp_path = o.mcp_path;
   c.host_version = o.host_version;
   c.as = as;
   c.services = make_grants(file.about, o.services, as, std::move(net), std::move(trusted));
   c.never_unload =
         file.about.never_unload || file.facts.never_unloads || file.facts.has_static_tls;
   c.call_timeout = o.call_timeout;
   c.max_tools = o.max_tools_per_plugin;
   c.max_threads = o.max_threads_per_plugin;
   c.max_queue = o.max_queue_per_plugin;
   c.max_calls = o.max_calls_per_plugin;
   c.max_result_bytes = o.max_result_bytes;
   c.clock = o.clock;
   return c;
}

} // namespace fmcp::plugins
