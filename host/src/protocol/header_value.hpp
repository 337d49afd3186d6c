#pragma once

/// Values of `Mcp-Name` and `Mcp-Param-*` (reference 4.2): literal, or `=?base64?…?=`.

#include <optional>
#include <string>
#include <string_view>

#include "json/value.hpp"
#include "protocol/tool.hpp"

namespace fmcp::protocol {

/// The decoded value (blanks around it are cut first), or nothing: bytes outside 0x20–0x7E and tab,
/// wrong padding, foreign characters, or text that is not UTF-8.
[[nodiscard]] std::optional<std::string> decode_header_value(std::string_view field);

/// The same without a copy for the common, literal case: a view of `field` or of `memory`.
[[nodiscard]] std::optional<std::string_view> decode_header_value(std::string_view field,
                                                                  std::string& memory);

/// Whether the header says what the body says: text byte by byte, integers as numbers (`42.0` is
/// 42), booleans by name. `body` is the argument's value, never null.
[[nodiscard]] bool says_the_same(std::string_view decoded, const json::value& body,
                                 header_parameter::type what);

/// The argument that `p` annotates, or null when it or an object above it is absent or null.
[[nodiscard]] const json::value* find_argument(const json::value* arguments,
                                               const header_parameter& p) noexcept;

} // namespace fmcp::protocol
