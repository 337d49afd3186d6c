// Which provider is selected, and what is wrong with its settings. Through `load`, as the process
// does it.

#include "config/auth_selection.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "config/load.hpp"
#include "support/temp_dir.hpp"

#include "provider_manifests.hpp"

namespace {

using namespace fmcp::config;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr auto prefix = "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_";

class AuthSelection : public ::testing::Test {
public:
   AuthSelection() {
      from_.directory = dir_.path();
      from_.prefix = "/opt/host";
      from_.flags = {{"transport", "http"}};
      from_.find_providers = [this](const settings& s) {
         ++searches_;
         searched_ = s.auth_plugin_dirs;
         return found_;
      };
   }

   AuthSelection& env(std::string pair) {
      from_.environment.push_back(std::move(pair));
      return *this;
   }
   AuthSelection& own(std::string pair) { return env(prefix + std::move(pair)); }
   AuthSelection& flag(std::string name, std::string text) {
      from_.flags.emplace_back(std::move(name), std::move(text));
      return *this;
   }
   AuthSelection& config(std::string_view text) {
      dir_.put("host.json", text);
      return env("FASTMCP_CONFIG=host.json");
   }
   /// The documented variables.
   AuthSelection& documented() {
      return env("FASTMCP_SERVER_AUTH=fastmcp.server.auth.providers.descope.DescopeProvider")
            .own("PROJECT_ID=P2x")
            .own("BASE_URL=http://localhost:8000")
            .own("DESCOPE_BASE_URL=https://api.descope.com");
   }
   AuthSelection& introspection() {
      return env("FASTMCP_SERVER_AUTH=introspection")
            .env("FASTMCP_SERVER_AUTH_INTROSPECTION_INTROSPECTION_URL=https://as.example.com/i")
            .env("FASTMCP_SERVER_AUTH_INTROSPECTION_CLIENT_ID=me");
   }

   settings good() {
      auto l = load(from_);
      EXPECT_TRUE(l.values.has_value()) << l.values.error().message;
      return l.values ? *l.values : settings{};
   }
   auth_selection selected() {
      auto s = good();
      EXPECT_TRUE(s.selected_auth.has_value());
      return s.selected_auth.value_or(auth_selection{});
   }
   std::vector<std::string> problems() {
      std::vector<std::string> out;
      for (const auto& p : load(from_).report.problems) out.push_back(p.text);
      return out;
   }
   std::vector<std::string> notices() {
      std::vector<std::string> out;
      for (const auto& n : load(from_).report.notices) out.push_back(n.text);
      return out;
   }

   fmcp::test::temp_dir dir_;
   sources from_;
   std::vector<auth_candidate> found_ = fmcp::test::providers();
   std::vector<std::string> searched_;
   int searches_ = 0;
};

// The cases of the framework's reference, one by one

TEST_F(AuthSelection, IsOpenWhenNothingIsSet) {
   EXPECT_FALSE(good().selected_auth.has_value());
   EXPECT_EQ(searches_, 0) << "an open server has no reason to look at provider files";
}

TEST_F(AuthSelection, TakesTheDocumentedVariables) {
   documented();
   const auto got = selected();
   EXPECT_EQ(got.from.name, "descope");
   EXPECT_EQ(got.from.file, "/auth/descope.so");
   EXPECT_EQ(got.config_json, R"({"base_url":"http://localhost:8000","project_id":"P2x",)"
                              R"("descope_base_url":"https://api.descope.com"})");
   EXPECT_THAT(notices(), IsEmpty());
   EXPECT_THAT(searched_, ElementsAre("/opt/host/lib/fastmcp-host/auth"));
}

TEST_F(AuthSelection, TakesTheDocumentedEnvFile) {
   dir_.put(".env",
            "FASTMCP_SERVER_AUTH=fastmcp.server.auth.providers.descope.DescopeProvider\n"
            "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_PROJECT_ID=P2x\n"
            "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_BASE_URL=https://your-server.com\n"
            "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_DESCOPE_BASE_URL=https://api.descope.com\n");
   const auto got = selected();
   EXPECT_EQ(got.from.name, "descope");
   EXPECT_THAT(got.config_json, HasSubstr(R"("project_id":"P2x")"));
}

TEST_F(AuthSelection, TakesEverySpellingOfTheName) {
   own("PROJECT_ID=P2x").own("BASE_URL=https://a.example.com");
   for (const auto* name : {"descope", "Descope", "  descope\t",
                            "fastmcp.server.auth.providers.descope.DescopeProvider",
                            "fastmcp.server.auth.providers.descope:DescopeProvider",
                            " fastmcp.server.auth.providers.descope.DescopeProvider "}) {
      const auto before = from_.environment;
      env(std::string("FASTMCP_SERVER_AUTH=") + name);
      EXPECT_EQ(selected().from.name, "descope") << name;
      from_.environment = before;
   }
}

TEST_F(AuthSelection, TakesFurtherNamesAndAliases) {
   env("FASTMCP_SERVER_AUTH_JWT_JWKS_URI=https://as.example.com/keys");
   const auto before = from_.environment;
   env("FASTMCP_SERVER_AUTH=fastmcp.server.auth.providers.bearer.BearerAuthProvider");
   EXPECT_EQ(selected().from.name, "jwt");
   from_.environment.clear();
   introspection().env("FASTMCP_SERVER_AUTH_INTROSPECTION_CLIENT_SECRET=correct-horse");
   from_.environment[0] = "FASTMCP_SERVER_AUTH=RFC7662";
   EXPECT_EQ(selected().from.name, "introspection");
}

TEST_F(AuthSelection, TakesVariableNamesInAnyCase) {
   env("fastmcp_server_auth=descope")
         .env("fastmcp_Server_Auth_DescopeProvider_project_id=P2x")
         .own("BASE_URL=https://a.example.com");
   EXPECT_THAT(selected().config_json, HasSubstr(R"("project_id":"P2x")"));
}

TEST_F(AuthSelection, RefusesAnEmptyOrBlankName) {
   for (const auto* pair : {"FASTMCP_SERVER_AUTH=", "FASTMCP_SERVER_AUTH= \t"}) {
      from_.environment = {pair};
      EXPECT_THAT(problems(),
                  ElementsAre("FASTMCP_SERVER_AUTH (environment) is empty; give the name or class "
                              "path of a provider, or remove it."));
   }
   from_.environment.clear();
   flag("auth", "");
   const auto l = load(from_);
   ASSERT_THAT(l.report.problems, SizeIs(1));
   EXPECT_TRUE(l.report.problems[0].is_usage);
}

TEST_F(AuthSelection, RefusesAnUnknownNameWithWhatThereIs) {
   env("FASTMCP_SERVER_AUTH=descop");
   EXPECT_THAT(problems(),
               ElementsAre("FASTMCP_SERVER_AUTH=\"descop\" (environment): There is no provider "
                           "\"descop\" (looked in /opt/host/lib/fastmcp-host/auth). Did you mean "
                           "descope? Known are descope, introspection, jwt, static."));
   // A module, a class that is no provider, and a class path in the wrong case.
   for (const auto* name : {"fastmcp.server.auth.providers.descope", "builtins.dict",
                            "fastmcp.server.auth.providers.descope.descopeprovider",
                            "../descope.so", "/auth/descope.so"}) {
      from_.environment = {std::string("FASTMCP_SERVER_AUTH=") + name};
      EXPECT_THAT(problems(), ElementsAre(HasSubstr("Known are descope"))) << name;
   }
   found_.clear();
   EXPECT_THAT(problems(), ElementsAre(HasSubstr("None is installed.")));
}

TEST_F(AuthSelection, KnowsTheClassOfAModuleThatIsNamedAloneOrWithAnother) {
   for (const auto* name :
        {"fastmcp.server.auth.providers.descope", "fastmcp.server.auth.providers.descope:Descope",
         "fastmcp.server.auth.providers.descope.Provider"}) {
      from_.environment = {std::string("FASTMCP_SERVER_AUTH=") + name};
      EXPECT_THAT(problems(),
                  ElementsAre(HasSubstr(
                        "Did you mean fastmcp.server.auth.providers.descope.DescopeProvider?")))
            << name;
   }
   for (const auto* name :
        {"mymodule.MyProvider", "fastmcp.server.auth.providers.github.GitHubProvider"}) {
      from_.environment = {std::string("FASTMCP_SERVER_AUTH=") + name};
      EXPECT_THAT(problems(), ElementsAre(Not(HasSubstr("Did you mean")))) << name;
   }
}

TEST_F(AuthSelection, NamesTheFilesThatCouldNotBeRead) {
   found_.push_back({.file = "/auth/broken.so", .name = {}, .reason = "It is cut off."});
   env("FASTMCP_SERVER_AUTH=google");
   EXPECT_THAT(problems(),
               ElementsAre(HasSubstr(" Not readable: /auth/broken.so: It is cut off.")));
}

TEST_F(AuthSelection, SaysWhyTheProviderCannotBeUsed) {
   found_[0].reason = "/auth/descope.so needs glibc 2.99.";
   documented();
   EXPECT_THAT(problems(),
               ElementsAre("FASTMCP_SERVER_AUTH (environment) selects the provider descope, which "
                           "cannot be used: /auth/descope.so needs glibc 2.99."));
   own("PROJECT_IT=x");
   EXPECT_THAT(problems(), SizeIs(2)) << "its settings are checked all the same";
}

TEST_F(AuthSelection, RefusesTwoFilesWithOneName) {
   auto second = fmcp::test::jwt();
   second.file = "/auth/other.so";
   second.name = "other";
   second.names = {"descope"};
   second.env_prefix = "OTHER";
   found_.push_back(second);
   documented();
   from_.environment[0] = "FASTMCP_SERVER_AUTH=descope";
   EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr("Two files claim the name \"descope\""),
                                             HasSubstr("/auth/descope.so and /auth/other.so"))));
   from_.environment[0] =
         "FASTMCP_SERVER_AUTH=fastmcp.server.auth.providers.descope.DescopeProvider";
   EXPECT_EQ(selected().from.file, "/auth/descope.so") << "only one of them has this name";
}

TEST_F(AuthSelection, DoesNotMindOneFileThatIsFoundTwice) {
   found_.push_back(found_[0]);
   documented();
   EXPECT_EQ(selected().from.name, "descope");
}

TEST_F(AuthSelection, ListsAllThatIsMissingOrMalformedAtOnce) {
   env("FASTMCP_SERVER_AUTH=introspection")
         .env("FASTMCP_SERVER_AUTH_INTROSPECTION_INTROSPECTION_URL=as.example.com/i")
         .env("FASTMCP_SERVER_AUTH_INTROSPECTION_TIMEOUT_SECONDS=10.5")
         .env("FASTMCP_SERVER_AUTH_INTROSPECTION_REQURED_SCOPES=a")
         .env("FASTMCP_SERVER_AUTH_INTROSPECTION_BASE_URL=")
         .env("FASTMCP_PORT=many");
   EXPECT_THAT(
         problems(),
         ElementsAre(
               HasSubstr("FASTMCP_PORT=\"many\" (environment) is not a whole number"),
               HasSubstr("FASTMCP_SERVER_AUTH_INTROSPECTION_INTROSPECTION_URL=\"as.example.com/i\" "
                         "(environment) is not an absolute URL"),
               "FASTMCP_SERVER_AUTH_INTROSPECTION_CLIENT_ID is required by provider introspection "
               "and not set (Who asks).",
               "FASTMCP_SERVER_AUTH_INTROSPECTION_CLIENT_SECRET is required by provider "
               "introspection and not set.",
               HasSubstr("FASTMCP_SERVER_AUTH_INTROSPECTION_TIMEOUT_SECONDS=\"10.5\" (environment) "
                         "is not a whole number"),
               "FASTMCP_SERVER_AUTH_INTROSPECTION_BASE_URL (environment) is empty; give a value of "
               "type url, or remove it.",
               "FASTMCP_SERVER_AUTH_INTROSPECTION_REQURED_SCOPES (environment) is no setting of "
               "provider introspection. Did you mean "
               "FASTMCP_SERVER_AUTH_INTROSPECTION_REQUIRED_SCOPES?"));
   const auto l = load(from_);
   EXPECT_THAT(l.values.error().message, HasSubstr("7 things are wrong with the settings:"));
}

TEST_F(AuthSelection, PrefersFlagToEnvironmentToEnvFileToConfigFile) {
   documented().own("REQUIRED_SCOPES=by-environment");
   dir_.put(".env", std::string("FASTMCP_SERVER_AUTH=nonsense\n") + prefix +
                          "REQUIRED_SCOPES=by-env-file\n");
   config(R"({"auth": {"provider": "descope", "required_scopes": ["by-config-file"]}})");
   EXPECT_THAT(selected().config_json, HasSubstr(R"("required_scopes":["by-environment"])"));
   flag("auth", "descope").flag("auth_options", "required_scopes=by-flag");
   from_.environment[0] = "FASTMCP_SERVER_AUTH="; // overridden, so that it does no harm
   EXPECT_THAT(selected().config_json, HasSubstr(R"("required_scopes":["by-flag"])"));
}

TEST_F(AuthSelection, IsNotResolvedOnStdio) {
   from_.flags.clear();
   for (const auto* name : {"nonsense", "", "descope"}) {
      from_.environment = {std::string("FASTMCP_SERVER_AUTH=") + name,
                           std::string(prefix) + "PROJECT_IT=x"};
      EXPECT_FALSE(good().selected_auth.has_value());
      EXPECT_THAT(notices(),
                  ElementsAre("FASTMCP_SERVER_AUTH (environment) has no effect on stdio."));
   }
   EXPECT_EQ(searches_, 0);
}

TEST_F(AuthSelection, IsNotResolvedForThoseWhoOnlyLook) {
   from_.purpose = purpose::looking;
   flag("host", "0.0.0.0");
   env("FASTMCP_SERVER_AUTH=").env("FASTMCP_AUTHH=x");
   EXPECT_FALSE(good().selected_auth.has_value());
   EXPECT_EQ(searches_, 0);
}

// Variables without a selection

TEST_F(AuthSelection, RefusesVariablesWithoutASelection) {
   own("PROJECT_ID=P2x").own("BASE_URL=https://a.example.com");
   EXPECT_THAT(
         problems(),
         ElementsAre(AllOf(
               HasSubstr("FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_BASE_URL (environment), "
                         "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_PROJECT_ID (environment) ask for "
                         "authentication, but no provider is selected"),
               HasSubstr("Set FASTMCP_SERVER_AUTH=descope (or --auth)"),
               HasSubstr("--allow-unauthenticated"), Not(HasSubstr("P2x")))));
   from_.environment.clear();
   flag("auth_options", "project_id=P2x");
   EXPECT_THAT(problems(), ElementsAre(HasSubstr("--auth-option project_id (command line) asks")));
   from_.flags.pop_back();
   config(R"({"auth": {"project_id": "P2x"}})");
   EXPECT_THAT(problems(), ElementsAre(HasSubstr("\"auth.project_id\" (host.json:1) asks")));
}

TEST_F(AuthSelection, LetsTheOperatorServeEverybodyAllTheSame) {
   own("PROJECT_ID=P2x").flag("allow_unauthenticated", "true").flag("host", "0.0.0.0");
   EXPECT_FALSE(good().selected_auth.has_value());
   EXPECT_THAT(notices(),
               Contains("allow_unauthenticated is on and no provider is selected, so that "
                        "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_PROJECT_ID (environment) has no "
                        "effect."));
}

TEST_F(AuthSelection, RefusesTheNameThatOldReleasesReadFromAFile) {
   dir_.put(".env", "SERVER_AUTH=descope\n");
   EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr("SERVER_AUTH (.env:1) asks"),
                                             HasSubstr("Set FASTMCP_SERVER_AUTH=descope"))));
   documented();
   EXPECT_EQ(selected().from.name, "descope") << "both mean the same";
   dir_.put(".env", "SERVER_AUTH=jwt\n");
   EXPECT_THAT(problems(), ElementsAre(HasSubstr("select different providers")));
   from_.environment = {"SERVER_AUTH=descope"};
   dir_.put(".env", "");
   EXPECT_THAT(problems(), IsEmpty()) << "only that file counted, and the name is anybody's";
}

TEST_F(AuthSelection, RefusesNamesThatWereMeantToProtect) {
   for (const auto* name :
        {"FASTMCP_SERVER_AUTHH", "FASTMCP_SERVR_AUTH", "FASTMCP_AUTH", "FASTMCP_SERVER_ATUH",
         "FASTMCP_SERVER_AUT_DESCOPEPROVIDER_PROJECT_ID", "fastmcp_serverauth"}) {
      from_.environment = {std::string(name) + "=descope"};
      EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr(std::string(name) + " (environment)"),
                                                HasSubstr("speaks of authentication"),
                                                HasSubstr("--allow-unauthenticated"))))
            << name;
      documented();
      EXPECT_THAT(problems(), ElementsAre(HasSubstr("speaks of authentication"))) << name;
   }
   for (const auto* name : {"FASTMCP_SERVER_PATH", "FASTMCP_SERVER_HOST", "FASTMCP_ZZZ"}) {
      from_.environment = {std::string(name) + "=x"};
      EXPECT_THAT(problems(), IsEmpty()) << name;
   }
}

TEST_F(AuthSelection, RefusesASlipInThePrefix) {
   for (const auto& [name, meant] : std::vector<std::pair<std::string, std::string>>{
              {"FASTMPC_SERVER_AUTH", "FASTMCP_SERVER_AUTH"},
              {"FAST_MCP_SERVER_AUTH", "FASTMCP_SERVER_AUTH"},
              {"FASTMCPSERVER_AUTH", "FASTMCP_SERVER_AUTH"},
              {"FASTMCP-SERVER-AUTH", "FASTMCP_SERVER_AUTH"},
              {"fastmcp.server.auth", "FASTMCP_SERVER_AUTH"},
              {"FASTMPC_SERVER_AUHT", "FASTMCP_SERVER_AUTH"},
              {"_FASTMCP_SERVER_AUTH", "FASTMCP_SERVER_AUTH"},
              {"FASTMPC_AUTH_PLUGIN_DIR", "FASTMCP_AUTH_PLUGIN_DIR"},
              {"FASTMPC_SERVER_AUTH_DESCOPEPROVIDER_PROJECT_ID",
               "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_PROJECT_ID"}}) {
      from_.environment = {name + "=descope"};
      const auto expected =
            AllOf(HasSubstr(name + " (environment) is no setting"),
                  HasSubstr("speaks of authentication"), HasSubstr("Did you mean " + meant + "?"));
      EXPECT_THAT(problems(), ElementsAre(expected)) << name;
      documented();
      EXPECT_THAT(problems(), ElementsAre(expected)) << name;
      from_.environment.clear();
      dir_.put(".env", name + "=descope\n");
      EXPECT_THAT(problems(), ElementsAre(HasSubstr(name + " (.env:1) is no setting"))) << name;
      dir_.put(".env", "");
   }
   for (const auto* name : {"FASTAPI_SERVER_AUTH", "MCP_AUTH", "SERVER_AUTH", "GIT_AUTHOR_NAME",
                            "FASTLY_AUTH_TOKEN", "FASTAPP_AUTH_KEY", "SSH_AUTH_SOCK"}) {
      from_.environment = {std::string(name) + "=x"};
      EXPECT_THAT(problems(), IsEmpty()) << name;
      EXPECT_THAT(notices(), IsEmpty()) << name;
   }
}

TEST_F(AuthSelection, RefusesALineOfTheEnvFileThatWasMeantToProtect) {
   for (const std::string line :
        {"FASTMCP_SERVER_AUTH: hunter2", "setenv FASTMCP_SERVER_AUTH hunter2",
         "FASTMCP_SERVER_AUTH", "export fastmcp_server_auth", "FASTMPC_SERVER_AUTH: hunter2",
         "SERVER_AUTH: hunter2", "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_PROJECT_ID: hunter2",
         "\"FASTMCP_SERVER_AUTH\": \"hunter2\""}) {
      dir_.put(".env", "# x\n" + line + "\n");
      EXPECT_THAT(problems(),
                  ElementsAre(AllOf(HasSubstr(".env:2 has no '='"), Not(HasSubstr("hunter2")),
                                    HasSubstr("speaks of authentication"),
                                    HasSubstr("--allow-unauthenticated"))))
            << line;
      from_.environment.clear();
      documented();
      EXPECT_THAT(problems(), ElementsAre(HasSubstr(".env:2 has no '='"))) << line;
      from_.environment.clear();
   }
   flag("allow_unauthenticated", "true");
   EXPECT_THAT(problems(), IsEmpty());
   EXPECT_THAT(notices(), ElementsAre(".env:2 has no '=' between a name and its value and is "
                                      "ignored."));
}

TEST_F(AuthSelection, RefusesToBeOpenWhenTheFileOfTheSelectionMayBeMisnamed) {
   for (const auto& [name, meant] :
        std::vector<std::pair<std::string, std::string>>{{"FASTMCP_ENVFILE", "FASTMCP_ENV_FILE"},
                                                         {"FASTMCP_ENV_FLIE", "FASTMCP_ENV_FILE"},
                                                         {"FASTMCP_ENV_PATH", "FASTMCP_ENV_FILE"},
                                                         {"FASTMPC_ENV_FILE", "FASTMCP_ENV_FILE"},
                                                         {"FASTMCP_CONFG", "FASTMCP_CONFIG"},
                                                         {"FASTMCP_CONFIG_FILE", "FASTMCP_CONFIG"},
                                                         {"FASTMPC_CONFIG", "FASTMCP_CONFIG"}}) {
      from_.environment = {name + "=/etc/x.env"};
      from_.flags = {{"transport", "http"}};
      EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr(name + " (environment) is no setting"),
                                                HasSubstr("Did you mean " + meant + "?"),
                                                HasSubstr("--allow-unauthenticated"))))
            << name;
      const auto warning = Contains(AllOf(HasSubstr(name), HasSubstr("is ignored"),
                                          HasSubstr("Did you mean " + meant + "?")));
      flag("allow_unauthenticated", "true");
      EXPECT_THAT(problems(), IsEmpty()) << name;
      EXPECT_THAT(notices(), warning) << name;
      from_.flags.pop_back();
      documented();
      EXPECT_THAT(problems(), IsEmpty()) << "a provider is selected beside " << name;
      EXPECT_THAT(notices(), warning) << name;
      from_.flags = {{"transport", "stdio"}};
      from_.environment = {name + "=/etc/x.env"};
      EXPECT_THAT(problems(), IsEmpty()) << name;
      EXPECT_THAT(notices(), warning) << name;
   }
   from_.environment.clear();
   from_.flags = {{"transport", "http"}};
   for (const auto* line : {"FASTMCP_ENV_FILE=/etc/x.env", "FASTMCP_CONFIG: host.json"}) {
      dir_.put(".env", line);
      EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr(".env:1"), HasSubstr("in the file"))))
            << line;
   }
}

TEST_F(AuthSelection, LetsAnEnvFileNameItself) {
   dir_.put(".env", "FASTMCP_ENV_FILE=.env\n");
   EXPECT_THAT(problems(), IsEmpty());
   EXPECT_THAT(notices(), IsEmpty());
}

TEST_F(AuthSelection, SaysBesideARefusalWhatMayBeTheReason) {
   env("FASTMCP_SERVER_AUTH=descope").env("FASTMCP_ENVFILE=/etc/x.env");
   const auto l = load(from_);
   ASSERT_FALSE(l.values.has_value());
   EXPECT_THAT(l.values.error().message,
               AllOf(HasSubstr("BASE_URL is required"),
                     HasSubstr("FASTMCP_ENVFILE (environment) is no setting of this program and "
                               "is ignored. Did you mean FASTMCP_ENV_FILE?")));
   EXPECT_GT(l.values.error().message.find("ENVFILE"), l.values.error().message.find("BASE_URL"));
}

TEST_F(AuthSelection, WarnsAboutPlaceholdersOfTheDocumentation) {
   dir_.put(".env", "DESCOPE_PROJECT_ID=P2x\nDESCOPE_BASE_URL=https://api.descope.com\n"
                    "SERVER_URL=http://localhost:3000\n");
   EXPECT_THAT(notices(),
               ElementsAre("DESCOPE_PROJECT_ID (.env:1) is read by nobody; the setting is called "
                           "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_PROJECT_ID.",
                           "DESCOPE_BASE_URL (.env:2) is read by nobody; the setting is called "
                           "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_DESCOPE_BASE_URL.",
                           "SERVER_URL (.env:3) is read by nobody; the setting is called "
                           "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_BASE_URL."));
   dir_.put(".env", "");
   env("SERVER_URL=x").env("server_url=y");
   EXPECT_THAT(notices(), IsEmpty());
   EXPECT_THAT(problems(), IsEmpty());
}

// Whose variable

TEST_F(AuthSelection, GivesAVariableToTheLongestPrefix) {
   auto b2c = fmcp::test::descope();
   b2c.file = "/auth/b2c.so";
   b2c.name = "b2c";
   b2c.names = b2c.aliases = {};
   b2c.env_prefix = "DESCOPEPROVIDER_DESCOPE";
   found_.push_back(b2c);
   documented();
   // DESCOPE_BASE_URL is now BASE_URL of the other one.
   EXPECT_THAT(notices(), ElementsAre(AllOf(HasSubstr("DESCOPEPROVIDER_DESCOPE_BASE_URL"),
                                            HasSubstr("belongs to the provider b2c"))));
   EXPECT_THAT(selected().config_json, HasSubstr(R"("descope_base_url":"https://api.descope.com")"))
         << "its default";
   from_.environment = {
         "FASTMCP_SERVER_AUTH=b2c",
         "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_DESCOPE_BASE_URL=https://a.example.com",
         "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_DESCOPE_PROJECT_ID=P3",
         "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_PROJECT_ID=P2"};
   EXPECT_THAT(selected().config_json, HasSubstr(R"("project_id":"P3")"));
   EXPECT_THAT(notices(), ElementsAre(HasSubstr("belongs to the provider descope")));
}

TEST_F(AuthSelection, UsesTheNameWhereThereIsNoPrefix) {
   env("FASTMCP_SERVER_AUTH=static").env("FASTMCP_SERVER_AUTH_STATIC_TOKENS_FILE=/t.json");
   EXPECT_EQ(selected().config_json, R"({"tokens_file":"/t.json"})");
   EXPECT_EQ(variable_prefix({.file = {}, .name = "time-zone"}), "FASTMCP_SERVER_AUTH_TIME_ZONE_");
}

TEST_F(AuthSelection, WarnsAboutVariablesOfOtherProviders) {
   documented()
         .env("FASTMCP_SERVER_AUTH_JWT_PUBLIC_KEY=hunter2hunter2")
         .env("FASTMCP_SERVER_AUTH_JWT_ISSUER=x")
         .env("FASTMCP_SERVER_AUTH_GITHUB_CLIENT_ID=x");
   EXPECT_THAT(notices(),
               ElementsAre(AllOf(HasSubstr("JWT_ISSUER (environment), "),
                                 HasSubstr("JWT_PUBLIC_KEY (environment) belong to the provider "
                                           "jwt, and descope is selected"),
                                 Not(HasSubstr("hunter2"))),
                           AllOf(HasSubstr("FASTMCP_SERVER_AUTH_GITHUB_CLIENT_ID (environment)"),
                                 HasSubstr("is not installed"))));
   EXPECT_EQ(selected().from.name, "descope");
}

TEST_F(AuthSelection, RefusesVariablesUnderNobodysPrefix) {
   documented().env("FASTMCP_SERVER_AUTH_DESCOPE_REQUIRED_SCOPES=a");
   EXPECT_THAT(
         problems(),
         ElementsAre("FASTMCP_SERVER_AUTH_DESCOPE_REQUIRED_SCOPES (environment) belongs to no "
                     "provider that is known. Did you mean "
                     "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_REQUIRED_SCOPES?"));
   from_.environment.back() = "FASTMCP_SERVER_AUTH_DESCOPEPROVIDR_CONFIG_ULR=a";
   EXPECT_THAT(problems(), ElementsAre(HasSubstr(
                                 "Did you mean FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_CONFIG_URL?")));
}

TEST_F(AuthSelection, RefusesAnUnknownSettingWhereverItStands) {
   documented().own("PROJECT_IT=x").flag("auth_options", "prject_id=x");
   flag("auth_options", "PROJECT_ID=x");
   config(R"({"auth": {"provider": "descope", "scopes": []}})");
   EXPECT_THAT(
         problems(),
         ElementsAre(
               HasSubstr("--auth-option PROJECT_ID (command line) is no setting of provider "
                         "descope. Did you mean project_id?"),
               HasSubstr("--auth-option prject_id (command line) is no setting of provider "
                         "descope. Did you mean project_id?"),
               HasSubstr("PROJECT_IT (environment) is no setting of provider descope. Did you "
                         "mean FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_PROJECT_ID?"),
               HasSubstr("\"auth.scopes\" (host.json:1) is no setting of provider descope.")));
   EXPECT_TRUE(load(from_).report.problems.front().is_usage);
}

// Flags and file

TEST_F(AuthSelection, TakesFlagsAlone) {
   flag("auth", "jwt")
         .flag("auth_options", "jwks_uri=https://as.example.com/keys?a=b")
         .flag("auth_options", "required_scopes=a")
         .flag("auth_options", "required_scopes=b,c");
   EXPECT_EQ(selected().config_json,
             R"({"jwks_uri":"https://as.example.com/keys?a=b","algorithm":"RS256",)"
             R"("required_scopes":["a","b","c"],"leeway":0,"strict":true})");
}

TEST_F(AuthSelection, RefusesAnOptionWithoutAName) {
   for (const auto* text : {"hunter2", "=hunter2"}) {
      from_.flags = {{"transport", "http"}, {"auth_options", text}};
      const auto l = load(from_);
      ASSERT_THAT(l.report.problems, SizeIs(1));
      EXPECT_EQ(l.report.problems[0].text, "An --auth-option is not of the form field=value.");
      EXPECT_TRUE(l.report.problems[0].is_usage);
   }
}

TEST_F(AuthSelection, TakesTheConfigFileAlone) {
   config(R"({"auth": {"provider": "descope", "base_url": "https://a.example.com",
                       "project_id": "P2x", "required_scopes": ["a b", 1], "audience": null}})");
   EXPECT_EQ(selected().config_json,
             R"({"base_url":"https://a.example.com","project_id":"P2x",)"
             R"("descope_base_url":"https://api.descope.com","required_scopes":["a b","1"]})");
   config(R"({"auth": "static"})");
   env("FASTMCP_SERVER_AUTH_STATIC_TOKENS_FILE=/t.json");
   EXPECT_EQ(selected().from.name, "static");
}

TEST_F(AuthSelection, RefusesAConfigFileThatSaysItWrongly) {
   const std::pair<const char*, const char*> table[] = {
         {R"({"auth": 5})", "\"auth\" (host.json:1) must be the name of a provider, or an object"},
         {R"({"auth": {}})", "\"auth\" (host.json:1) says nothing"},
         {R"({"auth": {"provider": null}})", "\"auth\" (host.json:1) says nothing"},
         {R"({"auth": {"provider": 5}})",
          "\"auth.provider\"=\"5\" (host.json:1) is not a JSON string"},
         {R"({"auth": {"provider": ""}})", "\"auth.provider\" (host.json:1) is empty"},
         {R"({"auth": "nonsense"})", "\"auth\"=\"nonsense\" (host.json:1): There is no provider"},
         {R"({"auth_options": {}})", "is no setting"},
   };
   for (const auto& [text, expected] : table) {
      from_.environment.clear();
      config(text);
      EXPECT_THAT(problems(), ElementsAre(HasSubstr(expected))) << text;
   }
}

TEST_F(AuthSelection, LeavesTheFilesSettingsToTheFilesProvider) {
   config(
         R"({"auth": {"provider": "introspection", "client_id": "x", "base_url": "https://b.example.com"}})");
   documented();
   EXPECT_THAT(notices(),
               ElementsAre("\"auth.provider\" (host.json:1) is not descope, which "
                           "FASTMCP_SERVER_AUTH (environment) selects; what stands beside it has "
                           "no effect."));
   EXPECT_THAT(selected().config_json, HasSubstr("http://localhost:8000"));
}

// Relations and URLs

TEST_F(AuthSelection, NamesBothStylesOfDescopeWhenNeitherIsThere) {
   env("FASTMCP_SERVER_AUTH=descope").own("BASE_URL=https://a.example.com");
   EXPECT_THAT(problems(),
               ElementsAre("At least one of FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_CONFIG_URL, "
                           "FASTMCP_SERVER_AUTH_DESCOPEPROVIDER_PROJECT_ID must be set, and none "
                           "is."));
   own("PROJECT_ID=P2x");
   EXPECT_THAT(problems(), IsEmpty()) << "the region has a default";
   own("CONFIG_URL=https://api.descope.com/v1/apps/agentic/P2x/M1");
   EXPECT_THAT(problems(), IsEmpty())
         << "both are allowed; which one wins is the provider's affair";
}

TEST_F(AuthSelection, DemandsOneKeyForJwt) {
   env("FASTMCP_SERVER_AUTH=jwt");
   EXPECT_THAT(problems(),
               ElementsAre(HasSubstr("Exactly one of FASTMCP_SERVER_AUTH_JWT_PUBLIC_KEY, "
                                     "FASTMCP_SERVER_AUTH_JWT_JWKS_URI")));
   env("FASTMCP_SERVER_AUTH_JWT_PUBLIC_KEY=hunter2")
         .env("FASTMCP_SERVER_AUTH_JWT_JWKS_URI=https://as.example.com");
   EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr("and 2 are"), Not(HasSubstr("hunter2")))));
}

TEST_F(AuthSelection, RefusesUrlsThatAreNone) {
   const std::pair<const char*, const char*> table[] = {
         {"https://u:hunter2@a.example.com", "holds a user name"},
         {"https://a.example.com/#x", "has a fragment"},
         {"/mcp", "is not an absolute URL"},
         {"a.example.com", "is not an absolute URL"},
         {"//a.example.com", "is not an absolute URL"},
         {"ftp://a.example.com", "does not begin with https or http://"},
         {"https://a.example.com?x=1", "has a query"},
         {"https://", "is not an absolute URL"},
         {"https://a.example.com:0", "has a port"},
         {"", "is empty"},
   };
   for (const auto& [url, expected] : table) {
      from_.environment.clear();
      env("FASTMCP_SERVER_AUTH=descope").own("PROJECT_ID=P2x").own(std::string("BASE_URL=") + url);
      EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr("BASE_URL"), HasSubstr(expected),
                                                Not(HasSubstr("hunter2")))))
            << url;
   }
}

TEST_F(AuthSelection, PutsTheSchemeBeforeABareHostOnlyWhereDeclared) {
   documented();
   from_.environment.back() = std::string(prefix) + "DESCOPE_BASE_URL=api.euc1.descope.com";
   EXPECT_THAT(selected().config_json,
               HasSubstr(R"("descope_base_url":"https://api.euc1.descope.com")"));
   from_.environment.back() = std::string(prefix) + "DESCOPE_BASE_URL=localhost:9000";
   EXPECT_THAT(selected().config_json, HasSubstr(R"("https://localhost:9000")"));
   for (const auto* slip : {"http//api.descope.com", "api", "https:/api.descope.com"}) {
      from_.environment.back() = std::string(prefix) + "DESCOPE_BASE_URL=" + slip;
      EXPECT_THAT(problems(), ElementsAre(HasSubstr("is not an absolute URL"))) << slip;
   }
}

// The server's own URL

TEST_F(AuthSelection, MakesTheProvidersBaseUrlTheServers) {
   documented();
   from_.environment[2] = std::string(prefix) + "BASE_URL=https://mcp.example.com/api/";
   const auto s = good();
   EXPECT_EQ(s.base_url, "https://mcp.example.com/api");
   EXPECT_EQ(s.selected_auth->base_url, "https://mcp.example.com/api");
   EXPECT_THAT(s.selected_auth->config_json, HasSubstr("https://mcp.example.com/api/"))
         << "the provider gets what was written";
}

TEST_F(AuthSelection, MakesTheServersBaseUrlTheProviders) {
   env("FASTMCP_SERVER_AUTH=descope")
         .own("PROJECT_ID=P2x")
         .env("FASTMCP_BASE_URL=https://a.example.com");
   const auto s = good();
   EXPECT_THAT(s.selected_auth->config_json, HasSubstr(R"("base_url":"https://a.example.com")"));
   EXPECT_EQ(s.base_url, "https://a.example.com");
   from_.environment.back() = "FASTMCP_BASE_URL=nonsense";
   EXPECT_THAT(problems(), ElementsAre(HasSubstr("FASTMCP_BASE_URL=\"nonsense\"")))
         << "one mistake, one complaint";
}

TEST_F(AuthSelection, RefusesTwoBaseUrlsThatDiffer) {
   documented().env("FASTMCP_BASE_URL=HTTP://LOCALHOST:8000/");
   EXPECT_THAT(problems(), IsEmpty());
   from_.environment.back() = "FASTMCP_BASE_URL=http://localhost:3000";
   EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr("DESCOPEPROVIDER_BASE_URL (environment)"),
                                             HasSubstr("FASTMCP_BASE_URL (environment)"),
                                             HasSubstr("two different URLs"))));
}

TEST_F(AuthSelection, WarnsWhenTheBaseUrlLeadsElsewhere) {
   documented();
   const auto with = [&](std::string url) {
      from_.environment[2] = prefix + ("BASE_URL=" + url);
      return notices();
   };
   EXPECT_THAT(with("http://localhost:3000"),
               ElementsAre(AllOf(HasSubstr("Clients are sent to http://localhost:3000/mcp"),
                                 HasSubstr("port 8000"), HasSubstr("http://localhost:8000."))));
   EXPECT_THAT(with("https://localhost:8000"), ElementsAre(HasSubstr("speaks http.")));
   EXPECT_THAT(with("http://127.0.0.1:8000/"), IsEmpty());
   EXPECT_THAT(with("https://mcp.example.com"), IsEmpty()) << "a reverse proxy is normal";
   EXPECT_THAT(with("https://mcp.example.com/mcp"),
               ElementsAre(HasSubstr("clients are told https://mcp.example.com/mcp/mcp")));
   EXPECT_THAT(with("http://mcp.example.com"), ElementsAre(HasSubstr("is not https")));
   flag("port", "0");
   EXPECT_THAT(with("http://localhost:3000"), IsEmpty());
}

// Who may come

TEST_F(AuthSelection, LetsAProtectedServerListenEverywhere) {
   documented().flag("host", "0.0.0.0");
   from_.environment[2] = std::string(prefix) + "BASE_URL=https://mcp.example.com";
   EXPECT_EQ(good().host, "0.0.0.0");
   EXPECT_THAT(notices(), IsEmpty());
   flag("allow_unauthenticated", "true");
   EXPECT_EQ(selected().from.name, "descope") << "never open although somebody may be let in";
   EXPECT_THAT(notices(), ElementsAre(HasSubstr("allow_unauthenticated has no effect")));
}

TEST_F(AuthSelection, ComplainsOnceWhenTheProviderOfAnOpenAddressIsWrong) {
   env("FASTMCP_SERVER_AUTH=nonsense").flag("host", "0.0.0.0");
   EXPECT_THAT(problems(), ElementsAre(HasSubstr("There is no provider")));
}

// Secrets

TEST_F(AuthSelection, KeepsSecretsApart) {
   introspection().env("FASTMCP_SERVER_AUTH_INTROSPECTION_CLIENT_SECRET=hunter2hunter2");
   const auto l = load(from_);
   ASSERT_TRUE(l.values.has_value());
   EXPECT_THAT(l.values->selected_auth->secrets,
               ElementsAre(Pair("client_secret", "hunter2hunter2")));
   EXPECT_THAT(l.values->selected_auth->config_json, Not(HasSubstr("hunter2")));
   const auto row = std::ranges::find(l.report.rows, "auth.client_secret", &report_row::name);
   ASSERT_NE(row, l.report.rows.end());
   EXPECT_EQ(row->value, "(hidden)");
   EXPECT_EQ(row->source, "FASTMCP_SERVER_AUTH_INTROSPECTION_CLIENT_SECRET (environment)");
}

TEST_F(AuthSelection, ReadsSecretsFromFilesThatOthersCannotWrite) {
   const auto path = dir_.put("secret", "hunter2hunter2\n");
   introspection().env("FASTMCP_SERVER_AUTH_INTROSPECTION_CLIENT_SECRET_FILE=" + path);
   EXPECT_THAT(selected().secrets, ElementsAre(Pair("client_secret", "hunter2hunter2")));
   ::chmod(path.c_str(), 0666);
   EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr("CLIENT_SECRET_FILE (environment) names a "
                                                       "file that cannot be used"),
                                             Not(HasSubstr("hunter2")))));
   env("FASTMCP_SERVER_AUTH_INTROSPECTION_CLIENT_SECRET=hunter2hunter2");
   EXPECT_THAT(problems(),
               ElementsAre(AllOf(HasSubstr("are both set"), Not(HasSubstr("hunter2")))));
}

TEST_F(AuthSelection, NeverShowsASecret) {
   introspection().env("FASTMCP_SERVER_AUTH_INTROSPECTION_CLIENT_SECRET=hunter2");
   env("FASTMCP_SERVER_AUTH_INTROSPECTION_CLIENT_SECRT=hunter2");
   flag("auth_options", "clint_secret=hunter2");
   const auto l = load(from_);
   ASSERT_FALSE(l.values.has_value());
   EXPECT_THAT(l.values.error().message,
               AllOf(HasSubstr("is less than 8 characters"), HasSubstr("CLIENT_SECRT"),
                     HasSubstr("clint_secret"), Not(HasSubstr("hunter2"))));
   for (const auto& n : l.report.notices) EXPECT_THAT(n.text, Not(HasSubstr("hunter2")));
   for (const auto& r : l.report.rows) {
      EXPECT_THAT(r.value, Not(HasSubstr("hunter2"))) << r.name;
      EXPECT_THAT(r.source, Not(HasSubstr("hunter2"))) << r.name;
   }
}

TEST_F(AuthSelection, WarnsAboutASecretOnTheCommandLine) {
   introspection().flag("auth_options", "client_secret=hunter2hunter2");
   EXPECT_THAT(notices(),
               ElementsAre(AllOf(HasSubstr("--auth-option client_secret stands on the command "
                                           "line"),
                                 HasSubstr("INTROSPECTION_CLIENT_SECRET_FILE"),
                                 Not(HasSubstr("hunter2")))));
   from_.flags.back() = {"auth_options",
                         "client_secret_file=" + dir_.put("s", "hunter2hunter2", 0600)};
   EXPECT_THAT(notices(), IsEmpty());
   EXPECT_THAT(selected().secrets, ElementsAre(Pair("client_secret", "hunter2hunter2")));
}

// Hostile manifests

TEST_F(AuthSelection, RefusesAManifestThatIsWrong) {
   documented();
   found_[0].manifest_json = "{";
   EXPECT_THAT(problems(), ElementsAre(HasSubstr("The manifest of /auth/descope.so is not JSON")));
   found_[0].manifest_json = R"({"settings":[{"name":"A","type":"int"}]})";
   EXPECT_THAT(problems(),
               ElementsAre(AllOf(HasSubstr("/auth/descope.so: The manifest is wrong"))));
}

TEST_F(AuthSelection, EscapesWhatAFileSays) {
   found_[0].reason = "\x1b[2J\nhello";
   documented();
   EXPECT_THAT(problems(), Each(AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\n")))));
}

} // namespace
