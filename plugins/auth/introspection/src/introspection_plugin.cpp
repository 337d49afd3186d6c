// Opaque tokens: the authorization server is asked about each (RFC 7662).

#include <chrono>
#include <utility>

#include <fmcp/cpp/auth.hpp>
#include <fmcp/cpp/http.hpp>

#include "exchange.hpp"

namespace {

using introspection::client_auth;

struct options {
   std::string introspection_url, client_id, base_url, client_auth_method;
   fmcp::secret client_secret;
   int timeout_seconds = 0, cache_ttl_seconds = 0;
   std::vector<std::string> required_scopes, scopes_supported, authorization_servers;
   std::vector<std::string> issuer, audience;

   static constexpr auto settings() {
      return fmcp::settings(
            fmcp::setting("introspection_url", &options::introspection_url,
                          "The authorization server's introspection endpoint")
                  .url()
                  .secure()
                  .required(),
            fmcp::setting("client_id", &options::client_id,
                          "As what this server asks the authorization server")
                  .required()
                  .at_least("1"),
            fmcp::setting("client_secret", &options::client_secret, "The secret of that client")
                  .required(),
            fmcp::setting("client_auth_method", &options::client_auth_method,
                          "How it proves who it is: in the Authorization header, or in the form")
                  .one_of("basic", "post")
                  .otherwise("basic"),
            fmcp::setting("timeout_seconds", &options::timeout_seconds,
                          "How long one question may take")
                  .at_least("1")
                  .at_most("120")
                  .otherwise("10"),
            fmcp::setting("cache_ttl_seconds", &options::cache_ttl_seconds,
                          "For how long a good answer holds; 0 asks at every request")
                  .at_least("0")
                  .at_most("3600")
                  .otherwise("0"),
            fmcp::setting("issuer", &options::issuer,
                          "If set, `iss` must be one of these: one, or a JSON array")
                  .whole(),
            fmcp::setting("audience", &options::audience,
                          "If set, `aud` must have one of these: one, or a JSON array")
                  .whole(),
            fmcp::setting("required_scopes", &options::required_scopes,
                          "What every token must grant"),
            fmcp::setting("base_url", &options::base_url,
                          "Public URL of this server, without the endpoint's path; without it no "
                          "metadata is served")
                  .url(),
            fmcp::setting("authorization_servers", &options::authorization_servers,
                          "Issuers where clients log in, in this server's metadata"),
            fmcp::setting("scopes_supported", &options::scopes_supported,
                          "What clients are told to ask for; else the required scopes"));
   }
};

class introspection_provider : public fmcp::auth_provider_with<options> {
public:
   static constexpr bool nonblocking = true; // the host does the asking

   introspection_provider() : http_(*this) {
      if (settings().client_secret.empty()) throw fmcp::setting_error("{client_secret} is empty.");
      rules_.issuers = settings().issuer;
      rules_.audiences = settings().audience;
      rules_.cache_for = std::chrono::seconds(settings().cache_ttl_seconds);
      log(fmcp::level::info,
          "Asks " + settings().introspection_url + " about tokens" +
                (rules_.audiences.empty() ? " and does not look at their audience." : "."));
   }

   fmcp::auth_info info(std::string_view) override {
      const auto& s = settings();
      fmcp::auth_info out;
      out.authorization_servers = s.authorization_servers;
      out.scopes_supported = s.scopes_supported.empty() ? s.required_scopes : s.scopes_supported;
      out.required_scopes = s.required_scopes;
      return out;
   }

   void verify(fmcp::pending_auth& rq) {
      const auto& s = settings();
      auto question = introspection::question(
            s.introspection_url, rq.token(), s.client_id, s.client_secret.reveal(),
            s.client_auth_method == "post" ? client_auth::post : client_auth::basic);
      question.timeout = std::chrono::seconds(s.timeout_seconds);
      question.max_body = 64u << 10;
      rq.answer_from(http_, std::move(question), [this](const fmcp::http_response& r) {
         return introspection::judge(r, rules_, now());
      });
   }

private:
   std::int64_t now() const {
      const auto since = wall_time().time_since_epoch();
      return std::chrono::duration_cast<std::chrono::seconds>(since).count();
   }

   fmcp::http_client http_;
   introspection::rules rules_;
};

} // namespace

FMCP_PLUGIN(introspection_provider,
            fmcp::manifest("io.fastmcp-host.auth.introspection", "introspection", "1.0.0")
                  .license("Apache-2.0")
                  .env_prefix("INTROSPECTION")
                  .alias("fastmcp.server.auth.providers.introspection.IntrospectionTokenVerifier")
                  .uses("fmcp.http/1"));
