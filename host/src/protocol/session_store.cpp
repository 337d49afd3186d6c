#include "protocol/session_store.hpp"

#include <algorithm>
#include <vector>

#include "crypto/digest.hpp"

namespace fmcp::protocol {

// ---- one session ----

session_state::session_state(std::size_t replay_events, std::size_t replay_bytes,
                             std::uint32_t streams_before)
    : log_(std::make_shared<event_log>(replay_events, replay_bytes, streams_before)) {}

session_state::~session_state() = default;

void session_state::add_stream(std::shared_ptr<sse_stream> s) {
   const auto number = s->number();
   std::shared_ptr<sse_stream> forgotten; // dropped outside the lock, which may finish it
   {
      const std::lock_guard lock(mutex_);
      if (!is_closed_) {
         if (number == 0) return;
         if (streams_.size() >= max_streams) {
            auto victim = std::ranges::find_if(
                  streams_, [](const auto& known) { return known.second->is_finished(); });
            if (victim == streams_.end()) victim = streams_.begin();
            forgotten = std::move(victim->second);
            streams_.erase(victim);
         }
         streams_.insert_or_assign(number, std::move(s));
         return;
      }
   }
   s->finish();
}

std::shared_ptr<sse_stream> session_state::find_stream(std::uint32_t number) const {
   const std::lock_guard lock(mutex_);
   const auto at = streams_.find(number);
   if (at != streams_.end()) return at->second;
   return general_ != nullptr && general_->number() == number ? general_ : nullptr;
}

bool session_state::set_general_stream(std::shared_ptr<sse_stream> s) {
   std::shared_ptr<sse_stream> ended;
   bool is_set = false;
   {
      const std::lock_guard lock(mutex_);
      if (is_closed_) {
         ended = std::move(s);
      } else {
         if (general_ != nullptr && general_ != s && general_->is_connected()) return false;
         if (general_ != s) ended = std::exchange(general_, std::move(s));
         is_set = true;
      }
   }
   if (ended != nullptr) ended->finish();
   return is_set;
}

bool session_state::send_general(std::string_view message) {
   std::shared_ptr<sse_stream> to;
   {
      const std::lock_guard lock(mutex_);
      to = general_;
   }
   return to != nullptr && to->send(message);
}

void session_state::end_general_stream() {
   std::shared_ptr<sse_stream> ended;
   {
      const std::lock_guard lock(mutex_);
      ended = general_; // stays, to be found by a client that comes back for the rest
   }
   if (ended != nullptr) ended->finish();
}

bool session_state::add_call(std::string_view id, std::weak_ptr<running_call> call) {
   {
      const std::lock_guard lock(mutex_);
      if (!is_closed_) {
         if (calls_.size() >= look_at_calls_) {
            // A call that was over before it was added is removed by nobody else.
            std::erase_if(calls_, [](const auto& known) { return known.second.expired(); });
            look_at_calls_ = std::max<std::size_t>(64, 2 * calls_.size());
         }
         const auto at = calls_.find(id);
         if (at == calls_.end()) {
            calls_.emplace(id, std::move(call));
         } else {
            if (!at->second.expired()) return false;
            at->second = std::move(call);
         }
         return true;
      }
   }
   if (const auto running = call.lock()) running->cancel();
   return true;
}

void session_state::remove_call(std::string_view id, const running_call* call) {
   std::shared_ptr<running_call> known; // dropped outside the lock
   const std::lock_guard lock(mutex_);
   const auto at = calls_.find(id);
   if (at == calls_.end()) return;
   known = at->second.lock();
   if (!known || known.get() == call) calls_.erase(at);
}

std::shared_ptr<running_call> session_state::find_call(std::string_view id) const {
   const std::lock_guard lock(mutex_);
   const auto at = calls_.find(id);
   return at == calls_.end() ? nullptr : at->second.lock();
}

void session_state::close() {
   decltype(streams_) streams;
   decltype(calls_) calls;
   std::shared_ptr<sse_stream> general;
   {
      const std::lock_guard lock(mutex_);
      is_closed_ = true;
      streams.swap(streams_);
      calls.swap(calls_);
      general.swap(general_);
   }
   // Calls first: what they still have to say goes out before their streams end.
   for (const auto& [id, call] : calls) {
      if (const auto running = call.lock()) running->cancel();
   }
   for (const auto& [number, s] : streams) s->finish();
   if (general != nullptr) general->finish();
}

bool session_state::is_closed() const {
   const std::lock_guard lock(mutex_);
   return is_closed_;
}

bool session_state::is_in_use() const {
   const std::lock_guard lock(mutex_);
   return (general_ != nullptr && general_->is_connected()) ||
          std::ranges::any_of(streams_, [](const auto& s) { return s.second->is_connected(); }) ||
          std::ranges::any_of(calls_, [](const auto& call) { return !call.second.expired(); });
}

// ---- all sessions ----

namespace {

/// In the lower half of what there is, which leaves a thousand million streams above it.
std::uint32_t random_stream_number() {
   std::array<std::uint8_t, 4> bytes{};
   crypto::fill_random(bytes);
   std::uint32_t out = 0;
   for (const auto byte : bytes) out = out << 8 | byte;
   return out >> 2;
}

} // namespace

session_store::session_store(options o) : options_(o) {}

/// Streams and calls are ended by whoever shuts the server down, while its threads still run.
session_store::~session_store() = default;

std::int64_t session_store::now_unix_s() const noexcept {
   return options_.clock->unix_ms() / 1000;
}

bool session_store::is_ended(const session_claims& s) const {
   const std::lock_guard lock(mutex_);
   return tombstones_.contains(s.nonce);
}

std::shared_ptr<session_state> session_store::find(const session_claims& s) const {
   const std::lock_guard lock(mutex_);
   const auto at = states_.find(s.nonce);
   if (at == states_.end()) return nullptr;
   at->second.state->last_used_ns.store(options_.clock->mono_ns(), std::memory_order_relaxed);
   return at->second.state;
}

std::shared_ptr<session_state> session_store::need(const session_claims& s) {
   if (auto known = find(s)) return known;
   // Made outside the lock; mostly it is wanted.
   auto fresh = std::make_shared<session_state>(options_.replay_events, options_.replay_bytes,
                                                random_stream_number());
   const auto now = options_.clock->mono_ns();
   fresh->last_used_ns.store(now, std::memory_order_relaxed);
   state_ptr evicted;
   {
      const std::lock_guard lock(mutex_);
      if (tombstones_.contains(s.nonce)) {
         fresh->close(); // nobody knows it yet, so nobody is called
         return fresh;
      }
      const auto at = states_.find(s.nonce); // another thread may have been here
      if (at != states_.end()) return at->second.state;
      if (states_.size() >= std::max<std::size_t>(options_.max_sessions, 1)) {
         evicted = take_least_used();
         tell_epoch();
      }
      states_.emplace(s.nonce, entry{fresh, now, s.expires_unix_s});
      by_use_.emplace(now, s.nonce);
   }
   if (evicted != nullptr) evicted->close();
   return fresh;
}

/// [locked]
session_store::state_ptr session_store::take(entries::iterator at) {
   by_use_.erase({at->second.noted_ns, at->first});
   auto out = std::move(at->second.state);
   states_.erase(at);
   return out;
}

/// The order may be behind the uses and never ahead of them: the first one whose note still holds
/// is the one unused for longest. Each note that is put right pays for a use. [locked]
session_store::state_ptr session_store::take_least_used() {
   constexpr int max_spared = 64; // the next one goes, in use or not
   const auto now = options_.clock->mono_ns();
   for (int spared = 0;;) {
      const auto [noted, k] = *by_use_.begin();
      const auto at = states_.find(k);
      auto used = at->second.state->last_used_ns.load(std::memory_order_relaxed);
      if (used <= noted) {
         if (spared == max_spared || noted >= now || !at->second.state->is_in_use())
            return take(at);
         ++spared;
         used = now;
      }
      by_use_.erase(by_use_.begin());
      at->second.noted_ns = used;
      by_use_.emplace(used, k);
   }
}

/// [locked]
void session_store::bury(const key& k, std::int64_t expires_unix_s) {
   if (expires_unix_s <= now_unix_s()) return; // the token says it itself
   if (tombstones_.contains(k)) return;
   if (tombstones_.size() >= std::max<std::size_t>(options_.max_sessions, 1) * 8) {
      tombstones_.erase(by_expiry_.begin()->second);
      by_expiry_.erase(by_expiry_.begin());
   }
   tombstones_.emplace(k, expires_unix_s);
   by_expiry_.emplace(expires_unix_s, k);
}

void session_store::end(const session_claims& s) {
   state_ptr ended;
   {
      const std::lock_guard lock(mutex_);
      bury(s.nonce, s.expires_unix_s);
      const auto at = states_.find(s.nonce);
      if (at != states_.end()) ended = take(at);
      tell_epoch();
   }
   if (ended != nullptr) ended->close();
}

void session_store::for_each(const std::function<void(session_state&)>& f) const {
   std::vector<state_ptr> all;
   {
      const std::lock_guard lock(mutex_);
      all.reserve(states_.size());
      for (const auto& [k, e] : states_) all.push_back(e.state);
   }
   for (const auto& s : all) f(*s);
}

void session_store::sweep() {
   const auto idle_ns = static_cast<std::uint64_t>(
         std::chrono::duration_cast<std::chrono::nanoseconds>(options_.idle_timeout).count());
   const auto now_ns = options_.clock->mono_ns();
   const auto now_s = now_unix_s();
   std::vector<state_ptr> ended;
   {
      const std::lock_guard lock(mutex_);
      while (!by_expiry_.empty() && by_expiry_.begin()->first <= now_s) {
         tombstones_.erase(by_expiry_.begin()->second);
         by_expiry_.erase(by_expiry_.begin());
      }
      for (auto at = states_.begin(); at != states_.end();) {
         const auto here = at++;
         auto& state = *here->second.state;
         const auto used = state.last_used_ns.load(std::memory_order_relaxed);
         bool is_idle = used < now_ns && now_ns - used >= idle_ns;
         if (is_idle && state.is_in_use()) {
            state.last_used_ns.store(now_ns, std::memory_order_relaxed);
            is_idle = false;
         }
         if (is_idle || here->second.expires_unix_s <= now_s) ended.push_back(take(here));
      }
      if (!ended.empty()) tell_epoch();
   }
   for (const auto& s : ended) s->close();
}

std::size_t session_store::size() const {
   const std::lock_guard lock(mutex_);
   return states_.size();
}

std::size_t session_store::tombstones() const {
   const std::lock_guard lock(mutex_);
   return tombstones_.size();
}

} // namespace fmcp::protocol
