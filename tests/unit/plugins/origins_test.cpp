#include "plugins/origins.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/document.hpp"

namespace fmcp::plugins {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Origin, IsSchemeHostAndPortInOneForm) {
   EXPECT_EQ(origin_of("https://api.example.com"), "https://api.example.com");
   EXPECT_EQ(origin_of("HTTPS://API.Example.com:443/v1?x#y"), "https://api.example.com");
   EXPECT_EQ(origin_of("http://localhost:80/"), "http://localhost");
   EXPECT_EQ(origin_of("http://127.0.0.1:9000/x"), "http://127.0.0.1:9000");
   EXPECT_EQ(origin_of("https://[::1]:8443/x"), "https://[::1]:8443");
   EXPECT_EQ(origin_of("https://a.example:/x"), "https://a.example");
}

TEST(Origin, OfSomethingElseIsNone) {
   for (const auto* bad :
        {"", "api.example.com", "/path", "//api.example.com", "ftp://a.example", "https:///x",
         "https://", "https:a.example", "https://u@a.example", "https://u:p@a.example",
         "https://a%2eexample", "https://a.example:0", "https://a.example:70000",
         "https://a.example:x", "https://a b", "https://a.example\n", "javascript://a.example"}) {
      EXPECT_FALSE(origin_of(bad)) << bad;
   }
}

TEST(Origin, OfSettingsIsWhatTheOperatorTyped) {
   json::document manifest;
   ASSERT_TRUE(manifest.parse_copy(R"({"settings":[
      {"name":"base_url","type":"url"},{"name":"other","type":"string"},
      {"name":"again","type":"url"},{"name":"unset","type":"url"},
      {"name":"idp","type":"url"},{"name":7,"type":"url"},"x"]})"));
   EXPECT_THAT(origins_of_settings(manifest.root(),
                                   R"({"base_url":"https://srv.example/mcp",
             "other":"https://not.example","again":"https://SRV.example:443",
             "idp":"http://127.0.0.1:9000/p"})"),
               ElementsAre("https://srv.example", "http://127.0.0.1:9000"));
   EXPECT_THAT(origins_of_settings(manifest.root(), "not json"), IsEmpty());
   ASSERT_TRUE(manifest.parse_copy(R"({"settings":{}})"));
   EXPECT_THAT(origins_of_settings(manifest.root(), "{}"), IsEmpty());
}

} // namespace
} // namespace fmcp::plugins
