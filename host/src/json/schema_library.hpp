#pragma once

/// The documents that a schema consists of while it is compiled: which schemas they hold, what
/// identifies them (`$id`, anchors), in which dialect each is written, and where a `$ref` leads.
/// Internal to the room.
///
/// Errors: the first one is kept and ends the work; see problem().
/// Thread safety: none. Lifetimes: values live as long as the documents, see take_documents().

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "json/document.hpp"
#include "json/schema.hpp"

namespace fmcp::json::detail {

/// The vocabularies of 2020-12 that change what a check answers.
enum vocabulary : std::uint8_t {
   core_vocabulary = 1,
   applicator_vocabulary = 2,
   unevaluated_vocabulary = 4,
   validation_vocabulary = 8,
   format_assertion_vocabulary = 16,
};

struct language {
   dialect base = dialect::draft2020_12;
   std::uint8_t vocabularies =
         core_vocabulary | applicator_vocabulary | unevaluated_vocabulary | validation_vocabulary;

   [[nodiscard]] bool is_draft7() const noexcept { return base == dialect::draft7; }
};

/// A schema with an absolute URI of its own (2020-12 core, 4.3.5).
struct resource {
   std::string base; ///< without fragment
   const value* root;
   std::uint32_t document;
   language written_in;
};

/// Where a schema stands.
struct place {
   std::uint32_t resource;
   std::uint32_t document;
   std::string pointer; ///< from the root of the document
};

struct dynamic_anchor {
   std::string name;
   std::uint32_t resource;
   const value* schema;
};

class library {
public:
   explicit library(const schema_options& options) : options_(options) {}

   /// The root of the schema, or null.
   const value* add_main(std::string_view text);
   /// Where `reference`, written in the schema `from`, leads; null when that is nowhere.
   const value* resolve(const value& from, std::string_view keyword, std::string_view reference);

   /// Precondition: a schema that this library gave out.
   [[nodiscard]] const place& place_of(const value& schema) const { return places_.at(&schema); }
   [[nodiscard]] const language& language_of(const value& schema) const {
      return resources_[place_of(schema).resource].written_in;
   }
   /// All schemas of the main document, in the order of the text.
   [[nodiscard]] const std::vector<const value*>& main_schemas() const noexcept { return main_; }
   [[nodiscard]] const std::vector<dynamic_anchor>& dynamic_anchors() const noexcept {
      return dynamic_anchors_;
   }

   [[nodiscard]] bool good() const noexcept { return !problem_; }
   [[nodiscard]] core::error take_problem() { return std::move(*problem_); }
   /// Keeps the first problem; `keyword` may be empty.
   void refuse(core::errc code, const value& schema, std::string_view keyword,
               std::string_view what);

   [[nodiscard]] std::vector<std::unique_ptr<document>> take_documents() {
      return std::move(documents_);
   }

private:
   void refuse_at(core::errc code, std::uint32_t document, std::string_view pointer,
                  std::string_view what);
   const value* add(std::string_view text, std::string_view uri, const language& by_default);
   void index(const value& schema, place where);
   void index_children(const value& schema, const place& here);
   void index_each(const value& schemas, const place& where);
   /// Reads `$id`, `$schema` and the anchors of a schema.
   void identify(const value& schema, place& where, bool is_root);
   void read_id(const value& schema, place& where, const language& written_in);
   void add_anchor(const value& schema, const place& where, std::string_view keyword,
                   std::string_view anchor);
   void read_anchors(const value& schema, const place& where);
   std::optional<language> find_language(std::string_view uri, int depth = 0);
   std::optional<language> read_metaschema(const std::string& uri, int depth);
   std::optional<std::uint32_t> find_resource(const std::string& uri, const language& by_default);
   const value* walk(std::uint32_t resource, std::string_view pointer);

   const schema_options& options_;
   std::vector<std::unique_ptr<document>> documents_;
   std::vector<std::string> document_uris_; ///< empty for the main one
   std::vector<resource> resources_;
   std::unordered_map<std::string, std::uint32_t> by_uri_;
   std::unordered_map<const value*, place> places_;
   std::vector<const value*> main_;
   std::map<std::pair<std::uint32_t, std::string>, const value*> anchors_;
   std::vector<dynamic_anchor> dynamic_anchors_;
   std::map<std::string, language, std::less<>> languages_;
   std::optional<core::error> problem_;
};

/// Appends one step of a JSON Pointer (RFC 6901).
void append_pointer_step(std::string& pointer, std::string_view step);
/// `"minimum"`-like words for a kind: `a string`, `an object`.
std::string_view kind_words(kind k) noexcept;

} // namespace fmcp::json::detail
