// JSON Web Tokens of any issuer: a key or a key set, and the rules that its tokens must satisfy.

#include <fmcp/cpp/jwt.hpp>

#include "policy.hpp"

namespace {

struct options {
   fmcp::secret public_key;
   std::string jwks_uri, base_url;
   std::vector<std::string> issuer, audience, algorithm, types;
   std::vector<std::string> required_scopes, scopes_supported, authorization_servers;
   bool allow_any_issuer = false, allow_any_audience = false;
   std::chrono::milliseconds leeway{};

   static constexpr auto settings() {
      return fmcp::settings(
            fmcp::setting("public_key", &options::public_key,
                          "The issuer's public key or certificate in PEM; for HS256, HS384 and "
                          "HS512 the shared secret"),
            fmcp::setting("jwks_uri", &options::jwks_uri, "Where the issuer's key set is")
                  .url()
                  .secure(),
            fmcp::setting("issuer", &options::issuer,
                          "Whose tokens are accepted: one, or a JSON array; * stands for one path "
                          "segment")
                  .whole(),
            fmcp::setting("allow_any_issuer", &options::allow_any_issuer,
                          "Do not look at the issuer at all")
                  .otherwise("no"),
            fmcp::setting("audience", &options::audience,
                          "One of these must be among the token's audiences: one, or a JSON array")
                  .whole(),
            fmcp::setting("allow_any_audience", &options::allow_any_audience,
                          "Do not look at the audience at all")
                  .otherwise("no"),
            fmcp::setting("algorithm", &options::algorithm, "How tokens may be signed")
                  .one_of("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384",
                          "ES512", "HS256", "HS384", "HS512", "EdDSA", "Ed25519", "Ed448")
                  .at_least("1")
                  .otherwise("RS256"),
            fmcp::setting("types", &options::types,
                          "What a token's typ has to be, one of these; else JWT, at+jwt or absent"),
            fmcp::setting("required_scopes", &options::required_scopes,
                          "What every token must grant"),
            fmcp::setting("base_url", &options::base_url,
                          "Public URL of this server, without the endpoint's path; without it no "
                          "metadata is served")
                  .url(),
            fmcp::setting("authorization_servers", &options::authorization_servers,
                          "Issuers where clients log in, in this server's metadata"),
            fmcp::setting("scopes_supported", &options::scopes_supported,
                          "What clients are told to ask for; else the required scopes"),
            fmcp::setting("leeway", &options::leeway,
                          "How far the clocks of the issuer and this machine may differ")
                  .otherwise("0s")
                  .at_most("60s"));
   }
};

class jwt_provider : public fmcp::auth_provider_with<options> {
public:
   static constexpr bool nonblocking = true;

   jwt_provider() : tokens_(verifier(policy())) {
      const auto& s = settings();
      log(fmcp::level::info,
          "Accepts tokens of " + (s.allow_any_issuer ? "any issuer" : joined(s.issuer)) + " for " +
                (s.allow_any_audience ? "any audience" : joined(s.audience)) + ", signed with " +
                joined(s.algorithm) + "; " +
                (s.jwks_uri.empty() ? "the key is configured."
                                    : "keys come from " + s.jwks_uri + "."));
   }

   fmcp::auth_info info(std::string_view) override {
      const auto& s = settings();
      fmcp::auth_info out;
      out.authorization_servers = s.authorization_servers;
      out.scopes_supported = s.scopes_supported.empty() ? s.required_scopes : s.scopes_supported;
      out.required_scopes = s.required_scopes;
      return out;
   }

   void verify(fmcp::pending_auth& rq) { tokens_.answer(rq); }

private:
   static std::string joined(const std::vector<std::string>& all) {
      std::string out;
      for (const auto& one : all) out += (out.empty() ? "" : " or ") + one;
      return out;
   }
   fmcp::jwt_verifier verifier(const fmcp::jwt_policy& p) const {
      try {
         return fmcp::jwt_verifier(*this, p);
      } catch (const fmcp::setting_error& e) {
         throw fmcp::setting_error(jwt::in_settings(e.what()));
      }
   }
   fmcp::jwt_policy policy() const {
      const auto& s = settings();
      return jwt::make_policy({s.public_key.reveal(), s.jwks_uri, s.issuer, s.allow_any_issuer,
                               s.audience, s.allow_any_audience, s.algorithm, s.types,
                               std::chrono::duration_cast<std::chrono::seconds>(s.leeway)});
   }

   fmcp::jwt_verifier tokens_;
};

} // namespace

FMCP_PLUGIN(
      jwt_provider,
      fmcp::manifest("io.fastmcp-host.auth.jwt", "jwt", "1.0.0")
            .license("Apache-2.0")
            .env_prefix("JWT")
            .alias("fastmcp.server.auth.providers.jwt.JWTVerifier")
            .alias("fastmcp.server.auth.providers.bearer.BearerAuthProvider")
            .uses("fmcp.jwt/1")
            .also("\"one_of\":[[\"public_key\",\"jwks_uri\"]],\"any_of\":[[\"issuer\",\"allow_any_"
                  "issuer\"],[\"audience\",\"allow_any_audience\"]]"));
