#pragma once

/// The inner types of `http_endpoint`, for its own source files.

#include <mutex>
#include <string>
#include <string_view>

#include "protocol/http_endpoint.hpp"

namespace fmcp::protocol {

/// The session id that was verified last on a connection. Still true while the id is the same, no
/// session has ended since (`epoch`), and it has not expired.
struct http_endpoint::connection {
   std::string token;
   session_claims claims;
   std::uint64_t epoch = 0;
   std::int64_t noted_s = 0; ///< when the session's state was last told that it is used
   std::string digest;
   std::string capabilities_json;
};

struct http_endpoint::post {
   const request& rq;
   const http_fields& f;
   responder& out;
   bool may_stream = false, may_json = true;
   bool is_modern = false;
};

class http_endpoint::session_door final : public session_access {
public:
   session_door(session_store& sessions, const connection* c) noexcept
       : sessions_(sessions), connection_(c) {}
   std::shared_ptr<session_state> find() override {
      return connection_ != nullptr ? sessions_.find(connection_->claims) : nullptr;
   }
   std::shared_ptr<session_state> need() override {
      return connection_ != nullptr ? sessions_.need(connection_->claims) : nullptr;
   }

private:
   session_store& sessions_;
   const connection* connection_;
};

/// Changes are told from any thread, also while the acknowledgement, which has to be the first
/// message (reference, 13), is not out yet.
struct http_endpoint::listener final : list_listener {
   listener(std::string id, const subscription& what, const service& s)
       : id_(std::move(id)), what_(what), info_(s.server_info_member()) {}

   void acknowledge() {
      std::string text;
      append_acknowledgement(text, id_, what_);
      const std::lock_guard lock(mutex_);
      stream->send(text);
      is_acknowledged_ = true;
      if (has_missed_) tell();
   }
   void on_tools_changed() noexcept override {
      if (!what_.wants_tool_changes) return;
      const std::lock_guard lock(mutex_);
      is_acknowledged_ ? tell() : void(has_missed_ = true);
   }
   void on_shutdown() noexcept override {
      std::string text;
      append_listen_result(text, id_, info_);
      stream->send(text);
      stream->finish();
   }
   std::shared_ptr<sse_stream> stream;

private:
   void tell() {
      std::string text;
      append_tool_change(text, id_);
      stream->send(text);
   }
   const std::string id_;
   const subscription what_;
   const std::string_view info_; // the service outlives its connections
   std::mutex mutex_;
   bool is_acknowledged_ = false, has_missed_ = false; // guarded by mutex_
};

} // namespace fmcp::protocol
