#pragma once

/// Reading growing structs and borrowed views of the other side (`<fmcp/abi.h>`, conventions 3, 4).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include <fmcp/abi.h>

namespace fmcp::plugins {

/// No struct of the ABI comes near it in any version; more is a size that was never set.
inline constexpr std::uint32_t max_struct_size = 4096;

[[nodiscard]] inline bool is_sane_size(std::uint32_t size, std::size_t least) noexcept {
   // All of them hold pointers, so that their size is a multiple of a pointer's; another one would
   // end inside a member, and half an address is no address.
   return size >= least && size <= max_struct_size && size % alignof(void*) == 0;
}

/// Copies min(size, sizeof) bytes into a zeroed local. Nothing when the pointer is null or `size`
/// cannot be true: smaller than the `least` bytes that every version has, odd, or huge.
template <class T>
[[nodiscard]] std::optional<T> copy_grown(const void* from, std::size_t least) noexcept {
   if (from == nullptr) return std::nullopt;
   std::uint32_t size = 0;
   std::memcpy(&size, from, sizeof size);
   if (!is_sane_size(size, least)) return std::nullopt;
   T out{};
   std::memcpy(&out, from, std::min<std::size_t>(size, sizeof out));
   return out;
}

/// Bytes that every version of T has: everything up to and including `member`.
#define FMCP_LEAST(T, member) (offsetof(T, member) + sizeof(T::member))

/// The text behind `s`; nothing when it is longer than `most` or has length but no pointer.
[[nodiscard]] inline std::optional<std::string_view> view(fmcp_str s, std::uint64_t most) noexcept {
   if (s.len > most || (s.len != 0 && s.ptr == nullptr)) return std::nullopt;
   return s.len == 0 ? std::string_view{} : std::string_view(s.ptr, s.len);
}

[[nodiscard]] inline fmcp_str str(std::string_view text) noexcept {
   return {text.data(), text.size()};
}

/// Element `index` of a list, by the list's own stride. Precondition: a list that was checked.
[[nodiscard]] inline const char* element(const fmcp_list& list, std::uint32_t index) noexcept {
   return static_cast<const char*>(list.items) + std::size_t{index} * list.stride;
}

/// Whether the elements of `list` can be stepped: each has `least` bytes and there are at most
/// `most` of them.
[[nodiscard]] inline bool is_sane_list(const fmcp_list& list, std::size_t least,
                                       std::uint32_t most) noexcept {
   return list.count == 0 || (list.items != nullptr && list.count <= most && list.stride >= least &&
                              list.stride <= max_struct_size);
}

} // namespace fmcp::plugins
