#pragma once

/// A principal as plugins see it (`fmcp_request.principal`).

#include <array>
#include <memory>

#include <fmcp/abi.h>

#include "core/principal.hpp"

namespace fmcp::plugins {

/// Lifetimes: keeps the principal alive; what `get` gives lives as long as this object, so it is a
/// member of whatever the plugin's request belongs to. It neither copies nor moves, since its parts
/// point to each other.
/// Costs: no allocation for a principal with up to eight scopes, one for others.
/// Thread safety: immutable.
class principal_view {
public:
   explicit principal_view(core::caller_ref who);
   principal_view(const principal_view&) = delete;
   principal_view& operator=(const principal_view&) = delete;

   /// Null when the host runs without authentication.
   [[nodiscard]] const fmcp_principal* get() const noexcept { return who_ ? &view_ : nullptr; }

private:
   const core::caller_ref who_;
   fmcp_principal view_; // filled only if there is somebody, as the scopes
   std::array<fmcp_str, 8> few_;
   std::unique_ptr<fmcp_str[]> many_;
};

} // namespace fmcp::plugins
