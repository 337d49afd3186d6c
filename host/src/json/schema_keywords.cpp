// The keywords that speak about one kind of instance: what they must look like, and what they
// become. The part of the compiler that knows the validation vocabulary.

#include <algorithm>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "json/schema_compiler.hpp"

namespace fmcp::json::detail {
namespace {

constexpr std::uint32_t unbounded = std::numeric_limits<std::uint32_t>::max();

bound bound_of(const value& number) {
   const auto text = number.number();
   const auto plain = plain_integer(text);
   return {decimal(text), text, plain.value_or(0), plain.has_value()};
}

} // namespace

std::optional<std::uint32_t> compiler::count(const subject& s, std::string_view keyword) {
   const auto* found = get(s, keyword, validation_vocabulary, kind::number);
   if (found == nullptr) return std::nullopt;
   const decimal n(found->number());
   if (n.negative || !n.is_integer()) {
      refuse(s, keyword, "this must be an integer that is not negative");
      return std::nullopt;
   }
   // Nothing is as large as the largest number that 32 bits hold, see json::limits.
   const auto small = found->as_int64().value_or(unbounded);
   return static_cast<std::uint32_t>(std::min<std::int64_t>(small, unbounded));
}

void compiler::numbers(subject& s) {
   const auto limit = [&](std::string_view keyword, opcode code) {
      const auto* found = get(s, keyword, validation_vocabulary, kind::number);
      if (found == nullptr) return;
      s.ops.push_back({code, static_cast<std::uint32_t>(out_.bounds.size())});
      out_.bounds.push_back(bound_of(*found));
   };
   limit("minimum", opcode::minimum);
   limit("exclusiveMinimum", opcode::exclusive_minimum);
   limit("maximum", opcode::maximum);
   limit("exclusiveMaximum", opcode::exclusive_maximum);
   if (const auto* divisor = get(s, "multipleOf", validation_vocabulary, kind::number)) {
      constexpr std::size_t max_digits = 1000; // division costs digits times digits
      const auto b = bound_of(*divisor);
      if (b.exact.negative || b.exact.is_zero()) {
         return refuse(s, "multipleOf", "this must be larger than 0");
      }
      if (b.exact.digits() > max_digits) {
         return refuse(s, "multipleOf", fmt::format("this has more than {} digits", max_digits));
      }
      limit("multipleOf", opcode::multiple_of);
   }
}

std::optional<std::uint32_t> compiler::pattern(const subject& s, std::string_view keyword,
                                               std::string_view text) {
   if (const auto known = patterns_.find(text); known != patterns_.end()) return known->second;
   auto compiled = regex::compile(text);
   if (!compiled) {
      refuse(s, keyword, compiled.error().message);
      return std::nullopt;
   }
   const auto number = static_cast<std::uint32_t>(out_.patterns.size());
   out_.patterns.push_back({std::move(*compiled), text});
   patterns_.emplace(text, number);
   return number;
}

void compiler::strings(subject& s) {
   if (const auto n = count(s, "minLength")) s.ops.push_back({opcode::min_length, *n});
   if (const auto n = count(s, "maxLength")) s.ops.push_back({opcode::max_length, *n});
   if (const auto* text = get(s, "pattern", validation_vocabulary, kind::string)) {
      if (const auto n = pattern(s, "pattern", text->string())) {
         s.ops.push_back({opcode::pattern, *n});
      }
   }
   const bool asserts =
         options_.assert_formats || (s.written_in.vocabularies & format_assertion_vocabulary) != 0;
   if (const auto* name = get(s, "format", core_vocabulary, kind::string); name && asserts) {
      if (const auto* rule = find_format(name->string())) {
         s.ops.push_back({opcode::format, static_cast<std::uint32_t>(out_.formats.size())});
         out_.formats.push_back(rule);
      }
   }
   if (!options_.assert_formats || !s.written_in.is_draft7()) return;
   const bool is_base64 = s.schema.find_string("contentEncoding") == "base64";
   const bool is_json = s.schema.find_string("contentMediaType") == "application/json";
   if (is_base64 || is_json) s.ops.push_back({opcode::content, is_base64, is_json});
}

void compiler::arrays(subject& s) {
   if (const auto n = count(s, "minItems")) s.ops.push_back({opcode::min_items, *n});
   if (const auto n = count(s, "maxItems")) s.ops.push_back({opcode::max_items, *n});
   prefix_and_items(s);
   contains(s);
   if (const auto* u = get(s, "uniqueItems", validation_vocabulary, kind::boolean);
       u != nullptr && u->boolean()) {
      s.ops.push_back({opcode::unique_items});
   }
}

void compiler::prefix_and_items(subject& s) {
   const auto* items = get(s, "items", applicator_vocabulary);
   const value* prefix = nullptr;
   std::string_view prefix_keyword = "prefixItems";
   node_id rest = no_node;
   if (!s.written_in.is_draft7()) {
      prefix = get(s, prefix_keyword, applicator_vocabulary, kind::array);
      if (items != nullptr) rest = node_of(*items);
   } else if (items != nullptr && items->is(kind::array)) {
      prefix_keyword = "items";
      prefix = items;
      rest = child(s, "additionalItems", applicator_vocabulary);
   } else if (items != nullptr) {
      rest = node_of(*items);
   }
   if (prefix == nullptr && rest == no_node) return;
   if (prefix == nullptr) {
      s.ops.push_back({opcode::items, 0, 0, rest});
      return;
   }
   if (prefix->items().empty() && !s.written_in.is_draft7()) {
      return refuse(s, prefix_keyword, "the list of schemas is empty");
   }
   const auto [first, size] = children(*prefix);
   s.ops.push_back({opcode::items, first, size, rest});
}

void compiler::contains(subject& s) {
   const auto node = child(s, "contains", applicator_vocabulary);
   const bool counts = !s.written_in.is_draft7();
   const auto least = counts ? count(s, "minContains") : std::nullopt;
   const auto most = counts ? count(s, "maxContains") : std::nullopt;
   if (node == no_node) return;
   s.ops.push_back({opcode::contains, node, least.value_or(1), most.value_or(unbounded)});
}

void compiler::objects(subject& s) {
   if (const auto n = count(s, "minProperties")) s.ops.push_back({opcode::min_properties, *n});
   if (const auto n = count(s, "maxProperties")) s.ops.push_back({opcode::max_properties, *n});
   members(s);
   if (const auto node = child(s, "propertyNames", applicator_vocabulary); node != no_node) {
      s.ops.push_back({opcode::property_names, node});
   }
   if (!s.written_in.is_draft7()) {
      dependencies(s, "dependentRequired", validation_vocabulary);
      dependencies(s, "dependentSchemas", applicator_vocabulary);
   }
   dependencies(s, "dependencies", applicator_vocabulary);
}

std::vector<std::string_view> compiler::names(const subject& s, std::string_view keyword,
                                              const value& list) {
   std::vector<std::string_view> out;
   std::set<std::string_view> seen;
   for (const auto& item : list.items()) {
      if (!item.is(kind::string)) {
         refuse(s, keyword, "this must be a list of member names in strings");
         return {};
      }
      if (!seen.insert(item.string()).second) {
         refuse(s, keyword, "this list names a member twice");
         return {};
      }
      out.push_back(item.string());
   }
   return out;
}

void compiler::required(const subject& s, member_rules& rules) {
   const auto* list = get(s, "required", validation_vocabulary, kind::array);
   if (list == nullptr) return;
   std::map<std::string_view, std::size_t> known;
   for (std::size_t i = 0; i < rules.properties.size(); ++i) {
      known.emplace(rules.properties[i].name, i);
   }
   for (const auto name : names(s, "required", *list)) {
      if (const auto found = known.find(name); found != known.end()) {
         rules.properties[found->second].is_required = true;
      } else {
         rules.properties.push_back({name, no_node, true});
      }
      ++rules.required;
   }
}

void compiler::pattern_properties(const subject& s, member_rules& rules) {
   const auto* found = get(s, "patternProperties", applicator_vocabulary, kind::object);
   if (found == nullptr) return;
   for (const auto& m : found->members()) {
      if (const auto n = pattern(s, "patternProperties", m.key)) {
         rules.patterns.push_back({*n, node_of(m.val)});
      }
   }
}

void compiler::members(subject& s) {
   member_rules rules;
   if (const auto* found = get(s, "properties", applicator_vocabulary, kind::object)) {
      for (const auto& m : found->members()) {
         rules.properties.push_back({m.key, node_of(m.val), false});
      }
   }
   required(s, rules);
   pattern_properties(s, rules);
   rules.additional = child(s, "additionalProperties", applicator_vocabulary);
   if (rules.properties.empty() && rules.patterns.empty() && rules.additional == no_node) return;
   rules.build_index();
   s.ops.push_back({opcode::members, static_cast<std::uint32_t>(out_.members.size())});
   out_.members.push_back(std::move(rules));
}

/// All three forms: `dependencies` of draft 7 is both of the others.
void compiler::dependencies(subject& s, std::string_view keyword, std::uint8_t vocabulary) {
   const auto* found = get(s, keyword, vocabulary, kind::object);
   if (found == nullptr) return;
   std::vector<dependency> required_members;
   std::vector<dependency> schemas;
   for (const auto& m : found->members()) {
      const bool is_list = m.val.is(kind::array);
      if (is_list ? keyword == "dependentSchemas" : keyword == "dependentRequired") {
         return refuse(s, keyword,
                       is_list ? "this must be an object of schemas"
                               : "this must be an object of lists of member names");
      }
      if (is_list) {
         required_members.push_back({m.key, names(s, keyword, m.val), no_node});
      } else {
         schemas.push_back({m.key, {}, node_of(m.val)});
      }
   }
   const auto add = [&](opcode code, std::vector<dependency>&& list) {
      if (list.empty()) return;
      s.ops.push_back({code, static_cast<std::uint32_t>(out_.dependencies.size())});
      out_.dependencies.push_back(std::move(list));
   };
   add(opcode::dependent_required, std::move(required_members));
   add(opcode::dependent_schemas, std::move(schemas));
}

void compiler::unevaluated(subject& s) {
   if (s.written_in.is_draft7()) return;
   if (const auto node = child(s, "unevaluatedItems", unevaluated_vocabulary); node != no_node) {
      s.ops.push_back({opcode::unevaluated_items, node});
   }
   if (const auto node = child(s, "unevaluatedProperties", unevaluated_vocabulary);
       node != no_node) {
      s.ops.push_back({opcode::unevaluated_properties, node});
   }
}

} // namespace fmcp::json::detail
