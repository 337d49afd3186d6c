#include "cli/cli.hpp"

#include <algorithm>
#include <array>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/table.hpp"
#include "support/temp_dir.hpp"
#include "json/document.hpp"

namespace {

using namespace fmcp::cli;
using fmcp::config::settings;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class Cli : public ::testing::Test {
protected:
   Cli() {
      how_.from.directory = dir_.path();
      how_.from.program_version = "9.8.7";
      how_.from.prefix = "/opt/host";
      what_.run = [this](const settings& s) {
         seen_ = s;
         return 7;
      };
      what_.list_plugins =
            [this](const settings& s) -> fmcp::core::result<std::vector<plugin_row>> {
         seen_ = s;
         return plugins_;
      };
      what_.inspect_plugin = [this](const settings&,
                                    const std::string& file) -> fmcp::core::result<plugin_facts> {
         asked_ = file;
         return facts_;
      };
   }

   int call(std::vector<std::string> arguments) {
      out_.str({});
      err_.str({});
      seen_.reset();
      how_.arguments = std::move(arguments);
      return fmcp::cli::main(how_, what_, {out_, err_});
   }
   std::string out() const { return out_.str(); }
   std::string err() const { return err_.str(); }

   fmcp::test::temp_dir dir_;
   invocation how_;
   commands what_;
   std::ostringstream out_, err_;
   std::optional<settings> seen_;
   std::vector<plugin_row> plugins_;
   fmcp::core::result<plugin_facts> facts_;
   std::string asked_;
};

TEST_F(Cli, ExplainsItselfWithoutArguments) {
   EXPECT_EQ(call({}), 0);
   EXPECT_THAT(out(), AllOf(HasSubstr("fastmcp-host serves"), HasSubstr("plugins info FILE"),
                            HasSubstr("For example")));
   EXPECT_THAT(err(), IsEmpty());
   const auto overview = out();
   for (const auto word : {"--help", "-h", "help"}) {
      EXPECT_EQ(call({word}), 0);
      EXPECT_EQ(out(), overview);
   }
}

TEST_F(Cli, TellsItsVersion) {
   for (const auto word : {"version", "--version", "-V"}) {
      EXPECT_EQ(call({word}), 0);
      EXPECT_EQ(out(), "fastmcp-host 9.8.7\n");
   }
}

struct wrong_words {
   std::vector<std::string> words;
   const char* expected;
};

TEST_F(Cli, RefusesWordsItDoesNotKnow) {
   const wrong_words table[] = {
         {{"rnu"}, "fastmcp-host: There is no command \"rnu\". Did you mean run?"},
         {{"frobnicate"}, "fastmcp-host: There is no command \"frobnicate\". Without arguments"},
         {{"tool.so"}, "\"tool.so\" is a file, not a command. Try: fastmcp-host run tool.so"},
         {{"--port", "1"}, "The command stands before its options; \"--port\" came first."},
         {{"plugins"}, "The command plugins needs list or info behind it."},
         {{"plugins", "lsit"},
          "There is no command plugins \"lsit\"; there is list or info. Did you mean list?"},
         {{"config"}, "The command config needs show behind it."},
         {{"providers"}, "The command providers needs list or describe behind it."},
         {{"providers", "describe"}, "Exactly one NAME is needed, and 0 were given."},
         {{"run", "--token", "-"}, "There is no option \"--token\"."},
         {{"doctor", "--token"}, "The option --token needs a value."},
         {{"run", "--prot", "1"}, "There is no option \"--prot\". Did you mean --port?"},
         {{"run", "--prot=1"}, "There is no option \"--prot\". Did you mean --port?"},
         {{"run", "-z"}, "There is no option \"-z\"."},
         {{"run", "--port"}, "The option --port needs a value."},
         {{"version", "x"}, "The argument \"x\" was not expected."},
         {{"plugins", "info"}, "Exactly one FILE is needed, and 0 were given."},
         {{"plugins", "info", "a", "b"}, "Exactly one FILE is needed, and 2 were given."},
         {{"run", "--port", "abc"},
          "--port=\"abc\" (command line) is not a whole number from 0 to 65535."},
   };
   for (const auto& [words, expected] : table) {
      EXPECT_EQ(call(words), 2) << expected;
      EXPECT_THAT(err(), HasSubstr(expected));
      EXPECT_THAT(out(), IsEmpty());
      EXPECT_FALSE(seen_.has_value());
   }
}

TEST_F(Cli, RunsWithTheSettings) {
   how_.from.environment = {"FASTMCP_PORT=1", "FASTMCP_NAME=by-variable"};
   EXPECT_EQ(call({"run", "a.so", "--transport", "http", "-p", "9000", "/b.so", "--stateless",
                   "--plugin-option", "files.roots=/x", "--plugin-dir", "/p", "--plugin-dir=/q",
                   "-lDEBUG", "--", "--odd.so"}),
             7);
   ASSERT_TRUE(seen_.has_value());
   EXPECT_EQ(seen_->port, 9000);
   EXPECT_EQ(seen_->name, "by-variable");
   EXPECT_TRUE(seen_->stateless);
   EXPECT_EQ(seen_->log_level, fmcp::core::log::level::debug);
   EXPECT_THAT(seen_->plugin_files, ElementsAre(dir_.at("a.so"), "/b.so", dir_.at("--odd.so")));
   EXPECT_THAT(seen_->plugin_dirs, ElementsAre("/p", "/q"));
   EXPECT_EQ(
         seen_->given.beginning_with(fmcp::config::layers::level::flags, "plugins.files.").size(),
         1u);
}

TEST_F(Cli, LetsTheLastOfARepeatedFlagWin) {
   ASSERT_EQ(call({"run", "--port", "1", "--stateless", "--port", "2", "--stateless=false"}), 7);
   EXPECT_EQ(seen_->port, 2);
   EXPECT_FALSE(seen_->stateless);
}

TEST_F(Cli, TakesValuesThatLookLikeSomethingElse) {
   ASSERT_EQ(call({"run", "--icons", R"([{"src":"https://example.com/a,b.png"}])", "--instructions",
                   "-x", "--name=a=b", "--title", "run"}),
             7);
   EXPECT_EQ(seen_->icons, R"([{"src":"https://example.com/a,b.png"}])");
   EXPECT_EQ(seen_->instructions, "-x");
   EXPECT_EQ(seen_->name, "a=b");
   EXPECT_EQ(seen_->title, "run");
}

/// The table gives the flags: each of them has to arrive at its own setting.
TEST_F(Cli, HasEveryFlagOfTheTable) {
   for (const auto& s : fmcp::config::table()) {
      if (s.flag.empty() || s.is_positional() || s.fallback.empty() || s.fallback.starts_with('<'))
         continue;
      const std::string word = std::string(s.flag) + "=" + std::string(s.fallback);
      EXPECT_EQ(call({"config", "show", word}), 0) << word << err();
      EXPECT_THAT(out(), HasSubstr(std::string(s.flag) + " (command line)"));
   }
}

TEST_F(Cli, FailsWithOneMessageWhenSettingsAreWrong) {
   how_.from.environment = {"FASTMCP_PORT=", "FASTMCP_THREADS=many"};
   EXPECT_EQ(call({"run"}), 1);
   EXPECT_EQ(err(),
             "fastmcp-host: 2 things are wrong with the settings:\n"
             "  - FASTMCP_PORT (environment) is empty; give a whole number from 0 to 65535, or "
             "remove it.\n"
             "  - FASTMCP_THREADS=\"many\" (environment) is not a whole number from 0 to 1024.\n");
   EXPECT_FALSE(seen_.has_value());
}

TEST_F(Cli, HelpsWithEveryCommand) {
   for (const std::vector<std::string>& words : {std::vector<std::string>{"run", "--help"},
                                                 {"plugins", "list", "-h"},
                                                 {"plugins", "info", "--help"},
                                                 {"config", "show", "--help"},
                                                 {"providers", "list", "--help"},
                                                 {"providers", "describe", "-h"},
                                                 {"doctor", "--help"},
                                                 {"version", "--help"}}) {
      EXPECT_EQ(call(words), 0);
      EXPECT_THAT(out(), StartsWith("fastmcp-host " + words[0]));
   }
}

TEST_F(Cli, ExplainsEverySettingInTheHelpOfRun) {
   call({"run", "--help"});
   for (const auto& s : fmcp::config::table()) {
      EXPECT_THAT(out(), HasSubstr(std::string(s.flag.empty() ? s.variable : s.flag)));
      EXPECT_THAT(out(), HasSubstr(std::string(s.variable)));
   }
   std::istringstream lines(out());
   for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 79u) << line;
}

// config show

TEST_F(Cli, ShowsEachValueWithItsSource) {
   dir_.put(".env", "FASTMCP_PORT=9001\nFASTMCP_NAME=x\n");
   how_.from.environment = {"FASTMCP_NAME=y",
                            "FASTMCP_SESSION_KEY=hunter2hunter2hunter2hunter2hunter2"};
   EXPECT_EQ(call({"config", "show", "--host", "::1"}), 0);
   std::vector<std::string> lines;
   std::istringstream in(out());
   for (std::string line; std::getline(in, line);) {
      lines.emplace_back();
      std::ranges::unique_copy(line, std::back_inserter(lines.back()),
                               [](char a, char b) { return a == ' ' && b == ' '; });
   }
   using ::testing::Contains;
   EXPECT_EQ(lines.front(), "SETTING VALUE SOURCE");
   EXPECT_THAT(lines, Contains("host ::1 --host (command line)"));
   EXPECT_THAT(lines, Contains("port 9001 FASTMCP_PORT (.env:1)"));
   EXPECT_THAT(lines,
               Contains("name y FASTMCP_NAME (environment), overrides FASTMCP_NAME (.env:2)"));
   EXPECT_THAT(lines, Contains("session_key (hidden) FASTMCP_SESSION_KEY (environment)"));
   EXPECT_THAT(lines, Contains("idle_timeout 75s default"));
   EXPECT_EQ(lines.size(), fmcp::config::table().size() + 1);
   EXPECT_THAT(out(), Not(HasSubstr("hunter2")));
}

TEST_F(Cli, ShowsSettingsForPrograms) {
   how_.from.environment = {"FASTMCP_PORT=x", "FASTMCP_PROT=1"};
   EXPECT_EQ(call({"config", "show", "--json"}), 1);
   fmcp::json::document doc;
   const auto root = doc.parse_copy(out());
   ASSERT_TRUE(root.has_value()) << root.error().message;
   const auto* port = (*root)->find("settings")->find("port");
   EXPECT_FALSE(port->find("valid")->boolean());
   EXPECT_EQ(port->find_string("source"), "FASTMCP_PORT (environment)");
   EXPECT_EQ((*root)->find("settings")->find("host")->find_string("value"), "127.0.0.1");
   EXPECT_EQ((*root)->find("problems")->items().size(), 1u);
   EXPECT_EQ((*root)->find("notices")->items().size(), 1u);
   EXPECT_THAT(err(), HasSubstr("FASTMCP_PORT=\"x\""));
}

TEST_F(Cli, ShowsTheTableWhateverTheEnvironmentSays) {
   how_.from.environment = {"FASTMCP_PORT=x"};
   EXPECT_EQ(call({"config", "show", "--markdown"}), 0);
   EXPECT_EQ(out(), fmcp::config::markdown_table());
   EXPECT_THAT(err(), IsEmpty());
}

// plugins

TEST_F(Cli, ListsPlugins) {
   plugins_ = {{.file = "/p/a.so",
                .name = "a",
                .version = "1.0",
                .kinds = {"tools"},
                .tools = {"x", "y"},
                .status = "active",
                .reason = {}},
               {.file = "/p/b\n.so",
                .name = {},
                .version = {},
                .kinds = {},
                .tools = {},
                .status = "failed",
                .reason = "It is cut off.",
                .is_failure = true}};
   EXPECT_EQ(call({"plugins", "list", "--plugin-dir", "/p"}), 1);
   EXPECT_THAT(seen_->plugin_dirs, ElementsAre("/p"));
   EXPECT_EQ(out(),
             "FILE       NAME  VERSION  KIND   TOOLS  ISOLATION   STATUS\n"
             "/p/a.so    a     1.0      tools  x,y    in-process  active\n"
             "/p/b\\n.so                               in-process  failed: It is cut off.\n");
   plugins_.pop_back();
   EXPECT_EQ(call({"plugins", "list"}), 0);
   plugins_.clear();
   EXPECT_EQ(call({"plugins", "list"}), 0);
   EXPECT_EQ(out(), "There are no plugin files.\n");
}

TEST_F(Cli, WantsADirectoryThatWasNamedToBeThere) {
   const auto absent = [](std::string directory) {
      plugin_row out;
      out.file = std::move(directory);
      out.status = "skipped";
      out.reason = "Not there.";
      return out;
   };
   plugins_ = {absent("/opt/host/lib/fastmcp-host/plugins")};
   EXPECT_EQ(call({"plugins", "list"}), 0) << "a default that is not there";
   plugins_ = {absent("/nope")};
   EXPECT_EQ(call({"plugins", "list", "--plugin-dir", "/nope"}), 1);
   how_.from.environment = {"FASTMCP_PLUGIN_DIR=/nope"};
   EXPECT_EQ(call({"plugins", "list"}), 1);
   plugins_ = {absent("/nope/a.so")};
   EXPECT_EQ(call({"plugins", "list"}), 0) << "a file that is left out";
}

TEST_F(Cli, ListsPluginsForPrograms) {
   plugins_ = {{.file = "/p/a.so",
                .name = "a",
                .version = "1.0",
                .kinds = {"tools"},
                .tools = {"x"},
                .status = "failed",
                .reason = "No.",
                .is_failure = true}};
   EXPECT_EQ(call({"plugins", "list", "--json"}), 1);
   EXPECT_EQ(
         out(),
         R"([{"file":"/p/a.so","name":"a","version":"1.0","kind":["tools"],"tools":["x"],"isolation":"in-process","status":"failed","reason":"No."}])"
         "\n");
}

TEST_F(Cli, TellsWhyPluginsCannotBeListed) {
   what_.list_plugins = [](const settings&) -> fmcp::core::result<std::vector<plugin_row>> {
      return fmcp::core::fail(fmcp::core::errc::not_found, "There is no directory /p.");
   };
   EXPECT_EQ(call({"plugins", "list"}), 1);
   EXPECT_EQ(err(), "fastmcp-host: There is no directory /p.\n");
}

plugin_facts example() {
   return {
         .file = "/p/files.so",
         .sha256 = "abc",
         .bytes = 123,
         .machine = "x86-64",
         .manifest_json =
               R"({"id":"com.example.files","name":"files","version":"1.2","kind":["tools"],"settings":[)"
               R"({"name":"roots","type":"list","required":true,"help":"Where."},)"
               R"({"name":"mode","type":"enum","values":["a","b"],"default":"a"}]})",
         .abi_major = 1,
         .abi_minor_built = 2,
         .abi_minor_needed = 0,
         .exports = {"fmcp_plugin_entry_v1"},
         .export_count = 1,
         .unique_count = 0,
         .needed = {"libc.so.6"},
         .highest_glibc = "2.34",
         .warnings = {"It has constructors."}};
}

TEST_F(Cli, InformsAboutAPlugin) {
   facts_ = example();
   EXPECT_EQ(call({"plugins", "info", "p/files.so"}), 0);
   EXPECT_EQ(asked_, "p/files.so");
   for (const auto part : {"files 1.2", "com.example.files", "1.2, needs 1.0", "x86-64", "abc",
                           "2.34 or newer", "1: fmcp_plugin_entry_v1", "FASTMCP_PLUGIN_FILES_ROOTS",
                           "required", "One of a, b.", "  - It has constructors."}) {
      EXPECT_THAT(out(), HasSubstr(part));
   }
}

TEST_F(Cli, InformsAboutAPluginForPrograms) {
   facts_ = example();
   EXPECT_EQ(call({"plugins", "info", "--json", "f.so"}), 0);
   fmcp::json::document doc;
   const auto root = doc.parse_copy(out());
   ASSERT_TRUE(root.has_value()) << root.error().message;
   EXPECT_EQ((*root)->find("manifest")->find_string("id"), "com.example.files");
   EXPECT_EQ((*root)->find("abi")->find("minor_built")->as_int64(), 2);
   EXPECT_EQ((*root)->find("warnings")->items().size(), 1u);
}

TEST_F(Cli, InformsAboutAPluginWhoseManifestIsWrong) {
   facts_ = example();
   facts_->manifest_json = R"({"name":"x","settings":1})";
   EXPECT_EQ(call({"plugins", "info", "f.so"}), 0);
   EXPECT_THAT(out(), HasSubstr("\"settings\" is no array"));
   facts_->manifest_json = "{\x1b[2J";
   EXPECT_EQ(call({"plugins", "info", "f.so"}), 0);
   EXPECT_THAT(out(), AllOf(HasSubstr("{\\x1b[2J"), Not(HasSubstr("\x1b"))));
   EXPECT_EQ(call({"plugins", "info", "f.so", "--json"}), 0);
   EXPECT_THAT(out(), HasSubstr("\"manifest\":null"));
}

TEST(ThisProcess, KnowsArgumentsEnvironmentAndPrefix) {
   const std::array<const char*, 3> argv{"fastmcp-host", "run", "x.so"};
   ::setenv("FMCP_TEST_OF_THE_ENVIRONMENT", "1", 1);
   const auto how = this_process(static_cast<int>(argv.size()), argv.data(), "1.2");
   EXPECT_THAT(how.arguments, ElementsAre("run", "x.so"));
   EXPECT_THAT(how.from.environment, ::testing::Contains("FMCP_TEST_OF_THE_ENVIRONMENT=1"));
   EXPECT_EQ(how.from.program_version, "1.2");
   EXPECT_FALSE(how.from.is_privileged);
   const auto self = std::filesystem::read_symlink("/proc/self/exe");
   EXPECT_EQ(how.from.prefix, self.parent_path().parent_path().string());
}

} // namespace
