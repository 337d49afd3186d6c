#pragma once

#include <cstddef>

namespace fmcp::test {

/// How often this program has called operator new so far, on all threads.
[[nodiscard]] std::size_t allocations() noexcept;

} // namespace fmcp::test
