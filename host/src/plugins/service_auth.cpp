/// Service `fmcp.auth-host/1`: how a provider answers.

#include "plugins/service_parts.hpp"

namespace fmcp::plugins {
namespace {

constexpr std::size_t digest_bytes = 32;

fmcp_status verified(void* ctx, fmcp_call c, const fmcp_auth_result* r) noexcept {
   return ctx == nullptr ? FMCP_E_GONE : self(ctx).calls().verified(c, r);
}

/// No request of HTTP is handed to a provider by this host, so there is none to answer.
fmcp_status respond(void*, fmcp_call, const fmcp_http_reply* r) noexcept {
   const auto reply = copy_grown<fmcp_http_reply>(r, FMCP_LEAST(fmcp_http_reply, body));
   if (reply && reply->body.release != nullptr) {
      reply->body.release(reply->body.owner, reply->body.ptr, reply->body.len);
   }
   return FMCP_E_GONE;
}

fmcp_status forget(void* ctx, fmcp_bytes token_sha256) noexcept {
   const auto digest = view_bytes(token_sha256, digest_bytes);
   if (ctx == nullptr || !digest || (!digest->empty() && digest->size() != digest_bytes)) {
      return FMCP_E_INVALID;
   }
   return self(ctx).forget(*digest);
}

} // namespace

constexpr fmcp_auth_host auth_host_table{sizeof(fmcp_auth_host), 0, verified, respond, forget};

} // namespace fmcp::plugins
