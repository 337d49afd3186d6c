#pragma once

/// Opening a file that may decide what this process does: plugins, `.env`, configuration, secrets.
///
/// A file is as trustworthy as the least trustworthy directory above it, since whoever may write
/// there can put another file in its place. So the path is walked from `/`, one descriptor after
/// the other, and each component and the file itself has to be
///   - owned by root or by the user that this process runs as,
///   - writable by nobody else: neither group nor others nor an entry of an access control list.
/// A directory above the target that is sticky, like /tmp, may be writable by others: nobody can
/// replace another user's file there.
///
/// The answer is a descriptor. Whoever goes on with it, and not with the name, uses what was
/// checked.
///
/// Thread safety: all functions may be called from any thread. They block on the file system.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <sys/stat.h>

#include "core/result.hpp"

namespace fmcp::core {

/// Owns a file descriptor.
class unique_fd {
public:
   unique_fd() noexcept = default;
   explicit unique_fd(int fd) noexcept : fd_(fd) {}
   unique_fd(unique_fd&& other) noexcept : fd_(other.release()) {}
   unique_fd& operator=(unique_fd&& other) noexcept {
      if (this != &other) reset(other.release());
      return *this;
   }
   ~unique_fd() { reset(); }

   [[nodiscard]] int get() const noexcept { return fd_; }
   explicit operator bool() const noexcept { return fd_ >= 0; }
   int release() noexcept {
      const int fd = fd_;
      fd_ = -1;
      return fd;
   }
   void reset(int fd = -1) noexcept;

private:
   int fd_ = -1;
};

struct path_policy {
   enum class target : std::uint8_t { regular_file, directory };
   target kind = target::regular_file;
   /// A symbolic link is refused, or followed when its owner and its target pass as well. Secrets
   /// that a cluster mounts are links.
   bool follow_links = false;
   /// Of a regular file; 0 = any size.
   std::uint64_t max_bytes = 0;
   /// The user that may own files besides root. The default is the effective user of the process.
   std::uint32_t user = effective_user();

   [[nodiscard]] static std::uint32_t effective_user() noexcept;
};

/// What was opened: read from `fd`, and believe `status` about it.
struct safe_file {
   unique_fd fd;       ///< O_RDONLY, close-on-exec, at offset 0
   struct stat status; ///< of `fd`
   std::string path;   ///< absolute, as the operator knows it; for messages
};

/// Opens `path`; a relative one counts from the working directory.
///
/// Errors: not_found, denied (the message names the component, what is wrong with it and the
/// command that cures it), invalid (no regular file, no directory), limit (larger than
/// `max_bytes`), io.
[[nodiscard]] result<safe_file> open_safely(std::string_view path, const path_policy& policy = {});

/// The whole content, in one pass over the descriptor. A file that grows meanwhile beyond
/// `max_bytes` is an error, one that shrinks gives what is there. Errors: limit, io.
[[nodiscard]] result<std::string> read_all(const safe_file& file, std::uint64_t max_bytes);

/// Whether the bytes of a `system.posix_acl_access` attribute let somebody write who is neither
/// root nor `user`. What cannot be understood counts as yes.
[[nodiscard]] bool acl_lets_others_write(std::string_view attribute, std::uint32_t user) noexcept;

} // namespace fmcp::core
