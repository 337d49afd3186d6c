#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/protocol/endpoint_fixture.hpp"

namespace fmcp::protocol {
namespace {

using core::http::method;
using test::exchange_record;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

// ---- legacy ----

TEST_F(HttpEndpoint, AnswersACallOfASession) {
   const auto id = open_session();
   ASSERT_THAT(id, Not(IsEmpty()));
   const auto r = post(call_echo, {{"Mcp-Session-Id", id}});
   EXPECT_EQ(r->status, 200);
   EXPECT_EQ(r->content_type, "application/json");
   EXPECT_EQ(r->body,
             R"({"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"hello"}]}})");
   EXPECT_THAT(backend.calls.at(0)->session, Not(HasSubstr(id)));
   EXPECT_EQ(backend.calls.at(0)->capabilities, R"({"sampling":{}})");
}

TEST_F(HttpEndpoint, AsksForASessionWhereOneIsNeeded) {
   const auto r = post(call_echo);
   EXPECT_EQ(r->status, 400);
   EXPECT_THAT(r->body, HasSubstr("-32000"));
}

TEST_F(HttpEndpoint, KnowsNoForgedSession) {
   auto id = open_session();
   id.back() = id.back() == 'A' ? 'B' : 'A';
   const auto r = post(call_echo, {{"Mcp-Session-Id", id}});
   EXPECT_EQ(r->status, 404);
   EXPECT_THAT(r->body, HasSubstr("-32001"));
}

TEST_F(HttpEndpoint, ASessionEndsByDeleteOnEveryConnection) {
   const auto id = open_session();
   EXPECT_EQ(post(call_echo, {{"Mcp-Session-Id", id}})->status, 200);
   const auto other = open_session();
   EXPECT_EQ(send(method::del, {{"Mcp-Session-Id", id}}, "")->status, 204);
   EXPECT_EQ(post(call_echo, {{"Mcp-Session-Id", id}})->status, 404);
   EXPECT_EQ(send(method::del, {{"Mcp-Session-Id", id}}, "")->status, 404);
   EXPECT_EQ(post(call_echo, {{"Mcp-Session-Id", other}})->status, 200);
}

TEST_F(HttpEndpoint, ASessionExpiresWhileItsConnectionStays) {
   const auto id = open_session();
   EXPECT_EQ(post(call_echo, {{"Mcp-Session-Id", id}})->status, 200);
   clock.advance(std::chrono::hours(25));
   EXPECT_EQ(post(call_echo, {{"Mcp-Session-Id", id}})->status, 404);
}

TEST_F(HttpEndpoint, TwoSessionsMayShareAConnection) {
   const auto a = open_session("2025-06-18"), b = open_session("2024-11-05");
   for (const auto* id : {&a, &b, &a})
      EXPECT_EQ(post(call_echo, {{"Mcp-Session-Id", *id}})->status, 200);
   EXPECT_EQ(backend.calls.at(0)->session, backend.calls.at(2)->session);
   EXPECT_NE(backend.calls.at(0)->session, backend.calls.at(1)->session);
}

TEST_F(HttpEndpoint, ALaterResultArrivesAsJson) {
   const auto id = open_session();
   const auto r = post(call_open, {{"Mcp-Session-Id", id}});
   EXPECT_EQ(r->replies, 0);
   test::elsewhere([&] { backend.calls.at(0)->finish("late"); });
   out.loop.run_all();
   EXPECT_EQ(r->replies, 1);
   EXPECT_EQ(r->content_type, "application/json");
   EXPECT_THAT(r->body, HasSubstr(R"("text":"late")"));
   EXPECT_EQ(r->foreign_thread_uses, 0);
}

TEST_F(HttpEndpoint, ProgressTurnsTheAnswerIntoAStream) {
   const auto id = open_session();
   const auto r = post(call_open, {{"Mcp-Session-Id", id}});
   test::elsewhere([&] { backend.calls.at(0)->to->on_progress(1, 2, "half"); });
   out.loop.run_all();
   EXPECT_EQ(r->begins, 1);
   EXPECT_EQ(r->content_type, "text/event-stream");
   EXPECT_THAT(
         r->body,
         HasSubstr(R"("params":{"progressToken":"p","progress":1,"total":2,"message":"half"})"));
   test::elsewhere([&] { backend.calls.at(0)->finish("late"); });
   out.loop.run_all();
   EXPECT_THAT(r->body, HasSubstr(R"("text":"late")"));
   EXPECT_EQ(r->ends, 1);
}

TEST_F(HttpEndpoint, ProgressThatDoesNotRiseIsDropped) {
   const auto id = open_session();
   const auto r = post(call_open, {{"Mcp-Session-Id", id}});
   auto& to = *backend.calls.at(0)->to;
   for (const double n : {1.0, 1.0, 0.5, 2.0}) {
      to.on_progress(n, 0, "");
      out.loop.run_all();
   }
   EXPECT_THAT(r->body, HasSubstr(R"("progress":1})"));
   EXPECT_THAT(r->body, HasSubstr(R"("progress":2})"));
   EXPECT_THAT(r->body, Not(HasSubstr("0.5")));
}

TEST_F(HttpEndpoint, ALongCallBecomesAStreamThatCanBeResumed) {
   const auto id = open_session();
   const auto r = post(call_open, {{"Mcp-Session-Id", id}});
   endpoint->tick();
   EXPECT_EQ(r->begins, 0);
   clock.advance(std::chrono::seconds(3));
   endpoint->tick();
   out.loop.run_all();
   EXPECT_EQ(r->begins, 1);
   EXPECT_THAT(r->body, HasSubstr("id: "));
   const auto at = r->body.find("id: ") + 4;
   const auto event = r->body.substr(at, r->body.find('\n', at) - at);

   test::elsewhere([&] { backend.calls.at(0)->finish("late"); });
   out.loop.run_all();
   const auto again = send(
         method::get,
         {{"Accept", "text/event-stream"}, {"Mcp-Session-Id", id}, {"Last-Event-ID", event}}, "");
   out.loop.run_all();
   EXPECT_EQ(again->status, 200);
   EXPECT_THAT(again->body, HasSubstr(R"("text":"late")"));
   EXPECT_EQ(again->ends, 1);
}

TEST_F(HttpEndpoint, CancelledRequestsGetNoResponse) {
   const auto id = open_session();
   const auto r = post(call_open, {{"Mcp-Session-Id", id}});
   const auto note =
         post(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}})",
              {{"Mcp-Session-Id", id}});
   EXPECT_EQ(note->status, 202);
   EXPECT_EQ(backend.calls.at(0)->cancels, 1);
   out.loop.run_all();
   EXPECT_THAT(r->body, Not(HasSubstr("jsonrpc")));
   EXPECT_EQ(r->replies + r->ends, 1);
}

TEST_F(HttpEndpoint, OneSessionCannotCancelAnothersCall) {
   const auto a = open_session(), b = open_session();
   (void)post(call_open, {{"Mcp-Session-Id", a}});
   (void)post(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}})",
              {{"Mcp-Session-Id", b}});
   EXPECT_EQ(backend.calls.at(0)->cancels, 0);
}

TEST_F(HttpEndpoint, LogsFollowTheLevelOfTheSession) {
   const auto id = open_session();
   const auto r = post(call_open, {{"Mcp-Session-Id", id}});
   auto& to = *backend.calls.at(0)->to;
   to.on_log(log_level::debug, "l", R"("quiet")");
   (void)post(R"({"jsonrpc":"2.0","id":9,"method":"logging/setLevel","params":{"level":"debug"}})",
              {{"Mcp-Session-Id", id}});
   to.on_log(log_level::debug, "l", R"("loud")");
   out.loop.run_all();
   EXPECT_THAT(r->body, Not(HasSubstr("quiet")));
   EXPECT_THAT(r->body, HasSubstr(R"("params":{"level":"debug","logger":"l","data":"loud"})"));
}

TEST_F(HttpEndpoint, TheGetStreamTellsThatToolsHaveChanged) {
   const auto id = open_session();
   const auto r = send(method::get, {{"Accept", "text/event-stream"}, {"Mcp-Session-Id", id}}, "");
   EXPECT_EQ(r->begins, 1);
   const auto second =
         send(method::get, {{"Accept", "text/event-stream"}, {"Mcp-Session-Id", id}}, "");
   EXPECT_EQ(second->status, 409);
   subject->publish({tools.at(0)});
   out.loop.run_all();
   EXPECT_THAT(r->body, HasSubstr("notifications/tools/list_changed"));
   subject->publish({tools.at(0)});
   out.loop.run_all();
   EXPECT_EQ(r->body.find("list_changed"), r->body.rfind("list_changed"));
}

TEST_F(HttpEndpoint, BatchesBelongToOneRevision) {
   const std::string batch = fmt::format(
         R"([{},{{"jsonrpc":"2.0","method":"notifications/initialized"}},{{"jsonrpc":"2.0","id":3,"method":"ping"}},{{"jsonrpc":"2.0","id":4}}])",
         call_echo);
   const auto old = open_session("2025-03-26");
   const auto r = post(batch, {{"Mcp-Session-Id", old}});
   EXPECT_EQ(r->status, 200);
   EXPECT_THAT(r->body, StartsWith("["));
   EXPECT_THAT(r->body, HasSubstr(R"({"jsonrpc":"2.0","id":3,"result":{}})"));
   EXPECT_THAT(r->body, HasSubstr("-32600"));
   const auto later = open_session("2025-06-18");
   EXPECT_EQ(post(batch, {{"Mcp-Session-Id", later}})->status, 400);
   EXPECT_EQ(post("[]", {{"Mcp-Session-Id", old}})->status, 400);
}

TEST_F(HttpEndpoint, ABatchWaitsForItsLastCall) {
   const auto id = open_session("2025-03-26");
   const auto r = post(fmt::format("[{},{}]", call_open, call_echo), {{"Mcp-Session-Id", id}});
   EXPECT_EQ(r->replies, 0);
   backend.calls.at(0)->finish("late");
   out.loop.run_all();
   EXPECT_EQ(r->replies, 1);
   EXPECT_THAT(r->body, HasSubstr(R"("id":1)"));
   EXPECT_THAT(r->body, HasSubstr(R"("id":2)"));
}

TEST_F(HttpEndpoint, InABatchEveryCallIsHeard) {
   const auto call = [](int id) {
      return fmt::format(
            R"({{"jsonrpc":"2.0","id":{0},"method":"tools/call","params":{{"name":"open","_meta":{{"progressToken":"of {0}"}}}}}})",
            id);
   };
   const auto r = post(fmt::format("[{},{}]", call(1), call(2)),
                       {{"Mcp-Session-Id", open_session("2025-03-26")}});
   for (const auto& running : backend.calls) running->to->on_progress(1, 0, "");
   out.loop.run_all();
   EXPECT_THAT(r->body, HasSubstr(R"("progressToken":"of 1")"));
   EXPECT_THAT(r->body, HasSubstr(R"("progressToken":"of 2")"));
}

TEST_F(HttpEndpoint, ClientsThatAcceptOnlyStreamsGetOne) {
   const auto id = open_session();
   const auto r = post(call_echo, {{"Mcp-Session-Id", id}, {"Accept", "text/event-stream"}});
   out.loop.run_all();
   EXPECT_EQ(r->content_type, "text/event-stream");
   EXPECT_THAT(r->body, HasSubstr(R"("text":"hello")"));
   EXPECT_EQ(r->ends, 1);
}

TEST_F(HttpEndpoint, RejectionsAreNeverStreams) {
   const auto lacks = [](const call_input&, tool_call& to) {
      to.on_result({.what = tool_result::outcome::rpc_error,
                    .rpc_code = code::missing_capability,
                    .message = "needs sampling",
                    .error_data_json = R"({"requiredCapabilities":{"sampling":{}}})"});
   };
   subject->publish({backend.add("now", R"({"name":"now","inputSchema":{"type":"object"}})", lacks),
                     backend.add("open", open_tool)});
   const headers only_streams{{"Accept", "text/event-stream"}};
   const auto unknown = modern("", "", "unknown/method", only_streams);
   const auto now = modern("now", R"("name":"now")", "tools/call", only_streams);
   const auto later = modern("open", R"("name":"open")", "tools/call", only_streams);
   lacks({}, *backend.calls.at(1)->to);
   out.loop.run_all();
   EXPECT_EQ(unknown->status, 404);
   for (const auto& r : {now, later}) {
      EXPECT_EQ(r->status, 400);
      EXPECT_THAT(r->body, HasSubstr("-32021"));
   }
   for (const auto& r : {unknown, now, later}) EXPECT_EQ(r->content_type, "application/json");
}

TEST_F(HttpEndpoint, ClientsThatAcceptOnlyJsonHearNoProgress) {
   const auto id = open_session();
   const auto r = post(call_open, {{"Mcp-Session-Id", id}, {"Accept", "application/json"}});
   backend.calls.at(0)->to->on_progress(1, 2, "");
   out.loop.run_all();
   clock.advance(std::chrono::seconds(10));
   endpoint->tick();
   EXPECT_EQ(r->begins, 0);
   backend.calls.at(0)->finish("late");
   out.loop.run_all();
   EXPECT_EQ(r->content_type, "application/json");
}

TEST_F(HttpEndpoint, WithoutSessionsEveryRequestStandsForItself) {
   start({.has_sessions = false});
   EXPECT_THAT(open_session(), IsEmpty());
   EXPECT_EQ(post(call_echo)->status, 200);
   EXPECT_EQ(send(method::get, {{"Accept", "text/event-stream"}}, "")->status, 405);
   EXPECT_EQ(send(method::del, {}, "")->status, 405);
}

TEST_F(HttpEndpoint, AnotherProcessWithTheSameKeyKnowsTheSession) {
   const std::string key(32, 'k');
   start({.session_key = key});
   const auto id = open_session();
   start({.session_key = key});
   EXPECT_EQ(post(call_echo, {{"Mcp-Session-Id", id}})->status, 200);
   start({.session_key = key, .session_domain = "authenticated"});
   out.attachment() = nullptr;
   EXPECT_EQ(post(call_echo, {{"Mcp-Session-Id", id}})->status, 404);
}

// ---- modern ----

TEST_F(HttpEndpoint, AnswersAModernCall) {
   const auto r = modern("echo", R"("name":"echo","arguments":{"text":"x"})");
   EXPECT_EQ(r->status, 200);
   EXPECT_THAT(r->find("Mcp-Session-Id"), IsEmpty());
   EXPECT_THAT(r->body, StartsWith(R"({"jsonrpc":"2.0","id":7,"result":{"resultType":"complete")"));
   EXPECT_THAT(r->body, HasSubstr("io.modelcontextprotocol/serverInfo"));
}

TEST_F(HttpEndpoint, AClientThatGoesHasCancelledAModernCall) {
   (void)modern("open", R"("name":"open")");
   ASSERT_EQ(backend.calls.size(), 1u);
   auto* exchange = out.last_kept.lock().get();
   ASSERT_NE(exchange, nullptr);
   exchange->hang_up();
   EXPECT_EQ(backend.calls.at(0)->cancels, 1);
}

TEST_F(HttpEndpoint, AClientThatGoesHasNotCancelledALegacyCall) {
   const auto id = open_session();
   (void)post(call_open, {{"Mcp-Session-Id", id}});
   out.last_kept.lock()->hang_up();
   EXPECT_EQ(backend.calls.at(0)->cancels, 0);
}

TEST_F(HttpEndpoint, ChecksHeadersOfAnnotatedArguments) {
   const auto call = [&](headers h) {
      return modern("region", R"("name":"region","arguments":{"where":"eu"})", "tools/call",
                    std::move(h));
   };
   EXPECT_EQ(call({{"Mcp-Param-Region", "eu"}})->status, 200);
   EXPECT_EQ(call({{"mcp-param-REGION", "=?base64?ZXU=?="}})->status, 200);
   for (const auto& h : {headers{}, headers{{"Mcp-Param-Region", "us"}},
                         headers{{"Mcp-Param-Region", "=?base64?ZXU?="}},
                         headers{{"Mcp-Param-Region", "eu"}, {"Mcp-Param-Region", "us"}}}) {
      const auto r = call(h);
      EXPECT_EQ(r->status, 400);
      EXPECT_THAT(r->body, HasSubstr("-32020"));
   }
   EXPECT_EQ(modern("region", R"("name":"region")")->status, 200);
   for (const std::string_view nothing : {"", R"(,"arguments":{"where":null})"}) {
      const auto params = fmt::format(R"("name":"region"{})", nothing);
      const auto r = modern("region", params, "tools/call", {{"Mcp-Param-Region", "eu"}});
      EXPECT_EQ(r->status, 400) << "on which somebody in between may have acted";
      EXPECT_THAT(r->body, HasSubstr("-32020"));
   }
}

TEST_F(HttpEndpoint, AHeaderThatContradictsItselfIsRefusedWhateverElseIsSentTwice) {
   const headers twice{{"Mcp-Name", "other"}, {"Mcp-Session-Id", "a"}, {"Mcp-Session-Id", "b"}};
   const auto r = modern("echo", R"("name":"echo","arguments":{"text":"x"})", "tools/call", twice);
   EXPECT_EQ(r->status, 400);
   EXPECT_THAT(r->body, HasSubstr("Mcp-Name was sent twice"));
   // Of the session nothing is asked in this era.
   EXPECT_EQ(modern("echo", R"("name":"echo","arguments":{"text":"x"})", "tools/call",
                    {{"Mcp-Session-Id", "a"}, {"Mcp-Session-Id", "b"}})
                   ->status,
             200);
}

TEST_F(HttpEndpoint, TwoSessionsInOneRequestAreNone) {
   const auto a = open_session(), b = open_session();
   EXPECT_EQ(post(call_echo, {{"Mcp-Session-Id", a}, {"Mcp-Session-Id", b}})->status, 400);
   EXPECT_EQ(post(call_echo, {{"Mcp-Session-Id", a}, {"Mcp-Session-Id", a}})->status, 200);
}

TEST_F(HttpEndpoint, ANameThatTheBodyDoesNotHaveIsAMismatch) {
   const auto r = modern("echo", R"("arguments":{"text":"x"})");
   EXPECT_EQ(r->status, 400);
   EXPECT_THAT(r->body, HasSubstr("-32020"));
   EXPECT_THAT(modern("echo", R"("name":1)")->body, HasSubstr("-32602"));
}

TEST_F(HttpEndpoint, ListenAcknowledgesBeforeAnythingElse) {
   const auto r =
         modern("", R"("notifications":{"toolsListChanged":true,"resourcesListChanged":true})",
                "subscriptions/listen");
   out.loop.run_all();
   EXPECT_EQ(r->begins, 1);
   EXPECT_THAT(r->body, HasSubstr("notifications/subscriptions/acknowledged"));
   EXPECT_THAT(r->body, Not(HasSubstr("resourcesListChanged")));
   subject->publish({});
   out.loop.run_all();
   EXPECT_THAT(
         r->body,
         HasSubstr(
               R"("method":"notifications/tools/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":7}})"));
   subject->shut_down();
   out.loop.run_all();
   EXPECT_THAT(r->body, HasSubstr(R"("id":7,"result":{"resultType":"complete")"));
   EXPECT_EQ(r->ends, 1);
}

TEST_F(HttpEndpoint, ListenWithoutInterestHearsNothing) {
   const auto r = modern("", R"("notifications":{})", "subscriptions/listen");
   subject->publish({});
   out.loop.run_all();
   EXPECT_THAT(r->body, Not(HasSubstr("list_changed")));
}

TEST_F(HttpEndpoint, RefusesMoreSubscriptionsThanItMayKeep) {
   start({.max_listeners = 1});
   const auto first = modern("", R"("notifications":{})", "subscriptions/listen");
   EXPECT_EQ(first->begins, 1);
   const auto second = modern("", R"("notifications":{})", "subscriptions/listen");
   EXPECT_THAT(second->body, HasSubstr("-32603"));
}

/// The first event id in an answer.
std::string event_id(const exchange_record& r) {
   const auto at = r.body.find("id: ") + 4;
   return r.body.substr(at, r.body.find('\n', at) - at);
}

TEST_F(HttpEndpoint, AnEventOfBeforeTheRestartIsNoEventOfAfterIt) {
   const service_options o{.session_key = std::string(32, 'k')};
   std::string id, last;
   for (const bool is_restarted : {false, true}) {
      start(o);
      if (!is_restarted) id = open_session();
      const auto call = post(call_open, {{"Mcp-Session-Id", id}});
      const auto running = backend.calls.back();
      running->to->on_progress(1, 0, "");
      out.loop.run_all();
      if (is_restarted) {
         EXPECT_NE(event_id(*call), last);
         const auto back = send(
               method::get,
               {{"Accept", "text/event-stream"}, {"Mcp-Session-Id", id}, {"Last-Event-ID", last}},
               "");
         EXPECT_EQ(back->status, 400) << back->body;
      }
      last = event_id(*call);
      running->finish("done");
      out.loop.run_all();
      EXPECT_THAT(call->body, HasSubstr("done")) << "its stream was not taken over";
   }
}

TEST_F(HttpEndpoint, TheGetStreamIsRenewedWhereItsEventsAreGone) {
   service_options o{.session_key = std::string(32, 'k')};
   o.sessions.replay_events = 1;
   start(o);
   const auto id = open_session();
   headers resume{{"Accept", "text/event-stream"}, {"Mcp-Session-Id", id}};
   const auto first = send(method::get, resume, "");
   resume.emplace_back("Last-Event-ID", event_id(*first));
   const auto renewed = [&] {
      const auto r = send(method::get, resume, "");
      out.loop.run_all();
      EXPECT_EQ(r->status, 200);
      EXPECT_NE(event_id(*r), event_id(*first));
      EXPECT_THAT(r->body, HasSubstr("notifications/tools/list_changed"))
            << "which is all that it can have missed";
      return r;
   };
   for (int i = 0; i < 3; ++i) subject->publish(i % 2 == 0 ? std::vector<tool_entry>{} : tools);
   const auto second = renewed(); // from a log that has forgotten the first of the changes
   EXPECT_EQ(first->ends, 1) << "it is one stream";
   start(o);
   const auto third = renewed(); // from a process that has never heard of it
   subject->publish({});
   out.loop.run_all();
   EXPECT_NE(third->body.find("list_changed"), third->body.rfind("list_changed"));
   EXPECT_EQ(send(method::get, resume, "")->status, 409) << "only one at a time";
}

TEST_F(HttpEndpoint, ASessionThatOnlyCallsToolsIsNotIdle) {
   start({.sessions = {.idle_timeout = std::chrono::minutes(10)}});
   const auto id = open_session();
   const headers session{{"Mcp-Session-Id", id}};
   (void)post(R"({"jsonrpc":"2.0","id":9,"method":"logging/setLevel","params":{"level":"debug"}})",
              session);
   for (int minutes = 0; minutes < 30; minutes += 5) {
      EXPECT_EQ(post(call_echo, session)->status, 200);
      clock.advance(std::chrono::minutes(5));
      subject->sessions().sweep();
   }
   EXPECT_EQ(subject->sessions().size(), 1u);
   clock.advance(std::chrono::minutes(5));
   subject->sessions().sweep();
   EXPECT_EQ(subject->sessions().size(), 0u);
   EXPECT_EQ(post(call_echo, session)->status, 200) << "only its state was forgotten";
}

TEST_F(HttpEndpoint, TheEndOfTheServerLeavesCallsAlone) {
   const auto id = open_session();
   const headers session{{"Mcp-Session-Id", id}};
   const auto general =
         send(method::get, {{"Accept", "text/event-stream"}, {"Mcp-Session-Id", id}}, "");
   const auto r = post(call_open, session);
   const auto s = post(call_open, session);
   backend.calls.at(1)->to->on_progress(1, 0, "");
   out.loop.run_all();
   subject->shut_down();
   out.loop.run_all();
   EXPECT_EQ(general->ends, 1);
   EXPECT_EQ(r->replies + s->ends, 0);
   EXPECT_EQ(backend.calls.at(0)->cancels + backend.calls.at(1)->cancels, 0);
   for (const auto& call : backend.calls) call->finish("done");
   out.loop.run_all();
   EXPECT_THAT(r->body, HasSubstr("done"));
   EXPECT_THAT(s->body, HasSubstr("done"));
   EXPECT_EQ(s->ends, 1);
}

TEST_F(HttpEndpoint, WhileTheServerEndsNoStreamStaysOpen) {
   const auto id = open_session();
   subject->shut_down();
   const auto general =
         send(method::get, {{"Accept", "text/event-stream"}, {"Mcp-Session-Id", id}}, "");
   EXPECT_EQ(general->ends, 1);
   const auto listen = modern("", R"("notifications":{})", "subscriptions/listen");
   EXPECT_THAT(listen->body, HasSubstr("the server is stopping"));
}

// ---- the ladder: a row of the reference each ----

struct ladder_row {
   const char* name;
   const char* body;
   headers given;
   int status;
   const char* code; ///< or a part of the body
};

class Ladder : public HttpEndpoint, public testing::WithParamInterface<ladder_row> {};

TEST_P(Ladder, Row) {
   const auto& row = GetParam();
   const auto r = post(row.body, row.given);
   EXPECT_EQ(r->status, row.status) << r->body;
   EXPECT_THAT(r->body, HasSubstr(row.code));
   EXPECT_THAT(r->body, Not(HasSubstr(R"("id":null)")));
}

const headers modern_header{{"MCP-Protocol-Version", "2026-07-28"}};
const headers discover_headers{{"MCP-Protocol-Version", "2026-07-28"},
                               {"Mcp-Method", "server/discover"}};

INSTANTIATE_TEST_SUITE_P(
      Reference, Ladder,
      testing::Values(
            ladder_row{"NotJson", "{", {}, 400, "-32700"},
            ladder_row{"EmptyArray", "[]", {}, 400, "-32600"},
            ladder_row{
                  "ClaimInArray",
                  R"([{"jsonrpc":"2.0","id":1,"method":"x","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}])",
                  {},
                  400,
                  "-32600"},
            ladder_row{
                  "IdNull", R"({"jsonrpc":"2.0","id":null,"method":"ping"})", {}, 400, "-32600"},
            ladder_row{
                  "IdFraction", R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})", {}, 400, "-32600"},
            ladder_row{
                  "OtherJsonRpc", R"({"jsonrpc":"1.0","id":1,"method":"ping"})", {}, 400, "-32600"},
            ladder_row{"ResponseWithModernHeader", R"({"jsonrpc":"2.0","id":1,"result":{}})",
                       modern_header, 400, "-32600"},
            ladder_row{"ResponseWithoutSession",
                       R"({"jsonrpc":"2.0","id":1,"result":{}})",
                       {},
                       400,
                       "-32000"},
            ladder_row{
                  "InitializeWithModernHeader",
                  R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"a","version":"1"}}})",
                  modern_header, 400, "-32020"},
            ladder_row{
                  "InitializeForAModernRevision",
                  R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2026-07-28","capabilities":{},"clientInfo":{"name":"a","version":"1"}}})",
                  {},
                  200,
                  R"("protocolVersion":"2025-11-25")"},
            ladder_row{
                  "InitializeForAnUnknownRevision",
                  R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"1999-01-01","capabilities":{},"clientInfo":{"name":"a","version":"1"}}})",
                  {},
                  200,
                  R"("protocolVersion":"2025-11-25")"},
            ladder_row{
                  "InitializeWithoutClientInfo",
                  R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}})",
                  {},
                  200,
                  "-32602"},
            ladder_row{"ModernHeaderWithoutClaim",
                       R"({"jsonrpc":"2.0","id":1,"method":"server/discover"})", discover_headers,
                       400, "-32602"},
            ladder_row{"DiscoverWithoutAnything",
                       R"({"jsonrpc":"2.0","id":1,"method":"server/discover"})",
                       {},
                       400,
                       "-32000"},
            ladder_row{
                  "ModernInitialize",
                  R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}})",
                  {{"MCP-Protocol-Version", "2026-07-28"}, {"Mcp-Method", "initialize"}},
                  404,
                  "-32601"},
            ladder_row{"NotificationWithModernHeader",
                       R"({"jsonrpc":"2.0","method":"notifications/whatever"})", modern_header, 202,
                       ""},
            ladder_row{
                  "NotificationThatContradictsItsHeader",
                  R"({"jsonrpc":"2.0","method":"notifications/whatever","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"v999"}}})",
                  modern_header, 400, "-32020"},
            ladder_row{
                  "NotificationWithAClaimThatIsNoText",
                  R"({"jsonrpc":"2.0","method":"notifications/whatever","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":1}}})",
                  modern_header, 400, "-32020"},
            ladder_row{
                  "NotificationWithClaim",
                  R"({"jsonrpc":"2.0","method":"notifications/whatever","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"v999"}}})",
                  {},
                  202,
                  ""},
            ladder_row{
                  "ClaimWithoutCapabilities",
                  R"({"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}})",
                  discover_headers, 400, "-32602"},
            ladder_row{
                  "ClaimWithoutHeader",
                  R"({"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}})",
                  {},
                  400,
                  "-32020"},
            ladder_row{
                  "HeaderContradictsClaim",
                  R"({"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"v999.0.0","io.modelcontextprotocol/clientCapabilities":{}}}})",
                  discover_headers, 400, "-32020"},
            ladder_row{
                  "UnsupportedVersion",
                  R"({"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"v999.0.0","io.modelcontextprotocol/clientCapabilities":{}}}})",
                  {{"MCP-Protocol-Version", "v999.0.0"}, {"Mcp-Method", "server/discover"}},
                  400,
                  R"("data":{"supported":["2026-07-28"],"requested":"v999.0.0"})"},
            ladder_row{
                  "LegacyVersionInClaim",
                  R"({"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2025-11-25","io.modelcontextprotocol/clientCapabilities":{}}}})",
                  {{"MCP-Protocol-Version", "2025-11-25"}, {"Mcp-Method", "server/discover"}},
                  400,
                  "-32022"},
            ladder_row{
                  "MethodMissing",
                  R"({"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}})",
                  modern_header, 400, "-32020"},
            ladder_row{
                  "MethodDiffersByCase",
                  R"({"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}})",
                  {{"MCP-Protocol-Version", "2026-07-28"}, {"Mcp-Method", "SERVER/DISCOVER"}},
                  400,
                  "-32020"},
            ladder_row{
                  "Discover",
                  R"({"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}})",
                  discover_headers, 200, R"("supportedVersions":["2026-07-28"])"}),
      [](const auto& row) { return std::string(row.param.name); });

TEST_F(HttpEndpoint, OtherMethodsAndMediaTypesAreRefused) {
   EXPECT_EQ(send(method::put, {}, "")->status, 405);
   EXPECT_EQ(send(method::post, {{"Content-Type", "text/plain"}}, "{}")->status, 415);
   EXPECT_EQ(
         send(method::post, {{"Content-Type", "Application/JSON; charset=utf-8"}}, "{}")->status,
         400);
   EXPECT_EQ(send(method::get, {{"Accept", "application/json"}}, "")->status, 406);
   EXPECT_EQ(post("{}", {{"Accept", "text/html"}})->status, 406);
}

TEST_F(HttpEndpoint, ForeignOriginsAreRefusedOnEveryMethod) {
   for (const auto verb : {method::post, method::get, method::del, method::options})
      EXPECT_EQ(send(verb, {{"Origin", "https://evil.example"}}, "")->status, 403);
}

TEST_F(HttpEndpoint, ErrorsCarryCorsFieldsForAllowedOrigins) {
   const auto r = post("{", {{"Origin", "http://localhost:6274"}});
   EXPECT_EQ(r->status, 400);
   EXPECT_EQ(r->find("Access-Control-Allow-Origin"), "http://localhost:6274");
}

TEST_F(HttpEndpoint, ArgumentsThatDoNotFitAreToldToTheModel) {
   const auto id = open_session();
   const auto r = post(
         R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":5}}})",
         {{"Mcp-Session-Id", id}});
   EXPECT_THAT(r->body, HasSubstr(R"("isError":true)"));
   EXPECT_THAT(r->body, HasSubstr("/text"));
   EXPECT_TRUE(backend.calls.empty());
}

} // namespace
} // namespace fmcp::protocol
