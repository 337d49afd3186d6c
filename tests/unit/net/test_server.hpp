#pragma once

/// A real server on a free port of loopback, whose handler is two functions of the test.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include <gtest/gtest.h>

#include "net/http_server.hpp"
#include "unit/net/raw_client.hpp"

namespace fmcp::test {

using core::http::exchange;
using core::http::request;
using core::http::responder;
using core::http::response_head;

/// Something that happens once, on any thread, and that the test waits for.
class event {
public:
   void happen() {
      const std::lock_guard lock(mutex_);
      ++count_;
      changed_.notify_all();
   }
   /// False when it did not happen that often in the time that a test may take.
   bool wait(int times = 1) {
      std::unique_lock lock(mutex_);
      return changed_.wait_for(lock, std::chrono::milliseconds(patience_ms),
                               [&] { return count_ >= times; });
   }
   int count() {
      const std::lock_guard lock(mutex_);
      return count_;
   }

private:
   std::mutex mutex_;
   std::condition_variable changed_;
   int count_ = 0;
};

inline response_head text_head(int status = 200) {
   return {.status = status, .content_type = "text/plain", .fields = {}};
}

class test_server {
public:
   using request_function = std::function<void(const request&, responder&)>;
   using head_function = std::function<bool(const request&, responder&)>;

   /// Answers each request with its method, target and body unless told otherwise.
   explicit test_server(net::limits bounds = {}, request_function rq = echo,
                        head_function head = {}, net::server_options options = {}) {
      options.bounds = bounds;
      options.port = 0;
      if (options.threads == 0) options.threads = 1;
      auto made = net::server::open(options, [=](unsigned, core::executor&) {
         return std::make_unique<functions>(rq, head);
      });
      if (!made) {
         ADD_FAILURE() << made.error().message;
         return;
      }
      server_ = std::move(*made);
      server_->start();
   }

   [[nodiscard]] std::uint16_t port() const { return server_->port(); }
   [[nodiscard]] raw_client connect() const { return raw_client(port()); }
   [[nodiscard]] net::server& operator*() const { return *server_; }
   net::server* operator->() const { return server_.get(); }

   static void echo(const request& rq, responder& out) {
      std::string body = std::string(rq.verb_text) + " " + std::string(rq.path);
      if (!rq.query.empty()) body += "?" + std::string(rq.query);
      body += " " + std::string(rq.body);
      out.reply(text_head(), body);
   }

private:
   class functions final : public core::http::handler {
   public:
      functions(request_function rq, head_function head)
          : rq_(std::move(rq)), head_(std::move(head)) {}
      bool on_head(const request& rq, responder& out) override { return !head_ || head_(rq, out); }
      void on_request(const request& rq, responder& out) override { rq_(rq, out); }

   private:
      request_function rq_;
      head_function head_;
   };

   std::unique_ptr<net::server> server_;
};

} // namespace fmcp::test
