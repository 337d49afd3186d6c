#include "protocol/schema_text.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/text.hpp"
#include "json/uri.hpp"
#include "json/writer.hpp"

namespace fmcp::protocol {
namespace {

using json::kind;

struct keyword {
   std::string_view name;
   keyword_value holds;
};

constexpr keyword keywords[] = {
      {"properties", keyword_value::properties},
      {"patternProperties", keyword_value::map},
      {"$defs", keyword_value::map},
      {"definitions", keyword_value::map},
      {"dependentSchemas", keyword_value::map},
      {"dependencies", keyword_value::map},
      {"allOf", keyword_value::list},
      {"anyOf", keyword_value::list},
      {"oneOf", keyword_value::list},
      {"prefixItems", keyword_value::list},
      {"items", keyword_value::list},
      {"additionalItems", keyword_value::schema},
      {"unevaluatedItems", keyword_value::schema},
      {"contains", keyword_value::schema},
      {"additionalProperties", keyword_value::schema},
      {"unevaluatedProperties", keyword_value::schema},
      {"propertyNames", keyword_value::schema},
      {"not", keyword_value::schema},
      {"if", keyword_value::schema},
      {"then", keyword_value::schema},
      {"else", keyword_value::schema},
      {"contentSchema", keyword_value::schema},
      {"const", keyword_value::data},
      {"enum", keyword_value::data},
      {"default", keyword_value::data},
      {"examples", keyword_value::data},
      {"$vocabulary", keyword_value::data},
      {"dependentRequired", keyword_value::data},
};

// ---------------------------------------------------------------------------------------------
// x-mcp-header

class annotation_finder {
public:
   core::result<std::vector<header_parameter>> run(const json::value& root) {
      visit(root, true);
      if (!fault_.empty()) return core::fail(core::errc::invalid, std::move(fault_));
      return std::move(found_);
   }

private:
   /// `is_reachable`: through `properties` alone.
   void visit(const json::value& schema, bool is_reachable) {
      if (!schema.is(kind::object)) return;
      for (const auto& [key, val] : schema.members()) {
         if (!fault_.empty()) return;
         if (key == "x-mcp-header") {
            take(schema, val, is_reachable && !path_.empty());
            continue;
         }
         const auto above = pointer_.size();
         append_step(pointer_, key);
         descend(find_keyword(key), val, is_reachable);
         pointer_.resize(above);
      }
   }

   void descend(keyword_value holds, const json::value& v, bool is_reachable) {
      switch (holds) {
      case keyword_value::properties:
      case keyword_value::map:
         visit_map(v, is_reachable && holds == keyword_value::properties);
         break;
      case keyword_value::schema: visit(v, false); break;
      case keyword_value::list:
         if (v.is(kind::array))
            visit_list(v);
         else
            visit(v, false);
         break;
      case keyword_value::data:
      case keyword_value::unknown: break;
      }
   }

   void visit_map(const json::value& v, bool is_reachable) {
      if (!v.is(kind::object)) return;
      for (const auto& [name, sub] : v.members()) {
         const auto above = pointer_.size();
         append_step(pointer_, name);
         path_.emplace_back(name);
         visit(sub, is_reachable);
         path_.pop_back();
         pointer_.resize(above);
      }
   }

   void visit_list(const json::value& v) {
      std::size_t index = 0;
      for (const auto& sub : v.items()) {
         const auto above = pointer_.size();
         append_step(pointer_, std::to_string(index++));
         visit(sub, false);
         pointer_.resize(above);
      }
   }

   void take(const json::value& schema, const json::value& name, bool is_reachable) {
      if (!is_reachable) {
         return refuse("stands where only properties of properties may have one; move it to a "
                       "property that is reached from the root through \"properties\" alone");
      }
      if (!name.is(kind::string) || !core::is_token(name.string())) {
         return refuse("is not a name for a header: it must be a string of letters, digits and "
                       "!#$%&'*+-.^_`|~");
      }
      const auto type = schema.find_string("type");
      header_parameter p;
      if (type == "string")
         p.what = header_parameter::type::string;
      else if (type == "integer")
         p.what = header_parameter::type::integer;
      else if (type == "boolean")
         p.what = header_parameter::type::boolean;
      else {
         return refuse("belongs to a property whose \"type\" is not one of \"string\", "
                       "\"integer\" and \"boolean\"");
      }
      if (!names_.insert(core::to_lower(name.string())).second) {
         return refuse("is the second one of that name; names of headers are equal whatever their "
                       "case");
      }
      p.header.append("Mcp-Param-").append(name.string());
      p.path = path_;
      found_.push_back(std::move(p));
   }

   void refuse(std::string_view reason) {
      std::string place;
      core::append_printable(place, pointer_);
      fault_ =
            fmt::format("has an inputSchema whose \"x-mcp-header\" at \"{}\" {}.", place, reason);
   }

   std::vector<header_parameter> found_;
   std::set<std::string> names_; // in lower case
   std::vector<std::string> path_;
   std::string pointer_;
   std::string fault_;
};

// ---------------------------------------------------------------------------------------------
// Wrapping

std::string without_fragment(std::string uri) {
   uri.resize(std::min(uri.find('#'), uri.size()));
   return uri;
}

/// The identifier that a schema gives itself, or nothing. `#name` is draft 7's way to write an
/// anchor.
std::optional<std::string_view> find_id(const json::value& schema, json::dialect d) noexcept {
   const auto id = schema.find_string("$id");
   if (!id || id->starts_with('#')) return std::nullopt;
   // Draft 7 (core, 8.3): what stands beside `$ref` is ignored.
   if (d == json::dialect::draft7 && schema.find("$ref") != nullptr) return std::nullopt;
   return id;
}

class wrapper {
public:
   wrapper(std::string& out, json::dialect d) : out_(out), dialect_(d) {}

   void run(const json::value& root) {
      out_.push_back('{');
      for (const auto* name : {"$schema", "$id"}) {
         const auto* v = root.find(name);
         if (v == nullptr || (name[1] == 'i' && !find_id(root, dialect_))) continue;
         begin_member(name);
         json::append_compact(out_, *v);
         out_.push_back(',');
      }
      if (const auto id = find_id(root, dialect_)) {
         document_ = without_fragment(json::resolve_uri({}, *id));
      }
      out_.append(R"("type":"object","properties":{"result":)");
      append(root, document_, true);
      out_.append(R"(},"required":["result"]})");
   }

private:
   void begin_member(std::string_view name) {
      json::append_string(out_, name);
      out_.push_back(':');
   }

   void append(const json::value& schema, const std::string& outer, bool is_root) {
      if (!schema.is(kind::object)) return json::append_compact(out_, schema);
      const auto id = find_id(schema, dialect_);
      std::string own;
      if (id && !is_root) own = without_fragment(json::resolve_uri(outer, *id));
      const std::string& base = id && !is_root ? own : outer;
      char separator = '{';
      for (const auto& [key, val] : schema.members()) {
         if (is_root && (key == "$schema" || (key == "$id" && id))) continue; // hoisted
         out_.push_back(std::exchange(separator, ','));
         begin_member(key);
         append_member(key, val, base);
      }
      if (separator == '{') out_.push_back('{');
      out_.push_back('}');
   }

   void append_member(std::string_view key, const json::value& val, const std::string& base) {
      if ((key == "$ref" || key == "$dynamicRef") && val.is(kind::string)) {
         return json::append_string(out_, follow(val.string(), base));
      }
      switch (find_keyword(key)) {
      case keyword_value::data: return json::append_compact(out_, val);
      case keyword_value::map:
      case keyword_value::properties: return append_map(val, base);
      case keyword_value::schema:
      case keyword_value::list:
      case keyword_value::unknown: return append_any(val, base);
      }
   }

   void append_map(const json::value& v, const std::string& base) {
      if (!v.is(kind::object)) return json::append_compact(out_, v);
      out_.push_back('{');
      bool is_first = true;
      for (const auto& [name, sub] : v.members()) {
         if (!std::exchange(is_first, false)) out_.push_back(',');
         begin_member(name);
         append_any(sub, base);
      }
      out_.push_back('}');
   }

   void append_any(const json::value& v, const std::string& base) {
      if (!v.is(kind::array)) return append(v, base, false);
      out_.push_back('[');
      bool is_first = true;
      for (const auto& sub : v.items()) {
         if (!std::exchange(is_first, false)) out_.push_back(',');
         append_any(sub, base);
      }
      out_.push_back(']');
   }

   /// Where `ref` leads after the move.
   std::string follow(std::string_view ref, const std::string& base) const {
      if (without_fragment(json::resolve_uri(base, ref)) != document_) return std::string(ref);
      const auto hash = std::min(ref.find('#'), ref.size());
      const auto fragment = hash == ref.size() ? std::string_view{} : ref.substr(hash + 1);
      if (!fragment.empty() && !json::percent_decoded(fragment).starts_with('/')) {
         return std::string(ref); // an anchor
      }
      return fmt::format("{}#/properties/result{}", ref.substr(0, hash), fragment);
   }

   std::string& out_;
   json::dialect dialect_;
   std::string document_; // its URI, without fragment; empty: it has none
};

bool has_boolean_property(const json::value& schema) noexcept {
   const auto* properties = schema.find("properties");
   return properties != nullptr && properties->is(kind::object) &&
          std::ranges::any_of(properties->members(),
                              [](const json::member& m) { return m.val.is(kind::boolean); });
}

void append_object_properties(std::string& out, const json::value& properties) {
   json::writer w(out);
   w.begin_object();
   for (const auto& [name, sub] : properties.members()) {
      w.key(name);
      if (sub.is(kind::boolean))
         w.raw(sub.boolean() ? "{}" : R"({"not":{}})");
      else
         w.compact(sub);
   }
   w.end_object();
}

} // namespace

keyword_value find_keyword(std::string_view name) noexcept {
   const auto found = std::ranges::find(keywords, name, &keyword::name);
   return found == std::end(keywords) ? keyword_value::unknown : found->holds;
}

core::result<std::vector<header_parameter>> find_annotations(const json::value& input_schema) {
   return annotation_finder().run(input_schema);
}

void append_schema(std::string& out, const json::value& schema, revision r) {
   if (is_modern(r) || !has_boolean_property(schema)) return json::append_compact(out, schema);
   char separator = '{';
   for (const auto& [key, val] : schema.members()) {
      out.push_back(std::exchange(separator, ','));
      json::append_string(out, key);
      out.push_back(':');
      if (key == "properties")
         append_object_properties(out, val);
      else
         json::append_compact(out, val);
   }
   out.push_back('}');
}

void append_wrapped_schema(std::string& out, const json::value& schema, json::dialect d) {
   wrapper(out, d).run(schema);
}

void append_step(std::string& pointer, std::string_view step) {
   pointer.push_back('/');
   for (const char c : step) {
      if (c == '~')
         pointer.append("~0");
      else if (c == '/')
         pointer.append("~1");
      else
         pointer.push_back(c);
   }
}

} // namespace fmcp::protocol
