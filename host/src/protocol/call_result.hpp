#pragma once

/// From what a plugin handed over to a `tools/call` answer that the client's revision can carry.

#include <string>
#include <string_view>

#include "protocol/tool.hpp"
#include "json/document.hpp"

namespace fmcp::protocol {

struct result_rules {
   revision spoken = newest_legacy;
   const tool_definition* tool = nullptr;
   /// `"io.modelcontextprotocol/serverInfo":{…}`: a member of `_meta` of modern results, or empty.
   std::string_view server_info_member = {};
   /// Clients learn that a tool failed and not why. What a tool says for the model's eyes
   /// (`tool_error`, `rpc_error`) is no detail: its author chose the words. Details are what nobody
   /// chose: the text of a failed call, and what was wrong with a result.
   bool mask_error_details = false;
};

struct encoded {
   int http_status = 200; ///< 400 for the modern codes that demand it (reference 2.3)
   /// What the plugin did wrong, for the log; empty: nothing. A predicate about the tool without
   /// full stop ("returned an image without a MIME type"). The answer is then an error that the
   /// model can read, never the plugin's broken bytes.
   std::string complaint;
};

/// Working memory of the encoder, so that a hot loop does not allocate. One per thread. Whatever a
/// large result made it grow by is given back at the end of that result.
struct encoder {
   json::document structured, piece;
   std::string text;
};

/// Appends one whole response. Everything from the plugin is checked first: JSON members are parsed
/// within bounds and written compactly on one line, ill-formed UTF-8 in text is repaired,
/// structured content is checked against the output schema (not when `isError`), a missing text
/// block with the structured JSON is added, kinds that the revision does not know become text
/// (audio before 2025-03-26, resource links before 2025-06-18), structured content is left out
/// before 2025-06-18, and wrapped as `{"result":…}` where the schema was or where it is no object.
/// `resultType` and server info are modern only.
///
/// Of a raw result object the members that a CallToolResult has are treated the same way; cache
/// hints are dropped, other members pass, and a `resultType` other than `complete` is refused.
///
/// An `rpc_error` keeps its code when it is an application's or -32602, -32603, -32002 (modern:
/// -32602) or -32021 (legacy: -32603); the other reserved codes become -32603 with a complaint.
///
/// `need_input` and streams are refused as not yet available.
encoded append_call_result(std::string& out, std::string_view id, const tool_result& r,
                           const result_rules& rules, encoder& work);

/// The same for a call that ended without a result. `timed_out`, `busy`, `failed`, `misbehaved` and
/// `stopped` are results with `isError` (a model can react), worded by `why_text` unless masked; so
/// is `cancelled`, for the transports where somebody still listens.
encoded append_call_failure(std::string& out, std::string_view id, call_failure why,
                            std::string_view why_text, const result_rules& rules);

/// A result with `isError` and one text block, for arguments that do not fit the schema.
void append_tool_error(std::string& out, std::string_view id, std::string_view text,
                       const result_rules& rules);

} // namespace fmcp::protocol
