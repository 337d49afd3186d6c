#include "app/hardening.hpp"

#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fmcp::app {
namespace {

using ::testing::ElementsAre;

/// What `work` gives in a process of its own.
template <class Work>
int in_child(Work work) {
   const auto pid = ::fork();
   if (pid == 0) ::_exit(work());
   int status = 0;
   ::waitpid(pid, &status, 0);
   return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// Whether a process of the same user may open these files of this one. Root may always, so this is
/// asked as nobody.
bool another_may_open(const char* file) {
   const auto path = "/proc/" + std::to_string(::getpid()) + "/" + file;
   return in_child([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC) >= 0 ? 1 : 0; }) == 1;
}

void become_an_ordinary_user() {
   constexpr uid_t nobody = 65534;
   if (::geteuid() == 0 && (::setgid(nobody) != 0 || ::setuid(nobody) != 0)) ::_exit(100);
   ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); // which a change of users takes away
}

TEST(Hardening, OthersOfTheSameUserCannotLookIn) {
   EXPECT_EQ(in_child([] {
                become_an_ordinary_user();
                if (!another_may_open("environ") || !another_may_open("mem")) return 1;
                forbid_looking_in();
                return another_may_open("environ") || another_may_open("mem") ? 2 : 0;
             }),
             0)
         << "1: nothing to forbid; 2: not forbidden";
}

TEST(Hardening, TheProcessStillReachesItsOwnDescriptors) {
   EXPECT_EQ(in_child([] {
                become_an_ordinary_user();
                forbid_looking_in();
                const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
                const auto path = "/proc/self/fd/" + std::to_string(file);
                return ::open(path.c_str(), O_RDONLY | O_CLOEXEC) >= 0 ? 0 : 1;
             }),
             0);
}

TEST(Hardening, LeavesNoCoreFile) {
   EXPECT_EQ(in_child([] {
                forbid_looking_in();
                rlimit limit{1, 1};
                ::getrlimit(RLIMIT_CORE, &limit);
                return limit.rlim_cur == 0 && limit.rlim_max == 0 ? 0 : 1;
             }),
             0);
}

TEST(Hardening, OverwritesAndRemovesVariablesByTheirExactNames) {
   EXPECT_EQ(in_child([] {
                ::setenv("FMCP_TEST_SECRET", "hunter2", 1);
                ::setenv("fmcp_test_lower_secret", "hunter2", 1);
                ::setenv("FMCP_TEST_SECRETS", "kept", 1);
                const char* value = ::getenv("FMCP_TEST_SECRET");
                const std::vector<std::string> names{"FMCP_TEST_SECRET", "FMCP_TEST_LOWER_SECRET",
                                                     "FMCP_TEST_ABSENT"};
                if (wipe_environment(names) != 2) return 1;
                if (::getenv("FMCP_TEST_SECRET") != nullptr) return 2;
                if (::getenv("fmcp_test_lower_secret") != nullptr) return 3;
                if (std::string(value, 7) != std::string(7, '\0')) return 4;
                const char* kept = ::getenv("FMCP_TEST_SECRETS");
                return kept != nullptr && std::string(kept) == "kept" ? 0 : 5;
             }),
             0);
}

/// Arguments as main() gets them.
std::vector<std::string> wiped(std::vector<std::string> words) {
   constexpr std::array<secret_flag, 2> flags{secret_flag{"--auth-option", true},
                                              secret_flag{"--key", false}};
   std::vector<char*> arguments;
   for (auto& w : words) arguments.push_back(w.data());
   wipe_arguments(arguments, flags);
   return words;
}

TEST(Hardening, HidesValuesOfFlagsInBothForms) {
   EXPECT_THAT(
         wiped({"host", "run", "--auth-option", "secret=abc", "--auth-option=secret=a=c"}),
         ElementsAre("host", "run", "--auth-option", "secret=***", "--auth-option=secret=***"));
   EXPECT_THAT(wiped({"host", "--key", "abc", "--key=abc", "abc"}),
               ElementsAre("host", "--key", "***", "--key=***", "abc"));
}

TEST(Hardening, LeavesOtherArgumentsAlone) {
   EXPECT_THAT(wiped({"host", "--keys", "abc", "--auth-options=secret=abc", "--port=1"}),
               ElementsAre("host", "--keys", "abc", "--auth-options=secret=abc", "--port=1"));
   EXPECT_THAT(wiped({"host", "--", "--key", "abc"}), ElementsAre("host", "--", "--key", "abc"));
   EXPECT_THAT(wiped({"host", "--key"}), ElementsAre("host", "--key"));
   EXPECT_THAT(wiped({"host", "--auth-option", "no field"}),
               ElementsAre("host", "--auth-option", "no field"));
   EXPECT_TRUE(wiped({}).empty());
}

TEST(Hardening, AnOpenServerWithoutSecretsCanBeDebugged) {
   config::settings s;
   EXPECT_FALSE(holds_secrets(s));
   s.https_proxy = "http://proxy:3128";
   EXPECT_FALSE(holds_secrets(s));
   s.https_proxy = "http://user:password@proxy:3128";
   EXPECT_TRUE(holds_secrets(s));
   s = {};
   s.session_key = "secret";
   EXPECT_TRUE(holds_secrets(s));
   s = {};
   s.selected_auth.emplace();
   EXPECT_TRUE(holds_secrets(s));
   s = {};
   s.given.add(config::layers::level::environment, "FASTMCP_PLUGIN_DIR", {.texts = {"/plugins"}});
   EXPECT_FALSE(holds_secrets(s));
   s.given.add(config::layers::level::environment, "FASTMCP_PLUGIN_FILES_TOKEN", {.texts = {"x"}});
   EXPECT_TRUE(holds_secrets(s));
}

} // namespace
} // namespace fmcp::app
