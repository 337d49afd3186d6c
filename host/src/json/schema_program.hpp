#pragma once

/// What a schema is compiled to: flat tables of small records that refer to each other by index.
/// Internal to the room; users see schema.hpp.
///
/// A node is one subschema. Its operations lie side by side, ordered by the kind of instance that
/// they speak about, so that a check of a string never looks at the rules for objects. What plain
/// tools use most (`type`, and `properties` with `required` and `additionalProperties`) is folded
/// into the node and into one operation.
///
/// Thread safety: immutable once compiled. Lifetimes: names and constants point into the documents
/// that the program owns.

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "json/document.hpp"
#include "json/format.hpp"
#include "json/number.hpp"
#include "json/regex.hpp"
#include "json/value.hpp"

namespace fmcp::json::detail {

using node_id = std::uint32_t;
constexpr node_id no_node = std::numeric_limits<node_id>::max();

enum class opcode : std::uint8_t {
   // any kind of instance
   constant,
   enumeration,
   reference,
   dynamic_reference,
   all_of,
   any_of,
   one_of,
   negation,
   condition,
   // numbers
   minimum,
   exclusive_minimum,
   maximum,
   exclusive_maximum,
   multiple_of,
   // strings
   min_length,
   max_length,
   pattern,
   format,
   content,
   // arrays
   min_items,
   max_items,
   items,
   contains,
   unique_items,
   // objects
   min_properties,
   max_properties,
   members,
   property_names,
   dependent_required,
   dependent_schemas,
   // behind all others, because they look at what those have evaluated
   unevaluated_items,
   unevaluated_properties,
};

/// Which operations a node runs for which kind of instance.
enum class group : std::uint8_t { general, number, string, array, object, last };
constexpr std::size_t group_count = 6;

constexpr group group_of(opcode code) noexcept {
   if (code < opcode::minimum) return group::general;
   if (code < opcode::min_length) return group::number;
   if (code < opcode::min_items) return group::string;
   if (code < opcode::min_properties) return group::array;
   return code < opcode::unevaluated_items ? group::object : group::last;
}

/// The meaning of a, b and c is told where the evaluation reads them (schema_evaluate.cpp).
struct op {
   opcode code;
   std::uint32_t a = 0;
   std::uint32_t b = 0;
   std::uint32_t c = 0;
};

constexpr std::uint8_t bit_of(kind k) noexcept {
   return static_cast<std::uint8_t>(1u << static_cast<unsigned>(k));
}
constexpr std::uint8_t all_kinds = 0x3F;

struct node {
   std::uint8_t kinds = all_kinds; ///< bits of the kinds that `type` lets pass; none: `false`
   bool integers_only = false;     ///< of the numbers
   std::array<std::uint8_t, group_count> ends{}; ///< behind each group, counted from `first`
   std::uint32_t first = 0;
   std::uint32_t resource = 0; ///< the schema resource that it belongs to, for $dynamicRef

   [[nodiscard]] bool is_false() const noexcept { return kinds == 0; }
   [[nodiscard]] bool has_ops() const noexcept { return ends.back() != 0; }
};

/// The number of a keyword, with a short way for small integers.
struct bound {
   decimal exact;
   std::string_view text;
   std::int64_t plain = 0;
   bool is_plain = false;
};

/// `properties`, `required`, `patternProperties` and `additionalProperties` of one node.
struct member_rules {
   struct property {
      std::string_view name;
      node_id schema = no_node; ///< none: only required
      bool is_required = false;
   };
   struct pattern {
      std::uint32_t regex;
      node_id schema;
   };
   std::vector<property> properties;
   std::vector<std::uint32_t> slots; ///< hash table over `properties`; empty while they are few
   std::vector<pattern> patterns;
   node_id additional = no_node;
   std::uint32_t required = 0; ///< how many of `properties` are

   void build_index();
   [[nodiscard]] const property* find(std::string_view name) const noexcept;
};

/// The values of `enum`; strings apart and sorted, since most are.
struct choices {
   std::vector<std::string_view> strings;
   std::vector<const value*> others;
   std::span<const value> all; ///< in the order of the schema, for messages
};

struct dependency {
   std::string_view name;
   std::vector<std::string_view> required;
   node_id schema = no_node;
};

struct pattern_code {
   regex compiled;
   std::string_view text;
};

/// Every schema that a `$dynamicAnchor` of one name marks, with its resource.
using dynamic_targets = std::vector<std::pair<std::uint32_t, node_id>>;

struct program {
   std::vector<node> nodes;
   std::vector<op> ops;
   std::vector<node_id> children; ///< lists of nodes, which operations refer to as first and count
   std::vector<bound> bounds;
   std::vector<const value*> constants;
   std::vector<choices> enumerations;
   std::vector<member_rules> members;
   std::vector<std::vector<dependency>> dependencies;
   std::vector<pattern_code> patterns;
   std::vector<const format_rule*> formats;
   std::vector<dynamic_targets> dynamic;
   node_id root = 0;
   std::vector<std::unique_ptr<document>> documents;
};

} // namespace fmcp::json::detail
