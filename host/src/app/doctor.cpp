#include "app/doctor.hpp"

#include <algorithm>
#include <ostream>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/authentication.hpp"
#include "app/hardening.hpp"
#include "app/provider_commands.hpp"
#include "app/services.hpp"
#include "app/version.hpp"
#include "auth/metadata.hpp"
#include "core/base64.hpp"
#include "core/log.hpp"
#include "core/text.hpp"
#include "crypto/jwk_set.hpp"
#include "net/fetch_now.hpp"
#include "json/document.hpp"
#include "json/writer.hpp"

namespace fmcp::app {
namespace {

constexpr std::chrono::milliseconds patience{10'000};

/// The findings, as they are printed.
class findings {
public:
   explicit findings(std::ostream& out) : out_(out) {}
   void good(std::string_view what, std::string_view text) { print("ok", what, text); }
   void note(std::string_view what, std::string_view text) { print("note", what, text); }
   void bad(std::string_view what, std::string_view text) {
      has_failed_ = true;
      print("WRONG", what, text);
   }
   [[nodiscard]] int exit_code() const noexcept { return has_failed_ ? 1 : 0; }

private:
   void print(std::string_view mark, std::string_view what, std::string_view text) {
      std::string line = fmt::format("{:<6}{:<12}", mark, what);
      core::append_printable(line, text);
      out_ << line << '\n' << std::flush;
   }
   std::ostream& out_;
   bool has_failed_ = false;
};

/// One document of the issuer's.
core::result<std::string> fetch(core::http::fetcher& with, const std::string& url,
                                const std::shared_ptr<const core::http::fetch_policy>& reach) {
   auto reply = net::fetch_now(with, {.url = url,
                                      .headers = {{"accept", "application/json"}},
                                      .timeout = patience,
                                      .policy = reach});
   if (!reply) return std::unexpected(std::move(reply.error()));
   if (reply->status != 200) {
      return core::fail(core::errc::not_found,
                        fmt::format("{} answered with status {}", url, reply->status));
   }
   return std::move(reply->body);
}

void look_at_keys(findings& f, core::http::fetcher& with, const std::string& url,
                  const std::shared_ptr<const core::http::fetch_policy>& reach) {
   const auto text = fetch(with, url, reach);
   if (!text) return f.bad("keys", text.error().message);
   const auto set = crypto::jwk_set::parse(*text);
   if (!set) return f.bad("keys", fmt::format("{}: {}", url, set.error().message));
   if (set->keys().empty())
      return f.bad("keys", fmt::format("{} has no key that can be used", url));
   std::vector<std::string> names;
   for (const auto& key : set->keys()) {
      names.push_back(fmt::format("{} ({} {})", key.id().value_or("without a name"),
                                  crypto::name_of(key.type()), key.bits()));
   }
   f.good("keys", fmt::format("{} at {}: {}", set->keys().size(), url, fmt::join(names, ", ")));
   for (const auto& skipped : set->skipped()) {
      f.note("keys",
             fmt::format("key {} {} is not used: {}", skipped.index, skipped.id, skipped.reason));
   }
}

/// The issuer's own document: the first place that has it, as the host forwards it.
void look_at_issuer(findings& f, core::http::fetcher& with, const plugins::auth_info& info,
                    const std::shared_ptr<const core::http::fetch_policy>& reach) {
   std::vector<std::string> places = info.as_metadata_urls;
   const auto& discovery = info.scopes_discovery_url;
   if (!discovery.empty() && std::ranges::find(places, discovery) == places.end())
      places.push_back(discovery);
   std::string last;
   for (const auto& url : places) {
      const auto text = fetch(with, url, reach);
      json::document document;
      const auto root = text ? document.parse_copy(*text) : std::unexpected(text.error());
      const auto issuer = root ? (*root)->find_string("issuer") : std::nullopt;
      if (!issuer) {
         last = root ? fmt::format("{} names no issuer", url) : root.error().message;
         f.note("issuer", last);
         continue;
      }
      f.good("issuer", fmt::format("{} says it is {}", url, *issuer));
      if (!(*root)->find("registration_endpoint")) {
         f.note("issuer", "it registers no clients dynamically; clients need an id of their own");
      }
      if (const auto keys = (*root)->find_string("jwks_uri"))
         look_at_keys(f, with, std::string(*keys), reach);
      return;
   }
   if (!places.empty()) f.bad("issuer", "none of its documents can be read");
}

/// Header and claims, for the one who brought the token.
void show_token(findings& f, std::string_view token) {
   const auto dots = std::ranges::count(token, '.');
   if (dots != 2) return f.note("token", "is no JSON Web Token, so only the provider can read it");
   const auto first = token.find('.');
   const auto second = token.find('.', first + 1);
   const auto part = [&](std::string_view name, std::string_view encoded) {
      const auto text = core::decode_base64url(encoded);
      json::document document;
      const auto root = text ? document.parse_copy(*text)
                             : core::result<const json::value*>(
                                     core::fail(core::errc::invalid, "it is not base64url"));
      if (!root) return f.bad(name, root.error().message);
      std::string line;
      json::append_compact(line, **root);
      f.note(name, line);
   };
   part("header", token.substr(0, first));
   part("claims", token.substr(first + 1, second - first - 1));
}

void try_token(findings& f, authentication& guard, const std::string& token) {
   show_token(f, token);
   const auto verdict = guard.verify(token, patience);
   if (verdict.reason != core::auth_reason::none || !verdict.who) {
      const auto reason = verdict.who || verdict.reason != core::auth_reason::none
                                ? verdict.reason
                                : core::auth_reason::provider_failed;
      return f.bad("token",
                   fmt::format("is refused ({}): {}", core::name_of(reason), verdict.detail));
   }
   const auto& who = *verdict.who;
   f.good("token", fmt::format("is good: subject \"{}\", client \"{}\", scopes \"{}\"", who.subject,
                               who.client_id, fmt::join(who.scopes, " ")));
   std::vector<std::string> missing;
   for (const auto& scope : guard.info().required_scopes) {
      if (!who.has_scope(scope)) missing.push_back(scope);
   }
   if (!missing.empty()) {
      f.bad("scopes",
            fmt::format("the server requires {} and the token lacks {}: 403",
                        fmt::join(guard.info().required_scopes, " "), fmt::join(missing, " ")));
   } else {
      f.good("scopes", guard.info().required_scopes.empty() ? "none are required of every caller"
                                                            : "all that are required are there");
   }
}

void look_at_provider(findings& f, const config::settings& s,
                      const std::optional<std::string>& token) {
   auto services = services::open(s, program_version);
   if (!services) return f.bad("services", services.error().message);
   auto guard = authentication::open(s, **services);
   if (!guard) return f.bad("provider", guard.error().message);
   f.good("provider", (*guard)->describe());
   if (s.base_url.empty()) {
      f.note("address", "no base URL is set: clients get no hint where to log in");
   } else if (const auto names = auth::name_resource(s.base_url, s.path)) {
      f.good("address", fmt::format("clients connect to {}", names->resource));
      f.good("address", fmt::format("clients are told where to log in at {}", names->metadata_url));
   }
   look_at_issuer(f, (*services)->fetch(), (*guard)->info(), (*guard)->reach());
   if (token) try_token(f, **guard, *token);
   (*guard)->stop();
}

} // namespace

int doctor(cli::doctor_request rq, cli::streams io) {
   forbid_looking_in(); // it is given a token, and the provider's secrets
   // The findings say what matters; the rooms' own lines only disturb, unless somebody wants them.
   using core::log::level;
   if (!core::log::enabled(level::debug)) core::log::set_level(level::error);
   findings f(io.out);
   for (const auto& n : rq.settings.report.notices) f.note("settings", n.text);
   if (!rq.settings.values) {
      for (const auto& p : rq.settings.report.problems) f.bad("settings", p.text);
      return f.exit_code();
   }
   const auto& s = *rq.settings.values;
   f.good("settings", fmt::format("no problem; {}:{}{}", s.host, s.port, s.path));
   if (s.selected_auth) {
      look_at_provider(f, s, rq.token);
   } else {
      f.note("provider", s.transport == config::transport::http
                               ? "none is selected: everybody who reaches the server may use it"
                               : "has no effect on standard input and output");
      if (rq.token) f.bad("token", "there is no provider that could say whether it is good");
   }
   return f.exit_code();
}

} // namespace fmcp::app
