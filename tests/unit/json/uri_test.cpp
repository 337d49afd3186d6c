#include "json/uri.hpp"

#include <gtest/gtest.h>

namespace {

using namespace fmcp::json;

TEST(Uri, TellsAbsentPartsFromEmptyOnes) {
   const uri_parts full("http://h:1/p?q#f");
   EXPECT_EQ(full.scheme, "http");
   EXPECT_EQ(full.authority, "h:1");
   EXPECT_EQ(full.path, "/p");
   EXPECT_EQ(full.query, "q");
   EXPECT_EQ(full.fragment, "f");
   const uri_parts empty("x://?#");
   EXPECT_EQ(empty.authority, "");
   EXPECT_EQ(empty.query, "");
   EXPECT_EQ(empty.fragment, "");
   const uri_parts relative("a/b:c");
   EXPECT_EQ(relative.scheme, std::nullopt);
   EXPECT_EQ(relative.authority, std::nullopt);
   EXPECT_EQ(relative.path, "a/b:c");
   EXPECT_EQ(uri_parts("urn:a:b").path, "a:b");
}

struct resolution {
   const char* reference;
   const char* result;
};

class UriResolution : public testing::TestWithParam<resolution> {};

TEST_P(UriResolution, FollowsRfc3986) {
   EXPECT_EQ(resolve_uri("http://a/b/c/d;p?q", GetParam().reference), GetParam().result);
}

// The examples of RFC 3986, 5.4.1 and 5.4.2.
INSTANTIATE_TEST_SUITE_P(
      Examples, UriResolution,
      testing::Values(
            resolution{"g:h", "g:h"}, resolution{"g", "http://a/b/c/g"},
            resolution{"./g", "http://a/b/c/g"}, resolution{"g/", "http://a/b/c/g/"},
            resolution{"/g", "http://a/g"}, resolution{"//g", "http://g"},
            resolution{"?y", "http://a/b/c/d;p?y"}, resolution{"g?y", "http://a/b/c/g?y"},
            resolution{"#s", "http://a/b/c/d;p?q#s"}, resolution{"g#s", "http://a/b/c/g#s"},
            resolution{"g?y#s", "http://a/b/c/g?y#s"}, resolution{";x", "http://a/b/c/;x"},
            resolution{"g;x", "http://a/b/c/g;x"}, resolution{"", "http://a/b/c/d;p?q"},
            resolution{".", "http://a/b/c/"}, resolution{"./", "http://a/b/c/"},
            resolution{"..", "http://a/b/"}, resolution{"../", "http://a/b/"},
            resolution{"../g", "http://a/b/g"}, resolution{"../..", "http://a/"},
            resolution{"../../g", "http://a/g"}, resolution{"../../../g", "http://a/g"},
            resolution{"/./g", "http://a/g"}, resolution{"/../g", "http://a/g"},
            resolution{"g.", "http://a/b/c/g."}, resolution{"..g", "http://a/b/c/..g"},
            resolution{"./../g", "http://a/b/g"}, resolution{"./g/.", "http://a/b/c/g/"},
            resolution{"g/./h", "http://a/b/c/g/h"}, resolution{"g/../h", "http://a/b/c/h"},
            resolution{"g;x=1/../y", "http://a/b/c/y"},
            resolution{"g?y/../x", "http://a/b/c/g?y/../x"},
            resolution{"g#s/../x", "http://a/b/c/g#s/../x"}));

TEST(Uri, ResolvesFromNothing) {
   EXPECT_EQ(resolve_uri("", "#a"), "#a");
   EXPECT_EQ(resolve_uri("", "node.json"), "node.json");
   EXPECT_EQ(resolve_uri("http://a", "b"), "http://a/b");
   EXPECT_EQ(resolve_uri("urn:x:y", "#f"), "urn:x:y#f");
}

TEST(Uri, DecodesPercentSignsThatEncodeSomething) {
   EXPECT_EQ(percent_decoded("a%25b%7e%7E"), "a%b~~");
   EXPECT_EQ(percent_decoded("%"), "%");
   EXPECT_EQ(percent_decoded("%4"), "%4");
   EXPECT_EQ(percent_decoded("%zz"), "%zz");
   EXPECT_EQ(percent_decoded("%41"), "A");
}

} // namespace
