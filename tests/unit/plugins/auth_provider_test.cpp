#include "plugins/auth_provider.hpp"

#include <atomic>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/temp_dir.hpp"
#include "unit/plugins/fake_plugin.hpp"
#include "unit/plugins/plugin_files.hpp"

namespace fmcp::plugins {
namespace {

using core::auth_reason;
using test::built;
using test::latch_box;
using test::swapped;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

/// One question and how often it was answered.
class verdict_box {
public:
   std::move_only_function<void(auth_verdict)> taker() {
      return [this](auth_verdict v) {
         box_.change([&] {
            ++count_;
            if (v.reason == auth_reason::none) ++allowed_;
            last_ = std::move(v);
         });
      };
   }
   [[nodiscard]] bool wait(int answers = 1) {
      return box_.wait([&] { return count_ >= answers; });
   }
   [[nodiscard]] auth_verdict last() {
      return box_.read([&] { return last_; });
   }
   [[nodiscard]] int count() {
      return box_.read([&] { return count_; });
   }
   [[nodiscard]] int allowed() {
      return box_.read([&] { return allowed_; });
   }

private:
   latch_box box_;
   int count_ = 0, allowed_ = 0;
   auth_verdict last_;
};

class AuthProvider : public testing::Test {
protected:
   AuthProvider() {
      o.directories = {dir.at("auth")};
      std::filesystem::create_directory(dir.at("auth"));
   }
   void put(std::string_view name, const std::string& bytes) {
      dir.put("auth/" + std::string(name), bytes);
   }
   /// Loads bad_auth.so in that mode; the error, or empty.
   std::string load(std::string_view mode) {
      put("bad_auth.so", built("bad_auth"));
      const auto found = find_auth_providers(o);
      if (found.size() != 1) return "not one file";
      plugin_settings settings;
      settings.config_json =
            R"({"mode":")" + std::string(mode) + R"(","base_url":"https://srv.example/x"})";
      auto loaded =
            auth_provider::load(found[0], std::move(settings), o, "https://srv.example/mcp");
      if (!loaded) return loaded.error().message;
      subject = std::move(*loaded);
      return {};
   }
   auth_verdict ask(std::string_view token, std::chrono::milliseconds patience = 10s) {
      verdict_box box;
      subject->verify({.token = token, .resource = "https://srv.example/mcp", .patience = patience},
                      box.taker());
      EXPECT_TRUE(box.wait());
      return box.last();
   }

   test::temp_dir dir;
   options o;
   std::unique_ptr<auth_provider> subject;
};

// ---- finding ----

TEST_F(AuthProvider, IsFoundWithWhatItsManifestSays) {
   put("bad_auth.so", built("bad_auth"));
   const auto found = find_auth_providers(o);
   ASSERT_EQ(found.size(), 1u);
   EXPECT_EQ(found[0].reason, "");
   EXPECT_EQ(found[0].name, "bad_auth");
   EXPECT_EQ(found[0].version, "1.0.0");
   EXPECT_THAT(found[0].names, ElementsAre("bad", "good"));
   EXPECT_THAT(found[0].aliases, ElementsAre("tests.auth.BadProvider"));
   EXPECT_EQ(found[0].env_prefix, "BAD_AUTH");
   EXPECT_THAT(found[0].net, ElementsAre("https://idp.example"));
   EXPECT_THAT(found[0].manifest_json, HasSubstr("\"mode\""));
}

TEST_F(AuthProvider, FilesThatAreNoneAreNamedWithAReason) {
   put("a_tool.so", built("echo"));
   put("b_text.so", "not a program");
   put("c_good.so", built("bad_auth"));
   dir.put("auth/d_open.so", built("bad_auth"), 0666);
   const auto found = find_auth_providers(o);
   ASSERT_EQ(found.size(), 4u);
   EXPECT_THAT(found[0].reason, AllOf(HasSubstr("a_tool.so"), HasSubstr("no authentication")));
   EXPECT_THAT(found[1].reason, HasSubstr("b_text.so"));
   EXPECT_EQ(found[2].reason, "");
   EXPECT_THAT(found[3].reason, HasSubstr("d_open.so"));
   EXPECT_EQ(found[3].name, "");
}

TEST_F(AuthProvider, WithAManifestThatCannotBeUsedIsNamedWithAReason) {
   const std::pair<const char*, const char*> rows[] = {
         {"\"names\":[\"bad\",\"good\"]", "\"names\":[\"Bad\",\"good\"]"},
         {"\"env_prefix\":\"BAD_AUTH\"", "\"env_prefix\":\"_AD_AUTH\""},
         {"\"env_prefix\":\"BAD_AUTH\"", "\"env_prefix\":\"bad_auth\""},
         {"\"tests.auth.BadProvider\"", "\"tests/auth.BadProvider\""},
         {"\"net\":[\"https://idp.example\"]", "\"net\":[\"https://idp.exam/le\"]"},
         {"\"net\":[\"https://idp.example\"]", "\"net\":[\"http:///idp.example\"]"},
         {"\"auth\":{", "\"out_\":{"},
   };
   int n = 0;
   for (const auto& [from, to] : rows) {
      put("f" + std::to_string(n++) + ".so", swapped(built("bad_auth"), from, to));
   }
   const auto found = find_auth_providers(o);
   ASSERT_EQ(found.size(), std::size(rows));
   for (const auto& c : found) {
      EXPECT_THAT(c.reason, HasSubstr("has a manifest that cannot be used")) << c.file;
      EXPECT_THAT(c.reason, HasSubstr("(plugin bad_auth)")) << c.file;
   }
}

TEST_F(AuthProvider, ADirectoryThatIsNotThereIsACandidateWithAReason) {
   o.directories = {dir.at("nowhere")};
   const auto found = find_auth_providers(o);
   ASSERT_EQ(found.size(), 1u);
   EXPECT_NE(found[0].reason, "");
   EXPECT_FALSE(auth_provider::load(found[0], {}, o, ""));
}

TEST_F(AuthProvider, ThatUsesAServiceWithoutABackendIsRefused) {
   const std::string provides = R"("provides":["fmcp.auth/1"])";
   std::string uses = R"("uses":["fmcp.jwt/1"])";
   uses.resize(provides.size(), ' ');
   put("uses.so", swapped(built("bad_auth"), provides, uses));
   const auto found = find_auth_providers(o);
   ASSERT_EQ(found.size(), 1u);
   EXPECT_EQ(found[0].reason, ""); // what is listed or described needs no services
   const auto loaded = auth_provider::load(found[0], {}, o, "");
   ASSERT_FALSE(loaded);
   EXPECT_THAT(loaded.error().message,
               AllOf(HasSubstr("uses.so"), HasSubstr("uses the service fmcp.jwt/1, which this host "
                                                     "does not run here")));
}

// ---- loading ----

TEST_F(AuthProvider, LoadsAndSaysWhatDiscoveryNeeds) {
   ASSERT_EQ(load("good"), "");
   EXPECT_EQ(subject->name(), "bad_auth");
   const auto& said = subject->info();
   EXPECT_EQ(said.resource_metadata_json, R"({"authorization_servers":["https://idp.example"]})");
   EXPECT_EQ(said.as_metadata_json, "");
   EXPECT_THAT(said.required_scopes, ElementsAre("read"));
   EXPECT_THAT(said.challenge_scopes, IsEmpty());
}

TEST_F(AuthProvider, ReachesItsOwnOriginsAndThoseOfUrlSettings) {
   ASSERT_EQ(load("good"), "");
   const auto reach = subject->reach();
   EXPECT_THAT(reach->origins, ElementsAre("https://idp.example", "https://srv.example"));
   EXPECT_THAT(reach->trusted, ElementsAre("https://srv.example"));
   EXPECT_FALSE(reach->any_public_https);
}

TEST_F(AuthProvider, ThatHangsInInitIsGivenUp) {
   o.load_timeout = 100ms;
   EXPECT_THAT(load("hang_init"), AllOf(HasSubstr("bad_auth.so"), HasSubstr("given up after 0.1 s"),
                                        HasSubstr("its init() has not returned")));
}

TEST_F(AuthProvider, ThatHangsInInfoIsGivenUp) {
   o.load_timeout = 100ms;
   EXPECT_THAT(load("hang_info"), HasSubstr("its info() has not returned"));
}

TEST_F(AuthProvider, WithoutTheTableIsRefused) {
   EXPECT_THAT(load("no_facet"), HasSubstr("its facet(\"fmcp.auth/1\") is null"));
}

TEST_F(AuthProvider, ThatSaysNonsenseInInfoIsRefused) {
   EXPECT_THAT(load("garbage_info"), HasSubstr("resource_metadata_json that cannot be used"));
}

TEST_F(AuthProvider, AFileThatChangedMeanwhileIsRefused) {
   put("bad_auth.so", built("bad_auth"));
   const auto found = find_auth_providers(o);
   put("bad_auth.so", swapped(built("bad_auth"), "\"version\":\"1.0.0\"", "\"version\":\"1.0.1\""));
   const auto loaded = auth_provider::load(found[0], {}, o, "");
   ASSERT_FALSE(loaded);
   EXPECT_THAT(loaded.error().message, HasSubstr("was replaced while it was being loaded"));
}

// ---- answers ----

TEST_F(AuthProvider, AllowsAndDenies) {
   ASSERT_EQ(load("good"), "");
   const auto yes = ask("good");
   EXPECT_EQ(yes.reason, auth_reason::none);
   ASSERT_TRUE(yes.who);
   EXPECT_EQ(yes.who->subject, "alice");
   EXPECT_EQ(yes.who->issuer, "https://idp.example");
   EXPECT_EQ(yes.who->provider, "bad_auth");
   EXPECT_THAT(yes.who->scopes, ElementsAre("read", "write"));
   EXPECT_EQ(yes.who->claims_json, R"({"sub":"alice"})");
   EXPECT_EQ(yes.cache_for, 60s);

   const auto no = ask("other");
   EXPECT_EQ(no.reason, auth_reason::bad_signature);
   EXPECT_EQ(no.detail, "This token is nobody's.");
   EXPECT_FALSE(no.who);
}

TEST_F(AuthProvider, WhoseManifestNamesAnAudienceAllowsNoOther) {
   put("audience_auth.so", built("audience_auth"));
   const auto found = find_auth_providers(o);
   ASSERT_EQ(found.size(), 1u);
   EXPECT_EQ(found[0].reason, "");
   auto loaded = auth_provider::load(found[0], {}, o, "https://srv.example/mcp");
   ASSERT_TRUE(loaded) << loaded.error().message;
   subject = std::move(*loaded);
   for (const auto* token : {"resource", "acme"}) {
      EXPECT_EQ(ask(token).reason, auth_reason::none) << token;
   }
   for (const auto* token : {"other", "nobody", "without claims"}) {
      const auto v = ask(token);
      EXPECT_EQ(v.reason, auth_reason::wrong_audience) << token;
      EXPECT_FALSE(v.who) << token;
      EXPECT_FALSE(v.is_forbidden) << token;
   }
}

TEST_F(AuthProvider, WhoseAudienceIsAnUnknownUrlDoesNotStart) {
   put("audience_auth.so", built("audience_auth"));
   const auto found = find_auth_providers(o);
   ASSERT_EQ(found.size(), 1u);
   const auto loaded = auth_provider::load(found[0], {}, o, "");
   ASSERT_FALSE(loaded);
   EXPECT_THAT(loaded.error().message,
               AllOf(HasSubstr("audience_auth.so"),
                     HasSubstr("accepts tokens for this server's public URL only, which is not "
                               "known; set FASTMCP_BASE_URL.")));
}

TEST_F(AuthProvider, AnswersAfterItReturnedPending) {
   ASSERT_EQ(load("good"), "");
   EXPECT_EQ(ask("later").reason, auth_reason::none);
}

TEST_F(AuthProvider, ThatDoesNotBlockIsAskedOnTheCallersThread) {
   ASSERT_EQ(load("inline"), "");
   std::thread::id where;
   verdict_box box;
   subject->verify({.token = "good"}, [&, take = box.taker()](auth_verdict v) mutable {
      where = std::this_thread::get_id();
      take(std::move(v));
   });
   EXPECT_EQ(box.count(), 1); // before verify returned
   EXPECT_EQ(where, std::this_thread::get_id());
   EXPECT_EQ(box.last().reason, auth_reason::none);
}

TEST_F(AuthProvider, ThatMayBlockIsAskedOnAThreadOfItsOwn) {
   ASSERT_EQ(load("good"), "");
   std::thread::id where;
   verdict_box box;
   subject->verify({.token = "good"}, [&, take = box.taker()](auth_verdict v) mutable {
      where = std::this_thread::get_id();
      take(std::move(v));
   });
   ASSERT_TRUE(box.wait());
   EXPECT_NE(where, std::this_thread::get_id());
}

TEST_F(AuthProvider, AsksToForgetTokens) {
   ASSERT_EQ(load("inline"), "");
   EXPECT_NE(ask("forget").reason, auth_reason::none); // nobody listens yet
   std::vector<std::string> forgotten;
   subject->on_forget([&](std::string_view digest) { forgotten.emplace_back(digest); });
   ask("forget");
   EXPECT_THAT(forgotten, ElementsAre("0123456789abcdef0123456789abcdef", ""));
}

/// A way to break the contract, and what the asker is told.
struct fault {
   const char* mode;
   auth_reason reason;
   const char* detail;
   std::chrono::milliseconds patience = 10s;
};
void PrintTo(const fault& f, std::ostream* to) {
   *to << f.mode;
}
class AuthProviderFault : public AuthProvider, public testing::WithParamInterface<fault> {};

TEST_P(AuthProviderFault, NeverLetsARequestThrough) {
   ASSERT_EQ(load(GetParam().mode), "");
   verdict_box box;
   subject->verify({.token = "good", .patience = GetParam().patience}, box.taker());
   ASSERT_TRUE(box.wait());
   EXPECT_EQ(box.last().reason, GetParam().reason);
   EXPECT_THAT(box.last().detail, HasSubstr(GetParam().detail));
   EXPECT_FALSE(box.last().who);
   subject->stop(50ms);
   subject.reset();
   EXPECT_EQ(box.count(), 1);
   EXPECT_EQ(box.allowed(), 0);
}

constexpr auto failed = auth_reason::provider_failed;
INSTANTIATE_TEST_SUITE_P(
      Modes, AuthProviderFault,
      testing::Values(fault{"hang_verify", failed, "did not answer within 50 ms", 50ms},
                      fault{"never_complete", failed, "did not answer within 50 ms", 50ms},
                      fault{"late", failed, "did not answer within 50 ms", 50ms},
                      fault{"no_answer", failed, "returned without a result"},
                      fault{"error", failed, "FMCP_E_IO"},
                      fault{"complete", failed, "instead of verified()"},
                      fault{"double_complete", auth_reason::bad_signature, "nobody's"},
                      fault{"foreign", auth_reason::bad_signature, "nobody's"},
                      fault{"answer_then_error", auth_reason::bad_signature, "nobody's"},
                      fault{"garbage_decision", auth_reason::denied, "none of FMCP_AUTH_*"},
                      fault{"garbage_size", failed, "size cannot be true"},
                      fault{"no_result", failed, "size cannot be true"},
                      fault{"allow_without_principal", failed, "without a principal"},
                      fault{"allow_nobody", failed, "without subject and client"},
                      fault{"allow_bad_utf8", failed, "too long or no UTF-8"},
                      fault{"allow_bad_claims", failed, "no JSON object"},
                      fault{"huge_subject", failed, "too long or no UTF-8"},
                      fault{"huge_scopes", failed, "list of scopes"}),
      [](const auto& row) { return std::string(row.param.mode); });

TEST_F(AuthProvider, ThatHangsTakesUpItsShareAndIsThenBusy) {
   o.max_threads_per_plugin = 2;
   o.max_queue_per_plugin = 3;
   ASSERT_EQ(load("hang_verify"), "");
   constexpr int questions = 20;
   verdict_box first, rest;
   subject->verify({.token = "good", .patience = 10s}, first.taker());
   for (int i = 1; i < questions; ++i) {
      subject->verify({.token = "good", .patience = 10s}, rest.taker());
   }
   // Two inside, three waiting, and the others have their answer.
   ASSERT_TRUE(rest.wait(questions - 5));
   EXPECT_EQ(rest.last().reason, auth_reason::busy);
   subject->stop(10ms); // ends the five for their askers, though the plugin keeps two
   EXPECT_TRUE(first.wait());
   EXPECT_TRUE(rest.wait(questions - 1));
   EXPECT_EQ(first.count() + rest.count(), questions);
   EXPECT_EQ(first.allowed() + rest.allowed(), 0);
}

TEST_F(AuthProvider, StopEndsOpenQuestionsAndRefusesNewOnes) {
   ASSERT_EQ(load("never_complete"), "");
   verdict_box open, late;
   subject->verify({.token = "good", .patience = 10s}, open.taker());
   subject->stop(10ms);
   ASSERT_TRUE(open.wait());
   EXPECT_EQ(open.last().reason, auth_reason::provider_failed);
   subject->verify({.token = "good"}, late.taker());
   EXPECT_EQ(late.count(), 1);
   EXPECT_EQ(late.last().reason, auth_reason::provider_failed);
   EXPECT_THAT(late.last().detail, HasSubstr("is being stopped"));
}

TEST_F(AuthProvider, ManyAskersGetTheirOwnAnswer) {
   ASSERT_EQ(load("good"), "");
   constexpr int threads = 4, rounds = 200;
   std::atomic<int> wrong{0};
   std::vector<std::thread> askers;
   for (int i = 0; i < threads; ++i) {
      askers.emplace_back([&, i] {
         for (int k = 0; k < rounds; ++k) {
            const bool is_good = (k + i) % 2 == 0;
            verdict_box box;
            subject->verify({.token = is_good ? "good" : "other", .patience = 10s}, box.taker());
            if (!box.wait() || (box.last().reason == auth_reason::none) != is_good) ++wrong;
         }
      });
   }
   for (auto& t : askers) t.join();
   EXPECT_EQ(wrong, 0);
}

// ---- the end of the process ----

using AuthProviderDeathTest = AuthProvider;

TEST_F(AuthProviderDeathTest, ACrashAllowsNobody) {
   GTEST_FLAG_SET(death_test_style, "threadsafe");
   EXPECT_DEATH(
         {
            if (load("crash").empty()) ask("good");
            ::_exit(0); // survived
         },
         "");
}

TEST_F(AuthProviderDeathTest, AnExceptionThatLeavesThePluginAllowsNobody) {
   GTEST_FLAG_SET(death_test_style, "threadsafe");
   EXPECT_DEATH(
         {
            put("throwing_auth.so", built("throwing_auth"));
            auto loaded = auth_provider::load(find_auth_providers(o).at(0), {}, o, "");
            subject = std::move(*loaded);
            ask("good");
            ::_exit(0); // survived
         },
         "");
}

} // namespace
} // namespace fmcp::plugins
