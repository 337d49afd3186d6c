#pragma once

/// MCP over HTTP as both eras speak it, with every part open to change.
///
/// Not a client to build on: it makes messages and requests, tests send and read them.

#include <string>
#include <string_view>
#include <vector>

#include "support/host_process.hpp"
#include "support/json_text.hpp"
#include "support/raw_http.hpp"

namespace fmcp::test {

inline constexpr std::string_view modern_version = "2026-07-28";
inline constexpr std::string_view newest_legacy = "2025-11-25";
inline const std::vector<std::string> legacy_versions{"2024-11-05", "2025-03-26", "2025-06-18",
                                                      "2025-11-25"};

/// A JSON-RPC request; `params` is a JSON object or empty, `id` JSON text.
[[nodiscard]] std::string request_text(std::string_view method, std::string_view params = {},
                                       std::string_view id = "1");
[[nodiscard]] std::string notification_text(std::string_view method, std::string_view params = {});
/// The params of `initialize`.
[[nodiscard]] std::string initialize_params(std::string_view version = newest_legacy,
                                            std::string_view capabilities = "{}");
/// The params of a `tools/call`; `arguments` is a JSON object or empty.
[[nodiscard]] std::string call_params(std::string_view tool, std::string_view arguments = {},
                                      std::string_view meta = {});

/// POST to `target` with the headers that every client sends.
[[nodiscard]] http_request post(std::string_view target, std::string body, headers more = {});

/// The `_meta` of a modern request; `more` are further members with a comma in front.
[[nodiscard]] std::string modern_meta(std::string_view capabilities = "{}",
                                      std::string_view more = {},
                                      std::string_view version = modern_version);
/// A modern request: `members` are those of params beside `_meta`, without braces.
[[nodiscard]] std::string modern_text(std::string_view method, std::string_view members = {},
                                      std::string_view id = "1",
                                      std::string_view meta = modern_meta());
/// A complete modern POST; `name` is the value of Mcp-Name, none when it is empty.
[[nodiscard]] http_request modern_post(std::string_view target, std::string_view method,
                                       std::string_view members = {}, std::string_view name = {},
                                       std::string_view id = "1",
                                       std::string_view meta = modern_meta());
/// A modern `tools/call`.
[[nodiscard]] http_request modern_call(std::string_view target, std::string_view tool,
                                       std::string_view arguments = {},
                                       std::string_view meta = modern_meta());

/// The JSON-RPC messages of an answer, be it JSON or a stream.
[[nodiscard]] std::vector<std::string> messages_of(const http_answer& answer);
/// The last of them: the response.
[[nodiscard]] json_text response_of(const http_answer& answer);

/// A session of the old era, opened.
class legacy_session {
public:
   /// `always`: fields that every request of the session carries, such as Authorization.
   explicit legacy_session(const http_host& host, std::string_view version = newest_legacy,
                           std::string_view capabilities = "{}", headers always = {});

   [[nodiscard]] const std::string& id() const noexcept { return id_; }
   [[nodiscard]] const http_answer& opening() const noexcept { return opening_; }
   /// The session's headers, to build other requests with.
   [[nodiscard]] headers fields() const;
   [[nodiscard]] http_request request(std::string body) const;
   /// POSTs on a connection of its own.
   [[nodiscard]] http_answer ask(std::string body) const;
   [[nodiscard]] http_answer call(std::string_view tool, std::string_view arguments = {}) const;
   /// GET of the session's stream.
   [[nodiscard]] http_request stream(std::string_view last_event_id = {}) const;
   [[nodiscard]] http_answer end() const;

private:
   std::uint16_t port_;
   std::string path_, version_, id_;
   headers always_;
   http_answer opening_;
};

} // namespace fmcp::test
