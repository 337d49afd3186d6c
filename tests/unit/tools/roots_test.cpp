#include "files/src/roots.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "files/src/text.hpp"
#include "files/src/walk.hpp"
#include "support/temp_dir.hpp"

namespace files {
namespace {

using fmcp::test::temp_dir;
using testing::ElementsAre;
using testing::HasSubstr;

/// Two directories, of which one is granted, and ways out of it.
struct tree {
   tree() {
      dir.put("granted/plan.md", "the plan\n");
      dir.put("granted/sub/deep/note.txt", "deep\n");
      dir.put("granted/.secret", "hidden\n");
      dir.put("outside/key", "private\n");
      link("granted/inside", "sub/deep");
      link("granted/out_relative", "../outside");
      link("granted/out_absolute", dir.at("outside/key"));
      link("granted/sub/up", "../../outside/key");
      link("granted/self", "self");
      ::mkfifo(dir.at("granted/pipe").c_str(), 0600);
   }
   void link(const std::string& at, const std::string& to) {
      std::filesystem::create_symlink(to, dir.at(at));
   }
   [[nodiscard]] root_set roots(bool hidden = false) const {
      return {{"docs=" + dir.at("granted")}, hidden};
   }
   temp_dir dir;
};

/// What reading gives, or why it does not.
std::string read(const root_set& roots, std::string_view path) {
   try {
      file_status status;
      const auto file = roots.open_file(roots.locate(path), status);
      return read_bytes(file.get(), 1000);
   } catch (const file_error& e) {
      return e.what();
   }
}

TEST(Roots, GiveWhatIsBelowThem) {
   const tree t;
   const auto roots = t.roots();
   EXPECT_EQ(read(roots, "docs/plan.md"), "the plan\n");
   EXPECT_EQ(read(roots, "/docs//./plan.md"), "the plan\n");
   EXPECT_EQ(read(roots, "plan.md"), "the plan\n"); // there is only one root
   EXPECT_EQ(read(roots, "docs/sub/deep/note.txt"), "deep\n");
   EXPECT_EQ(read(roots, "docs/inside/note.txt"), "deep\n"); // a link that stays inside
}

TEST(Roots, KeepWhatIsOutside) {
   const tree t;
   const auto roots = t.roots();
   for (const char* path : {"docs/out_relative/key", "docs/out_absolute", "docs/sub/up"}) {
      EXPECT_THAT(read(roots, path), HasSubstr("leads out of its root")) << path;
   }
   for (const char* path :
        {"docs/../outside/key", "../outside/key", "docs/sub/../../outside/key"}) {
      EXPECT_THAT(read(roots, path), HasSubstr("\"..\" are refused")) << path;
   }
   EXPECT_THAT(read(roots, t.dir.at("outside/key")), HasSubstr("There is no docs/"));
   EXPECT_THAT(read(roots, "docs/self"), HasSubstr("too many links"));
   EXPECT_THAT(read(roots, std::string_view("docs/plan.md\0.txt", 17)), HasSubstr("NUL"));
   EXPECT_THAT(read(roots, std::string(5000, 'x')), HasSubstr("longer than 4096"));
   EXPECT_THAT(read(roots, std::string(300, 'x')), HasSubstr("too long"));
}

TEST(Roots, ErrorsNameNoPathOfTheMachine) {
   const tree t;
   const auto roots = t.roots();
   for (const char* path : {"docs/out_absolute", "docs/none", "docs/sub", "docs/plan.md/x"}) {
      EXPECT_THAT(read(roots, path), testing::Not(HasSubstr(t.dir.path()))) << path;
   }
}

TEST(Roots, OpenRegularFilesOnly) {
   const tree t;
   const auto roots = t.roots();
   EXPECT_THAT(read(roots, "docs/pipe"), HasSubstr("is no regular file")); // and does not block
   EXPECT_THAT(read(roots, "docs/sub"), HasSubstr("is a directory"));
   const root_set device({"dev=/dev"}, false);
   EXPECT_THAT(read(device, "dev/null"), HasSubstr("is no regular file"));
}

TEST(Roots, HideNamesWithADotUnlessTold) {
   const tree t;
   EXPECT_THAT(read(t.roots(), "docs/.secret"), HasSubstr("begin with a dot"));
   EXPECT_EQ(read(t.roots(true), "docs/.secret"), "hidden\n");
}

TEST(Roots, StayTheSameWhenTheirPathIsReplaced) {
   const tree t;
   const auto roots = t.roots();
   std::filesystem::rename(t.dir.at("granted"), t.dir.at("moved"));
   std::filesystem::rename(t.dir.at("outside"), t.dir.at("granted"));
   EXPECT_EQ(read(roots, "docs/plan.md"), "the plan\n");
   EXPECT_THAT(read(roots, "docs/key"), HasSubstr("There is no docs/key"));
}

TEST(Roots, SayWhatIsWrongWithASetting) {
   const tree t;
   const auto complaint = [&](std::vector<std::string> granted) -> std::string {
      try {
         const root_set roots(granted, false);
         return "taken";
      } catch (const std::runtime_error& e) {
         return e.what();
      }
   };
   EXPECT_THAT(complaint({"relative/path"}), HasSubstr("no absolute path"));
   EXPECT_THAT(complaint({""}), HasSubstr("no absolute path"));
   EXPECT_THAT(complaint({t.dir.at("none")}), HasSubstr("No such file"));
   EXPECT_THAT(complaint({t.dir.at("granted/plan.md")}), HasSubstr("Not a directory"));
   EXPECT_THAT(complaint({t.dir.at("granted"), t.dir.at("granted/")}),
               HasSubstr("Two roots are called \"granted\""));
   EXPECT_EQ(complaint({t.dir.at("granted"), "other=" + t.dir.at("granted")}), "taken");
   EXPECT_EQ(complaint({"/"}), "taken");
   const root_set two({t.dir.at("granted"), "other=" + t.dir.at("outside")}, false);
   EXPECT_THAT(two.names(), ElementsAre("granted", "other"));
   EXPECT_THAT(read(two, "plan.md"), HasSubstr("none of the roots: granted, other"));
}

TEST(Walk, SeesEverythingOnceInOrderAndFollowsNoLink) {
   const tree t;
   const auto roots = t.roots();
   std::vector<std::string> seen;
   const auto end = walk(roots, roots.locate("docs"), {.depth = 32}, [&](const walked_entry& e) {
      seen.push_back(e.shown);
      return true;
   });
   EXPECT_EQ(end, walk_end::complete);
   EXPECT_THAT(seen, ElementsAre("docs/inside", "docs/out_absolute", "docs/out_relative",
                                 "docs/pipe", "docs/plan.md", "docs/self", "docs/sub",
                                 "docs/sub/deep", "docs/sub/deep/note.txt", "docs/sub/up"));
}

TEST(Walk, StopsAtItsBounds) {
   const tree t;
   const auto roots = t.roots();
   const auto at = roots.locate("docs");
   int seen = 0;
   const auto count = [&](const walked_entry&) { return ++seen < 100; };
   EXPECT_EQ(walk(roots, at, {.depth = 1}, count), walk_end::complete);
   EXPECT_EQ(std::exchange(seen, 0), 7);
   EXPECT_EQ(walk(roots, at, {.depth = 32, .entries = 3}, count), walk_end::too_many);
   EXPECT_EQ(std::exchange(seen, 0), 3);
   EXPECT_EQ(walk(roots, at, {.depth = 1, .entries_of_one_directory = 2}, count),
             walk_end::too_many);
   EXPECT_EQ(std::exchange(seen, 0), 2);
   EXPECT_EQ(walk(roots, at, {.until = std::chrono::steady_clock::now() - std::chrono::seconds(1)},
                  count),
             walk_end::too_long);
   EXPECT_EQ(std::exchange(seen, 0), 0);
   EXPECT_EQ(walk(roots, at, {}, [](const walked_entry&) { return false; }), walk_end::stopped);
   EXPECT_THROW(walk(roots, roots.locate("docs/plan.md"), {}, count), file_error);
}

} // namespace
} // namespace files
