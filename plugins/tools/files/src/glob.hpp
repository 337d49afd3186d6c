#pragma once

/// File name patterns: `*` any characters, `?` one, `[a-z]` and `[!a-z]` one of a set, none of them
/// a slash; `**` as a whole component any number of components.
///
/// A pattern without a slash is about the last component of a path alone: "*.md". One with a slash
/// is about the whole path: "docs/**/*.md".
///
/// Thread safety: pure function. Time: at most the product of the two lengths.

#include <string_view>

namespace files {

bool matches_glob(std::string_view pattern, std::string_view path);

} // namespace files
