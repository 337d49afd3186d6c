#include "plugins/manifest.hpp"

#include <fmcp/abi.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fmcp::plugins {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Manifest, ReadsWhatIsThereAndIgnoresTheRest) {
   const auto m = read_manifest(
         R"({"id":"com.example.weather","name":"weather","version":"1.4.2","kind":["tools"],
             "provides":["fmcp.tools/1"],"uses":["fmcp.exec/1"],"optional":["fmcp.http/1"],
             "unload":"never","runtime":"native","invented":{"x":[1]}})");
   ASSERT_TRUE(m) << m.error().message;
   EXPECT_EQ(m->id, "com.example.weather");
   EXPECT_EQ(m->name, "weather");
   EXPECT_EQ(m->version, "1.4.2");
   EXPECT_THAT(m->kinds, ElementsAre("tools"));
   EXPECT_TRUE(m->offers("fmcp.tools/1"));
   EXPECT_FALSE(m->offers("fmcp.auth/1"));
   EXPECT_TRUE(m->never_unload);
   EXPECT_NE(m->root().find("invented"), nullptr);
}

struct refusal {
   const char* name;
   const char* json;
   const char* message;
};
class ManifestRefuses : public testing::TestWithParam<refusal> {};

TEST_P(ManifestRefuses, WithItsOwnSentence) {
   const auto m = read_manifest(GetParam().json);
   ASSERT_FALSE(m);
   EXPECT_THAT(m.error().message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
      Texts, ManifestRefuses,
      testing::Values(
            refusal{"Empty", "", "not JSON"}, refusal{"NotClosed", R"({"id":"a")", "not JSON"},
            refusal{"Array", "[]", "not a JSON object"},
            refusal{"NoId", R"({"name":"a","version":"1"})", "\"id\" is missing"},
            refusal{"IdNoString", R"({"id":1,"name":"a","version":"1"})", "\"id\" is missing"},
            refusal{"EmptyVersion", R"({"id":"a","name":"a","version":""})",
                    "\"version\" is empty"},
            refusal{"UpperCase", R"({"id":"a","name":"Weather","version":"1"})",
                    "the name \"Weather\" is not"},
            refusal{"Dots", R"({"id":"a","name":"../x","version":"1"})",
                    "the name \"../x\" is not"},
            refusal{"KindNoArray", R"({"id":"a","name":"a","version":"1","kind":"tools"})",
                    "\"kind\" is no array"},
            refusal{"UsesNumbers", R"({"id":"a","name":"a","version":"1","uses":[1]})",
                    "\"uses\" holds something"},
            refusal{"UnknownService",
                    R"({"id":"a","name":"a","version":"1","uses":["fmcp.exec/1","fmcp.stream/1"]})",
                    "needs the service fmcp.stream/1"},
            refusal{"OtherRuntime", R"({"id":"a","name":"a","version":"1","runtime":"exec"})",
                    "runtime"},
            refusal{"Twice", R"({"id":"a","id":"b","name":"a","version":"1"})", "not JSON"}),
      [](const auto& row) { return std::string(row.param.name); });

TEST(AuthMember, SaysWhomTokensAreFor) {
   const auto read = [](std::string_view member) {
      const auto m =
            read_manifest(R"({"id":"a","name":"a","version":"1","auth":{"env_prefix":"A")" +
                          std::string(member) + "}}");
      EXPECT_TRUE(m);
      return read_auth_member(*m);
   };
   EXPECT_TRUE(read("")->audience.empty());
   const std::vector<std::string> both{"{resource}", "api://acme"};
   EXPECT_EQ(read(R"(,"audience":["{resource}","api://acme"])")->audience, both);
   for (const auto* wrong : {R"("{resource}")", "[]", "[7]", R"([""])", "true", "{}"}) {
      const auto r = read(R"(,"audience":)" + std::string(wrong));
      ASSERT_FALSE(r) << wrong;
      EXPECT_THAT(r.error().message, HasSubstr("audience\"")) << wrong;
   }
}

TEST(Manifest, NamesAreShortAndPlain) {
   EXPECT_TRUE(is_plugin_name("a"));
   EXPECT_TRUE(is_plugin_name("9-x_y"));
   EXPECT_TRUE(is_plugin_name(std::string(64, 'a')));
   EXPECT_FALSE(is_plugin_name(std::string(65, 'a')));
   for (const auto* bad : {"", "-a", "_a", "a b", "a/b", "a.b", "\xc3\xa4"}) {
      EXPECT_FALSE(is_plugin_name(bad)) << bad;
   }
}

TEST(AbiNumbers, OtherMajorsAndLaterMinorsAreRefused) {
   EXPECT_TRUE(check_abi({FMCP_ABI_MAJOR, 7, 0, {}})); // built with later headers, needs none of it
   EXPECT_THAT(check_abi({0, 0, 0, {}}).error().message, HasSubstr("was built for ABI 0.0"));
   EXPECT_THAT(check_abi({2, 0, 0, {}}).error().message, HasSubstr("use a newer host"));
   EXPECT_THAT(check_abi({999, 0, 0, {}}).error().message, HasSubstr("ABI 999.0"));
   EXPECT_THAT(check_abi({FMCP_ABI_MAJOR, 9, FMCP_ABI_MINOR + 1, {}}).error().message,
               HasSubstr("needs a host with ABI 1.1 or later"));
}

} // namespace
} // namespace fmcp::plugins
