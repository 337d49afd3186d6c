#include "client/oauth.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "client/callback.hpp"
#include "client/challenge.hpp"
#include "client/discovery.hpp"
#include "client/oauth_messages.hpp"

namespace fmcp::client {
namespace {

constexpr std::chrono::milliseconds patience{10'000};
constexpr std::size_t max_page = 1u << 20; // of a login, which nobody here looks at
/// A token is renewed that long before its end, or a fifth of its life when that is less.
constexpr std::int64_t margin_ms = 30'000;

std::unexpected<core::error> denied(std::string message) {
   return core::fail(core::errc::denied, std::move(message));
}

bool has_all(const std::vector<std::string>& in, const std::vector<std::string>& wanted) {
   return std::ranges::all_of(wanted,
                              [&](const auto& s) { return std::ranges::find(in, s) != in.end(); });
}

/// What the server said about the token, or `otherwise`.
std::string said(const challenge& c, std::string_view otherwise) {
   if (!c.error_description.empty()) return c.error_description;
   return c.error.empty() ? std::string(otherwise) : c.error;
}

/// The issuer does not know the client, or does not let it do that (RFC 6749 section 5.2).
bool blames_client(std::string_view oauth_error) noexcept {
   return oauth_error == "invalid_client" || oauth_error == "unauthorized_client";
}

class login_credentials final : public credentials {
public:
   explicit login_credentials(login_parts parts) : parts_(std::move(parts)) {}

   core::result<std::string> authorization() override;
   core::result<void> refused(const core::http::fetch_reply& by) override;

private:
   struct plan {
      const discovered& found;
      client_identity client;
      std::uint16_t registered_port = 0;
      std::uint16_t port = 0;
      bool is_kept = false; ///< of an earlier run: the issuer may have forgotten it
   };

   core::result<void> load();
   [[nodiscard]] bool is_ours(const kept_login& login) const;
   [[nodiscard]] bool is_due() const;
   core::result<void> answer_401(const challenge& c);
   core::result<void> answer_403(const challenge& c);

   core::result<bool> refresh();
   core::result<void> log_in(const challenge& c, const std::vector<std::string>& before);
   core::result<void> log_in_once(const discovered& found, const std::vector<std::string>& scopes,
                                  bool may_use_kept, bool& is_stale);
   core::result<plan> prepare(const discovered& found, const std::vector<std::string>& scopes,
                              bool may_use_kept);
   core::result<void> take_registration(plan& p);
   [[nodiscard]] bool is_forgotten(const plan& p, const std::vector<std::string>& scopes);
   core::result<plan> register_client(plan p, const std::vector<std::string>& scopes);
   core::result<std::string> ask_user(const plan& p, const std::vector<std::string>& scopes,
                                      const std::string& verifier);
   core::result<token_outcome> ask_for_tokens(const std::string& endpoint,
                                              const client_identity& who, fields grant);
   void take(issued_tokens tokens, const std::vector<std::string>& asked);
   core::result<void> keep();

   login_parts parts_;
   kept_login now_;
   bool is_loaded_ = false, has_refreshed_ = false, has_stepped_up_ = false;
   int unproven_ = 0; ///< 2: just given, 1: being tried, 0: accepted at least once, or old
};

core::result<void> login_credentials::load() {
   if (std::exchange(is_loaded_, true)) return {};
   const auto kept = parts_.file.read();
   if (!kept) return std::unexpected(kept.error());
   const auto* login = find_login(*kept, parts_.allowed.server());
   if (login != nullptr && is_ours(*login)) now_ = *login;
   return {};
}

/// Tokens belong to the client that they were given to.
bool login_credentials::is_ours(const kept_login& login) const {
   const auto& wanted = parts_.options.client_id;
   return wanted.empty() || login.client.id == wanted;
}

bool login_credentials::is_due() const {
   return now_.renew_at_ms != 0 && parts_.time.unix_ms() >= now_.renew_at_ms;
}

core::result<std::string> login_credentials::authorization() {
   if (auto ok = load(); !ok) return std::unexpected(std::move(ok.error()));
   if (unproven_ > 0) --unproven_;
   if (!now_.access_token.empty() && is_due()) {
      has_refreshed_ = true;
      const auto renewed = refresh();
      if (!renewed) return std::unexpected(renewed.error());
      if (!*renewed) return std::string(); // the server will want a login
   }
   return now_.access_token.empty() ? std::string() : "Bearer " + now_.access_token;
}

core::result<void> login_credentials::refused(const core::http::fetch_reply& by) {
   const auto c = find_challenge(by.headers);
   return by.status == 401 ? answer_401(c) : answer_403(c);
}

core::result<void> login_credentials::answer_401(const challenge& c) {
   if (unproven_ == 1) {
      return denied(fmt::format("the server does not accept the token that it has just been given: "
                                "{}",
                                said(c, "it does not say why")));
   }
   if (!now_.access_token.empty() && !std::exchange(has_refreshed_, true)) {
      const auto renewed = refresh();
      if (!renewed) return std::unexpected(renewed.error());
      if (*renewed) return {};
   }
   return log_in(c, {});
}

core::result<void> login_credentials::answer_403(const challenge& c) {
   if (c.error != "insufficient_scope")
      return denied(fmt::format("the server forbids it (403): {}", said(c, "it does not say why")));
   if (c.scopes.empty() || has_all(now_.scopes, c.scopes) || has_stepped_up_) {
      return denied(fmt::format("the server forbids it for want of scope (403), and another login "
                                "would not help: it asks for \"{}\", and the token has \"{}\"",
                                join_scopes(c.scopes), join_scopes(now_.scopes)));
   }
   has_stepped_up_ = true;
   return log_in(c, now_.scopes);
}

/// False: only a login helps.
core::result<bool> login_credentials::refresh() {
   const auto lock = parts_.file.lock();
   if (!lock) return std::unexpected(lock.error());
   const auto kept = parts_.file.read();
   if (!kept) return std::unexpected(kept.error());
   const auto refused_token = std::exchange(now_.access_token, {});
   const auto* login = find_login(*kept, now_.server, now_.issuer);
   if (login == nullptr || !is_ours(*login)) {
      now_ = {}; // another command has forgotten it, or has given its place to another client
      return false;
   }
   now_ = *login;
   if (now_.access_token != refused_token && !now_.access_token.empty() && !is_due())
      return true; // another command has done it
   now_.access_token.clear();
   if (now_.refresh_token.empty()) return false;
   if (auto ok = parts_.allowed.check("the token endpoint", now_.token_endpoint); !ok)
      return std::unexpected(std::move(ok.error()));
   auto outcome = ask_for_tokens(now_.token_endpoint, now_.client,
                                 {{"grant_type", "refresh_token"},
                                  {"refresh_token", now_.refresh_token},
                                  {"resource", now_.resource}});
   if (!outcome) return std::unexpected(std::move(outcome.error()));
   if (!*outcome && !outcome->error().is_final) {
      return core::fail(core::errc::io,
                        fmt::format("{}; the login is kept, so try again in a while, or forget it "
                                    "with --logout if that goes on",
                                    outcome->error().sentence));
   }
   if (*outcome) {
      take(std::move(**outcome), now_.scopes);
   } else {
      now_.refresh_token.clear();
      now_.renew_at_ms = 0;
      if (parts_.options.client_id.empty() && blames_client(outcome->error().error)) {
         now_.client = {}; // so that the login registers anew
         now_.redirect_port = 0;
      }
   }
   if (auto ok = parts_.file.keep(*lock, now_); !ok) return std::unexpected(std::move(ok.error()));
   return !now_.access_token.empty();
}

core::result<void> login_credentials::log_in(const challenge& c,
                                             const std::vector<std::string>& before) {
   auto found = discover(parts_.with, parts_.allowed, c.resource_metadata);
   if (!found) return std::unexpected(std::move(found.error()));
   auto scopes = united(before, c.scopes.empty() ? found->resource.scopes_supported : c.scopes);
   // Without it some issuers give no refresh token; asking for nothing else than it would replace
   // the issuer's own choice of scopes.
   const auto& offered = found->issuer.scopes_supported;
   if (!scopes.empty() && std::ranges::find(offered, "offline_access") != offered.end())
      scopes = united(std::move(scopes), {"offline_access"});
   bool is_stale = false;
   auto done = log_in_once(*found, scopes, true, is_stale);
   if (!done && is_stale) done = log_in_once(*found, scopes, false, is_stale);
   return done;
}

core::result<void> login_credentials::log_in_once(const discovered& found,
                                                  const std::vector<std::string>& scopes,
                                                  bool may_use_kept, bool& is_stale) {
   const auto p = prepare(found, scopes, may_use_kept);
   if (!p) return std::unexpected(p.error());
   const auto verifier = random_text();
   auto code = ask_user(*p, scopes, verifier);
   if (!code) return std::unexpected(std::move(code.error()));
   const auto& endpoint = p->found.issuer.token_endpoint;
   auto outcome = ask_for_tokens(endpoint, p->client,
                                 {{"grant_type", "authorization_code"},
                                  {"code", std::move(*code)},
                                  {"redirect_uri", redirect_uri(p->port)},
                                  {"code_verifier", verifier},
                                  {"resource", found.resource.resource}});
   if (!outcome) return std::unexpected(std::move(outcome.error()));
   if (!*outcome) {
      is_stale = p->is_kept && blames_client(outcome->error().error);
      return denied(std::move(outcome->error().sentence));
   }
   now_ = {.server = parts_.allowed.server(),
           .issuer = p->found.issuer.issuer,
           .resource = found.resource.resource,
           .token_endpoint = endpoint,
           .client = p->client,
           .redirect_port = p->registered_port,
           .access_token = {},
           .refresh_token = {},
           .scopes = {},
           .renew_at_ms = 0};
   take(std::move(**outcome), scopes);
   unproven_ = 2;
   return keep();
}

/// Who we are to that issuer, and where its answer will come to.
core::result<login_credentials::plan>
login_credentials::prepare(const discovered& found, const std::vector<std::string>& scopes,
                           bool may_use_kept) {
   const auto& o = parts_.options;
   plan p{.found = found, .client = {}};
   if (!o.client_id.empty()) {
      p.client.id = o.client_id;
   } else if (!o.metadata_url.empty() && p.found.issuer.accepts_metadata_urls) {
      p.client.id = o.metadata_url;
   } else if (may_use_kept) {
      if (auto ok = take_registration(p); !ok) return std::unexpected(std::move(ok.error()));
   }
   const auto port =
         parts_.agent.listen(o.callback_port != 0 ? o.callback_port : p.registered_port);
   if (!port) return std::unexpected(port.error());
   p.port = *port;
   if (o.callback_port != 0 && p.port != o.callback_port) {
      return core::fail(core::errc::conflict,
                        fmt::format("port {} of 127.0.0.1 is taken, so the answer to the login "
                                    "cannot come there",
                                    o.callback_port));
   }
   const bool is_over = p.is_kept && (p.port != p.registered_port || is_forgotten(p, scopes));
   if (!p.client.id.empty() && !is_over) return p;
   return register_client(std::move(p), scopes);
}

/// That of an earlier login, if there was one.
core::result<void> login_credentials::take_registration(plan& p) {
   const auto kept = parts_.file.read();
   if (!kept) return std::unexpected(kept.error());
   const auto* login = find_login(*kept, parts_.allowed.server(), p.found.issuer.issuer);
   if (login == nullptr || login->redirect_port == 0) return {};
   p.client = login->client;
   p.registered_port = login->redirect_port;
   p.is_kept = true;
   return {};
}

/// Whether the issuer turns the client away before anybody has logged in (RFC 6749 section 4.1.2.1
/// has it tell the user and nobody else). Asked as the browser will ask, but with a state and a
/// challenge that nothing else belongs to. What says less than that is no reason to register again.
bool login_credentials::is_forgotten(const plan& p, const std::vector<std::string>& scopes) {
   const auto& endpoint = p.found.issuer.authorization_endpoint;
   const auto reply =
         parts_.with({.url = authorization_url(endpoint, {.client_id = p.client.id,
                                                          .redirect_uri = redirect_uri(p.port),
                                                          .state = random_text(),
                                                          .code_challenge = random_text(),
                                                          .resource = p.found.resource.resource,
                                                          .scopes = scopes}),
                      .headers = {{"accept", "text/html"}},
                      .timeout = patience,
                      .max_body = max_page,
                      .policy = parts_.allowed.policy_for(endpoint)});
   return reply && (reply->status == 400 || reply->status == 401);
}

core::result<login_credentials::plan>
login_credentials::register_client(plan p, const std::vector<std::string>& scopes) {
   const auto& endpoint = p.found.issuer.registration_endpoint;
   if (endpoint.empty()) {
      return denied(fmt::format("{} does not register clients by itself; register one with it for "
                                "the redirect URI http://127.0.0.1/callback and give its id with "
                                "--client-id",
                                excerpt(p.found.issuer.issuer)));
   }
   const auto reply = parts_.with(
         {.method = "POST",
          .url = endpoint,
          .headers = {{"accept", "application/json"}, {"content-type", "application/json"}},
          .body = registration_body(redirect_uri(p.port), scopes),
          .timeout = patience,
          .policy = parts_.allowed.policy_for(endpoint)});
   if (!reply) return core::wrap("registering this client", reply.error());
   auto who = read_registration(*reply);
   if (!who) return std::unexpected(std::move(who.error()));
   p.client = std::move(*who);
   p.registered_port = p.port;
   p.is_kept = false;
   return p;
}

core::result<std::string> login_credentials::ask_user(const plan& p,
                                                      const std::vector<std::string>& scopes,
                                                      const std::string& verifier) {
   const expected_callback expected{.state = random_text(),
                                    .issuer = p.found.issuer.issuer,
                                    .must_name_issuer = p.found.issuer.names_itself};
   parts_.agent.show(authorization_url(p.found.issuer.authorization_endpoint,
                                       {.client_id = p.client.id,
                                        .redirect_uri = redirect_uri(p.port),
                                        .state = expected.state,
                                        .code_challenge = challenge_of(verifier),
                                        .resource = p.found.resource.resource,
                                        .scopes = scopes}));
   auto code = parts_.agent.wait(
         [expected](std::string_view query) { return read_callback(query, expected); });
   // An issuer that does not like the client says so on its page, and never here.
   if (!code && code.error().code == core::errc::timeout) {
      constexpr const char* sign = "; if the page showed an error about the client, ";
      if (p.is_kept)
         code.error().message.append(sign).append("forget it with --logout and log in again");
      if (!parts_.options.client_id.empty())
         code.error().message.append(sign).append("look at what is registered for --client-id");
   }
   return code;
}

core::result<token_outcome> login_credentials::ask_for_tokens(const std::string& endpoint,
                                                              const client_identity& who,
                                                              fields grant) {
   auto rq = token_request(endpoint, who, std::move(grant));
   rq.timeout = patience;
   rq.policy = parts_.allowed.policy_for(endpoint);
   const auto reply = parts_.with(std::move(rq));
   if (!reply) return core::wrap("asking for a token", reply.error());
   return read_token_answer(*reply);
}

void login_credentials::take(issued_tokens tokens, const std::vector<std::string>& asked) {
   now_.access_token = std::move(tokens.access_token);
   // An issuer that does not rotate says nothing about the refresh token (RFC 6749 section 6).
   if (!tokens.refresh_token.empty()) now_.refresh_token = std::move(tokens.refresh_token);
   now_.scopes = std::move(tokens.scopes).value_or(asked);
   const auto life_ms = tokens.lifetime_s * 1000;
   now_.renew_at_ms =
         life_ms == 0 ? 0 : parts_.time.unix_ms() + life_ms - std::min(margin_ms, life_ms / 5);
}

core::result<void> login_credentials::keep() {
   const auto lock = parts_.file.lock();
   if (!lock) return std::unexpected(lock.error());
   return parts_.file.keep(*lock, now_);
}

} // namespace

std::unique_ptr<credentials> oauth(login_parts parts) {
   return std::make_unique<login_credentials>(std::move(parts));
}

} // namespace fmcp::client
