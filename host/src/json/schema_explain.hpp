#pragma once

/// The words of a violation. Internal to the room.
///
/// The reader is a model that has to mend its call: say what would be right, in the terms of the
/// instance, and never in those of JSON Schema.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "json/schema.hpp"
#include "json/schema_program.hpp"

namespace fmcp::json::detail {

/// A step from an instance to one of its parts; a chain of them is a path.
struct path_step {
   const path_step* up;
   std::string_view key;
   std::size_t index;
   bool is_index;
};
[[nodiscard]] std::string pointer_of(const path_step* at);

/// `a string ("abc")`, `0`, `an array of 3 items`; at most 80 bytes.
[[nodiscard]] std::string got_words(const value& v);
/// `an integer`, `one of "a", "b"`: the little that a node says at first sight.
[[nodiscard]] std::string node_words(const program& p, node_id id);
/// `a string or null`
[[nodiscard]] std::string type_words(const node& n);
/// What an operation demands; empty for those that only pass on to other nodes.
[[nodiscard]] std::string op_words(const program& p, const op& o);
[[nodiscard]] std::string_view keyword_of(opcode code) noexcept;
/// Why a member that is not foreseen is refused, with the names that are known.
[[nodiscard]] std::string unknown_member_words(const member_rules& rules, std::string_view name);

/// The reasons of one alternative of several that all failed.
using reasons = std::vector<violation>;
/// What to say when all alternatives of `anyOf` or `oneOf` failed at the place `path`: the reasons
/// of the one that came nearest, or one reason that names them all.
[[nodiscard]] reasons merge_alternatives(std::vector<reasons>&& alternatives, std::string path,
                                         std::string_view keyword, std::string got);

} // namespace fmcp::json::detail
