#pragma once

/// The syntax of `.env` files, as python-dotenv reads them, with its silent failures made loud.
///
///    # a comment                          from a '#' at the start of a line or behind a blank
///    export NAME = value                  `export` and blanks around '=' are optional
///    NAME="two\nlines"  NAME='as it is'   quoted values may go over several lines
///    URL=https://${HOST}:${PORT:-8000}    expanded in every form, single quotes included
///
/// The last of several values of a name counts. `NAME=` is the empty text. A line without '=' sets
/// nothing, and is given back for whoever has to tell. CRLF and a byte order mark are taken off.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace fmcp::config {

struct env_line {
   std::string name;
   std::string value;
   std::size_t line; ///< of the name, from 1

   friend bool operator==(const env_line&, const env_line&) = default;
};

/// A line that is neither empty nor a comment and has no '='. Its text may be a secret.
struct loose_line {
   std::string text;
   std::size_t line; ///< from 1

   friend bool operator==(const loose_line&, const loose_line&) = default;
};

struct env_text {
   std::vector<env_line> lines; ///< all assignments, in order
   std::vector<loose_line> loose;
};

struct env_limits {
   std::size_t max_lines = 4096;
   std::size_t max_value_bytes = 64 * 1024; ///< after expansion; a chain of ${…} doubles quickly
};

/// The value of a variable of the process, or nothing.
using variable_lookup = std::function<std::optional<std::string>(std::string_view name)>;

/// Reads a whole file. A `${NAME}` is what the file said above, else what `process` knows,
/// else the text behind `:-`, else empty.
///
/// Errors: invalid (an open quote, a name that is none, text behind a closing quote, a NUL or
/// ill-formed UTF-8; the message begins with the line number), limit. One bad line refuses the
/// file: skipping it could start a server without what the line was to switch on.
[[nodiscard]] core::result<env_text> parse_env_file(std::string_view text,
                                                    const variable_lookup& process,
                                                    const env_limits& bounds = {});

} // namespace fmcp::config
