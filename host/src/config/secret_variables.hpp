#pragma once

/// Which variables of the process hold secrets, so that they can be wiped from its environment once
/// they have been read: `/proc/PID/environ`, children and core files show them otherwise.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/layers.hpp"

namespace fmcp::config {

/// Somebody whose variables have types.
struct secret_owner {
   std::string prefix;                    ///< `FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_`
   std::vector<std::string> public_names; ///< whole names of variables that hold no secret
};
/// From a manifest; of one that cannot be read everything counts as secret.
[[nodiscard]] secret_owner owner_of_secrets(std::string prefix, std::string_view manifest_json);

/// Names in upper case, sorted; the environment may have them in any case, so compare without it.
/// Those of the host's secrets and of the proxy; and of all settings of plugins and
/// providers except those that an owner calls public, since what nobody declares may be a secret
/// that was meant for somebody who is not there. The longest prefix owns a variable.
[[nodiscard]] std::vector<std::string> secret_variables(const layers& given,
                                                        std::span<const secret_owner> owners);

} // namespace fmcp::config
