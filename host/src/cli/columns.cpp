#include "cli/columns.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

#include "core/text.hpp"
#include "core/utf8.hpp"

namespace fmcp::cli {

void print_columns(std::ostream& out, const std::vector<std::vector<std::string>>& rows) {
   if (rows.empty()) return;
   std::vector<std::vector<std::string>> cells;
   std::vector<std::size_t> widths(rows.front().size(), 0);
   for (const auto& row : rows) {
      auto& line = cells.emplace_back();
      for (std::size_t i = 0; i < row.size(); ++i) {
         std::string cell;
         core::append_printable(cell, core::utf8_repaired(row[i]));
         widths[i] = std::max(widths[i], core::utf8_length(cell));
         line.push_back(std::move(cell));
      }
   }
   for (const auto& row : cells) {
      std::string line;
      std::size_t due = 0; // blanks that are only written when something follows
      for (std::size_t i = 0; i < row.size(); ++i) {
         if (!row[i].empty()) line.append(std::exchange(due, 0), ' ').append(row[i]);
         due += widths[i] - core::utf8_length(row[i]) + 2;
      }
      out << line << '\n';
   }
}

std::string shortened(const std::string& text, std::size_t most) {
   if (text.size() <= most) return text;
   const std::string whole = core::utf8_repaired(text);
   return std::string(core::utf8_truncated(whole, most)) + "…";
}

std::string sentence(std::string text) {
   constexpr std::string_view ends = ".!?";
   if (!text.empty() && ends.find(text.back()) == ends.npos) text += '.';
   return text;
}

} // namespace fmcp::cli
