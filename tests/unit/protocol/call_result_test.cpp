#include "protocol/call_result.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/protocol/parsed.hpp"
#include "unit/protocol/results.hpp"
#include "unit/protocol/tools.hpp"

namespace fmcp::protocol {
namespace {

using enum revision;
using test::a_result;
using test::define_output;
using test::encode;
using test::parsed;
using test::text_block;
using testing::HasSubstr;
using testing::Not;
using kind = content::kind;
using outcome = tool_result::outcome;

const std::string modern_head = R"({"jsonrpc":"2.0","id":1,"result":{"resultType":"complete",)";
const std::string legacy_head = R"({"jsonrpc":"2.0","id":1,"result":{)";
const std::string modern_tail =
      R"(,"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}}}})";

a_result with_blocks(std::vector<content> blocks) {
   return {std::move(blocks), {}};
}
a_result with_structure(std::string_view json) {
   return {{}, {.structured_json = json}};
}
a_result raw(std::string_view json, outcome what = outcome::ok) {
   return {{}, {.what = what, .raw_json = json}};
}
a_result rpc(int code, std::string_view data = {}) {
   return {{},
           {.what = outcome::rpc_error, .rpc_code = code, .message = "m", .error_data_json = data}};
}

/// The value at a path of member names and indices, as text; empty: absent.
std::string at(const std::string& text, std::initializer_list<const char*> path) {
   const parsed v(text);
   const json::value* p = &*v;
   for (const char* step : path) {
      if (p->is(json::kind::array)) {
         const auto i = static_cast<std::size_t>(std::atoi(step));
         p = i < p->items().size() ? &p->items()[i] : nullptr;
      } else {
         p = p->find(step);
      }
      if (p == nullptr) return "";
   }
   return std::string(p->raw());
}

std::string first_text(const std::string& text) {
   const parsed v(text);
   const auto* content = v->find("result")->find("content");
   return std::string(content->items()[0].find_string("text").value_or("(no text)"));
}

/// The answer is a result with isError, and the complaint and the text say what is wrong.
void expect_refusal(const a_result& r, const char* reason, revision spoken = newest_modern,
                    const tool_definition* tool = nullptr) {
   const auto a = encode(r, spoken, tool);
   EXPECT_THAT(a.how.complaint, HasSubstr(reason));
   EXPECT_EQ(at(a.text, {"result", "isError"}), "true") << a.text;
   EXPECT_THAT(first_text(a.text), HasSubstr(reason));
   EXPECT_EQ(a.how.http_status, 200);
}

// ---------------------------------------------------------------------------------------------

TEST(CallResult, OfOneTextBlockIsAllThereIs) {
   const auto r = with_blocks({text_block("hello \"you\"")});
   EXPECT_EQ(encode(r).text,
             modern_head + R"("content":[{"type":"text","text":"hello \"you\""}])" + modern_tail);
   for (const auto spoken : {v2024_11_05, v2025_03_26, v2025_06_18, v2025_11_25}) {
      EXPECT_EQ(encode(r, spoken).text,
                legacy_head + R"("content":[{"type":"text","text":"hello \"you\""}]}})");
   }
}

TEST(CallResult, IsAppendedBehindWhatIsThere) {
   std::string out = "data: ";
   encoder work;
   (void)append_call_result(out, "\"a\"", with_blocks({text_block("x")}).get(), {}, work);
   EXPECT_EQ(
         out,
         R"(data: {"jsonrpc":"2.0","id":"a","result":{"content":[{"type":"text","text":"x"}]}})");
   (void)append_call_result(out, "2", with_blocks({{.what = kind::image}}).get(), {}, work);
   EXPECT_THAT(out, testing::StartsWith("data: {"));
   EXPECT_THAT(out, HasSubstr(R"(}]}}{"jsonrpc":"2.0","id":2,)"));
}

TEST(CallResult, WithoutContentHasAnEmptyArray) {
   EXPECT_EQ(encode(with_blocks({}), newest_legacy).text, legacy_head + R"("content":[]}})");
}

TEST(CallResult, WithoutServerInfoHasNoMeta) {
   EXPECT_EQ(encode(with_blocks({}), {.spoken = newest_modern}).text,
             modern_head + R"("content":[]}})");
}

TEST(CallResult, RepairsTextThatIsNotUtf8) {
   const auto a = encode(with_blocks({text_block("a\xFF\xC3(\xED\xA0\x80z")}), newest_legacy);
   EXPECT_EQ(a.how.complaint, "");
   EXPECT_EQ(first_text(a.text), "a\uFFFD\uFFFD(\uFFFD\uFFFD\uFFFDz");
}

TEST(CallResult, EscapesControlsAndNul) {
   const auto a =
         encode(with_blocks({text_block(std::string_view("a\0\n\x01", 4))}), newest_legacy);
   EXPECT_THAT(a.text, HasSubstr(R"("a\u0000\n\u0001")"));
}

TEST(CallResult, CarriesEveryKindOfBlock) {
   const auto r = with_blocks({
         text_block("t"),
         {.what = kind::image, .mime = "image/png", .data = std::string_view("\x00\xFF", 2)},
         {.what = kind::audio, .mime = "audio/wav", .data = "abc"},
         {.what = kind::resource_link,
          .mime = "text/plain",
          .uri = "file:///a",
          .name = "A",
          .data = "about A"},
         {.what = kind::resource_link, .uri = "urn:x", .name = "B"},
         {.what = kind::resource_text, .mime = "text/plain", .uri = "file:///a", .data = "body"},
         {.what = kind::resource_blob, .uri = "file:///b", .data = "abcd"},
         {.what = kind::raw_json, .data = R"({ "type" : "text", "text" : "raw", "x": [1 ] })"},
   });
   const std::string blocks =
         R"("content":[{"type":"text","text":"t"},)"
         R"({"type":"image","data":"AP8=","mimeType":"image/png"},)"
         R"({"type":"audio","data":"YWJj","mimeType":"audio/wav"},)"
         R"({"type":"resource_link","uri":"file:///a","name":"A","description":"about A","mimeType":"text/plain"},)"
         R"({"type":"resource_link","uri":"urn:x","name":"B"},)"
         R"({"type":"resource","resource":{"uri":"file:///a","mimeType":"text/plain","text":"body"}},)"
         R"({"type":"resource","resource":{"uri":"file:///b","blob":"YWJjZA=="}},)"
         R"({"type":"text","text":"raw","x":[1]}])";
   EXPECT_EQ(encode(r).text, modern_head + blocks + modern_tail);
   EXPECT_EQ(encode(r, v2025_06_18).text, legacy_head + blocks + "}}");
}

TEST(CallResult, CarriesAnnotations) {
   const std::string_view annotations =
         R"({ "audience": ["user","assistant"], "priority": 0.5, "lastModified":"2025-01-12" })";
   const std::string compact =
         R"("annotations":{"audience":["user","assistant"],"priority":0.5,"lastModified":"2025-01-12"}})";
   const auto r = with_blocks({
         {.what = kind::text, .data = "t", .annotations_json = annotations},
         {.what = kind::image, .mime = "image/png", .data = "", .annotations_json = annotations},
         {.what = kind::resource_link, .uri = "u:x", .name = "n", .annotations_json = annotations},
         {.what = kind::resource_text, .uri = "u:x", .annotations_json = annotations},
   });
   EXPECT_EQ(encode(r, newest_legacy).text,
             legacy_head + R"("content":[{"type":"text","text":"t",)" + compact +
                   R"(,{"type":"image","data":"","mimeType":"image/png",)" + compact +
                   R"(,{"type":"resource_link","uri":"u:x","name":"n",)" + compact +
                   R"(,{"type":"resource","resource":{"uri":"u:x","text":""},)" + compact + "]}}");
}

TEST(CallResult, CarriesTheMetaOfABlock) {
   const std::string_view meta = R"({ "example.com/a": [1] })";
   const std::string compact = R"("_meta":{"example.com/a":[1]}})";
   const auto r = with_blocks({
         {.what = kind::text, .data = "t", .meta_json = meta},
         {.what = kind::image, .mime = "image/png", .data = "", .meta_json = meta},
         {.what = kind::resource_blob, .uri = "u:x", .meta_json = meta},
         {.what = kind::text, .data = "t", .annotations_json = "{}", .meta_json = meta},
   });
   EXPECT_EQ(encode(r, newest_legacy).text,
             legacy_head + R"("content":[{"type":"text","text":"t",)" + compact +
                   R"(,{"type":"image","data":"","mimeType":"image/png",)" + compact +
                   R"(,{"type":"resource","resource":{"uri":"u:x","blob":""},)" + compact +
                   R"(,{"type":"text","text":"t","annotations":{},)" + compact + "]}}");
}

TEST(CallResult, TurnsAudioIntoTextBefore20250326) {
   const auto r =
         with_blocks({{.what = kind::audio, .mime = "audio/wav", .data = "abc"},
                      {.what = kind::raw_json,
                       .data = R"({"type":"audio","data":"YWJjZA==","mimeType":"audio/ogg"})"}});
   const auto old = encode(r, v2024_11_05);
   EXPECT_EQ(at(old.text, {"result", "content", "0", "type"}), "\"text\"");
   EXPECT_THAT(at(old.text, {"result", "content", "0", "text"}), HasSubstr("(audio/wav, 3 bytes)"));
   EXPECT_THAT(at(old.text, {"result", "content", "1", "text"}), HasSubstr("(audio/ogg, 4 bytes)"));
   EXPECT_EQ(at(encode(r, v2025_03_26).text, {"result", "content", "0", "type"}), "\"audio\"");
}

TEST(CallResult, TurnsLinksIntoTextBefore20250618) {
   const auto r = with_blocks(
         {{.what = kind::resource_link, .mime = "a/b", .uri = "u:x", .name = "N", .data = "about"},
          {.what = kind::raw_json,
           .data = R"({"type":"resource_link","uri":"u:y","name":"M","size":3})"}});
   for (const auto spoken : {v2024_11_05, v2025_03_26}) {
      const auto a = encode(r, spoken);
      EXPECT_EQ(at(a.text, {"result", "content", "0"}),
                R"({"type":"text","text":"N (a/b): u:x\nabout"})");
      EXPECT_EQ(at(a.text, {"result", "content", "1"}), R"({"type":"text","text":"M: u:y"})");
   }
   EXPECT_EQ(at(encode(r, v2025_06_18).text, {"result", "content", "1"}),
             R"({"type":"resource_link","uri":"u:y","name":"M","size":3})");
}

struct bad_block {
   content block;
   const char* reason;
};

TEST(CallResult, RefusesBlocksThatClientsCannotRead) {
   const auto text_with = [](std::string_view annotations) {
      return content{.what = kind::text, .data = "t", .annotations_json = annotations};
   };
   const auto json = [](std::string_view text) {
      return content{.what = kind::raw_json, .data = text};
   };
   const bad_block rows[] = {
         {{.what = kind::image, .data = "x"}, "an image without a MIME type"},
         {{.what = kind::audio, .data = "x"}, "audio without a MIME type"},
         {{.what = kind::resource_link, .name = "n"}, "uri is missing or no URI"},
         {{.what = kind::resource_link, .uri = "u:x"}, "without a name"},
         {{.what = kind::resource_link, .uri = "no uri", .name = "n"}, "no URI"},
         {{.what = kind::resource_link, .uri = "u:a b", .name = "n"}, "no URI"},
         {{.what = kind::resource_link, .uri = "1:a", .name = "n"}, "no URI"},
         {{.what = kind::resource_link, .uri = ":a", .name = "n"}, "no URI"},
         {{.what = kind::resource_text, .data = "x"}, "uri is missing or no URI"},
         {{.what = kind::resource_blob, .uri = "/a/b", .data = "x"}, "uri is missing or no URI"},
         {text_with("["), "annotations that cannot be used"},
         {{.what = kind::text, .data = "t", .meta_json = "{"}, "_meta that cannot be used"},
         {{.what = kind::text, .data = "t", .meta_json = "[]"}, "_meta is not an object"},
         {text_with("[]"), "annotations that are not an object"},
         {text_with(R"({"audience":"user"})"), "audience"},
         {text_with(R"({"audience":["model"]})"), "audience"},
         {text_with(R"({"priority":1.01})"), "priority"},
         {text_with(R"({"priority":-0.1})"), "priority"},
         {text_with(R"({"priority":"1"})"), "priority"},
         {text_with(R"({"lastModified":1})"), "lastModified"},
         {json(""), "content block that cannot be used"},
         {json("{\"type\":\"text\",\"text\":\"\xFF\"}"), "not UTF-8"},
         {json("7"), "type is none of"},
         {json("{}"), "type is none of"},
         {json(R"({"type":"video"})"), "type is none of"},
         {json(R"({"type":"text"})"), "text"},
         {json(R"({"type":"text","text":1})"), "text"},
         {json(R"({"type":"text","text":"a","annotations":1})"), "annotations"},
         {json(R"({"type":"text","text":"a","_meta":1})"), "_meta"},
         {json(R"({"type":"image","mimeType":"a/b"})"), "base64"},
         {json(R"({"type":"image","data":"YWJ","mimeType":"a/b"})"), "base64"},
         {json(R"({"type":"image","data":"YW=j","mimeType":"a/b"})"), "base64"},
         {json(R"({"type":"image","data":"Y===","mimeType":"a/b"})"), "base64"},
         {json(R"({"type":"audio","data":"-_-_","mimeType":"a/b"})"), "base64"},
         {json(R"({"type":"audio","data":"YWJj"})"), "mimeType"},
         {json(R"({"type":"resource"})"), "resource"},
         {json(R"({"type":"resource","resource":{"text":"a"}})"), "uri"},
         {json(R"({"type":"resource","resource":{"uri":"u:x"}})"), "exactly one"},
         {json(R"({"type":"resource","resource":{"uri":"u:x","text":"","blob":""}})"),
          "exactly one"},
         {json(R"({"type":"resource","resource":{"uri":"u:x","blob":"?"}})"), "base64"},
         {json(R"({"type":"resource","resource":{"uri":"u:x","text":"","mimeType":1}})"),
          "mimeType"},
         {json(R"({"type":"resource_link","name":"n"})"), "uri"},
         {json(R"({"type":"resource_link","uri":"u:x"})"), "name"},
         {json(R"({"type":"resource_link","uri":"u:x","name":"n","title":1})"), "title"},
         {json(R"({"type":"resource_link","uri":"u:x","name":"n","size":1.5})"), "size"},
   };
   for (const auto& r : rows) {
      SCOPED_TRACE(r.reason);
      // Old clients too: what is projected is checked first.
      for (const auto spoken : {newest_modern, v2024_11_05}) {
         expect_refusal(with_blocks({text_block("fine"), r.block}), r.reason, spoken);
      }
   }
}

TEST(CallResult, BoundsTheDepthOfJson) {
   const std::string deep = std::string(65, '[') + std::string(65, ']');
   expect_refusal(with_structure(deep), "structured content that cannot be used");
}

TEST(CallResult, SaysThatAToolFailed) {
   const a_result r{{text_block("more")}, {.what = outcome::tool_error, .message = "no such city"}};
   EXPECT_EQ(
         encode(r).text,
         modern_head +
               R"("content":[{"type":"text","text":"no such city"},{"type":"text","text":"more"}],)"
               R"("isError":true)" +
               modern_tail);
   EXPECT_EQ(
         encode(r, newest_legacy).text,
         legacy_head +
               R"("content":[{"type":"text","text":"no such city"},{"type":"text","text":"more"}],)"
               R"("isError":true}})");
}

TEST(CallResult, GivesAWordlessFailureAText) {
   const auto a = encode({{}, {.what = outcome::tool_error}});
   EXPECT_EQ(first_text(a.text), "The tool failed.");
   EXPECT_EQ(a.how.complaint, "");
}

TEST(CallResult, LeavesTheWordsOfAToolUnmasked) {
   const a_result r{{}, {.what = outcome::tool_error, .message = "no such city"}};
   EXPECT_EQ(first_text(encode(r, {.mask_error_details = true}).text), "no such city");
}

// ---------------------------------------------------------------------------------------------

TEST(StructuredContent, ComesWithItsTextWhenTheToolGaveNone) {
   const auto r = with_structure(R"({ "a" : "x\u0041\"" , "b":[1 , 2.50]})");
   const std::string compact = R"({"a":"x\u0041\"","b":[1,2.50]})";
   const std::string text =
         R"("content":[{"type":"text","text":"{\"a\":\"x\\u0041\\\"\",\"b\":[1,2.50]}"}])";
   EXPECT_EQ(encode(r).text,
             modern_head + text + R"(,"structuredContent":)" + compact + modern_tail);
   EXPECT_EQ(encode(r, v2025_06_18).text,
             legacy_head + text + R"(,"structuredContent":)" + compact + "}}");
   EXPECT_EQ(encode(r, v2025_03_26).text, legacy_head + text + "}}");
}

TEST(StructuredContent, LeavesTheTextOfTheToolAlone) {
   const a_result own{{text_block("mine")}, {.structured_json = "{}"}};
   EXPECT_EQ(at(encode(own).text, {"result", "content"}), R"([{"type":"text","text":"mine"}])");
   const a_result image{{{.what = kind::image, .mime = "image/png"}}, {.structured_json = "{}"}};
   EXPECT_EQ(at(encode(image).text, {"result", "content", "1"}), R"({"type":"text","text":"{}"})");
   const a_result raw_text{{{.what = kind::raw_json, .data = R"({"type":"text","text":"r"})"}},
                           {.structured_json = "{}"}};
   EXPECT_EQ(at(encode(raw_text).text, {"result", "content", "1"}), "");
}

TEST(StructuredContent, OfAnyTypeIsWrappedForLegacyClients) {
   for (const std::string value : {"[1]", "7", "\"s\"", "true", "null"}) {
      const auto r = with_structure(value);
      EXPECT_EQ(at(encode(r).text, {"result", "structuredContent"}), value);
      EXPECT_EQ(at(encode(r, newest_legacy).text, {"result", "structuredContent"}),
                R"({"result":)" + value + "}");
      EXPECT_EQ(at(encode(r, v2025_03_26).text, {"result", "structuredContent"}), "");
   }
}

TEST(StructuredContent, IsWrappedWhereItsSchemaIs) {
   const auto tool = define_output(R"({"anyOf":[{"type":"object"},{"type":"array"}]})");
   const auto r = with_structure(R"({"a":1})");
   EXPECT_EQ(at(encode(r, newest_modern, tool.get()).text, {"result", "structuredContent"}),
             R"({"a":1})");
   const auto legacy = encode(r, newest_legacy, tool.get());
   EXPECT_EQ(at(legacy.text, {"result", "structuredContent"}), R"({"result":{"a":1}})");
   // The text is the natural value in either era.
   EXPECT_EQ(first_text(legacy.text), R"({"a":1})");
}

TEST(StructuredContent, IsNotWrappedUnderAnObjectSchema) {
   const auto tool = define_output(R"({"type":"object"})");
   EXPECT_EQ(at(encode(with_structure(R"({"a":1})"), newest_legacy, tool.get()).text,
                {"result", "structuredContent"}),
             R"({"a":1})");
}

TEST(StructuredContent, MustFitItsSchema) {
   const auto tool = define_output(
         R"({"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]})");
   EXPECT_EQ(encode(with_structure(R"({"n":1})"), newest_modern, tool.get()).how.complaint, "");
   for (const auto spoken : {v2024_11_05, newest_modern}) {
      expect_refusal(with_structure(R"({"n":"x"})"), "does not fit its outputSchema: /n", spoken,
                     tool.get());
      expect_refusal(with_blocks({text_block("n is 1")}), "no structured content", spoken,
                     tool.get());
   }
   expect_refusal(raw(R"({"content":[],"structuredContent":{"n":"x"}})"), "outputSchema",
                  newest_modern, tool.get());
}

TEST(StructuredContent, OfAnErrorIsNotChecked) {
   const auto tool = define_output(R"({"type":"object","required":["n"]})");
   const a_result without{{}, {.what = outcome::tool_error, .message = "no"}};
   EXPECT_EQ(encode(without, newest_modern, tool.get()).how.complaint, "");
   const a_result other{{},
                        {.what = outcome::tool_error, .message = "no", .structured_json = "[1]"}};
   EXPECT_EQ(encode(other, newest_modern, tool.get()).how.complaint, "");
   EXPECT_EQ(at(encode(other, newest_legacy, tool.get()).text, {"result", "structuredContent"}),
             R"({"result":[1]})");
   const auto failed = raw(R"({"content":[],"isError":true})");
   EXPECT_EQ(encode(failed, newest_modern, tool.get()).how.complaint, "");
}

TEST(StructuredContent, MustBeJson) {
   for (const auto* bad : {"{", "{}x", "NaN", "{\"a\":1,\"a\":2}", "\"\xFF\""}) {
      expect_refusal(with_structure(bad), "structured content that cannot be used");
   }
}

TEST(StructuredContent, IsWrittenOnOneLine) {
   const auto a = encode(with_structure("{\n\"a\":\r\n[1,\t2]\n}"));
   EXPECT_EQ(a.text.find_first_of("\r\n\t"), std::string::npos);
}

// ---------------------------------------------------------------------------------------------

TEST(ResultMeta, IsMergedWithServerInfo) {
   const a_result r{
         {}, {.meta_json = R"({"a": 1, "io.modelcontextprotocol/serverInfo": {"name":"evil"}})"}};
   EXPECT_EQ(at(encode(r).text, {"result", "_meta"}),
             R"({"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"},"a":1})");
   EXPECT_EQ(at(encode(r, newest_legacy).text, {"result", "_meta"}), R"({"a":1})");
   EXPECT_EQ(at(encode(r, {.spoken = newest_modern}).text, {"result", "_meta"}), R"({"a":1})");
}

TEST(ResultMeta, MustBeAnObject) {
   expect_refusal({{}, {.meta_json = "[]"}}, "_meta that is not an object");
   expect_refusal({{}, {.meta_json = "{"}}, "_meta that cannot be used");
}

// ---------------------------------------------------------------------------------------------

TEST(RawResult, IsProjectedLikeAnyOther) {
   const auto r = raw(R"({"resultType":"complete","content":[
      {"type":"audio","data":"YWJj","mimeType":"audio/wav"},{"type":"resource_link","uri":"u:x","name":"N"}],
      "structuredContent":[1, 2],"isError":false,"ttlMs":5,"cacheScope":"public",
      "_meta":{"a":1,"io.modelcontextprotocol/serverInfo":{}},"younger":{"b": 1}})");
   const auto modern = encode(r);
   EXPECT_EQ(modern.how.complaint, "");
   EXPECT_EQ(
         modern.text,
         modern_head +
               R"("content":[{"type":"audio","data":"YWJj","mimeType":"audio/wav"},)"
               R"({"type":"resource_link","uri":"u:x","name":"N"},{"type":"text","text":"[1,2]"}],)"
               R"("structuredContent":[1,2],"younger":{"b":1},)"
               R"("_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"},"a":1}}})");
   EXPECT_EQ(
         encode(r, newest_legacy).text,
         legacy_head +
               R"("content":[{"type":"audio","data":"YWJj","mimeType":"audio/wav"},)"
               R"({"type":"resource_link","uri":"u:x","name":"N"},{"type":"text","text":"[1,2]"}],)"
               R"("structuredContent":{"result":[1,2]},"younger":{"b":1},"_meta":{"a":1}}})");
   const auto oldest = encode(r, v2024_11_05);
   EXPECT_EQ(at(oldest.text, {"result", "structuredContent"}), "");
   EXPECT_EQ(at(oldest.text, {"result", "content", "1"}), R"({"type":"text","text":"N: u:x"})");
}

TEST(RawResult, IsAnErrorWhenTheOutcomeSaysSo) {
   EXPECT_EQ(at(encode(raw(R"({"content":[]})", outcome::tool_error)).text, {"result", "isError"}),
             "true");
   EXPECT_EQ(at(encode(raw(R"({"content":[],"isError":false})", outcome::tool_error)).text,
                {"result", "isError"}),
             "true");
   EXPECT_EQ(at(encode(raw(R"({"content":[],"isError":true})")).text, {"result", "isError"}),
             "true");
   EXPECT_EQ(at(encode(raw(R"({"content":[]})")).text, {"result", "isError"}), "");
}

TEST(RawResult, MustBeACallToolResult) {
   expect_refusal(raw("[]"), "not an object");
   expect_refusal(raw("{"), "cannot be used");
   expect_refusal(raw("{}"), "without the array");
   expect_refusal(raw(R"({"content":{}})"), "without the array");
   expect_refusal(raw(R"({"content":[{"type":"x"}]})"), "type is none of");
   expect_refusal(raw(R"({"content":[],"isError":"no"})"), "isError");
   expect_refusal(raw(R"({"content":[],"_meta":7})"), "_meta");
   expect_refusal(raw(R"({"content":[],"resultType":"input_required"})"), "resultType");
   expect_refusal(raw(R"({"content":[],"resultType":1})"), "resultType");
}

TEST(RawResult, IgnoresTheOtherFields) {
   const a_result r{{text_block("ignored")},
                    {.structured_json = "{", .meta_json = "{", .raw_json = R"({"content":[]})"}};
   EXPECT_EQ(encode(r, newest_legacy).text, legacy_head + R"("content":[]}})");
}

// ---------------------------------------------------------------------------------------------

struct rpc_row {
   int given;
   const char* data;
   revision spoken;
   int sent;
   int status;
   bool has_complaint;
};

TEST(RpcError, KeepsTheCodesThatAToolMayUse) {
   constexpr const char* caps = R"({"requiredCapabilities":{"sampling":{}}})";
   const rpc_row rows[] = {
         {0, "", newest_modern, -32603, 200, false},
         {-32603, "", newest_modern, -32603, 200, false},
         {-32602, "", newest_modern, -32602, 200, false},
         {-32602, "", newest_legacy, -32602, 200, false},
         {1, "", newest_modern, 1, 200, false},
         {-1, "", newest_legacy, -1, 200, false},
         {-31999, "", newest_modern, -31999, 200, false},
         {-32769, "", newest_modern, -32769, 200, false},
         {2147483647, "", newest_modern, 2147483647, 200, false},
         {-2147483647 - 1, "", newest_legacy, -2147483647 - 1, 200, false},
         {-32002, "", newest_modern, -32602, 200, false},
         {-32002, "", newest_legacy, -32002, 200, false},
         {-32021, caps, newest_modern, -32021, 400, false},
         {-32021, caps, newest_legacy, -32603, 200, false},
         {-32021, "", newest_legacy, -32603, 200, false},
         {-32021, "", newest_modern, -32603, 200, true},
         {-32021, R"({"requiredCapabilities":[]})", newest_modern, -32603, 200, true},
         {-32021, R"("requiredCapabilities")", newest_modern, -32603, 200, true},
         {-32020, "", newest_modern, -32603, 200, true},
         {-32022, "", newest_modern, -32603, 200, true},
         {-32042, "", newest_legacy, -32603, 200, true},
         {-32000, "", newest_legacy, -32603, 200, true},
         {-32001, "", newest_legacy, -32603, 200, true},
         {-32600, "", newest_modern, -32603, 200, true},
         {-32601, "", newest_modern, -32603, 200, true},
         {-32700, "", newest_modern, -32603, 200, true},
         {-32768, "", newest_modern, -32603, 200, true},
   };
   for (const auto& r : rows) {
      const auto a = encode(rpc(r.given, r.data), r.spoken);
      SCOPED_TRACE(std::to_string(r.given) + " " + std::string(name_of(r.spoken)) + r.data);
      EXPECT_EQ(at(a.text, {"error", "code"}), std::to_string(r.sent));
      EXPECT_EQ(a.how.http_status, r.status);
      EXPECT_EQ(!a.how.complaint.empty(), r.has_complaint) << a.how.complaint;
      EXPECT_EQ(at(a.text, {"result"}), "");
   }
}

TEST(RpcError, CarriesMessageAndData) {
   EXPECT_EQ(encode(rpc(7, "{ \"a\" : [1 ] }")).text,
             R"({"jsonrpc":"2.0","id":1,"error":{"code":7,"message":"m","data":{"a":[1]}}})");
   EXPECT_EQ(encode({{}, {.what = outcome::rpc_error, .rpc_code = 7}}).text,
             R"({"jsonrpc":"2.0","id":1,"error":{"code":7,"message":"The tool failed."}})");
}

TEST(RpcError, IsSentWithoutDataThatAreNoJson) {
   const auto a = encode(rpc(7, "{"));
   EXPECT_THAT(a.how.complaint, HasSubstr("error data that cannot be used"));
   EXPECT_EQ(a.text, R"({"jsonrpc":"2.0","id":1,"error":{"code":7,"message":"m"}})");
}

// ---------------------------------------------------------------------------------------------

TEST(UnfinishedCall, ThatNeedsInputIsRefusedForNow) {
   expect_refusal({{}, {.what = outcome::need_input}}, "asked for input");
}

TEST(UnfinishedCall, ThatThePluginCancelledIsAnError) {
   const auto a = encode({{}, {.what = outcome::cancelled}});
   EXPECT_EQ(at(a.text, {"result", "isError"}), "true");
   EXPECT_EQ(first_text(a.text), "The call was cancelled.");
}

TEST(CallFailure, TellsTheReasonUnlessItIsMasked) {
   for (const auto why : {call_failure::failed, call_failure::timed_out, call_failure::cancelled,
                          call_failure::busy, call_failure::stopped, call_failure::misbehaved}) {
      std::string shown, hidden, silent;
      const auto how = append_call_failure(shown, "1", why, "Secret reason.", {});
      (void)append_call_failure(hidden, "1", why, "Secret reason.", {.mask_error_details = true});
      (void)append_call_failure(silent, "1", why, "", {});
      EXPECT_EQ(how.http_status, 200);
      EXPECT_EQ(first_text(shown), "Secret reason.");
      EXPECT_EQ(at(shown, {"result", "isError"}), "true");
      EXPECT_EQ(at(hidden, {"result", "isError"}), "true");
      EXPECT_THAT(first_text(hidden), Not(HasSubstr("Secret")));
      EXPECT_NE(first_text(hidden), "");
      EXPECT_EQ(first_text(silent), first_text(hidden));
   }
}

TEST(CallFailure, DoesNotTellWhatWasWrongWithAResultWhenMasked) {
   const auto a = encode(with_structure("{secret"), {.mask_error_details = true});
   EXPECT_EQ(first_text(a.text), "The tool failed.");
   EXPECT_THAT(a.how.complaint, HasSubstr("cannot be used"));
}

TEST(ToolError, IsAResultThatTheModelReads) {
   std::string out;
   append_tool_error(out, "1", "/n: expected",
                     {.spoken = newest_modern, .server_info_member = test::server_info});
   EXPECT_EQ(out, modern_head +
                        R"("content":[{"type":"text","text":"/n: expected"}],"isError":true)" +
                        modern_tail);
   out.clear();
   append_tool_error(out, "1", "x", {.server_info_member = test::server_info});
   EXPECT_EQ(out, legacy_head + R"("content":[{"type":"text","text":"x"}],"isError":true}})");
}

} // namespace
} // namespace fmcp::protocol
