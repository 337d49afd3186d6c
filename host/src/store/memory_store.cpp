#include "store/memory_store.hpp"

#include <utility>

namespace fmcp::store {
namespace {

std::uint64_t in_ns(std::chrono::milliseconds t) noexcept {
   return static_cast<std::uint64_t>(std::chrono::nanoseconds(t).count());
}

} // namespace

memory_store::memory_store(const limits& l, const core::clock& clock) : limits_(l), clock_(clock) {}

memory_store::space_state* memory_store::find_space(std::string_view name) {
   const auto at = spaces_.find(name);
   return at == spaces_.end() ? nullptr : &at->second;
}

void memory_store::erase(space_state& s, place at) {
   s.bytes -= at->first.size() + at->second.content.value.size();
   s.entries.erase(at);
}

memory_store::place memory_store::find_live(space_state& s, std::string_view key,
                                            std::uint64_t now) {
   const auto at = s.entries.find(key);
   if (at == s.entries.end() || at->second.expires_ns > now) return at;
   erase(s, at);
   return s.entries.end();
}

std::size_t memory_store::purge(space_state& s, std::uint64_t now) {
   std::size_t count = 0;
   for (auto at = s.entries.begin(); at != s.entries.end();) {
      const auto here = at++;
      if (here->second.expires_ns > now) continue;
      erase(s, here);
      ++count;
   }
   return count;
}

bool memory_store::has_room(const space_state& s, std::uint64_t freed, bool is_new,
                            std::uint64_t wanted) const {
   return s.entries.size() + (is_new ? 1 : 0) <= limits_.max_entries &&
          s.bytes - freed + wanted <= limits_.max_bytes;
}

core::result<record> memory_store::get(std::string_view space, std::string_view key) {
   if (auto ok = check_name(limits_, space, key); !ok) return std::unexpected(ok.error());
   const std::lock_guard lock(mutex_);
   auto* s = find_space(space);
   if (s == nullptr) return std::unexpected(no_such_key());
   const auto at = find_live(*s, key, clock_.mono_ns());
   if (at == s->entries.end()) return std::unexpected(no_such_key());
   return at->second.content;
}

core::result<std::uint64_t> memory_store::put(std::string_view space, std::string_view key,
                                              std::string_view value, std::chrono::milliseconds ttl,
                                              std::uint64_t if_version) {
   if (auto ok = check_name(limits_, space, key); !ok) return std::unexpected(ok.error());
   if (auto ok = check_value(limits_, value, ttl); !ok) return std::unexpected(ok.error());
   const std::lock_guard lock(mutex_);
   const auto now = clock_.mono_ns();
   auto& s = spaces_.try_emplace(std::string(space)).first->second;
   auto at = find_live(s, key, now);
   const bool is_new = at == s.entries.end();
   const std::uint64_t current = is_new ? only_if_absent : at->second.content.version;
   if (if_version != any_version && if_version != current) return std::unexpected(other_version());

   const auto wanted = key.size() + value.size();
   const auto freed = is_new ? 0 : key.size() + at->second.content.value.size();
   if (!has_room(s, freed, is_new, wanted)) {
      purge(s, now); // spares `at`, which is live
      if (!has_room(s, freed, is_new, wanted))
         return std::unexpected(space_is_full(limits_, space));
   }
   if (is_new) at = s.entries.try_emplace(std::string(key)).first;
   at->second.content = {std::string(value), ++last_version_};
   at->second.expires_ns = now + in_ns(ttl);
   s.bytes += wanted - freed;
   return last_version_;
}

core::result<record> memory_store::take(std::string_view space, std::string_view key) {
   if (auto ok = check_name(limits_, space, key); !ok) return std::unexpected(ok.error());
   const std::lock_guard lock(mutex_);
   auto* s = find_space(space);
   if (s == nullptr) return std::unexpected(no_such_key());
   const auto at = find_live(*s, key, clock_.mono_ns());
   if (at == s->entries.end()) return std::unexpected(no_such_key());
   s->bytes -= at->first.size() + at->second.content.value.size();
   auto taken = s->entries.extract(at);
   return std::move(taken.mapped().content);
}

core::result<void> memory_store::remove(std::string_view space, std::string_view key) {
   if (auto ok = check_name(limits_, space, key); !ok) return std::unexpected(ok.error());
   const std::lock_guard lock(mutex_);
   if (auto* s = find_space(space)) {
      if (const auto at = s->entries.find(key); at != s->entries.end()) erase(*s, at);
   }
   return {};
}

core::result<std::size_t> memory_store::purge() {
   const std::lock_guard lock(mutex_);
   const auto now = clock_.mono_ns();
   std::size_t count = 0;
   for (auto& [name, s] : spaces_) count += purge(s, now);
   std::erase_if(spaces_, [](const auto& s) { return s.second.entries.empty(); });
   return count;
}

} // namespace fmcp::store
