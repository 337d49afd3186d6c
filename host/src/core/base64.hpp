#pragma once

/// Base64 of RFC 4648, strict: no line breaks, no foreign characters, canonical padding bits.

#include <optional>
#include <string>
#include <string_view>

namespace fmcp::core {

/// Section 4, with padding.
void append_base64(std::string& out, std::string_view bytes);
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

/// Section 5, without padding.
void append_base64url(std::string& out, std::string_view bytes);
[[nodiscard]] std::optional<std::string> decode_base64url(std::string_view text);

} // namespace fmcp::core
