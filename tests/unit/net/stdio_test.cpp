#include "net/stdio.hpp"

#include <algorithm>
#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"
#include "unit/net/test_server.hpp"

namespace fmcp::net {
namespace {

using namespace std::chrono_literals;
using test::event;

struct pipe_ends {
   core::unique_fd read, write;
   pipe_ends() {
      int fds[2] = {-1, -1};
      if (::pipe2(fds, O_CLOEXEC) != 0) ADD_FAILURE() << "no pipe";
      read = core::unique_fd(fds[0]);
      write = core::unique_fd(fds[1]);
   }
};

class LineChannel : public testing::Test {
protected:
   void open(line_limits bounds = {}) { open_on(std::move(in.read), std::move(out.write), bounds); }
   void open_on(core::unique_fd from, core::unique_fd to, line_limits bounds = {}) {
      auto made = line_channel::open(std::move(from), std::move(to), bounds,
                                     {.line =
                                            [this](std::string_view text) {
                                               lines.emplace_back(text);
                                               line_came.happen();
                                               if (on_line) on_line(text);
                                            },
                                      .long_line = [this] { long_line_came.happen(); },
                                      .end =
                                            [this](core::result<void> why) {
                                               end = why ? "" : why.error().message;
                                               ended.happen();
                                            }});
      ASSERT_TRUE(made) << made.error().message;
      channel = std::move(*made);
      channel->start();
   }
   void type(std::string_view bytes) {
      while (!bytes.empty()) {
         const auto n = ::write(in.write.get(), bytes.data(), bytes.size());
         ASSERT_GT(n, 0);
         bytes.remove_prefix(static_cast<std::size_t>(n));
      }
   }
   /// What was written until `n` lines are there, or the end.
   std::string read_lines(std::size_t n) {
      std::string text;
      char bytes[4096];
      for (std::size_t seen = 0; seen < n;) {
         pollfd p{.fd = out.read.get(), .events = POLLIN, .revents = 0};
         if (::poll(&p, 1, test::patience_ms) != 1) return text + "(nothing came)";
         const auto got = ::read(out.read.get(), bytes, sizeof bytes);
         if (got <= 0) break;
         text.append(bytes, static_cast<std::size_t>(got));
         seen += static_cast<std::size_t>(std::count(bytes, bytes + got, '\n'));
      }
      return text;
   }

   pipe_ends in, out;
   std::vector<std::string> lines; // of the reader's thread until an event was waited for
   std::function<void(std::string_view)> on_line;
   std::string end;
   event line_came, long_line_came, ended;
   std::unique_ptr<line_channel> channel;
};

TEST_F(LineChannel, GivesLinesAndTheEnd) {
   open();
   type("one\ntwo\r\n\nthr");
   ASSERT_TRUE(line_came.wait(2));
   type("ee");
   in.write.reset();
   ASSERT_TRUE(ended.wait());
   EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "three"}));
   EXPECT_EQ(end, "");
}

TEST_F(LineChannel, ReadingGoesOnBehindALongLine) {
   open({.max_line_bytes = 100'000});
   type(std::string(300'000, 'x'));
   ASSERT_TRUE(long_line_came.wait());
   type(std::string(300'000, 'x') + "\nnext\n");
   ASSERT_TRUE(line_came.wait());
   EXPECT_EQ(lines, std::vector<std::string>{"next"});
   EXPECT_EQ(long_line_came.count(), 1);
}

TEST_F(LineChannel, ReadsAFile) {
   const test::temp_dir dir;
   const auto file = dir.put("in", "one\ntwo\n");
   open_on(core::unique_fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC)), std::move(out.write));
   ASSERT_TRUE(ended.wait());
   EXPECT_EQ(lines, (std::vector<std::string>{"one", "two"}));
}

TEST_F(LineChannel, BadInputIsReported) {
   const test::temp_dir dir;
   open_on(core::unique_fd(::open(dir.path().c_str(), O_RDONLY | O_CLOEXEC)), std::move(out.write));
   ASSERT_TRUE(ended.wait());
   EXPECT_EQ(end, "standard input: Is a directory");
}

TEST_F(LineChannel, WritesAfterTheInputHasEnded) {
   open();
   in.write.reset();
   ASSERT_TRUE(ended.wait());
   EXPECT_TRUE(channel->write("late"));
   EXPECT_EQ(read_lines(1), "late\n");
}

TEST_F(LineChannel, LinesOfManyThreadsStayWholeAndInOrder) {
   open({.max_queued_bytes = 50'000});
   constexpr int threads = 4, each = 300;
   std::vector<std::thread> writers;
   for (int t = 0; t < threads; ++t) {
      writers.emplace_back([&, t] {
         for (int i = 0; i < each; ++i) {
            const std::string tail(static_cast<std::size_t>(i) * 7 % 3000,
                                   static_cast<char>('a' + t));
            EXPECT_TRUE(channel->write(std::to_string(t) + ":" + std::to_string(i) + ":" + tail));
         }
      });
   }
   std::string text = read_lines(threads * each);
   for (auto& w : writers) w.join();
   int next[threads] = {};
   std::size_t at = 0;
   while (at < text.size()) {
      const auto stop = text.find('\n', at);
      ASSERT_NE(stop, std::string::npos);
      const std::string line = text.substr(at, stop - at);
      at = stop + 1;
      const int t = line[0] - '0';
      const int i = next[t]++;
      const std::string tail(static_cast<std::size_t>(i) * 7 % 3000, static_cast<char>('a' + t));
      ASSERT_EQ(line, std::to_string(t) + ":" + std::to_string(i) + ":" + tail);
   }
   for (const int n : next) EXPECT_EQ(n, each);
}

TEST_F(LineChannel, LineEndInALineIsRefused) {
   open();
   EXPECT_FALSE(channel->write("two\nlines"));
   EXPECT_TRUE(channel->write("one"));
   EXPECT_EQ(read_lines(1), "one\n");
}

TEST_F(LineChannel, PeerThatIsGoneIsReported) {
   open();
   out.read.reset();
   EXPECT_TRUE(channel->write("hello")) << "queued, and no SIGPIPE ends the test";
   ASSERT_TRUE(ended.wait());
   EXPECT_EQ(end, "standard output: Broken pipe");
   EXPECT_FALSE(channel->write("more"));
   in.write.reset();
   EXPECT_FALSE(channel->stop(0ms));
   EXPECT_EQ(ended.count(), 1);
}

TEST_F(LineChannel, WriterWaitsForAPeerThatReadsSlowly) {
   open({.max_queued_bytes = 10'000});
   std::atomic<int> written{0};
   std::thread writer([&] {
      for (int i = 0; i < 1000; ++i) {
         EXPECT_TRUE(channel->write(std::string(999, 'x')));
         ++written;
      }
   });
   // A pipe holds 64 KiB and the queue 10 000 bytes: the writer has to wait for us.
   const std::string first = read_lines(1);
   EXPECT_LT(written.load(), 1000);
   const auto came = static_cast<std::size_t>(std::ranges::count(first, '\n'));
   EXPECT_EQ((first + read_lines(1000 - came)).size(), 1'000'000u);
   writer.join();
}

TEST_F(LineChannel, PeerThatReadsNothingIsGivenUp) {
   open({.max_queued_bytes = 10'000, .write_timeout = 50ms});
   int i = 0;
   while (channel->write(std::string(999, 'x'))) ASSERT_LT(++i, 1000);
   ASSERT_TRUE(ended.wait());
   EXPECT_EQ(end, "standard output: the peer has read nothing for too long");
}

TEST_F(LineChannel, OneLineMayBeLongerThanTheQueue) {
   open({.max_queued_bytes = 10});
   EXPECT_TRUE(channel->write(std::string(100, 'x')));
   EXPECT_EQ(read_lines(1), std::string(100, 'x') + "\n");
   EXPECT_TRUE(channel->write("y"));
}

TEST_F(LineChannel, TasksRunWhereLinesDo) {
   std::set<std::thread::id> ids;
   on_line = [&](std::string_view) { ids.insert(std::this_thread::get_id()); };
   open();
   event ran;
   for (int i = 0; i < 10; ++i) {
      channel->home().post([&] {
         ids.insert(std::this_thread::get_id());
         // Also from within a task.
         channel->home().post([&] { ran.happen(); });
      });
   }
   type("line\n");
   ASSERT_TRUE(ran.wait(10));
   ASSERT_TRUE(line_came.wait());
   in.write.reset();
   ASSERT_TRUE(ended.wait());
   EXPECT_EQ(ids.size(), 1u);
   EXPECT_FALSE(ids.contains(std::this_thread::get_id()));
}

TEST_F(LineChannel, StopWritesWhatIsQueued) {
   open();
   std::string expected;
   for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(channel->write(std::to_string(i)));
      expected += std::to_string(i) + "\n";
   }
   EXPECT_TRUE(channel->stop(20s));
   EXPECT_FALSE(channel->write("too late"));
   channel.reset();
   EXPECT_EQ(read_lines(1000), expected);
}

TEST_F(LineChannel, StopDoesNotWaitForAPeerThatDoesNotRead) {
   ASSERT_EQ(::fcntl(out.write.get(), F_SETPIPE_SZ, 4096), 4096);
   event written;
   on_line = [&](std::string_view) {
      while (channel->write(std::string(999, 'x'))) written.happen();
   };
   open({.max_queued_bytes = 10'000});
   type("go\n");
   // More than the pipe holds: some of it stays in the queue.
   ASSERT_TRUE(written.wait(10));
   EXPECT_FALSE(channel->stop(10ms));
}

TEST_F(LineChannel, FlagsOfTheDescriptorsStay) {
   const core::unique_fd from(::dup(in.read.get())), to(::dup(out.write.get()));
   open();
   EXPECT_TRUE(channel->write("x"));
   read_lines(1);
   EXPECT_EQ(::fcntl(from.get(), F_GETFL) & O_NONBLOCK, 0);
   EXPECT_EQ(::fcntl(to.get(), F_GETFL) & O_NONBLOCK, 0);
}

} // namespace
} // namespace fmcp::net
