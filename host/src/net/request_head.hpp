#pragma once

/// Reads the head of one request: Beast's parser, and the checks that it leaves to its user.
///
/// A pure function of the bytes: nothing is remembered between two calls, so a head that arrives in
/// pieces is read again from its first byte (the connection does that rarely, see there), one
/// reader serves all connections of a thread, and an idle connection pays nothing for it.
///
/// What must never pass, because two programs could see two different messages in it (RFC
/// 9112 11.2): a Transfer-Encoding that is not exactly `chunked`, one beside a Content-Length,
/// folded lines, bare CR, LF or NUL, space before the colon, anything but one well-formed Host.

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/http.hpp"

namespace fmcp::net {

enum class body_framing : std::uint8_t { none, sized, chunked };

struct request_head {
   core::http::request rq; ///< `body`, `peer_address` and `tls` are not the reader's to fill
   std::size_t size = 0;   ///< bytes up to and with the empty line
   body_framing body = body_framing::none;
   std::uint64_t content_length = 0;
   bool is_http_1_1 = true;
   bool expects_continue = false;
};

/// Why a request is not served. `reason` is one constant sentence that may go to the peer.
struct refusal {
   int status = 400;
   std::string_view reason;
};

/// Thread safety: none. Lifetimes: the views of `head()` point into the bytes given to `read` and
/// into this object; they are valid until the next call and until those bytes move.
class head_reader {
public:
   enum class outcome : std::uint8_t { incomplete, complete, refused };

   head_reader(std::size_t max_bytes, std::size_t max_fields);
   head_reader(const head_reader&) = delete;
   head_reader& operator=(const head_reader&) = delete;

   /// `bytes` begins where the request begins. Damage is found as early as the bytes show it.
   [[nodiscard]] outcome read(std::string_view bytes);

   [[nodiscard]] request_head& head() noexcept { return head_; }
   [[nodiscard]] const refusal& why() const noexcept { return why_; }

private:
   class parser;

   outcome refuse(int status, std::string_view reason) noexcept;
   outcome check(const parser& p, std::size_t size);
   bool check_target(std::string_view target);
   bool check_framing(const parser& p);

   std::size_t max_bytes_;
   std::vector<core::http::field> fields_; // its size is the most that is accepted
   request_head head_;
   refusal why_;
};

/// `host [ ":" port ]` of RFC 9110 7.2: a name, an IPv4 address or a bracketed IPv6 address; no
/// userinfo, no list, no blanks, a port of one to five digits.
[[nodiscard]] bool is_well_formed_host(std::string_view host) noexcept;

} // namespace fmcp::net
