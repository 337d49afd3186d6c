#pragma once

/// Lists of strings from the other side, copied and bounded.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmcp/abi.h>

namespace fmcp::plugins {

/// An OAuth scope (RFC 6749 3.3): visible ASCII without quotes and backslashes, not empty.
[[nodiscard]] bool is_scope(std::string_view text) noexcept;

/// A list of fmcp_str. Nothing when it cannot be stepped, has more than `most` entries, or one that
/// is longer than `longest` bytes or no UTF-8.
[[nodiscard]] std::optional<std::vector<std::string>>
copy_strings(const fmcp_list& list, std::uint32_t most, std::size_t longest);

} // namespace fmcp::plugins
