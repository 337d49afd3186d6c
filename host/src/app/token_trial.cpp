#include "app/token_trial.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base64.hpp"
#include "core/clock.hpp"
#include "json/document.hpp"
#include "json/writer.hpp"

namespace fmcp::app {
namespace {

using core::auth_reason;

/// The provider's word, as the gate takes it: who is let in has a name.
auth::verdict ask(const judges& by, std::string_view token) {
   auto v = by.guard.verify(token, by.patience);
   const bool is_nobody = !v.who || (v.who->subject.empty() && v.who->client_id.empty());
   if (v.reason == auth_reason::none && is_nobody) {
      v.reason = auth_reason::provider_failed;
      v.detail = "the provider has let it in without naming anybody";
   }
   return v;
}

/// `401 (expired)`
std::string answer_text(auth_reason reason, bool is_forbidden) {
   const int status = core::is_unavailable(reason) ? 503 : is_forbidden ? 403 : 401;
   return fmt::format("{} ({})", status, core::name_of(reason));
}

/// Header and claims, for the one who brought the token.
void show(findings& f, std::string_view token) {
   if (std::ranges::count(token, '.') != 2)
      return f.note("token", "is no JSON Web Token, so only the provider can read it");
   const auto first = token.find('.');
   const auto second = token.find('.', first + 1);
   const auto part = [&](std::string_view name, std::string_view encoded) {
      const auto text = core::decode_base64url(encoded);
      json::document document;
      const auto root = text ? document.parse_copy(*text)
                             : core::result<const json::value*>(
                                     core::fail(core::errc::invalid, "it is not base64url"));
      if (!root) return f.note(name, root.error().message);
      std::string line;
      json::append_compact(line, **root);
      f.note(name, line);
   };
   part("header", token.substr(0, first));
   part("claims", token.substr(first + 1, second - first - 1));
}

/// The first that fails is what the token is refused for; of a token that was let in, by another
/// policy for instance, none is wrong.
void show_steps(findings& f, const std::vector<auth::token_step>& steps, bool is_let_in) {
   bool has_failed = is_let_in;
   for (const auto& s : steps) {
      if (!s.is_tried) {
         f.note(s.name, "not tried: " + s.text);
      } else if (s.reason == auth_reason::none) {
         f.good(s.name, s.text);
      } else if (has_failed) {
         f.note(s.name, fmt::format("fails too ({}): {}", core::name_of(s.reason), s.text));
      } else {
         has_failed = true;
         f.bad(s.name, s.text);
      }
   }
}

void explain(findings& f, const judges& by, std::string_view token, bool is_let_in) {
   const auto policies = by.tokens.report(std::chrono::milliseconds(0));
   if (policies.empty())
      f.note("token", "is judged inside the provider, which only says what it comes to");
   for (std::size_t i = 0; i < policies.size(); ++i) {
      if (policies.size() > 1)
         f.note("policy", fmt::format("{} of {} of the provider", i + 1, policies.size()));
      show_steps(f, by.tokens.explain(policies[i].policy, token), is_let_in);
   }
}

/// As the gate does with every request (auth/gate.cpp, judge).
void judge_lifetime(findings& f, const core::principal& who, std::chrono::seconds leeway) {
   if (who.expires_unix_ms == 0)
      return f.note("lifetime", "neither token nor provider say when it ends");
   const auto now = core::clock::system().unix_ms();
   const auto end = auth::time_text(static_cast<double>(who.expires_unix_ms) / 1000.0);
   if (!who.is_expired(now - std::chrono::milliseconds(leeway).count()))
      return f.good("lifetime", "it ends at " + end);
   f.bad("lifetime",
         fmt::format("the provider lets it in, but it ended at {}, and now it is {} (leeway {} s): "
                     "it is answered {}",
                     end, auth::time_text(static_cast<double>(now) / 1000.0), leeway.count(),
                     answer_text(auth_reason::expired, false)));
}

void judge_scopes(findings& f, const core::principal& who,
                  const std::vector<std::string>& required) {
   std::vector<std::string> missing;
   for (const auto& scope : required) {
      if (!who.has_scope(scope)) missing.push_back(scope);
   }
   if (!missing.empty()) {
      return f.bad("scopes", fmt::format("received \"{}\", expected \"{}\": \"{}\" is missing, and "
                                         "the token is answered {}",
                                         fmt::join(who.scopes, " "), fmt::join(required, " "),
                                         fmt::join(missing, " "),
                                         answer_text(auth_reason::missing_scope, true)));
   }
   f.good("scopes", required.empty()
                          ? std::string("none are required of every caller")
                          : fmt::format("received \"{}\", expected \"{}\"",
                                        fmt::join(who.scopes, " "), fmt::join(required, " ")));
}

} // namespace

void try_made_up_token(findings& f, const judges& by) {
   const auto v = ask(by, "made-up-by-fastmcp-host-doctor");
   if (v.reason == auth_reason::none) {
      return f.bad("trial", "a token that was made up is let in: everybody could come in");
   }
   if (core::is_unavailable(v.reason)) {
      return f.bad("trial", fmt::format("the provider cannot judge a token that was made up, and "
                                        "would answer real ones {} as well: {}",
                                        answer_text(v.reason, false), v.detail));
   }
   f.good("trial", fmt::format("a token that was made up is refused with {}",
                               answer_text(v.reason, v.is_forbidden)));
}

void try_token(findings& f, const judges& by, std::string_view token) {
   const auto v = ask(by, token); // first: it fetches the key if need be
   const bool is_let_in = v.reason == auth_reason::none;
   show(f, token);
   explain(f, by, token, is_let_in);
   if (!is_let_in) {
      return f.bad("token", fmt::format("is refused with {}: {}",
                                        answer_text(v.reason, v.is_forbidden), v.detail));
   }
   f.good("token", fmt::format("is good: subject \"{}\", client \"{}\", scopes \"{}\"",
                               v.who->subject, v.who->client_id, fmt::join(v.who->scopes, " ")));
   judge_lifetime(f, *v.who, by.guard.leeway());
   judge_scopes(f, *v.who, by.guard.info().required_scopes);
}

} // namespace fmcp::app
