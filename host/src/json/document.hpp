#pragma once

/// Parsing JSON from outside, bounded before it is believed.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "json/value.hpp"

namespace fmcp::json {

/// What a text may cost. The defaults suit a request body.
struct limits {
   std::size_t max_depth = 64;        ///< nested arrays and objects
   std::size_t max_bytes = 16u << 20; ///< of text
   std::size_t max_values = 1u << 20; ///< values and members together
};

/// Owns the arena of one parsed text. Parsing again reuses the memory, so that a hot loop does not
/// allocate.
class document {
public:
   document();
   ~document();
   document(document&&) noexcept;
   document& operator=(document&&) noexcept;

   /// Parses `text`, which must outlive the values and stay unchanged: strings without escapes and
   /// all raw() views point into it.
   ///
   /// Refused, with the byte offset in the message: ill-formed UTF-8, lone surrogate escapes,
   /// duplicate member names (RFC 8259 leaves them open, so two readers may differ), a number whose
   /// value is not finite as a double, anything behind the value, an embedded NUL, a byte order
   /// mark, and whatever exceeds `bounds`.
   /// Errors: invalid, limit.
   core::result<const value*> parse(const std::string& text, const limits& bounds = {});
   /// The same for text that does not live long enough or is not NUL-terminated: a copy is kept.
   core::result<const value*> parse_copy(std::string_view text, const limits& bounds = {});

   /// The value of the last successful parse. Precondition: there was one.
   [[nodiscard]] const value& root() const noexcept;
   [[nodiscard]] bool empty() const noexcept;
   /// Forgets the value; keeps at most `keep_bytes` of memory for the next one.
   void clear(std::size_t keep_bytes = 64u << 10) noexcept;

private:
   struct impl;
   std::unique_ptr<impl> impl_;
};

} // namespace fmcp::json
