#pragma once

/// A principal as plugins see it (`fmcp_request.principal`).

#include <array>
#include <memory>

#include <fmcp/abi.h>

#include "core/principal.hpp"

namespace fmcp::plugins {

/// Lifetimes: points into the principal, which outlives it; what `get` gives lives as long as this
/// object, so it is a member of whatever the plugin's request belongs to. It neither copies nor
/// moves, since its parts point to each other.
/// Costs: made anew for each call, about a hundred instructions and no allocation with up to eight
/// scopes (one with more). To keep one per principal would cost a counted reference per call.
/// Thread safety: immutable.
class principal_view {
public:
   explicit principal_view(const core::principal& who);
   principal_view(const principal_view&) = delete;
   principal_view& operator=(const principal_view&) = delete;

   [[nodiscard]] const fmcp_principal* get() const noexcept { return &view_; }

private:
   fmcp_principal view_;
   std::array<fmcp_str, 8> few_; // the first ones are filled, unless there are too many
   std::unique_ptr<fmcp_str[]> many_;
};

} // namespace fmcp::plugins
