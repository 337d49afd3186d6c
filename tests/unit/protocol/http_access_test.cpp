// The endpoint behind a bearer gate: who may ask, whose session it is, what a caller may do.

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/protocol/counted_new.hpp"
#include "unit/protocol/endpoint_fixture.hpp"
#include "unit/protocol/fake_gate.hpp"
#include "unit/protocol/parsed.hpp"

namespace fmcp::protocol {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view local_page = "http://localhost:6274";
constexpr std::string_view admin_tool =
      R"({"name":"admin","inputSchema":{"type":"object","properties":{"where":{"type":"string","x-mcp-header":"Where"}}}})";
constexpr std::string_view call_admin =
      R"({"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"admin"}})";
constexpr std::string_view list_tools =
      R"({"jsonrpc":"2.0","id":6,"method":"tools/list","params":{}})";

/// The tools echo and open for everybody, admin for the scopes `read` and `write`, and three
/// people.
class GuardedEndpoint : public HttpEndpoint {
protected:
   GuardedEndpoint() : HttpEndpoint(&gate) {
      start({});
      gate.add("ann", {"read", "write"});
      gate.add("bob", {"read"});
      gate.add("eve");
   }
   void publish() override {
      tools = {backend.add("admin", admin_tool, test::answers("done")),
               backend.add("echo", echo_tool, test::answers("hello")),
               backend.add("open", open_tool)};
      tools[0].required_scopes = scopes;
      subject->publish(tools);
   }

   /// The same with a token of `name`'s.
   static headers of(std::string_view name, headers more = {}) {
      more.emplace_back("Authorization", "Bearer " + std::string(name));
      return more;
   }
   static headers of(std::string_view name, const std::string& session) {
      return of(name, {{"Mcp-Session-Id", session}});
   }
   std::string session_of(std::string_view name, std::string_view version = "2025-11-25") {
      const auto r = post(initialize(version), of(name));
      EXPECT_EQ(r->status, 200);
      return r->find("Mcp-Session-Id");
   }
   static std::string initialize(std::string_view version) {
      return fmt::format(
            R"({{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"{}","capabilities":{{}},"clientInfo":{{"name":"t","version":"1"}}}}}})",
            version);
   }
   std::shared_ptr<exchange_record> get(const headers& given) {
      auto all = given;
      all.emplace_back("Accept", "text/event-stream");
      return send(method::get, all, "");
   }
   void tick_after(std::chrono::milliseconds pause) {
      clock.advance(pause);
      endpoint->tick();
      out.loop.run_all();
   }

   static inline const std::vector<std::string> scopes{"read", "write"};
   test::fake_gate gate;
};

// ---- who asks ----

TEST_F(GuardedEndpoint, NobodyIsRefusedBeforeAnythingElseIsLookedAt) {
   const auto r = send(method::post, {{"Content-Type", "text/plain"}}, "no JSON");
   EXPECT_EQ(r->status, 401);
   EXPECT_EQ(r->find("WWW-Authenticate"), "Bearer");
   for (const auto verb : {method::get, method::del, method::put, method::head})
      EXPECT_EQ(send(verb, {}, "")->status, 401);
}

TEST_F(GuardedEndpoint, NobodyIsRefusedBeforeTheBodyIsRead) {
   EXPECT_FALSE(send_head(method::post, {{"Content-Type", "text/plain"}}));
   EXPECT_EQ(out.record->status, 401);
   EXPECT_FALSE(send_head(method::post, of("ann", {{"Content-Type", "text/plain"}})));
   EXPECT_EQ(out.record->status, 415);
   EXPECT_TRUE(send_head(method::post, of("ann", {{"Content-Type", "application/json"}})));
   gate.strangers = {"ann"};
   EXPECT_TRUE(send_head(method::post, of("ann", {{"Content-Type", "application/json"}})))
         << "that can be found out when the body is there";
   EXPECT_EQ(gate.checks, 0) << "with the head alone nobody is asked";
}

TEST_F(GuardedEndpoint, RefusalsMayBeReadByAllowedPages) {
   const headers page{{"Origin", std::string(local_page)}};
   EXPECT_EQ(post("{}", page)->find("Access-Control-Allow-Origin"), local_page);
   EXPECT_THAT(out.record->find("Access-Control-Expose-Headers"), HasSubstr("WWW-Authenticate"));
   EXPECT_FALSE(send_head(method::post, page));
   EXPECT_EQ(out.record->find("Access-Control-Allow-Origin"), local_page);
   EXPECT_EQ(modern("admin", R"("name":"admin")", "tools/call", of("eve", page))->status, 403);
   EXPECT_EQ(out.record->find("Access-Control-Allow-Origin"), local_page);
   gate.calls_left = 0;
   EXPECT_EQ(modern("admin", R"("name":"admin")", "tools/call", of("ann", page))->status, 429);
   EXPECT_EQ(out.record->find("Access-Control-Allow-Origin"), local_page);
   EXPECT_THAT(out.record->find("Access-Control-Expose-Headers"), HasSubstr("Retry-After"));
}

TEST_F(GuardedEndpoint, PreflightsAndForeignPlacesDoNotReachTheGate) {
   const headers page{{"Origin", std::string(local_page)}};
   const auto r = send(method::options, page, "");
   EXPECT_EQ(r->status, 204);
   EXPECT_THAT(r->find("Access-Control-Allow-Headers"), HasSubstr("Authorization"));
   EXPECT_TRUE(send_head(method::options, page));
   EXPECT_EQ(post("{}", {{"Host", "evil.example"}})->status, 421);
   EXPECT_EQ(post("{}", {{"Origin", "https://evil.example"}})->status, 403);
   EXPECT_FALSE(send_head(method::post, {{"Host", "evil.example"}}));
   EXPECT_EQ(gate.looks + gate.checks, 0);
}

TEST_F(GuardedEndpoint, ARequestWaitsForItsSenderToBeKnown) {
   gate.strangers = {"ann"};
   const auto begun =
         post(initialize("2025-11-25"), of("ann", {{"Origin", std::string(local_page)}}));
   EXPECT_EQ(begun->replies, 0);
   gate.admit("ann");
   EXPECT_EQ(begun->status, 200);
   EXPECT_EQ(begun->find("Access-Control-Allow-Origin"), local_page);
   const auto id = begun->find("Mcp-Session-Id");
   for (const auto* name : {"echo", "open"}) {
      const auto r = post(
            fmt::format(
                  R"({{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{}","arguments":{{"text":"x"}}}}}})",
                  name),
            of("ann", id));
      EXPECT_EQ(r->replies, 0);
      EXPECT_TRUE(backend.calls.size() == (name[0] == 'e' ? 0u : 1u)) << "not yet";
      gate.admit("ann");
      if (name[0] == 'o') backend.calls.at(1)->finish("late");
      out.loop.run_all();
      EXPECT_EQ(r->status, 200);
      EXPECT_THAT(r->body, HasSubstr(name[0] == 'e' ? "hello" : "late"));
   }
}

TEST_F(GuardedEndpoint, WhatWaitedMayBeResumedWhileAnotherIsChecked) {
   const auto id = session_of("ann");
   gate.strangers = {"ann"};
   const auto first = post(call_echo, of("ann", id));
   gate.strangers.clear();
   gate.on_check = [&] { gate.admit("ann"); };
   const auto second = post("{}", of("nobody", {{"Origin", std::string(local_page)}}));
   EXPECT_THAT(first->body, HasSubstr("hello"));
   EXPECT_EQ(first->find("Access-Control-Allow-Origin"), "");
   EXPECT_EQ(second->status, 401);
   EXPECT_EQ(second->find("Access-Control-Allow-Origin"), local_page);
}

TEST_F(GuardedEndpoint, AGateThatDoesNotSayWhoLetsNobodyIn) {
   gate.forgets_to_say_who = true;
   EXPECT_EQ(post(call_echo, of("ann"))->status, 500);
   gate.forgets_to_say_who = false;
   gate.people["ann"] = nullptr;
   EXPECT_EQ(modern("echo", R"("name":"echo","arguments":{"text":"x"})", "tools/call", of("ann"))
                   ->status,
             500);
   EXPECT_THAT(backend.calls, IsEmpty());
}

// ---- what the tool learns ----

TEST_F(GuardedEndpoint, ToolsLearnWhoCalls) {
   std::vector<std::string> seen;
   tools = {backend.add("echo", echo_tool, [&](const call_input& in, tool_call& to) {
      seen.push_back(in.principal->subject);
      test::answers("hello")(in, to);
   })};
   subject->publish(tools);
   (void)post(call_echo, of("ann", session_of("ann")));
   (void)modern("echo", R"("name":"echo","arguments":{"text":"x"})", "tools/call", of("bob"));
   EXPECT_THAT(seen, ElementsAre("ann", "bob"));
}

TEST_F(GuardedEndpoint, ACallOutlivesTheTokenThatItCameWith) {
   std::weak_ptr<const core::principal> ann = gate.people.at("ann");
   const auto r = modern("open", R"("name":"open")", "tools/call", of("ann"));
   gate.people.clear();
   ASSERT_FALSE(ann.expired());
   EXPECT_EQ(backend.calls.at(0)->principal->subject, "ann");
   backend.calls.at(0)->finish("late");
   out.loop.run_all();
   EXPECT_THAT(r->body, HasSubstr("late"));
   backend.calls.clear();
   endpoint.reset();
   EXPECT_TRUE(ann.expired());
}

TEST_F(GuardedEndpoint, ACallThatIsOverAtOnceTakesNoShareOfItsCaller) {
   long during = 0;
   tools = {backend.add("echo", echo_tool, [&](const call_input& in, tool_call& to) {
      during = gate.people.at("ann").use_count();
      test::answers("hello")(in, to);
   })};
   subject->publish(tools);
   (void)modern("echo", R"("name":"echo","arguments":{"text":"x"})", "tools/call", of("ann"));
   EXPECT_EQ(during, 1);
}

/// What the endpoint takes from the heap for one call; not what the fakes take.
TEST_F(GuardedEndpoint, KnowingWhoCallsCostsNoMemory) {
   class silent final : public core::http::responder {
   public:
      void reply(const core::http::response_head&, std::string_view) override { ++replies; }
      std::string& output() noexcept override { return text_; }
      void replied_raw() override {}
      std::string_view date_line() const noexcept override { return {}; }
      std::shared_ptr<core::http::exchange> keep() override { return nullptr; }
      std::shared_ptr<core::http::held_request> hold() override { return nullptr; }
      std::shared_ptr<void>& attachment() noexcept override { return slot_; }
      std::shared_ptr<void>& identity() noexcept override { return slot_; }
      core::executor& home() noexcept override { return loop_; }
      int replies = 0;

   private:
      std::string text_;
      std::shared_ptr<void> slot_;
      test::manual_executor loop_;
   } answer;
   const auto id = session_of("ann");
   auto open = std::make_unique<http_endpoint>(
         *subject, http_endpoint::options{.guard = {.port = 8000, .bound_host = "127.0.0.1"}});
   open.swap(endpoint);
   const auto nobodys = open_session();
   open.swap(endpoint);
   const auto count = [&](http_endpoint& e, const headers& given, std::string_view body) {
      std::size_t taken = 0;
      ask(method::post, given, body, [&](const core::http::request& rq) {
         for (int i = 0; i < 3; ++i) { // the first ones warm it up
            answer.replies = 0;
            const auto before = test::allocations();
            e.on_request(rq, answer);
            taken = test::allocations() - before;
         }
      });
      EXPECT_EQ(answer.replies, 1);
      return taken;
   };
   const headers plain{{"Content-Type", "application/json"},
                       {"MCP-Protocol-Version", "2026-07-28"},
                       {"Mcp-Method", "tools/call"},
                       {"Mcp-Name", "echo"}};
   const auto body = fmt::format(
         R"({{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"echo","arguments":{{"text":"x"}},{}}}}})",
         claim);
   gate.counted.reserve(1000);
   backend.calls.reserve(100);
   EXPECT_EQ(count(*endpoint, of("ann", plain), body), count(*open, plain, body));
   const auto in_session = [](const std::string& session) {
      return headers{{"Content-Type", "application/json"}, {"Mcp-Session-Id", session}};
   };
   EXPECT_EQ(count(*endpoint, of("ann", in_session(id)), call_echo),
             count(*open, in_session(nobodys), call_echo));
}

// ---- whose session it is ----

TEST_F(GuardedEndpoint, AnothersSessionIsLikeNone) {
   const auto id = session_of("ann");
   auto forged = id;
   forged.back() = forged.back() == 'A' ? 'B' : 'A';
   const auto unknown = post(call_echo, of("bob", forged));
   ASSERT_EQ(unknown->status, 404);
   for (int i = 0; i < 2; ++i) { // the same connection, on which ann's was verified in between
      const auto stolen = post(call_echo, of("bob", id));
      EXPECT_EQ(stolen->status, 404);
      EXPECT_EQ(stolen->body, unknown->body);
      EXPECT_EQ(post(call_echo, of("ann", id))->status, 200);
   }
   EXPECT_EQ(get(of("bob", id))->status, 404);
   EXPECT_EQ(send(method::del, of("bob", id), "")->status, 404);
   EXPECT_EQ(post(R"({"jsonrpc":"2.0","id":1,"result":{}})", of("bob", id))->status, 404);
   EXPECT_EQ(post(call_echo, of("ann", id))->status, 200) << "it has not ended";
   EXPECT_EQ(post(initialize("2025-11-25"), of("bob", id))->status, 200) << "and does not disturb";
   EXPECT_EQ(post(initialize("2025-11-25"), of("ann", id))->status, 400);
}

TEST_F(GuardedEndpoint, OthersCannotCancelOrResume) {
   const auto id = session_of("ann");
   const auto r = post(call_open, of("ann", id));
   backend.calls.at(0)->to->on_progress(1, 0, "secret");
   out.loop.run_all();
   ASSERT_THAT(r->body, HasSubstr("id: "));
   const auto at = r->body.find("id: ") + 4;
   const auto event = r->body.substr(at, r->body.find('\n', at) - at);
   const auto note = std::string_view(
         R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}})");
   EXPECT_EQ(post(note, of("bob", id))->status, 404);
   EXPECT_EQ(backend.calls.at(0)->cancels, 0);
   EXPECT_EQ(get(of("bob", {{"Mcp-Session-Id", id}, {"Last-Event-ID", event}}))->status, 404);
   EXPECT_EQ(
         get(of("bob", {{"Mcp-Session-Id", session_of("bob")}, {"Last-Event-ID", event}}))->status,
         400)
         << "in his own session there is no such event";
   EXPECT_EQ(get(of("ann", {{"Mcp-Session-Id", id}, {"Last-Event-ID", event}}))->status, 200);
   EXPECT_EQ(post(note, of("ann", id))->status, 202);
   EXPECT_EQ(backend.calls.at(0)->cancels, 1);
}

TEST_F(GuardedEndpoint, ASessionOutlivesItsFirstToken) {
   const auto id = session_of("ann");
   gate.add("ann", {"read"}); // refreshed, with fewer scopes
   EXPECT_EQ(post(call_echo, of("ann", id))->status, 200);
   auto other = std::make_shared<core::principal>(*gate.people.at("ann"));
   other->client_id = "another client";
   gate.people["ann"] = other;
   EXPECT_EQ(post(call_echo, of("ann", id))->status, 404);
}

TEST_F(GuardedEndpoint, ASessionOfNobodyIsNobodys) {
   const service_options keyed{.session_key = std::string(32, 'k'), .session_domain = "same"};
   start(keyed);
   const auto id = session_of("ann");
   auto guarded = std::exchange(
         endpoint, std::make_unique<http_endpoint>(
                         *subject, http_endpoint::options{
                                         .guard = {.port = 8000, .bound_host = "127.0.0.1"}}));
   EXPECT_EQ(post(call_echo, {{"Mcp-Session-Id", id}})->status, 404);
   const auto nobodys = open_session();
   EXPECT_EQ(post(call_echo, {{"Mcp-Session-Id", nobodys}})->status, 200);
   endpoint.swap(guarded);
   EXPECT_EQ(post(call_echo, of("ann", nobodys))->status, 404);
}

// ---- how long streams last ----

using namespace std::chrono_literals;

TEST_F(GuardedEndpoint, TheSessionsStreamEndsWithTheToken) {
   gate.add("ann", {}, clock.unix_ms() + 60'000);
   const auto id = session_of("ann");
   const auto first = get(of("ann", id));
   tick_after(59s);
   EXPECT_EQ(first->ends, 0);
   tick_after(1s);
   EXPECT_EQ(first->ends, 1);
   EXPECT_EQ(first->aborts, 0);
   // What happens until the client is back with a new token, it still hears.
   subject->publish({tools.at(0)});
   gate.add("ann", {}, clock.unix_ms() + 60'000);
   const auto at = first->body.find("id: ") + 4;
   const auto again = get(
         of("ann", {{"Mcp-Session-Id", id},
                    {"Last-Event-ID", first->body.substr(at, first->body.find('\n', at) - at)}}));
   out.loop.run_all();
   EXPECT_THAT(again->body, HasSubstr("list_changed"));
   EXPECT_EQ(again->ends, 0);
   tick_after(60s);
   EXPECT_EQ(again->ends, 1);
}

TEST_F(GuardedEndpoint, AStreamThatWasTakenOverLastsAsLongAsTheNewToken) {
   gate.add("ann", {}, clock.unix_ms() + 60'000);
   const auto id = session_of("ann");
   const auto first = get(of("ann", id));
   const auto at = first->body.find("id: ") + 4;
   gate.add("ann", {}, clock.unix_ms() + 600'000);
   const auto again = get(
         of("ann", {{"Mcp-Session-Id", id},
                    {"Last-Event-ID", first->body.substr(at, first->body.find('\n', at) - at)}}));
   tick_after(60s);
   EXPECT_EQ(again->ends, 0);
   tick_after(540s);
   EXPECT_EQ(again->ends, 1);
}

TEST_F(GuardedEndpoint, ASubscriptionSaysGoodbyeWhenTheTokenExpires) {
   gate.add("ann", {}, clock.unix_ms() + 60'000);
   const auto r = modern("", R"("notifications":{"toolsListChanged":true})", "subscriptions/listen",
                         of("ann"));
   const auto of_bob = modern("", R"("notifications":{})", "subscriptions/listen", of("bob"));
   tick_after(59s);
   EXPECT_EQ(r->ends, 0);
   tick_after(1s);
   EXPECT_EQ(r->ends, 1);
   EXPECT_THAT(r->body, HasSubstr(R"("id":7,"result":{"resultType":"complete")"));
   tick_after(1h);
   EXPECT_EQ(of_bob->ends, 0) << "whose expiry is not known";
}

TEST_F(GuardedEndpoint, ACallsStreamLastsUntilItsAnswer) {
   gate.add("ann", {}, clock.unix_ms() + 1'000);
   const auto id = session_of("ann");
   const auto r = post(call_open, of("ann", id));
   backend.calls.at(0)->to->on_progress(1, 0, "");
   out.loop.run_all();
   tick_after(2s);
   EXPECT_EQ(r->ends, 0);
   backend.calls.at(0)->finish("late");
   out.loop.run_all();
   EXPECT_THAT(r->body, HasSubstr("late"));
}

// ---- what a caller may do ----

TEST_F(GuardedEndpoint, ACallWithoutTheToolsScopesIsRefusedByStatus) {
   EXPECT_EQ(post(call_admin, of("ann", session_of("ann")))->status, 200);
   ASSERT_EQ(backend.calls.size(), 1u);
   const auto legacy = post(call_admin, of("bob", session_of("bob")));
   const auto now = modern("admin", R"("name":"admin")", "tools/call", of("bob"));
   for (const auto& r : {legacy, now}) {
      EXPECT_EQ(r->status, 403);
      EXPECT_EQ(r->find("WWW-Authenticate"),
                R"(Bearer error="insufficient_scope", scope="read write")");
   }
   EXPECT_EQ(gate.refused, "bob");
   EXPECT_EQ(gate.noted, "bob admin 192.0.2.7 read write\nbob admin 192.0.2.7 read write\n");
   const auto streams_only =
         post(call_admin,
              of("bob", {{"Mcp-Session-Id", session_of("bob")}, {"Accept", "text/event-stream"}}));
   EXPECT_EQ(streams_only->status, 403);
   EXPECT_EQ(backend.calls.size(), 1u) << "no tool was entered";
   EXPECT_EQ(gate.counted, "ann ") << "what is refused is not counted";
}

TEST_F(GuardedEndpoint, InABatchACallWithoutScopesIsAnErrorOfItsOwn) {
   const auto r = post(fmt::format("[{},{}]", call_admin, call_echo),
                       of("bob", session_of("bob", "2025-03-26")));
   EXPECT_EQ(r->status, 200);
   EXPECT_THAT(r->body, HasSubstr("hello"));
   EXPECT_THAT(r->body, HasSubstr(R"("id":5,"error":{"code":403,)"));
   EXPECT_THAT(r->body, HasSubstr(R"("data":{"error":"insufficient_scope","scope":"read write"})"));
   EXPECT_EQ(backend.calls.size(), 1u);
   EXPECT_EQ(gate.noted, "bob admin 192.0.2.7 read write\n");
   EXPECT_EQ(gate.refused, "") << "the answer is a message, not a status";
}

TEST_F(GuardedEndpoint, WithoutAGateToolsRequireNothing) {
   service_options o{.hide_forbidden_tools = true};
   start(o);
   endpoint = std::make_unique<http_endpoint>(
         *subject, http_endpoint::options{.guard = {.port = 8000, .bound_host = "127.0.0.1"}});
   EXPECT_THAT(modern("", "", "tools/list")->body, HasSubstr("admin"));
   EXPECT_THAT(modern("admin", R"("name":"admin")")->body, HasSubstr("done"));
}

/// The names on the page, then the cursor.
std::vector<std::string> names_of(std::string_view body) {
   const test::parsed v(body);
   const auto* result = v->find("result");
   std::vector<std::string> out;
   for (const auto& tool : result->find("tools")->items())
      out.emplace_back(tool.find_string("name").value());
   out.emplace_back(result->find_string("nextCursor").value_or("-"));
   return out;
}

class HidingEndpoint : public GuardedEndpoint {
protected:
   HidingEndpoint() { start({.page_size = 2, .hide_forbidden_tools = true}); }
   std::vector<std::string> list(std::string_view name, std::string_view cursor = {}) {
      const auto params = cursor.empty() ? "" : fmt::format(R"("cursor":"{}")", cursor);
      return names_of(modern("", params, "tools/list", of(name))->body);
   }
};

TEST_F(HidingEndpoint, ListsWhatTheCallerMayUse) {
   const auto all = list("ann");
   EXPECT_THAT(all, ElementsAre("admin", "echo", Not("-")));
   EXPECT_THAT(list("ann", all.back()), ElementsAre("open", "-"));
   EXPECT_THAT(list("bob"), ElementsAre("echo", "open", "-"));
   EXPECT_THAT(list("eve"), ElementsAre("echo", "open", "-"));
   EXPECT_THAT(list("bob", all.back()), ElementsAre("open", "-")) << "the place is the same";
   const auto legacy = post(list_tools, of("bob", session_of("bob")));
   EXPECT_THAT(names_of(legacy->body), ElementsAre("echo", "open", "-"));
   tools[1].required_scopes = scopes; // two in front are hidden
   subject->publish(tools);
   EXPECT_THAT(list("bob"), ElementsAre("open", "-"));
}

TEST_F(HidingEndpoint, ListsThatDifferArePrivate) {
   start({.lists_are_public = true});
   EXPECT_THAT(modern("", "", "tools/list", of("bob"))->body,
               HasSubstr(R"("cacheScope":"public")"));
   start({.lists_are_public = true, .hide_forbidden_tools = true});
   for (const auto* name : {"ann", "bob"}) {
      EXPECT_THAT(modern("", "", "tools/list", of(name))->body,
                  HasSubstr(R"("cacheScope":"private")"));
   }
}

TEST_F(HidingEndpoint, AHiddenToolIsLikeNone) {
   const auto ask_for = [&](std::string_view tool) {
      std::string all;
      const auto say = [&](const exchange_record& r) {
         all += fmt::format("{} {}\n", r.status, r.body);
      };
      // With arguments and without the header that the tool demands for them.
      say(*modern(tool, fmt::format(R"("name":"{}","arguments":{{"where":"x"}})", tool),
                  "tools/call", of("bob")));
      say(*post(
            fmt::format(
                  R"({{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{{"name":"{}"}}}})",
                  tool),
            of("bob", session_of("bob"))));
      for (auto at = all.find(tool); at != all.npos; at = all.find(tool)) all.replace(at, 5, "…");
      return all;
   };
   EXPECT_THAT(ask_for("admin"), HasSubstr("Unknown tool"));
   EXPECT_EQ(ask_for("admin"), ask_for("nadir"));
   EXPECT_THAT(backend.calls, IsEmpty());
   EXPECT_EQ(gate.refused, "");
}

TEST_F(GuardedEndpoint, WithoutHidingEverythingIsListed) {
   EXPECT_THAT(names_of(modern("", "", "tools/list", of("eve"))->body),
               ElementsAre("admin", "echo", "open", "-"));
}

// ---- how often ----

TEST_F(GuardedEndpoint, TooManyCallsAreRefusedByStatus) {
   gate.calls_left = 1;
   const auto id = session_of("ann");
   EXPECT_EQ(post(call_echo, of("ann", id))->status, 200);
   for (const auto& r :
        {post(call_echo, of("ann", id)),
         modern("echo", R"("name":"echo","arguments":{"text":"x"})", "tools/call", of("ann")),
         post(call_echo, of("ann", {{"Mcp-Session-Id", id}, {"Accept", "text/event-stream"}}))}) {
      EXPECT_EQ(r->status, 429);
      EXPECT_EQ(r->content_type, "application/json");
      EXPECT_EQ(r->find("Retry-After"), "17");
      EXPECT_THAT(r->body, HasSubstr(R"("error":{"code":429,)"));
      EXPECT_THAT(r->body, HasSubstr(R"("retryAfter":17)"));
   }
   EXPECT_EQ(backend.calls.size(), 1u);
   EXPECT_EQ(post(list_tools, of("ann", id))->status, 200) << "which is no call";
   EXPECT_EQ(gate.counted, "ann ann ann ann ");
   EXPECT_EQ(gate.last_tool, "echo");
}

TEST_F(GuardedEndpoint, EveryCallOfABatchIsCounted) {
   gate.calls_left = 1;
   const auto r = post(fmt::format("[{},{},{}]", call_open, call_echo, list_tools),
                       of("ann", session_of("ann", "2025-03-26")));
   EXPECT_EQ(gate.counted, "ann ann ");
   backend.calls.at(0)->finish("late");
   out.loop.run_all();
   EXPECT_EQ(r->status, 200);
   EXPECT_THAT(r->body, HasSubstr("late"));
   EXPECT_THAT(r->body, HasSubstr(R"("id":1,"error":{"code":429,)"));
   EXPECT_THAT(r->body, HasSubstr(R"("id":6,"result")"));
}

} // namespace
} // namespace fmcp::protocol
