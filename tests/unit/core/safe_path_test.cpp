#include "core/safe_path.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using fmcp::core::acl_lets_others_write;
using fmcp::core::errc;
using fmcp::core::open_safely;
using fmcp::core::path_policy;
using fmcp::core::read_all;
using ::testing::HasSubstr;

class SafePath : public ::testing::Test {
protected:
   void SetUp() override {
      std::string name = (fs::temp_directory_path() / "safe_path_XXXXXX").string();
      ASSERT_NE(::mkdtemp(name.data()), nullptr);
      root_ = fs::canonical(name);
      fs::create_directory(root_ / "dir");
      put("dir/file", "content");
      ::chmod(at("dir").c_str(), 0755);
   }
   void TearDown() override { fs::remove_all(root_); }

   std::string at(const std::string& relative) const { return (root_ / relative).string(); }
   void put(const std::string& relative, const std::string& text, mode_t mode = 0644) const {
      std::ofstream(at(relative)) << text;
      ASSERT_EQ(::chmod(at(relative).c_str(), mode), 0);
   }
   static path_policy directory() { return {.kind = path_policy::target::directory}; }

   fs::path root_;
};

#define EXPECT_REFUSED(result, expected_code, part)                                                \
   do {                                                                                            \
      const auto& r_ = (result);                                                                   \
      ASSERT_FALSE(r_.has_value());                                                                \
      EXPECT_EQ(r_.error().code, expected_code) << r_.error().message;                             \
      EXPECT_THAT(r_.error().message, HasSubstr(part));                                            \
   } while (false)

TEST_F(SafePath, GivesADescriptorOfWhatWasChecked) {
   const auto file = open_safely(at("dir/file"));
   ASSERT_TRUE(file.has_value()) << file.error().message;
   fs::rename(root_ / "dir/file", root_ / "dir/old");
   put("dir/file", "something else");
   EXPECT_EQ(read_all(*file, 100).value(), "content");
   EXPECT_EQ(file->status.st_size, 7);
   EXPECT_EQ(file->path, at("dir/file"));
}

TEST_F(SafePath, CountsARelativePathFromTheWorkingDirectory) {
   const auto before = fs::current_path();
   fs::current_path(root_ / "dir");
   const auto file = open_safely("../dir/./file");
   fs::current_path(before);
   ASSERT_TRUE(file.has_value()) << file.error().message;
   EXPECT_EQ(read_all(*file, 100).value(), "content");
}

TEST_F(SafePath, NamesWhatIsMissing) {
   EXPECT_REFUSED(open_safely(at("dir/none")), errc::not_found, at("dir/none"));
   EXPECT_REFUSED(open_safely(at("none/file")), errc::not_found, at("none"));
   EXPECT_REFUSED(open_safely(at("dir/file/below")), errc::not_found, "is not a directory");
}

TEST_F(SafePath, RefusesAFileThatOthersMayWrite) {
   put("dir/file", "x", 0666);
   EXPECT_REFUSED(open_safely(at("dir/file")), errc::denied, "writable by everybody (mode 0666)");
   put("dir/file", "x", 0664);
   EXPECT_REFUSED(open_safely(at("dir/file")), errc::denied, "chmod go-w " + at("dir/file"));
}

TEST_F(SafePath, RefusesADirectoryAboveThatOthersMayWrite) {
   ::chmod(at("dir").c_str(), 0775);
   EXPECT_REFUSED(open_safely(at("dir/file")), errc::denied,
                  at("dir") + " is writable by its group");
}

TEST_F(SafePath, PassesAStickyDirectoryAboveButNotAsTheTarget) {
   ::chmod(at("dir").c_str(), 01777);
   EXPECT_TRUE(open_safely(at("dir/file")).has_value());
   EXPECT_REFUSED(open_safely(at("dir"), directory()), errc::denied, "writable by everybody");
}

TEST_F(SafePath, RefusesAForeignOwner) {
   path_policy as_somebody_else;
   if (::geteuid() == 0) {
      ASSERT_EQ(::chown(at("dir/file").c_str(), 12345, 12345), 0);
   } else {
      as_somebody_else.user = ::geteuid() + 1;
   }
   EXPECT_REFUSED(open_safely(at("dir/file"), as_somebody_else), errc::denied,
                  "must belong to root or to user");
}

TEST_F(SafePath, RefusesAForeignDirectoryAbove) {
   path_policy as_somebody_else;
   if (::geteuid() == 0) {
      ASSERT_EQ(::chown(at("dir").c_str(), 12345, 12345), 0);
   } else {
      as_somebody_else.user = ::geteuid() + 1;
   }
   EXPECT_REFUSED(open_safely(at("dir/file"), as_somebody_else), errc::denied,
                  "who could replace what is below it");
}

TEST_F(SafePath, PassesTheServiceUsersOwnFile) {
   path_policy as_service;
   if (::geteuid() == 0) {
      // Only root can give files away; anybody else owns this one already.
      ASSERT_EQ(::chown(at("dir/file").c_str(), 12345, 12345), 0);
      as_service.user = 12345;
   }
   EXPECT_TRUE(open_safely(at("dir/file"), as_service).has_value());
}

TEST_F(SafePath, RefusesLinksUnlessTold) {
   fs::create_symlink("file", root_ / "dir/link");
   fs::create_directory_symlink(root_ / "dir", root_ / "way");
   EXPECT_REFUSED(open_safely(at("dir/link")), errc::denied, "is a symbolic link");
   EXPECT_REFUSED(open_safely(at("way/file")), errc::denied, "is a symbolic link");
   EXPECT_TRUE(open_safely(at("dir/link"), {.follow_links = true}).has_value());
   EXPECT_TRUE(open_safely(at("way/file"), {.follow_links = true}).has_value());
}

TEST_F(SafePath, ChecksTheTargetOfALink) {
   put("dir/open", "x", 0666);
   fs::create_symlink("open", root_ / "dir/link");
   EXPECT_REFUSED(open_safely(at("dir/link"), {.follow_links = true}), errc::denied,
                  at("dir/open"));
}

TEST_F(SafePath, EndsInALoopOfLinks) {
   fs::create_symlink("b", root_ / "dir/a");
   fs::create_symlink("a", root_ / "dir/b");
   EXPECT_REFUSED(open_safely(at("dir/a"), {.follow_links = true}), errc::denied,
                  "40 symbolic links");
}

TEST_F(SafePath, RefusesWhatIsNoRegularFileWithoutWaitingForIt) {
   ASSERT_EQ(::mkfifo(at("dir/pipe").c_str(), 0600), 0);
   EXPECT_REFUSED(open_safely(at("dir/pipe")), errc::invalid, "is not a regular file");
   EXPECT_REFUSED(open_safely(at("dir")), errc::invalid, "is not a regular file");
   EXPECT_REFUSED(open_safely(at("dir/file"), directory()), errc::invalid, "is not a directory");
   EXPECT_REFUSED(open_safely("/"), errc::invalid, "is not a regular file");
}

TEST_F(SafePath, OpensDirectories) {
   for (const auto* path : {"dir", "dir/", "dir/.", "dir/../dir", "dir/.."}) {
      const auto opened = open_safely(at(path), directory());
      ASSERT_TRUE(opened.has_value()) << path << ": " << opened.error().message;
      EXPECT_TRUE(S_ISDIR(opened->status.st_mode)) << path;
   }
}

TEST_F(SafePath, BoundsTheSize) {
   EXPECT_TRUE(open_safely(at("dir/file"), {.max_bytes = 7}).has_value());
   EXPECT_REFUSED(open_safely(at("dir/file"), {.max_bytes = 6}), errc::limit,
                  "has 7 bytes; at most 6");
   const auto file = open_safely(at("dir/file"));
   ASSERT_TRUE(file.has_value());
   EXPECT_REFUSED(read_all(*file, 6), errc::limit, "6 bytes");
}

TEST_F(SafePath, RefusesPathsThatAreNone) {
   EXPECT_REFUSED(open_safely(""), errc::invalid, "empty");
   EXPECT_REFUSED(open_safely(std::string_view("/a\0b", 4)), errc::invalid, "NUL");
   EXPECT_REFUSED(open_safely(std::string(5000, 'x')), errc::invalid, "too long");
}

TEST_F(SafePath, KeepsControlCharactersOutOfMessages) {
   EXPECT_REFUSED(open_safely(at("a\x1b[2Jb")), errc::not_found, "a\\x1b[2Jb");
}

struct acl_entry {
   unsigned tag, permissions, id;
};

std::string acl(std::initializer_list<acl_entry> entries) {
   std::string out("\x02\0\0\0", 4);
   const auto put = [&out](unsigned n, int bytes) {
      for (; bytes > 0; --bytes, n >>= 8) out.push_back(static_cast<char>(n & 0xFF));
   };
   for (const auto& e : entries) {
      put(e.tag, 2);
      put(e.permissions, 2);
      put(e.id, 4);
   }
   return out;
}
constexpr unsigned owner = 1, user = 2, owning_group = 4, group = 8, mask = 0x10, other = 0x20;

TEST(SafePathAcl, LetsRootAndTheServiceUserWrite) {
   EXPECT_FALSE(acl_lets_others_write("", 7));
   EXPECT_FALSE(acl_lets_others_write(acl({{owner, 7, 0},
                                           {user, 7, 7},
                                           {user, 7, 0},
                                           {owning_group, 5, 0},
                                           {mask, 7, 0},
                                           {other, 5, 0}}),
                                      7));
   EXPECT_FALSE(acl_lets_others_write(acl({{user, 5, 8}, {group, 5, 8}, {mask, 7, 0}}), 7));
}

TEST(SafePathAcl, FindsEveryOtherWriter) {
   EXPECT_TRUE(acl_lets_others_write(acl({{user, 7, 8}, {mask, 7, 0}}), 7));
   EXPECT_TRUE(acl_lets_others_write(acl({{group, 2, 8}, {mask, 7, 0}}), 7));
   EXPECT_TRUE(acl_lets_others_write(acl({{owning_group, 2, 0}}), 7));
   EXPECT_TRUE(acl_lets_others_write(acl({{other, 2, 0}, {mask, 0, 0}}), 7));
}

TEST(SafePathAcl, AppliesTheMaskWhereverItStands) {
   EXPECT_FALSE(acl_lets_others_write(acl({{user, 7, 8}, {mask, 5, 0}}), 7));
   EXPECT_FALSE(acl_lets_others_write(acl({{mask, 5, 0}, {user, 7, 8}}), 7));
}

TEST(SafePathAcl, DistrustsWhatItCannotRead) {
   EXPECT_TRUE(acl_lets_others_write("x", 7));
   EXPECT_TRUE(acl_lets_others_write(std::string("\x03\0\0\0", 4), 7));
   EXPECT_TRUE(acl_lets_others_write(acl({{owner, 7, 0}}) + "x", 7));
}

TEST_F(SafePath, RefusesAWriteEntryOfAnAccessControlList) {
   const auto list = acl({{owner, 6, 0xFFFFFFFF},
                          {user, 6, 12345},
                          {owning_group, 4, 0xFFFFFFFF},
                          {mask, 6, 0xFFFFFFFF},
                          {other, 4, 0xFFFFFFFF}});
   if (::setxattr(at("dir/file").c_str(), "system.posix_acl_access", list.data(), list.size(), 0) !=
       0) {
      ASSERT_EQ(errno, ENOTSUP); // a file system without such lists has nothing to refuse
      return;
   }
   EXPECT_REFUSED(open_safely(at("dir/file")), errc::denied, "setfacl -b " + at("dir/file"));
}

} // namespace
