#include "plugins/origins.hpp"

#include <algorithm>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "core/text.hpp"
#include "json/document.hpp"

namespace fmcp::plugins {

std::optional<std::string> origin_of(std::string_view text) {
   const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
   if (parsed.has_error()) return std::nullopt;
   const auto url = *parsed;
   std::string out = core::to_lower(std::string_view(url.scheme().data(), url.scheme().size()));
   if (out != "http" && out != "https") return std::nullopt;
   const bool is_tls = out == "https";
   const auto host = url.encoded_host();
   const std::string_view name(host.data(), host.size());
   // A name in percent-encoding means whatever its reader takes it for.
   if (!url.has_authority() || url.has_userinfo() || name.empty() ||
       name.find('%') != std::string_view::npos)
      return std::nullopt;
   // Boost 1.81 takes `a.example:x` for a host and a path; RFC 3986 section 3 has a slash there.
   const std::string_view path(url.encoded_path().data(), url.encoded_path().size());
   if (!path.empty() && path.front() != '/') return std::nullopt;
   out += "://" + core::to_lower(name);
   if (url.has_port() && !url.port().empty()) {
      const auto port = url.port_number(); // 0: none that 16 bits hold
      if (port == 0) return std::nullopt;
      if (port != (is_tls ? 443 : 80)) out += ":" + std::to_string(port);
   }
   return out;
}

std::vector<std::string> origins_of_settings(const json::value& manifest,
                                             std::string_view config_json) {
   std::vector<std::string> out;
   const auto* declared = manifest.find("settings");
   json::document config;
   if (declared == nullptr || !declared->is(json::kind::array)) return out;
   const auto values = config.parse_copy(config_json);
   if (!values) return out;
   for (const auto& setting : declared->items()) {
      const auto name = setting.find_string("name");
      if (!name || setting.find_string("type") != "url") continue;
      const auto url = (*values)->find_string(*name);
      auto origin = url ? origin_of(*url) : std::nullopt;
      if (origin && std::ranges::find(out, *origin) == out.end()) out.push_back(*origin);
   }
   return out;
}

} // namespace fmcp::plugins
