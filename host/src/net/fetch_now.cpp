#include "net/fetch_now.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace fmcp::net {
namespace {

using outcome = core::result<core::http::fetch_reply>;

/// What the fetcher's thread leaves for the one that waits. Both hold it, since either may be gone
/// when the other comes.
class mailbox {
public:
   void put(std::string_view piece) {
      {
         const std::lock_guard held(mutex_);
         pieces_.append(piece);
      }
      news_.notify_one();
   }
   void end(outcome with) {
      {
         const std::lock_guard held(mutex_);
         outcome_ = std::move(with);
      }
      news_.notify_one();
   }
   /// Nothing: out of time.
   std::optional<outcome> wait(std::chrono::steady_clock::time_point until,
                               const std::function<void(std::string_view)>& told) {
      std::unique_lock held(mutex_);
      for (;;) {
         const bool has_news = news_.wait_until(
               held, until, [this] { return outcome_.has_value() || !pieces_.empty(); });
         if (!has_news) return std::nullopt;
         const auto pieces = std::exchange(pieces_, {});
         auto over = std::exchange(outcome_, std::nullopt);
         held.unlock();
         if (!pieces.empty()) told(pieces);
         if (over) return over;
         held.lock();
      }
   }

private:
   std::mutex mutex_;
   std::condition_variable news_;
   std::string pieces_;             // guarded by mutex_
   std::optional<outcome> outcome_; // guarded by mutex_
};

} // namespace

core::result<core::http::fetch_reply> fetch_now(core::http::fetcher& with,
                                                core::http::fetch_request rq,
                                                std::chrono::milliseconds slack) {
   const auto until = std::chrono::steady_clock::now() + rq.timeout + slack;
   const auto box = std::make_shared<mailbox>();
   const auto told = std::exchange(rq.on_piece, nullptr);
   if (told) rq.on_piece = [box](std::string_view piece) { box->put(piece); };
   const auto handle =
         with.start(std::move(rq), [box](outcome r) mutable { box->end(std::move(r)); });
   if (auto answer = box->wait(until, told)) return std::move(*answer);
   with.cancel(handle);
   return core::fail(core::errc::timeout, "a request had no answer in time: its client is busy");
}

} // namespace fmcp::net
