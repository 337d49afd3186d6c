#pragma once

/// The methods of MCP, the same for every transport. A request in, its answer out, or a running
/// call.
///
/// What differs by transport stays there: sessions and their handshake, headers and statuses, how a
/// running call is cancelled, and `subscriptions/listen`.

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "protocol/call_task.hpp"
#include "protocol/message.hpp"
#include "protocol/service.hpp"

namespace fmcp::protocol {

/// The soft state of the legacy session that a request belongs to.
class session_access {
public:
   virtual ~session_access() = default;
   /// Null when there is none yet.
   [[nodiscard]] virtual std::shared_ptr<session_state> find() = 0;
   /// Makes it. Null where there are no sessions.
   [[nodiscard]] virtual std::shared_ptr<session_state> need() = 0;
};

struct dispatched {
   int http_status = 200;
   /// Set: the response comes later, connect the call. Null: it stands in `out`.
   std::shared_ptr<call_task> call{};
   /// The caller lacks some of these scopes: the tool was not called. The response says so; over
   /// HTTP the gate does (403).
   std::span<const std::string> needed_scopes{};
   /// The caller calls too often: likewise (429).
   unsigned seconds_to_wait = 0;
};

/// Answers one request whose envelope, era and (over HTTP) headers have been checked. `session` is
/// null in the modern era. Unknown methods are -32601, with status 404 in the modern era (reference
/// 2.3, row g).
///
/// What a tool requires of its caller is looked at where there is an identity: neither on standard
/// input and output nor on a server that was opened to everybody.
[[nodiscard]] dispatched dispatch(service& s, const catalogue& tools, const message& m,
                                  const request_meta& meta, const caller& who,
                                  session_access* session, std::string& out);

/// The tool that `params.name` names, or null; null too when it is hidden from the caller.
[[nodiscard]] const tool_entry* find_called_tool(const service& s, const catalogue& tools,
                                                 const json::value* params,
                                                 const core::caller_ref* identity) noexcept;

/// `capabilities` of a client, as far as calls need them (8.2). `{}` as elicitation is form only.
[[nodiscard]] client_capabilities read_capabilities(const json::value* capabilities) noexcept;
/// The same the other way round, for plugins that ask in a session whose client is not remembered.
void append_capabilities(std::string& out, const client_capabilities& can);

/// What `initialize` asks for.
struct handshake {
   revision spoken = newest_legacy; ///< what the answer says (2.2, row 11)
   client_capabilities can;
   const json::value* client_info = nullptr;
   const json::value* capabilities = nullptr;
};
/// Appends an error response and gives nothing when the params are malformed.
[[nodiscard]] std::optional<handshake> read_initialize(const message& m, std::string& out);

} // namespace fmcp::protocol
