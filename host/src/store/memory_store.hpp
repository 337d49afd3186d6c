#pragma once

/// A store that ends with the process: for tests, for development, and where the operator says so.
///
/// Thread safety, errors: as `store`. Time to live counts on the monotonic clock.

#include <map>
#include <mutex>
#include <string>
#include <unordered_map>

#include "core/clock.hpp"
#include "store/limits.hpp"
#include "store/store.hpp"

namespace fmcp::store {

class memory_store final : public store {
public:
   explicit memory_store(const limits& l = {}, const core::clock& clock = core::clock::system());

   core::result<record> get(std::string_view space, std::string_view key) override;
   core::result<std::uint64_t> put(std::string_view space, std::string_view key,
                                   std::string_view value, std::chrono::milliseconds ttl,
                                   std::uint64_t if_version) override;
   core::result<record> take(std::string_view space, std::string_view key) override;
   core::result<void> remove(std::string_view space, std::string_view key) override;
   core::result<std::size_t> purge() override;

private:
   struct text_hash : std::hash<std::string_view> {
      using is_transparent = void;
   };
   struct entry {
      record content;
      std::uint64_t expires_ns = 0;
   };
   struct space_state {
      std::unordered_map<std::string, entry, text_hash, std::equal_to<>> entries;
      std::uint64_t bytes = 0;
   };
   using place = decltype(space_state::entries)::iterator;

   // With the lock held; `now` is monotonic.
   space_state* find_space(std::string_view name);
   static place find_live(space_state& s, std::string_view key, std::uint64_t now);
   static void erase(space_state& s, place at);
   static std::size_t purge(space_state& s, std::uint64_t now);
   [[nodiscard]] bool has_room(const space_state& s, std::uint64_t freed, bool is_new,
                               std::uint64_t wanted) const;

   const limits limits_;
   const core::clock& clock_;
   std::mutex mutex_;
   std::map<std::string, space_state, std::less<>> spaces_;
   std::uint64_t last_version_ = 0;
};

} // namespace fmcp::store
