// The example providers do what their README says.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sdk/fake_auth_host.hpp"

namespace fmcp {
namespace {

using test::fake_auth_host;
using test::fake_hosted_provider;
using test::loaded_file;
using testing::ElementsAre;

std::string example(const std::string& name) {
   return FMCP_TEST_BINARY_DIR "/examples/" + name + ".so";
}

TEST(Examples, TheProviderAsksWhoseTokenItIs) {
   const loaded_file file(example("auth_provider"));
   fake_auth_host host;
   fake_hosted_provider p(host, file.entry(),
                          R"({"endpoint":"https://a.example/whoami","required_scopes":["read"]})");
   ASSERT_EQ(p.problem(), "");
   EXPECT_EQ(test::text_at(p.info().resource_metadata_json), R"({"scopes_supported":["read"]})");
   const auto good = p.ask("tok");
   EXPECT_EQ(host.fetches.at(0).url, "https://a.example/whoami");
   EXPECT_EQ(host.fetches.at(0).headers.at("Authorization"), "Bearer tok");
   host.answer_fetch(0, 200, R"({"user":"ann","scopes":["read"],"expires_in":300})");
   const auto v = p.answer_of(good);
   EXPECT_EQ(v.decision, FMCP_AUTH_ALLOW);
   EXPECT_EQ(v.subject, "ann");
   EXPECT_THAT(v.scopes, ElementsAre("read"));
   EXPECT_EQ(v.expires_unix_ms, host.unix_ms + 300'000);
   EXPECT_EQ(v.cache_ttl_s, 30u);
}

TEST(Examples, TheProviderTellsRefusalFromOutage) {
   const loaded_file file(example("auth_provider"));
   fake_auth_host host;
   fake_hosted_provider p(host, file.entry(), R"({"endpoint":"https://a.example/whoami"})");
   ASSERT_EQ(p.problem(), "");
   const auto decide = [&](int status, std::string_view body) {
      const auto c = p.ask("tok");
      host.answer_fetch(host.fetches.size() - 1, status, body);
      return p.answer_of(c).decision;
   };
   EXPECT_EQ(decide(401, ""), FMCP_AUTH_DENY);
   EXPECT_EQ(decide(200, "{}"), FMCP_AUTH_DENY);
   EXPECT_EQ(decide(500, ""), FMCP_AUTH_UNAVAILABLE);
   EXPECT_EQ(decide(200, "<html>"), FMCP_AUTH_UNAVAILABLE);
   EXPECT_EQ(decide(200, R"({"user":7})"), FMCP_AUTH_UNAVAILABLE);
   host.start_status = FMCP_E_BUSY;
   EXPECT_EQ(p.verify("tok").decision, FMCP_AUTH_UNAVAILABLE);
   EXPECT_EQ(p.verify("tok").reason, FMCP_AUTH_WHY_BUSY);
}

TEST(Examples, TheProviderInCComparesDigests) {
   const loaded_file file(example("auth_provider_c"));
   fake_auth_host host;
   fake_hosted_provider p(host, file.entry(), "{}", {{"key", "0123456789abcdef"}});
   ASSERT_EQ(p.problem(), "");
   const auto good = p.verify("0123456789abcdef");
   EXPECT_EQ(good.decision, FMCP_AUTH_ALLOW);
   EXPECT_EQ(good.client_id, "shared");
   EXPECT_EQ(p.verify("0123456789abcdeg").decision, FMCP_AUTH_DENY);
   EXPECT_EQ(p.verify("0123456789abcde").decision, FMCP_AUTH_DENY);
   EXPECT_EQ(p.info().required_scopes.count, 0u);
}

} // namespace
} // namespace fmcp
