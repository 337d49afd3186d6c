#include "auth/forwarded_document.hpp"

#include <gtest/gtest.h>

#include "unit/auth/gate_fakes.hpp"

namespace {

using namespace fmcp;
using namespace std::chrono_literals;

constexpr const char* first = R"({"issuer":"https://as/1"})";
constexpr const char* second = R"({"issuer":"https://as/2"})";

struct ForwardedDocument : testing::Test {
   auth::forwarded_document::options options() {
      auth::forwarded_document::options o;
      o.places = {"https://as/a", "https://as/b"};
      o.fetch = &net;
      o.reach = std::make_shared<core::http::fetch_policy>();
      o.max_waiters = 2;
      o.clock = &clock;
      return o;
   }
   std::string text() {
      const auto s = doc->get();
      return s.text ? *s.text : "";
   }
   core::manual_clock clock;
   test::stepped_fetcher net;
   std::shared_ptr<auth::forwarded_document> doc =
         std::make_shared<auth::forwarded_document>(options());
};

TEST_F(ForwardedDocument, IsFetchedAtTheFirstQuestion) {
   EXPECT_EQ(net.requests.size(), 0u);
   EXPECT_EQ(text(), "");
   ASSERT_EQ(net.requests.size(), 1u);
   const auto& rq = net.requests[0];
   EXPECT_EQ(rq.method, "GET");
   EXPECT_EQ(rq.url, "https://as/a");
   EXPECT_EQ(rq.timeout, 5s);
   EXPECT_EQ(rq.max_body, 64u << 10);
   EXPECT_EQ(rq.max_redirects, 0u);
   EXPECT_NE(rq.policy, nullptr);
   EXPECT_TRUE(doc->get().is_fetching);
   EXPECT_EQ(net.requests.size(), 1u) << "one at a time";
   net.answer(first);
   EXPECT_EQ(text(), first);
   EXPECT_FALSE(doc->get().is_fetching);
}

TEST_F(ForwardedDocument, IsGivenOutWhileItIsRenewed) {
   (void)doc->get();
   net.answer(first, "public, max-age=600");
   clock.advance(600s - 1ns);
   EXPECT_EQ(text(), first);
   EXPECT_EQ(net.requests.size(), 1u);
   clock.advance(1ns);
   EXPECT_EQ(text(), first);
   EXPECT_EQ(net.requests.size(), 2u);
   net.answer(second);
   EXPECT_EQ(text(), second);
}

TEST_F(ForwardedDocument, StaysFreshWithinOurBounds) {
   const std::pair<const char*, std::chrono::seconds> rows[] = {
         {"max-age=1", 300s},
         {"max-age=100000", 3600s},
         {"max-age=99999999999999999999", 3600s},
         {"no-store", 300s},
         {"", 900s},
         {"max-age=x", 900s},
         {"Public, Max-Age=400", 400s}};
   for (const auto& [header, life] : rows) {
      doc = std::make_shared<auth::forwarded_document>(options());
      (void)doc->get();
      net.answer(first, header);
      clock.advance(life - 1ns);
      (void)doc->get();
      EXPECT_TRUE(net.open.empty()) << header;
      clock.advance(1ns);
      (void)doc->get();
      ASSERT_FALSE(net.open.empty()) << header;
      net.answer(first);
   }
}

TEST_F(ForwardedDocument, TriesThePlacesInOrderWithinOneTimeLimit) {
   (void)doc->get();
   clock.advance(4s);
   net.fail();
   ASSERT_EQ(net.requests.size(), 2u);
   EXPECT_EQ(net.requests[1].url, "https://as/b");
   EXPECT_EQ(net.requests[1].timeout, 1s);
   net.answer(second);
   EXPECT_EQ(text(), second);
}

TEST_F(ForwardedDocument, DoesNotStartAnotherPlaceWhenTheTimeIsUp) {
   (void)doc->get();
   clock.advance(5s);
   net.fail();
   EXPECT_EQ(net.requests.size(), 1u);
   EXPECT_FALSE(doc->get().is_fetching);
}

TEST_F(ForwardedDocument, LeavesAFailedPlaceAloneForAWhile) {
   (void)doc->get();
   net.fail();
   net.fail();
   for (int i = 0; i < 10; ++i) EXPECT_EQ(text(), "");
   EXPECT_EQ(net.requests.size(), 2u);
   clock.advance(30s - 1ns);
   EXPECT_EQ(text(), "");
   EXPECT_EQ(net.requests.size(), 2u);
   clock.advance(1ns);
   (void)doc->get();
   EXPECT_EQ(net.requests.size(), 3u);
}

TEST_F(ForwardedDocument, SaysWhyNothingWorkedAndNoQuery) {
   auto o = options();
   o.places = {"https://as/a?key=secret"};
   doc = std::make_shared<auth::forwarded_document>(o);
   (void)doc->get();
   testing::internal::CaptureStderr();
   net.fail();
   const auto log = testing::internal::GetCapturedStderr();
   EXPECT_NE(log.find(R"(first_place="https://as/a" last_reason="nobody is there" next_try_s=30)"),
             std::string::npos)
         << log;
}

TEST_F(ForwardedDocument, KeepsTheOldOneThroughAnOutage) {
   (void)doc->get();
   net.answer(first);
   for (int i = 0; i < 5; ++i) {
      clock.advance(3600s);
      EXPECT_EQ(text(), first);
      net.fail();
      net.fail();
   }
   EXPECT_EQ(text(), first);
}

TEST_F(ForwardedDocument, TakesNoGarbage) {
   const auto reply = [](int status, std::string body) {
      core::http::fetch_reply r;
      r.status = status;
      r.body = std::move(body);
      return r;
   };
   const core::http::fetch_reply rows[] = {
         reply(500, first),
         reply(404, first),
         reply(302, first),
         reply(200, ""),
         reply(200, "<html>"),
         reply(200, "[]"),
         reply(200, "{}"),
         reply(200, R"({"issuer":5})"),
         reply(200, R"({"issuer":"a","issuer":"b"})"),
         reply(200, R"({"issuer":")" + std::string(70'000, 'a') + "\"}"),
         reply(200, R"({"issuer":"a","x":)" + std::string(100, '[') + std::string(100, ']') + "}")};
   for (const auto& r : rows) {
      doc = std::make_shared<auth::forwarded_document>(options());
      (void)doc->get();
      net.answer(r);
      ASSERT_EQ(net.open.size(), 1u) << r.body.substr(0, 40);
      net.fail();
      EXPECT_EQ(text(), "") << r.body.substr(0, 40);
   }
}

TEST_F(ForwardedDocument, HasToSuit) {
   auto o = options();
   o.suits = [](std::string_view t) { return t == second; };
   doc = std::make_shared<auth::forwarded_document>(o);
   (void)doc->get();
   net.answer(first);
   EXPECT_EQ(text(), "");
   net.answer(second);
   EXPECT_EQ(text(), second);
}

TEST_F(ForwardedDocument, WakesThoseWhoWaitWhateverCame) {
   int woken = 0;
   std::move_only_function<void()> w = [&] { ++woken; };
   EXPECT_FALSE(doc->wait(w)) << "nothing is in flight";
   for (const bool works : {true, false}) {
      woken = 0;
      doc = std::make_shared<auth::forwarded_document>(options());
      (void)doc->get();
      for (const bool expected : {true, true, false}) {
         std::move_only_function<void()> one = [&] { ++woken; };
         EXPECT_EQ(doc->wait(one), expected);
      }
      if (works) {
         net.answer(first);
      } else {
         net.fail();
         EXPECT_EQ(woken, 0) << "there is another place";
         net.fail();
      }
      EXPECT_EQ(woken, 2);
   }
}

TEST_F(ForwardedDocument, OutlivesItsOwnerWhileItIsFetched) {
   (void)doc->get();
   const std::weak_ptr weak = doc;
   doc.reset();
   EXPECT_FALSE(weak.expired());
   net.answer(first);
   EXPECT_TRUE(weak.expired());
}

} // namespace
