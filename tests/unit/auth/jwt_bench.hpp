#pragma once

/// A jwt_service without a thread, with a clock that stands still and an issuer that the test
/// plays.

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "auth/jwt_service.hpp"
#include "core/auth_reason.hpp"
#include "core/clock.hpp"
#include "support/token_maker.hpp"
#include "unit/auth/fake_fetcher.hpp"

namespace fmcp::core {

/// So that a failed test tells the name of a reason.
inline void PrintTo(auth_reason r, std::ostream* out) {
   *out << name_of(r);
}

} // namespace fmcp::core

namespace fmcp::test {

inline const std::string jwks_url = "https://issuer.example/keys";

/// Issuer, audience and so on as `claims` has them; RS256; no keys yet.
inline auth::jwt_policy usual_policy() {
   auth::jwt_policy p;
   p.issuers = {"https://issuer.example"};
   p.audiences = {"api"};
   p.algorithms = {"RS256"};
   return p;
}

inline auth::jwt_policy remote_policy() {
   auto p = usual_policy();
   p.jwks_uri = jwks_url;
   auto reach = std::make_shared<core::http::fetch_policy>();
   reach->origins = {"https://issuer.example"};
   p.reach = std::move(reach);
   return p;
}

inline auth::jwt_policy static_policy(crypto::algorithm a = crypto::algorithm::rs256) {
   auto p = usual_policy();
   p.algorithms = {std::string(crypto::name_of(a))};
   const auto& issuer = token_maker::of(a);
   if (crypto::is_symmetric(a))
      p.shared_secret = issuer.secret();
   else
      p.jwks_json = jwks({issuer.jwk()});
   return p;
}

/// What a verification that may wait came to; nothing yet.
using pending = std::shared_ptr<std::optional<auth::jwt_outcome>>;

struct jwt_bench {
   core::manual_clock clock;
   fake_fetcher net;
   std::optional<auth::jwt_service> service;

   jwt_bench() { service.emplace(&net, clock, auth::jwt_service::options{.has_thread = false}); }

   [[nodiscard]] std::int64_t now() const { return clock.unix_ms() / 1000; }
   std::uint64_t add(auth::jwt_policy p) {
      auto id = service->add(std::move(p));
      EXPECT_TRUE(id) << (id ? "" : id.error().message);
      return id.value_or(0);
   }
   std::string refusal(auth::jwt_policy p) {
      const auto id = service->add(std::move(p));
      return id ? "it was accepted" : id.error().message;
   }
   /// A policy by a `jwks_uri` whose first fetch has brought these keys.
   std::uint64_t add_fetched(const std::string& keys, std::string cache_control = "") {
      const auto id = add(remote_policy());
      answer(keys, std::move(cache_control));
      return id;
   }
   void answer(const std::string& keys, std::string cache_control = "") {
      net.answer(200, keys, std::move(cache_control));
      service->step();
   }
   void fail_fetch() {
      net.fail(core::errc::timeout);
      service->step();
   }
   void pass(std::chrono::milliseconds time) {
      clock.advance(time);
      service->step();
   }

   pending verify(std::uint64_t id, std::string_view token) {
      auto out = std::make_shared<std::optional<auth::jwt_outcome>>();
      service->verify(id, token, [out](auth::jwt_outcome o) {
         EXPECT_FALSE(*out) << "it was answered twice";
         *out = std::move(o);
      });
      EXPECT_FALSE(*out) << "it was answered inside the call";
      service->step();
      return out;
   }
   core::auth_reason reason_now(std::uint64_t id, std::string_view token) {
      const auto out = service->verify_now(id, token);
      EXPECT_TRUE(out) << "it is pending";
      if (!out) return core::auth_reason::denied;
      EXPECT_EQ(out->claims_json.empty(), out->reason != core::auth_reason::none);
      EXPECT_EQ(out->detail.empty(), out->reason == core::auth_reason::none);
      return out->reason;
   }
};

} // namespace fmcp::test
