#include "protocol/catalogue.hpp"

#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/protocol/parsed.hpp"
#include "unit/protocol/tools.hpp"

namespace fmcp::protocol {
namespace {

using test::parsed;
using testing::ElementsAre;

std::vector<tool_entry> tools_named(const std::vector<std::string>& names) {
   std::vector<tool_entry> out;
   for (const auto& name : names) {
      out.push_back(
            {test::define(R"({"name":")" + name + R"(","inputSchema":{"type":"object"}})", name),
             nullptr});
   }
   return out;
}

struct listing {
   std::vector<std::string> names;
   std::string next; ///< empty: none
};

listing read_page(std::string_view text) {
   const parsed v(text);
   listing out;
   for (const auto& tool : v->find("tools")->items()) {
      out.names.emplace_back(tool.find_string("name").value());
   }
   out.next = v->find_string("nextCursor").value_or("");
   return out;
}

listing read_page(const catalogue& c, std::optional<std::string_view> cursor = std::nullopt) {
   const auto text = c.page(newest_modern, cursor);
   if (!text) {
      ADD_FAILURE() << "the cursor was refused";
      return {};
   }
   return read_page(*text);
}

TEST(Catalogue, FindsToolsByTheirExactName) {
   const catalogue c(tools_named({"a", "b"}), {});
   ASSERT_NE(c.find("b"), nullptr);
   EXPECT_EQ(c.find("b")->definition->name(), "b");
   EXPECT_EQ(c.find("B"), nullptr);
   EXPECT_EQ(c.find(""), nullptr);
   EXPECT_EQ(c.tools().size(), 2u);
}

TEST(Catalogue, GivesLegacyClientsNothingModern) {
   const catalogue c(tools_named({"a"}), {.result_meta = R"("_meta":{"k":1})"});
   for (const auto r : {revision::v2024_11_05, revision::v2025_03_26, revision::v2025_06_18,
                        revision::v2025_11_25}) {
      EXPECT_EQ(c.page(r, std::nullopt),
                R"({"tools":[{"name":"a","inputSchema":{"type":"object"}}]})");
   }
}

TEST(Catalogue, GivesModernClientsCacheHintsAndMeta) {
   const catalogue c(tools_named({"a"}), {.cache_ttl = std::chrono::milliseconds(1500),
                                          .is_public = true,
                                          .result_meta = R"("_meta":{"k":1})"});
   EXPECT_EQ(c.page(newest_modern, std::nullopt),
             R"({"resultType":"complete","tools":[{"name":"a","inputSchema":{"type":"object"}}],)"
             R"("ttlMs":1500,"cacheScope":"public","_meta":{"k":1}})");
}

TEST(Catalogue, IsPrivateAndStaleAtOnceByDefault) {
   const catalogue c({}, {});
   EXPECT_EQ(c.page(newest_modern, std::nullopt),
             R"({"resultType":"complete","tools":[],"ttlMs":0,"cacheScope":"private"})");
   EXPECT_EQ(c.page(newest_legacy, std::nullopt), R"({"tools":[]})");
}

TEST(Catalogue, PagesInOrderWithoutLossOrRepetition) {
   const catalogue c(tools_named({"a", "b", "c", "d", "e"}), {.page_size = 2});
   const auto first = read_page(c);
   EXPECT_THAT(first.names, ElementsAre("a", "b"));
   const auto second = read_page(c, first.next);
   EXPECT_THAT(second.names, ElementsAre("c", "d"));
   const auto third = read_page(c, second.next);
   EXPECT_THAT(third.names, ElementsAre("e"));
   EXPECT_EQ(third.next, "");
}

TEST(Catalogue, HasNoCursorWhenTheLastPageIsFull) {
   const catalogue c(tools_named({"a", "b", "c", "d"}), {.page_size = 2});
   const auto second = read_page(c, read_page(c).next);
   EXPECT_THAT(second.names, ElementsAre("c", "d"));
   EXPECT_EQ(second.next, "");
}

TEST(Catalogue, PutsEverythingOnOnePageWithoutAPageSize) {
   const catalogue c(tools_named({"a", "b", "c"}), {.page_size = 0});
   EXPECT_THAT(read_page(c).names, ElementsAre("a", "b", "c"));
   EXPECT_EQ(read_page(c).next, "");
}

TEST(Catalogue, HasShortCursorsForLongNames) {
   const std::string longest(4000, 'x');
   const catalogue c(tools_named({"a", longest}), {.page_size = 1});
   EXPECT_LE(read_page(c).next.size(), 24u);
   EXPECT_THAT(read_page(c, read_page(c).next).names, ElementsAre(longest));
}

TEST(Catalogue, RefusesCursorsThatAreNotItsOwn) {
   const catalogue c(tools_named({"a", "b", "c"}), {.page_size = 2});
   const std::string good = read_page(c).next;
   const std::string cut = good.substr(0, good.size() - 1);
   const std::string padded = good + "=";
   for (const std::string& bad :
        {std::string(), std::string("bogus"), std::string("!!!!"), cut, padded,
         std::string(good.size(), 'A'), std::string(good.size(), '?'), std::string(100'000, 'A')}) {
      EXPECT_EQ(c.page(newest_modern, bad), std::nullopt) << bad.substr(0, 40);
      EXPECT_EQ(c.page(newest_legacy, bad), std::nullopt) << bad.substr(0, 40);
   }
}

TEST(Catalogue, ResolvesTheCursorsOfAnotherReplica) {
   const catalogue one(tools_named({"a", "b", "c"}), {.page_size = 2});
   const catalogue two(tools_named({"a", "b", "c"}), {.page_size = 2});
   EXPECT_THAT(read_page(two, read_page(one).next).names, ElementsAre("c"));
}

TEST(Catalogue, GoesOnAtTheNextToolAfterAChange) {
   const catalogue before(tools_named({"a", "c", "e", "f"}), {.page_size = 2});
   const std::string cursor = read_page(before).next; // at e

   const catalogue more(tools_named({"a", "b", "c", "d2", "d", "e", "f", "g"}), {.page_size = 3});
   const auto rest = read_page(more, cursor); // begins in the middle of a page
   EXPECT_THAT(rest.names, ElementsAre("e", "f", "g"));
   EXPECT_EQ(rest.next, "");

   const catalogue fewer(tools_named({"e", "f"}), {.page_size = 100});
   EXPECT_THAT(read_page(fewer, cursor).names, ElementsAre("e", "f"));

   const catalogue without(tools_named({"a", "f"}), {.page_size = 1});
   EXPECT_EQ(without.page(newest_modern, cursor), std::nullopt);
}

TEST(Catalogue, PagesOnFromAPlaceBetweenItsPages) {
   const catalogue other(tools_named({"a", "b"}), {.page_size = 1});
   const catalogue c(tools_named({"a", "b", "c", "d", "e"}), {.page_size = 3});
   const auto odd = read_page(c, read_page(other).next);
   EXPECT_THAT(odd.names, ElementsAre("b", "c", "d"));
   EXPECT_THAT(read_page(c, odd.next).names, ElementsAre("e"));
}

TEST(Catalogue, AnswersManyThreadsAtOnceWithTheSameBytes) {
   const catalogue c(tools_named({"a", "b", "c"}), {.page_size = 2});
   std::vector<const char*> seen(8);
   std::vector<std::thread> threads;
   for (auto& at : seen) {
      threads.emplace_back([&] { at = c.page(newest_legacy, std::nullopt)->data(); });
   }
   for (auto& t : threads) t.join();
   for (const auto* at : seen) EXPECT_EQ(at, seen[0]);
}

// ---- what a caller may see ----

core::principal with(std::vector<std::string> scopes) {
   core::principal who;
   who.scopes = std::move(scopes);
   return who;
}

TEST(CatalogueView, IsTheWholeWhereNothingIsForbidden) {
   auto tools = tools_named({"a", "b"});
   EXPECT_EQ(catalogue(tools, {}).visible_to(with({})), nullptr);
   const std::vector<std::string> needed{"x", "y"};
   tools[0].required_scopes = needed;
   const catalogue c(tools, {});
   EXPECT_EQ(c.visible_to(with({"y", "z", "x"})), nullptr);
   EXPECT_THAT(read_page(*c.visible_to(with({"x"}))).names, ElementsAre("b"));
}

TEST(CatalogueView, IsMadeOnceForAllWhoSeeTheSame) {
   auto tools = tools_named({"a", "b"});
   const std::vector<std::string> x{"x"}, y{"y"};
   tools[0].required_scopes = x;
   tools[1].required_scopes = y;
   const catalogue c(tools, {});
   const auto first = c.visible_to(with({"x"}));
   EXPECT_EQ(first, c.visible_to(with({"unrelated", "x"})));
   EXPECT_NE(first, c.visible_to(with({"y"})));
   EXPECT_THAT(read_page(*first).names, ElementsAre("a"));
   EXPECT_THAT(read_page(*c.visible_to(with({}))).names, ElementsAre());
}

TEST(CatalogueView, ItsCursorsKnowOfItsToolsOnly) {
   auto tools = tools_named({"a", "b", "c", "d"});
   const std::vector<std::string> x{"x"};
   tools[2].required_scopes = x;
   const catalogue c(tools, {.page_size = 2});
   const auto view = c.visible_to(with({}));
   const auto whole = read_page(c), part = read_page(*view);
   EXPECT_THAT(part.names, ElementsAre("a", "b"));
   EXPECT_THAT(read_page(*view, part.next).names, ElementsAre("d"));
   EXPECT_THAT(read_page(c, part.next).names, ElementsAre("d"));
   EXPECT_EQ(view->page(newest_modern, whole.next), std::nullopt) << "it would tell of c";
}

TEST(CatalogueView, ManyKindsOfCallersAreServedWithinABound) {
   auto tools = tools_named({"a", "b", "c", "d", "e", "f"});
   const std::vector<std::string> scopes{"0", "1", "2", "3", "4", "5"};
   for (std::size_t i = 0; i < tools.size(); ++i)
      tools[i].required_scopes = std::span(scopes).subspan(i, 1);
   const catalogue c(tools, {});
   std::weak_ptr<const catalogue> first = c.visible_to(with({}));
   EXPECT_FALSE(first.expired());
   for (unsigned bits = 1; bits + 1 < 64; ++bits) {
      std::vector<std::string> has;
      for (std::size_t i = 0; i < scopes.size(); ++i)
         if ((bits >> i & 1) != 0) has.push_back(scopes[i]);
      EXPECT_EQ(read_page(*c.visible_to(with(has))).names.size(), has.size());
   }
   EXPECT_TRUE(first.expired());
   EXPECT_THAT(read_page(*c.visible_to(with({"1"}))).names, ElementsAre("b"));
}

} // namespace
} // namespace fmcp::protocol
