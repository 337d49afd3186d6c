#pragma once

/// A client of the Model Context Protocol over Streamable HTTP, for one command at a time, in both
/// eras: 2026-07-28, where each request stands alone, and 2025-11-25 and before, where `initialize`
/// opens a session.
///
/// Thread safety: none. Blocks on the network; `notice` is called inside.
/// Errors: sentences that say what was asked and what came; `denied` for credentials,
/// `unsupported` for a server that speaks nothing of ours, `invalid` for answers against the
/// protocol and for what the server reports as an error, `io` for trouble that another try may not
/// have (5xx, 408, 413, 421, 429), and those of the exchange.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/credentials.hpp"
#include "client/exchange.hpp"
#include "client/reach.hpp"
#include "core/result.hpp"
#include "json/document.hpp"

namespace fmcp::client {

/// `any`: the new one, then the old one when the server does not know it.
enum class era : std::uint8_t { any, old, modern };

struct server_facts {
   era spoken = era::modern;         ///< never `any`
   std::string revision;             ///< `2026-07-28`
   std::string name, title, version; ///< what it says about itself; may be empty
   std::string instructions;
};

struct tool {
   std::string name, title, description;
   std::string json; ///< all of it, as it came, on one line
};

struct client_options {
   era wanted = era::any;
   std::chrono::milliseconds timeout{60'000}; ///< of each request
   std::string version;                       ///< this program's, for the server's log
};

class mcp_client {
public:
   /// A notification that comes with an answer, such as `notifications/progress`: before the
   /// result, and as soon as it is there.
   using notice = std::function<void(std::string_view method, const json::value& params)>;

   /// Finds out what the server speaks; opens a session in the old era.
   [[nodiscard]] static core::result<std::unique_ptr<mcp_client>>
   connect(exchange with, reach server, std::unique_ptr<credentials> who, client_options options,
           notice heard = {});
   /// Ends the session, if the server gave one.
   ~mcp_client();
   mcp_client(const mcp_client&) = delete;
   mcp_client& operator=(const mcp_client&) = delete;

   [[nodiscard]] const server_facts& server() const noexcept { return facts_; }
   /// Whether it is alive: `ping`, or `server/discover` in the new era, which has no ping.
   [[nodiscard]] core::result<void> ping();
   /// All pages. Errors: limit, when there is no end to them.
   [[nodiscard]] core::result<std::vector<tool>> list_tools();
   /// The result, as the server wrote it, on one line. `of` has the tool's schema; null: it is not
   /// known. Precondition: `arguments` is the text of a JSON object.
   [[nodiscard]] core::result<std::string> call_tool(std::string_view name,
                                                     std::string_view arguments, const tool* of);

private:
   using members = std::vector<std::pair<std::string_view, std::string>>; // name, JSON text
   struct rpc_error {
      std::int64_t code = 0;
      std::string message;
      std::vector<std::string> supported; ///< of `data`, with -32022
   };
   struct answer {
      int status = 0;
      json::document document;
      const json::value* result = nullptr;
      std::optional<rpc_error> error;
   };
   struct call {
      std::string_view method;
      members params{};
      std::vector<std::pair<std::string, std::string>> fields{};
      bool wants_notices = false; ///< with a progress token
   };

   mcp_client(exchange with, reach server, std::unique_ptr<credentials> who, client_options options,
              notice heard);

   core::result<bool> try_modern(); ///< false: the server does not know that era
   core::result<void> open_session();
   core::result<answer> request(const call& c);
   core::result<answer> expect_result(const call& c);
   core::result<void> notify(std::string_view method);
   core::result<core::http::fetch_reply> send(const core::http::fetch_request& rq);
   [[nodiscard]] std::function<void(std::string_view)> listener() const;
   [[nodiscard]] core::http::fetch_request post(const call& c,
                                                std::optional<std::int64_t> id) const;
   [[nodiscard]] std::string body_of(const call& c, std::optional<std::int64_t> id) const;
   core::result<answer> read(const core::http::fetch_reply& reply, std::int64_t id,
                             std::string_view method);
   static rpc_error read_error(const json::value& from);
   core::result<answer> read_stream(const core::http::fetch_reply& reply, std::int64_t id,
                                    std::string_view method);
   void take_facts(const json::value& result);

   const exchange with_;
   const reach server_;
   const std::unique_ptr<credentials> who_;
   const client_options options_;
   const notice heard_;
   server_facts facts_;
   std::string session_;
   std::int64_t next_id_ = 1;
};

} // namespace fmcp::client
