#pragma once

/// Which members or items of one instance have been evaluated: what `unevaluatedProperties` and
/// `unevaluatedItems` need to know (2020-12 core, section 11). Internal to the room.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fmcp::json::detail {

/// Thread safety: none. Allocates for instances with more than 256 members only.
class marks {
public:
   explicit marks(std::size_t size) {
      if (size > few_.size() * word) many_.resize((size + word - 1) / word);
   }

   void set(std::size_t i) noexcept { words()[i / word] |= std::uint64_t{1} << i % word; }
   void set_all() noexcept { all_ = true; }
   [[nodiscard]] bool has(std::size_t i) const noexcept {
      const auto* w = many_.empty() ? few_.data() : many_.data();
      return all_ || (w[i / word] >> i % word & 1) != 0;
   }
   /// Precondition: both are about the same instance.
   void merge(const marks& other) noexcept {
      all_ |= other.all_;
      for (std::size_t i = 0; i < few_.size(); ++i) few_[i] |= other.few_[i];
      for (std::size_t i = 0; i < many_.size(); ++i) many_[i] |= other.many_[i];
   }

private:
   static constexpr std::size_t word = 64;
   std::uint64_t* words() noexcept { return many_.empty() ? few_.data() : many_.data(); }

   std::array<std::uint64_t, 4> few_{};
   std::vector<std::uint64_t> many_;
   bool all_ = false;
};

} // namespace fmcp::json::detail
