#pragma once

/// The published revisions of the Model Context Protocol, and the two eras they fall into.
///
/// *Legacy*: up to 2025-11-25; `initialize` opens a session whose revision holds for what follows.
/// *Modern*: from 2026-07-28; every request names its revision itself, in `params._meta`.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fmcp::protocol {

enum class revision : std::uint8_t {
   v2024_11_05,
   v2025_03_26,
   v2025_06_18,
   v2025_11_25,
   v2026_07_28
};

inline constexpr std::size_t revision_count = 5;
inline constexpr revision newest_legacy = revision::v2025_11_25;
inline constexpr revision newest_modern = revision::v2026_07_28;

inline constexpr std::array<std::string_view, revision_count> revision_names{
      "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"};

[[nodiscard]] constexpr std::string_view name_of(revision r) noexcept {
   return revision_names[static_cast<std::size_t>(r)];
}
[[nodiscard]] constexpr bool is_modern(revision r) noexcept {
   return r > newest_legacy;
}
/// The revision of that name, when it is served here.
[[nodiscard]] constexpr std::optional<revision> find_revision(std::string_view name) noexcept {
   for (std::size_t i = 0; i < revision_count; ++i) {
      if (revision_names[i] == name) return static_cast<revision>(i);
   }
   return std::nullopt;
}

} // namespace fmcp::protocol
