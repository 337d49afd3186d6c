#pragma once

/// What a store takes. Part of each implementation, not a thing for its users to know.
///
/// Thread safety: functions without state.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/result.hpp"

namespace fmcp::store {

inline constexpr std::size_t max_space_bytes = 256;

struct limits {
   std::size_t max_key_bytes = 512;
   std::size_t max_value_bytes = 256 * 1024;
   std::uint64_t max_entries = 100'000;           ///< of one space
   std::uint64_t max_bytes = 64ull * 1024 * 1024; ///< of one space, keys and values
};

/// Errors: invalid, limit.
[[nodiscard]] core::result<void> check_name(const limits& l, std::string_view space,
                                            std::string_view key);
/// What is put. Errors: invalid, limit.
[[nodiscard]] core::result<void> check_value(const limits& l, std::string_view value,
                                             std::chrono::milliseconds ttl);

/// The sentence of a space that has no room for one more.
[[nodiscard]] core::error space_is_full(const limits& l, std::string_view space);
/// The sentences of `not_found` and `conflict`.
[[nodiscard]] core::error no_such_key();
[[nodiscard]] core::error other_version();

} // namespace fmcp::store
