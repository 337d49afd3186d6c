#pragma once

/// A text of a document that somebody else wrote, where absent, empty and of another type are the
/// same.
///
/// Thread safety: pure functions.

#include <string>
#include <string_view>

#include "json/document.hpp"

namespace fmcp::client {

/// The string member `name` of an object, or empty.
[[nodiscard]] inline std::string text_of(const json::value& from, std::string_view name) {
   return std::string(from.find_string(name).value_or(""));
}
/// The same of an object that may not be there.
[[nodiscard]] inline std::string text_of(const json::value* from, std::string_view name) {
   return from == nullptr ? std::string() : text_of(*from, name);
}

} // namespace fmcp::client
