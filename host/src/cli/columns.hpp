#pragma once

/// Text in columns, for people.

#include <iosfwd>
#include <string>
#include <vector>

namespace fmcp::cli {

/// Prints each row with every column as wide as its widest cell; the last one takes what it needs.
/// Control characters are escaped: much of what is printed was written by others.
/// Precondition: rows are not longer than the first.
void print_columns(std::ostream& out, const std::vector<std::vector<std::string>>& rows);

/// At most `most` characters, with an ellipsis where something is missing.
[[nodiscard]] std::string shortened(const std::string& text, std::size_t most);

/// With a full stop, unless it ends like a sentence. Empty stays empty.
[[nodiscard]] std::string sentence(std::string text);

} // namespace fmcp::cli
