#pragma once

/// Takes the chunked coding (RFC 9112 7.1) off a body, in place.
///
/// A state machine over single bytes: it may be fed in any pieces and keeps none of them.
/// Extensions and trailer fields are checked for form, counted and thrown away (7.1.1 and 7.1.2
/// allow it): they are bytes that a peer can send without ever sending a body.
///
/// Strict where two readers could disagree on where the body ends: lines end with CR LF and nothing
/// else, a size is 1 to 16 hex digits, and a blank is allowed in front of an extension only.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fmcp::net {

class chunk_decoder {
public:
   enum class outcome : std::uint8_t {
      more,          ///< everything was used, the body goes on
      done,          ///< the body is complete; `used` says where the next message begins
      malformed,     ///< 400
      body_too_long, ///< 413
      line_too_long, ///< 431: extensions and trailers together
   };

   /// Bounds on the decoded body, and on extensions and trailers together. The size lines
   /// themselves are bounded by the body: at most 20 bytes for each chunk, and no chunk is empty.
   void begin(std::uint64_t max_body, std::size_t max_extra) noexcept;

   /// Decodes `size` bytes at `in` to `out`, where `out <= in` may be the same buffer. Sets `used`
   /// to the bytes taken and `made` to the bytes written.
   outcome decode(const char* in, std::size_t size, char* out, std::size_t& used,
                  std::size_t& made) noexcept;

private:
   enum class state : std::uint8_t {
      size_first,
      size,
      blank,
      extension,
      quoted,
      quoted_pair,
      size_lf,
      data,
      data_cr,
      data_lf,
      trailer_first,
      trailer_name,
      trailer_value,
      trailer_lf,
      end_lf,
      done,
   };

   outcome step(char c) noexcept;
   outcome end_of_size() noexcept;
   [[nodiscard]] bool is_counted() const noexcept;

   state state_ = state::size_first;
   std::uint8_t digits_ = 0;
   std::uint64_t chunk_ = 0; ///< of the chunk: its size, then what is left of it
   std::uint64_t body_left_ = 0;
   std::size_t extra_left_ = 0;
};

} // namespace fmcp::net
