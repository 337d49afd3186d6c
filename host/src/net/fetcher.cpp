#include "net/fetcher.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/log.hpp"
#include "core/safe_path.hpp"
#include "net/fetch_transfer.hpp"

namespace fmcp::net {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;
using core::http::fetch_done;
using core::http::fetch_reply;
using core::http::fetch_request;

constexpr milliseconds longest_timeout = 24h;
constexpr milliseconds longest_wait = 1min;
/// Callers that answer the end with another request, in their `done`, are heard so many times.
constexpr int last_rounds = 100;

/// One exchange from `start` to `done`.
struct job {
   std::uint64_t id = 0;
   core::result<fetch_exchange> exchange;
   clock::time_point deadline;
   milliseconds timeout;
   bool leaves_room; ///< see fetch_policy
   fetch_done done;
   std::unique_ptr<fetch_transfer>
         transfer{}; // while it runs; before `exchange` changes it is gone
};
using job_ptr = std::unique_ptr<job>;

/// At least one: whoever keeps more than there is does not shut the others out.
std::size_t less(std::size_t all, std::size_t kept) noexcept {
   return all > kept ? all - kept : 1;
}

core::error ended(const job& j) {
   return {core::errc::internal,
           fmt::format("{} was not fetched: the process ends", j.exchange->place())};
}
core::error expired(const job& j) {
   return {core::errc::timeout, fmt::format("{} could not be fetched within {} ms",
                                            j.exchange->place(), j.timeout.count())};
}

class curl_fetcher final : public core::http::fetcher {
public:
   curl_fetcher(fetcher_options options, proxy_rules proxies, trust_store trust,
                core::unique_fd wake)
       : options_(std::move(options)), proxies_(std::move(proxies)), trust_(std::move(trust)),
         wake_(std::move(wake)) {}
   ~curl_fetcher() override;

   std::uint64_t start(fetch_request rq, fetch_done done) override;
   void cancel(std::uint64_t handle) override;

private:
   void begin_thread(); // [mutex_ held]
   void wake() noexcept;

   // All below: [the fetcher's thread]
   void run();
   bool take_inbox();
   void cancel_now(std::uint64_t id);
   void expire_waiting();
   void start_waiting();
   void start_one(job_ptr j);
   bool drive();
   void settle(job_ptr j, core::result<fetch_reply> outcome);
   job_ptr take_running(std::uint64_t id);
   void finish(job_ptr j, core::result<fetch_reply> outcome);
   void wait();
   void end_all();
   core::result<void> set_up();
   [[nodiscard]] bool may_run(const job& j) const;

   const fetcher_options options_;
   const proxy_rules proxies_;
   trust_store trust_; // of the thread only
   const core::unique_fd wake_;

   std::mutex mutex_;
   std::vector<job_ptr> inbox_;           // guarded by mutex_
   std::vector<std::uint64_t> cancelled_; // guarded by mutex_
   std::uint64_t last_id_ = 0;            // guarded by mutex_
   std::size_t open_ = 0;                 // guarded by mutex_: accepted and not finished
   std::size_t open_guests_ = 0;          // guarded by mutex_: of these, those that leave room
   bool is_ending_ = false;               // guarded by mutex_
   std::thread thread_;                   // guarded by mutex_; joined by the destructor

   // Of the thread only.
   const curl_library* curl_ = nullptr;
   CURLM* multi_ = nullptr;
   std::deque<job_ptr> waiting_;
   std::unordered_map<CURL*, job_ptr> running_;
   clock::time_point idle_since_ = clock::time_point::max();
};

// ------------------------------------------------------------------------------------ any thread

std::uint64_t curl_fetcher::start(fetch_request rq, fetch_done done) {
   const auto timeout = std::clamp(rq.timeout, 1ms, longest_timeout);
   const bool leaves_room = rq.policy && rq.policy->leaves_room;
   job_ptr made(new job{.exchange = fetch_exchange::admit(std::move(rq)),
                        .deadline = clock::now() + timeout,
                        .timeout = timeout,
                        .leaves_room = leaves_room,
                        .done = std::move(done)});
   const std::lock_guard lock(mutex_);
   const auto id = made->id = ++last_id_;
   const auto all = options_.max_running + options_.max_waiting;
   const auto for_guests = less(all, options_.kept_running + options_.kept_waiting);
   if (made->exchange && (open_ >= all || (leaves_room && open_guests_ >= for_guests))) {
      made->exchange = core::fail(core::errc::limit,
                                  fmt::format("{} was not fetched: {} other requests are under way",
                                              made->exchange->place(), open_));
   }
   if (made->exchange) {
      ++open_;
      open_guests_ += leaves_room;
   }
   inbox_.push_back(std::move(made));
   begin_thread();
   wake();
   return id;
}

void curl_fetcher::cancel(std::uint64_t handle) {
   const std::lock_guard lock(mutex_);
   if (!thread_.joinable()) return;
   cancelled_.push_back(handle);
   wake();
}

curl_fetcher::~curl_fetcher() {
   {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
      wake();
   }
   if (thread_.joinable()) thread_.join();
}

void curl_fetcher::begin_thread() {
   if (thread_.joinable()) return;
   // Signals are the main thread's business; a blocked SIGPIPE leaves EPIPE.
   sigset_t all, before;
   ::sigfillset(&all);
   ::pthread_sigmask(SIG_SETMASK, &all, &before);
   thread_ = std::thread([this] { run(); });
   ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void curl_fetcher::wake() noexcept {
   const std::uint64_t one = 1;
   // Fails only when the counter is full, and then the thread is awake.
   [[maybe_unused]] const auto n = ::write(wake_.get(), &one, sizeof one);
}

// ------------------------------------------------------------------------------------ the thread

void curl_fetcher::run() {
   while (take_inbox()) {
      expire_waiting();
      start_waiting();
      // What finished has made room, or started something.
      if (!drive()) wait();
   }
   end_all();
}

/// False: the end has come.
bool curl_fetcher::take_inbox() {
   std::vector<job_ptr> jobs;
   std::vector<std::uint64_t> cancelled;
   {
      const std::lock_guard lock(mutex_);
      if (is_ending_) return false;
      jobs.swap(inbox_);
      cancelled.swap(cancelled_);
   }
   for (auto& j : jobs) {
      if (j->exchange) {
         waiting_.push_back(std::move(j));
      } else {
         j->done(std::unexpected(std::move(j->exchange.error())));
      }
   }
   for (const auto id : cancelled) cancel_now(id);
   return true;
}

void curl_fetcher::cancel_now(std::uint64_t id) {
   job_ptr found = take_running(id);
   if (!found) {
      const auto at = std::ranges::find(waiting_, id, [](const job_ptr& j) { return j->id; });
      if (at == waiting_.end()) return;
      found = std::move(*at);
      waiting_.erase(at);
   }
   core::error why{core::errc::timeout,
                   fmt::format("{} was not fetched: it was cancelled", found->exchange->place())};
   finish(std::move(found), std::unexpected(std::move(why)));
}

void curl_fetcher::expire_waiting() {
   const auto now = clock::now();
   std::vector<job_ptr> late;
   std::erase_if(waiting_, [&](job_ptr& j) {
      if (j->deadline > now) return false;
      late.push_back(std::move(j));
      return true;
   });
   for (auto& j : late) {
      auto why = expired(*j);
      finish(std::move(j), std::unexpected(std::move(why)));
   }
}

/// Whether it keeps to the bounds, while fewer run than may altogether.
bool curl_fetcher::may_run(const job& j) const {
   const auto origin = j.exchange->target().origin();
   std::size_t guests = 0, here = 0, guests_here = 0;
   for (const auto& [handle, other] : running_) {
      const bool is_here = other->exchange->target().origin() == origin;
      guests += other->leaves_room;
      here += is_here;
      guests_here += is_here && other->leaves_room;
   }
   if (here >= options_.max_running_per_origin) return false;
   return !j.leaves_room ||
          (guests < less(options_.max_running, options_.kept_running) &&
           guests_here < less(options_.max_running_per_origin, options_.kept_running_per_origin));
}

/// In order of arrival, except that a busy origin holds up nobody else, nor do those that have to
/// leave room.
void curl_fetcher::start_waiting() {
   for (std::size_t at = 0; at < waiting_.size() && running_.size() < options_.max_running;) {
      if (!may_run(*waiting_[at])) {
         ++at;
         continue;
      }
      auto j = std::move(waiting_[at]);
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(at));
      start_one(std::move(j));
   }
}

core::result<void> curl_fetcher::set_up() {
   if (multi_ != nullptr) return {};
   const auto& library = curl_library::get();
   if (!library) return std::unexpected(library.error());
   curl_ = &*library;
   multi_ = curl_->multi_init();
   if (multi_ == nullptr) return core::fail(core::errc::internal, "libcurl has no memory");
   curl_->multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 32L);
#if LIBCURL_VERSION_NUM >= 0x081400
   curl_->multi_setopt(multi_, CURLMOPT_QUICK_EXIT, 1L);
#endif
   return {};
}

void curl_fetcher::start_one(job_ptr j) {
   if (auto r = set_up(); !r) return finish(std::move(j), std::unexpected(std::move(r.error())));
   const auto left = std::chrono::ceil<milliseconds>(j->deadline - clock::now());
   if (left <= 0ms) {
      auto why = expired(*j);
      return finish(std::move(j), std::unexpected(std::move(why)));
   }
   j->transfer = fetch_transfer::begin({*curl_, options_, proxies_, trust_}, *j->exchange, left);
   CURL* const handle = j->transfer ? j->transfer->handle() : nullptr;
   if (handle == nullptr || curl_->multi_add_handle(multi_, handle) != CURLM_OK) {
      return finish(std::move(j), core::fail(core::errc::internal,
                                             "libcurl refuses what a request needs to be safe"));
   }
   running_.emplace(handle, std::move(j));
}

/// Lets libcurl work; true when a transfer ended.
bool curl_fetcher::drive() {
   if (running_.empty()) return false;
   int unused = 0;
   const auto failed = curl_->multi_perform(multi_, &unused);
   if (failed != CURLM_OK) {
      core::log::error("net", "libcurl fails {}",
                       core::log::kv("why", curl_->multi_strerror(failed)));
   }
   // All are collected before any `done` may do something about it.
   std::vector<std::pair<job_ptr, core::result<fetch_reply>>> over;
   while (const CURLMsg* message = curl_->multi_info_read(multi_, &unused)) {
      if (message->msg != CURLMSG_DONE) continue;
      const auto code = message->data.result; // gone with the handle's removal
      const auto at = running_.find(message->easy_handle);
      auto j = std::move(at->second);
      curl_->multi_remove_handle(multi_, at->first);
      running_.erase(at);
      auto outcome = j->transfer->finish(code);
      j->transfer.reset();
      over.emplace_back(std::move(j), std::move(outcome));
   }
   for (auto& [j, outcome] : over) settle(std::move(j), std::move(outcome));
   return !over.empty();
}

/// Done, or once more around for the next hop, ahead of those that have not begun.
void curl_fetcher::settle(job_ptr j, core::result<fetch_reply> outcome) {
   if (!outcome) return finish(std::move(j), std::move(outcome));
   auto goes_on = j->exchange->follow_redirect(*outcome);
   if (!goes_on) return finish(std::move(j), std::unexpected(std::move(goes_on.error())));
   if (!*goes_on) return finish(std::move(j), std::move(outcome));
   waiting_.push_front(std::move(j));
}

/// Null: it does not run.
job_ptr curl_fetcher::take_running(std::uint64_t id) {
   const auto at = std::ranges::find_if(running_, [&](auto& e) { return e.second->id == id; });
   if (at == running_.end()) return nullptr;
   auto j = std::move(at->second);
   curl_->multi_remove_handle(multi_, at->first);
   running_.erase(at);
   j->transfer.reset();
   return j;
}

void curl_fetcher::finish(job_ptr j, core::result<fetch_reply> outcome) {
   {
      const std::lock_guard lock(mutex_);
      --open_;
      open_guests_ -= j->leaves_room;
   }
   j->transfer.reset();
   j->done(std::move(outcome));
}

/// Until libcurl has something to do, a request that waits is too late, somebody calls, or nothing
/// has run for so long that the connections are given up.
void curl_fetcher::wait() {
   const auto now = clock::now();
   // Rounded up, so that nothing is looked at just before it is due.
   const auto until = [&](clock::time_point then) {
      const auto left = std::chrono::ceil<milliseconds>(then - now);
      return static_cast<int>(std::clamp(left, 0ms, longest_wait).count());
   };
   if (!running_.empty()) {
      idle_since_ = clock::time_point::max();
      auto timeout = until(clock::time_point::max());
      for (const auto& j : waiting_) timeout = std::min(timeout, until(j->deadline));
      curl_waitfd fd{wake_.get(), CURL_WAIT_POLLIN, 0};
      curl_->multi_poll(multi_, &fd, 1, timeout, nullptr);
   } else {
      idle_since_ = std::min(idle_since_, now);
      const auto close_at = idle_since_ + options_.idle_timeout;
      if (multi_ != nullptr && now >= close_at) {
         curl_->multi_cleanup(std::exchange(multi_, nullptr));
      }
      pollfd fd{wake_.get(), POLLIN, 0};
      ::poll(&fd, 1, multi_ == nullptr ? -1 : until(close_at));
   }
   std::uint64_t count = 0;
   [[maybe_unused]] const auto n = ::read(wake_.get(), &count, sizeof count); // does not block
}

/// Everybody hears of the end, also those whom a `done` starts now.
void curl_fetcher::end_all() {
   std::vector<job_ptr> all;
   for (auto& j : waiting_) all.push_back(std::move(j));
   waiting_.clear();
   while (!running_.empty()) all.push_back(take_running(running_.begin()->second->id));
   if (multi_ != nullptr) curl_->multi_cleanup(std::exchange(multi_, nullptr));
   for (int round = 0; round < last_rounds; ++round) {
      {
         const std::lock_guard lock(mutex_);
         std::ranges::move(inbox_, std::back_inserter(all));
         inbox_.clear();
      }
      if (all.empty()) return;
      for (auto& j : std::exchange(all, {})) {
         if (!j->exchange) {
            j->done(std::unexpected(std::move(j->exchange.error())));
            continue;
         }
         auto why = ended(*j);
         finish(std::move(j), std::unexpected(std::move(why)));
      }
   }
   core::log::warn("net", "requests are started again and again while the process ends");
}

} // namespace

core::result<std::unique_ptr<core::http::fetcher>> open_fetcher(fetcher_options options) {
   auto proxies = proxy_rules::parse(options.https_proxy, options.no_proxy);
   if (!proxies) return std::unexpected(std::move(proxies.error()));
   auto trust = trust_store::open(options.ca_file);
   if (!trust) return std::unexpected(std::move(trust.error()));
   core::unique_fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
   if (!wake) {
      return core::fail(core::errc::io, fmt::format("no eventfd for outbound HTTP can be made: {}",
                                                    std::strerror(errno)));
   }
   return std::make_unique<curl_fetcher>(std::move(options), std::move(*proxies), std::move(*trust),
                                         std::move(wake));
}

} // namespace fmcp::net
