#pragma once

/// Rules of single host settings that go beyond their kind.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/parse.hpp"

namespace fmcp::config {

/// What is wrong with a value, as the rest of a sentence, or nothing.
using complaint = std::optional<std::string>;

/// UTF-8 without NUL: it goes into JSON, file names and logs.
[[nodiscard]] complaint check_text(std::string_view text);
/// An address without brackets or a name, without a port.
[[nodiscard]] complaint check_host(std::string_view host);
[[nodiscard]] complaint check_allowed_hosts(const std::vector<std::string>& hosts);
[[nodiscard]] complaint check_allowed_origins(const std::vector<std::string>& origins);

/// The path of the MCP endpoint, without a slash at the end; not one of the health checks.
[[nodiscard]] parsed<std::string> parse_endpoint(std::string_view text);
/// `memory`, `sqlite` or `sqlite:PATH`; the words in any case.
[[nodiscard]] parsed<std::string> parse_store(std::string_view text);
/// A JSON array of icon objects, on one line.
[[nodiscard]] parsed<std::string> parse_icons(std::string_view text);

} // namespace fmcp::config
