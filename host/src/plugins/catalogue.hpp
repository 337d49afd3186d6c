#pragma once

/// What a plugin's `list` gives, copied into memory of the host and checked.

#include <string>
#include <string_view>
#include <vector>

#include <fmcp/call.h>

#include "core/result.hpp"
#include "json/document.hpp"

namespace fmcp::plugins {

/// One item, in the host's own memory.
struct listed_item {
   std::string name;
   std::string json; ///< one line
   std::uint32_t exec = FMCP_EX_MAY_BLOCK;
   std::vector<std::string> required_scopes;
   std::uint32_t max_concurrency = 0;
   std::uint32_t timeout_ms = 0; ///< 0 = the host's default
   std::uint64_t tag = 0;        ///< the plugin's own
   json::document document;      ///< of `json`
};

/// Copies and checks a list of tools. Refused: a list that cannot be stepped, sizes that cannot be
/// true, a name that is empty, too long, not printable or reserved (`fastmcp.` is the host's own),
/// the same name twice, JSON that is no object or names another tool, no object as `inputSchema`.
/// Errors: invalid, limit; the message is a predicate: "lists a tool …".
[[nodiscard]] core::result<std::vector<listed_item>> copy_tools(const fmcp_list& list,
                                                                std::uint32_t max_tools);

} // namespace fmcp::plugins
