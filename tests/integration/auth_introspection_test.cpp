// Opaque tokens: the provider `introspection` against an endpoint of RFC 7662 (the auth reference,
// section 4.2), and the provider `static`.

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/protected_host.hpp"
#include "support/scripted_server.hpp"

namespace {

using namespace fmcp::test;
using ::testing::HasSubstr;
using ::testing::Not;
using mode = scripted_server::mode;

/// An endpoint that knows some tokens, and a host that asks it.
class Introspection : public ::testing::Test {
protected:
   Introspection() {
      idp.serve("/introspect", [this](const scripted_server::request& rq) {
         const auto begin = std::string("token=").size();
         const auto token = rq.body.substr(begin, rq.body.find('&') - begin);
         const auto it = answers.find(token);
         return it == answers.end() ? scripted_server::reply{.body = R"({"active":false})"}
                                    : it->second;
      });
   }
   [[nodiscard]] host_setup setup(const variables& more = {}) const {
      variables named{{"INTROSPECTION_INTROSPECTION_URL", idp.origin() + "/introspect"},
                      {"INTROSPECTION_CLIENT_ID", "tools server"},
                      {"INTROSPECTION_CLIENT_SECRET", "s3cret:%"},
                      {"INTROSPECTION_BASE_URL", std::string(public_url)}};
      named.insert(named.end(), more.begin(), more.end());
      return protected_by("introspection", named);
   }
   static std::string active(std::string_view more) {
      return R"({"active":true,"sub":"ada","client_id":"app","scope":"read")" + std::string(more) +
             "}";
   }

   std::map<std::string, scripted_server::reply> answers; ///< not changed while a host runs
   scripted_server idp;
};

TEST_F(Introspection, AsksAsTheStandardSays) {
   answers["opaque-1"].body = active(R"(,"iss":"https://as.example")");
   http_host host(setup());
   const auto answer = ask_as(host, "opaque-1");
   ASSERT_EQ(answer.status, 200) << answer.body;
   const auto who = caller_of(answer);
   EXPECT_EQ(who.at("/subject"), "ada");
   EXPECT_EQ(who.at("/client_id"), "app");
   EXPECT_EQ(who.at("/scopes"), R"(["read"])");
   const auto asked = idp.requests().at(0);
   EXPECT_EQ(asked.method, "POST");
   EXPECT_EQ(asked.target, "/introspect");
   EXPECT_EQ(asked.body, "token=opaque-1&token_type_hint=access_token");
   EXPECT_EQ(asked.header("Content-Type"), "application/x-www-form-urlencoded");
   EXPECT_EQ(asked.header("Accept"), "application/json");
   // `tools server:s3cret:%`, each half form-encoded (RFC 6749 section 2.3.1).
   EXPECT_EQ(asked.header("Authorization"), "Basic dG9vbHMlMjBzZXJ2ZXI6czNjcmV0JTNBJTI1");
}

TEST_F(Introspection, IsNotAskedForPublicRoutesNorForWhatIsNoToken) {
   answers["opaque"].body = active("");
   http_host host(setup());
   for (const auto* path : {"/.well-known/oauth-protected-resource/mcp", "/healthz", "/readyz"})
      EXPECT_EQ(ask(host.port(), {.target = path, .fields = bearer("opaque")}).status, 200);
   EXPECT_EQ(ask(host.port(), {.target = "/elsewhere", .fields = bearer("opaque")}).status, 404);
   for (const auto* value :
        {"", "Bearer", "Bearer ", "Basic opaque", "Bearer a b", "Bearer \"\""}) {
      auto request = call_as("");
      request.fields.emplace_back("Authorization", value);
      EXPECT_EQ(ask(host.port(), request).status, 401) << value;
   }
   EXPECT_EQ(idp.requests().size(), 0u);
   expect_let_in(host, "opaque", "ada");
   EXPECT_EQ(idp.requests().size(), 1u);
}

TEST_F(Introspection, RefusesWhatIsNotActive) {
   const auto now = unix_now();
   answers["text"].body = R"({"active":"true","sub":"ada"})";
   answers["number"].body = R"({"active":1,"sub":"ada"})";
   answers["missing"].body = R"({"sub":"ada"})";
   answers["nobody"].body = R"({"active":true})";
   answers["expired"].body = active(",\"exp\":" + std::to_string(now - 1));
   answers["early"].body = active(",\"nbf\":" + std::to_string(now + 3600));
   http_host host(setup());
   for (const auto* token : {"unheard-of", "text", "number", "missing"})
      expect_refused(host, token, 401, "inactive", token);
   expect_refused(host, "nobody", 401, "no_subject");
   expect_refused(host, "expired", 401, "expired");
   expect_refused(host, "early", 401, "not_yet_valid");
}

TEST_F(Introspection, WhatIsNoAnswerIs503) {
   answers["error"] = {.status = 500, .body = active("")};
   answers["unauthorized"] = {.status = 401, .body = active("")};
   answers["created"] = {.status = 201, .body = active("")};
   answers["moved"] = {.status = 302, .body = "", .fields = {{"Location", idp.origin() + "/good"}}};
   answers["text"].body = "yes";
   answers["array"].body = "[true]";
   answers["cut"].body = R"({"active":true,"sub":"ada")";
   answers["twice"].body = R"({"active":false,"active":true,"sub":"ada"})";
   answers["bytes"].body = "{\"active\":true,\"sub\":\"\xff\"}";
   answers["subject"].body = R"({"active":true,"sub":{"x":1}})";
   answers["empty"].body = "";
   answers["huge"].body = active(R"(,"x":")" + std::string(5u << 20, 'x') + "\"");
   answers["deep"].body = active(",\"x\":" + std::string(100'000, '['));
   idp.serve("/good", active(""));
   http_host host(setup());
   for (const auto& [token, _] : answers)
      expect_refused(host, token, 503, "upstream_unavailable", token);
   EXPECT_EQ(idp.asked("/good"), 0u) << "a redirect was followed";
   EXPECT_THAT(host.process().error_text(), Not(HasSubstr("s3cret")));
}

TEST_F(Introspection, AnOutageLogsNobodyOut) {
   answers["opaque"].body = active("");
   http_host host(setup({{"INTROSPECTION_TIMEOUT_SECONDS", "1"}}));
   for (const auto bad : {mode::refuse, mode::reset, mode::silent, mode::garbage, mode::failing,
                          mode::endless, mode::redirect}) {
      idp.behave(bad);
      expect_refused(host, "opaque", 503, "upstream_unavailable", std::to_string(int(bad)));
   }
   idp.behave(mode::ok);
   expect_let_in(host, "opaque", "ada");
}

TEST_F(Introspection, AsksAtEveryRequestUnlessToldToRemember) {
   answers["opaque"].body = active("");
   {
      http_host host(setup());
      for (int i = 0; i < 3; ++i) expect_let_in(host, "opaque", "ada");
      EXPECT_EQ(idp.asked("/introspect"), 3u);
   }
   http_host host(setup({{"INTROSPECTION_CACHE_TTL_SECONDS", "60"}}));
   for (int i = 0; i < 3; ++i) expect_let_in(host, "opaque", "ada");
   EXPECT_EQ(idp.asked("/introspect"), 4u);
   idp.behave(mode::refuse);
   expect_let_in(host, "opaque", "ada", "known, while nobody can be asked");
   expect_refused(host, "another", 503, "upstream_unavailable");
}

TEST_F(Introspection, RemembersNoLongerThanTheTokenLives) {
   http_host host(setup({{"INTROSPECTION_CACHE_TTL_SECONDS", "60"}}));
   const auto end = unix_now() + 3;
   idp.serve("/introspect", active(",\"exp\":" + std::to_string(end)));
   expect_let_in(host, "short", "ada");
   const auto until = std::chrono::steady_clock::now() + patience;
   http_answer answer;
   do answer = ask_as(host, "short");
   while (answer.status == 200 && std::chrono::steady_clock::now() < until);
   expect_refusal(answer, 401, "expired");
   EXPECT_GE(unix_now(), end);
}

TEST_F(Introspection, ChecksScopeAudienceAndIssuer) {
   answers["good"].body = active(R"(,"aud":["x","api"],"iss":"https://as.example")");
   answers["scopes"].body =
         R"({"active":true,"sub":"ada","scope":["write"],"aud":"api","iss":"https://as.example"})";
   answers["aud"].body = active(R"(,"aud":"other","iss":"https://as.example")");
   answers["no-aud"].body = active(R"(,"iss":"https://as.example")");
   answers["iss"].body = active(R"(,"aud":"api","iss":"https://as.example/")");
   http_host host(setup({{"INTROSPECTION_AUDIENCE", "api"},
                         {"INTROSPECTION_ISSUER", "https://as.example"},
                         {"INTROSPECTION_REQUIRED_SCOPES", "read"}}));
   expect_let_in(host, "good", "ada");
   expect_refused(host, "scopes", 403, "missing_scope");
   expect_refused(host, "aud", 401, "wrong_audience");
   expect_refused(host, "no-aud", 401, "wrong_audience");
   expect_refused(host, "iss", 401, "wrong_issuer");
}

// Tokens from a file

class StaticTokens : public ::testing::Test {
protected:
   void write(std::string_view text) const { // by renaming, as its documentation says
      files.put("fresh", text, 0600);
      std::filesystem::rename(files.at("fresh"), files.at("tokens.json"));
   }
   [[nodiscard]] host_setup setup(const variables& more = {}) const {
      variables named{{"STATIC_TOKENS_FILE", files.at("tokens.json")},
                      {"STATIC_BASE_URL", std::string(public_url)}};
      named.insert(named.end(), more.begin(), more.end());
      return protected_by("static", named);
   }
   temp_dir files;
};

TEST_F(StaticTokens, LetInByTokenOrDigest) {
   const auto now = unix_now();
   // sha256 of "hashed-token"
   write(R"({"plain-token":{"client_id":"me"},"scoped":{"subject":"ada","scopes":["read"]},)"
         R"("old":{"client_id":"me","expires_at":)" +
         std::to_string(now - 10) +
         R"(},)"
         R"("sha256:550643f45e135491c47bea94823b37278d5dd91375b285d44001d005d1603a33":{"client_id":"x"}})");
   http_host host(setup());
   EXPECT_EQ(caller_of(ask_as(host, "plain-token")).at("/client_id"), "me");
   EXPECT_EQ(caller_of(ask_as(host, "hashed-token")).at("/client_id"), "x");
   expect_let_in(host, "scoped", "ada");
   expect_refused(host, "old", 401, "expired");
   for (const auto* token : {"plain-toke", "plain-token2", "PLAIN-TOKEN", "unknown",
                             "550643f45e135491c47bea94823b37278d5dd91375b285d44001d005d1603a33"})
      expect_refused(host, token, 401, "inactive", token);
   expect_refused(host, "sha256:5506", 401, "malformed");
}

TEST_F(StaticTokens, RequiredScopes) {
   write(R"({"reader":{"subject":"ada","scopes":"read"},"none":{"subject":"bob"}})");
   http_host host(setup({{"STATIC_REQUIRED_SCOPES", "read"}}));
   expect_let_in(host, "reader", "ada");
   expect_refused(host, "none", 403, "missing_scope");
}

TEST_F(StaticTokens, ChangesCountAndABrokenFileLetsNobodyIn) {
   write(R"({"first":{"subject":"ada"}})");
   http_host host(setup({{"FASTMCP_TOKEN_CACHE_TTL", "0s"}}));
   expect_let_in(host, "first", "ada");
   const auto until_status = [&](const char* token, int status) {
      const auto until = std::chrono::steady_clock::now() + patience;
      int seen = 0;
      do seen = ask_as(host, token).status;
      while (seen != status && std::chrono::steady_clock::now() < until);
      EXPECT_EQ(seen, status) << token;
   };
   write(R"({"second":{"subject":"bob"}})");
   until_status("second", 200);
   until_status("first", 401);
   write(R"({"second":{"subject")");
   until_status("second", 503);
   std::filesystem::remove(files.at("tokens.json"));
   write(R"({"second":{"subject":"bob"}})");
   until_status("second", 200);
   EXPECT_THAT(host.process().error_text(), Not(HasSubstr("second")));
}

} // namespace
