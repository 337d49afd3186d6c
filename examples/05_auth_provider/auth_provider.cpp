// An authentication provider: opaque tokens that a service of one's own knows. Its GET /whoami,
// asked with the token, answers {"user": "ann", "scopes": ["read"], "expires_in": 300}, or 401.
//
//    FASTMCP_SERVER_AUTH=whoami
//    FASTMCP_SERVER_AUTH_WHOAMI_ENDPOINT=https://accounts.example.com/whoami

#include <fmcp/cpp/auth.hpp>
#include <fmcp/cpp/http.hpp>

struct options {
   std::string endpoint;
   std::vector<std::string> required_scopes;

   static constexpr auto settings() {
      return fmcp::settings(
            fmcp::setting("endpoint", &options::endpoint, "Who says whose token it is")
                  .url()
                  .secure()
                  .required(),
            fmcp::setting("required_scopes", &options::required_scopes,
                          "What every token must grant"));
   }
};

class whoami : public fmcp::auth_provider_with<options> {
public:
   static constexpr bool nonblocking = true; // it only starts the request

   fmcp::auth_info info(std::string_view) override {
      fmcp::auth_info out;
      out.required_scopes = out.scopes_supported = settings().required_scopes;
      return out;
   }

   void verify(fmcp::pending_auth& rq) {
      fmcp::http_request question;
      question.url = settings().endpoint;
      question.headers = {{"Authorization", "Bearer " + std::string(rq.token())}};
      // Within the time that the host gives; what judge() throws is "cannot tell", too.
      rq.answer_from(http_, question, [this](const fmcp::http_response& r) { return judge(r); });
   }

private:
   fmcp::auth_answer judge(const fmcp::http_response& r) const {
      if (r.status == FMCP_OK && r.code == 401) return fmcp::deny{fmcp::why::inactive};
      if (!r.ok()) return fmcp::unavailable{"The accounts service could not say: " + r.problem};
      const fmcp::json_view body(r.body);
      fmcp::allow out;
      body.each_member([&](const std::string& key, fmcp::json_view value) {
         if (key == "user") out.subject = value.string();
         if (key == "scopes") out.scopes = fmcp::from_json<std::vector<std::string>>(value);
         if (key == "expires_in") {
            out.expires = wall_time() + std::chrono::seconds(value.integer<int>());
         }
      });
      if (out.subject.empty()) return fmcp::deny{fmcp::why::no_subject};
      out.cache_for = std::chrono::seconds(30);
      return out;
   }

   fmcp::http_client http_{*this};
};

FMCP_PLUGIN(whoami, fmcp::manifest("com.example.whoami", "whoami", "1.0.0")
                          .env_prefix("WHOAMI")
                          .uses("fmcp.http/1"));
