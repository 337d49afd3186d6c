#include "plugins/registry.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/text.hpp"

namespace fmcp::plugins {
namespace {

std::string printable(std::string_view text) {
   std::string out;
   core::append_printable(out, text);
   return out;
}

} // namespace

std::optional<std::string> find_collision(std::span<const registered> entries, std::size_t index,
                                          std::span<const std::shared_ptr<const tool>> tools) {
   for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i == index || entries[i].status.state != state::active) continue;
      for (const auto& theirs : entries[i].tools) {
         const bool is_taken = std::ranges::any_of(
               tools, [&](const auto& ours) { return ours->name == theirs->name; });
         if (!is_taken) continue;
         return fmt::format("{} (plugin {}) lists tool {}, which {} (plugin {}) already offers; "
                            "remove one of the two files or rename the tool.",
                            printable(entries[index].status.file), entries[index].status.name,
                            theirs->name, printable(entries[i].status.file),
                            entries[i].status.name);
      }
   }
   return std::nullopt;
}

bool is_same_list(std::span<const std::shared_ptr<const tool>> a,
                  std::span<const std::shared_ptr<const tool>> b) {
   return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
      return x->name == y->name && x->json == y->json && x->exec == y->exec &&
             x->required_scopes == y->required_scopes && x->max_concurrency == y->max_concurrency &&
             x->timeout == y->timeout && x->tag == y->tag;
   });
}

std::shared_ptr<const snapshot> make_snapshot(std::span<const registered> entries,
                                              std::uint64_t generation) {
   auto out = std::make_shared<snapshot>();
   out->generation = generation;
   for (const auto& e : entries) {
      out->plugins.push_back(e.status);
      if (e.status.state != state::active) continue;
      out->tools.insert(out->tools.end(), e.tools.begin(), e.tools.end());
   }
   return out;
}

} // namespace fmcp::plugins
