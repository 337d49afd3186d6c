#include "config/public_url.hpp"

#include <boost/url/parse.hpp>
#include <fmt/format.h>

#include "config/settings.hpp"
#include "core/text.hpp"

namespace fmcp::config {
namespace {

struct place {
   std::string scheme, host, path;
   unsigned port = 0;
};

/// Precondition: `parse_url` has accepted it; of anything else the members are empty.
place taken_apart(std::string_view url) {
   const auto u = boost::urls::parse_uri(boost::core::string_view(url.data(), url.size()));
   if (!u) return {};
   const auto text = [](boost::core::string_view s) { return std::string(s.data(), s.size()); };
   place out{.scheme = core::to_lower(text(u->scheme())),
             .host = core::to_lower(text(u->encoded_host())),
             .path = std::string(without_slash(text(u->encoded_target())))};
   out.port = u->has_port() ? u->port_number() : out.scheme == "https" ? 443 : 80;
   return out;
}

} // namespace

std::string_view without_slash(std::string_view url) noexcept {
   while (url.ends_with('/')) url.remove_suffix(1);
   return url;
}

bool is_same_place(std::string_view a, std::string_view b) {
   const auto x = taken_apart(a), y = taken_apart(b);
   return x.scheme == y.scheme && x.host == y.host && x.port == y.port && x.path == y.path;
}

std::vector<std::string> doubts_about(std::string_view base_url, const listening_place& here) {
   std::vector<std::string> out;
   const auto there = taken_apart(base_url);
   const std::string_view scheme = here.is_tls ? "https" : "http";
   const auto endpoint = fmt::format("{}{}", without_slash(base_url), here.path);
   if (here.path.size() > 1 && there.path.ends_with(here.path)) {
      out.push_back(
            fmt::format("The base URL {} ends with the path of the endpoint, so that clients "
                        "are told {}. Leave the path away unless that is right.",
                        base_url, endpoint));
   }
   if (!is_loopback(there.host)) {
      if (there.scheme == "http") {
         out.push_back(fmt::format("The base URL {} is not https: tokens travel in the clear, and "
                                   "many clients refuse it.",
                                   base_url));
      }
      return out;
   }
   // A free port is for tests, whose base URL is not for clients.
   if (here.port == 0) return out;
   const bool is_listened_to =
         is_loopback(here.host) || here.host == "0.0.0.0" || here.host == "::";
   if (there.port != here.port || there.scheme != scheme || !is_listened_to) {
      out.push_back(fmt::format("Clients are sent to {}, but the server listens on {} port {} and "
                                "speaks {}. Unless something forwards, the base URL has to be "
                                "{}://{}:{}.",
                                endpoint, here.host, here.port, scheme, scheme,
                                is_listened_to ? there.host : std::string(here.host), here.port));
   }
   return out;
}

} // namespace fmcp::config
