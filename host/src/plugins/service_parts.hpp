#pragma once

/// What the tables of the single services share. Each table lives in a file of its own;
/// `services.cpp` decides who gets which.

#include <optional>
#include <string>
#include <string_view>

#include <fmcp/auth.h>
#include <fmcp/services.h>

#include "core/result.hpp"
#include "plugins/grown.hpp"
#include "plugins/instance.hpp"

namespace fmcp::plugins {

extern const fmcp_http http_table;
extern const fmcp_jwt jwt_table;
extern const fmcp_kvstore kv_table;
extern const fmcp_crypto crypto_table;
extern const fmcp_auth_host auth_host_table;

[[nodiscard]] inline instance& self(void* ctx) noexcept {
   return *static_cast<instance*>(ctx);
}

/// How an error of a backend is told to a plugin.
[[nodiscard]] fmcp_status status_of(core::errc code) noexcept;

/// Bytes that become the plugin's, and go when it releases them, even behind the instance's end.
/// `is_secret`: they are overwritten first.
[[nodiscard]] fmcp_buf give(std::string bytes, bool is_secret = false);

[[nodiscard]] inline fmcp_bytes bytes_of(std::string_view text) noexcept {
   return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
/// The text behind `b`; nothing when it is longer than `most` or has length but no address.
[[nodiscard]] inline std::optional<std::string_view> view_bytes(fmcp_bytes b,
                                                                std::uint64_t most) noexcept {
   if (b.len > most || (b.len != 0 && b.ptr == nullptr)) return std::nullopt;
   return b.len == 0 ? std::string_view{}
                     : std::string_view(reinterpret_cast<const char*>(b.ptr), b.len);
}

} // namespace fmcp::plugins
