#include "config/declaration.hpp"

#include <algorithm>
#include <array>
#include <type_traits>

#include <fmt/format.h>

#include "core/utf8.hpp"
#include "json/regex.hpp"
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

parsed<typed_value> string_value(const std::string& text) {
   typed_value out;
   json::append_string(out.json, text);
   out.measure = static_cast<double>(core::utf8_length(text));
   return out;
}

template <class T>
parsed<typed_value> integer_value(const parsed<T>& value) {
   if (!value) return std::unexpected(value.error());
   std::int64_t n;
   if constexpr (std::is_same_v<T, std::chrono::milliseconds>) {
      n = value->count();
   } else {
      n = static_cast<std::int64_t>(*value);
   }
   typed_value out;
   json::append_int(out.json, n);
   out.measure = static_cast<double>(n);
   return out;
}

/// Whether a text, or an entry of a list, has the form that the manifest asks for.
std::optional<std::string> check_form(const declaration& d, std::string_view text) {
   if (d.pattern.empty()) return std::nullopt;
   const auto expression = json::regex::compile(d.pattern);
   if (!expression) return "cannot be checked: " + expression.error().message;
   switch (expression->search(text, {})) {
   case json::regex::outcome::match: return std::nullopt;
   case json::regex::outcome::no_match: return "is not " + d.form;
   case json::regex::outcome::too_costly: break;
   }
   return "is too long to be checked; it has to be " + d.form;
}

/// In the spelling of the manifest, where it lists what is allowed.
parsed<std::string> list_entry(const declaration& d, const std::string& text) {
   if (!d.values.empty()) {
      const auto i = parse_choice(text, views(d.values));
      if (!i)
         return std::unexpected(fmt::format("has the entry {}, which {}", shown(text), i.error()));
      return d.values[*i];
   }
   if (const auto why = check_form(d, text))
      return std::unexpected(fmt::format("has the entry {}, which {}", shown(text), *why));
   return text;
}

parsed<typed_value> list_value(const declaration& d, const entry& e) {
   std::vector<std::string> all;
   for (const auto& text : e.texts) {
      auto some = d.is_split ? parse_list(text) : parse_entries(text);
      if (!some) return std::unexpected(std::move(some.error()));
      for (const auto& text_of_entry : *some) {
         auto item = list_entry(d, text_of_entry);
         if (!item) return std::unexpected(std::move(item.error()));
         all.push_back(std::move(*item));
      }
   }
   typed_value out;
   json::writer(out.json).strings(all);
   out.measure = static_cast<double>(all.size());
   return out;
}

/// `api.example.com`, `localhost:1/x`, and not `http//x`, which is a slip.
bool begins_with_host(std::string_view text) {
   const auto host = text.substr(0, text.find_first_of(":/"));
   return text.find("://") == std::string_view::npos &&
          (host.find('.') != std::string_view::npos || host == "localhost");
}

parsed<typed_value> map_value(const entry& e) {
   std::vector<std::pair<std::string, std::string>> all;
   for (const auto& text : e.texts) {
      auto some = parse_map(text);
      if (!some) return std::unexpected(std::move(some.error()));
      for (auto& [key, value] : *some) {
         std::erase_if(all, [&](const auto& p) { return p.first == key; });
         all.emplace_back(std::move(key), std::move(value));
      }
   }
   typed_value out;
   json::writer w(out.json);
   w.begin_object();
   for (const auto& [key, value] : all) w.key(key).string(value);
   w.end_object();
   out.measure = static_cast<double>(all.size());
   return out;
}

parsed<typed_value> convert_unbounded(const declaration& d, const entry& e) {
   const auto& text = e.text();
   if (text.find('\0') != std::string::npos) return std::unexpected("holds a NUL character");
   if (!core::is_utf8(text)) return std::unexpected("is not UTF-8");
   const bool wants_text = d.type == plugin_type::string || d.type == plugin_type::secret ||
                           d.type == plugin_type::url || d.type == plugin_type::path ||
                           d.type == plugin_type::choice;
   if (wants_text && e.is_json()) return std::unexpected("is not a JSON string");
   switch (d.type) {
   case plugin_type::string:
   case plugin_type::path:
      if (auto why = check_form(d, text)) return std::unexpected(std::move(*why));
      return string_value(text);
   case plugin_type::secret:
      if (auto why = check_form(d, text)) return std::unexpected(std::move(*why));
      return typed_value{.json = text, .measure = static_cast<double>(core::utf8_length(text))};
   case plugin_type::url: {
      const bool is_bare = !d.assume_scheme.empty() && begins_with_host(text);
      const auto url = parse_url(is_bare ? d.assume_scheme + "://" + text : text, views(d.schemes));
      if (!url) return std::unexpected(url.error());
      if (auto why = check_form(d, *url)) return std::unexpected(std::move(*why));
      return string_value(*url);
   }
   case plugin_type::integer: return integer_value(parse_integer(text, INT64_MIN, INT64_MAX));
   case plugin_type::duration: return integer_value(parse_duration(text));
   case plugin_type::size: return integer_value(parse_size(text));
   case plugin_type::number: {
      const auto n = parse_number(text);
      if (!n) return std::unexpected(n.error());
      typed_value out{.json = {}, .measure = *n};
      json::append_double(out.json, *n);
      return out;
   }
   case plugin_type::boolean: {
      const auto yes = parse_boolean(text);
      if (!yes) return std::unexpected(yes.error());
      return typed_value{.json = *yes ? "true" : "false", .measure = std::nullopt};
   }
   case plugin_type::choice: {
      const auto i = parse_choice(text, views(d.values));
      if (!i) return std::unexpected(i.error());
      return string_value(d.values[*i]);
   }
   case plugin_type::list: return list_value(d, e);
   case plugin_type::map: return map_value(e);
   case plugin_type::json: {
      typed_value out;
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
      if (const auto* split = from_.find("split")) {
         if (!split->is(json::kind::boolean) || d_.type != plugin_type::list)
            return about("has a \"split\" that is no boolean of a list.");
         d_.is_split = split->boolean();
      }
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
      if (!d_.values.empty() && d_.type != plugin_type::choice && d_.type != plugin_type::list)
         return about("has \"values\", which are for an enum or a list.");
      if (auto ok = pattern(); !ok) return ok;
      if (d_.schemes.empty()) d_.schemes = {"https", "http"};
      d_.assume_scheme = from_.find_string("assume_scheme").value_or("");
      if (!d_.assume_scheme.empty() &&
          std::ranges::find(d_.schemes, d_.assume_scheme) == d_.schemes.end())
         return about("has an \"assume_scheme\" that is not among its schemes.");
      return {};
   }

   core::result<void> pattern() {
      const auto* given = from_.find("pattern");
      if (given == nullptr) return {};
      const bool fits = d_.type == plugin_type::string || d_.type == plugin_type::secret ||
                        d_.type == plugin_type::path || d_.type == plugin_type::url ||
                        d_.type == plugin_type::list;
      if (!fits || !given->is(json::kind::string) || given->string().empty())
         return about("has a \"pattern\" that is no expression for a text.");
      d_.pattern = given->string();
      d_.form = from_.find_string("form").value_or("");
      if (d_.form.empty()) return about("has a \"pattern\" without a \"form\" in words.");
      const auto expression = json::regex::compile(d_.pattern);
      if (!expression)
         return about(
               fmt::format("has a \"pattern\" that is wrong: {}", expression.error().message));
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
      if (const auto value = convert(d_, *d_.fallback); !value) {
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

core::result<void> read_groups(const json::value& manifest, std::string_view key,
                               const std::vector<declaration>& known,
                               std::vector<std::vector<std::string>>& out) {
   const auto* groups = manifest.find(key);
   if (groups == nullptr) return {};
   if (!groups->is(json::kind::array)) {
      return core::fail(core::errc::invalid,
                        fmt::format("The manifest is wrong: \"{}\" is no array.", key));
   }
   for (const auto& group : groups->items()) {
      auto names = names_of(group, known, key);
      if (!names) return std::unexpected(names.error());
      out.push_back(std::move(*names));
   }
   return {};
}

core::result<void> read_relations(const json::value& manifest, declarations& out) {
   if (auto ok = read_groups(manifest, "one_of", out.settings, out.one_of); !ok) return ok;
   if (auto ok = read_groups(manifest, "any_of", out.settings, out.any_of); !ok) return ok;
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

} // namespace

parsed<typed_value> convert(const declaration& d, const entry& e) {
   auto out = convert_unbounded(d, e);
   if (!out || !out->measure) return out;
   if (d.min && *out->measure < *d.min) return std::unexpected("is less than " + amount(d, *d.min));
   if (d.max && *out->measure > *d.max) return std::unexpected("is more than " + amount(d, *d.max));
   return out;
}

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

} // namespace fmcp::config
