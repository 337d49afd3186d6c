#include <ostream>

#include <fmt/format.h>

#include "cli/columns.hpp"
#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "config/auth_selection.hpp"
#include "config/declaration.hpp"
#include "core/text.hpp"
#include "json/document.hpp"
#include "json/writer.hpp"

namespace fmcp::cli {
namespace {

struct description {
   const config::auth_candidate& who;
   config::declarations declared;

   [[nodiscard]] std::string variable(std::string_view field) const {
      return config::variable_prefix(who) + core::to_upper(field);
   }
   [[nodiscard]] std::string variables(const std::vector<std::string>& fields) const {
      std::vector<std::string> out;
      for (const auto& f : fields) out.push_back(variable(f));
      return fmt::format("{}", fmt::join(out, ", "));
   }
};

void print_settings(std::ostream& out, const description& d) {
   if (d.declared.settings.empty()) {
      out << "\nIt has no settings.\n";
      return;
   }
   std::vector<std::vector<std::string>> rows{
         {"VARIABLE", "TYPE", "REQUIRED", "DEFAULT", "MEANING"}};
   for (const auto& s : d.declared.settings) {
      std::string meaning = sentence(s.help);
      if (!s.values.empty()) meaning += fmt::format(" One of {}.", fmt::join(s.values, ", "));
      if (s.type == config::plugin_type::secret)
         meaning += fmt::format(" Or a file that holds it, by {}_FILE.", d.variable(s.name));
      if (!s.deprecated.empty()) meaning += " Deprecated: " + sentence(s.deprecated);
      rows.push_back({d.variable(s.name), s.type_name, s.is_required ? "yes" : "",
                      s.fallback ? shortened(s.fallback->text(), 40) : "", std::move(meaning)});
   }
   out << "\nSettings\n";
   print_columns(out, rows);
   const auto rule = [&](const std::string& text) { print_columns(out, {{"  " + text}}); };
   if (d.declared.one_of.size() + d.declared.any_of.size() + d.declared.requires_.size() > 0)
      out << "\nTogether\n";
   for (const auto& group : d.declared.one_of)
      rule(fmt::format("Exactly one of {}.", d.variables(group)));
   for (const auto& group : d.declared.any_of)
      rule(fmt::format("At least one of {}.", d.variables(group)));
   for (const auto& [name, needs] : d.declared.requires_)
      rule(fmt::format("{} needs {}.", d.variable(name), d.variables(needs)));
}

void print_text(std::ostream& out, const description& d) {
   const auto& c = d.who;
   std::vector<std::vector<std::string>> rows{
         {"Provider", fmt::format("{} {}", c.name, c.version)},
         {"File", c.file},
         {"Selected by", fmt::format("--auth {}, or FASTMCP_SERVER_AUTH={}", c.name,
                                     c.aliases.empty() ? c.name : c.aliases.front())}};
   for (std::size_t i = 1; i < c.aliases.size(); ++i) rows.push_back({"or", c.aliases[i]});
   for (const auto& name : c.names) {
      if (name != c.name) rows.push_back({"or", name});
   }
   if (!c.net.empty()) rows.push_back({"Reaches", fmt::format("{}", fmt::join(c.net, ", "))});
   if (!c.reason.empty()) rows.push_back({"Unusable", c.reason});
   print_columns(out, rows);
   print_settings(out, d);
   out << "\nEach setting may also be given as --auth-option field=value, where the field is the\n"
          "end of the variable in lower case.\n";
}

void print_json(std::ostream& out, const description& d) {
   std::string text;
   json::writer w(text);
   w.begin_object().key("name").string(d.who.name).key("version").string(d.who.version);
   w.key("file").string(d.who.file);
   w.key("names").strings(d.who.names).key("aliases").strings(d.who.aliases);
   w.key("net").strings(d.who.net);
   w.key("usable").boolean(d.who.reason.empty());
   if (!d.who.reason.empty()) w.key("reason").string(d.who.reason);
   w.key("settings").begin_array();
   for (const auto& s : d.declared.settings) {
      w.begin_object().key("name").string(s.name).key("variable").string(d.variable(s.name));
      w.key("type").string(s.type_name).key("required").boolean(s.is_required);
      if (s.fallback) w.key("default").string(s.fallback->text());
      if (!s.values.empty()) w.key("values").strings(s.values);
      w.key("help").string(s.help).end_object();
   }
   w.end_array().end_object();
   out << text << '\n';
}

} // namespace

int providers_describe(const context& c, const words& w) {
   constexpr page about{
         .synopsis = "providers describe NAME [--json] [options of run]",
         .purpose =
               "Shows the settings of a provider of authentication, as its file declares them.\n"
               "None of its code runs.\n",
         .operand = "NAME"};
   return look(c, w, about, [&](const options& o, const config::settings& s) -> int {
      std::vector<config::auth_candidate> found;
      if (c.what.find_providers) found = c.what.find_providers(s);
      const auto which = config::find_provider(o.operand, found, s.auth_plugin_dirs);
      if (!which) return complain(c, which.error().message, failed);
      json::document doc;
      const auto manifest = doc.parse_copy((*which)->manifest_json);
      if (!manifest) return complain(c, manifest.error().message, failed);
      auto declared = config::read_declarations(**manifest);
      if (!declared) return complain(c, declared.error().message, failed);
      const description d{.who = **which, .declared = std::move(*declared)};
      o.has("--json") ? print_json(c.io.out, d) : print_text(c.io.out, d);
      return done;
   });
}

} // namespace fmcp::cli
