#include "protocol/message.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/protocol/parsed.hpp"

namespace fmcp::protocol {
namespace {

using test::parsed;
using testing::HasSubstr;
using kind = message::kind;

struct row {
   const char* name;
   const char* text;
   kind what;
   const char* id;
   const char* fault; ///< part of it
};

class Envelope : public testing::TestWithParam<row> {};

TEST_P(Envelope, IsReadAsWhatItIs) {
   const parsed v(GetParam().text);
   const message m = read_message(*v);
   EXPECT_EQ(m.what, GetParam().what) << m.fault;
   EXPECT_EQ(m.id, GetParam().id);
   EXPECT_THAT(m.fault, HasSubstr(GetParam().fault));
   EXPECT_EQ(*m.fault == '\0', m.what != kind::invalid);
}

INSTANTIATE_TEST_SUITE_P(
      Table, Envelope,
      testing::Values(
            row{"Request", R"({"jsonrpc":"2.0","id":1,"method":"ping"})", kind::request, "1", ""},
            row{"TextId", R"({"jsonrpc":"2.0","id":"a\"b","method":"ping"})", kind::request,
                R"("a\"b")", ""},
            row{"EmptyTextId", R"({"jsonrpc":"2.0","id":"","method":"ping"})", kind::request,
                R"("")", ""},
            row{"ZeroId", R"({"jsonrpc":"2.0","id":0,"method":"ping"})", kind::request, "0", ""},
            row{"NegativeId", R"({"jsonrpc":"2.0","id":-7,"method":"ping"})", kind::request, "-7",
                ""},
            row{"HugeId", R"({"jsonrpc":"2.0","id":123456789012345678901234,"method":"ping"})",
                kind::request, "123456789012345678901234", ""},
            row{"WholeFractionId", R"({"jsonrpc":"2.0","id":1.0,"method":"ping"})", kind::request,
                "1.0", ""},
            row{"Notification", R"({"jsonrpc":"2.0","method":"notifications/initialized"})",
                kind::notification, "", ""},
            row{"Result", R"({"jsonrpc":"2.0","id":3,"result":{}})", kind::response, "3", ""},
            row{"Error", R"({"jsonrpc":"2.0","id":3,"error":{"code":-1,"message":"no"}})",
                kind::response, "3", ""},
            row{"UnknownMembers", R"({"x":1,"jsonrpc":"2.0","id":1,"method":"ping","y":{"id":2}})",
                kind::request, "1", ""},
            row{"NoObject", R"("ping")", kind::invalid, "", "not a JSON object"},
            row{"Array", "[]", kind::invalid, "", "not a JSON object"},
            row{"NoVersion", R"({"id":1,"method":"ping"})", kind::invalid, "1", "jsonrpc"},
            row{"OldVersion", R"({"jsonrpc":"1.0","id":1,"method":"ping"})", kind::invalid, "1",
                "jsonrpc"},
            row{"NumericVersion", R"({"jsonrpc":2.0,"id":1,"method":"ping"})", kind::invalid, "1",
                "jsonrpc"},
            row{"NullId", R"({"jsonrpc":"2.0","id":null,"method":"ping"})", kind::invalid, "",
                "\"id\""},
            row{"FractionId", R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})", kind::invalid, "",
                "\"id\""},
            row{"SmallExponentId", R"({"jsonrpc":"2.0","id":1e-2,"method":"ping"})", kind::invalid,
                "", "\"id\""},
            row{"BooleanId", R"({"jsonrpc":"2.0","id":true,"method":"ping"})", kind::invalid, "",
                "\"id\""},
            row{"ObjectId", R"({"jsonrpc":"2.0","id":{},"method":"ping"})", kind::invalid, "",
                "\"id\""},
            row{"NoMethod", R"({"jsonrpc":"2.0","id":1})", kind::invalid, "1",
                "no member \"method\""},
            row{"NumericMethod", R"({"jsonrpc":"2.0","id":1,"method":5})", kind::invalid, "1",
                "\"method\" is not a string"},
            row{"ArrayParams", R"({"jsonrpc":"2.0","id":1,"method":"ping","params":[]})",
                kind::invalid, "1", "params"},
            row{"NullParams", R"({"jsonrpc":"2.0","id":1,"method":"ping","params":null})",
                kind::invalid, "1", "params"},
            row{"BothOutcomes", R"({"jsonrpc":"2.0","id":1,"result":{},"error":{}})", kind::invalid,
                "1", "both a result and an error"},
            row{"ResponseWithoutId", R"({"jsonrpc":"2.0","result":{}})", kind::invalid, "",
                "no member \"id\""},
            row{"MethodAndOutcome", R"({"jsonrpc":"2.0","id":1,"method":"ping","result":{}})",
                kind::invalid, "1", "a method and an outcome"}),
      [](const auto& r) { return r.param.name; });

TEST(Message, GivesMethodAndParams) {
   const parsed v(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}})");
   const message m = read_message(*v);
   EXPECT_EQ(m.method, "tools/call");
   ASSERT_NE(m.params, nullptr);
   EXPECT_EQ(m.params->find_string("name"), "echo");
}

TEST(Message, HasNoParamsWhenTheyAreAbsent) {
   const parsed v(R"({"jsonrpc":"2.0","id":1,"method":"ping"})");
   EXPECT_EQ(read_message(*v).params, nullptr);
}

TEST(RequestMeta, IsEmptyWithoutParamsOrMeta) {
   EXPECT_EQ(read_meta(nullptr).object, nullptr);
   const parsed v(R"({"a":1})");
   const auto meta = read_meta(&*v);
   EXPECT_EQ(meta.object, nullptr);
   EXPECT_FALSE(meta.is_malformed);
}

TEST(RequestMeta, FindsEveryReservedKey) {
   const parsed v(R"({"_meta":{
      "io.modelcontextprotocol/protocolVersion":"2026-07-28",
      "io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"},
      "io.modelcontextprotocol/clientCapabilities":{},
      "io.modelcontextprotocol/logLevel":"info",
      "io.modelcontextprotocol/other":1,
      "progressToken":"p",
      "traceparent":"00-a-b-01",
      "mine":1}})");
   const auto meta = read_meta(&*v);
   ASSERT_NE(meta.claim, nullptr);
   EXPECT_EQ(meta.claim->string(), "2026-07-28");
   ASSERT_NE(meta.client_info, nullptr);
   EXPECT_EQ(meta.client_info->find_string("name"), "c");
   ASSERT_NE(meta.client_capabilities, nullptr);
   ASSERT_NE(meta.log_level, nullptr);
   ASSERT_NE(meta.progress_token, nullptr);
   EXPECT_EQ(meta.progress_token->raw(), "\"p\"");
   EXPECT_EQ(meta.traceparent, "00-a-b-01");
   EXPECT_EQ(find_meta_fault(meta), nullptr);
}

TEST(RequestMeta, TakesIntegersButNoFractionsAsProgressTokens) {
   const parsed whole(R"({"_meta":{"progressToken":7}})");
   EXPECT_NE(read_meta(&*whole).progress_token, nullptr);
   for (const char* text : {"7.5", "null", "true", "[]"}) {
      const parsed v(R"({"_meta":{"progressToken":)" + std::string(text) + "}}");
      EXPECT_EQ(read_meta(&*v).progress_token, nullptr) << text;
   }
}

TEST(RequestMeta, IgnoresATraceparentThatIsNoText) {
   const parsed v(R"({"_meta":{"traceparent":1}})");
   EXPECT_EQ(read_meta(&*v).traceparent, "");
}

TEST(RequestMeta, NamesTheKeyThatIsWrong) {
   const std::string version = R"("io.modelcontextprotocol/protocolVersion":"2026-07-28")";
   const std::string caps = R"("io.modelcontextprotocol/clientCapabilities":{})";
   const std::string good = version + "," + caps;
   const auto fault_of = [](const std::string& meta) {
      const parsed v(R"({"_meta":)" + meta + "}");
      const char* fault = find_meta_fault(read_meta(&*v));
      return std::string(fault == nullptr ? "" : fault);
   };
   const auto with = [&](const char* more) { return "{" + good + "," + more + "}"; };

   EXPECT_EQ(fault_of("{" + good + "}"), "");
   EXPECT_THAT(fault_of("[]"), HasSubstr("\"_meta\" is not an object"));
   EXPECT_THAT(fault_of("null"), HasSubstr("\"_meta\" is not an object"));
   EXPECT_THAT(fault_of("{" + caps + "}"), HasSubstr("protocolVersion\" is missing"));
   EXPECT_THAT(fault_of(R"({"io.modelcontextprotocol/protocolVersion":1})"),
               HasSubstr("protocolVersion\" in \"_meta\" is not a string"));
   EXPECT_THAT(fault_of("{" + version + "}"), HasSubstr("clientCapabilities\" is missing"));
   EXPECT_THAT(fault_of("{" + version + R"(,"io.modelcontextprotocol/clientCapabilities":[]})"),
               HasSubstr("clientCapabilities\" in \"_meta\" is not an object"));
   for (const char* info : {"1", "{}", R"({"name":"a"})", R"({"name":"a","version":1})"}) {
      const auto text = R"("io.modelcontextprotocol/clientInfo":)" + std::string(info);
      EXPECT_THAT(fault_of(with(text.c_str())), HasSubstr("clientInfo")) << info;
   }
   for (const char* level : {"\"loud\"", "1", "\"INFO\"", "\"\""}) {
      const auto text = R"("io.modelcontextprotocol/logLevel":)" + std::string(level);
      EXPECT_THAT(fault_of(with(text.c_str())), HasSubstr("logLevel")) << level;
   }
   EXPECT_EQ(fault_of(with(R"("io.modelcontextprotocol/logLevel":"warning")")), "");
}

TEST(RequestMeta, WithoutAnyMetaTheClaimIsWhatIsMissing) {
   EXPECT_THAT(find_meta_fault(read_meta(nullptr)), HasSubstr("protocolVersion"));
}

TEST(LogLevel, GoesFromNameToValueAndBack) {
   EXPECT_EQ(find_log_level("debug"), log_level::debug);
   EXPECT_EQ(find_log_level("emergency"), log_level::emergency);
   for (int i = 0; i < 8; ++i) {
      const auto level = static_cast<log_level>(i);
      EXPECT_EQ(find_log_level(name_of(level)), level);
   }
   EXPECT_EQ(find_log_level("warn"), std::nullopt);
}

TEST(MessageWriter, EchoesTheIdAsItWasWritten) {
   std::string out;
   begin_result(out, R"("a")");
   out += "{}}";
   EXPECT_EQ(out, R"({"jsonrpc":"2.0","id":"a","result":{}})");
}

TEST(MessageWriter, LeavesOutAnIdThatCouldNotBeRead) {
   std::string out;
   append_error(out, {}, code::parse_error, "This is not JSON.");
   EXPECT_EQ(out, R"({"jsonrpc":"2.0","error":{"code":-32700,"message":"This is not JSON."}})");
}

TEST(MessageWriter, WritesErrorsWithData) {
   std::string out = "x";
   append_error(out, "5", code::unsupported_version, "line\n\xFF", R"({"requested":"a"})");
   EXPECT_EQ(out, "x{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":-32022,\"message\":"
                  "\"line\\n\xEF\xBF\xBD\",\"data\":{\"requested\":\"a\"}}}");
}

TEST(MessageWriter, WritesNotificationsWithAndWithoutParams) {
   std::string out;
   append_notification(out, "a/b", {});
   append_notification(out, "c", R"({"x":1})");
   EXPECT_EQ(out, R"({"jsonrpc":"2.0","method":"a/b"})"
                  R"({"jsonrpc":"2.0","method":"c","params":{"x":1}})");
}

TEST(Batch, HoldsAtLeastOneAtMostAHundredAndNoneOfAnotherEra) {
   const auto fault = [](const std::string& text) {
      const test::parsed v(text);
      const char* why = find_batch_fault(*v);
      return std::string(why != nullptr ? why : "");
   };
   const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
   const auto many = [&](std::size_t n) {
      std::string text = "[" + ping;
      for (std::size_t i = 1; i < n; ++i) text += "," + ping;
      return text + "]";
   };
   EXPECT_EQ(fault("[" + ping + "]"), "");
   EXPECT_EQ(fault("[1,null,{}]"), "") << "what is no message is answered as such";
   EXPECT_NE(fault("[]"), "");
   EXPECT_EQ(fault(many(max_batch)), "");
   EXPECT_NE(fault(many(max_batch + 1)), "");
   EXPECT_NE(
         fault("[" + ping +
               R"(,{"params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}])"),
         "");
}

} // namespace
} // namespace fmcp::protocol
