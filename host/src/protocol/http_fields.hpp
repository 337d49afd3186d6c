#pragma once

/// The header fields that MCP over HTTP looks at, found in one pass.

#include <string_view>

#include "core/http.hpp"

namespace fmcp::protocol {

/// Views live as long as the request. An absent field is empty.
struct http_fields {
   std::string_view origin, content_type, accept;
   std::string_view version;    ///< MCP-Protocol-Version
   std::string_view method;     ///< Mcp-Method
   std::string_view name;       ///< Mcp-Name
   std::string_view session;    ///< Mcp-Session-Id
   std::string_view last_event; ///< Last-Event-ID
   /// The name of a field of a modern request that came twice with different values, or null.
   const char* contradiction = nullptr;
   bool has_two_sessions = false; ///< Mcp-Session-Id came twice with different values
   bool has_method = false, has_name = false, has_version = false, has_last_event = false;

   explicit http_fields(const core::http::request& rq) noexcept;

   /// What `Accept` allows (RFC 9110, 12.5.1); an absent one allows everything.
   [[nodiscard]] bool accepts_json() const noexcept;
   [[nodiscard]] bool accepts_stream() const noexcept;
   /// `application/json`, with or without parameters.
   [[nodiscard]] bool is_json() const noexcept;
};

} // namespace fmcp::protocol
