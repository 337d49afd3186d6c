#include "protocol/schema_text.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/protocol/parsed.hpp"

namespace fmcp::protocol {
namespace {

using json::dialect;
using test::parsed;
using testing::ElementsAre;
using testing::HasSubstr;
using type = header_parameter::type;

// ---------------------------------------------------------------------------------------------

TEST(HeaderAnnotations, AreFoundThroughPropertiesOfProperties) {
   const parsed schema(R"({"type":"object","properties":{
      "region":{"type":"string","x-mcp-header":"Region"},
      "plain":{"type":"string"},
      "options":{"type":"object","properties":{
         "limit":{"x-mcp-header":"X-Limit_1","type":"integer"},
         "deep":{"properties":{"a/b":{"type":"boolean","x-mcp-header":"F"}}}}}}})");
   const auto found = find_annotations(*schema);
   ASSERT_TRUE(found) << found.error().message;
   ASSERT_EQ(found->size(), 3u);
   EXPECT_EQ((*found)[0].header, "Mcp-Param-Region");
   EXPECT_THAT((*found)[0].path, ElementsAre("region"));
   EXPECT_EQ((*found)[0].what, type::string);
   EXPECT_EQ((*found)[1].header, "Mcp-Param-X-Limit_1");
   EXPECT_THAT((*found)[1].path, ElementsAre("options", "limit"));
   EXPECT_EQ((*found)[1].what, type::integer);
   EXPECT_THAT((*found)[2].path, ElementsAre("options", "deep", "a/b"));
   EXPECT_EQ((*found)[2].what, type::boolean);
}

TEST(HeaderAnnotations, AreNotSeenInData) {
   const parsed schema(R"({"type":"object",
      "default":{"x-mcp-header":"A"}, "examples":[{"x-mcp-header":"A"}],
      "const":{"properties":{"a":{"x-mcp-header":"A"}}}, "enum":[{"x-mcp-header":"A"}],
      "properties":{"x-mcp-header":{"type":"string"}},
      "vendor":{"x-mcp-header":"A"}})");
   const auto found = find_annotations(*schema);
   ASSERT_TRUE(found) << found.error().message;
   EXPECT_TRUE(found->empty());
}

struct bad {
   const char* schema;
   const char* place;
   const char* reason;
};

TEST(HeaderAnnotations, AreRefusedWithTheirPlace) {
   const bad rows[] = {
         {R"({"x-mcp-header":"A","type":"object"})", R"(at "")", "stands where"},
         {R"({"items":{"type":"string","x-mcp-header":"A"}})", R"("/items")", "stands where"},
         {R"({"items":[{"type":"string","x-mcp-header":"A"}]})", R"("/items/0")", "stands where"},
         {R"({"prefixItems":[{},{"type":"string","x-mcp-header":"A"}]})", R"("/prefixItems/1")",
          "stands where"},
         {R"({"properties":{"a":{"items":{"properties":{"b":{"type":"string","x-mcp-header":"A"}}}}}})",
          R"("/properties/a/items/properties/b")", "stands where"},
         {R"({"allOf":[{"properties":{"b":{"type":"string","x-mcp-header":"A"}}}]})",
          R"("/allOf/0/properties/b")", "stands where"},
         {R"({"properties":{"a":{"anyOf":[{"type":"string","x-mcp-header":"A"}]}}})",
          R"("/properties/a/anyOf/0")", "stands where"},
         {R"({"oneOf":[{"x-mcp-header":"A"}]})", R"("/oneOf/0")", "stands where"},
         {R"({"not":{"x-mcp-header":"A"}})", R"("/not")", "stands where"},
         {R"({"if":{"x-mcp-header":"A"}})", R"("/if")", "stands where"},
         {R"({"then":{"x-mcp-header":"A"}})", R"("/then")", "stands where"},
         {R"({"else":{"x-mcp-header":"A"}})", R"("/else")", "stands where"},
         {R"({"contains":{"x-mcp-header":"A"}})", R"("/contains")", "stands where"},
         {R"({"additionalProperties":{"type":"string","x-mcp-header":"A"}})",
          R"("/additionalProperties")", "stands where"},
         {R"({"$defs":{"d":{"type":"string","x-mcp-header":"A"}}})", R"("/$defs/d")",
          "stands where"},
         {R"({"definitions":{"~/":{"type":"string","x-mcp-header":"A"}}})",
          R"("/definitions/~0~1")", "stands where"},
         {R"({"patternProperties":{"d":{"type":"string","x-mcp-header":"A"}}})",
          R"("/patternProperties/d")", "stands where"},
         {R"({"dependentSchemas":{"d":{"type":"string","x-mcp-header":"A"}}})",
          R"("/dependentSchemas/d")", "stands where"},
         {R"({"properties":{"a":{"type":"string","x-mcp-header":""}}})", R"("/properties/a")",
          "not a name"},
         {R"({"properties":{"a":{"type":"string","x-mcp-header":"a b"}}})", R"("/properties/a")",
          "not a name"},
         {R"({"properties":{"a":{"type":"string","x-mcp-header":"a:b"}}})", R"("/properties/a")",
          "not a name"},
         {R"({"properties":{"a":{"type":"string","x-mcp-header":"\u00e9"}}})", R"("/properties/a")",
          "not a name"},
         {R"({"properties":{"a":{"type":"string","x-mcp-header":7}}})", R"("/properties/a")",
          "not a name"},
         {R"({"properties":{"a":{"type":"number","x-mcp-header":"A"}}})", R"("/properties/a")",
          "\"type\""},
         {R"({"properties":{"a":{"type":"object","x-mcp-header":"A"}}})", R"("/properties/a")",
          "\"type\""},
         {R"({"properties":{"a":{"type":["string","null"],"x-mcp-header":"A"}}})",
          R"("/properties/a")", "\"type\""},
         {R"({"properties":{"a":{"x-mcp-header":"A"}}})", R"("/properties/a")", "\"type\""},
         {R"({"properties":{"a":{"type":"string","x-mcp-header":"One"},
             "b":{"type":"string","x-mcp-header":"oNE"}}})",
          R"("/properties/b")", "second"},
   };
   for (const auto& r : rows) {
      const parsed schema(r.schema);
      const auto found = find_annotations(*schema);
      ASSERT_FALSE(found) << r.schema;
      EXPECT_EQ(found.error().code, core::errc::invalid);
      EXPECT_THAT(found.error().message, HasSubstr(r.place)) << r.schema;
      EXPECT_THAT(found.error().message, HasSubstr(r.reason)) << r.schema;
   }
}

// ---------------------------------------------------------------------------------------------

std::string wrapped(std::string_view schema, dialect d = dialect::draft2020_12) {
   std::string out;
   append_wrapped_schema(out, *parsed(schema), d);
   return out;
}

std::string around(std::string_view result) {
   return R"({"type":"object","properties":{"result":)" + std::string(result) +
          R"(},"required":["result"]})";
}

struct move_row {
   const char* before;
   const char* after; ///< of the value's schema
};

TEST(WrappedSchema, LetsReferencesFollowTheirTargets) {
   const move_row rows[] = {
         {"{}", "{}"},
         {R"({"$ref":"#/$defs/a"})", R"({"$ref":"#/properties/result/$defs/a"})"},
         {R"({"$dynamicRef":"#/$defs/a"})", R"({"$dynamicRef":"#/properties/result/$defs/a"})"},
         {R"({"items":{"$ref":"#"}})", R"({"items":{"$ref":"#/properties/result"}})"},
         {R"({"items":{"$ref":""}})", R"({"items":{"$ref":"#/properties/result"}})"},
         {R"({"$ref":"#anchor"})", R"({"$ref":"#anchor"})"},
         {R"({"$ref":"#%2F$defs/a"})", R"({"$ref":"#/properties/result%2F$defs/a"})"},
         {R"({"$ref":"https://b.example/s#/x"})", R"({"$ref":"https://b.example/s#/x"})"},
         {R"({"anyOf":[{"$ref":"#/a"},true,{"not":{"$ref":"#/b"}}]})",
          R"({"anyOf":[{"$ref":"#/properties/result/a"},true,{"not":{"$ref":"#/properties/result/b"}}]})"},
         {R"({"properties":{"$ref":{"$ref":"#/a"}}})",
          R"({"properties":{"$ref":{"$ref":"#/properties/result/a"}}})"},
         {R"({"dependencies":{"a":["$ref"],"b":{"$ref":"#/a"}}})",
          R"({"dependencies":{"a":["$ref"],"b":{"$ref":"#/properties/result/a"}}})"},
         {R"({"items":[{"$ref":"#/a"}]})", R"({"items":[{"$ref":"#/properties/result/a"}]})"},
         // Data are no schemas.
         {R"({"const":{"$ref":"#/a"},"enum":[{"$ref":"#/a"}],"default":{"$ref":"#"}})",
          R"({"const":{"$ref":"#/a"},"enum":[{"$ref":"#/a"}],"default":{"$ref":"#"}})"},
         // What no dialect defines may still be the target of a reference.
         {R"({"components":{"a":{"$ref":"#/components/b"}}})",
          R"({"components":{"a":{"$ref":"#/properties/result/components/b"}}})"},
         // Inside of a schema that is a document of its own, `#` is that document.
         {R"({"$defs":{"d":{"$id":"https://c.example/d","$ref":"#/x"}}})",
          R"({"$defs":{"d":{"$id":"https://c.example/d","$ref":"#/x"}}})"},
         {R"({"$defs":{"d":{"$id":"#name","$ref":"#/x"}}})",
          R"({"$defs":{"d":{"$id":"#name","$ref":"#/properties/result/x"}}})"},
   };
   for (const auto& r : rows) EXPECT_EQ(wrapped(r.before), around(r.after)) << r.before;
}

TEST(WrappedSchema, HoistsDialectAndIdentifier) {
   EXPECT_EQ(wrapped(R"({"type":"array","$id":"https://a.example/s",
                         "$schema":"https://json-schema.org/draft/2020-12/schema"})"),
             R"({"$schema":"https://json-schema.org/draft/2020-12/schema",)"
             R"("$id":"https://a.example/s",)"
             R"("type":"object","properties":{"result":{"type":"array"}},"required":["result"]})");
}

TEST(WrappedSchema, RecognizesItsOwnNameInReferences) {
   const auto moved = [](std::string_view ref) {
      return wrapped(R"({"$id":"https://a.example/dir/s","items":{"$ref":")" + std::string(ref) +
                     R"("}})");
   };
   EXPECT_THAT(moved("#/a"), HasSubstr(R"("$ref":"#/properties/result/a")"));
   EXPECT_THAT(moved("https://a.example/dir/s#/a"),
               HasSubstr(R"("$ref":"https://a.example/dir/s#/properties/result/a")"));
   EXPECT_THAT(moved("s#/a"), HasSubstr(R"("$ref":"s#/properties/result/a")"));
   EXPECT_THAT(moved("s"), HasSubstr(R"("$ref":"s#/properties/result")"));
   EXPECT_THAT(moved("../dir/s#b"), HasSubstr(R"("$ref":"../dir/s#b")"));
   EXPECT_THAT(moved("other#/a"), HasSubstr(R"("$ref":"other#/a")"));
}

TEST(WrappedSchema, KnowsThatDraft7IgnoresAnIdentifierBesideAReference) {
   EXPECT_EQ(
         wrapped(R"({"$defs":{"d":{"$id":"https://c.example/d","$ref":"#/x"}}})", dialect::draft7),
         around(R"({"$defs":{"d":{"$id":"https://c.example/d","$ref":"#/properties/result/x"}}})"));
}

TEST(WrappedSchema, AcceptsTheWrappedValuesOfWhatItWraps) {
   struct row {
      const char* schema;
      const char* good;
      const char* bad;
   };
   const row rows[] = {
         {R"({"type":"array","items":{"$ref":"#/$defs/n"},"$defs":{"n":{"type":"integer"}}})",
          "[1,2]", R"(["a"])"},
         {R"({"anyOf":[{"type":"null"},{"type":"array","items":{"$ref":"#"}}]})", "[null,[[]]]",
          "[1]"},
         {R"({"$id":"https://a.example/s","$ref":"https://a.example/s#/$defs/n",
              "$defs":{"n":{"type":"integer"}}})",
          "1", "\"a\""},
         {R"({"$schema":"http://json-schema.org/draft-07/schema#","$ref":"#/definitions/n",
              "definitions":{"n":{"type":"array","items":[{"type":"string"}]}}})",
          R"(["a"])", "[1]"},
         {R"({"$ref":"#here","$defs":{"n":{"$anchor":"here","type":"boolean"}}})", "true", "1"},
         {R"({"$dynamicRef":"#d","$defs":{"n":{"$dynamicAnchor":"d","type":"string"}}})", "\"a\"",
          "1"},
         {R"({"$defs":{"m":{"$id":"https://c.example/m","$ref":"#/$defs/n",
              "$defs":{"n":{"type":"number"}}}},"$ref":"https://c.example/m"})",
          "1.5", "\"a\""},
   };
   for (const auto& r : rows) {
      const auto plain = json::schema::compile(r.schema);
      ASSERT_TRUE(plain) << plain.error().message;
      const auto text = wrapped(r.schema, (*plain)->used_dialect());
      const auto made = json::schema::compile(text);
      ASSERT_TRUE(made) << made.error().message << "\n" << text;
      EXPECT_EQ((*made)->used_dialect(), (*plain)->used_dialect());
      for (const auto* value : {r.good, r.bad}) {
         const std::string instance = R"({"result":)" + std::string(value) + "}";
         EXPECT_EQ((*plain)->accepts(*parsed(value)), value == r.good) << r.schema << value;
         EXPECT_EQ((*made)->accepts(*parsed(instance)), value == r.good) << text << value;
      }
      EXPECT_FALSE((*made)->accepts(*parsed("{}"))) << text;
   }
}

TEST(Schema, GivesLegacyClientsObjectsForBooleanProperties) {
   const parsed schema(R"({"type":"object","properties":{"a":true,"b":false,"c":{"not":true}},
                           "additionalProperties":false})");
   const auto text = [&](revision r) {
      std::string out;
      append_schema(out, *schema, r);
      return out;
   };
   EXPECT_EQ(text(newest_legacy),
             R"({"type":"object","properties":{"a":{},"b":{"not":{}},"c":{"not":true}},)"
             R"("additionalProperties":false})");
   EXPECT_EQ(text(newest_modern),
             R"({"type":"object","properties":{"a":true,"b":false,"c":{"not":true}},)"
             R"("additionalProperties":false})");
}

} // namespace
} // namespace fmcp::protocol
