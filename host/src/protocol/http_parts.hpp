#pragma once

/// The inner types of `http_endpoint`, for its own source files.

#include <string>
#include <string_view>

#include "protocol/http_endpoint.hpp"
#include "protocol/subscription.hpp"

namespace fmcp::protocol {

/// The session id that was verified last on a connection. Still true while the id and who sends it
/// are the same, no session has ended since (`epoch`), and it has not expired.
struct http_endpoint::connection {
   std::string token;
   core::caller_ref who; ///< whose session it is; held, so that no other principal has its address
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

/// When the caller's token expires; 0: never, as far as is known.
[[nodiscard]] inline std::int64_t expiry_of(const core::caller_ref* who) noexcept {
   return who != nullptr && *who ? (*who)->expires_unix_ms : 0;
}

inline constexpr std::string_view version_mismatch =
      "MCP-Protocol-Version differs from the body's io.modelcontextprotocol/protocolVersion";

struct http_endpoint::listener final : subscriber {
   listener(std::string_view id, const subscription& what, service& s, std::int64_t expiry)
       : subscriber(id, what, s), expires_unix_ms(expiry),
         stream(sse_stream::make({.max_queued_bytes = s.options().max_stream_buffer})) {}
   const std::int64_t expires_unix_ms; ///< 0: never
   const std::shared_ptr<sse_stream> stream;

private:
   void send(std::string_view message) override { (void)stream->send(message); }
   void close(std::string_view result) override {
      (void)stream->send(result);
      stream->finish();
   }
};

} // namespace fmcp::protocol
