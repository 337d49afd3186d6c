#include <fmcp/cpp/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using fmcp::json_error;
using fmcp::json_kind;
using fmcp::json_text;
using fmcp::json_view;
using fmcp::json_writer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::ThrowsMessage;

std::string as_json(std::string_view text) {
   std::string out;
   fmcp::append_json_string(out, text);
   return out;
}

TEST(WrapperJson, ReadsEachKind) {
   EXPECT_TRUE(json_view("null").is(json_kind::null));
   EXPECT_TRUE(json_view().is(json_kind::null));
   EXPECT_TRUE(json_view(" true ").boolean());
   EXPECT_FALSE(json_view("false").boolean());
   EXPECT_DOUBLE_EQ(json_view("-1.5e3").number(), -1500);
   EXPECT_EQ(json_view("7").integer<int>(), 7);
   EXPECT_EQ(json_view("\"a\"").string(), "a");
   EXPECT_EQ(json_view("[1, 2]").text(), "[1, 2]");
   EXPECT_EQ(json_view(R"({"a":{"b":[3]}})").find("a")->find("b")->text(), "[3]");
   EXPECT_FALSE(json_view(R"({"a":1})").find("b"));
}

TEST(WrapperJson, VisitsMembersAndItemsInTheirOrder) {
   std::vector<std::pair<std::string, std::string>> members;
   json_view(R"( {"b" : 1 , "a":[ ],"":"x\ty"} )").each_member([&](std::string k, json_view v) {
      members.emplace_back(std::move(k), v.text());
   });
   EXPECT_THAT(members, ElementsAre(Pair("b", "1"), Pair("a", "[ ]"), Pair("", "\"x\\ty\"")));
   std::vector<std::string> items;
   json_view("[ 1 ,{} , \"x\"]").each_item([&](json_view v) { items.emplace_back(v.text()); });
   EXPECT_THAT(items, ElementsAre("1", "{}", "\"x\""));
   json_view("[ ]").each_item([](json_view) { FAIL(); });
   json_view("{ }").each_member([](const std::string&, json_view) { FAIL(); });
}

TEST(WrapperJson, RefusesWhatIsNoJson) {
   for (const char* text : {"",           " ",
                            "{",          "}",
                            "[1,]",       "{\"a\"}",
                            "{\"a\":}",   "{a:1}",
                            "{\"a\":1,}", "01",
                            "-",          "1.",
                            ".5",         "1e",
                            "+1",         "nul",
                            "truex",      "\"",
                            "\"\\x\"",    "\"\\u12\"",
                            "\"\n\"",     "1 2",
                            "[1 2]",      "NaN",
                            "'a'",        "{\"a\":1 \"b\":2}"}) {
      EXPECT_THROW(json_view{text}, json_error) << text;
   }
   EXPECT_THROW(json_text("{"), json_error);
   EXPECT_THROW(json_view(std::string_view("1\0", 2)), json_error);
}

TEST(WrapperJson, FindsTheEndOfAStringWhereverItStands) {
   for (std::size_t n = 0; n < 40; ++n) {
      const std::string plain(n, 'x'), umlauts = plain + "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4";
      EXPECT_EQ(json_view(as_json(plain)).string(), plain);
      EXPECT_EQ(json_view(as_json(umlauts) + "   ").string(), umlauts);
      EXPECT_EQ(json_view(as_json(plain + "\\\"" + plain)).string(), plain + "\\\"" + plain);
      EXPECT_THROW(json_view{"\"" + plain}, json_error);
      EXPECT_THROW(json_view{"\"" + plain + "\n" + plain + "\""}, json_error);
      EXPECT_THROW(json_view{"\"" + plain + "\\"}, json_error);
      EXPECT_THROW(json_view{"\"" + plain + "\\u12"}, json_error);
   }
}

TEST(WrapperJson, UncheckedTextIsCheckedWhileItIsRead) {
   const auto members = [](std::string_view text) {
      json_view::unchecked(text).each_member([](const std::string&, json_view) {});
   };
   EXPECT_NO_THROW(members(" {\"a\":[1]} "));
   for (const char* text :
        {"", "{", "{\"a\"", "{\"a\":", "{\"a\":}", "{\"a\":1", "[1]", "x", "{\"a"}) {
      EXPECT_THROW(members(text), json_error) << text;
   }
   EXPECT_THROW(members("{\"a\":" + std::string(100'000, '[')), json_error);
   for (const char* text : {"\"", "\"\\", "-", "tru", "[", "1x"}) {
      const auto v = json_view::unchecked(text); // must not crash, whatever it gives
      EXPECT_NO_FATAL_FAILURE(try { (void)v.string(); } catch (const json_error&){});
      EXPECT_NO_FATAL_FAILURE(try { (void)v.number(); } catch (const json_error&){});
      EXPECT_NO_FATAL_FAILURE(try { v.each_item([](json_view) {}); } catch (const json_error&){});
   }
}

TEST(WrapperJson, BoundsItsDepth) {
   const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
   EXPECT_NO_THROW(json_view{nested(60)});
   EXPECT_THROW(json_view{nested(70)}, json_error);
   EXPECT_THROW(json_view{nested(1'000'000)}, json_error);
}

TEST(WrapperJson, DecodesEscapes) {
   EXPECT_EQ(json_view(R"("\"\\\/\b\f\n\r\t")").string(), "\"\\/\b\f\n\r\t");
   EXPECT_EQ(json_view(R"("\u20AC\u00e9A")").string(), "\xE2\x82\xAC\xC3\xA9"
                                                       "A");
   EXPECT_EQ(json_view(R"("\ud83d\ude00")").string(), "\xF0\x9F\x98\x80");
   EXPECT_EQ(json_view(R"("\ud83dx\ude00")").string(), "\xEF\xBF\xBDx\xEF\xBF\xBD");
   EXPECT_EQ(json_view(R"("a\u0000b")").string(), std::string("a\0b", 3));
}

TEST(WrapperJson, IntegersMayHaveAFractionOfZeroAndMustFit) {
   EXPECT_EQ(json_view("5.0").integer<int>(), 5);
   EXPECT_EQ(json_view("5e2").integer<int>(), 500);
   EXPECT_EQ(json_view("18446744073709551615").integer<std::uint64_t>(), UINT64_MAX);
   EXPECT_THROW((void)json_view("5.5").integer<int>(), json_error);
   EXPECT_THROW((void)json_view("-1").integer<unsigned>(), json_error);
   EXPECT_THROW((void)json_view("\"5\"").integer<int>(), json_error);
   EXPECT_THAT([] { (void)json_view("256").integer<std::uint8_t>(); },
               ThrowsMessage<json_error>(HasSubstr("from 0 to 255")));
}

TEST(WrapperJson, HostileNumbersAreRefusedOrZero) {
   EXPECT_THROW((void)json_view("1e999999999").number(), json_error);
   EXPECT_THROW((void)json_view("1e99999999999999999999").integer<int>(), json_error);
   EXPECT_DOUBLE_EQ(json_view("1e-999999999").number(), 0);
   EXPECT_DOUBLE_EQ(json_view("0.0000000000000000000000000000001e-2147483647").number(), 0);
}

TEST(WrapperJson, WritesWhatItCanReadBack) {
   EXPECT_EQ(as_json("\"\\\n\x01\x1f/"), R"("\"\\\n\u0001\u001f/")");
   EXPECT_EQ(as_json(std::string_view("a\0b", 3)), R"("a\u0000b")");
   std::string out;
   json_writer w(out);
   w.begin_object().key("a").integer(-1).key("b").begin_array().number(0.1).boolean(true).null();
   w.begin_object().end_object().end_array().key("c").string("x").key("d").raw("[2]").end_object();
   EXPECT_EQ(out, R"({"a":-1,"b":[0.1,true,null,{}],"c":"x","d":[2]})");
   EXPECT_NO_THROW(json_view{out});
}

TEST(WrapperJson, WritesIllFormedUtf8AsReplacements) {
   EXPECT_EQ(as_json("a\xC3(\xE2\x82"), "\"a\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD\"");
   EXPECT_EQ(as_json("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""); // a surrogate
   EXPECT_EQ(as_json("\xF0\x9F\x98\x80\xC3\xA9"), "\"\xF0\x9F\x98\x80\xC3\xA9\"");
}

TEST(WrapperJson, HasNoFormForInfinity) {
   std::string out;
   json_writer w(out);
   EXPECT_THROW(w.number(std::numeric_limits<double>::infinity()), json_error);
   EXPECT_THROW(w.number(std::nan("")), json_error);
}

} // namespace
