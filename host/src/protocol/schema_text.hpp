#pragma once

/// Reading and rewriting the text of a JSON Schema, where it matters which members of an object are
/// schemas in turn and which are only data (`{"const": {"$ref": "#"}}` refers to nothing).
///
/// Recursion is bounded by the depth that the parser allowed. Any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "protocol/tool.hpp"
#include "json/schema.hpp"
#include "json/value.hpp"

namespace fmcp::protocol {

/// What the value of a keyword holds, in either dialect.
enum class keyword_value : std::uint8_t {
   data,
   schema,     ///< one
   list,       ///< an array of them, or one (`items` of draft 7)
   map,        ///< an object of them; a value that is an array is none (`dependencies`)
   properties, ///< the map that `x-mcp-header` is looked for in
   unknown     ///< no keyword of ours; a reference may still lead into it
};
[[nodiscard]] keyword_value find_keyword(std::string_view name) noexcept;

/// The `x-mcp-header` annotations of an input schema (reference 4.3), in the order of the text.
/// Errors: invalid; a predicate that names the place by its JSON Pointer.
core::result<std::vector<header_parameter>> find_annotations(const json::value& input_schema);

/// Appends an input schema, or an output schema with object root, to the letter. Legacy clients
/// read the schemas in the root's `properties` as objects, so that there `true` becomes `{}` and
/// `false`
/// `{"not":{}}` for them.
void append_schema(std::string& out, const json::value& schema, revision r);

/// Appends the schema of `{"result": value}` for the schema of `value`: `$schema` and `$id` move to
/// the new root; a reference into the document by JSON Pointer follows its target to
/// `/properties/result`, in every form that resolves to this document; anchors need no change.
void append_wrapped_schema(std::string& out, const json::value& schema, json::dialect d);

/// Appends one more step to a JSON Pointer (RFC 6901).
void append_step(std::string& pointer, std::string_view step);

} // namespace fmcp::protocol
