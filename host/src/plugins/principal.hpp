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
/// Costs: made for each call, some fifty instructions, which no place to keep it would cost less:
/// no allocation for a principal with up to eight scopes (one for others), no reference is counted.
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
