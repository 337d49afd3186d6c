#include "config/table.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.hpp"
#include "support/temp_dir.hpp"

namespace {

using namespace fmcp::config;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Table, HasNoNameTwice) {
   for (const auto& a : table()) {
      for (const auto& b : table()) {
         if (&a == &b) continue;
         EXPECT_NE(a.name, b.name);
         EXPECT_TRUE(a.variable.empty() || a.variable != b.variable) << a.name << " " << b.name;
         EXPECT_TRUE(a.flag.empty() || a.flag != b.flag) << a.name << " " << b.name;
         EXPECT_TRUE(a.short_flag == 0 || a.short_flag != b.short_flag) << a.name << " " << b.name;
      }
   }
}

TEST(Table, KeepsGroupsTogether) {
   std::vector<std::string_view> groups;
   for (const auto& s : table()) {
      if (groups.empty() || groups.back() != s.group) groups.push_back(s.group);
   }
   const auto size = groups.size();
   std::ranges::sort(groups);
   groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
   EXPECT_EQ(groups.size(), size);
}

/// A default that did not parse would silently be zero, and a variable that does nothing would go
/// unnoticed: each is set to its own default here, and has to give what no variable gives.
TEST(Table, HasDefaultsThatParse) {
   const fmcp::test::temp_dir dir;
   sources from;
   from.directory = dir.path();
   const auto without = load(from);
   ASSERT_TRUE(without.values.has_value());
   for (std::size_t i = 0; i < table().size(); ++i) {
      const auto& s = table()[i];
      if (s.fallback.empty() || s.fallback.starts_with('<') || s.variable.empty()) continue;
      sources with = from;
      with.environment.push_back(std::string(s.variable) + "=" + std::string(s.fallback));
      const auto l = load(with);
      ASSERT_TRUE(l.values.has_value()) << s.name << ": " << l.values.error().message;
      EXPECT_EQ(l.report.rows[i].value, without.report.rows[i].value) << s.name;
      EXPECT_EQ(l.report.rows[i].value, s.fallback) << s.name;
      EXPECT_THAT(l.report.rows[i].source, StartsWith(s.variable)) << s.name;
   }
}

TEST(Table, ExplainsEverySetting) {
   for (const auto& s : table()) {
      EXPECT_TRUE(s.help.ends_with('.')) << s.name;
      EXPECT_FALSE(s.variable.empty() && s.flag.empty()) << s.name << " cannot be set";
   }
}

TEST(Table, IsMarkdownWithOneLineForEachSetting) {
   const auto text = markdown_table();
   EXPECT_EQ(std::ranges::count(text, '\n'), static_cast<std::ptrdiff_t>(table().size()) + 2);
   for (std::size_t at = 0; at < text.size();) {
      const auto end = text.find('\n', at);
      const auto line = text.substr(at, end - at);
      std::size_t bars = 0;
      for (std::size_t i = 0; i < line.size(); ++i)
         bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
      EXPECT_EQ(bars, 7u) << line;
      at = end + 1;
   }
   EXPECT_THAT(text, HasSubstr("| `port` | `FASTMCP_PORT` | `-p`, `--port` | `8000` | a whole "
                               "number from 0 to 65535. "));
}

} // namespace
