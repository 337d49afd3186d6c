#pragma once

/// A bounded walk through a directory, in the same order each time. Links are seen and not
/// followed, so there are no circles.
///
/// Thread safety: none needed; a walk belongs to its caller.

#include <chrono>
#include <functional>
#include <string>

#include "roots.hpp"

namespace files {

struct walk_limits {
   int depth = 1; ///< 1: the directory's own entries
   std::size_t entries = 100'000;
   std::size_t entries_of_one_directory = 10'000;
   std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max();
   bool show_hidden = false;
};

struct walked_entry {
   std::string shown; ///< "docs/a/plan.md"
   std::string name;  ///< "plan.md"
   file_status status;
   int directory = -1; ///< that holds it, open for the duration of the visit
   int depth = 1;
};

/// Why a walk ended.
enum class walk_end { complete, stopped, too_many, too_long };

/// Calls `visit` for each entry below `at`, directories before what is in them; it returns false to
/// stop. What may not be opened is passed over. Errors: file_error when `at` cannot be listed.
walk_end walk(const root_set& roots, const located& at, const walk_limits& limits,
              const std::function<bool(const walked_entry&)>& visit);

} // namespace files
