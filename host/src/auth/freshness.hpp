#pragma once

/// How long a fetched key set counts as fresh (RFC 9111 section 4.2), within bounds of our own.
///
/// Thread safety: a function.

#include <chrono>

#include "core/fetch.hpp"

namespace fmcp::auth {

inline constexpr std::chrono::seconds min_key_lifetime{300};
inline constexpr std::chrono::seconds usual_key_lifetime{3600};
inline constexpr std::chrono::seconds max_key_lifetime{86'400};

/// `Cache-Control: max-age` less `Age`; the shortest for `no-store` and `no-cache`; the usual one
/// when the server does not say, or not clearly.
[[nodiscard]] std::chrono::seconds key_lifetime(const core::http::fetch_reply& reply);

} // namespace fmcp::auth
