#pragma once

/// The bytes of a bearer token that is kept for a while, overwritten when they go.
///
/// Not a `std::string`: short ones live inside the object and are left behind by a move.
///
/// Thread safety: immutable once made.

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include <string.h> // explicit_bzero

namespace fmcp::auth {

class token_text {
public:
   token_text() = default;
   explicit token_text(std::string_view text)
       : bytes_(std::make_unique_for_overwrite<char[]>(text.size())), size_(text.size()) {
      if (!text.empty()) std::memcpy(bytes_.get(), text.data(), text.size());
   }
   token_text(token_text&& other) noexcept
       : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}
   token_text& operator=(token_text&& other) noexcept {
      std::swap(bytes_, other.bytes_);
      std::swap(size_, other.size_);
      return *this;
   }
   ~token_text() {
      if (bytes_) ::explicit_bzero(bytes_.get(), size_);
   }

   [[nodiscard]] std::string_view view() const noexcept { return {bytes_.get(), size_}; }

private:
   std::unique_ptr<char[]> bytes_;
   std::size_t size_ = 0;
};

} // namespace fmcp::auth
