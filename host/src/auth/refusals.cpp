#include "auth/refusals.hpp"

#include <string>
#include <utility>

#include "core/log.hpp"

namespace fmcp::auth {
namespace {

namespace log = core::log;
using core::auth_reason;

log::level level_of(auth_reason why) noexcept {
   if (why == auth_reason::no_token) return log::level::debug;
   return core::is_unavailable(why) ? log::level::warn : log::level::info;
}

} // namespace

bool refusals::may_write(std::uint64_t& left_out) {
   const auto second = clock_.mono_ns() / 1'000'000'000;
   const std::lock_guard lock(mutex_);
   if (second != second_) {
      second_ = second;
      lines_ = 0;
   }
   if (lines_ >= max_lines_) {
      ++left_out_;
      return false;
   }
   ++lines_;
   left_out = std::exchange(left_out_, 0);
   return true;
}

void refusals::note(auth_reason why, int status, const about& whom) {
   counts_[static_cast<std::size_t>(why)].fetch_add(1, std::memory_order_relaxed);
   const auto level = level_of(why);
   if (!log::enabled(level)) return;
   std::uint64_t left_out = 0;
   if (!may_write(left_out)) return;
   std::string more;
   const std::pair<std::string_view, std::string_view> members[] = {
         {"client", whom.client}, {"tool", whom.tool}, {"detail", whom.detail}};
   for (const auto& [name, value] : members) {
      if (!value.empty()) (more += ' ') += log::kv(name, value);
   }
   if (left_out != 0) more += " left_out=" + std::to_string(left_out);
   log::at(level, "auth", "request refused reason={} status={} {}{}", core::name_of(why), status,
           log::kv("peer", whom.peer), more);
}

} // namespace fmcp::auth
