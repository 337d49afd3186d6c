#pragma once

/// One function per command; each stands in a file of its own. `words` are what follows the
/// command.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/cli.hpp"
#include "cli/options.hpp"

namespace fmcp::cli {

/// What every command is given.
struct context {
   const invocation& how;
   const commands& what;
   streams io;
};

using words = std::vector<std::string>;

int run(const context& c, const words& w);
int plugins_list(const context& c, const words& w);
int plugins_info(const context& c, const words& w);
int providers_list(const context& c, const words& w);
int providers_describe(const context& c, const words& w);
int config_show(const context& c, const words& w);
int doctor(const context& c, const words& w);
int client_ping(const context& c, const words& w);
int client_list(const context& c, const words& w);
int client_call(const context& c, const words& w);
int version(const context& c, const words& w);

/// A command that looks at what is installed, as its help shows it. It has `--json`, which is told
/// there too.
struct page {
   std::string_view synopsis, purpose;
   std::string_view operand = {}; ///< `FILE`: exactly one is needed
   bool shows_settings = false;   ///< in the help; it takes them in any case
};
/// Prints the help when it is asked for; else decides the settings, and `show` does the rest.
/// Gives the exit code.
int look(const context& c, const words& w, const page& about,
         const std::function<int(const options&, const config::settings&)>& show);

/// See `commands::hide_secrets`.
void hide_secrets(const context& c, const config::settings& s);
/// A token: one line of `in`, at most 16 KiB. Errors: invalid, limit; without its content.
[[nodiscard]] core::result<std::string> read_token(std::istream* in);
/// `fastmcp-host: message` on the error stream. Gives `code` back.
int complain(const context& c, std::string_view message, int code);
/// Decides the settings with the flags of `o`.
[[nodiscard]] config::loaded load(const context& c, const options& o,
                                  config::purpose why = config::purpose::serving);
/// The same for a command that needs them to be right: on failure the problems are printed, and
/// `code` says how to exit. On success the log has its level, and notices are logged.
[[nodiscard]] core::result<config::settings> require_settings(const context& c, const options& o,
                                                              int& code, config::purpose why);
/// Whether `directory`, which something is wrong with, is a default of the setting and not there.
/// One that somebody has named has to be there.
[[nodiscard]] bool is_absent_by_default(const config::settings& s, std::string_view setting,
                                        const std::string& directory);

} // namespace fmcp::cli
