#include "json/unique.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "json/number.hpp"
#include "json/writer.hpp"

namespace fmcp::json {

void append_canonical(std::string& out, const value& v) {
   switch (v.type()) {
   case kind::null: out.append("null"); break;
   case kind::boolean: out.append(v.boolean() ? "true" : "false"); break;
   case kind::number: out.append(canonical(decimal(v.number()))); break;
   case kind::string: append_string(out, v.string()); break;
   case kind::array:
      out.push_back('[');
      for (const auto& item : v.items()) {
         append_canonical(out, item);
         out.push_back(',');
      }
      out.push_back(']');
      break;
   case kind::object: {
      std::vector<const member*> sorted;
      sorted.reserve(v.members().size());
      for (const auto& m : v.members()) sorted.push_back(&m);
      std::ranges::sort(sorted, {}, &member::key);
      out.push_back('{');
      for (const auto* m : sorted) {
         append_string(out, m->key);
         out.push_back(':');
         append_canonical(out, m->val);
         out.push_back(',');
      }
      out.push_back('}');
      break;
   }
   }
}

bool has_unique_items(const value& array) {
   const auto items = array.items();
   constexpr std::size_t pairwise_up_to = 8;
   if (items.size() <= pairwise_up_to) {
      for (std::size_t i = 1; i < items.size(); ++i) {
         for (std::size_t j = 0; j < i; ++j) {
            if (equal(items[i], items[j])) return false;
         }
      }
      return true;
   }
   std::string texts;
   std::vector<std::size_t> ends;
   ends.reserve(items.size());
   for (const auto& item : items) {
      append_canonical(texts, item);
      ends.push_back(texts.size());
   }
   std::vector<std::string_view> sorted;
   sorted.reserve(items.size());
   std::size_t begin = 0;
   for (const auto end : ends) {
      sorted.push_back(std::string_view(texts).substr(begin, end - begin));
      begin = end;
   }
   std::ranges::sort(sorted);
   return std::ranges::adjacent_find(sorted) == sorted.end();
}

} // namespace fmcp::json
