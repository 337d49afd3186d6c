#include "app/doctor.hpp"

#include <algorithm>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/authentication.hpp"
#include "app/findings.hpp"
#include "app/hardening.hpp"
#include "app/provider_commands.hpp"
#include "app/services.hpp"
#include "app/token_trial.hpp"
#include "app/version.hpp"
#include "auth/metadata.hpp"
#include "core/log.hpp"
#include "net/fetch_now.hpp"
#include "json/document.hpp"

namespace fmcp::app {
namespace {

/// A fetch of keys ends after ten seconds, and then says why.
constexpr std::chrono::milliseconds patience{11'000};

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

/// The keys by which the provider verifies, as its policies have them.
void look_at_keys(findings& f, const auth::policy_report& policy) {
   const auto algorithms = fmt::format("{}", fmt::join(policy.algorithms, " or "));
   const auto place = policy.keys_url.empty() ? std::string("the settings") : policy.keys_url;
   if (!policy.problem.empty()) {
      return f.bad("keys",
                   fmt::format("those of {} cannot be had, and until they can every token is "
                               "answered 503: {}",
                               place, policy.problem));
   }
   if (policy.keys_url.empty() && policy.keys.empty())
      return f.good("keys", fmt::format("a shared secret of the settings, for {}", algorithms));
   std::vector<std::string> usable, others;
   for (const auto& key : policy.keys) {
      if (key.problem.empty())
         usable.push_back(key.text);
      else
         others.push_back(fmt::format("{}: {}", key.text, key.problem));
   }
   if (usable.empty()) {
      return f.bad("keys", fmt::format("{} has none for {}, so no token can be verified{}{}", place,
                                       algorithms, others.empty() ? "" : "; it has ",
                                       fmt::join(others, ", ")));
   }
   f.good("keys", fmt::format("{} for {} of {}: {}", usable.size(), algorithms, place,
                              fmt::join(usable, ", ")));
   for (const auto& other : others) f.note("keys", "not used: " + other);
}

/// The issuers that the server's own metadata names.
std::vector<std::string> announced_servers(const plugins::auth_info& info) {
   std::vector<std::string> out;
   json::document document;
   const auto root = document.parse_copy(info.resource_metadata_json);
   const auto* all = root ? (*root)->find("authorization_servers") : nullptr;
   if (all == nullptr || !all->is(json::kind::array)) return out;
   for (const auto& one : all->items()) {
      if (one.is(json::kind::string)) out.emplace_back(one.string());
   }
   return out;
}

/// Clients compare the issuer with what they were told (RFC 8414 section 3.3), the provider with
/// what tokens say; both to the letter.
void compare_issuer(findings& f, const std::string& url, const std::string& issuer,
                    const std::vector<std::string>& announced,
                    const std::vector<auth::policy_report>& policies) {
   bool is_right = true;
   if (!announced.empty() && std::ranges::find(announced, issuer) == announced.end()) {
      is_right = false;
      f.bad("issuer",
            fmt::format("{} says that it is {}, but clients are told to log in at {}; they "
                        "compare letter by letter and refuse to",
                        url, issuer, fmt::join(announced, " or ")));
   }
   const auto is_trusted = [&](const auto& p) { return p.trusts(issuer); };
   if (!policies.empty() && std::ranges::none_of(policies, is_trusted)) {
      is_right = false;
      std::vector<std::string> expected;
      for (const auto& p : policies) {
         for (const auto& one : p.issuers) expected.push_back(one.text());
      }
      f.bad("issuer", fmt::format("{} says that it is {}, whose tokens are refused; expected {}",
                                  url, issuer, fmt::join(expected, " or ")));
   }
   if (is_right) f.good("issuer", fmt::format("{} says that it is {}", url, issuer));
}

/// The rest of an issuer's document.
void look_at_document(findings& f, const json::value& document,
                      const std::vector<auth::policy_report>& policies) {
   if (document.find("registration_endpoint") == nullptr)
      f.note("issuer", "it registers no clients dynamically; clients need an id of their own");
   const auto keys = document.find_string("jwks_uri");
   const auto is_that = [&](const auto& p) { return p.keys_url == *keys; };
   if (keys && !policies.empty() && std::ranges::none_of(policies, is_that))
      f.note("issuer",
             fmt::format("it publishes its keys at {}, where the provider does not look", *keys));
}

/// The issuer's own document: the first place that has it, as the host forwards it.
void look_at_issuer(findings& f, core::http::fetcher& with, const authentication& guard,
                    const std::vector<auth::policy_report>& policies) {
   const auto& info = guard.info();
   const auto announced = announced_servers(info);
   std::vector<std::string> places = info.as_metadata_urls;
   const auto& discovery = info.scopes_discovery_url;
   if (!discovery.empty() && std::ranges::find(places, discovery) == places.end())
      places.push_back(discovery);
   for (const auto& url : places) {
      const auto text = fetch(with, url, guard.reach());
      json::document document;
      const auto root = text ? document.parse_copy(*text) : std::unexpected(text.error());
      const auto issuer = root ? (*root)->find_string("issuer") : std::nullopt;
      if (!issuer) {
         f.note("issuer", root ? fmt::format("{} names no issuer", url) : root.error().message);
         continue;
      }
      compare_issuer(f, url, std::string(*issuer), announced, policies);
      return look_at_document(f, **root, policies);
   }
   if (!places.empty()) return f.bad("issuer", "none of its documents can be read");
   if (announced.empty()) {
      f.note("issuer", "clients are not told of any; they need a token from elsewhere");
   } else {
      f.note("issuer", fmt::format("clients log in at {}; not tried: the provider does not say "
                                   "where the documents of that server are",
                                   fmt::join(announced, " or ")));
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
   const auto policies = (*services)->tokens().report(patience);
   for (const auto& p : policies) look_at_keys(f, p);
   look_at_issuer(f, (*services)->fetch(), **guard, policies);
   const judges by{**guard, (*services)->tokens(), s.verify_timeout};
   try_made_up_token(f, by);
   if (token) try_token(f, by, *token);
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
