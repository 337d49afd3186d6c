#include "config/load.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <optional>
#include <type_traits>

#include <fmt/format.h>

#include "config/auth_selection.hpp"
#include "config/checks.hpp"
#include "config/gather.hpp"
#include "config/parse.hpp"
#include "config/public_url.hpp"
#include "config/secret_file.hpp"
#include "config/secret_variables.hpp"
#include "config/table.hpp"
#include "core/text.hpp"
#include "core/utf8.hpp"

namespace fmcp::config {
namespace {

constexpr std::array<std::string_view, 2> web_schemes{"https", "http"};

core::log::level level_of(std::string_view name) {
   auto l = core::log::level::info;
   return core::log::parse_level(name, l) ? l : core::log::level::info;
}

std::string text_of(const spec& s, const settings& from) {
   if (s.is_secret())
      return from.*std::get<std::string settings::*>(s.where) == "" ? "" : "(hidden)";
   return std::visit(
         [&]<class M>(M m) -> std::string {
            if constexpr (std::is_same_v<M, std::monostate>) {
               return {};
            } else {
               const auto& v = from.*m;
               using T = std::remove_cvref_t<decltype(v)>;
               if constexpr (std::is_same_v<T, std::string>) {
                  // Its password is as secret as any other.
                  if (s.kind == kind::proxy && v.find('@') != std::string::npos) return "(hidden)";
                  return v;
               } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
                  return fmt::format("{}", fmt::join(v, s.kind == kind::paths ? ":" : ","));
               } else if constexpr (std::is_same_v<T, bool>) {
                  return v ? "true" : "false";
               } else if constexpr (std::is_same_v<T, std::chrono::milliseconds>) {
                  return duration_text(v);
               } else if constexpr (std::is_same_v<T, core::log::level>) {
                  const auto name = std::ranges::find(s.choices, v, level_of);
                  return std::string(name == s.choices.end() ? s.choices.front() : *name);
               } else if constexpr (std::is_enum_v<T>) {
                  return std::string(s.choices[static_cast<std::size_t>(v)]);
               } else {
                  return s.kind == kind::size ? size_text(v) : fmt::format("{}", v);
               }
            }
         },
         s.where);
}

class loader {
public:
   explicit loader(const sources& from) : from_(from), given_(gather(from)) {
      report_.problems = given_.problems;
      report_.notices = given_.notices;
   }

   loaded run() {
      for (const auto& s : table()) report_.rows.push_back(row(s));
      place_store();
      if (from_.purpose == purpose::serving) {
         authenticate();
         check_together();
      } else {
         ignore_lookalikes();
      }
      values_.secret_variables = secret_variables(given_.values, provider_declarations());
      values_.given = std::move(given_.values);
      loaded out{.values = std::move(values_), .report = std::move(report_)};
      if (!out.report.problems.empty())
         out.values = core::fail(core::errc::invalid, describe(out.report));
      return out;
   }

private:
   void refuse(std::string text, bool is_usage = false) {
      report_.problems.push_back({std::move(text), is_usage});
   }
   void note(core::log::level l, std::string text) {
      report_.notices.push_back({l, std::move(text)});
   }

   report_row row(const spec& s) {
      report_row r{.name = std::string(s.name), .value = {}, .source = "default", .overridden = {}};
      if (s.kind == kind::special) return special_row(s, std::move(r));
      const auto hit = given_.values.find(s.name, s.variable, s.is_secret());
      if (!hit) {
         refuse(hit.error().message);
         r.is_valid = false;
         return r;
      }
      for (const auto* weaker : hit->overridden) r.overridden.push_back(weaker->name());
      if (hit->value != nullptr) {
         r.source = hit->value->name();
         r.is_valid = take(s, *hit);
      } else {
         take_default(s, r);
      }
      r.value = r.is_valid ? text_of(s, values_) : "(invalid)";
      return r;
   }

   /// Their types are in manifests, which nobody has read yet: some of these may be secrets.
   report_row special_row(const spec& s, report_row r) const {
      const bool is_auth = s.name == "auth_options";
      const std::string_view key = is_auth ? "auth." : "plugins.";
      const std::string_view variable = is_auth ? "FASTMCP_SERVER_AUTH_" : "FASTMCP_PLUGIN_";
      std::vector<std::string> names;
      const auto collect = [&](layers::level at, std::string_view prefix) {
         for (const auto& [name, value] : given_.values.beginning_with(at, prefix)) {
            if (name != "FASTMCP_PLUGIN_DIR") names.push_back(value->name());
         }
      };
      collect(layers::level::flags, key);
      collect(layers::level::environment, variable);
      collect(layers::level::env_file, variable);
      collect(layers::level::config_file, key);
      r.value = fmt::format("{}", fmt::join(names, ", "));
      if (!names.empty()) r.source = "given";
      return r;
   }

   bool take(const spec& s, const layers::found& hit) {
      entry e = *hit.value;
      const bool is_usage = e.is_flag();
      if (hit.names_a_file) {
         auto secret = read_secret(absolute(e.text(), e));
         if (!secret) {
            refuse(fmt::format("{} names a file that cannot be used: {}", e.name(),
                               secret.error().message),
                   is_usage);
            return false;
         }
         if (!secret->warning.empty()) note(core::log::level::warn, std::move(secret->warning));
         e.texts = {std::move(secret->text)};
      }
      // On stdio nobody authenticates, and a broken wish for it does no harm.
      if (s.kind == kind::provider && !is_protecting()) {
         values_.auth = core::trim(e.text());
         return true;
      }
      const bool may_be_empty = s.kind == kind::list || s.kind == kind::paths;
      const bool is_blank = s.kind == kind::provider && core::trim(e.text()).empty();
      if ((e.text().empty() || is_blank) && !may_be_empty) {
         refuse(fmt::format("{} is empty; give {}, or remove it.", e.name(), expectation(s)),
                is_usage);
         return false;
      }
      const complaint why = assign(s, e);
      if (!why) return true;
      // A password in a URL is as secret as any other.
      const bool hide = s.is_secret() || ((s.kind == kind::url || s.kind == kind::proxy) &&
                                          e.text().find('@') != std::string::npos);
      refuse(fmt::format("{}{} ({}) {}.{}", e.label, hide ? "" : "=" + shown(e.text()), e.place,
                         *why, suggestion(e.text(), s.choices)),
             is_usage);
      return false;
   }

   void take_default(const spec& s, report_row& r) {
      if (s.name == "plugin_dirs" || s.name == "auth_plugin_dirs") {
         if (!from_.prefix.empty())
            values_.*std::get<std::vector<std::string> settings::*>(s.where) = {
                  from_.prefix + "/lib/fastmcp-host/" +
                  (s.name == "plugin_dirs" ? "plugins" : "auth")};
      } else if (s.name == "https_proxy" || s.name == "no_proxy") {
         take_common_variable(s, r);
      } else if (s.name == "version") {
         values_.version = from_.program_version;
      } else if (s.name == "home") {
         values_.home = state_directory();
      } else if (s.name == "env_file") {
         values_.env_file = given_.env_file;
      } else if (!s.fallback.empty()) {
         // The table is ours: a default that does not parse is caught by the tests.
         (void)assign(s, {.texts = {std::string(s.fallback)},
                          .label = std::string(s.name),
                          .place = "default"});
      }
   }

   /// `HTTPS_PROXY` and `NO_PROXY` are for every program of the machine: weaker than all that is
   /// said to this one, and no reason not to start.
   void take_common_variable(const spec& s, report_row& r) {
      for (const std::string& name : {core::to_upper(s.name), std::string(s.name)}) {
         const auto text = process_variable(name);
         if (text.empty()) continue;
         const entry e{.texts = {std::string(text)}, .label = name, .place = "environment"};
         if (const auto why = assign(s, e)) {
            note(core::log::level::warn, fmt::format("{} {}, and has no effect.", e.name(), *why));
         } else {
            r.source = e.name();
         }
         return;
      }
   }

   std::string_view process_variable(std::string_view name) const {
      if (from_.is_privileged) return {};
      for (const std::string_view pair : from_.environment) {
         if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
            return pair.substr(name.size() + 1);
      }
      return {};
   }

   std::string state_directory() const {
      // XDG base directories: a relative value is to be ignored.
      if (const auto state = process_variable("XDG_STATE_HOME"); state.starts_with('/'))
         return std::string(state) + "/fastmcp-host";
      if (const auto home = process_variable("HOME"); home.starts_with('/') && home != "/") {
         return std::string(home) + "/.local/state/fastmcp-host";
      }
      return "/var/lib/fastmcp-host";
   }

   /// A configuration file means paths beside itself, everything else paths from where we stand.
   std::string absolute(std::string_view path, const entry& e) const {
      return absolute_path(path, e.directory.empty() ? from_.directory : e.directory);
   }

   complaint assign(const spec& s, const entry& e) {
      if (auto why = check_text(e.text())) return why;
      const bool wants_text =
            s.kind == kind::text || s.kind == kind::path || s.kind == kind::endpoint ||
            s.kind == kind::url || s.kind == kind::secret || s.kind == kind::choice ||
            s.kind == kind::provider || s.kind == kind::proxy || s.kind == kind::store;
      // `true` and `false` of http_host_origin_protection are JSON booleans to whoever writes JSON.
      if (e.is_json() && wants_text && s.name != "http_host_origin_protection")
         return "is not a JSON string";
      switch (s.kind) {
      case kind::text: return assign_text(s, e);
      case kind::secret:
         if (core::utf8_length(e.text()) < static_cast<std::size_t>(s.min))
            return fmt::format("is too short; give at least {} characters", s.min);
         return put(s, std::string(e.text()));
      case kind::path: return put(s, absolute(e.text(), e));
      case kind::endpoint: return put(s, parse_endpoint(e.text()));
      case kind::url: return put_url(s, parse_url(e.text(), web_schemes));
      case kind::provider: return put(s, std::string(core::trim(e.text())));
      case kind::proxy: return put(s, parse_proxy(e.text()));
      case kind::store: return put(s, parse_store(e.text()));
      case kind::icons: return put(s, parse_icons(e.text()));
      case kind::boolean: return put(s, parse_boolean(e.text()));
      case kind::integer: return put_integer(s, parse_integer(e.text(), s.min, s.max));
      case kind::duration: return put_duration(s, parse_duration(e.text()));
      case kind::size: return put_size(s, parse_size(e.text()));
      case kind::choice: return put_choice(s, e);
      case kind::list:
      case kind::paths: return assign_list(s, e);
      case kind::special: break;
      }
      return std::nullopt;
   }

   template <class T>
   complaint put(const spec& s, parsed<T> value) {
      if (!value) return std::move(value.error());
      values_.*std::get<T settings::*>(s.where) = std::move(*value);
      return std::nullopt;
   }
   complaint put(const spec& s, std::string value) {
      return put(s, parsed<std::string>(std::move(value)));
   }

   complaint put_url(const spec& s, parsed<std::string> value) {
      // Paths are put behind it.
      if (value && s.name == "base_url") value = std::string(without_slash(*value));
      return put(s, std::move(value));
   }

   complaint assign_text(const spec& s, const entry& e) {
      if (s.name != "host") return put(s, std::string(e.text()));
      std::string_view host = core::trim(e.text());
      if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
      if (auto why = check_host(host)) return why;
      return put(s, std::string(host));
   }

   complaint put_integer(const spec& s, parsed<std::int64_t> value) {
      if (!value) return std::move(value.error());
      std::visit(
            [&]<class M>(M m) {
               if constexpr (!std::is_same_v<M, std::monostate>) {
                  using T = std::remove_cvref_t<decltype(values_.*m)>;
                  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>)
                     values_.*m = static_cast<T>(*value);
               }
            },
            s.where);
      return std::nullopt;
   }

   complaint put_duration(const spec& s, parsed<std::chrono::milliseconds> value) {
      if (!value) return std::move(value.error());
      if (value->count() < s.min || value->count() > s.max) return "is not " + expectation(s);
      return put(s, std::move(value));
   }

   complaint put_size(const spec& s, parsed<std::uint64_t> value) {
      if (!value) return std::move(value.error());
      if (*value < static_cast<std::uint64_t>(s.min) || *value > static_cast<std::uint64_t>(s.max))
         return "is not " + expectation(s);
      return put(s, std::move(value));
   }

   complaint put_choice(const spec& s, const entry& e) {
      auto index = parse_choice(e.text(), s.choices);
      if (!index && std::holds_alternative<host_check settings::*>(s.where)) {
         // Everything that says yes or no elsewhere does so here.
         if (const auto yes = parse_boolean(e.text())) index = *yes ? 1 : 0;
      }
      if (!index) return std::move(index.error());
      std::visit(
            [&]<class M>(M m) {
               if constexpr (!std::is_same_v<M, std::monostate>) {
                  using T = std::remove_cvref_t<decltype(values_.*m)>;
                  if constexpr (std::is_same_v<T, transport>) {
                     values_.*m = *index == 0 ? transport::stdio : transport::http;
                  } else if constexpr (std::is_same_v<T, core::log::level>) {
                     values_.*m = level_of(s.choices[*index]);
                  } else if constexpr (std::is_enum_v<T>) {
                     values_.*m = static_cast<T>(*index);
                  }
               }
            },
            s.where);
      return std::nullopt;
   }

   complaint assign_list(const spec& s, const entry& e) {
      std::vector<std::string> all;
      for (const auto& text : e.texts) {
         if (auto why = check_text(text)) return why;
         // A positional argument is one path, whatever characters it has.
         auto some = s.is_positional() && e.is_flag() ? parsed<std::vector<std::string>>({text})
                     : s.kind == kind::paths          ? parse_paths(text)
                                                      : parse_list(text);
         if (!some) return std::move(some.error());
         all.insert(all.end(), some->begin(), some->end());
      }
      if (s.kind == kind::paths) {
         for (auto& path : all) path = absolute(path, e);
      }
      if (s.name == "http_allowed_hosts") {
         if (auto why = check_allowed_hosts(all)) return why;
      }
      if (s.name == "http_allowed_origins") {
         if (auto why = check_allowed_origins(all)) return why;
      }
      return put(s, parsed<std::vector<std::string>>(std::move(all)));
   }

   void place_store() {
      if (values_.store == "sqlite") {
         values_.store_file = values_.home + "/store.sqlite";
      } else if (values_.store.starts_with("sqlite:")) {
         const auto hit = given_.values.find("store", "FASTMCP_STORE", false);
         values_.store_file = absolute(std::string_view(values_.store).substr(7),
                                       hit && hit->value != nullptr ? *hit->value : entry{});
      }
   }

   // Authentication

   bool is_protecting() const {
      return from_.purpose == purpose::serving && values_.transport == transport::http;
   }
   const report_row& row_named(std::string_view name) const {
      return *std::ranges::find(report_.rows, name, &report_row::name);
   }

   void authenticate() {
      const bool is_wanted = wants_authentication(given_.values);
      if (!is_protecting()) {
         if (is_wanted) note(core::log::level::info, wish_for_auth() + " has no effect on stdio.");
         return ignore_lookalikes();
      }
      // Whatever becomes of it: there is no second complaint that nobody is asked.
      asks_callers_ = is_wanted && !(values_.auth.empty() && values_.allow_unauthenticated);
      if (!row_named("auth").is_valid) return ignore_lookalikes();
      if (is_wanted) {
         if (!from_.find_providers) {
            return refuse(wish_for_auth() +
                          " asks for authentication, which this program was built "
                          "without; it does not start, so that it is not open by "
                          "mistake.");
         }
         candidates_ = from_.find_providers(values_);
      }
      auto decided = select_auth({.given = given_.values,
                                  .found = candidates_,
                                  .directories = values_.auth_plugin_dirs,
                                  .lookalikes = given_.lookalikes,
                                  .may_be_open = values_.allow_unauthenticated});
      for (auto& p : decided.problems) {
         // A value that two settings share is wrong once.
         if (std::ranges::find(report_.problems, p.text, &problem::text) == report_.problems.end())
            report_.problems.push_back(std::move(p));
      }
      for (auto& n : decided.notices) report_.notices.push_back(std::move(n));
      for (auto& r : decided.rows) report_.rows.push_back(std::move(r));
      if (decided.selected) selected(std::move(*decided.selected));
   }

   void ignore_lookalikes() {
      for (const auto& l : given_.lookalikes) note(core::log::level::warn, l.warning());
   }

   void selected(auth_selection which) {
      if (values_.allow_unauthenticated) {
         note(core::log::level::warn,
              fmt::format("allow_unauthenticated has no effect: the provider "
                          "{} is selected, and callers are asked.",
                          which.from.name));
      }
      if (values_.base_url.empty()) values_.base_url = which.base_url;
      if (!values_.base_url.empty()) {
         for (auto& text : doubts_about(values_.base_url, {.host = values_.host,
                                                           .path = values_.path,
                                                           .port = values_.port,
                                                           .is_tls = !values_.tls_cert.empty()}))
            note(core::log::level::warn, std::move(text));
      }
      values_.selected_auth = std::move(which);
   }

   /// What asks for authentication, for a message.
   std::string wish_for_auth() const {
      for (const std::string_view name : {"auth", "auth_options"}) {
         const auto& r = row_named(name);
         if (r.source == "given") return r.value;
         if (r.source != "default") return r.source;
      }
      const auto old = given_.values.find({}, "SERVER_AUTH", false);
      return old && old->value != nullptr ? old->value->name() : "auth";
   }

   std::vector<secret_owner> provider_declarations() const {
      std::vector<secret_owner> out;
      for (const auto& c : candidates_) {
         if (!c.name.empty()) out.push_back(owner_of_secrets(variable_prefix(c), c.manifest_json));
      }
      return out;
   }

   void check_together() {
      const bool http = values_.transport == transport::http;
      if (values_.tls_cert.empty() != values_.tls_key.empty()) {
         refuse(values_.tls_cert.empty() ? "tls_key is set without tls_cert; HTTPS needs both."
                                         : "tls_cert is set without tls_key; HTTPS needs both.");
      }
      if (values_.session_key.empty() && !values_.session_key_previous.empty()) {
         refuse("session_key_previous is set without session_key; the new key goes into "
                "session_key.");
      }
      if (values_.store_key.empty() && !values_.store_key_previous.empty()) {
         refuse("store_key_previous is set without store_key; the new key goes into store_key.");
      }
      // A host that is none has been complained about already.
      if (!http || values_.host.empty()) return;
      if (!is_loopback(values_.host)) {
         if (asks_callers_) {
            // Who they are is known, wherever they come from.
         } else if (!values_.allow_unauthenticated) {
            refuse(fmt::format("host={} can be reached from other machines and nothing asks "
                               "callers who they are. Select a provider "
                               "(--auth, FASTMCP_SERVER_AUTH), listen on 127.0.0.1, or say "
                               "--allow-unauthenticated "
                               "(FASTMCP_ALLOW_UNAUTHENTICATED=true) if "
                               "everybody there may use the tools.",
                               shown(values_.host)));
         } else {
            note(core::log::level::warn,
                 fmt::format(
                       "Everybody who reaches {} may use the tools: allow_unauthenticated is on.",
                       values_.host));
         }
         if (values_.http_host_origin_protection == host_check::on && values_.base_url.empty() &&
             values_.http_allowed_hosts.empty()) {
            note(core::log::level::warn,
                 fmt::format("Only requests whose Host is a loopback name are answered on {}; set "
                             "base_url or "
                             "http_allowed_hosts to the name that clients use.",
                             values_.host));
         }
      }
      if (values_.http_host_origin_protection == host_check::off) {
         note(core::log::level::warn, "http_host_origin_protection is off: a web page in a browser "
                                      "that reaches this server can use its tools.");
      }
   }

   const sources& from_;
   gathered given_;
   settings values_;
   report report_;
   std::vector<auth_candidate> candidates_;
   bool asks_callers_ = false;
};

} // namespace

loaded load(const sources& from) {
   return loader(from).run();
}

std::string describe(const report& about) {
   std::string out;
   if (about.problems.size() == 1) {
      out = about.problems.front().text;
   } else {
      out = fmt::format("{} things are wrong with the settings:", about.problems.size());
      for (const auto& p : about.problems) out += "\n  - " + p.text;
   }
   bool is_first = true;
   for (const auto& n : about.notices) {
      if (n.level < core::log::level::warn) continue;
      if (std::exchange(is_first, false)) out += "\nIt may have to do with this:";
      out += "\n  - " + n.text;
   }
   return out;
}

} // namespace fmcp::config
