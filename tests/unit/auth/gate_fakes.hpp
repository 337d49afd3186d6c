#pragma once

/// The gate's surroundings, stepped by hand: a connection, a verifier, a fetcher.

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/verifier.hpp"
#include "core/fetch.hpp"
#include "core/http.hpp"
#include "support/fake_exchange.hpp"

namespace fmcp::test {

struct answer {
   int status = 0;
   std::string content_type{}, body{};
   std::vector<std::pair<std::string, std::string>> fields{};

   [[nodiscard]] std::string find(std::string_view name) const {
      for (const auto& [n, v] : fields) {
         if (n == name) return v;
      }
      return {};
   }
   [[nodiscard]] bool has(std::string_view name) const {
      for (const auto& f : fields) {
         if (f.first == name) return true;
      }
      return false;
   }
};

/// A request that owns its text.
class made_request {
public:
   explicit made_request(std::string path, std::string query = {})
       : path_(std::move(path)), query_(std::move(query)) {}
   made_request& with(std::string name, std::string value) {
      fields_.emplace_back(std::move(name), std::move(value));
      return *this;
   }
   made_request& by(core::http::method verb, std::string text) {
      verb_ = verb;
      verb_text_ = std::move(text);
      return *this;
   }
   made_request& with_body(std::string body) {
      body_ = std::move(body);
      return *this;
   }
   [[nodiscard]] const core::http::request& get() {
      views_.clear();
      for (const auto& [n, v] : fields_) views_.push_back({n, v});
      request_ = {};
      request_.verb = verb_;
      request_.verb_text = verb_text_;
      request_.path = path_;
      request_.query = query_;
      request_.host = "evil.example";
      request_.fields = views_;
      request_.body = body_;
      request_.peer_address = "192.0.2.7";
      return request_;
   }

private:
   core::http::method verb_ = core::http::method::post;
   std::string verb_text_ = "POST", path_, query_, body_ = "{}";
   std::vector<std::pair<std::string, std::string>> fields_;
   std::vector<core::http::field> views_;
   core::http::request request_;
};

/// One connection: its loop, its slots, all its answers, in order.
class fake_connection final : public core::http::responder {
public:
   void reply(const core::http::response_head& head, std::string_view body) override {
      answer a{.status = head.status,
               .content_type = std::string(head.content_type),
               .body = std::string(body)};
      for (const auto& f : head.fields) a.fields.emplace_back(f.name, f.value);
      answers.push_back(std::move(a));
   }
   [[nodiscard]] std::string& output() noexcept override { return output_; }
   void replied_raw() override { answers.push_back({.status = 200}); }
   [[nodiscard]] std::string_view date_line() const noexcept override { return {}; }
   [[nodiscard]] std::shared_ptr<core::http::exchange> keep() override { return nullptr; }
   [[nodiscard]] std::shared_ptr<core::http::held_request> hold() override {
      ++holds;
      if (!can_hold) return nullptr;
      return std::make_shared<held>(*this);
   }
   [[nodiscard]] std::shared_ptr<void>& attachment() noexcept override { return attachment_; }
   [[nodiscard]] std::shared_ptr<void>& identity() noexcept override { return identity_; }
   [[nodiscard]] core::executor& home() noexcept override { return loop; }

   made_request* asked = nullptr; ///< what `hold` puts aside
   std::vector<answer> answers;
   int holds = 0;
   bool can_hold = true;
   bool is_connected = true;
   manual_executor loop; ///< goes first, with what waits in it

private:
   class held final : public core::http::held_request {
   public:
      explicit held(fake_connection& c) : c_(c), copy_(*c.asked) {}
      ~held() override {
         if (!is_resumed_) c_.answers.push_back({.status = 500});
      }
      void resume(work f) override {
         is_resumed_ = true;
         if (c_.is_connected) f(copy_.get(), c_);
      }
      [[nodiscard]] core::executor& home() noexcept override { return c_.loop; }

   private:
      fake_connection& c_;
      made_request copy_;
      bool is_resumed_ = false;
   };
   std::string output_;
   std::shared_ptr<void> attachment_, identity_;
};

/// Remembers questions and answers when told to; or at once.
class fake_verifier final : public auth::verifier {
public:
   struct question {
      std::string token, method, url, peer_address, resource;
      auth::verdict_done done;
   };
   void verify(const auth::question& q, auth::verdict_done done) override {
      ++asked;
      if (at_once) return done(*at_once);
      if (is_careless) return; // drops `done`
      open.push_back({std::string(q.token), std::string(q.method), std::string(q.url),
                      std::string(q.peer_address), std::string(q.resource), std::move(done)});
   }
   void answer(auth::verdict v) {
      auto q = std::move(open.front());
      open.pop_front();
      q.done(std::move(v));
   }

   std::deque<question> open;
   std::unique_ptr<auth::verdict> at_once;
   bool is_careless = false;
   int asked = 0;
};

class stepped_fetcher final : public core::http::fetcher {
public:
   std::uint64_t start(core::http::fetch_request rq, core::http::fetch_done done) override {
      requests.push_back(std::move(rq));
      open.push_back(std::move(done));
      return requests.size();
   }
   void cancel(std::uint64_t) override {}
   void answer(core::result<core::http::fetch_reply> r) {
      auto done = std::move(open.front());
      open.pop_front();
      done(std::move(r));
   }
   void answer(std::string body, std::string cache_control = {}) {
      core::http::fetch_reply r;
      r.status = 200;
      r.body = std::move(body);
      if (!cache_control.empty()) r.headers.emplace_back("cache-control", std::move(cache_control));
      answer(std::move(r));
   }
   void fail() { answer(core::fail(core::errc::io, "nobody is there")); }

   std::vector<core::http::fetch_request> requests;
   std::deque<core::http::fetch_done> open;
};

/// A principal with scopes; expires at the given time.
inline core::caller_ref somebody(std::vector<std::string> scopes = {},
                                 std::int64_t expires_unix_ms = 0) {
   auto p = std::make_shared<core::principal>();
   p->subject = "alice";
   p->issuer = "https://as.example";
   p->scopes = std::move(scopes);
   p->expires_unix_ms = expires_unix_ms;
   p->claims_json = R"({"email":"alice@private.example"})";
   return p;
}

inline auth::verdict good(core::caller_ref who,
                          std::chrono::seconds cache_for = std::chrono::seconds(300)) {
   return {.reason = core::auth_reason::none, .who = std::move(who), .cache_for = cache_for};
}
inline auth::verdict bad(core::auth_reason why) {
   return {.reason = why};
}

} // namespace fmcp::test
