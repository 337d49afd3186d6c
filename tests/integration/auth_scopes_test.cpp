// Scopes of tools, rates of callers, and sessions that belong to somebody: the auth reference,
// sections 4.4, 5.2, 5.7 and 5.8.

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/protected_host.hpp"
#include "support/token_maker.hpp"

namespace {

using namespace fmcp::test;
using ::testing::HasSubstr;
using ::testing::Not;
using enum fmcp::crypto::algorithm;

const token_maker& key() {
   return token_maker::of(hs256);
}

json_members good() {
   return claims(unix_now());
}

std::string token(std::string_view scope, std::string_view subject = "user-1") {
   return key().token(good().set("scope", "\"" + std::string(scope) + "\"")
                            .set("sub", "\"" + std::string(subject) + "\""));
}

host_setup setup(const variables& more = {}) {
   auto named = usual_jwt();
   named.insert(named.end(), {{"JWT_PUBLIC_KEY", key().secret()}, {"JWT_ALGORITHM", "HS256"}});
   named.insert(named.end(), more.begin(), more.end());
   return protected_by("jwt", named);
}

http_host& host() {
   static http_host instance(setup({{"JWT_REQUIRED_SCOPES", "read write"}}));
   return instance;
}

constexpr const char* words = R"({"text":"for admins"})";

// Scopes

TEST(RequiredScopes, OfTheServerAreAskedOfEveryRequest) {
   expect_let_in(host(), token("write read"), "user-1");
   const auto answer = ask_as(host(), token("read other"));
   expect_refusal(answer, 403, "missing_scope");
   EXPECT_EQ(parameter_of(answer.header("WWW-Authenticate"), "scope"), "read write");
   EXPECT_THAT(json_text(answer.body).at("/error_description"), HasSubstr("the scope write"));
   const auto both = ask_as(host(), token(""));
   EXPECT_THAT(json_text(both.body).at("/error_description"), HasSubstr("the scopes read write"));
   http_request stream{.target = "/mcp", .fields = bearer(token("read"))};
   stream.fields.emplace_back("Accept", "text/event-stream");
   EXPECT_EQ(ask(host().port(), stream).status, 403);
}

TEST(RequiredScopes, OfAToolAreAskedByA403ThatNamesAllThatIsNeeded) {
   const auto answer = ask_as(host(), token("read write"), "admin_echo", words);
   expect_refusal(answer, 403, "missing_scope");
   EXPECT_EQ(parameter_of(answer.header("WWW-Authenticate"), "scope"), "read write tools:admin");
   const legacy_session session(host(), newest_legacy, "{}", bearer(token("read write")));
   const auto legacy = session.call("admin_echo", words);
   expect_refusal(legacy, 403, "missing_scope");
   EXPECT_EQ(legacy.header("WWW-Authenticate"), answer.header("WWW-Authenticate"));
}

TEST(RequiredScopes, AStepUpIsSeenOnTheSameConnectionAndSession) {
   connection c(host().port());
   EXPECT_EQ(c.ask(call_as(token("read write"), "admin_echo", words)).status, 403);
   const auto more = c.ask(call_as(token("read write tools:admin"), "admin_echo", words));
   EXPECT_EQ(response_of(more).at("/result/content/0/text"), "for admins");
   EXPECT_EQ(c.ask(call_as(token("read write"), "admin_echo", words)).status, 403);

   const legacy_session session(host(), newest_legacy, "{}", bearer(token("read write")));
   auto request = session.request(request_text("tools/call", call_params("admin_echo", words)));
   EXPECT_EQ(ask(host().port(), request).status, 403);
   for (auto& [name, value] : request.fields) {
      if (name == "Authorization") value = "Bearer " + token("read write tools:admin");
   }
   EXPECT_EQ(ask(host().port(), request).status, 200) << "the same principal, a better token";
}

TEST(RequiredScopes, InABatchTheyAreAnErrorOfTheOneCall) {
   const legacy_session session(host(), "2025-03-26", "{}", bearer(token("read write")));
   const auto answer =
         session.ask("[" + request_text("tools/call", call_params("admin_echo", words), "1") + "," +
                     request_text("tools/call", call_params("whoami"), "2") + "]");
   ASSERT_EQ(answer.status, 200) << answer.body;
   std::string all;
   for (const auto& message : messages_of(answer)) all += message;
   EXPECT_THAT(all, HasSubstr("insufficient_scope"));
   EXPECT_THAT(all, HasSubstr("tools:admin"));
   EXPECT_THAT(all, HasSubstr(R"(\"subject\":\"user-1\")"));
   EXPECT_THAT(all, Not(HasSubstr("for admins")));
}

TEST(RequiredScopes, InABatchTheyAreToldToTheLogToo) {
   http_host own(setup());
   const legacy_session session(own, "2025-03-26", "{}", bearer(token("read")));
   const auto call = request_text("tools/call", call_params("admin_echo", words), "1");
   EXPECT_EQ(session.ask("[" + call + "]").status, 200);
   EXPECT_TRUE(own.process().wait_for_line(
         R"(reason=missing_scope status=403 peer="127.0.0.1" client="client-1" tool="admin_echo" )"
         R"(detail="the token lacks the scope tools:admin")"));
}

TEST(ForbiddenTools, AreListedUnlessTheyAreToBeHidden) {
   const auto listed = [](const http_host& on, const std::string& who) {
      auto request = modern_post("/mcp", "tools/list");
      for (auto& f : bearer(who)) request.fields.push_back(f);
      return response_of(ask(on.port(), request)).at("/result/tools");
   };
   EXPECT_THAT(listed(host(), token("read write")), HasSubstr("admin_echo"));
   http_host hiding(setup({{"FASTMCP_HIDE_FORBIDDEN_TOOLS", "true"}}));
   EXPECT_THAT(listed(hiding, token("read")), Not(HasSubstr("admin_echo")));
   EXPECT_THAT(listed(hiding, token("read")), HasSubstr("whoami"));
   EXPECT_THAT(listed(hiding, token("tools:admin")), HasSubstr("admin_echo"));
   EXPECT_THAT(listed(hiding, token("tools:administrator")), Not(HasSubstr("admin_echo")));

   const auto hidden = ask_as(hiding, token("read"), "admin_echo", words);
   const auto missing = ask_as(hiding, token("read"), "admin_ecko", words);
   auto expected = missing.body;
   expected.replace(expected.find("ecko"), 4, "echo");
   EXPECT_EQ(hidden.status, missing.status);
   EXPECT_EQ(hidden.body, expected) << "it can be told from one that does not exist";
   const auto used = ask_as(hiding, token("tools:admin"), "admin_echo", words);
   EXPECT_EQ(response_of(used).at("/result/content/0/text"), "for admins");
}

// Rates

TEST(CallRate, IsOfOnePrincipalWithAllItsTokens) {
   http_host limited(setup({{"FASTMCP_CALLS_PER_MINUTE", "3"}}));
   for (const auto* scope : {"a", "b", "c"})
      EXPECT_EQ(ask_as(limited, token(scope)).status, 200) << scope;
   for (const auto* scope : {"a", "d"}) {
      const auto answer = ask_as(limited, token(scope));
      ASSERT_EQ(answer.status, 429) << answer.body;
      const auto seconds = std::atoi(answer.header("Retry-After").c_str());
      EXPECT_GE(seconds, 1);
      EXPECT_LE(seconds, 20);
      EXPECT_FALSE(answer.has("WWW-Authenticate"));
   }
   EXPECT_EQ(ask_as(limited, token("a", "user-2")).status, 200) << "another's";
   auto list = modern_post("/mcp", "tools/list");
   for (auto& f : bearer(token("a"))) list.fields.push_back(f);
   EXPECT_EQ(ask(limited.port(), list).status, 200) << "only calls are counted";
   EXPECT_TRUE(limited.process().wait_for_line(
         R"(reason=rate_limited status=429 peer="127.0.0.1" client="client-1" tool="whoami" )"
         R"(detail="calls_per_minute is 3; )"));
}

TEST(CallRate, InABatchIsAnErrorOfTheCallsThatAreTooMany) {
   http_host limited(setup({{"FASTMCP_CALLS_PER_MINUTE", "2"}}));
   const legacy_session session(limited, "2025-03-26", "{}", bearer(token("a")));
   std::string batch = "[";
   for (const auto* id : {"1", "2", "3", "4"}) {
      batch +=
            (batch.size() > 1 ? "," : "") + request_text("tools/call", call_params("whoami"), id);
   }
   const auto answer = session.ask(batch + "]");
   EXPECT_EQ(answer.status, 200);
   std::string all;
   for (const auto& message : messages_of(answer)) all += message;
   const auto count = [&all](std::string_view part) {
      std::size_t n = 0;
      for (auto at = all.find(part); at != std::string::npos; at = all.find(part, at + 1)) ++n;
      return n;
   };
   EXPECT_EQ(count("\\\"subject\\\""), 2u) << all;
   EXPECT_EQ(count("retryAfter"), 2u) << all;
}

// Sessions

TEST(SessionOfAPrincipal, IsNobodyElses) {
   const legacy_session session(host(), newest_legacy, "{}", bearer(token("read write")));
   auto request = session.request(request_text("ping"));
   const auto as = [&](const std::string& who) {
      auto changed = request;
      for (auto& [name, value] : changed.fields) {
         if (name == "Authorization") value = "Bearer " + who;
      }
      return ask(host().port(), changed);
   };
   EXPECT_EQ(as(token("read write")).status, 200);
   EXPECT_EQ(as(token("read write more")).status, 200) << "a newer token of the same";
   const auto stolen = as(token("read write", "user-2"));
   EXPECT_EQ(stolen.status, 404);
   EXPECT_EQ(as(key().token(good().set("client_id", R"("client-2")"))).status, 404);
   EXPECT_EQ(as(token("read write")).status, 200) << "the theft has not ended it";
   request.fields.emplace_back("X", "y");
   for (auto& [name, value] : request.fields) {
      if (name == "Mcp-Session-Id") value = "there-is-no-such-session";
   }
   const auto unknown = as(token("read write", "user-2"));
   EXPECT_EQ(stolen.body, unknown.body) << "it can be told from one that does not exist";
}

TEST(SessionOfAPrincipal, CannotBeReadOrEndedByAnother) {
   const legacy_session session(host(), newest_legacy, "{}", bearer(token("read write")));
   auto stream = session.stream();
   http_request end{.method = "DELETE", .target = "/mcp", .fields = session.fields()};
   for (auto* request : {&stream, &end}) {
      for (auto& [name, value] : request->fields) {
         if (name == "Authorization") value = "Bearer " + token("read write", "user-2");
      }
      EXPECT_EQ(ask(host().port(), *request).status, 404) << request->method;
   }
   EXPECT_EQ(session.ask(request_text("ping")).status, 200);
   EXPECT_LT(session.end().status, 300);
   EXPECT_EQ(session.ask(request_text("ping")).status, 404);
}

TEST(SessionOfAPrincipal, DiesWithTheConfigurationOfAuthentication) {
   const variables same_key{{"FASTMCP_SESSION_KEY", std::string(48, 'k')}};
   const auto with = [&](variables more) {
      more.insert(more.end(), same_key.begin(), same_key.end());
      return setup(more);
   };
   const auto who = token("read");
   http_request request;
   {
      http_host first(with({}));
      request =
            legacy_session(first, newest_legacy, "{}", bearer(who)).request(request_text("ping"));
   }
   http_host same(with({}));
   EXPECT_EQ(ask(same.port(), request).status, 200);
   http_host stricter(with({{"JWT_REQUIRED_SCOPES", "read"}}));
   EXPECT_EQ(ask(stricter.port(), request).status, 404);
   http_host open({.plugins = {"guarded"}, .environment = same_key});
   EXPECT_EQ(ask(open.port(), request).status, 404) << "nobody's session";
}

TEST(SessionOfAPrincipal, IsNotMadeOfAnOpenServersSession) {
   const variables same_key{{"FASTMCP_SESSION_KEY", std::string(48, 'k')}};
   http_request request;
   {
      http_host open({.plugins = {"guarded"}, .environment = same_key});
      request = legacy_session(open).request(request_text("ping"));
   }
   request.fields.emplace_back("Authorization", "Bearer " + token("read"));
   http_host closed(setup(same_key));
   EXPECT_EQ(ask(closed.port(), request).status, 404);
}

// Streams

TEST(StreamOfAPrincipal, EndsWhenTheTokenDoes) {
   http_host own(setup());
   const auto end = unix_now() + 3;
   const auto who = key().token(good().set("exp", std::to_string(end)));
   const legacy_session session(own, newest_legacy, "{}", bearer(who));
   connection get(own.port()), listen(own.port());
   get.send(session.stream());
   EXPECT_EQ(get.read_head().status, 200);
   auto request = modern_post("/mcp", "subscriptions/listen",
                              R"("notifications":{"toolsListChanged":true})", "", "7");
   for (auto& f : bearer(who)) request.fields.push_back(f);
   listen.send(request);
   EXPECT_EQ(listen.read_head().status, 200);
   ASSERT_TRUE(listen.read_event()) << "the acknowledgement";
   for (auto* stream : {&get, &listen}) {
      while (stream->read_event()) continue;
      EXPECT_TRUE(stream->at_end()) << "it goes on";
      EXPECT_GE(unix_now(), end);
   }
   EXPECT_EQ(session.ask(request_text("ping")).status, 401);
}

} // namespace
