#include "json/schema_explain.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "core/text.hpp"
#include "core/utf8.hpp"
#include "json/schema_library.hpp"
#include "json/writer.hpp"

namespace fmcp::json {

std::string violation::sentence() const {
   return fmt::format("{}: expected {}, got {}", path.empty() ? "the value" : path, expected, got);
}

} // namespace fmcp::json

namespace fmcp::json::detail {
namespace {

constexpr std::size_t max_got = 80;
constexpr std::size_t max_shown = 60;       // bytes of one name or constant
constexpr std::size_t max_compared = 256;   // names that a misspelt one is compared with
constexpr std::size_t max_step = 128;       // bytes of one name in a path
constexpr std::size_t max_alternatives = 8; // listed values, names, alternatives

std::string shortened(std::string text, std::size_t max_bytes) {
   constexpr std::string_view dots = "…";
   if (text.size() <= max_bytes) return text;
   text.resize(core::utf8_truncated(text, max_bytes - dots.size()).size());
   return text.append(dots);
}

std::string quoted(std::string_view text) {
   std::string out;
   append_string(out, core::utf8_truncated(text, max_shown));
   return shortened(std::move(out), max_shown);
}

std::string constant_words(const value& v) {
   std::string out;
   if (v.raw().size() > 4 * max_shown) return got_words(v);
   append_compact(out, v);
   return shortened(std::move(out), max_shown);
}

/// `a, b or c`
std::string joined(const std::vector<std::string>& parts, std::string_view last) {
   std::string out;
   for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) out.append(i + 1 == parts.size() ? last : ", ");
      out.append(parts[i]);
   }
   return out;
}

std::string choice_words(const choices& c) {
   if (c.all.empty()) return "nothing: no value is allowed here";
   std::vector<std::string> parts;
   for (const auto& v : c.all.first(std::min(c.all.size(), max_alternatives))) {
      parts.push_back(constant_words(v));
   }
   if (c.all.size() > max_alternatives) {
      return fmt::format("one of {} and {} more", joined(parts, ", "),
                         c.all.size() - max_alternatives);
   }
   return parts.size() == 1 ? parts[0] : "one of " + joined(parts, ", ");
}

std::string plural(std::uint32_t n, std::string_view one, std::string_view many) {
   return fmt::format("{} {}", n, n == 1 ? one : many);
}

} // namespace

std::string pointer_of(const path_step* at) {
   std::vector<const path_step*> steps;
   for (; at != nullptr; at = at->up) steps.push_back(at);
   std::string out;
   for (auto i = steps.rbegin(); i != steps.rend(); ++i) {
      // A name from outside may be as long as a body.
      append_pointer_step(out, (*i)->is_index ? std::to_string((*i)->index)
                                              : shortened(std::string((*i)->key), max_step));
   }
   return out;
}

std::string got_words(const value& v) {
   switch (v.type()) {
   case kind::null: return "null";
   case kind::boolean: return v.boolean() ? "true" : "false";
   case kind::number: return shortened(std::string(v.number().substr(0, max_got + 1)), max_got);
   case kind::string: {
      constexpr std::string_view frame = "a string ()";
      std::string text;
      append_string(text, core::utf8_truncated(v.string(), max_got));
      return fmt::format("a string ({})", shortened(std::move(text), max_got - frame.size()));
   }
   case kind::array:
      if (v.items().empty()) return "an empty array";
      return "an array of " + plural(static_cast<std::uint32_t>(v.items().size()), "item", "items");
   case kind::object:
      if (v.members().empty()) return "an empty object";
      return "an object with " +
             plural(static_cast<std::uint32_t>(v.members().size()), "member", "members");
   }
   return "a value";
}

std::string type_words(const node& n) {
   if (n.is_false()) return "nothing: no value is allowed here";
   if (n.kinds == all_kinds && !n.integers_only) return "a value";
   std::vector<std::string> parts;
   for (const auto k :
        {kind::string, kind::number, kind::boolean, kind::array, kind::object, kind::null}) {
      if ((n.kinds & bit_of(k)) == 0) continue;
      parts.emplace_back(k == kind::number && n.integers_only ? "an integer" : kind_words(k));
   }
   return joined(parts, " or ");
}

std::string node_words(const program& p, node_id id) {
   constexpr int longest_chain = 8; // of references
   for (int i = 0; i < longest_chain; ++i) {
      const auto& n = p.nodes[id];
      const op* reference = nullptr;
      for (std::size_t k = 0; k < n.ends[0]; ++k) {
         const auto& o = p.ops[n.first + k];
         if (o.code == opcode::constant || o.code == opcode::enumeration) return op_words(p, o);
         if (o.code == opcode::reference) reference = &o;
      }
      if (n.kinds != all_kinds || reference == nullptr) return type_words(n);
      id = reference->a;
   }
   return "a value";
}

std::string op_words(const program& p, const op& o) {
   switch (o.code) {
   case opcode::constant: return constant_words(*p.constants[o.a]);
   case opcode::enumeration: return choice_words(p.enumerations[o.a]);
   case opcode::negation: return "something else: this value is excluded";
   case opcode::minimum: return fmt::format("a number that is at least {}", p.bounds[o.a].text);
   case opcode::exclusive_minimum:
      return fmt::format("a number that is larger than {}", p.bounds[o.a].text);
   case opcode::maximum: return fmt::format("a number that is at most {}", p.bounds[o.a].text);
   case opcode::exclusive_maximum:
      return fmt::format("a number that is smaller than {}", p.bounds[o.a].text);
   case opcode::multiple_of: return fmt::format("a multiple of {}", p.bounds[o.a].text);
   case opcode::min_length: return "a string of at least " + plural(o.a, "character", "characters");
   case opcode::max_length: return "a string of at most " + plural(o.a, "character", "characters");
   case opcode::pattern: return "a string that matches the pattern " + quoted(p.patterns[o.a].text);
   case opcode::format: return std::string(p.formats[o.a]->words);
   case opcode::content:
      return o.b == 0 ? "a text in base64"
                      : (o.a == 0 ? "a JSON text in a string" : "a JSON text in base64");
   case opcode::min_items: return "an array of at least " + plural(o.a, "item", "items");
   case opcode::max_items: return "an array of at most " + plural(o.a, "item", "items");
   case opcode::unique_items: return "an array without equal items";
   case opcode::contains:
      if (o.c == std::numeric_limits<std::uint32_t>::max()) {
         return fmt::format("an array with at least {} of this kind: {}",
                            plural(o.b, "item", "items"), node_words(p, o.a));
      }
      return fmt::format("an array with {} to {} items of this kind: {}", o.b, o.c,
                         node_words(p, o.a));
   case opcode::min_properties:
      return "an object with at least " + plural(o.a, "member", "members");
   case opcode::max_properties: return "an object with at most " + plural(o.a, "member", "members");
   default: return {};
   }
}

std::string_view keyword_of(opcode code) noexcept {
   switch (code) {
   case opcode::constant: return "const";
   case opcode::enumeration: return "enum";
   case opcode::reference: return "$ref";
   case opcode::dynamic_reference: return "$dynamicRef";
   case opcode::all_of: return "allOf";
   case opcode::any_of: return "anyOf";
   case opcode::one_of: return "oneOf";
   case opcode::negation: return "not";
   case opcode::condition: return "if";
   case opcode::minimum: return "minimum";
   case opcode::exclusive_minimum: return "exclusiveMinimum";
   case opcode::maximum: return "maximum";
   case opcode::exclusive_maximum: return "exclusiveMaximum";
   case opcode::multiple_of: return "multipleOf";
   case opcode::min_length: return "minLength";
   case opcode::max_length: return "maxLength";
   case opcode::pattern: return "pattern";
   case opcode::format: return "format";
   case opcode::content: return "contentMediaType";
   case opcode::min_items: return "minItems";
   case opcode::max_items: return "maxItems";
   case opcode::items: return "items";
   case opcode::contains: return "contains";
   case opcode::unique_items: return "uniqueItems";
   case opcode::min_properties: return "minProperties";
   case opcode::max_properties: return "maxProperties";
   case opcode::members: return "properties";
   case opcode::property_names: return "propertyNames";
   case opcode::dependent_required: return "dependentRequired";
   case opcode::dependent_schemas: return "dependentSchemas";
   case opcode::unevaluated_items: return "unevaluatedItems";
   case opcode::unevaluated_properties: return "unevaluatedProperties";
   }
   return {};
}

std::string unknown_member_words(const member_rules& rules, std::string_view name) {
   std::vector<std::string_view> known;
   for (const auto& p : rules.properties) {
      if (p.schema != no_node) known.push_back(p.name);
   }
   if (known.empty()) return "no member of this name";
   std::string out = "no member of this name";
   // Comparing costs the product of the lengths.
   const bool is_comparable = name.size() <= max_shown && known.size() <= max_compared;
   if (const auto near = is_comparable ? core::did_you_mean(name, known) : ""; !near.empty()) {
      return out.append("; did you mean ").append(quoted(near)).append("?");
   }
   std::vector<std::string> shown;
   for (const auto k : std::span(known).first(std::min(known.size(), max_alternatives))) {
      shown.push_back(quoted(k));
   }
   out.append("; known are ").append(joined(shown, ", "));
   if (known.size() > max_alternatives) {
      out.append(fmt::format(" and {} more", known.size() - max_alternatives));
   }
   return out;
}

namespace {

/// Larger is farther from a match.
struct distance {
   bool is_other_type;    // the value as a whole is of the wrong type
   std::size_t constants; // wrong constants: mostly the member that tells alternatives apart
   std::size_t count;
   auto operator<=>(const distance&) const = default;
};

distance distance_of(const reasons& r, std::string_view path) {
   distance d{false, 0, r.size()};
   for (const auto& v : r) {
      d.is_other_type |= v.keyword == "type" && v.path == path;
      d.constants += v.keyword == "const" || v.keyword == "enum";
   }
   return d;
}

bool is_about(const violation& v, std::string_view path) noexcept {
   return v.path == path && (v.keyword == "type" || v.keyword == "const" || v.keyword == "enum");
}

} // namespace

reasons merge_alternatives(std::vector<reasons>&& alternatives, std::string path,
                           std::string_view keyword, std::string got) {
   const bool are_simple = std::ranges::all_of(
         alternatives, [&](const reasons& r) { return r.size() == 1 && is_about(r[0], path); });
   if (!are_simple && !alternatives.empty()) {
      const auto nearest = std::ranges::min_element(
            alternatives, {}, [&](const reasons& r) { return distance_of(r, path); });
      if (!nearest->empty()) return std::move(*nearest);
   }
   std::vector<std::string> parts;
   for (const auto& r : alternatives) {
      if (r.empty() || std::ranges::find(parts, r[0].expected) != parts.end()) continue;
      if (parts.size() == max_alternatives) break;
      parts.push_back(r[0].expected);
   }
   reasons out;
   out.push_back({std::move(path), std::string(keyword),
                  parts.empty() ? std::string("another value") : joined(parts, " or "),
                  std::move(got)});
   return out;
}

} // namespace fmcp::json::detail
