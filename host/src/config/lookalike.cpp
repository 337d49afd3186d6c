#include "config/lookalike.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"

namespace fmcp::config {
namespace {

constexpr std::string_view prefix = "FASTMCP";
constexpr std::string_view selector = "FASTMCP_SERVER_AUTH";
constexpr std::size_t longest_name = 256;

/// Whether at most so many edits make the one of the other.
bool is_near(std::string_view a, std::string_view b, std::size_t slips) {
   const auto difference = std::max(a.size(), b.size()) - std::min(a.size(), b.size());
   return difference <= slips && core::edit_distance(a, b) <= slips;
}

/// Calls `look(front, rest)` for the whole name and for each part of it that ends before a '_',
/// longest first, until one answers.
template <class Look>
std::string first_of(std::string_view name, Look look) {
   for (std::size_t at = name.size(); at != std::string_view::npos && at > 0;
        at = name.rfind('_', at - 1)) {
      if (auto found = look(name.substr(0, at), name.substr(at)); !found.empty()) return found;
   }
   return {};
}

std::string selector_within(std::string_view name, std::size_t slips) {
   return first_of(name, [&](std::string_view front, std::string_view rest) {
      return is_near(front, selector, slips) ? std::string(selector) + std::string(rest)
                                             : std::string();
   });
}

} // namespace

std::string meant_name(std::string_view written) {
   if (written.starts_with("FASTMCP_")) return std::string(written);
   std::string name(written.substr(0, longest_name));
   std::ranges::replace_if(name, [](char c) { return c == '-' || c == '.'; }, '_');
   if (name.starts_with("FASTMCP_")) return name;
   if (auto meant = selector_within(name, 2); !meant.empty()) return meant;
   if (name.starts_with(prefix)) return "FASTMCP_" + name.substr(prefix.size());
   return first_of(name, [](std::string_view front, std::string_view rest) {
      return !rest.empty() && is_near(front, prefix, 1) ? std::string(prefix) + std::string(rest)
                                                        : std::string();
   });
}

bool speaks_of_authentication(std::string_view name) {
   return name.find("AUTH") != std::string_view::npos || !meant_selector(name).empty();
}

std::string meant_selector(std::string_view name) {
   // Two slips would make it of FASTMCP_SERVER_PATH, which an old release of the framework had.
   return selector_within(name.substr(0, longest_name), 1);
}

std::string_view meant_file(std::string_view name) {
   struct form {
      std::string_view meant, begins;
   };
   constexpr std::array forms{form{"FASTMCP_ENV_FILE", "FASTMCP_ENV_"},
                              form{"FASTMCP_ENV_FILE", "FASTMCP_DOTENV"},
                              form{"FASTMCP_CONFIG", "FASTMCP_CONFIG"}};
   for (const auto& f : forms) {
      if (name.starts_with(f.begins) || is_near(name, f.meant, 2)) return f.meant;
   }
   return {};
}

line_subject subject_of(std::string_view line) {
   const auto is_inside = [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
   };
   const std::string upper = core::to_upper(line);
   auto out = line_subject::other;
   for (std::size_t at = 0; at < upper.size();) {
      const auto end = static_cast<std::size_t>(
            std::find_if_not(upper.begin() + static_cast<std::ptrdiff_t>(at), upper.end(),
                             is_inside) -
            upper.begin());
      const auto word = std::string_view(upper).substr(at, end - at);
      at = end + 1;
      if (word.find("SERVER_AUTH") != std::string_view::npos) return line_subject::authentication;
      const auto meant = meant_name(word);
      if (meant.empty()) continue;
      if (speaks_of_authentication(meant)) return line_subject::authentication;
      if (!meant_file(meant).empty()) out = line_subject::file;
   }
   return out;
}

} // namespace fmcp::config
