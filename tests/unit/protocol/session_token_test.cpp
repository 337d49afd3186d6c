#include "protocol/session_token.hpp"

#include <set>

#include <gtest/gtest.h>

#include "core/base64.hpp"

namespace fmcp::protocol {
namespace {

constexpr std::int64_t now = 1'700'000'000;

session_claims some_claims() {
   return {.spoken = revision::v2025_06_18,
           .can = {.sampling = true, .elicitation_url = true},
           .expires_unix_s = now + 60,
           .principal = {1, 2, 3, 4, 5, 6, 7, 255}};
}

/// Another secret whose public key id is the same one, so that a rejection is the tag's doing.
std::string secret_with_id_of(const session_keys& keys, std::string_view domain) {
   auto claims = some_claims();
   const auto id = [](const std::string& token) { return (*core::decode_base64url(token))[1]; };
   const char id_wanted = id(keys.mint(claims));
   for (int i = 0;; ++i) {
      auto secret = "other " + std::to_string(i);
      const session_keys other(secret, {}, domain);
      if (id(other.mint(claims)) == id_wanted) return secret;
   }
}

TEST(SessionToken, CarriesItsClaims) {
   const session_keys keys("secret", {}, "no auth");
   auto claims = some_claims();
   const auto token = keys.mint(claims);
   const auto read = keys.verify(token, now);
   ASSERT_TRUE(read);
   EXPECT_EQ(*read, claims);
}

TEST(SessionToken, CarriesEveryRevisionAndCapabilityByItself) {
   const session_keys keys("secret", {}, {});
   for (const auto r : {revision::v2024_11_05, revision::v2025_03_26, revision::v2025_06_18,
                        revision::v2025_11_25}) {
      for (const client_capabilities can :
           {client_capabilities{}, client_capabilities{.roots = true},
            client_capabilities{.sampling = true}, client_capabilities{.elicitation_form = true},
            client_capabilities{.elicitation_url = true}}) {
         session_claims claims{.spoken = r, .can = can, .expires_unix_s = now + 1};
         const auto read = keys.verify(keys.mint(claims), now);
         ASSERT_TRUE(read);
         EXPECT_EQ(*read, claims);
      }
   }
}

TEST(SessionToken, IsShortAndVisibleAscii) {
   const session_keys keys("secret", {}, {});
   auto claims = some_claims();
   const auto token = keys.mint(claims);
   EXPECT_EQ(token.size(), 70u);
   for (const char c : token) EXPECT_TRUE(c >= 0x21 && c <= 0x7E) << int(c);
}

TEST(SessionToken, IsNeverTheSameTwice) {
   const session_keys keys("secret", {}, {});
   std::set<std::string> seen;
   for (int i = 0; i < 100; ++i) {
      auto claims = some_claims();
      seen.insert(keys.mint(claims));
   }
   EXPECT_EQ(seen.size(), 100u);
}

TEST(SessionToken, AnotherProcessWithTheSecretAcceptsIt) {
   auto claims = some_claims();
   const auto token = session_keys("secret", {}, "no auth").mint(claims);
   EXPECT_EQ(session_keys("secret", {}, "no auth").verify(token, now), claims);
}

TEST(SessionToken, ExpiresAtItsSecond) {
   const session_keys keys("secret", {}, {});
   auto claims = some_claims();
   const auto token = keys.mint(claims);
   EXPECT_TRUE(keys.verify(token, now + 59));
   EXPECT_FALSE(keys.verify(token, now + 60));
   EXPECT_FALSE(keys.verify(token, INT64_MAX));
   claims.expires_unix_s = -1;
   EXPECT_FALSE(keys.verify(keys.mint(claims), now));
   claims.expires_unix_s = INT64_MAX;
   EXPECT_TRUE(keys.verify(keys.mint(claims), now));
}

TEST(SessionToken, NoBitOfItCanBeChanged) {
   const session_keys keys("secret", "previous", {});
   auto claims = some_claims();
   const auto token = keys.mint(claims);
   const auto bytes = *core::decode_base64url(token);
   for (std::size_t i = 0; i < bytes.size(); ++i) {
      for (int bit = 0; bit < 8; ++bit) {
         auto forged = bytes;
         forged[i] = static_cast<char>(forged[i] ^ (1 << bit));
         std::string text;
         core::append_base64url(text, forged);
         EXPECT_FALSE(keys.verify(text, now)) << "byte " << i << ", bit " << bit;
      }
   }
}

TEST(SessionToken, NoCharacterOfItCanBeChanged) {
   const session_keys keys("secret", {}, {});
   auto claims = some_claims();
   const auto token = keys.mint(claims);
   for (std::size_t i = 0; i < token.size(); ++i) {
      for (int c = 0; c < 256; ++c) {
         auto forged = token;
         forged[i] = static_cast<char>(c);
         if (forged == token) continue;
         EXPECT_FALSE(keys.verify(forged, now)) << "character " << i << " = " << c;
      }
   }
}

TEST(SessionToken, OtherLengthsAreRefused) {
   const session_keys keys("secret", {}, {});
   auto claims = some_claims();
   const auto token = keys.mint(claims);
   for (std::size_t n = 0; n < token.size(); ++n) {
      EXPECT_FALSE(keys.verify(token.substr(0, n), now)) << n;
      EXPECT_FALSE(keys.verify(token.substr(n + 1), now)) << n;
   }
   EXPECT_FALSE(keys.verify(token + "A", now));
   EXPECT_FALSE(keys.verify(token + "==", now));
   EXPECT_FALSE(keys.verify(token + token, now));
   EXPECT_FALSE(keys.verify(std::string(1 << 20, 'A'), now));
}

TEST(SessionToken, AnotherKeyIsRefusedAlsoUnderTheSameId) {
   const session_keys keys("secret", {}, {});
   auto claims = some_claims();
   const session_keys forger(secret_with_id_of(keys, {}), {}, {});
   EXPECT_FALSE(keys.verify(forger.mint(claims), now));
   EXPECT_FALSE(keys.verify(session_keys("secreT", {}, {}).mint(claims), now));
}

TEST(SessionToken, AnotherDomainIsRefused) {
   auto claims = some_claims();
   const auto token = session_keys("secret", {}, "no auth").mint(claims);
   EXPECT_FALSE(session_keys("secret", {}, "descope").verify(token, now));
   EXPECT_FALSE(session_keys("secret", {}, "").verify(token, now));
   EXPECT_FALSE(session_keys("other", "secret", "descope").verify(token, now));
}

TEST(SessionToken, ThePreviousKeyIsAcceptedUntilItGoes) {
   auto claims = some_claims();
   const auto token = session_keys("one", {}, {}).mint(claims);
   const auto read = session_keys("two", "one", {}).verify(token, now);
   ASSERT_TRUE(read);
   EXPECT_EQ(read->key, 1);
   EXPECT_EQ(read->nonce, claims.nonce);
   EXPECT_FALSE(session_keys("three", "two", {}).verify(token, now));
}

TEST(SessionToken, TwoKeysWithTheSameIdBothWork) {
   const session_keys one("secret", {}, {});
   const auto twin = secret_with_id_of(one, {});
   auto claims = some_claims();
   const auto token = one.mint(claims);
   EXPECT_TRUE(session_keys(twin, "secret", {}).verify(token, now));
   EXPECT_TRUE(session_keys("secret", twin, {}).verify(token, now));
}

TEST(SessionToken, WithoutASecretTheKeyIsTheProcesss) {
   const session_keys a({}, {}, {}), b({}, {}, {});
   auto claims = some_claims();
   const auto token = a.mint(claims);
   EXPECT_TRUE(a.verify(token, now));
   EXPECT_FALSE(b.verify(token, now));
}

TEST(SessionToken, TheDigestIsTheSessionsAndNoPartOfTheToken) {
   const session_keys keys("secret", {}, {});
   auto a = some_claims(), b = some_claims();
   const auto token = keys.mint(a);
   (void)keys.mint(b);
   EXPECT_EQ(keys.digest(a).size(), 32u);
   EXPECT_EQ(keys.digest(a), keys.digest(*keys.verify(token, now)));
   EXPECT_NE(keys.digest(a), keys.digest(b));
   std::string bytes;
   for (std::size_t i = 0; i < 16; ++i) {
      bytes += static_cast<char>(std::stoi(keys.digest(a).substr(2 * i, 2), nullptr, 16));
   }
   EXPECT_EQ(core::decode_base64url(token)->find(bytes), std::string::npos);
   EXPECT_NE(session_keys("other", {}, {}).digest(a), keys.digest(a));
}

TEST(SessionToken, TheDigestSurvivesARotation) {
   const session_keys before("one", {}, {}), after("two", "one", {});
   auto claims = some_claims();
   const auto token = before.mint(claims);
   EXPECT_EQ(after.digest(*after.verify(token, now)), before.digest(claims));
}

// ---- whose it is ----

TEST(PrincipalDigest, IsZeroForNobodyAlone) {
   const std::array<std::uint8_t, 8> zero{};
   EXPECT_EQ(principal_digest(nullptr), zero);
   EXPECT_NE(principal_digest(std::make_unique<core::principal>().get()), zero);
}

TEST(PrincipalDigest, IsOfIssuerSubjectAndClient) {
   core::principal a;
   a.issuer = "https://as.example";
   a.subject = "ann";
   a.client_id = "c";
   auto same = a;
   same.scopes = {"read"};
   same.claims_json = R"({"x":1})";
   same.expires_unix_ms = 1;
   same.provider = "jwt";
   EXPECT_EQ(principal_digest(&a), principal_digest(&same));
   for (const auto part :
        {&core::principal::issuer, &core::principal::subject, &core::principal::client_id}) {
      auto other = a;
      other.*part += "x";
      EXPECT_NE(principal_digest(&a), principal_digest(&other));
   }
   // Not of their text run together.
   auto moved = a;
   moved.subject = "an";
   moved.client_id = "nc";
   EXPECT_NE(principal_digest(&a), principal_digest(&moved));
}

TEST(PrincipalDigest, IsTheSameInEveryProcess) {
   core::principal a;
   a.issuer = "https://as.example";
   a.subject = "ann";
   a.client_id = "c";
   const std::array<std::uint8_t, 8> expected{0x1d, 0xa9, 0x8d, 0xc9, 0x7e, 0x88, 0x97, 0xac};
   EXPECT_EQ(principal_digest(&a), expected);
}

} // namespace
} // namespace fmcp::protocol
