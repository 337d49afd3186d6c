#pragma once

/// A program that a test started: its three streams, its end.
///
/// Its environment holds only what the test gives it (and what sanitizers need), its working
/// directory is the test's, and it dies with the test, whatever happens.
/// Thread safety: one thread drives it; a thread of its own collects the error stream.
/// Errors: what cannot be started throws, since the test has no subject then.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace fmcp::test {

using std::chrono::milliseconds;

/// Nothing that a test waits for takes longer unless it is broken, also under a sanitizer on a
/// busy machine.
inline constexpr milliseconds patience{30'000};

struct start_options {
   std::string program;
   std::vector<std::string> arguments = {};
   std::vector<std::pair<std::string, std::string>> environment = {};
   std::string directory = {};     ///< empty: the test's own
   bool pipes_stdin = false;       ///< else standard input is /dev/null
   bool pipes_stdout = false;      ///< else standard output goes where the error stream goes
   std::optional<uid_t> user = {}; ///< and group of the same number; only root may choose
};

class child_process {
public:
   explicit child_process(const start_options& options);
   ~child_process(); ///< kills what still runs
   child_process(const child_process&) = delete;
   child_process& operator=(const child_process&) = delete;

   [[nodiscard]] pid_t pid() const noexcept { return pid_; }

   /// Everything that came on the error stream until now.
   [[nodiscard]] std::string error_text() const;
   /// Waits for a line of the error stream that holds `part` and gives it; nothing when the
   /// process ends or patience does first.
   [[nodiscard]] std::optional<std::string> wait_for_line(std::string_view part,
                                                          milliseconds limit = patience) const;

   void write(std::string_view bytes);
   void close_stdin();
   /// The next line of standard output without its end; nothing at the end or out of time.
   [[nodiscard]] std::optional<std::string> read_line(milliseconds limit = patience);
   /// All that follows on standard output until its end.
   [[nodiscard]] std::string read_rest(milliseconds limit = patience);

   void signal(int number) const;
   /// Waits for the end. The exit code, or minus the signal that ended it; nothing when it still
   /// runs after `limit`.
   [[nodiscard]] std::optional<int> wait_exit(milliseconds limit = patience);

private:
   void collect_errors(int fd);
   [[nodiscard]] bool fill_output(std::chrono::steady_clock::time_point until);

   pid_t pid_ = -1;
   int stdin_ = -1, stdout_ = -1;
   std::string output_;
   std::optional<int> exit_;
   mutable std::mutex guard_;
   mutable std::condition_variable grew_;
   std::string errors_;
   bool errors_ended_ = false;
   std::thread collector_;
};

/// Runs a program to its end.
struct finished {
   int code = 0;
   std::string out, err;
};
[[nodiscard]] finished run_to_end(start_options options, std::string_view input = {});

} // namespace fmcp::test
