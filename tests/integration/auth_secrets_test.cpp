// Secrets of a running server: nowhere in its log, in what /proc shows of it, in a core file, or
// within reach of another process of its user.

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <list>
#include <memory>
#include <string>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/protected_host.hpp"
#include "support/scripted_server.hpp"
#include "support/token_maker.hpp"

namespace {

using namespace fmcp::test;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using enum fmcp::crypto::algorithm;

std::string file_text(const std::string& path) {
   std::ifstream in(path, std::ios::binary);
   return {std::istreambuf_iterator<char>(in), {}};
}

std::string proc(const child_process& of, const char* file) {
   return "/proc/" + std::to_string(of.pid()) + "/" + file;
}

/// Secrets that a test gave away, and the places where none of them may be.
class secret_list {
public:
   const std::string& add(std::string secret) { return all_.emplace_back(std::move(secret)); }
   void expect_absent(const std::string& text, const char* where) const {
      for (const auto& secret : all_) {
         EXPECT_EQ(text.find(secret), std::string::npos) << secret << " is in " << where;
      }
   }

private:
   std::list<std::string> all_;
};

/// A server with every kind of secret there is, used in every way.
class SecretsOfAServer : public ::testing::Test {
protected:
   SecretsOfAServer() {
      idp.serve("/introspect", [](const scripted_server::request& rq) {
         const bool is_good = rq.body.find("opaque-good") != std::string::npos;
         return scripted_server::reply{
               .body = is_good ? R"({"active":true,"sub":"ada","scope":"read"})" : "{}"};
      });
   }

   [[nodiscard]] host_setup setup() {
      directory.put(".env", "FASTMCP_STORE_KEY=" + secrets.add("store-key-" + filler) + "\n", 0600);
      auto out =
            protected_by("introspection",
                         {{"INTROSPECTION_INTROSPECTION_URL", idp.origin() + "/introspect"},
                          {"INTROSPECTION_CLIENT_SECRET", secrets.add("client-secret-" + filler)},
                          {"INTROSPECTION_BASE_URL", std::string(public_url)},
                          {"INTROSPECTION_CACHE_TTL_SECONDS", "60"},
                          {"FASTMCP_SESSION_KEY", secrets.add("session-key-" + filler)},
                          {"fastmcp_session_key_previous", secrets.add("older-key-" + filler)},
                          {"FASTMCP_ENV_FILE", directory.at(".env")},
                          {"FASTMCP_LOG_LEVEL", "DEBUG"}},
                         {"guarded", "echo"});
      // Names are taken in any case; full_names() knows only ours in capitals.
      for (auto& [name, value] : out.environment) {
         if (name.ends_with("fastmcp_session_key_previous")) name = "fastmcp_session_key_previous";
      }
      return out;
   }

   void use(http_host& host) {
      const auto good = secrets.add("opaque-good-" + filler);
      expect_let_in(host, good, "ada");
      expect_let_in(host, good, "ada", "known");
      expect_refused(host, secrets.add("opaque-bad-" + filler), 401, "inactive");
      EXPECT_EQ(ask_as(host, good, "admin_echo", R"({"text":"x"})").status, 403);
      EXPECT_EQ(ask_as(host, good, "echo", R"({"text":"y"})").status, 200);
      EXPECT_EQ(ask_as(host, "bad\"" + secrets.add("quoted-" + filler)).status, 401);
      const legacy_session session(host, newest_legacy, "{}", bearer(good));
      EXPECT_EQ(session.ask(request_text("tools/list")).status, 200);
      auto stolen = session.request(request_text("ping"));
      for (auto& [name, value] : stolen.fields) {
         if (name == "Authorization") value = "Basic " + secrets.add("basic-" + filler);
      }
      EXPECT_EQ(ask(host.port(), stolen).status, 401);
      auto in_url = call_as("");
      in_url.target = "/mcp?access_token=" + secrets.add("in-the-url-" + filler);
      EXPECT_EQ(ask(host.port(), in_url).status, 400);
      EXPECT_EQ(ask(host.port(), {.target = "/elsewhere?access_token=" + good}).status, 404);
      idp.behave(scripted_server::mode::garbage);
      EXPECT_EQ(ask_as(host, secrets.add("during-outage-" + filler)).status, 503);
      idp.behave(scripted_server::mode::refuse);
      EXPECT_EQ(ask_as(host, secrets.add("while-down-" + filler)).status, 503);
      EXPECT_LT(session.end().status, 300);
   }

   const std::string filler = std::string(8, 'x') + "0123456789abcdef0123456789abcdef";
   secret_list secrets;
   temp_dir directory;
   scripted_server idp;
};

TEST_F(SecretsOfAServer, AreInNoLogAndNotInProc) {
   auto with = setup();
   with.options.insert(with.options.end(),
                       {"--auth-option", "client_id=" + secrets.add("client-id-by-flag")});
   http_host host(with);
   use(host);
   secrets.add("czNjcmV0"); // and nothing that was encoded, such as Basic credentials
   EXPECT_THAT(file_text(proc(host.process(), "cmdline")), HasSubstr("--auth-option"));
   secrets.expect_absent(file_text(proc(host.process(), "cmdline")), "/proc/PID/cmdline");
   secrets.expect_absent(file_text(proc(host.process(), "environ")), "/proc/PID/environ");
   host.process().signal(SIGTERM);
   EXPECT_EQ(host.process().wait_exit(), 0);
   static_cast<void>(host.process().wait_for_line("\x01 never printed \x01"));
   const auto log = host.process().error_text();
   secrets.expect_absent(log, "the log");
   for (const auto* reason : {"inactive", "malformed", "wrong_scheme", "token_in_query",
                              "missing_scope", "upstream_unavailable"})
      EXPECT_THAT(log, HasSubstr(std::string("reason=") + reason)); // or there was nothing to hide
}

TEST_F(SecretsOfAServer, AreNotInProcOfADoctorThatWaits) {
   auto with = setup();
   with.environment.emplace_back("FASTMCP_SERVER_AUTH_INTROSPECTION_TIMEOUT_SECONDS", "2");
   auto words = with.options;
   words.insert(words.begin(), {"doctor", "--transport", "http", "--auth-option",
                                "client_id=" + secrets.add("client-id-by-flag"), "--token", "-"});
   child_process doctor({.program = host_program(),
                         .arguments = words,
                         .environment = with.environment,
                         .directory = directory.path(),
                         .pipes_stdin = true});
   // There is no line to wait for: it is known to wait when the words are hidden.
   const auto hides = [&] {
      const auto until = std::chrono::steady_clock::now() + patience;
      const auto is_hidden = [&] {
         const auto words_now = file_text(proc(doctor, "cmdline"));
         return words_now.find("client_id=***") != std::string::npos;
      };
      while (!is_hidden() && std::chrono::steady_clock::now() < until) ::poll(nullptr, 0, 5);
      return is_hidden();
   };
   ASSERT_TRUE(hides()) << doctor.error_text();
   EXPECT_FALSE(doctor.wait_exit(milliseconds(0))) << "it waits for its token";
   secrets.expect_absent(file_text(proc(doctor, "cmdline")), "/proc/PID/cmdline");
   secrets.expect_absent(file_text(proc(doctor, "environ")), "/proc/PID/environ");
   idp.behave(scripted_server::mode::silent);
   doctor.write(secrets.add("opaque-good-" + filler) + "\n");
   ASSERT_TRUE(idp.wait_until_asked("/introspect", 1));
   secrets.expect_absent(file_text(proc(doctor, "cmdline")), "/proc/PID/cmdline");
   secrets.expect_absent(file_text(proc(doctor, "environ")), "/proc/PID/environ");
   EXPECT_THAT(file_text(proc(doctor, "limits")), ContainsRegex("Max core file size +0 +0 "));
   EXPECT_EQ(doctor.wait_exit(), 1);
   static_cast<void>(doctor.wait_for_line("\x01 never printed \x01"));
   EXPECT_THAT(doctor.error_text(), HasSubstr("upstream_unavailable"));
   secrets.expect_absent(doctor.error_text(), "what it prints");
}

TEST_F(SecretsOfAServer, OfJsonWebTokensAreInNoLog) {
   const auto& key = token_maker::of(hs256);
   auto named = usual_jwt();
   named.insert(named.end(), {{"JWT_PUBLIC_KEY", secrets.add(key.secret())},
                              {"JWT_ALGORITHM", "HS256"},
                              {"FASTMCP_LOG_LEVEL", "DEBUG"}});
   http_host host(protected_by("jwt", named));
   const auto payload = claims(unix_now());
   const auto token = [&](const json_members& of) {
      const auto text = key.token(of);
      secrets.add(text);
      secrets.add(text.substr(text.rfind('.') + 1));
      return text;
   };
   expect_let_in(host, token(payload), "user-1");
   expect_refused(host, token(json_members(payload).set("iss", R"("x")")), 401, "wrong_issuer");
   expect_refused(host, token(json_members(payload).set("aud", R"("x")")), 401, "wrong_audience");
   expect_refused(host, token(json_members(payload).set("exp", "1")), 401, "expired");
   expect_refused(host, token(payload) + "x", 401, "bad_signature");
   host.process().signal(SIGTERM);
   EXPECT_EQ(host.process().wait_exit(), 0);
   static_cast<void>(host.process().wait_for_line("\x01 never printed \x01"));
   secrets.expect_absent(host.process().error_text(), "the log");
}

TEST_F(SecretsOfAServer, OfAFileOfTokensAreInNoLog) {
   const auto good = secrets.add("static-" + filler);
   const auto file = directory.put("tokens.json", R"({")" + good + R"(":{"subject":"ada"}})", 0600);
   http_host host(protected_by("static", {{"STATIC_TOKENS_FILE", file},
                                          {"STATIC_BASE_URL", std::string(public_url)},
                                          {"FASTMCP_LOG_LEVEL", "DEBUG"}}));
   expect_let_in(host, good, "ada");
   expect_refused(host, secrets.add("other-" + filler), 401, "inactive");
   host.process().signal(SIGTERM);
   EXPECT_EQ(host.process().wait_exit(), 0);
   static_cast<void>(host.process().wait_for_line("\x01 never printed \x01"));
   secrets.expect_absent(host.process().error_text(), "the log");
}

TEST_F(SecretsOfAServer, LeaveNoCoreFile) {
   // Or there would be none anyway.
   rlimit limit{};
   ASSERT_EQ(::getrlimit(RLIMIT_CORE, &limit), 0);
   limit.rlim_cur = limit.rlim_max;
   ASSERT_EQ(::setrlimit(RLIMIT_CORE, &limit), 0);
   auto with = setup();
   with.options.insert(with.options.end(), {"--auth-option", "client_id=me"});
   http_host host(with);
   EXPECT_THAT(file_text(proc(host.process(), "limits")),
               ContainsRegex("Max core file size +0 +0 "));
   host.process().signal(SIGQUIT);
   ASSERT_TRUE(host.process().wait_exit());
   for (const auto& entry : std::filesystem::directory_iterator(host.directory().path()))
      EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("core")));
}

// Whoever is root may look everywhere. So the server runs as an ordinary user here, and another
// process of that user tries.

constexpr uid_t nobody = 65534;

/// What `work` gives in a process of the user that the server runs as.
template <class Work>
int as_the_user(Work work) {
   const auto pid = ::fork();
   if (pid == 0) {
      if (::geteuid() == 0 && (::setgid(nobody) != 0 || ::setuid(nobody) != 0)) ::_exit(100);
      ::_exit(work());
   }
   int status = 0;
   ::waitpid(pid, &status, 0);
   return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// 0, or the errno of opening it.
int error_of_opening(const std::string& path) {
   return as_the_user([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC) >= 0 ? 0 : errno; });
}

/// A host that runs as nobody, when the test is root.
class user_host {
public:
   explicit user_host(const variables& named) {
      if (::geteuid() == 0) {
         ::chmod(directory_.path().c_str(), 0755);
         if (::chown(directory_.path().c_str(), nobody, nobody) != 0)
            throw std::runtime_error("chown failed");
      }
      directory_.put("plugins/.keep", "");
      start_options o;
      o.program = host_program();
      o.arguments = {"run",
                     "--transport",
                     "http",
                     "--port",
                     "0",
                     "--plugin-dir",
                     directory_.at("plugins"),
                     "--auth-plugin-dir",
                     shipped_providers()};
      o.directory = directory_.path();
      o.environment = full_names(named);
      o.environment.emplace_back("HOME", directory_.path());
      if (::geteuid() == 0) o.user = nobody;
      process_ = std::make_unique<child_process>(o);
      if (!process_->wait_for_line("listening"))
         throw std::runtime_error("it does not start: " + process_->error_text());
   }
   [[nodiscard]] const child_process& process() const { return *process_; }

private:
   temp_dir directory_;
   std::unique_ptr<child_process> process_;
};

TEST(SecretsOfAUser, AreOutOfReachOfTheUsersOtherProcesses) {
   auto named = usual_jwt();
   named.insert(named.end(), {{"JWT_PUBLIC_KEY", token_maker::of(hs256).secret()},
                              {"JWT_ALGORITHM", "HS256"},
                              {"FASTMCP_SERVER_AUTH", "jwt"}});
   const user_host host(named);
   const auto& p = host.process();
   struct stat status{};
   ASSERT_EQ(::stat(proc(p, "environ").c_str(), &status), 0);
   EXPECT_EQ(status.st_uid, 0u) << "a process that may be dumped owns its files there";
   EXPECT_THAT(file_text(proc(p, "status")), ContainsRegex("Uid:\t[1-9]"));
   for (const auto* file : {"environ", "mem", "maps", "auxv"})
      EXPECT_EQ(error_of_opening(proc(p, file)), EACCES) << file;
   EXPECT_EQ(as_the_user([&] {
                return ::ptrace(PTRACE_SEIZE, p.pid(), nullptr, nullptr) == 0 ? 0 : errno;
             }),
             EPERM);
}

TEST(SecretsOfAUser, AServerThatHasNoneMayBeLookedInto) { // or the test above could not fail
   const user_host host(variables{});
   EXPECT_EQ(error_of_opening(proc(host.process(), "environ")), 0);
}

} // namespace
