#include "store/state_directory.hpp"

#include <filesystem>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/key_file.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/expect_error.hpp"

namespace fmcp::store {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class StateDirectory : public ::testing::Test {
protected:
   static unsigned mode_of(const std::string& path) {
      struct stat status{};
      return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777u : 0;
   }
   std::set<std::string> files(const std::string& in) const {
      std::set<std::string> out;
      for (const auto& e : fs::directory_iterator(dir_.at(in))) out.insert(e.path().filename());
      return out;
   }
   state_directory open(const std::string& name) const {
      return state_directory::open(dir_.at(name)).value();
   }
   test::temp_dir dir_;
};

TEST_F(StateDirectory, IsMadeWithWhatIsMissingAboveIt) {
   ASSERT_TRUE(state_directory::open(dir_.at("a/b/c")).has_value());
   for (const auto* part : {"a", "a/b", "a/b/c"}) EXPECT_EQ(mode_of(dir_.at(part)), 0700u);
   EXPECT_TRUE(state_directory::open(dir_.at("a/b/c/")).has_value());
}

TEST_F(StateDirectory, IsRefusedWhenOthersMayWriteToItOrAboveIt) {
   fs::create_directory(dir_.at("shared"));
   ASSERT_EQ(::chmod(dir_.at("shared").c_str(), 0755), 0);
   EXPECT_TRUE(state_directory::open(dir_.at("shared")).has_value()) << "others see names only";
   ASSERT_EQ(::chmod(dir_.at("shared").c_str(), 0775), 0);
   EXPECT_ERROR(state_directory::open(dir_.at("shared")), denied);
   EXPECT_ERROR(state_directory::open(dir_.at("shared/below")), denied);
}

TEST_F(StateDirectory, RefusesAFileOrAPathThatIsNotAbsolute) {
   dir_.put("file", "");
   EXPECT_FALSE(state_directory::open(dir_.at("file")).has_value());
   EXPECT_ERROR(state_directory::open("relative"), invalid);
   EXPECT_ERROR(state_directory::open(""), invalid);
}

TEST_F(StateDirectory, CreatesAFileOnceAndWhole) {
   const auto d = open("d");
   ASSERT_TRUE(d.create_file("name", "first").has_value());
   EXPECT_ERROR(d.create_file("name", "second"), conflict);
   EXPECT_EQ(d.read_file("name", 100).value(), "first");
   EXPECT_EQ(mode_of(dir_.at("d/name")), 0600u);
   EXPECT_EQ(files("d"), std::set<std::string>{"name"}) << "no draft is left";
   EXPECT_ERROR(d.read_file("name", 4), limit);
   EXPECT_ERROR(d.read_file("other", 100), not_found);
}

TEST_F(StateDirectory, RefusesAFileThatOthersMayReadOrThatIsNone) {
   const auto d = open("d");
   dir_.put("d/readable", "secret", 0640);
   EXPECT_ERROR(d.read_file("readable", 100), denied);
   EXPECT_ERROR(d.ensure_file("readable"), denied);
   fs::create_symlink(dir_.put("target", "secret", 0600), dir_.at("d/link"));
   EXPECT_FALSE(d.read_file("link", 100).has_value());
   EXPECT_ERROR(d.ensure_file("link"), denied);
   ASSERT_EQ(::mkfifo(dir_.at("d/pipe").c_str(), 0600), 0);
   EXPECT_ERROR(d.read_file("pipe", 100), denied);
}

TEST_F(StateDirectory, RefusesAFileOfAnotherUser) {
   if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
   const auto d = open("d");
   dir_.put("d/theirs", "secret", 0600);
   ASSERT_EQ(::chown(dir_.at("d/theirs").c_str(), 65534, 65534), 0);
   EXPECT_ERROR(d.read_file("theirs", 100), denied);
}

using KeyFile = StateDirectory;

TEST_F(KeyFile, IsMadeOnceAndUsedAgain) {
   const auto d = open("d");
   const auto sealed = ring_of_key_file(d).value().derive("a", "b").seal("value", "", 1000).value();
   EXPECT_EQ(mode_of(dir_.at("d/store.key")), 0600u);
   EXPECT_EQ(ring_of_key_file(d).value().derive("a", "b").open(sealed, "", 1).value(), "value");
   EXPECT_EQ(d.read_file("store.key", 1000).value().size(), 65u)
         << "256 bits, in hexadecimal digits";
}

TEST_F(KeyFile, EachHostHasItsOwn) {
   const auto a = open("a"), b = open("b");
   ASSERT_TRUE(ring_of_key_file(a).has_value() && ring_of_key_file(b).has_value());
   EXPECT_NE(a.read_file("store.key", 100).value(), b.read_file("store.key", 100).value());
}

TEST_F(KeyFile, ALineOnTopRotatesTheSecret) {
   const auto d = open("d");
   const auto before = ring_of_key_file(d).value().derive("a", "b");
   const auto old = d.read_file("store.key", 100).value();
   dir_.put("d/store.key", "# since today\n\n" + std::string(32, 'n') + "ew\r\n" + old, 0600);
   const auto after = ring_of_key_file(d).value().derive("a", "b");
   const auto sealed = before.seal("value", "", 1000).value();
   EXPECT_EQ(after.open(sealed, "", 1).value(), "value");
   EXPECT_FALSE(before.open(after.seal("value", "", 1000).value(), "", 1).has_value());
}

TEST_F(KeyFile, RefusesAnEmptyOrAGuessableOneByName) {
   const auto d = open("d");
   dir_.put("d/store.key", "\n# nothing\n", 0600);
   const auto empty = ring_of_key_file(d);
   EXPECT_ERROR(empty, invalid);
   EXPECT_THAT(empty.error().message, HasSubstr(dir_.at("d/store.key")));
   dir_.put("d/store.key", "password\n", 0600);
   const auto guessable = ring_of_key_file(d);
   EXPECT_ERROR(guessable, invalid);
   EXPECT_THAT(guessable.error().message, Not(HasSubstr("password")));
}

} // namespace
} // namespace fmcp::store
