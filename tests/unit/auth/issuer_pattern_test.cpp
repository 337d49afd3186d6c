#include "auth/issuer_pattern.hpp"

#include <algorithm>
#include <initializer_list>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fmcp::auth {
namespace {

using testing::HasSubstr;

bool matches(std::string_view pattern, std::string_view issuer) {
   const auto p = issuer_pattern::compile(pattern);
   EXPECT_TRUE(p) << pattern << ": " << (p ? "" : p.error().message);
   return p && p->matches(issuer);
}
std::string refusal(std::string_view pattern) {
   const auto p = issuer_pattern::compile(pattern);
   return p ? "it was accepted" : p.error().message;
}

TEST(IssuerPattern, WithoutStarsIsComparedExactly) {
   EXPECT_TRUE(matches("https://a.example/x", "https://a.example/x"));
   EXPECT_TRUE(matches("accounts.example.com", "accounts.example.com")); // StringOrURI
   for (const auto* other :
        {"", "https://a.example", "https://a.example/", "https://a.example/x/",
         "https://A.example/x", "HTTPS://a.example/x", "https://a.example:443/x",
         "http://a.example/x", "https://a.example/%78", "https://a.example/./x",
         "https://a.example/x ", " https://a.example/x", "https://a.example//x",
         "https://a.example/x?y", "https://a.example/x#y", "https://a.example/xy"})
      EXPECT_FALSE(matches("https://a.example/x", other)) << other;
   EXPECT_FALSE(matches("https://a.example/x", std::string_view("https://a.example/x\0", 20)));
}

TEST(IssuerPattern, AStarIsExactlyOneSegment) {
   const auto* p = "https://a.example/t/*/v2";
   EXPECT_TRUE(matches(p, "https://a.example/t/1/v2"));
   EXPECT_TRUE(matches(p, "https://a.example/t/Az-0._~!$&'()*+,;=:@/v2"));
   for (const auto* other :
        {"https://a.example/t//v2", "https://a.example/t/v2", "https://a.example/t/1/2/v2",
         "https://a.example/t/1/v2/", "https://a.example/t/1/v2/v2", "https://a.example/t/1",
         "https://a.example/t/1/v22", "https://b.example/t/1/v2", "https://a.example/t/1/V2",
         "https://a.example/t/*"})
      EXPECT_FALSE(matches(p, other)) << other;
}

TEST(IssuerPattern, AStarTakesNothingThatIsMoreThanASegmentToOthers) {
   for (const auto* segment : {".", "..", "%2e", "a%2Fb", "%", "a?b", "a#b", "a\\b", "a b", "a\tb",
                               "\xc3\xa4", "a\x7f", "[x]", "a\"b", "<a>"})
      EXPECT_FALSE(matches("https://a.example/*", "https://a.example/" + std::string(segment)))
            << segment;
   EXPECT_FALSE(matches("https://a.example/*", std::string_view("https://a.example/a\0b", 21)));
   EXPECT_TRUE(matches("https://a.example/*", "https://a.example/..."));
}

TEST(IssuerPattern, StarsMayStandSideBySide) {
   EXPECT_TRUE(matches("https://a.example/*/*", "https://a.example/1/2"));
   EXPECT_FALSE(matches("https://a.example/*/*", "https://a.example/1"));
   EXPECT_FALSE(matches("https://a.example/*/*", "https://a.example/1/"));
   EXPECT_FALSE(matches("https://a.example/*/*", "https://a.example//1"));
   EXPECT_TRUE(matches("https://a.example/*/", "https://a.example/1/"));
   EXPECT_FALSE(matches("https://a.example/*/", "https://a.example/1"));
   EXPECT_FALSE(matches("https://a.example/*/", "https://a.example/1//"));
}

TEST(IssuerPattern, BadOnesAreRefused) {
   EXPECT_THAT(refusal(""), HasSubstr("empty"));
   EXPECT_THAT(refusal(std::string(3000, 'a')), HasSubstr("longer"));
   EXPECT_THAT(refusal("https://a.example/\n"), HasSubstr("control"));
   EXPECT_THAT(refusal("https://a.example/\xff"), HasSubstr("UTF-8"));
   EXPECT_THAT(refusal("https://a.example "), HasSubstr("blank"));
   for (const auto* p :
        {"*", "urn:x:*", "//a.example/*", "ftp://a.example/*", "https:/*", "https:///*",
         "https://a.example/*?x", "https://a.example/*#x", "https://a.example/?*"})
      EXPECT_THAT(refusal(p), HasSubstr("only stand in the path")) << p;
   for (const auto* p :
        {"https://*/x", "https://*.example/x", "https://a.example:*/x", "https://*"})
      EXPECT_THAT(refusal(p), HasSubstr("host")) << p;
   for (const auto* p : {"https://a.example/a*", "https://a.example/*a/b", "https://a.example/**"})
      EXPECT_THAT(refusal(p), HasSubstr("whole path segment")) << p;
   EXPECT_EQ(refusal("https://a.example/*/*/*/*/*/*/*/*"), "it was accepted");
   EXPECT_THAT(refusal("https://a.example/*/*/*/*/*/*/*/*/*"), HasSubstr("more than 8"));
}

/// The set for Descope: two-part forms may end in one slash, and so are there twice.
bool is_descope_issuer(std::string_view issuer) {
   return std::ranges::any_of(
         std::initializer_list<const char*>{"https://api.descope.com/v1/apps/P2abc",
                                            "https://api.descope.com/v1/apps/agentic/P2abc/*",
                                            "https://api.descope.com/v1/apps/agentic/P2abc/*/",
                                            "https://api.descope.com/v1/apps/P2abc/*",
                                            "https://api.descope.com/v1/apps/P2abc/*/"},
         [&](const char* pattern) { return matches(pattern, issuer); });
}

TEST(DescopeIssuers, ProjectServerAndTenantAreAccepted) {
   for (const auto* issuer :
        {"https://api.descope.com/v1/apps/P2abc",
         "https://api.descope.com/v1/apps/agentic/P2abc/MS1",
         "https://api.descope.com/v1/apps/agentic/P2abc/MS1/",
         "https://api.descope.com/v1/apps/P2abc/T1", "https://api.descope.com/v1/apps/P2abc/T1/",
         "https://api.descope.com/v1/apps/P2abc/agentic"}) // a tenant's name
      EXPECT_TRUE(is_descope_issuer(issuer)) << issuer;
}

TEST(DescopeIssuers, EverythingElseIsNot) {
   for (const auto* issuer :
        {"", "P2abc", "https://api.descope.com", "https://api.descope.com/v1/apps",
         "https://api.descope.com/v1/apps/",
         // another project, or one whose id begins or ends like ours
         "https://api.descope.com/v1/apps/P2other", "https://api.descope.com/v1/apps/P2abcd",
         "https://api.descope.com/v1/apps/P2ab", "https://api.descope.com/v1/apps/xP2abc",
         "https://api.descope.com/v1/apps/p2abc",
         "https://api.descope.com/v1/apps/agentic/P2abcd/MS1",
         "https://api.descope.com/v1/apps/P2abcd/T1",
         "https://api.descope.com/v1/apps/P2other/P2abc",
         "https://api.descope.com/v1/apps/agentic/P2other/P2abc",
         // without the second part
         "https://api.descope.com/v1/apps/agentic", "https://api.descope.com/v1/apps/agentic/P2abc",
         "https://api.descope.com/v1/apps/agentic/P2abc/",
         "https://api.descope.com/v1/apps/agentic/P2abc//",
         // the project's own form has no slash at the end
         "https://api.descope.com/v1/apps/P2abc/", "https://api.descope.com/v1/apps/P2abc//",
         // deeper
         "https://api.descope.com/v1/apps/agentic/P2abc/MS1/x",
         "https://api.descope.com/v1/apps/agentic/P2abc/MS1//",
         "https://api.descope.com/v1/apps/P2abc/T1/x", "https://api.descope.com/v1/apps/P2abc/T1//",
         "https://api.descope.com/v1/apps/P2abc//T1", "https://api.descope.com/v1/apps//P2abc",
         "https://api.descope.com/v1/apps/agentic//P2abc/MS1",
         "https://api.descope.com/v1/apps/P2abc/agentic/P2other",
         "https://api.descope.com/v1/apps/agentic/agentic/P2abc/MS1",
         // ways to say something deeper
         "https://api.descope.com/v1/apps/P2abc/..", "https://api.descope.com/v1/apps/P2abc/.",
         "https://api.descope.com/v1/apps/P2abc/%2e%2e",
         "https://api.descope.com/v1/apps/P2abc/a%2Fb",
         "https://api.descope.com/v1/apps/x/../P2abc",
         "https://api.descope.com/v1/apps/P2abc/T1/..", "https://api.descope.com/v1/apps/P2%61bc",
         // another host or scheme
         "http://api.descope.com/v1/apps/P2abc", "https://api.descope.co/v1/apps/P2abc",
         "https://api.descope.com.evil.example/v1/apps/P2abc",
         "https://evil.example/https://api.descope.com/v1/apps/P2abc",
         "https://api.descope.com@evil.example/v1/apps/P2abc",
         "https://evil.example/v1/apps/P2abc/T1", "https://API.descope.com/v1/apps/P2abc",
         "https://api.descope.com:443/v1/apps/P2abc", "//api.descope.com/v1/apps/P2abc",
         // decoration
         "https://api.descope.com/v1/apps/P2abc?x", "https://api.descope.com/v1/apps/P2abc#x",
         "https://api.descope.com/v1/apps/P2abc/T1?x", "https://api.descope.com/v1/apps/P2abc/T1#x",
         "https://api.descope.com/v1/apps/P2abc ", "https://api.descope.com/v1/apps/P2abc/*?",
         "https://api.descope.com/v1/apps/P2abc\n", "https://api.descope.com/V1/apps/P2abc"})
      EXPECT_FALSE(is_descope_issuer(issuer)) << issuer;
}

} // namespace
} // namespace fmcp::auth
