#include "auth/metadata_routes.hpp"

#include <gtest/gtest.h>

#include "unit/auth/gate_fakes.hpp"

namespace {

using namespace fmcp;
using namespace std::chrono_literals;
using core::http::method;

constexpr const char* root = "/.well-known/oauth-protected-resource";
constexpr const char* inserted = "/.well-known/oauth-protected-resource/mcp";
constexpr const char* issuer_place = "/.well-known/oauth-authorization-server";
constexpr const char* openid_place = "/.well-known/openid-configuration";
constexpr const char* plain =
      R"({"resource":"https://srv/mcp","authorization_servers":["https://as"],)"
      R"("bearer_methods_supported":["header"]})";

struct MetadataRoutes : testing::Test {
   auth::metadata_options options(std::string_view base = "https://srv") {
      auth::metadata_options o;
      o.names = auth::name_resource(base, "/mcp").value();
      o.provider_json = R"({"authorization_servers":["https://as"]})";
      o.fetch = &net;
      o.clock = &clock;
      return o;
   }
   void open(auth::metadata_options o) {
      auto made = auth::metadata_routes::make(std::move(o));
      ASSERT_TRUE(made) << made.error().message;
      routes = *made;
   }
   void ask(std::string path, method verb = method::get, std::string text = "GET") {
      last = std::make_unique<test::made_request>(std::move(path));
      last->by(verb, std::move(text)).with("Authorization", "Bearer junk");
      c.asked = last.get();
      routes->on_request(last->get(), c);
   }
   test::answer& answer() { return c.answers.back(); }

   core::manual_clock clock;
   test::stepped_fetcher net;
   test::fake_connection c;
   std::unique_ptr<test::made_request> last;
   std::shared_ptr<auth::metadata_routes> routes;
};

TEST_F(MetadataRoutes, ServeTheDocumentAtRootAndWithThePath) {
   open(options());
   for (const auto* path : {root, inserted, "/.well-known/oauth-protected-resource/mcp/"}) {
      EXPECT_TRUE(routes->serves(path)) << path;
      ask(path);
      EXPECT_EQ(answer().status, 200);
      EXPECT_EQ(answer().content_type, "application/json");
      EXPECT_EQ(answer().body, plain) << "whatever Host the request had";
      EXPECT_EQ(answer().find("Cache-Control"), "public, max-age=3600");
      EXPECT_EQ(answer().find("Access-Control-Allow-Origin"), "*");
   }
   ask(root, method::head, "HEAD");
   EXPECT_EQ(answer().status, 200);
   EXPECT_TRUE(net.requests.empty());
}

// A client that gets anything but 404 from a place gives the search up.
TEST_F(MetadataRoutes, ServeNoOtherVariant) {
   open(options());
   for (const auto* path :
        {"/", "/mcp", "/.well-known/oauth-protected-resource/",
         "/.well-known/oauth-protected-resource/other",
         "/.well-known/oauth-protected-resource/mcp/x", "/.well-known/oauth-protected-resourcex",
         "/mcp/.well-known/oauth-protected-resource", issuer_place, openid_place})
      EXPECT_EQ(routes->serves(path),
                std::string_view(path) == "/.well-known/oauth-protected-resource/")
            << path;
   auto o = options();
   o.forwarded = {"https://as/x"};
   open(o);
   EXPECT_TRUE(routes->serves(issuer_place));
   EXPECT_TRUE(routes->serves(openid_place));
   for (const auto* path :
        {"/.well-known/oauth-authorization-server/mcp", "/.well-known/openid-configuration/x",
         "/mcp/.well-known/openid-configuration"})
      EXPECT_FALSE(routes->serves(path)) << path;
}

TEST_F(MetadataRoutes, AnswerPreflightsAndRefuseOtherMethods) {
   open(options());
   ask(inserted, method::options, "OPTIONS");
   EXPECT_EQ(answer().status, 204);
   EXPECT_EQ(answer().find("Access-Control-Allow-Origin"), "*");
   EXPECT_EQ(answer().find("Access-Control-Allow-Methods"), "GET, HEAD, OPTIONS");
   EXPECT_NE(answer().find("Access-Control-Allow-Headers").find("Mcp-Protocol-Version"),
             std::string::npos);
   for (const auto verb : {method::post, method::put, method::del, method::other}) {
      ask(inserted, verb, "X");
      EXPECT_EQ(answer().status, 405);
      EXPECT_EQ(answer().find("Allow"), "GET, HEAD, OPTIONS");
      EXPECT_FALSE(routes->on_head(last->get(), c)) << "its body is not waited for";
      EXPECT_EQ(answer().status, 405);
   }
   ask(inserted);
   const auto count = c.answers.size();
   EXPECT_TRUE(routes->on_head(last->get(), c));
   EXPECT_EQ(c.answers.size(), count);
}

TEST_F(MetadataRoutes, NameTheRequiredScopes) {
   auto o = options();
   o.required_scopes = {"read", "write"};
   o.discovery = {"https://as/d"};
   open(o);
   ask(inserted);
   EXPECT_EQ(answer().body,
             R"({"resource":"https://srv/mcp","authorization_servers":["https://as"],)"
             R"("scopes_supported":["read","write"],"bearer_methods_supported":["header"]})");
   EXPECT_TRUE(net.requests.empty()) << "nothing has to be discovered";
}

TEST_F(MetadataRoutes, DiscoverScopesWithoutMakingAnybodyWait) {
   auto o = options();
   o.discovery = {"https://as/d"};
   open(o);
   EXPECT_TRUE(net.requests.empty()) << "not before somebody asks";
   for (int i = 0; i < 3; ++i) {
      ask(inserted);
      EXPECT_EQ(answer().body, plain);
      EXPECT_EQ(answer().find("Cache-Control"), "no-store");
   }
   EXPECT_EQ(net.requests.size(), 1u);
   EXPECT_EQ(c.holds, 0);
   net.answer(R"({"issuer":"https://as","scopes_supported":["a","offline_access","b"]})");
   ask(inserted);
   EXPECT_EQ(answer().body,
             R"({"resource":"https://srv/mcp","authorization_servers":["https://as"],)"
             R"("scopes_supported":["a","b"],"bearer_methods_supported":["header"]})");
   EXPECT_EQ(answer().find("Cache-Control"), "public, max-age=3600");
   clock.advance(4h - 1ns);
   ask(inserted);
   EXPECT_EQ(net.requests.size(), 1u);
   clock.advance(1ns);
   ask(inserted);
   EXPECT_EQ(net.requests.size(), 2u);
   net.answer(R"({"issuer":"https://as","scopes_supported":["c"]})");
   ask(inserted);
   EXPECT_NE(answer().body.find(R"("scopes_supported":["c"])"), std::string::npos);
}

TEST_F(MetadataRoutes, TellEvenTheFirstClientWhatWasDiscoveredBefore) {
   auto o = options();
   o.discovery = {"https://as/d"};
   open(o);
   routes->begin_discovery();
   ASSERT_EQ(net.requests.size(), 1u);
   net.answer(R"({"issuer":"https://as","scopes_supported":["a"]})");
   ask(inserted);
   EXPECT_NE(answer().body.find(R"("scopes_supported":["a"])"), std::string::npos);
   EXPECT_EQ(net.requests.size(), 1u);
}

TEST_F(MetadataRoutes, TakeAnEmptyListForAnAnswerAndJunkForNone) {
   auto o = options();
   o.discovery = {"https://as/d"};
   open(o);
   ask(inserted);
   net.answer(R"({"issuer":"https://as","scopes_supported":[1,2]})");
   ask(inserted);
   EXPECT_EQ(answer().find("Cache-Control"), "no-store");
   clock.advance(30s);
   ask(inserted);
   net.answer(R"({"issuer":"https://as","scopes_supported":[]})");
   ask(inserted);
   EXPECT_EQ(answer().body, plain);
   EXPECT_EQ(answer().find("Cache-Control"), "public, max-age=3600");
}

TEST_F(MetadataRoutes, HoldTheFirstWhoAskForTheIssuer) {
   auto o = options();
   o.forwarded = {"https://as/1", "https://as/2"};
   open(o);
   ask(issuer_place);
   ask(openid_place);
   EXPECT_EQ(c.holds, 2);
   EXPECT_TRUE(c.answers.empty());
   EXPECT_EQ(net.requests.size(), 1u);
   const std::string document = "{ \"issuer\" : \"https://as\", \"x\":1 }\n";
   net.answer(document);
   EXPECT_TRUE(c.answers.empty()) << "not on the fetcher's thread";
   c.loop.run_all();
   ASSERT_EQ(c.answers.size(), 2u);
   for (const auto& a : c.answers) {
      EXPECT_EQ(a.status, 200);
      EXPECT_EQ(a.body, document) << "passed on as it came";
      EXPECT_EQ(a.find("Cache-Control"), "public, max-age=300");
      EXPECT_EQ(a.find("Access-Control-Allow-Origin"), "*");
   }
   ask(issuer_place);
   EXPECT_EQ(c.holds, 2) << "known now";
   EXPECT_EQ(answer().body, document);
}

TEST_F(MetadataRoutes, SayThatTheIssuerCannotBeRead) {
   auto o = options();
   o.forwarded = {"https://as/1"};
   open(o);
   ask(issuer_place);
   net.answer(core::fail(core::errc::io, "connecting to 10.0.0.1: secret internal text"));
   c.loop.run_all();
   EXPECT_EQ(answer().status, 503);
   EXPECT_EQ(answer().find("Retry-After"), "30");
   EXPECT_EQ(answer().find("Cache-Control"), "no-store");
   EXPECT_EQ(answer().find("Access-Control-Allow-Origin"), "*");
   EXPECT_EQ(answer().body.find("secret"), std::string::npos);
   ask(issuer_place);
   EXPECT_EQ(answer().status, 503);
   EXPECT_EQ(c.holds, 1) << "nobody waits during the back-off";
   EXPECT_EQ(net.requests.size(), 1u);
   c.can_hold = false;
   clock.advance(30s);
   ask(issuer_place);
   EXPECT_EQ(answer().status, 503) << "at once when it cannot be held";
}

TEST_F(MetadataRoutes, ForgetWhoHasGone) {
   auto o = options();
   o.forwarded = {"https://as/1"};
   open(o);
   ask(issuer_place);
   c.is_connected = false;
   net.answer(R"({"issuer":"https://as"})");
   c.loop.run_all();
   EXPECT_TRUE(c.answers.empty());
}

TEST_F(MetadataRoutes, ServeTheProvidersOwnDocument) {
   auto o = options("https://srv/api");
   o.issuer_json = R"({"issuer":"https://srv/api","token_endpoint":"https://srv/api/token"})";
   o.forwarded = {"https://as/never"};
   open(o);
   for (const auto* path :
        {issuer_place, openid_place, "/.well-known/oauth-authorization-server/api"}) {
      ASSERT_TRUE(routes->serves(path)) << path;
      ask(path);
      EXPECT_EQ(answer().status, 200);
      EXPECT_EQ(answer().body, o.issuer_json);
   }
   EXPECT_FALSE(routes->serves("/.well-known/oauth-authorization-server/api/mcp"));
   EXPECT_TRUE(net.requests.empty());
   auto elsewhere = options();
   elsewhere.issuer_json = R"({"issuer":"https://other/path"})";
   open(elsewhere);
   EXPECT_TRUE(routes->serves(issuer_place));
   EXPECT_FALSE(routes->serves("/.well-known/oauth-authorization-server/path"));
}

TEST_F(MetadataRoutes, RefuseToBeMadeOfGarbage) {
   auto o = options();
   o.provider_json = "[]";
   EXPECT_FALSE(auth::metadata_routes::make(o));
   o = options();
   o.issuer_json = "{}";
   EXPECT_FALSE(auth::metadata_routes::make(o));
   o = options();
   o.forwarded = {"https://as/1"};
   o.fetch = nullptr;
   EXPECT_FALSE(auth::metadata_routes::make(o));
}

} // namespace
