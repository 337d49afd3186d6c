#include "auth/issuer_pattern.hpp"

#include <algorithm>

#include "core/utf8.hpp"
#include "json/uri.hpp"

namespace fmcp::auth {
namespace {

using core::errc;
using core::fail;

/// RFC 3986 section 3.3, pchar, without percent-encoding.
bool is_segment_character(char c) noexcept {
   return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
          std::string_view("-._~!$&'()*+,;=:@").find(c) != std::string_view::npos;
}

bool is_open_segment(std::string_view segment) noexcept {
   return !segment.empty() && segment != "." && segment != ".." &&
          std::ranges::all_of(segment, is_segment_character);
}

bool is_control(char c) noexcept {
   return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

core::result<void> check_text(std::string_view text) {
   if (text.empty()) return fail(errc::invalid, "it is empty");
   if (text.size() > issuer_pattern::max_bytes) {
      return fail(errc::limit,
                  "it is longer than " + std::to_string(issuer_pattern::max_bytes) + " bytes");
   }
   if (!core::is_utf8(text) || std::ranges::any_of(text, is_control))
      return fail(errc::invalid, "it holds control characters or is not UTF-8");
   if (text.front() == ' ' || text.back() == ' ')
      return fail(errc::invalid, "it begins or ends with a blank");
   return {};
}

/// Of a pattern with stars: they must be segments of the path of a URL.
core::result<void> check_stars(std::string_view text) {
   const json::uri_parts url(text);
   if (!url.scheme || (*url.scheme != "https" && *url.scheme != "http") || !url.authority ||
       url.authority->empty() || url.query || url.fragment) {
      return fail(errc::invalid,
                  "a '*' can only stand in the path of an http or https URL without query");
   }
   if (url.authority->find('*') != url.authority->npos)
      return fail(errc::invalid, "a '*' cannot stand for a host or a part of one");
   std::size_t stars = 0;
   for (auto rest = url.path; !rest.empty();) {
      rest.remove_prefix(1); // a path behind an authority begins with a slash
      const auto segment = rest.substr(0, rest.find('/'));
      if (segment != "*" && segment.find('*') != segment.npos)
         return fail(errc::invalid, "a '*' stands for a whole path segment, not for a part of one");
      stars += segment == "*" ? 1 : 0;
      rest.remove_prefix(segment.size());
   }
   if (stars > issuer_pattern::max_stars) {
      return fail(errc::limit,
                  "it holds more than " + std::to_string(issuer_pattern::max_stars) + " of '*'");
   }
   return {};
}

} // namespace

core::result<issuer_pattern> issuer_pattern::compile(std::string_view text) {
   if (auto checked = check_text(text); !checked) return std::unexpected(checked.error());
   issuer_pattern out;
   out.text_ = text;
   if (text.find('*') != text.npos) {
      if (auto checked = check_stars(text); !checked) return std::unexpected(checked.error());
   }
   for (;;) {
      const auto star = text.find('*');
      out.pieces_.emplace_back(text.substr(0, star));
      if (star == text.npos) return out;
      text.remove_prefix(star + 1);
   }
}

bool issuer_pattern::matches(std::string_view issuer) const noexcept {
   if (pieces_.empty()) return false; // moved from
   if (!issuer.starts_with(pieces_.front())) return false;
   issuer.remove_prefix(pieces_.front().size());
   // A segment reaches to the next slash, and what follows a star is a slash or the end, so that
   // there is only one way to match.
   for (std::size_t i = 1; i < pieces_.size(); ++i) {
      const auto segment = issuer.substr(0, issuer.find('/'));
      if (!is_open_segment(segment)) return false;
      issuer.remove_prefix(segment.size());
      if (!issuer.starts_with(pieces_[i])) return false;
      issuer.remove_prefix(pieces_[i].size());
   }
   return issuer.empty();
}

} // namespace fmcp::auth
