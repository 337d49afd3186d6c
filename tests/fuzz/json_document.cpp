// What parses can be written and parsed again, and is the same; nothing exceeds its bounds.

#include "core/utf8.hpp"
#include "fuzz.hpp"
#include "json/document.hpp"
#include "json/number.hpp"
#include "json/unique.hpp"
#include "json/writer.hpp"

using namespace fmcp;

namespace {

std::size_t walk(const json::value& v, std::size_t depth) {
   fuzz::must(depth <= 16, "the depth keeps its limit");
   std::size_t values = 1;
   switch (v.type()) {
   case json::kind::number: {
      const auto n = v.as_int64();
      if (n) {
         fuzz::must(json::compare_numbers(v.number(), std::to_string(*n)) == 0,
                    "an integer is exact");
      }
      const json::decimal exact(v.number());
      if (std::abs(exact.point) < 1'000'000'000'000) { // exponents beyond that saturate
         fuzz::must(json::compare_numbers(v.number(), json::canonical(exact)) == 0,
                    "canonical numbers are equal");
      }
      static_cast<void>(json::is_multiple(json::decimal(v.number()), json::decimal("0.3")));
      static_cast<void>(v.as_double());
      break;
   }
   case json::kind::string: fuzz::must(core::is_utf8(v.string()), "strings are UTF-8"); break;
   case json::kind::array:
      for (const auto& item : v.items()) values += walk(item, depth + 1);
      static_cast<void>(json::has_unique_items(v));
      break;
   case json::kind::object:
      for (const auto& m : v.members()) {
         fuzz::must(v.find(m.key) == &m.val, "names are unique");
         values += 1 + walk(m.val, depth + 1);
      }
      break;
   case json::kind::null:
   case json::kind::boolean: break;
   }
   return values;
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
   static json::document first;
   static json::document second;
   constexpr json::limits bounds{.max_depth = 16, .max_bytes = 1u << 16, .max_values = 1000};
   const auto parsed = first.parse_copy(fuzz::text_of(data, size), bounds);
   if (!parsed) return 0;
   fuzz::must(walk(**parsed, 0) <= bounds.max_values, "the values keep their limit");
   std::string text;
   json::append_compact(text, **parsed);
   const auto again = second.parse(text, bounds);
   fuzz::must(again.has_value(), "compact text parses");
   fuzz::must((*again)->raw() == text, "compact text is one value");
   fuzz::must(json::equal(**parsed, **again), "compact text means the same");
   std::string a;
   std::string b;
   json::append_canonical(a, **parsed);
   json::append_canonical(b, **again);
   fuzz::must(a == b, "equal values have equal canonical texts");
   return 0;
}
