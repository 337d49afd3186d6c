#pragma once

/// Writes the heads of answers.

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "core/http.hpp"

namespace fmcp::net {

/// How the answer's end is told, and whether the connection goes on (RFC 9112 6.3 and 9.3).
struct answer_framing {
   std::optional<std::size_t> content_length; ///< of what a GET would get; empty: a stream
   bool is_http_1_1 = true;
   bool keep_alive = true;
};

/// Appends status line, `date_line`, the fields that net adds, the caller's, and the empty line.
/// A field that could split the message (a name that is no token, CR, LF or NUL in the value) or
/// that frames it is left out and logged.
void append_head(std::string& out, const core::http::response_head& head,
                 std::string_view date_line, const answer_framing& framing);

/// A whole answer of net's own: `reason` as text (not if it answers a HEAD), `Connection: close`.
void append_refusal(std::string& out, int status, std::string_view reason,
                    std::string_view date_line, bool is_to_head);

/// The field that says what the peer would not assume (RFC 9112 9.3); may be empty.
[[nodiscard]] std::string_view connection_line(bool is_http_1_1, bool keep_alive) noexcept;

/// 1xx, 204 and 304 have no body and no Content-Length (RFC 9110 8.6).
[[nodiscard]] constexpr bool has_body(int status) noexcept {
   return status >= 200 && status != 204 && status != 304;
}

/// The `Date` field, made anew when the second changes.
class date_cache {
public:
   date_cache() noexcept { update(::time(nullptr)); }
   [[nodiscard]] std::string_view line() noexcept {
      const std::time_t now = ::time(nullptr);
      if (now != second_) update(now);
      return {text_, sizeof text_ - 1};
   }

private:
   void update(std::time_t now) noexcept;

   std::time_t second_ = 0;
   char text_[sizeof "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"] = {};
};

} // namespace fmcp::net
