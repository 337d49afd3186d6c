#include "net/fetch_policy_check.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace fmcp::net {
namespace {

std::unexpected<core::error> denied(std::string message) {
   return core::fail(core::errc::denied, std::move(message));
}

/// An entry that is no origin matches nothing.
bool names(const std::vector<std::string>& origins, const std::string& wanted) {
   return std::ranges::any_of(origins, [&](const std::string& entry) {
      const auto parsed = url::parse(entry);
      return parsed && parsed->path == "/" && parsed->query.empty() && parsed->origin() == wanted;
   });
}

} // namespace

bool reach::admits(address_class what) const noexcept {
   if (what == address_class::loopback) return is_trusted;
   return is_https && (is_trusted || what == address_class::global);
}

core::result<reach> judge(const core::http::fetch_policy& policy, const url& target) {
   const auto origin = target.origin();
   if (!target.is_https() && !target.is_loopback()) {
      return denied(
            fmt::format("{} is not reached: plain http is for loopback only; use https", origin));
   }
   const reach found{.is_https = target.is_https(), .is_trusted = names(policy.trusted, origin)};
   const bool is_named = found.is_trusted || names(policy.origins, origin) ||
                         (policy.any_public_https && target.is_https());
   if (!is_named) {
      return denied(fmt::format("{} is not reached: it is not among the origins that are allowed; "
                                "they come from the manifest and the settings",
                                origin));
   }
   const auto what = classify_literal(target.host);
   if (what && !found.admits(*what)) {
      return denied(fmt::format("{} is not reached: {} is {}, which only an origin that the "
                                "settings name may have",
                                origin, target.host, describe(*what)));
   }
   return found;
}

} // namespace fmcp::net
