#include "app/callback_listener.hpp"

#include <future>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/raw_http.hpp"

namespace fmcp::app {
namespace {

using client::callback;
using ::testing::HasSubstr;
using ::testing::Not;

callback judge(std::string_view query) {
   if (query == "good") return {.what = callback::kind::granted, .text = "c0de"};
   if (query == "bad") return {.what = callback::kind::refused, .text = "refused <b>"};
   return {.what = callback::kind::foreign, .text = "not the one"};
}

class CallbackListener : public ::testing::Test {
protected:
   test::http_answer ask(const std::string& target, const std::string& method = "GET") const {
      test::connection c(port_);
      return c.ask({.method = method, .target = target});
   }
   /// Waits for the login on a thread of its own, as a command does.
   std::future<core::result<std::string>> start() {
      port_ = listener_.listen(0).value();
      return std::async(std::launch::async, [this] { return listener_.wait(judge); });
   }

   std::ostringstream out_;
   callback_listener listener_{out_, false};
   std::uint16_t port_ = 0;
};

TEST_F(CallbackListener, GivesTheCode) {
   auto code = start();
   const auto page = ask("/callback?good");
   EXPECT_EQ(page.status, 200);
   EXPECT_THAT(page.body, HasSubstr("Logged in"));
   EXPECT_THAT(page.body, Not(HasSubstr("c0de")));
   EXPECT_EQ(page.header("cache-control"), "no-store");
   EXPECT_EQ(page.header("referrer-policy"), "no-referrer");
   EXPECT_EQ(page.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
   EXPECT_EQ(code.get(), "c0de");
}

TEST_F(CallbackListener, WaitsOnAfterOthers) {
   auto code = start();
   EXPECT_EQ(ask("/callback?guessed").status, 400);
   EXPECT_EQ(ask("/callback").status, 400);
   EXPECT_EQ(ask("/").status, 404);
   EXPECT_EQ(ask("/favicon.ico").status, 404);
   EXPECT_EQ(ask("/callback?good", "POST").status, 405);
   EXPECT_EQ(ask("/callback?good", "HEAD").status, 405);
   EXPECT_EQ(ask("/callback?good").status, 200);
   EXPECT_EQ(code.get(), "c0de");
}

/// Browsers open connections in advance; those must not keep the answer out.
TEST_F(CallbackListener, IsNotHeldUpBySilentConnections) {
   auto code = start();
   std::vector<test::connection> silent;
   for (int i = 0; i < 8; ++i) silent.emplace_back(port_);
   EXPECT_EQ(ask("/callback?good").status, 200);
   EXPECT_EQ(code.get(), "c0de");
}

TEST_F(CallbackListener, TellsOfARefusal) {
   auto code = start();
   const auto page = ask("/callback?bad");
   EXPECT_EQ(page.status, 400);
   EXPECT_THAT(page.body, HasSubstr("refused &lt;b&gt;"));
   const auto end = code.get();
   ASSERT_FALSE(end.has_value());
   EXPECT_EQ(end.error(), (core::error{core::errc::denied, "refused <b>"}));
}

TEST_F(CallbackListener, GivesUp) {
   callback_listener hasty(out_, false, std::chrono::milliseconds(1));
   ASSERT_TRUE(hasty.listen(0).has_value());
   EXPECT_EQ(hasty.wait(judge).error().code, core::errc::timeout);
}

TEST_F(CallbackListener, ListensWhereItDidBefore) {
   auto code = start();
   const auto first = port_;
   ask("/callback?good");
   code.get().value();
   EXPECT_EQ(listener_.listen(first), first);
   callback_listener other(out_, false);
   const auto elsewhere = other.listen(first);
   ASSERT_TRUE(elsewhere.has_value());
   EXPECT_NE(*elsewhere, first) << "it is taken";
}

TEST_F(CallbackListener, PrintsThePage) {
   listener_.show("https://as/authorize?x=1");
   EXPECT_THAT(out_.str(), HasSubstr("\n  https://as/authorize?x=1\n"));
}

} // namespace
} // namespace fmcp::app
