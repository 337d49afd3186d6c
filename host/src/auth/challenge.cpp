#include "auth/challenge.hpp"

#include <algorithm>

#include "json/writer.hpp"

namespace fmcp::auth {
namespace {

using core::auth_reason;

std::string_view sentence_of(auth_reason why) noexcept {
   switch (why) {
   case auth_reason::none: break;
   case auth_reason::no_token: return "this server needs a bearer token";
   case auth_reason::two_authorizations: return "the Authorization field was sent twice";
   case auth_reason::token_in_query: return "a token in the URL is not read; use Authorization";
   case auth_reason::wrong_scheme: return "the Authorization scheme has to be Bearer";
   case auth_reason::malformed: return "this is no token of the kind that is accepted here";
   case auth_reason::bad_algorithm: return "the token's algorithm is not allowed here";
   case auth_reason::unknown_key: return "the issuer publishes no such key";
   case auth_reason::bad_signature: return "the signature is wrong";
   case auth_reason::no_expiry: return "the token does not say when it expires";
   case auth_reason::expired: return "the token has expired";
   case auth_reason::not_yet_valid: return "the token is not valid yet";
   case auth_reason::wrong_issuer: return "the token comes from another issuer";
   case auth_reason::wrong_audience: return "the token was issued for another server";
   case auth_reason::wrong_type: return "this kind of token is not accepted, an access token is";
   case auth_reason::no_subject: return "the token names neither subject nor client";
   case auth_reason::missing_scope: return "the token lacks a scope";
   case auth_reason::inactive: return "the issuer says that the token is not active";
   case auth_reason::denied: return "the token is not accepted";
   case auth_reason::busy: return "too many tokens wait for verification; try again";
   case auth_reason::upstream_unavailable: return "the token cannot be verified now; try again";
   case auth_reason::provider_failed: return "the token could not be verified; try again";
   case auth_reason::rate_limited: return "too many calls; try again later";
   }
   return "the request is refused";
}

/// What a status and RFC 6750 (section 3.1) call it, in the body and, where the RFC has it, in the
/// challenge.
struct form {
   int status;
   std::string_view error;
   bool has_challenge, names_error;
   unsigned retry_after_s;
};

form form_of(auth_reason why, bool is_forbidden) noexcept {
   switch (why) {
   // Without credentials there is no error in the challenge (RFC 6750 section 3.1).
   case auth_reason::no_token: return {401, "invalid_token", true, false, 0};
   case auth_reason::two_authorizations:
   case auth_reason::token_in_query: return {400, "invalid_request", true, true, 0};
   case auth_reason::missing_scope: return {403, "insufficient_scope", true, true, 0};
   case auth_reason::busy: return {503, "temporarily_unavailable", false, false, 1};
   case auth_reason::upstream_unavailable:
   case auth_reason::provider_failed: return {503, "temporarily_unavailable", false, false, 5};
   case auth_reason::rate_limited: return {429, "rate_limited", false, false, 1};
   default: break;
   }
   if (is_forbidden) return {403, "access_denied", false, false, 0};
   return {401, "invalid_token", true, true, 0};
}

/// A quoted string of RFC 9110 5.6.4 without escapes, since some readers know none. RFC 6750
/// section 3 has no quotation mark and no backslash in these values anyway.
void append_parameter(std::string& out, std::string_view name, std::string_view value) {
   if (value.empty()) return;
   out += out.ends_with("Bearer") ? " " : ", ";
   out.append(name).append("=\"");
   for (const char c : value) {
      if (c == '"')
         out += '\'';
      else
         out += c >= ' ' && c < '\x7f' && c != '\\' ? c : '?';
   }
   out += '"';
}

std::string with_name(auth_reason why, std::string_view sentence) {
   std::string out(core::name_of(why));
   return out.append(": ").append(sentence);
}

} // namespace

std::string describe(auth_reason why) {
   return with_name(why, sentence_of(why));
}

std::string describe_missing(std::span<const std::string> scopes) {
   constexpr std::size_t max_sentence = 480;
   std::string out =
         scopes.size() == 1 ? "the token lacks the scope" : "the token lacks the scopes";
   for (const auto& scope : scopes) {
      if (out.size() + scope.size() > max_sentence)
         return std::string(sentence_of(auth_reason::missing_scope));
      (out += ' ') += scope;
   }
   return out;
}

refusal make_refusal(auth_reason why, const refusal_context& about) {
   const auto f = form_of(why, about.is_forbidden);
   const bool names_scopes = why == auth_reason::missing_scope && !about.missing.empty();
   const auto description =
         names_scopes ? with_name(why, describe_missing(about.missing)) : describe(why);
   refusal out{.status = f.status,
               .retry_after_s = about.retry_after_s != 0 ? about.retry_after_s : f.retry_after_s};
   if (f.has_challenge) {
      auto& text = out.www_authenticate;
      text = "Bearer";
      if (f.names_error) {
         append_parameter(text, "error", f.error);
         append_parameter(text, "error_description", description);
      }
      if (f.status != 400) append_parameter(text, "scope", about.scope);
      append_parameter(text, "resource_metadata", about.resource_metadata);
   }
   json::writer w(out.body);
   w.begin_object().key("error").string(f.error);
   w.key("error_description").string(description).end_object();
   return out;
}

void send(const refusal& r, core::http::responder& out, std::span<const core::http::field> cors) {
   std::vector<core::http::field> fields(cors.begin(), cors.end());
   fields.push_back({"Cache-Control", "no-store"});
   if (!r.www_authenticate.empty()) fields.push_back({"WWW-Authenticate", r.www_authenticate});
   std::string seconds;
   if (r.retry_after_s != 0) {
      seconds = std::to_string(r.retry_after_s);
      fields.push_back({"Retry-After", seconds});
   }
   out.reply({.status = r.status, .content_type = "application/json", .fields = fields}, r.body);
}

bool is_scope_token(std::string_view text) noexcept {
   return !text.empty() && std::ranges::all_of(text, [](char c) {
      return c > ' ' && c < '\x7f' && c != '"' && c != '\\';
   });
}

std::string join_scopes(std::span<const std::span<const std::string>> lists) {
   std::vector<std::string_view> taken;
   std::string out;
   for (const auto list : lists) {
      for (const auto& scope : list) {
         if (!is_scope_token(scope) || out.size() + scope.size() >= max_scope_bytes ||
             std::ranges::find(taken, scope) != taken.end())
            continue;
         taken.push_back(scope);
         if (!out.empty()) out += ' ';
         out += scope;
      }
   }
   return out;
}

} // namespace fmcp::auth
