#pragma once

/// Running a program over an instance. Internal to the room.
///
/// One template for both questions. `evaluation<false>` answers whether the instance is valid and
/// stops at the first reason against it; `evaluation<true>` goes on and puts the reasons into
/// words.
///
/// Every visited (schema, value) pair costs a step. When the steps, the depth or the time for
/// regular expressions run out, the evaluation is *spent*: everything returns false at once, also
/// what would turn a false into a true, and the answer is "not valid".

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/schema.hpp"
#include "json/schema_explain.hpp"
#include "json/schema_marks.hpp"
#include "json/schema_program.hpp"

namespace fmcp::json::detail {

/// Thread safety: none; one per check. Lifetimes: refers to the program and the bounds.
template <bool Explains>
class evaluation {
public:
   evaluation(const program& p, const check_limits& bounds) noexcept
       : p_(p), bounds_(bounds), steps_(bounds.max_steps) {}

   bool run(const value& instance);
   /// After run() said false: why. Only of `evaluation<true>`.
   [[nodiscard]] std::vector<violation> take_reasons();

private:
   /// The schema resources that lie between the root and here, for $dynamicRef.
   struct scope {
      std::uint32_t resource;
      const scope* outer;
   };
   /// What in-place subschemas share with the schema that applies them.
   struct frame {
      const value& instance;
      const scope* scopes;
      marks* evaluated; ///< null when nobody asks
   };

   bool charge(std::uint64_t steps) noexcept;
   bool spend(std::string_view what);

   bool apply(node_id id, const frame& in);
   bool apply_ops(const node& n, const frame& in);
   bool run_ops(const node& n, group g, const frame& in);
   bool run_op(const op& o, const frame& in);
   bool holds(const op& o, const frame& in);
   /// For a part of the instance.
   bool descend(node_id id, const value& part, const path_step& step, const frame& from);

   bool enumeration(const choices& c, const value& v);
   bool equals(const value& a, const value& b);
   bool dynamic_reference(const op& o, const frame& in);
   bool all_of(const op& o, const frame& in);
   bool any_of(const op& o, const frame& in);
   bool one_of(const op& o, const frame& in);
   bool alternative(node_id id, const frame& in, std::vector<reasons>& failed);
   bool negation(const op& o, const frame& in);
   bool condition(const op& o, const frame& in);
   bool probe(node_id id, const frame& in);

   bool multiple_of(const bound& divisor, const value& v);
   bool pattern(std::uint32_t number, std::string_view text);

   bool items(const op& o, const frame& in);
   bool contains(const op& o, const frame& in);
   bool unique_items(const value& v);
   bool unevaluated_items(const op& o, const frame& in);

   bool members(const member_rules& rules, const frame& in);
   bool missing_members(const member_rules& rules, const frame& in);
   bool unknown_member(const op& o, const member_rules* rules, const member& m, const frame& in);
   bool property_names(const op& o, const frame& in);
   bool dependent_required(const op& o, const frame& in);
   bool dependent_schemas(const op& o, const frame& in);
   bool unevaluated_properties(const op& o, const frame& in);

   void report(std::string path, std::string_view keyword, std::string expected, std::string got);
   bool wants_reasons() const noexcept {
      // More than are asked for, so that the best of them can be chosen.
      return Explains && sink_ != nullptr && sink_->size() < bounds_.max_violations * 4;
   }

   const program& p_;
   const check_limits& bounds_;
   std::uint64_t steps_;
   std::uint32_t depth_ = 0;
   bool is_spent_ = false;
   std::optional<std::chrono::steady_clock::time_point> deadline_;
   // Only used when explaining.
   const path_step* at_ = nullptr;
   reasons found_;
   reasons* sink_ = &found_; ///< null: nobody wants to know
   std::string spent_on_;
};

extern template class evaluation<false>;
extern template class evaluation<true>;

} // namespace fmcp::json::detail
