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

/// Thread safety: immutable, any thread. The bytes for a revision are made when it is first asked
/// for; reading them later takes no lock. `visible_to` takes one.
class catalogue {
public:
   struct options {
      std::size_t page_size = 100; ///< 0: everything on one page
      std::chrono::milliseconds cache_ttl{0};
      bool is_public = false;       ///< `cacheScope`
      std::string result_meta = {}; ///< `"_meta":{…}` of modern results, or empty
   };
   /// The order of `tools` is the order of the list. Preconditions: every entry has a definition,
   /// and names differ.
   catalogue(std::vector<tool_entry> tools, options o);

   [[nodiscard]] const tool_entry* find(std::string_view name) const noexcept;
   [[nodiscard]] const std::vector<tool_entry>& tools() const noexcept { return tools_; }

   /// What is left when the tools that `who` lacks scopes for are taken away: a catalogue of its
   /// own, whose cursors know of its tools only. Null: nothing is taken away. One for each set of
   /// scopes that makes a difference is remembered, within a bound.
   [[nodiscard]] std::shared_ptr<const catalogue> visible_to(const core::principal& who) const;

   /// The result object of `tools/list`: `{"tools":[…],"nextCursor":…}`, for modern revisions with
   /// `resultType`, `ttlMs`, `cacheScope` and `_meta`. Without cursor the first page. Nothing when
   /// the cursor is none of ours (-32602); an empty text is a cursor too, and none of ours.
   ///
   /// Cursors name the place by the tool that comes next, so any replica with the same plugins
   /// resolves them, and a list that changes in between goes on at that tool. Every cursor is
   /// short, whatever the tools are called.
   ///
   /// Lifetime: that of the catalogue; of a page that begins where none of this catalogue's does
   /// (its cursor is another list's), until the next such call on the same thread.
   [[nodiscard]] std::optional<std::string_view> page(revision r,
                                                      std::optional<std::string_view> cursor) const;

private:
   /// The pages that begin at 0, page_size, 2 * page_size, …
   struct slot {
      std::once_flag once; // guards `texts`
      std::vector<std::string> texts;
   };
   const std::vector<std::string>& pages_of(revision r) const;
   [[nodiscard]] std::optional<std::size_t> find_place(std::string_view cursor) const;
   void append_page(std::string& out, std::size_t first, revision r) const;

   /// A part of the list, for who has the scopes of `has` (a letter for each of `scopes_`).
   struct view {
      std::string has;
      std::shared_ptr<const catalogue> list;
   };

   std::vector<tool_entry> tools_;
   options options_;
   std::vector<std::string> scopes_; ///< that some tool requires; sorted
   std::unordered_map<std::string_view, std::size_t> by_name_;
   /// Decoded. Made when the first cursor comes: most lists have one page, and OpenSSL, which names
   /// the places, costs a process that needs it for nothing else two megabytes.
   mutable std::once_flag by_cursor_once_; // guards `by_cursor_`
   mutable std::unordered_map<std::string, std::size_t> by_cursor_;
   mutable std::array<slot, revision_count> pages_;
   mutable std::mutex mutex_;
   mutable std::vector<view> views_; // guarded by mutex_; oldest first
};

} // namespace fmcp::protocol
