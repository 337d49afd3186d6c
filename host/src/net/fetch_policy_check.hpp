#pragma once

/// Whether a request may go where it wants to: first by its URL, then by the address that was
/// found.
///
/// Pure functions. Thread safety: any thread.

#include "core/fetch.hpp"
#include "net/address_class.hpp"
#include "net/url.hpp"

namespace fmcp::net {

/// What the connections of an admitted request may lead to.
struct reach {
   bool is_https = true;
   bool is_trusted = false; ///< the operator named this origin
   [[nodiscard]] bool admits(address_class what) const noexcept;
};

/// Errors: denied; the sentence names the origin and what would allow it.
[[nodiscard]] core::result<reach> judge(const core::http::fetch_policy& policy, const url& target);

} // namespace fmcp::net
