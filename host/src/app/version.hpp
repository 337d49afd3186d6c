#pragma once

namespace fmcp::app {

/// Of the program; the build takes it from the project.
inline constexpr const char* program_version = FMCP_PROGRAM_VERSION;

} // namespace fmcp::app
