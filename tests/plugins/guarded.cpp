// Tools for tests of authentication: one that tells who calls, one that needs a scope.

#include <fmcp/cpp/plugin.hpp>

namespace {

/// `{"subject":"ada","client_id":"…","issuer":"…","provider":"…","scopes":["…"]}`, or `null`.
std::string describe(const std::optional<fmcp::principal>& who) {
   if (!who) return "null";
   std::string out = "{";
   const auto member = [&out](std::string_view name, std::string_view value) {
      fmcp::append_json_string(out, name);
      out += ':';
      fmcp::append_json_string(out, value);
      out += ',';
   };
   member("subject", who->subject());
   member("client_id", who->client_id());
   member("issuer", who->issuer());
   member("provider", who->provider());
   out += "\"scopes\":[";
   for (const auto scope : who->scopes()) {
      if (out.back() != '[') out += ',';
      fmcp::append_json_string(out, scope);
   }
   return out + "]}";
}

struct words {
   std::string text;
   void describe(fmcp::fields& f) { f("text", text, "Comes back as it is"); }
};

class guarded : public fmcp::plugin {
public:
   guarded() {
      add(fmcp::tool("whoami", "Tells who calls", [](fmcp::call& call) {
             return describe(call.caller());
          }).nonblocking());
      add(fmcp::tool("admin_echo", "Answers with its text, for those with the scope tools:admin",
                     [](const words& in) { return in.text; })
                .required_scopes({"tools:admin"}));
   }
};

} // namespace

FMCP_PLUGIN(guarded, "io.fastmcp-host.test.guarded", "guarded", "1.0.0");
