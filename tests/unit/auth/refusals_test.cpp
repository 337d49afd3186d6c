#include "auth/refusals.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/log.hpp"

namespace {

using namespace fmcp;
using namespace std::chrono_literals;
using core::auth_reason;
using testing::HasSubstr;

struct Refusals : testing::Test {
   void TearDown() override { core::log::set_level(core::log::level::info); }
   template <class F>
   static std::string written(F&& f) {
      testing::internal::CaptureStderr();
      f();
      return testing::internal::GetCapturedStderr();
   }
   core::manual_clock clock;
   auth::refusals refusals{clock, 3};
};

TEST_F(Refusals, TellReasonStatusPeerAndDetail) {
   const auto line = written([&] {
      refusals.note(auth_reason::expired, 401, {.peer = "192.0.2.7", .detail = "expired\n5 s ago"});
   });
   EXPECT_THAT(line, HasSubstr("info auth: request refused reason=expired status=401 "
                               "peer=\"192.0.2.7\" detail=\"expired\\n5 s ago\"\n"));
   EXPECT_EQ(refusals.count(auth_reason::expired), 1u);
   EXPECT_EQ(refusals.count(auth_reason::denied), 0u);
}

TEST_F(Refusals, TellWhichClientCalledWhatBeforeTheDetail) {
   const auto line = written([&] {
      refusals.note(auth_reason::rate_limited, 429,
                    {.peer = "x", .client = "a\"b", .tool = "echo", .detail = "why"});
   });
   EXPECT_THAT(line, HasSubstr("refused reason=rate_limited status=429 peer=\"x\" "
                               "client=\"a\\\"b\" tool=\"echo\" detail=\"why\"\n"));
}

TEST_F(Refusals, MakeNoNoiseOfABeginningLogin) {
   EXPECT_EQ(written([&] { refusals.note(auth_reason::no_token, 401, {.peer = "192.0.2.7"}); }),
             "");
   EXPECT_EQ(refusals.count(auth_reason::no_token), 1u);
}

TEST_F(Refusals, WarnOfWhatCannotBeTold) {
   EXPECT_THAT(
         written([&] { refusals.note(auth_reason::upstream_unavailable, 503, {.peer = "x"}); }),
         HasSubstr("warning auth: "));
}

TEST_F(Refusals, AreCountedAndNotToldInAFlood) {
   const auto flood = written([&] {
      for (int i = 0; i < 1'000; ++i) refusals.note(auth_reason::bad_signature, 401, {.peer = "x"});
   });
   EXPECT_EQ(std::ranges::count(flood, '\n'), 3);
   EXPECT_EQ(refusals.count(auth_reason::bad_signature), 1'000u);
   clock.advance(1s);
   const auto next =
         written([&] { refusals.note(auth_reason::bad_signature, 401, {.peer = "x"}); });
   EXPECT_THAT(next, HasSubstr(" left_out=997\n"));
   EXPECT_THAT(written([&] { refusals.note(auth_reason::bad_signature, 401, {.peer = "x"}); }),
               testing::Not(HasSubstr("left_out")));
}

} // namespace
