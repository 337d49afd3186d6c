#pragma once

/// Log lines of the process, on standard error.
///
/// A line is an interface: `level room event key=value …`. The event is a short stable phrase, each
/// value is one token or a quoted string, everything from outside is escaped, one event per line.
/// Levels: *error* wakes a human, *warn* is worth a graph, *info* is the life of the process,
/// *debug* is for us. Secrets, tokens and request bodies are never passed to this interface.

#include <cstdint>
#include <string_view>

#include <fmt/format.h>

namespace fmcp::core::log {

enum class level : std::uint8_t { trace, debug, info, warn, error, critical, off };

/// Sets the threshold. [any thread]
void set_level(level threshold) noexcept;
[[nodiscard]] bool enabled(level l) noexcept;
/// DEBUG, INFO, WARNING, ERROR, CRITICAL and our own names, in any case; false when unknown.
[[nodiscard]] bool parse_level(std::string_view text, level& out) noexcept;

/// Writes one line; control characters in `text` are escaped, at most 8 KiB are kept. [any thread]
void write(level l, std::string_view room, std::string_view text) noexcept;

/// `key="value"` with quotes, backslashes and control characters escaped; at most 512 bytes kept.
[[nodiscard]] std::string kv(std::string_view key, std::string_view value);

template <class... A>
void at(level l, std::string_view room, fmt::format_string<A...> f, A&&... a) {
   if (enabled(l)) write(l, room, fmt::format(f, std::forward<A>(a)...));
}
template <class... A>
void debug(std::string_view room, fmt::format_string<A...> f, A&&... a) {
   at(level::debug, room, f, std::forward<A>(a)...);
}
template <class... A>
void info(std::string_view room, fmt::format_string<A...> f, A&&... a) {
   at(level::info, room, f, std::forward<A>(a)...);
}
template <class... A>
void warn(std::string_view room, fmt::format_string<A...> f, A&&... a) {
   at(level::warn, room, f, std::forward<A>(a)...);
}
template <class... A>
void error(std::string_view room, fmt::format_string<A...> f, A&&... a) {
   at(level::error, room, f, std::forward<A>(a)...);
}

} // namespace fmcp::core::log
