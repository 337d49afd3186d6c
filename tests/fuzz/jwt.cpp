// Whatever a token says: nobody forges one, and what passes under a good signature really is what
// the policy wants. Each input is read three ways: as a whole token; as a header (its first line)
// and a payload (the rest) that the issuer signs; and as a pattern of issuers and an issuer.

#include <algorithm>
#include <optional>
#include <string>

#include "auth/claims.hpp"
#include "auth/issuer_pattern.hpp"
#include "auth/jwt_service.hpp"
#include "core/base64.hpp"
#include "crypto/digest.hpp"
#include "fuzz.hpp"
#include "json/document.hpp"

using namespace fmcp;

namespace {

constexpr std::string_view secret = "only this target knows the secret of its issuer";
/// Of RFC 7515, appendix A.2.
constexpr std::string_view public_jwks =
      R"({"keys":[{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}]})";

struct verifier {
   core::manual_clock clock;
   auth::jwt_service service{nullptr, clock, {.has_thread = false}};
   std::uint64_t by_secret = add([](auth::jwt_policy& p) {
      p.shared_secret = secret;
      p.algorithms = {"HS256"};
   });
   std::uint64_t by_key = add([](auth::jwt_policy& p) {
      p.jwks_json = public_jwks;
      p.algorithms = {"RS256", "PS256"};
   });

   std::uint64_t add(auto change) {
      auth::jwt_policy p;
      p.issuers = {"https://issuer.example", "https://issuer.example/t/*"};
      p.audiences = {"api"};
      change(p);
      return service.add(std::move(p)).value();
   }
};

auth::jwt_outcome judged(verifier& v, std::uint64_t policy, std::string_view token) {
   auto outcome = v.service.verify_now(policy, token);
   fuzz::must(outcome.has_value(), "static keys need no fetch");
   const bool is_good = outcome->reason == core::auth_reason::none;
   fuzz::must(is_good == outcome->detail.empty(), "a refusal has a reason, a pass has none");
   fuzz::must(is_good != outcome->claims_json.empty(), "only a pass has claims");
   fuzz::must(std::ranges::none_of(outcome->detail, [](char c) { return c >= 0 && c < 0x20; }),
              "a reason is fit for a log");
   return std::move(*outcome);
}

std::string signed_token(std::string_view head, std::string_view payload) {
   static const crypto::hmac_key key(secret);
   std::string token;
   core::append_base64url(token, head);
   token += '.';
   core::append_base64url(token, payload);
   const auto mac = key.sign(token);
   token += '.';
   core::append_base64url(token, {reinterpret_cast<const char*>(mac.data()), mac.size()});
   return token;
}

void check_pass(const verifier& v, std::string_view head, std::string_view payload,
                const auth::jwt_outcome& outcome) {
   fuzz::must(outcome.claims_json == payload, "the claims are those that were signed");
   json::document header;
   json::document claims;
   const auto h = header.parse_copy(head);
   const auto c = claims.parse_copy(payload);
   fuzz::must(h.has_value() && c.has_value(), "both are JSON");
   fuzz::must((*h)->find_string("alg") == "HS256", "the algorithm is the policy's");
   fuzz::must((*h)->find("crit") == nullptr && (*h)->find("b64") == nullptr, "no extensions");
   const auto* exp = (*c)->find("exp");
   fuzz::must(exp != nullptr && exp->is(json::kind::number), "it says when it ends");
   fuzz::must(exp->as_double() * 1000 > static_cast<double>(v.clock.unix_ms()), "and has not");
   const auto iss = (*c)->find_string("iss");
   fuzz::must(iss && iss->starts_with("https://issuer.example"), "the issuer is trusted");
   fuzz::must(payload.find("api") != payload.npos || payload.find("\\u") != payload.npos,
              "the audience is ours");
   const auto who = auth::principal_from_claims(outcome.claims_json);
   fuzz::must(who.has_value() || who.error() == core::auth_reason::no_subject, "it has a caller");
   fuzz::must(!who || (!who->client_id.empty() && who->expires_unix_ms != 0), "who is somebody");
}

void check_pattern(std::string_view pattern, std::string_view issuer) {
   const auto compiled = auth::issuer_pattern::compile(pattern);
   if (!compiled) {
      fuzz::must(!compiled.error().message.empty(), "a refusal has a reason");
      return;
   }
   if (pattern.find('*') == pattern.npos) {
      fuzz::must(compiled->matches(issuer) == (pattern == issuer), "without stars it is equality");
      return;
   }
   if (!compiled->matches(issuer)) return;
   fuzz::must(std::ranges::count(pattern, '/') == std::ranges::count(issuer, '/'),
              "a star takes one segment");
   fuzz::must(issuer.starts_with(pattern.substr(0, pattern.find('*'))), "a star is no host");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
   static verifier v;
   const auto text = fuzz::text_of(data, size);
   fuzz::must(judged(v, v.by_key, text).reason != core::auth_reason::none, "nobody forges");
   fuzz::must(judged(v, v.by_secret, text).reason != core::auth_reason::none, "nobody guesses");
   const auto end = text.find('\n');
   if (end == text.npos) return 0;
   const auto head = text.substr(0, end);
   const auto payload = text.substr(end + 1);
   const auto outcome = judged(v, v.by_secret, signed_token(head, payload));
   if (outcome.reason == core::auth_reason::none) check_pass(v, head, payload, outcome);
   check_pattern(head, payload);
   return 0;
}
