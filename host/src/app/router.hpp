#pragma once

/// Which path is whose: the MCP endpoint, with and without a slash at its end, and the health
/// checks.

#include <atomic>
#include <memory>
#include <string>

#include "core/http.hpp"
#include "plugins/host.hpp"
#include "protocol/http_endpoint.hpp"

namespace fmcp::app {

/// What the health checks tell. Thread safety: any thread.
struct health {
   std::atomic<bool> is_stopping{false};
   plugins::host* plugins = nullptr;

   /// `{"status":"ready","plugins":{"active":2,"failed":["bad.so"]}}`; names files without their
   /// paths, and reasons stay in the log: everybody can ask.
   [[nodiscard]] std::string readiness(int& status) const;
};

/// One per thread.
class router final : public core::http::handler {
public:
   router(std::string path, const health& h, std::unique_ptr<protocol::http_endpoint> endpoint);
   bool on_head(const core::http::request& rq, core::http::responder& out) override;
   void on_request(const core::http::request& rq, core::http::responder& out) override;
   void tick() { endpoint_->tick(); }

private:
   [[nodiscard]] bool is_endpoint(std::string_view path) const noexcept;
   void on_other(const core::http::request& rq, core::http::responder& out) const;

   const std::string path_;
   const health& health_;
   const std::unique_ptr<protocol::http_endpoint> endpoint_;
};

} // namespace fmcp::app
