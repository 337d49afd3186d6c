#pragma once

/// Which issuers a policy trusts: an exact string, or a URL in whose path some segments are open.
///
/// RFC 7519 section 2 (StringOrURI) compares issuers as strings, without any normalisation, and so
/// does this: the case of a host, a default port, a slash at the end and percent-encoding all
/// count. The comparison is of the whole string; a prefix would trust whoever can append to it.
///
/// `*` stands for exactly one path segment (RFC 3986 section 3.3) that is not empty. What could be
/// more than one segment to another reader does not match it: percent-encoding (%2F), and the dot
/// segments. There is no tolerance for a slash at the end; a policy that wants it lists both forms.
///
/// Thread safety: immutable.
/// Errors: invalid, limit; part of a sentence that ends in the reason.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace fmcp::auth {

class issuer_pattern {
public:
   static constexpr std::size_t max_bytes = 2048;
   static constexpr std::size_t max_stars = 8;

   [[nodiscard]] static core::result<issuer_pattern> compile(std::string_view text);

   [[nodiscard]] bool matches(std::string_view issuer) const noexcept;
   [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
   std::string text_;
   std::vector<std::string> pieces_; // what stands around the stars: one more than there are stars
};

} // namespace fmcp::auth
