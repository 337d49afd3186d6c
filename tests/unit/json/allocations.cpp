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

// Every form, because a sanitizer has replacements of its own for those that are left out, and a
// pair of two kinds does not match.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
   ++count;
   return std::malloc(size);
}
void* operator new(std::size_t size) {
   if (void* p = operator new(size, std::nothrow)) return p;
   throw std::bad_alloc();
}
void* operator new[](std::size_t size) {
   return operator new(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
   return operator new(size, std::nothrow);
}
void operator delete(void* p) noexcept {
   std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
   std::free(p);
}
void operator delete(void* p, const std::nothrow_t&) noexcept {
   std::free(p);
}
void operator delete[](void* p) noexcept {
   std::free(p);
}
void operator delete[](void* p, std::size_t) noexcept {
   std::free(p);
}
void operator delete[](void* p, const std::nothrow_t&) noexcept {
   std::free(p);
}
