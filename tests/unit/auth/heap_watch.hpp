#pragma once

/// Watches the heap: operator new and delete of the test program are replaced.

#include <cstddef>

namespace fmcp::test {

/// Calls of operator new on this thread so far.
[[nodiscard]] std::size_t allocations() noexcept;

/// This text in a block that is given back counts as left behind.
inline constexpr char marker[] = "LEFT-BEHIND-ON-THE-HEAP";
/// Blocks given back so far, by any thread, in which the marker still stood.
[[nodiscard]] std::size_t blocks_with_marker() noexcept;

} // namespace fmcp::test
