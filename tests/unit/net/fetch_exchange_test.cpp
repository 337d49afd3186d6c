// What a request may be, where it may go, and what a redirection makes of it. Without sockets.

#include "net/fetch_exchange.hpp"

#include <gtest/gtest.h>

namespace fmcp::net {
namespace {

using core::errc;
using core::http::fetch_policy;
using core::http::fetch_reply;
using core::http::fetch_request;

const fetch_policy usual{
      .origins = {"https://api.example.com", "https://other.example", "https://manifest.example",
                  "http://127.0.0.1:9000", "http://127.0.0.1:9001", "https://10.0.0.1",
                  "https://10.0.0.2", "HTTPS://Loud.Example:443/"},
      .trusted = {"https://api.example.com", "http://127.0.0.1:9000", "https://10.0.0.1"}};

fetch_request to(std::string url, const fetch_policy& policy = usual) {
   return {.url = std::move(url), .policy = std::make_shared<fetch_policy>(policy)};
}

core::error refused(fetch_request rq) {
   auto made = fetch_exchange::admit(std::move(rq));
   return made ? core::error{errc::internal, "(admitted)"} : made.error();
}

fetch_reply answer(int status, std::string location) {
   return {.status = status,
           .headers = {{"location", std::move(location)}},
           .body = {},
           .final_url = {}};
}

// ----------------------------------------------------------------------------------------- policy

TEST(FetchPolicy, AdmitsWhatIsNamed) {
   for (const auto* url :
        {"https://api.example.com/x?y", "https://API.example.com:443/", "http://127.0.0.1:9000/",
         "https://10.0.0.1/", "https://loud.example/"}) {
      EXPECT_EQ(refused(to(url)).message, "(admitted)") << url;
   }
}

TEST(FetchPolicy, RefusesOtherOrigins) {
   for (const auto* url :
        {"https://evil.example/", "https://api.example.com:8443/", "https://example.com/",
         "https://api.example.com.evil/", "https://xapi.example.com/", "http://127.0.0.1:9002/",
         "http://localhost:9000/", "https://127.0.0.1:9000/"}) {
      const auto why = refused(to(url));
      EXPECT_EQ(why.code, errc::denied) << url;
      EXPECT_NE(why.message.find("not among the origins"), std::string::npos) << why.message;
   }
   EXPECT_EQ(refused(to("https://api.example.com/", {})).code, errc::denied);
}

TEST(FetchPolicy, NamesOriginAndNoQuery) {
   const auto why = refused(to("https://evil.example/p?token=hunter2"));
   EXPECT_NE(why.message.find("https://evil.example"), std::string::npos);
   EXPECT_EQ(why.message.find("hunter2"), std::string::npos);
}

TEST(FetchPolicy, PlainHttpIsForLoopbackOnly) {
   const fetch_policy open{.origins = {"http://10.0.0.1", "http://api.example.com"},
                           .trusted = {"http://10.0.0.1", "http://api.example.com"}};
   EXPECT_EQ(refused(to("http://10.0.0.1/", open)).code, errc::denied);
   EXPECT_EQ(refused(to("http://api.example.com/", open)).code, errc::denied);
}

TEST(FetchPolicy, SpecialAddressesNeedTheOperator) {
   EXPECT_EQ(refused(to("https://10.0.0.2/")).code, errc::denied) << "only the manifest names it";
   EXPECT_EQ(refused(to("http://127.0.0.1:9001/")).code, errc::denied);
   const fetch_policy anywhere{.any_public_https = true};
   for (const auto* url :
        {"https://169.254.169.254/", "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/",
         "https://[fd00:ec2::254]/", "https://[::ffff:169.254.169.254]/", "https://0.0.0.0/",
         "https://100.100.100.200/", "https://[64:ff9b::a9fe:a9fe]/", "https://168.63.129.16/",
         "https://[2002:7f00:1::]/"}) {
      const auto why = refused(to(url, anywhere));
      EXPECT_EQ(why.code, errc::denied) << url;
      EXPECT_NE(why.message.find("only an origin that the settings name"), std::string::npos)
            << why.message;
   }
   EXPECT_EQ(refused(to("https://8.8.8.8/", anywhere)).message, "(admitted)");
   EXPECT_EQ(refused(to("https://any.example:8443/", anywhere)).message, "(admitted)");
   EXPECT_EQ(refused(to("http://localhost/", anywhere)).code, errc::denied);
}

TEST(FetchPolicy, EntriesThatAreNoOriginsMatchNothing) {
   const fetch_policy odd{.origins = {"https://api.example.com/path", "https://api.example.com?q",
                                      "api.example.com", "https://*.example.com", "*", ""}};
   EXPECT_EQ(refused(to("https://api.example.com/path", odd)).code, errc::denied);
}

TEST(FetchPolicy, ConnectionsFollowTheSchemeAndTheTrust) {
   using enum address_class;
   const reach open{.is_https = true, .is_trusted = false};
   const reach trusted{.is_https = true, .is_trusted = true};
   const reach plain{.is_https = false, .is_trusted = true};
   const reach plain_untrusted{.is_https = false, .is_trusted = false};
   EXPECT_TRUE(open.admits(global));
   EXPECT_TRUE(trusted.admits(global));
   EXPECT_FALSE(plain.admits(global));
   EXPECT_TRUE(plain.admits(loopback));
   EXPECT_FALSE(plain_untrusted.admits(loopback));
   for (const auto what : {unspecified, loopback, private_use, shared, link_local, platform,
                           multicast, documentation, reserved, embedding}) {
      EXPECT_FALSE(open.admits(what)) << describe(what);
      EXPECT_TRUE(trusted.admits(what)) << describe(what);
      EXPECT_EQ(plain.admits(what), what == loopback) << describe(what);
   }
}

// ---------------------------------------------------------------------------------------- request

TEST(FetchRequest, MethodsAndBodiesAreChecked) {
   auto rq = to("https://api.example.com/");
   for (const auto* method : {"", "get", "CONNECT", "TRACE", "GET /", "GET\r\nX: y", "FETCH"}) {
      rq.method = method;
      EXPECT_EQ(refused(rq).code, errc::invalid) << method;
   }
   rq.method = "GET";
   rq.body = "x";
   EXPECT_EQ(refused(rq).code, errc::invalid);
   rq.method = "POST";
   EXPECT_EQ(refused(rq).message, "(admitted)");
   rq.body.assign((8u << 20) + 1, 'x');
   EXPECT_EQ(refused(rq).code, errc::limit);
}

TEST(FetchRequest, FieldsCannotSplitOrFrameTheMessage) {
   const std::pair<std::string, std::string> bad[] = {
         {"", "x"},
         {"a b", "x"},
         {"a:", "x"},
         {"a\r\nb", "x"},
         {"a", "x\r\ny: z"},
         {"a", "x\ny"},
         {"a", {"x\0y", 3}},
         {"a", "x\x7f"},
         {"Host", "evil"},
         {"Expect", ""},
         {"connection", "x"},
         {"Content-Length", "3"},
         {"Transfer-Encoding", "chunked"},
         {"Proxy-Authorization", "x"},
         {"Accept-Encoding", "br"},
   };
   for (const auto& field : bad) {
      auto rq = to("https://api.example.com/");
      rq.headers = {field};
      EXPECT_EQ(refused(rq).code, errc::invalid) << field.first;
   }
   auto rq = to("https://api.example.com/");
   rq.headers = {{"Authorization", "Bearer hunter2"}, {"X-Empty", ""}, {"X-Tab", "a\tb\xc3\xbc"}};
   EXPECT_EQ(refused(rq).message, "(admitted)");
   rq.headers = {{"X-Secret", "hunter2\n"}};
   EXPECT_EQ(refused(rq).message.find("hunter2"), std::string::npos);
   rq.headers = {{"X-Large", std::string(65 * 1024, 'x')}};
   EXPECT_EQ(refused(rq).code, errc::limit);
}

TEST(FetchRequest, WithoutPolicyNothingGoesOut) {
   auto rq = to("https://api.example.com/");
   rq.policy.reset();
   EXPECT_EQ(refused(rq).code, errc::internal);
}

// ----------------------------------------------------------------------------------- redirections

class FetchRedirect : public testing::Test {
protected:
   fetch_exchange begin(std::string method = "GET", std::string body = {},
                        std::string url = "https://api.example.com/a/b") {
      auto rq = to(std::move(url));
      rq.method = std::move(method);
      rq.body = std::move(body);
      rq.max_redirects = 2;
      rq.headers = {{"authorization", "Bearer t"}, {"Cookie", "c"},     {"X-Api-Key", "k"},
                    {"Accept", "text/html"},       {"User-Agent", "u"}, {"Content-Type", "a/b"}};
      return *fetch_exchange::admit(std::move(rq));
   }
   static std::string names(const fetch_exchange& e) {
      std::string all;
      for (const auto& [name, value] : e.request().headers) all += name + " ";
      return all;
   }
};

TEST_F(FetchRedirect, SameOriginKeepsTheFields) {
   auto e = begin();
   EXPECT_TRUE(e.follow_redirect(answer(302, "c?d")).value());
   EXPECT_EQ(e.target().text(), "https://api.example.com/a/c?d");
   EXPECT_EQ(names(e), "authorization Cookie X-Api-Key Accept User-Agent Content-Type ");
   EXPECT_EQ(e.place(),
             "https://api.example.com/a/c (redirected from https://api.example.com/a/b)");
}

TEST_F(FetchRedirect, CredentialsDoNotFollowToAnotherOriginNorComeBack) {
   auto e = begin();
   EXPECT_TRUE(e.follow_redirect(answer(302, "https://other.example/x")).value());
   EXPECT_EQ(names(e), "Accept User-Agent ");
   EXPECT_FALSE(e.allowed().is_trusted) << "the new origin's own standing counts";
   EXPECT_TRUE(e.follow_redirect(answer(302, "https://api.example.com/x")).value());
   EXPECT_EQ(names(e), "Accept User-Agent ");
   EXPECT_TRUE(e.allowed().is_trusted);
}

TEST_F(FetchRedirect, MethodsChangeAsTheStatusSays) {
   struct row {
      int status;
      const char* method;
      const char* then;
      bool keeps_body;
   };
   for (const auto& r : {row{301, "POST", "GET", false}, row{302, "POST", "GET", false},
                         row{303, "POST", "GET", false}, row{307, "POST", "POST", true},
                         row{308, "POST", "POST", true}, row{301, "PUT", "PUT", true},
                         row{303, "PUT", "GET", false}, row{303, "HEAD", "HEAD", false},
                         row{302, "HEAD", "HEAD", false}, row{307, "GET", "GET", false}}) {
      const bool may_have_body = std::string_view(r.method).starts_with('P');
      auto e = begin(r.method, may_have_body ? "body" : "");
      EXPECT_TRUE(e.follow_redirect(answer(r.status, "/n")).value());
      EXPECT_EQ(e.request().method, r.then) << r.status << r.method;
      EXPECT_EQ(!e.request().body.empty(), r.keeps_body) << r.status << r.method;
      if (may_have_body && !r.keeps_body) {
         EXPECT_EQ(names(e).find("Content-Type"), std::string::npos) << r.status << r.method;
      }
   }
}

TEST_F(FetchRedirect, BodiesDoNotGoToAnotherOrigin) {
   auto e = begin("POST", "secret=hunter2");
   const auto went = e.follow_redirect(answer(307, "https://other.example/"));
   ASSERT_FALSE(went);
   EXPECT_EQ(went.error().code, errc::denied);
   EXPECT_EQ(went.error().message.find("hunter2"), std::string::npos);
   auto other = begin("POST", "secret=hunter2");
   EXPECT_TRUE(other.follow_redirect(answer(303, "https://other.example/")).value());
   EXPECT_EQ(other.request().body, "");
}

TEST_F(FetchRedirect, EachHopIsJudged) {
   for (const auto* location : {"https://evil.example/", "https://10.0.0.2/", "//169.254.169.254/",
                                "http://127.0.0.1:9000/", "https://api.example.com:1/"}) {
      auto e = begin();
      const auto went = e.follow_redirect(answer(302, location));
      ASSERT_FALSE(went) << location;
      EXPECT_EQ(went.error().code, errc::denied) << location;
   }
   auto plain = begin("GET", "", "http://127.0.0.1:9000/");
   EXPECT_TRUE(plain.follow_redirect(answer(302, "https://api.example.com/")).value());
}

TEST_F(FetchRedirect, LocationsThatAreNoUrlsAreRefusedWithoutQuotingThem) {
   for (const auto* location :
        {"ftp://hunter2/", "https://u:hunter2@api.example.com/", "/hunter2 x"}) {
      auto e = begin();
      const auto went = e.follow_redirect(answer(302, location));
      ASSERT_FALSE(went) << location;
      EXPECT_EQ(went.error().code, errc::io) << location;
      EXPECT_EQ(went.error().message.find("hunter2"), std::string::npos) << went.error().message;
   }
}

TEST_F(FetchRedirect, TheirNumberIsBounded) {
   auto e = begin();
   EXPECT_TRUE(e.follow_redirect(answer(302, "/1")).value());
   EXPECT_TRUE(e.follow_redirect(answer(302, "/2")).value());
   const auto went = e.follow_redirect(answer(302, "/3"));
   ASSERT_FALSE(went);
   EXPECT_EQ(went.error().code, errc::limit);
}

TEST_F(FetchRedirect, OtherAnswersAreFinal) {
   auto e = begin();
   EXPECT_FALSE(e.follow_redirect(answer(200, "/x")).value());
   EXPECT_FALSE(e.follow_redirect(answer(300, "/x")).value());
   EXPECT_FALSE(e.follow_redirect(answer(304, "/x")).value());
   EXPECT_FALSE(e.follow_redirect(answer(302, "")).value());
   auto none = *fetch_exchange::admit(to("https://api.example.com/"));
   EXPECT_FALSE(none.follow_redirect(answer(302, "/x")).value()) << "nobody asked for it";
}

} // namespace
} // namespace fmcp::net
