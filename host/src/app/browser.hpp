#pragma once

/// The user's browser, for the page of a login.

#include <string>

namespace fmcp::app {

/// Starts what `BROWSER` names (programs separated by colons, tried in turn; `%s` stands for the
/// URL, which else comes last), or `xdg-open` where there is a display. Never by way of a shell. It
/// gets an empty standard input, our standard error as its output, no FASTMCP variables, and is not
/// waited for. False: nothing could be started.
[[nodiscard]] bool open_browser(const std::string& url);

} // namespace fmcp::app
