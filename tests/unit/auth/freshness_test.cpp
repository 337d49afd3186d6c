#include "auth/freshness.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace fmcp::auth {
namespace {

using fields = std::vector<std::pair<std::string, std::string>>;

long long seconds(fields headers) {
   return key_lifetime({.status = 200, .headers = std::move(headers), .body = {}, .final_url = {}})
         .count();
}
long long seconds(std::string cache_control) {
   return seconds(fields{{"cache-control", std::move(cache_control)}});
}

TEST(KeyLifetime, IsAnHourUnlessTheServerSays) {
   EXPECT_EQ(seconds(fields{}), 3600);
   EXPECT_EQ(seconds(""), 3600);
   EXPECT_EQ(seconds("public"), 3600);
   EXPECT_EQ(seconds("s-maxage=900, stale-while-revalidate=60"), 3600);
}

TEST(KeyLifetime, IsMaxAgeWithinBounds) {
   EXPECT_EQ(seconds("max-age=900"), 900);
   EXPECT_EQ(seconds("public, Max-Age = \"7200\" ,must-revalidate"), 7200);
   EXPECT_EQ(seconds("max-age=0"), 300);
   EXPECT_EQ(seconds("max-age=299"), 300);
   EXPECT_EQ(seconds("max-age=301"), 301);
   EXPECT_EQ(seconds("max-age=86401"), 86400);
   EXPECT_EQ(seconds("max-age=99999999999999999999999999"), 86400);
}

TEST(KeyLifetime, IsTheShortestWhenTheServerForbidsKeeping) {
   EXPECT_EQ(seconds("no-store"), 300);
   EXPECT_EQ(seconds("max-age=7200, NO-CACHE"), 300);
   EXPECT_EQ(seconds("no-cache=\"set-cookie\", max-age=7200"), 300);
}

TEST(KeyLifetime, OfNonsenseIsTheUsual) {
   for (const auto* text : {"max-age", "max-age=", "max-age=-1", "max-age=1e3", "max-age=ten",
                            ",,,", "max-age=900, max-age=x", "max-age=\"", "=900"})
      EXPECT_EQ(seconds(text), 3600) << text;
}

TEST(KeyLifetime, OfTwoIsTheShorter) {
   EXPECT_EQ(seconds("max-age=900, max-age=600"), 600);
   EXPECT_EQ(seconds(fields{{"cache-control", "max-age=900"}, {"cache-control", "max-age=800"}}),
             800);
}

TEST(KeyLifetime, AgeWasSpentElsewhere) {
   EXPECT_EQ(seconds(fields{{"cache-control", "max-age=3000"}, {"age", " 1000 "}}), 2000);
   EXPECT_EQ(seconds(fields{{"cache-control", "max-age=3000"}, {"age", "5000"}}), 300);
   EXPECT_EQ(seconds(fields{{"cache-control", "max-age=3000"}, {"age", "-5"}}), 3000);
}

} // namespace
} // namespace fmcp::auth
