// doctor of the real program: what it says of a server that works, and that it finds what does not.

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/protected_host.hpp"
#include "support/scripted_server.hpp"
#include "support/token_maker.hpp"

namespace {

using namespace fmcp::test;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using enum fmcp::crypto::algorithm;

/// A line of doctor's with this mark about that, in which the rest is found in this order.
auto line(const std::string& mark, const std::string& what, const std::string& rest = "") {
   return ContainsRegex("(^|\n)" + mark + " +" + what + " [^\n]*" + rest);
}

class Doctor : public ::testing::Test {
protected:
   /// With the setup's provider; `token` on its standard input, when there is one.
   [[nodiscard]] finished examine(const host_setup& setup, const std::string& token = "") const {
      start_options o;
      o.program = host_program();
      o.directory = directory.path();
      o.arguments = {"doctor"};
      o.arguments.insert(o.arguments.end(), setup.options.begin(), setup.options.end());
      if (!token.empty()) o.arguments.insert(o.arguments.end(), {"--token", "-"});
      o.environment = setup.environment;
      o.environment.emplace_back("HOME", directory.path());
      auto out = run_to_end(std::move(o), token + "\n");
      EXPECT_EQ(out.code, out.out.find("WRONG") == std::string::npos ? 0 : 1) << out.out;
      if (!token.empty()) {
         EXPECT_THAT(out.out + out.err, Not(HasSubstr(token)));
      }
      return out;
   }
   [[nodiscard]] host_setup jwt(const variables& more = {}) const {
      auto named = usual_jwt();
      named.emplace_back("JWT_JWKS_URI", idp.origin() + "/jwks");
      for (const auto& m : more)
         std::erase_if(named, [&](const auto& n) { return n.first == m.first; });
      named.insert(named.end(), more.begin(), more.end());
      return protected_by("jwt", named);
   }
   [[nodiscard]] host_setup introspection(const variables& more = {}) const {
      variables named{{"INTROSPECTION_INTROSPECTION_URL", idp.origin() + "/introspect"},
                      {"INTROSPECTION_CLIENT_ID", "tools"},
                      {"INTROSPECTION_CLIENT_SECRET", "hunter2"},
                      {"INTROSPECTION_BASE_URL", std::string(public_url)}};
      named.insert(named.end(), more.begin(), more.end());
      return protected_by("introspection", named);
   }
   [[nodiscard]] host_setup descope() const {
      return protected_by("descope", {{"DESCOPEPROVIDER_BASE_URL", std::string(public_url)},
                                      {"DESCOPEPROVIDER_PROJECT_ID", "P2abc"},
                                      {"DESCOPEPROVIDER_DESCOPE_BASE_URL", idp.origin()}});
   }
   void publish(const std::string& issuer, const std::string& keys) {
      idp.serve("/v1/apps/P2abc/.well-known/oauth-authorization-server",
                R"({"issuer":")" + issuer + R"(","jwks_uri":")" + keys +
                      R"(","registration_endpoint":")" + idp.origin() + R"(/register"})");
   }
   static const token_maker& key() { return token_maker::of(rs256); }

   temp_dir directory;
   scripted_server idp;
};

// ---- keys and issuer

TEST_F(Doctor, FindsNothingWrongWithAServerThatWorks) {
   const auto issuer = idp.origin() + "/v1/apps/P2abc";
   const auto keys = idp.origin() + "/P2abc/.well-known/jwks.json";
   idp.serve("/P2abc/.well-known/jwks.json", jwks({key().jwk()}));
   publish(issuer, keys);
   const auto seen = examine(descope());
   EXPECT_EQ(seen.code, 0) << seen.out;
   EXPECT_THAT(seen.out, AllOf(line("ok", "provider"), line("ok", "address", "srv.example/mcp"),
                               line("ok", "keys", "1 for RS256 of " + keys + ": k1"),
                               line("ok", "issuer", issuer), line("ok", "trial", "malformed"),
                               Not(HasSubstr("note"))));
   EXPECT_EQ(idp.asked("/P2abc/.well-known/jwks.json"), 1u);
}

TEST_F(Doctor, FindsAKeySetThatIsNotServed) {
   idp.behave(scripted_server::mode::refuse);
   const auto dead = examine(jwt());
   EXPECT_EQ(dead.code, 1);
   EXPECT_THAT(dead.out, line("WRONG", "keys", "/jwks cannot be had.*503.*cannot be connected to"));
   idp.behave(scripted_server::mode::ok);
   const auto missing = examine(jwt());
   EXPECT_EQ(missing.code, 1);
   EXPECT_THAT(missing.out, line("WRONG", "keys", "/jwks cannot be had.*404"));
   idp.behave(scripted_server::mode::garbage);
   EXPECT_THAT(examine(jwt()).out, line("WRONG", "keys", "/jwks cannot be had"));
}

TEST_F(Doctor, FindsKeysOfTheWrongAlgorithm) {
   idp.serve("/jwks", jwks({token_maker::of(ed25519, "ed").jwk()}));
   const auto seen = examine(jwt());
   EXPECT_EQ(seen.code, 1);
   EXPECT_THAT(seen.out, line("WRONG", "keys", "has none for RS256.*ed .*it is not for RS256"));
   EXPECT_EQ(examine(jwt({{"JWT_ALGORITHM", "Ed25519"}})).code, 0);
}

TEST_F(Doctor, FindsAnIssuerThatSpellsItselfOtherwise) {
   idp.serve("/P2abc/.well-known/jwks.json", jwks({key().jwk()}));
   const auto keys = idp.origin() + "/P2abc/.well-known/jwks.json";
   publish(idp.origin() + "/v1/apps/P2abc/", keys);
   const auto slash = examine(descope());
   EXPECT_EQ(slash.code, 1);
   EXPECT_THAT(slash.out,
               line("WRONG", "issuer", "P2abc/, but clients are told.*letter by letter"));
   publish("https://elsewhere.example", keys);
   const auto other = examine(descope());
   EXPECT_THAT(other.out, line("WRONG", "issuer", "elsewhere.example, whose tokens are refused"));
}

TEST_F(Doctor, LooksAtTheKeysThatTheProviderUses) {
   idp.serve("/other", jwks({key().jwk()}));
   publish(idp.origin() + "/v1/apps/P2abc", idp.origin() + "/other");
   const auto seen = examine(descope());
   EXPECT_EQ(seen.code, 1);
   EXPECT_THAT(seen.out, AllOf(line("WRONG", "keys", "P2abc/.well-known/jwks.json cannot be had"),
                               line("note", "issuer", "/other, where the provider does not look")));
   EXPECT_EQ(idp.asked("/other"), 0u);
}

TEST_F(Doctor, SaysThatALoginIsNotTried) {
   idp.serve("/jwks", jwks({key().jwk()}));
   EXPECT_THAT(examine(jwt()).out, line("note", "issuer", "not told of any"));
   EXPECT_THAT(examine(jwt({{"JWT_AUTHORIZATION_SERVERS", "https://issuer.example"}})).out,
               line("note", "issuer", "https://issuer.example; not tried"));
}

// ---- providers that keep to themselves how they judge

TEST_F(Doctor, AsksAnIntrospectionEndpointAboutATokenThatWasMadeUp) {
   idp.serve("/introspect", R"({"active":false})");
   const auto good = examine(introspection());
   EXPECT_EQ(good.code, 0) << good.out;
   EXPECT_THAT(good.out, line("ok", "trial", "inactive"));
   EXPECT_EQ(idp.asked("/introspect"), 1u);
   idp.serve("/introspect",
             [](const scripted_server::request&) { return scripted_server::reply{.status = 401}; });
   const auto refused = examine(introspection());
   EXPECT_EQ(refused.code, 1);
   EXPECT_THAT(refused.out, line("WRONG", "trial", "503.*CLIENT_ID and CLIENT_SECRET"));
   idp.serve("/introspect", R"({"active":true,"sub":"anybody"})");
   EXPECT_THAT(examine(introspection()).out, line("WRONG", "trial", "is let in"));
}

TEST_F(Doctor, FindsAnIntrospectionEndpointThatIsDownOrHangs) {
   idp.behave(scripted_server::mode::refuse);
   EXPECT_THAT(examine(introspection()).out,
               line("WRONG", "trial", "503 .upstream_unavailable.*cannot be connected to"));
   idp.behave(scripted_server::mode::reset);
   // The reset may come as early as in connect().
   EXPECT_THAT(examine(introspection()).out,
               line("WRONG", "trial",
                    "(connection (broke|ended)|cannot be connected to) .*See that it runs"));
   idp.behave(scripted_server::mode::silent);
   EXPECT_THAT(examine(introspection({{"INTROSPECTION_TIMEOUT_SECONDS", "1"}})).out,
               line("WRONG", "trial", "503 .upstream_unavailable.*in time"));
}

// ---- a token, step by step

TEST_F(Doctor, ExplainsATokenStepByStep) {
   idp.serve("/jwks", jwks({key().jwk()}));
   const auto token = key().token(claims(unix_now()));
   const auto seen = examine(jwt(), token);
   EXPECT_EQ(seen.code, 0) << seen.out;
   auto rest = seen.out;
   for (const auto* step :
        {"header", "claims", "form", "algorithm", "type", "key", "signature", "expiry", "start",
         "issuer", "audience", "names", "token", "lifetime", "scopes"}) {
      EXPECT_THAT(rest, line("(ok|note)", step));
      rest.erase(0, rest.find(step));
   }
   EXPECT_THAT(seen.out, Not(HasSubstr(token.substr(token.rfind('.') + 1))));
}

TEST_F(Doctor, ShowsWhichIssuerCameAndWhichIsExpected) {
   idp.serve("/jwks", jwks({key().jwk()}));
   const auto token = key().token(
         claims(unix_now()).set("iss", R"("https://idp.example/x/")").set("aud", R"("other")"));
   const auto seen = examine(jwt({{"JWT_ISSUER", "https://idp.example/x"}}), token);
   EXPECT_EQ(seen.code, 1);
   EXPECT_THAT(seen.out, AllOf(line("ok", "signature"),
                               line("WRONG", "issuer",
                                    R"(received "iss" "https://idp.example/x/", expected )"
                                    R"("https://idp.example/x")"
                                    "\n"),
                               line("note", "audience",
                                    R"(wrong_audience.*"other", expected "api")"
                                    "\n"),
                               line("WRONG", "token", "401 .wrong_issuer.")));
}

TEST_F(Doctor, TellsTheStepThatFails) {
   idp.serve("/jwks", jwks({key().jwk()}));
   const auto now = unix_now();
   EXPECT_THAT(examine(jwt(), key().token(claims(now).set("exp", "1"))).out,
               line("WRONG", "expiry", "1970-01-01 00:00:01 UTC"));
   EXPECT_THAT(examine(jwt(), token_maker::of(rs256, "k2").token(claims(now))).out,
               AllOf(line("WRONG", "key", "\"k2\".*k1"), line("note", "signature", "not tried")));
   EXPECT_THAT(examine(jwt(), token_maker::of(es256).token(claims(now))).out,
               line("WRONG", "algorithm", "received ES256, expected RS256"));
   EXPECT_THAT(examine(jwt(), "opaque").out, line("WRONG", "form"));
   EXPECT_THAT(examine(jwt({{"JWT_REQUIRED_SCOPES", "read admin"}}), key().token(claims(now))).out,
               AllOf(line("ok", "token"), line("WRONG", "scopes", "\"admin\" is missing.*403")));
}

/// The example that asks a service of one's own, and says itself when a token ends.
struct WhoamiDoctor : Doctor {
   WhoamiDoctor() {
      std::filesystem::copy_file(FMCP_TEST_BINARY_DIR "/examples/auth_provider.so",
                                 providers.at("auth_provider.so"));
   }
   [[nodiscard]] host_setup setup() const {
      return protected_by_file("whoami", providers.path(),
                               {{"WHOAMI_ENDPOINT", idp.origin() + "/whoami"},
                                {"FASTMCP_BASE_URL", std::string(public_url)}});
   }
   temp_dir providers;
};

TEST_F(WhoamiDoctor, RefusesAsTheGateDoesWhatTheProviderAllowsTooLong) {
   idp.serve("/whoami", [](const scripted_server::request& rq) {
      const bool is_old = rq.header("Authorization") == "Bearer token-that-ended";
      const bool is_good = rq.header("Authorization") == "Bearer token-that-lasts";
      return scripted_server::reply{.status = is_old || is_good ? 200 : 401,
                                    .body = is_good ? R"({"user":"ann","expires_in":300})"
                                                    : R"({"user":"ann","expires_in":-100})"};
   });
   const auto seen = examine(setup(), "token-that-ended");
   EXPECT_EQ(seen.code, 1);
   EXPECT_THAT(seen.out, AllOf(line("ok", "token", "ann"),
                               line("WRONG", "lifetime", "it ended at 20.*401 .expired.")));
   const auto good = examine(setup(), "token-that-lasts");
   EXPECT_EQ(good.code, 0) << good.out;
   EXPECT_THAT(good.out, line("ok", "lifetime", "it ends at 20"));
   http_host host(setup());
   expect_refused(host, "token-that-ended", 401, "expired");
   expect_let_in(host, "token-that-lasts", "ann");
}

TEST_F(Doctor, GrantsTheLeewayThatTheGateGrants) {
   idp.serve("/jwks", jwks({key().jwk()}));
   const auto token = key().token(claims(unix_now()).set("exp", std::to_string(unix_now() - 20)));
   EXPECT_EQ(examine(jwt(), token).code, 1);
   const auto seen = examine(jwt({{"JWT_LEEWAY", "50s"}}), token);
   EXPECT_EQ(seen.code, 0) << seen.out;
   EXPECT_THAT(seen.out, line("ok", "lifetime"));
}

} // namespace
