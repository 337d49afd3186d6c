#include "plugins/staging.hpp"

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temp_dir.hpp"
#include "unit/plugins/plugin_files.hpp"

namespace fmcp::plugins {
namespace {

using test::built;
using test::with;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

std::string complaint(const std::string& file) {
   const auto staged_file = stage({file, file}, {});
   return staged_file ? "" : staged_file.error().message;
}

TEST(Discover, TakesNamedFilesFirstThenDirectoriesInOrder) {
   const test::temp_dir dir;
   dir.put("b.so", "");
   dir.put("a.so", "");
   dir.put(".hidden.so", "");
   dir.put("a.so.tmp", "");
   dir.put("notes.txt", "");
   dir.put("more/z.so", "");
   options o;
   o.files = {dir.at("more/z.so")};
   o.directories = {dir.path(), dir.at("more"), dir.at("missing")};
   const auto found = discover(o);
   std::vector<std::string> names;
   for (const auto& c : found.files) names.push_back(c.file);
   EXPECT_THAT(names, testing::ElementsAre(dir.at("more/z.so"), dir.at("a.so"), dir.at("b.so")));
   ASSERT_EQ(found.problems.size(), 1u);
   EXPECT_EQ(found.problems[0].state, state::skipped);
   EXPECT_EQ(found.problems[0].file, dir.at("missing"));
}

TEST(Discover, RefusesADirectoryThatOthersMayWrite) {
   const test::temp_dir dir;
   dir.put("open/a.so", "");
   ASSERT_EQ(::chmod(dir.at("open").c_str(), 0777), 0);
   options o;
   o.directories = {dir.at("open")};
   const auto found = discover(o);
   EXPECT_TRUE(found.files.empty());
   ASSERT_EQ(found.problems.size(), 1u);
   EXPECT_EQ(found.problems[0].state, state::failed);
   EXPECT_THAT(found.problems[0].reason, AllOf(HasSubstr(dir.at("open")), HasSubstr("chmod")));
}

TEST(Stage, NamesTheFileThePluginAndTheFault) {
   const test::temp_dir dir;
   const auto good = built("echo");
   const auto refused = [&](std::string_view name, const std::string& bytes, mode_t mode = 0644) {
      return complaint(dir.put(std::string(name) + ".so", bytes, mode));
   };
   EXPECT_EQ(refused("good", good), "");
   EXPECT_THAT(refused("cut", good.substr(0, good.size() / 2)),
               AllOf(StartsWith(dir.at("cut.so")), HasSubstr("cut off")));
   EXPECT_THAT(refused("text", "hello"), AllOf(StartsWith(dir.at("text.so")), HasSubstr("ELF")));
   EXPECT_THAT(refused("open", good, 0666),
               AllOf(HasSubstr(dir.at("open.so")), HasSubstr("chmod")));
   EXPECT_THAT(
         refused("major", with<std::uint32_t>(good, test::note_at(good) + test::note_fixed, 2)),
         AllOf(StartsWith(dir.at("major.so")), HasSubstr("built for ABI 2.0")));
   EXPECT_THAT(
         refused("minor", with<std::uint32_t>(good, test::note_at(good) + test::note_fixed + 8, 5)),
         AllOf(StartsWith(dir.at("minor.so")), HasSubstr("ABI 1.5 or later")));
   EXPECT_THAT(refused("json", with(good, test::note_at(good) + test::note_fixed + 16, '[')),
               AllOf(StartsWith(dir.at("json.so")), HasSubstr("not JSON")));
   EXPECT_THAT(
         refused("entry", test::swapped(good, "fmcp_plugin_entry_v1", "fmcp_plugin_entry_v7")),
         AllOf(StartsWith(dir.at("entry.so") + " (plugin echo)"),
               HasSubstr("does not export fmcp_plugin_entry_v1")));
   EXPECT_THAT(refused("glibc", test::swapped(good, "GLIBC_2.2.5", "GLIBC_2.9.5")), "");
   EXPECT_THAT(refused("newer", test::swapped(good, "GLIBC_2.2.5", "GLIBC_9.2.5")),
               AllOf(HasSubstr("(plugin echo)"), HasSubstr("needs glibc 9.2.5")));
}

// The loader takes them without asking anybody, and an empty element of a run path is the working
// directory.
TEST(Stage, RefusesLibrariesFromPlacesThatNobodyChecked) {
   const test::temp_dir dir;
   dir.put("open/libx.so", "");
   dir.put("safe/libx.so", "");
   dir.put("plugins/libx.so", "");
   ASSERT_EQ(::chmod(dir.at("open").c_str(), 0777), 0);
   const auto refused = [&](std::string run_path, std::string library = "libx.so") {
      elf_lint facts;
      facts.run_path = std::move(run_path);
      facts.needed = {"libc.so.6", std::move(library)};
      const auto file = dir.at("plugins/a.so");
      const auto ok = check_libraries({file, file}, facts);
      return ok ? "" : ok.error().message;
   };
   EXPECT_EQ(refused(""), "");
   EXPECT_EQ(refused(dir.at("safe")), "");
   EXPECT_EQ(refused(dir.at("safe") + ":/nowhere"), "");
   EXPECT_EQ(refused(dir.at("open"), "liby.so"), ""); // not found there
   for (const auto* relative : {"lib", ".", ":/nowhere", "/nowhere:", "/nowhere/$LIB"}) {
      EXPECT_THAT(refused(relative), HasSubstr("where this process was started")) << relative;
   }
   EXPECT_THAT(refused(dir.at("safe") + ":" + dir.at("open")),
               AllOf(HasSubstr("libx.so"), HasSubstr("chmod go-w " + dir.at("open"))));
   EXPECT_THAT(refused("$ORIGIN"), HasSubstr("libx.so from its own directory"));
   EXPECT_THAT(refused("${ORIGIN}/../plugins"), HasSubstr("libx.so from its own directory"));
   EXPECT_EQ(refused("$ORIGIN/lib"), "");
   EXPECT_THAT(refused("", "./libx.so"), HasSubstr("needs ./libx.so, a path"));
   EXPECT_THAT(complaint(dir.put("n.so", test::swapped(built("echo"), "libc.so.6", "./xx.so.6"))),
               AllOf(HasSubstr("(plugin echo)"), HasSubstr("needs ./xx.so.6, a path")));
}

TEST(Stage, RefusesASymbolicLink) {
   const test::temp_dir dir;
   dir.put("real.so", built("echo"));
   std::filesystem::create_symlink(dir.at("real.so"), dir.at("link.so"));
   EXPECT_THAT(complaint(dir.at("link.so")), HasSubstr("symbolic link"));
}

TEST(Stage, RefusesAFileThatIsTooLarge) {
   const test::temp_dir dir;
   const auto file = dir.put("echo.so", built("echo"));
   options o;
   o.max_file_bytes = 1000;
   const auto staged_file = stage({file, file}, o);
   ASSERT_FALSE(staged_file);
   EXPECT_EQ(staged_file.error().code, core::errc::limit);
}

TEST(Inspect, RunsNothingOfTheFile) {
   const test::temp_dir dir;
   const auto trace = dir.at("trace");
   ASSERT_EQ(::setenv("FMCP_TEST_CONSTRUCTOR_FILE", trace.c_str(), 1), 0);
   const auto facts = inspect(dir.put("c.so", built("constructor_note")), {});
   ::unsetenv("FMCP_TEST_CONSTRUCTOR_FILE");
   ASSERT_TRUE(facts) << facts.error().message;
   EXPECT_FALSE(std::filesystem::exists(trace));
   EXPECT_THAT(facts->manifest_json, HasSubstr("constructor_note"));
   EXPECT_EQ(facts->sha256.size(), 64u);
   EXPECT_THAT(facts->exports, testing::Contains("fmcp_plugin_entry_v1"));
}

TEST(Inspect, WarnsAboutACarelessBuild) {
   const test::temp_dir dir;
   const auto facts = inspect(dir.put("u.so", built("unit/unique")), {});
   ASSERT_TRUE(facts) << facts.error().message;
   EXPECT_THAT(facts->warnings, testing::Contains(HasSubstr("GNU_UNIQUE")));
   EXPECT_GT(facts->unique_count, 0u);
}

} // namespace
} // namespace fmcp::plugins
