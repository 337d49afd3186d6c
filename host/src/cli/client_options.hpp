#pragma once

/// What `ping`, `list` and `call` have in common: the server, how to be let in, how to print.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/commands.hpp"

namespace fmcp::cli {

struct client_words {
   grammar words;                      ///< of the command; what all have in common is added
   std::string_view synopsis, purpose; ///< for --help
};

/// A command that has been understood.
struct client_command {
   options given;
   client::target to;
   config::settings settings;
};

/// Nothing: the command is over, `code` says how (help was printed, words were wrong, logins were
/// forgotten).
[[nodiscard]] std::optional<client_command> understand(const context& c, client_words how,
                                                       const words& w, int& code);

/// Connects; what goes wrong is printed, and gives null.
[[nodiscard]] std::unique_ptr<client::mcp_client> connect(const context& c,
                                                          const client_command& command);

/// Prints the sentence. Gives `code` back.
int report(const context& c, const core::error& why, int code = failed);

/// For the terminal, whoever wrote it: controls are escaped, but for line ends and tabs.
[[nodiscard]] std::string plain(std::string_view text);

} // namespace fmcp::cli
