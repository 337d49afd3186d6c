#define PCRE2_CODE_UNIT_WIDTH 8

#include "json/regex.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <pcre2.h>

namespace fmcp::json {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t max_pattern_bytes = 16u << 10;
constexpr std::uint32_t heap_limit_kib = 1024;

/// What PCRE2 needs besides the code; one per thread, so that matching does not allocate.
struct workspace {
   pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
   pcre2_match_context* context = pcre2_match_context_create(nullptr);
   pcre2_jit_stack* stack = nullptr;

   workspace() {
      if (context != nullptr) pcre2_set_heap_limit(context, heap_limit_kib);
   }
   workspace(const workspace&) = delete;
   workspace& operator=(const workspace&) = delete;
   ~workspace() {
      pcre2_jit_stack_free(stack);
      pcre2_match_context_free(context);
      pcre2_match_data_free(data);
   }

   /// The 32 KiB that compiled code takes from the machine stack are not always enough.
   bool grow_stack() noexcept {
      if (stack != nullptr) return false;
      stack = pcre2_jit_stack_create(32u << 10, 512u << 10, nullptr);
      if (stack == nullptr) return false;
      pcre2_jit_stack_assign(context, nullptr, stack);
      return true;
   }
};

workspace& this_thread() {
   thread_local workspace w;
   return w;
}

} // namespace

struct regex::code {
   explicit code(pcre2_code* c) noexcept : compiled(c) {}
   code(const code&) = delete;
   code& operator=(const code&) = delete;
   ~code() { pcre2_code_free(compiled); }

   pcre2_code* compiled;
   bool is_anchored = false;
};

regex::regex(std::unique_ptr<code> compiled) noexcept : code_(std::move(compiled)) {}
regex::regex(regex&&) noexcept = default;
regex& regex::operator=(regex&&) noexcept = default;
regex::~regex() = default;

core::result<regex> regex::compile(std::string_view pattern) {
   if (pattern.size() > max_pattern_bytes) {
      return core::fail(core::errc::invalid, fmt::format("the pattern has {} bytes, allowed are {}",
                                                         pattern.size(), max_pattern_bytes));
   }
   const auto translated = translate_ecma_pattern(pattern);
   if (!translated) return std::unexpected(translated.error());
   return compile_own(*translated);
}

core::result<regex> regex::compile_own(std::string_view pattern) {
   // Without PCRE2_UCP, \d \w \b mean ASCII, as in ECMA-262. An unset group matches empty there.
   constexpr std::uint32_t options = PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_DOLLAR_ENDONLY |
                                     PCRE2_MATCH_UNSET_BACKREF | PCRE2_NEVER_BACKSLASH_C |
                                     PCRE2_USE_OFFSET_LIMIT;
   int error = 0;
   PCRE2_SIZE offset = 0;
   auto* compiled = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                  options, &error, &offset, nullptr);
   if (compiled == nullptr) {
      PCRE2_UCHAR text[128] = {};
      pcre2_get_error_message(error, text, sizeof text);
      return core::fail(core::errc::invalid, fmt::format("the pattern cannot be compiled: {}",
                                                         reinterpret_cast<const char*>(text)));
   }
   auto result = std::make_unique<code>(compiled);
   // Where the machine or its policy has no JIT, the interpreter does the same work.
   static_cast<void>(pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE));
   std::uint32_t all_options = 0;
   pcre2_pattern_info(compiled, PCRE2_INFO_ALLOPTIONS, &all_options);
   result->is_anchored = (all_options & PCRE2_ANCHORED) != 0;
   return regex(std::move(result));
}

// PCRE2's match limit counts backtracking points from one starting point. It counts neither the
// characters that a repeat runs over nor the starting points, so that `a*b` over a megabyte of a's
// is quadratic without touching the limit. Therefore (1) the limit shrinks with the length of the
// text, and (2) a long search is cut into windows of starting points, and the clock is read between
// two of them.
regex::outcome regex::search(std::string_view text, const budget& allowed) const noexcept {
   constexpr std::uint64_t work_per_start = 1'000'000'000;
   constexpr std::uint64_t backtracks_per_window = 1'000'000;
   constexpr std::uint64_t characters_per_window = 16'000'000;
   constexpr std::size_t short_text = 256;

   auto& w = this_thread();
   if (w.data == nullptr || w.context == nullptr) return outcome::too_costly;
   const std::uint64_t length = text.size() + 1;
   const auto limit = std::max<std::uint64_t>(
         std::min<std::uint64_t>(allowed.match_limit, work_per_start / length), 1);
   pcre2_set_match_limit(w.context, static_cast<std::uint32_t>(limit));
   pcre2_set_depth_limit(w.context, static_cast<std::uint32_t>(limit));

   const bool whole = code_->is_anchored || text.size() <= short_text;
   const auto window = std::max<std::uint64_t>(
         std::min(backtracks_per_window / limit, characters_per_window / length), 1);
   for (std::size_t start = 0;;) {
      if (clock::now() > allowed.deadline) return outcome::too_costly;
      const std::size_t last = whole ? text.size() : std::min(text.size(), start + window - 1);
      pcre2_set_offset_limit(w.context, last);
      const auto run = [&] {
         return pcre2_match(code_->compiled, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                            start, PCRE2_NO_UTF_CHECK, w.data, w.context);
      };
      int rc = run();
      if (rc == PCRE2_ERROR_JIT_STACKLIMIT && w.grow_stack()) rc = run();
      if (rc >= 0) return outcome::match;
      if (rc != PCRE2_ERROR_NOMATCH) return outcome::too_costly;
      if (last == text.size()) return outcome::no_match;
      start = last + 1;
      while (start < text.size() && (static_cast<unsigned char>(text[start]) & 0xC0u) == 0x80u) {
         ++start;
      }
   }
}

} // namespace fmcp::json
