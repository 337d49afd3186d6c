#include "auth/metadata.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace fmcp;
using auth::make_resource_metadata;
using auth::name_resource;
using testing::ElementsAre;

using list = std::vector<std::string>;

std::string made(std::string_view resource, std::string_view provider, const list& scopes = {}) {
   const auto r = make_resource_metadata(resource, provider, scopes);
   return r ? r->json : "error: " + r.error().message;
}

TEST(ResourceName, IsBaseUrlAndEndpoint) {
   const auto n = name_resource("https://srv", "/mcp");
   ASSERT_TRUE(n);
   EXPECT_EQ(n->resource, "https://srv/mcp");
   EXPECT_EQ(n->metadata_url, "https://srv/.well-known/oauth-protected-resource/mcp");
   EXPECT_EQ(n->path, "/.well-known/oauth-protected-resource/mcp");
}

// RFC 9728 section 3.1: the well-known part stands between host and path.
TEST(ResourceName, PutsThePlaceInFrontOfAllOfThePath) {
   const auto n = name_resource("https://srv:8443/api/v2/", "/mcp");
   ASSERT_TRUE(n);
   EXPECT_EQ(n->resource, "https://srv:8443/api/v2/mcp");
   EXPECT_EQ(n->metadata_url, "https://srv:8443/.well-known/oauth-protected-resource/api/v2/mcp");
}

TEST(ResourceName, KeepsTheOperatorsSpelling) {
   EXPECT_EQ(name_resource("https://Srv.Example:443", "/MCP")->resource,
             "https://Srv.Example:443/MCP");
   EXPECT_EQ(name_resource("http://localhost:8000/", "/mcp")->resource,
             "http://localhost:8000/mcp");
   const auto root = name_resource("https://srv", "/");
   ASSERT_TRUE(root);
   EXPECT_EQ(root->resource, "https://srv");
   EXPECT_EQ(root->path, "/.well-known/oauth-protected-resource");
}

TEST(ResourceName, RefusesWhatIsNoBase) {
   for (const auto* url :
        {"", "srv", "/mcp", "ftp://srv", "https://", "https:///x", "https://srv?x=1",
         "https://srv#x", "https://user@srv", "https://s\"rv", "https://srv/a b"}) {
      const auto n = name_resource(url, "/mcp");
      ASSERT_FALSE(n) << url;
      EXPECT_EQ(n.error().code, core::errc::invalid);
   }
}

TEST(ResourceMetadata, IsByteForByteWhatClientsKnow) {
   EXPECT_EQ(made("https://srv/mcp", R"({"authorization_servers":["https://as.example/app"]})",
                  {"read"}),
             R"({"resource":"https://srv/mcp","authorization_servers":["https://as.example/app"],)"
             R"("scopes_supported":["read"],"bearer_methods_supported":["header"]})");
}

TEST(ResourceMetadata, HasNoEmptyListAndNoNull) {
   const std::string_view bare =
         R"({"resource":"https://srv/mcp","authorization_servers":["https://as"],)"
         R"("bearer_methods_supported":["header"]})";
   EXPECT_EQ(made("https://srv/mcp", R"({"authorization_servers":["https://as"]})"), bare);
   EXPECT_EQ(
         made("https://srv/mcp", R"({"authorization_servers":["https://as"],"scopes_supported":[],
                                        "resource_name":null,"dpop_signing_alg_values_supported":[]})"),
         bare);
   EXPECT_EQ(made("https://srv/mcp", "{}"),
             R"({"resource":"https://srv/mcp","bearer_methods_supported":["header"]})");
}

TEST(ResourceMetadata, KeepsTheOrderWhateverTheProvidersIs) {
   EXPECT_EQ(
         made("https://srv/mcp", R"({
      "dpop_bound_access_tokens_required": false, "jwks_uri": "https://srv/keys",
      "resource_tos_uri": "https://srv/tos", "resource_policy_uri": "https://srv/policy",
      "resource_documentation": "https://srv/docs", "resource_name": "My \u0022server\"",
      "tls_client_certificate_bound_access_tokens": true,
      "resource_signing_alg_values_supported": ["ES256"],
      "authorization_details_types_supported": ["payment"],
      "dpop_signing_alg_values_supported": ["ES256", "EdDSA"],
      "scopes_supported": ["a", "b"], "authorization_servers": ["https://as/1", "https://as/2/"]})",
              {"not", "these"}),
         R"({"resource":"https://srv/mcp","authorization_servers":["https://as/1","https://as/2/"],)"
         R"("scopes_supported":["a","b"],"bearer_methods_supported":["header"],)"
         R"("resource_name":"My \"server\"","resource_documentation":"https://srv/docs",)"
         R"("resource_policy_uri":"https://srv/policy","resource_tos_uri":"https://srv/tos",)"
         R"("jwks_uri":"https://srv/keys","resource_signing_alg_values_supported":["ES256"],)"
         R"("tls_client_certificate_bound_access_tokens":true,)"
         R"("authorization_details_types_supported":["payment"],)"
         R"("dpop_signing_alg_values_supported":["ES256","EdDSA"],)"
         R"("dpop_bound_access_tokens_required":false})");
}

TEST(ResourceMetadata, TakesOnlyWhatIsKnownAndHasItsType) {
   const auto r = make_resource_metadata("https://srv/mcp", R"({
      "resource": "https://evil/mcp", "bearer_methods_supported": ["query"], "signed_metadata": "x.y.z",
      "x_private": 1, "authorization_servers": "https://as", "resource_name": 5,
      "resource_documentation": "javascript:alert", "scopes_supported": ["a", 1],
      "dpop_bound_access_tokens_required": "yes"})",
                                         list{"read"});
   ASSERT_TRUE(r);
   EXPECT_EQ(r->json, R"({"resource":"https://srv/mcp","scopes_supported":["read"],)"
                      R"("bearer_methods_supported":["header"]})");
   EXPECT_THAT(r->left_out,
               testing::UnorderedElementsAre(
                     "resource", "bearer_methods_supported", "signed_metadata", "x_private",
                     "authorization_servers", "resource_name", "resource_documentation",
                     "scopes_supported", "dpop_bound_access_tokens_required"));
}

TEST(ResourceMetadata, RefusesWhatIsNoObject) {
   for (const auto* text : {"", "[]", "null", "{", "{\"a\":1,\"a\":2}"}) {
      const auto r = make_resource_metadata("https://srv/mcp", text, {});
      ASSERT_FALSE(r) << text;
      EXPECT_EQ(r.error().code, core::errc::invalid);
   }
   EXPECT_FALSE(make_resource_metadata("x", R"({"x":")" + std::string(70'000, 'a') + "\"}", {}));
}

TEST(ResourceMetadata, KnowsWhenScopesAreNamed) {
   EXPECT_TRUE(auth::names_scopes(R"({"scopes_supported":["a"]})"));
   for (const auto* text : {"{}", R"({"scopes_supported":[]})", R"({"scopes_supported":null})",
                            R"({"scopes_supported":"a"})", "garbage"})
      EXPECT_FALSE(auth::names_scopes(text)) << text;
}

TEST(DiscoveredScopes, AreTheOnesThatAreScopes) {
   EXPECT_THAT(*auth::scopes_of(R"({"scopes_supported":["a",1,"b c","offline_access","d"]})"),
               ElementsAre("a", "d"));
   EXPECT_THAT(*auth::scopes_of(R"({"scopes_supported":[]})"), ElementsAre());
   EXPECT_THAT(*auth::scopes_of(R"({"scopes_supported":["offline_access"]})"), ElementsAre());
   EXPECT_THAT(*auth::scopes_of(R"({"issuer":"x"})"), ElementsAre());
   for (const auto* text :
        {R"({"scopes_supported":[1,2]})", R"({"scopes_supported":"a"})", "[]", "x"})
      EXPECT_FALSE(auth::scopes_of(text)) << text;
}

TEST(MetadataPlaces, AreThoseThatClientsTry) {
   EXPECT_THAT(auth::metadata_places("https://as/x/y"),
               ElementsAre("https://as/.well-known/oauth-authorization-server/x/y",
                           "https://as/.well-known/openid-configuration/x/y",
                           "https://as/x/y/.well-known/openid-configuration",
                           "https://as/x/y/.well-known/oauth-authorization-server"));
   EXPECT_THAT(auth::metadata_places("https://as/"),
               ElementsAre("https://as/.well-known/oauth-authorization-server",
                           "https://as/.well-known/openid-configuration"));
   EXPECT_THAT(auth::metadata_places("no issuer"), ElementsAre());
}

} // namespace
