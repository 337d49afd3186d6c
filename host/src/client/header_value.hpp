#pragma once

/// What stands in `Mcp-Name` and `Mcp-Param-*` (revision 2026-07-28, Streamable HTTP): copies of
/// parts of the body, so that whatever stands between may route by them.
///
/// Thread safety: pure functions.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json/value.hpp"

namespace fmcp::client {

/// The text itself, or `=?base64?…?=` when it could not stand in a field as it is, or would be
/// taken for that.
[[nodiscard]] std::string header_value(std::string_view text);

/// The fields for a call: one for each property of the schema that `x-mcp-header` marks, reached by
/// `properties` alone, whose argument is there and not null. At most 64.
[[nodiscard]] std::vector<std::pair<std::string, std::string>>
parameter_fields(const json::value& input_schema, const json::value& arguments);

} // namespace fmcp::client
