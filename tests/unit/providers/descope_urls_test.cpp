// Section by section what follows from the settings for Descope.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmcp/cpp/error.hpp>

#include "descope/src/urls.hpp"

namespace {

using descope::configured;
using descope::derive;
using testing::ElementsAre;
using testing::HasSubstr;

configured project(const char* base = "https://api.descope.com") {
   return {"P2abc", base, "", "", {}};
}
configured url(const char* config_url) {
   return {"", "", config_url, "", {}};
}
std::string problem_of(const configured& c) {
   try {
      (void)derive(c);
   } catch (const fmcp::setting_error& e) {
      return e.what();
   }
   return "none";
}

TEST(DescopeUrls, OfAProject) {
   const auto d = derive(project());
   EXPECT_EQ(d.project, "P2abc");
   EXPECT_EQ(d.announced, "https://api.descope.com/v1/apps/P2abc");
   EXPECT_EQ(d.jwks_uri, "https://api.descope.com/P2abc/.well-known/jwks.json");
   EXPECT_THAT(d.audiences, ElementsAre("P2abc"));
   EXPECT_THAT(
         d.metadata_urls,
         ElementsAre("https://api.descope.com/v1/apps/P2abc/.well-known/oauth-authorization-server",
                     "https://api.descope.com/v1/apps/P2abc/.well-known/openid-configuration"));
   EXPECT_EQ(d.discovery_url,
             "https://api.descope.com/v1/apps/P2abc/.well-known/openid-configuration");
}

TEST(DescopeUrls, IssuersAreTheProjectsItsServersAndItsTenants) {
   EXPECT_THAT(derive(project()).issuers,
               ElementsAre("https://api.descope.com/v1/apps/P2abc",
                           "https://api.descope.com/v1/apps/agentic/P2abc/*",
                           "https://api.descope.com/v1/apps/agentic/P2abc/*/",
                           "https://api.descope.com/v1/apps/P2abc/*",
                           "https://api.descope.com/v1/apps/P2abc/*/"));
}

TEST(DescopeUrls, BothStylesAcceptTheSameIssuers) {
   const auto old = derive(project());
   const auto agentic = derive(url("https://api.descope.com/v1/apps/agentic/P2abc/M1"));
   EXPECT_EQ(old.issuers, agentic.issuers);
   EXPECT_EQ(old.audiences, agentic.audiences);
   EXPECT_EQ(old.jwks_uri, agentic.jwks_uri);
}

TEST(DescopeUrls, OfAnMcpServer) {
   const auto d = derive(url("https://api.descope.com/v1/apps/agentic/P2abc/M1"));
   EXPECT_EQ(d.announced, "https://api.descope.com/v1/apps/agentic/P2abc/M1");
   EXPECT_THAT(d.metadata_urls,
               ElementsAre("https://api.descope.com/v1/apps/agentic/P2abc/M1/.well-known/"
                           "oauth-authorization-server",
                           "https://api.descope.com/v1/apps/agentic/P2abc/M1/.well-known/"
                           "openid-configuration",
                           "https://api.descope.com/v1/apps/P2abc/.well-known/"
                           "oauth-authorization-server"));
}

TEST(DescopeUrls, TheSuffixAndOneSlashBehindMakeNoDifference) {
   for (const std::string form : {"agentic/P2abc/M1", "P2abc"}) {
      const std::string bare = "https://auth.example.com/v1/apps/" + form;
      for (const std::string tail :
           {"", "/", "/.well-known/openid-configuration", "/.well-known/openid-configuration/",
            "/.well-known/oauth-authorization-server"}) {
         const auto d = derive(url((bare + tail).c_str()));
         EXPECT_EQ(d.announced, bare) << tail;
         EXPECT_EQ(d.jwks_uri, "https://auth.example.com/P2abc/.well-known/jwks.json") << tail;
         EXPECT_EQ(d.issuers.front(), "https://auth.example.com/v1/apps/P2abc") << tail;
      }
   }
}

TEST(DescopeUrls, AnMcpServerNeedNotBeNamed) {
   const auto d = derive(url("https://api.descope.com/v1/apps/agentic/P2abc"));
   EXPECT_EQ(d.announced, "https://api.descope.com/v1/apps/agentic/P2abc");
   EXPECT_EQ(d.project, "P2abc");
   EXPECT_THAT(d.issuers, testing::Not(testing::Contains(d.announced)));
}

TEST(DescopeUrls, HostAndSchemeAreWrittenAsDescopeWritesThem) {
   EXPECT_EQ(derive(url("HTTPS://API.Descope.com/v1/apps/P2abc")).announced,
             "https://api.descope.com/v1/apps/P2abc");
   EXPECT_EQ(derive(project("https://api.euc1.descope.com/")).announced,
             "https://api.euc1.descope.com/v1/apps/P2abc");
}

TEST(DescopeUrls, APathInFrontStaysInTheIssuerAndNotInTheKeys) {
   const auto d = derive(url("https://proxy.example/d/v1/apps/agentic/P2abc/M1"));
   EXPECT_EQ(d.issuers.front(), "https://proxy.example/d/v1/apps/P2abc");
   EXPECT_EQ(d.jwks_uri, "https://proxy.example/P2abc/.well-known/jwks.json");
}

TEST(DescopeUrls, OneServerCanBePinned) {
   auto c = project();
   c.mcp_server_id = "M1";
   EXPECT_THAT(derive(c).issuers, ElementsAre("https://api.descope.com/v1/apps/agentic/P2abc/M1",
                                              "https://api.descope.com/v1/apps/agentic/P2abc/M1/"));
   auto other = url("https://api.descope.com/v1/apps/agentic/P2abc/M2");
   other.mcp_server_id = "M1";
   EXPECT_THAT(problem_of(other), HasSubstr("{mcp_server_id} is another server"));
   other.mcp_server_id = "M2";
   EXPECT_EQ(problem_of(other), "none");
}

TEST(DescopeUrls, AudiencesReplaceTheProject) {
   auto c = project();
   c.audience = {"https://srv.example/mcp", "other"};
   EXPECT_THAT(derive(c).audiences, ElementsAre("https://srv.example/mcp", "other"));
}

TEST(DescopeUrls, TheUsualBaseNeedNotBeSaid) {
   EXPECT_EQ(derive(project("")).announced, "https://api.descope.com/v1/apps/P2abc");
}

TEST(DescopeUrls, BothStylesTogetherHaveToAgree) {
   auto c = url("https://api.descope.com/v1/apps/agentic/P2abc/M1");
   c.project_id = "P2abc";
   for (const char* same : {"", "https://api.descope.com", "https://API.descope.com/",
                            "https://api.descope.com:443"}) {
      c.descope_base_url = same;
      EXPECT_EQ(problem_of(c), "none") << same;
   }
   for (const char* other : {"https://api.euc1.descope.com", "http://api.descope.com",
                             "https://api.descope.com:8443", "https://api.descope.com/x"}) {
      c.descope_base_url = other;
      EXPECT_THAT(problem_of(c), HasSubstr("{descope_base_url} is another address than that of "
                                           "{config_url}, https://api.descope.com;"))
            << other;
   }
   c.project_id = "P3xyz";
   EXPECT_THAT(problem_of(c), HasSubstr("{project_id} is another project than that of "
                                        "{config_url}, P2abc;"));
   EXPECT_THAT(problem_of(c), HasSubstr("{descope_base_url}")) << "both are said";
}

TEST(DescopeUrls, ABaseMayLeaveThePathOfTheConfigurationUrlAway) {
   auto c = url("https://login.example:443/descope/v1/apps/P2abc");
   for (const char* same : {"https://login.example", "https://login.example/descope"}) {
      c.descope_base_url = same;
      EXPECT_EQ(problem_of(c), "none") << same;
   }
   c.descope_base_url = "https://login.example/other";
   EXPECT_THAT(problem_of(c), HasSubstr("another address"));
}

TEST(DescopeUrls, AWrongConfigurationUrlIsRefused) {
   for (const char* bad :
        {"https://api.descope.com/", "https://api.descope.com/v1/apps/",
         "https://api.descope.com/v1/apps/agentic", "https://api.descope.com/v1/apps/agentic/",
         "https://api.descope.com/v1/apps/P2abc/T1", "https://api.descope.com/v1/apps//P2abc",
         "https://api.descope.com/v1/apps/agentic/P2abc/M1/more",
         "https://api.descope.com/v1/apps/agentic/P2abc/*",
         "https://api.descope.com/v1/apps/agentic/P2abc/..",
         "https://api.descope.com/v1/apps/agentic//M1", "https://api.descope.com/v1/apps/P2abc?x=1",
         "https://api.descope.com/v1/apps/P2abc//", "https://api.descope.com/apps/agentic/P2abc/M1",
         "api.descope.com/v1/apps/P2abc"}) {
      EXPECT_THAT(problem_of(url(bad)), HasSubstr("{config_url} is not of the form")) << bad;
   }
}

TEST(DescopeUrls, WhatCouldWidenAPatternIsNoId) {
   for (const char* bad : {"*", "P*", "P/2", "..", "agentic", "P 2", "P%2F", "P?"}) {
      auto c = project();
      c.project_id = bad;
      EXPECT_THAT(problem_of(c), HasSubstr("{project_id} is not a project id")) << bad;
      c = project();
      c.mcp_server_id = bad;
      if (std::string(bad) != "agentic") {
         EXPECT_THAT(problem_of(c), HasSubstr("{mcp_server_id} is not an id")) << bad;
      }
   }
   EXPECT_THAT(problem_of(project("https://api.descope.com/*")), HasSubstr("{descope_base_url}"));
}

TEST(DescopeUrls, AllProblemsAreSaidAtOnce) {
   configured c{"", "nonsense", "", "a b", {}};
   const auto text = problem_of(c);
   EXPECT_THAT(text, HasSubstr("Set {config_url}, or {project_id}"));
   EXPECT_THAT(text, HasSubstr("{descope_base_url} is not"));
   EXPECT_THAT(text, HasSubstr("{mcp_server_id} is not"));
}

} // namespace
