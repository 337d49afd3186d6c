#include "token_file.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "token_table.hpp"

namespace static_tokens {
namespace {

class descriptor {
public:
   explicit descriptor(int fd) : fd_(fd) {}
   descriptor(const descriptor&) = delete;
   descriptor& operator=(const descriptor&) = delete;
   ~descriptor() {
      if (fd_ >= 0) ::close(fd_);
   }
   [[nodiscard]] int get() const noexcept { return fd_; }

private:
   int fd_;
};

std::int64_t ns(const timespec& t) noexcept {
   return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

stamp stamp_of(const struct stat& s) noexcept {
   return {static_cast<std::uint64_t>(s.st_dev), static_cast<std::uint64_t>(s.st_ino),
           static_cast<std::uint64_t>(s.st_size), ns(s.st_mtim), ns(s.st_ctim)};
}

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
   throw std::runtime_error("The token file " + path + " " + why);
}

void check(const std::string& path, const struct stat& s) {
   if (!S_ISREG(s.st_mode)) refuse(path, "is no regular file.");
   if (s.st_uid != 0 && s.st_uid != ::geteuid()) {
      refuse(path, "belongs to somebody else; it must be this user's or root's.");
   }
   if ((s.st_mode & 077) != 0) {
      refuse(path, "may be read or written by others; run chmod 600 on it.");
   }
   if (static_cast<std::uint64_t>(s.st_size) > max_file) refuse(path, "is larger than 1 MiB.");
}

} // namespace

stamp stamp_of(const std::string& path) noexcept {
   struct stat s{};
   return ::stat(path.c_str(), &s) == 0 ? stamp_of(s) : stamp{};
}

content read_token_file(const std::string& path) {
   // Links are followed: secrets are mounted as such. No terminal, and no waiting for a pipe.
   const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
   if (file.get() < 0) refuse(path, std::string("cannot be opened: ") + std::strerror(errno) + ".");
   struct stat s{};
   if (::fstat(file.get(), &s) != 0) {
      refuse(path, std::string("cannot be looked at: ") + std::strerror(errno) + ".");
   }
   check(path, s);
   content out{std::string(static_cast<std::size_t>(s.st_size), '\0'), stamp_of(s)};
   std::size_t have = 0;
   while (have < out.text.size()) {
      const auto n = ::read(file.get(), out.text.data() + have, out.text.size() - have);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) refuse(path, std::string("cannot be read: ") + std::strerror(errno) + ".");
      if (n == 0) break;
      have += static_cast<std::size_t>(n);
   }
   out.text.resize(have);
   return out;
}

} // namespace static_tokens
