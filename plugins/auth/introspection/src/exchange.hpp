#pragma once

/// Token introspection (RFC 7662) as text: the question to the authorization server, and what its
/// answer means. Pure functions, no network.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fmcp/cpp/auth.hpp>
#include <fmcp/cpp/http.hpp>

namespace introspection {

/// `application/x-www-form-urlencoded`, with %20 for blanks, which every decoder reads.
[[nodiscard]] std::string form_encoded(std::string_view text);

/// Value of `Authorization`; both parts are form-encoded first (RFC 6749 section 2.3.1).
[[nodiscard]] std::string basic(std::string_view client_id, std::string_view secret);

enum class client_auth { basic, post };

[[nodiscard]] fmcp::http_request question(const std::string& url, std::string_view token,
                                          std::string_view client_id, std::string_view secret,
                                          client_auth how);

struct rules {
   std::vector<std::string> issuers, audiences; ///< empty: not looked at
   std::chrono::seconds cache_for{0};
};

/// What an HTTP answer says about the token at `now` (seconds since 1970). Only `active: true`
/// allows; what is no answer of an introspection endpoint tells nothing, which is no reason to log
/// everybody out.
[[nodiscard]] fmcp::auth_answer judge(const fmcp::http_response& r, const rules& by,
                                      std::int64_t now);

} // namespace introspection
