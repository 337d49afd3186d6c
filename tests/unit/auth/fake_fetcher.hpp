#pragma once

/// A fetcher whose answers the test gives, when it wants to.

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/fetch.hpp"

namespace fmcp::test {

/// Thread safety: any thread.
class fake_fetcher final : public core::http::fetcher {
public:
   std::uint64_t start(core::http::fetch_request rq, core::http::fetch_done done) override {
      const std::lock_guard lock(mutex_);
      started_.push_back({std::move(rq), std::move(done)});
      return started_.size();
   }
   void cancel(std::uint64_t handle) override {
      const std::lock_guard lock(mutex_);
      cancelled_.push_back(handle);
   }

   [[nodiscard]] std::size_t count() const {
      const std::lock_guard lock(mutex_);
      return started_.size();
   }
   [[nodiscard]] std::size_t open() const {
      const std::lock_guard lock(mutex_);
      return static_cast<std::size_t>(
            std::ranges::count_if(started_, [](const auto& e) { return bool(e.done); }));
   }
   [[nodiscard]] core::http::fetch_request request(std::size_t i) const {
      const std::lock_guard lock(mutex_);
      return started_.at(i).request;
   }
   [[nodiscard]] std::vector<std::uint64_t> cancelled() const {
      const std::lock_guard lock(mutex_);
      return cancelled_;
   }

   /// To the oldest that is open.
   void answer(core::result<core::http::fetch_reply> reply) {
      core::http::fetch_done done;
      {
         const std::lock_guard lock(mutex_);
         const auto at = std::ranges::find_if(started_, [](const auto& e) { return bool(e.done); });
         if (at == started_.end()) throw std::logic_error("nothing is being fetched");
         done = std::exchange(at->done, nullptr);
      }
      done(std::move(reply));
   }
   void answer(int status, std::string body, std::string cache_control = "") {
      core::http::fetch_reply reply{
            .status = status, .headers = {}, .body = std::move(body), .final_url = {}};
      if (!cache_control.empty()) reply.headers.emplace_back("cache-control", cache_control);
      answer(std::move(reply));
   }
   void fail(core::errc code, std::string message = "connecting to the issuer failed") {
      answer(core::fail(code, std::move(message)));
   }

private:
   struct entry {
      core::http::fetch_request request;
      core::http::fetch_done done;
   };
   mutable std::mutex mutex_;
   std::vector<entry> started_;
   std::vector<std::uint64_t> cancelled_;
};

} // namespace fmcp::test
