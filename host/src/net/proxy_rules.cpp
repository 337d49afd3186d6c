#include "net/proxy_rules.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include <arpa/inet.h>

#include "core/text.hpp"

namespace fmcp::net {
namespace {

/// Bytes of an address literal and how many there are; 0: no literal.
struct address_bytes {
   std::array<std::uint8_t, 16> bytes{};
   unsigned size = 0;

   explicit address_bytes(const std::string& text) {
      if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
         size = 4;
      } else if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) {
         size = 16;
      }
   }
};

bool is_within(const std::string& host, const std::string& range) {
   const auto slash = range.find('/');
   const address_bytes address(host), prefix(range.substr(0, slash));
   if (address.size == 0 || address.size != prefix.size) return false;
   unsigned bits = address.size * 8;
   if (slash != range.npos) {
      const char* const end = range.data() + range.size();
      const auto [at, failed] = std::from_chars(range.data() + slash + 1, end, bits);
      if (failed != std::errc{} || at != end || bits > address.size * 8) return false;
   }
   for (unsigned i = 0; i < bits; ++i) {
      const auto mask = static_cast<std::uint8_t>(0x80 >> (i % 8));
      if (((address.bytes[i / 8] ^ prefix.bytes[i / 8]) & mask) != 0) return false;
   }
   return true;
}

/// Cuts `:port` off; false when it is another port.
bool is_port_of(std::string& entry, const url& target) {
   if (entry.starts_with('[')) {
      const auto bracket = std::min(entry.find(']'), entry.size() - 1);
      const auto rest = entry.substr(bracket + 1);
      entry = entry.substr(1, bracket - 1);
      return rest.empty() || rest == ":" + std::to_string(target.port);
   }
   const auto colon = entry.find(':');
   if (colon == entry.npos || entry.find(':', colon + 1) != entry.npos) return true;
   const auto port = entry.substr(colon + 1);
   entry.resize(colon);
   return port == std::to_string(target.port);
}

bool covers(std::string entry, const url& target) {
   if (entry == "*") return true;
   if (!is_port_of(entry, target)) return false;
   if (target.is_literal()) return is_within(target.host, entry);
   std::string_view name = entry;
   if (name.starts_with('*')) name.remove_prefix(1);
   if (name.starts_with('.')) name.remove_prefix(1);
   if (name.empty() || !target.host.ends_with(name)) return false;
   const auto front = target.host.size() - name.size();
   return front == 0 || target.host[front - 1] == '.';
}

int hex(char c) noexcept {
   if (c >= '0' && c <= '9') return c - '0';
   c = static_cast<char>(c | 0x20);
   return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
   std::string out;
   for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
         out.push_back(static_cast<char>(hex(text[i + 1]) << 4 | hex(text[i + 2])));
         i += 2;
      } else {
         out.push_back(text[i]);
      }
   }
   return out;
}

core::result<proxy> parse_proxy(std::string_view text) {
   proxy made;
   const auto mark = text.find("://");
   const std::string scheme(mark == text.npos ? "http" : text.substr(0, mark));
   if (mark != text.npos) text.remove_prefix(mark + 3);
   if (const auto at = text.rfind('@'); at != text.npos) {
      const auto login = text.substr(0, at);
      const auto colon = std::min(login.find(':'), login.size());
      made.user = percent_decoded(login.substr(0, colon));
      made.password = percent_decoded(login.substr(std::min(colon + 1, login.size())));
      text.remove_prefix(at + 1);
   }
   auto address = url::parse(scheme + "://" + std::string(text));
   if (!address) return core::wrap("the proxy for https", std::move(address.error()));
   if (address->path != "/" || !address->query.empty() || made.user.contains('\0') ||
       made.password.contains('\0')) {
      return core::fail(core::errc::invalid,
                        "the proxy for https cannot be used: write http://host:port, with a user "
                        "and a password in front of the host if it wants them");
   }
   made.address = std::move(*address);
   return made;
}

} // namespace

core::result<proxy_rules> proxy_rules::parse(std::string_view https_proxy,
                                             std::string_view no_proxy) {
   proxy_rules made;
   if (https_proxy = core::trim(https_proxy); !https_proxy.empty()) {
      auto parsed = parse_proxy(https_proxy);
      if (!parsed) return std::unexpected(std::move(parsed.error()));
      made.proxy_ = std::move(*parsed);
   }
   while (!no_proxy.empty()) {
      const auto end = std::min(no_proxy.find_first_of(", \t"), no_proxy.size());
      if (end > 0) made.direct_.push_back(core::to_lower(no_proxy.substr(0, end)));
      no_proxy.remove_prefix(std::min(end + 1, no_proxy.size()));
   }
   return made;
}

const proxy* proxy_rules::find(const url& target) const {
   if (!proxy_ || !target.is_https() || target.is_loopback()) return nullptr;
   const bool is_direct = std::ranges::any_of(
         direct_, [&](const std::string& entry) { return covers(entry, target); });
   return is_direct ? nullptr : &*proxy_;
}

} // namespace fmcp::net
