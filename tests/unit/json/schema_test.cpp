#include "json/schema.hpp"

#include <atomic>
#include <map>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "allocations.hpp"
#include "json/document.hpp"

namespace {

using namespace fmcp::json;
using fmcp::core::errc;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::shared_ptr<const schema> compiled(std::string_view text, const schema_options& options = {}) {
   auto s = schema::compile(text, options);
   EXPECT_TRUE(s.has_value()) << s.error().message;
   return s.value_or(nullptr);
}

bool accepts(std::string_view schema_text, std::string_view instance,
             const check_limits& bounds = {}) {
   document d;
   return compiled(schema_text)->accepts(*d.parse_copy(instance).value(), bounds);
}

std::vector<std::string> sentences(std::string_view schema_text, std::string_view instance) {
   document d;
   std::vector<std::string> out;
   for (const auto& v : compiled(schema_text)->check(*d.parse_copy(instance).value())) {
      out.push_back(v.sentence());
   }
   return out;
}

// ---- what a schema must look like

struct bad_schema {
   const char* name;
   std::string text;
   errc code;
   std::string message;
};

class SchemaCompile : public testing::TestWithParam<bad_schema> {};

TEST_P(SchemaCompile, RefusesAndNamesThePlace) {
   const auto s = schema::compile(GetParam().text);
   ASSERT_FALSE(s.has_value());
   EXPECT_EQ(s.error().code, GetParam().code) << s.error().message;
   EXPECT_THAT(s.error().message, HasSubstr(GetParam().message));
}

const std::string draft7 = R"("$schema":"http://json-schema.org/draft-07/schema#",)";

INSTANTIATE_TEST_SUITE_P(
      Table, SchemaCompile,
      testing::Values(
            bad_schema{"NotJson", "{", errc::invalid, "at its root: the JSON text is refused"},
            bad_schema{"NotASchema", "3", errc::invalid, "at its root: a schema is an object"},
            bad_schema{"UnknownType", R"({"properties":{"a":{"type":"text"}}})", errc::invalid,
                       "at /properties/a/type: a type is"},
            bad_schema{"EmptyTypeList", R"({"type":[]})", errc::invalid, "at /type"},
            bad_schema{"NegativeLength", R"({"minLength":-1})", errc::invalid,
                       "at /minLength: this must be an integer that is not negative"},
            bad_schema{"FractionalLength", R"({"maxItems":1.5})", errc::invalid, "at /maxItems"},
            bad_schema{"TextAsLimit", R"({"minimum":"1"})", errc::invalid,
                       "at /minimum: this must be a number, it is a string"},
            bad_schema{"OldExclusiveMinimum", R"({"exclusiveMinimum":true})", errc::invalid,
                       "at /exclusiveMinimum: this must be a number"},
            bad_schema{"ZeroDivisor", R"({"multipleOf":0})", errc::invalid, "at /multipleOf"},
            bad_schema{"EndlessDivisor", R"({"multipleOf":0.)" + std::string(2000, '3') + "}",
                       errc::invalid, "more than 1000 digits"},
            bad_schema{"BadPattern", R"({"pattern":"(a"})", errc::invalid,
                       "at /pattern: the pattern"},
            bad_schema{"BadPatternProperty", R"({"patternProperties":{"*":true}})", errc::invalid,
                       "at /patternProperties: the pattern"},
            bad_schema{"RequiredTwice", R"({"required":["a","a"]})", errc::invalid, "at /required"},
            bad_schema{"RequiredAsFlag", R"({"properties":{"a":{"required":true}}})", errc::invalid,
                       "at /properties/a/required: this must be an array"},
            bad_schema{"EmptyAnyOf", R"({"anyOf":[]})", errc::invalid, "at /anyOf"},
            bad_schema{"AnyOfObject", R"({"anyOf":{}})", errc::invalid, "at /anyOf"},
            bad_schema{"PropertiesList", R"({"properties":[]})", errc::invalid, "at /properties"},
            bad_schema{"ItemsListIn2020", R"({"items":[true]})", errc::invalid,
                       "at /items: a schema is an object or a boolean, this is an array"},
            bad_schema{"EnumNoList", R"({"enum":"a"})", errc::invalid, "at /enum"},
            bad_schema{"TitleNoString", R"({"title":1})", errc::invalid, "at /title"},
            bad_schema{"UnusedDefinition", R"({"$defs":{"a~b/c":{"type":1}}})", errc::invalid,
                       "at /$defs/a~0b~1c/type"},
            bad_schema{"RefToNothing", R"({"items":{"$ref":"#/$defs/x"}})", errc::not_found,
                       "at /items/$ref: the reference \"#/$defs/x\" leads nowhere"},
            bad_schema{"RefToAnchor", R"({"$ref":"#x"})", errc::not_found, "no such anchor"},
            bad_schema{"RefToNetwork", R"({"$ref":"https://example.com/s"})", errc::not_found,
                       "none is fetched"},
            bad_schema{"RefToNoSchema", R"({"$ref":"#/x","x":[1]})", errc::invalid,
                       "at /x: a schema"},
            bad_schema{"RefNoString", R"({"$ref":1})", errc::invalid, "at /$ref"},
            bad_schema{"RefToItself", R"({"$ref":"#"})", errc::invalid, "back to itself"},
            bad_schema{"RefInACircle",
                       R"({"$ref":"#/$defs/a","$defs":{"a":{"not":{"$ref":"#/$defs/b"}},)"
                       R"("b":{"anyOf":[true,{"$ref":"#/$defs/a"}]}}})",
                       errc::invalid, "back to itself"},
            bad_schema{"UnknownDialect", R"({"$schema":"http://json-schema.org/draft-04/schema#"})",
                       errc::unsupported, "draft-04/schema#\" is not supported; supported are"},
            bad_schema{"FragmentInId", R"({"$id":"http://a/b#c"})", errc::invalid, "at /$id"},
            bad_schema{"SameIdTwice",
                       R"({"$defs":{"a":{"$id":"http://a/b"},"b":{"$id":"http://a/b"}}})",
                       errc::invalid, "at /$defs/b/$id: another schema"},
            bad_schema{"SameAnchorTwice", R"({"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}})",
                       errc::invalid, "at /$defs/b/$anchor"},
            bad_schema{"BadAnchor", R"({"$anchor":"#x"})", errc::invalid, "at /$anchor"},
            bad_schema{"DependentSchemasList", R"({"dependentSchemas":{"a":["b"]}})", errc::invalid,
                       "at /dependentSchemas"},
            bad_schema{"DependentRequiredSchema", R"({"dependentRequired":{"a":{}}})",
                       errc::invalid, "at /dependentRequired"},
            bad_schema{"Draft7Dependencies", "{" + draft7 + R"("dependencies":{"a":1}})",
                       errc::invalid, "at /dependencies/a"}),
      [](const auto& row) { return std::string(row.param.name); });

TEST(SchemaCompileBounds, CountSubschemas) {
   std::string text = R"({"allOf":[)";
   for (int i = 0; i < 20; ++i) text += "true,";
   text += "true]}";
   EXPECT_TRUE(schema::compile(text, {.max_subschemas = 22}).has_value());
   const auto s = schema::compile(text, {.max_subschemas = 21});
   ASSERT_FALSE(s.has_value());
   EXPECT_EQ(s.error().code, errc::limit);
   EXPECT_THAT(s.error().message, HasSubstr("more than 21 subschemas"));
}

TEST(SchemaCompileBounds, CountDepth) {
   std::string text = "true";
   for (int i = 0; i < 40; ++i) text = R"({"not":)" + text + "}";
   EXPECT_TRUE(schema::compile(text, {.max_depth = 40}).has_value());
   const auto s = schema::compile(text, {.max_depth = 39});
   ASSERT_FALSE(s.has_value());
   EXPECT_EQ(s.error().code, errc::limit);
}

// ---- dialects and other documents

TEST(SchemaDialect, IsTakenFromTheSchemaOrTheOptions) {
   EXPECT_EQ(compiled("{}")->used_dialect(), dialect::draft2020_12);
   EXPECT_EQ(compiled("{}", {.default_dialect = dialect::draft7})->used_dialect(), dialect::draft7);
   for (const auto* uri :
        {"http://json-schema.org/draft-07/schema#", "http://json-schema.org/draft-07/schema",
         "https://json-schema.org/draft-07/schema#"}) {
      EXPECT_EQ(compiled(R"({"$schema":")" + std::string(uri) + "\"}")->used_dialect(),
                dialect::draft7)
            << uri;
   }
   EXPECT_EQ(compiled(R"({"$schema":"https://json-schema.org/draft/2020-12/schema"})",
                      {.default_dialect = dialect::draft7})
                   ->used_dialect(),
             dialect::draft2020_12);
}

TEST(SchemaDialect, DecidesWhatItemsMean) {
   const auto text = "{" + draft7 + R"("items":[{"type":"string"}],"additionalItems":false})";
   EXPECT_TRUE(accepts(text, R"(["a"])"));
   EXPECT_FALSE(accepts(text, R"(["a","b"])"));
   EXPECT_TRUE(accepts(R"({"additionalItems":false})", "[1]"));
}

TEST(SchemaDialect, MayChangeInsideOfAResource) {
   const auto text = R"({"$ref":"old","$defs":{"o":{"$id":"old",)" + draft7 +
                     R"("items":[{"type":"string"}]}}})";
   EXPECT_TRUE(accepts(text, R"(["a",1])"));
   EXPECT_FALSE(accepts(text, "[1]"));
}

TEST(SchemaDialect, MayRequireVocabulariesThatAreUnknown) {
   const std::map<std::string, std::string, std::less<>> known{
         {"https://example.com/strict",
          R"({"$schema":"https://json-schema.org/draft/2020-12/schema",)"
          R"("$vocabulary":{"https://example.com/vocabulary":true}})"},
         {"https://example.com/lenient",
          R"({"$schema":"https://json-schema.org/draft/2020-12/schema","$vocabulary":{)"
          R"("https://json-schema.org/draft/2020-12/vocab/core":true,)"
          R"("https://example.com/vocabulary":false}})"},
         {"https://example.com/endless", R"({"$schema":"https://example.com/endless"})"}};
   schema_options options;
   options.load = [&](std::string_view uri) -> std::optional<std::string> {
      const auto found = known.find(uri);
      return found != known.end() ? std::optional(found->second) : std::nullopt;
   };
   const auto strict = schema::compile(R"({"$schema":"https://example.com/strict"})", options);
   ASSERT_FALSE(strict.has_value());
   EXPECT_EQ(strict.error().code, errc::unsupported);
   const auto lenient =
         compiled(R"({"$schema":"https://example.com/lenient","type":"string"})", options);
   document d;
   EXPECT_TRUE(lenient->accepts(*d.parse_copy("1").value())) << "`type` is of another vocabulary";
   EXPECT_FALSE(schema::compile(R"({"$schema":"https://example.com/endless"})", options));
}

TEST(SchemaLoad, IsAskedForOtherDocumentsOnly) {
   std::vector<std::string> asked;
   schema_options options;
   options.load = [&](std::string_view uri) -> std::optional<std::string> {
      asked.emplace_back(uri);
      return R"({"$defs":{"n":{"type":"integer"}}})";
   };
   const auto s = compiled(R"({"$id":"https://example.com/a/main","properties":{)"
                           R"("x":{"$ref":"other#/$defs/n"},"y":{"$ref":"other#/$defs/n"},)"
                           R"("z":{"$ref":"main#/properties/x"}}})",
                           options);
   EXPECT_THAT(asked, ElementsAre("https://example.com/a/other"));
   document d;
   EXPECT_TRUE(s->accepts(*d.parse_copy(R"({"x":1,"y":2,"z":3})").value()));
   EXPECT_FALSE(s->accepts(*d.parse_copy(R"({"z":"3"})").value()));
}

TEST(SchemaLoad, NamesTheDocumentInAnError) {
   schema_options options;
   options.load = [](std::string_view) { return R"({"type":"nothing"})"; };
   const auto s = schema::compile(R"({"$ref":"https://example.com/x"})", options);
   ASSERT_FALSE(s.has_value());
   EXPECT_THAT(s.error().message,
               HasSubstr("the schema document https://example.com/x is refused at /type"));
}

TEST(SchemaFormat, AnnotatesUnlessToldToAssert) {
   document d;
   const auto& v = *d.parse_copy(R"("not an address")").value();
   EXPECT_TRUE(compiled(R"({"format":"ipv4"})")->accepts(v));
   EXPECT_FALSE(compiled(R"({"format":"ipv4"})", {.assert_formats = true})->accepts(v));
   EXPECT_TRUE(compiled(R"({"format":"unknown"})", {.assert_formats = true})->accepts(v));
}

// ---- what a check costs

TEST(SchemaCheck, DoesNotAllocateForPlainTools) {
   const auto s = compiled(R"({"type":"object","additionalProperties":false,"required":["text"],
      "properties":{"text":{"type":"string","minLength":1,"maxLength":100,"pattern":"^[a-z ]+$"},
                    "count":{"type":"integer","minimum":1,"maximum":10,"multipleOf":1},
                    "mode":{"enum":["a","b",3,null]},"kind":{"const":"x"},
                    "tags":{"type":"array","items":{"$ref":"#/$defs/tag"},"maxItems":5,
                            "uniqueItems":true},
                    "any":{"anyOf":[{"type":"string"},{"type":"null"}]},
                    "one":{"oneOf":[{"type":"string"},{"type":"number"}]}},
      "$defs":{"tag":{"type":"string"}}})");
   document d;
   const auto& v = *d.parse_copy(R"({"text":"abc def","count":3.0,"mode":"b","kind":"x",
      "tags":["a","b","c"],"any":null,"one":1.5})")
                          .value();
   ASSERT_TRUE(s->accepts(v)); // the first use of a pattern sets up the thread
   const auto before = fmcp::test::allocations();
   const bool is_valid = s->accepts(v);
   EXPECT_EQ(fmcp::test::allocations() - before, 0u);
   EXPECT_TRUE(is_valid);
}

TEST(SchemaCheck, FindsMembersAmongMany) {
   std::string text = R"({"additionalProperties":false,"required":["p57"],"properties":{)";
   for (int i = 0; i < 100; ++i) text += "\"p" + std::to_string(i) + R"(":{"type":"integer"},)";
   text += R"("last":true}})";
   EXPECT_TRUE(accepts(text, R"({"p57":1,"p99":2,"last":"x"})"));
   EXPECT_FALSE(accepts(text, R"({"p57":1,"p99":"2"})"));
   EXPECT_FALSE(accepts(text, R"({"p57":1,"p100":2})"));
   EXPECT_FALSE(accepts(text, R"({"p99":2})"));
}

TEST(SchemaCheck, RefusesWhatTakesTooManySteps) {
   const std::string text = R"({"items":{"type":"integer"}})";
   std::string list = "[0";
   for (int i = 1; i < 1000; ++i) list += ",0";
   EXPECT_TRUE(accepts(text, list + "]", {.max_steps = 1001}));
   EXPECT_FALSE(accepts(text, list + "]", {.max_steps = 1000}));
   EXPECT_FALSE(accepts(R"({"not":)" + text + "}", list + "]", {.max_steps = 500}))
         << "spent is never valid, not even where invalid would be";
   document d;
   const auto reasons = compiled(text)->check(*d.parse_copy(list + "]").value(), {.max_steps = 9});
   ASSERT_THAT(reasons, SizeIs(1));
   EXPECT_THAT(reasons[0].sentence(), HasSubstr("takes too many steps"));
}

// Two to the 30th alternatives if nobody counted.
TEST(SchemaCheck, RefusesExponentialComposition) {
   std::string text = R"({"$ref":"#/$defs/d0","$defs":{"d30":{"type":"integer"})";
   for (int i = 0; i < 30; ++i) {
      const auto next = R"({"$ref":"#/$defs/d)" + std::to_string(i + 1) + R"("})";
      text += ",\"d" + std::to_string(i) + R"(":{"oneOf":[)" + next + "," + next + "]}";
   }
   EXPECT_FALSE(accepts(text + "}}", "1"));
}

TEST(SchemaCheck, RefusesAHostilePatternInEveryPosition) {
   const auto hostile = "\"" + std::string(3000, 'a') + "!\"";
   for (const auto* text : {R"({"pattern":"^(a+)+$"})", R"({"not":{"pattern":"^(a+)+$"}})",
                            R"({"if":{"pattern":"^(a+)+$"},"then":true,"else":true})",
                            R"({"anyOf":[{"pattern":"^(a+)+$"},true]})",
                            R"({"oneOf":[{"pattern":"^(a+)+$"},true]})"}) {
      EXPECT_FALSE(accepts(text, hostile)) << text;
   }
   EXPECT_FALSE(accepts(R"({"contains":{"pattern":"^(a+)+$"},"minContains":0,"maxContains":9})",
                        "[" + hostile + "]"));
   EXPECT_FALSE(accepts(R"({"patternProperties":{"^(a+)+$":true}})", "{" + hostile + ":1}"));
   EXPECT_FALSE(
         accepts(R"({"propertyNames":{"not":{"pattern":"^(a+)+$"}}})", "{" + hostile + ":1}"));
}

TEST(SchemaCheck, HoldsTheTimeOfAllPatternsTogether) {
   const std::string text = R"({"items":{"pattern":"a*b"}})";
   std::string list = "[\"" + std::string(1u << 20, 'a') + "\"";
   for (int i = 0; i < 5; ++i) list += ",\"" + std::string(1u << 20, 'a') + "\"";
   EXPECT_FALSE(accepts(text, list + "]", {.max_regex_time = std::chrono::milliseconds(20)}));
}

TEST(SchemaCheck, FindsEqualItemsWithoutComparingAllPairs) {
   std::string list = "[";
   for (int i = 0; i < 20'000; ++i) list += R"({"a":[)" + std::to_string(i) + "]},";
   EXPECT_TRUE(accepts(R"({"uniqueItems":true})", list + "0]"));
   EXPECT_FALSE(accepts(R"({"uniqueItems":true})", list + R"({"a":[7.0]}])"));
}

TEST(SchemaCheck, CountsTheDepthOfDynamicReferences) {
   const std::string text = R"({"$id":"https://example.com/a","$dynamicAnchor":"x",)"
                            R"("anyOf":[{"$dynamicRef":"#x"}]})";
   EXPECT_FALSE(accepts(text, "1"));
}

TEST(SchemaCheck, GoesAsDeepAsDocumentsDo) {
   const auto s = compiled(R"({"type":"array","items":{"$ref":"#"}})");
   const std::string text = std::string(400, '[') + std::string(400, ']');
   document d;
   EXPECT_TRUE(s->accepts(*d.parse(text, {.max_depth = 500}).value()));
   const std::string wrong = std::string(400, '[') + "1" + std::string(400, ']');
   EXPECT_FALSE(s->accepts(*d.parse(wrong, {.max_depth = 500}).value()));
}

TEST(SchemaCheck, IsTheSameOnManyThreads) {
   const auto s = compiled(R"({"properties":{"a":{"pattern":"^(a|b)*$"}},"minProperties":1})");
   std::atomic<int> wrong{0};
   std::vector<std::thread> threads;
   for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
         document d;
         const auto& v = *d.parse_copy(t % 2 == 0 ? R"({"a":"abba"})" : R"({"a":"abc"})").value();
         for (int i = 0; i < 1000; ++i) {
            if (s->accepts(v) != (t % 2 == 0) || s->check(v).empty() != (t % 2 == 0)) ++wrong;
         }
      });
   }
   for (auto& t : threads) t.join();
   EXPECT_EQ(wrong.load(), 0);
}

// ---- numbers

TEST(SchemaNumbers, AreComparedExactly) {
   EXPECT_FALSE(accepts(R"({"const":9007199254740993})", "9007199254740992"));
   EXPECT_TRUE(accepts(R"({"const":1})", "1.0"));
   EXPECT_TRUE(accepts(R"({"enum":["a",100]})", "1e2"));
   EXPECT_FALSE(accepts(R"({"exclusiveMaximum":9007199254740993})", "9007199254740993"));
   EXPECT_TRUE(accepts(R"({"exclusiveMaximum":9007199254740993})", "9007199254740992"));
   EXPECT_TRUE(accepts(R"({"multipleOf":0.1})", "0.3"));
   EXPECT_TRUE(accepts(R"({"multipleOf":1e-8})", "12391239123"));
   EXPECT_TRUE(accepts(R"({"type":"integer"})", "12345678901234567890.0"));
   EXPECT_FALSE(accepts(R"({"type":"integer"})", "1.5"));
   EXPECT_TRUE(accepts(R"({"maxLength":1e100})", R"("abc")"));
   EXPECT_FALSE(accepts(R"({"minLength":1e100})", R"("abc")"));
}

TEST(SchemaStrings, AreCountedInCharacters) {
   EXPECT_TRUE(accepts(R"({"maxLength":2})", R"("\ud83d\ude00\u00e9")"));
   EXPECT_FALSE(accepts(R"({"minLength":3})", R"("\ud83d\ude00\u00e9")"));
   EXPECT_TRUE(accepts(R"({"minLength":2})", R"("\ud83d\ude00\u00e9")"));
}

// ---- what a model is told

struct told {
   const char* name;
   std::string schema;
   std::string instance;
   std::string sentence;
};

class SchemaReason : public testing::TestWithParam<told> {};

TEST_P(SchemaReason, SaysPathExpectedAndGot) {
   EXPECT_THAT(sentences(GetParam().schema, GetParam().instance), ElementsAre(GetParam().sentence));
}

INSTANTIATE_TEST_SUITE_P(
      Table, SchemaReason,
      testing::Values(
            told{"Type", R"({"type":"object"})", R"("abc")",
                 R"(the value: expected an object, got a string ("abc"))"},
            told{"Types", R"({"type":["string","null"]})", "[1,2]",
                 "the value: expected a string or null, got an array of 2 items"},
            told{"Integer", R"({"properties":{"n":{"type":"integer"}}})", R"({"n":1.5})",
                 "/n: expected an integer, got 1.5"},
            told{"Minimum", R"({"properties":{"count":{"minimum":1}}})", R"({"count":0})",
                 "/count: expected a number that is at least 1, got 0"},
            told{"Multiple", R"({"multipleOf":0.5})", "0.7",
                 "the value: expected a multiple of 0.5, got 0.7"},
            told{"Required", R"({"properties":{"text":{"type":"string"}},"required":["text"]})",
                 "{}", "/text: expected a string (this member is required), got nothing"},
            told{"RequiredByReference",
                 R"({"properties":{"m":{"$ref":"#/$defs/m"}},"required":["m"],)"
                 R"("$defs":{"m":{"enum":["a","b"]}}})",
                 "{}", R"(/m: expected one of "a", "b" (this member is required), got nothing)"},
            told{"Misspelt",
                 R"({"properties":{"limit":{},"path":{}},"additionalProperties":false})",
                 R"({"limt":3})",
                 R"(/limt: expected no member of this name; did you mean "limit"?, got 3)"},
            told{"Unknown", R"({"properties":{"a":{},"b":{}},"additionalProperties":false})",
                 R"({"something":{}})",
                 R"(/something: expected no member of this name; known are "a", "b", got an empty object)"},
            told{"Unevaluated", R"({"unevaluatedProperties":false})", R"({"x":true})",
                 "/x: expected no member of this name, got true"},
            told{"Enum", R"({"enum":["a",2,null]})", R"("z")",
                 R"(the value: expected one of "a", 2, null, got a string ("z"))"},
            told{"Const", R"({"const":{"a": 1}})", "1", R"(the value: expected {"a":1}, got 1)"},
            told{"Length", R"({"maxLength":1})", R"("ab")",
                 R"(the value: expected a string of at most 1 character, got a string ("ab"))"},
            told{"Pattern", R"({"pattern":"^\\d+$"})", R"("x")",
                 R"(the value: expected a string that matches the pattern "^\\d+$", got a string ("x"))"},
            told{"InArray", R"({"items":{"type":"string"}})", R"(["a",1])",
                 "/1: expected a string, got 1"},
            told{"Escaped", R"({"additionalProperties":{"type":"string"}})", R"({"a/b~c":1})",
                 "/a~1b~0c: expected a string, got 1"},
            told{"Contains", R"({"contains":{"type":"string"}})", "[1]",
                 "the value: expected an array with at least 1 item of this kind: a string, "
                 "got an array of 1 item"},
            told{"Unique", R"({"uniqueItems":true})", "[1,1]",
                 "the value: expected an array without equal items, got an array of 2 items"},
            told{"PropertyName", R"({"propertyNames":{"maxLength":2}})", R"({"abc":1})",
                 R"(/abc: expected a member name that is a string of at most 2 characters, got a string ("abc"))"},
            told{"Dependent", R"({"dependentRequired":{"a":["b"]}})", R"({"a":1})",
                 R"(/b: expected a value (this member is required beside "a"), got nothing)"},
            told{"SimpleAlternatives", R"({"anyOf":[{"type":"string"},{"type":"integer"}]})",
                 "true", "the value: expected a string or an integer, got true"},
            told{"NearestAlternative",
                 R"({"oneOf":[{"properties":{"kind":{"const":"a"},"n":{"type":"integer"}}},)"
                 R"({"properties":{"kind":{"const":"b"},"s":{"type":"string"}}}]})",
                 R"({"kind":"b","s":1})", "/s: expected a string, got 1"},
            told{"TwoAlternatives", R"({"oneOf":[{"type":"integer"},{"minimum":1}]})", "2",
                 "the value: expected a value that fits exactly one of several alternatives, "
                 "got 2, which fits more than one"},
            told{"Then", R"({"if":{"type":"integer"},"then":{"minimum":5}})", "3",
                 "the value: expected a number that is at least 5, got 3"},
            told{"Not", R"({"not":{"type":"null"}})", "null",
                 "the value: expected something else: this value is excluded, got null"},
            told{"False", "false", "1",
                 "the value: expected nothing: no value is allowed here, got 1"},
            told{"OncePerReason", R"({"allOf":[{"minimum":2},{"minimum":2}]})", "1",
                 "the value: expected a number that is at least 2, got 1"}),
      [](const auto& row) { return std::string(row.param.name); });

TEST(SchemaReasons, AreAllTold) {
   EXPECT_THAT(sentences(R"({"properties":{"a":{"type":"string"},"b":{"minimum":1}},)"
                         R"("required":["a","b","c"]})",
                         R"({"a":1,"b":0})"),
               ElementsAre("/a: expected a string, got 1",
                           "/b: expected a number that is at least 1, got 0",
                           "/c: expected a value (this member is required), got nothing"));
}

TEST(SchemaReasons, PutTheMostSpecificFirst) {
   EXPECT_THAT(sentences(R"({"minProperties":3,"properties":{"a":{"items":{"type":"string"}}}})",
                         R"({"a":[1]})"),
               ElementsAre(StartsWith("/a/0: expected a string"), StartsWith("the value: ")));
}

TEST(SchemaReasons, AreAsManyAsAskedFor) {
   document d;
   const auto s = compiled(R"({"items":{"type":"string"}})");
   const auto& v = *d.parse_copy("[1,2,3,4,5,6,7,8,9]").value();
   EXPECT_THAT(s->check(v), SizeIs(5));
   EXPECT_THAT(s->check(v, {.max_violations = 2}), SizeIs(2));
}

TEST(SchemaReasons, AreShortWhateverTheInstanceIs) {
   document d;
   const auto key = std::string(100'000, 'k');
   const auto s = compiled(R"({"additionalProperties":{"type":"integer"}})");
   const auto reasons = s->check(
         *d.parse_copy("{\"" + key + "\":\"" + std::string(100'000, '\x7f') + "\"}").value());
   ASSERT_THAT(reasons, SizeIs(1));
   EXPECT_LE(reasons[0].got.size(), 80u);
   EXPECT_LE(reasons[0].path.size(), 200u);
   const auto unknown = compiled(R"({"properties":{"a":{}},"additionalProperties":false})");
   EXPECT_LE(unknown->check(d.root())[0].sentence().size(), 500u);
}

TEST(SchemaReasons, NeverHoldControlCharacters) {
   const auto told = sentences(R"({"type":"integer"})", R"("a\n\u001b[31mb")");
   EXPECT_THAT(told,
               ElementsAre(R"(the value: expected an integer, got a string ("a\n\u001b[31mb"))"));
}

TEST(SchemaReasons, AreEmptyWhenValid) {
   EXPECT_THAT(sentences(R"({"type":"integer"})", "1"), IsEmpty());
}

} // namespace
