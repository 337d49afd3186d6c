// The tools of files.so as a client gets them, in the plugin host.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sdk/loaded_plugin.hpp"
#include "support/temp_dir.hpp"
#include "unit/plugins/plugin_files.hpp"

namespace fmcp {
namespace {

using test::loaded_plugin;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string files_so() {
   return test::built("../../lib/fastmcp-host/plugins/files");
}

class FilesTools : public testing::Test {
protected:
   FilesTools() {
      dir_.put("docs/plan.md", "# Plan\nfirst\nsecond\nthird\n");
      dir_.put("docs/sub/notes.txt", "Second thoughts\n");
      dir_.put("docs/image.png", std::string("\x89PNG\0\0", 6));
      dir_.put("docs/.hidden", "second\n");
      dir_.put("other/readme.md", "second to none\n");
   }
   /// As the host delivers the manifest's settings.
   [[nodiscard]] plugins::plugin_settings settings(std::string_view roots,
                                                   std::string_view more = "") const {
      return {"{\"roots\":[" + std::string(roots) + "],\"hidden\":false,\"max_read\":262144," +
                    "\"max_search_file\":8388608,\"search_time\":10000" + std::string(more) + "}",
              {}};
   }
   [[nodiscard]] plugins::plugin_settings both(std::string_view more = "") const {
      return settings("\"" + dir_.at("docs") + "\",\"lib=" + dir_.at("other") + "\"", more);
   }
   test::temp_dir dir_;
};

TEST_F(FilesTools, AreThreeThatOnlyRead) {
   loaded_plugin p(files_so(), both());
   ASSERT_EQ(p.problem(), "");
   EXPECT_THAT(p.tool_names(), ElementsAre("list_files", "read_file", "search_files"));
   for (const auto& t : p.tools()) {
      EXPECT_THAT(t->json, HasSubstr(R"("readOnlyHint":true,"openWorldHint":false)")) << t->name;
      EXPECT_THAT(t->json, HasSubstr(R"("outputSchema":{"type":"object")")) << t->name;
      EXPECT_THAT(t->json, Not(HasSubstr(dir_.path()))) << t->name;
   }
   EXPECT_TRUE(p.unload());
}

TEST_F(FilesTools, WithoutRootsThereAreNone) {
   loaded_plugin p(files_so(), settings(""));
   EXPECT_EQ(p.problem(), "");
   EXPECT_THAT(p.tools(), IsEmpty());
}

TEST_F(FilesTools, ARootThatCannotBeUsedRefusesThePlugin) {
   EXPECT_THAT(loaded_plugin(files_so(), settings("\"" + dir_.at("none") + "\"")).problem(),
               AllOf(HasSubstr("The setting roots cannot be used"), HasSubstr("none")));
}

TEST_F(FilesTools, ListRootsAndWhatIsBelow) {
   loaded_plugin p(files_so(), both());
   EXPECT_THAT(p.call("list_files").structured,
               AllOf(HasSubstr(R"("path":"docs","kind":"directory","modified":")"),
                     HasSubstr(R"("path":"lib","kind":"directory")"), Not(HasSubstr("plan.md"))));
   const auto all = p.call("list_files", R"({"depth":3})").structured;
   EXPECT_THAT(all, AllOf(HasSubstr(R"("path":"docs/sub/notes.txt","kind":"file","size":16)"),
                          HasSubstr("lib/readme.md"), Not(HasSubstr(".hidden")),
                          Not(HasSubstr("incomplete")), Not(HasSubstr(dir_.path()))));
   EXPECT_THAT(p.call("list_files", R"({"path":"docs","depth":9,"pattern":"*.md"})").structured,
               AllOf(HasSubstr("docs/plan.md"), Not(HasSubstr("notes.txt"))));
   EXPECT_THAT(p.call("list_files", R"({"path":"docs","limit":1})").structured,
               AllOf(HasSubstr("docs/image.png"), Not(HasSubstr("plan.md")),
                     HasSubstr("more than the limit of 1")));
   const auto none = p.call("list_files", R"({"path":"docs/none"})");
   EXPECT_EQ(none.outcome, FMCP_OUT_TOOL_ERROR);
   EXPECT_EQ(none.message, "There is no docs/none.");
}

TEST_F(FilesTools, ReadTexts) {
   loaded_plugin p(files_so(), both());
   const auto all = p.call("read_file", R"({"path":"docs/plan.md"})");
   EXPECT_EQ(all.text(), "# Plan\nfirst\nsecond\nthird\n");
   EXPECT_EQ(all.structured,
             R"({"path":"docs/plan.md","mime":"text/markdown","size":26,"is_text":true,)"
             R"("text":"# Plan\nfirst\nsecond\nthird\n","first_line":1,"last_line":4,)"
             R"("total_lines":4})");
   const auto part = p.call("read_file", R"({"path":"docs/plan.md","start_line":2,"lines":2})");
   EXPECT_EQ(part.text(), "first\nsecond\n");
   EXPECT_THAT(part.structured, HasSubstr(R"("last_line":3,"next_line":4)"));
   EXPECT_EQ(p.call("read_file", R"({"path":"docs/plan.md","start_line":9})").message,
             "docs/plan.md has only 4 lines.");
}

TEST_F(FilesTools, ReadLongTextsInParts) {
   std::string text;
   for (int i = 1; i <= 1000; ++i) text += "line " + std::to_string(i) + "\n";
   dir_.put("docs/long.txt", text);
   loaded_plugin p(files_so(), {"{\"roots\":[\"" + dir_.at("docs") + "\"],\"max_read\":1024}", {}});
   std::string gathered;
   int parts = 0;
   for (std::uint64_t next = 1; next != 0; ++parts) {
      const auto a =
            p.call("read_file",
                   "{\"path\":\"docs/long.txt\",\"start_line\":" + std::to_string(next) + "}");
      EXPECT_LE(a.text().size(), 1024u);
      gathered += a.text();
      const auto at = a.structured.find("\"next_line\":");
      next = at == std::string::npos ? 0 : std::stoull(a.structured.substr(at + 12));
   }
   EXPECT_EQ(gathered, text);
   EXPECT_GT(parts, 5);
}

TEST_F(FilesTools, ReadBytesAsAResource) {
   loaded_plugin p(files_so(), both());
   const auto a = p.call("read_file", R"({"path":"docs/image.png"})");
   ASSERT_EQ(a.blocks.size(), 1u);
   EXPECT_EQ(a.blocks[0].kind, FMCP_C_RESOURCE_BLOB);
   EXPECT_EQ(a.blocks[0].mime, "image/png");
   EXPECT_EQ(a.blocks[0].uri, "files://docs/image.png");
   EXPECT_EQ(a.blocks[0].data, std::string("\x89PNG\0\0", 6));
   EXPECT_EQ(a.structured,
             R"({"path":"docs/image.png","mime":"image/png","size":6,"is_text":false})");
   dir_.put("docs/large.bin", std::string(300'000, '\0'));
   EXPECT_THAT(p.call("read_file", R"({"path":"docs/large.bin"})").message,
               HasSubstr("more than the 262144 that one read may return"));
}

TEST_F(FilesTools, SearchNamesAndTexts) {
   loaded_plugin p(files_so(), both());
   EXPECT_EQ(p.call("search_files", R"({"pattern":"*.md"})").structured,
             R"({"matches":[{"path":"docs/plan.md"},{"path":"lib/readme.md"}],)"
             R"("files_searched":0,"files_skipped":0})");
   EXPECT_EQ(p.call("search_files", R"({"text":"second"})").structured,
             R"({"matches":[{"path":"docs/plan.md","line":3,"text":"second"},)"
             R"({"path":"docs/sub/notes.txt","line":1,"text":"Second thoughts"},)"
             R"({"path":"lib/readme.md","line":1,"text":"second to none"}],)"
             R"("files_searched":3,"files_skipped":1})");
   EXPECT_THAT(p.call("search_files", R"({"text":"second","ignore_case":false,"path":"docs"})")
                     .structured,
               AllOf(HasSubstr("plan.md"), Not(HasSubstr("notes.txt")), Not(HasSubstr("lib/"))));
   EXPECT_THAT(p.call("search_files", R"({"text":"second","limit":1})").structured,
               AllOf(HasSubstr("plan.md"), Not(HasSubstr("notes.txt")),
                     HasSubstr("more than the limit of 1")));
   EXPECT_THAT(p.call("search_files").message, HasSubstr("Give `pattern`, `text`, or both"));
}

TEST_F(FilesTools, ASearchReportsAndStops) {
   for (int i = 0; i < 600; ++i) dir_.put("docs/many/" + std::to_string(i), "x");
   loaded_plugin p(files_so(), both());
   const auto a = p.call("search_files", R"({"text":"absent"})", FMCP_RQ_PROGRESS);
   EXPECT_EQ(a.progress.size(), 2u);
   EXPECT_THAT(a.structured, HasSubstr(R"("matches":[],"files_searched":603)"));
   loaded_plugin hasty(files_so(),
                       plugins::plugin_settings{
                             "{\"roots\":[\"" + dir_.at("docs") + "\"],\"search_time\":0}", {}});
   EXPECT_THAT(hasty.call("search_files", R"({"text":"x"})").structured,
               HasSubstr("The time for it was over."));
}

} // namespace
} // namespace fmcp
