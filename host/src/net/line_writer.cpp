#include "net/line_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/log.hpp"

namespace fmcp::net {

line_writer::line_writer(core::unique_fd out, std::size_t max_queued,
                         std::chrono::milliseconds timeout,
                         std::function<void(std::string)> on_failure)
    : out_(std::move(out)), max_queued_(max_queued), timeout_(timeout),
      on_failure_(std::move(on_failure)), bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

line_writer::~line_writer() {
   stop(std::chrono::milliseconds(0));
}

void line_writer::start() {
   thread_ = std::thread([this] {
      ::pthread_setname_np(::pthread_self(), "fmcp:stdout");
      run();
   });
}

bool line_writer::write(std::string_view line) {
   if (line.find('\n') != std::string_view::npos) {
      core::log::error("net", "a message with a line end in it was not written bytes={}",
                       line.size());
      return false;
   }
   const std::size_t size = line.size() + 1;
   std::unique_lock lock(mutex_);
   changed_.wait(lock, [&] {
      return has_failed_ || is_ending_ || unwritten_ == 0 || unwritten_ + size <= max_queued_;
   });
   if (has_failed_ || is_ending_) return false;
   queue_.append(line).push_back('\n');
   unwritten_ += size;
   changed_.notify_all();
   return true;
}

void line_writer::run() {
   std::string bytes;
   std::unique_lock lock(mutex_);
   for (;;) {
      changed_.wait(lock, [&] { return !queue_.empty() || is_ending_ || has_failed_; });
      if (has_failed_ || queue_.empty()) return;
      bytes.clear();
      std::swap(bytes, queue_);
      lock.unlock();
      for (std::string_view rest = bytes; !rest.empty();) {
         const std::size_t before = rest.size();
         const bool goes_on = write_some(rest);
         lock.lock();
         unwritten_ -= before - rest.size();
         changed_.notify_all();
         if (!goes_on) return;
         lock.unlock();
      }
      if (bytes.capacity() > 64 * 1024) std::string().swap(bytes);
      lock.lock();
   }
}

bool line_writer::write_some(std::string_view& bytes) {
   if (!wait_writable()) return false;
   // A pipe that is writable takes PIPE_BUF bytes without blocking (pipe(7)): a write that blocks
   // could not be given up.
   const auto n = ::write(out_.get(), bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
   if (n > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
      return true;
   }
   if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) return true;
   fail(n == 0 ? "it takes nothing" : std::strerror(errno));
   return false;
}

bool line_writer::wait_writable() {
   pollfd fds[2] = {{.fd = out_.get(), .events = POLLOUT, .revents = 0},
                    {.fd = bell_.get(), .events = POLLIN, .revents = 0}};
   int n;
   do {
      n = ::poll(fds, 2, static_cast<int>(std::min<long>(timeout_.count(), INT_MAX)));
   } while (n < 0 && errno == EINTR);
   if (fds[0].revents != 0) return true; // an error, too: write says which
   if (fds[1].revents != 0) return false;
   fail("the peer has read nothing for too long");
   return false;
}

void line_writer::fail(std::string why) {
   {
      const std::lock_guard lock(mutex_);
      has_failed_ = true;
      std::string().swap(queue_);
      changed_.notify_all();
   }
   on_failure_(std::move(why));
}

bool line_writer::stop(std::chrono::milliseconds patience) {
   bool is_written = false;
   {
      std::unique_lock lock(mutex_);
      is_ending_ = true;
      changed_.notify_all();
      if (thread_.joinable()) {
         changed_.wait_for(lock, patience, [&] { return unwritten_ == 0 || has_failed_; });
      }
      is_written = unwritten_ == 0;
   }
   if (!thread_.joinable()) return is_written;
   const std::uint64_t one = 1;
   [[maybe_unused]] const auto n = ::write(bell_.get(), &one, sizeof one);
   thread_.join();
   return is_written;
}

} // namespace fmcp::net
