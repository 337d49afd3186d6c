#pragma once

/// Values of `Mcp-Name` and `Mcp-Param-*` (reference 4.2): literal, or `=?base64?…?=`.

#include <optional>
#include <string>
#include <string_view>

#include "protocol/tool.hpp"
#include "json/value.hpp"

namespace fmcp::protocol {

/// The decoded value (blanks around it are cut first), or nothing: bytes outside 0x20–0x7E and tab,
/// wrong padding, foreign characters, or text that is not UTF-8.
[[nodiscard]] std::optional<std::string> decode_header_value(std::string_view field);

/// The same without a copy for the common, literal case: a view of `field` or of `memory`.
[[nodiscard]] std::optional<std::string_view> decode_header_value(std::string_view field,
                                                                  std::string& memory);

/// Whether the header says what the body says: text byte by byte, integers as numbers (`42.0` is
/// 42) and within ±(2^53 - 1), booleans by name. `body` is the argument's value, never null.
///
/// A body of another type than `what` is compared as what it is: the schema refuses it afterwards,
/// with words that a model can act on, which a header error has not. Arrays and objects never
/// match.
[[nodiscard]] bool says_the_same(std::string_view decoded, const json::value& body,
                                 header_parameter::type what);

/// The argument that `p` annotates, or null when it or an object above it is absent or null.
[[nodiscard]] const json::value* find_argument(const json::value* arguments,
                                               const header_parameter& p) noexcept;

} // namespace fmcp::protocol
