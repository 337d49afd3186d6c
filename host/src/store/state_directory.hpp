#pragma once

/// A directory for what the host keeps, with files that only this user may use (0600).
///
/// It is reached by the walk of core/safe_path.hpp: nobody else can put another directory or file
/// in its place. That is why its files may be named by their path afterwards, as SQLite wants it.
///
/// Thread safety: immutable; several processes may use the same directory.
/// Errors: denied (the sentence has the command that cures it), io.

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/safe_path.hpp"

namespace fmcp::store {

class state_directory {
public:
   /// Makes it, and what is missing above it, with mode 0700. One that was there may be readable by
   /// others, who learn the names of files from it, and is refused when others may write to it.
   [[nodiscard]] static core::result<state_directory> open(std::string_view path);

   [[nodiscard]] std::string path_of(std::string_view name) const;

   /// Sees to it that there is a file of that name, empty when it is new, and that it is this
   /// user's own. Never opens one that was there: closing it again would drop the process's locks
   /// on it.
   [[nodiscard]] core::result<void> ensure_file(const std::string& name) const;
   /// Errors: not_found, limit.
   [[nodiscard]] core::result<std::string> read_file(const std::string& name,
                                                     std::size_t max_bytes) const;
   /// Whole and durable, or not at all. Errors: conflict (there is one already).
   [[nodiscard]] core::result<void> create_file(const std::string& name,
                                                std::string_view content) const;
   /// The same, in the place of one that may be there. Of several at once the last one counts;
   /// who must not undo the others' work holds a lock.
   [[nodiscard]] core::result<void> replace_file(const std::string& name,
                                                 std::string_view content) const;
   /// An exclusive lock (flock) on the file of that name, which is made for it: held until the
   /// descriptor is closed. Errors: timeout.
   [[nodiscard]] core::result<core::unique_fd> lock_file(const std::string& name,
                                                         std::chrono::milliseconds patience) const;

private:
   explicit state_directory(core::safe_file opened) : opened_(std::move(opened)) {}
   [[nodiscard]] core::result<void> check_file(const struct stat& status,
                                               const std::string& name) const;
   [[nodiscard]] core::result<void> write_file(const std::string& name,
                                               std::string_view content) const;
   [[nodiscard]] core::result<void>
   publish_file(const std::string& name, std::string_view content,
                const std::function<core::result<void>(const std::string& draft)>& publish) const;

   core::safe_file opened_;
};

} // namespace fmcp::store
