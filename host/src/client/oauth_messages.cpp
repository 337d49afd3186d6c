#include "client/oauth_messages.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "client/challenge.hpp"
#include "client/text_member.hpp"
#include "core/base64.hpp"
#include "core/text.hpp"
#include "crypto/digest.hpp"
#include "json/document.hpp"
#include "json/writer.hpp"

namespace fmcp::client {
namespace {

constexpr json::limits bounds{.max_depth = 16, .max_bytes = 256u << 10, .max_values = 10'000};
constexpr std::size_t max_token = 16u << 10;
constexpr std::size_t max_name = 2048; // of a client, which may be a URL
constexpr std::int64_t max_lifetime_s = 10ll * 365 * 24 * 3600;

/// `invalid_client: no such client`, or nothing.
std::string oauth_error(const json::value& from) {
   const auto error = text_of(from, "error");
   if (error.empty()) return {};
   const auto why = text_of(from, "error_description");
   return why.empty() ? excerpt(error) : fmt::format("{}: {}", excerpt(error), excerpt(why));
}

/// Of the errors of a token endpoint those that blame what was presented, and not the moment.
bool is_final(int status, std::string_view error) noexcept {
   constexpr std::array<std::string_view, 4> final_ones{"invalid_grant", "invalid_client",
                                                        "unauthorized_client", "invalid_scope"};
   return status / 100 == 4 && std::ranges::find(final_ones, error) != final_ones.end();
}

bool is_visible(std::string_view text) noexcept {
   return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; });
}

} // namespace

std::string random_text() {
   std::array<std::uint8_t, 32> bytes{};
   crypto::fill_random(bytes);
   std::string out;
   core::append_base64url(out, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
   return out;
}

std::string challenge_of(std::string_view verifier) {
   const auto digest = crypto::sha256(verifier);
   std::string out;
   core::append_base64url(out, {reinterpret_cast<const char*>(digest.data()), digest.size()});
   return out;
}

std::string redirect_uri(std::uint16_t port) {
   return fmt::format("http://127.0.0.1:{}/callback", port);
}

std::string registration_body(std::string_view redirect, const std::vector<std::string>& scopes) {
   std::string out;
   json::writer w(out);
   w.begin_object().key("client_name").string("fastmcp-host");
   w.key("redirect_uris").begin_array().string(redirect).end_array();
   w.key("grant_types")
         .begin_array()
         .string("authorization_code")
         .string("refresh_token")
         .end_array();
   w.key("response_types").begin_array().string("code").end_array();
   w.key("token_endpoint_auth_method").string("none").key("application_type").string("native");
   if (!scopes.empty()) w.key("scope").string(join_scopes(scopes));
   w.end_object();
   return out;
}

core::result<client_identity> read_registration(const core::http::fetch_reply& reply) {
   json::document d;
   const auto root = d.parse_copy(reply.body, bounds);
   const bool is_good = reply.status == 201 || reply.status == 200;
   if (!is_good || !root) {
      const auto why = root ? oauth_error(**root) : std::string();
      return core::fail(core::errc::denied,
                        fmt::format("the authorization server does not register this client "
                                    "(status {}{}{})",
                                    reply.status, why.empty() ? "" : ", ", why));
   }
   client_identity out{.id = text_of(**root, "client_id"),
                       .secret = text_of(**root, "client_secret"),
                       .auth_method = text_of(**root, "token_endpoint_auth_method")};
   if (!is_visible(out.id) || out.id.size() > max_name || out.secret.size() > max_name) {
      return core::fail(core::errc::invalid,
                        "the authorization server registered this client without a usable "
                        "client_id");
   }
   if (out.auth_method == "none") out.secret.clear();
   return out;
}

std::string authorization_url(std::string_view endpoint, const authorization_request& rq) {
   fields query{{"response_type", "code"},
                {"client_id", rq.client_id},
                {"redirect_uri", rq.redirect_uri},
                {"state", rq.state},
                {"code_challenge", rq.code_challenge},
                {"code_challenge_method", "S256"},
                {"resource", rq.resource}};
   if (!rq.scopes.empty()) query.emplace_back("scope", join_scopes(rq.scopes));
   // OpenID Connect 11: a request for offline access wants the user's consent, or it is ignored.
   if (std::ranges::find(rq.scopes, "offline_access") != rq.scopes.end())
      query.emplace_back("prompt", "consent");
   return with_query(endpoint, query);
}

core::http::fetch_request token_request(std::string_view endpoint, const client_identity& who,
                                        fields grant) {
   core::http::fetch_request rq{.method = "POST", .url = std::string(endpoint)};
   rq.headers = {{"accept", "application/json"},
                 {"content-type", "application/x-www-form-urlencoded"}};
   if (!who.secret.empty() && who.auth_method == "client_secret_basic") {
      std::string value = "Basic ";
      core::append_base64(value, form_encoded(who.id) + ":" + form_encoded(who.secret));
      rq.headers.emplace_back("authorization", std::move(value));
   } else {
      grant.emplace_back("client_id", who.id);
      if (!who.secret.empty()) grant.emplace_back("client_secret", who.secret);
   }
   rq.body = form_encoded(grant);
   return rq;
}

token_outcome read_token_answer(const core::http::fetch_reply& reply) {
   json::document d;
   const auto root = d.parse_copy(reply.body, bounds);
   const auto refuse = [&](std::string why) -> token_outcome {
      token_refusal out{.error = root ? text_of(**root, "error") : std::string(),
                        .sentence =
                              fmt::format("the authorization server gave no token ({})", why)};
      out.is_final = is_final(reply.status, out.error);
      return std::unexpected(std::move(out));
   };
   const auto error = root ? oauth_error(**root) : std::string();
   if (!error.empty()) return refuse(error);
   if (reply.status != 200) return refuse(fmt::format("status {}", reply.status));
   if (!root) return refuse("its answer is no JSON");
   const auto& from = **root;
   issued_tokens out{.access_token = text_of(from, "access_token"),
                     .refresh_token = text_of(from, "refresh_token")};
   if (!is_bearer_token(out.access_token)) return refuse("what it calls one cannot be sent");
   if (!core::iequals(text_of(from, "token_type"), "Bearer"))
      return refuse("it is no bearer token");
   if (out.refresh_token.size() > max_token) return refuse("its refresh token is too long");
   if (const auto scope = from.find_string("scope")) out.scopes = split_scopes(*scope);
   if (const auto* life = from.find("expires_in"); life != nullptr && life->is(json::kind::number))
      out.lifetime_s = std::clamp<std::int64_t>(life->as_int64().value_or(0), 0, max_lifetime_s);
   return out;
}

bool is_bearer_token(std::string_view text) noexcept {
   constexpr std::string_view marks = "-._~+/";
   const auto body = text.substr(0, text.find_last_not_of('=') + 1);
   return !body.empty() && text.size() <= max_token && std::ranges::all_of(body, [&](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
             marks.contains(c);
   });
}

} // namespace fmcp::client
