#include "protocol/http_guard.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include <arpa/inet.h>

#include "core/log.hpp"
#include "core/text.hpp"

namespace fmcp::protocol {
namespace {

using core::iequals;
using core::http::field;

constexpr std::string_view methods = "POST, GET, DELETE, OPTIONS";
constexpr std::string_view exposed =
      "Mcp-Session-Id, WWW-Authenticate, Retry-After, Mcp-Protocol-Version, Last-Event-Id";
constexpr std::string_view always_allowed =
      "Content-Type, Accept, Authorization, MCP-Protocol-Version, Mcp-Method, Mcp-Name, "
      "Mcp-Session-Id, Last-Event-ID";
/// Tools can change, and with them the allowed headers.
constexpr std::string_view preflight_lifetime_s = "600";
/// Clients give up on fields that are longer than a few KiB.
constexpr std::size_t max_allow_headers = 4096;

/// `host[:port]` of RFC 3986, 3.2.2 and 3.2.3; the host is not looked into.
struct authority {
   std::string_view host;
   std::optional<std::uint16_t> port; ///< an empty port is none
};

std::optional<authority> split_authority(std::string_view text) noexcept {
   authority out;
   std::size_t end = 0;
   if (text.starts_with('[')) {
      end = text.find(']');
      if (end == std::string_view::npos) return std::nullopt;
      ++end;
   } else {
      end = std::min(text.find(':'), text.size());
   }
   out.host = text.substr(0, end);
   auto rest = text.substr(end);
   if (out.host.empty() || out.host.find_first_of("@/?#\\ ") != std::string_view::npos)
      return std::nullopt;
   if (rest.empty() || rest == ":") return out;
   rest.remove_prefix(1);
   std::uint16_t port = 0;
   const auto [stop, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), port);
   if (text[end] != ':' || failed != std::errc{} || stop != rest.data() + rest.size() || port == 0)
      return std::nullopt;
   out.port = port;
   return out;
}

std::optional<in6_addr> read_ipv6(std::string_view bracketed) noexcept {
   std::array<char, INET6_ADDRSTRLEN> text{};
   in6_addr out{};
   if (!bracketed.starts_with('[') || !bracketed.ends_with(']')) return std::nullopt;
   bracketed = bracketed.substr(1, bracketed.size() - 2);
   if (bracketed.size() >= text.size()) return std::nullopt;
   std::memcpy(text.data(), bracketed.data(), bracketed.size());
   if (inet_pton(AF_INET6, text.data(), &out) != 1) return std::nullopt;
   return out;
}

bool is_same_host(std::string_view a, std::string_view b) noexcept {
   if (iequals(a, b)) return true;
   if (!a.starts_with('[') || !b.starts_with('[')) return false;
   const auto x = read_ipv6(a), y = read_ipv6(b);
   return x && y && std::memcmp(&*x, &*y, sizeof *x) == 0;
}

/// 127.0.0.0/8 in the dotted form; other spellings (`127.1`, `0x7f.1`) never come from a browser.
bool is_loopback_ipv4(std::string_view host) noexcept {
   if (!host.starts_with("127.") || host.size() > 15) return false;
   int parts = 0;
   for (const char *at = host.data(), *const end = at + host.size();; ++at) {
      std::uint8_t n = 0;
      const auto [stop, failed] = std::from_chars(at, end, n);
      if (failed != std::errc{}) return false;
      ++parts;
      if (stop == end) return parts == 4;
      if (*stop != '.') return false;
      at = stop;
   }
}

bool is_loopback_host(std::string_view host) noexcept {
   return iequals(host, "localhost") || is_loopback_ipv4(host) || is_same_host(host, "[::1]");
}

std::uint16_t default_port_of(std::string_view scheme) noexcept {
   return iequals(scheme, "http") ? 80 : iequals(scheme, "https") ? 443 : 0;
}

struct origin {
   std::string_view scheme;
   std::string_view host;
   std::uint16_t port = 0;
};

/// `scheme://host[:port]` and nothing else (RFC 6454, 6.2); `null` is none.
std::optional<origin> read_origin(std::string_view text) noexcept {
   const auto colon = text.find("://");
   if (colon == std::string_view::npos || colon == 0) return std::nullopt;
   const auto a = split_authority(text.substr(colon + 3));
   if (!a) return std::nullopt;
   const auto scheme = text.substr(0, colon);
   return origin{scheme, a->host, a->port.value_or(default_port_of(scheme))};
}

/// The origin of a URL: without path, query and fragment.
std::string_view origin_part(std::string_view url) noexcept {
   const auto colon = url.find("://");
   if (colon == std::string_view::npos) return {};
   return url.substr(0, url.find_first_of("/?#", colon + 3));
}

/// Brackets around an IPv6 address that has none: only there is more than one colon.
std::string with_brackets(std::string_view host) {
   if (host.starts_with('[') || std::ranges::count(host, ':') < 2) return std::string(host);
   return '[' + std::string(host) + ']';
}

bool is_wildcard(std::string_view host) noexcept {
   return host.empty() || host == "0.0.0.0" || host == "*" || is_same_host(host, "[::]");
}

/// The only Origin field; `is_repeated` when there are more.
struct origin_field {
   const field* only = nullptr;
   bool is_repeated = false;
};
origin_field find_origin(std::span<const field> fields) noexcept {
   origin_field out;
   for (const auto& f : fields) {
      if (f.name.size() != 6 || !iequals(f.name, "origin")) continue;
      out.is_repeated = out.only != nullptr;
      out.only = &f;
      if (out.is_repeated) break;
   }
   return out;
}

std::string list_headers(const std::vector<std::string>& parameters) {
   std::string out(always_allowed);
   for (auto at = parameters.begin(); at != parameters.end(); ++at) {
      const auto is_same = [&](const std::string& other) { return iequals(other, *at); };
      if (std::find_if(parameters.begin(), at, is_same) != at) continue;
      if (out.size() + at->size() + 2 > max_allow_headers) {
         core::log::warn("protocol", "cors header list is full; browsers cannot send the rest {}",
                         core::log::kv("first_left_out", *at));
         break;
      }
      out.append(", ").append(*at);
   }
   return out;
}

} // namespace

http_guard::http_guard(options o)
    : options_(std::move(o)), default_port_(options_.is_tls ? 443 : 80),
      allow_headers_(list_headers(options_.parameter_headers)) {
   const bool is_default = options_.port == default_port_;
   for (const auto name : {"localhost", "127.0.0.1", "[::1]"}) {
      add_host(name, options_.port, is_default);
   }
   const auto bound = with_brackets(options_.bound_host);
   if (!is_wildcard(bound)) {
      add_host(bound, options_.port, is_default);
      add_origin((options_.is_tls ? "https://" : "http://") + bound + ':' +
                 std::to_string(options_.port));
   }
   add_configured();
}

void http_guard::add_configured() {
   if (const auto base = read_origin(origin_part(options_.base_url)); base && base->port != 0) {
      add_host(base->host, base->port, base->port == default_port_of(base->scheme));
      add_origin(origin_part(options_.base_url));
   }
   for (const auto& entry : options_.allowed_hosts) {
      const auto text = with_brackets(entry);
      if (const auto a = split_authority(text)) add_host(a->host, a->port.value_or(0), false);
   }
   for (const auto& entry : options_.allowed_origins) add_origin(entry);
}

void http_guard::add_host(std::string_view host, std::uint16_t port, bool is_default_port) {
   auto name = core::to_lower(host);
   if (port != 0) usual_hosts_.push_back(name + ':' + std::to_string(port));
   if (port == 0 || is_default_port) usual_hosts_.push_back(name);
   hosts_.push_back({{}, std::move(name), port, is_default_port});
}

void http_guard::add_origin(std::string_view text) {
   if (const auto o = read_origin(text)) {
      origins_.push_back({core::to_lower(o->scheme), core::to_lower(o->host), o->port, false});
   }
}

bool http_guard::is_our_host(std::string_view value) const noexcept {
   for (const auto& usual : usual_hosts_) {
      if (iequals(usual, value)) return true;
   }
   const auto a = split_authority(value);
   if (!a) return false;
   if (a->port.value_or(default_port_) == options_.port && is_loopback_host(a->host)) return true;
   return std::ranges::any_of(hosts_, [&](const place& p) {
      const bool has_port = p.port == 0 || (a->port ? *a->port == p.port : p.is_default_port);
      return has_port && is_same_host(a->host, p.host);
   });
}

bool http_guard::is_our_origin(std::string_view value) const noexcept {
   const auto o = read_origin(value);
   if (!o) return false;
   const bool is_http = iequals(o->scheme, "http"), is_https = iequals(o->scheme, "https");
   if ((is_http || is_https) && is_loopback_host(o->host)) {
      // Our own page, or any page of this machine's while nobody else can reach us.
      const bool is_own = o->port == options_.port && is_https == options_.is_tls;
      if (is_own || options_.is_loopback) return true;
   }
   return std::ranges::any_of(origins_, [&](const place& p) {
      return o->port == p.port && iequals(o->scheme, p.scheme) && is_same_host(o->host, p.host);
   });
}

http_guard::verdict http_guard::check(const core::http::request& rq) const noexcept {
   if (!options_.is_on) return verdict::pass;
   if (!is_our_host(rq.host)) return verdict::foreign_host;
   const auto found = find_origin(rq.fields);
   if (found.only == nullptr) return verdict::pass;
   if (found.is_repeated || !is_our_origin(found.only->value)) return verdict::foreign_origin;
   return verdict::pass;
}

void http_guard::add_cors(std::string_view origin, std::vector<field>& fields) const {
   if (origin.empty()) return;
   fields.push_back({"Access-Control-Allow-Origin", origin});
   fields.push_back({"Access-Control-Expose-Headers", exposed});
   fields.push_back({"Vary", "Origin"});
}

void http_guard::preflight(const core::http::request& rq, core::http::responder& out) const {
   const auto found = find_origin(rq.fields);
   if (found.only == nullptr || found.is_repeated || found.only->value.empty()) {
      const std::array plain{field{"Allow", methods}};
      return out.reply({.status = 204, .content_type = {}, .fields = plain}, {});
   }
   const std::array answer{field{"Access-Control-Allow-Origin", found.only->value},
                           field{"Access-Control-Allow-Methods", methods},
                           field{"Access-Control-Allow-Headers", allow_headers_},
                           field{"Access-Control-Max-Age", preflight_lifetime_s},
                           field{"Vary", "Origin"}};
   out.reply({.status = 204, .content_type = {}, .fields = answer}, {});
}

http_guard http_guard::with_parameter_headers(std::vector<std::string> names) const {
   auto copy = *this;
   copy.allow_headers_ = list_headers(names);
   copy.options_.parameter_headers = std::move(names);
   return copy;
}

} // namespace fmcp::protocol
