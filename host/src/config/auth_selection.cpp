#include "config/auth_selection.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "config/parse.hpp"
#include "config/plugin_settings.hpp"
#include "config/public_url.hpp"
#include "core/text.hpp"
#include "core/utf8.hpp"
#include "json/document.hpp"

namespace fmcp::config {
namespace {

using level = layers::level;

constexpr std::string_view selector = "FASTMCP_SERVER_AUTH";
constexpr std::string_view family = "FASTMCP_SERVER_AUTH_";
constexpr std::array variable_levels{level::environment, level::env_file};

/// Prefixes that the Python framework's own providers have. Such variables may stand in an
/// environment that several servers share; any other unknown prefix is a slip.
constexpr std::array<std::string_view, 14> framework_prefixes{
      "AUTH0_",   "AUTHKITPROVIDER_",  "AWS_COGNITO_", "AZURE_",         "DESCOPEPROVIDER_",
      "DISCORD_", "GITHUB_",           "GOOGLE_",      "INTROSPECTION_", "JWT_",
      "OCI_",     "SCALEKITPROVIDER_", "SUPABASE_",    "WORKOS_"};

/// Names that an example of the framework's documentation uses and that nothing reads.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> placeholders{{
      {"DESCOPE_PROJECT_ID", "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_PROJECT_ID"},
      {"DESCOPE_BASE_URL", "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_DESCOPE_BASE_URL"},
      {"SERVER_URL", "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_BASE_URL"},
}};

std::string printable(std::string_view text) {
   std::string out;
   core::append_printable(out, core::utf8_repaired(text));
   return out;
}

/// `fastmcp.x:Y` is `fastmcp.x.Y`.
std::string canonical(std::string_view name) {
   std::string out(core::trim(name));
   if (const auto colon = out.rfind(':'); colon != std::string::npos) out[colon] = '.';
   return out;
}

bool is_called(const auth_candidate& c, const std::string& name) {
   const auto same = [&](const std::string& other) { return core::iequals(other, name); };
   return !c.name.empty() && (same(c.name) || std::ranges::any_of(c.names, same) ||
                              std::ranges::find(c.aliases, name) != c.aliases.end());
}

/// At most a handful of names, and how many more there are.
std::string listed(const std::vector<std::string>& names) {
   constexpr std::size_t most = 12;
   if (names.size() <= most) return fmt::format("{}", fmt::join(names, ", "));
   return fmt::format("{} and {} more", fmt::join(names.begin(), names.begin() + most, ", "),
                      names.size() - most);
}

std::string places(std::span<const std::string> directories) {
   if (directories.empty()) return "no directory is set in auth_plugin_dirs";
   return fmt::format("looked in {}", fmt::join(directories, ", "));
}

/// The candidate to which a variable belongs: the one with the longest prefix that fits.
const auth_candidate* owner_of(std::string_view variable, std::span<const auth_candidate> found) {
   const auth_candidate* best = nullptr;
   std::size_t length = 0;
   for (const auto& c : found) {
      if (c.name.empty()) continue;
      const auto prefix = variable_prefix(c);
      if (variable.starts_with(prefix) && prefix.size() > length) {
         best = &c;
         length = prefix.size();
      }
   }
   return best;
}

class selector_of_auth {
public:
   explicit selector_of_auth(const auth_question& q) : q_(q), given_(q.given) {}

   auth_outcome run() {
      const auto chosen = given_.find("auth", selector, false);
      chosen_ = chosen ? chosen->value : nullptr;
      about_placeholders();
      if (chosen_ == nullptr) {
         unselected();
         return std::move(out_);
      }
      lookalikes(true);
      selected();
      return std::move(out_);
   }

private:
   void refuse(std::string text, bool is_usage = false) {
      out_.problems.push_back({std::move(text), is_usage});
   }
   void warn(std::string text) {
      out_.notices.push_back({core::log::level::warn, std::move(text)});
   }

   // Nothing selected

   void unselected() {
      std::vector<std::string> names;
      const auto collect = [&](level at, std::string_view prefix) {
         for (const auto& [key, value] : given_.beginning_with(at, prefix)) {
            names.push_back(value->name());
            if (const auto* c = owner_of(key, q_.found)) owner_ = c;
         }
      };
      collect(level::flags, "auth.");
      collect(level::environment, family);
      collect(level::env_file, family);
      collect(level::config_file, "auth.");
      const auto* old = old_selector();
      if (old != nullptr) names.push_back(old->name());
      if (q_.may_be_open) {
         for (const auto& l : q_.lookalikes) warn(l.warning());
         if (!names.empty()) {
            warn(fmt::format("allow_unauthenticated is on and no provider is selected, so that {} "
                             "{} no effect.",
                             listed(names), names.size() == 1 ? "has" : "have"));
         }
         return;
      }
      lookalikes(false);
      if (names.empty()) return;
      refuse(fmt::format(
            "{} {} for authentication, but no provider is selected; the server does not "
            "start, so that it is not open by mistake. Set {}={} (or --auth), or "
            "say --allow-unauthenticated if everybody may use the tools.",
            listed(names), names.size() == 1 ? "asks" : "ask", selector,
            owner_ != nullptr ? owner_->name
            : old != nullptr  ? printable(old->text())
                              : "<provider>"));
   }

   /// Releases before 2.14 of the framework read this name from `.env`, and only there.
   const entry* old_selector() const {
      const auto hit = given_.find({}, "SERVER_AUTH", false);
      return hit ? hit->value : nullptr;
   }

   void old_name(const auth_candidate& c) {
      const auto* old = old_selector();
      if (old == nullptr || is_called(c, canonical(old->text()))) return;
      refuse(fmt::format("{} and {} select different providers; keep one of them.", old->name(),
                         chosen_->name()));
   }

   void lookalikes(bool is_selected) {
      constexpr std::string_view way_out =
            " Or say --allow-unauthenticated, if everybody may use the tools.";
      for (const auto& l : q_.lookalikes) {
         if (l.meant == lookalike::kind::authentication) {
            refuse(fmt::format("{} {}, and it speaks of authentication.{} Correct or remove it.{}",
                               l.name, l.fault, l.hint, is_selected ? "" : way_out));
         } else if (is_selected) {
            warn(l.warning());
         } else {
            refuse(fmt::format("{} {}, and a provider may be selected in the file that it "
                               "names.{} Correct or remove it.{}",
                               l.name, l.fault, l.hint, way_out));
         }
      }
   }

   void about_placeholders() {
      bool is_descope = false;
      for (const auto& [name, right] : placeholders) {
         const auto hit = given_.find({}, name, false);
         if (!hit || hit->value == nullptr) continue;
         is_descope = is_descope || name.starts_with("DESCOPE_");
         // So common a name says nothing when it stands alone.
         if (!is_descope) continue;
         warn(fmt::format("{} is read by nobody; the setting is called {}.", hit->value->name(),
                          right));
      }
   }

   // Something selected

   void selected() {
      const auto which = find_provider(chosen_->text(), q_.found, q_.directories);
      if (!which) {
         return refuse(fmt::format("{}={} ({}): {}", chosen_->label,
                                   shown(core::trim(chosen_->text())), chosen_->place,
                                   which.error().message),
                       chosen_->is_flag());
      }
      const auto& c = **which;
      old_name(c);
      if (!c.reason.empty()) {
         refuse(fmt::format("{} selects the provider {}, which cannot be used: {}", chosen_->name(),
                            c.name, reason_of(c)));
      }
      json::document doc;
      const auto manifest = doc.parse_copy(c.manifest_json);
      if (!manifest) {
         if (c.reason.empty())
            refuse(fmt::format("The manifest of {} is not JSON: {}", c.file,
                               manifest.error().message));
         return;
      }
      const auto declared = read_declarations(**manifest);
      if (!declared) {
         if (c.reason.empty()) refuse(fmt::format("{}: {}", c.file, declared.error().message));
         return;
      }
      settings_of(c, *declared);
   }

   void settings_of(const auth_candidate& c, const declarations& declared) {
      leave_foreign_members(c);
      const bool has_base_url = std::ranges::find(declared.settings, "base_url",
                                                  &declaration::name) != declared.settings.end();
      if (has_base_url) share_base_url(c);
      plugin_query query{.name = c.name,
                         .prefix = variable_prefix(c),
                         .other_prefixes = {},
                         .section = "auth",
                         .noun = "provider"};
      for (const auto& other : q_.found) {
         if (&other != &c && !other.name.empty())
            query.other_prefixes.push_back(variable_prefix(other));
      }
      auto decided = decide_plugin(declared, query, given_);
      for (auto& p : decided.problems) refuse(std::move(p.text), p.is_usage);
      for (auto& w : decided.values.warnings) warn(std::move(w));
      out_.rows = std::move(decided.rows);
      variables_of_others(c, declared);
      auth_selection out{.from = c,
                         .config_json = std::move(decided.values.config_json),
                         .secrets = std::move(decided.values.secrets),
                         .labels = std::move(decided.values.labels),
                         .base_url = {}};
      if (has_base_url) take_base_url(out);
      if (out_.problems.empty()) out_.selected = std::move(out);
   }

   /// The members beside `provider` in the configuration file are for the provider that stands
   /// there, and the selection may come from somewhere else.
   void leave_foreign_members(const auth_candidate& c) {
      const auto members = given_.beginning_with(level::config_file, "auth.");
      const auto* there = given_.at(level::config_file, "auth");
      if (members.empty() || there == nullptr || is_called(c, canonical(there->text()))) return;
      warn(fmt::format("{} is not {}, which {} selects; what stands beside it has no effect.",
                       there->name(), c.name, chosen_->name()));
      given_.remove(level::config_file, "auth.");
   }

   /// Both name the URL under which clients know the server, and one of them is enough.
   void share_base_url(const auth_candidate& c) {
      const auto variable = variable_prefix(c) + "BASE_URL";
      const auto of_host = given_.find("base_url", "FASTMCP_BASE_URL", false);
      const auto own = given_.find("auth.base_url", variable, false);
      if (!of_host || of_host->value == nullptr || !own) return;
      if (own->value == nullptr) {
         given_.add(level::config_file, "auth.base_url", *of_host->value);
      } else if (!is_same_place(own->value->text(), of_host->value->text())) {
         refuse(fmt::format("{} and {} say two different URLs under which clients know the server; "
                            "keep one of them.",
                            own->value->name(), of_host->value->name()));
      }
   }

   void take_base_url(auth_selection& out) {
      json::document doc;
      const auto config = doc.parse_copy(out.config_json);
      if (!config) return;
      out.base_url = without_slash((*config)->find_string("base_url").value_or(""));
      if (out.base_url.find('?') != std::string::npos) {
         refuse(fmt::format("{} has a query ('?'); a base URL has none.",
                            source_of("auth.base_url")));
      }
   }

   std::string source_of(std::string_view row) const {
      const auto it = std::ranges::find(out_.rows, row, &report_row::name);
      return it == out_.rows.end() ? std::string(row) : it->source;
   }

   void variables_of_others(const auth_candidate& c, const declarations& declared) {
      std::vector<std::pair<const auth_candidate*, std::vector<std::string>>> of_others;
      std::vector<std::string> of_the_framework;
      for (const auto at : variable_levels) {
         for (const auto& [key, value] : given_.beginning_with(at, family)) {
            const auto* owner = owner_of(key, q_.found);
            if (owner == &c || (owner != nullptr && variable_prefix(*owner) == variable_prefix(c)))
               continue;
            if (owner != nullptr) {
               auto there =
                     std::ranges::find(of_others, owner, [](const auto& p) { return p.first; });
               if (there == of_others.end()) {
                  of_others.emplace_back(owner, std::vector<std::string>());
                  there = of_others.end() - 1;
               }
               there->second.push_back(value->name());
            } else if (is_of_the_framework(key)) {
               of_the_framework.push_back(value->name());
            } else {
               refuse(fmt::format("{} belongs to no provider that is known.{}", value->name(),
                                  meant(c, declared, key)));
            }
         }
      }
      for (const auto& [owner, names] : of_others) {
         warn(fmt::format("{} belong{} to the provider {}, and {} is selected: no effect.",
                          listed(names), names.size() == 1 ? "s" : "", owner->name, c.name));
      }
      if (!of_the_framework.empty()) {
         warn(fmt::format("{} belong{} to a provider that is not installed, and {} is selected: no "
                          "effect.",
                          listed(of_the_framework), of_the_framework.size() == 1 ? "s" : "",
                          c.name));
      }
   }

   static bool is_of_the_framework(std::string_view variable) {
      variable.remove_prefix(family.size());
      return std::ranges::any_of(framework_prefixes,
                                 [&](std::string_view p) { return variable.starts_with(p); });
   }

   /// The variable of the selected provider that the author of `variable` may have thought of: near
   /// in spelling, or with the right end behind a wrong prefix (`DESCOPE_` for `DESCOPEPROVIDER_`).
   static std::string meant(const auth_candidate& c, const declarations& declared,
                            std::string_view variable) {
      std::vector<std::string> names;
      std::string_view same_end;
      names.reserve(declared.settings.size());
      for (const auto& d : declared.settings) {
         names.push_back(variable_prefix(c) + core::to_upper(d.name));
         if (variable.ends_with("_" + core::to_upper(d.name)) && d.name.size() > same_end.size())
            same_end = d.name;
      }
      if (!same_end.empty())
         return fmt::format(" Did you mean {}{}?", variable_prefix(c), core::to_upper(same_end));
      return suggestion(variable, std::vector<std::string_view>(names.begin(), names.end()));
   }

   const auth_question& q_;
   layers given_; ///< a copy: what does not count is taken out, what is shared put in
   const entry* chosen_ = nullptr;
   const auth_candidate* owner_ = nullptr;
   auth_outcome out_;
};

struct class_path {
   std::string_view module, name;
};
class_path split_class(std::string_view path) {
   const auto dot = path.rfind('.');
   if (dot == std::string_view::npos) return {{}, path};
   return {path.substr(0, dot), path.substr(dot + 1)};
}

/// The provider that the author may have thought of. Class paths are long and begin alike, so that
/// nearness alone would send whoever asks for one vendor to another: module or class has to be the
/// same. Nothing: none.
std::string_view meant_provider(const std::string& wanted,
                                std::span<const std::string_view> every) {
   const auto [module, name] = split_class(wanted);
   const auto near = core::did_you_mean(wanted, every);
   if (!near.empty() && split_class(near).module.empty()) return near;
   for (const auto other : every) {
      const auto theirs = split_class(other);
      if (theirs.module.empty()) continue;
      if (theirs.module == wanted || theirs.module == module || core::iequals(theirs.name, name))
         return other;
   }
   return {};
}

} // namespace

bool wants_authentication(const layers& given) {
   const auto chosen = given.find("auth", selector, false);
   const auto old = given.find({}, "SERVER_AUTH", false);
   if ((chosen && chosen->value != nullptr) || (old && old->value != nullptr)) return true;
   return std::ranges::any_of(
                variable_levels,
                [&](level at) { return !given.beginning_with(at, family).empty(); }) ||
          !given.beginning_with(level::flags, "auth.").empty() ||
          !given.beginning_with(level::config_file, "auth.").empty();
}

std::string reason_of(const auth_candidate& c) {
   const bool is_named = c.reason.find(c.file) != std::string::npos;
   return printable(is_named ? c.reason : c.file + ": " + c.reason);
}

std::string variable_prefix(const auth_candidate& c) {
   std::string middle = core::to_upper(c.env_prefix.empty() ? c.name : c.env_prefix);
   std::ranges::replace(middle, '-', '_');
   return fmt::format("{}{}_", family, middle);
}

core::result<const auth_candidate*> find_provider(std::string_view name,
                                                  std::span<const auth_candidate> found,
                                                  std::span<const std::string> directories) {
   const std::string wanted = canonical(name);
   const auth_candidate* hit = nullptr;
   for (const auto& c : found) {
      if (!is_called(c, wanted) || (hit != nullptr && hit->file == c.file)) continue;
      if (hit != nullptr) {
         return core::fail(core::errc::conflict,
                           fmt::format("Two files claim the name {}: {} and {}. Keep one of them.",
                                       shown(wanted), hit->file, c.file));
      }
      hit = &c;
   }
   if (hit != nullptr) return hit;
   std::vector<std::string_view> every;
   std::vector<std::string> known;
   std::string unread;
   for (const auto& c : found) {
      if (c.name.empty()) {
         unread += " Not readable: " + reason_of(c);
         continue;
      }
      known.push_back(c.name);
      every.push_back(c.name);
      every.insert(every.end(), c.names.begin(), c.names.end());
      every.insert(every.end(), c.aliases.begin(), c.aliases.end());
   }
   std::ranges::sort(known);
   const auto meant = meant_provider(wanted, every);
   return core::fail(
         core::errc::not_found,
         fmt::format("There is no provider {} ({}).{} {}{}", shown(wanted), places(directories),
                     meant.empty() ? std::string() : fmt::format(" Did you mean {}?", meant),
                     known.empty() ? "None is installed."
                                   : fmt::format("Known are {}.", listed(known)),
                     unread));
}

auth_outcome select_auth(const auth_question& q) {
   return selector_of_auth(q).run();
}

} // namespace fmcp::config
