#include "plugins/module.hpp"

#include <filesystem>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/instance.hpp"
#include "unit/plugins/fake_plugin.hpp"
#include "unit/plugins/plugin_files.hpp"

namespace fmcp::plugins {
namespace {

using test::built;
using testing::HasSubstr;
using namespace std::chrono_literals;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif

std::size_t open_descriptors() {
   std::size_t n = 0;
   for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      ++n;
   }
   return n;
}

std::size_t resident_bytes() {
   std::ifstream in("/proc/self/statm");
   std::size_t all = 0, resident = 0;
   in >> all >> resident;
   return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::size_t loaded_objects() {
   std::size_t n = 0;
   ::dl_iterate_phdr(
         [](dl_phdr_info*, std::size_t, void* count) {
            ++*static_cast<std::size_t*>(count);
            return 0;
         },
         &n);
   return n;
}

sealed_copy copy_of(std::string_view name) {
   auto copy = sealed_copy::make(built(name), name.substr(name.find('/') + 1));
   if (!copy) throw std::runtime_error(copy.error().message);
   return std::move(*copy);
}

/// Loads, calls once, stops and unloads; what the call answered.
std::string answer_of(sealed_copy code, std::string_view tool_name, bool& is_gone) {
   const auto deadlines = std::make_shared<timer>(core::clock::system());
   instance::config c;
   c.name = "versioned";
   c.deadlines = deadlines;
   auto plugin = instance::make(c);
   std::string answer;
   if (auto up = plugin->bring_up(std::move(code), {}, {}); !up) {
      answer = up.error().message;
   } else {
      const auto listed = plugin->list().value();
      for (const auto& t : listed) {
         if (t->name != tool_name) continue;
         const auto made = std::make_shared<test::recorded_call>(std::string(tool_name));
         plugin->start(*t, made);
         if (made->wait()) answer = made->text();
      }
   }
   is_gone = plugin->retire(10s) && plugin->unload();
   plugin.reset();
   deadlines->stop();
   return answer;
}

TEST(SealedCopy, CannotBeChangedAndNeverHasTheSameNameAgain) {
   std::set<std::string> names;
   for (int i = 0; i < 20; ++i) {
      const auto copy = sealed_copy::make("0123456789", "x");
      ASSERT_TRUE(copy);
      EXPECT_TRUE(names.insert(copy->path()).second) << copy->path();
      std::ofstream(copy->path()) << "changed";
      std::ifstream in(copy->path());
      EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "0123456789");
   }
}

TEST(SealedCopy, FallsBackToAPrivateDirectory) {
   std::string first;
   {
      const auto copy =
            sealed_copy::make(built("unit/versioned_1"), "v.so", sealed_copy::place::directory);
      ASSERT_TRUE(copy) << copy.error().message;
      first = copy->path();
      struct stat status{};
      ASSERT_EQ(::stat(std::filesystem::path(first).parent_path().c_str(), &status), 0);
      EXPECT_EQ(status.st_mode & 0777, 0700u);
   }
   EXPECT_FALSE(std::filesystem::exists(first)); // the name is gone, what was loaded would stay
   auto again = sealed_copy::make(built("unit/versioned_2"), "v.so", sealed_copy::place::directory);
   ASSERT_TRUE(again);
   EXPECT_NE(again->path(), first);
   bool is_gone = false;
   EXPECT_EQ(answer_of(std::move(*again), "version", is_gone), "version 2, call 1");
   EXPECT_TRUE(is_gone);
}

TEST(Module, KeepsTheLoadersWords) {
   auto loaded = module::load(
         sealed_copy::make(test::swapped(built("echo"), "calloc", "callox"), "a.so").value());
   ASSERT_FALSE(loaded);
   EXPECT_THAT(loaded.error().message, HasSubstr("undefined symbol: callox"));
   loaded = module::load(
         sealed_copy::make(test::swapped(built("echo"), "libc.so.6", "libq.so.6"), "b.so").value());
   ASSERT_FALSE(loaded);
   EXPECT_THAT(loaded.error().message, HasSubstr("libq.so.6: cannot open shared object file"));
}

TEST(Module, ANewVersionRunsItsOwnCode) {
   bool is_gone = false;
   for (int round = 0; round < 3; ++round) {
      EXPECT_EQ(answer_of(copy_of("unit/versioned_1"), "version", is_gone), "version 1, call 1");
      EXPECT_TRUE(is_gone);
      EXPECT_EQ(answer_of(copy_of("unit/versioned_2"), "version", is_gone), "version 2, call 1");
      EXPECT_TRUE(is_gone);
   }
}

TEST(Module, LoadAndUnloadAHundredTimesIsFlat) {
   bool is_gone = false;
   for (int i = 0; i < 5; ++i) (void)answer_of(copy_of("unit/versioned_1"), "version", is_gone);
   const auto descriptors = open_descriptors(), objects = loaded_objects();
   const auto memory = resident_bytes();
   for (int i = 0; i < 100; ++i) {
      ASSERT_EQ(answer_of(copy_of("unit/versioned_1"), "version", is_gone), "version 1, call 1");
      ASSERT_TRUE(is_gone);
   }
   EXPECT_EQ(open_descriptors(), descriptors);
   EXPECT_EQ(loaded_objects(), objects);
   if (!is_sanitized) { // which keep freed memory
      EXPECT_LT(resident_bytes(), memory + (256u << 10));
   }
}

TEST(Module, SaysWhenTheCodeStays) {
   auto loaded = module::load(copy_of("unit/unique"));
   ASSERT_TRUE(loaded) << loaded.error().message;
   ASSERT_NE(loaded->entry(), nullptr);
   EXPECT_FALSE(loaded->unload());
}

TEST(Module, IsNotUnloadedByItsDestructor) {
   const auto before = loaded_objects();
   {
      const auto loaded = module::load(copy_of("unit/versioned_1"));
   }
   EXPECT_EQ(loaded_objects(), before + 1);
}

} // namespace
} // namespace fmcp::plugins
