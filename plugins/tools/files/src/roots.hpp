#pragma once

/// The granted directories, and the only door to what is below them.
///
/// A root is opened once, when the plugin starts, and everything else is opened relative to that by
/// openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS: the kernel itself refuses `..`,
/// absolute links and links that lead out, whatever changes meanwhile. Clients see "docs/plan.md"
/// where "docs" names a root, and never a path of the machine.
///
/// Thread safety: const functions may be called from any thread.
/// Errors: file_error, whose text is for the model and names no path of the machine.

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace files {

class file_error : public std::runtime_error {
public:
   using std::runtime_error::runtime_error;
};

/// Owns a file descriptor.
class descriptor {
public:
   descriptor() noexcept = default;
   explicit descriptor(int fd) noexcept : fd_(fd) {}
   descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
   descriptor& operator=(descriptor&& other) noexcept {
      std::swap(fd_, other.fd_);
      return *this;
   }
   ~descriptor();
   [[nodiscard]] int get() const noexcept { return fd_; }
   [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
   explicit operator bool() const noexcept { return fd_ >= 0; }

private:
   int fd_ = -1;
};

enum class entry_kind { file, directory, link, other };

struct file_status {
   entry_kind kind = entry_kind::other;
   std::uint64_t size = 0;
   std::int64_t modified = 0; ///< seconds since 1970
};

/// Of an open file; of a link itself, when it was opened as one.
file_status status_of(int fd, std::string_view shown_path);

/// A place below a root.
struct located {
   std::size_t root = 0;
   std::string below; ///< without leading slash; empty: the root itself
   std::string shown; ///< "docs/plan.md"
};

class root_set {
public:
   /// Each is a path, or "name=path". Errors: std::runtime_error, for the operator, who may see
   /// paths of the machine; also when the kernel has no openat2 (before Linux 5.6).
   root_set(const std::vector<std::string>& granted, bool allow_hidden);

   [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }
   [[nodiscard]] bool allows_hidden() const noexcept { return allow_hidden_; }

   /// Takes a path of a client's apart: "docs/a/b", or "a/b" when there is one root only. Refuses
   /// `..`, NUL, and hidden components unless they are allowed.
   [[nodiscard]] located locate(std::string_view path) const;
   /// Opens a regular file for reading; nothing else, so no pipe blocks and no device moves.
   [[nodiscard]] descriptor open_file(const located& at, file_status& status) const;
   [[nodiscard]] descriptor open_directory(const located& at) const;
   [[nodiscard]] file_status status(const located& at) const;

private:
   [[nodiscard]] descriptor open(const located& at, int flags) const;

   std::vector<std::string> names_;
   std::vector<descriptor> roots_;
   bool allow_hidden_;
};

} // namespace files
