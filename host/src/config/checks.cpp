#include "config/checks.hpp"

#include <algorithm>
#include <charconv>

#include "config/settings.hpp"
#include "core/text.hpp"
#include "core/utf8.hpp"
#include "json/document.hpp"

namespace fmcp::config {

complaint check_text(std::string_view text) {
   if (text.find('\0') != std::string_view::npos) return "holds a NUL character";
   if (!core::is_utf8(text)) return "is not UTF-8";
   return std::nullopt;
}

complaint check_host(std::string_view host) {
   const bool is_v6 = std::ranges::count(host, ':') > 1;
   if (!is_v6 && host.find(':') != std::string_view::npos) return "holds a port; give that as port";
   if (host.find_first_of(" \t\r\n/[]@?#*") != std::string_view::npos)
      return "is neither an address nor a host name";
   return std::nullopt;
}

parsed<std::string> parse_endpoint(std::string_view text) {
   const auto fits = [](char c) {
      return c > ' ' && c < 0x7F && std::string_view("?#%\\\"").find(c) == std::string_view::npos;
   };
   if (!text.starts_with('/') || !std::ranges::all_of(text, fits) ||
       text.find("//") != std::string_view::npos) {
      return std::unexpected("is not a path such as /mcp, without query, escapes and blanks");
   }
   if (text.size() > 1 && text.ends_with('/')) text.remove_suffix(1);
   if (text == "/healthz" || text == "/readyz")
      return std::unexpected("is a path of the health checks");
   return std::string(text);
}

parsed<std::string> parse_icons(std::string_view text) {
   auto compact = parse_json(text);
   if (!compact) return compact;
   json::document doc;
   const auto root = doc.parse(*compact);
   if (!root || !(*root)->is(json::kind::array)) return std::unexpected("is not a JSON array");
   for (const auto& icon : (*root)->items()) {
      const auto src = icon.find_string("src");
      if (!src || !(src->starts_with("https://") || src->starts_with("http://") ||
                    src->starts_with("data:"))) {
         return std::unexpected("has an icon without \"src\" that is an https: or data: URI");
      }
   }
   return compact;
}

parsed<std::string> parse_store(std::string_view text) {
   text = core::trim(text);
   const auto colon = std::min(text.find(':'), text.size());
   const auto kind = core::to_lower(text.substr(0, colon));
   if (kind == "memory" && colon == text.size()) return kind;
   if (kind == "sqlite" && colon + 1 != text.size()) return kind + std::string(text.substr(colon));
   return std::unexpected("is not memory, sqlite or sqlite:PATH");
}

complaint check_allowed_hosts(const std::vector<std::string>& hosts) {
   for (const auto& h : hosts) {
      if (h == "*")
         return "allows everybody; that is what http_host_origin_protection=false is for";
      if (h.find_first_of("/@?# ") != std::string::npos)
         return "has the entry " + shown(h) + ", which is no host or host:port";
   }
   return std::nullopt;
}

complaint check_allowed_origins(const std::vector<std::string>& origins) {
   for (const auto& o : origins) {
      if (o == "*")
         return "allows everybody; that is what http_host_origin_protection=false is for";
      const auto scheme = o.find("://");
      if (scheme == std::string::npos || scheme == 0 ||
          o.find_first_of("/@?# ", scheme + 3) != std::string::npos || o.size() == scheme + 3) {
         return "has the entry " + shown(o) +
                ", which is no origin such as https://app.example.com";
      }
   }
   return std::nullopt;
}

bool is_loopback(std::string_view host) noexcept {
   if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
   if (core::iequals(host, "localhost") || host == "::1") return true;
   if (!host.starts_with("127.")) return false;
   int parts = 0;
   for (const char *at = host.data(), *end = at + host.size();; ++at) {
      unsigned n = 0;
      const auto [stop, failed] = std::from_chars(at, end, n);
      if (failed != std::errc{} || n > 255) return false;
      ++parts;
      if (stop == end) return parts == 4;
      if (*stop != '.') return false;
      at = stop;
   }
}

} // namespace fmcp::config
