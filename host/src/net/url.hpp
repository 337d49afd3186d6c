#pragma once

/// The absolute URLs that outbound requests go to: a strict part of RFC 3986, so that nothing is
/// left for two parsers to read differently. libcurl is given what `text` writes, not what came.
///
/// Pure. Thread safety: any thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace fmcp::net {

struct url {
   std::string scheme;     ///< `https` or `http`
   std::string host;       ///< lower case; IPv6 literals in canonical form, without brackets
   std::uint16_t port = 0; ///< 443 or 80 when none was written
   std::string path;       ///< begins with '/'
   std::string query;      ///< with its '?', or empty

   /// Refused: other schemes, user-info, fragments, hosts that are no name, no dotted quad and no
   /// IPv6 literal (so `127.1`, `0x7f000001`, zones, trailing dots), and characters that RFC 3986
   /// wants encoded. Errors: invalid; the sentence says why and quotes nothing of the text, which
   /// may hold a secret.
   [[nodiscard]] static core::result<url> parse(std::string_view text);

   [[nodiscard]] bool is_https() const noexcept { return scheme == "https"; }
   /// The host is an address and no name.
   [[nodiscard]] bool is_literal() const noexcept;
   /// `localhost`, a name below it, or a loopback literal.
   [[nodiscard]] bool is_loopback() const noexcept;
   /// `https://api.example.com`, with the port unless it is the scheme's.
   [[nodiscard]] std::string origin() const;
   /// Origin and path, for people: printable, and a long path is cut.
   [[nodiscard]] std::string place() const;
   [[nodiscard]] std::string text() const { return origin() + path + query; }

   friend bool operator==(const url&, const url&) = default;
};

/// Where `location`, the field of a redirection, leads from `base` (RFC 3986 5.2, RFC 9110 10.2.2);
/// its fragment is dropped. Errors: as `url::parse`.
[[nodiscard]] core::result<url> follow(const url& base, std::string_view location);

} // namespace fmcp::net
