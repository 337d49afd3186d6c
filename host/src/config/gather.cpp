#include "config/gather.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>

#include <fmt/format.h>

#include "config/env_file.hpp"
#include "config/lookalike.hpp"
#include "config/parse.hpp"
#include "config/table.hpp"
#include "core/safe_path.hpp"
#include "core/text.hpp"
#include "json/document.hpp"

namespace fmcp::config {
namespace {

constexpr std::uint64_t max_env_file = 64 * 1024;
constexpr std::uint64_t max_config_file = 1024 * 1024;

constexpr std::string_view plugin_prefix = "FASTMCP_PLUGIN_";
constexpr std::string_view auth_name = "FASTMCP_SERVER_AUTH";

/// Settings of the Python framework that mean nothing here, so that a copied environment starts
/// without a row of false alarms.
constexpr std::array<std::string_view, 20> foreign{"FASTMCP_CHECK_FOR_UPDATES",
                                                   "FASTMCP_CLIENT_DISCONNECT_TIMEOUT",
                                                   "FASTMCP_CLIENT_INIT_TIMEOUT",
                                                   "FASTMCP_CLIENT_LOG_LEVEL",
                                                   "FASTMCP_DEBUG",
                                                   "FASTMCP_ENABLE_RICH_LOGGING",
                                                   "FASTMCP_ENABLE_RICH_TRACEBACKS",
                                                   "FASTMCP_EXCLUDE_TAGS",
                                                   "FASTMCP_INCLUDE_FASTMCP_META",
                                                   "FASTMCP_INCLUDE_TAGS",
                                                   "FASTMCP_LOG_ENABLED",
                                                   "FASTMCP_MESSAGE_PATH",
                                                   "FASTMCP_RESOURCE_PREFIX_FORMAT",
                                                   "FASTMCP_SHOW_CLI_BANNER",
                                                   "FASTMCP_SHOW_SERVER_BANNER",
                                                   "FASTMCP_SSE_PATH",
                                                   "FASTMCP_SSRF_TRUST_PROXY",
                                                   "FASTMCP_STRICT_INPUT_VALIDATION",
                                                   "FASTMCP_TELEMETRY_MODE",
                                                   "FASTMCP_TEST_MODE"};

constexpr std::string_view client_token = "FASTMCP_CLIENT_TOKEN";

/// FASTMCP_PLUGIN_<NAME>_<FIELD>, whatever the plugins are called.
bool is_plugin_variable(std::string_view name) noexcept {
   return name.starts_with(plugin_prefix) && name != "FASTMCP_PLUGIN_DIR" &&
          name.find('_', plugin_prefix.size() + 1) != std::string_view::npos;
}

bool is_auth_variable(std::string_view name) noexcept {
   return name == auth_name || (name.starts_with(auth_name) && name[auth_name.size()] == '_');
}

/// Names without our prefix of which the operator hears something: the selection as old releases of
/// the framework spelled it in `.env`, and the placeholders of an example in its documentation.
bool is_worth_a_word(std::string_view name, layers::level at) noexcept {
   return name == "DESCOPE_PROJECT_ID" || name == "DESCOPE_BASE_URL" || name == "SERVER_URL" ||
          (name == "SERVER_AUTH" && at == layers::level::env_file);
}

bool is_host_variable(std::string_view name) noexcept {
   return std::ranges::any_of(table(), [&](const spec& s) {
      if (s.variable.empty() || s.kind == kind::special) return false;
      return name == s.variable || (s.is_secret() && name.starts_with(s.variable) &&
                                    name.substr(s.variable.size()) == "_FILE");
   });
}

std::size_t line_of(std::string_view text, const json::value& v) noexcept {
   const auto offset = static_cast<std::size_t>(v.raw().data() - text.data());
   return 1 + static_cast<std::size_t>(std::ranges::count(text.substr(0, offset), '\n'));
}

class gatherer {
public:
   explicit gatherer(const sources& from) : from_(from) {}

   gathered run() {
      flags();
      if (from_.is_privileged) {
         note(core::log::level::warn, "The program runs with more rights than its caller: "
                                      "environment and .env are ignored.");
         unbelieved_selection();
      } else {
         environment();
         env_file();
      }
      config_file();
      return std::move(out_);
   }

private:
   void refuse(std::string text, bool is_usage = false) {
      out_.problems.push_back({std::move(text), is_usage});
   }
   void note(core::log::level l, std::string text) { out_.notices.push_back({l, std::move(text)}); }

   void flags() {
      for (const auto& [name, text] : from_.flags) {
         const spec* s = find_spec(name);
         if (s == nullptr) continue;
         if (name == "plugins") {
            plugin_option(text);
         } else if (name == "auth_options") {
            auth_option(text);
         } else {
            out_.values.add(
                  layers::level::flags, name,
                  {.texts = {text}, .label = std::string(s->flag), .place = "command line"});
         }
      }
   }

   void plugin_option(const std::string& text) {
      const auto equals = text.find('=');
      const auto dot = text.find('.');
      if (dot == 0 || equals == std::string::npos || dot == std::string::npos ||
          dot + 1 >= equals) {
         return refuse(fmt::format("--plugin-option {} is not of the form name.field=value.",
                                   shown(std::string_view(text).substr(0, equals))),
                       true);
      }
      const std::string key = text.substr(0, equals);
      out_.values.add(layers::level::flags, "plugins." + key,
                      {.texts = {text.substr(equals + 1)},
                       .label = "--plugin-option " + key,
                       .place = "command line"});
   }

   void auth_option(const std::string& text) {
      const auto equals = text.find('=');
      if (equals == 0 || equals == std::string::npos) {
         // Without a name there is nothing to call it by, and the text may be a secret.
         return refuse("An --auth-option is not of the form field=value.", true);
      }
      const std::string field = text.substr(0, equals);
      out_.values.add(layers::level::flags, "auth." + field,
                      {.texts = {text.substr(equals + 1)},
                       .label = "--auth-option " + field,
                       .place = "command line"});
   }

   /// Whoever cannot say by the environment that callers must log in must not find the door open.
   void unbelieved_selection() {
      for (const auto& pair : from_.environment) {
         const auto name = pair.substr(0, pair.find('='));
         if (!is_auth_variable(core::to_upper(name))) continue;
         out_.lookalikes.push_back({.name = name + " (environment)",
                                    .fault = "is not believed of a caller with fewer rights",
                                    .hint = " Use --auth or the configuration file.",
                                    .meant = lookalike::kind::authentication});
      }
   }

   void environment() {
      for (const auto& pair : from_.environment) {
         const auto equals = pair.find('=');
         if (equals == std::string::npos) continue;
         std::string name = core::to_upper(std::string_view(pair).substr(0, equals));
         entry e{.texts = {pair.substr(equals + 1)},
                 .label = pair.substr(0, equals),
                 .place = "environment"};
         if (is_of_another_program(layers::level::environment, name, e)) continue;
         const auto* before = out_.values.at(layers::level::environment, name);
         if (before != nullptr && before->text() != e.text() && name.starts_with("FASTMCP_")) {
            refuse(fmt::format("{} and {} are both in the environment, with different values; "
                               "upper and lower case are the same name here, so keep one of them.",
                               before->label, e.label));
         }
         add_variable(layers::level::environment, std::move(name), std::move(e));
      }
   }

   /// Keeps a variable that somebody will look at, and tells about every other one.
   void add_variable(layers::level at, std::string name, entry e) {
      if (is_auth_variable(name) || is_plugin_variable(name) || is_host_variable(name) ||
          is_worth_a_word(name, at)) {
         return out_.values.add(at, std::move(name), std::move(e));
      }
      if (name == client_token) {
         // Of the client commands, which look for it in the environment themselves.
         if (at != layers::level::env_file) return;
         return note(core::log::level::warn,
                     e.name() +
                           " has no effect in a file: the commands ping, list and call take "
                           "it from the environment only. Set it there, or use --bearer-file.");
      }
      if (std::ranges::find(foreign, name) != foreign.end()) {
         return note(core::log::level::info,
                     e.name() + " is a setting of the Python framework that this program does "
                                "not have; it is ignored.");
      }
      no_setting(e, name);
   }

   /// Whether the variable is none of ours. One whose prefix has a slip in it is not either, but
   /// what was meant by it may be too much to lose in silence.
   bool is_of_another_program(layers::level at, const std::string& name, const entry& e) {
      if (name.starts_with("FASTMCP_") || is_worth_a_word(name, at)) return false;
      const auto meant = meant_name(name);
      const bool is_ours = is_auth_variable(meant) || is_plugin_variable(meant) ||
                           is_host_variable(meant) || meant == client_token;
      if (!meant.empty() &&
          (is_ours || speaks_of_authentication(meant) || !meant_file(meant).empty()))
         no_setting(e, meant);
      return true;
   }

   /// Tells about a variable that is no setting; `name` is what it is called with our prefix.
   void no_setting(const entry& e, const std::string& name) {
      using what = lookalike::kind;
      const auto file = meant_file(name);
      const bool is_about_auth = speaks_of_authentication(name);
      lookalike l{.name = e.name(),
                  .fault = "is no setting of this program",
                  .hint = hint_for(name, is_about_auth),
                  .meant = is_about_auth ? what::authentication : what::file};
      if (is_about_auth || !file.empty()) {
         out_.lookalikes.push_back(std::move(l));
      } else {
         note(core::log::level::warn, l.warning());
      }
   }

   static std::string hint_for(const std::string& name, bool is_about_auth) {
      if (is_host_variable(name) || is_plugin_variable(name) || name == client_token)
         return did_you_mean(name);
      if (const auto selector = meant_selector(name); !selector.empty())
         return did_you_mean(selector);
      if (const auto file = meant_file(name); !file.empty()) return did_you_mean(file);
      std::vector<std::string_view> known;
      for (const auto& s : table()) {
         if (s.variable.empty() || s.kind == kind::special) continue;
         if (!is_about_auth || speaks_of_authentication(s.variable)) known.push_back(s.variable);
      }
      // 2.12 and 2.13 of the framework took FASTMCP_SERVER_PORT for FASTMCP_PORT.
      constexpr std::string_view old_prefix = "FASTMCP_SERVER_";
      std::string modern = name;
      if (name.starts_with(old_prefix)) modern.erase(8, 7);
      return suggestion(modern, known);
   }
   static std::string did_you_mean(std::string_view name) {
      return fmt::format(" Did you mean {}?", name);
   }

   std::optional<std::string> process_variable(std::string_view name) const {
      for (const auto& pair : from_.environment) {
         if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
            return pair.substr(name.size() + 1);
         }
      }
      return std::nullopt;
   }

   void env_file() {
      const auto named = out_.values.find({}, "FASTMCP_ENV_FILE", false);
      const entry* by = named ? named->value : nullptr;
      if (by != nullptr && by->text().empty()) return; // the loader tells
      if (by == nullptr && from_.purpose == purpose::calling) return;
      const std::string path = absolute_path(by != nullptr ? by->text() : ".env", from_.directory);
      const std::string shown_path = by != nullptr ? by->text() : ".env";
      // The walk judges directories too, and has no say where there is no such file. A folder of
      // that name is somebody's virtual environment.
      using std::filesystem::file_type;
      std::error_code failed;
      const auto type = std::filesystem::symlink_status(path, failed).type();
      if (by == nullptr && (type == file_type::not_found || type == file_type::directory)) return;
      auto file =
            core::open_safely(path, {.follow_links = by != nullptr, .max_bytes = max_env_file});
      if (!file && by != nullptr && file.error().code == core::errc::not_found) {
         return refuse(fmt::format("{} names the file {}, which is not there.", by->name(), path));
      }
      if (!file) {
         return refuse(fmt::format("{} is not read, since it may name code to load: {}",
                                   by != nullptr ? by->name() : ".env", file.error().message));
      }
      auto text = core::read_all(*file, max_env_file);
      if (!text) return refuse(text.error().message);
      out_.env_file = path;
      auto lines =
            parse_env_file(*text, [this](std::string_view name) { return process_variable(name); });
      if (!lines)
         return refuse(
               fmt::format("{} cannot be understood. {}", shown_path, lines.error().message));
      loose_lines(shown_path, lines->loose);
      for (auto& line : lines->lines) {
         std::string name = core::to_upper(line.name);
         entry e{.texts = {std::move(line.value)},
                 .label = std::move(line.name),
                 .place = fmt::format("{}:{}", shown_path, line.line)};
         if (is_of_another_program(layers::level::env_file, name, e)) continue;
         if (name == "FASTMCP_ENV_FILE" && absolute_path(e.text(), from_.directory) == path)
            continue; // this is that file
         if (name == "FASTMCP_ENV_FILE") {
            out_.lookalikes.push_back({.name = e.name(),
                                       .fault = "has no effect inside such a file",
                                       .hint = " Set it in the environment.",
                                       .meant = lookalike::kind::file});
            continue;
         }
         add_variable(layers::level::env_file, std::move(name), std::move(e));
      }
   }

   /// Lines without '='. What they say may be a secret and is never shown.
   void loose_lines(const std::string& file, const std::vector<loose_line>& lines) {
      constexpr std::size_t most = 12;
      std::vector<std::size_t> others;
      for (const auto& l : lines) {
         const auto about = subject_of(l.text);
         if (about == line_subject::other) {
            others.push_back(l.line);
            continue;
         }
         out_.lookalikes.push_back({.name = fmt::format("{}:{}", file, l.line),
                                    .fault = "has no '=' between a name and its value",
                                    .hint = {},
                                    .meant = about == line_subject::authentication
                                                   ? lookalike::kind::authentication
                                                   : lookalike::kind::file});
      }
      if (others.empty()) return;
      const auto first = std::span(others).first(std::min(others.size(), most));
      const auto rest = others.size() > most ? fmt::format(" and {} more", others.size() - most)
                                             : std::string();
      const bool is_one = others.size() == 1;
      note(core::log::level::warn,
           fmt::format("Line{} {}{} of {} {} no '=' and {} ignored.", is_one ? "" : "s",
                       fmt::join(first, ", "), rest, file, is_one ? "has" : "have",
                       is_one ? "is" : "are"));
   }

   void config_file() {
      const auto named = out_.values.find("config", "FASTMCP_CONFIG", false);
      const entry* by = named ? named->value : nullptr;
      if (by == nullptr) return;
      const bool is_usage = by->is_flag();
      if (by->text().empty()) return; // the loader tells
      const std::string path = absolute_path(by->text(), from_.directory);
      auto file = core::open_safely(path, {.follow_links = true, .max_bytes = max_config_file});
      if (!file && file.error().code == core::errc::not_found) {
         return refuse(fmt::format("{} names the file {}, which is not there.", by->name(), path),
                       is_usage);
      }
      if (!file)
         return refuse(
               fmt::format("The file of {} is not read: {}", by->name(), file.error().message),
               is_usage);
      const auto text = core::read_all(*file, max_config_file);
      if (!text) return refuse(text.error().message);
      out_.config_file = path;
      json::document doc;
      const auto root = doc.parse(*text);
      if (!root) return refuse(fmt::format("{} is not JSON: {}", by->text(), root.error().message));
      if (!(*root)->is(json::kind::object))
         return refuse(by->text() + " does not hold a JSON object.");
      for (const auto& [key, value] : (*root)->members()) member(by->text(), *text, key, value);
   }

   void member(const std::string& file, const std::string& text, std::string_view key,
               const json::value& value) {
      if (value.is(json::kind::null)) return;
      entry e = entry_of(value);
      e.label = shown(key);
      e.place = fmt::format("{}:{}", file, line_of(text, value));
      e.directory = std::filesystem::path(out_.config_file).parent_path().string();
      if (key == "plugins") return plugins(file, text, e, value);
      if (key == "auth") return auth(file, text, e, value);
      const std::string_view name = key.ends_with("_file") && find_spec(key) == nullptr
                                          ? key.substr(0, key.size() - 5)
                                          : key;
      const spec* s = find_spec(name);
      if (s == nullptr || !s->in_file || (name != key && !s->is_secret())) {
         std::vector<std::string_view> known;
         for (const auto& each : table()) {
            if (each.in_file) known.push_back(each.name);
         }
         return refuse(e.name() + " is no setting." + suggestion(key, known));
      }
      out_.values.add(layers::level::config_file, std::string(key), std::move(e));
   }

   /// `"auth": "descope"`, or an object with `provider` and its settings.
   void auth(const std::string& file, const std::string& text, entry& whole,
             const json::value& value) {
      if (value.is(json::kind::string))
         return out_.values.add(layers::level::config_file, "auth", std::move(whole));
      if (!value.is(json::kind::object)) {
         return refuse(whole.name() +
                       " must be the name of a provider, or an object with \"provider\" and its "
                       "settings.");
      }
      bool is_empty = true;
      for (const auto& [field, v] : value.members()) {
         if (v.is(json::kind::null)) continue;
         is_empty = false;
         entry e = entry_of(v);
         e.label = shown(fmt::format("auth.{}", field));
         e.place = fmt::format("{}:{}", file, line_of(text, v));
         e.directory = whole.directory;
         out_.values.add(layers::level::config_file,
                         field == "provider" ? std::string("auth") : fmt::format("auth.{}", field),
                         std::move(e));
      }
      if (is_empty) refuse(whole.name() + " says nothing; name a \"provider\", or remove it.");
   }

   void plugins(const std::string& file, const std::string& text, const entry& whole,
                const json::value& value) {
      if (!value.is(json::kind::object))
         return refuse(whole.name() + " must be an object with one object per plugin.");
      for (const auto& [plugin, fields] : value.members()) {
         if (!fields.is(json::kind::object)) {
            refuse(fmt::format(
                  "\"plugins\": {} ({}:{}) must be an object with the plugin's settings.",
                  shown(plugin), file, line_of(text, fields)));
            continue;
         }
         for (const auto& [field, v] : fields.members()) {
            if (v.is(json::kind::null)) continue;
            entry e = entry_of(v);
            e.label = shown(fmt::format("plugins.{}.{}", plugin, field));
            e.place = fmt::format("{}:{}", file, line_of(text, v));
            e.directory = whole.directory;
            out_.values.add(layers::level::config_file, fmt::format("plugins.{}.{}", plugin, field),
                            std::move(e));
         }
      }
   }

   const sources& from_;
   gathered out_;
};

} // namespace

gathered gather(const sources& from) {
   return gatherer(from).run();
}

std::string absolute_path(std::string_view path, std::string_view directory) {
   std::filesystem::path whole(path);
   if (whole.is_relative()) whole = std::filesystem::path(directory) / whole;
   if (whole.is_relative()) {
      std::error_code failed;
      const auto here = std::filesystem::current_path(failed);
      if (!failed) whole = here / whole;
   }
   std::string out = whole.lexically_normal().string();
   if (out.size() > 1 && out.ends_with('/')) out.pop_back();
   return out;
}

} // namespace fmcp::config
