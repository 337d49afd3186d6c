// An identity provider that is down, slow, hostile or changes its keys: known keys serve on,
// unknown ones are 503 and never 401, nothing needs a restart, and nobody gets in.

#include <atomic>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/protected_host.hpp"
#include "support/scripted_server.hpp"
#include "support/token_maker.hpp"

namespace {

using namespace fmcp::test;
using enum fmcp::crypto::algorithm;
using mode = scripted_server::mode;

/// The n-th key of an issuer that rotates.
const token_maker& key(int n) {
   return token_maker::of(es256, "k" + std::to_string(n));
}

/// A token that no cache has seen.
std::string fresh(const token_maker& by, std::string_view kid = {}) {
   static std::atomic<int> count = 0;
   auto head = by.header();
   if (!kid.empty()) head.set("kid", "\"" + std::string(kid) + "\"");
   return by.token(head, claims(unix_now()).set("jti", "\"" + std::to_string(++count) + "\""));
}

class IssuerFaults : public ::testing::Test {
protected:
   IssuerFaults() { publish({1}); }

   void publish(const std::vector<int>& numbers) {
      std::vector<std::string> keys;
      for (const int n : numbers) keys.push_back(key(n).jwk());
      idp.serve("/jwks", jwks(keys));
   }
   [[nodiscard]] host_setup setup() const {
      auto named = usual_jwt();
      named.insert(named.end(),
                   {{"JWT_JWKS_URI", idp.origin() + "/jwks"}, {"JWT_ALGORITHM", "ES256"}});
      return protected_by("jwt", named);
   }
   static void expect_alive(const http_host& host) {
      EXPECT_EQ(ask(host.port(), {.target = "/healthz"}).status, 200);
   }

   scripted_server idp;
};

// Down

TEST_F(IssuerFaults, KnownKeysServeOnWhileItIsDown) {
   http_host host(setup());
   expect_let_in(host, fresh(key(1)), "user-1");
   for (const auto bad : {mode::refuse, mode::reset, mode::failing, mode::garbage}) {
      idp.behave(bad);
      for (int i = 0; i < 3; ++i) {
         expect_let_in(host, fresh(key(1)), "user-1");
         // Whether the key exists cannot be known now.
         expect_refused(host, fresh(key(9)), 503, "upstream_unavailable");
      }
   }
   expect_alive(host);
}

struct down {
   mode how;
   const char* name;
};
void PrintTo(const down& d, std::ostream* to) {
   *to << d.name;
}
class IssuerDownAtStart : public IssuerFaults, public ::testing::WithParamInterface<down> {};

TEST_P(IssuerDownAtStart, Is503AndRecoversWithoutARestart) {
   scripted_server elsewhere; // where it redirects to: a set with a key of somebody else
   elsewhere.serve("/jwks", jwks({key(666).jwk(), key(1).jwk()}));
   idp.redirect_to(elsewhere.origin() + "/jwks");
   idp.behave(GetParam().how);
   http_host host(setup());
   expect_refused(host, fresh(key(666)), 503, "upstream_unavailable");
   expect_alive(host);
   EXPECT_EQ(elsewhere.requests().size(), 0u) << "the redirect was followed";
   EXPECT_LT(idp.most_taken(), std::size_t{16} << 20) << "of 50 MB that nobody needs";

   idp.behave(mode::ok); // the next request finds out
   expect_let_in(host, fresh(key(1)), "user-1");
   EXPECT_NE(ask_as(host, fresh(key(666))).status, 200);
}

INSTANTIATE_TEST_SUITE_P(
      Modes, IssuerDownAtStart,
      ::testing::Values(down{mode::refuse, "Refuses"}, down{mode::reset, "Resets"},
                        down{mode::failing, "Fails"}, down{mode::garbage, "Garbage"},
                        down{mode::endless, "Endless"}, down{mode::redirect, "Redirects"}),
      [](const auto& row) { return std::string(row.param.name); });

TEST_F(IssuerFaults, WhileItSaysNothingAnUnknownKeyIs503BeforeTheFetchIsGivenUp) {
   http_host host(setup());
   expect_let_in(host, fresh(key(1)), "user-1");
   idp.behave(mode::silent);
   std::vector<std::thread> clients;
   std::atomic<int> refused = 0, let_in = 0;
   for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&] {
         // One that waits holds up nobody whose key is known.
         if (ask_as(host, fresh(key(9))).status == 503) ++refused;
      });
   }
   ASSERT_TRUE(idp.wait_until_asked("/jwks", 2));
   for (int i = 0; i < 8; ++i) {
      if (ask_as(host, fresh(key(1))).status == 200) ++let_in;
   }
   EXPECT_EQ(let_in, 8);
   EXPECT_EQ(idp.holding(), 1u) << "one fetch, for all of them";
   const auto answer = ask_as(host, fresh(key(9)));
   expect_refusal(answer, 503, "upstream_unavailable");
   for (auto& c : clients) c.join();
   EXPECT_EQ(refused, 8);
   EXPECT_EQ(idp.asked("/jwks"), 2u);
   EXPECT_EQ(idp.holding(), 1u) << "they waited until the fetch was given up, ten seconds";
}

TEST_F(IssuerFaults, ASilentOneIsNotTakenForAProviderThatHangs) {
   idp.behave(mode::silent);
   auto with = setup();
   with.environment.emplace_back("FASTMCP_VERIFY_TIMEOUT", "500ms");
   http_host host(with);
   expect_refused(host, fresh(key(1)), 503, "upstream_unavailable");
   EXPECT_EQ(idp.holding(), 1u);
}

TEST_F(IssuerFaults, ARequestWaitsForASlowOne) {
   idp.behave(mode::slow);
   http_host host(setup());
   std::vector<std::thread> clients;
   std::atomic<int> let_in = 0;
   for (int i = 0; i < 16; ++i) {
      clients.emplace_back([&] {
         if (ask_as(host, fresh(key(1))).status == 200) ++let_in;
      });
   }
   for (auto& c : clients) c.join();
   EXPECT_EQ(let_in, 16);
   EXPECT_EQ(idp.asked("/jwks"), 1u);
}

TEST_F(IssuerFaults, HealthAndDocumentsDoNotDependOnIt) {
   idp.behave(mode::silent);
   http_host host(setup());
   for (const auto* path : {"/healthz", "/readyz", "/.well-known/oauth-protected-resource/mcp"})
      EXPECT_EQ(ask(host.port(), {.target = path}).status, 200) << path;
   EXPECT_EQ(ask_as(host, "").status, 401);
   EXPECT_EQ(ask_as(host, "opaque").status, 401) << "nobody needs keys to say that";
}

// Hostile

TEST_F(IssuerFaults, AStrangeSetLetsNobodyIn) {
   const auto good = key(1).jwk();
   std::string many;
   for (int i = 0; i < 10'000; ++i) many += good + ",";
   const std::vector<std::string> sets{
         "", "{}", "[]", "null", "true", "\"keys\"", R"({"keys":{}})", R"({"keys":null})",
         R"({"keys":"x"})", R"({"keys":[]})", R"({"keys":[null,1,"x",[],{}]})",
         R"({"keys":[)" + good + "]", R"({"keys":[)" + good + R"(]}{"keys":[]})",
         R"({"keys":[)" + good + R"(],"keys":[]})",
         "<html><body>" + jwks({good}) + "</body></html>",
         R"({"keys":)" + std::string(50'000, '[') + std::string(50'000, ']') + "}",
         R"({"keys":[)" + many + good + "]}",
         // The same id twice: which one is meant cannot be known.
         jwks({good, token_maker(es256, signer::ec("P-256"), "k1").jwk()}),
         // Not for signatures, or of another kind than the token.
         jwks({key(1).jwk(R"("key_ops":["deriveKey"])")}),
         jwks({token_maker::of(es384, "k1").jwk()}), jwks({token_maker::of(rs256, "k1").jwk()})};
   for (const auto& set : sets) {
      idp.serve("/jwks", set);
      http_host host(setup());
      const auto answer = ask_as(host, fresh(key(1)));
      EXPECT_TRUE(answer.status == 503 || answer.status == 401)
            << answer.status << " " << answer.body << "\n"
            << set.substr(0, 100);
      expect_alive(host);
   }
}

TEST_F(IssuerFaults, APrivateOrSharedKeyInTheSetSignsNothing) {
   const auto& secret = token_maker::of(hs256, "s1");
   idp.serve("/jwks", jwks({R"({"kty":"oct","kid":"s1","alg":"HS256","k":")" +
                                  base64url(secret.secret()) + "\"}",
                            key(1).jwk()}));
   http_host host(setup());
   expect_let_in(host, fresh(key(1)), "user-1");
   expect_refused(host, fresh(secret), 401, "bad_algorithm");
}

TEST_F(IssuerFaults, AFloodOfUnknownKeysCostsTwoFetches) {
   http_host host(setup());
   expect_let_in(host, fresh(key(1)), "user-1");
   ASSERT_EQ(idp.asked("/jwks"), 1u);
   constexpr int clients = 16, each = 625; // 10,000
   // Every one with a key id of its own, and good but for the signature.
   const auto payload = base64url(claims(unix_now()).text());
   const auto signature = base64url(std::string(64, 'x'));
   std::atomic<int> refused = 0, other = 0;
   std::vector<std::thread> all;
   for (int c = 0; c < clients; ++c) {
      all.emplace_back([&, c] {
         connection own(host.port());
         for (int i = 0; i < each; ++i) {
            const auto head = base64url(R"({"alg":"ES256","kid":"made-up-)" +
                                        std::to_string(c * each + i) + "\"}");
            const auto status = own.ask(call_as(head + "." + payload + "." + signature)).status;
            ++(status == 401 || status == 503 ? refused : other);
         }
      });
   }
   int let_in = 0;
   for (int i = 0; i < 20; ++i) let_in += ask_as(host, fresh(key(1))).status == 200;
   for (auto& c : all) c.join();
   EXPECT_EQ(refused, clients * each);
   EXPECT_EQ(other, 0);
   EXPECT_EQ(let_in, 20) << "a good token meanwhile";
   EXPECT_LE(idp.asked("/jwks"), 3u) << "the first, and two";
   expect_let_in(host, fresh(key(1)), "user-1");
}

// Rotation

TEST_F(IssuerFaults, ARotationRefusesNoValidToken) {
   http_host host(setup());
   std::atomic<int> current = 1, let_in = 0, other = 0;
   std::atomic<bool> over = false;
   std::vector<std::thread> clients;
   for (int i = 0; i < 6; ++i) {
      clients.emplace_back([&] {
         connection own(host.port());
         while (!over) {
            const auto answer = own.ask(call_as(fresh(key(current))));
            if (answer.status == 200)
               ++let_in;
            else if (++other == 1)
               ADD_FAILURE() << answer.status << " " << answer.body;
         }
      });
   }
   const auto wait_for_more = [&] {
      const auto until = std::chrono::steady_clock::now() + patience;
      for (const int from = let_in; let_in < from + 60 && other == 0;)
         ASSERT_LT(std::chrono::steady_clock::now(), until);
   };
   wait_for_more();
   publish({1, 2}); // published, and signed with in the same moment
   current = 2;
   wait_for_more();
   publish({1, 2, 3});
   current = 3;
   wait_for_more();
   over = true;
   for (auto& c : clients) c.join();
   EXPECT_EQ(other, 0);
   EXPECT_EQ(idp.asked("/jwks"), 3u);
}

TEST_F(IssuerFaults, AKeyThatIsTakenOutIsNoLongerAccepted) {
   http_host host(setup());
   expect_let_in(host, fresh(key(1)), "user-1");
   publish({2});
   expect_let_in(host, fresh(key(2)), "user-1");
   expect_refused(host, fresh(key(1)), 401, "unknown_key");
}

TEST_F(IssuerFaults, ARotationDuringAnOutageNeedsNoRestart) {
   http_host host(setup());
   expect_let_in(host, fresh(key(1)), "user-1");
   idp.behave(mode::refuse);
   publish({1, 2});
   expect_refused(host, fresh(key(2)), 503, "upstream_unavailable");
   idp.behave(mode::ok);
   expect_let_in(host, fresh(key(2)), "user-1");
}

} // namespace
