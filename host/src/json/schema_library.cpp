#include "json/schema_library.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "core/utf8.hpp"
#include "json/uri.hpp"

namespace fmcp::json::detail {
namespace {

using core::errc;

constexpr std::size_t max_shown = 120; // bytes of a name from outside in a message
constexpr std::string_view draft7_uri = "http://json-schema.org/draft-07/schema";
constexpr std::string_view draft2020_12_uri = "https://json-schema.org/draft/2020-12/schema";
constexpr std::string_view vocabulary_prefix = "https://json-schema.org/draft/2020-12/vocab/";

/// How the schemas inside a keyword's value are found.
enum class shape : std::uint8_t { one, list, one_or_list, map, map_of_mixed };
enum drafts : std::uint8_t { in_draft7 = 1, in_2020_12 = 2, in_both = 3 };

struct applicator {
   std::string_view keyword;
   shape holds;
   std::uint8_t known;
};

// `definitions` and `dependencies` stayed in the metaschema of 2020-12 for the sake of old schemas.
constexpr auto applicators = std::to_array<applicator>({
      {"$defs", shape::map, in_2020_12},
      {"definitions", shape::map, in_both},
      {"properties", shape::map, in_both},
      {"patternProperties", shape::map, in_both},
      {"additionalProperties", shape::one, in_both},
      {"propertyNames", shape::one, in_both},
      {"dependencies", shape::map_of_mixed, in_both},
      {"dependentSchemas", shape::map, in_2020_12},
      {"prefixItems", shape::list, in_2020_12},
      {"items", shape::one, in_2020_12},
      {"items", shape::one_or_list, in_draft7},
      {"additionalItems", shape::one, in_draft7},
      {"contains", shape::one, in_both},
      {"allOf", shape::list, in_both},
      {"anyOf", shape::list, in_both},
      {"oneOf", shape::list, in_both},
      {"not", shape::one, in_both},
      {"if", shape::one, in_both},
      {"then", shape::one, in_both},
      {"else", shape::one, in_both},
      {"unevaluatedItems", shape::one, in_2020_12},
      {"unevaluatedProperties", shape::one, in_2020_12},
      {"contentSchema", shape::one, in_2020_12},
});

/// The base of a URI and its fragment; the latter without the number sign, empty when absent.
std::pair<std::string, std::string> split_fragment(std::string_view uri) {
   const auto at = uri.find('#');
   if (at == std::string_view::npos) return {std::string(uri), {}};
   return {std::string(uri.substr(0, at)), std::string(uri.substr(at + 1))};
}

/// Draft 7 (8.3): beside `$ref` every other keyword is ignored.
bool is_draft7_reference(const value& schema, const language& written_in) noexcept {
   return written_in.is_draft7() && schema.find_string("$ref").has_value();
}

place below(const place& where, std::string_view step) {
   place out = where;
   append_pointer_step(out.pointer, step);
   return out;
}

std::uint8_t vocabulary_bit(std::string_view name) noexcept {
   if (name == "core") return core_vocabulary;
   if (name == "applicator") return applicator_vocabulary;
   if (name == "unevaluated") return unevaluated_vocabulary;
   if (name == "validation") return validation_vocabulary;
   if (name == "format-assertion") return format_assertion_vocabulary;
   return 0;
}

bool is_annotation_vocabulary(std::string_view name) noexcept {
   return name == "meta-data" || name == "format-annotation" || name == "content";
}

/// 8.2.2: the syntax of an anchor's name.
bool is_anchor_name(std::string_view name) noexcept {
   const auto letter = [](char c) { return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_'; };
   return !name.empty() && letter(name.front()) && std::ranges::all_of(name, [&](char c) {
      return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
   });
}

} // namespace

void append_pointer_step(std::string& pointer, std::string_view step) {
   pointer.push_back('/');
   for (const char c : step) {
      if (c == '~') {
         pointer.append("~0");
      } else if (c == '/') {
         pointer.append("~1");
      } else {
         pointer.push_back(c);
      }
   }
}

std::string_view kind_words(kind k) noexcept {
   switch (k) {
   case kind::null: return "null";
   case kind::boolean: return "a boolean";
   case kind::number: return "a number";
   case kind::string: return "a string";
   case kind::array: return "an array";
   case kind::object: return "an object";
   }
   return "a value";
}

void library::refuse_at(errc code, std::uint32_t document, std::string_view pointer,
                        std::string_view what) {
   if (problem_) return;
   const auto& uri = document_uris_[document];
   std::string text(uri.empty() ? std::string_view("the schema")
                                : std::string_view("the schema document "));
   text.append(core::utf8_truncated(uri, max_shown));
   if (pointer.empty()) {
      text.append(" is refused at its root: ");
   } else {
      text.append(" is refused at ").append(pointer).append(": ");
   }
   text.append(what);
   problem_ = core::error{code, std::move(text)};
}

void library::refuse(errc code, const value& schema, std::string_view keyword,
                     std::string_view what) {
   const auto& where = place_of(schema);
   auto pointer = where.pointer;
   if (!keyword.empty()) append_pointer_step(pointer, keyword);
   refuse_at(code, where.document, pointer, what);
}

const value* library::add_main(std::string_view text) {
   language by_default;
   by_default.base = options_.default_dialect;
   return add(text, "", by_default);
}

const value* library::add(std::string_view text, std::string_view uri, const language& by_default) {
   const auto document_id = static_cast<std::uint32_t>(documents_.size());
   documents_.push_back(std::make_unique<document>());
   document_uris_.emplace_back(uri);
   const auto parsed = documents_.back()->parse_copy(text, {.max_depth = options_.max_depth});
   if (!parsed) {
      refuse_at(parsed.error().code, document_id, "", parsed.error().message);
      return nullptr;
   }
   const auto resource_id = static_cast<std::uint32_t>(resources_.size());
   resources_.push_back({std::string(uri), *parsed, document_id, by_default});
   by_uri_.emplace(uri, resource_id);
   index(**parsed, {resource_id, document_id, {}});
   return good() ? *parsed : nullptr;
}

void library::index(const value& schema, place where) {
   if (!good() || places_.contains(&schema)) return;
   if (places_.size() >= options_.max_subschemas) {
      return refuse_at(errc::limit, where.document, where.pointer,
                       fmt::format("there are more than {} subschemas", options_.max_subschemas));
   }
   if (!schema.is(kind::object) && !schema.is(kind::boolean)) {
      return refuse_at(errc::invalid, where.document, where.pointer,
                       fmt::format("a schema is an object or a boolean, this is {}",
                                   kind_words(schema.type())));
   }
   if (schema.is(kind::object)) {
      identify(schema, where, where.pointer.empty());
      if (!good()) return;
   }
   if (where.document == 0) main_.push_back(&schema);
   // A reference into the map stays good while the map grows.
   const auto& kept = places_.emplace(&schema, std::move(where)).first->second;
   if (schema.is(kind::object)) index_children(schema, kept);
}

void library::index_each(const value& schemas, const place& where) {
   if (schemas.is(kind::array)) {
      std::size_t i = 0;
      for (const auto& item : schemas.items()) index(item, below(where, std::to_string(i++)));
   } else if (schemas.is(kind::object)) {
      for (const auto& m : schemas.members()) index(m.val, below(where, m.key));
   }
}

void library::index_children(const value& schema, const place& here) {
   const language written_in = resources_[here.resource].written_in;
   const auto draft = written_in.is_draft7() ? in_draft7 : in_2020_12;
   const bool only_definitions = is_draft7_reference(schema, written_in);
   for (const auto& row : applicators) {
      if ((row.known & draft) == 0 || (only_definitions && row.keyword != "definitions")) continue;
      const auto* found = schema.find(row.keyword);
      if (found == nullptr) continue;
      const auto at = below(here, row.keyword);
      switch (row.holds) {
      case shape::one: index(*found, at); break;
      case shape::one_or_list:
         if (found->is(kind::array)) {
            index_each(*found, at);
         } else {
            index(*found, at);
         }
         break;
      case shape::list:
         if (!found->is(kind::array)) {
            return refuse_at(errc::invalid, here.document, at.pointer,
                             fmt::format("this must be an array of schemas, it is {}",
                                         kind_words(found->type())));
         }
         index_each(*found, at);
         break;
      case shape::map:
         if (!found->is(kind::object)) {
            return refuse_at(errc::invalid, here.document, at.pointer,
                             fmt::format("this must be an object of schemas, it is {}",
                                         kind_words(found->type())));
         }
         index_each(*found, at);
         break;
      case shape::map_of_mixed:
         if (!found->is(kind::object)) break; // refused where it is compiled
         for (const auto& m : found->members()) {
            if (!m.val.is(kind::array)) index(m.val, below(at, m.key));
         }
         break;
      }
      if (!good()) return;
   }
}

void library::identify(const value& schema, place& where, bool is_root) {
   language written_in = resources_[where.resource].written_in;
   const auto* id = schema.find("$id");
   // Only the root of a resource may say what it is written in (2020-12 core, 8.1.1).
   if (const auto* dialect_uri = schema.find("$schema");
       dialect_uri != nullptr && (is_root || id != nullptr)) {
      if (!dialect_uri->is(kind::string)) {
         return refuse_at(errc::invalid, where.document, where.pointer + "/$schema",
                          "this must be a URI in a string");
      }
      const auto found = find_language(dialect_uri->string());
      if (!found) {
         return refuse_at(
               errc::unsupported, where.document, where.pointer + "/$schema",
               fmt::format("the dialect \"{}\" is not supported; supported are {} and {}#",
                           core::utf8_truncated(dialect_uri->string(), max_shown), draft2020_12_uri,
                           draft7_uri));
      }
      if (!good()) return;
      written_in = *found;
      if (is_root) resources_[where.resource].written_in = written_in;
   }
   if (id != nullptr && !is_draft7_reference(schema, written_in)) {
      read_id(schema, where, written_in);
      if (!good()) return;
   }
   if (!is_draft7_reference(schema, written_in)) read_anchors(schema, where);
}

void library::read_id(const value& schema, place& where, const language& written_in) {
   const auto* id = schema.find("$id");
   const auto refuse_id = [&](std::string_view why) {
      refuse_at(errc::invalid, where.document, where.pointer + "/$id", why);
   };
   if (!id->is(kind::string)) return refuse_id("this must be a URI reference in a string");
   const auto [base, fragment] =
         split_fragment(resolve_uri(resources_[where.resource].base, id->string()));
   if (!fragment.empty() && !written_in.is_draft7()) {
      return refuse_id("an identifier has no fragment; use $anchor for a name");
   }
   if (!id->string().starts_with('#')) {
      const auto number = static_cast<std::uint32_t>(resources_.size());
      const auto [known, is_new] = by_uri_.emplace(base, number);
      if (is_new) {
         resources_.push_back({base, &schema, where.document, written_in});
         where.resource = number;
      } else if (resources_[known->second].root == &schema) {
         where.resource = known->second; // of the document that was loaded by this name
      } else {
         return refuse_id("another schema has the same identifier");
      }
   }
   if (!fragment.empty()) add_anchor(schema, where, "$id", fragment);
}

void library::read_anchors(const value& schema, const place& where) {
   if (resources_[where.resource].written_in.is_draft7()) return;
   for (const std::string_view keyword : {"$anchor", "$dynamicAnchor"}) {
      const auto* anchor = schema.find(keyword);
      if (anchor == nullptr) continue;
      if (!anchor->is(kind::string) || !is_anchor_name(anchor->string())) {
         auto at = where.pointer;
         append_pointer_step(at, keyword);
         return refuse_at(errc::invalid, where.document, at,
                          "an anchor is a name of letters, digits, '-', '_' and '.'");
      }
      add_anchor(schema, where, keyword, anchor->string());
      if (keyword == "$dynamicAnchor") {
         dynamic_anchors_.push_back({std::string(anchor->string()), where.resource, &schema});
      }
   }
}

void library::add_anchor(const value& schema, const place& where, std::string_view keyword,
                         std::string_view anchor) {
   const auto [known, is_new] =
         anchors_.emplace(std::pair(where.resource, std::string(anchor)), &schema);
   if (is_new || known->second == &schema) return;
   auto at = where.pointer;
   append_pointer_step(at, keyword);
   refuse_at(errc::invalid, where.document, at, "another schema has the same anchor");
}

std::optional<language> library::find_language(std::string_view uri, int depth) {
   constexpr int longest_chain = 8; // of metaschemas that are written in one another
   if (uri.ends_with('#')) uri.remove_suffix(1);
   if (uri == draft2020_12_uri) return language{};
   if (uri == draft7_uri || uri == "https://json-schema.org/draft-07/schema") {
      language draft7;
      draft7.base = dialect::draft7;
      return draft7;
   }
   if (const auto known = languages_.find(uri); known != languages_.end()) return known->second;
   if (depth == longest_chain || !options_.load) return std::nullopt;
   const auto found = read_metaschema(std::string(uri), depth);
   if (found) languages_.emplace(uri, *found);
   return found;
}

/// A dialect of somebody's own (2020-12 core, 8.1.2): what counts are the vocabularies it names.
std::optional<language> library::read_metaschema(const std::string& uri, int depth) {
   const auto text = options_.load(uri);
   if (!text) return std::nullopt;
   document metaschema;
   const auto parsed = metaschema.parse(*text, {.max_depth = options_.max_depth});
   if (!parsed) return std::nullopt;
   const auto base_uri = (*parsed)->find_string("$schema");
   if (!base_uri) return std::nullopt;
   auto out = find_language(*base_uri, depth + 1);
   const auto* listed = (*parsed)->find("$vocabulary");
   if (!out || out->is_draft7() || listed == nullptr) return out;
   out->vocabularies = core_vocabulary;
   for (const auto& m : listed->is(kind::object) ? listed->members() : std::span<const member>()) {
      const bool is_ours = m.key.starts_with(vocabulary_prefix);
      const auto name = is_ours ? m.key.substr(vocabulary_prefix.size()) : std::string_view();
      const auto bit = vocabulary_bit(name);
      if (bit != 0) {
         out->vocabularies |= bit;
      } else if (!is_annotation_vocabulary(name) && m.val.is(kind::boolean) && m.val.boolean()) {
         return std::nullopt; // required, and unknown to us
      }
   }
   return out;
}

std::optional<std::uint32_t> library::find_resource(const std::string& uri,
                                                    const language& by_default) {
   if (const auto known = by_uri_.find(uri); known != by_uri_.end()) return known->second;
   if (!options_.load || !uri_parts(uri).scheme) return std::nullopt;
   const auto text = options_.load(uri);
   if (!text) return std::nullopt;
   if (add(*text, uri, by_default) == nullptr) return std::nullopt;
   return by_uri_.at(uri);
}

const value* library::resolve(const value& from, std::string_view keyword,
                              std::string_view reference) {
   const auto home = place_of(from).resource;
   const auto nowhere = [&](std::string_view why) {
      refuse(errc::not_found, from, keyword,
             fmt::format("the reference \"{}\" leads nowhere: {}",
                         core::utf8_truncated(reference, max_shown), why));
      return nullptr;
   };
   const auto [base, fragment] = split_fragment(resolve_uri(resources_[home].base, reference));
   const auto target = base == resources_[home].base
                             ? std::optional(home)
                             : find_resource(base, resources_[home].written_in);
   if (!target) return nowhere("there is no schema of this name, and none is fetched");
   const auto name = percent_decoded(fragment);
   if (name.empty()) return resources_[*target].root;
   if (name.starts_with('/')) {
      const auto* found = walk(*target, name);
      return found != nullptr ? found : nowhere("nothing is at this place");
   }
   const auto anchor = anchors_.find({*target, name});
   return anchor != anchors_.end() ? anchor->second : nowhere("there is no such anchor");
}

const value* library::walk(std::uint32_t start, std::string_view pointer) {
   const value* at = resources_[start].root;
   place where = place_of(*at);
   while (!pointer.empty()) {
      pointer.remove_prefix(1); // the slash
      const auto end = std::min(pointer.find('/'), pointer.size());
      std::string step;
      for (std::size_t i = 0; i < end; ++i) {
         const bool is_escape = pointer[i] == '~' && i + 1 < end;
         if (is_escape && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
            step.push_back(pointer[++i] == '0' ? '~' : '/');
         } else {
            step.push_back(pointer[i]);
         }
      }
      pointer.remove_prefix(end);
      if (at->is(kind::array)) {
         std::size_t n = 0;
         const auto [stop, ec] = std::from_chars(step.data(), step.data() + step.size(), n);
         if (ec != std::errc{} || stop != step.data() + step.size() || n >= at->items().size() ||
             (step.size() > 1 && step[0] == '0')) {
            return nullptr;
         }
         at = &at->items()[n];
      } else {
         at = at->find(step);
         if (at == nullptr) return nullptr;
      }
      append_pointer_step(where.pointer, step);
      if (const auto known = places_.find(at); known != places_.end()) where = known->second;
   }
   index(*at, where); // when it stands at a place where schemas are not looked for
   return good() ? at : nullptr;
}

} // namespace fmcp::json::detail
