#include "auth/authorization.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"

namespace fmcp::auth {
namespace {

using core::auth_reason;

/// b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=" (RFC 6750 section 2.1)
constexpr auto token_characters = [] {
   std::array<bool, 256> out{};
   for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                        "0123456789-._~+/"))
      out[static_cast<unsigned char>(c)] = true;
   return out;
}();

int hex_digit(char c) noexcept {
   if (c >= '0' && c <= '9') return c - '0';
   if (c >= 'a' && c <= 'f') return c - 'a' + 10;
   if (c >= 'A' && c <= 'F') return c - 'A' + 10;
   return -1;
}

/// Whether `escaped`, with its %XX read, is `plain`.
bool spells(std::string_view escaped, std::string_view plain) noexcept {
   for (const char wanted : plain) {
      if (escaped.empty()) return false;
      char c = escaped.front();
      std::size_t used = 1;
      if (c == '%' && escaped.size() >= 3) {
         const int high = hex_digit(escaped[1]), low = hex_digit(escaped[2]);
         if (high >= 0 && low >= 0) {
            c = static_cast<char>(high * 16 + low);
            used = 3;
         }
      }
      if (c != wanted) return false;
      escaped.remove_prefix(used);
   }
   return escaped.empty();
}

presented behind_scheme(std::string_view value) noexcept {
   constexpr std::string_view scheme = "bearer";
   if (value.empty()) return {};
   if (!core::iequals(value.substr(0, scheme.size()), scheme))
      return {.reason = auth_reason::wrong_scheme};
   value.remove_prefix(scheme.size());
   if (value.empty()) return {.reason = auth_reason::malformed};
   if (value.front() != ' ') return {.reason = auth_reason::wrong_scheme};
   value.remove_prefix(1);
   if (value.size() > max_token_bytes) return {.reason = auth_reason::malformed};
   return {.reason = auth_reason::none, .token = value};
}

presented with_token_checked(presented p) noexcept {
   if (p.reason == auth_reason::none && !is_token(p.token))
      return {.reason = auth_reason::malformed};
   return p;
}

} // namespace

bool is_token(std::string_view text) noexcept {
   const auto end = text.find_last_not_of('=');
   if (end == std::string_view::npos) return false;
   return std::ranges::all_of(text.substr(0, end + 1), [](char c) {
      return token_characters[static_cast<unsigned char>(c)];
   });
}

presented find_bearer(const core::http::request& rq) noexcept {
   if (has_query_token(rq.query)) return {.reason = auth_reason::token_in_query};
   const core::http::field* found = nullptr;
   for (const auto& f : rq.fields) {
      if (!core::iequals(f.name, "authorization")) continue;
      if (found != nullptr) return {.reason = auth_reason::two_authorizations};
      found = &f;
   }
   return found == nullptr ? presented{} : behind_scheme(found->value);
}

presented find_token(const core::http::request& rq) noexcept {
   return with_token_checked(find_bearer(rq));
}

presented parse_authorization(std::string_view value) noexcept {
   return with_token_checked(behind_scheme(value));
}

bool has_query_token(std::string_view query) noexcept {
   while (!query.empty()) {
      const auto end = query.find_first_of("&;"); // `;` separates for some readers, too
      const auto parameter = query.substr(0, end);
      if (spells(parameter.substr(0, parameter.find('=')), "access_token")) return true;
      query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
   }
   return false;
}

} // namespace fmcp::auth
