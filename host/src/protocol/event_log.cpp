#include "protocol/event_log.hpp"

#include <charconv>

namespace fmcp::protocol {
namespace {

/// A decimal number from 1, as `std::to_string` writes it: no sign, no leading zero.
template <class N>
std::optional<N> read_number(std::string_view digits) noexcept {
   N n = 0;
   const char* const end = digits.data() + digits.size();
   const auto [stop, failed] = std::from_chars(digits.data(), end, n);
   if (failed != std::errc{} || stop != end || digits.front() == '0') return std::nullopt;
   return n;
}

} // namespace

std::string event_log::text(position p) {
   return std::to_string(p.stream) + '-' + std::to_string(p.number);
}

std::optional<event_log::position> event_log::read(std::string_view id) noexcept {
   const auto dash = id.find('-');
   if (dash == std::string_view::npos) return std::nullopt;
   const auto stream = read_number<std::uint32_t>(id.substr(0, dash));
   const auto number = read_number<std::uint64_t>(id.substr(dash + 1));
   if (!stream || !number) return std::nullopt;
   return position{*stream, *number};
}

event_log::event_log(std::size_t max_events, std::size_t max_bytes, std::uint32_t streams_before)
    : max_events_(max_events), max_bytes_(max_bytes), last_stream_(streams_before) {}

std::uint32_t event_log::open_stream(bool is_general) {
   const std::lock_guard lock(mutex_);
   if (last_stream_ == general_mark - 1) return 0;
   const auto number = ++last_stream_ | (is_general ? general_mark : 0);
   streams_.try_emplace(number);
   return number;
}

void event_log::close_stream(std::uint32_t stream) {
   const std::lock_guard lock(mutex_);
   const auto at = streams_.find(stream);
   if (at == streams_.end()) return;
   at->second.is_open = false;
   if (at->second.kept == 0) streams_.erase(at);
}

event_log::position event_log::append(std::uint32_t stream, std::string_view message) {
   const std::lock_guard lock(mutex_);
   const auto found = streams_.find(stream);
   if (found == streams_.end() || !found->second.is_open) return {stream, 0};
   auto& s = found->second; // stays where it is: dropping forgets closed streams only
   const position at{stream, ++s.last};
   if (message.empty()) return at;
   if (max_events_ == 0 || message.size() > max_bytes_) {
      s.forgotten = at.number;
      return at;
   }
   while (events_.size() >= max_events_ || bytes_ + message.size() > max_bytes_) drop_oldest();
   events_.push_back({at, std::string(message)});
   bytes_ += message.size();
   ++s.kept;
   return at;
}

void event_log::drop_oldest() {
   const auto& oldest = events_.front();
   const auto found = streams_.find(oldest.at.stream);
   auto& s = found->second;
   if (s.forgotten < oldest.at.number) s.forgotten = oldest.at.number;
   if (--s.kept == 0 && !s.is_open) streams_.erase(found);
   bytes_ -= oldest.message.size();
   events_.pop_front();
}

std::vector<event_log::event> event_log::behind(position after) const {
   std::vector<event> out;
   for (const auto& e : events_) {
      if (e.at.stream == after.stream && e.at.number > after.number) out.push_back(e);
   }
   return out;
}

std::optional<std::vector<event_log::event>> event_log::since(position after) const {
   const std::lock_guard lock(mutex_);
   const auto found = streams_.find(after.stream);
   if (found == streams_.end()) return std::nullopt;
   const auto& s = found->second;
   if (after.number > s.last || after.number < s.forgotten) return std::nullopt;
   return behind(after);
}

std::vector<event_log::event> event_log::remaining(position after) const {
   const std::lock_guard lock(mutex_);
   return behind(after);
}

std::size_t event_log::bytes() const {
   const std::lock_guard lock(mutex_);
   return bytes_;
}

std::size_t event_log::streams() const {
   const std::lock_guard lock(mutex_);
   return streams_.size();
}

} // namespace fmcp::protocol
