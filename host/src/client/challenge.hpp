#pragma once

/// What a server that refuses says about the token it wants: `WWW-Authenticate` (RFC 9110 section
/// 11.6.1, RFC 6750 section 3, RFC 9728 section 5.1).
///
/// Thread safety: pure functions. Errors: none; what cannot be read is not there.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fmcp::client {

struct challenge {
   std::string error{};             ///< `invalid_token`, `insufficient_scope` …
   std::string error_description{}; ///< what a stranger wrote; printable, not long
   std::vector<std::string> scopes{};
   std::string resource_metadata{}; ///< a URL, not checked
};

/// The first challenge of the scheme Bearer in the fields of an answer; everything empty when there
/// is none. A parameter that stands twice counts as it stood first. At most 8 KiB of a field are
/// read.
[[nodiscard]] challenge
find_challenge(const std::vector<std::pair<std::string, std::string>>& fields);

/// Blank-separated scopes (RFC 6749 section 3.3); each once, in order, at most 100, without what is
/// no scope.
[[nodiscard]] std::vector<std::string> split_scopes(std::string_view text);
/// Both, each scope once.
[[nodiscard]] std::vector<std::string> united(std::vector<std::string> a,
                                              const std::vector<std::string>& b);
[[nodiscard]] std::string join_scopes(const std::vector<std::string>& scopes);

/// A stranger's words for one of our sentences: printable, on one line, at most 300 bytes.
[[nodiscard]] std::string excerpt(std::string_view text);

} // namespace fmcp::client
