#include "client/metadata.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fmcp::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const reach far_away = reach::of_server("https://srv/mcp").value();

TEST(ResourcePlaces, AreTheChallengesThenPathThenRoot) {
   EXPECT_THAT(resource_document_places("https://srv/somewhere", "https://srv/a/mcp"),
               ElementsAre("https://srv/somewhere",
                           "https://srv/.well-known/oauth-protected-resource/a/mcp",
                           "https://srv/.well-known/oauth-protected-resource"));
   EXPECT_THAT(resource_document_places("https://srv/.well-known/oauth-protected-resource/mcp",
                                        "https://srv/mcp"),
               ElementsAre("https://srv/.well-known/oauth-protected-resource/mcp",
                           "https://srv/.well-known/oauth-protected-resource"))
         << "none twice";
   EXPECT_THAT(resource_document_places("", "https://srv"),
               ElementsAre("https://srv/.well-known/oauth-protected-resource"));
}

TEST(IssuerPlaces, AreThoseOfBothStandards) {
   EXPECT_THAT(issuer_document_places("https://as/x/y"),
               ElementsAre("https://as/.well-known/oauth-authorization-server/x/y",
                           "https://as/.well-known/openid-configuration/x/y",
                           "https://as/x/y/.well-known/openid-configuration"));
   EXPECT_THAT(issuer_document_places("https://as"),
               ElementsAre("https://as/.well-known/oauth-authorization-server",
                           "https://as/.well-known/openid-configuration"));
   EXPECT_THAT(issuer_document_places("https://as/"), issuer_document_places("https://as"));
   EXPECT_THAT(issuer_document_places("https://as/?x"), IsEmpty()) << "RFC 8414 section 2";
   EXPECT_THAT(issuer_document_places("as"), IsEmpty());
}

TEST(ResourceDocument, IsRead) {
   const auto d = read_resource_document(
         R"({"resource":"https://srv/mcp","authorization_servers":["https://as",7,"https://b"],)"
         R"("scopes_supported":["a","b","a"],"new":{}})",
         "https://srv/mcp");
   ASSERT_TRUE(d.has_value()) << d.error().message;
   EXPECT_EQ(d->resource, "https://srv/mcp");
   EXPECT_THAT(d->issuers, ElementsAre("https://as", "https://b"));
   EXPECT_THAT(d->scopes_supported, ElementsAre("a", "b"));
}

TEST(ResourceDocument, IsRefused) {
   const auto why = [](std::string_view text) {
      const auto d = read_resource_document(text, "https://srv/mcp");
      return d ? std::string("accepted") : d.error().message;
   };
   EXPECT_THAT(why("<html>"), HasSubstr("no JSON"));
   EXPECT_THAT(why("[]"), HasSubstr("no JSON object"));
   EXPECT_THAT(why(R"({"authorization_servers":["https://as"]})"), HasSubstr("the resource \"\""));
   EXPECT_THAT(why(R"({"resource":"https://evil/mcp","authorization_servers":["https://as"]})"),
               HasSubstr("\"https://evil/mcp\", which is not https://srv/mcp"));
   EXPECT_THAT(why(R"({"resource":"https://srv/mcp","authorization_servers":[]})"),
               HasSubstr("names no authorization server"));
   std::string many = R"({"resource":"https://srv/mcp","authorization_servers":["https://as")";
   for (int i = 0; i < 16; ++i) many += R"(,"https://as")";
   EXPECT_THAT(why(many + "]}"), HasSubstr("too many"));
}

std::string issuer_text(std::string_view changed = "", std::string_view with = "") {
   std::string text =
         R"({"issuer":"https://as","authorization_endpoint":"https://as/authorize",)"
         R"("token_endpoint":"https://as/token","registration_endpoint":"https://as/register",)"
         R"("scopes_supported":["a"],"code_challenge_methods_supported":["plain","S256"],)"
         R"("client_id_metadata_document_supported":true,)"
         R"("authorization_response_iss_parameter_supported":true})";
   if (!changed.empty()) text.replace(text.find(changed), changed.size(), with);
   return text;
}

TEST(IssuerDocument, IsRead) {
   const auto d = read_issuer_document(issuer_text(), "https://as", far_away);
   ASSERT_TRUE(d.has_value()) << d.error().message;
   EXPECT_EQ(d->authorization_endpoint, "https://as/authorize");
   EXPECT_EQ(d->token_endpoint, "https://as/token");
   EXPECT_EQ(d->registration_endpoint, "https://as/register");
   EXPECT_THAT(d->scopes_supported, ElementsAre("a"));
   EXPECT_TRUE(d->accepts_metadata_urls);
   EXPECT_TRUE(d->names_itself);
}

struct flaw {
   const char* changed;
   const char* with;
   const char* why;
};
class IssuerFlaws : public ::testing::TestWithParam<flaw> {};

TEST_P(IssuerFlaws, AreRefused) {
   const auto& [changed, with, why] = GetParam();
   const auto d = read_issuer_document(issuer_text(changed, with), "https://as", far_away);
   ASSERT_FALSE(d.has_value());
   EXPECT_THAT(d.error().message, HasSubstr(why));
}
INSTANTIATE_TEST_SUITE_P(
      All, IssuerFlaws,
      ::testing::Values(
            flaw{R"("issuer":"https://as")", R"("issuer":"https://as/")", "to the letter"},
            flaw{R"("issuer":"https://as")", R"("issuer":"https://evil")", "to the letter"},
            flaw{R"("issuer":"https://as")", R"("no":1)", "to the letter"},
            flaw{"https://as/token", "http://as/token", "token_endpoint"},
            flaw{"https://as/token", "http://127.0.0.1/token", "token_endpoint"},
            flaw{"https://as/authorize", "javascript:alert(1)", "authorization_endpoint"},
            flaw{"https://as/register", "file:///etc/passwd", "registration_endpoint"},
            flaw{R"("token_endpoint")", R"("x")", "names no token_endpoint"},
            flaw{"S256", "s256", "PKCE"},
            flaw{R"("code_challenge_methods_supported")", R"("x")", "PKCE"}));

} // namespace
} // namespace fmcp::client
