#include "app/process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/log.hpp"

namespace fmcp::app {
namespace {

using namespace std::chrono_literals;

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
   signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
   bell_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
   struct sigaction ignore{};
   ignore.sa_handler = SIG_IGN;
   ::sigaction(SIGPIPE, &ignore, nullptr);
}

std::optional<int> stop_signals::wait(std::chrono::milliseconds patience) const {
   std::array<pollfd, 2> ready{pollfd{signals_.get(), POLLIN, 0}, pollfd{bell_.get(), POLLIN, 0}};
   // Interrupted by a signal that is not ours: the caller comes again.
   if (::poll(ready.data(), ready.size(), static_cast<int>(patience.count())) <= 0)
      return std::nullopt;
   if (signalfd_siginfo info{}; (ready[0].revents & POLLIN) != 0 &&
                                ::read(signals_.get(), &info, sizeof info) == sizeof info)
      return static_cast<int>(info.ssi_signo);
   if (std::uint64_t count = 0; (ready[1].revents & POLLIN) != 0 &&
                                ::read(bell_.get(), &count, sizeof count) == sizeof count)
      return woken;
   return std::nullopt;
}

void stop_signals::wake() const noexcept {
   const std::uint64_t one = 1;
   [[maybe_unused]] const auto n = ::write(bell_.get(), &one, sizeof one); // full: it rings already
}

std::string name_of_signal(int signal) {
   const char* text = ::sigdescr_np(signal);
   return text != nullptr ? text : "unknown";
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

core::result<core::unique_fd> take_standard_input() {
   core::unique_fd real(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
   const core::unique_fd empty(::open("/dev/null", O_RDONLY | O_CLOEXEC));
   if (!real || !empty || ::dup2(empty.get(), STDIN_FILENO) < 0) {
      return core::fail(core::errc::io,
                        fmt::format("Standard input cannot be set aside ({}); start the program "
                                    "with standard input open.",
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

void insist_on_ending(const stop_signals& signals, std::chrono::milliseconds patience) {
   using clock = std::chrono::steady_clock;
   std::thread([&signals, until = clock::now() + patience] {
      for (;;) {
         const auto left =
               std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now());
         if (left.count() <= 0) {
            core::log::error("app", "a plugin keeps a thread of the host's from ending; the "
                                    "process ends without it");
            ::_exit(1);
         }
         const auto signal = signals.wait(std::min<std::chrono::milliseconds>(left, 1h));
         if (signal && *signal != stop_signals::woken) {
            core::log::warn("app", "ending at once {}",
                            core::log::kv("signal", name_of_signal(*signal)));
            ::_exit(1);
         }
      }
   }).detach();
}

void end_process(int code) noexcept {
   std::fflush(nullptr);
   ::_exit(code);
}

} // namespace fmcp::app
