#pragma once

/// A host behind an authentication provider, and how its answers show who got in and who did not.
///
///    http_host host(protected_by("jwt", {{"JWT_PUBLIC_KEY", key.pem()}, ...}));
///    expect_let_in(host, token, "user-1");
///    expect_refused(host, expired_token, 401, "expired");
///
/// The tools are those of tests/plugins/guarded.cpp: `whoami`, which tells who calls, and
/// `admin_echo`, which needs the scope `tools:admin`. Clients know the server as
/// `https://srv.example/mcp`, which is never contacted.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/mcp_client.hpp"

namespace fmcp::test {

using variables = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::string_view public_url = "https://srv.example";
inline constexpr std::string_view metadata_url =
      "https://srv.example/.well-known/oauth-protected-resource/mcp";

/// Whole seconds since 1970. Not time(), whose clock may be some milliseconds behind the host's.
[[nodiscard]] std::int64_t unix_now();

/// `build/<preset>/lib/fastmcp-host/auth`
[[nodiscard]] std::string shipped_providers();

/// A setup with this provider of ours. Names are short: `JWT_ISSUER` is
/// `FASTMCP_SERVER_AUTH_JWT_ISSUER`, and a name that begins with `FASTMCP_` stays as it is.
[[nodiscard]] host_setup protected_by(std::string provider, const variables& named,
                                      std::vector<std::string> plugins = {"guarded"});
/// The same with a directory of providers that the test has made.
[[nodiscard]] host_setup protected_by_file(std::string provider, const std::string& directory,
                                           const variables& named);
[[nodiscard]] variables full_names(const variables& named);

/// Settings of `jwt` that fit `claims()` of token_maker.hpp; keys and algorithms are for the test
/// to add.
[[nodiscard]] variables usual_jwt();

[[nodiscard]] headers bearer(std::string_view token);
/// A modern call of a tool, with this token unless it is empty.
[[nodiscard]] http_request call_as(std::string_view token, std::string_view tool = "whoami",
                                   std::string_view arguments = {});
[[nodiscard]] http_answer ask_as(const http_host& host, std::string_view token,
                                 std::string_view tool = "whoami", std::string_view arguments = {});
/// What `whoami` says.
[[nodiscard]] json_text caller_of(const http_answer& answer);
/// The value of one `name="value"` of a challenge; empty when it is absent.
[[nodiscard]] std::string parameter_of(std::string_view challenge, std::string_view name);

/// Whether the answer lets nobody in and says why, in every place where it has to.
void expect_refusal(const http_answer& answer, int status, std::string_view reason);

/// As those below ask; `what` says which row of a matrix it is.
void expect_let_in(const http_host& host, std::string_view token, std::string_view subject,
                   std::string_view what = {});
void expect_refused(const http_host& host, std::string_view token, int status,
                    std::string_view reason, std::string_view what = {});

} // namespace fmcp::test
