#include <algorithm>
#include <ostream>

#include <fmt/format.h>

#include "cli/columns.hpp"
#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "config/auth_selection.hpp"
#include "json/writer.hpp"

namespace fmcp::cli {
namespace {

using candidates = std::vector<config::auth_candidate>;

/// Everything that selects it besides its name.
std::vector<std::string> other_names(const config::auth_candidate& c) {
   std::vector<std::string> out;
   for (const auto* list : {&c.names, &c.aliases}) {
      for (const auto& name : *list) {
         if (name != c.name) out.push_back(name);
      }
   }
   return out;
}

void print_text(std::ostream& out, const candidates& found,
                const std::vector<std::string>& directories) {
   if (found.empty()) {
      out << fmt::format("There are no providers{}{}.\n", directories.empty() ? "" : " in ",
                         fmt::join(directories, ", "));
      return;
   }
   std::vector<std::vector<std::string>> rows{
         {"NAME", "VERSION", "STATUS", "FILE", "ALSO SELECTED BY"}};
   for (const auto& c : found) {
      rows.push_back({c.name.empty() ? "?" : c.name, c.version,
                      c.reason.empty() ? "usable" : "unusable", c.file,
                      fmt::format("{}", fmt::join(other_names(c), ", "))});
   }
   print_columns(out, rows);
   for (const auto& c : found) {
      if (c.reason.empty()) continue;
      out << '\n';
      out << config::reason_of(c) << '\n';
   }
}

void print_json(std::ostream& out, const candidates& found) {
   std::string text;
   json::writer w(text);
   w.begin_array();
   for (const auto& c : found) {
      w.begin_object().key("name").string(c.name).key("version").string(c.version);
      w.key("file")
            .string(c.file)
            .key("also")
            .strings(other_names(c))
            .key("usable")
            .boolean(c.reason.empty());
      if (!c.reason.empty()) w.key("reason").string(c.reason);
      w.end_object();
   }
   w.end_array();
   out << text << '\n';
}

} // namespace

int providers_list(const context& c, const words& w) {
   constexpr page about{
         .synopsis = "providers list [--json] [options of run]",
         .purpose =
               "Shows which providers of authentication are installed, by which names --auth\n"
               "and FASTMCP_SERVER_AUTH select them, and which cannot be used. Runs none of\n"
               "them. The exit code is 1 when one cannot be used, or when a directory that was\n"
               "named is not there.\n",
         .shows_settings = true};
   return look(c, w, about, [&](const options& o, const config::settings& s) -> int {
      const auto found = c.what.find_providers ? c.what.find_providers(s) : candidates();
      o.has("--json") ? print_json(c.io.out, found)
                      : print_text(c.io.out, found, s.auth_plugin_dirs);
      const auto is_good = [&](const config::auth_candidate& f) {
         const auto& dirs = s.auth_plugin_dirs;
         const bool is_directory = std::ranges::find(dirs, f.file) != dirs.end();
         return f.reason.empty() ||
                (is_directory && is_absent_by_default(s, "auth_plugin_dirs", f.file));
      };
      return std::ranges::all_of(found, is_good) ? done : failed;
   });
}

} // namespace fmcp::cli
