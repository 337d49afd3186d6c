// An authentication provider that never looks at an audience, and whose manifest has the host do
// it. A token is what the provider says of it: `resource` is for this server, `acme` for Acme's,
// and so on; all of them are Ann's.

#include <map>
#include <string>
#include <string_view>

#include <fmcp/cpp/auth.hpp>

namespace {

class careless : public fmcp::auth_provider {
public:
   fmcp::auth_answer verify(const fmcp::auth_request& rq) {
      const std::map<std::string_view, std::string> claims{
            {"resource", R"({"aud":")" + std::string(rq.resource()) + "\"}"},
            {"acme", R"({"aud":["somebody","api://acme"]})"},
            {"other", R"({"aud":"https://other.example/mcp"})"},
            {"nobody", R"({"iss":"https://idp.example"})"},
      };
      const auto found = claims.find(rq.token());
      fmcp::allow out{"ann"};
      if (found != claims.end()) out.claims_json = found->second;
      return out;
   }
};

} // namespace

FMCP_PLUGIN(careless, fmcp::manifest("io.fastmcp-host.test.audience_auth", "audience_auth", "1.0.0")
                            .env_prefix("AUDIENCE")
                            .audience("{resource}")
                            .audience("api://acme"));
