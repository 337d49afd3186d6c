#pragma once

/// A store for threads that must not wait: operations go into a queue, one thread does them in
/// order.
///
/// The thread comes with the first operation, and purges from time to time as long as it lives. The
/// queue is bounded by number and by bytes; what does not fit is answered with `limit`, out of the
/// queue's order. (The answer still has to be kept until it is given, so it is whoever starts
/// operations that has to be bounded as well.)
///
/// Thread safety: all members, any thread. Callbacks run on the store's thread, exactly once, never
/// inside the starting function; they should be quick and may start further operations.
/// Lifetimes: names and values are copied by the starting function. The destructor answers what
/// still waits with `io`, and waits for the operation under way; afterwards no callback runs.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "store/store.hpp"

namespace fmcp::store {

/// What an operation comes to; `value` and `version` as far as it has them.
using outcome = core::result<record>;
using on_done = std::move_only_function<void(outcome)>;

class async_store {
public:
   struct options {
      std::size_t max_waiting = 1024;
      std::size_t max_waiting_bytes = 16 * 1024 * 1024; ///< keys and values
      std::chrono::milliseconds purge_interval = std::chrono::minutes(5);
   };
   /// Makes the store, on the store's thread, at the first operation. After an error it is called
   /// again by the next one.
   using maker = std::move_only_function<core::result<std::unique_ptr<store>>()>;

   explicit async_store(maker make, const options& o);
   explicit async_store(maker make) : async_store(std::move(make), options()) {}
   ~async_store();
   async_store(const async_store&) = delete;
   async_store& operator=(const async_store&) = delete;

   void get(std::string_view space, std::string_view key, on_done done);
   void put(std::string_view space, std::string_view key, std::string_view value,
            std::chrono::milliseconds ttl, std::uint64_t if_version, on_done done);
   void take(std::string_view space, std::string_view key, on_done done);
   void remove(std::string_view space, std::string_view key, on_done done);

private:
   struct job {
      std::move_only_function<outcome(store&)> work;
      on_done done;
      std::size_t bytes = 0;
   };
   struct refusal {
      on_done done;
      core::error why;
   };

   void enqueue(job j);
   void start(); // with the lock held
   void run();
   void purge();
   outcome perform(job& j);
   void report(const outcome& o);
   core::result<store*> made();

   const options options_;
   maker make_; // these three: the store's thread only
   std::unique_ptr<store> store_;
   std::string reported_; // the last trouble, until an operation succeeds

   std::mutex mutex_; // of everything below
   std::condition_variable wake_;
   std::deque<job> waiting_;
   std::vector<refusal> refused_;
   std::size_t waiting_bytes_ = 0;
   bool is_stopping_ = false;
   std::thread thread_;
};

} // namespace fmcp::store
