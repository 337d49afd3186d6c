#include "plugins/auth_answer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "core/utf8.hpp"
#include "plugins/grown.hpp"
#include "plugins/lists.hpp"
#include "plugins/origins.hpp"
#include "plugins/results.hpp"
#include "json/document.hpp"
#include "json/writer.hpp"

namespace fmcp::plugins {
namespace {

using core::auth_reason;
using core::errc;
using core::fail;

constexpr std::uint32_t max_scopes = 256;
constexpr std::size_t max_scope = 256;
constexpr std::size_t max_name = 1024; // subject, client, issuer, tenant
constexpr std::size_t max_detail = 1024;
constexpr std::size_t max_challenge = 4096;
constexpr json::limits claims_bounds{
      .max_depth = 32, .max_bytes = 64u << 10, .max_values = 16u << 10};
constexpr json::limits info_bounds{
      .max_depth = 32, .max_bytes = 64u << 10, .max_values = 16u << 10};
constexpr std::uint32_t max_info_scopes = 64, max_urls = 8;
constexpr std::size_t max_url = 2048;
constexpr std::uint32_t longest_cache_s = 24 * 3600;
/// The latest expiry, in milliseconds: a double still counts such ones exactly, and no sum of it
/// with a time of today leaves 64 bits.
constexpr std::int64_t latest_ms = 9'000'000'000'000'000;

struct pair {
   std::int32_t why;
   auth_reason reason;
};
/// The first line of a reason is the one that it is told as.
constexpr std::array reasons{
      pair{FMCP_AUTH_WHY_NONE, auth_reason::none},
      pair{FMCP_AUTH_WHY_DENIED, auth_reason::denied},
      pair{FMCP_AUTH_WHY_MALFORMED, auth_reason::malformed},
      pair{FMCP_AUTH_WHY_BAD_ALGORITHM, auth_reason::bad_algorithm},
      pair{FMCP_AUTH_WHY_UNKNOWN_KEY, auth_reason::unknown_key},
      pair{FMCP_AUTH_WHY_BAD_SIGNATURE, auth_reason::bad_signature},
      pair{FMCP_AUTH_WHY_NO_EXPIRY, auth_reason::no_expiry},
      pair{FMCP_AUTH_WHY_EXPIRED, auth_reason::expired},
      pair{FMCP_AUTH_WHY_NOT_YET_VALID, auth_reason::not_yet_valid},
      pair{FMCP_AUTH_WHY_WRONG_ISSUER, auth_reason::wrong_issuer},
      pair{FMCP_AUTH_WHY_WRONG_AUDIENCE, auth_reason::wrong_audience},
      pair{FMCP_AUTH_WHY_WRONG_TYPE, auth_reason::wrong_type},
      pair{FMCP_AUTH_WHY_NO_SUBJECT, auth_reason::no_subject},
      pair{FMCP_AUTH_WHY_MISSING_SCOPE, auth_reason::missing_scope},
      pair{FMCP_AUTH_WHY_INACTIVE, auth_reason::inactive},
      pair{FMCP_AUTH_WHY_UPSTREAM, auth_reason::upstream_unavailable},
      pair{FMCP_AUTH_WHY_UPSTREAM, auth_reason::provider_failed},
      pair{FMCP_AUTH_WHY_BUSY, auth_reason::busy},
};

/// A string of the plugin's, as long as it is readable.
bool copy_text(fmcp_str from, std::size_t most, std::string& to) {
   const auto text = view(from, most);
   if (!text || !core::is_utf8(*text)) return false;
   to = *text;
   return true;
}

/// What WWW-Authenticate may quote: scopes that are ones, one blank between them.
std::string challenge_of(fmcp_str given) {
   std::string out;
   const auto text = view(given, max_challenge);
   if (!text) return out;
   for (std::size_t at = 0; at < text->size();) {
      const auto end = std::min(text->find(' ', at), text->size());
      const auto scope = text->substr(at, end - at);
      if (is_scope(scope)) out.append(out.empty() ? "" : " ").append(scope);
      at = end + 1;
   }
   return out;
}

/// A claim that is text and not too long to be a name.
std::string name_in(const json::value& claims, std::string_view key) {
   const auto text = claims.find_string(key);
   return text && text->size() <= max_name ? std::string(*text) : std::string();
}

/// Scopes between blanks, as they stand in one claim. False when there are too many.
bool add_scopes(std::string_view text, std::vector<std::string>& out) {
   constexpr std::string_view blanks = " \t\r\n";
   for (std::size_t at = 0; at < text.size();) {
      const auto end = std::min(text.find_first_of(blanks, at), text.size());
      if (end - at > max_scope) return false;
      if (end != at) out.emplace_back(text.substr(at, end - at));
      if (out.size() > max_scopes) return false;
      at = end + 1;
   }
   return true;
}

/// `scope`, or `scp` where that is absent or null; an empty one hides the other.
bool scopes_of(const json::value& claims, std::vector<std::string>& out) {
   const auto* claim = claims.find("scope");
   if (claim == nullptr || claim->is(json::kind::null)) claim = claims.find("scp");
   if (claim == nullptr) return true;
   if (claim->is(json::kind::string)) return add_scopes(claim->string(), out);
   if (!claim->is(json::kind::array)) return true;
   for (const auto& item : claim->items()) {
      if (!item.is(json::kind::string) || item.string().empty()) continue;
      if (item.string().size() > max_scope || out.size() >= max_scopes) return false;
      out.emplace_back(item.string());
   }
   return true;
}

/// `exp` in milliseconds. A time before 1970 is over, and not "unknown".
bool expiry_of(const json::value& claims, std::int64_t& out) {
   const auto* exp = claims.find("exp");
   if (exp == nullptr) return true;
   if (!exp->is(json::kind::number)) return false;
   const double ms = std::floor(exp->as_double() * 1000);
   out = static_cast<std::int64_t>(std::clamp(ms, 1.0, static_cast<double>(latest_ms)));
   return true;
}

/// FMCP_AUTH_FROM_CLAIMS: what the provider left empty.
const char* fill_from(const json::value& claims, core::principal& p) {
   if (p.subject.empty()) p.subject = name_in(claims, "sub");
   for (const auto* key : {"client_id", "azp", "sub"}) {
      if (p.client_id.empty()) p.client_id = name_in(claims, key);
   }
   if (p.issuer.empty()) p.issuer = name_in(claims, "iss");
   if (p.scopes.empty() && !scopes_of(claims, p.scopes)) {
      return "more scopes, or longer ones, than a principal may have";
   }
   if (p.expires_unix_ms == 0 && !expiry_of(claims, p.expires_unix_ms)) {
      return "claims whose exp is no number";
   }
   return nullptr;
}

const char* copy_principal(const fmcp_principal& from, bool takes_claims, core::principal& to) {
   if (!copy_text(from.subject, max_name, to.subject) ||
       !copy_text(from.client_id, max_name, to.client_id) ||
       !copy_text(from.issuer, max_name, to.issuer) ||
       !copy_text(from.tenant, max_name, to.tenant)) {
      return "a principal whose texts are too long or no UTF-8";
   }
   auto scopes = copy_strings(from.scopes, max_scopes, max_scope);
   if (!scopes) return "a principal whose list of scopes cannot be read";
   std::erase(*scopes, std::string());
   to.scopes = std::move(*scopes);
   // Here too a time before 1970 is over, and 0 alone says that it is not known.
   to.expires_unix_ms = from.expires_unix_ms == 0
                              ? 0
                              : std::clamp<std::int64_t>(from.expires_unix_ms, 1, latest_ms);

   const auto text = view(from.claims_json, claims_bounds.max_bytes);
   if (!text) return "a principal with more than 64 KiB of claims, or without their address";
   json::document document;
   const auto claims = document.parse_copy(text->empty() ? "{}" : *text, claims_bounds);
   if (!claims || !(*claims)->is(json::kind::object)) {
      return "a principal whose claims are no JSON object";
   }
   to.claims_json.clear();
   json::append_compact(to.claims_json, **claims);
   return takes_claims ? fill_from(**claims, to) : nullptr;
}

/// Whether `aud` (RFC 7519 section 4.1.3), a text or several, has one of them.
bool is_for_one_of(std::span<const std::string> audiences, std::string_view claims_json) {
   json::document document;
   const auto claims = document.parse_copy(claims_json, claims_bounds);
   const auto* aud = claims ? (*claims)->find("aud") : nullptr;
   if (aud == nullptr) return false;
   const auto said = aud->is(json::kind::array) ? aud->items() : std::span(aud, 1);
   return std::ranges::any_of(said, [&](const auto& one) {
      return one.is(json::kind::string) &&
             std::ranges::find(audiences, one.string()) != audiences.end();
   });
}

const char* read_allow(const fmcp_auth_result& r, const answer_terms& of, auth_verdict& out) {
   const auto given =
         copy_grown<fmcp_principal>(r.principal, FMCP_LEAST(fmcp_principal, client_id));
   if (!given) return "an ALLOW without a principal";
   const bool takes_claims = (r.flags & FMCP_AUTH_FROM_CLAIMS) != 0;
   core::principal who;
   if (const char* fault = copy_principal(*given, takes_claims, who)) return fault;
   who.provider = of.provider;
   if (who.subject.empty() && who.client_id.empty()) {
      if (!takes_claims) return "an ALLOW for a principal without subject and client";
      out.reason = auth_reason::no_subject; // the token's fault, not the provider's
      return nullptr;
   }
   if (!of.audiences.empty() && !is_for_one_of(of.audiences, who.claims_json)) {
      out.reason = auth_reason::wrong_audience;
      out.detail = "The provider allows a token whose claims have no \"aud\" of its manifest's.";
      return nullptr;
   }
   out.who = std::make_shared<const core::principal>(std::move(who));
   out.cache_for = std::chrono::seconds(std::min(r.cache_ttl_s, longest_cache_s));
   out.reason = auth_reason::none;
   return nullptr;
}

// ---- info ----

core::result<std::string> object_text(fmcp_str given, std::string_view member) {
   const auto text = view(given, info_bounds.max_bytes);
   if (text && text->empty()) return std::string();
   json::document document;
   const auto parsed = text ? document.parse_copy(*text, info_bounds)
                            : fail(errc::limit, "it is longer than 64 KiB or has no address");
   if (!parsed) {
      return fail(errc::invalid, fmt::format("says in info() a {} that cannot be used: {}.", member,
                                             parsed.error().message));
   }
   if (!(*parsed)->is(json::kind::object)) {
      return fail(errc::invalid,
                  fmt::format("says in info() a {} that is no JSON object.", member));
   }
   std::string out;
   json::append_compact(out, **parsed);
   return out;
}

core::result<std::vector<std::string>> scope_list(const fmcp_list& given, std::string_view member) {
   auto out = copy_strings(given, max_info_scopes, max_scope);
   if (!out || !std::ranges::all_of(*out, is_scope)) {
      return fail(errc::invalid,
                  fmt::format("says in info() {} that are no list of at most {} OAuth scopes.",
                              member, max_info_scopes));
   }
   return std::move(*out);
}

bool is_url(std::string_view text) {
   return origin_of(text).has_value();
}

} // namespace

core::auth_reason reason_of(std::int32_t why) noexcept {
   for (const auto& [code, reason] : reasons) {
      if (code == why) return reason;
   }
   return auth_reason::denied;
}

std::int32_t why_of(core::auth_reason wanted) noexcept {
   for (const auto& [code, reason] : reasons) {
      if (reason == wanted) return code;
   }
   return FMCP_AUTH_WHY_DENIED;
}

std::string log_words(std::string_view text, std::string_view token) {
   if (!token.empty() && text.find(token) != std::string_view::npos) {
      return "(The provider's words are left out: the token was among them.)";
   }
   return plain_words(text.substr(0, max_detail));
}

const char* read_answer(const fmcp_auth_result& r, const answer_terms& of, auth_verdict& out) {
   out = {};
   if (const auto detail = view(r.detail, UINT32_MAX)) out.detail = log_words(*detail, of.token);
   switch (r.decision) {
   case FMCP_AUTH_ALLOW: {
      out.reason = auth_reason::provider_failed;
      const char* fault = read_allow(r, of, out);
      return fault;
   }
   case FMCP_AUTH_DENY: {
      const auto why = reason_of(r.reason);
      const bool is_reason = why != auth_reason::none && !core::is_unavailable(why);
      out.reason = is_reason ? why : auth_reason::denied;
      out.is_forbidden = r.http_status == 403;
      out.challenge_scope = challenge_of(r.challenge_scope);
      return nullptr;
   }
   case FMCP_AUTH_UNAVAILABLE:
      out.reason =
            r.reason == FMCP_AUTH_WHY_BUSY ? auth_reason::busy : auth_reason::upstream_unavailable;
      return nullptr;
   case FMCP_AUTH_DEFER: out.is_deferred = true; return nullptr;
   default: return "a decision that is none of FMCP_AUTH_*";
   }
}

core::result<auth_info> copy_auth_info(const fmcp_auth_info* given) {
   const auto info =
         copy_grown<fmcp_auth_info>(given, FMCP_LEAST(fmcp_auth_info, resource_metadata_json));
   if (!info) {
      return fail(errc::invalid,
                  fmt::format("gives {} in info(); set fmcp_auth_info.size to "
                              "sizeof(fmcp_auth_info).",
                              given == nullptr ? "nothing" : "a size that cannot be true"));
   }
   auto resource = object_text(info->resource_metadata_json, "resource_metadata_json");
   if (!resource) return std::unexpected(resource.error());
   auto server = object_text(info->as_metadata_json, "as_metadata_json");
   if (!server) return std::unexpected(server.error());
   auto required = scope_list(info->required_scopes, "required_scopes");
   if (!required) return std::unexpected(required.error());
   auto challenge = scope_list(info->challenge_scopes, "challenge_scopes");
   if (!challenge) return std::unexpected(challenge.error());
   auto urls = copy_strings(info->as_metadata_urls, max_urls, max_url);
   std::string discovery;
   if (!urls || !std::ranges::all_of(*urls, is_url) ||
       !copy_text(info->scopes_discovery_url, max_url, discovery) ||
       !(discovery.empty() || is_url(discovery))) {
      return fail(errc::invalid, "says in info() as_metadata_urls or a scopes_discovery_url that "
                                 "are no absolute http or https URLs.");
   }
   auth_info out;
   if (!resource->empty()) out.resource_metadata_json = std::move(*resource);
   out.as_metadata_json = std::move(*server);
   out.required_scopes = std::move(*required);
   out.challenge_scopes = std::move(*challenge);
   out.as_metadata_urls = std::move(*urls);
   out.scopes_discovery_url = std::move(discovery);
   return out;
}

} // namespace fmcp::plugins
