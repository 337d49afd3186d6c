// The `.env` parser, and the UTF-8 functions that it and every other parser start with.

#include "config/env_file.hpp"
#include "config/lookalike.hpp"
#include "core/text.hpp"
#include "core/utf8.hpp"
#include "fuzz.hpp"

using namespace fmcp;

namespace {

void check_utf8(std::string_view text) {
   const auto good = core::utf8_valid_prefix(text);
   fuzz::must(good <= text.size(), "a prefix is no longer than the text");
   fuzz::must(core::is_utf8(text.substr(0, good)), "the valid prefix is valid");
   const auto repaired = core::utf8_repaired(text);
   fuzz::must(core::is_utf8(repaired), "repaired text is valid");
   fuzz::must((repaired == text) == (good == text.size()), "valid text needs no repair");
   const auto cut = core::utf8_truncated(repaired, repaired.size() / 2);
   fuzz::must(core::is_utf8(cut), "no character is cut");
   std::string printable;
   core::append_printable(printable, text);
   for (const char c : printable) {
      fuzz::must(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "nothing commands a terminal");
   }
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
   const auto text = fuzz::text_of(data, size);
   check_utf8(text);
   constexpr config::env_limits bounds{.max_lines = 64, .max_value_bytes = 4096};
   const auto process = [](std::string_view name) -> std::optional<std::string> {
      if (name.empty() || name.size() > 8) return std::nullopt;
      return std::string(name) + "${" + std::string(name) + "}";
   };
   const auto lines = config::parse_env_file(text, process, bounds);
   if (!lines) {
      fuzz::must(!lines.error().message.empty(), "an error has words");
      return 0;
   }
   for (const auto& line : lines->lines) {
      fuzz::must(!line.name.empty(), "a variable has a name");
      fuzz::must(core::is_utf8(line.name) && core::is_utf8(line.value), "variables are UTF-8");
      fuzz::must(line.name.find('\0') == std::string::npos, "no name holds a NUL");
      fuzz::must(line.value.size() <= bounds.max_value_bytes, "a value keeps its limit");
   }
   for (const auto& loose : lines->loose) {
      fuzz::must(loose.text.find('=') == std::string::npos, "what has a '=' is no loose line");
      (void)config::subject_of(loose.text);
   }
   return 0;
}
