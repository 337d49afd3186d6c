#include "config/secret_variables.hpp"

#include <algorithm>
#include <array>

#include "config/declaration.hpp"
#include "config/table.hpp"
#include "core/text.hpp"
#include "json/document.hpp"

namespace fmcp::config {
namespace {

constexpr auto environment = layers::level::environment;

bool may_hold_a_secret(plugin_type t) noexcept {
   return t == plugin_type::secret || t == plugin_type::map || t == plugin_type::json;
}

bool is_public(std::string_view name, std::span<const secret_owner> owners) {
   const secret_owner* best = nullptr;
   for (const auto& o : owners) {
      if (name.starts_with(o.prefix) && (best == nullptr || o.prefix.size() > best->prefix.size()))
         best = &o;
   }
   return best != nullptr &&
          std::ranges::find(best->public_names, name) != best->public_names.end();
}

} // namespace

secret_owner owner_of_secrets(std::string prefix, std::string_view manifest_json) {
   secret_owner out{.prefix = std::move(prefix), .public_names = {}};
   json::document doc;
   const auto manifest = doc.parse_copy(manifest_json);
   if (!manifest) return out;
   const auto declared = read_declarations(**manifest);
   if (!declared) return out;
   for (const auto& d : declared->settings) {
      const auto name = out.prefix + core::to_upper(d.name);
      // The name of a file with a secret is none.
      if (d.type == plugin_type::secret) out.public_names.push_back(name + "_FILE");
      if (!may_hold_a_secret(d.type)) out.public_names.push_back(name);
   }
   return out;
}

std::vector<std::string> secret_variables(const layers& given,
                                          std::span<const secret_owner> owners) {
   std::vector<std::string> out;
   for (const auto& s : table()) {
      const bool may_hold_one = s.is_secret() || s.kind == kind::proxy;
      if (may_hold_one && given.at(environment, s.variable) != nullptr)
         out.emplace_back(s.variable);
   }
   out.emplace_back("FASTMCP_CLIENT_TOKEN"); // of the client commands
   out.emplace_back("HTTPS_PROXY");          // no setting, but read when there is none
   for (const std::string_view family : {"FASTMCP_PLUGIN_", "FASTMCP_SERVER_AUTH_"}) {
      for (const auto& [key, value] : given.beginning_with(environment, family)) {
         if (key != "FASTMCP_PLUGIN_DIR" && !is_public(key, owners)) out.emplace_back(key);
      }
   }
   std::ranges::sort(out);
   return out;
}

} // namespace fmcp::config
