#include "support/child_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fmcp::test {
namespace {

using clock = std::chrono::steady_clock;

struct pipe_ends {
   int read = -1, write = -1;
};

pipe_ends make_pipe() {
   std::array<int, 2> fds{};
   if (::pipe2(fds.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
   return {fds[0], fds[1]};
}

void close_fd(int& fd) {
   if (fd >= 0) ::close(fd);
   fd = -1;
}

std::vector<std::string> environment_of(const start_options& options) {
   std::vector<std::string> out{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8"};
   for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"}) {
      if (const char* value = std::getenv(name)) out.push_back(std::string(name) + "=" + value);
   }
   for (const auto& [name, value] : options.environment) out.push_back(name + "=" + value);
   return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
   std::vector<char*> out;
   for (auto& t : texts) out.push_back(t.data());
   out.push_back(nullptr);
   return out;
}

[[noreturn]] void become(const start_options& options, char* const* arguments,
                         char* const* environment, int in, int out, int err) {
   // Without this a test that is killed would leave its server behind.
   ::prctl(PR_SET_PDEATHSIG, SIGKILL);
   // What a background job of a shell ignores would stay ignored.
   for (const int number : {SIGPIPE, SIGINT, SIGQUIT}) ::signal(number, SIG_DFL);
   if (!options.directory.empty() && ::chdir(options.directory.c_str()) != 0) ::_exit(126);
   ::dup2(in, STDIN_FILENO);
   ::dup2(out, STDOUT_FILENO);
   ::dup2(err, STDERR_FILENO);
   if (options.user && (::setgroups(0, nullptr) != 0 || ::setgid(*options.user) != 0 ||
                        ::setuid(*options.user) != 0))
      ::_exit(125);
   ::execve(options.program.c_str(), arguments, environment);
   ::_exit(127);
}

} // namespace

child_process::child_process(const start_options& options) {
   ::signal(SIGPIPE, SIG_IGN); // a server that is gone must not end the test program
   std::vector<std::string> words{options.program};
   words.insert(words.end(), options.arguments.begin(), options.arguments.end());
   auto variables = environment_of(options);
   const auto argv = pointers(words);
   const auto envp = pointers(variables);

   pipe_ends in, out, err = make_pipe();
   if (options.pipes_stdin) in = make_pipe();
   if (options.pipes_stdout) out = make_pipe();
   int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
   pid_ = ::fork();
   if (pid_ == 0) {
      become(options, argv.data(), envp.data(), options.pipes_stdin ? in.read : nothing,
             options.pipes_stdout ? out.write : err.write, err.write);
   }
   close_fd(nothing);
   close_fd(in.read);
   close_fd(out.write);
   close_fd(err.write);
   if (pid_ < 0) throw std::runtime_error("fork failed");
   stdin_ = in.write;
   stdout_ = out.read;
   collector_ = std::thread([this, fd = err.read] { collect_errors(fd); });
}

child_process::~child_process() {
   if (!exit_) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
   }
   close_fd(stdin_);
   close_fd(stdout_);
   collector_.join();
}

void child_process::collect_errors(int fd) {
   std::array<char, 4096> piece{};
   for (;;) {
      const auto n = ::read(fd, piece.data(), piece.size());
      if (n < 0 && errno == EINTR) continue;
      const std::lock_guard lock(guard_);
      if (n > 0) errors_.append(piece.data(), static_cast<std::size_t>(n));
      errors_ended_ = n <= 0;
      grew_.notify_all();
      if (errors_ended_) break;
   }
   ::close(fd);
}

std::string child_process::error_text() const {
   const std::lock_guard lock(guard_);
   return errors_;
}

std::optional<std::string> child_process::wait_for_line(std::string_view part,
                                                        milliseconds limit) const {
   std::unique_lock lock(guard_);
   std::optional<std::string> found;
   const auto look = [&] {
      const auto at = errors_.find(part);
      if (at == std::string::npos) return errors_ended_;
      const auto end = errors_.find('\n', at);
      if (end == std::string::npos) return errors_ended_;
      const auto before = errors_.rfind('\n', at);
      const auto begin = before == std::string::npos ? 0 : before + 1;
      found = errors_.substr(begin, end - begin);
      return true;
   };
   grew_.wait_for(lock, limit, look);
   return found;
}

void child_process::write(std::string_view bytes) {
   while (!bytes.empty()) {
      const auto n = ::write(stdin_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return; // it is gone; the test sees that from what it does not answer
      bytes.remove_prefix(static_cast<std::size_t>(n));
   }
}

void child_process::close_stdin() {
   close_fd(stdin_);
}

bool child_process::fill_output(clock::time_point until) {
   std::array<char, 65536> piece{};
   for (;;) {
      const auto left = std::chrono::duration_cast<milliseconds>(until - clock::now()).count();
      if (left <= 0) return false;
      pollfd wait{.fd = stdout_, .events = POLLIN, .revents = 0};
      const int ready = ::poll(&wait, 1, static_cast<int>(left));
      if (ready < 0 && errno == EINTR) continue;
      if (ready <= 0) return false;
      const auto n = ::read(stdout_, piece.data(), piece.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      output_.append(piece.data(), static_cast<std::size_t>(n));
      return true;
   }
}

std::optional<std::string> child_process::read_line(milliseconds limit) {
   const auto until = clock::now() + limit;
   std::size_t end = 0;
   while ((end = output_.find('\n')) == std::string::npos) {
      if (!fill_output(until)) return std::nullopt;
   }
   std::string line = output_.substr(0, end);
   output_.erase(0, end + 1);
   return line;
}

std::string child_process::read_rest(milliseconds limit) {
   const auto until = clock::now() + limit;
   while (fill_output(until)) continue;
   return std::exchange(output_, {});
}

void child_process::signal(int number) const {
   ::kill(pid_, number);
}

std::optional<int> child_process::wait_exit(milliseconds limit) {
   const auto until = clock::now() + limit;
   while (!exit_) {
      int status = 0;
      if (::waitpid(pid_, &status, WNOHANG) == pid_) {
         exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
      } else if (clock::now() >= until) {
         return std::nullopt;
      } else {
         ::poll(nullptr, 0, 5);
      }
   }
   return exit_;
}

finished run_to_end(start_options options, std::string_view input) {
   options.pipes_stdout = true;
   options.pipes_stdin = true;
   child_process child(options);
   child.write(input);
   child.close_stdin();
   finished out;
   out.out = child.read_rest();
   const auto code = child.wait_exit();
   if (!code) throw std::runtime_error(options.program + " does not end: " + child.error_text());
   out.code = *code;
   // Written before the end, so it is only a matter of the collector reading it.
   static_cast<void>(child.wait_for_line("\x01 never printed \x01"));
   out.err = child.error_text();
   return out;
}

} // namespace fmcp::test
