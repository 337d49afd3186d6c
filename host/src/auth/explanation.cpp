#include "auth/explanation.hpp"

#include <algorithm>
#include <ctime>
#include <optional>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "auth/claims.hpp"
#include "crypto/jws.hpp"
#include "json/document.hpp"
#include "json/writer.hpp"

namespace fmcp::auth {
namespace {

using core::auth_reason;
using crypto::public_key;

std::vector<crypto::algorithm> members(crypto::algorithm_set set) {
   std::vector<crypto::algorithm> out;
   for (unsigned i = 0; i <= static_cast<unsigned>(crypto::algorithm::hs512); ++i) {
      const auto a = static_cast<crypto::algorithm>(i);
      if (set.contains(a)) out.push_back(a);
   }
   return out;
}

std::string names(crypto::algorithm_set set) {
   std::vector<std::string_view> out;
   for (const auto a : members(set)) out.push_back(name_of(a));
   return fmt::format("{}", fmt::join(out, " or "));
}

std::string text_of(const public_key& key) {
   return fmt::format("{} ({} {})", key.id().value_or("without a name"), name_of(key.type()),
                      key.bits());
}

std::string quoted(std::string_view text) {
   std::string out;
   json::append_string(out, text);
   return out;
}

/// A claim as it came.
std::string received(const json::value& payload, std::string_view name) {
   const auto* v = payload.find(name);
   if (v == nullptr) return "nothing";
   std::string out;
   json::append_compact(out, *v);
   return out;
}

std::string received_date(const json::value& payload, std::string_view name) {
   auto out = received(payload, name);
   const auto* v = payload.find(name);
   if (v != nullptr && v->is(json::kind::number)) out += " (" + time_text(v->as_double()) + ")";
   return out;
}

std::string_view title(claim_step what) noexcept {
   constexpr std::array<std::string_view, claim_steps.size()> all{"expiry", "start", "issuer",
                                                                  "audience", "names"};
   return all[static_cast<std::size_t>(what)];
}

std::string expected_issuers(const claim_rules& rules) {
   std::vector<std::string> out;
   for (const auto& p : rules.issuers) out.push_back(quoted(p.text()));
   return rules.any_issuer ? "any" : fmt::format("{}", fmt::join(out, " or "));
}

std::string expected_audiences(const claim_rules& rules) {
   std::vector<std::string> out;
   for (const auto& a : rules.audiences) out.push_back(quoted(a));
   return rules.any_audience ? "any" : fmt::format("{}", fmt::join(out, " or "));
}

/// What came and what was wanted.
std::string comparison(claim_step what, const json::value& payload, const claim_rules& rules,
                       std::int64_t now_unix_ms) {
   const auto now = time_text(static_cast<double>(now_unix_ms) / 1000.0);
   const auto leeway = rules.leeway.count();
   switch (what) {
   case claim_step::expiry:
      return fmt::format("received \"exp\" {}, expected one later than {} less {} s of leeway",
                         received_date(payload, "exp"), now, leeway);
   case claim_step::start:
      return fmt::format(
            "received \"nbf\" {} and \"iat\" {}, expected none later than {} plus {} s "
            "of leeway, and {} s more for \"iat\"",
            received_date(payload, "nbf"), received_date(payload, "iat"), now, leeway,
            max_issued_ahead.count());
   case claim_step::issuer:
      return fmt::format("received \"iss\" {}, expected {}", received(payload, "iss"),
                         expected_issuers(rules));
   case claim_step::audience:
      return fmt::format("received \"aud\" {}, expected {}", received(payload, "aud"),
                         expected_audiences(rules));
   case claim_step::names: break;
   }
   return fmt::format("received \"sub\" {}, \"client_id\" {} and \"azp\" {}, expected strings",
                      received(payload, "sub"), received(payload, "client_id"),
                      received(payload, "azp"));
}

class explanation {
public:
   explanation(const checked_policy& rules, const known_keys& keys, std::int64_t now_unix_ms)
       : rules_(rules), keys_(keys), now_(now_unix_ms) {
      if (const auto* set = std::get_if<crypto::jwk_set>(&rules.keys)) keys_.set = set;
   }

   std::vector<token_step> run(std::string_view token) {
      auto jws = crypto::parse_compact(token);
      if (jws) {
         say("form", auth_reason::none, "it has a header, a payload and a signature");
         header(*jws);
         claims(jws->payload);
         return std::move(steps_);
      }
      const bool is_algorithm = jws.error().code == core::errc::unsupported;
      if (is_algorithm) say("form", auth_reason::none, "it has the parts of a JSON Web Token");
      say(is_algorithm ? "algorithm" : "form",
          is_algorithm ? auth_reason::bad_algorithm : auth_reason::malformed, jws.error().message);
      skip("others", "nothing else of it can be read");
      return std::move(steps_);
   }

private:
   void say(std::string_view name, auth_reason reason, std::string text) {
      steps_.push_back({.name = name, .reason = reason, .text = std::move(text)});
   }
   void skip(std::string_view name, std::string text) {
      steps_.push_back({.name = name, .is_tried = false, .text = std::move(text)});
   }

   void header(const crypto::compact_jws& jws) {
      const bool is_allowed = rules_.algorithms.contains(jws.alg);
      say("algorithm", is_allowed ? auth_reason::none : auth_reason::bad_algorithm,
          fmt::format("received {}, expected {}", name_of(jws.alg), names(rules_.algorithms)));
      type(jws);
      if (!is_allowed) {
         skip("key", "none is looked for, since the algorithm is not allowed");
         return skip("signature", "it is not checked");
      }
      if (const auto* secret = std::get_if<crypto::shared_secret>(&rules_.keys)) {
         say("key", auth_reason::none, "the shared secret of the settings");
         return signature(verify(jws, *secret, rules_.algorithms));
      }
      const auto* own = std::get_if<public_key>(&rules_.keys);
      const auto* key = own != nullptr ? own : find_key(jws);
      if (key == nullptr) return skip("signature", "it cannot be checked without the key");
      say("key", auth_reason::none,
          fmt::format("{}{}{}", text_of(*key), keys_.url.empty() ? " of the settings" : " of ",
                      keys_.url));
      signature(verify(jws, *key, rules_.algorithms));
   }

   void type(const crypto::compact_jws& jws) {
      const auto r = check_type(jws.type, rules_.claims);
      say("type", r.reason,
          fmt::format("received \"typ\" {}, expected {}",
                      jws.type ? quoted(*jws.type) : std::string("nothing"),
                      rules_.claims.types.empty()
                            ? "nothing, JWT or at+jwt"
                            : fmt::format("{}", fmt::join(rules_.claims.types, " or "))));
   }

   void signature(bool is_good) {
      say("signature", is_good ? auth_reason::none : auth_reason::bad_signature,
          is_good ? "it was made with that key" : "it was not made with that key");
   }

   /// Says itself what is wrong when there is none.
   const public_key* find_key(const crypto::compact_jws& jws) {
      const auto wanted = fmt::format("received \"kid\" {}",
                                      jws.key_id ? quoted(*jws.key_id) : std::string("nothing"));
      if (keys_.set == nullptr) {
         say("key", auth_reason::upstream_unavailable,
             fmt::format("{}, and there are no keys: {} {}", wanted, keys_.url, keys_.problem));
         return nullptr;
      }
      const auto* key = keys_.set->find(jws.key_id, jws.alg);
      if (key != nullptr) return key;
      std::vector<std::string> known;
      for (const auto& k : keys_.set->keys()) known.push_back(text_of(k));
      const auto there =
            known.empty() ? "no usable key" : fmt::format("{}", fmt::join(known, ", "));
      if (!jws.key_id || !keys_.set->knows(*jws.key_id)) {
         say("key", auth_reason::unknown_key,
             fmt::format("{}, expected one of those that are published: {}", wanted, there));
         return nullptr;
      }
      const auto of_that_name = [&](const public_key& k) { return k.id() == jws.key_id; };
      if (std::ranges::any_of(keys_.set->keys(), of_that_name)) {
         say("key", auth_reason::bad_algorithm,
             fmt::format("{}, and that key is not for {}: {}", wanted, name_of(jws.alg), there));
      } else {
         say("key", auth_reason::unknown_key,
             fmt::format("{}, and that key is published in a form that cannot be used", wanted));
      }
      return nullptr;
   }

   void claims(std::string_view text) {
      json::document document;
      const auto payload = document.parse_copy(text, payload_limits);
      if (!payload || !(*payload)->is(json::kind::object)) {
         return say("claims", auth_reason::malformed,
                    "the payload is not one JSON object of distinct members");
      }
      for (const auto what : claim_steps) {
         const auto r = check_claim(what, **payload, rules_.claims, now_);
         const auto seen = comparison(what, **payload, rules_.claims, now_);
         say(title(what), r.reason, r ? fmt::format("{}: {}", r.detail, seen) : seen);
      }
   }

   const checked_policy& rules_;
   known_keys keys_;
   std::int64_t now_;
   std::vector<token_step> steps_;
};

} // namespace

std::string time_text(double unix_seconds) {
   constexpr double last = 253'402'300'799.0; // of the year 9999
   const auto seconds = static_cast<std::time_t>(std::clamp(unix_seconds, -last, last));
   std::tm parts{};
   char text[32] = "";
   if (::gmtime_r(&seconds, &parts) != nullptr)
      std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
   return text;
}

bool policy_report::has_usable_key() const noexcept {
   return std::ranges::any_of(keys, [](const auto& k) { return k.problem.empty(); });
}

bool policy_report::trusts(std::string_view issuer) const noexcept {
   return any_issuer ||
          std::ranges::any_of(issuers, [&](const auto& p) { return p.matches(issuer); });
}

policy_report report_of(const checked_policy& rules, const known_keys& keys) {
   policy_report out{.keys_url = std::string(keys.url),
                     .problem = std::string(keys.problem),
                     .any_issuer = rules.claims.any_issuer,
                     .issuers = rules.claims.issuers};
   const auto allowed = members(rules.algorithms);
   for (const auto a : allowed) out.algorithms.emplace_back(name_of(a));
   const auto look = [&](const public_key& key) {
      const bool fits = std::ranges::any_of(allowed, [&](auto a) { return key.fits(a); });
      out.keys.push_back({text_of(key), fits ? "" : "it is not for " + names(rules.algorithms)});
   };
   const auto* own = std::get_if<crypto::jwk_set>(&rules.keys);
   if (const auto* set = own != nullptr ? own : keys.set) {
      for (const auto& key : set->keys()) look(key);
      for (const auto& s : set->skipped()) {
         out.keys.push_back({fmt::format("{} (the one at index {})",
                                         s.id.empty() ? "without a name" : s.id, s.index),
                             s.reason});
      }
   }
   if (const auto* key = std::get_if<public_key>(&rules.keys)) look(*key);
   return out;
}

std::vector<token_step> explain_token(const checked_policy& rules, const known_keys& keys,
                                      std::string_view token, std::int64_t now_unix_ms) {
   return explanation(rules, keys, now_unix_ms).run(token);
}

} // namespace fmcp::auth
