// In a file of its own, so that the compiler cannot look into one half of a pair of new and delete.

#include "allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::size_t> count{0};
}

std::size_t fmcp::test::allocations() noexcept {
   return count.load();
}

void* operator new(std::size_t size) {
   ++count;
   if (void* p = std::malloc(size)) return p;
   throw std::bad_alloc();
}
void operator delete(void* p) noexcept {
   std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
   std::free(p);
}
