#include "app/hardening.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "config/table.hpp"
#include "core/log.hpp"
#include "core/text.hpp"

namespace fmcp::app {
namespace {

/// The name of `NAME=value`.
std::string_view name_of(const char* variable) noexcept {
   const std::string_view text(variable);
   return text.substr(0, text.find('='));
}

void hide(char* value) noexcept {
   for (; *value != '\0'; ++value) *static_cast<volatile char*>(value) = '*';
}

void hide_value(char* value, const secret_flag& f) noexcept {
   if (!f.names_field) return hide(value);
   if (char* equals = std::strchr(value, '=')) hide(equals + 1);
}

/// Flags of settings that are secrets, or of plugins and providers, which may have some. That of
/// the proxy may hold a password.
std::vector<secret_flag> secret_flags() {
   std::vector<secret_flag> out;
   for (const auto& s : config::table()) {
      if (s.flag.empty() || s.is_positional()) continue;
      if (s.is_secret() || s.kind == config::kind::proxy) out.push_back({s.flag, false});
      if (s.name == "plugins" || s.name == "auth_options") out.push_back({s.flag, true});
   }
   return out;
}

bool has_plugin_settings(const config::layers& given) {
   using level = config::layers::level;
   for (const auto at : {level::flags, level::environment, level::env_file, level::config_file}) {
      if (!given.beginning_with(at, "plugins.").empty()) return true;
      for (const auto& [key, value] : given.beginning_with(at, "FASTMCP_PLUGIN_"))
         if (key != "FASTMCP_PLUGIN_DIR") return true;
   }
   return false;
}

} // namespace

void forbid_looking_in() noexcept {
   const rlimit none{0, 0};
   // Neither fails: a limit may always be lowered, and 0 is a value that prctl takes.
   ::setrlimit(RLIMIT_CORE, &none);
   ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

std::size_t wipe_environment(std::span<const std::string> names) noexcept {
   std::size_t count = 0;
   char** kept = environ;
   if (kept == nullptr) return 0;
   for (char** at = environ; *at != nullptr; ++at) {
      const auto name = name_of(*at);
      const bool is_secret = std::ranges::any_of(
            names, [&](const std::string& n) { return core::iequals(n, name); });
      if (!is_secret) {
         *kept++ = *at;
         continue;
      }
      char* value = *at + name.size();
      ::explicit_bzero(value, std::strlen(value)); // with the '='
      ++count;
   }
   *kept = nullptr;
   return count;
}

void wipe_arguments(std::span<char* const> arguments, std::span<const secret_flag> flags) noexcept {
   for (std::size_t i = 1; i < arguments.size(); ++i) {
      const std::string_view word(arguments[i]);
      if (word == "--") return;
      for (const auto& f : flags) {
         if (word == f.flag && i + 1 < arguments.size()) {
            hide_value(arguments[++i], f);
            break;
         }
         if (word.starts_with(f.flag) && word.size() > f.flag.size() &&
             word[f.flag.size()] == '=') {
            hide_value(arguments[i] + f.flag.size() + 1, f);
            break;
         }
      }
   }
}

bool holds_secrets(const config::settings& s) {
   return s.selected_auth || !s.session_key.empty() || !s.session_key_previous.empty() ||
          !s.store_key.empty() || !s.tls_key.empty() || s.https_proxy.contains('@') ||
          has_plugin_settings(s.given);
}

void hide_secrets(const config::settings& s, std::span<char* const> arguments) {
   if (!holds_secrets(s)) return;
   forbid_looking_in();
   const auto wiped = wipe_environment(s.secret_variables);
   const auto flags = secret_flags();
   wipe_arguments(arguments, flags);
   core::log::debug("app", "secrets hidden variables={}", wiped);
}

} // namespace fmcp::app
