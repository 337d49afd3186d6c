#include "plugins/auth_answer.hpp"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/grown.hpp"

namespace fmcp::plugins {
namespace {

using core::auth_reason;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// An ALLOW that a test bends.
struct answer {
   answer() {
      who.size = sizeof who;
      who.subject = str("alice");
      r.size = sizeof r;
      r.decision = FMCP_AUTH_ALLOW;
      r.principal = &who;
   }
   auth_verdict read() {
      auth_verdict out;
      const char* wrong =
            read_answer(r, {.provider = "p", .token = "secret-token", .audiences = audiences}, out);
      fault = wrong == nullptr ? "" : wrong;
      return out;
   }
   /// The principal that comes of nothing but these claims.
   core::principal of_claims(std::string_view claims) {
      who.subject = {};
      who.claims_json = str(claims);
      r.flags = FMCP_AUTH_FROM_CLAIMS;
      const auto verdict = read();
      EXPECT_EQ(fault, "");
      EXPECT_EQ(verdict.reason, auth_reason::none);
      return verdict.who ? *verdict.who : core::principal{};
   }
   /// What is wrong with these claims.
   std::string fault_of_claims(std::string_view claims) {
      who.claims_json = str(claims);
      r.flags = FMCP_AUTH_FROM_CLAIMS;
      EXPECT_NE(read().reason, auth_reason::none);
      return fault;
   }
   std::vector<std::string> audiences;
   fmcp_principal who{};
   fmcp_auth_result r{};
   std::string fault;
};

// ---- decisions ----

TEST(AuthAnswer, ZeroedMemoryDenies) {
   auth_verdict out;
   out.reason = auth_reason::none;
   EXPECT_EQ(read_answer({}, {.provider = "p", .token = "t"}, out), nullptr);
   EXPECT_EQ(out.reason, auth_reason::denied);
   EXPECT_FALSE(out.who);
}

TEST(AuthAnswer, NoDecisionButAllowAllows) {
   for (const std::int32_t decision : std::initializer_list<std::int32_t>{
              1, -1, 2, 0x21, 0x600C, 0x600E, FMCP_AUTH_DENY, FMCP_AUTH_DEFER,
              FMCP_AUTH_UNAVAILABLE, std::numeric_limits<std::int32_t>::min()}) {
      answer a;
      a.r.decision = decision;
      const auto v = a.read();
      EXPECT_NE(v.reason, auth_reason::none) << decision;
      EXPECT_FALSE(v.who) << decision;
   }
}

TEST(AuthAnswer, AnUnknownDecisionIsADenialAndAFault) {
   answer a;
   a.r.decision = 1;
   EXPECT_EQ(a.read().reason, auth_reason::denied);
   EXPECT_THAT(a.fault, HasSubstr("none of FMCP_AUTH_*"));
}

TEST(AuthAnswer, DenialsCarryTheirReason) {
   answer a;
   a.r.decision = FMCP_AUTH_DENY;
   a.r.reason = FMCP_AUTH_WHY_MISSING_SCOPE;
   a.r.http_status = 403;
   a.r.challenge_scope = str("read  \"evil write");
   a.r.detail = str("It lacks\nwrite.");
   const auto v = a.read();
   EXPECT_EQ(v.reason, auth_reason::missing_scope);
   EXPECT_TRUE(v.is_forbidden);
   EXPECT_EQ(v.challenge_scope, "read write");
   EXPECT_EQ(v.detail, "It lacks\\nwrite.");
   a.r.http_status = 200;
   EXPECT_FALSE(a.read().is_forbidden);
}

TEST(AuthAnswer, ADenialIsNeverTakenForSomethingElse) {
   answer a;
   a.r.decision = FMCP_AUTH_DENY;
   for (const std::int32_t why :
        std::initializer_list<std::int32_t>{FMCP_AUTH_WHY_NONE, FMCP_AUTH_WHY_UPSTREAM,
                                            FMCP_AUTH_WHY_BUSY, FMCP_AUTH_WHY_DENIED, 999, -1}) {
      a.r.reason = why;
      EXPECT_EQ(a.read().reason, auth_reason::denied) << why;
   }
}

TEST(AuthAnswer, UnavailableIsAlwaysA503) {
   answer a;
   a.r.decision = FMCP_AUTH_UNAVAILABLE;
   a.r.reason = FMCP_AUTH_WHY_BUSY;
   EXPECT_EQ(a.read().reason, auth_reason::busy);
   for (const std::int32_t why : std::initializer_list<std::int32_t>{
              FMCP_AUTH_WHY_NONE, FMCP_AUTH_WHY_UPSTREAM, FMCP_AUTH_WHY_EXPIRED}) {
      a.r.reason = why;
      EXPECT_EQ(a.read().reason, auth_reason::upstream_unavailable) << why;
   }
}

TEST(AuthAnswer, DeferIsMarked) {
   answer a;
   a.r.decision = FMCP_AUTH_DEFER;
   EXPECT_TRUE(a.read().is_deferred);
   EXPECT_EQ(a.read().reason, auth_reason::denied);
}

TEST(AuthAnswer, ReasonsGoThereAndBack) {
   for (std::int32_t why = FMCP_AUTH_WHY_NONE; why <= FMCP_AUTH_WHY_BUSY; ++why) {
      EXPECT_EQ(why_of(reason_of(why)), why);
   }
   EXPECT_EQ(why_of(auth_reason::provider_failed), FMCP_AUTH_WHY_UPSTREAM);
   EXPECT_EQ(why_of(auth_reason::rate_limited), FMCP_AUTH_WHY_DENIED);
}

TEST(AuthAnswer, WordsWithTheTokenInThemAreLeftOut) {
   answer a;
   a.r.decision = FMCP_AUTH_DENY;
   a.r.detail = str("The token secret-token is bad.");
   EXPECT_THAT(a.read().detail, testing::Not(HasSubstr("secret-token")));
   EXPECT_NE(a.read().detail, "");
}

TEST(AuthAnswer, LongOrIllFormedWordsAreCutAndMended) {
   answer a;
   a.r.decision = FMCP_AUTH_DENY;
   const std::string words(5000, '\xff');
   a.r.detail = str(words);
   EXPECT_LE(a.read().detail.size(), 3 * 1024u);
   EXPECT_THAT(a.read().detail, testing::StartsWith("\xEF\xBF\xBD"));
   a.r.detail.ptr = nullptr;
   EXPECT_EQ(a.read().detail, "");
}

TEST(AuthAnswer, CacheTimeIsBounded) {
   answer a;
   EXPECT_EQ(a.read().cache_for.count(), 0);
   a.r.cache_ttl_s = UINT32_MAX;
   EXPECT_EQ(a.read().cache_for.count(), 24 * 3600);
}

// ---- principals ----

TEST(AuthAnswer, ThePrincipalIsCopied) {
   answer a;
   std::string subject = "alice";
   a.who.subject = str(subject);
   a.who.tenant = str("acme");
   a.who.provider = str("somebody else");
   a.who.expires_unix_ms = 77;
   const auto v = a.read();
   subject = "xxxxx";
   ASSERT_TRUE(v.who);
   EXPECT_EQ(v.who->subject, "alice");
   EXPECT_EQ(v.who->client_id, "");
   EXPECT_EQ(v.who->tenant, "acme");
   EXPECT_EQ(v.who->provider, "p"); // the host's word, not the plugin's
   EXPECT_EQ(v.who->claims_json, "{}");
   EXPECT_EQ(v.who->expires_unix_ms, 77);
}

TEST(AuthAnswer, AnExpiryIsBounded) {
   using limits = std::numeric_limits<std::int64_t>;
   const std::pair<std::int64_t, std::int64_t> rows[] = {
         {0, 0}, // not known
         {-1, 1},
         {limits::min(), 1},
         {253'402'300'799'000, 253'402'300'799'000},
         {limits::max(), 9'000'000'000'000'000},
   };
   for (const auto& [said, kept] : rows) {
      answer a;
      a.who.expires_unix_ms = said;
      const auto v = a.read();
      ASSERT_TRUE(v.who);
      EXPECT_EQ(v.who->expires_unix_ms, kept) << said;
   }
}

TEST(AuthAnswer, TheAudienceIsLookedAtWhenTheManifestAsksForIt) {
   const struct {
      const char* claims;
      bool is_ours;
   } rows[] = {
         {R"({"aud":"https://a/mcp"})", true},
         {R"({"aud":["x","api://b"]})", true},
         {R"({"aud":[7,null,"api://b"]})", true},
         {R"({"aud":"https://a/mcp/"})", false},
         {R"({"aud":"HTTPS://a/mcp"})", false},
         {R"({"aud":["https://a","mcp"]})", false},
         {R"({"aud":[]})", false},
         {R"({"aud":{"https://a/mcp":"api://b"}})", false},
         {R"({"aud":null})", false},
         {R"({"aud":""})", false},
         {R"({"AUD":"api://b"})", false},
         {"{}", false},
         {"", false},
   };
   for (const auto& row : rows) {
      answer a;
      a.who.claims_json = str(row.claims);
      EXPECT_EQ(a.read().reason, auth_reason::none) << row.claims;
      a.audiences = {"https://a/mcp", "api://b"};
      const auto v = a.read();
      EXPECT_EQ(a.fault, "") << "the token's fault, not the provider's";
      EXPECT_EQ(v.reason, row.is_ours ? auth_reason::none : auth_reason::wrong_audience)
            << row.claims;
      EXPECT_EQ(v.who != nullptr, row.is_ours) << row.claims;
      EXPECT_EQ(v.detail.empty(), row.is_ours) << row.claims;
   }
}

struct bend {
   const char* name;
   std::function<void(answer&)> how;
   const char* fault;
};
void PrintTo(const bend& b, std::ostream* to) {
   *to << b.name;
}
class AuthAnswerRefuses : public testing::TestWithParam<bend> {};

TEST_P(AuthAnswerRefuses, AndAllowsNobody) {
   answer a;
   GetParam().how(a);
   const auto v = a.read();
   EXPECT_THAT(a.fault, HasSubstr(GetParam().fault));
   EXPECT_EQ(v.reason, auth_reason::provider_failed);
   EXPECT_FALSE(v.who);
}

const std::string long_name(1025, 'a');
const std::string long_claims = R"({"a":")" + std::string(64u << 10, 'a') + R"("})";
const std::string deep_claims = R"({"a":)" + std::string(40, '[') + std::string(40, ']') + "}";
const fmcp_str many_scopes[257] = {};
const std::string long_scope(257, 's');
const fmcp_str one_long[] = {{long_scope.data(), 257}};
const fmcp_str one_broken[] = {{"\xff", 1}};
const fmcp_str one_nowhere[] = {{nullptr, 4}};

INSTANTIATE_TEST_SUITE_P(
      Answers, AuthAnswerRefuses,
      testing::Values(
            bend{"NoPrincipal", [](auto& a) { a.r.principal = nullptr; }, "without a principal"},
            bend{"PrincipalSizeZero", [](auto& a) { a.who.size = 0; }, "without a principal"},
            bend{"PrincipalSizeOdd", [](auto& a) { a.who.size = sizeof a.who - 4; },
                 "without a principal"},
            bend{"Nobody", [](auto& a) { a.who.subject = {}; }, "without subject and client"},
            bend{"SubjectNoUtf8", [](auto& a) { a.who.subject = str("a\x80"); }, "no UTF-8"},
            bend{"SubjectTooLong", [](auto& a) { a.who.subject = str(long_name); }, "too long"},
            bend{"SubjectNowhere", [](auto& a) { a.who.subject = {nullptr, 3}; }, "too long"},
            bend{"ClientNoUtf8", [](auto& a) { a.who.client_id = str("\xc0\x80"); }, "no UTF-8"},
            bend{"IssuerHuge", [](auto& a) { a.who.issuer.len = UINT64_MAX; }, "too long"},
            bend{"TenantNoUtf8", [](auto& a) { a.who.tenant = str("\xed\xa0\x80"); }, "no UTF-8"},
            bend{"ScopesNowhere", [](auto& a) { a.who.scopes = {nullptr, 1, sizeof(fmcp_str)}; },
                 "list of scopes"},
            bend{"ScopesStride", [](auto& a) { a.who.scopes = {one_long, 1, 1}; },
                 "list of scopes"},
            bend{"ScopesTooMany",
                 [](auto& a) { a.who.scopes = {many_scopes, 257, sizeof(fmcp_str)}; },
                 "list of scopes"},
            bend{"ScopeTooLong", [](auto& a) { a.who.scopes = {one_long, 1, sizeof(fmcp_str)}; },
                 "list of scopes"},
            bend{"ScopeNoUtf8", [](auto& a) { a.who.scopes = {one_broken, 1, sizeof(fmcp_str)}; },
                 "list of scopes"},
            bend{"ScopeNowhere", [](auto& a) { a.who.scopes = {one_nowhere, 1, sizeof(fmcp_str)}; },
                 "list of scopes"},
            bend{"ClaimsNoJson", [](auto& a) { a.who.claims_json = str("{"); }, "no JSON object"},
            bend{"ClaimsArray", [](auto& a) { a.who.claims_json = str("[]"); }, "no JSON object"},
            bend{"ClaimsTwice",
                 [](auto& a) { a.who.claims_json = str(R"({"sub":"a","sub":"b"})"); },
                 "no JSON object"},
            bend{"ClaimsDeep", [](auto& a) { a.who.claims_json = str(deep_claims); },
                 "no JSON object"},
            bend{"ClaimsLong", [](auto& a) { a.who.claims_json = str(long_claims); }, "64 KiB"},
            bend{"ClaimsNowhere", [](auto& a) { a.who.claims_json = {nullptr, 2}; }, "64 KiB"}),
      [](const auto& row) { return std::string(row.param.name); });

// ---- FMCP_AUTH_FROM_CLAIMS ----

TEST(FromClaims, FillsWhatIsEmpty) {
   const auto p = answer().of_claims(
         R"({"sub":"s","client_id":"c","azp":"z","iss":"i","scope":"a b","exp":1700000000.5})");
   EXPECT_EQ(p.subject, "s");
   EXPECT_EQ(p.client_id, "c");
   EXPECT_EQ(p.issuer, "i");
   EXPECT_THAT(p.scopes, ElementsAre("a", "b"));
   EXPECT_EQ(p.expires_unix_ms, 1'700'000'000'500);
}

TEST(FromClaims, KeepsWhatIsThere) {
   answer a;
   const fmcp_str own[] = {str("own")};
   a.who.client_id = str("given");
   a.who.issuer = str("given");
   a.who.scopes = {own, 1, sizeof own[0]};
   a.who.expires_unix_ms = 5;
   const auto p = a.of_claims(R"({"sub":"s","client_id":"c","iss":"i","scope":"a","exp":9})");
   EXPECT_EQ(p.subject, "s");
   EXPECT_EQ(p.client_id, "given");
   EXPECT_EQ(p.issuer, "given");
   EXPECT_THAT(p.scopes, ElementsAre("own"));
   EXPECT_EQ(p.expires_unix_ms, 5);
}

TEST(FromClaims, WithoutTheFlagNothingIsTaken) {
   answer a;
   a.who.claims_json = str(R"({"client_id":"c","scope":"admin","exp":1})");
   const auto v = a.read();
   ASSERT_TRUE(v.who);
   EXPECT_EQ(v.who->client_id, "");
   EXPECT_THAT(v.who->scopes, IsEmpty());
   EXPECT_EQ(v.who->expires_unix_ms, 0);
}

TEST(FromClaims, TheClientIsAzpAndThenSub) {
   EXPECT_EQ(answer().of_claims(R"({"sub":"s","azp":"z"})").client_id, "z");
   EXPECT_EQ(answer().of_claims(R"({"sub":"s"})").client_id, "s");
   EXPECT_EQ(answer().of_claims(R"({"sub":"s","client_id":7,"azp":""})").client_id, "s");
}

TEST(FromClaims, ScopesHaveManyForms) {
   const auto scopes = [](std::string_view claims) { return answer().of_claims(claims).scopes; };
   EXPECT_THAT(scopes(R"({"sub":"s","scope":["a","b"]})"), ElementsAre("a", "b"));
   EXPECT_THAT(scopes(R"({"sub":"s","scp":"a b"})"), ElementsAre("a", "b"));
   EXPECT_THAT(scopes(R"({"sub":"s","scp":["a"]})"), ElementsAre("a"));
   EXPECT_THAT(scopes(R"({"sub":"s","scope":"","scp":"a"})"), IsEmpty());
   EXPECT_THAT(scopes(R"({"sub":"s","scope":null,"scp":"a"})"), ElementsAre("a"));
   EXPECT_THAT(scopes(R"({"sub":"s","scope":"  a\t b "})"), ElementsAre("a", "b"));
   EXPECT_THAT(scopes(R"({"sub":"s","scope":"a,b"})"), ElementsAre("a,b"));
   EXPECT_THAT(scopes(R"({"sub":"s","scope":[1,null,"a",""]})"), ElementsAre("a"));
   EXPECT_THAT(scopes(R"({"sub":"s","scope":{"a":1},"scp":"b"})"), IsEmpty());
}

TEST(FromClaims, TooManyScopesAllowNobody) {
   std::string text = R"({"sub":"s","scope":")";
   for (int i = 0; i < 256; ++i) text += "s ";
   EXPECT_THAT(answer().of_claims(text + R"("})").scopes, SizeIs(256));
   EXPECT_THAT(answer().fault_of_claims(text + R"(s"})"), HasSubstr("more scopes"));
   EXPECT_THAT(answer().fault_of_claims(R"({"sub":"s","scp":[")" + long_scope + R"("]})"),
               HasSubstr("more scopes"));
}

TEST(FromClaims, ExpiryIsNeverForgotten) {
   EXPECT_EQ(answer().of_claims(R"({"sub":"s"})").expires_unix_ms, 0); // unknown
   EXPECT_EQ(answer().of_claims(R"({"sub":"s","exp":0})").expires_unix_ms, 1);
   EXPECT_EQ(answer().of_claims(R"({"sub":"s","exp":-1e300})").expires_unix_ms, 1);
   EXPECT_GT(answer().of_claims(R"({"sub":"s","exp":1e300})").expires_unix_ms, 1'000'000'000'000);
   for (const auto* exp : {"\"1700000000\"", "null", "true", "[1]"}) {
      EXPECT_THAT(answer().fault_of_claims(R"({"sub":"s","exp":)" + std::string(exp) + "}"),
                  HasSubstr("exp is no number"))
            << exp;
   }
}

TEST(FromClaims, ATokenOfNobodyIsTheTokensFault) {
   answer a;
   a.who.subject = {};
   a.who.claims_json = str(R"({"scope":"a"})");
   a.r.flags = FMCP_AUTH_FROM_CLAIMS;
   EXPECT_EQ(a.read().reason, auth_reason::no_subject);
   EXPECT_EQ(a.fault, "");
   a.who.claims_json = str(R"({"sub":7,"client_id":[]})");
   EXPECT_EQ(a.read().reason, auth_reason::no_subject);
}

// ---- info ----

TEST(AuthInfo, EmptyOneIsFine) {
   fmcp_auth_info said{};
   said.size = sizeof said;
   const auto info = copy_auth_info(&said);
   ASSERT_TRUE(info) << info.error().message;
   EXPECT_EQ(info->resource_metadata_json, "{}");
   EXPECT_EQ(info->as_metadata_json, "");
   EXPECT_THAT(info->as_metadata_urls, IsEmpty());
}

TEST(AuthInfo, EverythingIsCopied) {
   fmcp_auth_info said{};
   const fmcp_str scopes[] = {str("a"), str("b")};
   const fmcp_str urls[] = {str("https://as.example/x/.well-known/oauth-authorization-server")};
   said.size = sizeof said;
   said.resource_metadata_json = str("{ \"resource_name\": \"X\" }");
   said.as_metadata_json = str(R"({"issuer":"https://as.example"})");
   said.required_scopes = {scopes, 1, sizeof scopes[0]};
   said.challenge_scopes = {scopes, 2, sizeof scopes[0]};
   said.as_metadata_urls = {urls, 1, sizeof urls[0]};
   said.scopes_discovery_url = str("https://as.example/scopes");
   const auto info = copy_auth_info(&said);
   ASSERT_TRUE(info) << info.error().message;
   EXPECT_EQ(info->resource_metadata_json, R"({"resource_name":"X"})");
   EXPECT_EQ(info->as_metadata_json, R"({"issuer":"https://as.example"})");
   EXPECT_THAT(info->required_scopes, ElementsAre("a"));
   EXPECT_THAT(info->challenge_scopes, ElementsAre("a", "b"));
   EXPECT_THAT(info->as_metadata_urls,
               ElementsAre("https://as.example/x/.well-known/oauth-authorization-server"));
   EXPECT_EQ(info->scopes_discovery_url, "https://as.example/scopes");
}

TEST(AuthInfo, NonsenseIsRefusedWithItsOwnSentence) {
   const auto fault = [](auto&& how) {
      fmcp_auth_info said{};
      said.size = sizeof said;
      how(said);
      const auto info = copy_auth_info(&said);
      return info ? std::string() : info.error().message;
   };
   static const fmcp_str bad_scope[] = {str("a b")};
   static const fmcp_str bad_url[] = {str("file:///etc/passwd")};
   EXPECT_THAT(copy_auth_info(nullptr).error().message, HasSubstr("gives nothing"));
   EXPECT_THAT(fault([](auto& i) { i.size = 5; }), HasSubstr("size that cannot be true"));
   EXPECT_THAT(fault([](auto& i) { i.resource_metadata_json = str("[]"); }),
               HasSubstr("resource_metadata_json that is no JSON object"));
   EXPECT_THAT(fault([](auto& i) { i.resource_metadata_json = {nullptr, 9}; }),
               HasSubstr("resource_metadata_json that cannot be used"));
   EXPECT_THAT(fault([](auto& i) { i.as_metadata_json = str("{\"a\":}"); }),
               HasSubstr("as_metadata_json that cannot be used"));
   EXPECT_THAT(fault([](auto& i) { i.required_scopes = {bad_scope, 1, sizeof(fmcp_str)}; }),
               HasSubstr("required_scopes"));
   EXPECT_THAT(fault([](auto& i) { i.challenge_scopes = {nullptr, 1, sizeof(fmcp_str)}; }),
               HasSubstr("challenge_scopes"));
   EXPECT_THAT(fault([](auto& i) { i.as_metadata_urls = {bad_url, 1, sizeof(fmcp_str)}; }),
               HasSubstr("as_metadata_urls"));
   EXPECT_THAT(fault([](auto& i) { i.scopes_discovery_url = str("/scopes"); }),
               HasSubstr("scopes_discovery_url"));
}

} // namespace
} // namespace fmcp::plugins
