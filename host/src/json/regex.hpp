#pragma once

/// Regular expressions of ECMA-262 (Unicode mode), as JSON Schema asks for them, run by PCRE2.
///
/// The pattern is translated, see regex_translate.cpp: both languages share most of their syntax
/// and differ in what `.`, `\s`, `\p{Letter}`, `\cA`, `$` and a dozen others mean. What a match may
/// cost is bounded, because pattern and text both come from outside.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace fmcp::json {

/// Thread safety: a compiled expression is immutable.
class regex {
public:
   enum class outcome : std::uint8_t { match, no_match, too_costly };

   /// Bounds of one match.
   struct budget {
      std::uint32_t match_limit = 100'000; ///< backtracking steps from one starting point
      std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
   };

   /// Errors: invalid (the message says what is wrong and at which byte of the pattern).
   static core::result<regex> compile(std::string_view pattern);
   /// A pattern of our own, in PCRE2's language: never one from outside.
   static core::result<regex> compile_own(std::string_view pattern);
   regex(regex&&) noexcept;
   regex& operator=(regex&&) noexcept;
   ~regex();

   /// Whether the expression matches anywhere in `text`. Precondition: `text` is UTF-8.
   [[nodiscard]] outcome search(std::string_view text, const budget& allowed) const noexcept;

private:
   struct code;
   explicit regex(std::unique_ptr<code> compiled) noexcept;
   std::unique_ptr<code> code_;
};

/// The pattern in PCRE2's language. Errors: invalid.
core::result<std::string> translate_ecma_pattern(std::string_view pattern);

} // namespace fmcp::json
