#pragma once

/// The host's tables of C functions: `fmcp_host` and the services behind it.
///
/// Each function is noexcept, takes the instance as `ctx`, and is callable from any thread.

#include <string_view>

#include <fmcp/services.h>

namespace fmcp::plugins {

class instance;

/// Whether a plugin may name `id` in "uses".
[[nodiscard]] bool has_service(std::string_view id) noexcept;

/// The table for one instance. `version` must live as long as the table.
[[nodiscard]] fmcp_host make_host_table(instance& ctx, std::string_view version) noexcept;

/// `FMCP_E_IO` for -10.
[[nodiscard]] std::string_view status_name(fmcp_status status) noexcept;

} // namespace fmcp::plugins
