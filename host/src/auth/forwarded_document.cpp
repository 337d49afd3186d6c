#include "auth/forwarded_document.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/log.hpp"
#include "core/text.hpp"
#include "json/document.hpp"

namespace fmcp::auth {
namespace {

std::uint64_t nanoseconds(std::chrono::nanoseconds d) noexcept {
   return static_cast<std::uint64_t>(std::max(d.count(), std::chrono::nanoseconds::rep{0}));
}

std::string_view without_query(std::string_view url) noexcept {
   return url.substr(0, url.find_first_of("?#"));
}

/// Why a reply is no document, or empty.
std::string complaint_about(const core::http::fetch_reply& r, std::size_t max_bytes) {
   if (r.status != 200) return "status " + std::to_string(r.status);
   json::document d;
   const auto parsed = d.parse_copy(r.body, {.max_depth = 32, .max_bytes = max_bytes});
   if (!parsed) return parsed.error().message;
   if (!(*parsed)->find_string("issuer")) return "no JSON object with an issuer";
   return {};
}

} // namespace

forwarded_document::state forwarded_document::get() {
   state out;
   {
      const std::lock_guard lock(mutex_);
      const bool is_due = options_.clock->mono_ns() >= due_ns_ && !options_.places.empty();
      if (state_.is_fetching || !is_due) return state_;
      state_.is_fetching = true;
      out = state_;
   }
   attempt(0, options_.clock->mono_ns() + nanoseconds(options_.timeout), {});
   return out;
}

bool forwarded_document::wait(std::move_only_function<void()>& done) {
   const std::lock_guard lock(mutex_);
   if (!state_.is_fetching || waiters_.size() >= options_.max_waiters) return false;
   waiters_.push_back(std::move(done));
   return true;
}

/// `why`: what was wrong with the place before this one.
void forwarded_document::attempt(std::size_t place, std::uint64_t deadline_ns, std::string why) {
   const auto now = options_.clock->mono_ns();
   const auto left = now >= deadline_ns ? 0 : (deadline_ns - now) / 1'000'000;
   if (place >= options_.places.size() || left == 0) return give_up(why);
   core::http::fetch_request rq{.url = options_.places[place],
                                .headers = {{"Accept", "application/json"}},
                                .timeout = std::chrono::milliseconds(left),
                                .max_body = options_.max_bytes,
                                .policy = options_.reach};
   (void)options_.fetch->start(std::move(rq),
                               [self = shared_from_this(), place, deadline_ns](auto reply) {
                                  self->landed(place, deadline_ns, std::move(reply));
                               });
}

void forwarded_document::landed(std::size_t place, std::uint64_t deadline_ns,
                                core::result<core::http::fetch_reply> reply) {
   auto complaint =
         reply ? complaint_about(*reply, options_.max_bytes) : std::move(reply.error().message);
   if (complaint.empty() && options_.suits != nullptr && !options_.suits(reply->body))
      complaint = "it does not have what is wanted of it";
   if (complaint.empty()) {
      const auto life = life_of(*reply);
      return finish(std::make_shared<const std::string>(std::move(reply->body)), life);
   }
   core::log::debug("auth", "metadata is not to be had {} {}",
                    core::log::kv("url", without_query(options_.places[place])),
                    core::log::kv("why", complaint));
   attempt(place + 1, deadline_ns, std::move(complaint));
}

void forwarded_document::give_up(std::string_view why) {
   core::log::warn("auth",
                   "the authorization server's metadata could not be read; what is known of it "
                   "stays in use {} {} next_try_s={}",
                   core::log::kv("first_place", without_query(options_.places.front())),
                   core::log::kv("last_reason", why), options_.back_off.count());
   finish(nullptr, options_.back_off);
}

/// `text`: null when nothing worked. `life`: until the next fetch.
void forwarded_document::finish(std::shared_ptr<const std::string> text,
                                std::chrono::seconds life) {
   std::vector<std::move_only_function<void()>> waiters;
   {
      const std::lock_guard lock(mutex_);
      state_.is_fetching = false;
      due_ns_ = options_.clock->mono_ns() + nanoseconds(life);
      if (text) state_.text = std::move(text);
      waiters.swap(waiters_);
   }
   for (auto& w : waiters) w();
}

/// `max-age` of its `Cache-Control` (RFC 9111 section 5.2.2.1), within our bounds.
std::chrono::seconds forwarded_document::life_of(const core::http::fetch_reply& r) const {
   const auto text = core::to_lower(r.find("cache-control"));
   const auto& o = options_;
   if (text.contains("no-store") || text.contains("no-cache")) return o.min_fresh;
   const auto usual = std::clamp(o.usual_fresh, o.min_fresh, o.max_fresh);
   constexpr std::string_view name = "max-age=";
   const auto at = text.find(name);
   if (at == std::string::npos) return usual;
   std::int64_t seconds = 0;
   const char* const from = text.data() + at + name.size();
   const auto [end, ec] = std::from_chars(from, text.data() + text.size(), seconds);
   if (ec == std::errc::result_out_of_range) return o.max_fresh;
   if (ec != std::errc()) return usual;
   return std::clamp(std::chrono::seconds(seconds), o.min_fresh, o.max_fresh);
}

} // namespace fmcp::auth
