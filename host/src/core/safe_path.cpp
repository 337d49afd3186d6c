#include "core/safe_path.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/text.hpp"

namespace fmcp::core {
namespace {

constexpr int max_links = 40; // as the kernel's own walk
constexpr std::size_t max_path_bytes = 4096;

std::string printable(std::string_view text) {
   std::string out;
   append_printable(out, text);
   return out;
}

std::string reason(int error_number) {
   return std::error_code(error_number, std::generic_category()).message();
}

errc code_of(int error_number) noexcept {
   switch (error_number) {
   case ENOENT:
   case ENOTDIR: return errc::not_found;
   case EACCES:
   case EPERM: return errc::denied;
   default: return errc::io;
   }
}

std::uint32_t read_le(std::string_view bytes, std::size_t at, std::size_t count) noexcept {
   std::uint32_t n = 0;
   for (std::size_t i = count; i-- > 0;) n = n << 8 | static_cast<unsigned char>(bytes[at + i]);
   return n;
}

/// The walk of one path. Holds the directory that was reached and its name for messages.
class walk {
public:
   walk(std::string_view path, const path_policy& policy) : policy_(policy), asked_(path) {}

   result<safe_file> run() {
      if (auto started = start(); !started) return std::unexpected(started.error());
      while (!todo_.empty()) {
         const std::string name = std::move(todo_.front());
         todo_.pop_front();
         if (name.empty() || name == ".") continue;
         auto step = name == ".." ? enter(name) : advance(name);
         if (!step) return std::unexpected(step.error());
         if (file_) return finish();
      }
      return finish();
   }

private:
   result<void> start() {
      if (asked_.empty()) return fail(errc::invalid, "The path of the file is empty.");
      if (asked_.size() > max_path_bytes || asked_.find('\0') != std::string::npos) {
         return fail(errc::invalid, "The path is too long or holds a NUL character.");
      }
      if (asked_.front() != '/') {
         std::error_code failed;
         const auto here = std::filesystem::current_path(failed);
         if (failed)
            return fail(errc::io,
                        "The working directory cannot be read: " + failed.message() + ".");
         asked_ = here.string() + (here.string().ends_with('/') ? "" : "/") + asked_;
      }
      enqueue_front(asked_);
      return from_root();
   }

   result<void> from_root() {
      directory_.reset(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
      if (!directory_)
         return fail(errc::io, "The root directory cannot be opened: " + reason(errno) + ".");
      reached_.assign(1, '/'); // GCC 12 warns of an overlap in `= "/"` (GCC bug 105651)
      return check_directory();
   }

   void enqueue_front(std::string_view path) {
      std::deque<std::string> parts;
      for (std::size_t at = 0; at <= path.size();) {
         const auto slash = std::min(path.find('/', at), path.size());
         if (slash > at) parts.emplace_back(path.substr(at, slash - at));
         at = slash + 1;
      }
      todo_.insert(todo_.begin(), parts.begin(), parts.end());
   }

   [[nodiscard]] bool is_last() const {
      return std::ranges::all_of(todo_, [](const std::string& s) { return s.empty() || s == "."; });
   }

   [[nodiscard]] std::string place(std::string_view name) const {
      return printable(reached_ + (reached_.ends_with('/') ? "" : "/") + std::string(name));
   }

   result<void> advance(const std::string& name) {
      struct stat seen{};
      if (::fstatat(directory_.get(), name.c_str(), &seen, AT_SYMLINK_NOFOLLOW) != 0) {
         return fail(code_of(errno),
                     fmt::format("{} cannot be opened: {}.", place(name), reason(errno)));
      }
      if (S_ISLNK(seen.st_mode)) return follow(name, seen);
      if (!is_last()) {
         if (!S_ISDIR(seen.st_mode))
            return fail(errc::not_found, place(name) + " is not a directory.");
         return enter(name);
      }
      if (policy_.kind == path_policy::target::directory) {
         if (!S_ISDIR(seen.st_mode))
            return fail(errc::invalid, place(name) + " is not a directory.");
         return open_target(name, O_DIRECTORY);
      }
      if (!S_ISREG(seen.st_mode))
         return fail(errc::invalid, place(name) + " is not a regular file.");
      return open_target(name, O_NONBLOCK | O_NOCTTY);
   }

   result<void> follow(const std::string& name, const struct stat& link) {
      if (!policy_.follow_links) {
         return fail(errc::denied,
                     place(name) + " is a symbolic link; name the file that it leads to.");
      }
      if (auto owned = check_owner(link, place(name), false); !owned) return owned;
      if (++links_ > max_links) {
         return fail(errc::denied, place(name) + " leads through more than 40 symbolic links.");
      }
      char target[max_path_bytes];
      const auto n = ::readlinkat(directory_.get(), name.c_str(), target, sizeof target);
      if (n <= 0 || static_cast<std::size_t>(n) == sizeof target) {
         return fail(errc::io, place(name) + " is a symbolic link that cannot be read.");
      }
      enqueue_front({target, static_cast<std::size_t>(n)});
      if (target[0] == '/') return from_root();
      return {};
   }

   result<void> enter(const std::string& name) {
      unique_fd next(::openat(directory_.get(), name.c_str(),
                              O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!next) {
         return fail(code_of(errno),
                     fmt::format("{} cannot be opened: {}.", place(name), reason(errno)));
      }
      reached_ = name == ".." ? std::filesystem::path(reached_).parent_path().string()
                              : reached_ + (reached_.ends_with('/') ? "" : "/") + name;
      directory_ = std::move(next);
      return check_directory();
   }

   result<void> open_target(const std::string& name, int flags) {
      unique_fd opened(
            ::openat(directory_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags));
      if (!opened) {
         return fail(code_of(errno),
                     fmt::format("{} cannot be opened: {}.", place(name), reason(errno)));
      }
      struct stat status{};
      if (::fstat(opened.get(), &status) != 0) {
         return fail(errc::io,
                     fmt::format("{} cannot be examined: {}.", place(name), reason(errno)));
      }
      // What was opened counts, not what was seen under that name before.
      const bool fits = policy_.kind == path_policy::target::directory ? S_ISDIR(status.st_mode)
                                                                       : S_ISREG(status.st_mode);
      if (!fits)
         return fail(errc::conflict, place(name) + " was replaced while it was opened; try again.");
      if (auto ok = check(opened.get(), status, place(name), false); !ok) return ok;
      if (policy_.kind == path_policy::target::regular_file && policy_.max_bytes != 0 &&
          static_cast<std::uint64_t>(status.st_size) > policy_.max_bytes) {
         return fail(errc::limit, fmt::format("{} has {} bytes; at most {} are read.", place(name),
                                              status.st_size, policy_.max_bytes));
      }
      file_ = std::move(opened);
      status_ = status;
      return {};
   }

   result<safe_file> finish() {
      if (!file_) {
         // The path ended on a directory that was entered: "/", "..", or a trailing "..".
         if (policy_.kind != path_policy::target::directory) {
            return fail(errc::invalid, printable(asked_) + " is not a regular file.");
         }
         if (auto opened = open_target(".", O_DIRECTORY); !opened)
            return std::unexpected(opened.error());
      }
      return safe_file{std::move(file_), status_, std::move(asked_)};
   }

   result<void> check_directory() {
      struct stat status{};
      if (::fstat(directory_.get(), &status) != 0) {
         return fail(errc::io,
                     fmt::format("{} cannot be examined: {}.", printable(reached_), reason(errno)));
      }
      return check(directory_.get(), status, printable(reached_), true);
   }

   result<void> check_owner(const struct stat& status, const std::string& shown,
                            bool ancestor) const {
      if (status.st_uid == 0 || status.st_uid == policy_.user) return {};
      if (ancestor) {
         return fail(
               errc::denied,
               fmt::format(
                     "{} belongs to user {}, who could replace what is below it; keep it under "
                     "directories of root or of user {}, which this process runs as.",
                     shown, status.st_uid, policy_.user));
      }
      return fail(
            errc::denied,
            fmt::format("{} belongs to user {}; it must belong to root or to user {}, which this "
                        "process runs as (chown {} {}).",
                        shown, status.st_uid, policy_.user, policy_.user, shown));
   }

   result<void> check(int fd, const struct stat& status, const std::string& shown,
                      bool ancestor) const {
      if (auto owned = check_owner(status, shown, ancestor); !owned) return owned;
      if (ancestor && (status.st_mode & S_ISVTX) != 0) return {};
      if (has_foreign_acl(fd)) {
         return fail(errc::denied,
                     fmt::format("{} has an access control list that lets others write; remove it "
                                 "(setfacl -b {}).",
                                 shown, shown));
      }
      if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
         return fail(errc::denied,
                     fmt::format("{} is writable by {} (mode {:04o}), so others could put their "
                                 "own content there; "
                                 "take that away (chmod go-w {}).",
                                 shown, (status.st_mode & S_IWOTH) != 0 ? "everybody" : "its group",
                                 status.st_mode & 07777u, shown));
      }
      return {};
   }

   [[nodiscard]] bool has_foreign_acl(int fd) const {
      // An O_PATH descriptor has no fgetxattr. Without /proc the mode must do, which is safe: its
      // group bits are the list's mask, so no effective write entry hides from it.
      const std::string self = fmt::format("/proc/self/fd/{}", fd);
      char attribute[4096];
      const auto n =
            ::getxattr(self.c_str(), "system.posix_acl_access", attribute, sizeof attribute);
      if (n < 0) return errno == ERANGE;
      return acl_lets_others_write({attribute, static_cast<std::size_t>(n)}, policy_.user);
   }

   const path_policy& policy_;
   std::string asked_;
   std::deque<std::string> todo_;
   unique_fd directory_;
   std::string reached_;
   int links_ = 0;
   unique_fd file_;
   struct stat status_{};
};

} // namespace

void unique_fd::reset(int fd) noexcept {
   if (fd_ >= 0) ::close(fd_);
   fd_ = fd;
}

std::uint32_t path_policy::effective_user() noexcept {
   return ::geteuid();
}

result<safe_file> open_safely(std::string_view path, const path_policy& policy) {
   return walk(path, policy).run();
}

result<std::string> read_all(const safe_file& file, std::uint64_t max_bytes) {
   std::string out;
   out.reserve(std::min<std::uint64_t>(static_cast<std::uint64_t>(file.status.st_size), max_bytes));
   char chunk[16 * 1024];
   while (true) {
      const auto n = ::pread(file.fd.get(), chunk, sizeof chunk, static_cast<off_t>(out.size()));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
         return fail(errc::io,
                     fmt::format("{} cannot be read: {}.", printable(file.path), reason(errno)));
      }
      if (n == 0) return out;
      if (out.size() + static_cast<std::size_t>(n) > max_bytes) {
         return fail(errc::limit, fmt::format("{} has more than the {} bytes that are read.",
                                              printable(file.path), max_bytes));
      }
      out.append(chunk, static_cast<std::size_t>(n));
   }
}

bool acl_lets_others_write(std::string_view attribute, std::uint32_t user) noexcept {
   // <linux/posix_acl_xattr.h>: a version, then tag, permissions and id per entry; little-endian.
   constexpr std::size_t header = 4, entry = 8;
   constexpr std::uint32_t tag_user = 0x02, tag_group_owner = 0x04, tag_group = 0x08,
                           tag_mask = 0x10, tag_other = 0x20;
   constexpr std::uint32_t may_write = 2;
   if (attribute.empty()) return false;
   if (attribute.size() < header || (attribute.size() - header) % entry != 0 ||
       read_le(attribute, 0, 4) != 2)
      return true;
   std::uint32_t mask = 7;
   for (std::size_t at = header; at < attribute.size(); at += entry) {
      if (read_le(attribute, at, 2) == tag_mask) mask = read_le(attribute, at + 2, 2);
   }
   for (std::size_t at = header; at < attribute.size(); at += entry) {
      const auto tag = read_le(attribute, at, 2), permissions = read_le(attribute, at + 2, 2);
      if ((permissions & may_write) == 0) continue;
      if (tag == tag_other) return true; // the mask does not limit it
      if ((mask & may_write) == 0) continue;
      if (tag == tag_group || tag == tag_group_owner) return true;
      if (tag == tag_user && read_le(attribute, at + 4, 4) != 0 &&
          read_le(attribute, at + 4, 4) != user)
         return true;
   }
   return false;
}

} // namespace fmcp::core
