// Tokens of Descope, in the role of resource server: clients register and log in there, and this
// provider says which of its tokens are good here.

#include <fmcp/cpp/jwt.hpp>

#include "urls.hpp"

namespace {

// The host checks these forms before any code here runs, so that its one message has them too.
// urls.cpp decides; no pattern may be stricter.
#define ID "[A-Za-z0-9_-]{1,128}"
constexpr const char* config_url_pattern =
      R"(^[^?#*\\ ]+/v1/apps/)"
      "(agentic/" ID "(/" ID ")?|(?!agentic(/|$))" ID ")"
      R"((/\.well-known/(openid-configuration|oauth-authorization-server))?/?$)";

struct options {
   std::string base_url, config_url, project_id, descope_base_url, mcp_server_id;
   std::vector<std::string> audience, required_scopes, scopes_supported;
   std::string resource_name, resource_documentation;
   std::chrono::milliseconds leeway{};

   static constexpr auto settings() {
      return fmcp::settings(
            fmcp::setting("base_url", &options::base_url,
                          "Public URL of this server, without the endpoint's path: what clients "
                          "type, up to /mcp")
                  .url()
                  .required(),
            fmcp::setting("config_url", &options::config_url,
                          "The MCP server's URL from Descope's console; instead of project_id")
                  .url()
                  .secure()
                  .matching(config_url_pattern,
                            "of the form <base>/v1/apps/agentic/<project>/<server> or "
                            "<base>/v1/apps/<project>; copy it from the MCP server's page in "
                            "Descope's console"),
            fmcp::setting("project_id", &options::project_id,
                          "The project's id in Descope's console (P...)")
                  .matching("^(?!agentic$)" ID "$", "a project id as Descope's console shows it"),
            fmcp::setting("descope_base_url", &options::descope_base_url,
                          "Descope's API of your region, or your custom domain; with project_id. "
                          "Else https://api.descope.com")
                  .url()
                  .secure()
                  .assume_scheme("https"),
            fmcp::setting("required_scopes", &options::required_scopes,
                          "What every token must grant"),
            fmcp::setting("scopes_supported", &options::scopes_supported,
                          "What clients are told to ask for; else the required scopes, else what "
                          "Descope's discovery document says"),
            fmcp::setting("audience", &options::audience,
                          "One of these must be among the token's audiences; else the project's id")
                  .at_least("1"),
            fmcp::setting("mcp_server_id", &options::mcp_server_id,
                          "Accept only tokens whose issuer is this MCP server of the project")
                  .matching("^" ID "$", "an id as Descope's console shows it"),
            fmcp::setting("resource_name", &options::resource_name,
                          "Name of this server for people, in its metadata"),
            fmcp::setting("resource_documentation", &options::resource_documentation,
                          "Where people read about this server, in its metadata")
                  .url(),
            fmcp::setting("leeway", &options::leeway,
                          "How far the clocks of Descope and this machine may differ")
                  .otherwise("0s")
                  .at_most("60s"));
   }
};
#undef ID

class descope_provider : public fmcp::auth_provider_with<options> {
public:
   static constexpr bool nonblocking = true;

   descope_provider() : derived_(descope::derive(configured())), tokens_(*this, policy()) {
      log(fmcp::level::info, "Accepts tokens of Descope project " + derived_.project +
                                   " with audience " + joined(derived_.audiences) +
                                   "; clients log in at " + derived_.announced +
                                   ", keys come from " + derived_.jwks_uri + ".");
   }

   fmcp::auth_info info(std::string_view) override {
      const auto& s = settings();
      fmcp::auth_info out;
      out.authorization_servers = {derived_.announced};
      out.scopes_supported = s.scopes_supported.empty() ? s.required_scopes : s.scopes_supported;
      out.required_scopes = s.required_scopes;
      out.resource_name = s.resource_name;
      out.resource_documentation = s.resource_documentation;
      out.as_metadata_urls = derived_.metadata_urls;
      if (out.scopes_supported.empty()) out.scopes_discovery_url = derived_.discovery_url;
      return out;
   }

   void verify(fmcp::pending_auth& rq) { tokens_.answer(rq); }

private:
   descope::configured configured() const {
      const auto& s = settings();
      return {s.project_id, s.descope_base_url, s.config_url, s.mcp_server_id, s.audience};
   }
   fmcp::jwt_policy policy() const {
      fmcp::jwt_policy out;
      out.jwks_uri = derived_.jwks_uri;
      out.issuers = derived_.issuers;
      out.audiences = derived_.audiences;
      out.algorithms = {"RS256"};
      out.leeway = std::chrono::duration_cast<std::chrono::seconds>(settings().leeway);
      return out;
   }
   static std::string joined(const std::vector<std::string>& all) {
      std::string out;
      for (const auto& one : all) out += (out.empty() ? "" : " or ") + one;
      return out;
   }

   descope::derived derived_;
   fmcp::jwt_verifier tokens_;
};

} // namespace

FMCP_PLUGIN(descope_provider, fmcp::manifest("io.fastmcp-host.auth.descope", "descope", "1.0.0")
                                    .license("Apache-2.0")
                                    .env_prefix("DESCOPEPROVIDER")
                                    .alias("fastmcp.server.auth.providers.descope.DescopeProvider")
                                    .reaches("https://api.descope.com")
                                    .uses("fmcp.jwt/1")
                                    .also("\"any_of\":[[\"config_url\",\"project_id\"]]"));
