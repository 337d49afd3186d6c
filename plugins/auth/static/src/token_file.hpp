#pragma once

/// The file of tokens on disk: who may read it, and whether it has changed.

#include <cstdint>
#include <string>

namespace static_tokens {

/// Which file, and which state of it.
struct stamp {
   std::uint64_t device = 0, inode = 0, size = 0;
   std::int64_t modified_ns = 0, changed_ns = 0;

   [[nodiscard]] bool operator==(const stamp& o) const noexcept {
      return device == o.device && inode == o.inode && size == o.size &&
             modified_ns == o.modified_ns && changed_ns == o.changed_ns;
   }
   [[nodiscard]] bool operator!=(const stamp& o) const noexcept { return !(*this == o); }
};

/// Of what the path leads to now. A file that is not there has the default one.
[[nodiscard]] stamp stamp_of(const std::string& path) noexcept;

struct content {
   std::string text;
   stamp of;
};

/// Errors: std::runtime_error, one sentence: it is not there, no regular file, belongs to neither
/// root nor this user, may be read or written by others, or is larger than 1 MiB.
[[nodiscard]] content read_token_file(const std::string& path);

} // namespace static_tokens
