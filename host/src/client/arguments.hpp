#pragma once

/// From the words of a command line to the arguments of a tool.
///
/// Thread safety: pure functions.
/// Errors: invalid; the sentence names the argument and what the tool wants.

#include <string>
#include <string_view>
#include <vector>

#include "client/mcp_client.hpp"
#include "core/result.hpp"

namespace fmcp::client {

/// `key=value` words as one JSON object, each value in the type that the tool's input schema has
/// for it: text as it stands, numbers, `true` and `false`, and JSON for lists and objects. Where
/// the schema allows several types, or says nothing, the value is JSON when it reads as such, else
/// text. `of` null: nothing is known about the tool.
[[nodiscard]] core::result<std::string> typed_arguments(const std::vector<std::string>& words,
                                                        const tool* of);
/// The text of one JSON object, on one line.
[[nodiscard]] core::result<std::string> json_arguments(std::string_view text);

} // namespace fmcp::client
