// The service with its thread: who calls whom where, and whether it can be shared.

#include "auth/jwt_service.hpp"

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "unit/auth/jwt_bench.hpp"

namespace fmcp::auth {
namespace {

using core::auth_reason;
using crypto::algorithm;
using test::jwks;
using test::token_maker;
using enum core::auth_reason;

/// Answers each fetch on a thread of its own, with a set that the test may change.
class live_fetcher final : public core::http::fetcher {
public:
   ~live_fetcher() override {
      for (auto& t : threads_) t.join();
   }
   std::uint64_t start(core::http::fetch_request, core::http::fetch_done done) override {
      const std::lock_guard lock(mutex_);
      threads_.emplace_back([this, done = std::move(done)]() mutable {
         core::http::fetch_reply reply;
         {
            const std::lock_guard inner(mutex_);
            reply.body = set_;
         }
         reply.status = 200;
         done(std::move(reply));
      });
      return threads_.size();
   }
   void cancel(std::uint64_t) override {}
   void serve(std::string set) {
      const std::lock_guard lock(mutex_);
      set_ = std::move(set);
   }
   [[nodiscard]] std::size_t count() {
      const std::lock_guard lock(mutex_);
      return threads_.size();
   }

private:
   std::mutex mutex_;
   std::string set_;
   std::vector<std::thread> threads_;
};

const token_maker& issuer(const char* kid = "k1") {
   return token_maker::of(algorithm::rs256, kid);
}
std::string token(const char* kid = "k1") {
   const auto now = core::clock::system().unix_ms() / 1000;
   return issuer(kid).token(test::claims(now));
}
std::future<jwt_outcome> verify(jwt_service& service, std::uint64_t id, std::string_view token) {
   auto promise = std::make_shared<std::promise<jwt_outcome>>();
   auto future = promise->get_future();
   service.verify(id, token, [promise](jwt_outcome o) { promise->set_value(std::move(o)); });
   return future;
}

TEST(JwtService, AnswersOnItsOwnThread) {
   jwt_service service(nullptr);
   const auto id = service.add(test::static_policy()).value();
   std::promise<std::thread::id> where;
   service.verify(id, token(), [&](jwt_outcome o) {
      EXPECT_EQ(o.reason, none);
      where.set_value(std::this_thread::get_id());
   });
   EXPECT_NE(where.get_future().get(), std::this_thread::get_id());
}

TEST(JwtService, ReadsTheTokenBeforeItReturns) {
   live_fetcher net;
   net.serve(jwks({issuer().jwk()}));
   jwt_service service(&net);
   const auto id = service.add(test::remote_policy()).value();
   std::future<jwt_outcome> outcome;
   {
      auto text = token();
      outcome = verify(service, id, text);
      text.assign(text.size(), 'x');
   }
   EXPECT_EQ(outcome.get().reason, none);
}

TEST(JwtService, FetchesKeysInTheBackground) {
   live_fetcher net;
   net.serve(jwks({issuer().jwk()}));
   jwt_service service(&net);
   const auto id = service.add(test::remote_policy()).value();
   EXPECT_EQ(verify(service, id, token()).get().reason, none);
   const auto now = service.verify_now(id, token());
   ASSERT_TRUE(now);
   EXPECT_EQ(now->reason, none);
   net.serve(jwks({issuer("k2").jwk()}));
   EXPECT_EQ(verify(service, id, token("k2")).get().reason, none);
   EXPECT_EQ(net.count(), 2u);
}

TEST(JwtService, ACallbackMayVerifyAgain) {
   jwt_service service(nullptr);
   const auto id = service.add(test::static_policy()).value();
   std::promise<auth_reason> last;
   service.verify(id, token(), [&](jwt_outcome) {
      service.verify(id, token("k2"), [&](jwt_outcome o) { last.set_value(o.reason); });
   });
   EXPECT_EQ(last.get_future().get(), unknown_key);
}

TEST(JwtService, ManyThreadsMayUseItDuringARotation) {
   live_fetcher net;
   net.serve(jwks({issuer().jwk()}));
   std::atomic<int> refused = 0;
   std::atomic<int> answered = 0;
   constexpr int threads = 4;
   constexpr int rounds = 50;
   {
      jwt_service service(&net);
      const auto id = service.add(test::remote_policy()).value();
      const auto old_token = token();
      const auto new_token = token("k2");
      const auto count = [&](jwt_outcome o) {
         refused += o.reason == none ? 0 : 1;
         ++answered;
      };
      verify(service, id, old_token).wait();
      net.serve(jwks({issuer().jwk(), issuer("k2").jwk()}));
      std::vector<std::thread> users;
      for (int t = 0; t < threads; ++t) {
         users.emplace_back([&] {
            for (int i = 0; i < rounds; ++i) {
               const auto& one = i % 2 == 0 ? old_token : new_token;
               if (auto now = service.verify_now(id, one))
                  count(std::move(*now));
               else
                  service.verify(id, one, count);
               const auto other = service.add(test::remote_policy());
               if (other) service.remove(*other);
            }
         });
      }
      for (auto& u : users) u.join();
      verify(service, id, new_token).wait();
   } // everybody is answered by now
   EXPECT_EQ(answered, threads * rounds);
   EXPECT_EQ(refused, 0);
   EXPECT_EQ(net.count(), 2u);
}

TEST(JwtService, EndsWhileTokensWait) {
   std::vector<std::future<jwt_outcome>> outcomes;
   test::fake_fetcher net;
   {
      jwt_service service(&net);
      const auto id = service.add(test::remote_policy()).value();
      for (int i = 0; i < 20; ++i) outcomes.push_back(verify(service, id, token()));
   }
   for (auto& o : outcomes) EXPECT_EQ(o.get().reason, upstream_unavailable);
}

} // namespace
} // namespace fmcp::auth
