#include "plugins/sealed_copy.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U // Linux 6.3
#endif

namespace fmcp::plugins {
namespace {

using core::errc;
using core::fail;

std::unexpected<core::error> failed(std::string_view what) {
   return fail(errc::io, fmt::format("could not be copied to private memory: {}: {}.", what,
                                     std::error_code(errno, std::generic_category()).message()));
}

bool write_all(int fd, std::string_view bytes) noexcept {
   while (!bytes.empty()) {
      const auto n = ::write(fd, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
   }
   return true;
}

/// Code cannot be mapped from a file system that is mounted noexec, as /run often is.
bool may_hold_code(const char* directory) noexcept {
   struct statvfs mount{};
   return ::statvfs(directory, &mount) == 0 && (mount.f_flag & ST_NOEXEC) == 0;
}

/// A directory of this process's own, made on first need.
core::result<std::string> private_directory() {
   static std::mutex guard;
   static std::string made;
   const std::lock_guard lock(guard);
   if (!made.empty()) return made;
   const char* runtime = std::getenv("RUNTIME_DIRECTORY"); // systemd's, already ours alone
   for (const char* parent : std::array{runtime, "/run", "/tmp", "/var/tmp"}) {
      if (parent == nullptr || parent[0] != '/' || !may_hold_code(parent)) continue;
      std::string name = std::string(parent) + "/fmcp-XXXXXX";
      if (::mkdtemp(name.data()) == nullptr) continue; // mode 0700
      made = std::move(name);
      // A destructor at exit would run while plugins' threads still do; atexit is as late, and only
      // removes an empty directory.
      std::atexit([] { ::rmdir(made.c_str()); });
      return made;
   }
   return failed("no private directory can be made under /run, /tmp or /var/tmp");
}

} // namespace

core::result<sealed_copy> sealed_copy::make(std::string_view bytes, std::string_view label,
                                            place where) {
   if (where == place::anywhere) {
      if (auto copy = in_memory(bytes, label)) return copy;
   }
   return in_directory(bytes, label);
}

core::result<sealed_copy> sealed_copy::in_memory(std::string_view bytes, std::string_view label) {
   const std::string name = "fmcp:" + std::string(label.substr(0, 64));
   core::unique_fd first(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC));
   if (!first && errno == EINVAL) { // an older kernel does not know MFD_EXEC
      first.reset(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
   }
   if (!first) return failed("memfd_create");
   if (!write_all(first.get(), bytes)) return failed("writing");
   constexpr int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
   if (::fcntl(first.get(), F_ADD_SEALS, seals) != 0) return failed("sealing");

   // The number is part of the name that the loader remembers, so it only ever rises.
   static std::atomic<int> floor{64};
   sealed_copy out;
   int at_least = floor.load();
   do {
      out.fd_.reset(::fcntl(first.get(), F_DUPFD_CLOEXEC, at_least));
      if (!out.fd_) return failed("the file descriptors are used up");
   } while (!floor.compare_exchange_strong(at_least, out.fd_.get() + 1));
   out.path_ = fmt::format("/proc/self/fd/{}", out.fd_.get());
   if (::access(out.path_.c_str(), R_OK) != 0) return failed("/proc");
   return out;
}

core::result<sealed_copy> sealed_copy::in_directory(std::string_view bytes,
                                                    std::string_view label) {
   const auto directory = private_directory();
   if (!directory) return std::unexpected(directory.error());
   static std::atomic<unsigned> generation{0};
   sealed_copy out;
   out.path_ = fmt::format("{}/{}-{}", *directory, ++generation, label.substr(0, 64));
   core::unique_fd file(
         ::open(out.path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0500));
   if (!file) return failed(out.path_);
   out.is_file_ = true;
   if (!write_all(file.get(), bytes)) return failed(out.path_);
   return out;
}

sealed_copy::sealed_copy(sealed_copy&& other) noexcept
    : fd_(std::move(other.fd_)), path_(std::exchange(other.path_, {})),
      is_file_(std::exchange(other.is_file_, false)) {}

sealed_copy& sealed_copy::operator=(sealed_copy&& other) noexcept {
   std::swap(fd_, other.fd_);
   std::swap(path_, other.path_);
   std::swap(is_file_, other.is_file_);
   return *this;
}

sealed_copy::~sealed_copy() {
   if (is_file_) ::unlink(path_.c_str());
}

} // namespace fmcp::plugins
