#pragma once

/// Which path is whose: the MCP endpoint, with and without a slash at its end, the documents that
/// tell where to log in, and the health checks.

#include <atomic>
#include <memory>
#include <string>

#include "auth/metadata_routes.hpp"
#include "core/http.hpp"
#include "plugins/host.hpp"
#include "protocol/access_gate.hpp"
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
   /// The endpoint and what stands in front of it; without authentication `gate` and `documents`
   /// are null.
   struct guarded {
      std::unique_ptr<protocol::access_gate> gate; ///< which `endpoint` uses
      std::unique_ptr<protocol::http_endpoint> endpoint;
      std::shared_ptr<auth::metadata_routes> documents; ///< public, so in front of the gate
   };
   router(std::string path, const health& h, guarded g);
   bool on_head(const core::http::request& rq, core::http::responder& out) override;
   void on_request(const core::http::request& rq, core::http::responder& out) override;
   void tick() { guarded_.endpoint->tick(); }

private:
   [[nodiscard]] bool is_endpoint(std::string_view path) const noexcept;
   [[nodiscard]] bool is_document(std::string_view path) const noexcept {
      return guarded_.documents && guarded_.documents->serves(path);
   }
   void on_other(const core::http::request& rq, core::http::responder& out) const;

   const std::string path_;
   const health& health_;
   const guarded guarded_;
};

} // namespace fmcp::app
