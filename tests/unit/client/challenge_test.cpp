#include "client/challenge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fmcp::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

challenge of(std::string value) {
   return find_challenge({{"www-authenticate", std::move(value)}});
}

TEST(Challenge, HasItsParameters) {
   const auto c = of(R"(Bearer error="insufficient_scope", error_description="more, please", )"
                     R"(scope="a b a", resource_metadata="https://srv/.well-known/x")");
   EXPECT_EQ(c.error, "insufficient_scope");
   EXPECT_EQ(c.error_description, "more, please");
   EXPECT_THAT(c.scopes, ElementsAre("a", "b"));
   EXPECT_EQ(c.resource_metadata, "https://srv/.well-known/x");
}

struct spelling {
   const char* why;
   const char* value;
};
class ChallengeSpellings : public ::testing::TestWithParam<spelling> {};

TEST_P(ChallengeSpellings, AreUnderstood) {
   EXPECT_EQ(of(GetParam().value).resource_metadata, "u") << GetParam().why;
}
INSTANTIATE_TEST_SUITE_P(
      All, ChallengeSpellings,
      ::testing::Values(
            spelling{"no quotes", "Bearer resource_metadata=u"},
            spelling{"case of scheme and name", "bEARER Resource_Metadata=\"u\""},
            spelling{"blanks around the equals sign", "Bearer resource_metadata = \"u\""},
            spelling{"escapes", "Bearer resource_metadata=\"\\u\""},
            spelling{"another scheme before it",
                     "Basic realm=\"a, b\", Bearer resource_metadata=u"},
            spelling{"another scheme behind it", "Bearer resource_metadata=u, Basic realm=x"},
            spelling{"a scheme without parameters", "Negotiate, Bearer resource_metadata=u"},
            spelling{"empty elements", ", ,Bearer realm=\"\",, resource_metadata=u ,"},
            spelling{"the first of two counts", "Bearer resource_metadata=u, resource_metadata=v"},
            spelling{"a character that does not belong there", "Bearer @, resource_metadata=u"}));

TEST(Challenge, IsNotTakenFromAnotherScheme) {
   EXPECT_EQ(of("DPoP resource_metadata=u").resource_metadata, "");
   EXPECT_EQ(of("Basic realm=x, resource_metadata=u").resource_metadata, "");
   EXPECT_EQ(of("Bearer realm=x, Basic resource_metadata=u").resource_metadata, "");
   EXPECT_EQ(of("").resource_metadata, "");
   EXPECT_EQ(find_challenge({{"content-type", "Bearer resource_metadata=u"}}).resource_metadata,
             "");
}

TEST(Challenge, IsFoundInTheSecondField) {
   EXPECT_EQ(find_challenge(
                   {{"www-authenticate", "Basic realm=x"}, {"WWW-Authenticate", "Bearer error=e"}})
                   .error,
             "e");
}

TEST(Challenge, EndsWhereAQuoteIsNeverClosed) {
   const auto c = of(R"(Bearer error="e", resource_metadata="https://srv)");
   EXPECT_EQ(c.error, "e");
   EXPECT_EQ(c.resource_metadata, "");
   EXPECT_EQ(of("Bearer error=\"" + std::string(9000, 'x') + "\"").error, "")
         << "longer than 8 KiB";
}

TEST(Challenge, QuotesStrangersWithoutTheirControls) {
   EXPECT_EQ(of("Bearer error_description=\"a\x1b[2J\xff\"").error_description,
             "a\\x1b[2J\xef\xbf\xbd");
   EXPECT_EQ(excerpt(std::string(1000, 'x')).size(), 300u);
}

TEST(Scopes, AreSplitAtBlanks) {
   EXPECT_THAT(split_scopes(" a  b:c a "), ElementsAre("a", "b:c"));
   EXPECT_THAT(split_scopes("a\"b c\\d \x7f e"), ElementsAre("e")) << "RFC 6749 3.3";
   EXPECT_THAT(split_scopes(""), IsEmpty());
   std::string many;
   for (int i = 0; i < 1000; ++i) many += "s" + std::to_string(i) + " ";
   EXPECT_EQ(split_scopes(many).size(), 100u);
}

TEST(Scopes, AreUnitedInOrder) {
   EXPECT_THAT(united({"a", "b"}, {"b", "c"}), ElementsAre("a", "b", "c"));
   EXPECT_EQ(join_scopes({"a", "b"}), "a b");
}

} // namespace
} // namespace fmcp::client
