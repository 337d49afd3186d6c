#include "auth/freshness.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/text.hpp"

namespace fmcp::auth {
namespace {

/// RFC 9111 section 1.2.2, delta-seconds: a number too large counts as a very large one.
std::optional<std::int64_t> delta_seconds(std::string_view text) noexcept {
   constexpr std::int64_t very_large = 1 << 30;
   if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
      text.remove_prefix(1);
      text.remove_suffix(1);
   }
   if (text.empty() || text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
   std::int64_t n = 0;
   const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
   return ec != std::errc{} ? very_large : std::min(n, very_large);
}

struct directives {
   std::optional<std::int64_t> max_age;
   bool must_not_keep = false;
   bool is_unclear = false;
};

void read(std::string_view field, directives& out) {
   while (!field.empty()) {
      const auto one = core::trim(field.substr(0, field.find(',')));
      field.remove_prefix(std::min(field.size(), field.find(',')));
      if (!field.empty()) field.remove_prefix(1);
      const auto equals = one.find('=');
      const auto name = core::trim(one.substr(0, equals));
      if (core::iequals(name, "no-store") || core::iequals(name, "no-cache")) {
         out.must_not_keep = true;
      } else if (core::iequals(name, "max-age")) {
         const auto n = equals == one.npos ? std::nullopt
                                           : delta_seconds(core::trim(one.substr(equals + 1)));
         // Two that differ: the shorter (RFC 9111 section 4.2.1 lets us choose).
         out.max_age = n && out.max_age ? std::min(*n, *out.max_age) : n;
         out.is_unclear = out.is_unclear || !n;
      }
   }
}

} // namespace

std::chrono::seconds key_lifetime(const core::http::fetch_reply& reply) {
   directives d;
   for (const auto& [name, value] : reply.headers) {
      if (name == "cache-control") read(value, d);
   }
   if (d.must_not_keep) return min_key_lifetime;
   if (!d.max_age || d.is_unclear) return usual_key_lifetime;
   const auto age = delta_seconds(core::trim(reply.find("age"))).value_or(0);
   return std::clamp(std::chrono::seconds(*d.max_age - age), min_key_lifetime, max_key_lifetime);
}

} // namespace fmcp::auth
