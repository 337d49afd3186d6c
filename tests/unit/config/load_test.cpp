#include "config/load.hpp"

#include <algorithm>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/temp_dir.hpp"

namespace {

using namespace fmcp::config;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class Load : public ::testing::Test {
public:
   Load() {
      from_.directory = dir_.path();
      from_.prefix = "/opt/host";
      from_.program_version = "9.8.7";
   }

   Load& env(std::string pair) {
      from_.environment.push_back(std::move(pair));
      return *this;
   }
   Load& flag(std::string name, std::string text) {
      from_.flags.emplace_back(std::move(name), std::move(text));
      return *this;
   }
   void env_file(std::string_view text) const { dir_.put(".env", text); }
   void config(std::string_view text) {
      dir_.put("host.json", text);
      env("FASTMCP_CONFIG=host.json");
   }

   settings good() const {
      auto l = load(from_);
      EXPECT_TRUE(l.values.has_value()) << l.values.error().message;
      return l.values ? *l.values : settings{};
   }
   std::string message() const {
      const auto l = load(from_);
      EXPECT_FALSE(l.values.has_value()) << "expected a problem";
      return l.values ? "" : l.values.error().message;
   }
   std::vector<std::string> notices() const {
      std::vector<std::string> out;
      for (const auto& n : load(from_).report.notices) out.push_back(n.text);
      return out;
   }
   report_row row(std::string_view name) const {
      const auto l = load(from_);
      const auto it = std::ranges::find(l.report.rows, name, &report_row::name);
      EXPECT_NE(it, l.report.rows.end());
      return *it;
   }

   fmcp::test::temp_dir dir_;
   sources from_;
};

TEST_F(Load, HasDefaultsWithoutAnything) {
   const auto s = good();
   EXPECT_EQ(s.transport, transport::stdio);
   EXPECT_EQ(s.host, "127.0.0.1");
   EXPECT_EQ(s.port, 8000);
   EXPECT_EQ(s.path, "/mcp");
   EXPECT_EQ(s.name, "fastmcp-host");
   EXPECT_EQ(s.version, "9.8.7");
   EXPECT_EQ(s.icons, "[]");
   EXPECT_THAT(s.plugin_dirs, ElementsAre("/opt/host/lib/fastmcp-host/plugins"));
   EXPECT_EQ(s.http_host_origin_protection, host_check::on);
   EXPECT_EQ(s.max_header_bytes, 32u * 1024);
   EXPECT_EQ(s.max_body_bytes, 4u << 20);
   EXPECT_EQ(s.max_connections, 10'000u);
   EXPECT_EQ(s.header_timeout, 10s);
   EXPECT_EQ(s.idle_timeout, 75s);
   EXPECT_EQ(s.session_ttl, 24h);
   EXPECT_EQ(s.call_timeout, 60s);
   EXPECT_EQ(s.page_size, 100u);
   EXPECT_EQ(s.cache_scope, cache_scope::private_to_caller);
   EXPECT_EQ(s.log_level, fmcp::core::log::level::info);
   EXPECT_THAT(load(from_).report.notices, IsEmpty());
}

// Precedence

TEST_F(Load, PrefersFlagThenEnvironmentThenEnvFileThenConfigFile) {
   for (int mask = 0; mask < 16; ++mask) {
      const fmcp::test::temp_dir dir;
      sources from;
      from.directory = dir.path();
      if (mask & 1) from.flags.emplace_back("name", "by-flag");
      if (mask & 2) from.environment.emplace_back("FASTMCP_NAME=by-environment");
      if (mask & 4) dir.put(".env", "FASTMCP_NAME=by-env-file\n");
      dir.put("c.json", mask & 8 ? "{\"name\":\"by-config-file\"}" : "{}");
      from.environment.emplace_back("FASTMCP_CONFIG=c.json");
      const char* expected = mask & 1   ? "by-flag"
                             : mask & 2 ? "by-environment"
                             : mask & 4 ? "by-env-file"
                             : mask & 8 ? "by-config-file"
                                        : "fastmcp-host";
      const char* source = mask & 1   ? "--name (command line)"
                           : mask & 2 ? "FASTMCP_NAME (environment)"
                           : mask & 4 ? "FASTMCP_NAME (.env:1)"
                           : mask & 8 ? "\"name\" (c.json:1)"
                                      : "default";
      const auto l = load(from);
      ASSERT_TRUE(l.values.has_value()) << l.values.error().message;
      EXPECT_EQ(l.values->name, expected) << mask;
      const auto row = std::ranges::find(l.report.rows, "name", &report_row::name);
      EXPECT_EQ(row->source, source) << mask;
      const int given = (mask & 1) + (mask >> 1 & 1) + (mask >> 2 & 1) + (mask >> 3 & 1);
      EXPECT_EQ(row->overridden.size(), static_cast<std::size_t>(std::max(0, given - 1))) << mask;
   }
}

TEST_F(Load, IgnoresABrokenValueThatIsOverridden) {
   flag("port", "9000").env("FASTMCP_PORT=abc");
   EXPECT_EQ(good().port, 9000);
}

TEST_F(Load, TakesTheLastOfARepeatedFlag) {
   flag("port", "1").flag("port", "2");
   EXPECT_EQ(good().port, 2);
}

TEST_F(Load, CollectsARepeatedListFlag) {
   flag("plugin_dirs", "/a").flag("plugin_dirs", "/b:/c").env("FASTMCP_PLUGIN_DIR=/never");
   EXPECT_THAT(good().plugin_dirs, ElementsAre("/a", "/b", "/c"));
}

TEST_F(Load, TakesPositionalFilesAsTheyAre) {
   flag("plugin_files", "odd:name.so").flag("plugin_files", "/x/[1].so");
   EXPECT_THAT(good().plugin_files, ElementsAre(dir_.at("odd:name.so"), "/x/[1].so"));
}

TEST_F(Load, TakesVariableNamesInAnyCase) {
   env("fastmcp_port=9001");
   EXPECT_EQ(good().port, 9001);
   EXPECT_EQ(row("port").source, "fastmcp_port (environment)");
}

TEST_F(Load, RefusesTwoSpellingsThatDisagree) {
   env("FASTMCP_PORT=1").env("fastmcp_port=2");
   EXPECT_THAT(message(), HasSubstr("FASTMCP_PORT and fastmcp_port are both in the environment"));
}

// .env

TEST_F(Load, ReadsTheEnvFileOfTheWorkingDirectory) {
   env_file("# settings\nexport FASTMCP_PORT=9002\nOTHER=x\n");
   EXPECT_EQ(good().port, 9002);
   EXPECT_EQ(good().env_file, dir_.at(".env"));
   EXPECT_EQ(row("port").source, "FASTMCP_PORT (.env:2)");
}

TEST_F(Load, ReadsTheNamedEnvFileInstead) {
   env_file("FASTMCP_PORT=1\n");
   dir_.put("sub/other.env", "FASTMCP_PORT=9003\n");
   env("FASTMCP_ENV_FILE=sub/other.env");
   EXPECT_EQ(good().port, 9003);
   EXPECT_EQ(row("port").source, "FASTMCP_PORT (sub/other.env:1)");
}

TEST_F(Load, RefusesANamedEnvFileThatIsMissing) {
   env("FASTMCP_ENV_FILE=none.env");
   EXPECT_THAT(message(),
               AllOf(HasSubstr("FASTMCP_ENV_FILE (environment)"), HasSubstr(dir_.at("none.env"))));
}

TEST_F(Load, RefusesAnEnvFileThatOthersMayWrite) {
   dir_.put(".env", "FASTMCP_PORT=1\n", 0666);
   EXPECT_THAT(message(), AllOf(StartsWith(".env is not read"), HasSubstr("writable by everybody"),
                                HasSubstr("chmod go-w")));
}

TEST_F(Load, RefusesAnEnvFileInADirectoryThatOthersMayWrite) {
   env_file("FASTMCP_PORT=1\n");
   ::chmod(dir_.path().c_str(), 0777);
   EXPECT_THAT(message(), HasSubstr(dir_.path() + " is writable by everybody"));
}

TEST_F(Load, RefusesAnEnvFileOfSomebodyElse) {
   env_file("FASTMCP_PORT=1\n");
   if (::geteuid() == 0) {
      ASSERT_EQ(::chown(dir_.at(".env").c_str(), 12345, 12345), 0);
      EXPECT_THAT(message(), HasSubstr("belongs to user 12345"));
   } else {
      EXPECT_EQ(good().port, 1); // our own file is fine, and we cannot give it away
   }
}

TEST_F(Load, DoesNotMindTheWorkingDirectoryWithoutAnEnvFile) {
   ::chmod(dir_.path().c_str(), 0777);
   EXPECT_EQ(good().env_file, "");
   std::filesystem::create_directory(dir_.at(".env")); // a Python virtual environment
   EXPECT_EQ(good().env_file, "");
}

TEST_F(Load, RefusesAnEnvFileThatIsALink) {
   dir_.put("other", "FASTMCP_PORT=1\n");
   std::filesystem::create_symlink("other", dir_.at(".env"));
   EXPECT_THAT(message(), HasSubstr("is a symbolic link"));
}

TEST_F(Load, NamesAnEmptyFileNameOnce) {
   env("FASTMCP_ENV_FILE=").env("FASTMCP_CONFIG=");
   EXPECT_EQ(message(), "2 things are wrong with the settings:\n"
                        "  - FASTMCP_CONFIG (environment) is empty; give the path of a file or "
                        "directory, or remove it.\n"
                        "  - FASTMCP_ENV_FILE (environment) is empty; give the path of a file or "
                        "directory, or remove it.");
}

TEST_F(Load, RefusesAnEnvFileWithABrokenLine) {
   env_file("A=b\nFASTMCP_NAME='open\n");
   EXPECT_EQ(message(), ".env cannot be understood. Line 2: the quote ' is not closed.");
}

TEST_F(Load, IgnoresAnEnvFileNamedInsideAnEnvFile) {
   env_file("FASTMCP_ENV_FILE=other\n");
   EXPECT_THAT(notices(), ElementsAre(HasSubstr("has no effect inside")));
   EXPECT_EQ(good().env_file, dir_.at(".env"));
}

TEST_F(Load, BelievesNoEnvironmentWhenPrivileged) {
   env_file("FASTMCP_PORT=1\n");
   env("FASTMCP_NAME=x");
   from_.is_privileged = true;
   EXPECT_EQ(good().port, 8000);
   EXPECT_EQ(good().name, "fastmcp-host");
   EXPECT_THAT(notices(), ElementsAre(HasSubstr("more rights")));
}

TEST_F(Load, IsNotOpenWhenItsSelectionIsNotBelieved) {
   env("FASTMCP_SERVER_AUTH=descope");
   from_.is_privileged = true;
   from_.flags = {{"transport", "http"}};
   EXPECT_THAT(message(), AllOf(HasSubstr("FASTMCP_SERVER_AUTH (environment) is not believed"),
                                HasSubstr("Use --auth")));
}

// Configuration file

TEST_F(Load, TakesJsonTypesAndTextsFromTheConfigFile) {
   config(R"({
      "port": 9004, "stateless": true, "header_timeout": "5s", "idle_timeout": 90, "max_body_bytes": "1MiB",
      "http_allowed_hosts": ["a.example", "b.example:81"], "plugin_dirs": ["p", "/q"], "transport": "http",
      "http_host_origin_protection": false, "icons": [ {"src": "https://example.com/i.png"} ], "title": null
   })");
   const auto s = good();
   EXPECT_EQ(s.port, 9004);
   EXPECT_TRUE(s.stateless);
   EXPECT_EQ(s.header_timeout, 5s);
   EXPECT_EQ(s.idle_timeout, 90s);
   EXPECT_EQ(s.max_body_bytes, 1u << 20);
   EXPECT_THAT(s.http_allowed_hosts, ElementsAre("a.example", "b.example:81"));
   EXPECT_EQ(s.transport, transport::http);
   EXPECT_EQ(s.http_host_origin_protection, host_check::off);
   EXPECT_EQ(s.icons, R"([{"src":"https://example.com/i.png"}])");
   EXPECT_EQ(s.title, "");
   EXPECT_EQ(row("idle_timeout").source, "\"idle_timeout\" (host.json:2)");
}

TEST_F(Load, CountsPathsOfTheConfigFileFromThatFile) {
   dir_.put("etc/host.json",
            R"({"plugin_dirs": ["../plugins"], "tls_cert": "c.pem", "tls_key": "/k.pem"})");
   env("FASTMCP_CONFIG=etc/host.json");
   const auto s = good();
   EXPECT_THAT(s.plugin_dirs, ElementsAre(dir_.at("plugins")));
   EXPECT_EQ(s.tls_cert, dir_.at("etc/c.pem"));
   EXPECT_EQ(s.tls_key, "/k.pem");
}

TEST_F(Load, RefusesAnUnknownKeyOfTheConfigFile) {
   config("{\n  \"prot\": 1\n}");
   EXPECT_EQ(message(), "\"prot\" (host.json:2) is no setting. Did you mean port?");
}

TEST_F(Load, RefusesAConfigFileThatIsNone) {
   config("[1]");
   EXPECT_EQ(message(), "host.json does not hold a JSON object.");
   config("{");
   EXPECT_THAT(message(), StartsWith("host.json is not JSON: "));
}

TEST_F(Load, RefusesAMissingConfigFile) {
   flag("config", "none.json");
   EXPECT_THAT(message(),
               AllOf(HasSubstr("--config (command line)"), HasSubstr(dir_.at("none.json"))));
   EXPECT_TRUE(load(from_).report.problems.front().is_usage);
}

TEST_F(Load, RefusesAConfigFileThatOthersMayWrite) {
   dir_.put("host.json", "{}", 0664);
   env("FASTMCP_CONFIG=host.json");
   EXPECT_THAT(message(), HasSubstr("writable by its group"));
}

TEST_F(Load, RefusesPluginSettingsOfTheWrongShape) {
   config(R"({"plugins": []})");
   EXPECT_THAT(message(), HasSubstr("must be an object with one object per plugin"));
   config(R"({"plugins": {"files": 1}})");
   EXPECT_THAT(message(), HasSubstr("must be an object with the plugin's settings"));
}

TEST_F(Load, ComplainsOnceAboutAHostThatIsNone) {
   env("FASTMCP_TRANSPORT=http").env("FASTMCP_HOST=");
   EXPECT_EQ(message(), "FASTMCP_HOST (environment) is empty; give a text, or remove it.");
}

// Values

struct bad_value {
   const char* variable;
   const char* text;
   const char* expected;
};
void PrintTo(const bad_value& b, std::ostream* os) {
   *os << b.variable << "=" << b.text;
}

class LoadRefuses : public ::testing::TestWithParam<bad_value> {};

TEST_P(LoadRefuses, WithTheReason) {
   const fmcp::test::temp_dir dir;
   sources from;
   from.directory = dir.path();
   const auto& [variable, text, expected] = GetParam();
   from.environment.push_back(std::string(variable) + "=" + text);
   const auto l = load(from);
   ASSERT_FALSE(l.values.has_value());
   EXPECT_EQ(l.values.error().message, expected);
}

INSTANTIATE_TEST_SUITE_P(
      Table, LoadRefuses,
      ::testing::Values(
            bad_value{"FASTMCP_PORT", "",
                      "FASTMCP_PORT (environment) is empty; give a whole number from 0 to 65535, "
                      "or remove it."},
            bad_value{"FASTMCP_PORT", "abc",
                      "FASTMCP_PORT=\"abc\" (environment) is not a whole number from 0 to 65535."},
            bad_value{"FASTMCP_PORT", "10.5",
                      "FASTMCP_PORT=\"10.5\" (environment) is not a whole number from 0 to 65535."},
            bad_value{
                  "FASTMCP_PORT", "65536",
                  "FASTMCP_PORT=\"65536\" (environment) is not a whole number from 0 to 65535."},
            bad_value{"FASTMCP_TRANSPORT", "htpp",
                      "FASTMCP_TRANSPORT=\"htpp\" (environment) is not stdio, http or "
                      "streamable-http. Did you mean http?"},
            bad_value{"FASTMCP_STATELESS_HTTP", "maybe",
                      "FASTMCP_STATELESS_HTTP=\"maybe\" (environment) is neither true nor false."},
            bad_value{"FASTMCP_LOG_LEVEL", "LOUD",
                      "FASTMCP_LOG_LEVEL=\"LOUD\" (environment) is not DEBUG, INFO, WARNING, ERROR "
                      "or CRITICAL."},
            bad_value{"FASTMCP_HEADER_TIMEOUT", "soon",
                      "FASTMCP_HEADER_TIMEOUT=\"soon\" (environment) is not a duration such as "
                      "500ms, 30s, 2m or 24h."},
            bad_value{
                  "FASTMCP_HEADER_TIMEOUT", "0",
                  "FASTMCP_HEADER_TIMEOUT=\"0\" (environment) is not a duration from 1ms to 31d."},
            bad_value{
                  "FASTMCP_MAX_BODY_BYTES", "10",
                  "FASTMCP_MAX_BODY_BYTES=\"10\" (environment) is not a size from 1KiB to 1GiB."},
            bad_value{
                  "FASTMCP_HOST", "127.0.0.1:8000",
                  "FASTMCP_HOST=\"127.0.0.1:8000\" (environment) holds a port; give that as port."},
            bad_value{"FASTMCP_HOST", "http://x",
                      "FASTMCP_HOST=\"http://x\" (environment) holds a port; give that as port."},
            bad_value{"FASTMCP_HOST", "a b",
                      "FASTMCP_HOST=\"a b\" (environment) is neither an address nor a host name."},
            bad_value{"FASTMCP_STREAMABLE_HTTP_PATH", "mcp",
                      "FASTMCP_STREAMABLE_HTTP_PATH=\"mcp\" (environment) is not a path such as "
                      "/mcp, without query, escapes and blanks."},
            bad_value{"FASTMCP_STREAMABLE_HTTP_PATH", "/healthz/",
                      "FASTMCP_STREAMABLE_HTTP_PATH=\"/healthz/\" (environment) is a path of the "
                      "health checks."},
            bad_value{"FASTMCP_BASE_URL", "example.com",
                      "FASTMCP_BASE_URL=\"example.com\" (environment) is not an absolute URL such "
                      "as https://example.com."},
            bad_value{"FASTMCP_BASE_URL", "https://u:hunter2@example.com",
                      "FASTMCP_BASE_URL (environment) holds a user name, which does not belong "
                      "into a URL here."},
            bad_value{"FASTMCP_HTTP_ALLOWED_HOSTS", "https://example.com",
                      "FASTMCP_HTTP_ALLOWED_HOSTS=\"https://example.com\" (environment) has the "
                      "entry \"https://example.com\", which is no host or host:port."},
            bad_value{"FASTMCP_HTTP_ALLOWED_ORIGINS", "example.com",
                      "FASTMCP_HTTP_ALLOWED_ORIGINS=\"example.com\" (environment) has the entry "
                      "\"example.com\", which is no origin such as https://app.example.com."},
            bad_value{"FASTMCP_HTTP_ALLOWED_ORIGINS", "*",
                      "FASTMCP_HTTP_ALLOWED_ORIGINS=\"*\" (environment) allows everybody; that is "
                      "what http_host_origin_protection=false is for."},
            bad_value{"FASTMCP_ICONS", "[{}]",
                      "FASTMCP_ICONS=\"[{}]\" (environment) has an icon without \"src\" that is an "
                      "https: or data: URI."},
            bad_value{"FASTMCP_PLUGIN_DIR", "/a::/b",
                      "FASTMCP_PLUGIN_DIR=\"/a::/b\" (environment) has an empty entry."},
            bad_value{"FASTMCP_NAME", "\xff",
                      "FASTMCP_NAME=\"\xEF\xBF\xBD\" (environment) is not UTF-8."},
            bad_value{
                  "FASTMCP_SESSION_KEY", "hunter2",
                  "FASTMCP_SESSION_KEY (environment) is too short; give at least 32 characters."}));

TEST_F(Load, AcceptsTheSpellingsThatPeopleUse) {
   env("FASTMCP_TRANSPORT=Streamable-HTTP")
         .env("FASTMCP_HOST=[::1]")
         .env("FASTMCP_LOG_LEVEL=warning");
   env("FASTMCP_STREAMABLE_HTTP_PATH=/mcp/")
         .env("FASTMCP_HTTP_HOST_ORIGIN_PROTECTION=auto")
         .env("FASTMCP_PORT=8000.0");
   const auto s = good();
   EXPECT_EQ(s.transport, transport::http);
   EXPECT_EQ(s.host, "::1");
   EXPECT_EQ(s.log_level, fmcp::core::log::level::warn);
   EXPECT_EQ(s.path, "/mcp");
   EXPECT_EQ(s.http_host_origin_protection, host_check::automatic);
   EXPECT_EQ(row("log_level").value, "WARNING");
   EXPECT_EQ(row("http_host_origin_protection").value, "auto");
}

TEST_F(Load, TakesAnEmptyListForAnEmptyText) {
   env("FASTMCP_PLUGIN_DIR=");
   EXPECT_THAT(good().plugin_dirs, IsEmpty());
}

TEST_F(Load, RefusesJsonOfTheWrongType) {
   config(R"({"name": {"a": 1}})");
   EXPECT_EQ(message(), R"("name"="{"a": 1}" (host.json:1) is not a JSON string.)");
}

TEST_F(Load, ReportsAllProblemsAtOnce) {
   flag("port", "x").env("FASTMCP_STATELESS_HTTP=2");
   config(R"({"nmae": "x"})");
   const auto text = message();
   EXPECT_THAT(text, StartsWith("3 things are wrong with the settings:\n"));
   EXPECT_THAT(text, HasSubstr("\n  - --port=\"x\" (command line) is not a whole number"));
   EXPECT_THAT(text, HasSubstr("\n  - FASTMCP_STATELESS_HTTP=\"2\" (environment)"));
   EXPECT_THAT(text, HasSubstr("\n  - \"nmae\" (host.json:1) is no setting. Did you mean name?"));
   const auto l = load(from_);
   EXPECT_EQ(std::ranges::count_if(l.report.problems, &problem::is_usage), 1);
}

// Secrets

constexpr auto key = "0123456789abcdef0123456789abcdef";

TEST_F(Load, HidesSecrets) {
   env(std::string("FASTMCP_SESSION_KEY=") + key);
   EXPECT_EQ(good().session_key, key);
   EXPECT_EQ(row("session_key").value, "(hidden)");
   EXPECT_EQ(row("session_key_previous").value, "");
}

TEST_F(Load, ReadsASecretFromAFile) {
   dir_.put("key", std::string(key) + "\n");
   env("FASTMCP_SESSION_KEY_FILE=" + dir_.at("key"));
   EXPECT_EQ(good().session_key, key);
   EXPECT_EQ(row("session_key").source, "FASTMCP_SESSION_KEY_FILE (environment)");
}

TEST_F(Load, ReadsASecretThroughTheLinksOfACluster) {
   dir_.put("..2024/key", key);
   std::filesystem::create_directory_symlink("..2024", dir_.at("..data"));
   std::filesystem::create_symlink("..data/key", dir_.at("key"));
   config(R"({"session_key_file": "key"})");
   EXPECT_EQ(good().session_key, key);
}

TEST_F(Load, RefusesASecretGivenTwice) {
   env(std::string("FASTMCP_SESSION_KEY=") + key).env("FASTMCP_SESSION_KEY_FILE=/x");
   EXPECT_EQ(message(), "FASTMCP_SESSION_KEY (environment) and FASTMCP_SESSION_KEY_FILE "
                        "(environment) are both set; keep "
                        "one of them.");
}

TEST_F(Load, LetsAStrongerLayerDecideHowASecretIsGiven) {
   dir_.put("key", key);
   env_file("FASTMCP_SESSION_KEY=another secret that is long enough....\n");
   env("FASTMCP_SESSION_KEY_FILE=" + dir_.at("key"));
   EXPECT_EQ(good().session_key, key);
}

TEST_F(Load, RefusesASecretFileThatCannotBeUsed) {
   env("FASTMCP_SESSION_KEY_FILE=" + dir_.at("none"));
   EXPECT_THAT(message(), AllOf(HasSubstr("FASTMCP_SESSION_KEY_FILE (environment) names a file"),
                                HasSubstr(dir_.at("none"))));
   dir_.put("none", "\n");
   EXPECT_THAT(message(), HasSubstr("is empty"));
   dir_.put("none", key, 0666);
   EXPECT_THAT(message(), AllOf(HasSubstr("writable by everybody"), Not(HasSubstr(key))));
}

TEST_F(Load, RefusesAPreviousKeyWithoutAKey) {
   env(std::string("FASTMCP_SESSION_KEY_PREVIOUS=") + key);
   env(std::string("FASTMCP_STORE_KEY_PREVIOUS=") + key);
   EXPECT_THAT(message(), AllOf(HasSubstr("session_key_previous is set without session_key"),
                                HasSubstr("store_key_previous is set without store_key")));
}

// Settings together

TEST_F(Load, RefusesHalfOfTls) {
   env("FASTMCP_TLS_CERT=c.pem");
   EXPECT_EQ(message(), "tls_cert is set without tls_key; HTTPS needs both.");
}

TEST_F(Load, RefusesAnOpenAddressWithoutConsent) {
   flag("transport", "http").flag("host", "0.0.0.0");
   EXPECT_THAT(message(), AllOf(HasSubstr("can be reached from other machines"),
                                HasSubstr("--allow-unauthenticated")));
   flag("allow_unauthenticated", "true");
   EXPECT_EQ(good().host, "0.0.0.0");
   EXPECT_THAT(notices(), ElementsAre(HasSubstr("Everybody who reaches 0.0.0.0"),
                                      HasSubstr("http_allowed_hosts")));
   env("FASTMCP_BASE_URL=https://mcp.example.com");
   EXPECT_THAT(notices(), ElementsAre(HasSubstr("Everybody who reaches 0.0.0.0")));
}

TEST_F(Load, DoesNotMindAnOpenAddressOnStdio) {
   flag("host", "0.0.0.0");
   EXPECT_EQ(good().transport, transport::stdio);
}

TEST(IsLoopback, KnowsTheWholeNetworkAndNothingElse) {
   for (const auto host : {"localhost", "LOCALHOST", "127.0.0.1", "127.255.0.3", "::1", "[::1]"})
      EXPECT_TRUE(is_loopback(host)) << host;
   for (const auto host :
        {"", "0.0.0.0", "::", "127.0.0.1.example.com", "127.1", "127.0.0.256", "127.0.0.1.",
         "localhost.example.com", "10.0.0.1", "example.com", "127.0.0.", "127.0..1"}) {
      EXPECT_FALSE(is_loopback(host)) << host;
   }
}

TEST_F(Load, SaysThatTheProtectionIsOff) {
   flag("transport", "http").env("FASTMCP_HTTP_HOST_ORIGIN_PROTECTION=no");
   EXPECT_THAT(notices(), ElementsAre(HasSubstr("http_host_origin_protection is off")));
}

// Authentication: more in auth_selection_test.cpp and auth_load_test.cpp

TEST_F(Load, NeverStartsOpenWhenProvidersCannotBeLookedAt) {
   const char* const wishes[] = {
         "FASTMCP_SERVER_AUTH=fastmcp.server.auth.providers.descope.DescopeProvider",
         "FASTMCP_SERVER_AUTH=", "fastmcp_server_auth=descope"};
   for (const auto* wish : wishes) {
      sources from = from_;
      from.flags.emplace_back("transport", "http");
      from.flags.emplace_back("allow_unauthenticated", "true");
      from.environment.emplace_back(wish);
      const auto l = load(from);
      ASSERT_FALSE(l.values.has_value()) << wish;
      EXPECT_THAT(l.values.error().message, HasSubstr("(environment)"));
   }
}

TEST_F(Load, SaysThatAuthenticationHasNoEffectOnStdio) {
   env("FASTMCP_SERVER_AUTH=descope");
   EXPECT_EQ(good().transport, transport::stdio);
   EXPECT_THAT(notices(), ElementsAre("FASTMCP_SERVER_AUTH (environment) has no effect on stdio."));
}

// Variables that nobody reads

TEST_F(Load, WarnsAboutVariablesThatAreNoSettings) {
   env("FASTMCP_PROT=1")
         .env("FASTMCP_SERVER_HOST=x")
         .env("FASTMCP_PLUGIN_DIRS=/x")
         .env("FASTMCP_ZZZZZZZZZZ=1")
         .env("OTHER=1");
   EXPECT_THAT(
         notices(),
         ElementsAre(
               "FASTMCP_PROT (environment) is no setting of this program and is ignored. Did you "
               "mean FASTMCP_PORT?",
               "FASTMCP_SERVER_HOST (environment) is no setting of this program and is ignored. "
               "Did you mean FASTMCP_HOST?",
               "FASTMCP_PLUGIN_DIRS (environment) is no setting of this program and is ignored. "
               "Did you mean FASTMCP_PLUGIN_DIR?",
               "FASTMCP_ZZZZZZZZZZ (environment) is no setting of this program and is ignored."));
   EXPECT_EQ(good().port, 8000);
}

TEST_F(Load, WarnsAboutOurVariablesWithASlipInThePrefix) {
   env("FASTMPC_PORT=9000").env("FASTMCPLOG_LEVEL=debug").env("FASTMPC_NOTHING=1");
   EXPECT_THAT(notices(), ElementsAre(AllOf(HasSubstr("FASTMPC_PORT (environment)"),
                                            HasSubstr("Did you mean FASTMCP_PORT?")),
                                      HasSubstr("Did you mean FASTMCP_LOG_LEVEL?")));
   EXPECT_EQ(good().port, 8000);
}

TEST_F(Load, TellsWhichLinesOfTheEnvFileSetNothing) {
   env_file("FASTMCP_PORT: 9000\nhunter2\nFASTMCP_HOST=127.0.0.1\n");
   EXPECT_THAT(notices(), ElementsAre("Lines 1, 2 of .env have no '=' and are ignored."));
   env_file(std::string(40, 'x') + "\n");
   EXPECT_THAT(notices(), ElementsAre("Line 1 of .env has no '=' and is ignored."));
   std::string many;
   for (int i = 0; i < 20; ++i) many += "x\n";
   env_file(many);
   EXPECT_THAT(notices(), ElementsAre("Lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 8 more of "
                                      ".env have no '=' and are ignored."));
   EXPECT_EQ(good().port, 8000);
}

TEST_F(Load, SaysOfAFileThatWasNamedThatItIsNotThere) {
   env("FASTMCP_ENV_FILE=/nope/x.env");
   EXPECT_EQ(message(), "FASTMCP_ENV_FILE (environment) names the file /nope/x.env, which is not "
                        "there.");
   from_.environment = {"FASTMCP_CONFIG=x.json"};
   EXPECT_EQ(message(), "FASTMCP_CONFIG (environment) names the file " + dir_.at("x.json") +
                              ", which is not there.");
}

TEST_F(Load, TellsThatTheClientsTokenHasNoEffectInAFile) {
   env_file("FASTMCP_CLIENT_TOKEN=hunter2\n");
   EXPECT_THAT(notices(),
               ElementsAre(AllOf(HasSubstr("FASTMCP_CLIENT_TOKEN (.env:1)"),
                                 HasSubstr("from the environment"), Not(HasSubstr("hunter2")))));
   env_file("");
   env("FASTMCP_CLIENT_TOKEN=hunter2");
   EXPECT_THAT(notices(), IsEmpty());
}

TEST_F(Load, PutsWarningsBehindTheProblemsOfARefusal) {
   env("FASTMCP_PROT=9000").env("FASTMCP_THREADS=");
   EXPECT_EQ(message(),
             "FASTMCP_THREADS (environment) is empty; give a whole number from 0 to 1024, "
             "or remove it.\nIt may have to do with this:\n  - FASTMCP_PROT (environment) "
             "is no setting of this program and is ignored. Did you mean FASTMCP_PORT?");
}

TEST_F(Load, KnowsWhatOnlyThePythonFrameworkHas) {
   env("FASTMCP_SSE_PATH=/sse");
   const auto l = load(from_);
   ASSERT_EQ(l.report.notices.size(), 1u);
   EXPECT_EQ(l.report.notices[0].level, fmcp::core::log::level::info);
   EXPECT_THAT(l.report.notices[0].text, HasSubstr("setting of the Python framework"));
}

TEST_F(Load, KeepsPluginVariablesForLater) {
   env("FASTMCP_PLUGIN_FILES_ROOTS=/data");
   EXPECT_THAT(notices(), IsEmpty());
   EXPECT_EQ(row("plugins").value, "FASTMCP_PLUGIN_FILES_ROOTS (environment)");
}

TEST_F(Load, RefusesAPluginOptionOfTheWrongForm) {
   for (const auto text :
        {"files", "files.roots", "files=x", ".roots=x", "files.=x", "files=a.b=c"}) {
      sources from = from_;
      from.flags.emplace_back("plugins", text);
      const auto l = load(from);
      ASSERT_FALSE(l.values.has_value()) << text;
      EXPECT_THAT(l.values.error().message, HasSubstr("is not of the form name.field=value"));
      EXPECT_TRUE(l.report.problems.front().is_usage);
   }
}

// State directory

TEST_F(Load, FindsAStateDirectory) {
   EXPECT_EQ(good().home, "/var/lib/fastmcp-host");
   env("HOME=/home/u");
   EXPECT_EQ(good().home, "/home/u/.local/state/fastmcp-host");
   env("XDG_STATE_HOME=/state");
   EXPECT_EQ(good().home, "/state/fastmcp-host");
   env("FASTMCP_HOME=h");
   EXPECT_EQ(good().home, dir_.at("h"));
}

} // namespace
