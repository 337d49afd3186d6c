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
   const auto strings = [&](std::string_view key, const std::vector<std::string>& values) {
      w.key(key).begin_array();
      for (const auto& v : values) w.string(v);
      w.end_array();
   };
   w.begin_array();
   for (const auto& p : plugins) {
      w.begin_object().key("file").string(p.file).key("name").string(p.name).key("version").string(
            p.version);
      strings("kind", p.kinds);
      strings("tools", p.tools);
      w.key("isolation").string(p.isolation).key("status").string(p.status);
      if (!p.reason.empty()) w.key("reason").string(p.reason);
      w.end_object();
   }
   w.end_array();
   out << text << '\n';
}

} // namespace

int plugins_list(const context& c, const words& w) {
   const auto o = parse_options({.takes_settings = true, .switches = {"--json"}}, w);
   if (!o) return complain(c, o.error().message, usage);
   if (o->wants_help) {
      print_help(c.io.out, "plugins list [plugin.so ...] [--json] [options of run]",
                 "Loads the plugins that `run` would load with the same options and shows what\n"
                 "became of each file. The exit code is 1 when one of them failed.\n\n"
                 "  --json  the same for programs\n",
                 true);
      return done;
   }
   int code = failed;
   const auto settings = require_settings(c, *o, code, config::purpose::looking);
   if (!settings) return code;
   const auto plugins = c.what.list_plugins(*settings);
   if (!plugins) return complain(c, plugins.error().message, failed);
   o->has("--json") ? print_json(c.io.out, *plugins) : print_text(c.io.out, *plugins);
   return std::ranges::any_of(*plugins, &plugin_row::is_failure) ? failed : done;
}

} // namespace fmcp::cli
