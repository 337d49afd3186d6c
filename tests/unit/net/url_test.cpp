// What counts as a URL for outbound requests, and where a Location leads.

#include "net/url.hpp"

#include <gtest/gtest.h>

namespace fmcp::net {
namespace {

/// The text that libcurl would get, or the reason.
std::string read(std::string_view text) {
   const auto made = url::parse(text);
   return made ? made->text() : made.error().message;
}

TEST(Url, KeepsWhatIsPlain) {
   for (const auto* text : {"https://api.example.com/", "https://api.example.com/a/b?c=d&e=%20/?",
                            "https://api.example.com:8443/a", "http://127.0.0.1:9000/x",
                            "https://[2600::1]/x", "https://a_b.example/~u/@x:1;p=(1)!$'*+,",
                            "https://xn--bcher-kva.example/", "https://example.com/a/../b/./c"}) {
      EXPECT_EQ(read(text), text);
   }
}

TEST(Url, NormalisesSchemeHostPortAndEmptyPath) {
   EXPECT_EQ(read("HTTPS://API.Example.COM:443"), "https://api.example.com/");
   EXPECT_EQ(read("http://LOCALHOST:80?q"), "http://localhost/?q");
   EXPECT_EQ(read("https://[2600:0:0::1]:0443/"), "https://[2600::1]/");
   const auto made = url::parse("https://api.example.com:8443/a?b");
   ASSERT_TRUE(made);
   EXPECT_EQ(made->origin(), "https://api.example.com:8443");
   EXPECT_EQ(made->place(), "https://api.example.com:8443/a");
   EXPECT_EQ(made->query, "?b");
}

TEST(Url, RefusesWhatTwoParsersMightReadDifferently) {
   const std::pair<std::string, const char*> rows[] = {
         {"", "begin with https://"},
         {"api.example.com/", "begin with https://"},
         {"ftp://example.com/", "begin with https://"},
         {"file:///etc/passwd", "begin with https://"},
         {"https:/example.com/", "begin with https://"},
         {"https:example.com", "begin with https://"},
         {" https://example.com/", "begin with https://"},
         {"https://user@example.com/", "user name"},
         {"https://user:hunter2@example.com/", "user name"},
         {"https://good.example@evil.example/", "user name"},
         {"https://example.com/#top", "fragment"},
         {"https://good.example#@evil.example/", "fragment"},
         {"https:///path", "neither a name"},
         {"https://?q", "neither a name"},
         {"https://exa mple.com/", "neither a name"},
         {"https://example.com\\@evil/", "user name"},
         {"https://example.com\\.evil/", "neither a name"},
         {"https://ex%61mple.com/", "neither a name"},
         {"https://b\xc3\xbc"
          "cher.example/",
          "neither a name"},
         {"https://example.com./", "neither a name"},
         {"https://.example.com/", "neither a name"},
         {"https://a..b/", "neither a name"},
         {"https://" + std::string(64, 'a') + ".example/", "neither a name"},
         {std::string("https://a\0b/", 12), "neither a name"},
         {"https://127.1/", "ends in a number"},
         {"https://2130706433/", "ends in a number"},
         {"https://0x7f000001/", "ends in a number"},
         {"https://0x7f.0.0.1/", "ends in a number"},
         {"https://0177.0.0.1/", "ends in a number"},
         {"https://1.2.3.4.5/", "ends in a number"},
         {"https://127.0.0.0x1/", "ends in a number"},
         {"https://[::1/", "no IPv6"},
         {"https://[fe80::1%25lo]/", "no IPv6"},
         {"https://[127.0.0.1]/", "no IPv6"},
         {"https://[]/", "no IPv6"},
         {"https://[", "no IPv6"},
         {"https://example.com:/", "its port"},
         {"https://example.com:0/", "its port"},
         {"https://example.com:65536/", "its port"},
         {"https://example.com:44a/", "its port"},
         {"https://example.com:+443/", "its port"},
         {"https://[::1]443/", "its host is in brackets"},
         {"https://example.com/a b", "percent-encoded"},
         {"https://example.com/a\\b", "percent-encoded"},
         {"https://example.com/a\r\nX: y", "percent-encoded"},
         {"https://example.com/?a=\"b\"", "percent-encoded"},
         {"https://example.com/%", "percent-encoded"},
         {"https://example.com/%zz", "percent-encoded"},
         {"https://example.com/\xff", "percent-encoded"},
         {"https://example.com/" + std::string(9000, 'a'), "longer than 8 KiB"},
   };
   for (const auto& [text, why] : rows) {
      const auto made = url::parse(text);
      ASSERT_FALSE(made) << text << " is read as " << made->text();
      EXPECT_EQ(made.error().code, core::errc::invalid);
      EXPECT_NE(made.error().message.find(why), std::string::npos)
            << text << ": " << made.error().message;
      EXPECT_EQ(made.error().message.find("hunter2"), std::string::npos);
   }
}

TEST(Url, KnowsLoopback) {
   for (const auto* text :
        {"http://localhost/", "http://a.localhost/", "http://127.9.9.9/", "http://[::1]/"}) {
      EXPECT_TRUE(url::parse(text)->is_loopback()) << text;
   }
   for (const auto* text : {"http://localhost.example/", "http://notlocalhost/", "http://10.0.0.1/",
                            "http://[::ffff:7f00:1]/", "http://[::]/", "http://0.0.0.0/"}) {
      EXPECT_FALSE(url::parse(text)->is_loopback()) << text;
   }
}

TEST(Url, PlacesAreCutAndHaveNoQuery) {
   const auto made = url::parse("https://h/" + std::string(500, 'p') + "?secret");
   ASSERT_TRUE(made);
   EXPECT_LT(made->place().size(), 230u);
   EXPECT_EQ(made->place().find("secret"), std::string::npos);
}

TEST(UrlFollow, ResolvesLikeRfc3986) {
   const auto base = *url::parse("https://h:81/b/c/d?q");
   const std::pair<const char*, const char*> rows[] = {
         {"https://other/x", "https://other/x"},
         {"//other/x", "https://other/x"},
         {"/x", "https://h:81/x"},
         {"x", "https://h:81/b/c/x"},
         {"x?y", "https://h:81/b/c/x?y"},
         {"./x", "https://h:81/b/c/x"},
         {"../x", "https://h:81/b/x"},
         {"../../../x", "https://h:81/x"},
         {"..", "https://h:81/b/"},
         {".", "https://h:81/b/c/"},
         {"x/./y/../z/", "https://h:81/b/c/x/z/"},
         {"?y", "https://h:81/b/c/d?y"},
         {"#f", "https://h:81/b/c/d?q"},
         {"", "https://h:81/b/c/d?q"},
         {"/x#f", "https://h:81/x"},
         {"/x?a=b://c", "https://h:81/x?a=b://c"},
         {"/a:b", "https://h:81/a:b"},
         {"http://127.0.0.1/", "http://127.0.0.1/"},
   };
   for (const auto& [location, wanted] : rows) {
      const auto made = follow(base, location);
      ASSERT_TRUE(made) << location << ": " << made.error().message;
      EXPECT_EQ(made->text(), wanted) << location;
   }
}

TEST(UrlFollow, RefusesWhatParseRefuses) {
   const auto base = *url::parse("https://h/b");
   for (const auto* location : {"ftp://x/", "javascript:alert(1)", "//user@x/", "/a b", "//x:0/",
                                "https:x", "//", "\\\\x\\y"}) {
      EXPECT_FALSE(follow(base, location)) << location;
   }
}

} // namespace
} // namespace fmcp::net
