#include "glob.hpp"

#include <cstddef>
#include <vector>

namespace files {
namespace {

/// The bytes of the UTF-8 character at the front; 1 when there is none.
std::size_t character(std::string_view s) {
   const auto c = static_cast<unsigned char>(s.front());
   const std::size_t n = c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
   return n <= s.size() ? n : s.size();
}

/// "[…]" at the front of `pattern`: whether it matches `c`, and its length; 0 when it is not
/// closed.
std::size_t match_set(std::string_view pattern, unsigned char c, bool& is_match) {
   std::size_t i = 1;
   const bool is_negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
   if (is_negated) ++i;
   bool found = false;
   for (std::size_t first = i; i < pattern.size(); ++i) {
      if (pattern[i] == ']' && i != first) {
         is_match = found != is_negated;
         return i + 1;
      }
      const auto low = static_cast<unsigned char>(pattern[i]);
      auto high = low;
      if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
         high = static_cast<unsigned char>(pattern[i + 2]);
         i += 2;
      }
      found = found || (low <= c && c <= high);
   }
   return 0;
}

/// One component. After a mismatch only the last `*` can be stretched: what an earlier one could
/// still match, the last one can too.
bool matches_component(std::string_view pattern, std::string_view name) {
   std::size_t p = 0, n = 0;
   std::size_t star = std::string_view::npos, star_n = 0;
   while (n < name.size()) {
      if (p < pattern.size() && pattern[p] == '*') {
         star = p++;
         star_n = n;
         continue;
      }
      std::size_t used_p = 0, used_n = 1;
      if (p < pattern.size() && pattern[p] == '?') {
         used_p = 1;
         used_n = character(name.substr(n));
      } else if (p < pattern.size() && pattern[p] == '[') {
         bool is_match = false;
         const auto length =
               match_set(pattern.substr(p), static_cast<unsigned char>(name[n]), is_match);
         if (length == 0) { // not closed: a bracket like any character
            used_p = name[n] == '[' ? 1 : 0;
         } else if (is_match) {
            used_p = length;
         }
      } else if (p < pattern.size() && pattern[p] == name[n]) {
         used_p = 1;
      }
      if (used_p != 0) {
         p += used_p;
         n += used_n;
      } else if (star != std::string_view::npos) {
         p = star + 1;
         n = ++star_n;
      } else {
         return false;
      }
   }
   while (p < pattern.size() && pattern[p] == '*') ++p;
   return p == pattern.size();
}

std::vector<std::string_view> components(std::string_view path) {
   std::vector<std::string_view> out;
   while (true) {
      const auto slash = path.find('/');
      const auto part = path.substr(0, slash);
      if (!part.empty()) out.push_back(part);
      if (slash == std::string_view::npos) return out;
      path.remove_prefix(slash + 1);
   }
}

} // namespace

bool matches_glob(std::string_view pattern, std::string_view path) {
   if (pattern.find('/') == std::string_view::npos) {
      const auto slash = path.rfind('/');
      return matches_component(pattern,
                               slash == std::string_view::npos ? path : path.substr(slash + 1));
   }
   const auto wanted = components(pattern), given = components(path);
   // reach[j]: the components of the pattern so far match the first j of the path.
   std::vector<char> reach(given.size() + 1, 0);
   reach[0] = 1;
   for (const auto part : wanted) {
      std::vector<char> next(given.size() + 1, 0);
      for (std::size_t j = 0; j <= given.size(); ++j) {
         if (part == "**") {
            next[j] = reach[j] != 0 || (j > 0 && next[j - 1] != 0);
         } else if (j > 0) {
            next[j] = reach[j - 1] != 0 && matches_component(part, given[j - 1]);
         }
      }
      reach.swap(next);
   }
   return reach.back() != 0;
}

} // namespace files
