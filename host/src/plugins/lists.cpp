#include "plugins/lists.hpp"

#include <algorithm>

#include "core/utf8.hpp"
#include "plugins/grown.hpp"

namespace fmcp::plugins {

bool is_scope(std::string_view text) noexcept {
   return !text.empty() && std::ranges::all_of(text, [](char c) {
      return c > 0x20 && c < 0x7f && c != '"' && c != '\\';
   });
}

std::optional<std::vector<std::string>> copy_strings(const fmcp_list& list, std::uint32_t most,
                                                     std::size_t longest) {
   if (!is_sane_list(list, sizeof(fmcp_str), most)) return std::nullopt;
   std::vector<std::string> out;
   for (std::uint32_t i = 0; i < list.count; ++i) {
      fmcp_str s{};
      std::memcpy(&s, element(list, i), sizeof s);
      const auto text = view(s, longest);
      if (!text || !core::is_utf8(*text)) return std::nullopt;
      out.emplace_back(*text);
   }
   return out;
}

} // namespace fmcp::plugins
