// When the issuer or the provider fails: nobody is let in who should not be, nobody is sent away
// who need not be, and all is well again when they are.

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/protected_host.hpp"

namespace {

using namespace fmcp::test;
using fmcp::crypto::algorithm;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using issuer_mode = scripted_issuer::mode;

const token_maker& key(std::string_view kid = "k1") {
   return token_maker::of(algorithm::rs256, kid);
}
std::string token_of(const token_maker& k) {
   return k.token(claims(now_s()).set("jti", '"' + std::to_string(std::rand()) + '"'));
}

TEST(IssuerFaults, KnownKeysServeOnWhileItIsDown) {
   scripted_issuer issuer;
   issuer.publish(jwks({key().jwk()}));
   const http_host host(protected_by(jwt_provider(issuer)));
   ASSERT_EQ(whoami_as(host, token_of(key())).status, 200);
   issuer.behave(issuer_mode::refusing);
   for (int i = 0; i < 5; ++i) EXPECT_EQ(whoami_as(host, token_of(key())).status, 200);
   const auto unknown = whoami_as(host, token_of(key("k2")));
   EXPECT_EQ(unknown.status, 503) << unknown.body;
   EXPECT_TRUE(unknown.has("Retry-After"));
   EXPECT_FALSE(unknown.has("WWW-Authenticate")) << "the token may be good: no client logs in anew";
   EXPECT_EQ(ask(host.port(), {.target = "/healthz"}).status, 200);
}

TEST(IssuerFaults, RecoveryNeedsNoRestart) {
   scripted_issuer issuer;
   issuer.behave(issuer_mode::refusing);
   issuer.publish(jwks({key().jwk()}));
   const http_host host(protected_by(jwt_provider(issuer)));
   EXPECT_EQ(whoami_as(host, token_of(key())).status, 503);
   issuer.behave(issuer_mode::good);
   EXPECT_EQ(whoami_until(host, token_of(key()), 503).status, 200);
}

TEST(IssuerFaults, RotationRefusesNoValidToken) {
   scripted_issuer issuer;
   issuer.publish(jwks({key("old").jwk()}));
   const http_host host(protected_by(jwt_provider(issuer)));
   ASSERT_EQ(whoami_as(host, token_of(key("old"))).status, 200);
   issuer.publish(jwks({key("new").jwk(), key("old").jwk()}));
   std::atomic<int> refused{0}, served{0};
   {
      std::vector<std::jthread> clients;
      for (int c = 0; c < 4; ++c) {
         clients.emplace_back([&, c] {
            for (int i = 0; i < 25; ++i) {
               const auto status =
                     whoami_as(host, token_of(key((c + i) % 2 == 0 ? "new" : "old"))).status;
               ++(status == 200 ? served : refused);
            }
         });
      }
   }
   EXPECT_EQ(refused, 0);
   EXPECT_EQ(served, 100);
}

TEST(IssuerFaults, AFloodOfUnknownKeysCausesTwoFetches) {
   scripted_issuer issuer;
   issuer.publish(jwks({key().jwk()}));
   const http_host host(protected_by(jwt_provider(issuer)));
   ASSERT_EQ(whoami_as(host, token_of(key())).status, 200);
   const int before = issuer.fetches();
   const auto payload = claims(now_s()).text();
   const auto& cheap = token_maker::of(algorithm::hs256);
   std::atomic<int> let_in{0}, served{0};
   {
      std::vector<std::jthread> clients;
      for (int c = 0; c < 8; ++c) {
         clients.emplace_back([&, c] {
            connection line(host.port());
            for (int i = 0; i < 1250; ++i) {
               const auto kid = std::to_string(c) + '-' + std::to_string(i);
               auto head = key().header().set("kid", '"' + kid + '"');
               // The key is not found, so the signature is never looked at, and any will do.
               auto rq = modern_call(host.path(), "whoami");
               const auto encoded = cheap.sign(head.text(), payload);
               rq.fields.emplace_back("Authorization", "Bearer " + encoded);
               let_in += line.ask(rq).status == 200;
               if (i % 250 == 0) served += whoami_as(host, token_of(key())).status == 200;
            }
         });
      }
   }
   EXPECT_EQ(let_in, 0);
   EXPECT_EQ(served, 40) << "those with a known key noticed the flood";
   EXPECT_LE(issuer.fetches() - before, 2);
}

TEST(IssuerFaults, NoAnswerOfAnIssuerLetsAnybodyIn) {
   for (const auto mode : {issuer_mode::garbage, issuer_mode::huge, issuer_mode::failing,
                           issuer_mode::redirecting, issuer_mode::hanging}) {
      scripted_issuer issuer;
      issuer.behave(mode);
      http_host host(protected_by(jwt_provider(issuer)));
      const auto answer = whoami_as(host, token_of(key()));
      EXPECT_EQ(answer.status, 503) << static_cast<int>(mode) << answer.body;
      issuer.publish(jwks({key().jwk()}));
      issuer.behave(issuer_mode::good);
      EXPECT_EQ(whoami_until(host, token_of(key()), 503).status, 200);
   }
}

// ---- providers that break the rules ----

/// A host behind the test provider, which does as `mode` says.
host_setup behind(const std::string& mode, const temp_dir& providers,
                  std::vector<std::string> options = {}) {
   std::filesystem::copy_file(test_plugin("bad_auth"), providers.at("bad_auth.so"),
                              std::filesystem::copy_options::overwrite_existing);
   options.insert(options.end(), {"--auth-plugin-dir", providers.path()});
   return protected_by(provider("bad", "BAD_AUTH", {{"MODE", mode}}), std::move(options));
}

TEST(ProviderFaults, AGoodOneLetsIn) {
   const temp_dir providers;
   const http_host host(behind("good", providers));
   EXPECT_EQ(whoami_as(host, "good").status, 200);
   EXPECT_EQ(whoami_as(host, "later").status, 200);
   EXPECT_EQ(whoami_as(host, "bad").status, 401);
}

TEST(ProviderFaults, NoneLetsAnybodyIn) {
   for (const auto* mode :
        {"hang_verify", "never_complete", "no_answer", "error", "garbage_decision",
         "allow_without_principal", "allow_bad_utf8", "huge_scopes"}) {
      const temp_dir providers;
      const http_host host(behind(mode, providers, {"--verify-timeout", "300ms"}));
      for (const auto* token : {"good", "bad"}) {
         const auto answer = whoami_as(host, token);
         EXPECT_THAT(answer.status, AnyOf(401, 503)) << mode << ' ' << answer.body;
      }
      EXPECT_EQ(ask(host.port(), {.target = "/healthz"}).status, 200) << mode;
   }
}

TEST(ProviderFaults, ACrashLetsNobodyIn) {
   const temp_dir providers;
   http_host host(behind("crash", providers));
   EXPECT_ANY_THROW((void)whoami_as(host, "good")) << "there was an answer";
   const auto code = host.process().wait_exit();
   ASSERT_TRUE(code.has_value());
   EXPECT_NE(*code, 0);
}

TEST(ProviderFaults, OneThatHangsAtTheStartEndsTheStart) {
   const temp_dir providers, directory;
   std::filesystem::copy_file(test_plugin("bad_auth"), providers.at("bad_auth.so"));
   const auto f =
         run_host({"run", "--transport", "http", "--port", "0", "--plugin-dir", directory.path(),
                   "--auth-plugin-dir", providers.path(), "--load-timeout", "300ms"},
                  directory, provider("bad", "BAD_AUTH", {{"MODE", "hang_init"}}));
   EXPECT_NE(f.code, 0);
   EXPECT_THAT(f.err, HasSubstr("bad_auth.so"));
   EXPECT_THAT(f.err, ::testing::Not(HasSubstr("listening")));
}

} // namespace
