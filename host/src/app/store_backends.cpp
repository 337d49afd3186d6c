#include "app/store_backends.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "app/hardening.hpp"
#include "crypto/digest.hpp"
#include "crypto/seal.hpp"
#include "store/async_store.hpp"
#include "store/key_file.hpp"
#include "store/memory_store.hpp"
#include "store/sealed_store.hpp"
#include "store/sqlite_store.hpp"

namespace fmcp::app {
namespace {

using core::errc;
using core::result;

/// The host's secrets, from the first moment that somebody needs them.
class secrets {
public:
   explicit secrets(const store_backends::options& o) : o_(o) {}

   /// The ring lives as long as this. Errors: those of the key file; the next call tries again.
   result<const crypto::key_ring*> ring() {
      const std::lock_guard lock(mutex_);
      if (!ring_) {
         auto made = make();
         if (!made) return std::unexpected(std::move(made.error()));
         ring_.emplace(std::move(*made));
      }
      return &*ring_;
   }

private:
   result<crypto::key_ring> make() const {
      forbid_looking_in(); // a key that is made later than the others were hidden
      if (!o_.key.empty()) return crypto::key_ring::make(o_.key, o_.previous_keys);
      if (o_.file.empty()) {
         crypto::secret_key key;
         crypto::fill_random(key.bytes());
         return crypto::key_ring::make(key.view());
      }
      const auto home = store::state_directory::open(o_.home);
      if (!home) return std::unexpected(home.error());
      return store::ring_of_key_file(*home);
   }

   const store_backends::options& o_;
   std::mutex mutex_;
   std::optional<crypto::key_ring> ring_;
};

class kv_of_store final : public plugins::kv_backend {
public:
   explicit kv_of_store(store::async_store::maker make) : store_(std::move(make)) {}

   void get(std::string_view space, std::string_view key, plugins::kv_done done) override {
      store_.get(space, key, adapted(std::move(done)));
   }
   void put(std::string_view space, std::string_view key, std::string_view value,
            std::chrono::milliseconds ttl, std::uint64_t if_version,
            plugins::kv_done done) override {
      store_.put(space, key, value, ttl, if_version, adapted(std::move(done)));
   }
   void take(std::string_view space, std::string_view key, plugins::kv_done done) override {
      store_.take(space, key, adapted(std::move(done)));
   }
   void remove(std::string_view space, std::string_view key, plugins::kv_done done) override {
      store_.remove(space, key, adapted(std::move(done)));
   }

private:
   static store::on_done adapted(plugins::kv_done done) {
      return [done = std::move(done)](store::outcome o) mutable { done(outcome_of(std::move(o))); };
   }
   static plugins::kv_outcome outcome_of(store::outcome o) {
      if (o) return {.value = std::move(o->value), .version = o->version};
      auto why = std::move(o.error());
      switch (why.code) {
      case errc::not_found:
      case errc::conflict:
      case errc::limit:
      case errc::invalid: break;
      default: why.code = errc::io; // whatever it is, the plugin cannot cure it
      }
      return {.status = std::unexpected(std::move(why))};
   }

   store::async_store store_;
};

class crypto_of_ring final : public plugins::crypto_backend {
public:
   crypto_of_ring(secrets& s, const core::clock& clock) : secrets_(s), clock_(clock) {}

   result<std::string> seal(std::string_view space, std::string_view plain, std::string_view aad,
                            std::chrono::milliseconds ttl) override {
      if (ttl <= std::chrono::milliseconds(0) || ttl > store::max_ttl) {
         return core::fail(errc::invalid, "The time to live of a sealed value is " +
                                                std::to_string(ttl.count()) +
                                                " ms; it must be from 1 ms to 100 years.");
      }
      const auto s = sealer_of(space);
      if (!s) return std::unexpected(s.error());
      return (*s)->seal(plain, aad, clock_.unix_ms() + ttl.count());
   }

   result<std::string> open(std::string_view space, std::string_view sealed,
                            std::string_view aad) override {
      const auto s = sealer_of(space);
      if (!s) return std::unexpected(s.error());
      auto plain = (*s)->open(sealed, aad, clock_.unix_ms());
      if (!plain && plain.error().code == errc::not_found) plain.error().code = errc::denied;
      return plain;
   }

private:
   /// One per instance that ever sealed; each is a few hundred bytes and lives as long as this.
   result<const crypto::sealer*> sealer_of(std::string_view space) {
      const std::lock_guard lock(mutex_);
      auto at = sealers_.find(space);
      if (at == sealers_.end()) {
         const auto ring = secrets_.ring();
         if (!ring) return std::unexpected(ring.error());
         at = sealers_.emplace(space, (*ring)->derive("plugin", space)).first;
      }
      return &at->second;
   }

   secrets& secrets_;
   const core::clock& clock_;
   std::mutex mutex_;
   std::map<std::string, crypto::sealer, std::less<>> sealers_;
};

class opened final : public store_backends {
public:
   opened(options o, const core::clock& clock)
       : options_(std::move(o)), clock_(clock), secrets_(options_), crypto_(secrets_, clock),
         kv_([this] { return make_store(); }) {}

   plugins::kv_backend& kv() override { return kv_; }
   plugins::crypto_backend& crypto() override { return crypto_; }

private:
   result<std::unique_ptr<store::store>> make_store() {
      if (options_.file.empty())
         return std::make_unique<store::memory_store>(options_.limits, clock_);
      const auto ring = secrets_.ring();
      if (!ring) return std::unexpected(ring.error());
      auto file = std::make_unique<store::sqlite_store>(
            store::sqlite_store::options{.file = options_.file,
                                         .limits = store::sealed_store::below(options_.limits)},
            clock_);
      return std::make_unique<store::sealed_store>(std::move(file), **ring, options_.limits,
                                                   clock_);
   }

   const options options_;
   const core::clock& clock_;
   secrets secrets_;
   crypto_of_ring crypto_;
   kv_of_store kv_; // last: its thread uses everything above
};

} // namespace

result<std::unique_ptr<store_backends>> store_backends::open(options o, const core::clock& clock) {
   if (!o.key.empty()) {
      if (auto ok = crypto::key_ring::check(o.key, o.previous_keys); !ok)
         return core::wrap("the key of the store", std::move(ok.error()));
   }
   return std::make_unique<opened>(std::move(o), clock);
}

} // namespace fmcp::app
