#pragma once

/// What the process asks of its system: signals, its standard output, its limits.

#include <chrono>
#include <optional>
#include <string>

#include "core/result.hpp"
#include "core/safe_path.hpp"

namespace fmcp::app {

/// SIGTERM, SIGINT and SIGHUP, blocked in every thread and fetched by one.
///
/// Precondition: made before the first thread, since threads inherit what is blocked. SIGPIPE is
/// ignored from then on: a peer that goes is an error of the write and not the end of the process.
class stop_signals {
public:
   /// What `wait` gives after `wake`.
   static constexpr int woken = 0;

   stop_signals();
   /// The next one, or nothing when none came in time. [one thread]
   [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds patience) const;
   /// Ends a wait, now or the next one. [any thread]
   void wake() const noexcept;

private:
   core::unique_fd signals_, bell_;
};

/// `Terminated` for SIGTERM.
[[nodiscard]] std::string name_of_signal(int signal);

/// Points descriptor 1 at standard error, so that a plugin that prints cannot disturb what this
/// program writes there, and gives back the real one. Errors: io.
[[nodiscard]] core::result<core::unique_fd> take_standard_output();
/// Gives back the real standard input and leaves an empty one, for the same reason. Errors: io.
[[nodiscard]] core::result<core::unique_fd> take_standard_input();
/// Undoes take_standard_output().
void give_back_standard_output(core::unique_fd real);

/// Lets the process open as many files as it may (each connection is one).
void raise_file_limit() noexcept;

/// For a process that is on its way out: another signal ends it at once, and so does `patience`. A
/// plugin that hangs on one of our own threads lets nobody join that thread, and whoever waits for
/// calls to finish may be told that it is enough. `signals` live as long as the process; nobody
/// else waits for them from now on. [once]
void insist_on_ending(const stop_signals& signals, std::chrono::milliseconds patience);

/// Ends the process at once: a plugin that hangs may hold locks that exit() would wait for.
[[noreturn]] void end_process(int code) noexcept;

} // namespace fmcp::app
