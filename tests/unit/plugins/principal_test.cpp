#include "plugins/principal.hpp"

#include <gtest/gtest.h>

#include "unit/plugins/fake_plugin.hpp"

namespace fmcp::plugins {
namespace {

using test::text_of;

core::principal alice(std::size_t scopes) {
   core::principal who;
   who.subject = "alice";
   who.client_id = "cli";
   who.issuer = "https://idp.example";
   who.provider = "descope";
   who.tenant = "acme";
   who.claims_json = R"({"sub":"alice"})";
   who.expires_unix_ms = 42;
   for (std::size_t i = 0; i < scopes; ++i) who.scopes.push_back("scope:" + std::to_string(i));
   return who;
}

TEST(PrincipalView, ShowsEverything) {
   for (const std::size_t scopes : {0u, 1u, 8u, 9u, 200u}) {
      const auto who = alice(scopes);
      const principal_view view(who);
      const fmcp_principal* p = view.get();
      ASSERT_NE(p, nullptr);
      EXPECT_EQ(p->size, sizeof(fmcp_principal));
      EXPECT_EQ(p->flags, 0u);
      EXPECT_EQ(text_of(p->subject), "alice");
      EXPECT_EQ(text_of(p->client_id), "cli");
      EXPECT_EQ(text_of(p->issuer), "https://idp.example");
      EXPECT_EQ(text_of(p->provider), "descope");
      EXPECT_EQ(text_of(p->tenant), "acme");
      EXPECT_EQ(text_of(p->claims_json), R"({"sub":"alice"})");
      EXPECT_EQ(p->expires_unix_ms, 42);
      ASSERT_EQ(p->scopes.count, scopes);
      for (std::uint32_t i = 0; i < scopes; ++i) {
         fmcp_str s{};
         std::memcpy(&s, element(p->scopes, i), sizeof s);
         EXPECT_EQ(text_of(s), "scope:" + std::to_string(i));
      }
   }
}

} // namespace
} // namespace fmcp::plugins
