#include "app/client_commands.hpp"

#include <utility>

#include "app/callback_listener.hpp"
#include "app/hardening.hpp"
#include "app/services.hpp"
#include "app/version.hpp"
#include "net/fetch_now.hpp"

namespace fmcp::app {
namespace {

core::result<client::token_file> open_tokens(const config::settings& s) {
   return client::token_file::open(s.home + "/client");
}

/// A login with the user agent that it needs, as one object.
class login final : public client::credentials {
public:
   login(client::exchange with, client::reach allowed, client::token_file file,
         const client::target& to, std::ostream& err)
       : agent_(err, to.opens_browser), inner_(client::oauth({.with = std::move(with),
                                                              .allowed = std::move(allowed),
                                                              .file = std::move(file),
                                                              .agent = agent_,
                                                              .options = to.login})) {}

   core::result<std::string> authorization() override { return inner_->authorization(); }
   core::result<void> refused(const core::http::fetch_reply& by) override {
      return inner_->refused(by);
   }

private:
   callback_listener agent_;
   std::unique_ptr<client::credentials> inner_;
};

} // namespace

core::result<std::unique_ptr<client::mcp_client>>
connect_to_server(const client::target& to, const config::settings& s, cli::streams io,
                  client::mcp_client::notice heard) {
   if (to.auth != client::auth_mode::none) forbid_looking_in();
   (void)wipe_environment(s.secret_variables);
   auto allowed = client::reach::of_server(to.url);
   if (!allowed) return std::unexpected(std::move(allowed.error()));
   auto opened = services::open(s, program_version);
   if (!opened) return std::unexpected(std::move(opened.error()));
   const client::exchange with =
         [outbound = std::shared_ptr(std::move(*opened))](core::http::fetch_request rq) {
            return net::fetch_now(outbound->fetch(), std::move(rq));
         };
   std::unique_ptr<client::credentials> who;
   switch (to.auth) {
   case client::auth_mode::none: who = client::anonymous(); break;
   case client::auth_mode::bearer: who = client::bearer(to.token); break;
   case client::auth_mode::oauth: {
      auto file = open_tokens(s);
      if (!file) return std::unexpected(std::move(file.error()));
      who = std::make_unique<login>(with, *allowed, std::move(*file), to, io.err);
   }
   }
   return client::mcp_client::connect(
         with, std::move(*allowed), std::move(who),
         {.wanted = to.wanted, .timeout = to.timeout, .version = program_version},
         std::move(heard));
}

core::result<std::size_t> forget_login(const std::string& url, const config::settings& s) {
   const auto server = client::reach::of_server(url);
   if (!server) return std::unexpected(server.error());
   const auto file = open_tokens(s);
   if (!file) return std::unexpected(file.error());
   return file->forget(server->server());
}

} // namespace fmcp::app
