#pragma once

/// Names and values as `application/x-www-form-urlencoded`, in both directions (RFC 6749 appendix
/// B).
///
/// Thread safety: pure functions.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fmcp::client {

using fields = std::vector<std::pair<std::string, std::string>>;

/// Everything but unreserved characters as %XX, so that it suits a URL's query as well.
[[nodiscard]] std::string form_encoded(const fields& of);
[[nodiscard]] std::string form_encoded(std::string_view text);
/// `url` with `of` behind what it has as a query.
[[nodiscard]] std::string with_query(std::string_view url, const fields& of);

/// Nothing: a broken escape, or more than 64 fields.
[[nodiscard]] std::optional<fields> form_decoded(std::string_view text);
[[nodiscard]] bool is_repeated(const fields& in, std::string_view name);
/// The value of a name that stands there exactly once.
[[nodiscard]] std::optional<std::string> single(const fields& in, std::string_view name);

} // namespace fmcp::client
