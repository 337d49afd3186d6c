#pragma once

/// As much of RFC 3986 as the identifiers of JSON Schema need.

#include <optional>
#include <string>
#include <string_view>

namespace fmcp::json {

/// The parts as they are written. An absent part and an empty one are different things (5.2.2).
struct uri_parts {
   std::optional<std::string_view> scheme;
   std::optional<std::string_view> authority;
   std::string_view path;
   std::optional<std::string_view> query;
   std::optional<std::string_view> fragment;

   explicit uri_parts(std::string_view text) noexcept;
};

/// `reference` seen from `base` (5.2.2), with dot segments removed. `base` may be empty.
[[nodiscard]] std::string resolve_uri(std::string_view base, std::string_view reference);

/// Replaces %XX by the byte; a percent sign that starts no such thing stays.
[[nodiscard]] std::string percent_decoded(std::string_view text);

} // namespace fmcp::json
