#include "app/process.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fmt/format.h>

namespace fmcp::app {
namespace {

sigset_t watched() noexcept {
   sigset_t set;
   sigemptyset(&set);
   for (const int s : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, s);
   return set;
}

} // namespace

stop_signals::stop_signals() {
   const auto set = watched();
   ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
   struct sigaction ignore{};
   ignore.sa_handler = SIG_IGN;
   ::sigaction(SIGPIPE, &ignore, nullptr);
}

std::optional<int> stop_signals::wait(std::chrono::milliseconds patience) const {
   const auto set = watched();
   const timespec time{.tv_sec = patience.count() / 1000,
                       .tv_nsec = patience.count() % 1000 * 1'000'000};
   const int signal = ::sigtimedwait(&set, nullptr, &time);
   if (signal < 0) return std::nullopt; // EAGAIN: none came; EINTR: another one was handled
   return signal;
}

core::result<core::unique_fd> take_standard_output() {
   core::unique_fd real(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
   if (!real || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
      return core::fail(core::errc::io,
                        fmt::format("Standard output cannot be set aside ({}); start the program "
                                    "with standard output and standard error open.",
                                    std::strerror(errno)));
   }
   return real;
}

void give_back_standard_output(core::unique_fd real) {
   std::fflush(stdout); // what a plugin has left in the C library's buffer goes where it was to go
   ::dup2(real.get(), STDOUT_FILENO);
}

void raise_file_limit() noexcept {
   rlimit limit{};
   if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
   limit.rlim_cur = limit.rlim_max;
   ::setrlimit(RLIMIT_NOFILE, &limit);
}

void end_process(int code) noexcept {
   std::fflush(nullptr);
   ::_exit(code);
}

} // namespace fmcp::app
