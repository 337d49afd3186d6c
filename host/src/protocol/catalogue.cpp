#include "protocol/catalogue.hpp"

#include <algorithm>
#include <iterator>

#include "core/base64.hpp"
#include "crypto/digest.hpp"
#include "json/writer.hpp"

namespace fmcp::protocol {
namespace {

/// Twelve bytes, hence sixteen characters of cursor: two of a million tools share one with a
/// probability of 10^-17.
constexpr std::size_t key_bytes = 12;

/// Each may hold the bytes of every list answer. A server has a handful of roles; for one more the
/// oldest is made anew when it comes again.
constexpr std::size_t max_views = 16;

std::string key_of(std::string_view name) {
   const auto digest = crypto::sha256(name);
   return {reinterpret_cast<const char*>(digest.data()), key_bytes};
}

} // namespace

catalogue::catalogue(std::vector<tool_entry> tools, options o)
    : tools_(std::move(tools)), options_(std::move(o)) {
   if (options_.page_size == 0) options_.page_size = std::max<std::size_t>(tools_.size(), 1);
   by_name_.reserve(tools_.size());
   for (std::size_t i = 0; i < tools_.size(); ++i) {
      const std::string& name = tools_[i].definition->name();
      by_name_.emplace(name, i);
      for (const auto& scope : tools_[i].required_scopes) scopes_.push_back(scope);
   }
   std::ranges::sort(scopes_);
   scopes_.erase(std::ranges::unique(scopes_).begin(), scopes_.end());
}

std::shared_ptr<const catalogue> catalogue::visible_to(const core::principal& who) const {
   if (std::ranges::all_of(tools_, [&](const auto& t) { return may_use(t, who); })) return nullptr;
   std::string has;
   for (const auto& scope : scopes_) has += who.has_scope(scope) ? 'x' : '-';
   const std::lock_guard lock(mutex_);
   const auto known = std::ranges::find(views_, has, &view::has);
   if (known != views_.end()) return known->list;
   std::vector<tool_entry> left;
   std::ranges::copy_if(tools_, std::back_inserter(left),
                        [&](const auto& t) { return may_use(t, who); });
   auto list = std::make_shared<const catalogue>(std::move(left), options_);
   if (views_.size() >= max_views) views_.erase(views_.begin());
   views_.push_back({std::move(has), list});
   return list;
}

const tool_entry* catalogue::find(std::string_view name) const noexcept {
   const auto found = by_name_.find(name);
   return found == by_name_.end() ? nullptr : &tools_[found->second];
}

std::optional<std::string_view> catalogue::page(revision r,
                                                std::optional<std::string_view> cursor) const {
   std::size_t first = 0;
   if (cursor) {
      const auto at = find_place(*cursor);
      if (!at) return std::nullopt;
      first = *at;
   }
   if (first % options_.page_size == 0) return pages_of(r)[first / options_.page_size];
   // Only a cursor of another list leads here. Nothing is kept for it but one text a thread.
   thread_local std::string odd;
   odd.clear();
   append_page(odd, first, r);
   return odd;
}

std::optional<std::size_t> catalogue::find_place(std::string_view cursor) const {
   if (cursor.size() != key_bytes / 3 * 4) return std::nullopt;
   const auto key = core::decode_base64url(cursor);
   if (!key) return std::nullopt;
   std::call_once(by_cursor_once_, [&] {
      by_cursor_.reserve(tools_.size());
      for (std::size_t i = 0; i < tools_.size(); ++i)
         by_cursor_.emplace(key_of(tools_[i].definition->name()), i);
   });
   const auto found = by_cursor_.find(*key);
   if (found == by_cursor_.end()) return std::nullopt;
   return found->second;
}

const std::vector<std::string>& catalogue::pages_of(revision r) const {
   auto& mine = pages_[static_cast<std::size_t>(r)];
   std::call_once(mine.once, [&] {
      std::size_t first = 0;
      do {
         append_page(mine.texts.emplace_back(), first, r);
         first += options_.page_size;
      } while (first < tools_.size());
   });
   return mine.texts;
}

void catalogue::append_page(std::string& out, std::size_t first, revision r) const {
   const std::size_t end = std::min(tools_.size() - first, options_.page_size) + first;
   out.push_back('{');
   if (is_modern(r)) out.append(R"("resultType":"complete",)");
   out.append(R"("tools":[)");
   for (std::size_t i = first; i < end; ++i) {
      if (i != first) out.push_back(',');
      tools_[i].definition->append_to(out, r);
   }
   out.push_back(']');
   if (end < tools_.size()) {
      out.append(R"(,"nextCursor":")");
      core::append_base64url(out, key_of(tools_[end].definition->name()));
      out.push_back('"');
   }
   if (is_modern(r)) {
      out.append(R"(,"ttlMs":)");
      json::append_int(out, std::max<std::int64_t>(options_.cache_ttl.count(), 0));
      out.append(options_.is_public ? R"(,"cacheScope":"public")" : R"(,"cacheScope":"private")");
      if (!options_.result_meta.empty()) out.append(1, ',').append(options_.result_meta);
   }
   out.push_back('}');
}

} // namespace fmcp::protocol
