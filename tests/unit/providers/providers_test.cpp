// The shipped providers as files, in a host of scripted tables.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sdk/fake_auth_host.hpp"
#include "support/temp_dir.hpp"

namespace fmcp {
namespace {

using test::fake_auth_host;
using test::fake_hosted_provider;
using test::loaded_file;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string file_of(const std::string& name) {
   return FMCP_TEST_BINARY_DIR "/lib/fastmcp-host/auth/" + name + ".so";
}

constexpr auto descope_config =
      R"({"base_url":"https://srv.example","project_id":"P2","descope_base_url":"https://api.descope.com","leeway":0})";

TEST(DescopeProvider, RegistersOnePolicyAndTellsClientsWhereToLogIn) {
   const loaded_file file(file_of("descope"));
   fake_auth_host host;
   fake_hosted_provider p(host, file.entry(), descope_config);
   ASSERT_EQ(p.problem(), "");
   ASSERT_EQ(host.policies.size(), 1u);
   const auto& policy = host.policies[0];
   EXPECT_EQ(policy.jwks_uri, "https://api.descope.com/P2/.well-known/jwks.json");
   EXPECT_EQ(policy.issuers.size(), 5u);
   EXPECT_THAT(policy.audiences, ElementsAre("P2"));
   EXPECT_THAT(policy.algorithms, ElementsAre("RS256"));
   EXPECT_EQ(policy.flags, 0u);
   EXPECT_EQ(p.auth().flags, FMCP_AUTH_NONBLOCKING);
   const auto& info = p.info();
   EXPECT_EQ(test::text_at(info.resource_metadata_json),
             R"({"authorization_servers":["https://api.descope.com/v1/apps/P2"]})");
   EXPECT_EQ(test::texts_at(info.as_metadata_urls).size(), 2u);
   EXPECT_EQ(test::text_at(info.scopes_discovery_url),
             "https://api.descope.com/v1/apps/P2/.well-known/openid-configuration");
   EXPECT_EQ(info.required_scopes.count, 0u);
   EXPECT_THAT(host.log_text(), HasSubstr("audience P2; clients log in at"));
}

TEST(DescopeProvider, ConfiguredScopesNeedNoDiscovery) {
   const loaded_file file(file_of("descope"));
   fake_auth_host host;
   fake_hosted_provider p(
         host, file.entry(),
         R"({"base_url":"https://srv.example","config_url":"https://d.example/v1/apps/agentic/P2/M1",
             "required_scopes":["read"],"scopes_supported":["read","write"],"leeway":30000,
             "resource_name":"Ours","resource_documentation":"https://srv.example/doc",
             "audience":["a","b"]})");
   ASSERT_EQ(p.problem(), "");
   EXPECT_EQ(host.policies.at(0).leeway_s, 30u);
   EXPECT_THAT(host.policies.at(0).audiences, ElementsAre("a", "b"));
   const auto& info = p.info();
   EXPECT_EQ(test::text_at(info.resource_metadata_json),
             R"({"authorization_servers":["https://d.example/v1/apps/agentic/P2/M1"],)"
             R"("scopes_supported":["read","write"],"resource_name":"Ours",)"
             R"("resource_documentation":"https://srv.example/doc"})");
   EXPECT_THAT(test::texts_at(info.required_scopes), ElementsAre("read"));
   EXPECT_EQ(info.scopes_discovery_url.len, 0u);
}

TEST(DescopeProvider, SettingsThatFitNobodyAreRefused) {
   const loaded_file file(file_of("descope"));
   fake_auth_host host;
   fake_hosted_provider p(
         host, file.entry(),
         R"({"base_url":"https://srv.example","config_url":"https://x.example/"})");
   EXPECT_THAT(p.problem(), HasSubstr("{config_url} is not of the form"));
   EXPECT_TRUE(host.policies.empty());
   host.policy_status = FMCP_E_INVALID;
   fake_hosted_provider q(host, file.entry(), descope_config);
   EXPECT_EQ(q.problem(), "issuers is empty.");
   host.missing = {"fmcp.jwt/1"};
   fake_hosted_provider r(host, file.entry(), descope_config);
   EXPECT_THAT(r.problem(), HasSubstr("no service fmcp.jwt/1"));
   host.missing = {"fmcp.auth-host/1"};
   fake_hosted_provider s(host, file.entry(), descope_config);
   EXPECT_THAT(s.problem(), HasSubstr("no service fmcp.auth-host/1"));
}

TEST(DescopeProvider, AnswersAtOnceWhenTheKeyIsThere) {
   const loaded_file file(file_of("descope"));
   fake_auth_host host;
   fake_hosted_provider p(host, file.entry(), descope_config);
   ASSERT_EQ(p.problem(), "");
   host.jwt.claims_json = R"({"sub":"ann","exp":1800000000})";
   const auto good = p.verify("a.b.c");
   EXPECT_EQ(good.decision, FMCP_AUTH_ALLOW);
   EXPECT_EQ(good.flags, FMCP_AUTH_FROM_CLAIMS);
   EXPECT_EQ(good.claims_json, host.jwt.claims_json);
   EXPECT_EQ(good.cache_ttl_s, 300u);
   host.jwt = {FMCP_E_DENIED, FMCP_AUTH_WHY_WRONG_AUDIENCE, "", "It is for somebody else."};
   const auto bad = p.verify("a.b.c");
   EXPECT_EQ(bad.decision, FMCP_AUTH_DENY);
   EXPECT_EQ(bad.http_status, 401);
   EXPECT_EQ(bad.reason, FMCP_AUTH_WHY_WRONG_AUDIENCE);
   EXPECT_EQ(bad.detail, "It is for somebody else.");
   host.jwt = {FMCP_E_IO, FMCP_AUTH_WHY_UPSTREAM, "", "No keys."};
   EXPECT_EQ(p.verify("a.b.c").decision, FMCP_AUTH_UNAVAILABLE);
   host.jwt = {FMCP_E_INVALID, FMCP_AUTH_WHY_NONE, "", ""};
   EXPECT_EQ(p.verify("a.b.c").decision, FMCP_AUTH_UNAVAILABLE);
}

TEST(DescopeProvider, WaitsForAKeyThatIsNotThere) {
   const loaded_file file(file_of("descope"));
   fake_auth_host host;
   fake_hosted_provider p(host, file.entry(), descope_config);
   host.jwt.status = FMCP_PENDING;
   const auto first = p.ask("a.b.c");
   EXPECT_EQ(p.status, FMCP_PENDING);
   EXPECT_EQ(host.verdicts.count(first), 0u);
   host.key_arrives({FMCP_OK, FMCP_AUTH_WHY_NONE, R"({"sub":"ann"})", ""});
   EXPECT_EQ(p.answer_of(first).decision, FMCP_AUTH_ALLOW);
   const auto second = p.ask("a.b.c");
   host.key_arrives({FMCP_E_IO, FMCP_AUTH_WHY_UPSTREAM, "", "Timed out."});
   EXPECT_EQ(p.answer_of(second).decision, FMCP_AUTH_UNAVAILABLE);
   EXPECT_EQ(p.answer_of(second).detail, "Timed out.");
   host.start_status = FMCP_E_BUSY;
   const auto busy = p.verify("a.b.c");
   EXPECT_EQ(busy.decision, FMCP_AUTH_UNAVAILABLE);
   EXPECT_EQ(busy.reason, FMCP_AUTH_WHY_BUSY);
}

constexpr auto jwt_config =
      R"({"jwks_uri":"https://id.example/keys","issuer":["https://id.example"],"audience":["api"],
          "algorithm":["ES256","RS256"],"types":["vendor-at+jwt"],"required_scopes":["read"],"leeway":0,
          "allow_any_issuer":false,"allow_any_audience":false,
          "authorization_servers":["https://id.example"]})";

TEST(JwtProvider, TakesItsPolicyFromTheSettings) {
   const loaded_file file(file_of("jwt"));
   fake_auth_host host;
   fake_hosted_provider p(host, file.entry(), jwt_config);
   ASSERT_EQ(p.problem(), "");
   EXPECT_EQ(host.policies.at(0).jwks_uri, "https://id.example/keys");
   EXPECT_THAT(host.policies.at(0).algorithms, ElementsAre("ES256", "RS256"));
   EXPECT_THAT(host.policies.at(0).types, ElementsAre("vendor-at+jwt"));
   EXPECT_EQ(test::text_at(p.info().resource_metadata_json),
             R"({"authorization_servers":["https://id.example"],"scopes_supported":["read"]})");
   EXPECT_EQ(p.verify("a.b.c").decision, FMCP_AUTH_ALLOW);
   EXPECT_EQ(host.log_text(), "Accepts tokens of https://id.example for api, signed with ES256 or "
                              "RS256; keys come from https://id.example/keys.\n");
}

TEST(JwtProvider, HandsASharedSecretOnAndLogsItNowhere) {
   const loaded_file file(file_of("jwt"));
   fake_auth_host host;
   fake_hosted_provider p(
         host, file.entry(),
         R"({"algorithm":["HS256"],"allow_any_issuer":true,"allow_any_audience":true})",
         {{"public_key", "correct horse battery staple 123"}});
   ASSERT_EQ(p.problem(), "");
   EXPECT_EQ(host.policies.at(0).shared_secret, "correct horse battery staple 123");
   EXPECT_EQ(host.policies.at(0).pem, "");
   EXPECT_EQ(host.policies.at(0).flags, FMCP_JWT_ANY_ISSUER | FMCP_JWT_ANY_AUDIENCE);
   EXPECT_THAT(host.log_text(), Not(HasSubstr("horse")));
   fake_hosted_provider q(host, file.entry(), R"({"algorithm":["RS256"]})",
                          {{"public_key", "correct horse"}});
   EXPECT_THAT(q.problem(), HasSubstr("not a key in PEM"));
   EXPECT_THAT(q.problem(), Not(HasSubstr("horse")));
}

std::string static_config(const std::string& path) {
   return R"({"tokens_file":")" + path + R"(","required_scopes":["read"]})";
}

TEST(StaticProvider, KnowsTheTokensOfItsFile) {
   const loaded_file file(file_of("static"));
   const test::temp_dir dir;
   // The digest is that of "hashed-token".
   const auto path = dir.put(
         "t.json", R"({"dev-token":{"client_id":"me","scopes":["read"],"claims":{"team":"a"}},
                       "old":{"client_id":"me","expires_at":1700000000},
                       "new":{"subject":"you","expires_at":1700000001}})",
         0600);
   fake_auth_host host;
   fake_hosted_provider p(host, file.entry(), static_config(path));
   ASSERT_EQ(p.problem(), "");
   const auto good = p.verify("dev-token");
   EXPECT_EQ(good.decision, FMCP_AUTH_ALLOW);
   EXPECT_EQ(good.client_id, "me");
   EXPECT_EQ(good.claims_json, R"({"team":"a"})");
   EXPECT_THAT(good.scopes, ElementsAre("read"));
   EXPECT_EQ(good.cache_ttl_s, 1u);
   EXPECT_EQ(p.verify("old").reason, FMCP_AUTH_WHY_EXPIRED);
   EXPECT_EQ(p.verify("new").expires_unix_ms, 1'700'000'001'000);
   const auto bad = p.verify("dev-tokem");
   EXPECT_EQ(bad.decision, FMCP_AUTH_DENY);
   EXPECT_EQ(bad.reason, FMCP_AUTH_WHY_INACTIVE);
   EXPECT_THAT(test::texts_at(p.info().required_scopes), ElementsAre("read"));
   EXPECT_THAT(host.log_text(), Not(HasSubstr("dev-token")));
}

TEST(StaticProvider, CountsAnExpiryBeyondItsClockAsFarAway) {
   const loaded_file file(file_of("static"));
   const test::temp_dir dir;
   // A clock that counts nanoseconds in 64 bits ends in the second 9223372036.
   const auto path = dir.put("t.json", R"({"last":{"client_id":"me","expires_at":9223372036},
                                           "next":{"client_id":"me","expires_at":9223372037},
                                           "9999":{"client_id":"me","expires_at":253402300799},
                                           "1970":{"client_id":"me","expires_at":0}})",
                             0600);
   fake_auth_host host;
   fake_hosted_provider p(host, file.entry(), static_config(path));
   ASSERT_EQ(p.problem(), "");
   for (const auto* token : {"last", "next", "9999"}) {
      const auto good = p.verify(token);
      EXPECT_EQ(good.decision, FMCP_AUTH_ALLOW) << token;
      EXPECT_EQ(good.expires_unix_ms, 9'223'372'036'000) << token;
   }
   EXPECT_EQ(p.verify("1970").reason, FMCP_AUTH_WHY_EXPIRED);
}

TEST(StaticProvider, RefusesAFileWhoseExpiryIsNone) {
   const loaded_file file(file_of("static"));
   const test::temp_dir dir;
   const auto path =
         dir.put("t.json", R"({"a":{"client_id":"me","expires_at":-10000000000}})", 0600);
   fake_auth_host host;
   fake_hosted_provider p(host, file.entry(), static_config(path));
   EXPECT_THAT(p.problem(), HasSubstr("Entry 1 cannot be used: expires_at is not between"));
}

TEST(StaticProvider, KnowsATokenByItsDigest) {
   const loaded_file file(file_of("static"));
   const test::temp_dir dir;
   // SHA-256 of "abc", FIPS 180-4.
   const auto path =
         dir.put("t.json",
                 R"({"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad":
             {"client_id":"ci"}})",
                 0600);
   fake_auth_host host;
   fake_hosted_provider p(host, file.entry(), static_config(path));
   ASSERT_EQ(p.problem(), "");
   EXPECT_EQ(p.verify("abc").client_id, "ci");
   EXPECT_EQ(p.verify("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
                   .decision,
             FMCP_AUTH_DENY);
}

TEST(StaticProvider, LooksAtItsFileAgainAfterASecond) {
   const loaded_file file(file_of("static"));
   const test::temp_dir dir;
   const auto path = dir.put("t.json", R"({"one":{"client_id":"me"}})", 0600);
   fake_auth_host host;
   fake_hosted_provider p(host, file.entry(), static_config(path));
   dir.put("t.json", R"({"twain":{"client_id":"me"}})", 0600);
   EXPECT_EQ(p.verify("one").decision, FMCP_AUTH_ALLOW); // within the second
   host.mono_ns += 1'000'000'000;
   const auto gone = p.ask("one");
   EXPECT_EQ(p.status, FMCP_PENDING);
   EXPECT_EQ(host.verdicts.count(gone), 0u); // never on the thread that serves the network
   host.run_tasks();
   EXPECT_EQ(p.answer_of(gone).decision, FMCP_AUTH_DENY);
   EXPECT_EQ(p.verify("twain").decision, FMCP_AUTH_ALLOW);
}

TEST(StaticProvider, AnUnusableFileLetsNobodyInUntilItIsMended) {
   const loaded_file file(file_of("static"));
   const test::temp_dir dir;
   const auto path = dir.put("t.json", R"({"one":{"client_id":"me"}})", 0600);
   fake_auth_host host;
   fake_hosted_provider p(host, file.entry(), static_config(path));
   const auto ask_later = [&] {
      host.mono_ns += 1'000'000'000;
      const auto c = p.ask("one");
      host.run_tasks();
      return p.answer_of(c).decision;
   };
   dir.put("t.json", R"({"one":)", 0600);
   EXPECT_EQ(ask_later(), FMCP_AUTH_UNAVAILABLE);
   EXPECT_EQ(p.verify("one").decision, FMCP_AUTH_UNAVAILABLE);
   dir.put("t.json", R"({"one":{"client_id":"me"} })", 0644);
   EXPECT_EQ(ask_later(), FMCP_AUTH_UNAVAILABLE);
   EXPECT_THAT(host.log_text(), HasSubstr("chmod 600"));
   dir.put("t.json", R"({"one":{"client_id":"me"}  })", 0600);
   EXPECT_EQ(ask_later(), FMCP_AUTH_ALLOW);
   std::filesystem::remove(path);
   EXPECT_EQ(ask_later(), FMCP_AUTH_UNAVAILABLE);
}

TEST(StaticProvider, DoesNotStartWithoutItsFile) {
   const loaded_file file(file_of("static"));
   const test::temp_dir dir;
   fake_auth_host host;
   EXPECT_THAT(fake_hosted_provider(host, file.entry(), static_config(dir.at("none"))).problem(),
               HasSubstr("cannot be opened"));
   const auto open = dir.put("t.json", "{}", 0644);
   EXPECT_THAT(fake_hosted_provider(host, file.entry(), static_config(open)).problem(),
               HasSubstr("chmod 600"));
}

constexpr auto introspection_config =
      R"({"introspection_url":"https://as.example/introspect","client_id":"rs",
          "client_auth_method":"basic","timeout_seconds":10,"cache_ttl_seconds":60})";

TEST(IntrospectionProvider, AsksTheAuthorizationServer) {
   const loaded_file file(file_of("introspection"));
   fake_auth_host host;
   fake_hosted_provider p(host, file.entry(), introspection_config, {{"client_secret", "hush"}});
   ASSERT_EQ(p.problem(), "");
   const auto c = p.ask("opaque");
   EXPECT_EQ(p.status, FMCP_PENDING);
   ASSERT_EQ(host.fetches.size(), 1u);
   const auto& f = host.fetches[0];
   EXPECT_EQ(f.method, "POST");
   EXPECT_EQ(f.url, "https://as.example/introspect");
   EXPECT_EQ(f.body, "token=opaque&token_type_hint=access_token");
   EXPECT_EQ(f.headers.at("Authorization"), "Basic cnM6aHVzaA==");
   EXPECT_EQ(f.timeout_ms, 10'000u);
   EXPECT_EQ(f.max_body, 64u << 10);
   EXPECT_EQ(f.max_redirects, 0u);
   host.answer_fetch(0, 200, R"({"active":true,"sub":"ann"})");
   const auto v = p.answer_of(c);
   EXPECT_EQ(v.decision, FMCP_AUTH_ALLOW);
   EXPECT_EQ(v.claims_json, R"({"active":true,"sub":"ann"})");
   EXPECT_EQ(v.cache_ttl_s, 60u);
   EXPECT_THAT(host.log_text(), Not(HasSubstr("hush")));
}

TEST(IntrospectionProvider, AnOutageIsNoRefusal) {
   const loaded_file file(file_of("introspection"));
   fake_auth_host host;
   fake_hosted_provider p(host, file.entry(), introspection_config, {{"client_secret", "hush"}});
   const auto down = p.ask("opaque");
   host.fail_fetch(0, FMCP_E_IO, "no connection");
   EXPECT_EQ(p.answer_of(down).decision, FMCP_AUTH_UNAVAILABLE);
   const auto inactive = p.ask("opaque");
   host.answer_fetch(1, 200, R"({"active":false})");
   EXPECT_EQ(p.answer_of(inactive).decision, FMCP_AUTH_DENY);
   host.start_status = FMCP_E_BUSY;
   EXPECT_EQ(p.verify("opaque").reason, FMCP_AUTH_WHY_BUSY);
}

TEST(IntrospectionProvider, EndsBeforeTheHostsPatienceDoes) {
   const loaded_file file(file_of("introspection"));
   fake_auth_host host;
   fake_hosted_provider p(host, file.entry(), introspection_config, {{"client_secret", "hush"}});
   p.ask("opaque", host.mono_ns + 5'000'000'000);
   EXPECT_EQ(host.fetches.at(0).timeout_ms, 4'500u);
   p.ask("opaque", host.mono_ns - 1);
   EXPECT_EQ(host.fetches.at(1).timeout_ms, 1u);
   host.fail_fetch(0, FMCP_E_GONE, "");
   host.fail_fetch(1, FMCP_E_GONE, "");
}

} // namespace
} // namespace fmcp
