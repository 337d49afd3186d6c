// Providers that break the contract, and those that others write: whatever one does, it lets nobody
// through whom it has not named.

#include <csignal>
#include <filesystem>
#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/protected_host.hpp"
#include "support/scripted_server.hpp"

namespace {

using namespace fmcp::test;
using ::testing::HasSubstr;
using ::testing::Not;

/// A directory with one provider of tests/plugins.
struct provider_dir : temp_dir {
   explicit provider_dir(const std::string& file) {
      std::filesystem::copy_file(file, at(std::filesystem::path(file).filename().string()));
   }
};

host_setup broken(const temp_dir& providers, const char* mode, const char* patience = "500ms") {
   return protected_by_file("bad", providers.path(),
                            {{"BAD_AUTH_MODE", mode},
                             {"BAD_AUTH_BASE_URL", std::string(public_url)},
                             {"FASTMCP_VERIFY_TIMEOUT", patience}});
}

/// What a client sees of each way to break it; `good` is a token that a sane provider would accept.
struct fault {
   const char* mode;
   int status;
   const char* reason;
};
void PrintTo(const fault& f, std::ostream* to) {
   *to << f.mode;
}

class BrokenProvider : public ::testing::TestWithParam<fault> {};

TEST_P(BrokenProvider, LetsNobodyIn) {
   const provider_dir providers(test_plugin("bad_auth"));
   http_host host(broken(providers, GetParam().mode));
   for (int i = 0; i < 2; ++i) // neither the first time nor from a memory of it
      expect_refused(host, "good", GetParam().status, GetParam().reason);
   const legacy_session* none = nullptr;
   EXPECT_THROW(none = new legacy_session(host, newest_legacy, "{}", bearer("good")),
                std::runtime_error);
   delete none;
   EXPECT_EQ(ask(host.port(), {.target = "/healthz"}).status, 200);
   EXPECT_EQ(ask_as(host, "").status, 401);
   host.process().signal(SIGTERM);
   EXPECT_EQ(host.process().wait_exit(), 0) << "its threads keep the process from ending";
}

INSTANTIATE_TEST_SUITE_P(Modes, BrokenProvider,
                         ::testing::Values(fault{"hang_verify", 503, "provider_failed"},
                                           fault{"never_complete", 503, "provider_failed"},
                                           fault{"late", 503, "provider_failed"},
                                           fault{"no_answer", 503, "provider_failed"},
                                           fault{"error", 503, "provider_failed"},
                                           fault{"complete", 503, "provider_failed"},
                                           fault{"double_complete", 401, "bad_signature"},
                                           fault{"foreign", 401, "bad_signature"},
                                           fault{"answer_then_error", 401, "bad_signature"},
                                           fault{"garbage_decision", 401, "denied"},
                                           fault{"garbage_size", 503, "provider_failed"},
                                           fault{"no_result", 503, "provider_failed"},
                                           fault{"allow_without_principal", 503, "provider_failed"},
                                           fault{"allow_nobody", 503, "provider_failed"},
                                           fault{"allow_bad_utf8", 503, "provider_failed"},
                                           fault{"allow_bad_claims", 503, "provider_failed"},
                                           fault{"allow_expired", 401, "expired"},
                                           fault{"huge_subject", 503, "provider_failed"},
                                           fault{"huge_scopes", 503, "provider_failed"}),
                         [](const auto& row) { return std::string(row.param.mode); });

TEST(BrokenProviderProcess, ServesTheOthersWhileOneTokenHangs) {
   const provider_dir providers(test_plugin("bad_auth"));
   http_host host(broken(providers, "good", "10s"));
   expect_let_in(host, "good", "alice");
   expect_let_in(host, "later", "alice");
   expect_refused(host, "other", 401, "bad_signature");
   expect_refused(host, "forget", 401, "bad_signature");
   expect_let_in(host, "good", "alice", "asked again");
}

TEST(LongestToken, ReachesTheProviderAndIsToldWhyItIsRefused) {
   const provider_dir providers(test_plugin("bad_auth"));
   http_host host(broken(providers, "good", "10s"));
   expect_refused(host, std::string(16 * 1024, 'a'), 401, "bad_signature");
   expect_refused(host, std::string(16 * 1024 + 1, 'a'), 401, "malformed", "the gate's bound");
   EXPECT_EQ(ask_as(host, std::string(33 * 1024, 'a')).status, 431);
}

TEST(BrokenProviderProcess, IsNotBelievedAboutTheAudienceThatItsManifestNames) {
   const provider_dir providers(test_plugin("audience_auth"));
   http_host host(protected_by_file("audience_auth", providers.path(),
                                    {{"FASTMCP_BASE_URL", std::string(public_url)}}));
   expect_let_in(host, "resource", "ann");
   expect_let_in(host, "acme", "ann");
   expect_refused(host, "other", 401, "wrong_audience");
   expect_refused(host, "nobody", 401, "wrong_audience");
}

TEST(BrokenProviderProcess, EndsWhenTheProviderHangsOrIsNoneAtTheStart) {
   const provider_dir providers(test_plugin("bad_auth"));
   for (const auto& [mode, sentence] :
        {std::pair{"hang_init", "its init() has not returned"},
         {"hang_info", "its info() has not returned"},
         {"no_facet", "authenticates nobody: its facet("},
         {"garbage_info", "resource_metadata_json that cannot be used"}}) {
      temp_dir directory;
      auto setup = broken(providers, mode);
      setup.environment.emplace_back("FASTMCP_LOAD_TIMEOUT", "300ms");
      const auto f = run_host({"run", "--transport", "http", "--port", "0", "--plugin-dir",
                               directory.path(), "--auth-plugin-dir", providers.path()},
                              directory, setup.environment);
      EXPECT_EQ(f.code, 1) << mode;
      EXPECT_THAT(f.err, HasSubstr(sentence)) << mode;
      EXPECT_THAT(f.err, Not(HasSubstr("listening"))) << mode;
   }
}

/// Sends one call and waits until the process is gone; what came back until then.
std::string answer_of_a_dying(http_host& host) {
   connection c(host.port());
   c.send(call_as("good"));
   std::string seen;
   try {
      const auto answer = c.read_answer();
      seen = std::to_string(answer.status) + " " + answer.body;
   } catch (const std::exception&) { // the connection ended
   }
   const auto code = host.process().wait_exit();
   EXPECT_TRUE(code) << "it still runs";
   EXPECT_NE(code, 0);
   return seen;
}

TEST(BrokenProviderProcess, DiesOfACrashAndAnswersNothing) {
   const provider_dir providers(test_plugin("bad_auth"));
   http_host host(broken(providers, "crash"));
   EXPECT_EQ(answer_of_a_dying(host), "");
   EXPECT_FALSE(is_listening(host.port()));
}

TEST(BrokenProviderProcess, DiesOfAnExceptionThatLeavesThePlugin) {
   const provider_dir providers(test_plugin("throwing_auth"));
   http_host host(protected_by_file("throwing_auth", providers.path(), {}));
   EXPECT_EQ(answer_of_a_dying(host), "");
}

// What others write

std::string example(const char* name) {
   return std::string(FMCP_TEST_BINARY_DIR "/examples/") + name + ".so";
}

TEST(ExampleProvider, IsSelectedByItsNameAndSetByItsPrefix) {
   scripted_server accounts;
   accounts.serve("/whoami", [](const scripted_server::request& rq) {
      if (rq.header("Authorization") != "Bearer ann-s-token")
         return scripted_server::reply{.status = 401, .body = "{}"};
      return scripted_server::reply{.body = R"({"user":"ann","scopes":["read"],"expires_in":300})"};
   });
   const provider_dir providers(example("auth_provider"));
   auto setup = protected_by_file("whoami", providers.path(),
                                  {{"WHOAMI_ENDPOINT", accounts.origin() + "/whoami"},
                                   {"WHOAMI_REQUIRED_SCOPES", "read"},
                                   {"FASTMCP_BASE_URL", std::string(public_url)}});
   http_host host(setup);
   const auto who = caller_of(ask_as(host, "ann-s-token"));
   EXPECT_EQ(who.at("/subject"), "ann");
   EXPECT_EQ(who.at("/provider"), "whoami");
   EXPECT_EQ(who.at("/scopes"), R"(["read"])");
   expect_refused(host, "stolen", 401, "inactive");
   expect_let_in(host, "ann-s-token", "ann", "from the cache");
   EXPECT_EQ(accounts.asked("/whoami"), 2u);
   accounts.behave(scripted_server::mode::garbage);
   EXPECT_EQ(ask_as(host, "another").status, 503);
   expect_let_in(host, "ann-s-token", "ann", "known, whatever the service says now");
   EXPECT_EQ(ask(host.port(), {.target = "/.well-known/oauth-protected-resource/mcp"}).body,
             R"({"resource":"https://srv.example/mcp","scopes_supported":["read"],)"
             R"("bearer_methods_supported":["header"]})");
}

TEST(ExampleProvider, SaysItselfThatItsServiceIsSilent) {
   scripted_server accounts;
   accounts.behave(scripted_server::mode::silent);
   const provider_dir providers(example("auth_provider"));
   http_host host(protected_by_file("whoami", providers.path(),
                                    {{"WHOAMI_ENDPOINT", accounts.origin() + "/whoami"},
                                     {"FASTMCP_BASE_URL", std::string(public_url)},
                                     {"FASTMCP_VERIFY_TIMEOUT", "1s"},
                                     {"FASTMCP_LOG_LEVEL", "DEBUG"}}));
   expect_refused(host, "ann-s-token", 503, "upstream_unavailable");
   EXPECT_TRUE(host.process().wait_for_line("The accounts service could not say"))
         << host.process().error_text();
}

TEST(ExampleProvider, MayBeOfAPageOfC) {
   const provider_dir providers(example("auth_provider_c"));
   http_host host(protected_by_file("shared_key", providers.path(),
                                    {{"SHAREDKEY_KEY", "a-key-that-is-long-enough"}}));
   EXPECT_EQ(caller_of(ask_as(host, "a-key-that-is-long-enough")).at("/client_id"), "shared");
   EXPECT_EQ(ask_as(host, "a-key-that-is-long-enougH").status, 401);
   EXPECT_EQ(ask_as(host, "").status, 401);
}

TEST(ExampleProvider, SaysWhatItsSettingsLack) {
   const provider_dir providers(example("auth_provider"));
   temp_dir directory;
   const auto f = run_host({"run", "--transport", "http", "--port", "0", "--plugin-dir",
                            directory.path(), "--auth-plugin-dir", providers.path()},
                           directory,
                           full_names({{"FASTMCP_SERVER_AUTH", "whoami"},
                                       {"WHOAMI_ENDPONT", "https://accounts.example.com"}}));
   EXPECT_NE(f.code, 0);
   EXPECT_THAT(f.err, HasSubstr("FASTMCP_SERVER_AUTH_WHOAMI_ENDPOINT is required"));
   EXPECT_THAT(f.err, HasSubstr("Did you mean"));
}

} // namespace
