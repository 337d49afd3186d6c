// Tools for tests of authentication: one that tells who calls, one that needs a scope.

#include <fmcp/cpp/plugin.hpp>

namespace {

/// `{"subject":"ada","client_id":"…","issuer":"…","provider":"…","scopes":["…"]}`, or `null`.
std::string describe(const std::optional<fmcp::principal>& who) {
   std::string out;
   fmcp::json_writer w(out);
   if (!who) {
      w.null();
      return out;
   }
   w.begin_object().key("subject").string(who->subject());
   w.key("client_id").string(who->client_id()).key("issuer").string(who->issuer());
   w.key("provider").string(who->provider()).key("scopes").begin_array();
   for (const auto scope : who->scopes()) w.string(scope);
   w.end_array().end_object();
   return out;
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
