#include "auth/gate.hpp"

#include <array>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/log.hpp"
#include "unit/auth/gate_fakes.hpp"
#include "unit/auth/heap_watch.hpp"

namespace {

using namespace fmcp;
using namespace std::chrono_literals;
using auth::gate;
using core::auth_reason;
using test::bad;
using test::good;
using test::somebody;
using testing::HasSubstr;
using testing::Not;
using outcome = gate::outcome;

constexpr const char* metadata_url = "https://srv/.well-known/oauth-protected-resource/mcp";

struct Gate : testing::Test {
   Gate() { open({}); }
   void TearDown() override { core::log::set_level(core::log::level::info); }

   void open(auth::gate_options o) {
      o.ask = &verifier;
      o.resource = "https://srv/mcp";
      o.metadata_url = metadata_url;
      o.clock = &clock;
      subject = std::make_shared<gate>(std::move(o));
   }
   static test::made_request with_token(const std::string& token) {
      test::made_request rq("/mcp");
      rq.with("Authorization", "Bearer " + token);
      return rq;
   }
   /// Both steps, as the endpoint takes them. `again` counts and remembers.
   outcome go(test::made_request& rq, test::fake_connection& c) {
      const auto d = subject->look(rq.get(), c, {});
      who = d.what == outcome::pass ? *d.who : nullptr;
      if (d.what != outcome::unknown) return d.what;
      return check(rq, c);
   }
   outcome check(test::made_request& rq, test::fake_connection& c) {
      c.asked = &rq;
      const auto d = subject->check(
            rq.get(), c, cors, [this](const core::http::request& back, core::http::responder& out) {
               ++resumed;
               body = back.body;
               who = *back.caller;
               out.reply({.status = 200, .content_type = {}, .fields = {}}, "done");
            });
      who = d.what == outcome::pass ? *d.who : nullptr;
      return d.what;
   }
   outcome go(const std::string& token) {
      auto rq = with_token(token);
      return go(rq, connection);
   }
   test::answer& answer() { return connection.answers.back(); }
   /// A token that the shared table knows and no connection.
   void learn(const std::string& token, auth::verdict v) {
      test::fake_connection other;
      auto rq = with_token(token);
      verifier.at_once = std::make_unique<auth::verdict>(std::move(v));
      (void)go(rq, other);
      verifier.at_once.reset();
   }

   core::manual_clock clock;
   test::fake_connection connection;
   test::fake_verifier verifier; // goes first: what is open wakes connections
   std::shared_ptr<gate> subject;
   std::vector<core::http::field> cors;
   core::caller_ref who;
   int resumed = 0;
   std::string body;
};

// ----------------------------------------------------------------------------- what is refused
// early

TEST_F(Gate, AsksNobodyAboutWhatIsNoToken) {
   auth::gate_options o;
   o.required_scopes = {"read", "write"};
   open(o);
   struct row {
      const char* value; // null: no field
      int status;
      const char* challenge;
   };
   const std::string tail =
         std::string(R"(scope="read write", resource_metadata=")") + metadata_url + '"';
   const row rows[] = {
         {nullptr, 401, "Bearer "},
         {"Basic x", 401,
          R"(Bearer error="invalid_token", error_description="wrong_scheme: the Authorization scheme has to be Bearer", )"},
         {"Bearer", 401,
          R"(Bearer error="invalid_token", error_description="malformed: this is no token of the kind that is accepted here", )"},
         {"Bearer a b", 401,
          R"(Bearer error="invalid_token", error_description="malformed: this is no token of the kind that is accepted here", )"}};
   for (const auto& r : rows) {
      test::made_request rq("/mcp");
      if (r.value != nullptr) rq.with("Authorization", r.value);
      for (const bool has_body : {false, true}) {
         const auto d =
               has_body ? check(rq, connection) : subject->look(rq.get(), connection, {}).what;
         EXPECT_EQ(d, outcome::answered);
         EXPECT_EQ(answer().status, r.status);
         EXPECT_EQ(answer().find("WWW-Authenticate"), r.challenge + tail);
         EXPECT_EQ(answer().find("Cache-Control"), "no-store");
      }
   }
   EXPECT_EQ(verifier.asked, 0);
   EXPECT_EQ(subject->refused().count(auth_reason::malformed), 4u);
}

TEST_F(Gate, CallsTwoTokensAndATokenInTheQueryMalformedRequests) {
   test::made_request two("/mcp");
   two.with("Authorization", "Bearer abc").with("Authorization", "Bearer abc");
   EXPECT_EQ(go(two, connection), outcome::answered);
   EXPECT_EQ(answer().status, 400);
   test::made_request query("/mcp", "access_token=sesame");
   core::log::set_level(core::log::level::trace);
   testing::internal::CaptureStderr();
   EXPECT_EQ(go(query, connection), outcome::answered);
   const auto log = testing::internal::GetCapturedStderr();
   EXPECT_EQ(answer().status, 400);
   EXPECT_THAT(answer().find("WWW-Authenticate"), HasSubstr(R"(error="invalid_request")"));
   EXPECT_THAT(log, HasSubstr("reason=token_in_query"));
   EXPECT_THAT(log, Not(HasSubstr("sesame")));
   EXPECT_EQ(verifier.asked, 0);
}

// ------------------------------------------------------------------------------------ verifying

TEST_F(Gate, AsksTheVerifierOnceAndThenNobody) {
   verifier.at_once = std::make_unique<auth::verdict>(good(somebody()));
   EXPECT_EQ(go("abc"), outcome::pass);
   ASSERT_TRUE(who);
   EXPECT_EQ(who->subject, "alice");
   EXPECT_EQ(connection.holds, 0) << "answered inside the call";
   for (int i = 0; i < 3; ++i) EXPECT_EQ(go("abc"), outcome::pass);
   test::fake_connection other;
   auto rq = with_token("abc");
   EXPECT_EQ(subject->look(rq.get(), other, {}).what, outcome::pass) << "known to all connections";
   EXPECT_EQ(verifier.asked, 1);
   EXPECT_EQ(subject->count().asked, 1u);
}

TEST_F(Gate, LooksWithoutAsking) {
   auto rq = with_token("abc");
   const auto d = subject->look(rq.get(), connection, {});
   EXPECT_EQ(d.what, outcome::unknown);
   EXPECT_EQ(d.who, nullptr);
   EXPECT_EQ(verifier.asked, 0);
   EXPECT_TRUE(connection.answers.empty());
}

TEST_F(Gate, TellsTheVerifierWhatItMayKnow) {
   (void)go("abc");
   ASSERT_EQ(verifier.open.size(), 1u);
   const auto& q = verifier.open.front();
   EXPECT_EQ(q.token, "abc");
   EXPECT_EQ(q.method, "POST");
   EXPECT_EQ(q.url, "https://srv/mcp");
   EXPECT_EQ(q.resource, "https://srv/mcp");
   EXPECT_EQ(q.peer_address, "192.0.2.7");
   verifier.answer(bad(auth_reason::denied));
}

TEST_F(Gate, TellsTheVerifierNoUrlThatTheSenderChose) {
   auth::gate_options o;
   o.ask = &verifier;
   o.clock = &clock;
   subject = std::make_shared<gate>(std::move(o));
   auto rq = test::made_request("/mcp", "a=b").with("Authorization", "Bearer abc");
   EXPECT_EQ(go(rq, connection), outcome::waiting);
   EXPECT_EQ(verifier.open.front().url, "");
   EXPECT_EQ(verifier.open.front().resource, "");
   subject = nullptr;
   open({});
   auto next = test::made_request("/mcp", "a=b").with("Authorization", "Bearer abc");
   test::fake_connection other;
   EXPECT_EQ(go(next, other), outcome::waiting);
   EXPECT_EQ(verifier.open.back().url, "https://srv/mcp") << "without query, and not evil.example";
   verifier.open.clear();
}

TEST_F(Gate, HoldsTheRequestWhileTheVerifierThinks) {
   EXPECT_EQ(go("abc"), outcome::waiting);
   EXPECT_EQ(subject->count().held, 1u);
   test::elsewhere([&] { verifier.answer(good(somebody())); });
   EXPECT_EQ(resumed, 0) << "not on the verifier's thread";
   connection.loop.run_all();
   EXPECT_EQ(resumed, 1);
   EXPECT_EQ(body, "{}");
   ASSERT_TRUE(who);
   EXPECT_EQ(who->subject, "alice");
   EXPECT_EQ(answer().body, "done");
   EXPECT_EQ(subject->count().held, 0u);
   EXPECT_EQ(go("abc"), outcome::pass) << "the connection knows it now";
   EXPECT_EQ(verifier.asked, 1);
}

TEST_F(Gate, RefusesAHeldRequestWithTheFieldsOfCors) {
   {
      const std::string origin = "https://app.example";
      const std::array fields{core::http::field{"Access-Control-Allow-Origin", origin}};
      cors.assign(fields.begin(), fields.end());
      EXPECT_EQ(go("abc"), outcome::waiting);
      cors.clear();
   } // what the fields pointed to is gone
   verifier.answer(bad(auth_reason::wrong_issuer));
   connection.loop.run_all();
   EXPECT_EQ(resumed, 0);
   EXPECT_EQ(answer().status, 401);
   EXPECT_EQ(answer().find("Access-Control-Allow-Origin"), "https://app.example");
   EXPECT_THAT(answer().body, HasSubstr("wrong_issuer: "));
}

TEST_F(Gate, VerifiesOnceForAllConnections) {
   std::array<test::fake_connection, 5> connections;
   std::vector<test::made_request> requests(5, with_token("abc"));
   for (int i = 0; i < 5; ++i) EXPECT_EQ(go(requests[i], connections[i]), outcome::waiting);
   EXPECT_EQ(verifier.asked, 1);
   verifier.answer(good(somebody()));
   for (auto& c : connections) c.loop.run_all();
   EXPECT_EQ(resumed, 5);
}

TEST_F(Gate, BoundsTheRequestsThatWait) {
   auth::gate_options o;
   o.max_held = 2;
   open(o);
   std::array<test::fake_connection, 3> connections;
   std::vector<test::made_request> requests{with_token("a"), with_token("b"), with_token("c")};
   EXPECT_EQ(go(requests[0], connections[0]), outcome::waiting);
   EXPECT_EQ(go(requests[1], connections[1]), outcome::waiting);
   EXPECT_EQ(go(requests[2], connections[2]), outcome::answered);
   EXPECT_EQ(connections[2].answers.back().status, 503);
   EXPECT_EQ(connections[2].answers.back().find("Retry-After"), "1");
   EXPECT_EQ(connections[2].holds, 0);
   verifier.answer(good(somebody()));
   connections[0].loop.run_all();
   EXPECT_EQ(subject->count().held, 1u);
   auto next = with_token("d");
   EXPECT_EQ(go(next, connections[0]), outcome::waiting) << "a place was given back";
   verifier.open.clear();
}

TEST_F(Gate, BoundsTheBytesThatWait) {
   const std::string longest(4u << 20, 'x');
   std::vector<std::unique_ptr<test::fake_connection>> waiting;
   std::vector<std::unique_ptr<test::made_request>> requests;
   const auto send = [&] {
      waiting.push_back(std::make_unique<test::fake_connection>());
      requests.push_back(std::make_unique<test::made_request>(
            with_token("t" + std::to_string(requests.size()))));
      requests.back()->with_body(longest);
      return go(*requests.back(), *waiting.back());
   };
   // 64 MiB less what each request takes besides its body.
   for (int i = 0; i < 15; ++i) EXPECT_EQ(send(), outcome::waiting);
   EXPECT_EQ(send(), outcome::answered);
   EXPECT_EQ(waiting.back()->answers.back().status, 503);
   EXPECT_EQ(waiting.back()->holds, 0);
   EXPECT_EQ(subject->count().held, 15u);
   EXPECT_GE(subject->count().held_bytes, 60u << 20);
   EXPECT_LE(subject->count().held_bytes, 64u << 20);
   test::fake_connection other;
   auto small = with_token("small");
   EXPECT_EQ(go(small, other), outcome::waiting) << "it still fits";
   while (!verifier.open.empty()) verifier.answer(good(somebody()));
   for (auto& c : waiting) c->loop.run_all();
   other.loop.run_all();
   EXPECT_EQ(resumed, 16);
   EXPECT_EQ(subject->count().held, 0u);
   EXPECT_EQ(subject->count().held_bytes, 0u);
}

TEST_F(Gate, LetsOneLargeRequestWaitAlone) {
   auth::gate_options o;
   o.max_held_bytes = 1'000;
   open(o);
   test::fake_connection other;
   auto first = with_token("abc"), second = with_token("def");
   EXPECT_EQ(go(first, connection), outcome::waiting) << "or it could never be verified";
   EXPECT_EQ(go(second, other), outcome::answered);
   EXPECT_EQ(other.answers.back().status, 503);
   while (!verifier.open.empty()) verifier.answer(good(somebody()));
   connection.loop.run_all();
   EXPECT_EQ(resumed, 1);
   EXPECT_EQ(subject->count().held_bytes, 0u);
}

TEST_F(Gate, BoundsTheRequestsThatWaitForOneToken) {
   auth::gate_options o;
   o.cache.max_waiters = 1;
   open(o);
   test::fake_connection other;
   auto first = with_token("abc"), second = with_token("abc");
   EXPECT_EQ(go(first, connection), outcome::waiting);
   EXPECT_EQ(go(second, other), outcome::waiting);
   other.loop.run_all();
   ASSERT_EQ(other.answers.size(), 1u);
   EXPECT_EQ(other.answers[0].status, 503);
   verifier.answer(good(somebody()));
   connection.loop.run_all();
   EXPECT_EQ(resumed, 1);
   auto third = with_token("abc");
   EXPECT_EQ(go(third, other), outcome::pass) << "being busy was no verdict";
}

TEST_F(Gate, LetsAPeerGo) {
   EXPECT_EQ(go("abc"), outcome::waiting);
   connection.is_connected = false;
   verifier.answer(good(somebody()));
   connection.loop.run_all();
   EXPECT_EQ(resumed, 0);
   EXPECT_EQ(subject->count().held, 0u);
   test::fake_connection other;
   auto rq = with_token("abc");
   EXPECT_EQ(go(rq, other), outcome::pass) << "it was not verified in vain";
}

TEST_F(Gate, GivesThePlaceBackWhenALoopEnds) {
   EXPECT_EQ(go("abc"), outcome::waiting);
   verifier.answer(good(somebody()));
   connection.loop.drop_all();
   EXPECT_EQ(subject->count().held, 0u);
   EXPECT_EQ(resumed, 0);
}

TEST_F(Gate, SaysBusyWhereNothingCanBeHeld) {
   connection.can_hold = false;
   EXPECT_EQ(go("abc"), outcome::answered);
   EXPECT_EQ(answer().status, 503);
   EXPECT_EQ(subject->count().held, 0u);
   verifier.answer(good(somebody()));
   EXPECT_EQ(go("abc"), outcome::pass);
}

TEST_F(Gate, IsClosedWhenAVerifierDropsTheQuestion) {
   verifier.is_careless = true;
   EXPECT_EQ(go("abc"), outcome::answered);
   EXPECT_EQ(answer().status, 503);
   EXPECT_THAT(answer().body, HasSubstr("provider_failed: "));
   verifier.is_careless = false;
   auto rq = with_token("def");
   EXPECT_EQ(go(rq, connection), outcome::waiting);
   verifier.open.clear();
   connection.loop.run_all();
   EXPECT_EQ(answer().status, 503);
   EXPECT_EQ(resumed, 0);
}

TEST_F(Gate, OutlivesItsOwnerWhileSomebodyWaits) {
   EXPECT_EQ(go("abc"), outcome::waiting);
   const std::weak_ptr weak = subject;
   subject.reset();
   EXPECT_FALSE(weak.expired());
   verifier.answer(good(somebody()));
   connection.loop.run_all();
   EXPECT_EQ(resumed, 1);
   EXPECT_TRUE(weak.expired()) << "nothing holds it in a circle";
}

// ------------------------------------------------------------------------------- what is a verdict

TEST_F(Gate, TurnsEveryReasonIntoItsStatus) {
   for (auto i = static_cast<int>(auth_reason::malformed);
        i < static_cast<int>(auth_reason::rate_limited); ++i) {
      const auto why = static_cast<auth_reason>(i);
      const int expected = core::is_unavailable(why)           ? 503
                           : why == auth_reason::missing_scope ? 403
                                                               : 401;
      EXPECT_EQ(go("token" + std::to_string(i)), outcome::waiting);
      verifier.answer(bad(why));
      connection.loop.run_all();
      EXPECT_EQ(answer().status, expected) << core::name_of(why);
      EXPECT_EQ(answer().has("WWW-Authenticate"), expected != 503);
   }
   EXPECT_EQ(resumed, 0);
}

TEST_F(Gate, LetsNobodyInWithoutAName) {
   auto nameless = std::make_shared<core::principal>();
   nameless->claims_json = R"({"admin":true})";
   for (const auto& verdict : {good(nullptr), good(nameless)}) {
      auto rq = with_token("abc");
      EXPECT_EQ(go(rq, connection), outcome::waiting);
      verifier.answer(verdict);
      connection.loop.run_all();
      EXPECT_EQ(answer().status, 503);
      EXPECT_THAT(answer().body, HasSubstr("provider_failed: "));
   }
   EXPECT_EQ(verifier.asked, 2) << "not remembered";
   auto client = std::make_shared<core::principal>();
   client->client_id = "service";
   learn("machine", good(client));
   EXPECT_EQ(go("machine"), outcome::pass) << "a client alone is somebody";
   EXPECT_EQ(resumed, 0);
}

// A default verdict, and one that refuses and brings a principal along.
TEST_F(Gate, LetsNobodyInByDefault) {
   learn("a", {});
   EXPECT_EQ(go("a"), outcome::answered);
   learn("b", {.reason = auth_reason::expired, .who = somebody(), .cache_for = 300s});
   EXPECT_EQ(go("b"), outcome::answered);
   EXPECT_EQ(answer().status, 401);
}

TEST_F(Gate, KeepsARefusalForASecondOrTwoOnly) {
   learn("junk", bad(auth_reason::bad_signature));
   auto rq = with_token("junk");
   EXPECT_EQ(subject->look(rq.get(), connection, {}).what, outcome::answered)
         << "before the body is read";
   EXPECT_EQ(verifier.asked, 1);
   clock.advance(5s);
   EXPECT_EQ(subject->look(rq.get(), connection, {}).what, outcome::unknown);
}

TEST_F(Gate, AsksAgainWhatIsGoodForOneRequest) {
   learn("abc", good(somebody(), 0s));
   for (int i = 0; i < 2; ++i) {
      verifier.at_once = std::make_unique<auth::verdict>(good(somebody(), 0s));
      EXPECT_EQ(go("abc"), outcome::pass);
      EXPECT_EQ(who->subject, "alice");
   }
   EXPECT_EQ(verifier.asked, 3);
}

TEST_F(Gate, AsksForTheScopesThatTheProviderNames) {
   learn("abc", {.reason = auth_reason::inactive, .challenge_scope = "mail \"x\" admin"});
   EXPECT_EQ(go("abc"), outcome::answered);
   EXPECT_THAT(answer().find("WWW-Authenticate"), HasSubstr(R"(scope="mail admin", )"));
}

TEST_F(Gate, ForbidsWhatNoScopeWouldAllow) {
   learn("abc", {.reason = auth_reason::denied, .is_forbidden = true});
   EXPECT_EQ(go("abc"), outcome::answered);
   EXPECT_EQ(answer().status, 403);
   EXPECT_FALSE(answer().has("WWW-Authenticate"));
}

// -------------------------------------------------------------------------- of every request anew

TEST_F(Gate, ChecksTheExpiryOfEveryRequest) {
   const auto expiry = clock.unix_ms() + 10'000;
   learn("abc", good(somebody({}, expiry), 300s));
   EXPECT_EQ(go("abc"), outcome::pass);
   clock.advance(10s - 1ms);
   EXPECT_EQ(go("abc"), outcome::pass);
   clock.advance(1ms);
   verifier.at_once = std::make_unique<auth::verdict>(good(somebody({}, expiry), 300s));
   EXPECT_EQ(go("abc"), outcome::answered) << "whatever the provider says";
   EXPECT_EQ(answer().status, 401);
   EXPECT_THAT(answer().body, HasSubstr("expired: "));
}

// The wall clock is set forward: the cache's own time knows nothing of it.
TEST_F(Gate, ChecksTheExpiryByTheWallClock) {
   struct : core::clock {
      std::uint64_t mono_ns() const noexcept override { return 1'000'000'000; }
      std::int64_t unix_ms() const noexcept override { return wall; }
      std::int64_t wall = 1'700'000'000'000;
   } set;
   auth::gate_options o;
   o.ask = &verifier;
   o.clock = &set;
   o.leeway = 2s;
   subject = std::make_shared<gate>(std::move(o));
   learn("abc", good(somebody({}, set.wall + 10'000), 300s));
   EXPECT_EQ(go("abc"), outcome::pass);
   set.wall += 11'999;
   EXPECT_EQ(go("abc"), outcome::pass) << "the leeway";
   set.wall += 1;
   EXPECT_EQ(go("abc"), outcome::answered);
   EXPECT_THAT(answer().body, HasSubstr("expired: "));
   EXPECT_EQ(verifier.asked, 1);
}

TEST_F(Gate, ChecksTheServersScopesOfEveryRequest) {
   auth::gate_options o;
   o.required_scopes = {"read", "write"};
   open(o);
   learn("abc", good(somebody({"read", "other"})));
   for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(go("abc"), outcome::answered);
      EXPECT_EQ(answer().status, 403);
      EXPECT_EQ(answer().find("WWW-Authenticate"),
                std::string(R"(Bearer error="insufficient_scope", )") +
                      R"(error_description="missing_scope: the token lacks the scope write", )" +
                      R"(scope="read write", resource_metadata=")" + metadata_url + '"');
   }
   learn("def", good(somebody({"write", "read"})));
   EXPECT_EQ(go("def"), outcome::pass);
   EXPECT_EQ(subject->refused().count(auth_reason::missing_scope), 3u);
}

TEST_F(Gate, NamesAllScopesThatANewTokenNeeds) {
   auth::gate_options o;
   o.required_scopes = {"base"};
   open(o);
   subject->set_known_scopes({"read", "write", "admin"});
   const std::vector<std::string> needed{"admin", "audit"};
   subject->refuse_scopes(*somebody({"base", "write", "unknown", "audit"}), needed, connection, {});
   EXPECT_EQ(answer().status, 403);
   EXPECT_THAT(answer().find("WWW-Authenticate"), HasSubstr(R"(scope="base admin audit write")"))
         << "what the token has and something here asks for is not lost";
   EXPECT_THAT(answer().body, HasSubstr("the token lacks the scope admin\""));
}

TEST_F(Gate, AsksForTheChallengeScopesWhenTheyAreSet) {
   auth::gate_options o;
   o.required_scopes = {"read"};
   o.challenge_scopes = {"read", "profile"};
   open(o);
   test::made_request rq("/mcp");
   EXPECT_EQ(go(rq, connection), outcome::answered);
   EXPECT_THAT(answer().find("WWW-Authenticate"), HasSubstr(R"(Bearer scope="read profile", )"));
}

TEST_F(Gate, ForgetsOnConnectionsToo) {
   learn("abc", good(somebody()));
   EXPECT_EQ(go("abc"), outcome::pass);
   const auto digest = crypto::sha256("abc");
   subject->forget({reinterpret_cast<const char*>(digest.data()), digest.size()});
   EXPECT_EQ(go("abc"), outcome::waiting);
   verifier.answer(bad(auth_reason::inactive));
   connection.loop.run_all();
   EXPECT_EQ(answer().status, 401);
}

TEST_F(Gate, KnowsAConnectionThatChangesItsToken) {
   learn("alices", good(somebody()));
   auto bob = std::make_shared<core::principal>();
   bob->subject = "bob";
   learn("bobs", good(bob));
   for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(go("alices"), outcome::pass);
      EXPECT_EQ(who->subject, "alice");
      EXPECT_EQ(go("bobs"), outcome::pass);
      EXPECT_EQ(who->subject, "bob");
   }
   EXPECT_EQ(verifier.asked, 2);
   test::made_request none("/mcp");
   EXPECT_EQ(go(none, connection), outcome::answered) << "the connection is nobody's";
}

TEST_F(Gate, AllocatesNothingForATokenThatTheConnectionKnows) {
   auth::gate_options o;
   o.required_scopes = {"read"};
   open(o);
   const std::string token(900, 'a');
   learn(token, good(somebody({"read"}, clock.unix_ms() + 100'000)));
   auto made = with_token(token);
   const auto& rq = made.get();
   ASSERT_EQ(subject->look(rq, connection, {}).what, outcome::pass);
   const auto before = test::allocations();
   const auto first = subject->look(rq, connection, {});
   const auto second = subject->check(rq, connection, {}, {});
   EXPECT_EQ(test::allocations(), before);
   EXPECT_EQ(first.what, outcome::pass);
   EXPECT_EQ(second.what, outcome::pass);
}

// ------------------------------------------------------------------------------- rates and secrets

TEST_F(Gate, CountsCallsByCaller) {
   auth::gate_options o;
   o.rate = {.calls_per_minute = 60, .burst = 1};
   open(o);
   EXPECT_EQ(subject->seconds_to_wait(*somebody(), {}), 0u);
   EXPECT_EQ(subject->seconds_to_wait(*somebody(), {}), 1u);
   EXPECT_EQ(subject->refused().count(auth_reason::rate_limited), 1u);
   clock.advance(1s);
   EXPECT_EQ(subject->seconds_to_wait(*somebody(), {}), 0u);
}

/// What `f` makes the log say, without the times.
template <class F>
std::string log_of(F&& f) {
   testing::internal::CaptureStderr();
   f();
   std::string out;
   std::istringstream all(testing::internal::GetCapturedStderr());
   for (std::string line; std::getline(all, line);) out += line.substr(line.find(' ') + 1) + '\n';
   return out;
}

core::caller_ref somebody_by(std::string client, std::vector<std::string> scopes = {}) {
   auto p = *somebody(std::move(scopes));
   p.client_id = std::move(client);
   return std::make_shared<core::principal>(std::move(p));
}

TEST_F(Gate, TellsWhoLacksWhatForWhich) {
   auth::gate_options o;
   o.required_scopes = {"read"};
   open(o);
   const std::vector<std::string> needed{"deploy", "audit"};
   const core::call_site at{.tool = "release", .peer_address = "192.0.2.9"};
   EXPECT_EQ(log_of([&] { subject->note_scopes(*somebody_by("ci", {"read"}), needed, at); }),
             "info auth: request refused reason=missing_scope status=403 peer=\"192.0.2.9\" "
             "client=\"ci\" tool=\"release\" detail=\"the token lacks the scopes deploy audit\"\n");
   EXPECT_EQ(log_of([&] { subject->note_scopes(*somebody_by("alice"), {}, at); }),
             "info auth: request refused reason=missing_scope status=403 peer=\"192.0.2.9\" "
             "tool=\"release\" detail=\"the token lacks the scope read\"\n")
         << "a client named like its subject is a person";
   EXPECT_EQ(subject->refused().count(auth_reason::missing_scope), 2u);
   learn("abc", good(somebody_by("ci")));
   EXPECT_EQ(log_of([&] { EXPECT_EQ(go("abc"), outcome::answered); }),
             "info auth: request refused reason=missing_scope status=403 peer=\"192.0.2.7\" "
             "client=\"ci\" detail=\"the token lacks the scope read\"\n");
}

TEST_F(Gate, TellsWhoCallsTooOften) {
   auth::gate_options o;
   o.rate = {.calls_per_minute = 30, .burst = 1};
   open(o);
   const core::call_site at{.tool = "echo", .peer_address = "192.0.2.9"};
   EXPECT_EQ(log_of([&] { EXPECT_EQ(subject->seconds_to_wait(*somebody_by("ci"), at), 0u); }), "");
   EXPECT_EQ(log_of([&] { EXPECT_EQ(subject->seconds_to_wait(*somebody_by("ci"), at), 2u); }),
             "info auth: request refused reason=rate_limited status=429 peer=\"192.0.2.9\" "
             "client=\"ci\" tool=\"echo\" detail=\"calls_per_minute is 30; the next call may come "
             "in 2 s\"\n");
}

TEST_F(Gate, TellsWhichBoundMakesItBusy) {
   const auto refused = [this](auth::gate_options o) {
      open(std::move(o));
      test::fake_connection other;
      auto first = with_token("abc"), second = with_token("abc");
      return log_of([&] {
         EXPECT_EQ(go(first, connection), outcome::waiting);
         (void)go(second, other);
         other.loop.run_all();
         verifier.open.clear();
      });
   };
   auth::gate_options count, bytes, waiters;
   count.max_held = 1;
   bytes.max_held_bytes = 100;
   waiters.cache.max_waiters = 1;
   const std::string line =
         "warning auth: request refused reason=busy status=503 peer=\"192.0.2.7\" detail=\"";
   EXPECT_THAT(refused(count), HasSubstr(line + "1 requests wait for the verification of their "
                                                "tokens, as many as may: look whether the provider "
                                                "answers\"\n"));
   EXPECT_THAT(refused(bytes),
               testing::ContainsRegex(line + "requests of [0-9]+ bytes wait for the "
                                             "verification of their tokens, and 100 "
                                             "may: look whether the provider "
                                             "answers\"\n"));
   EXPECT_THAT(refused(waiters), HasSubstr(line + "1 requests wait for the verification of this "
                                                  "token, as many as may\"\n"));
}

TEST_F(Gate, LogsNeitherTokenNorClaims) {
   core::log::set_level(core::log::level::trace);
   auth::gate_options o;
   o.required_scopes = {"read"};
   open(o);
   testing::internal::CaptureStderr();
   learn("sesame1", good(somebody({"read"})));
   (void)go("sesame1");
   learn("sesame2", good(somebody()));
   (void)go("sesame2");
   (void)go("sesame3");
   verifier.answer({.reason = auth_reason::expired, .detail = "expired 5 s ago"});
   connection.loop.run_all();
   auto rq = with_token("sesame4 sesame5");
   (void)go(rq, connection);
   const auto log = testing::internal::GetCapturedStderr();
   EXPECT_THAT(
         log, HasSubstr("reason=expired status=401 peer=\"192.0.2.7\" detail=\"expired 5 s ago\""));
   EXPECT_THAT(log, HasSubstr("reason=missing_scope status=403"));
   EXPECT_THAT(log, HasSubstr("reason=malformed status=401"));
   for (const auto* secret : {"sesame", "alice"}) EXPECT_THAT(log, Not(HasSubstr(secret)));
   for (const auto& a : connection.answers) {
      EXPECT_THAT(a.body, Not(HasSubstr("sesame")));
      EXPECT_THAT(a.find("WWW-Authenticate"), Not(HasSubstr("alice")));
   }
}

} // namespace
