// The C++ face of fmcp.kv/1 and fmcp.crypto/1; http.hpp and jwt.hpp are tested with the providers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmcp/cpp/auth.hpp>
#include <fmcp/cpp/crypto.hpp>
#include <fmcp/cpp/kv.hpp>

#include "sdk/fake_auth_host.hpp"

namespace {

using fmcp::test::fake_auth_host;
using fmcp::test::fake_hosted_provider;
using testing::ElementsAre;
using testing::HasSubstr;

class subject : public fmcp::auth_provider {
public:
   fmcp::auth_answer verify(const fmcp::auth_request&) { return {}; }
   fmcp::kv_store kv{*this};
   fmcp::crypto_service crypto{*this};
};

struct Services : testing::Test {
   fake_auth_host host;
   fake_hosted_provider p{host, fmcp::detail::instance<subject>::entry()};
   subject& me = fmcp::detail::instance<subject>::self(p.plugin().self).author();
};

TEST_F(Services, EachOperationOnAValueArrivesAsItIs) {
   ASSERT_EQ(p.problem(), "");
   std::vector<std::string> got;
   const auto note = [&](const fmcp::kv_result& r) {
      got.push_back(std::to_string(r.status) + " " + r.value + " " + std::to_string(r.version));
   };
   me.kv.get("a", note);
   me.kv.put("b", "value", std::chrono::minutes(1), note, 7);
   me.kv.take("c", note);
   me.kv.remove("d", note);
   ASSERT_EQ(host.kv.size(), 4u);
   EXPECT_EQ(host.kv[0].what + host.kv[0].key, "geta");
   EXPECT_EQ(host.kv[1].what + host.kv[1].key + host.kv[1].value, "putbvalue");
   EXPECT_EQ(host.kv[1].ttl_ms, 60'000u);
   EXPECT_EQ(host.kv[1].if_version, 7u);
   EXPECT_EQ(host.kv[2].what + host.kv[2].key, "takec");
   EXPECT_EQ(host.kv[3].what + host.kv[3].key, "deld");
   EXPECT_TRUE(got.empty());
   const std::string value = "kept";
   host.kv[0].cb(host.kv[0].user, FMCP_OK,
                 {reinterpret_cast<const std::uint8_t*>(value.data()), value.size()}, 3);
   host.kv[1].cb(host.kv[1].user, FMCP_E_CONFLICT, {}, 8);
   host.kv[2].cb(host.kv[2].user, FMCP_E_NOT_FOUND, {}, 0);
   host.kv[3].cb(host.kv[3].user, FMCP_OK, {}, 0);
   EXPECT_THAT(got, ElementsAre("0 kept 3", "-12  8", "-8  0", "0  0"));
}

TEST_F(Services, AnOperationThatIsNotTakenThrows) {
   host.start_status = FMCP_E_BUSY;
   const auto held = std::make_shared<int>(0);
   try {
      me.kv.get("a", [held](const fmcp::kv_result&) {});
      FAIL();
   } catch (const fmcp::refused& e) {
      EXPECT_EQ(e.status(), FMCP_E_BUSY);
      EXPECT_STREQ(e.what(), "The host did not read the value: too many wait.");
   }
   EXPECT_EQ(held.use_count(), 1);
}

TEST_F(Services, SealedBytesComeBackOrNot) {
   const auto sealed = me.crypto.seal("plain", "for", std::chrono::seconds(2));
   EXPECT_EQ(sealed, "for|2000|plain");
   EXPECT_EQ(me.crypto.open(sealed, "for"), "plain");
   EXPECT_EQ(me.crypto.open(sealed, "others"), std::nullopt);
   EXPECT_THROW((void)me.crypto.seal("plain", "for", std::chrono::seconds(0)), fmcp::refused);
}

TEST_F(Services, DigestsAndRandomBytes) {
   EXPECT_EQ(me.crypto.random(3), "rrr");
   const auto digest = me.crypto.sha256("abc");
   ASSERT_EQ(digest.size(), 32u);
   EXPECT_EQ(digest.substr(0, 4), "\xBA\x78\x16\xBF");
   EXPECT_TRUE(me.crypto.equal("abc", "abc"));
   EXPECT_FALSE(me.crypto.equal("abc", "abd"));
}

TEST(ServicesMissing, AreNamed) {
   for (const std::string id : {"fmcp.kv/1", "fmcp.crypto/1"}) {
      fake_auth_host host;
      host.missing = {id};
      const fake_hosted_provider p(host, fmcp::detail::instance<subject>::entry());
      EXPECT_THAT(p.problem(), HasSubstr("The host has no service " + id));
   }
}

} // namespace
