#pragma once

/// Memory of one parsed text: taken in order, given back all at once, reused by the next text.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>
#include <vector>

namespace fmcp::json {

/// Thread safety: none. What was taken stays valid until reset() or trim().
class arena {
public:
   template <class T>
   T* copy(const T* from, std::size_t count) {
      static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= alignment);
      if (count == 0) return nullptr;
      auto* p = take(count * sizeof(T));
      std::memcpy(p, from, count * sizeof(T));
      return static_cast<T*>(p);
   }
   std::string_view copy(std::string_view text) {
      return {copy(text.data(), text.size()), text.size()};
   }

   /// Starts over in the memory that is already here.
   void reset() noexcept {
      current_ = 0;
      used_ = 0;
   }
   /// Starts over with at most `keep_bytes`.
   void trim(std::size_t keep_bytes) noexcept {
      reset();
      std::size_t sum = 0;
      std::size_t keep = 0;
      while (keep < chunks_.size() && sum + chunks_[keep].size <= keep_bytes) {
         sum += chunks_[keep++].size;
      }
      chunks_.resize(keep);
   }

private:
   static constexpr std::size_t alignment = alignof(std::max_align_t);
   static constexpr std::size_t first_chunk = 4u << 10;
   static constexpr std::size_t largest_chunk = 1u << 20;

   struct chunk {
      std::unique_ptr<std::byte[]> bytes;
      std::size_t size = 0;
   };

   void* take(std::size_t n) {
      n = (n + alignment - 1) / alignment * alignment;
      if (current_ == chunks_.size() || chunks_[current_].size - used_ < n) next(n);
      void* p = chunks_[current_].bytes.get() + used_;
      used_ += n;
      return p;
   }

   void next(std::size_t n) {
      if (current_ < chunks_.size()) ++current_;
      while (current_ < chunks_.size() && chunks_[current_].size < n) ++current_;
      used_ = 0;
      if (current_ < chunks_.size()) return;
      const std::size_t grown =
            chunks_.empty() ? first_chunk : std::min(chunks_.back().size * 2, largest_chunk);
      const std::size_t size = std::max(n, grown);
      chunks_.push_back({std::make_unique_for_overwrite<std::byte[]>(size), size});
   }

   std::vector<chunk> chunks_;
   std::size_t current_ = 0; // index of the chunk in use
   std::size_t used_ = 0;    // bytes of it
};

} // namespace fmcp::json
