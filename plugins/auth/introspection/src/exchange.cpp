#include "exchange.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace introspection {
namespace {

using fmcp::deny;
using fmcp::json_error;
using fmcp::json_kind;
using fmcp::json_view;
using fmcp::unavailable;
using fmcp::why;

std::string base64(std::string_view in) {
   static constexpr char digits[] =
         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
   std::string out;
   for (std::size_t i = 0; i < in.size(); i += 3) {
      const auto byte = [&](std::size_t k) {
         return k < in.size() ? static_cast<unsigned char>(in[k]) : 0u;
      };
      const unsigned v = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
      out.push_back(digits[v >> 18]);
      out.push_back(digits[v >> 12 & 63]);
      out.push_back(i + 1 < in.size() ? digits[v >> 6 & 63] : '=');
      out.push_back(i + 2 < in.size() ? digits[v & 63] : '=');
   }
   return out;
}

bool is_utf8(std::string_view text) {
   while (!text.empty()) {
      const auto n = fmcp::detail::utf8_sequence(text);
      if (n == 0) return false;
      text.remove_prefix(n);
   }
   return true;
}

using members = std::map<std::string, json_view>;

/// Errors: json_error. A name that is there twice could mean either value.
members read(std::string_view body) {
   if (!is_utf8(body)) throw json_error("it is not UTF-8");
   const json_view root(body);
   if (!root.is(json_kind::object)) throw json_error("it is no object");
   members out;
   root.each_member([&](const std::string& name, json_view value) {
      if (!out.emplace(name, value).second) throw json_error("a member is there twice");
   });
   return out;
}

std::optional<json_view> find(const members& all, const char* name) {
   const auto at = all.find(name);
   if (at == all.end() || at->second.is(json_kind::null)) return std::nullopt;
   return at->second;
}

bool holds(const std::vector<std::string>& wanted, const std::string& one) {
   return std::find(wanted.begin(), wanted.end(), one) != wanted.end();
}

/// A text, or a list with one of them.
bool matches(const std::optional<json_view>& value, const std::vector<std::string>& wanted) {
   if (!value) return false;
   if (!value->is(json_kind::array)) return holds(wanted, value->string());
   bool found = false;
   value->each_item([&](json_view one) { found = found || holds(wanted, one.string()); });
   return found;
}

bool names_somebody(const members& all) {
   for (const char* name : {"client_id", "azp", "sub"}) {
      const auto value = find(all, name);
      if (value && !value->string().empty()) return true;
   }
   return false;
}

fmcp::auth_answer judge_members(const members& all, std::string_view body, const rules& by,
                                std::int64_t now) {
   const auto active = find(all, "active");
   if (!active || !active->is(json_kind::boolean) || !active->boolean()) {
      return deny{why::inactive, "The authorization server says that the token is not active."};
   }
   if (const auto exp = find(all, "exp"); exp && exp->number() <= static_cast<double>(now)) {
      return deny{why::expired, "The token has expired."};
   }
   if (const auto nbf = find(all, "nbf"); nbf && nbf->number() > static_cast<double>(now)) {
      return deny{why::not_yet_valid, "The token is not valid yet."};
   }
   if (!by.issuers.empty() && !matches(find(all, "iss"), by.issuers)) {
      return deny{why::wrong_issuer, "The token has another issuer, or names none."};
   }
   if (!by.audiences.empty() && !matches(find(all, "aud"), by.audiences)) {
      return deny{why::wrong_audience, "The token is for another audience, or names none."};
   }
   if (!names_somebody(all)) {
      return deny{why::no_subject, "The answer names neither client_id nor sub."};
   }
   fmcp::allow out;
   out.claims_json = body;
   out.cache_for = by.cache_for;
   return out;
}

/// What happened, and what an operator does about it.
unavailable no_answer(const fmcp::http_response& r) {
   auto what = r.problem;
   while (!what.empty() && what.back() == '.') what.pop_back();
   switch (r.status) {
   case FMCP_E_TIMEOUT:
      return {"The authorization server did not answer the introspection in time (" + what +
              "). See why it is slow or cannot be reached; TIMEOUT_SECONDS and the host's "
              "FASTMCP_VERIFY_TIMEOUT say how long it may take."};
   case FMCP_E_DENIED:
      return {"The introspection endpoint may not be asked (" + what +
              "). INTROSPECTION_URL must name the endpoint itself."};
   case FMCP_E_GONE: return {"The server is being stopped and asked nobody about the token."};
   default: break;
   }
   return {
         "The authorization server could not be asked about the token (" + what +
         "). See that it runs and can be reached from here, and that INTROSPECTION_URL is right."};
}

} // namespace

std::string form_encoded(std::string_view text) {
   static constexpr char hex[] = "0123456789ABCDEF";
   std::string out;
   for (const char c : text) {
      const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
      if (is_plain) {
         out.push_back(c);
         continue;
      }
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(hex[byte >> 4]);
      out.push_back(hex[byte & 0xF]);
   }
   return out;
}

std::string basic(std::string_view client_id, std::string_view secret) {
   return "Basic " + base64(form_encoded(client_id) + ":" + form_encoded(secret));
}

fmcp::http_request question(const std::string& url, std::string_view token,
                            std::string_view client_id, std::string_view secret, client_auth how) {
   fmcp::http_request out;
   out.method = "POST";
   out.url = url;
   out.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                  {"Accept", "application/json"}};
   out.body = "token=" + form_encoded(token) + "&token_type_hint=access_token";
   if (how == client_auth::basic) {
      out.headers.emplace_back("Authorization", basic(client_id, secret));
   } else {
      out.body +=
            "&client_id=" + form_encoded(client_id) + "&client_secret=" + form_encoded(secret);
   }
   return out;
}

fmcp::auth_answer judge(const fmcp::http_response& r, const rules& by, std::int64_t now) {
   if (r.status != FMCP_OK) return no_answer(r);
   if (r.code == 401 || r.code == 403) {
      return unavailable{
            "The introspection endpoint refuses this server's own credentials (status " +
            std::to_string(r.code) + "); check CLIENT_ID and CLIENT_SECRET."};
   }
   if (r.code != 200) {
      return unavailable{"The introspection endpoint answered with status " +
                         std::to_string(r.code) + "."};
   }
   try {
      return judge_members(read(r.body), r.body, by, now);
   } catch (const json_error& e) {
      return unavailable{std::string("The introspection endpoint's answer cannot be used: ") +
                         e.what()};
   }
}

} // namespace introspection
