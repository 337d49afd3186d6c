#include "auth/key_source.hpp"

#include <algorithm>
#include <utility>

#include "auth/freshness.hpp"
#include "core/log.hpp"

namespace fmcp::auth {
namespace {

using core::auth_reason;
using core::errc;
using core::http::fetch_reply;

constexpr std::uint64_t never = UINT64_MAX;

constexpr std::uint64_t ns(std::chrono::nanoseconds d) noexcept {
   return static_cast<std::uint64_t>(d.count());
}

std::chrono::seconds retry_delay(unsigned failures) noexcept {
   const auto doubled = key_source::first_retry * (1u << std::min(failures - 1, 8u));
   return std::min<std::chrono::seconds>(doubled, key_source::longest_retry);
}

core::http::fetch_request request_for(const remote_keys& where) {
   return {.url = where.uri,
           .headers = {{"accept", "application/jwk-set+json, application/json"}},
           .timeout = key_source::fetch_timeout,
           .max_body = crypto::jwk_set_limits{}.max_bytes,
           .max_redirects = 0,
           .policy = where.reach};
}

core::result<crypto::jwk_set> set_of(const core::result<fetch_reply>& reply) {
   if (!reply) return std::unexpected(reply.error());
   if (reply->status != 200) {
      return core::fail(errc::io, "the server answered with the status " +
                                        std::to_string(reply->status) + " and not 200");
   }
   return crypto::jwk_set::parse(reply->body);
}

/// By what an id, or its absence, is remembered: of constant size, whoever chose it.
crypto::digest256 mark_of(const std::optional<std::string>& id, crypto::algorithm alg) {
   return crypto::sha256(id ? "id:" + *id : "none:" + std::string(crypto::name_of(alg)));
}

} // namespace

key_source::key_source(remote_keys where, core::http::fetcher& fetcher, const core::clock& clock,
                       std::shared_ptr<core::executor> worker, std::chrono::milliseconds patience)
    : where_(std::move(where)), place_(where_.uri.substr(0, where_.uri.find('?'))),
      fetcher_(fetcher), clock_(clock),
      patience_(std::clamp(patience, std::chrono::milliseconds(1), longest_patience)),
      worker_(std::move(worker)) {}

key_source::~key_source() {
   if (flight_) fetcher_.cancel(flight_->handle);
}

void key_source::start() {
   const std::lock_guard lock(mutex_);
   if (begun_ == 0) begin(clock_.mono_ns(), false);
}

void key_source::stop() {
   std::vector<waiter> left;
   std::optional<flight> ended;
   {
      const std::lock_guard lock(mutex_);
      is_stopped_ = true;
      left.swap(waiting_);
      ended = std::exchange(flight_, std::nullopt);
   }
   ended_.notify_all();
   if (ended) fetcher_.cancel(ended->handle);
   for (auto& w : left) w.done({});
}

key_source::keys_ref key_source::keys() const {
   const std::lock_guard lock(mutex_);
   return has_keys(clock_.mono_ns()) ? keys_ : nullptr;
}

bool key_source::may_fetch() const {
   const std::lock_guard lock(mutex_);
   return !is_stopped_ && (flight_ || clock_.mono_ns() >= forced_from());
}

key_source::history key_source::wait_for_first(std::chrono::steady_clock::time_point until) const {
   std::unique_lock lock(mutex_);
   ended_.wait_until(lock, until, [this] { return has_ended_ || is_stopped_; });
   return {has_ended_, problem_, has_keys(clock_.mono_ns()) ? keys_ : nullptr};
}

std::optional<auth_reason> key_source::ask(const wanted& key) const {
   const std::lock_guard lock(mutex_);
   switch (look(key, clock_.mono_ns())) {
   case outlook::unknown: return auth_reason::unknown_key;
   case outlook::unavailable: return auth_reason::upstream_unavailable;
   default: return std::nullopt;
   }
}

std::optional<auth_reason> key_source::await(wanted key, std::size_t bytes, answer_done done) {
   const std::lock_guard lock(mutex_);
   const auto now = clock_.mono_ns();
   const auto next = look(key, now);
   switch (next) {
   case outlook::unknown: return auth_reason::unknown_key;
   case outlook::unavailable: return auth_reason::upstream_unavailable;
   case outlook::ready:
      worker_->post([done = std::move(done), keys = keys_]() mutable {
         done({auth_reason::none, std::move(keys)});
      });
      return std::nullopt;
   default: break;
   }
   if (waiting_.size() >= max_waiting || waiting_bytes_ + bytes > max_waiting_bytes)
      return auth_reason::busy;
   const bool is_first = waiting_.empty();
   keep({std::move(key), begun_, now + ns(patience_), bytes, std::move(done)});
   if (next == outlook::fetch) begin(now, true);
   // Those behind have later deadlines, so that the worker's plan holds for them too.
   if (is_first) worker_->post([] {});
   return std::nullopt;
}

std::uint64_t key_source::poll() {
   std::vector<settled> over;
   std::uint64_t next = never;
   {
      const std::lock_guard lock(mutex_);
      if (is_stopped_ || begun_ == 0) return never;
      const auto now = clock_.mono_ns();
      over = expire(now);
      if (!flight_ && now >= due_)
         begin(now, false);
      else if (!flight_ && !waiting_.empty() && now >= forced_from())
         begin(now, true);
      next = next_turn();
   }
   for (auto& s : over) s.done(std::move(s.what));
   return next;
}

bool key_source::has_keys(std::uint64_t now) const {
   return keys_ != nullptr && now < usable_until_;
}

bool key_source::names(const wanted& key) const {
   return keys_->find(key.id, key.alg) != nullptr || (key.id && keys_->knows(*key.id));
}

std::uint64_t key_source::forced_from() const {
   std::uint64_t from = begun_ == 0 ? 0 : begun_at_ + ns(where_.min_refresh);
   if (forced_.size() == forced_in_window)
      from = std::max(from, forced_.front() + ns(forced_window) + 1);
   return from;
}

key_source::outlook key_source::look(const wanted& key, std::uint64_t now) const {
   if (is_stopped_) return outlook::unavailable;
   const bool is_usable = has_keys(now);
   // Between the caller's look at the keys and this one a fetch may have ended.
   if (is_usable && !key.is_newer && names(key)) return outlook::ready;
   if (flight_) return outlook::wait;
   const auto from = forced_from();
   if (now >= from) return outlook::fetch;
   if (failures_ > 0 || !is_usable) return outlook::unavailable;
   if (now - keys_at_ < ns(forced_window) && remembers(key)) return outlook::unknown;
   return from - now <= ns(patience_) ? outlook::wait : outlook::unavailable;
}

bool key_source::remembers(const wanted& key) const {
   return std::ranges::find(absent_, mark_of(key.id, key.alg)) != absent_.end();
}

void key_source::remember(const wanted& key) {
   if (remembers(key)) return;
   if (absent_.size() == max_remembered) absent_.pop_front();
   absent_.push_back(mark_of(key.id, key.alg));
}

void key_source::keep(waiter&& w) {
   waiting_bytes_ += w.bytes;
   waiting_.push_back(std::move(w));
}

void key_source::begin(std::uint64_t now, bool is_forced) {
   if (is_forced) {
      if (forced_.size() == forced_in_window) forced_.pop_front();
      forced_.push_back(now);
   }
   begun_at_ = now;
   flight_ = flight{++begun_, 0, is_forced};
   // The fetcher never calls back inside start, and its thread only passes the answer on.
   flight_->handle = fetcher_.start(
         request_for(where_),
         [weak = weak_from_this(), number = begun_](core::result<fetch_reply> reply) mutable {
            const auto self = weak.lock();
            if (!self) return;
            self->worker_->post([weak, number, reply = std::move(reply)]() mutable {
               if (const auto alive = weak.lock()) alive->fetched(number, std::move(reply));
            });
         });
}

void key_source::fetched(std::uint64_t number, core::result<fetch_reply> reply) {
   {
      const std::lock_guard lock(mutex_);
      if (!flight_ || flight_->number != number) return; // stopped meanwhile
   }
   auto set = set_of(reply);
   report(set);
   const bool is_good = set.has_value();
   std::vector<settled> over;
   {
      const std::lock_guard lock(mutex_);
      if (!flight_ || flight_->number != number) return;
      const bool was_forced = flight_->is_forced;
      flight_.reset();
      const auto now = clock_.mono_ns();
      if (is_good) {
         publish(std::move(*set), std::max(key_lifetime(*reply), where_.min_refresh), now);
      } else {
         note_failure(std::move(set.error().message), was_forced, now);
      }
      has_ended_ = true;
      over = settle(number, is_good, now);
   }
   ended_.notify_all();
   for (auto& s : over) s.done(std::move(s.what));
}

void key_source::note_failure(std::string why, bool was_forced, std::uint64_t now) {
   problem_ = std::move(why);
   const bool is_first = failures_ == 0;
   if (is_first || !was_forced) ++failures_;
   // One that is due already would begin at once, and again.
   const bool is_planned = was_forced && due_ > now;
   const auto again = now + ns(std::max(retry_delay(failures_), where_.min_refresh));
   due_ = is_planned ? std::min(due_, again) : again;
}

void key_source::publish(crypto::jwk_set set, std::chrono::seconds lifetime, std::uint64_t now) {
   const auto old = std::exchange(keys_, std::make_shared<const crypto::jwk_set>(std::move(set)));
   // What the issuer withdrew is unknown from now on, as if it had been asked for in vain.
   for (const auto& key : old ? old->keys() : std::span<const crypto::public_key>()) {
      const auto& id = key.id();
      if (id && !keys_->knows(*id)) remember({.id = id});
   }
   keys_at_ = begun_at_;
   problem_.clear();
   failures_ = 0;
   due_ = now + ns(lifetime);
   usable_until_ = due_ + ns(stale_for);
}

std::vector<key_source::settled> key_source::settle(std::uint64_t number, bool is_good,
                                                    std::uint64_t now) {
   std::vector<settled> out;
   auto waiting = std::exchange(waiting_, {});
   waiting_bytes_ = 0;
   for (auto& w : waiting) {
      const bool is_there = is_good && names(w.key);
      if (is_good && (number > w.last_fetch || (is_there && !w.key.is_newer))) {
         if (!is_there) remember(w.key);
         out.push_back({std::move(w.done), {auth_reason::none, keys_}});
         continue;
      }
      const auto next = is_good ? look(w.key, now) : outlook::unavailable;
      if (next == outlook::unknown) {
         out.push_back({std::move(w.done), {auth_reason::unknown_key, nullptr}});
      } else if (next == outlook::unavailable) {
         out.push_back({std::move(w.done), {}});
      } else {
         keep(std::move(w));
         if (next == outlook::fetch) begin(now, true);
      }
   }
   return out;
}

std::vector<key_source::settled> key_source::expire(std::uint64_t now) {
   std::vector<settled> out;
   std::erase_if(waiting_, [&](waiter& w) {
      if (now < w.deadline) return false;
      waiting_bytes_ -= w.bytes;
      out.push_back({std::move(w.done), {}});
      return true;
   });
   return out;
}

std::uint64_t key_source::next_turn() const {
   std::uint64_t next = flight_ ? never : due_;
   if (waiting_.empty()) return next;
   if (!flight_) next = std::min(next, forced_from());
   for (const auto& w : waiting_) next = std::min(next, w.deadline);
   return next;
}

void key_source::report(const core::result<crypto::jwk_set>& set) {
   namespace log = core::log;
   if (!set) {
      is_reported_good_ = false;
      log::warn("auth", "keys could not be fetched {} {}", log::kv("url", place_),
                log::kv("reason", set.error().message));
      return;
   }
   const auto level = std::exchange(is_reported_good_, true) ? log::level::debug : log::level::info;
   log::at(level, "auth", "keys fetched {} usable={} unusable={}", log::kv("url", place_),
           set->keys().size(), set->skipped().size());
   std::string text;
   for (const auto& s : set->skipped())
      text += std::to_string(s.index) + " " + s.id + ": " + s.reason + "; ";
   if (text == reported_) return;
   reported_ = text;
   if (!text.empty())
      log::warn("auth", "keys left out {} {}", log::kv("url", place_), log::kv("keys", text));
}

} // namespace fmcp::auth
