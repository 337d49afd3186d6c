#pragma once

/// The bytes of one connection that have arrived and are not used up.
///
/// Contiguous, because heads and bodies are given out as views. Small while idle: it shrinks to
/// `small` when it is empty, so that an idle connection does not pay for its largest request.
///
/// A read may be under way into the free space (`prepare`) while the front is consumed; nothing
/// moves or is freed then until `commit`, which brings the bytes to where the content ends by that
/// time.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace fmcp::net {

class input_buffer {
public:
   static constexpr std::size_t small = 4096;

   [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }
   [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
   [[nodiscard]] std::string_view view() const noexcept { return {data_.get() + begin_, size()}; }
   [[nodiscard]] char* data() noexcept { return data_.get() + begin_; }

   void consume(std::size_t n) noexcept {
      begin_ += n;
      if (begin_ == end_) begin_ = end_ = 0;
   }
   /// Cuts the content to its first `n` bytes.
   void truncate(std::size_t n) noexcept { end_ = begin_ + n; }
   void clear() noexcept { begin_ = end_ = 0; }

   /// Free space behind the content, at least one byte, for a read. `wanted` is the size that the
   /// content is expected to reach; memory follows what has really arrived, not what was announced.
   [[nodiscard]] std::span<char> prepare(std::size_t wanted) {
      if (empty()) {
         begin_ = end_ = 0;
         if (capacity_ != small) allocate(small);
      }
      const std::size_t enough = std::max(size() + 1, std::min(wanted, 2 * size()));
      if (capacity_ - begin_ < enough || end_ == capacity_) {
         if (enough > capacity_) {
            allocate(std::max(small, std::bit_ceil(enough)));
         } else {
            std::memmove(data_.get(), data_.get() + begin_, size());
            end_ = size();
            begin_ = 0;
         }
      }
      reading_at_ = end_;
      return {data_.get() + end_, capacity_ - end_};
   }

   void commit(std::size_t n) noexcept {
      if (reading_at_ != end_) std::memmove(data_.get() + end_, data_.get() + reading_at_, n);
      end_ += n;
   }

private:
   void allocate(std::size_t capacity) {
      auto bigger = std::make_unique_for_overwrite<char[]>(capacity);
      if (!empty()) std::memcpy(bigger.get(), data_.get() + begin_, size());
      data_ = std::move(bigger);
      end_ = size();
      begin_ = 0;
      capacity_ = capacity;
   }

   std::unique_ptr<char[]> data_;
   std::size_t capacity_ = 0;
   std::size_t begin_ = 0, end_ = 0;
   std::size_t reading_at_ = 0;
};

} // namespace fmcp::net
