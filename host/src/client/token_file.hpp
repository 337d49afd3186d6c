#pragma once

/// What logins left behind: `client/tokens.json` in the state directory, readable by its user alone
/// (0600; store/state_directory.hpp).
///
/// The file is replaced as a whole. Whoever changes it reads it again under a lock first, so that
/// two commands do not undo each other's work; `lock` held over a refresh also keeps two of them
/// from spending the same refresh token, which an authorization server takes for theft.
///
/// Thread safety: immutable; several processes may use the same directory.
/// Errors: denied (owner, mode; the sentence has the command that cures it), limit, timeout
/// (somebody holds the lock), io, invalid (the file is not ours). No sentence holds its content.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "client/oauth_messages.hpp"
#include "core/result.hpp"
#include "core/safe_path.hpp"
#include "store/state_directory.hpp"

namespace fmcp::client {

/// One login: what is known of a server's issuer and client, and the tokens if there are any.
struct kept_login {
   std::string server; ///< the MCP URL
   std::string issuer;
   std::string resource{};
   std::string token_endpoint{};
   client_identity client{};
   std::uint16_t redirect_port = 0; ///< that the client was registered with; 0: it was not
   std::string access_token{}, refresh_token{};
   std::vector<std::string> scopes{};
   std::int64_t renew_at_ms = 0; ///< Unix time from which a new one is needed; 0: not known
   friend bool operator==(const kept_login&, const kept_login&) = default;
};

using kept_logins = std::vector<kept_login>;

[[nodiscard]] std::string write_logins(const kept_logins& logins);
/// Errors: invalid, limit.
[[nodiscard]] core::result<kept_logins> read_logins(std::string_view text);

class token_file {
public:
   /// Makes the directory when it is missing.
   [[nodiscard]] static core::result<token_file> open(std::string_view directory);

   [[nodiscard]] core::result<kept_logins> read() const;
   /// Held until it goes.
   [[nodiscard]] core::result<core::unique_fd> lock() const;
   /// Puts `login` in the place of the one of the same server and issuer, as the last of its
   /// server. With the lock held by the caller.
   [[nodiscard]] core::result<void> keep(const core::unique_fd& lock,
                                         const kept_login& login) const;
   /// Everything of that server's; gives how many there were.
   [[nodiscard]] core::result<std::size_t> forget(std::string_view server) const;

private:
   explicit token_file(store::state_directory where) : where_(std::move(where)) {}
   [[nodiscard]] core::result<void> write(const kept_logins& logins) const;
   store::state_directory where_;
};

/// The last login of that server, or null.
[[nodiscard]] const kept_login* find_login(const kept_logins& in, std::string_view server);
[[nodiscard]] const kept_login* find_login(const kept_logins& in, std::string_view server,
                                           std::string_view issuer);

} // namespace fmcp::client
