#include "store/async_store.hpp"

#include <system_error>
#include <utility>

#include "core/log.hpp"

namespace fmcp::store {
namespace {

using core::errc;

core::error is_stopping() {
   return {errc::io, "The store is closed, since the process is stopping."};
}

} // namespace

async_store::async_store(maker make, const options& o) : options_(o), make_(std::move(make)) {}

async_store::~async_store() {
   {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
   }
   wake_.notify_one();
   if (thread_.joinable()) {
      thread_.join();
   } else {
      run(); // what waits for a thread that never came has its answer here
   }
}

void async_store::get(std::string_view space, std::string_view key, on_done done) {
   enqueue({[space = std::string(space), key = std::string(key)](store& s) -> outcome {
               return s.get(space, key);
            },
            std::move(done), space.size() + key.size()});
}

void async_store::put(std::string_view space, std::string_view key, std::string_view value,
                      std::chrono::milliseconds ttl, std::uint64_t if_version, on_done done) {
   enqueue({[space = std::string(space), key = std::string(key), value = std::string(value), ttl,
             if_version](store& s) -> outcome {
               const auto version = s.put(space, key, value, ttl, if_version);
               if (!version) return std::unexpected(version.error());
               return record{{}, *version};
            },
            std::move(done), space.size() + key.size() + value.size()});
}

void async_store::take(std::string_view space, std::string_view key, on_done done) {
   enqueue({[space = std::string(space), key = std::string(key)](store& s) -> outcome {
               return s.take(space, key);
            },
            std::move(done), space.size() + key.size()});
}

void async_store::remove(std::string_view space, std::string_view key, on_done done) {
   enqueue({[space = std::string(space), key = std::string(key)](store& s) -> outcome {
               const auto removed = s.remove(space, key);
               if (!removed) return std::unexpected(removed.error());
               return record{};
            },
            std::move(done), space.size() + key.size()});
}

void async_store::enqueue(job j) {
   const std::lock_guard lock(mutex_);
   if (is_stopping_) {
      // Only a callback can come here: its thread is the one that will answer.
      refused_.push_back({std::move(j.done), is_stopping()});
   } else if (waiting_.size() >= options_.max_waiting ||
              waiting_bytes_ + j.bytes > options_.max_waiting_bytes) {
      refused_.push_back(
            {std::move(j.done), {errc::limit, "Too many operations wait for the store."}});
   } else {
      waiting_bytes_ += j.bytes;
      waiting_.push_back(std::move(j));
   }
   if (!thread_.joinable()) start();
   wake_.notify_one();
}

void async_store::start() {
   try {
      thread_ = std::thread([this] { run(); });
   } catch (const std::system_error& e) {
      // What waits goes on waiting, and the next operation tries again.
      core::log::error("store", "no thread {}", core::log::kv("reason", e.what()));
   }
}

void async_store::run() {
   std::unique_lock lock(mutex_);
   auto next_purge = std::chrono::steady_clock::now() + options_.purge_interval;
   for (;;) {
      if (!refused_.empty()) {
         auto refused = std::exchange(refused_, {});
         lock.unlock();
         for (auto& r : refused) r.done(std::unexpected(std::move(r.why)));
         lock.lock();
      } else if (!waiting_.empty()) {
         job j = std::move(waiting_.front());
         waiting_.pop_front();
         waiting_bytes_ -= j.bytes;
         const bool late = is_stopping_;
         lock.unlock();
         j.done(late ? outcome(std::unexpected(is_stopping())) : perform(j));
         j = {}; // what the callback holds goes without the lock
         lock.lock();
      } else if (is_stopping_) {
         return;
      } else if (std::chrono::steady_clock::now() >= next_purge) {
         lock.unlock();
         purge();
         lock.lock();
         next_purge = std::chrono::steady_clock::now() + options_.purge_interval;
      } else {
         wake_.wait_until(lock, next_purge);
      }
   }
}

core::result<store*> async_store::made() {
   if (!store_) {
      auto fresh = make_();
      if (!fresh) return std::unexpected(std::move(fresh.error()));
      store_ = std::move(*fresh);
   }
   return store_.get();
}

outcome async_store::perform(job& j) {
   auto s = made();
   auto out = s ? j.work(**s) : outcome(std::unexpected(std::move(s.error())));
   report(out);
   return out;
}

void async_store::report(const outcome& o) {
   const bool is_trouble =
         !o && o.error().code != errc::not_found && o.error().code != errc::conflict;
   if (!is_trouble) {
      reported_.clear();
   } else if (reported_ != o.error().message) {
      reported_ = o.error().message; // the same again says nothing new
      core::log::warn("store", "operation failed {}", core::log::kv("reason", reported_));
   }
}

void async_store::purge() {
   if (!store_) return;
   const auto purged = store_->purge();
   if (!purged) {
      core::log::warn("store", "purge failed {}", core::log::kv("reason", purged.error().message));
   } else if (*purged != 0) {
      core::log::debug("store", "purged values={}", *purged);
   }
}

} // namespace fmcp::store
