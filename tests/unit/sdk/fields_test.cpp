#include <fmcp/cpp/plugin.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wrapper_test {

enum class unit { celsius, fahrenheit };
inline fmcp::enum_names<unit> describe(unit) {
   return {{unit::celsius, "celsius"}, {unit::fahrenheit, "fahrenheit"}};
}

struct place {
   std::string city;
   std::optional<std::string> country;
   void describe(fmcp::fields& f) {
      f("city", city, "Name of the city").length(1, 80);
      f("country", country, "ISO 3166 code").pattern("^[A-Z]{2}$");
   }
};

struct everything {
   bool flag = true;
   int days = 3;
   unsigned count = 0;
   double factor = 1.5;
   unit in = unit::celsius;
   place where;
   std::vector<place> more;
   std::map<std::string, std::int64_t> tally;
   fmcp::json_text raw;
   void describe(fmcp::fields& f) {
      f("flag", flag).optional();
      f("days", days, "How many").range(1, 14).optional();
      f("count", count).at_most(9);
      f("factor", factor).at_least(0.5).title("Factor");
      f("in", in);
      f("where", where);
      f("more", more).count(0, 3).optional();
      f("tally", tally);
      f("raw", raw);
   }
};

struct node {
   std::vector<node> children;
   void describe(fmcp::fields& f) { f("children", children); }
};

struct annotated {
   std::string region;
   std::string kind;
   std::vector<std::string> names;
   void describe(fmcp::fields& f) {
      f.keyword("minProperties", "1");
      f("region", region).header("Region").format("hostname");
      f("kind", kind).one_of({"a", "b"});
      f("names", names).set("items", R"({"type":"string","minLength":1})");
   }
};

struct chosen {
   std::vector<std::string> roots;
   std::uint64_t most = 5;
   std::chrono::milliseconds patience{};
   fmcp::secret key;
   std::optional<bool> maybe;
   static constexpr auto settings() {
      return fmcp::settings(
            fmcp::setting("roots", &chosen::roots, "Say \"where\"").required(),
            fmcp::setting("most", &chosen::most, "").size().otherwise("1MiB").at_least("1KiB"),
            fmcp::setting("patience", &chosen::patience, "").otherwise("10s").at_most("1m"),
            fmcp::setting("key", &chosen::key, "Secret"),
            fmcp::setting("maybe", &chosen::maybe, "").deprecated("use most"));
   }
};

} // namespace wrapper_test

namespace {

using namespace wrapper_test;
using fmcp::from_json;
using fmcp::json_error;
using fmcp::json_view;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

template <class T>
std::string schema(bool is_strict = false) {
   return fmcp::detail::schema_of<T>(is_strict);
}

TEST(Fields, MakeASchema) {
   EXPECT_EQ(schema<place>(true),
             R"({"type":"object","additionalProperties":false,"properties":{)"
             R"("city":{"type":"string","description":"Name of the city","minLength":1,)"
             R"("maxLength":80},)"
             R"("country":{"type":"string","description":"ISO 3166 code",)"
             R"("pattern":"^[A-Z]{2}$"}},"required":["city"]})");
}

TEST(Fields, MakeASchemaOfEachType) {
   EXPECT_EQ(schema<everything>(),
             R"({"type":"object","properties":{)"
             R"("flag":{"type":"boolean","default":true},)"
             R"("days":{"type":"integer","description":"How many","minimum":1,"maximum":14,)"
             R"("default":3},)"
             R"("count":{"type":"integer","minimum":0,"maximum":9},)"
             R"("factor":{"type":"number","minimum":0.5,"title":"Factor"},)"
             R"("in":{"type":"string","enum":["celsius","fahrenheit"]},)"
             R"("where":)" +
                   schema<place>() + R"(,"more":{"type":"array","items":)" + schema<place>() +
                   R"(,"minItems":0,"maxItems":3,"default":[]},)"
                   R"("tally":{"type":"object","additionalProperties":{"type":"integer"}},)"
                   R"("raw":{}},)"
                   R"("required":["count","factor","in","where","tally","raw"]})");
}

TEST(Fields, TakeFurtherKeywords) {
   EXPECT_EQ(schema<annotated>(),
             R"({"type":"object","minProperties":1,"properties":{)"
             R"("region":{"type":"string","x-mcp-header":"Region","format":"hostname"},)"
             R"("kind":{"type":"string","enum":["a","b"]},)"
             R"("names":{"type":"array","items":{"type":"string","minLength":1}}},)"
             R"("required":["region","kind","names"]})");
}

TEST(Fields, AStructThatHoldsItselfIsRefused) {
   EXPECT_THROW(schema<node>(), std::length_error);
   const auto tree = from_json<node>(json_view(R"({"children":[{"children":[]}]})"));
   EXPECT_EQ(tree.children.size(), 1u);
}

TEST(Fields, ReadWhatTheyWrote) {
   everything e;
   e.flag = false;
   e.days = 7;
   e.count = 9;
   e.in = unit::fahrenheit;
   e.where = {"K\xC3\xB6ln", "DE"};
   e.more = {{"a", {}}, {"b", "FR"}};
   e.tally = {{"x", -1}, {"y", 1}};
   e.raw = fmcp::json_text("[null,{}]");
   const auto json = fmcp::to_json(e);
   EXPECT_EQ(json.str(), R"({"flag":false,"days":7,"count":9,"factor":1.5,"in":"fahrenheit",)"
                         "\"where\":{\"city\":\"K\xC3\xB6ln\",\"country\":\"DE\"},"
                         R"("more":[{"city":"a"},{"city":"b","country":"FR"}],)"
                         R"("tally":{"x":-1,"y":1},"raw":[null,{}]})");
   EXPECT_EQ(fmcp::to_json(from_json<everything>(json.view())).str(), json.str());
}

TEST(Fields, WhatIsLeftOutKeepsItsDefault) {
   const auto e = from_json<everything>(
         json_view(R"({"raw":1,"tally":{},"where":{"city":"x","country":null},"in":"celsius",)"
                   R"("factor":2,"count":1,"unknown":[]})"));
   EXPECT_TRUE(e.flag);
   EXPECT_EQ(e.days, 3);
   EXPECT_FALSE(e.where.country);
   EXPECT_TRUE(e.more.empty());
}

TEST(Fields, SayWhereSomethingDoesNotFit) {
   const std::pair<const char*, const char*> rows[] = {
         {"[]", "The value must be an object"},
         {R"({"children":1})", "/children must be a list"},
         {R"({})", "The value lacks \"children\""},
         {R"({"children":[{"children":[]},{}]})", "/children/1 lacks \"children\""},
         {R"({"children":[],"children":[]})", "/children is given twice"},
   };
   for (const auto& [json, message] : rows) {
      EXPECT_THAT([&] { (void)from_json<node>(json_view(json)); },
                  ThrowsMessage<json_error>(HasSubstr(message)));
   }
   EXPECT_THAT([] { (void)from_json<place>(json_view(R"({"city":7})")); },
               ThrowsMessage<json_error>(HasSubstr("/city must be a string")));
   EXPECT_THAT([] { (void)from_json<std::vector<unit>>(json_view(R"(["kelvin"])")); },
               ThrowsMessage<json_error>(HasSubstr("/0 is none of the words")));
}

TEST(Tool, DescribesItselfFromItsFunction) {
   const auto t = fmcp::tool("weather", "Says \"sun\"", [](const place&) { return unit::celsius; })
                        .title("Weather")
                        .read_only()
                        .open_world(false)
                        .icon("https://example.com/i.png", "image/png", {"48x48"})
                        .meta(fmcp::json_text(R"({"a/b":1})"));
   EXPECT_EQ(t.json(),
             R"({"name":"weather","title":"Weather","description":"Says \"sun\"","inputSchema":)" +
                   schema<place>(true) +
                   R"(,"outputSchema":{"type":"string","enum":["celsius","fahrenheit"]},)"
                   R"("annotations":{"readOnlyHint":true,"openWorldHint":false},)"
                   R"("icons":[{"src":"https://example.com/i.png","mimeType":"image/png",)"
                   R"("sizes":["48x48"]}],"_meta":{"a/b":1}})");
}

TEST(Tool, WithoutArgumentsTakesNone) {
   EXPECT_EQ(fmcp::tool("t", "d", [] { return "x"; }).json(),
             R"({"name":"t","description":"d","inputSchema":)"
             R"({"type":"object","additionalProperties":false}})");
}

TEST(Tool, CarriesWhatTheHostEnforces) {
   const auto e = fmcp::tool("t", "d", [] {})
                        .nonblocking()
                        .max_concurrency(2)
                        .timeout(std::chrono::microseconds(1500))
                        .required_scopes({"a", "b"})
                        .entry();
   EXPECT_EQ(e.exec, std::uint32_t{FMCP_EX_NONBLOCKING});
   EXPECT_EQ(e.max_concurrency, 2u);
   EXPECT_EQ(e.timeout_ms, 2u);
   EXPECT_THAT(e.scopes, ElementsAre("a", "b"));
}

TEST(Settings, AreWrittenIntoTheManifestByTheCompiler) {
   constexpr fmcp::manifest about =
         fmcp::manifest("com.example.x", "x", "1.0.0").license("MIT").uses("fmcp.kv/1");
   constexpr auto size = fmcp::detail::note_size<chosen>(about);
   static constexpr auto note = fmcp::detail::make_note<chosen, size>(about);
   EXPECT_STREQ(note.text,
                R"({"id":"com.example.x","name":"x","version":"1.0.0","license":"MIT",)"
                R"("kind":["tools"],"provides":["fmcp.tools/1"],"uses":["fmcp.kv/1"],)"
                R"("optional":["fmcp.exec/1","fmcp.notify/1"],"settings":[)"
                R"({"name":"roots","type":"list","required":true,"help":"Say \"where\""},)"
                R"({"name":"most","type":"size","default":"1MiB","min":"1KiB"},)"
                R"({"name":"patience","type":"duration","default":"10s","max":"1m"},)"
                R"({"name":"key","type":"secret","help":"Secret"},)"
                R"({"name":"maybe","type":"bool","deprecated":"use most"}]})");
   EXPECT_EQ(note.descsz % 4, 0u);
   EXPECT_EQ(sizeof note, 12 + 8 + note.descsz);
}

TEST(Settings, AreReadFromWhatTheHostDelivers) {
   const fmcp_kv secrets[] = {{FMCP_STR_INIT("other"), FMCP_STR_INIT("x")},
                              {FMCP_STR_INIT("key"), FMCP_STR_INIT("hush")}};
   const fmcp_list list{secrets, 2, sizeof(fmcp_kv)};
   const json_view config(R"({"roots":["/a","/b"],"patience":1500})");
   chosen c;
   std::apply([&](const auto&... s) { (s.read(config, list, c), ...); }, chosen::settings());
   EXPECT_THAT(c.roots, ElementsAre("/a", "/b"));
   EXPECT_EQ(c.most, 5u); // not delivered: as initialised
   EXPECT_EQ(c.patience, std::chrono::milliseconds(1500));
   EXPECT_EQ(c.key.reveal(), "hush");
   EXPECT_FALSE(c.maybe);
}

TEST(Secret, MovesWithoutACopy) {
   fmcp::secret a("hush");
   const char* const where = a.reveal().data();
   fmcp::secret b(std::move(a));
   EXPECT_EQ(b.reveal().data(), where);
   EXPECT_TRUE(a.empty());
   a = std::move(b);
   EXPECT_EQ(a.reveal(), "hush");
}

} // namespace
