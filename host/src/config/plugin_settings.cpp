#include "config/plugin_settings.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "config/gather.hpp"
#include "config/parse.hpp"
#include "config/secret_file.hpp"
#include "core/text.hpp"
#include "core/utf8.hpp"
#include "json/writer.hpp"

namespace fmcp::config {
namespace {

std::vector<std::string_view> views(const std::vector<std::string>& strings) {
   return {strings.begin(), strings.end()};
}

class resolver {
public:
   resolver(const declarations& declared, const plugin_query& query, const layers& given)
       : declared_(declared), query_(query), given_(given), section_(section_of(query)) {}

   plugin_outcome run() {
      std::string json;
      json::writer w(json);
      w.begin_object();
      for (const auto& d : declared_.settings) {
         const auto& row = out_.rows.emplace_back(one(d, w));
         out_.values.labels.emplace_back(d.name,
                                         row.source == "default" ? variable(d.name) : row.source);
      }
      w.end_object();
      relations();
      strangers();
      out_.values.config_json = std::move(json);
      return std::move(out_);
   }

private:
   static std::string section_of(const plugin_query& q) {
      return (q.section.empty() ? "plugins." + q.name : q.section) + ".";
   }
   std::string variable(std::string_view field) const {
      return query_.prefix + core::to_upper(field);
   }
   void refuse(std::string text, bool is_usage = false) {
      out_.problems.push_back({std::move(text), is_usage});
   }

   report_row one(const declaration& d, json::writer& w) {
      report_row row{.name = section_ + d.name, .value = {}, .source = "default"};
      const bool is_secret = d.type == plugin_type::secret;
      const std::string name = variable(d.name);
      const auto hit = given_.find(row.name, belongs_to_another(name) ? "" : name, is_secret);
      if (!hit) {
         refuse(hit.error().message);
         row.is_valid = false;
         row.value = "(invalid)";
         return row;
      }
      for (const auto* weaker : hit->overridden) row.overridden.push_back(weaker->name());
      if (hit->value == nullptr || is_null(d, *hit->value)) {
         if (d.fallback) {
            // It was converted once when the manifest was read.
            if (const auto value = convert(d, *d.fallback)) w.key(d.name).raw(value->json);
            row.value = d.fallback->text();
         } else if (d.is_required) {
            refuse(fmt::format("{} is required by {} {} and not set{}.", name, query_.noun,
                               query_.name,
                               d.help.empty() ? std::string() : " (" + printable(d.help) + ")"));
            row.is_valid = false;
         }
         return row;
      }
      row.source = hit->value->name();
      set_.push_back(d.name);
      if (!d.deprecated.empty()) {
         out_.values.warnings.push_back(
               fmt::format("{} is deprecated: {}.", hit->value->name(), printable(d.deprecated)));
      }
      if (is_secret && hit->value->is_flag() && !hit->names_a_file) {
         out_.values.warnings.push_back(
               fmt::format("{} stands on the command line, where everybody on this machine can "
                           "read it; give it as {} or {}_FILE.",
                           hit->value->label, name, name));
      }
      auto value = take(d, *hit);
      row.is_valid = value.has_value();
      row.value = !value         ? std::string("(invalid)")
                  : is_hidden(d) ? std::string("(hidden)")
                                 : fmt::format("{}", fmt::join(hit->value->texts, ","));
      if (!value) return row;
      if (is_secret) {
         out_.values.secrets.emplace_back(d.name, std::move(value->json));
      } else {
         w.key(d.name).raw(value->json);
      }
      return row;
   }

   /// The Python framework reads `null` for a list as "not set".
   static bool is_null(const declaration& d, const entry& e) {
      return d.type == plugin_type::list && e.as == entry::form::text &&
             core::trim(e.text()) == "null";
   }

   /// What may hold a secret although its type does not say so.
   static bool is_hidden(const declaration& d) {
      return d.type == plugin_type::secret || d.type == plugin_type::map ||
             d.type == plugin_type::json;
   }

   std::optional<typed_value> take(const declaration& d, const layers::found& hit) {
      entry e = *hit.value;
      if (hit.names_a_file) {
         auto secret =
               read_secret(absolute_path(e.text(), e.directory.empty() ? "." : e.directory));
         if (!secret) {
            refuse(fmt::format("{} names a file that cannot be used: {}", e.name(),
                               secret.error().message),
                   e.is_flag());
            return std::nullopt;
         }
         if (!secret->warning.empty()) out_.values.warnings.push_back(std::move(secret->warning));
         e.texts = {std::move(secret->text)};
         e.as = entry::form::text;
      }
      const bool may_be_empty = d.type == plugin_type::list && d.is_split;
      if (e.text().empty() && !may_be_empty) {
         refuse(fmt::format("{} is empty; give a value of type {}, or remove it.", e.name(),
                            d.type_name),
                e.is_flag());
         return std::nullopt;
      }
      auto value = convert(d, e);
      if (value) return std::move(*value);
      const bool hide =
            is_hidden(d) || (d.type == plugin_type::url && e.text().find('@') != std::string::npos);
      refuse(fmt::format("{}{} ({}) {}.{}", e.label, hide ? "" : "=" + shown(e.text()), e.place,
                         value.error(), suggestion(e.text(), views(d.values))),
             e.is_flag());
      return std::nullopt;
   }

   void relations() {
      const auto is_set = [&](const std::string& name) {
         return std::ranges::find(set_, name) != set_.end();
      };
      for (const auto& group : declared_.one_of) {
         const auto n = std::ranges::count_if(group, is_set);
         if (n == 1) continue;
         refuse(fmt::format("Exactly one of {} must be set, and {}.", variables(group),
                            n == 0 ? std::string("none is") : fmt::format("{} are", n)));
      }
      for (const auto& group : declared_.any_of) {
         if (std::ranges::none_of(group, is_set))
            refuse(fmt::format("At least one of {} must be set, and none is.", variables(group)));
      }
      for (const auto& [name, needs] : declared_.requires_) {
         if (!is_set(name)) continue;
         for (const auto& other : needs) {
            const auto d = std::ranges::find(declared_.settings, other, &declaration::name);
            if (is_set(other) || d->fallback) continue;
            refuse(
                  fmt::format("{} is set, and needs {} as well.", variable(name), variable(other)));
         }
      }
   }

   std::string variables(const std::vector<std::string>& fields) const {
      std::vector<std::string> names;
      for (const auto& field : fields) names.push_back(variable(field));
      return fmt::format("{}", fmt::join(names, ", "));
   }

   void strangers() {
      using level = layers::level;
      for (const auto at :
           {level::flags, level::environment, level::env_file, level::config_file}) {
         const bool variables = at == level::environment || at == level::env_file;
         const std::string& start = variables ? query_.prefix : section_;
         for (const auto& [key, value] : given_.beginning_with(at, start)) {
            if (variables && belongs_to_another(key)) continue;
            std::string field(key.substr(start.size()));
            if (variables) field = core::to_lower(field);
            if (is_known(field)) continue;
            std::vector<std::string> names;
            for (const auto& d : declared_.settings) names.push_back(d.name);
            // Nearness counts in the field alone: the prefix is right and long.
            const auto near = core::did_you_mean(field, views(names));
            refuse(fmt::format("{} is no setting of {} {}.{}", value->name(), query_.noun,
                               query_.name,
                               near.empty()
                                     ? std::string()
                                     : fmt::format(" Did you mean {}?",
                                                   variables ? variable(near) : std::string(near))),
                   value->is_flag());
         }
      }
   }

   bool belongs_to_another(std::string_view name) const {
      return std::ranges::any_of(query_.other_prefixes, [&](const std::string& other) {
         return other.size() > query_.prefix.size() && name.starts_with(other);
      });
   }

   bool is_known(std::string_view field) const {
      return std::ranges::any_of(declared_.settings, [&](const declaration& d) {
         return field == d.name || (d.type == plugin_type::secret && field == d.name + "_file");
      });
   }

   static std::string printable(std::string_view text) {
      std::string out;
      core::append_printable(out, core::utf8_truncated(text, 200));
      while (out.ends_with('.')) out.pop_back();
      return out;
   }

   const declarations& declared_;
   const plugin_query& query_;
   const layers& given_;
   std::string section_;
   plugin_outcome out_;
   std::vector<std::string> set_;
};

} // namespace

std::string plugin_prefix(std::string_view name) {
   std::string out = "FASTMCP_PLUGIN_" + core::to_upper(name) + "_";
   std::ranges::replace(out, '-', '_');
   return out;
}

plugin_outcome decide_plugin(const declarations& declared, const plugin_query& query,
                             const layers& given) {
   return resolver(declared, query, given).run();
}

core::result<plugin_values> resolve_plugin(const json::value& manifest, const plugin_query& query,
                                           const layers& given) {
   const auto declared = read_declarations(manifest);
   if (!declared) return std::unexpected(declared.error());
   auto out = decide_plugin(*declared, query, given);
   if (out.problems.empty()) return std::move(out.values);
   std::string message = out.problems.front().text;
   if (out.problems.size() > 1) {
      message = fmt::format("{} settings of {} {} are wrong:", out.problems.size(), query.noun,
                            query.name);
      for (const auto& p : out.problems) message += " " + p.text;
   }
   return core::fail(core::errc::invalid, std::move(message));
}

std::vector<std::string> unclaimed_values(const layers& given, std::span<const std::string> names) {
   using level = layers::level;
   std::vector<std::string> out;
   for (const auto at : {level::flags, level::environment, level::env_file, level::config_file}) {
      const bool variables = at == level::environment || at == level::env_file;
      for (const auto& [key, value] :
           given.beginning_with(at, variables ? "FASTMCP_PLUGIN_" : "plugins.")) {
         if (key == "FASTMCP_PLUGIN_DIR") continue;
         const bool claimed = std::ranges::any_of(names, [&, k = key](const std::string& name) {
            return k.starts_with(variables ? plugin_prefix(name) : "plugins." + name + ".");
         });
         if (!claimed)
            out.push_back(value->name() +
                          " belongs to no plugin that was found, and has no effect.");
      }
   }
   return out;
}

} // namespace fmcp::config
