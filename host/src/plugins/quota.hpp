#pragma once

/// A bound on how many of something are open at a time. A place is given back by whoever lets go of
/// it last, also behind the quota's end.
///
/// Thread safety: any thread.

#include <atomic>
#include <cstddef>
#include <memory>

namespace fmcp::plugins {

class quota {
public:
   using place = std::shared_ptr<void>;

   explicit quota(std::size_t max) : max_(max) {}
   /// Null: none is left.
   [[nodiscard]] place take() {
      const auto others = open_->fetch_add(1);
      // Without memory for it the count is put right too: the deleter is called then.
      place mine(open_.get(), [open = open_](void*) { --*open; });
      return others < max_ ? mine : nullptr;
   }

private:
   const std::size_t max_;
   const std::shared_ptr<std::atomic<std::size_t>> open_ =
         std::make_shared<std::atomic<std::size_t>>(0);
};

} // namespace fmcp::plugins
