#pragma once

/// Which of the host's services one plugin gets, and where it may go with them.
///
/// A service that stands on a backend is granted when the manifest names it ("uses" or "optional")
/// and the backend is there. `fmcp.exec/1` and `fmcp.notify/1` are everybody's;
/// `fmcp.auth-host/1` is a provider's, and nobody else's.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/fetch.hpp"
#include "core/result.hpp"
#include "plugins/backends.hpp"
#include "plugins/manifest.hpp"

namespace fmcp::plugins {

/// As what a plugin is loaded.
enum class role : std::uint8_t { tools, provider };

struct grants {
   backends with{}; ///< null: not granted
   bool is_provider = false;
   std::shared_ptr<const core::http::fetch_policy> reach{}; ///< never null where http or jwt is
};

/// Whether all that the manifest cannot do without is there.
/// Errors: unsupported; the message is a predicate of the file.
[[nodiscard]] core::result<void> check_services(const manifest& m, const backends& available,
                                                role as);

/// `net`: origins of the manifest; `trusted`: those of the operator.
[[nodiscard]] grants make_grants(const manifest& m, const backends& available, role as,
                                 std::vector<std::string> net, std::vector<std::string> trusted);

} // namespace fmcp::plugins
