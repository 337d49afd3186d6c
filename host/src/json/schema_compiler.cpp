#include "json/schema_compiler.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/utf8.hpp"
#include "json/uri.hpp"

namespace fmcp::json::detail {
namespace {

using core::errc;

struct annotation {
   std::string_view keyword;
   kind holds;
};

/// What asserts nothing but has a form all the same, according to the metaschemas.
constexpr auto annotation_forms = std::to_array<annotation>({
      {"$comment", kind::string},
      {"title", kind::string},
      {"description", kind::string},
      {"examples", kind::array},
      {"readOnly", kind::boolean},
      {"writeOnly", kind::boolean},
      {"deprecated", kind::boolean},
      {"contentEncoding", kind::string},
      {"contentMediaType", kind::string},
});

struct type_name {
   std::string_view name;
   kind means;
};
constexpr auto type_names = std::to_array<type_name>({
      {"null", kind::null},
      {"boolean", kind::boolean},
      {"number", kind::number},
      {"integer", kind::number},
      {"string", kind::string},
      {"array", kind::array},
      {"object", kind::object},
});

} // namespace

core::result<program> compiler::run(std::string_view text) {
   const auto* root = library_.add_main(text);
   if (root != nullptr) {
      used_dialect_ = library_.language_of(*root).base;
      out_.root = node_of(*root);
      // Also what nothing refers to must be a schema.
      for (const auto* schema : library_.main_schemas()) node_of(*schema);
      for (node_id next = 0; library_.good() && next < schemas_.size(); ++next) {
         compile_node(next);
         if (next + 1 == schemas_.size()) dynamic_targets_of_new_names();
      }
      if (library_.good()) refuse_endless_references();
   }
   if (!library_.good()) return std::unexpected(library_.take_problem());
   out_.documents = library_.take_documents();
   return std::move(out_);
}

node_id compiler::node_of(const value& schema) {
   const auto [known, is_new] = nodes_.emplace(&schema, static_cast<node_id>(schemas_.size()));
   if (is_new) {
      schemas_.push_back(&schema);
      out_.nodes.emplace_back();
   }
   return known->second;
}

void compiler::compile_node(node_id id) {
   const auto& schema = *schemas_[id];
   out_.nodes[id].resource = library_.place_of(schema).resource;
   if (schema.is(kind::boolean)) {
      out_.nodes[id].kinds = schema.boolean() ? all_kinds : 0;
   } else {
      compile_object(id, schema);
   }
}

void compiler::compile_object(node_id id, const value& schema) {
   subject s{schema, library_.language_of(schema), {}};
   references(s);
   if (!s.written_in.is_draft7() || s.ops.empty()) { // draft 7: all siblings of $ref are ignored
      types(s, id);
      annotations(s);
      constants(s);
      combinators(s);
      numbers(s);
      strings(s);
      arrays(s);
      objects(s);
      unevaluated(s);
   }
   std::ranges::stable_sort(s.ops, {}, [](const op& o) { return group_of(o.code); });
   auto& n = out_.nodes[id];
   n.first = static_cast<std::uint32_t>(out_.ops.size());
   std::size_t done = 0;
   for (std::size_t g = 0; g < group_count; ++g) {
      while (done < s.ops.size() && static_cast<std::size_t>(group_of(s.ops[done].code)) == g) {
         ++done;
      }
      n.ends[g] = static_cast<std::uint8_t>(done); // there are far fewer than 256 keywords
   }
   out_.ops.insert(out_.ops.end(), s.ops.begin(), s.ops.end());
}

const value* compiler::get(const subject& s, std::string_view keyword, std::uint8_t vocabulary) {
   return (s.written_in.vocabularies & vocabulary) != 0 ? s.schema.find(keyword) : nullptr;
}

const value* compiler::get(const subject& s, std::string_view keyword, std::uint8_t vocabulary,
                           kind k) {
   const auto* found = get(s, keyword, vocabulary);
   if (found == nullptr || found->is(k)) return found;
   refuse(s, keyword,
          fmt::format("this must be {}, it is {}", kind_words(k), kind_words(found->type())));
   return nullptr;
}

node_id compiler::child(const subject& s, std::string_view keyword, std::uint8_t vocabulary) {
   const auto* found = get(s, keyword, vocabulary);
   return found != nullptr ? node_of(*found) : no_node;
}

std::pair<std::uint32_t, std::uint32_t> compiler::children(const value& list) {
   const auto first = static_cast<std::uint32_t>(out_.children.size());
   for (const auto& item : list.items()) out_.children.push_back(node_of(item));
   return {first, static_cast<std::uint32_t>(list.items().size())};
}

void compiler::types(const subject& s, node_id id) {
   const auto* type = get(s, "type", validation_vocabulary);
   if (type == nullptr) return;
   const bool is_list = type->is(kind::array);
   const auto list = is_list ? type->items() : std::span(type, 1);
   if (list.empty()) return refuse(s, "type", "the list of types is empty");
   std::uint8_t kinds = 0;
   bool has_integer = false;
   bool has_number = false;
   for (const auto& item : list) {
      const auto* row = item.is(kind::string)
                              ? std::ranges::find(type_names, item.string(), &type_name::name)
                              : type_names.end();
      if (row == type_names.end()) {
         return refuse(s, "type",
                       "a type is \"null\", \"boolean\", \"integer\", \"number\", \"string\", "
                       "\"array\" or \"object\", or a list of these");
      }
      has_integer |= row->name == "integer";
      has_number |= row->name == "number";
      kinds |= bit_of(row->means);
   }
   out_.nodes[id].kinds = kinds;
   out_.nodes[id].integers_only = has_integer && !has_number;
}

void compiler::annotations(const subject& s) {
   for (const auto& row : annotation_forms) {
      static_cast<void>(get(s, row.keyword, core_vocabulary, row.holds));
   }
}

void compiler::constants(subject& s) {
   if (const auto* constant = get(s, "const", validation_vocabulary)) {
      s.ops.push_back({opcode::constant, static_cast<std::uint32_t>(out_.constants.size())});
      out_.constants.push_back(constant);
   }
   if (const auto* list = get(s, "enum", validation_vocabulary, kind::array)) {
      choices c;
      c.all = list->items();
      for (const auto& item : list->items()) {
         if (item.is(kind::string)) {
            c.strings.push_back(item.string());
         } else {
            c.others.push_back(&item);
         }
      }
      std::ranges::sort(c.strings);
      s.ops.push_back({opcode::enumeration, static_cast<std::uint32_t>(out_.enumerations.size())});
      out_.enumerations.push_back(std::move(c));
   }
}

void compiler::references(subject& s) {
   if (const auto* ref = get(s, "$ref", core_vocabulary, kind::string)) {
      if (const auto* target = library_.resolve(s.schema, "$ref", ref->string())) {
         s.ops.push_back({opcode::reference, node_of(*target)});
      }
   }
   if (s.written_in.is_draft7()) return;
   if (const auto* ref = get(s, "$dynamicRef", core_vocabulary, kind::string)) {
      dynamic_reference(s, ref->string());
   }
}

/// 2020-12 core, 8.2.3.2: it is dynamic only when what it leads to at first was named by a
/// `$dynamicAnchor`; else it is a `$ref`.
void compiler::dynamic_reference(subject& s, std::string_view reference) {
   const auto* target = library_.resolve(s.schema, "$dynamicRef", reference);
   if (target == nullptr) return;
   const auto fragment = uri_parts(reference).fragment.value_or("");
   const auto node = node_of(*target);
   if (fragment.empty() || target->find_string("$dynamicAnchor") != fragment) {
      s.ops.push_back({opcode::reference, node});
      return;
   }
   const auto next = static_cast<std::uint32_t>(dynamic_names_.size());
   const auto [known, is_new] = dynamic_names_.emplace(fragment, next);
   if (is_new) {
      out_.dynamic.emplace_back();
      dynamic_seen_.push_back(0);
   }
   s.ops.push_back({opcode::dynamic_reference, node, known->second});
}

/// Any schema with the anchor's name can become the target, also one that nothing else refers to.
void compiler::dynamic_targets_of_new_names() {
   for (const auto& [name, number] : dynamic_names_) {
      const auto& anchors = library_.dynamic_anchors();
      for (auto& seen = dynamic_seen_[number]; seen < anchors.size(); ++seen) {
         const auto& anchor = anchors[seen];
         if (anchor.name != name) continue;
         out_.dynamic[number].emplace_back(anchor.resource, node_of(*anchor.schema));
      }
   }
}

void compiler::combinators(subject& s) {
   const auto list = [&](std::string_view keyword, opcode code) {
      const auto* found = get(s, keyword, applicator_vocabulary, kind::array);
      if (found == nullptr) return;
      if (found->items().empty()) return refuse(s, keyword, "the list of schemas is empty");
      const auto [first, count] = children(*found);
      s.ops.push_back({code, first, count});
   };
   list("allOf", opcode::all_of);
   list("anyOf", opcode::any_of);
   list("oneOf", opcode::one_of);
   if (const auto node = child(s, "not", applicator_vocabulary); node != no_node) {
      s.ops.push_back({opcode::negation, node});
   }
   if (const auto node = child(s, "if", applicator_vocabulary); node != no_node) {
      s.ops.push_back({opcode::condition, node, child(s, "then", applicator_vocabulary),
                       child(s, "else", applicator_vocabulary)});
   }
}

/// A schema that leads back to itself without going deeper into the instance can never be checked
/// (2020-12 core, 9.4.1). `$dynamicRef` is left to the limit on depth: where it leads is not known.
void compiler::refuse_endless_references() {
   enum class state : std::uint8_t { fresh, open, done };
   std::vector<state> states(out_.nodes.size(), state::fresh);
   const auto next_of = [&](node_id id) {
      std::vector<node_id> next;
      const auto& n = out_.nodes[id];
      for (std::size_t i = 0; i < n.ends.back(); ++i) {
         const auto& o = out_.ops[n.first + i];
         switch (o.code) {
         case opcode::reference:
         case opcode::negation: next.push_back(o.a); break;
         case opcode::condition: next.insert(next.end(), {o.a, o.b, o.c}); break;
         case opcode::all_of:
         case opcode::any_of:
         case opcode::one_of:
            next.insert(next.end(), out_.children.begin() + o.a, out_.children.begin() + o.a + o.b);
            break;
         case opcode::dependent_schemas:
            for (const auto& d : out_.dependencies[o.a]) next.push_back(d.schema);
            break;
         default: break;
         }
      }
      std::erase(next, no_node);
      return next;
   };
   struct frame {
      node_id id;
      std::vector<node_id> next;
   };
   std::vector<frame> stack;
   for (node_id start = 0; start < out_.nodes.size(); ++start) {
      if (states[start] == state::fresh) stack.push_back({start, next_of(start)});
      states[start] = stack.empty() ? states[start] : state::open;
      while (!stack.empty()) {
         if (stack.back().next.empty()) {
            states[stack.back().id] = state::done;
            stack.pop_back();
            continue;
         }
         const auto id = stack.back().next.back();
         stack.back().next.pop_back();
         if (states[id] == state::open) {
            return library_.refuse(errc::invalid, *schemas_[id], "",
                                   "this schema refers back to itself without end");
         }
         if (states[id] != state::fresh) continue;
         states[id] = state::open;
         stack.push_back({id, next_of(id)});
      }
   }
}

} // namespace fmcp::json::detail
