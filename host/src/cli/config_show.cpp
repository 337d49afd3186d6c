#include <algorithm>
#include <ostream>

#include <fmt/format.h>

#include "cli/columns.hpp"
#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "config/table.hpp"
#include "json/writer.hpp"

namespace fmcp::cli {
namespace {

void print_text(std::ostream& out, const config::report& report) {
   std::vector<std::vector<std::string>> rows{{"SETTING", "VALUE", "SOURCE"}};
   for (const auto& r : report.rows) {
      std::string source = r.source;
      if (!r.overridden.empty())
         source += fmt::format(", overrides {}", fmt::join(r.overridden, ", "));
      rows.push_back({r.name, shortened(r.value, 60), std::move(source)});
   }
   print_columns(out, rows);
}

void print_json(std::ostream& out, const config::report& report) {
   std::string text;
   json::writer w(text);
   w.begin_object().key("settings").begin_object();
   for (const auto& r : report.rows) {
      w.key(r.name).begin_object();
      w.key("value").string(r.value).key("source").string(r.source).key("valid").boolean(
            r.is_valid);
      w.key("overrides").strings(r.overridden).end_object();
   }
   w.end_object().key("problems").begin_array();
   for (const auto& p : report.problems) w.string(p.text);
   w.end_array().key("notices").begin_array();
   for (const auto& n : report.notices) w.string(n.text);
   w.end_array().end_object();
   out << text << '\n';
}

} // namespace

int config_show(const context& c, const words& w) {
   const auto o = parse_options({.takes_settings = true, .switches = {"--json", "--markdown"}}, w);
   if (!o) return complain(c, o.error().message, usage);
   if (o->wants_help) {
      print_help(c.io.out, "config show [--json | --markdown] [options of run]",
                 "Shows every setting, its value and where the value comes from, as `run` would\n"
                 "see it with the same options. Secrets are hidden.\n\n"
                 "  --json      the same for programs\n"
                 "  --markdown  the table of all settings, as in the README; reads none of them\n",
                 true);
      return done;
   }
   if (o->has("--markdown")) {
      c.io.out << config::markdown_table();
      return done;
   }
   const auto loaded = load(c, *o);
   if (o->has("--json")) {
      print_json(c.io.out, loaded.report);
   } else {
      print_text(c.io.out, loaded.report);
      for (const auto& n : loaded.report.notices) c.io.err << "note: " << n.text << '\n';
   }
   if (loaded.values) return done;
   const bool is_usage = std::ranges::any_of(loaded.report.problems, &config::problem::is_usage);
   return complain(c, loaded.values.error().message, is_usage ? usage : failed);
}

} // namespace fmcp::cli
