#pragma once

/// JSON-RPC 2.0 messages as MCP uses them: reading envelopes, writing answers.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "json/value.hpp"

namespace fmcp::protocol {

/// Error codes of JSON-RPC 2.0 (section 5.1) and of MCP (protocol reference, 3.1).
namespace code {
inline constexpr int parse_error = -32700;
inline constexpr int invalid_request = -32600;
inline constexpr int method_not_found = -32601;
inline constexpr int invalid_params = -32602;
inline constexpr int internal_error = -32603;
inline constexpr int bad_session = -32000;       ///< legacy: no session id where one is needed
inline constexpr int session_not_found = -32001; ///< legacy: the client has to initialize again
inline constexpr int header_mismatch = -32020;
inline constexpr int missing_capability = -32021;
inline constexpr int unsupported_version = -32022;
// Ours, outside the range that JSON-RPC reserves, and like the HTTP statuses that say the same.
inline constexpr int insufficient_scope = 403;
inline constexpr int rate_limited = 429;
} // namespace code

/// One envelope. Views live as long as the value it was read from.
struct message {
   enum class kind : std::uint8_t { invalid, request, notification, response };
   kind what = kind::invalid;
   /// The id as it was written (`1`, `"a"`), so that an answer echoes its JSON type. Also set for
   /// an invalid message whose id could be read; empty: none.
   std::string_view id;
   std::string_view method;
   const json::value* params = nullptr; ///< an object, or null when absent
   const char* fault = "";              ///< why it is invalid: one sentence
};

/// Reads one envelope. Invalid are: no object, `jsonrpc` other than "2.0", an id that is neither a
/// string nor an integer (also null and 1.5), params that are no object, a request or notification
/// without method, a response with both or neither of `result` and `error`, or without an id, and a
/// message that has a method and an outcome. Members that mean nothing here are ignored. An integer
/// is what JSON Schema takes for one: `1.0` is, and its size is not bounded.
[[nodiscard]] message read_message(const json::value& v) noexcept;

/// Why an array is no batch that is answered: one sentence, or null. Batches are a thing of
/// 2025-03-26, so none of its messages may claim a modern revision (reference 2.2, row 6). Its
/// length is bounded, since a message of fifty bytes may ask for a list of fifty thousand.
inline constexpr std::size_t max_batch = 100;
[[nodiscard]] const char* find_batch_fault(const json::value& array) noexcept;

/// What `params._meta` of a request holds. Views live as long as the value.
struct request_meta {
   const json::value* object = nullptr; ///< `_meta` when it is an object
   const json::value* claim = nullptr;  ///< io.modelcontextprotocol/protocolVersion, of any type
   const json::value* client_info = nullptr;
   const json::value* client_capabilities = nullptr;
   const json::value* log_level = nullptr;
   const json::value* progress_token = nullptr; ///< a string or an integer, else null
   std::string_view traceparent;
   bool is_malformed = false; ///< `_meta` is there and is no object
};
[[nodiscard]] request_meta read_meta(const json::value* params) noexcept;

/// Why the `_meta` of a modern request is not acceptable (reference 2.3, row a): one sentence that
/// names the key, or null. The claim itself must be a string; whether it is served is not looked
/// at.
[[nodiscard]] const char* find_meta_fault(const request_meta& meta) noexcept;

/// Levels of `notifications/message` (RFC 5424), by severity: debug = 0 … emergency = 7.
enum class log_level : std::uint8_t {
   debug,
   info,
   notice,
   warning,
   error,
   critical,
   alert,
   emergency
};
[[nodiscard]] std::optional<log_level> find_log_level(std::string_view name) noexcept;
[[nodiscard]] std::string_view name_of(log_level l) noexcept;

/// `{"jsonrpc":"2.0","id":ID,"result":` — the caller appends the result and `}`.
void begin_result(std::string& out, std::string_view id);
/// A whole error response. Without `id` (empty) the member is left out, as every revision allows.
/// `data_json`: one JSON value, or empty.
void append_error(std::string& out, std::string_view id, int code, std::string_view text,
                  std::string_view data_json = {});
/// A whole notification; `params_json` is an object, or empty.
void append_notification(std::string& out, std::string_view method, std::string_view params_json);

} // namespace fmcp::protocol
