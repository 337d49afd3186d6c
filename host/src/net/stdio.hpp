#pragma once

/// Lines over two file descriptors: standard input and output as a transport.
///
/// Two threads. The *reader* waits for input and for posted tasks; all events and all tasks run on
/// it, one after another, so that what they share needs no lock. The *writer* writes what any
/// thread has queued, whole lines in the order of the calls. Neither changes the descriptors'
/// flags: they are shared with the process that started us, and with its terminal.
///
/// A peer that does not read: lines are queued up to `max_queued_bytes`, then `write` waits. When
/// it has taken nothing for `write_timeout` the output has failed. So a caller is slowed down,
/// reading stops with it if the caller is the reader, and nothing grows without bound or waits for
/// ever.
///
/// A peer that is gone (EPIPE): the output has failed; no signal is raised.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "core/executor.hpp"
#include "core/result.hpp"
#include "core/safe_path.hpp"

namespace fmcp::net {

struct line_limits {
   std::size_t max_line_bytes = 4u << 20;           ///< of input, without the line end
   std::size_t max_queued_bytes = 8u << 20;         ///< of output; one longer line alone passes
   std::chrono::milliseconds write_timeout{30'000}; ///< without progress
};

/// Called on the reader's thread.
struct line_events {
   /// One complete line without its line end; never empty. Valid during the call.
   std::function<void(std::string_view line)> line;
   /// A line was longer than allowed; it is skipped to its end.
   std::function<void()> long_line;
   /// Called once: the input has ended (a value; answers that are due may still be written), or one
   /// of the descriptors has failed (an error that says which and why). No line comes after it.
   std::function<void(core::result<void> why)> end;
};

class line_channel {
public:
   /// Takes the descriptors: pipes, sockets, files, terminals. Errors: io.
   static core::result<std::unique_ptr<line_channel>>
   open(core::unique_fd in, core::unique_fd out, const line_limits& bounds, line_events events);
   /// As `stop` without patience.
   virtual ~line_channel() = default;

   /// Starts both threads.
   virtual void start() = 0;
   /// Queues `line` and a line end; may wait, see above. False: the output has failed or is
   /// stopped, or `line` holds a line end, which would make two of it. [any thread]
   virtual bool write(std::string_view line) = 0;
   /// The reader's thread. Tasks run until `stop`, also after the end of the input. [any thread]
   [[nodiscard]] virtual core::executor& home() noexcept = 0;
   /// Stops reading, waits so long until what is queued has been written, and joins the threads.
   /// False: something could not be written. [not from an event or a task]
   virtual bool stop(std::chrono::milliseconds patience) = 0;
};

} // namespace fmcp::net
