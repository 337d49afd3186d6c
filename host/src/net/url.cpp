#include "net/url.hpp"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>

#include "core/text.hpp"
#include "net/address_class.hpp"

namespace fmcp::net {
namespace {

constexpr std::size_t max_url = 8 * 1024;
constexpr std::size_t max_shown_path = 200;

std::unexpected<core::error> refused(std::string_view why) {
   return core::fail(core::errc::invalid, "the URL cannot be used: " + std::string(why));
}

bool is_digit(char c) noexcept {
   return c >= '0' && c <= '9';
}
bool is_alnum(char c) noexcept {
   return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_hex(char c) noexcept {
   return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/// pchar, '/' and '?' (RFC 3986 3.3, 3.4).
bool has_only_allowed(std::string_view text) noexcept {
   constexpr std::string_view marks = "-._~!$&'()*+,;=:@/?";
   for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '%') {
         if (text.size() - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
      } else if (!is_alnum(text[i]) && !marks.contains(text[i])) {
         return false;
      }
   }
   return true;
}

/// Names of RFC 1123, with the underscore that is met in practice.
bool is_name(std::string_view host) noexcept {
   if (host.empty() || host.size() > 253) return false;
   std::size_t label = 0;
   for (const char c : host) {
      if (c == '.') {
         if (label == 0) return false;
         label = 0;
      } else if ((!is_alnum(c) && c != '-' && c != '_') || ++label > 63) {
         return false;
      }
   }
   return label > 0;
}

/// Resolvers read `1`, `0x7f.1` and `0177.0.0.1` as addresses: a name never ends in a number.
bool ends_in_number(std::string_view host) noexcept {
   const auto dot = host.rfind('.');
   const auto last = dot == host.npos ? host : host.substr(dot + 1);
   return std::ranges::all_of(last, is_digit) || last.starts_with("0x");
}

core::result<std::string> checked_host(std::string_view text) {
   if (text.starts_with('[')) {
      in6_addr address{};
      const std::string literal(text.substr(1, text.size() - 2));
      if (!text.ends_with(']') || literal.contains('\0') ||
          ::inet_pton(AF_INET6, literal.c_str(), &address) != 1) {
         return refused("its host is in brackets and no IPv6 address");
      }
      char canonical[INET6_ADDRSTRLEN];
      ::inet_ntop(AF_INET6, &address, canonical, sizeof canonical);
      return canonical;
   }
   auto host = core::to_lower(text);
   if (!is_name(host)) return refused("its host is neither a name nor an address");
   in_addr address{};
   if (ends_in_number(host) && ::inet_pton(AF_INET, host.c_str(), &address) != 1) {
      return refused("its host ends in a number and is no IPv4 address of four parts");
   }
   return host;
}

core::result<std::uint16_t> checked_port(std::string_view text) {
   std::uint16_t port = 0;
   const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
   if (failed != std::errc{} || end != text.data() + text.size() || port == 0) {
      return refused("its port is no number from 1 to 65535");
   }
   return port;
}

core::result<void> read_authority(std::string_view text, url& out) {
   if (text.contains('@')) return refused("it has a user name or password in front of the host");
   const auto bracket = text.starts_with('[') ? text.find(']') : 0;
   const auto colon = text.find(':', bracket == text.npos ? 0 : bracket);
   auto host = checked_host(text.substr(0, colon));
   if (!host) return std::unexpected(std::move(host.error()));
   out.host = std::move(*host);
   out.port = out.is_https() ? 443 : 80;
   if (colon == text.npos) return {};
   const auto port = checked_port(text.substr(colon + 1));
   if (!port) return std::unexpected(port.error());
   out.port = *port;
   return {};
}

/// RFC 3986 5.2.4
std::string without_dot_segments(std::string_view path) {
   std::string out;
   while (!path.empty()) {
      const auto next = path.find('/', 1);
      const auto segment = path.substr(0, next);
      const bool is_last = next == path.npos;
      if (segment == "/..") {
         out.resize(out.empty() ? 0 : out.rfind('/'));
         if (is_last) out.push_back('/');
      } else if (segment == "/.") {
         if (is_last) out.push_back('/');
      } else {
         out.append(segment);
      }
      path = is_last ? std::string_view() : path.substr(next);
   }
   return out;
}

bool has_scheme(std::string_view text) noexcept {
   const auto colon = text.find(':');
   return colon != text.npos && colon < text.find_first_of("/?");
}

} // namespace

core::result<url> url::parse(std::string_view text) {
   if (text.size() > max_url) return refused("it is longer than 8 KiB");
   if (text.contains('#')) return refused("it has a fragment");
   const auto colon = text.find("://");
   url made;
   made.scheme = colon == text.npos ? std::string() : core::to_lower(text.substr(0, colon));
   if (made.scheme != "https" && made.scheme != "http") {
      return refused("it does not begin with https:// (or with http:// for loopback)");
   }
   text.remove_prefix(colon + 3);
   const auto end = std::min(text.find_first_of("/?"), text.size());
   if (auto r = read_authority(text.substr(0, end), made); !r) {
      return std::unexpected(std::move(r.error()));
   }
   text.remove_prefix(end);
   if (!has_only_allowed(text)) return refused("it has characters that must be percent-encoded");
   const auto mark = std::min(text.find('?'), text.size());
   made.path = mark == 0 ? "/" : text.substr(0, mark);
   made.query = text.substr(mark);
   return made;
}

bool url::is_literal() const noexcept {
   return classify_literal(host).has_value();
}

bool url::is_loopback() const noexcept {
   return host == "localhost" || host.ends_with(".localhost") ||
          classify_literal(host) == address_class::loopback;
}

std::string url::origin() const {
   std::string out = scheme + "://" + (host.contains(':') ? "[" + host + "]" : host);
   if (port != (is_https() ? 443 : 80)) out += ":" + std::to_string(port);
   return out;
}

std::string url::place() const {
   return origin() + (path.size() > max_shown_path ? path.substr(0, max_shown_path) + "…" : path);
}

core::result<url> follow(const url& base, std::string_view location) {
   location = location.substr(0, location.find('#'));
   if (has_scheme(location)) return url::parse(location);
   if (location.starts_with("//")) return url::parse(base.scheme + ":" + std::string(location));
   if (location.empty()) return base;
   if (location.starts_with('?')) {
      return url::parse(base.origin() + base.path + std::string(location));
   }
   const auto mark = std::min(location.find('?'), location.size());
   std::string path(location.substr(0, mark));
   if (!path.starts_with('/')) path = base.path.substr(0, base.path.rfind('/') + 1) + path; // 5.2.3
   return url::parse(base.origin() + without_dot_segments(path) +
                     std::string(location.substr(mark)));
}

} // namespace fmcp::net
