/// The SQLite store among processes: killed in the middle, and several at once.

#include "store/sqlite_store.hpp"

#include <csignal>
#include <cstdio>
#include <map>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/safe_path.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/expect_error.hpp"

namespace fmcp::store {
namespace {

using namespace std::chrono_literals;

/// A process that runs `work` with the end of a pipe to write to. It is killed at the end, if it is
/// not over by then.
class child {
public:
   template <class Work>
   explicit child(Work work) {
      int ends[2];
      if (::pipe(ends) != 0) std::abort();
      in_.reset(ends[0]);
      pid_ = ::fork();
      if (pid_ == 0) {
         in_.reset();
         ::_exit(work(ends[1]));
      }
      ::close(ends[1]);
   }
   child(const child&) = delete;
   child& operator=(const child&) = delete;
   ~child() { kill(); }

   /// The next number, or -1 when there is none any more.
   int next() {
      int n = 0;
      return ::read(in_.get(), &n, sizeof n) == sizeof n ? n : -1;
   }
   void kill() {
      if (pid_ <= 0) return;
      ::kill(pid_, SIGKILL);
      join();
   }
   int join() {
      int status = 0;
      ::waitpid(std::exchange(pid_, 0), &status, 0);
      return status;
   }

private:
   core::unique_fd in_;
   pid_t pid_ = 0;
};

bool say(int out, int n) {
   return ::write(out, &n, sizeof n) == sizeof n;
}

class SqliteProcesses : public ::testing::Test {
protected:
   sqlite_store open() const { return sqlite_store({.file = dir_.at("store.db")}); }
   test::temp_dir dir_;
};

TEST_F(SqliteProcesses, WhatWasAcknowledgedIsThereAfterAKill) {
   for (int round = 0; round < 5; ++round) {
      const auto key = [round](int n) { return std::to_string(round) + " " + std::to_string(n); };
      child writer([&](int out) {
         auto s = open();
         for (int n = 0;; ++n) {
            if (!s.put("space", key(n), "value " + key(n), 1h, any_version) || !say(out, n))
               return 1;
            // Each second one is a code that is used at once.
            if (n % 2 == 1 && !s.take("space", key(n))) return 1;
            if (n % 2 == 1 && !say(out, n)) return 1;
         }
      });
      std::map<int, int> said;
      for (int i = 0; i < 30 + round; ++i) ++said[writer.next()];
      writer.kill();
      for (int n = writer.next(); n >= 0; n = writer.next()) ++said[n];
      ASSERT_FALSE(said.contains(-1)) << "the writer failed";
      auto s = open();
      for (const auto& [n, times] : said) {
         if (times == 2) {
            EXPECT_ERROR(s.get("space", key(n)), not_found);
         } else if (n % 2 == 0) {
            EXPECT_EQ(s.get("space", key(n)).value().value, "value " + key(n));
         }
      }
   }
}

TEST_F(SqliteProcesses, OfTakersInSeveralProcessesOneGetsIt) {
   constexpr int keys = 60;
   {
      auto s = open();
      for (int k = 0; k < keys; ++k)
         ASSERT_TRUE(s.put("space", std::to_string(k), "code", 1h, any_version).has_value());
   }
   const auto take_all = [&](int out) {
      auto s = open();
      for (int k = 0; k < keys; ++k) {
         const auto taken = s.take("space", std::to_string(k));
         if (!taken && taken.error().code != core::errc::not_found) return 1;
         if (taken && !say(out, k)) return 1;
      }
      return 0;
   };
   child a(take_all), b(take_all);
   std::vector<int> taken(keys);
   for (auto* c : {&a, &b}) {
      for (int k = c->next(); k >= 0; k = c->next()) ++taken[static_cast<std::size_t>(k)];
      EXPECT_EQ(c->join(), 0);
   }
   EXPECT_THAT(taken, ::testing::Each(1));
}

TEST_F(SqliteProcesses, CompareAndSetLosesNoCount) {
   constexpr int rounds = 40;
   const auto count_up = [&](int) {
      auto s = open();
      if (const auto first = s.put("space", "count", "0", 1h, only_if_absent);
          !first && first.error().code != core::errc::conflict)
         return 1;
      for (int done = 0; done < rounds;) {
         const auto old = s.get("space", "count");
         if (!old) return 1;
         const auto next = std::to_string(std::stoi(old->value) + 1);
         const auto put = s.put("space", "count", next, 1h, old->version);
         if (!put && put.error().code != core::errc::conflict) return 1;
         done += put.has_value();
      }
      return 0;
   };
   child a(count_up), b(count_up);
   EXPECT_EQ(a.join(), 0);
   EXPECT_EQ(b.join(), 0);
   EXPECT_EQ(open().get("space", "count").value().value, std::to_string(2 * rounds));
}

TEST_F(SqliteProcesses, StartTogetherOnANewFile) {
   for (int round = 0; round < 10; ++round) {
      const auto begin = [&](int) {
         sqlite_store s({.file = dir_.at("new " + std::to_string(round) + "/store.db")});
         const auto put = s.put("space", std::to_string(::getpid()), "value", 1h, any_version);
         if (!put) std::fprintf(stderr, "%s\n", put.error().message.c_str());
         return put ? 0 : 1;
      };
      child a(begin), b(begin), c(begin);
      EXPECT_EQ(a.join(), 0);
      EXPECT_EQ(b.join(), 0);
      EXPECT_EQ(c.join(), 0);
   }
}

} // namespace
} // namespace fmcp::store
