#include "client/reach.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fmcp::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

TEST(Reach, KnowsTheServersSpelling) {
   const auto r = reach::of_server("HTTPS://Srv.Example:443/mcp?x=1").value();
   EXPECT_EQ(r.server(), "https://srv.example/mcp?x=1");
   EXPECT_EQ(r.origin(), "https://srv.example");
   EXPECT_FALSE(r.is_loopback());
   EXPECT_EQ(reach::of_server("https://srv")->server(), "https://srv");
   EXPECT_EQ(reach::of_server("https://srv/")->server(), "https://srv/");
}

TEST(Reach, RefusesPlainHttpThatLeavesTheMachine) {
   EXPECT_EQ(reach::of_server("http://srv/mcp").error().code, core::errc::denied);
   EXPECT_TRUE(reach::of_server("http://localhost:8000/mcp").has_value());
   EXPECT_TRUE(reach::of_server("http://[::1]:8000/mcp").has_value());
   for (const auto* bad : {"srv/mcp", "ftp://srv", "https://me@srv/", "https://srv/#f", ""})
      EXPECT_FALSE(reach::of_server(bad).has_value()) << bad;
}

TEST(Reach, QuotesWhatCannotBeUsedWithoutItsSecrets) {
   const auto why = [](const char* url) { return reach::of_server(url).error().message; };
   EXPECT_THAT(why("srv/mcp"), StartsWith("\"srv/mcp\": the URL cannot be used: "));
   EXPECT_THAT(why("https://srv:99999/mcp\x1b"), StartsWith("\"https://srv:99999/mcp\\x1b\": "));
   EXPECT_THAT(why(""), StartsWith("\"\": "));
   for (const auto* url : {"https://me:s3cret@srv/mcp", "me:s3cret@srv", "https://a?k=s3cret#",
                           "https://me:a?s3cret@srv", "https://me:a/s3cret@srv", "x?s3cret",
                           "https://srv/?mail=me@s3cret#", "a@b://s3cret"}) {
      EXPECT_THAT(why(url), HasSubstr("…\": ")) << url;
      EXPECT_THAT(why(url), Not(HasSubstr("s3cret"))) << url;
   }
   EXPECT_THAT(why("http://srv/mcp?s3cret"), Not(HasSubstr("s3cret")));
}

TEST(Reach, TrustsTheServerAlone) {
   const auto r = reach::of_server("https://srv/mcp").value();
   for (const auto* url : {"https://as/x", "http://127.0.0.1:1/x", "nonsense"}) {
      const auto p = r.policy_for(url);
      EXPECT_THAT(p->trusted, ElementsAre("https://srv")) << url;
      EXPECT_THAT(p->origins, ElementsAre("https://srv")) << url;
      EXPECT_TRUE(p->any_public_https);
   }
}

TEST(Reach, TrustsLoopbackWhenTheServerIsThere) {
   const auto r = reach::of_server("http://127.0.0.1:8000/mcp").value();
   EXPECT_THAT(r.policy_for("http://localhost:9000/token")->trusted,
               UnorderedElementsAre("http://127.0.0.1:8000", "http://localhost:9000"));
   EXPECT_THAT(r.policy_for("http://10.0.0.1/token")->trusted,
               ElementsAre("http://127.0.0.1:8000"));
}

TEST(Reach, ChecksWhatDocumentsName) {
   const auto far = reach::of_server("https://srv/mcp").value();
   EXPECT_TRUE(far.check("x", "https://as/token").has_value());
   EXPECT_EQ(far.check("x", "http://127.0.0.1/token").error().code, core::errc::denied);
   EXPECT_EQ(far.check("x", "http://as/token").error().code, core::errc::denied);
   EXPECT_EQ(far.check("x", "javascript:alert(1)").error().code, core::errc::invalid);
   const auto near = reach::of_server("http://localhost:1/mcp").value();
   EXPECT_TRUE(near.check("x", "http://127.0.0.1:2/token").has_value());
   EXPECT_FALSE(near.check("x", "http://as/token").has_value());
}

struct pair {
   const char* resource;
   const char* url;
   bool fits;
};
class Resources : public ::testing::TestWithParam<pair> {};

TEST_P(Resources, AreTheUrlOrAbove) {
   EXPECT_EQ(is_resource_of(GetParam().resource, GetParam().url), GetParam().fits)
         << GetParam().resource << " of " << GetParam().url;
}
INSTANTIATE_TEST_SUITE_P(All, Resources,
                         ::testing::Values(pair{"https://srv/mcp", "https://srv/mcp", true},
                                           pair{"https://srv/mcp/", "https://srv/mcp", true},
                                           pair{"https://SRV:443/mcp", "https://srv/mcp", true},
                                           pair{"https://srv", "https://srv/mcp", true},
                                           pair{"https://srv/a", "https://srv/a/mcp", true},
                                           pair{"https://srv/m", "https://srv/mcp", false},
                                           pair{"https://srv/mcp/x", "https://srv/mcp", false},
                                           pair{"https://srv/Mcp", "https://srv/mcp", false},
                                           pair{"http://srv/mcp", "https://srv/mcp", false},
                                           pair{"https://srv:444", "https://srv/mcp", false},
                                           pair{"https://other/mcp", "https://srv/mcp", false},
                                           pair{"https://srv/mcp?a", "https://srv/mcp", false},
                                           pair{"urn:x", "https://srv/mcp", false},
                                           pair{"", "https://srv/mcp", false}));

} // namespace
} // namespace fmcp::client
