#include "auth/claims.hpp"

#include <algorithm>
#include <limits>

#include "core/text.hpp"

namespace fmcp::auth {
namespace {

using core::auth_reason;
using json::kind;
using json::value;

constexpr std::string_view blanks = " \t\r\n\f\v";

/// Null counts as absent.
const value* member(const value& payload, std::string_view name) noexcept {
   const auto* v = payload.find(name);
   return v != nullptr && v->is(kind::null) ? nullptr : v;
}

/// NumericDate (RFC 7519 section 2), in milliseconds. A double holds every date of the calendar to
/// the millisecond; a number beyond is infinite, which compares as it should.
std::optional<double> date_ms(const value& v) noexcept {
   if (!v.is(kind::number)) return std::nullopt;
   return v.as_double() * 1000.0;
}

double milliseconds(std::chrono::seconds s) noexcept {
   return static_cast<double>(std::chrono::milliseconds(s).count());
}

refusal check_expiry(const value& payload, double now, double leeway) noexcept {
   const auto* exp = member(payload, "exp");
   if (exp == nullptr)
      return {auth_reason::no_expiry, "the token does not say when it ends (\"exp\" is missing)"};
   const auto date = date_ms(*exp);
   if (!date) return {auth_reason::malformed, "the token's \"exp\" is no number"};
   // RFC 7519 section 4.1.4: on or after which it must not be accepted.
   if (now >= *date + leeway) return {auth_reason::expired, "the token has expired (\"exp\")"};
   return {};
}

refusal check_start(const value& payload, double now, double leeway) noexcept {
   if (const auto* nbf = member(payload, "nbf")) {
      const auto date = date_ms(*nbf);
      if (!date) return {auth_reason::malformed, "the token's \"nbf\" is no number"};
      if (now < *date - leeway)
         return {auth_reason::not_yet_valid, "the token is not valid yet (\"nbf\")"};
   }
   if (const auto* iat = member(payload, "iat")) {
      const auto date = date_ms(*iat);
      if (!date) return {auth_reason::malformed, "the token's \"iat\" is no number"};
      if (now < *date - leeway - milliseconds(max_issued_ahead)) {
         return {auth_reason::not_yet_valid,
                 "the token says that it was issued in the future (\"iat\"); is a clock wrong?"};
      }
   }
   return {};
}

refusal check_issuer(const value& payload, const claim_rules& rules) noexcept {
   if (rules.any_issuer) return {};
   const auto* iss = member(payload, "iss");
   if (iss == nullptr)
      return {auth_reason::wrong_issuer, "the token names no issuer (\"iss\" is missing)"};
   if (!iss->is(kind::string)) return {auth_reason::malformed, "the token's \"iss\" is no string"};
   if (!std::ranges::any_of(rules.issuers, [&](const auto& p) { return p.matches(iss->string()); }))
      return {auth_reason::wrong_issuer, "the token's issuer (\"iss\") is none that is trusted"};
   return {};
}

refusal check_audience(const value& payload, const claim_rules& rules) noexcept {
   if (rules.any_audience) return {};
   constexpr std::string_view not_text = "the token's \"aud\" is neither a string nor an array of "
                                         "strings";
   const auto* aud = member(payload, "aud");
   if (aud == nullptr)
      return {auth_reason::wrong_audience, "the token names no audience (\"aud\" is missing)"};
   if (!aud->is(kind::string) && !aud->is(kind::array)) return {auth_reason::malformed, not_text};
   bool is_ours = false;
   for (const auto& one : aud->is(kind::array) ? aud->items() : std::span(aud, 1)) {
      if (!one.is(kind::string)) return {auth_reason::malformed, not_text};
      is_ours =
            is_ours || std::ranges::find(rules.audiences, one.string()) != rules.audiences.end();
   }
   if (!is_ours)
      return {auth_reason::wrong_audience, "the token is for another audience (\"aud\")"};
   return {};
}

/// Those that name somebody. What they say is not judged here.
refusal check_names(const value& payload) noexcept {
   for (const auto* name : {"sub", "client_id", "azp"}) {
      const auto* v = member(payload, name);
      if (v != nullptr && !v->is(kind::string)) {
         return {auth_reason::malformed,
                 "one of the token's \"sub\", \"client_id\" and \"azp\" is no string"};
      }
   }
   return {};
}

std::string text_of(const value& payload, std::string_view name) {
   return std::string(payload.find_string(name).value_or(std::string_view()));
}

std::vector<std::string> split_at_blanks(std::string_view text) {
   std::vector<std::string> out;
   for (;;) {
      const auto begin = text.find_first_not_of(blanks);
      if (begin == text.npos) return out;
      text.remove_prefix(begin);
      const auto word = text.substr(0, text.find_first_of(blanks));
      out.emplace_back(word);
      text.remove_prefix(word.size());
   }
}

std::vector<std::string> scopes_of(const value& payload) {
   const auto* scopes = member(payload, "scope");
   if (scopes == nullptr) scopes = member(payload, "scp");
   if (scopes == nullptr) return {};
   if (scopes->is(kind::string)) return split_at_blanks(scopes->string());
   std::vector<std::string> out;
   if (!scopes->is(kind::array)) return out;
   for (const auto& one : scopes->items()) {
      if (one.is(kind::string) && !one.string().empty()) out.emplace_back(one.string());
   }
   return out;
}

/// 0 stands for "unknown", so that a date which rounds to it becomes the millisecond before.
std::int64_t expiry_of(const value& payload) noexcept {
   const auto* exp = member(payload, "exp");
   const auto date = exp == nullptr ? std::nullopt : date_ms(*exp);
   if (!date) return 0;
   constexpr double last = 253'402'300'799'000.0; // of the year 9999
   const auto ms = static_cast<std::int64_t>(std::clamp(*date, -last, last));
   return ms == 0 ? -1 : ms;
}

} // namespace

std::string normal_type(std::string_view typ) {
   constexpr std::string_view prefix = "application/";
   auto out = core::to_lower(typ);
   if (out.starts_with(prefix) && out.find('/', prefix.size()) == out.npos)
      out.erase(0, prefix.size());
   return out;
}

refusal check_type(const std::optional<std::string>& typ, const claim_rules& rules) {
   if (!typ) {
      if (rules.types.empty()) return {};
      return {auth_reason::wrong_type, "the token's header does not say of which type it is"};
   }
   const auto normal = normal_type(*typ);
   const bool is_fine = rules.types.empty()
                              ? normal == "jwt" || normal == "at+jwt"
                              : std::ranges::find(rules.types, normal) != rules.types.end();
   if (!is_fine)
      return {auth_reason::wrong_type, "the token is of another type (\"typ\") than is accepted"};
   return {};
}

refusal check_claim(claim_step what, const json::value& payload, const claim_rules& rules,
                    std::int64_t now_unix_ms) noexcept {
   const auto now = static_cast<double>(now_unix_ms);
   const double leeway = milliseconds(rules.leeway);
   switch (what) {
   case claim_step::expiry: return check_expiry(payload, now, leeway);
   case claim_step::start: return check_start(payload, now, leeway);
   case claim_step::issuer: return check_issuer(payload, rules);
   case claim_step::audience: return check_audience(payload, rules);
   case claim_step::names: break;
   }
   return check_names(payload);
}

refusal check_claims(const json::value& payload, const claim_rules& rules,
                     std::int64_t now_unix_ms) {
   if (!payload.is(kind::object))
      return {auth_reason::malformed, "the token's payload is no JSON object"};
   for (const auto what : claim_steps) {
      if (auto r = check_claim(what, payload, rules, now_unix_ms)) return r;
   }
   return {};
}

std::expected<core::principal, core::auth_reason>
principal_from_claims(std::string_view claims_json) {
   json::document document;
   const auto parsed = document.parse_copy(claims_json, payload_limits);
   if (!parsed || !(*parsed)->is(kind::object)) return std::unexpected(auth_reason::malformed);
   const auto& payload = **parsed;
   core::principal who;
   who.subject = text_of(payload, "sub");
   who.client_id = text_of(payload, "client_id");
   if (who.client_id.empty()) who.client_id = text_of(payload, "azp");
   if (who.client_id.empty()) who.client_id = who.subject;
   if (who.client_id.empty()) return std::unexpected(auth_reason::no_subject);
   who.issuer = text_of(payload, "iss");
   who.scopes = scopes_of(payload);
   who.claims_json = claims_json;
   who.expires_unix_ms = expiry_of(payload);
   return who;
}

} // namespace fmcp::auth
