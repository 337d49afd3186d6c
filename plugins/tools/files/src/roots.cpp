#include "roots.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace files {
namespace {

constexpr std::size_t max_path = 4096;
constexpr std::size_t max_roots = 64;

int open_beneath(int root, const char* path, int flags) {
   open_how how{};
   how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
   how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
   long fd = -1;
   do { // EAGAIN: something was renamed meanwhile, and the kernel could not be sure
      fd = ::syscall(SYS_openat2, root, path, &how, sizeof how);
   } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
   return static_cast<int>(fd);
}

/// What went wrong, for the model.
file_error failure(int error, std::string_view path) {
   const std::string shown(path);
   switch (error) {
   case ENOENT: return file_error("There is no " + shown + ".");
   case EACCES:
   case EPERM: return file_error("The server may not read " + shown + ".");
   case EXDEV: return file_error(shown + " leads out of its root through a link.");
   case ELOOP: return file_error(shown + " goes through too many links.");
   case ENOTDIR: return file_error(shown + " is not a directory, or something before it is none.");
   case ENAMETOOLONG: return file_error("The name " + shown.substr(0, 80) + "... is too long.");
   default: return file_error(shown + " could not be opened (" + std::strerror(error) + ").");
   }
}

std::string last_component(std::string_view path) {
   while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
   const auto slash = path.rfind('/');
   return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

} // namespace

descriptor::~descriptor() {
   if (fd_ >= 0) ::close(fd_);
}

file_status status_of(int fd, std::string_view shown_path) {
   struct stat s{};
   if (::fstatat(fd, "", &s, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0) {
      throw failure(errno, shown_path);
   }
   file_status out;
   out.kind = S_ISREG(s.st_mode)   ? entry_kind::file
              : S_ISDIR(s.st_mode) ? entry_kind::directory
              : S_ISLNK(s.st_mode) ? entry_kind::link
                                   : entry_kind::other;
   out.size = static_cast<std::uint64_t>(s.st_size);
   out.modified = s.st_mtim.tv_sec;
   return out;
}

root_set::root_set(const std::vector<std::string>& granted, bool allow_hidden)
    : allow_hidden_(allow_hidden) {
   if (granted.size() > max_roots) {
      throw std::runtime_error("There are more than " + std::to_string(max_roots) + " roots.");
   }
   for (const auto& text : granted) {
      const auto equals = text.find('=');
      const bool is_named = equals != std::string::npos && text.find('/') > equals;
      const std::string path = is_named ? text.substr(equals + 1) : text;
      std::string name = is_named ? text.substr(0, equals) : last_component(path);
      if (path.empty() || path.front() != '/') {
         throw std::runtime_error("The root \"" + text + "\" is no absolute path.");
      }
      if (path == "/" && name.empty()) name = "root";
      if (name.empty() || name == "." || name == "..") {
         throw std::runtime_error("The root \"" + text + "\" has no name; write name=/path.");
      }
      if (std::find(names_.begin(), names_.end(), name) != names_.end()) {
         throw std::runtime_error("Two roots are called \"" + name + "\"; write name=/path.");
      }
      descriptor root(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
      if (!root) {
         throw std::runtime_error("The root " + path + " cannot be used: " + std::strerror(errno) +
                                  ".");
      }
      // Asked now and not at the first call.
      const descriptor probe(open_beneath(root.get(), ".", O_PATH | O_DIRECTORY));
      if (!probe && errno == ENOSYS) {
         throw std::runtime_error("This kernel has no openat2(2), which keeps clients inside the "
                                  "roots; Linux 5.6 or later is needed.");
      }
      names_.push_back(std::move(name));
      roots_.push_back(std::move(root));
   }
}

located root_set::locate(std::string_view path) const {
   if (path.size() > max_path) throw file_error("The path is longer than 4096 bytes.");
   if (path.find('\0') != std::string_view::npos) throw file_error("The path holds a NUL.");
   std::vector<std::string_view> parts;
   for (std::string_view rest = path; !rest.empty();) {
      const auto part = rest.substr(0, rest.find('/'));
      rest.remove_prefix(std::min(rest.size(), part.size() + 1));
      if (part.empty() || part == ".") continue;
      if (part == "..") throw file_error("Paths with \"..\" are refused; write them from a root.");
      parts.push_back(part);
   }
   located out;
   const auto named =
         parts.empty() ? names_.end() : std::find(names_.begin(), names_.end(), parts.front());
   if (named != names_.end()) {
      out.root = static_cast<std::size_t>(named - names_.begin());
      parts.erase(parts.begin());
   } else if (names_.size() != 1) {
      std::string all;
      for (const auto& name : names_) all += (all.empty() ? "" : ", ") + name;
      throw file_error("The path \"" + std::string(path.substr(0, 200)) +
                       "\" begins with none of the roots: " + all + ".");
   }
   out.shown = names_[out.root];
   for (const auto part : parts) {
      if (part.front() == '.' && !allow_hidden_) {
         throw file_error("Names that begin with a dot are not served.");
      }
      if (!out.below.empty()) out.below += '/';
      out.below += part;
      out.shown += '/';
      out.shown += part;
   }
   return out;
}

descriptor root_set::open(const located& at, int flags) const {
   const int fd =
         open_beneath(roots_[at.root].get(), at.below.empty() ? "." : at.below.c_str(), flags);
   if (fd < 0) throw failure(errno, at.shown);
   return descriptor(fd);
}

file_status root_set::status(const located& at) const {
   const auto handle = open(at, O_PATH);
   return status_of(handle.get(), at.shown);
}

descriptor root_set::open_file(const located& at, file_status& status) const {
   const auto demand_file = [&](int fd) {
      status = status_of(fd, at.shown);
      if (status.kind == entry_kind::directory) {
         throw file_error(at.shown + " is a directory; list it instead.");
      }
      if (status.kind != entry_kind::file) throw file_error(at.shown + " is no regular file.");
   };
   // Looked at first through a handle that does not open: opening a device may do something.
   demand_file(open(at, O_PATH).get());
   auto file = open(at, O_RDONLY | O_NONBLOCK | O_NOCTTY);
   demand_file(file.get());
   return file;
}

descriptor root_set::open_directory(const located& at) const {
   return open(at, O_RDONLY | O_DIRECTORY);
}

} // namespace files
