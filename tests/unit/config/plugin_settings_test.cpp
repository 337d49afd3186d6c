#include "config/plugin_settings.hpp"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.hpp"
#include "support/temp_dir.hpp"
#include "json/document.hpp"

namespace {

using namespace fmcp::config;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

class PluginSettings : public ::testing::Test {
public:
   PluginSettings() { from_.directory = dir_.path(); }

   PluginSettings& env(std::string_view name, std::string_view value) {
      from_.environment.push_back(std::string(name) + "=" + std::string(value));
      return *this;
   }
   PluginSettings& option(std::string text) {
      from_.flags.emplace_back("plugins", std::move(text));
      return *this;
   }
   fmcp::core::result<plugin_values> resolve(std::string_view manifest) {
      const auto l = load(from_);
      EXPECT_TRUE(l.values.has_value()) << l.values.error().message;
      fmcp::json::document doc;
      const auto parsed = doc.parse_copy(manifest);
      EXPECT_TRUE(parsed.has_value()) << manifest;
      return resolve_plugin(**parsed, query_, l.values->given);
   }
   std::string json(std::string_view manifest) {
      const auto values = resolve(manifest);
      return values ? values->config_json : "error: " + values.error().message;
   }
   std::string message(std::string_view manifest) {
      const auto values = resolve(manifest);
      return values ? "no error: " + values->config_json : values.error().message;
   }

   fmcp::test::temp_dir dir_;
   sources from_;
   plugin_query query_{.name = "demo", .prefix = "FASTMCP_PLUGIN_DEMO_", .other_prefixes = {}};
};

std::string one(std::string_view members) {
   return R"({"name":"demo","settings":[{"name":"x",)" + std::string(members) + "}]}";
}

TEST_F(PluginSettings, AreEmptyWithoutADeclaration) {
   EXPECT_EQ(json(R"({"name":"demo"})"), "{}");
   EXPECT_EQ(json(R"({"name":"demo","settings":[]})"), "{}");
}

struct typed_case {
   const char* type; // members of the declaration
   const char* text;
   const char* expected;
};

TEST_F(PluginSettings, DeliverEachTypeAsJson) {
   const typed_case table[] = {
         {R"("type":"string")", "a \"b\"", R"({"x":"a \"b\""})"},
         {R"("type":"path")", "/auth/callback", R"({"x":"/auth/callback"})"},
         {R"("type":"url")", "https://example.com", R"({"x":"https://example.com"})"},
         {R"("type":"url","schemes":["https","http+loopback"])", "http://localhost:1",
          R"({"x":"http://localhost:1"})"},
         {R"("type":"int")", "10.0", R"({"x":10})"},
         {R"("type":"number")", "1.5e1", R"({"x":15.0})"},
         {R"("type":"bool")", "yes", R"({"x":true})"},
         {R"("type":"duration")", "1.5s", R"({"x":1500})"},
         {R"("type":"size")", "4KiB", R"({"x":4096})"},
         {R"("type":"enum","values":["Fast","safe"])", "FAST", R"({"x":"Fast"})"},
         {R"("type":"list")", "a, b", R"({"x":["a","b"]})"},
         {R"("type":"list")", "", R"({"x":[]})"},
         {R"("type":"map")", "a=1,b=2", R"({"x":{"a":"1","b":"2"}})"},
         {R"("type":"json")", "{ \"a\": [1, 2] }", R"({"x":{"a":[1,2]}})"},
         {R"("type":"list","values":["RS256","EdDSA"])", "rs256 eddsa",
          R"({"x":["RS256","EdDSA"]})"},
         {R"("type":"string","pattern":"^P[0-9]$","form":"an id")", "P2", R"({"x":"P2"})"},
         {R"("type":"list","pattern":"^P[0-9]$","form":"an id")", "P2,P3", R"({"x":["P2","P3"]})"},
   };
   for (const auto& [type, text, expected] : table) {
      from_.environment.clear();
      env("FASTMCP_PLUGIN_DEMO_X", text);
      fmcp::json::document got, wanted;
      const auto result = json(one(type));
      const auto a = got.parse_copy(result), b = wanted.parse_copy(expected);
      ASSERT_TRUE(a.has_value()) << type << ": " << result;
      EXPECT_TRUE(fmcp::json::equal(**a, **b)) << type << ": " << result;
   }
}

TEST_F(PluginSettings, RefuseWhatDoesNotFitTheType) {
   const typed_case table[] = {
         {R"("type":"int")", "10.5", "is not a whole number"},
         {R"("type":"int")", "", "is empty; give a value of type int"},
         {R"("type":"int","min":1,"max":9)", "10", "is more than 9"},
         {R"("type":"int","min":1,"max":9)", "0", "is less than 1"},
         {R"("type":"number")", "x", "is not a number"},
         {R"("type":"bool")", "2", "is neither true nor false"},
         {R"("type":"string")", "", "is empty"},
         {R"("type":"string","min":3)", "ab", "is less than 3 characters"},
         {R"("type":"list","max":1)", "a,b", "is more than 1 entries"},
         {R"("type":"list")", "[\"a\"", "begins like JSON and is none"},
         {R"("type":"duration","max":"1m")", "2m", "is more than 60s"},
         {R"("type":"size","max":"1MiB")", "2MiB", "is more than 1MiB"},
         {R"("type":"enum","values":["fast","safe"])", "fats",
          "is not fast or safe. Did you mean fast?"},
         {R"("type":"url")", "http//x", "is not an absolute URL"},
         {R"("type":"url","schemes":["https","http+loopback"])", "http://example.com",
          "not loopback"},
         {R"("type":"map")", "x", "is neither a JSON object nor key=value pairs"},
         {R"("type":"json")", "{", "is not JSON"},
   };
   for (const auto& [type, text, expected] : table) {
      from_.environment.clear();
      env("FASTMCP_PLUGIN_DEMO_X", text);
      EXPECT_THAT(message(one(type)), AllOf(HasSubstr("FASTMCP_PLUGIN_DEMO_X"),
                                            HasSubstr("(environment)"), HasSubstr(expected)))
            << type;
   }
}

TEST_F(PluginSettings, UseDefaultsAndLeaveOutWhatHasNone) {
   EXPECT_EQ(
         json(R"({"settings":[{"name":"a","type":"int","default":5},{"name":"b","type":"list","default":["u"]},
                      {"name":"c","type":"string"},{"name":"d","type":"duration","default":"10s"},
                      {"name":"e","type":"json","default":"text"},{"name":"f","type":"bool","default":false}]})"),
         R"({"a":5,"b":["u"],"d":10000,"e":"text","f":false})");
}

TEST_F(PluginSettings, PreferOptionThenEnvironmentThenEnvFileThenConfigFile) {
   for (int mask = 0; mask < 16; ++mask) {
      const fmcp::test::temp_dir dir;
      from_ = sources{};
      from_.directory = dir.path();
      if (mask & 1) option("demo.x=by-option");
      if (mask & 2) env("FASTMCP_PLUGIN_DEMO_X", "by-environment");
      if (mask & 4) dir.put(".env", "FASTMCP_PLUGIN_DEMO_X=by-env-file\n");
      dir.put("c.json", mask & 8 ? R"({"plugins":{"demo":{"x":"by-config-file"}}})" : "{}");
      env("FASTMCP_CONFIG", "c.json");
      const char* expected = mask & 1   ? "by-option"
                             : mask & 2 ? "by-environment"
                             : mask & 4 ? "by-env-file"
                             : mask & 8 ? "by-config-file"
                                        : "by-default";
      EXPECT_EQ(json(one(R"("type":"string","default":"by-default")")),
                std::string(R"({"x":")") + expected + "\"}")
            << mask;
   }
}

TEST_F(PluginSettings, TakeJsonTypesFromTheConfigFile) {
   dir_.put("c.json",
            R"({"plugins":{"demo":{"a":[1,"b"],"b":true,"c":7,"d":{"k":1},"e":null,"f":"1MiB"}}})");
   env("FASTMCP_CONFIG", "c.json");
   EXPECT_EQ(
         json(R"({"settings":[{"name":"a","type":"list"},{"name":"b","type":"bool"},{"name":"c","type":"int"},
                      {"name":"d","type":"json"},{"name":"e","type":"int","default":3},{"name":"f","type":"size"}]})"),
         R"({"a":["1","b"],"b":true,"c":7,"d":{"k":1},"e":3,"f":1048576})");
}

TEST_F(PluginSettings, RefuseATextThatIsNoJsonString) {
   dir_.put("c.json", "{\"plugins\":\n{\"demo\":{\"x\":[1]}}}");
   env("FASTMCP_CONFIG", "c.json");
   EXPECT_THAT(message(one(R"("type":"string")")),
               AllOf(HasSubstr("(c.json:2)"), HasSubstr("is not a JSON string")));
}

TEST_F(PluginSettings, CollectRepeatedOptionsOfAList) {
   option("demo.x=/a").option("demo.x=/b,/c");
   EXPECT_EQ(json(one(R"("type":"list")")), R"({"x":["/a","/b","/c"]})");
   EXPECT_EQ(json(one(R"("type":"string")")), R"({"x":"/b,/c"})");
}

TEST_F(PluginSettings, ReportAllProblemsAtOnce) {
   env("FASTMCP_PLUGIN_DEMO_N", "x").env("FASTMCP_PLUGIN_DEMO_ROTS", "/a");
   const auto text = message(
         R"({"settings":[{"name":"n","type":"int"},{"name":"roots","type":"list","required":true,"help":"Where."},
                                 {"name":"key","type":"secret","required":true}]})");
   EXPECT_THAT(text, HasSubstr("4 settings of plugin demo are wrong: "));
   EXPECT_THAT(text, HasSubstr("FASTMCP_PLUGIN_DEMO_N=\"x\" (environment) is not a whole number"));
   EXPECT_THAT(
         text,
         HasSubstr("FASTMCP_PLUGIN_DEMO_ROOTS is required by plugin demo and not set (Where)."));
   EXPECT_THAT(text, HasSubstr("FASTMCP_PLUGIN_DEMO_KEY is required by plugin demo and not set."));
   EXPECT_THAT(text, HasSubstr("FASTMCP_PLUGIN_DEMO_ROTS (environment) is no setting of plugin "
                               "demo. Did you mean FASTMCP_PLUGIN_DEMO_ROOTS?"));
   EXPECT_THAT(text, Not(HasSubstr("\n")));
}

// Secrets

TEST_F(PluginSettings, KeepSecretsOutOfTheConfig) {
   env("FASTMCP_PLUGIN_DEMO_X", "hunter2");
   const auto values = resolve(one(R"("type":"secret")"));
   ASSERT_TRUE(values.has_value()) << values.error().message;
   EXPECT_EQ(values->config_json, "{}");
   EXPECT_THAT(values->secrets, ElementsAre(Pair("x", "hunter2")));
}

TEST_F(PluginSettings, ReadSecretsFromFiles) {
   dir_.put("s", "hunter2\n");
   const auto as_file = [&](std::string_view how) {
      const auto values = resolve(one(R"("type":"secret","required":true)"));
      EXPECT_TRUE(values.has_value()) << how << ": " << values.error().message;
      EXPECT_THAT(values.value_or(plugin_values{}).secrets, ElementsAre(Pair("x", "hunter2")))
            << how;
      from_.environment.clear();
      from_.flags.clear();
   };
   env("FASTMCP_PLUGIN_DEMO_X_FILE", dir_.at("s"));
   as_file("variable");
   option("demo.x_file=" + dir_.at("s"));
   as_file("option");
   dir_.put("c.json", R"({"plugins":{"demo":{"x_file":"s"}}})");
   env("FASTMCP_CONFIG", "c.json");
   as_file("file");
}

TEST_F(PluginSettings, WarnOfASecretThatEveryUserMayRead) {
   for (const auto& [mode, warned] :
        {std::pair{0600u, false}, {0640u, false}, {0644u, true}, {0444u, true}}) {
      from_.environment.clear();
      env("FASTMCP_PLUGIN_DEMO_X_FILE", dir_.put("s", "hunter2\n", mode));
      const auto values = resolve(one(R"("type":"secret")"));
      ASSERT_TRUE(values) << mode;
      EXPECT_EQ(values->warnings.size(), warned ? 1u : 0u) << mode;
      for (const auto& text : values->warnings)
         EXPECT_THAT(text,
                     AllOf(HasSubstr("chmod o-r " + dir_.at("s")), Not(HasSubstr("hunter2"))));
   }
}

TEST_F(PluginSettings, RefuseASecretGivenTwice) {
   env("FASTMCP_PLUGIN_DEMO_X", "hunter2").env("FASTMCP_PLUGIN_DEMO_X_FILE", "/s");
   EXPECT_THAT(message(one(R"("type":"secret")")),
               AllOf(HasSubstr("are both set"), Not(HasSubstr("hunter2"))));
}

TEST_F(PluginSettings, NeverShowASecret) {
   env("FASTMCP_PLUGIN_DEMO_X", "hunter2");
   EXPECT_THAT(message(one(R"("type":"secret","min":20)")),
               AllOf(HasSubstr("is less than 20 characters"), Not(HasSubstr("hunter2"))));
   EXPECT_THAT(message(one(R"("type":"map")")), Not(HasSubstr("hunter2")));
   from_.environment = {"FASTMCP_PLUGIN_DEMO_X=https://u:hunter2@example.com"};
   EXPECT_THAT(message(one(R"("type":"url")")),
               AllOf(HasSubstr("user name"), Not(HasSubstr("hunter2"))));
}

TEST_F(PluginSettings, HaveFilesForSecretsOnly) {
   env("FASTMCP_PLUGIN_DEMO_X_FILE", "/s");
   EXPECT_THAT(message(one(R"("type":"string")")),
               HasSubstr("FASTMCP_PLUGIN_DEMO_X_FILE (environment) is no setting of plugin demo"));
}

// Relations

TEST_F(PluginSettings, DemandExactlyOneOfAGroup) {
   constexpr auto manifest =
         R"({"settings":[{"name":"uri","type":"string"},{"name":"key","type":"string"}],"one_of":[["uri","key"]]})";
   EXPECT_THAT(message(manifest), HasSubstr("Exactly one of FASTMCP_PLUGIN_DEMO_URI, "
                                            "FASTMCP_PLUGIN_DEMO_KEY must be set, and none is."));
   env("FASTMCP_PLUGIN_DEMO_URI", "a");
   EXPECT_EQ(json(manifest), R"({"uri":"a"})");
   env("FASTMCP_PLUGIN_DEMO_KEY", "b");
   EXPECT_THAT(message(manifest), HasSubstr("and 2 are."));
}

TEST_F(PluginSettings, DemandWhatASettingNeeds) {
   constexpr auto manifest =
         R"({"settings":[{"name":"cert","type":"string"},{"name":"key","type":"string"}],"requires":{"cert":["key"]}})";
   EXPECT_EQ(json(manifest), "{}");
   env("FASTMCP_PLUGIN_DEMO_CERT", "a");
   EXPECT_EQ(message(manifest),
             "FASTMCP_PLUGIN_DEMO_CERT is set, and needs FASTMCP_PLUGIN_DEMO_KEY as well.");
   env("FASTMCP_PLUGIN_DEMO_KEY", "b");
   EXPECT_EQ(json(manifest), R"({"cert":"a","key":"b"})");
}

TEST_F(PluginSettings, WarnAboutWhatIsDeprecated) {
   constexpr auto manifest = R"({"settings":[{"name":"x","type":"string","deprecated":"use y"}]})";
   EXPECT_THAT(resolve(manifest)->warnings, IsEmpty());
   env("FASTMCP_PLUGIN_DEMO_X", "a");
   EXPECT_THAT(resolve(manifest)->warnings,
               ElementsAre("FASTMCP_PLUGIN_DEMO_X (environment) is deprecated: use y."));
}

// Names

TEST_F(PluginSettings, LeaveALongerNameItsVariables) {
   env("FASTMCP_PLUGIN_DEMO_ZONE_X", "b").env("FASTMCP_PLUGIN_DEMO_X", "a");
   EXPECT_THAT(message(one(R"("type":"string")")),
               HasSubstr("FASTMCP_PLUGIN_DEMO_ZONE_X (environment) is no setting"));
   query_.other_prefixes = {plugin_prefix("demo-zone"), plugin_prefix("demo"), plugin_prefix("de")};
   EXPECT_EQ(json(one(R"("type":"string")")), R"({"x":"a"})");
   query_ = {.name = "demo-zone",
             .prefix = plugin_prefix("demo-zone"),
             .other_prefixes = {plugin_prefix("demo")}};
   EXPECT_EQ(json(one(R"("type":"string")")), R"({"x":"b"})");
}

TEST_F(PluginSettings, ServeAnyPrefix) {
   env("FASTMCP_SERVER_AUTH_GITHUB_X", "a");
   query_ = {.name = "github",
             .prefix = "FASTMCP_SERVER_AUTH_GITHUB_",
             .other_prefixes = {},
             .section = "auth"};
   EXPECT_EQ(json(one(R"("type":"string")")), R"({"x":"a"})");
}

TEST_F(PluginSettings, TellWhatBelongsToNoPlugin) {
   env("FASTMCP_PLUGIN_FILES_ROOTS", "/a")
         .env("FASTMCP_PLUGIN_FLIES_ROOTS", "/a")
         .env("FASTMCP_PLUGIN_DIR", "/p")
         .option("fiels.roots=x");
   const auto l = load(from_);
   ASSERT_TRUE(l.values.has_value());
   const std::array names{std::string("files"), std::string("time")};
   EXPECT_THAT(
         unclaimed_values(l.values->given, names),
         ElementsAre(HasSubstr("--plugin-option fiels.roots (command line) belongs to no plugin"),
                     HasSubstr("FASTMCP_PLUGIN_FLIES_ROOTS (environment) belongs to no plugin")));
}

TEST(PluginPrefix, IsTheNameInUpperCase) {
   EXPECT_EQ(plugin_prefix("time-zone2"), "FASTMCP_PLUGIN_TIME_ZONE2_");
}

// Manifests that are wrong

TEST(Declarations, RefuseAManifestThatIsWrong) {
   const std::pair<const char*, const char*> table[] = {
         {R"({"settings":{}})", "\"settings\" is no array"},
         {R"({"settings":[1]})", "is no object"},
         {R"({"settings":[{"type":"int"}]})", "setting name \"\""},
         {R"({"settings":[{"name":"A","type":"int"}]})", "setting name \"A\""},
         {R"({"settings":[{"name":"a","type":"strng"}]})",
          "setting a has the unknown type \"strng\". Did you mean string?"},
         {R"({"settings":[{"name":"a","type":"int"},{"name":"a","type":"int"}]})",
          "setting a is declared twice"},
         {R"({"settings":[{"name":"a","type":"int","default":"x"}]})",
          "setting a has a default that is not a whole number"},
         {R"({"settings":[{"name":"a","type":"int","min":5,"default":1}]})",
          "setting a has a default that is less than 5"},
         {R"({"settings":[{"name":"a","type":"int","min":"x"}]})",
          "has a \"min\" that does not fit"},
         {R"({"settings":[{"name":"a","type":"enum"}]})", "is an enum without \"values\""},
         {R"({"settings":[{"name":"a","type":"enum","values":[1]}]})",
          "entry of \"values\" that is no string"},
         {R"({"settings":[{"name":"a","type":"string","values":["b"]}]})",
          "has \"values\", which are for an enum or a list"},
         {R"({"settings":[{"name":"a","type":"int","pattern":"x","form":"y"}]})",
          "has a \"pattern\" that is no expression"},
         {R"({"settings":[{"name":"a","type":"string","pattern":"x"}]})",
          "\"pattern\" without a \"form\""},
         {R"({"settings":[{"name":"a","type":"string","pattern":"(","form":"y"}]})",
          "has a \"pattern\" that is wrong"},
         {R"({"settings":[{"name":"a","type":"string","pattern":"x","form":"y","default":"z"}]})",
          "has a default that is not y"},
         {R"({"settings":[{"name":"a","type":"secret","default":"x"}]})",
          "is a secret and has a default"},
         {R"({"settings":[{"name":"a","type":"int","required":1}]})",
          "\"required\" that is no boolean"},
         {R"({"settings":[],"one_of":[["a"]]})", "\"one_of\" names something that is no setting"},
         {R"({"settings":[{"name":"a","type":"int"}],"requires":{"b":["a"]}})",
          "\"requires\" names \"b\""},
         {R"({"settings":[{"name":"a","type":"int"}],"requires":{"a":["b"]}})",
          "\"requires\" names something"},
   };
   for (const auto& [manifest, expected] : table) {
      fmcp::json::document doc;
      const auto parsed = doc.parse_copy(manifest);
      ASSERT_TRUE(parsed.has_value()) << manifest;
      const auto declared = read_declarations(**parsed);
      ASSERT_FALSE(declared.has_value()) << manifest;
      EXPECT_THAT(declared.error().message,
                  AllOf(HasSubstr("manifest is wrong"), HasSubstr(expected)))
            << manifest;
   }
}

TEST_F(PluginSettings, RefuseWhatHasNotTheFormOfTheManifest) {
   const auto said = [&](const char* members, const char* text) {
      from_.environment.clear();
      env("FASTMCP_PLUGIN_DEMO_X", text);
      return message(one(members));
   };
   constexpr auto id = R"("type":"string","pattern":"^P[0-9]+$","form":"an id as P12")";
   EXPECT_EQ(said(id, "P2x"), "FASTMCP_PLUGIN_DEMO_X=\"P2x\" (environment) is not an id as P12.");
   constexpr auto key = R"("type":"secret","pattern":"^k-","form":"a key as k-1")";
   EXPECT_EQ(said(key, "hunter2"), "FASTMCP_PLUGIN_DEMO_X (environment) is not a key as k-1.");
   constexpr auto url = R"("type":"url","pattern":"/mcp$","form":"an endpoint")";
   EXPECT_EQ(said(url, "https://a.example/x"),
             "FASTMCP_PLUGIN_DEMO_X=\"https://a.example/x\" (environment) is not an endpoint.");
   constexpr auto ids = R"("type":"list","pattern":"^P[0-9]+$","form":"an id")";
   EXPECT_THAT(said(ids, "P1,Q2"), HasSubstr("has the entry \"Q2\", which is not an id."));
   constexpr auto some = R"("type":"list","values":["RS256","EdDSA"])";
   EXPECT_THAT(said(some, "RS256 none"),
               HasSubstr("has the entry \"none\", which is not RS256 or EdDSA."));
   // A pattern is from outside, and so is the text.
   constexpr auto slow = R"("type":"string","pattern":"^(a|a)*$","form":"short")";
   EXPECT_THAT(said(slow, (std::string(5000, 'a') + "b").c_str()), HasSubstr("short"));
}

TEST_F(PluginSettings, KnowBySettingWhatTheOperatorCallsIt) {
   env("FASTMCP_PLUGIN_DEMO_A", "1");
   dir_.put(".env", "FASTMCP_PLUGIN_DEMO_S_FILE=" + dir_.put("s", "hunter2", 0600) + "\n");
   const auto values = resolve(R"({"name":"demo","settings":[{"name":"a","type":"int"},
         {"name":"b","type":"int","default":1},{"name":"s","type":"secret"}]})");
   ASSERT_TRUE(values.has_value()) << values.error().message;
   EXPECT_THAT(values->labels, ElementsAre(Pair("a", "FASTMCP_PLUGIN_DEMO_A (environment)"),
                                           Pair("b", "FASTMCP_PLUGIN_DEMO_B"),
                                           Pair("s", "FASTMCP_PLUGIN_DEMO_S_FILE (.env:1)")));
}

TEST(Declarations, BoundTheirNumber) {
   std::string manifest = R"({"settings":[)";
   for (int i = 0; i < 300; ++i)
      manifest += (i ? "," : "") + std::string(R"({"name":"a)") + std::to_string(i) +
                  R"(","type":"int"})";
   manifest += "]}";
   fmcp::json::document doc;
   const auto parsed = doc.parse_copy(manifest);
   ASSERT_TRUE(parsed.has_value());
   EXPECT_EQ(read_declarations(**parsed).error().code, fmcp::core::errc::limit);
}

} // namespace
