#pragma once

/// What follows from an operator's settings for Descope: which tokens are accepted, where their
/// keys are, and what clients are told. Pure functions, no network.
///
/// B is Descope's base URL (its own host, a region's or a custom domain), P the project, M an MCP
/// server that was created in Descope's console, T a tenant. Two styles of settings:
///
///    project_id P, descope_base_url B
///    config_url  B/v1/apps/P  or  B/v1/apps/agentic/P/M, as the console shows it: with or without
///                /.well-known/openid-configuration and a slash behind
///
/// Both together have to agree: which of them was meant, nobody can say.

#include <string>
#include <vector>

namespace descope {

struct configured {
   std::string project_id;
   std::string
         descope_base_url;    ///< an absolute URL, or empty: that of `config_url`, else the usual
   std::string config_url;    ///< an absolute URL, or empty
   std::string mcp_server_id; ///< M: tokens of this server only; or empty
   std::vector<std::string> audience;
};

struct derived {
   std::string project;
   /// The authorization server as clients are told of it: exactly as configured, since they
   /// compare.
   std::string announced;
   std::string jwks_uri;
   /// For a policy: '*' stands for one path segment.
   std::vector<std::string> issuers;
   std::vector<std::string> audiences;
   /// Metadata of the authorization server: the announced one's, then the project's.
   std::vector<std::string> metadata_urls;
   std::string discovery_url;
};

/// Errors: fmcp::setting_error, with a sentence for each problem, in which `{project_id}` stands
/// for what the operator knows the setting by.
[[nodiscard]] derived derive(const configured& from);

} // namespace descope
