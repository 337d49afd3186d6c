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
       : declared_(declared), query_(query), given_(given),
         section_(query.section + "." + query.name + ".") {}

   core::result<plugin_values> run() {
      json::writer w(json_);
      w.begin_object();
      for (const auto& d : declared_.settings) one(d, w);
      w.end_object();
      relations();
      strangers();
      if (problems_.empty()) {
         out_.config_json = std::move(json_);
         return std::move(out_);
      }
      std::string message = problems_.front();
      if (problems_.size() > 1) {
         message = fmt::format("{} settings of plugin {} are wrong: {}", problems_.size(),
                               query_.name, fmt::join(problems_, " "));
      }
      return core::fail(core::errc::invalid, std::move(message));
   }

private:
   std::string variable(std::string_view field) const {
      return query_.prefix + core::to_upper(field);
   }

   void one(const declaration& d, json::writer& w) {
      const auto hit =
            given_.find(section_ + d.name, variable(d.name), d.type == plugin_type::secret);
      if (!hit) {
         problems_.push_back(hit.error().message);
         return;
      }
      if (hit->value == nullptr) {
         if (d.fallback) {
            // It was converted once when the manifest was read.
            if (const auto value = convert(d, *d.fallback)) w.key(d.name).raw(value->json);
         } else if (d.is_required) {
            problems_.push_back(fmt::format(
                  "{} is required by plugin {} and not set{}.", variable(d.name), query_.name,
                  d.help.empty() ? std::string() : " (" + printable(d.help) + ")"));
         }
         return;
      }
      set_.push_back(d.name);
      if (!d.deprecated.empty()) {
         out_.warnings.push_back(
               fmt::format("{} is deprecated: {}.", hit->value->name(), printable(d.deprecated)));
      }
      if (auto value = take(d, *hit)) {
         if (d.type == plugin_type::secret) {
            out_.secrets.emplace_back(d.name, std::move(value->json));
         } else {
            w.key(d.name).raw(value->json);
         }
      }
   }

   std::optional<typed_value> take(const declaration& d, const layers::found& hit) {
      entry e = *hit.value;
      if (hit.names_a_file) {
         auto secret =
               read_secret(absolute_path(e.text(), e.directory.empty() ? "." : e.directory));
         if (!secret) {
            problems_.push_back(fmt::format("{} names a file that cannot be used: {}", e.name(),
                                            secret.error().message));
            return std::nullopt;
         }
         e.texts = {std::move(*secret)};
         e.as = entry::form::text;
      }
      if (e.text().empty() && d.type != plugin_type::list) {
         problems_.push_back(fmt::format("{} is empty; give a value of type {}, or remove it.",
                                         e.name(), d.type_name));
         return std::nullopt;
      }
      auto value = convert(d, e);
      if (value) return std::move(*value);
      const bool hide = d.type == plugin_type::secret || d.type == plugin_type::map ||
                        d.type == plugin_type::json ||
                        (d.type == plugin_type::url && e.text().find('@') != std::string::npos);
      problems_.push_back(fmt::format("{}{} ({}) {}.{}", e.label, hide ? "" : "=" + shown(e.text()),
                                      e.place, value.error(),
                                      suggestion(e.text(), views(d.values))));
      return std::nullopt;
   }

   void relations() {
      const auto is_set = [&](const std::string& name) {
         return std::ranges::find(set_, name) != set_.end();
      };
      for (const auto& group : declared_.one_of) {
         const auto n = std::ranges::count_if(group, is_set);
         if (n == 1) continue;
         std::vector<std::string> names;
         for (const auto& field : group) names.push_back(variable(field));
         problems_.push_back(fmt::format("Exactly one of {} must be set, and {} are.",
                                         fmt::join(names, ", "),
                                         n == 0 ? std::string("none") : fmt::format("{}", n)));
      }
      for (const auto& [name, needs] : declared_.requires_) {
         if (!is_set(name)) continue;
         for (const auto& other : needs) {
            const auto d = std::ranges::find(declared_.settings, other, &declaration::name);
            if (is_set(other) || d->fallback) continue;
            problems_.push_back(
                  fmt::format("{} is set, and needs {} as well.", variable(name), variable(other)));
         }
      }
   }

   void strangers() {
      using level = layers::level;
      for (const auto at :
           {level::flags, level::environment, level::env_file, level::config_file}) {
         const bool variables = at == level::environment || at == level::env_file;
         const std::string& start = variables ? query_.prefix : section_;
         for (const auto& [key, value] : given_.beginning_with(at, start)) {
            if (variables && belongs_to_another(key)) continue;
            const std::string field = core::to_lower(key.substr(start.size()));
            if (is_known(field)) continue;
            std::vector<std::string> names;
            for (const auto& d : declared_.settings)
               names.push_back(variables ? core::to_upper(d.name) : d.name);
            const auto shown_field = variables ? core::to_upper(field) : field;
            problems_.push_back(fmt::format("{} is no setting of plugin {}.{}", value->name(),
                                            query_.name, suggestion(shown_field, views(names))));
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
   std::string json_;
   plugin_values out_;
   std::vector<std::string> set_;
   std::vector<std::string> problems_;
};

} // namespace

std::string plugin_prefix(std::string_view name) {
   std::string out = "FASTMCP_PLUGIN_" + core::to_upper(name) + "_";
   std::ranges::replace(out, '-', '_');
   return out;
}

core::result<plugin_values> resolve_plugin(const json::value& manifest, const plugin_query& query,
                                           const layers& given) {
   const auto declared = read_declarations(manifest);
   if (!declared) return std::unexpected(declared.error());
   return resolver(*declared, query, given).run();
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
