#include <algorithm>
#include <ostream>

#include <fmt/format.h>

#include "cli/columns.hpp"
#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "json/writer.hpp"

namespace fmcp::cli {
namespace {

void print_text(std::ostream& out, const std::vector<plugin_row>& plugins) {
   if (plugins.empty()) {
      out << "There are no plugin files.\n";
      return;
   }
   std::vector<std::vector<std::string>> rows{
         {"FILE", "NAME", "VERSION", "KIND", "TOOLS", "ISOLATION", "STATUS"}};
   for (const auto& p : plugins) {
      rows.push_back({p.file, p.name, p.version, fmt::format("{}", fmt::join(p.kinds, ",")),
                      shortened(fmt::format("{}", fmt::join(p.tools, ",")), 40), p.isolation,
                      p.reason.empty() ? p.status : p.status + ": " + p.reason});
   }
   print_columns(out, rows);
}

void print_json(std::ostream& out, const std::vector<plugin_row>& plugins) {
   std::string text;
   json::writer w(text);
   w.begin_array();
   for (const auto& p : plugins) {
      w.begin_object().key("file").string(p.file);
      w.key("name").string(p.name).key("version").string(p.version);
      w.key("kind").strings(p.kinds).key("tools").strings(p.tools);
      w.key("isolation").string(p.isolation).key("status").string(p.status);
      if (!p.reason.empty()) w.key("reason").string(p.reason);
      w.end_object();
   }
   w.end_array();
   out << text << '\n';
}

} // namespace

int plugins_list(const context& c, const words& w) {
   constexpr page about{
         .synopsis = "plugins list [plugin.so ...] [--json] [options of run]",
         .purpose = "Loads the plugins that `run` would load with the same options and shows what\n"
                    "became of each file. The exit code is 1 when one of them failed, or when a\n"
                    "directory that was named is not there.\n",
         .shows_settings = true};
   return look(c, w, about, [&](const options& o, const config::settings& s) -> int {
      const auto plugins = c.what.list_plugins(s);
      if (!plugins) return complain(c, plugins.error().message, failed);
      o.has("--json") ? print_json(c.io.out, *plugins) : print_text(c.io.out, *plugins);
      const auto is_bad = [&](const plugin_row& p) {
         const bool is_directory = std::ranges::find(s.plugin_dirs, p.file) != s.plugin_dirs.end();
         return p.is_failure || (is_directory && !is_absent_by_default(s, "plugin_dirs", p.file));
      };
      return std::ranges::any_of(*plugins, is_bad) ? failed : done;
   });
}

} // namespace fmcp::cli
