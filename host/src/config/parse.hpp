#pragma once

/// From the text of a setting to its value. The same rules for the host's settings and a plugin's.
///
/// The error of each function continues the sentence "FASTMCP_PORT="x" …": `is not a whole number`.
/// No function trims a boolean or a text; numbers, durations, sizes and choices may have blanks
/// around.

#include <chrono>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fmcp::config {

template <class T>
using parsed = std::expected<T, std::string>;

/// 1/0 true/false t/f yes/no y/n on/off, in any case.
[[nodiscard]] parsed<bool> parse_boolean(std::string_view text);
/// `10`, `-3`, `10.0`; not `10.5`, not `1e3`.
[[nodiscard]] parsed<std::int64_t> parse_integer(std::string_view text, std::int64_t min,
                                                 std::int64_t max);
/// Any finite JSON number.
[[nodiscard]] parsed<double> parse_number(std::string_view text);
/// `500ms`, `30s`, `2m`, `24h`, `7d`, `1.5s`; a bare number is seconds.
[[nodiscard]] parsed<std::chrono::milliseconds> parse_duration(std::string_view text);
/// `4096`, `16KiB`, `4 MiB`, `1GB`; `k`, `m`, `g` alone count in 1024. Without unit: bytes.
[[nodiscard]] parsed<std::uint64_t> parse_size(std::string_view text);
/// One of `choices`, compared without case; gives its position.
[[nodiscard]] parsed<std::size_t> parse_choice(std::string_view text,
                                               std::span<const std::string_view> choices);
/// A JSON array (numbers in it become text), a JSON string or plain text, which are split at commas
/// and blanks. Empty: the empty list. Anything else that is JSON, or begins like it, is refused, so
/// that a slip of the finger does not become an entry.
[[nodiscard]] parsed<std::vector<std::string>> parse_list(std::string_view text);
/// The same, but plain text and a JSON string are one entry, whatever characters they have: an
/// audience or an issuer. Empty: the error.
[[nodiscard]] parsed<std::vector<std::string>> parse_entries(std::string_view text);
/// Paths separated by colons, or a JSON array of strings. Empty: the empty list.
[[nodiscard]] parsed<std::vector<std::string>> parse_paths(std::string_view text);
/// A JSON object of strings, numbers and booleans, or `key=value` pairs separated by commas.
[[nodiscard]] parsed<std::vector<std::pair<std::string, std::string>>>
parse_map(std::string_view text);
/// Any JSON value; gives its text on one line.
[[nodiscard]] parsed<std::string> parse_json(std::string_view text);
/// An absolute URL with a host, without user-info and fragment, whose scheme is one of `schemes`.
/// `http+loopback` in the list permits http to loopback only.
[[nodiscard]] parsed<std::string> parse_url(std::string_view text,
                                            std::span<const std::string_view> schemes);
/// `http://proxy:3128`, `proxy:3128`, with or without `user:password@`; `none` gives the empty
/// text.
[[nodiscard]] parsed<std::string> parse_proxy(std::string_view text);

/// The shortest text that `parse_duration` and `parse_size` read back: `24h`, `16KiB`.
[[nodiscard]] std::string duration_text(std::chrono::milliseconds d);
[[nodiscard]] std::string size_text(std::uint64_t bytes);

/// A value for a message: quoted, control characters escaped, cut after 60 bytes.
[[nodiscard]] std::string shown(std::string_view text);
/// ` Did you mean X?` or nothing.
[[nodiscard]] std::string suggestion(std::string_view name,
                                     std::span<const std::string_view> candidates);
/// `a, b or c`
[[nodiscard]] std::string alternatives(std::span<const std::string_view> names);

} // namespace fmcp::config
