#pragma once

/// Counts what a test takes from the heap: operator new of the test program is replaced.

#include <cstddef>

namespace fmcp::test {

/// Calls of operator new on this thread so far.
std::size_t allocations() noexcept;

} // namespace fmcp::test
