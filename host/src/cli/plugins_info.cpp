#include <ostream>

#include <fmt/format.h>

#include "cli/columns.hpp"
#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "config/plugin_settings.hpp"
#include "json/document.hpp"
#include "json/writer.hpp"

namespace fmcp::cli {
namespace {

std::string text_or(const json::value& manifest, std::string_view key, std::string_view otherwise) {
   return std::string(manifest.find_string(key).value_or(otherwise));
}

void print_settings(std::ostream& out, const std::string& name,
                    const config::declarations& declared) {
   if (declared.settings.empty()) return;
   std::vector<std::vector<std::string>> rows{{"VARIABLE", "TYPE", "DEFAULT", "MEANING"}};
   for (const auto& d : declared.settings) {
      std::string variable = config::plugin_prefix(name);
      for (const char ch : d.name) variable += ch >= 'a' && ch <= 'z' ? char(ch - 'a' + 'A') : ch;
      std::string meaning = sentence(d.help);
      if (!d.values.empty()) meaning += fmt::format(" One of {}.", fmt::join(d.values, ", "));
      if (!d.deprecated.empty()) meaning += " Deprecated: " + sentence(d.deprecated);
      rows.push_back({std::move(variable), d.type_name,
                      d.fallback      ? shortened(d.fallback->text(), 40)
                      : d.is_required ? "required"
                                      : "",
                      std::move(meaning)});
   }
   out << "\nSettings\n";
   print_columns(out, rows);
}

void print_text(std::ostream& out, const plugin_facts& f) {
   json::document doc;
   const auto manifest = doc.parse_copy(f.manifest_json);
   std::vector<std::vector<std::string>> rows{{"File", f.file}};
   if (manifest) {
      std::string kinds;
      if (const auto* list = (*manifest)->find("kind");
          list != nullptr && list->is(json::kind::array)) {
         for (const auto& k : list->items()) {
            if (k.is(json::kind::string))
               kinds += (kinds.empty() ? "" : ", ") + std::string(k.string());
         }
      }
      rows.push_back({"Plugin", fmt::format("{} {}", text_or(**manifest, "name", "?"),
                                            text_or(**manifest, "version", "?"))});
      rows.push_back({"Id", text_or(**manifest, "id", "?")});
      if (!kinds.empty()) rows.push_back({"Kind", kinds});
   }
   rows.push_back({"ABI", fmt::format("{}.{}, needs {}.{}", f.abi_major, f.abi_minor_built,
                                      f.abi_major, f.abi_minor_needed)});
   rows.push_back({"Machine", f.machine});
   rows.push_back({"Bytes", fmt::format("{}", f.bytes)});
   rows.push_back({"SHA-256", f.sha256});
   if (!f.highest_glibc.empty()) rows.push_back({"glibc", f.highest_glibc + " or newer"});
   rows.push_back(
         {"Needs", f.needed.empty() ? "nothing" : fmt::format("{}", fmt::join(f.needed, ", "))});
   rows.push_back(
         {"Exports", fmt::format("{}{}{}", f.export_count, f.exports.empty() ? "" : ": ",
                                 shortened(fmt::format("{}", fmt::join(f.exports, ", ")), 200))});
   if (f.unique_count > 0) rows.push_back({"Unique", fmt::format("{} symbols", f.unique_count)});
   print_columns(out, rows);

   if (manifest) {
      const auto declared = config::read_declarations(**manifest);
      if (declared) {
         print_settings(out, text_or(**manifest, "name", "?"), *declared);
      } else {
         out << '\n';
         print_columns(out, {{declared.error().message}});
      }
   }
   if (!f.warnings.empty()) {
      out << "\nWarnings\n";
      for (const auto& warning : f.warnings) print_columns(out, {{"  - " + warning}});
   }
   out << "\nManifest\n";
   print_columns(out, {{f.manifest_json}});
}

void print_json(std::ostream& out, const plugin_facts& f) {
   std::string text;
   json::writer w(text);
   w.begin_object().key("file").string(f.file).key("sha256").string(f.sha256);
   w.key("bytes").number(static_cast<std::int64_t>(f.bytes)).key("machine").string(f.machine);
   w.key("abi").begin_object().key("major").number(std::int64_t{f.abi_major});
   w.key("minor_built").number(std::int64_t{f.abi_minor_built});
   w.key("minor_needed").number(std::int64_t{f.abi_minor_needed}).end_object();
   w.key("exports").strings(f.exports);
   w.key("export_count").number(static_cast<std::int64_t>(f.export_count));
   w.key("unique_count").number(static_cast<std::int64_t>(f.unique_count));
   w.key("needed").strings(f.needed);
   w.key("highest_glibc").string(f.highest_glibc);
   w.key("warnings").strings(f.warnings);
   json::document doc;
   w.key("manifest");
   if (const auto manifest = doc.parse_copy(f.manifest_json)) {
      w.compact(**manifest);
   } else {
      w.null();
   }
   w.end_object();
   out << text << '\n';
}

} // namespace

int plugins_info(const context& c, const words& w) {
   constexpr page about{
         .synopsis = "plugins info FILE [--json]",
         .purpose = "Shows what a plugin file says about itself: manifest, settings, ABI, what it\n"
                    "exports and needs, and what is doubtful about it. None of its code runs.\n",
         .operand = "FILE"};
   return look(c, w, about, [&](const options& o, const config::settings& s) -> int {
      const auto facts = c.what.inspect_plugin(s, o.operand);
      if (!facts) return complain(c, facts.error().message, failed);
      o.has("--json") ? print_json(c.io.out, *facts) : print_text(c.io.out, *facts);
      return done;
   });
}

} // namespace fmcp::cli
