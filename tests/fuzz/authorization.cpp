// What is taken for a bearer token is one: RFC 6750's b64token, bounded, behind the scheme and one
// blank, and nothing else in the request speaks for another. The input is a query, a line break and
// the values of `Authorization` fields, one a line.

#include <algorithm>
#include <vector>

#include "auth/authorization.hpp"
#include "auth/challenge.hpp"
#include "fuzz.hpp"

using namespace fmcp;

namespace {

/// Said once more, in another way than the code does.
bool is_b64token(std::string_view text) {
   std::size_t i = 0;
   const auto is_plain = [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
             c == '-' || c == '.' || c == '_' || c == '~' || c == '+' || c == '/';
   };
   while (i < text.size() && is_plain(text[i])) ++i;
   if (i == 0) return false;
   while (i < text.size() && text[i] == '=') ++i;
   return i == text.size();
}

void check_refusal(core::auth_reason why, std::string_view hostile) {
   const std::vector<std::string> scopes{std::string(hostile)};
   const auto r = auth::make_refusal(
         why, {.scope = hostile, .resource_metadata = hostile, .missing = scopes});
   fuzz::must(
         std::ranges::all_of(r.www_authenticate, [](char c) { return c >= ' ' && c < '\x7f'; }),
         "a challenge is one line of ASCII");
   fuzz::must(std::ranges::count(r.www_authenticate, '"') % 2 == 0 &&
                    r.www_authenticate.find('\\') == std::string::npos,
              "its quotes are closed");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
   auto rest = fuzz::text_of(data, size);
   core::http::request rq;
   rq.query = rest.substr(0, rest.find('\n'));
   std::vector<core::http::field> fields{{"Host", "srv"}};
   for (auto end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
      rest.remove_prefix(end + 1);
      fields.push_back({fields.size() % 2 != 0 ? "Authorization" : "authorization",
                        rest.substr(0, rest.find('\n'))});
   }
   rq.fields = fields;
   const auto p = auth::find_token(rq);
   const auto raw = auth::find_bearer(rq);
   if (p.reason != core::auth_reason::none) {
      fuzz::must(p.token.empty(), "what is refused is no token");
      fuzz::must(raw.reason == p.reason ||
                       (raw.reason == core::auth_reason::none &&
                        p.reason == core::auth_reason::malformed && !auth::is_token(raw.token)),
                 "two steps come to the same");
      check_refusal(p.reason, rq.query);
      return 0;
   }
   fuzz::must(fields.size() == 2, "one field speaks");
   fuzz::must(raw.token == p.token, "two steps come to the same");
   fuzz::must(p.token.size() <= auth::max_token_bytes && is_b64token(p.token),
              "a token is a b64token within the bound");
   const auto value = fields[1].value;
   fuzz::must(value.size() == 7 + p.token.size() && value.ends_with(p.token) && value[6] == ' ',
              "scheme, one blank, token");
   fuzz::must(!auth::has_query_token(rq.query) && rq.query.find("access_token=") != 0,
              "no token in the query");
   return 0;
}
