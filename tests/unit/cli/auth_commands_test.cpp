// The commands about authentication: providers list, providers describe, doctor, and what run and
// config show make of --auth.

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/cli.hpp"
#include "support/temp_dir.hpp"
#include "json/document.hpp"

namespace {

using namespace fmcp::cli;
using fmcp::config::auth_candidate;
using fmcp::config::settings;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

auth_candidate github() {
   return {.file = "/auth/github.so",
           .name = "github",
           .version = "1.4.2",
           .names = {"github", "gh"},
           .aliases = {"fastmcp.server.auth.providers.github.GitHubProvider"},
           .env_prefix = "GITHUB",
           .net = {"https://api.github.com"},
           .manifest_json = R"({"name":"github","requires":{"client_id":["client_secret"]},
   "one_of":[["client_id","app"]],"any_of":[["client_id","app"]],"settings":[
   {"name":"client_id","type":"string","help":"OAuth app client id."},
   {"name":"client_secret","type":"secret","required":true,"help":"Of that app"},
   {"name":"app","type":"string","deprecated":"use client_id"},
   {"name":"mode","type":"enum","values":["a","b"],"default":"a"}]})",
           .reason = {}};
}

class AuthCommands : public ::testing::Test {
protected:
   AuthCommands() {
      how_.from.directory = dir_.path();
      how_.from.prefix = "/opt/host";
      what_.run = [this](const settings& s) {
         seen_ = s;
         return 7;
      };
      what_.list_plugins = [](const settings&) { return std::vector<plugin_row>{}; };
      what_.find_providers = [this](const settings& s) {
         searched_ = s.auth_plugin_dirs;
         return found_;
      };
      what_.hide_secrets = [this](const settings&) {
         ++hidden_;
         input_left_ = in_.str().size() - static_cast<std::size_t>(in_.tellg());
      };
      what_.doctor = [this](doctor_request rq, streams io) {
         patient_.emplace(std::move(rq));
         io.out << "examined\n";
         return 3;
      };
   }

   int call(std::vector<std::string> arguments, std::string input = {}) {
      out_.str({});
      err_.str({});
      seen_.reset();
      patient_.reset();
      hidden_ = 0;
      in_ = std::istringstream(std::move(input));
      how_.arguments = std::move(arguments);
      return fmcp::cli::main(how_, what_, {out_, err_, &in_});
   }
   std::string out() const { return out_.str(); }
   std::string err() const { return err_.str(); }

   fmcp::test::temp_dir dir_;
   invocation how_;
   commands what_;
   std::ostringstream out_, err_;
   std::vector<auth_candidate> found_{github()};
   std::vector<std::string> searched_;
   std::optional<settings> seen_;
   std::optional<doctor_request> patient_;
   std::istringstream in_;
   int hidden_ = 0;
   std::size_t input_left_ = 0; ///< when secrets were hidden
};

// run and config show

TEST_F(AuthCommands, RunWithTheProviderOfTheFlags) {
   EXPECT_EQ(call({"run", "-t", "http", "--auth", "gh", "--auth-option", "client_id=a=b",
                   "--auth-option=client_secret=hunter2", "--auth-plugin-dir", "/p"}),
             7)
         << err();
   EXPECT_THAT(searched_, ElementsAre("/p"));
   ASSERT_TRUE(seen_->selected_auth.has_value());
   EXPECT_EQ(seen_->selected_auth->config_json, R"({"client_id":"a=b","mode":"a"})");
   EXPECT_THAT(seen_->selected_auth->secrets, ElementsAre(Pair("client_secret", "hunter2")));
}

TEST_F(AuthCommands, DoNotRunWhenTheProviderIsNotRight) {
   how_.from.environment = {"FASTMCP_SERVER_AUTH=github", "FASTMCP_SERVER_AUTH_GITHUB_MODE=c",
                            "FASTMCP_TRANSPORT=http"};
   EXPECT_EQ(call({"run"}), 1);
   EXPECT_FALSE(seen_.has_value());
   EXPECT_EQ(err(), "fastmcp-host: 4 things are wrong with the settings:\n"
                    "  - FASTMCP_SERVER_AUTH_GITHUB_CLIENT_SECRET is required by provider github "
                    "and not set (Of that app).\n"
                    "  - FASTMCP_SERVER_AUTH_GITHUB_MODE=\"c\" (environment) is not a or b. Did "
                    "you mean a?\n"
                    "  - Exactly one of FASTMCP_SERVER_AUTH_GITHUB_CLIENT_ID, "
                    "FASTMCP_SERVER_AUTH_GITHUB_APP must be set, and none is.\n"
                    "  - At least one of FASTMCP_SERVER_AUTH_GITHUB_CLIENT_ID, "
                    "FASTMCP_SERVER_AUTH_GITHUB_APP must be set, and none is.\n");
   EXPECT_EQ(call({"run", "--auth", "nonsense"}), 2) << "the command line is to blame";
   EXPECT_EQ(call({"run", "--auth="}), 2);
}

TEST_F(AuthCommands, DoNotRunWithoutAWayToFindProviders) {
   what_.find_providers = nullptr;
   EXPECT_EQ(call({"run", "-t", "http", "--auth", "github"}), 1);
   EXPECT_FALSE(seen_.has_value());
}

TEST_F(AuthCommands, ShowSettingsOfTheProviderWithTheirSources) {
   how_.from.environment = {"FASTMCP_SERVER_AUTH_GITHUB_CLIENT_SECRET=hunter2",
                            "FASTMCP_SERVER_AUTH_GITHUB_CLIENT_ID=me"};
   EXPECT_EQ(call({"config", "show", "--json", "-t", "http", "--auth", "github", "--auth-option",
                   "client_id=you"}),
             0)
         << err();
   EXPECT_THAT(out() + err(), Not(HasSubstr("hunter2")));
   fmcp::json::document doc;
   const auto root = doc.parse_copy(out());
   ASSERT_TRUE(root.has_value());
   const auto* all = (*root)->find("settings");
   EXPECT_EQ(all->find("auth")->find_string("source"), "--auth (command line)");
   EXPECT_EQ(all->find("auth.client_id")->find_string("value"), "you");
   EXPECT_EQ(all->find("auth.client_id")->find_string("source"),
             "--auth-option client_id (command line)");
   EXPECT_EQ(all->find("auth.client_id")->find("overrides")->items()[0].string(),
             "FASTMCP_SERVER_AUTH_GITHUB_CLIENT_ID (environment)");
   EXPECT_EQ(all->find("auth.client_secret")->find_string("value"), "(hidden)");
   EXPECT_EQ(all->find("auth.mode")->find_string("source"), "default");
}

TEST_F(AuthCommands, HideThePasswordOfAProxy) {
   how_.from.environment = {"HTTPS_PROXY=http://u:hunter2@proxy.example.com:3128",
                            "no_proxy=a.example.com,.b.example.com"};
   EXPECT_EQ(call({"config", "show"}), 0);
   EXPECT_THAT(out(), AllOf(HasSubstr("(hidden)"), HasSubstr("HTTPS_PROXY (environment)"),
                            HasSubstr("a.example.com,.b.example.com"), Not(HasSubstr("hunter2"))));
   how_.from.environment = {"FASTMCP_HTTPS_PROXY=gopher://u:hunter2@proxy.example.com"};
   EXPECT_EQ(call({"config", "show"}), 1);
   EXPECT_THAT(out() + err(),
               AllOf(HasSubstr("FASTMCP_HTTPS_PROXY (environment)"), Not(HasSubstr("hunter2"))));
}

// providers

TEST_F(AuthCommands, ListProviders) {
   found_.push_back({.file = "/auth/old\n.so", .name = {}, .reason = "It is cut off."});
   EXPECT_EQ(call({"providers", "list", "--auth-plugin-dir", "/auth"}), 1);
   EXPECT_THAT(searched_, ElementsAre("/auth"));
   EXPECT_EQ(out(), "NAME    VERSION  STATUS    FILE             ALSO SELECTED BY\n"
                    "github  1.4.2    usable    /auth/github.so  gh, "
                    "fastmcp.server.auth.providers.github.GitHubProvider\n"
                    "?                unusable  /auth/old\\n.so\n"
                    "\n"
                    "/auth/old\\n.so: It is cut off.\n");
   found_.pop_back();
   EXPECT_EQ(call({"providers", "list"}), 0);
   found_.clear();
   EXPECT_EQ(call({"providers", "list"}), 0);
   EXPECT_EQ(out(), "There are no providers in /opt/host/lib/fastmcp-host/auth.\n");
}

TEST_F(AuthCommands, ListProvidersForPrograms) {
   found_[0].reason = "No.";
   EXPECT_EQ(call({"providers", "list", "--json"}), 1);
   EXPECT_EQ(
         out(),
         R"([{"name":"github","version":"1.4.2","file":"/auth/github.so","also":["gh","fastmcp.server.auth.providers.github.GitHubProvider"],"usable":false,"reason":"No."}])"
         "\n");
}

/// Whoever asks is often one whose settings are not right yet.
TEST_F(AuthCommands, DescribeWhateverTheSettingsSay) {
   how_.from.environment = {"FASTMCP_SERVER_AUTH=", "FASTMCP_TRANSPORT=http",
                            "FASTMCP_HOST=0.0.0.0", "FASTMCP_SERVER_AUTH_GITHUB_NONSENSE=x"};
   EXPECT_EQ(call({"providers", "describe", "github"}), 0) << err();
   EXPECT_EQ(call({"providers", "list"}), 0) << err();
   EXPECT_EQ(call({"plugins", "list"}), 0) << err();
   EXPECT_EQ(call({"run"}), 1);
}

TEST_F(AuthCommands, WantADirectoryThatWasNamedToBeThere) {
   auth_candidate absent;
   absent.reason = "It is not there.";
   absent.file = "/opt/host/lib/fastmcp-host/auth";
   found_ = {absent};
   EXPECT_EQ(call({"providers", "list"}), 0) << "a default that is not there";
   absent.file = "/nope";
   found_ = {absent};
   EXPECT_EQ(call({"providers", "list", "--auth-plugin-dir", "/nope"}), 1);
   absent.file = dir_.path();
   absent.reason = "It cannot be read.";
   found_ = {absent};
   EXPECT_EQ(call({"providers", "list", "--auth-plugin-dir", dir_.path()}), 1);
}

TEST_F(AuthCommands, DescribeAProvider) {
   for (const auto* name :
        {"github", "GH", "fastmcp.server.auth.providers.github:GitHubProvider"}) {
      EXPECT_EQ(call({"providers", "describe", name}), 0) << err();
      for (const auto* part :
           {"github 1.4.2", "/auth/github.so", "https://api.github.com",
            "FASTMCP_SERVER_AUTH=fastmcp.server.auth.providers.github.GitHubProvider", "VARIABLE",
            "REQUIRED", "DEFAULT", "FASTMCP_SERVER_AUTH_GITHUB_CLIENT_ID", "OAuth app client id.",
            "One of a, b.",
            "Of that app. Or a file that holds it, by "
            "FASTMCP_SERVER_AUTH_GITHUB_CLIENT_SECRET_FILE.",
            "Deprecated: use client_id.",
            "Exactly one of FASTMCP_SERVER_AUTH_GITHUB_CLIENT_ID, FASTMCP_SERVER_AUTH_GITHUB_APP.",
            "At least one of FASTMCP_SERVER_AUTH_GITHUB_CLIENT_ID,",
            "FASTMCP_SERVER_AUTH_GITHUB_CLIENT_ID needs FASTMCP_SERVER_AUTH_GITHUB_CLIENT_SECRET."})
         EXPECT_THAT(out(), HasSubstr(part));
   }
   EXPECT_EQ(call({"providers", "describe", "gihtub"}), 1);
   EXPECT_EQ(err(), "fastmcp-host: There is no provider \"gihtub\" (looked in "
                    "/opt/host/lib/fastmcp-host/auth). Did you mean github? Known are github.\n");
}

TEST_F(AuthCommands, DescribeAProviderForPrograms) {
   EXPECT_EQ(call({"providers", "describe", "github", "--json"}), 0);
   fmcp::json::document doc;
   const auto root = doc.parse_copy(out());
   ASSERT_TRUE(root.has_value()) << root.error().message;
   const auto& rows = (*root)->find("settings")->items();
   ASSERT_EQ(rows.size(), 4u);
   EXPECT_EQ(rows[1].find_string("variable"), "FASTMCP_SERVER_AUTH_GITHUB_CLIENT_SECRET");
   EXPECT_TRUE(rows[1].find("required")->boolean());
   EXPECT_EQ(rows[3].find_string("default"), "a");
}

TEST_F(AuthCommands, DescribeAProviderThatCannotBeUsed) {
   found_[0].reason = "It needs glibc 2.99.\x1b[2J";
   EXPECT_EQ(call({"providers", "describe", "github"}), 0);
   EXPECT_THAT(out(), AllOf(HasSubstr("It needs glibc 2.99."), Not(HasSubstr("\x1b"))));
   found_[0].manifest_json = R"({"settings":1})";
   EXPECT_EQ(call({"providers", "describe", "github"}), 1);
   EXPECT_THAT(err(), HasSubstr("\"settings\" is no array"));
}

// doctor

TEST_F(AuthCommands, ExamineHttpUnlessAnotherTransportIsNamed) {
   EXPECT_EQ(call({"doctor", "--port", "9000"}), 3);
   EXPECT_EQ(out(), "examined\n");
   ASSERT_TRUE(patient_->settings.values.has_value());
   EXPECT_EQ(patient_->settings.values->transport, fmcp::config::transport::http);
   EXPECT_EQ(patient_->settings.values->port, 9000);
   EXPECT_FALSE(patient_->token.has_value());
   call({"doctor", "-t", "stdio"});
   EXPECT_EQ(patient_->settings.values->transport, fmcp::config::transport::stdio);
   how_.from.environment = {"FASTMCP_TRANSPORT=stdio"};
   call({"doctor"});
   EXPECT_EQ(patient_->settings.values->transport, fmcp::config::transport::stdio);
}

TEST_F(AuthCommands, HandTheProblemsToTheDoctor) {
   EXPECT_EQ(call({"doctor", "--auth", "github"}), 3);
   EXPECT_FALSE(patient_->settings.values.has_value());
   EXPECT_FALSE(patient_->settings.report.problems.empty());
   EXPECT_THAT(err(), IsEmpty()) << "telling them is the doctor's affair";
}

TEST_F(AuthCommands, HideSecretsBeforeTheTokenIsWaitedFor) {
   EXPECT_EQ(call({"doctor", "--token", "-"}, "a.b.c\n"), 3);
   EXPECT_EQ(hidden_, 1);
   EXPECT_EQ(input_left_, 6u);
   EXPECT_EQ(call({"run"}), 7);
   EXPECT_EQ(hidden_, 1);
   EXPECT_EQ(call({"version"}), 0);
   EXPECT_EQ(hidden_, 0) << "it has none";
}

TEST_F(AuthCommands, WaitForNoTokenWhenTheSettingsAreWrong) {
   EXPECT_EQ(call({"doctor", "--auth", "github", "--token", "-"}, "a.b.c\n"), 3);
   EXPECT_FALSE(patient_->token.has_value());
   EXPECT_EQ(in_.tellg(), 0);
   EXPECT_EQ(hidden_, 0);
}

TEST_F(AuthCommands, ReadTheTokenFromTheInput) {
   EXPECT_EQ(call({"doctor", "--token", "-"}, "  a.b.c \r\nmore"), 3);
   EXPECT_EQ(patient_->token, "a.b.c");
   EXPECT_EQ(call({"doctor", "--token=-"}, std::string(16 * 1024, 'x')), 3);
   EXPECT_EQ(call({"doctor", "--token", "-"}, std::string(16 * 1024 + 1, 'x')), 2);
   EXPECT_EQ(err(), "fastmcp-host: The token is longer than 16 KiB.\n");
   EXPECT_EQ(call({"doctor", "--token", "-"}, "\n"), 2);
   EXPECT_THAT(err(), HasSubstr("There is no token"));
   EXPECT_FALSE(patient_.has_value());
   EXPECT_EQ(call({"doctor", "--token", "hunter2"}), 2);
   EXPECT_THAT(err(), AllOf(HasSubstr("--token -"), Not(HasSubstr("hunter2"))));
}

} // namespace
