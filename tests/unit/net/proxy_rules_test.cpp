// Which requests go through the proxy, and how its setting is read.

#include "net/proxy_rules.hpp"

#include <gtest/gtest.h>

namespace fmcp::net {
namespace {

bool goes_through(std::string_view no_proxy, std::string_view target,
                  std::string_view proxy = "http://proxy.example:3128") {
   const auto rules = proxy_rules::parse(proxy, no_proxy);
   EXPECT_TRUE(rules) << rules.error().message;
   return rules->find(*url::parse(target)) != nullptr;
}

TEST(ProxyRules, OnlyHttpsThatIsNotLoopbackGoesThrough) {
   EXPECT_TRUE(goes_through("", "https://api.example.com/"));
   EXPECT_TRUE(goes_through("", "https://10.0.0.1/"));
   EXPECT_FALSE(goes_through("", "http://127.0.0.1/"));
   EXPECT_FALSE(goes_through("", "https://127.0.0.1/"));
   EXPECT_FALSE(goes_through("", "https://localhost/"));
   EXPECT_FALSE(goes_through("", "https://a.localhost/"));
   EXPECT_FALSE(goes_through("", "https://[::1]/"));
   EXPECT_FALSE(goes_through("", "https://api.example.com/", ""));
   EXPECT_FALSE(goes_through("", "https://api.example.com/", "  "));
}

TEST(ProxyRules, ExceptionsAreTakenAsUsual) {
   struct row {
      const char* no_proxy;
      const char* target;
      bool goes;
   };
   const row rows[] = {
         {"*", "https://api.example.com/", false},
         {"example.com", "https://example.com/", false},
         {"example.com", "https://api.example.com/", false},
         {"example.com", "https://badexample.com/", true},
         {"example.com", "https://example.com.evil/", true},
         {".example.com", "https://api.example.com/", false},
         {"*.example.com", "https://api.example.com/", false},
         {"EXAMPLE.com", "https://api.example.com/", false},
         {"a.test, example.com  b.test", "https://example.com/", false},
         {",, ,", "https://example.com/", true},
         {".", "https://example.com/", true},
         {"example.com:8443", "https://example.com/", true},
         {"example.com:8443", "https://example.com:8443/", false},
         {"10.1.2.3", "https://10.1.2.3/", false},
         {"10.1.2.3:443", "https://10.1.2.3/", false},
         {"10.1.2.3:80", "https://10.1.2.3/", true},
         {"2.3", "https://10.1.2.3/", true},
         {"10.0.0.0/8", "https://10.1.2.3/", false},
         {"10.0.0.0/8", "https://11.1.2.3/", true},
         {"10.1.2.0/23", "https://10.1.3.9/", false},
         {"10.1.2.0/23", "https://10.1.4.9/", true},
         {"0.0.0.0/0", "https://8.8.8.8/", false},
         {"10.0.0.0/33", "https://10.0.0.0/", true},
         {"10.0.0.0/", "https://10.0.0.0/", true},
         {"10.0.0.0/8x", "https://10.0.0.0/", true},
         {"10.0.0.0/8", "https://ten.example/", true},
         {"fd00::/8", "https://[fd12::1]/", false},
         {"fd00::/8", "https://[fe12::1]/", true},
         {"[fd12::1]", "https://[fd12::1]/", false},
         {"[fd12::1]:443", "https://[fd12::1]/", false},
         {"[fd12::1]:80", "https://[fd12::1]/", true},
         {"fd12:0::1", "https://[fd12::1]/", false},
         {"[", "https://[fd12::1]/", true},
         {"[]", "https://[fd12::1]/", true},
         {":443", "https://example.com/", true},
   };
   for (const auto& r : rows) {
      EXPECT_EQ(goes_through(r.no_proxy, r.target), r.goes) << r.no_proxy << " for " << r.target;
   }
}

TEST(ProxyRules, ReadsLoginsAndDefaults) {
   const auto rules = proxy_rules::parse("https://us%40er:p:w%2f@Proxy.example:8080/", "");
   ASSERT_TRUE(rules) << rules.error().message;
   const proxy* p = rules->find(*url::parse("https://api.example.com/"));
   ASSERT_NE(p, nullptr);
   EXPECT_EQ(p->user, "us@er");
   EXPECT_EQ(p->password, "p:w/");
   EXPECT_EQ(p->address.origin(), "https://proxy.example:8080");
   const auto bare = proxy_rules::parse("proxy.example:3128", "");
   ASSERT_TRUE(bare);
   EXPECT_EQ(bare->find(*url::parse("https://x/"))->address.origin(), "http://proxy.example:3128");
}

TEST(ProxyRules, RefusesOthersWithoutQuotingThem) {
   for (const auto* text :
        {"socks5://user:hunter2@p:1080", "http://user:hunter2@", "http://hunter2@p:0",
         "http://p:3128/hunter2", "http://p:3128/?hunter2", "http://hunter2:%00@p", "ht!tp://p"}) {
      const auto rules = proxy_rules::parse(text, "");
      ASSERT_FALSE(rules) << text;
      EXPECT_EQ(rules.error().code, core::errc::invalid);
      EXPECT_NE(rules.error().message.find("proxy"), std::string::npos) << rules.error().message;
      EXPECT_EQ(rules.error().message.find("hunter2"), std::string::npos) << rules.error().message;
   }
}

} // namespace
} // namespace fmcp::net
