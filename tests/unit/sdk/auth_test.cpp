// The C++ face of fmcp.auth/1: whatever a provider's class does, each question is answered once,
// and only an allow allows.

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmcp/cpp/auth.hpp>
#include <fmcp/cpp/http.hpp>
#include <fmcp/cpp/jwt.hpp>

#include "sdk/fake_auth_host.hpp"

namespace {

using fmcp::auth_answer;
using fmcp::auth_request;
using fmcp::pending_auth;
using fmcp::why;
using fmcp::test::fake_auth_host;
using fmcp::test::fake_hosted_provider;
using fmcp::test::seen_verdict;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// What the provider of the running test does.
std::function<auth_answer(const auth_request&)> now;
std::function<void(pending_auth&)> later;
std::function<fmcp::auth_info(std::string_view)> says;

class answers_now : public fmcp::auth_provider {
public:
   fmcp::auth_info info(std::string_view resource) override { return says(resource); }
   auth_answer verify(const auth_request& rq) { return now(rq); }
};
class answers_later : public fmcp::auth_provider {
public:
   static constexpr bool nonblocking = true;
   void verify(pending_auth& rq) { later(rq); }
   using auth_provider::forget;
};
class refuses_to_start : public fmcp::auth_provider {
public:
   refuses_to_start() { throw fmcp::setting_error("KEY is too short."); }
   auth_answer verify(const auth_request&) const { return fmcp::allow{"x"}; }
};

template <class T>
const fmcp_entry* entry_of() {
   return fmcp::detail::instance<T>::entry();
}

seen_verdict verdict_of(const auth_answer& a) {
   now = [&](const auth_request&) { return a; };
   fake_auth_host host;
   fake_hosted_provider p(host, entry_of<answers_now>());
   return p.verify("t");
}

TEST(AuthWrapper, EachAnswerArrivesAsWhatItIs) {
   EXPECT_EQ(verdict_of({}).decision, FMCP_AUTH_DENY);
   EXPECT_EQ(verdict_of({}).reason, FMCP_AUTH_WHY_DENIED);
   const auto denied = verdict_of(fmcp::deny{why::expired, "It is old."});
   EXPECT_EQ(denied.decision, FMCP_AUTH_DENY);
   EXPECT_EQ(denied.http_status, 401);
   EXPECT_EQ(denied.reason, FMCP_AUTH_WHY_EXPIRED);
   EXPECT_EQ(denied.detail, "It is old.");
   const auto forbidden = verdict_of(fmcp::forbid{"read write", "Not enough."});
   EXPECT_EQ(forbidden.decision, FMCP_AUTH_DENY);
   EXPECT_EQ(forbidden.http_status, 403);
   EXPECT_EQ(forbidden.reason, FMCP_AUTH_WHY_MISSING_SCOPE);
   EXPECT_EQ(forbidden.challenge_scope, "read write");
   const auto unavailable = verdict_of(fmcp::unavailable{"Down."});
   EXPECT_EQ(unavailable.decision, FMCP_AUTH_UNAVAILABLE);
   EXPECT_EQ(unavailable.reason, FMCP_AUTH_WHY_UPSTREAM);
   EXPECT_EQ(verdict_of(fmcp::defer{}).decision, FMCP_AUTH_DEFER);
}

TEST(AuthWrapper, AnAllowHandsThePrincipalOver) {
   fmcp::allow a;
   a.subject = "ann";
   a.client_id = "cli";
   a.issuer = "https://id.example";
   a.tenant = "t1";
   a.scopes = {"read", "write"};
   a.cache_for = std::chrono::minutes(2);
   a.expires = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'500));
   const auto v = verdict_of(a);
   EXPECT_EQ(v.decision, FMCP_AUTH_ALLOW);
   EXPECT_EQ(v.subject, "ann");
   EXPECT_EQ(v.client_id, "cli");
   EXPECT_EQ(v.issuer, "https://id.example");
   EXPECT_EQ(v.tenant, "t1");
   EXPECT_THAT(v.scopes, ElementsAre("read", "write"));
   EXPECT_EQ(v.cache_ttl_s, 120u);
   EXPECT_EQ(v.expires_unix_ms, 1'700'000'000'500);
   EXPECT_EQ(v.flags, 0u);
}

TEST(AuthWrapper, ClaimsFillWhatIsEmpty) {
   fmcp::allow a;
   a.claims_json = R"({"sub":"ann"})";
   const auto v = verdict_of(a);
   EXPECT_EQ(v.flags, FMCP_AUTH_FROM_CLAIMS);
   EXPECT_EQ(v.claims_json, R"({"sub":"ann"})");
}

TEST(AuthWrapper, TimesOutOfRangeStayInIt) {
   fmcp::allow a{"ann"};
   a.cache_for = std::chrono::hours(24 * 365 * 200);
   a.expires = std::chrono::system_clock::time_point(); // 1970, and not "unknown"
   EXPECT_EQ(verdict_of(a).cache_ttl_s, 0xFFFFFFFFu);
   EXPECT_NE(verdict_of(a).expires_unix_ms, 0);
   a.cache_for = std::chrono::seconds(-1);
   EXPECT_EQ(verdict_of(a).cache_ttl_s, 0u);
}

TEST(AuthWrapper, TheQuestionIsReadable) {
   fake_auth_host host;
   fake_hosted_provider p(host, entry_of<answers_now>());
   std::string seen;
   now = [&](const auth_request& rq) {
      seen = std::string(rq.scheme()) + " " + std::string(rq.token()) + " " +
             std::string(rq.method()) + " " + std::string(rq.url()) + " " +
             std::to_string(rq.time_left().value_or(std::chrono::milliseconds(-1)).count());
      return fmcp::deny{};
   };
   p.ask("abc");
   EXPECT_EQ(seen, "Bearer abc POST https://srv.example/mcp -1");
   p.ask("abc", host.mono_ns + 2'500'000'000);
   EXPECT_THAT(seen, HasSubstr(" 2500"));
   p.ask("abc", host.mono_ns - 1);
   EXPECT_THAT(seen, HasSubstr(" 0"));
   EXPECT_EQ(p.status, FMCP_OK);
}

TEST(AuthWrapper, WhatVerifyThrowsIsLeftToTheHost) {
   fake_auth_host host;
   fake_hosted_provider p(host, entry_of<answers_now>());
   now = [](const auth_request&) -> auth_answer { throw std::runtime_error("No database."); };
   EXPECT_EQ(host.verdicts.count(p.ask("t")), 0u);
   EXPECT_EQ(p.status, FMCP_E_FAIL);
   EXPECT_EQ(p.words, "No database.");
   now = [](const auth_request&) -> auth_answer { throw 7; };
   EXPECT_EQ(host.verdicts.count(p.ask("t")), 0u);
   EXPECT_LT(p.status, 0);
}

TEST(PendingAuth, IsAnsweredOnceAndLater) {
   fake_auth_host host;
   fake_hosted_provider p(host, entry_of<answers_later>());
   EXPECT_EQ(p.auth().flags, FMCP_AUTH_NONBLOCKING);
   std::optional<pending_auth> kept;
   later = [&](pending_auth& rq) { kept.emplace(std::move(rq)); };
   const auto c = p.ask("t");
   EXPECT_EQ(p.status, FMCP_PENDING);
   EXPECT_EQ(host.verdicts.count(c), 0u);
   EXPECT_TRUE(*kept);
   kept->answer(fmcp::allow{"ann"});
   kept->answer(fmcp::deny{});
   EXPECT_FALSE(*kept);
   kept.reset();
   EXPECT_EQ(p.answer_of(c).decision, FMCP_AUTH_ALLOW);
}

class asks_a_server : public fmcp::auth_provider {
public:
   static constexpr bool nonblocking = true;
   void verify(pending_auth& rq) {
      fmcp::http_request question;
      question.url = "https://as.example/" + std::string(rq.token());
      question.timeout = own_timeout;
      rq.answer_from(http_, question, [](const fmcp::http_response& r) -> auth_answer {
         if (!r.ok()) return fmcp::unavailable{"No answer: " + r.problem};
         if (r.body.empty()) throw std::runtime_error("It is empty.");
         return fmcp::allow{r.body};
      });
      EXPECT_FALSE(rq);
   }
   static inline std::chrono::milliseconds own_timeout{0};

private:
   fmcp::http_client http_{*this};
};

TEST(PendingAuth, IsAnsweredFromWhatAServerSays) {
   fake_auth_host host;
   fake_hosted_provider p(host, entry_of<asks_a_server>());
   const auto good = p.ask("a"), empty = p.ask("b"), down = p.ask("c");
   EXPECT_EQ(p.status, FMCP_PENDING);
   EXPECT_EQ(host.fetches.at(0).url, "https://as.example/a");
   host.answer_fetch(0, 200, "ann");
   host.answer_fetch(1, 200, "");
   host.fail_fetch(2, FMCP_E_TIMEOUT, "the time is over");
   EXPECT_EQ(p.answer_of(good).subject, "ann");
   EXPECT_EQ(p.answer_of(empty).decision, FMCP_AUTH_UNAVAILABLE);
   EXPECT_EQ(p.answer_of(empty).detail, "It is empty.");
   EXPECT_EQ(p.answer_of(down).detail, "No answer: the time is over");
}

TEST(PendingAuth, AsksAServerForLessTimeThanThereIs) {
   fake_auth_host host;
   fake_hosted_provider p(host, entry_of<asks_a_server>());
   const auto timeout_of = [&](std::int64_t own_ms, std::uint64_t deadline_ns) {
      asks_a_server::own_timeout = std::chrono::milliseconds(own_ms);
      const auto c = p.ask("t", deadline_ns);
      const auto out = host.fetches.back().timeout_ms;
      host.answer_fetch(host.fetches.size() - 1, 200, "ann");
      EXPECT_EQ(p.answer_of(c).decision, FMCP_AUTH_ALLOW);
      return out;
   };
   const auto in_5_s = host.mono_ns + 5'000'000'000;
   EXPECT_EQ(timeout_of(0, 0), 0u) << "the host's, which waits for ever";
   EXPECT_EQ(timeout_of(0, in_5_s), 4'500u);
   EXPECT_EQ(timeout_of(10'000, in_5_s), 4'500u);
   EXPECT_EQ(timeout_of(2'000, in_5_s), 2'000u);
   EXPECT_EQ(timeout_of(2'000, 0), 2'000u);
   EXPECT_EQ(timeout_of(2'000, host.mono_ns - 1), 1u) << "0 would be the host's";
   asks_a_server::own_timeout = {};
}

TEST(PendingAuth, SaysWhyNoServerWasAsked) {
   fake_auth_host host;
   fake_hosted_provider p(host, entry_of<asks_a_server>());
   host.start_status = FMCP_E_BUSY;
   const auto busy = p.verify("t");
   EXPECT_EQ(busy.decision, FMCP_AUTH_UNAVAILABLE);
   EXPECT_EQ(busy.reason, FMCP_AUTH_WHY_BUSY);
   EXPECT_EQ(busy.detail, "The host did not fetch: too many wait.");
   host.start_status = FMCP_E_DENIED;
   const auto denied = p.verify("t");
   EXPECT_EQ(denied.decision, FMCP_AUTH_UNAVAILABLE);
   EXPECT_EQ(denied.reason, FMCP_AUTH_WHY_UPSTREAM);
}

TEST(PendingAuth, ThatIsForgottenCannotTell) {
   fake_auth_host host;
   fake_hosted_provider p(host, entry_of<answers_later>());
   later = [](pending_auth&) {};
   EXPECT_EQ(p.verify("t").decision, FMCP_AUTH_UNAVAILABLE);
   later = [](pending_auth& rq) { const pending_auth dropped(std::move(rq)); };
   const auto v = p.verify("t");
   EXPECT_EQ(v.decision, FMCP_AUTH_UNAVAILABLE);
   EXPECT_EQ(v.detail, "The provider ended without an answer.");
   std::optional<pending_auth> first;
   later = [&](pending_auth& rq) {
      if (first) {
         *first = std::move(rq); // drops the one that was there
      } else {
         first.emplace(std::move(rq));
      }
   };
   const auto a = p.ask("t"), b = p.ask("t");
   EXPECT_EQ(p.answer_of(a).decision, FMCP_AUTH_UNAVAILABLE);
   EXPECT_EQ(host.verdicts.count(b), 0u);
   first.reset();
   EXPECT_EQ(p.answer_of(b).decision, FMCP_AUTH_UNAVAILABLE);
}

TEST(PendingAuth, AnExceptionIsTheHostsUntilTheRequestIsGivenAway) {
   fake_auth_host host;
   fake_hosted_provider p(host, entry_of<answers_later>());
   later = [](pending_auth&) { throw std::runtime_error("Early."); };
   EXPECT_EQ(host.verdicts.count(p.ask("t")), 0u); // an error and an answer would be two answers
   EXPECT_EQ(p.status, FMCP_E_FAIL);
   EXPECT_EQ(p.words, "Early.");
   std::optional<pending_auth> kept;
   later = [&](pending_auth& rq) {
      kept.emplace(std::move(rq));
      throw std::runtime_error("Late.");
   };
   const auto c = p.ask("t");
   EXPECT_EQ(p.status, FMCP_PENDING);
   EXPECT_THAT(host.log_text(), HasSubstr("Late."));
   kept->answer(fmcp::allow{"ann"});
   EXPECT_EQ(p.answer_of(c).decision, FMCP_AUTH_ALLOW);
   later = [](pending_auth& rq) {
      rq.answer(fmcp::deny{});
      throw std::runtime_error("Afterwards.");
   };
   EXPECT_EQ(p.verify("t").decision, FMCP_AUTH_DENY);
   EXPECT_EQ(p.status, FMCP_PENDING);
}

TEST(PendingAuth, AnswerWithCatches) {
   fake_auth_host host;
   fake_hosted_provider p(host, entry_of<answers_later>());
   later = [](pending_auth& rq) {
      rq.answer_with([]() -> auth_answer { throw fmcp::json_error("must be a string"); });
   };
   const auto v = p.verify("t");
   EXPECT_EQ(v.decision, FMCP_AUTH_UNAVAILABLE);
   EXPECT_EQ(v.detail, "must be a string");
   later = [](pending_auth& rq) { rq.answer_with([] { return fmcp::allow{"ann"}; }); };
   EXPECT_EQ(p.verify("t").subject, "ann");
}

TEST(AuthInfo, LeavesOutWhatIsEmpty) {
   fake_auth_host host;
   fake_hosted_provider p(host, entry_of<answers_now>());
   std::string asked;
   says = [&](std::string_view resource) {
      asked = resource;
      return fmcp::auth_info{};
   };
   EXPECT_EQ(fmcp::test::text_at(p.info("https://a/mcp").resource_metadata_json), "{}");
   EXPECT_EQ(asked, "https://a/mcp");
   says = [](std::string_view) {
      fmcp::auth_info i;
      i.authorization_servers = {"https://id.example"};
      i.scopes_supported = {"a\"b"};
      i.required_scopes = {"r"};
      i.challenge_scopes = {"r", "w"};
      i.as_metadata_urls = {"https://id.example/m"};
      i.as_metadata_json = R"({"issuer":"x"})";
      i.scopes_discovery_url = "https://id.example/d";
      return i;
   };
   const auto& info = p.info();
   EXPECT_EQ(fmcp::test::text_at(info.resource_metadata_json),
             R"({"authorization_servers":["https://id.example"],"scopes_supported":["a\"b"]})");
   EXPECT_THAT(fmcp::test::texts_at(info.required_scopes), ElementsAre("r"));
   EXPECT_THAT(fmcp::test::texts_at(info.challenge_scopes), ElementsAre("r", "w"));
   EXPECT_THAT(fmcp::test::texts_at(info.as_metadata_urls), ElementsAre("https://id.example/m"));
   EXPECT_EQ(fmcp::test::text_at(info.as_metadata_json), R"({"issuer":"x"})");
   EXPECT_EQ(fmcp::test::text_at(info.scopes_discovery_url), "https://id.example/d");
   says = [](std::string_view) -> fmcp::auth_info { throw std::runtime_error("Not now."); };
   EXPECT_THROW(p.info(), std::runtime_error);
   // What it said before is still there.
   EXPECT_EQ(fmcp::test::text_at(info.as_metadata_json), R"({"issuer":"x"})");
}

TEST(AuthWrapper, AConstructorThatThrowsRefusesTheProvider) {
   fake_auth_host host;
   EXPECT_EQ(fake_hosted_provider(host, entry_of<refuses_to_start>()).problem(),
             "KEY is too short.");
}

TEST(AuthWrapper, NeedsAHostThatTakesAnswers) {
   fake_auth_host host;
   host.missing = {"fmcp.auth-host/1"};
   EXPECT_EQ(fake_hosted_provider(host, entry_of<answers_now>()).problem(),
             "The host has no service fmcp.auth-host/1.");
}

TEST(AuthWrapper, OffersOneInterface) {
   fake_auth_host host;
   fake_hosted_provider p(host, entry_of<answers_now>());
   const auto facet = [&](const char* id) {
      return p.plugin().facet(p.plugin().self, fmcp::test::as_str(id));
   };
   EXPECT_NE(facet("fmcp.auth/1"), nullptr);
   EXPECT_EQ(facet("fmcp.tools/1"), nullptr);
   EXPECT_EQ(facet("fmcp.auth/2"), nullptr);
   EXPECT_EQ(p.auth().flags, 0u);
   EXPECT_EQ(p.auth().routes, nullptr);
}

// ---- the services ----

class uses_services : public fmcp::auth_provider {
public:
   void verify(pending_auth& rq) { later(rq); }
   fmcp::http_client http{*this};
};

TEST(HttpClient, CallsBackOnceWithTheAnswer) {
   fake_auth_host host;
   fake_hosted_provider p(host, entry_of<uses_services>());
   ASSERT_EQ(p.problem(), "");
   auto& me = fmcp::detail::instance<uses_services>::self(p.plugin().self).author();
   std::vector<fmcp::http_response> got;
   const auto take = [&](fmcp::http_response r) { got.push_back(std::move(r)); };
   EXPECT_EQ(me.http.fetch({"PUT", "https://a/x", {{"A", "b"}}, "body"}, take), 1u);
   EXPECT_EQ(host.fetches.at(0).method, "PUT");
   EXPECT_EQ(host.fetches.at(0).headers.at("A"), "b");
   EXPECT_THAT(got, IsEmpty());
   host.answer_fetch(0, 204, "x");
   ASSERT_EQ(got.size(), 1u);
   EXPECT_TRUE(got[0].ok());
   EXPECT_EQ(got[0].code, 204);
   EXPECT_EQ(got[0].body, "x");
   me.http.fetch({"GET", "https://a/x"}, take);
   host.fail_fetch(1, FMCP_E_TIMEOUT, "too slow");
   EXPECT_FALSE(got.at(1).ok());
   EXPECT_EQ(got[1].status, FMCP_E_TIMEOUT);
   EXPECT_EQ(got[1].problem, "too slow");
}

TEST(HttpClient, ARefusalIsAnExceptionAndTheFunctionIsGone) {
   fake_auth_host host;
   fake_hosted_provider p(host, entry_of<uses_services>());
   auto& me = fmcp::detail::instance<uses_services>::self(p.plugin().self).author();
   host.start_status = FMCP_E_DENIED;
   const auto held = std::make_shared<int>(0);
   try {
      me.http.fetch({"GET", "https://a/x"}, [held](const fmcp::http_response&) {});
      FAIL();
   } catch (const fmcp::refused& e) {
      EXPECT_EQ(e.status(), FMCP_E_DENIED);
      EXPECT_STREQ(e.what(), "The host did not fetch: it is not allowed.");
   }
   EXPECT_EQ(held.use_count(), 1);
}

TEST(HttpClient, WhatACallbackThrowsIsLogged) {
   fake_auth_host host;
   fake_hosted_provider p(host, entry_of<uses_services>());
   later = [&](pending_auth& rq) {
      auto& me = fmcp::detail::instance<uses_services>::self(p.plugin().self).author();
      me.http.fetch({"GET", "https://a/x"},
                    [kept = std::make_shared<pending_auth>(std::move(rq))](
                          const fmcp::http_response&) { throw std::runtime_error("Oh no."); });
   };
   const auto c = p.ask("t");
   host.answer_fetch(0, 200, "");
   EXPECT_THAT(host.log_text(), HasSubstr("Oh no."));
   EXPECT_EQ(p.answer_of(c).decision, FMCP_AUTH_UNAVAILABLE); // dropped with the function
}

TEST(AuthWrapper, ForgetsByDigest) {
   fake_auth_host host;
   fake_hosted_provider p(host, entry_of<answers_later>());
   auto& me = fmcp::detail::instance<answers_later>::self(p.plugin().self).author();
   me.forget(std::string(32, 'd'));
   me.forget({});
   EXPECT_THAT(host.forgotten, ElementsAre(std::string(32, 'd'), ""));
}

} // namespace
