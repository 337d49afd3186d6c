#pragma once

/// What is left of a request when the handler has kept it: the bridge between the `exchange` in the
/// handler's hands, which may be held and dropped by any thread for any time, and a connection that
/// lives on one thread and may go first.

#include <atomic>
#include <functional>
#include <memory>

#include "core/http.hpp"
#include "net/task_queue.hpp"

namespace fmcp::net {

class connection;

/// Thread safety: the connection's thread only, but for `has_ended`, `home` and
/// `drop`.
class kept_request : public std::enable_shared_from_this<kept_request> {
public:
   kept_request(connection& c, std::shared_ptr<task_queue> home)
       : connection_(&c), home_(std::move(home)) {}

   /// Null when the answer is complete or the peer has gone.
   [[nodiscard]] connection* where() const noexcept { return connection_; }
   [[nodiscard]] bool has_ended() const noexcept { return has_ended_.load(); } // [any thread]
   [[nodiscard]] task_queue& home() noexcept { return *home_; }                // [any thread]

   void on_disconnect(std::function<void()> callback);
   /// The answer is complete.
   void finish() noexcept;
   /// The peer has gone: the callback is called, from the loop and never from within a call.
   void lose();
   /// Nobody will answer any more: the connection learns it on its own thread. [any thread]
   void drop();

private:
   connection* connection_;
   std::shared_ptr<task_queue> home_;
   std::function<void()> callback_;
   bool is_lost_ = false;
   std::atomic<bool> has_ended_{false};
};

/// What the handler holds.
class kept_exchange final : public core::http::exchange {
public:
   explicit kept_exchange(std::shared_ptr<kept_request> rq) : rq_(std::move(rq)) {}
   ~kept_exchange() override;

   void reply(const core::http::response_head& head, std::string_view body) override;
   void begin(const core::http::response_head& head) override;
   bool write(std::string_view bytes) override;
   void end() override;
   void abort() override;
   void on_disconnect(std::function<void()> callback) override;
   [[nodiscard]] bool connected() const noexcept override { return rq_->where() != nullptr; }
   [[nodiscard]] std::size_t pending_bytes() const noexcept override;
   [[nodiscard]] core::executor& home() noexcept override { return rq_->home(); }

private:
   const std::shared_ptr<kept_request> rq_;
};

/// A request that was put aside, and its way back into the connection.
class set_aside final : public core::http::held_request,
                        public std::enable_shared_from_this<set_aside> {
public:
   set_aside(std::shared_ptr<kept_request> kept, const core::http::request& rq)
       : kept_(std::move(kept)), copy_(rq) {}
   ~set_aside() override;

   void resume(work f) override;
   [[nodiscard]] core::executor& home() noexcept override { return kept_->home(); }

private:
   const std::shared_ptr<kept_request> kept_;
   const core::http::stored_request copy_;
};

} // namespace fmcp::net
