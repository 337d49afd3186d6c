// The translation never hands PCRE2 what it refuses for its syntax, and matching is bounded.

#include "json/regex.hpp"
#include "core/utf8.hpp"
#include "fuzz.hpp"

using namespace fmcp;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
   const auto pattern = fuzz::text_of(data, size);
   const auto translated = json::translate_ecma_pattern(pattern);
   if (translated) fuzz::must(core::is_utf8(*translated), "a translated pattern is UTF-8");
   const auto compiled = json::regex::compile(pattern);
   if (!compiled) {
      fuzz::must(!compiled.error().message.empty(), "an error has words");
      return 0;
   }
   fuzz::must(translated.has_value(), "what compiles can be translated");
   const json::regex::budget allowed{.match_limit = 1000};
   static_cast<void>(compiled->search(pattern, allowed));
   static_cast<void>(compiled->search("", allowed));
   static_cast<void>(compiled->search("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\xE2\x82\xAC", allowed));
   return 0;
}
