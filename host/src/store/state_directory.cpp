#include "store/state_directory.hpp"

#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.hpp"

namespace fmcp::store {
namespace {

using core::errc;
using core::fail;
using core::result;

std::string shown(std::string_view path) {
   std::string out;
   core::append_printable(out, path);
   return out;
}

std::string reason(int error_number) {
   return std::error_code(error_number, std::generic_category()).message();
}

std::unexpected<core::error> refused(const std::string& path, std::string_view what, int number) {
   return fail(number == EACCES || number == EPERM || number == EROFS ? errc::denied : errc::io,
               fmt::format("{} cannot be {}: {}.", shown(path), what, reason(number)));
}

/// Makes each directory of the path that is not there. Whether they may be trusted is the walk's
/// to say.
result<void> make_directories(std::string_view path) {
   for (std::size_t end = 1; end <= path.size(); ++end) {
      if (end != path.size() && path[end] != '/') continue;
      const std::string part(path.substr(0, end));
      if (::mkdir(part.c_str(), 0700) == 0 || errno == EEXIST) continue;
      const int why = errno;
      if (struct stat status{}; ::stat(part.c_str(), &status) == 0) continue; // read-only above it
      return refused(part, "made", why);
   }
   return {};
}

/// This user's alone: others neither read nor write.
result<void> check_private(const struct stat& status, const std::string& path) {
   if (status.st_uid != ::geteuid()) {
      return fail(
            errc::denied,
            fmt::format("{} belongs to user {}; it must belong to user {}, which this process "
                        "runs as.",
                        shown(path), status.st_uid, ::geteuid()));
   }
   if ((status.st_mode & 077u) != 0) {
      return fail(
            errc::denied,
            fmt::format("{} may be used by others (mode {:04o}), but holds secrets; take that "
                        "away (chmod 600 {}).",
                        shown(path), status.st_mode & 07777u, shown(path)));
   }
   return {};
}

result<void> write_all(int fd, std::string_view content, const std::string& path) {
   while (!content.empty()) {
      const auto n = ::write(fd, content.data(), content.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return refused(path, "written", errno);
      content.remove_prefix(static_cast<std::size_t>(n));
   }
   if (::fsync(fd) != 0) return refused(path, "written", errno);
   return {};
}

} // namespace

result<state_directory> state_directory::open(std::string_view path) {
   if (!path.starts_with('/')) {
      return fail(errc::invalid,
                  fmt::format("The directory of the store \"{}\" is not absolute.", shown(path)));
   }
   if (auto made = make_directories(path); !made) return std::unexpected(std::move(made.error()));
   auto opened = core::open_safely(
         path, {.kind = core::path_policy::target::directory, .follow_links = true});
   if (!opened) return std::unexpected(std::move(opened.error()));
   return state_directory(std::move(*opened));
}

std::string state_directory::path_of(std::string_view name) const {
   return fmt::format("{}/{}", opened_.path, name);
}

result<void> state_directory::check_file(const struct stat& status, const std::string& name) const {
   if (!S_ISREG(status.st_mode)) {
      return fail(errc::denied,
                  fmt::format("{} is not a regular file; move it away.", shown(path_of(name))));
   }
   return check_private(status, path_of(name));
}

result<void> state_directory::ensure_file(const std::string& name) const {
   const core::unique_fd made(::openat(opened_.fd.get(), name.c_str(),
                                       O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
   if (made) return {};
   if (errno != EEXIST) return refused(path_of(name), "made", errno);
   struct stat status{};
   if (::fstatat(opened_.fd.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      return refused(path_of(name), "examined", errno);
   return check_file(status, name);
}

result<std::string> state_directory::read_file(const std::string& name,
                                               std::size_t max_bytes) const {
   core::safe_file file{core::unique_fd(::openat(opened_.fd.get(), name.c_str(),
                                                 O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)),
                        {},
                        path_of(name)};
   if (!file.fd && errno == ENOENT)
      return fail(errc::not_found, shown(file.path) + " does not exist.");
   if (!file.fd) return refused(file.path, "opened", errno);
   if (::fstat(file.fd.get(), &file.status) != 0) return refused(file.path, "examined", errno);
   if (auto ok = check_file(file.status, name); !ok) return std::unexpected(std::move(ok.error()));
   return core::read_all(file, max_bytes);
}

result<void> state_directory::write_file(const std::string& name, std::string_view content) const {
   const core::unique_fd file(::openat(opened_.fd.get(), name.c_str(),
                                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
   if (!file) return refused(path_of(name), "made", errno);
   return write_all(file.get(), content, path_of(name));
}

result<void> state_directory::create_file(const std::string& name, std::string_view content) const {
   // link() refuses a name that is taken, so of two processes that start together one makes the
   // file.
   return publish_file(name, content, [&](const std::string& draft) -> result<void> {
      if (::linkat(opened_.fd.get(), draft.c_str(), opened_.fd.get(), name.c_str(), 0) == 0)
         return {};
      const int why = errno;
      if (why == EEXIST) return fail(errc::conflict, shown(path_of(name)) + " exists already.");
      return refused(path_of(name), "made", why);
   });
}

result<void> state_directory::replace_file(const std::string& name,
                                           std::string_view content) const {
   struct stat status{};
   if (::fstatat(opened_.fd.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
      if (auto ok = check_file(status, name); !ok) return ok;
   }
   return publish_file(name, content, [&](const std::string& draft) -> result<void> {
      if (::renameat(opened_.fd.get(), draft.c_str(), opened_.fd.get(), name.c_str()) == 0)
         return {};
      return refused(path_of(name), "replaced", errno);
   });
}

result<void> state_directory::publish_file(
      const std::string& name, std::string_view content,
      const std::function<result<void>(const std::string& draft)>& publish) const {
   // Written under another name first: who sees the file sees all of it.
   const auto draft = fmt::format("{}.{}.new", name, ::getpid());
   ::unlinkat(opened_.fd.get(), draft.c_str(),
              0); // of a process that had this number and was killed
   auto done = write_file(draft, content);
   if (done) done = publish(draft);
   ::unlinkat(opened_.fd.get(), draft.c_str(), 0);
   if (done && ::fsync(opened_.fd.get()) != 0) return refused(opened_.path, "written", errno);
   return done;
}

result<core::unique_fd> state_directory::lock_file(const std::string& name,
                                                   std::chrono::milliseconds patience) const {
   if (auto ok = ensure_file(name); !ok) return std::unexpected(std::move(ok.error()));
   core::unique_fd file(
         ::openat(opened_.fd.get(), name.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
   if (!file) return refused(path_of(name), "opened", errno);
   // flock() cannot wait with a limit, so it is asked again: a lock is held for one request, and
   // whoever waits has nothing else to do.
   constexpr std::chrono::milliseconds pause{20};
   const auto until = std::chrono::steady_clock::now() + patience;
   while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno != EWOULDBLOCK) return refused(path_of(name), "locked", errno);
      if (std::chrono::steady_clock::now() >= until) {
         return fail(errc::timeout,
                     fmt::format("{} is held by another process; end that or try again.",
                                 shown(path_of(name))));
      }
      std::this_thread::sleep_for(pause);
   }
   return file;
}

} // namespace fmcp::store
