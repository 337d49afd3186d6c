#pragma once

/// Text in files: whether it is any, which lines of it, where something stands in it.
///
/// Thread safety: pure functions over a descriptor of the caller's.
/// Errors: file_error when reading fails.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace files {

/// No NUL, and UTF-8 except perhaps for a sequence that is cut at the end.
bool is_text(std::string_view bytes);
/// By the name's extension, or by whether it is text.
std::string mime_of(std::string_view name, bool is_text);
/// At most `most` bytes, cut where a UTF-8 sequence begins.
std::string_view cut_at_character(std::string_view text, std::size_t most);

struct line_range {
   std::string text;        ///< lines with their ends
   std::uint64_t first = 0; ///< of the lines in `text`, from 1; 0: none
   std::uint64_t last = 0;
   bool is_cut = false;      ///< `text` stops inside line `last`
   bool reached_end = false; ///< there is nothing behind it
   std::uint64_t total = 0;  ///< lines of the file, when the end was reached
};

/// Lines from..from+count-1 of an open file, at most `most` bytes of them; at least the beginning
/// of one line if there is any. Looks through at most `scan` bytes to find them: then nothing.
std::optional<line_range> read_lines(int fd, std::uint64_t from, std::uint64_t count,
                                     std::size_t most, std::uint64_t scan);
/// The first `most` bytes.
std::string read_bytes(int fd, std::size_t most);

struct found_line {
   std::uint64_t number = 0;
   std::string text; ///< around the match when the line is long
};
/// The lines that hold `wanted`, at most `most` of them. `wanted` must be in lower case when
/// `ignore_case`, which folds ASCII letters.
std::vector<found_line> find_lines(std::string_view text, std::string_view wanted, bool ignore_case,
                                   std::size_t most);
/// ASCII letters in lower case.
std::string lowered(std::string_view text);

} // namespace files
