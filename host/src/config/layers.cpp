#include "config/layers.hpp"

#include <utility>

namespace fmcp::config {
namespace {

constexpr bool has_variables(layers::level at) noexcept {
   return at == layers::level::environment || at == layers::level::env_file;
}

} // namespace

entry entry_of(const json::value& v) {
   const bool is_string = v.is(json::kind::string);
   return {.texts = {std::string(is_string ? v.string() : v.raw())},
           .as = is_string ? entry::form::json_string : entry::form::json};
}

void layers::add(level at, std::string key, entry value) {
   auto& map = maps_[static_cast<std::size_t>(at)];
   const auto there = map.find(key);
   if (at == level::flags && there != map.end()) {
      for (auto& text : value.texts) there->second.texts.push_back(std::move(text));
      return;
   }
   map.insert_or_assign(std::move(key), std::move(value));
}

void layers::remove(level from, std::string_view prefix) {
   std::erase_if(maps_[static_cast<std::size_t>(from)],
                 [&](const auto& pair) { return pair.first.starts_with(prefix); });
}

const entry* layers::at(level in, std::string_view key) const {
   const auto& map = maps_[static_cast<std::size_t>(in)];
   const auto it = map.find(key);
   return it == map.end() ? nullptr : &it->second;
}

core::result<layers::found> layers::find(std::string_view key, std::string_view variable,
                                         bool secret) const {
   found out;
   for (std::size_t i = 0; i < count; ++i) {
      const bool variables = has_variables(static_cast<level>(i));
      const std::string_view name = variables ? variable : key;
      if (name.empty()) continue;
      const auto& map = maps_[i];
      const auto direct = map.find(name);
      const auto by_file =
            secret ? map.find(std::string(name) + (variables ? "_FILE" : "_file")) : map.end();
      if (direct != map.end() && by_file != map.end() && out.value == nullptr) {
         return core::fail(core::errc::conflict, direct->second.name() + " and " +
                                                       by_file->second.name() +
                                                       " are both set; keep one of them.");
      }
      for (const auto& hit : {direct, by_file}) {
         if (hit == map.end()) continue;
         if (out.value == nullptr) {
            out.value = &hit->second;
            out.names_a_file = hit == by_file;
         } else {
            out.overridden.push_back(&hit->second);
         }
      }
   }
   return out;
}

std::vector<std::pair<std::string_view, const entry*>>
layers::beginning_with(level at, std::string_view prefix) const {
   std::vector<std::pair<std::string_view, const entry*>> out;
   const auto& map = maps_[static_cast<std::size_t>(at)];
   for (auto it = map.lower_bound(prefix); it != map.end() && it->first.starts_with(prefix); ++it) {
      out.emplace_back(it->first, &it->second);
   }
   return out;
}

} // namespace fmcp::config
