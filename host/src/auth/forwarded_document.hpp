#pragma once

/// A JSON document of the authorization server's, kept at hand and never waited for longer than it
/// takes once.
///
/// Nothing is fetched before the first `get`. From then on a document that is no longer fresh is
/// fetched anew in the background while the old one is given out; when that fails, the old one
/// stays and nothing is tried for `back_off`. One fetch at a time, whoever asks. Several places are
/// tried in order, within one time limit for all of them.
///
/// A document is what comes with status 200, is a JSON object with a member `issuer`, keeps the
/// bounds and suits; its bytes are passed on as they came.
///
/// Thread safety: all members, any thread. Lifetimes: made by `make_shared`; fetcher and clock
/// outlive it, and what is in flight keeps it alive.
/// Errors: none leave it; a failure is a log line and no document.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/fetch.hpp"

namespace fmcp::auth {

class forwarded_document : public std::enable_shared_from_this<forwarded_document> {
public:
   struct options {
      std::vector<std::string> places; ///< URLs, the first one that works counts
      core::http::fetcher* fetch = nullptr;
      std::shared_ptr<const core::http::fetch_policy> reach{};
      std::chrono::milliseconds timeout{5'000}; ///< for all places together
      std::size_t max_bytes = 64u << 10;
      std::chrono::seconds min_fresh{300}, usual_fresh{900}, max_fresh{3'600};
      std::chrono::seconds back_off{30};
      std::size_t max_waiters = 256;
      /// Whether a document has what is wanted of it; null: any does.
      bool (*suits)(std::string_view text) = nullptr;
      const core::clock* clock = &core::clock::system();
   };
   explicit forwarded_document(options o) : options_(std::move(o)) {}

   struct state {
      std::shared_ptr<const std::string> text{}; ///< null: not known yet
      bool is_fetching = false;
   };
   /// What is known now; starts a fetch when one is due.
   [[nodiscard]] state get();
   /// `done` is called once when the fetch in flight is over, on a thread of the fetcher's. False:
   /// there is none, or too many wait; `done` was not taken.
   [[nodiscard]] bool wait(std::move_only_function<void()>& done);

private:
   void attempt(std::size_t place, std::uint64_t deadline_ns, std::string why);
   void landed(std::size_t place, std::uint64_t deadline_ns,
               core::result<core::http::fetch_reply> reply);
   void finish(std::shared_ptr<const std::string> text, std::chrono::seconds life);
   void give_up(std::string_view why);
   [[nodiscard]] std::chrono::seconds life_of(const core::http::fetch_reply& r) const;

   const options options_;
   std::mutex mutex_;
   state state_;                                          // guarded by mutex_
   std::uint64_t due_ns_ = 0;                             // guarded by mutex_: next fetch
   std::vector<std::move_only_function<void()>> waiters_; // guarded by mutex_
};

} // namespace fmcp::auth
