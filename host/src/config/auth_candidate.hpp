#pragma once

/// Providers of authentication as this room sees them: files that were found, and the one that the
/// settings select.

#include <string>
#include <utility>
#include <vector>

namespace fmcp::config {

/// A provider file whose note was read; nothing of it has run. `app` fills it from what the plugin
/// room found.
struct auth_candidate {
   std::string file;
   std::string name; ///< the manifest's; empty: the note could not be read
   std::string version{};
   std::vector<std::string> names{};   ///< further short names
   std::vector<std::string> aliases{}; ///< class paths of the Python framework
   std::string env_prefix{};           ///< `DESCOPEPROVIDER`; empty: the name in upper case
   std::vector<std::string> net{};     ///< origins that it may reach
   std::string manifest_json = "{}";
   std::string reason{}; ///< why it cannot be used, one sentence; empty: it can
};

/// The provider that was selected, with settings that fit its manifest.
struct auth_selection {
   auth_candidate from;
   std::string config_json = "{}"; ///< one JSON object, in the manifest's order
   std::vector<std::pair<std::string, std::string>> secrets;
   /// By what the operator knows each setting: `FASTMCP_SERVER_AUTH_JWT_ISSUER (.env:3)`.
   std::vector<std::pair<std::string, std::string>> labels{};
   std::string base_url; ///< its own setting, without a slash at the end; empty: it has none
};

} // namespace fmcp::config
