#include "config/secret_variables.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.hpp"
#include "support/temp_dir.hpp"

#include "provider_manifests.hpp"

namespace {

using namespace fmcp::config;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

class SecretVariables : public ::testing::Test {
protected:
   SecretVariables() {
      from_.directory = dir_.path();
      from_.flags = {{"transport", "http"}};
      from_.find_providers = [](const settings&) { return fmcp::test::providers(); };
   }
   settings with(std::vector<std::string> environment) {
      from_.environment = std::move(environment);
      auto l = load(from_);
      EXPECT_TRUE(l.values.has_value()) << l.values.error().message;
      return l.values ? *l.values : settings{};
   }

   fmcp::test::temp_dir dir_;
   sources from_;
};

TEST_F(SecretVariables, AreTheHostsAndTheProxys) {
   const std::string key(40, 'k');
   EXPECT_THAT(with({"fastmcp_session_key=" + key, "FASTMCP_STORE_KEY=" + key,
                     "FASTMCP_HTTPS_PROXY=http://u:p@proxy:3128", "FASTMCP_NAME=x"})
                     .secret_variables,
               ElementsAre("FASTMCP_CLIENT_TOKEN", "FASTMCP_HTTPS_PROXY", "FASTMCP_SESSION_KEY",
                           "FASTMCP_STORE_KEY", "HTTPS_PROXY"));
}

TEST_F(SecretVariables, AreThoseOfTheProviderAndOfAllOthers) {
   const auto names =
         with({"FASTMCP_SERVER_AUTH=introspection",
               "FASTMCP_SERVER_AUTH_INTROSPECTION_CLIENT_SECRET=correct-horse",
               "FASTMCP_SERVER_AUTH_INTROSPECTION_CLIENT_ID=me",
               "FASTMCP_SERVER_AUTH_INTROSPECTION_INTROSPECTION_URL=https://as.example.com",
               "FASTMCP_SERVER_AUTH_JWT_PUBLIC_KEY=shared", "FASTMCP_SERVER_AUTH_JWT_ISSUER=x",
               "FASTMCP_SERVER_AUTH_GITHUB_CLIENT_SECRET=x",
               "FASTMCP_SERVER_AUTH_STATIC_TOKENS=a=b"})
               .secret_variables;
   EXPECT_THAT(names,
               ElementsAre("FASTMCP_CLIENT_TOKEN", "FASTMCP_SERVER_AUTH_GITHUB_CLIENT_SECRET",
                           "FASTMCP_SERVER_AUTH_INTROSPECTION_CLIENT_SECRET",
                           "FASTMCP_SERVER_AUTH_JWT_PUBLIC_KEY",
                           "FASTMCP_SERVER_AUTH_STATIC_TOKENS", "HTTPS_PROXY"));
}

TEST_F(SecretVariables, AreAllOfAPluginUntilItsManifestIsKnown) {
   const auto s = with({"FASTMCP_PLUGIN_FILES_KEY=x", "FASTMCP_PLUGIN_FILES_ROOTS=/a",
                        "FASTMCP_PLUGIN_FILES_KEY_FILE=/k", "FASTMCP_PLUGIN_DIR=/p"});
   EXPECT_THAT(s.secret_variables, ElementsAre("FASTMCP_CLIENT_TOKEN", "FASTMCP_PLUGIN_FILES_KEY",
                                               "FASTMCP_PLUGIN_FILES_KEY_FILE",
                                               "FASTMCP_PLUGIN_FILES_ROOTS", "HTTPS_PROXY"));
   const std::array owners{owner_of_secrets(
         "FASTMCP_PLUGIN_FILES_",
         R"({"settings":[{"name":"key","type":"secret"},{"name":"roots","type":"list"}]})")};
   EXPECT_THAT(secret_variables(s.given, owners),
               ElementsAre("FASTMCP_CLIENT_TOKEN", "FASTMCP_PLUGIN_FILES_KEY", "HTTPS_PROXY"));
   const std::array unreadable{owner_of_secrets("FASTMCP_PLUGIN_FILES_", "{")};
   EXPECT_THAT(secret_variables(s.given, unreadable), Contains("FASTMCP_PLUGIN_FILES_ROOTS"));
}

TEST_F(SecretVariables, AreNotTakenFromFiles) {
   dir_.put(".env", "FASTMCP_SESSION_KEY=" + std::string(40, 'k') + "\n");
   EXPECT_THAT(with({}).secret_variables, ElementsAre("FASTMCP_CLIENT_TOKEN", "HTTPS_PROXY"));
}

} // namespace
