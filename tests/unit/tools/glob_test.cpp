#include "files/src/glob.hpp"

#include <string>

#include <gtest/gtest.h>

namespace files {
namespace {

struct row {
   const char* pattern;
   const char* path;
   bool is_match;
};

TEST(Glob, MatchesNamesAndPaths) {
   const row rows[] = {
         {"*.md", "docs/a/plan.md", true}, // without a slash: the last component
         {"*.md", "docs/a.md/plan.txt", false},
         {"plan", "docs/plan", true},
         {"plan", "docs/plans", false},
         {"p?an.*", "plan.md", true},
         {"p?an.*", "pan.md", false},
         {"?", "\xC3\xA4", true}, // one character, two bytes
         {"[a-c]x", "bx", true},
         {"[a-c]x", "dx", false},
         {"[!a-c]x", "dx", true},
         {"[]]", "]", true},
         {"[a", "[a", true}, // not closed: a bracket
         {"*", "", true},
         {"", "", true},
         {"", "a", false},
         {"docs/*.md", "docs/plan.md", true},
         {"docs/*.md", "docs/a/plan.md", false},
         {"docs/**/*.md", "docs/plan.md", true},
         {"docs/**/*.md", "docs/a/b/plan.md", true},
         {"**/b/*", "docs/a/b/plan.md", true},
         {"**/b/*", "docs/a/plan.md", false},
         {"docs/**", "docs", true},
         {"a**b/x", "a--b/x", true}, // inside a component just two stars
   };
   for (const auto& r : rows) {
      EXPECT_EQ(matches_glob(r.pattern, r.path), r.is_match) << r.pattern << " and " << r.path;
   }
}

TEST(Glob, ManyStarsCostNoMoreThanTheProductOfTheLengths) {
   // With one step per way to place the stars this would take longer than the universe has.
   std::string pattern;
   for (int i = 0; i < 60; ++i) pattern += "*a";
   EXPECT_FALSE(matches_glob(pattern + "b", std::string(5000, 'a')));
   std::string deep, stars;
   for (int i = 0; i < 100; ++i) {
      deep += "a/";
      stars += "**/a/";
   }
   EXPECT_FALSE(matches_glob(stars + "b", deep + "c"));
}

} // namespace
} // namespace files
