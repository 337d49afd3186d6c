#include "urls.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include <fmcp/cpp/error.hpp>

namespace descope {
namespace {

constexpr std::string_view usual_base = "https://api.descope.com";
constexpr std::string_view discovery = "/.well-known/openid-configuration";
constexpr std::string_view metadata = "/.well-known/oauth-authorization-server";

/// An id may stand in a URL and in an issuer pattern as it is: no slash, no '*', no dots alone.
bool is_id(std::string_view text) {
   const auto fits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '-' || c == '_';
   };
   return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), fits);
}

bool take_end(std::string_view& text, std::string_view end) {
   if (text.size() < end.size() || text.substr(text.size() - end.size()) != end) return false;
   text.remove_suffix(end.size());
   return true;
}

/// Scheme and authority in lower case, as Descope writes them; the path as it is, without a slash
/// at its end.
struct url {
   std::string origin, path;
};
std::optional<url> split(std::string_view text) {
   const auto colon = text.find("://");
   if (colon == text.npos || text.find_first_of("?#*\\ ") != text.npos) return std::nullopt;
   const auto slash = std::min(text.find('/', colon + 3), text.size());
   url out{std::string(text.substr(0, slash)), std::string(text.substr(slash))};
   for (char& c : out.origin) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
   }
   return out;
}

/// What a configuration URL says.
struct application {
   std::string origin; ///< where the keys are: a path in front of /v1/apps is not part of it
   std::string base;   ///< all in front of /v1/apps
   std::string path;   ///< from /v1/apps on
   std::string project, server;
};

std::optional<application> read_config_url(std::string_view text) {
   take_end(text, "/");
   if (!take_end(text, discovery)) take_end(text, metadata);
   const auto parts = split(text);
   constexpr std::string_view apps = "/v1/apps/";
   if (!parts) return std::nullopt;
   const auto at = parts->path.find(apps);
   if (at == std::string::npos) return std::nullopt;
   application out;
   out.origin = parts->origin;
   out.base = parts->origin + parts->path.substr(0, at);
   out.path = parts->path.substr(at);
   std::string_view rest = std::string_view(out.path).substr(apps.size());
   constexpr std::string_view agentic = "agentic/";
   const bool is_agentic = rest.substr(0, agentic.size()) == agentic;
   if (is_agentic) rest.remove_prefix(agentic.size());
   const auto slash = rest.find('/');
   out.project = rest.substr(0, slash);
   if (slash != rest.npos) {
      out.server = rest.substr(slash + 1);
      if (!is_agentic || !is_id(out.server)) return std::nullopt;
   }
   if (!is_id(out.project) || out.project == "agentic") return std::nullopt;
   return out;
}

std::string_view without_slash(std::string_view text) {
   while (take_end(text, "/")) {
   }
   return text;
}

/// The same address, which https://x and https://x:443 are.
std::string without_usual_port(std::string text) {
   const auto end = text.find('/', text.find("://") + 3);
   const std::string origin = text.substr(0, end), path = end == text.npos ? "" : text.substr(end);
   std::string_view rest = origin;
   take_end(rest, rest.substr(0, 6) == "https:" ? ":443" : ":80");
   return std::string(rest) + path;
}

/// Whether a base URL means the place of a configuration URL. A path in front of /v1/apps may be
/// left away: keys have none.
bool is_base_of(const application& app, const std::optional<url>& base) {
   if (!base) return false;
   const auto given = without_usual_port(base->origin + base->path);
   return given == without_usual_port(app.base) || given == without_usual_port(app.origin);
}

class deriver {
public:
   explicit deriver(const configured& from) : from_(from) {}

   derived run() {
      if (!from_.mcp_server_id.empty() && !is_id(from_.mcp_server_id)) {
         problem("{mcp_server_id} is not an id as Descope's console shows it.");
      }
      if (!from_.config_url.empty()) {
         from_config_url();
      } else {
         from_project();
      }
      if (!problems_.empty()) throw fmcp::setting_error(problems_);
      out_.project = app_.project;
      out_.announced = app_.base + app_.path;
      out_.jwks_uri = app_.origin + "/" + app_.project + "/.well-known/jwks.json";
      out_.audiences =
            from_.audience.empty() ? std::vector<std::string>{app_.project} : from_.audience;
      issuers();
      documents();
      return std::move(out_);
   }

private:
   void problem(std::string_view sentence) {
      if (!problems_.empty()) problems_ += ' ';
      problems_ += sentence;
   }

   void from_config_url() {
      auto read = read_config_url(from_.config_url);
      if (!read) {
         return problem(
               "{config_url} is not of the form <base>/v1/apps/agentic/<project>/<server> or "
               "<base>/v1/apps/<project>; copy it from the MCP server's page in Descope's "
               "console.");
      }
      app_ = std::move(*read);
      if (!from_.project_id.empty() && from_.project_id != app_.project) {
         problem("{project_id} is another project than that of {config_url}, " + app_.project +
                 "; remove one of them.");
      }
      if (const auto base = split(without_slash(from_.descope_base_url));
          !from_.descope_base_url.empty() && !is_base_of(app_, base)) {
         problem("{descope_base_url} is another address than that of {config_url}, " + app_.base +
                 "; remove one of them.");
      }
      if (!from_.mcp_server_id.empty() && !app_.server.empty() &&
          from_.mcp_server_id != app_.server) {
         problem("{mcp_server_id} is another server than that of {config_url}, " + app_.server +
                 ", so that clients would get tokens that are refused; remove one of them.");
      }
   }

   void from_project() {
      if (from_.project_id.empty()) {
         problem("Set {config_url}, or {project_id} (and {descope_base_url}, when it is not "
                 "https://api.descope.com).");
      } else if (!is_id(from_.project_id) || from_.project_id == "agentic") {
         problem("{project_id} is not a project id as Descope's console shows it.");
      }
      const auto parts = split(
            from_.descope_base_url.empty() ? usual_base : without_slash(from_.descope_base_url));
      if (!parts) {
         return problem("{descope_base_url} is not a base URL such as https://api.descope.com.");
      }
      app_.base = app_.origin = parts->origin + parts->path;
      app_.project = from_.project_id;
      app_.path = "/v1/apps/" + from_.project_id;
   }

   /// Descope writes the project's issuer into most tokens, also when clients log in through an MCP
   /// server, and for cross-app access one with the tenant. A comparison by prefix would accept
   /// foreign projects, so that each form is a pattern of its own.
   void issuers() {
      const std::string project = app_.base + "/v1/apps/" + app_.project;
      const std::string servers = app_.base + "/v1/apps/agentic/" + app_.project + "/";
      if (!from_.mcp_server_id.empty()) {
         out_.issuers = {servers + from_.mcp_server_id, servers + from_.mcp_server_id + "/"};
      } else {
         out_.issuers = {project, servers + "*", servers + "*/", project + "/*", project + "/*/"};
      }
   }

   void documents() {
      const std::string project = app_.base + "/v1/apps/" + app_.project;
      out_.discovery_url = out_.announced;
      out_.discovery_url += discovery;
      // Appended: the path-inserted places of RFC 8414 do not exist at Descope.
      out_.metadata_urls = {out_.announced + std::string(metadata), out_.discovery_url};
      if (out_.announced != project) out_.metadata_urls.push_back(project + std::string(metadata));
   }

   const configured& from_;
   application app_;
   derived out_;
   std::string problems_;
};

} // namespace

derived derive(const configured& from) {
   return deriver(from).run();
}

} // namespace descope
