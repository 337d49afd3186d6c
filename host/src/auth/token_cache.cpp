#include "auth/token_cache.hpp"

#include <algorithm>
#include <utility>

namespace fmcp::auth {
namespace {

constexpr unsigned shard_bits = 4;
constexpr std::size_t shard_count = std::size_t{1} << shard_bits;

std::size_t share_of(std::size_t total) noexcept {
   return (total + shard_count - 1) / shard_count;
}

std::uint64_t nanoseconds(std::chrono::seconds s) noexcept {
   return s.count() <= 0 ? 0 : static_cast<std::uint64_t>(std::chrono::nanoseconds(s).count());
}

/// What a finding takes, roughly, and rather more than less.
std::size_t cost_of(const finding& f) noexcept {
   std::size_t n =
         512 + f.token.view().size() + f.what.detail.size() + f.what.challenge_scope.size();
   if (const auto& who = f.what.who) {
      n += who->subject.size() + who->client_id.size() + who->issuer.size() + who->provider.size() +
           who->tenant.size() + who->claims_json.size();
      for (const auto& scope : who->scopes) n += sizeof scope + scope.size();
   }
   return n;
}

} // namespace

// ----------------------------------------------------------------------------------------- flight

finding_ref token_cache::flight::result() {
   const std::lock_guard lock(mutex_);
   return result_;
}

token_cache::flight::joined token_cache::flight::wait(waiter& w) {
   const std::lock_guard lock(mutex_);
   if (result_) return joined::landed;
   if (waiters_.size() >= max_waiters_) return joined::full;
   waiters_.push_back(std::move(w));
   return joined::waiting;
}

// ------------------------------------------------------------------------------------------ cache

token_cache::shard::shard(const options& o)
    : good(share_of(o.max_entries), share_of(o.max_bytes)),
      refused(share_of(o.max_refused_entries), share_of(o.max_bytes)) {}

token_cache::token_cache(options o) : options_(o) {
   shards_.reserve(shard_count);
   for (std::size_t i = 0; i < shard_count; ++i)
      shards_.push_back(std::make_unique<shard>(options_));
}

token_cache::~token_cache() = default;

/// The top bits, since the tables inside choose their places by the bottom ones.
token_cache::shard& token_cache::shard_of(std::uint64_t hash) noexcept {
   return *shards_[hash >> (64 - shard_bits)];
}

/// [with the shard's lock] `epoch` was read before the lock was taken.
finding_ref token_cache::find_in(shard& s, std::uint64_t hash, std::string_view token,
                                 std::uint64_t epoch) {
   const auto now = options_.clock->mono_ns();
   for (auto* table : {&s.good, &s.refused}) {
      const auto* entry = table->find(hash);
      if (entry == nullptr || !crypto::equal_constant_time(entry->found->token.view(), token))
         continue;
      if (now >= entry->found->until_ns) {
         table->erase(hash);
         continue;
      }
      entry->found->epoch.store(epoch, std::memory_order_release);
      return entry->found;
   }
   return nullptr;
}

finding_ref token_cache::find(std::string_view token) {
   const auto hash = key_.hash(token);
   const auto epoch = epoch_.load();
   auto& s = shard_of(hash);
   const std::lock_guard lock(s.mutex);
   return find_in(s, hash, token, epoch);
}

token_cache::asked token_cache::ask(std::string_view token) {
   const auto hash = key_.hash(token);
   const auto epoch = epoch_.load();
   auto& s = shard_of(hash);
   const std::lock_guard lock(s.mutex);
   if (auto known = find_in(s, hash, token, epoch)) return {.known = std::move(known)};
   auto& place = s.flights[hash];
   if (place && crypto::equal_constant_time(place->token_.view(), token)) return {.pending = place};
   flight_ref mine(new flight(hash, token, epoch, options_.max_waiters));
   if (!place) place = mine; // else two tokens have one hash: the later one flies alone
   return {.pending = std::move(mine), .is_leader = true};
}

/// How long from now, in nanoseconds.
std::uint64_t token_cache::life_of(const verdict& v) const noexcept {
   if (core::is_unavailable(v.reason)) return 0;
   if (v.reason != core::auth_reason::none) return nanoseconds(options_.negative_ttl);
   auto life = nanoseconds(std::min(v.cache_for, options_.max_ttl));
   if (v.who->expires_unix_ms == 0) return life;
   const auto now_ms =
         options_.clock->unix_ms() - std::chrono::milliseconds(options_.leeway).count();
   if (v.who->is_expired(now_ms)) return 0; // before the difference, which may overflow then
   const auto left_ms = v.who->expires_unix_ms - now_ms;
   // Compared in milliseconds: an expiry in the far future would overflow as nanoseconds.
   return static_cast<std::uint64_t>(left_ms) < life / 1'000'000
                ? static_cast<std::uint64_t>(left_ms) * 1'000'000
                : life;
}

void token_cache::settle(const flight_ref& f, verdict v) {
   const auto result = std::make_shared<finding>();
   const auto life = life_of(v);
   result->token = token_text(f->token_.view()); // the flight's own is compared with meanwhile
   result->what = std::move(v);
   if (life != 0) result->until_ns = options_.clock->mono_ns() + life;
   result->epoch = f->epoch_;
   const stored entry{result,
                      life != 0 ? crypto::sha256(result->token.view()) : crypto::digest256{}};
   auto& s = shard_of(f->hash_);
   {
      const std::lock_guard lock(s.mutex);
      if (const auto i = s.flights.find(f->hash_); i != s.flights.end() && i->second == f)
         s.flights.erase(i);
      // Under the lock: see `forget`.
      if (life != 0 && f->epoch_ == epoch_.load()) {
         const bool is_good = result->what.reason == core::auth_reason::none;
         (is_good ? s.good : s.refused).insert(f->hash_, entry, cost_of(*result));
      }
   }
   std::vector<waiter> waiters;
   {
      const std::lock_guard lock(f->mutex_);
      f->result_ = result;
      waiters.swap(f->waiters_);
   }
   for (auto& w : waiters) w(result);
}

void token_cache::forget(std::string_view token_sha256) {
   const bool is_all = token_sha256.empty();
   if (!is_all && token_sha256.size() != crypto::digest256{}.size()) return;
   const auto is_meant = [&](const stored& e) {
      return is_all || std::ranges::equal(e.digest, token_sha256, [](std::uint8_t a, char b) {
                return a == static_cast<std::uint8_t>(b);
             });
   };
   ++epoch_;
   for (auto& s : shards_) {
      const std::lock_guard lock(s->mutex);
      s->good.erase_if(is_meant);
      s->refused.erase_if(is_meant);
      // Who asks from now on shall not be served by a verification that began earlier.
      s->flights.clear();
   }
   ++epoch_;
}

token_cache::sizes token_cache::count() const {
   sizes out;
   for (const auto& s : shards_) {
      const std::lock_guard lock(s->mutex);
      out.good += s->good.size();
      out.refused += s->refused.size();
      out.bytes += s->good.bytes() + s->refused.bytes();
      out.flights += s->flights.size();
   }
   return out;
}

} // namespace fmcp::auth
