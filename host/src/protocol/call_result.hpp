#pragma once

/// From what a plugin handed over to a `tools/call` answer that the client's revision can carry.

#include <string>
#include <string_view>

#include "json/document.hpp"
#include "protocol/tool.hpp"

namespace fmcp::protocol {

struct result_rules {
   revision spoken = newest_legacy;
   const tool_definition* tool = nullptr;
   /// `"io.modelcontextprotocol/serverInfo":{…}`: a member of `_meta` of modern results, or empty.
   std::string_view server_info_member;
   bool mask_error_details = false; ///< clients learn that a tool failed and not why
};

struct encoded {
   int http_status = 200; ///< 400 for the modern codes that demand it (reference 2.3)
   /// What the plugin did wrong, for the log; empty: nothing. The answer is then an error that the
   /// model can read, never the plugin's broken bytes.
   std::string complaint;
};

/// Working memory of the encoder, so that a hot loop does not allocate. One per thread.
struct encoder {
   json::document structured, piece;
};

/// Appends one whole response. Everything from the plugin is checked first: JSON members are parsed
/// within bounds and written compactly on one line, ill-formed UTF-8 in text is repaired, structured
/// content is checked against the output schema (not when `isError`), a missing text block with the
/// structured JSON is added, kinds that the revision does not know become text (audio before
/// 2025-03-26, resource links before 2025-06-18), structured content is left out before 2025-06-18,
/// and wrapped as `{"result":…}` where the schema was. `resultType` and server info are modern only.
/// `need_input` and streams are refused as not yet available.
encoded append_call_result(std::string& out, std::string_view id, const tool_result& r,
                           const result_rules& rules, encoder& work);

/// The same for a call that ended without a result. `timed_out`, `busy`, `failed`, `misbehaved` and
/// `stopped` are results with `isError` (a model can react), worded by `why_text` unless masked.
encoded append_call_failure(std::string& out, std::string_view id, call_failure why,
                            std::string_view why_text, const result_rules& rules);

/// A result with `isError` and one text block, for arguments that do not fit the schema.
void append_tool_error(std::string& out, std::string_view id, std::string_view text,
                       const result_rules& rules);

} // namespace fmcp::protocol
