// A schema, a line `---`, an instance: both questions get the same answer, within the bounds.

#include "core/utf8.hpp"
#include "fuzz.hpp"
#include "json/document.hpp"
#include "json/schema.hpp"

using namespace fmcp;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
   constexpr std::string_view separator = "\n---\n";
   const auto input = fuzz::text_of(data, size);
   const auto cut = input.find(separator);
   const auto schema_text = input.substr(0, cut);
   const auto instance_text =
         cut == std::string_view::npos ? input : input.substr(cut + separator.size());

   json::schema_options options;
   options.assert_formats = true;
   options.max_subschemas = 500;
   options.max_depth = 32;
   options.load = [](std::string_view uri) -> std::optional<std::string> {
      if (uri == "http://x/y") return R"({"$id":"z","$defs":{"a":{"$anchor":"b"}}})";
      return std::nullopt;
   };
   const auto compiled = json::schema::compile(schema_text, options);
   if (!compiled) {
      fuzz::must(compiled.error().message.starts_with("the schema"), "an error names its place");
      return 0;
   }
   static json::document instance;
   const auto parsed = instance.parse_copy(instance_text, {.max_depth = 32});
   if (!parsed) return 0;
   const json::check_limits bounds{
         .max_steps = 20'000, .regex_match_limit = 1000, .max_regex_time = std::chrono::hours(1)};
   const bool is_valid = (*compiled)->accepts(**parsed, bounds);
   const auto reasons = (*compiled)->check(**parsed, bounds);
   fuzz::must(is_valid == reasons.empty(), "reasons are given when, and only when, it is invalid");
   fuzz::must(reasons.size() <= bounds.max_violations, "there are no more reasons than asked for");
   for (const auto& v : reasons) {
      fuzz::must(core::is_utf8(v.sentence()), "a sentence is UTF-8");
      fuzz::must(v.sentence().size() < 20'000, "a sentence is short");
   }
   return 0;
}
