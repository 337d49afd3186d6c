#pragma once

/// The tools that can be called at one moment, with the ready-made bytes of every list answer.

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "protocol/revision.hpp"
#include "protocol/tool.hpp"

namespace fmcp::protocol {

/// Immutable; any thread. The bytes for a revision are made when it is first asked for.
class catalogue {
public:
   struct options {
      std::size_t page_size = 100; ///< 0: everything on one page
      std::chrono::milliseconds cache_ttl{0};
      bool is_public = false;      ///< `cacheScope`
      std::string result_meta;     ///< `"_meta":{…}` of modern results, or empty
   };
   /// The order of `tools` is the order of the list.
   catalogue(std::vector<tool_entry> tools, options o);

   [[nodiscard]] const tool_entry* find(std::string_view name) const noexcept;
   [[nodiscard]] const std::vector<tool_entry>& tools() const noexcept { return tools_; }

   /// The result object of `tools/list`: `{"tools":[…],"nextCursor":…}`, for modern revisions with
   /// `resultType`, `ttlMs`, `cacheScope` and `_meta`. Without cursor the first page. Nothing when
   /// the cursor is none of ours (-32602); an empty text is a cursor too, and none of ours.
   ///
   /// Cursors name the place by the tool that comes next, so any replica with the same plugins
   /// resolves them, and a list that changes in between goes on at that tool.
   [[nodiscard]] std::optional<std::string_view>
   page(revision r, std::optional<std::string_view> cursor) const;

private:
   struct pages;
   const pages& pages_of(revision r) const;
   std::vector<tool_entry> tools_;
   options options_;
   std::unordered_map<std::string_view, std::size_t> by_name_;
   mutable std::mutex mutex_;
   mutable std::array<std::shared_ptr<const pages>, revision_count> pages_; // guarded by mutex_
};

} // namespace fmcp::protocol
