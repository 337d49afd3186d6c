#include "unit/protocol/counted_new.hpp"

#include <cstdlib>
#include <new>

// A source file of its own: where the compiler sees one of a pair inlined, it takes malloc and free
// for a mismatch.

namespace {

thread_local std::size_t count = 0;

} // namespace

std::size_t fmcp::test::allocations() noexcept {
   return count;
}

void* operator new(std::size_t size) {
   ++count;
   if (void* p = std::malloc(size == 0 ? 1 : size); p != nullptr) return p;
   throw std::bad_alloc();
}
/// Replaced too, since a sanitizer's own would not go with our delete.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
   ++count;
   return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* p) noexcept {
   std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
   std::free(p);
}
