#include "files/src/text.hpp"

#include <fcntl.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "files/src/roots.hpp"
#include "support/temp_dir.hpp"

namespace files {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::SizeIs;

class TextFile : public testing::Test {
protected:
   line_range lines(const std::string& text, std::uint64_t from = 1, std::uint64_t count = 1000,
                    std::size_t most = 1u << 20) {
      const descriptor file(::open(dir_.put("file", text).c_str(), O_RDONLY | O_CLOEXEC));
      return read_lines(file.get(), from, count, most, 10u << 20).value();
   }
   fmcp::test::temp_dir dir_;
};

TEST_F(TextFile, IsReadByLines) {
   const auto all = lines("one\ntwo\nthree");
   EXPECT_EQ(all.text, "one\ntwo\nthree");
   EXPECT_EQ(all.first, 1u);
   EXPECT_EQ(all.last, 3u);
   EXPECT_TRUE(all.reached_end);
   EXPECT_EQ(all.total, 3u);
   EXPECT_EQ(lines("one\ntwo\n").total, 2u);
   const auto middle = lines("one\ntwo\nthree\n", 2, 1);
   EXPECT_EQ(middle.text, "two\n");
   EXPECT_EQ(middle.last, 2u);
   EXPECT_FALSE(middle.reached_end);
}

TEST_F(TextFile, MayBeEmptyOrShorterThanAsked) {
   EXPECT_EQ(lines("").first, 0u);
   EXPECT_EQ(lines("").total, 0u);
   EXPECT_EQ(lines("\n").text, "\n");
   EXPECT_EQ(lines("\n").total, 1u);
   const auto beyond = lines("one\n", 5);
   EXPECT_EQ(beyond.first, 0u);
   EXPECT_TRUE(beyond.reached_end);
   EXPECT_EQ(beyond.total, 1u);
}

TEST_F(TextFile, IsCutBetweenLinesAndLongLinesBetweenCharacters) {
   const auto some = lines("aaaa\nbbbb\ncccc\n", 1, 1000, 12);
   EXPECT_EQ(some.text, "aaaa\nbbbb\n");
   EXPECT_EQ(some.last, 2u);
   EXPECT_FALSE(some.is_cut);
   EXPECT_FALSE(some.reached_end);
   const auto half = lines("\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\nx\n", 1, 1000, 8);
   EXPECT_EQ(half.text, "\xE2\x82\xAC\xE2\x82\xAC");
   EXPECT_TRUE(half.is_cut);
   EXPECT_EQ(half.last, 1u);
}

TEST_F(TextFile, MayHaveLinesLongerThanAChunk) {
   const std::string line(200'000, 'x');
   const auto all = lines(line + "\nend\n");
   EXPECT_EQ(all.text, line + "\nend\n");
   EXPECT_EQ(all.total, 2u);
   EXPECT_EQ(lines(line + "\nend\n", 2).text, "end\n");
   // A character on the border between two chunks.
   const std::string odd = std::string(65'535, 'x') + "\xE2\x82\xAC";
   EXPECT_EQ(lines(odd, 1, 1, 65'536).text, std::string(65'535, 'x'));
}

TEST_F(TextFile, IsNotSearchedForEver) {
   const descriptor file(
         ::open(dir_.put("file", std::string(300'000, '\n')).c_str(), O_RDONLY | O_CLOEXEC));
   EXPECT_FALSE(read_lines(file.get(), 250'000, 1, 1000, 100'000));
}

TEST(IsText, WantsUtf8WithoutNul) {
   EXPECT_TRUE(is_text(""));
   EXPECT_TRUE(is_text("plain\r\n\t\xC3\xA4"));
   EXPECT_TRUE(is_text("cut \xE2\x82")); // by the end of what was read
   EXPECT_FALSE(is_text("cut \xE2\x82 inside"));
   EXPECT_FALSE(is_text(std::string_view("a\0b", 3)));
   EXPECT_FALSE(is_text("\xFF\xFE"));
   EXPECT_FALSE(is_text("latin \xE4"
                        "1"));
}

TEST(MimeOf, LooksAtTheNameFirst) {
   EXPECT_EQ(mime_of("a/b.PNG", false), "image/png");
   EXPECT_EQ(mime_of("a/b.md", true), "text/markdown");
   EXPECT_EQ(mime_of("a/b.unknown", true), "text/plain");
   EXPECT_EQ(mime_of("a/b", false), "application/octet-stream");
}

TEST(FindLines, GivesNumbersAndLines) {
   const auto found = find_lines("one\nTwo two\r\n\nthree two", "two", true, 10);
   EXPECT_THAT(found, ElementsAre(Field(&found_line::number, 2u), Field(&found_line::number, 4u)));
   EXPECT_EQ(found[0].text, "Two two");
   EXPECT_EQ(found[1].text, "three two");
   EXPECT_THAT(find_lines("Two two\ntwo", "two", false, 10), SizeIs(2));
   EXPECT_THAT(find_lines("Two", "two", false, 10), SizeIs(0));
   EXPECT_THAT(find_lines("a\na\na\n", "a", false, 2), SizeIs(2));
   EXPECT_THAT(find_lines("", "a", false, 2), SizeIs(0));
   EXPECT_EQ(find_lines("\n\nx", "x", false, 2)[0].number, 3u);
}

TEST(FindLines, ShowsWhatIsAroundTheMatchInALongLine) {
   const auto found =
         find_lines(std::string(5000, '.') + "needle" + std::string(5000, '.'), "needle", false, 1);
   ASSERT_THAT(found, SizeIs(1));
   EXPECT_LT(found[0].text.size(), 410u);
   EXPECT_NE(found[0].text.find("needle"), std::string::npos);
   EXPECT_TRUE(found[0].text.starts_with("...") && found[0].text.ends_with("..."));
}

} // namespace
} // namespace files
