#include "plugins/services.hpp"

#include <array>
#include <thread>

#include <fmcp/auth.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/plugins/fake_backends.hpp"
#include "unit/plugins/fake_plugin.hpp"

namespace fmcp::plugins {
namespace {

using core::auth_reason;
using core::errc;
using core::fail;
using core::http::fetch_reply;
using test::fake_plugin;
using test::latch_box;
using test::text_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

fmcp_bytes raw(std::string_view text) {
   return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
std::string taken(fmcp_buf& b) {
   std::string out(static_cast<const char*>(b.ptr), b.len);
   if (b.release != nullptr) b.release(b.owner, b.ptr, b.len);
   return out;
}

fetch_reply good_reply() {
   fetch_reply r;
   r.status = 200;
   return r;
}

/// What callbacks were handed, each of them.
struct heard {
   struct one {
      fmcp_status status = 1;
      std::string text;
      std::uint64_t number = 0; // HTTP status, version or reason
      std::string detail;
      std::thread::id where;
   };
   void add(one o) {
      o.where = std::this_thread::get_id();
      box.change([&] { all.push_back(std::move(o)); });
   }
   bool wait(std::size_t n = 1) {
      return box.wait([&] { return all.size() >= n; });
   }
   std::size_t count() {
      return box.read([&] { return all.size(); });
   }
   one first() {
      return box.read([&] { return all.empty() ? one{} : all.front(); });
   }
   latch_box box;
   std::vector<one> all;
};

void fetched(void* user, fmcp_status st, const fmcp_fetched* r, fmcp_str error) noexcept {
   heard::one o{.status = st, .text = {}, .detail = std::string(text_of(error)), .where = {}};
   if (r != nullptr) {
      o.number = static_cast<std::uint64_t>(r->http_status);
      for (std::uint32_t i = 0; i < r->headers.count; ++i) {
         const auto& h = static_cast<const fmcp_http_header*>(r->headers.items)[i];
         o.text += std::string(text_of(h.name)) + "=" + std::string(text_of(h.value)) + ";";
      }
      o.text += std::string(reinterpret_cast<const char*>(r->body.ptr), r->body.len);
      o.detail = text_of(r->final_url);
   }
   static_cast<heard*>(user)->add(std::move(o));
}
void valued(void* user, fmcp_status st, fmcp_bytes value, std::uint64_t version) noexcept {
   static_cast<heard*>(user)->add(
         {.status = st,
          .text = std::string(reinterpret_cast<const char*>(value.ptr), value.len),
          .number = version,
          .detail = {},
          .where = {}});
}
void verified(void* user, fmcp_status st, std::int32_t reason, fmcp_str claims,
              fmcp_str detail) noexcept {
   static_cast<heard*>(user)->add({.status = st,
                                   .text = std::string(text_of(claims)),
                                   .number = static_cast<std::uint64_t>(reason),
                                   .detail = std::string(text_of(detail)),
                                   .where = {}});
}

class ServiceTables : public testing::Test {
protected:
   instance::config granted() {
      core::http::fetch_policy reach;
      reach.origins = {"https://idp.example", "http://127.0.0.1:9000"};
      reach.trusted = {"http://127.0.0.1:9000"};
      instance::config c;
      c.name = "acme";
      c.services = {.with = {.http = &http, .jwt = &jwt, .kv = &kv, .crypto = &crypto},
                    .is_provider = false,
                    .reach = std::make_shared<const core::http::fetch_policy>(reach)};
      return c;
   }
   template <class T>
   const T& table(std::string_view id) {
      const void* found = p.host->service(p.host->ctx, str(id));
      EXPECT_NE(found, nullptr) << id;
      return *static_cast<const T*>(found);
   }
   const fmcp_http& http_service() { return table<fmcp_http>("fmcp.http/1"); }
   const fmcp_jwt& jwt_service() { return table<fmcp_jwt>("fmcp.jwt/1"); }
   const fmcp_kvstore& kv_service() { return table<fmcp_kvstore>("fmcp.kv/1"); }
   const fmcp_crypto& crypto_service() { return table<fmcp_crypto>("fmcp.crypto/1"); }
   void* ctx() { return p.host->ctx; }

   fmcp_status fetch(std::string_view url, auto&& bend, fmcp_op* op = nullptr) {
      fmcp_fetch rq{};
      rq.size = sizeof rq;
      rq.url = str(url);
      bend(rq);
      return http_service().fetch(ctx(), &rq, fetched, &told, op);
   }
   fmcp_status fetch(std::string_view url, fmcp_op* op = nullptr) {
      return fetch(url, [](fmcp_fetch&) {}, op);
   }

   heard told; // outlives the plugin, which may still call back while it stops
   test::fake_fetcher http;
   test::fake_jwt jwt;
   test::fake_kv kv;
   test::fake_crypto crypto;
   fake_plugin p;
};

// ---- grants ----

manifest manifest_of(std::string_view services) {
   auto m = read_manifest(R"({"id":"a","name":"a","version":"1",)" + std::string(services) + "}");
   EXPECT_TRUE(m) << m.error().message;
   return m ? *m : manifest{};
}

TEST_F(ServiceTables, AreThereForThoseWhoNameThemOnly) {
   const backends all{&http, &jwt, &kv, &crypto};
   const auto none =
         make_grants(manifest_of(R"("uses":["fmcp.exec/1"])"), all, role::tools, {}, {});
   EXPECT_EQ(none.with.http, nullptr);
   EXPECT_EQ(none.with.jwt, nullptr);
   EXPECT_EQ(none.with.kv, nullptr);
   EXPECT_EQ(none.with.crypto, nullptr);
   EXPECT_FALSE(none.is_provider);
   const auto some = make_grants(
         manifest_of(R"("uses":["fmcp.jwt/1","fmcp.kv/1"],"optional":["fmcp.http/1"])"), all,
         role::provider, {"https://a.example"}, {"https://b.example", "https://a.example"});
   EXPECT_EQ(some.with.http, &http);
   EXPECT_EQ(some.with.jwt, &jwt);
   EXPECT_EQ(some.with.kv, &kv);
   EXPECT_EQ(some.with.crypto, nullptr);
   EXPECT_TRUE(some.is_provider);
   EXPECT_THAT(some.reach->origins, ElementsAre("https://a.example", "https://b.example"));
   EXPECT_THAT(some.reach->trusted, ElementsAre("https://b.example", "https://a.example"));
   EXPECT_FALSE(some.reach->leaves_room);
   EXPECT_TRUE(none.reach->leaves_room) << "for providers and the host, by tools";
}

TEST_F(ServiceTables, ThatAreMissingRefuseThoseWhoCannotDoWithout) {
   const auto needs = manifest_of(R"("uses":["fmcp.kv/1"])");
   EXPECT_FALSE(check_services(needs, {}, role::provider));
   EXPECT_TRUE(check_services(needs, {.kv = &kv}, role::provider));
   EXPECT_TRUE(check_services(manifest_of(R"("optional":["fmcp.kv/1"])"), {}, role::tools));
   const auto answers = manifest_of(R"("uses":["fmcp.auth-host/1"])");
   EXPECT_TRUE(check_services(answers, {}, role::provider));
   EXPECT_THAT(check_services(answers, {}, role::tools).error().message,
               HasSubstr("is for authentication providers"));
}

TEST_F(ServiceTables, ThatAreNotGrantedAreNotThere) {
   ASSERT_EQ(p.start(), "");
   for (const auto* id : {"fmcp.http/1", "fmcp.jwt/1", "fmcp.kv/1", "fmcp.crypto/1",
                          "fmcp.auth-host/1", "fmcp.stream/1", "fmcp.metrics/1", ""}) {
      EXPECT_EQ(p.host->service(ctx(), str(id)), nullptr) << id;
   }
   EXPECT_NE(p.host->service(ctx(), str("fmcp.exec/1")), nullptr);
}

// ---- fmcp.http/1 ----

TEST_F(ServiceTables, HttpHandsTheRequestOver) {
   ASSERT_EQ(p.start(granted()), "");
   const fmcp_http_header headers[] = {{str("Accept"), str("application/json")}};
   fmcp_op op = 0;
   ASSERT_EQ(fetch(
                   "https://idp.example/keys?x=1",
                   [&](fmcp_fetch& rq) {
                      rq.method = str("POST");
                      rq.body = raw("a=b");
                      rq.headers = {headers, 1, sizeof headers[0]};
                      rq.timeout_ms = 3000;
                      rq.max_body = 99;
                      rq.max_redirects = 1000;
                   },
                   &op),
             FMCP_OK);
   EXPECT_NE(op, 0u);
   const auto sent = http.requests();
   ASSERT_EQ(sent.size(), 1u);
   EXPECT_EQ(sent[0].method, "POST");
   EXPECT_EQ(sent[0].url, "https://idp.example/keys?x=1");
   EXPECT_EQ(sent[0].body, "a=b");
   EXPECT_THAT(sent[0].headers, ElementsAre(testing::Pair("Accept", "application/json")));
   EXPECT_EQ(sent[0].timeout, 3000ms);
   EXPECT_EQ(sent[0].max_body, 99u);
   EXPECT_EQ(sent[0].max_redirects, 5u);
   ASSERT_TRUE(sent[0].policy);
   EXPECT_THAT(sent[0].policy->trusted, ElementsAre("http://127.0.0.1:9000"));
}

TEST_F(ServiceTables, HttpTellsTheAnswerOnAPoolThread) {
   ASSERT_EQ(p.start(granted()), "");
   ASSERT_EQ(fetch("https://idp.example/keys"), FMCP_OK);
   EXPECT_EQ(told.count(), 0u);
   http.answer(1, fetch_reply{.status = 404,
                              .headers = {{"content-type", "text/plain"}},
                              .body = "no",
                              .final_url = "https://idp.example/other"});
   ASSERT_TRUE(told.wait());
   const auto r = told.first();
   EXPECT_EQ(r.status, FMCP_OK);
   EXPECT_EQ(r.number, 404u);
   EXPECT_EQ(r.text, "content-type=text/plain;no");
   EXPECT_EQ(r.detail, "https://idp.example/other");
   EXPECT_NE(r.where, std::this_thread::get_id());
}

TEST_F(ServiceTables, HttpTellsErrorsOfTheFetcher) {
   ASSERT_EQ(p.start(granted()), "");
   ASSERT_EQ(fetch("https://idp.example/keys"), FMCP_OK);
   http.answer(1, fail(errc::timeout, "It took too long."));
   ASSERT_TRUE(told.wait());
   EXPECT_EQ(told.first().status, FMCP_E_TIMEOUT);
   EXPECT_EQ(told.first().detail, "It took too long.");
}

TEST_F(ServiceTables, HttpRefusesWhatIsNoRequest) {
   ASSERT_EQ(p.start(granted()), "");
   const std::pair<const char*, fmcp_status> urls[] = {
         {"https://evil.example/", FMCP_E_DENIED},
         {"https://idp.example.evil.example/", FMCP_E_DENIED},
         {"https://idp.example:444/", FMCP_E_DENIED},
         {"http://idp.example/", FMCP_E_DENIED},
         {"http://127.0.0.1:9001/", FMCP_E_DENIED},
         {"https://user@idp.example/", FMCP_E_INVALID},
         {"https://idp.example@evil.example/", FMCP_E_INVALID},
         {"https://idp.example/#x", FMCP_E_INVALID},
         {"https://idp%2eexample/", FMCP_E_INVALID},
         {"https:///keys", FMCP_E_INVALID},
         {"file:///etc/passwd", FMCP_E_INVALID},
         {"/keys", FMCP_E_INVALID},
         {"https://idp.example/a b", FMCP_E_INVALID},
         {"", FMCP_E_INVALID},
   };
   for (const auto& [url, status] : urls) EXPECT_EQ(fetch(url), status) << url;

   const fmcp_http_header broken[] = {{str("X-A"), str("a\r\nHost: evil")}};
   const fmcp_http_header unnamed[] = {{str("X A"), str("a")}};
   const fmcp_http_header framing[] = {{str("Content-length"), str("0")}};
   for (const auto* list : {broken, unnamed, framing}) {
      EXPECT_EQ(fetch("https://idp.example/",
                      [&](fmcp_fetch& rq) { rq.headers = {list, 1, sizeof list[0]}; }),
                FMCP_E_INVALID);
   }
   for (const auto* method : {"GE T", "CONNECT", "G\r\nX"}) {
      EXPECT_EQ(fetch("https://idp.example/", [&](fmcp_fetch& rq) { rq.method = str(method); }),
                FMCP_E_INVALID);
   }
   EXPECT_EQ(fetch("https://idp.example/", [](fmcp_fetch& rq) { rq.flags = 1; }), FMCP_E_INVALID);
   EXPECT_EQ(fetch("https://idp.example/", [](fmcp_fetch& rq) { rq.size = 1; }), FMCP_E_INVALID);
   EXPECT_EQ(http_service().fetch(ctx(), nullptr, fetched, &told, nullptr), FMCP_E_INVALID);
   EXPECT_THAT(http.requests(), IsEmpty());
   EXPECT_EQ(told.count(), 0u);
}

TEST_F(ServiceTables, HttpCancelEndsItOnce) {
   ASSERT_EQ(p.start(granted()), "");
   fmcp_op op = 0;
   ASSERT_EQ(fetch("https://idp.example/keys", &op), FMCP_OK);
   http_service().cancel(ctx(), op);
   ASSERT_TRUE(told.wait());
   EXPECT_EQ(told.first().status, FMCP_E_GONE);
   EXPECT_THAT(http.cancelled(), ElementsAre(1u));
   http_service().cancel(ctx(), op);
   http_service().cancel(ctx(), 12345);
   http.answer(1, good_reply()); // too late
   EXPECT_TRUE(p.instance->retire(10s));
   p.is_retired = true;
   EXPECT_EQ(told.count(), 1u);
}

// ---- the end of operations ----

TEST_F(ServiceTables, RetiringEndsWhatRunsBeforeDestroy) {
   ASSERT_EQ(p.start(granted()), "");
   std::uint64_t id = 0;
   const fmcp_str list[] = {str("https://idp.example")}, algorithms[] = {str("RS256")};
   fmcp_jwt_policy policy{};
   policy.size = sizeof policy;
   policy.flags = FMCP_JWT_ANY_AUDIENCE;
   policy.jwks_uri = str("https://idp.example/keys");
   policy.issuers = {list, 1, sizeof list[0]};
   policy.algorithms = {algorithms, 1, sizeof list[0]};
   ASSERT_EQ(jwt_service().policy(ctx(), &policy, &id, nullptr), FMCP_OK);
   ASSERT_EQ(fetch("https://idp.example/keys"), FMCP_OK);
   ASSERT_EQ(kv_service().get(ctx(), str("k"), valued, &told), FMCP_OK);
   ASSERT_EQ(jwt_service().verify(ctx(), id, str("t"), verified, &told), FMCP_OK);
   EXPECT_TRUE(p.instance->is_busy());

   ASSERT_TRUE(p.instance->retire(10s));
   p.is_retired = true;
   EXPECT_EQ(p.destroyed, 1);
   EXPECT_EQ(told.count(), 3u); // all of them before destroy
   for (const auto& o : told.all) EXPECT_EQ(o.status, FMCP_E_GONE);
   EXPECT_THAT(http.cancelled(), ElementsAre(1u));
   EXPECT_THAT(jwt.removed, ElementsAre(0u));

   // Backends that answer when nobody is there any more.
   http.answer(1, good_reply());
   kv.waiting[0]({});
   jwt.waiting[0]({});
   EXPECT_EQ(told.count(), 3u);
   EXPECT_EQ(fetch("https://idp.example/keys"), FMCP_E_GONE);
   EXPECT_EQ(kv_service().get(ctx(), str("k"), valued, &told), FMCP_E_GONE);
}

TEST_F(ServiceTables, AnInstanceThatIsGoneHearsNothing) {
   ASSERT_EQ(p.start(granted()), "");
   ASSERT_EQ(kv_service().get(ctx(), str("k"), valued, &told), FMCP_OK);
   ASSERT_TRUE(p.instance->retire(10s));
   p.is_retired = true;
   p.tools.clear();
   p.instance.reset();
   kv.waiting[0]({}); // asan watches
   EXPECT_EQ(told.count(), 1u);
}

TEST_F(ServiceTables, MoreOperationsThanThePoolQueuesAllComeBack) {
   auto c = granted();
   c.max_queue = 2;
   c.max_threads = 1;
   ASSERT_EQ(p.start(std::move(c)), "");
   constexpr std::size_t many = 50;
   for (std::size_t i = 0; i < many; ++i) {
      ASSERT_EQ(kv_service().get(ctx(), str("k"), valued, &told), FMCP_OK);
   }
   for (auto& done : kv.waiting) done({.status = {}, .value = "v", .version = 1});
   EXPECT_TRUE(told.wait(many));
   EXPECT_TRUE(test::eventually([&] { return !p.instance->is_busy(); }));
   EXPECT_EQ(told.count(), many);
}

TEST_F(ServiceTables, TooManyOperationsAreBusy) {
   ASSERT_EQ(p.start(granted()), "");
   for (std::size_t i = 0; i < errands::max_operations; ++i) {
      ASSERT_EQ(kv_service().get(ctx(), str("k"), valued, &told), FMCP_OK);
   }
   EXPECT_EQ(kv_service().get(ctx(), str("k"), valued, &told), FMCP_E_BUSY);
   kv.waiting[0]({});
   ASSERT_TRUE(told.wait());
   EXPECT_EQ(kv_service().get(ctx(), str("k"), valued, &told), FMCP_OK);
}

TEST_F(ServiceTables, ExchangesAreBoundedUntilTheyAreReallyOver) {
   for (const auto& [is_provider, most] : {std::pair{false, 64u}, {true, 256u}}) {
      heard all;
      test::fake_fetcher fetcher;
      fake_plugin plugin; // goes first, and ends what is open
      auto c = granted();
      c.services.is_provider = is_provider;
      c.services.with.http = &fetcher;
      ASSERT_EQ(plugin.start(std::move(c)), "");
      const auto& table = *static_cast<const fmcp_http*>(
            plugin.host->service(plugin.host->ctx, str("fmcp.http/1")));
      fmcp_fetch rq{};
      rq.size = sizeof rq;
      rq.url = str("https://idp.example/");
      const auto go = [&](fmcp_op* op = nullptr) {
         return table.fetch(plugin.host->ctx, &rq, fetched, &all, op);
      };
      fmcp_op last = 0;
      for (unsigned n = 0; n < most; ++n) ASSERT_EQ(go(&last), FMCP_OK) << n;
      EXPECT_EQ(go(), FMCP_E_BUSY);
      EXPECT_EQ(fetcher.requests().size(), most);
      table.cancel(plugin.host->ctx, last);
      EXPECT_EQ(go(), FMCP_E_BUSY) << "the fetcher has not let go of it";
      fetcher.answer(most, core::fail(core::errc::timeout, "it was cancelled"));
      EXPECT_EQ(go(), FMCP_OK);
      EXPECT_EQ(go(), FMCP_E_BUSY);
      fetcher.answer(1, good_reply());
      EXPECT_EQ(go(), FMCP_OK);
   }
}

TEST_F(ServiceTables, AnswersAgainstCancellationsAndTheEnd) {
   for (int round = 0; round < 20; ++round) {
      fake_plugin plugin;
      heard all;
      test::fake_fetcher fetcher;
      auto c = granted();
      c.services.with.http = &fetcher;
      ASSERT_EQ(plugin.start(std::move(c)), "");
      const auto& table = *static_cast<const fmcp_http*>(
            plugin.host->service(plugin.host->ctx, str("fmcp.http/1")));
      constexpr std::uint64_t many = 40;
      std::array<fmcp_op, many> ops{};
      fmcp_fetch rq{};
      rq.size = sizeof rq;
      rq.url = str("https://idp.example/");
      for (auto& op : ops) {
         ASSERT_EQ(table.fetch(plugin.host->ctx, &rq, fetched, &all, &op), FMCP_OK);
      }
      std::thread answers([&] {
         for (std::uint64_t i = 1; i <= many; ++i) fetcher.answer(i, good_reply());
      });
      std::thread cancels([&] {
         for (std::uint64_t i = many; i > many / 2; --i) table.cancel(plugin.host->ctx, ops[i - 1]);
      });
      ASSERT_TRUE(plugin.instance->retire(10s));
      plugin.is_retired = true;
      answers.join();
      cancels.join();
      EXPECT_EQ(all.count(), many);
   }
}

// ---- fmcp.kv/1 ----

TEST_F(ServiceTables, KvKeepsASpaceForEachInstance) {
   ASSERT_EQ(p.start(granted()), "");
   const auto& s = kv_service();
   EXPECT_EQ(s.put(ctx(), str("k"), raw("v"), 1500, 7, valued, &told), FMCP_OK);
   EXPECT_EQ(s.get(ctx(), str("k"), valued, &told), FMCP_OK);
   EXPECT_EQ(s.take(ctx(), str("k"), valued, &told), FMCP_OK);
   EXPECT_EQ(s.del(ctx(), str("k"), valued, &told), FMCP_OK);
   EXPECT_THAT(kv.asked, ElementsAre("put v 1500 7 tools:acme/k", "get tools:acme/k",
                                     "take tools:acme/k", "remove tools:acme/k"));
}

TEST_F(ServiceTables, KvTellsValuesAndErrors) {
   ASSERT_EQ(p.start(granted()), "");
   ASSERT_EQ(kv_service().get(ctx(), str("k"), valued, &told), FMCP_OK);
   kv.waiting[0]({.status = {}, .value = std::string("a\0b", 3), .version = 9});
   ASSERT_TRUE(told.wait());
   EXPECT_EQ(told.first().status, FMCP_OK);
   EXPECT_EQ(told.first().text, std::string("a\0b", 3));
   EXPECT_EQ(told.first().number, 9u);
   const std::pair<errc, fmcp_status> rows[] = {{errc::not_found, FMCP_E_NOT_FOUND},
                                                {errc::conflict, FMCP_E_CONFLICT},
                                                {errc::limit, FMCP_E_LIMIT},
                                                {errc::io, FMCP_E_IO}};
   for (const auto& [code, status] : rows) {
      heard again;
      ASSERT_EQ(kv_service().take(ctx(), str("k"), valued, &again), FMCP_OK);
      kv.waiting.back()({.status = fail(code, "x"), .value = "must not be seen"});
      ASSERT_TRUE(again.wait());
      EXPECT_EQ(again.first().status, status);
      EXPECT_EQ(again.first().text, "");
   }
}

TEST_F(ServiceTables, KvRefusesWhatIsOutOfRange) {
   ASSERT_EQ(p.start(granted()), "");
   const auto& s = kv_service();
   const std::string long_key(257, 'k'), long_value((64u << 10) + 1, 'v');
   EXPECT_EQ(s.get(ctx(), {}, valued, &told), FMCP_E_INVALID);
   EXPECT_EQ(s.get(ctx(), str(long_key), valued, &told), FMCP_E_INVALID);
   EXPECT_EQ(s.get(ctx(), str("\xff"), valued, &told), FMCP_E_INVALID);
   EXPECT_EQ(s.get(ctx(), {nullptr, 3}, valued, &told), FMCP_E_INVALID);
   EXPECT_EQ(s.get(ctx(), str("k"), nullptr, &told), FMCP_E_INVALID);
   EXPECT_EQ(s.put(ctx(), str("k"), raw("v"), 0, 0, valued, &told), FMCP_E_INVALID);
   EXPECT_EQ(s.put(ctx(), str("k"), raw(long_value), 1, 0, valued, &told), FMCP_E_INVALID);
   EXPECT_EQ(s.put(ctx(), str("k"), {nullptr, 1}, 1, 0, valued, &told), FMCP_E_INVALID);
   EXPECT_THAT(kv.asked, IsEmpty());
}

// ---- fmcp.jwt/1 ----

struct policy_of {
   policy_of() {
      p.size = sizeof p;
      p.jwks_uri = str("https://idp.example/keys");
      p.issuers = {issuers, 1, sizeof issuers[0]};
      p.audiences = {audiences, 1, sizeof audiences[0]};
      p.algorithms = {algorithms, 1, sizeof algorithms[0]};
   }
   fmcp_str issuers[1] = {str("https://idp.example/*")};
   fmcp_str audiences[1] = {str("api")};
   fmcp_str algorithms[1] = {str("RS256")};
   fmcp_jwt_policy p{};
};

TEST_F(ServiceTables, JwtHandsThePolicyOver) {
   ASSERT_EQ(p.start(granted()), "");
   policy_of wanted;
   wanted.p.leeway_s = 30;
   std::uint64_t id = 0;
   ASSERT_EQ(jwt_service().policy(ctx(), &wanted.p, &id, nullptr), FMCP_OK);
   ASSERT_EQ(jwt.policies.size(), 1u);
   const auto& got = jwt.policies[0];
   EXPECT_EQ(got.jwks_uri, "https://idp.example/keys");
   EXPECT_THAT(got.issuers, ElementsAre("https://idp.example/*"));
   EXPECT_THAT(got.audiences, ElementsAre("api"));
   EXPECT_THAT(got.algorithms, ElementsAre("RS256"));
   EXPECT_FALSE(got.any_issuer || got.any_audience);
   EXPECT_EQ(got.leeway, 30s);
   ASSERT_TRUE(got.reach);
   EXPECT_THAT(got.reach->trusted, ElementsAre("http://127.0.0.1:9000"));
}

TEST_F(ServiceTables, JwtRefusesLoosePolicies) {
   ASSERT_EQ(p.start(granted()), "");
   const auto refusal = [&](auto&& bend, fmcp_status expected = FMCP_E_INVALID) {
      policy_of wanted;
      bend(wanted.p);
      std::uint64_t id = 7;
      char words[512];
      fmcp_err err{0, sizeof words, 0, 0, words};
      EXPECT_EQ(jwt_service().policy(ctx(), &wanted.p, &id, &err), expected);
      EXPECT_EQ(id, 0u);
      return std::string(words, err.len);
   };
   EXPECT_THAT(refusal([](auto& q) { q.flags = 4; }), HasSubstr("flags"));
   EXPECT_THAT(refusal([](auto& q) { q.jwks_uri = {}; }), HasSubstr("exactly one"));
   EXPECT_THAT(refusal([](auto& q) { q.pem = str("x"); }), HasSubstr("exactly one"));
   EXPECT_THAT(refusal([](auto& q) { q.issuers = {}; }), HasSubstr("issuers is empty"));
   EXPECT_THAT(refusal([](auto& q) { q.audiences = {}; }), HasSubstr("audiences is empty"));
   EXPECT_THAT(refusal([](auto& q) { q.flags = FMCP_JWT_ANY_AUDIENCE; }),
               HasSubstr("not empty with it"));
   EXPECT_THAT(refusal([](auto& q) { q.algorithms = {}; }), HasSubstr("algorithms is empty"));
   EXPECT_THAT(refusal([](auto& q) { q.leeway_s = 301; }), HasSubstr("leeway_s"));
   EXPECT_THAT(refusal([](auto& q) { q.jwks_uri = str("keys"); }), HasSubstr("jwks_uri"));
   EXPECT_THAT(
         refusal([](auto& q) { q.jwks_uri = str("https://evil.example/keys"); }, FMCP_E_DENIED),
         HasSubstr("https://evil.example"));
   jwt.refuse_with = core::error{errc::unsupported, "algorithms holds XX1."};
   EXPECT_EQ(refusal([](auto&) {}, FMCP_E_NOT_SUPPORTED), "algorithms holds XX1.");
   EXPECT_THAT(jwt.policies, IsEmpty());
}

TEST_F(ServiceTables, JwtPoliciesAreTheInstancesOwnAndBounded) {
   ASSERT_EQ(p.start(granted()), "");
   policy_of wanted;
   std::uint64_t id = 0;
   for (int i = 0; i < 16; ++i) {
      ASSERT_EQ(jwt_service().policy(ctx(), &wanted.p, &id, nullptr), FMCP_OK);
   }
   EXPECT_EQ(jwt_service().policy(ctx(), &wanted.p, &id, nullptr), FMCP_E_LIMIT);
   EXPECT_THAT(jwt.removed, ElementsAre(16u));
   fmcp_buf claims{};
   std::int32_t reason = 0;
   for (const std::uint64_t other : {std::uint64_t{0}, std::uint64_t{17}, UINT64_MAX}) {
      EXPECT_EQ(jwt_service().verify_now(ctx(), other, str("t"), &claims, &reason, nullptr),
                FMCP_E_INVALID);
      EXPECT_EQ(jwt_service().verify(ctx(), other, str("t"), verified, &told), FMCP_E_INVALID);
   }
   EXPECT_THAT(jwt.asked, IsEmpty());
}

TEST_F(ServiceTables, JwtVerifiesNow) {
   ASSERT_EQ(p.start(granted()), "");
   policy_of wanted;
   std::uint64_t id = 0;
   ASSERT_EQ(jwt_service().policy(ctx(), &wanted.p, &id, nullptr), FMCP_OK);
   fmcp_buf claims{};
   std::int32_t reason = 0;
   char words[64];
   fmcp_err err{0, sizeof words, 0, 0, words};
   const auto now = [&] {
      return jwt_service().verify_now(ctx(), id, str("tok"), &claims, &reason, &err);
   };
   EXPECT_EQ(now(), FMCP_PENDING);
   jwt.now = jwt_outcome{.reason = auth_reason::none, .claims_json = R"({"sub":"s"})"};
   EXPECT_EQ(now(), FMCP_OK);
   EXPECT_EQ(reason, FMCP_AUTH_WHY_NONE);
   EXPECT_EQ(taken(claims), R"({"sub":"s"})");
   jwt.now = jwt_outcome{.reason = auth_reason::expired, .claims_json = "{}", .detail = "Old."};
   EXPECT_EQ(now(), FMCP_E_DENIED);
   EXPECT_EQ(reason, FMCP_AUTH_WHY_EXPIRED);
   EXPECT_EQ(std::string(words, err.len), "Old.");
   EXPECT_EQ(claims.len, 0u);
   jwt.now = jwt_outcome{.reason = auth_reason::upstream_unavailable};
   EXPECT_EQ(now(), FMCP_E_IO);
   EXPECT_EQ(reason, FMCP_AUTH_WHY_UPSTREAM);
   EXPECT_EQ(jwt.asked.back(), std::pair(std::uint64_t{0}, std::string("tok")));
}

TEST_F(ServiceTables, JwtVerifiesLater) {
   ASSERT_EQ(p.start(granted()), "");
   policy_of wanted;
   std::uint64_t id = 0;
   ASSERT_EQ(jwt_service().policy(ctx(), &wanted.p, &id, nullptr), FMCP_OK);
   ASSERT_EQ(jwt_service().verify(ctx(), id, str("t"), verified, &told), FMCP_OK);
   jwt.waiting[0]({.reason = auth_reason::none, .claims_json = R"({"sub":"s"})"});
   ASSERT_TRUE(told.wait());
   EXPECT_EQ(told.first().status, FMCP_OK);
   EXPECT_EQ(told.first().text, R"({"sub":"s"})");
   heard refused;
   ASSERT_EQ(jwt_service().verify(ctx(), id, str("t"), verified, &refused), FMCP_OK);
   jwt.waiting[1]({.reason = auth_reason::wrong_issuer, .claims_json = "{}", .detail = "Foreign."});
   ASSERT_TRUE(refused.wait());
   EXPECT_EQ(refused.first().status, FMCP_E_DENIED);
   EXPECT_EQ(refused.first().number, static_cast<std::uint64_t>(FMCP_AUTH_WHY_WRONG_ISSUER));
   EXPECT_EQ(refused.first().text, ""); // a refused token's claims are nobody's business
   EXPECT_EQ(refused.first().detail, "Foreign.");
}

// ---- fmcp.crypto/1 ----

TEST_F(ServiceTables, CryptoSealsInTheInstancesName) {
   ASSERT_EQ(p.start(granted()), "");
   const auto& s = crypto_service();
   fmcp_buf sealed{}, opened{};
   ASSERT_EQ(s.seal(ctx(), raw("plain"), raw("aad"), 1000, &sealed), FMCP_OK);
   EXPECT_EQ(crypto.last_ttl, 1000ms);
   const auto text = taken(sealed);
   EXPECT_EQ(text, "tools:acme|aad|plain");
   ASSERT_EQ(s.open(ctx(), raw(text), raw("aad"), &opened), FMCP_OK);
   EXPECT_EQ(taken(opened), "plain");
   EXPECT_EQ(s.open(ctx(), raw(text), raw("other"), &opened), FMCP_E_DENIED);
   EXPECT_EQ(opened.len, 0u);
}

TEST_F(ServiceTables, CryptoRefusesWhatIsOutOfRange) {
   ASSERT_EQ(p.start(granted()), "");
   const auto& s = crypto_service();
   const std::string long_text((64u << 10) + 1, 'x');
   fmcp_buf out{};
   EXPECT_EQ(s.seal(ctx(), raw("x"), {}, 0, &out), FMCP_E_INVALID);
   EXPECT_EQ(s.seal(ctx(), raw(long_text), {}, 1, &out), FMCP_E_LIMIT);
   EXPECT_EQ(s.seal(ctx(), {nullptr, 2}, {}, 1, &out), FMCP_E_INVALID);
   EXPECT_EQ(s.seal(ctx(), raw("x"), {}, 1, nullptr), FMCP_E_INVALID);
   EXPECT_EQ(s.random(ctx(), nullptr, 1), FMCP_E_INVALID);
   EXPECT_EQ(s.sha256(ctx(), {nullptr, 1}, nullptr), FMCP_E_INVALID);
}

TEST_F(ServiceTables, CryptoComparesDigestsAndRandomizes) {
   ASSERT_EQ(p.start(granted()), "");
   const auto& s = crypto_service();
   std::array<std::uint8_t, 32> digest{}, one{}, two{};
   ASSERT_EQ(s.sha256(ctx(), raw("abc"), digest.data()), FMCP_OK);
   EXPECT_EQ(digest[0], 0xba); // FIPS 180-4, "abc"
   EXPECT_EQ(digest[31], 0xad);
   ASSERT_EQ(s.random(ctx(), one.data(), one.size()), FMCP_OK);
   ASSERT_EQ(s.random(ctx(), two.data(), two.size()), FMCP_OK);
   EXPECT_NE(one, two);
   EXPECT_NE(s.equal(ctx(), raw("same"), raw("same")), 0);
   EXPECT_EQ(s.equal(ctx(), raw("same"), raw("sama")), 0);
   EXPECT_EQ(s.equal(ctx(), raw("same"), raw("sam")), 0);
   EXPECT_EQ(s.equal(ctx(), {nullptr, 4}, {nullptr, 4}), 0);
}

// ---- fmcp.auth-host/1 ----

TEST_F(ServiceTables, AuthHostIsTheProvidersOnly) {
   auto c = granted();
   c.services.is_provider = true;
   ASSERT_EQ(p.start(std::move(c)), "");
   const auto& s = table<fmcp_auth_host>("fmcp.auth-host/1");
   fmcp_auth_result r{};
   r.size = sizeof r;
   EXPECT_EQ(s.verified(ctx(), 77, &r), FMCP_E_GONE);
   EXPECT_EQ(s.respond(ctx(), 77, nullptr), FMCP_E_GONE);
   const std::string digest(32, 'd');
   EXPECT_EQ(s.forget(ctx(), raw(digest)), FMCP_OK);
   EXPECT_EQ(s.forget(ctx(), {}), FMCP_OK);
   EXPECT_EQ(s.forget(ctx(), raw("short")), FMCP_E_INVALID);
   EXPECT_EQ(s.forget(ctx(), {nullptr, 32}), FMCP_E_INVALID);
}

TEST_F(ServiceTables, VerifiedIsNoAnswerToACallOfATool) {
   auto c = granted();
   c.services.is_provider = true; // nobody is both; if one were, it would still be refused
   fmcp_status said = FMCP_OK;
   p.offered = {{"a", FMCP_EX_NONBLOCKING, [&](const fmcp_request& rq, fmcp_err*) {
                    fmcp_auth_result r{};
                    r.size = sizeof r;
                    r.decision = FMCP_AUTH_ALLOW;
                    said = table<fmcp_auth_host>("fmcp.auth-host/1").verified(ctx(), rq.call, &r);
                    return FMCP_OK;
                 }}};
   ASSERT_EQ(p.start(std::move(c)), "");
   const auto call = p.call("a");
   EXPECT_EQ(said, FMCP_E_INVALID);
   EXPECT_FALSE(call->has_result());
   EXPECT_EQ(call->why(), call_failure::misbehaved);
}

} // namespace
} // namespace fmcp::plugins
