#include "json/schema_program.hpp"

#include <bit>
#include <functional>

namespace fmcp::json::detail {
namespace {

constexpr std::size_t linear_up_to = 8;

std::size_t slot_of(std::string_view name, std::size_t mask) noexcept {
   return std::hash<std::string_view>{}(name)&mask;
}

} // namespace

void member_rules::build_index() {
   slots.clear();
   if (properties.size() <= linear_up_to) return;
   slots.assign(std::bit_ceil(properties.size() * 2), no_node);
   const std::size_t mask = slots.size() - 1;
   for (std::uint32_t i = 0; i < properties.size(); ++i) {
      auto at = slot_of(properties[i].name, mask);
      while (slots[at] != no_node) at = (at + 1) & mask;
      slots[at] = i;
   }
}

const member_rules::property* member_rules::find(std::string_view name) const noexcept {
   if (slots.empty()) {
      for (const auto& p : properties) {
         if (p.name == name) return &p;
      }
      return nullptr;
   }
   const std::size_t mask = slots.size() - 1;
   for (auto at = slot_of(name, mask); slots[at] != no_node; at = (at + 1) & mask) {
      const auto& p = properties[slots[at]];
      if (p.name == name) return &p;
   }
   return nullptr;
}

} // namespace fmcp::json::detail
