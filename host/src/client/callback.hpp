#pragma once

/// What the browser brings back from the login: the query of the redirect URI (RFC 6749 section
/// 4.1.2, RFC 9207).
///
/// Thread safety: pure functions.

#include <cstdint>
#include <string>
#include <string_view>

namespace fmcp::client {

struct expected_callback {
   std::string state;
   std::string issuer;
   bool must_name_issuer = false; ///< the issuer says that it always does
};

struct callback {
   enum class kind : std::uint8_t {
      foreign, ///< not the answer to our question: whoever asks is told so, and we wait on
      granted,
      refused
   };
   kind what = kind::foreign;
   std::string text; ///< granted: the code, a secret. Otherwise a sentence
};

/// Without the right `state` it is foreign, whatever else it says: any page can send a browser to
/// an address of this machine. With it but without the right issuer it is refused, since then the
/// code may be another server's (mix-up attack); the same with two of `iss`, `error` or `code`. Two
/// of `state` are not the right one.
[[nodiscard]] callback read_callback(std::string_view query, const expected_callback& expected);

/// The page that the user sees in the end.
[[nodiscard]] std::string callback_page(const callback& c);

} // namespace fmcp::client
