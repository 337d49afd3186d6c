#include "plugins/grants.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace fmcp::plugins {
namespace {

/// Whether the host has what the service stands on.
bool is_there(std::string_view service, const backends& b, role as) {
   if (service == "fmcp.http/1") return b.http != nullptr;
   if (service == "fmcp.jwt/1") return b.jwt != nullptr;
   if (service == "fmcp.kv/1") return b.kv != nullptr;
   if (service == "fmcp.crypto/1") return b.crypto != nullptr;
   if (service == "fmcp.auth-host/1") return as == role::provider;
   return true;
}

bool names(const manifest& m, std::string_view service) {
   return std::ranges::find(m.uses, service) != m.uses.end() ||
          std::ranges::find(m.optional, service) != m.optional.end();
}

} // namespace

core::result<void> check_services(const manifest& m, const backends& available, role as) {
   for (const auto& service : m.uses) {
      if (is_there(service, available, as)) continue;
      if (service == "fmcp.auth-host/1") {
         return core::fail(core::errc::unsupported,
                           "uses the service fmcp.auth-host/1, which is for authentication "
                           "providers; put the file into the directory of providers.");
      }
      return core::fail(core::errc::unsupported,
                        fmt::format("uses the service {}, which this host does not run here; have "
                                    "it name the service under \"optional\" if it can do without.",
                                    service));
   }
   return {};
}

grants make_grants(const manifest& m, const backends& available, role as,
                   std::vector<std::string> net, std::vector<std::string> trusted) {
   grants out;
   out.is_provider = as == role::provider;
   if (names(m, "fmcp.http/1")) out.with.http = available.http;
   if (names(m, "fmcp.jwt/1")) out.with.jwt = available.jwt;
   if (names(m, "fmcp.kv/1")) out.with.kv = available.kv;
   if (names(m, "fmcp.crypto/1")) out.with.crypto = available.crypto;
   core::http::fetch_policy reach;
   reach.origins = std::move(net);
   for (const auto& origin : trusted) {
      if (std::ranges::find(reach.origins, origin) == reach.origins.end()) {
         reach.origins.push_back(origin);
      }
   }
   reach.trusted = std::move(trusted);
   reach.leaves_room = as == role::tools; // for the provider's and the host's own
   out.reach = std::make_shared<const core::http::fetch_policy>(std::move(reach));
   return out;
}

} // namespace fmcp::plugins
