#pragma once

/// Where a command may connect to, and whether a URL that a document names may be used.
///
/// Whoever types the server's URL trusts its origin. Every other URL comes from a document of that
/// server's, so it may lead to public `https` places only: else a server could have its clients
/// knock at the doors of their own network. The exception is a server on loopback, whose
/// authorization server is on loopback too while somebody develops both.
///
/// Thread safety: immutable.

#include <memory>
#include <string>
#include <string_view>

#include "core/fetch.hpp"
#include "core/result.hpp"

namespace fmcp::client {

class reach {
public:
   /// Errors: invalid; denied for plain http that leaves this machine. The sentence says what is
   /// wrong with the URL and which one it is, without user-info and query, which may be secrets.
   [[nodiscard]] static core::result<reach> of_server(std::string_view url);

   /// The server's URL in the spelling that requests and comparisons use.
   [[nodiscard]] const std::string& server() const noexcept { return server_; }
   [[nodiscard]] const std::string& origin() const noexcept { return origin_; }
   [[nodiscard]] bool is_loopback() const noexcept { return is_loopback_; }

   /// For a request to `url`.
   [[nodiscard]] std::shared_ptr<const core::http::fetch_policy>
   policy_for(std::string_view url) const;
   /// Whether a page or endpoint that a document names may be used at all: https, or http on
   /// loopback when the server is there. Errors: denied, invalid; `what` begins the sentence.
   [[nodiscard]] core::result<void> check(std::string_view what, std::string_view url) const;

private:
   reach() = default;
   std::string server_, origin_;
   bool is_loopback_ = false;
};

/// Whether `resource` is `url` or a path above it at the same origin (RFC 9728 section 3.3, as the
/// clients of the protocol read it). A slash at the end does not count.
[[nodiscard]] bool is_resource_of(std::string_view resource, std::string_view url);

} // namespace fmcp::client
