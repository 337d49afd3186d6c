#pragma once

/// What a plugin says about itself, read from its note and checked before any of its code runs.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "plugins/elf_image.hpp"
#include "json/document.hpp"
#include "json/value.hpp"

namespace fmcp::plugins {

struct manifest {
   std::string id;   ///< reverse domain name, unique
   std::string name; ///< `[a-z0-9][a-z0-9_-]{0,63}`: settings and messages use it
   std::string version;
   std::vector<std::string> kinds;
   std::vector<std::string> provides; ///< interfaces, e.g. `fmcp.tools/1`; empty = ask the plugin
   std::vector<std::string> uses, optional; ///< services, e.g. `fmcp.http/1`
   std::vector<std::string> net;            ///< origins that it may reach; of providers `auth.net`
   bool never_unload = false;
   std::string text; ///< the JSON as it stands in the note
   /// The parsed `text`, for those who read members of their own (settings).
   [[nodiscard]] const json::value& root() const noexcept { return document->root(); }
   std::shared_ptr<const json::document> document;

   [[nodiscard]] bool offers(std::string_view interface_id) const;
};

/// Whether `name` may be a plugin's short name.
[[nodiscard]] bool is_plugin_name(std::string_view name) noexcept;

/// The member `auth` of a provider's manifest.
struct auth_manifest {
   std::vector<std::string> names;   ///< the manifest's own when it gives none
   std::vector<std::string> aliases; ///< class paths
   std::string env_prefix;
   std::vector<std::string> net;
   /// One of these has to be among a token's audiences; `{resource}` is the protected resource's
   /// URL. Empty: the provider sees to that itself.
   std::vector<std::string> audience;
};
/// Errors: invalid; the message is a predicate, as below.
[[nodiscard]] core::result<auth_manifest> read_auth_member(const manifest& m);

/// Reads the JSON of a note. Unknown members are ignored. Errors: invalid, limit; unsupported when
/// `uses` names a service that this host does not have, or `runtime` is not `native`. The message
/// is a predicate: "has a manifest …".
[[nodiscard]] core::result<manifest> read_manifest(std::string_view text);

/// Checks the ABI numbers of a note. Errors: unsupported; the message is a predicate.
[[nodiscard]] core::result<void> check_abi(const elf_note& note);

} // namespace fmcp::plugins
