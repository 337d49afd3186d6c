#pragma once

/// From schema documents to a program. Internal to the room.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "json/schema_library.hpp"
#include "json/schema_program.hpp"

namespace fmcp::json::detail {

/// Thread safety: none. Used once.
class compiler {
public:
   explicit compiler(const schema_options& options) : options_(options), library_(options) {}

   /// Errors: those of schema::compile.
   core::result<program> run(std::string_view text);
   /// Of the root. Precondition: run() succeeded.
   [[nodiscard]] dialect used_dialect() const noexcept { return used_dialect_; }

private:
   /// What is being compiled: one schema and the node that it becomes.
   struct subject {
      const value& schema;
      language written_in;
      std::vector<op> ops;
   };

   node_id node_of(const value& schema);
   void compile_node(node_id id);
   void compile_object(node_id id, const value& schema);

   void types(const subject& s, node_id id);
   void annotations(const subject& s);
   void constants(subject& s);
   void references(subject& s);
   void combinators(subject& s);
   void numbers(subject& s);
   void strings(subject& s);
   void arrays(subject& s);
   void prefix_and_items(subject& s);
   void contains(subject& s);
   void objects(subject& s);
   void members(subject& s);
   void required(const subject& s, member_rules& rules);
   void pattern_properties(const subject& s, member_rules& rules);
   void dependencies(subject& s, std::string_view keyword, std::uint8_t vocabulary);
   void unevaluated(subject& s);
   void dynamic_reference(subject& s, std::string_view reference);
   void dynamic_targets_of_new_names();
   void refuse_endless_references();

   /// The keyword's value when it is there and its vocabulary is in use.
   static const value* get(const subject& s, std::string_view keyword, std::uint8_t vocabulary);
   /// The same, null and refused when it is of another kind.
   const value* get(const subject& s, std::string_view keyword, std::uint8_t vocabulary, kind k);
   std::optional<std::uint32_t> count(const subject& s, std::string_view keyword);
   /// The node of a subschema in a keyword, or no_node.
   node_id child(const subject& s, std::string_view keyword, std::uint8_t vocabulary);
   /// Appends the nodes of a list; first and count.
   std::pair<std::uint32_t, std::uint32_t> children(const value& list);
   std::optional<std::uint32_t> pattern(const subject& s, std::string_view keyword,
                                        std::string_view text);
   std::vector<std::string_view> names(const subject& s, std::string_view keyword,
                                       const value& list);
   void refuse(const subject& s, std::string_view keyword, std::string_view what) {
      library_.refuse(core::errc::invalid, s.schema, keyword, what);
   }

   const schema_options& options_;
   library library_;
   program out_;
   dialect used_dialect_ = dialect::draft2020_12;
   std::vector<const value*> schemas_; ///< by node
   std::unordered_map<const value*, node_id> nodes_;
   std::map<std::string, std::uint32_t, std::less<>> patterns_;
   std::map<std::string, std::uint32_t, std::less<>> dynamic_names_;
   std::vector<std::size_t> dynamic_seen_; ///< by name: anchors that were looked at
};

} // namespace fmcp::json::detail
