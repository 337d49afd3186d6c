#include "net/stdio.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "net/line_splitter.hpp"
#include "net/line_writer.hpp"
#include "net/task_queue.hpp"

namespace fmcp::net {
namespace {

class channel final : public line_channel {
public:
   channel(core::unique_fd in, core::unique_fd out, const line_limits& bounds, line_events events)
       : in_(std::move(in)), events_(std::move(events)), splitter_(bounds.max_line_bytes),
         tasks_(std::make_shared<task_queue>(
               core::unique_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)))),
         writer_(std::move(out), bounds.max_queued_bytes, bounds.write_timeout,
                 [this](std::string why) {
                    tasks_->post([this, why = std::move(why)] {
                       end(core::fail(core::errc::io, "standard output: " + why));
                    });
                 }) {}
   ~channel() override { stop(std::chrono::milliseconds(0)); }

   [[nodiscard]] bool is_usable() const noexcept { return tasks_->event_fd() >= 0; }
   void start() override;
   bool write(std::string_view line) override { return writer_.write(line); }
   [[nodiscard]] core::executor& home() noexcept override { return *tasks_; }
   bool stop(std::chrono::milliseconds patience) override;

private:
   void run();
   void read_some();
   void end(core::result<void> why);

   core::unique_fd in_; // of the reader's thread; empty when it has ended
   const line_events events_;
   line_splitter splitter_;
   const std::shared_ptr<task_queue> tasks_;
   line_writer writer_;
   bool has_tasks_ = false;  // of the reader's thread: posted there
   bool has_ended_ = false;  // of the reader's thread
   bool is_stopped_ = false; // of the reader's thread
   std::thread reader_;
   char bytes_[32 * 1024];
};

void channel::start() {
   // Signals are the main thread's business; a blocked SIGPIPE leaves EPIPE.
   sigset_t all, before;
   ::sigfillset(&all);
   ::pthread_sigmask(SIG_SETMASK, &all, &before);
   writer_.start();
   reader_ = std::thread([this] {
      ::pthread_setname_np(::pthread_self(), "fmcp:stdin");
      run();
   });
   ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void channel::run() {
   tasks_->attach([this] { has_tasks_ = true; });
   while (!is_stopped_) {
      // Not epoll, which knows no regular files.
      pollfd fds[2] = {{.fd = tasks_->event_fd(), .events = POLLIN, .revents = 0},
                       {.fd = has_ended_ ? -1 : in_.get(), .events = POLLIN, .revents = 0}};
      if (::poll(fds, 2, has_tasks_ ? 0 : -1) < 0 && errno != EINTR) {
         end(core::fail(core::errc::io, std::string("standard input: ") + std::strerror(errno)));
      }
      if (fds[0].revents != 0) {
         std::uint64_t count = 0;
         [[maybe_unused]] const auto n = ::read(tasks_->event_fd(), &count, sizeof count);
      }
      has_tasks_ = false;
      tasks_->run_all();
      if (fds[1].revents != 0 && !has_ended_ && !is_stopped_) read_some();
   }
   for (int rounds = 0; rounds < 1000 && tasks_->run_all(); ++rounds) {
   }
   tasks_->close();
}

void channel::read_some() {
   const auto n = ::read(in_.get(), bytes_, sizeof bytes_);
   const auto line = [this](std::string_view text) {
      if (!has_ended_) events_.line(text);
   };
   if (n > 0) {
      splitter_.feed({bytes_, static_cast<std::size_t>(n)}, line, [this] { events_.long_line(); });
   } else if (n == 0) {
      splitter_.finish(line);
      end({});
   } else if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) {
      end(core::fail(core::errc::io, std::string("standard input: ") + std::strerror(errno)));
   }
}

void channel::end(core::result<void> why) {
   if (has_ended_) return;
   has_ended_ = true;
   events_.end(std::move(why));
}

bool channel::stop(std::chrono::milliseconds patience) {
   if (reader_.joinable()) tasks_->post([this] { is_stopped_ = true; });
   // The writer first: the reader may be waiting for room in its queue.
   const bool is_written = writer_.stop(patience);
   if (reader_.joinable()) reader_.join();
   return is_written;
}

} // namespace

core::result<std::unique_ptr<line_channel>> line_channel::open(core::unique_fd in,
                                                               core::unique_fd out,
                                                               const line_limits& bounds,
                                                               line_events events) {
   auto c = std::make_unique<channel>(std::move(in), std::move(out), bounds, std::move(events));
   if (!c->is_usable()) {
      return core::fail(core::errc::io,
                        std::string("the stdio transport has no descriptors left: ") +
                              std::strerror(errno));
   }
   return c;
}

} // namespace fmcp::net
