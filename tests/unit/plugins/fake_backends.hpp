#pragma once

/// Backends of the services that answer when the test says so.

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plugins/backends.hpp"

namespace fmcp::test {

class fake_fetcher final : public core::http::fetcher {
public:
   std::uint64_t start(core::http::fetch_request rq, core::http::fetch_done done) override {
      const std::lock_guard lock(mutex_);
      requests_.push_back(std::move(rq));
      waiting_[++last_] = std::move(done);
      return last_;
   }
   void cancel(std::uint64_t handle) override {
      const std::lock_guard lock(mutex_);
      cancelled_.push_back(handle);
   }
   /// Answers the exchange of that handle.
   void answer(std::uint64_t handle, core::result<core::http::fetch_reply> r) {
      core::http::fetch_done done;
      {
         const std::lock_guard lock(mutex_);
         done = std::move(waiting_.at(handle));
         waiting_.erase(handle);
      }
      done(std::move(r));
   }
   [[nodiscard]] std::vector<core::http::fetch_request> requests() {
      const std::lock_guard lock(mutex_);
      return requests_;
   }
   [[nodiscard]] std::vector<std::uint64_t> cancelled() {
      const std::lock_guard lock(mutex_);
      return cancelled_;
   }

private:
   std::mutex mutex_;
   std::uint64_t last_ = 0;
   std::vector<core::http::fetch_request> requests_;
   std::map<std::uint64_t, core::http::fetch_done> waiting_;
   std::vector<std::uint64_t> cancelled_;
};

class fake_jwt final : public plugins::jwt_backend {
public:
   core::result<std::uint64_t> add(plugins::jwt_policy p) override {
      if (refuse_with) return std::unexpected(*refuse_with);
      policies.push_back(std::move(p));
      return policies.size() - 1; // 0 is a good name too
   }
   void remove(std::uint64_t policy) override { removed.push_back(policy); }
   std::optional<plugins::jwt_outcome> verify_now(std::uint64_t policy,
                                                  std::string_view token) override {
      asked.emplace_back(policy, token);
      return now;
   }
   void verify(std::uint64_t policy, std::string_view token,
               std::move_only_function<void(plugins::jwt_outcome)> done) override {
      asked.emplace_back(policy, token);
      waiting.push_back(std::move(done));
   }

   std::optional<core::error> refuse_with;
   std::optional<plugins::jwt_outcome> now;
   std::vector<plugins::jwt_policy> policies;
   std::vector<std::uint64_t> removed;
   std::vector<std::pair<std::uint64_t, std::string>> asked;
   std::vector<std::move_only_function<void(plugins::jwt_outcome)>> waiting;
};

/// Says what it was asked and keeps `done`.
class fake_kv final : public plugins::kv_backend {
public:
   void get(std::string_view space, std::string_view key, plugins::kv_done done) override {
      note("get", space, key, std::move(done));
   }
   void put(std::string_view space, std::string_view key, std::string_view value,
            std::chrono::milliseconds ttl, std::uint64_t if_version,
            plugins::kv_done done) override {
      note("put " + std::string(value) + " " + std::to_string(ttl.count()) + " " +
                 std::to_string(if_version),
           space, key, std::move(done));
   }
   void take(std::string_view space, std::string_view key, plugins::kv_done done) override {
      note("take", space, key, std::move(done));
   }
   void remove(std::string_view space, std::string_view key, plugins::kv_done done) override {
      note("remove", space, key, std::move(done));
   }
   std::vector<std::string> asked;
   std::vector<plugins::kv_done> waiting;

private:
   void note(const std::string& what, std::string_view space, std::string_view key,
             plugins::kv_done done) {
      asked.push_back(what + " " + std::string(space) + "/" + std::string(key));
      waiting.push_back(std::move(done));
   }
};

/// "Seals" by writing everything down.
class fake_crypto final : public plugins::crypto_backend {
public:
   core::result<std::string> seal(std::string_view space, std::string_view plain,
                                  std::string_view aad, std::chrono::milliseconds ttl) override {
      last_ttl = ttl;
      return std::string(space) + "|" + std::string(aad) + "|" + std::string(plain);
   }
   core::result<std::string> open(std::string_view space, std::string_view sealed,
                                  std::string_view aad) override {
      const std::string head = std::string(space) + "|" + std::string(aad) + "|";
      if (!sealed.starts_with(head)) return core::fail(core::errc::denied, "forged");
      return std::string(sealed.substr(head.size()));
   }
   std::chrono::milliseconds last_ttl{};
};

} // namespace fmcp::test
