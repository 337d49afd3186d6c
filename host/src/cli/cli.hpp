#pragma once

/// The command line: words in, exit code out.
///
///    fastmcp-host run [plugin.so ...]      serve until stopped
///    fastmcp-host plugins list             load everything, tell what became of each file
///    fastmcp-host plugins info FILE        what a file says about itself, without running it
///    fastmcp-host providers list           which providers of authentication are there
///    fastmcp-host providers describe NAME  the settings of one, without running it
///    fastmcp-host config show              every setting, its value and where it comes from
///    fastmcp-host doctor                   tries everything out, and says what is wrong
///    fastmcp-host ping URL                 whether an MCP server answers
///    fastmcp-host list URL                 its tools
///    fastmcp-host call URL TOOL [N=V ...]  calls one
///    fastmcp-host version
///
/// This room knows words, settings and how to print; what a command needs beyond that comes through
/// `commands`, which the app room fills. Exit codes: 0 done, 1 failed, 2 the command line is wrong.
/// Results go to `streams::out`, everything else to `streams::err`.

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/target.hpp"
#include "config/load.hpp"
#include "config/settings.hpp"
#include "core/result.hpp"

namespace fmcp::cli {

enum exit_code : int { done = 0, failed = 1, usage = 2 };

/// One line of `plugins list`.
struct plugin_row {
   std::string file;
   std::string name; ///< empty: the manifest could not be read
   std::string version;
   std::vector<std::string> kinds;
   std::vector<std::string> tools;
   std::string isolation = "in-process";
   std::string status; ///< `active`, `failed`, `skipped` …
   std::string reason; ///< one sentence when it is not active
   bool is_failure = false;
};

/// What `plugins info` prints: what can be known of a file without running any of it.
struct plugin_facts {
   std::string file;
   std::string sha256;
   std::uint64_t bytes = 0;
   std::string machine;       ///< `x86-64`
   std::string manifest_json; ///< as in the file; one JSON object
   std::uint32_t abi_major = 0, abi_minor_built = 0, abi_minor_needed = 0;
   std::vector<std::string> exports; ///< the first of them
   std::size_t export_count = 0, unique_count = 0;
   std::vector<std::string> needed;
   std::string highest_glibc;
   std::vector<std::string> warnings; ///< a sentence each
};

struct streams {
   std::ostream& out;
   std::ostream& err;
   std::istream* in = nullptr; ///< null: there is none
};

/// What `doctor` is to look into.
struct doctor_request {
   /// As `run` would see them, with http where nothing names a transport. Problems are in it, and
   /// have not been told yet.
   config::loaded settings;
   std::optional<std::string> token; ///< from `--token -`; not empty, absent with problems
};

/// What the commands do, for the app room to plug in.
struct commands {
   /// For commands that go on with secrets: takes from others' sight what the process was given at
   /// its start. Called once the settings are right, before anything is waited for.
   std::function<void(const config::settings&)> hide_secrets{};
   /// Serves until the process is told to stop; gives the exit code.
   std::function<int(const config::settings&)> run;
   std::function<core::result<std::vector<plugin_row>>(const config::settings&)> list_plugins;
   std::function<core::result<plugin_facts>(const config::settings&, const std::string& file)>
         inspect_plugin;
   /// For `config::sources::find_providers` and the commands about providers.
   std::function<std::vector<config::auth_candidate>(const config::settings&)> find_providers{};
   /// Gives the exit code.
   std::function<int(doctor_request, streams)> doctor{};
   /// To an MCP server, logged in if it wants that. The notice is told what comes with answers.
   std::function<core::result<std::unique_ptr<client::mcp_client>>(
         const client::target&, const config::settings&, streams, client::mcp_client::notice)>
         connect{};
   /// Gives how many logins were forgotten.
   std::function<core::result<std::size_t>(const std::string& url, const config::settings&)>
         forget_login{};
};

/// How the process was started.
struct invocation {
   std::vector<std::string> arguments; ///< without the program's name
   /// Without `flags`, which come from the arguments.
   config::sources from;
};

/// The invocation of this process: arguments, environment, and the prefix above the folder of the
/// running file (`/usr` for `/usr/bin/fastmcp-host`).
[[nodiscard]] invocation this_process(int argc, const char* const* argv, std::string version);

/// Does what the arguments say. Returns the exit code.
[[nodiscard]] int main(const invocation& how, const commands& what, streams io);

} // namespace fmcp::cli
