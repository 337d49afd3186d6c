#include "config/plugin_settings.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>

#include <fmt/format.h>

#include "config/gather.hpp"
#include "config/parse.hpp"
#include "config/secret_file.hpp"
#include "core/text.hpp"
#include "core/utf8.hpp"
#include "json/document.hpp"
#include "json/writer.hpp"

namespace fmcp::config {
namespace {

constexpr std::size_t max_settings = 256;
constexpr std::size_t max_name = 64;

// In the order of plugin_type.
constexpr std::array<std::string_view, 13> type_names{
      "string",   "secret", "url",  "path", "int", "number", "bool",
      "duration", "size",   "enum", "list", "map", "json"};

bool is_field_name(std::string_view name) noexcept {
   const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
   const auto inner = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; };
   return !name.empty() && name.size() <= max_name && letter(name.front()) &&
          std::ranges::all_of(name, inner);
}

std::vector<std::string_view> views(const std::vector<std::string>& strings) {
   return {strings.begin(), strings.end()};
}

/// A value that passed: its JSON (of a secret: its text) and what min and max count.
struct typed {
   std::string json;
   std::optional<double> measure;
};

parsed<typed> typed_string(const std::string& text) {
   typed out;
   json::append_string(out.json, text);
   out.measure = static_cast<double>(core::utf8_length(text));
   return out;
}

template <class T>
parsed<typed> typed_integer(const parsed<T>& value) {
   if (!value) return std::unexpected(value.error());
   std::int64_t n;
   if constexpr (std::is_same_v<T, std::chrono::milliseconds>) {
      n = value->count();
   } else {
      n = static_cast<std::int64_t>(*value);
   }
   typed out;
   json::append_int(out.json, n);
   out.measure = static_cast<double>(n);
   return out;
}

parsed<typed> typed_list(const entry& e) {
   std::vector<std::string> all;
   for (const auto& text : e.texts) {
      auto some = parse_list(text);
      if (!some) return std::unexpected(std::move(some.error()));
      all.insert(all.end(), some->begin(), some->end());
   }
   typed out;
   json::writer w(out.json);
   w.begin_array();
   for (const auto& item : all) w.string(item);
   w.end_array();
   out.measure = static_cast<double>(all.size());
   return out;
}

parsed<typed> typed_map(const entry& e) {
   std::vector<std::pair<std::string, std::string>> all;
   for (const auto& text : e.texts) {
      auto some = parse_map(text);
      if (!some) return std::unexpected(std::move(some.error()));
      for (auto& [key, value] : *some) {
         std::erase_if(all, [&](const auto& p) { return p.first == key; });
         all.emplace_back(std::move(key), std::move(value));
      }
   }
   typed out;
   json::writer w(out.json);
   w.begin_object();
   for (const auto& [key, value] : all) w.key(key).string(value);
   w.end_object();
   out.measure = static_cast<double>(all.size());
   return out;
}

parsed<typed> convert(const declaration& d, const entry& e) {
   const auto& text = e.text();
   if (text.find('\0') != std::string::npos) return std::unexpected("holds a NUL character");
   if (!core::is_utf8(text)) return std::unexpected("is not UTF-8");
   const bool wants_text = d.type == plugin_type::string || d.type == plugin_type::secret ||
                           d.type == plugin_type::url || d.type == plugin_type::path ||
                           d.type == plugin_type::choice;
   if (wants_text && e.is_json()) return std::unexpected("is not a JSON string");
   switch (d.type) {
   case plugin_type::string:
   case plugin_type::path: return typed_string(text);
   case plugin_type::secret:
      return typed{.json = text, .measure = static_cast<double>(core::utf8_length(text))};
   case plugin_type::url: {
      const auto url = parse_url(text, views(d.schemes));
      if (!url) return std::unexpected(url.error());
      return typed_string(*url);
   }
   case plugin_type::integer: return typed_integer(parse_integer(text, INT64_MIN, INT64_MAX));
   case plugin_type::duration: return typed_integer(parse_duration(text));
   case plugin_type::size: return typed_integer(parse_size(text));
   case plugin_type::number: {
      const auto n = parse_number(text);
      if (!n) return std::unexpected(n.error());
      typed out{.json = {}, .measure = *n};
      json::append_double(out.json, *n);
      return out;
   }
   case plugin_type::boolean: {
      const auto yes = parse_boolean(text);
      if (!yes) return std::unexpected(yes.error());
      return typed{.json = *yes ? "true" : "false", .measure = std::nullopt};
   }
   case plugin_type::choice: {
      const auto i = parse_choice(text, views(d.values));
      if (!i) return std::unexpected(i.error());
      return typed_string(d.values[*i]);
   }
   case plugin_type::list: return typed_list(e);
   case plugin_type::map: return typed_map(e);
   case plugin_type::json: {
      typed out;
      if (e.as == entry::form::json_string) {
         json::append_string(out.json, text);
         return out;
      }
      auto compact = parse_json(text);
      if (!compact) return std::unexpected(std::move(compact.error()));
      out.json = std::move(*compact);
      return out;
   }
   }
   return std::unexpected("has no type");
}

std::string amount(const declaration& d, double n) {
   switch (d.type) {
   case plugin_type::duration:
      return duration_text(std::chrono::milliseconds(static_cast<std::int64_t>(n)));
   case plugin_type::size: return size_text(static_cast<std::uint64_t>(n));
   case plugin_type::list:
   case plugin_type::map: return fmt::format("{} entries", n);
   case plugin_type::integer:
   case plugin_type::number: return fmt::format("{}", n);
   default: return fmt::format("{} characters", n);
   }
}

parsed<typed> convert_within_bounds(const declaration& d, const entry& e) {
   auto out = convert(d, e);
   if (!out || !out->measure) return out;
   if (d.min && *out->measure < *d.min) return std::unexpected("is less than " + amount(d, *d.min));
   if (d.max && *out->measure > *d.max) return std::unexpected("is more than " + amount(d, *d.max));
   return out;
}

/// Reads one member of `settings`.
class declaration_reader {
public:
   explicit declaration_reader(const json::value& from) : from_(from) {}

   core::result<declaration> run() {
      if (!from_.is(json::kind::object)) return fail("an entry of \"settings\" is no object");
      d_.name = from_.find_string("name").value_or("");
      if (!is_field_name(d_.name)) {
         return fail(fmt::format(
               "the setting name {} is not of the form [a-z][a-z0-9_]*, at most {} characters",
               shown(d_.name), max_name));
      }
      d_.type_name = from_.find_string("type").value_or("");
      const auto type = std::ranges::find(type_names, d_.type_name);
      if (type == type_names.end()) {
         return about(fmt::format("has the unknown type {}.{}", shown(d_.type_name),
                                  suggestion(d_.type_name, type_names)));
      }
      d_.type = static_cast<plugin_type>(type - type_names.begin());
      d_.help = from_.find_string("help").value_or("");
      d_.deprecated = from_.find_string("deprecated").value_or("");
      if (const auto* required = from_.find("required")) {
         if (!required->is(json::kind::boolean))
            return about("has a \"required\" that is no boolean.");
         d_.is_required = required->boolean();
      }
      if (auto ok = words(); !ok) return std::unexpected(ok.error());
      if (auto ok = bound("min", d_.min); !ok) return std::unexpected(ok.error());
      if (auto ok = bound("max", d_.max); !ok) return std::unexpected(ok.error());
      if (auto ok = fallback(); !ok) return std::unexpected(ok.error());
      return std::move(d_);
   }

private:
   static std::unexpected<core::error> fail(std::string_view what) {
      return core::fail(core::errc::invalid, fmt::format("The manifest is wrong: {}.", what));
   }
   std::unexpected<core::error> about(std::string_view what) const {
      return core::fail(core::errc::invalid,
                        fmt::format("The manifest is wrong: setting {} {}", d_.name, what));
   }

   core::result<void> words() {
      if (auto ok = strings("values", d_.values); !ok) return ok;
      if (auto ok = strings("schemes", d_.schemes); !ok) return ok;
      if (d_.type == plugin_type::choice && d_.values.empty())
         return about("is an enum without \"values\".");
      if (d_.schemes.empty()) d_.schemes = {"https", "http"};
      return {};
   }

   core::result<void> strings(std::string_view key, std::vector<std::string>& out) const {
      const auto* list = from_.find(key);
      if (list == nullptr) return {};
      if (!list->is(json::kind::array))
         return about(fmt::format("has \"{}\" that are no array.", key));
      for (const auto& item : list->items()) {
         if (!item.is(json::kind::string))
            return about(fmt::format("has an entry of \"{}\" that is no string.", key));
         out.emplace_back(item.string());
      }
      return {};
   }

   core::result<void> bound(std::string_view key, std::optional<double>& out) const {
      const auto* v = from_.find(key);
      if (v == nullptr) return {};
      const auto e = entry_of(*v);
      if (d_.type == plugin_type::duration) {
         if (const auto t = parse_duration(e.text())) out = static_cast<double>(t->count());
      } else if (d_.type == plugin_type::size) {
         if (const auto n = parse_size(e.text())) out = static_cast<double>(*n);
      } else if (v->is(json::kind::number)) {
         out = v->as_double();
      }
      if (!out) return about(fmt::format("has a \"{}\" that does not fit its type.", key));
      return {};
   }

   core::result<void> fallback() {
      const auto* v = from_.find("default");
      if (v == nullptr || v->is(json::kind::null)) return {};
      if (d_.type == plugin_type::secret)
         return about("is a secret and has a default, which everybody could read.");
      d_.fallback = entry_of(*v);
      d_.fallback->place = "default";
      if (const auto value = convert_within_bounds(d_, *d_.fallback); !value) {
         return about(fmt::format("has a default that {}.", value.error()));
      }
      return {};
   }

   const json::value& from_;
   declaration d_;
};

core::result<std::vector<std::string>>
names_of(const json::value& v, const std::vector<declaration>& known, std::string_view where) {
   std::vector<std::string> out;
   const auto add = [&](const json::value& item) {
      if (!item.is(json::kind::string) ||
          std::ranges::find(known, item.string(), &declaration::name) == known.end()) {
         return false;
      }
      out.emplace_back(item.string());
      return true;
   };
   bool fits = v.is(json::kind::string) ? add(v) : v.is(json::kind::array);
   if (v.is(json::kind::array)) {
      for (const auto& item : v.items()) fits = fits && add(item);
   }
   if (fits && !out.empty()) return out;
   return core::fail(
         core::errc::invalid,
         fmt::format("The manifest is wrong: \"{}\" names something that is no setting.", where));
}

core::result<void> read_relations(const json::value& manifest, declarations& out) {
   if (const auto* groups = manifest.find("one_of")) {
      if (!groups->is(json::kind::array)) {
         return core::fail(core::errc::invalid, "The manifest is wrong: \"one_of\" is no array.");
      }
      for (const auto& group : groups->items()) {
         auto names = names_of(group, out.settings, "one_of");
         if (!names) return std::unexpected(names.error());
         out.one_of.push_back(std::move(*names));
      }
   }
   if (const auto* needs = manifest.find("requires")) {
      if (!needs->is(json::kind::object)) {
         return core::fail(core::errc::invalid,
                           "The manifest is wrong: \"requires\" is no object.");
      }
      for (const auto& [key, value] : needs->members()) {
         auto names = names_of(value, out.settings, "requires");
         if (!names) return std::unexpected(names.error());
         if (std::ranges::find(out.settings, key, &declaration::name) == out.settings.end()) {
            return core::fail(
                  core::errc::invalid,
                  fmt::format("The manifest is wrong: \"requires\" names {}, which is no setting.",
                              shown(key)));
         }
         out.requires_.emplace_back(key, std::move(*names));
      }
   }
   return {};
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

   std::optional<typed> take(const declaration& d, const layers::found& hit) {
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
      auto value = convert_within_bounds(d, e);
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

core::result<declarations> read_declarations(const json::value& manifest) {
   declarations out;
   const auto* list = manifest.find("settings");
   if (list == nullptr) return out;
   if (!list->is(json::kind::array))
      return core::fail(core::errc::invalid, "The manifest is wrong: \"settings\" is no array.");
   if (list->items().size() > max_settings) {
      return core::fail(core::errc::limit,
                        fmt::format("The manifest declares more than {} settings.", max_settings));
   }
   for (const auto& item : list->items()) {
      auto d = declaration_reader(item).run();
      if (!d) return std::unexpected(d.error());
      if (std::ranges::find(out.settings, d->name, &declaration::name) != out.settings.end()) {
         return core::fail(
               core::errc::invalid,
               fmt::format("The manifest is wrong: setting {} is declared twice.", d->name));
      }
      out.settings.push_back(std::move(*d));
   }
   if (auto ok = read_relations(manifest, out); !ok) return std::unexpected(ok.error());
   return out;
}

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
