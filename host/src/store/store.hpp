#pragma once

/// Small values by name, each with an end: what providers have to remember between two requests.
///
/// Every value has a time to live, and an expired one is absent in every respect. A version is
/// never given twice in a store, so that compare-and-set does not mistake a key that was deleted
/// and written again for the one that was read. Spaces do not see each other.
///
/// Thread safety: all members, any thread; operations on one key happen one after the other.
/// They block, on a lock or on a file, so the threads that serve go through `async_store`.
/// Errors: not_found, conflict, invalid (empty key, impossible time to live), limit, io (the store
/// cannot be reached or is damaged; the sentence says what to do). No message holds a key or a
/// value.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace fmcp::store {

/// For `put`: write whatever is there.
inline constexpr std::uint64_t any_version = 0;
/// For `put`: write only when there is no such key. No version is ever that high.
inline constexpr std::uint64_t only_if_absent = ~std::uint64_t{0};

/// The longest time to live: a hundred years. What shall stay is given that.
inline constexpr std::chrono::milliseconds max_ttl = std::chrono::hours(100 * 365 * 24);

struct record {
   std::string value;
   std::uint64_t version = 0; ///< of this write of this key; never 0

   friend bool operator==(const record&, const record&) = default;
};

class store {
public:
   virtual ~store() = default;
   /// Errors: not_found.
   [[nodiscard]] virtual core::result<record> get(std::string_view space, std::string_view key) = 0;
   /// Writes over the version that is given, else not at all; gives the new version.
   /// Errors: conflict (another version is there, or none), limit.
   [[nodiscard]] virtual core::result<std::uint64_t>
   put(std::string_view space, std::string_view key, std::string_view value,
       std::chrono::milliseconds ttl, std::uint64_t if_version) = 0;
   /// Reads and deletes in one step: of several takers, in whatever process, one gets it.
   /// Errors: not_found.
   [[nodiscard]] virtual core::result<record> take(std::string_view space,
                                                   std::string_view key) = 0;
   /// A key that is absent is no error.
   [[nodiscard]] virtual core::result<void> remove(std::string_view space,
                                                   std::string_view key) = 0;
   /// Deletes what has expired; gives how many values that were. Nobody has to call it for the
   /// others to be right, only for the room.
   [[nodiscard]] virtual core::result<std::size_t> purge() = 0;
};

} // namespace fmcp::store
