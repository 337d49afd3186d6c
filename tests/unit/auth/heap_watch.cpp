#include "unit/auth/heap_watch.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

#include <malloc.h>
#include <string.h> // memmem

namespace {

thread_local std::size_t allocated = 0;
std::atomic<std::size_t> marked{0};

void* take(std::size_t size) noexcept {
   ++allocated;
   // Cleared, so that the marker of an earlier owner is not found in what nobody has written to.
   return std::calloc(1, size == 0 ? 1 : size);
}

void give_back(void* p) noexcept {
   if (p == nullptr) return;
   if (::memmem(p, ::malloc_usable_size(p), fmcp::test::marker, sizeof fmcp::test::marker - 1) !=
       nullptr)
      ++marked;
   std::free(p);
}

} // namespace

namespace fmcp::test {

std::size_t allocations() noexcept {
   return allocated;
}
std::size_t blocks_with_marker() noexcept {
   return marked;
}

} // namespace fmcp::test

void* operator new(std::size_t size) {
   if (void* p = take(size)) return p;
   throw std::bad_alloc();
}
void* operator new[](std::size_t size) {
   return operator new(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
   return take(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
   return take(size);
}
void operator delete(void* p) noexcept {
   give_back(p);
}
void operator delete[](void* p) noexcept {
   give_back(p);
}
void operator delete(void* p, std::size_t) noexcept {
   give_back(p);
}
void operator delete[](void* p, std::size_t) noexcept {
   give_back(p);
}
