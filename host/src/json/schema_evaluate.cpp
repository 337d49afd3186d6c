#include "json/schema_evaluate.hpp"

#include <algorithm>
#include <limits>

#include "core/base64.hpp"
#include "core/utf8.hpp"
#include "json/unique.hpp"

namespace fmcp::json::detail {
namespace {

/// Nested calls of apply(); with the frames of a sanitizer still far from the end of a stack.
constexpr std::uint32_t max_depth = 1000;
bool is_integer(std::string_view number) noexcept {
   if (number.find_first_of(".eE") == std::string_view::npos) return true;
   return decimal(number).is_integer();
}

std::strong_ordering order(const value& v, const bound& b) noexcept {
   if (b.is_plain) {
      if (const auto n = plain_integer(v.number())) return *n <=> b.plain;
   }
   return compare(decimal(v.number()), b.exact);
}

group group_for(kind k) noexcept {
   switch (k) {
   case kind::number: return group::number;
   case kind::string: return group::string;
   case kind::array: return group::array;
   case kind::object: return group::object;
   case kind::null:
   case kind::boolean: break;
   }
   return group::general;
}

std::size_t size_of(const value& v) noexcept {
   return v.is(kind::array) ? v.items().size() : v.is(kind::object) ? v.members().size() : 0;
}

bool has_length(const op& o, std::string_view text) noexcept {
   // A character has one to four bytes.
   if (o.code == opcode::min_length) {
      return text.size() >= o.a && (text.size() / 4 >= o.a || core::utf8_length(text) >= o.a);
   }
   return text.size() <= o.a || core::utf8_length(text) <= o.a;
}

/// Draft 7 validation, section 8.
bool has_content(const op& o, std::string_view text) {
   const bool is_base64 = o.a != 0;
   const bool is_json = o.b != 0;
   std::optional<std::string> decoded;
   if (is_base64) {
      decoded = core::decode_base64(text);
      if (!decoded) return false;
   }
   if (!is_json) return true;
   document inner;
   return inner.parse_copy(decoded ? *decoded : text).has_value();
}

path_step item_step(const path_step* up, std::size_t index) noexcept {
   return {up, {}, index, true};
}
path_step member_step(const path_step* up, std::string_view key) noexcept {
   return {up, key, 0, false};
}

} // namespace

template <bool Explains>
bool evaluation<Explains>::run(const value& instance) {
   return apply(p_.root, {instance, nullptr, nullptr}) && !is_spent_;
}

template <bool Explains>
std::vector<violation> evaluation<Explains>::take_reasons() {
   if (is_spent_ || found_.empty()) {
      found_.assign(1, {"", "", "a value that can be checked within the limits",
                        spent_on_.empty() ? "one that costs too much" : spent_on_});
      return std::move(found_);
   }
   const auto depth = [](const violation& v) { return std::ranges::count(v.path, '/'); };
   std::ranges::stable_sort(found_, std::greater(), depth);
   if (found_.size() > bounds_.max_violations) found_.resize(bounds_.max_violations);
   return std::move(found_);
}

template <bool Explains>
bool evaluation<Explains>::charge(std::uint64_t steps) noexcept {
   if (steps_ >= steps) {
      steps_ -= steps;
      return !is_spent_;
   }
   steps_ = 0;
   return spend("one that takes too many steps");
}

template <bool Explains>
bool evaluation<Explains>::spend(std::string_view what) {
   if constexpr (Explains) {
      if (!is_spent_) spent_on_ = what;
   }
   is_spent_ = true;
   return false;
}

template <bool Explains>
void evaluation<Explains>::report(std::string path, std::string_view keyword, std::string expected,
                                  std::string got) {
   violation v{std::move(path), std::string(keyword), std::move(expected), std::move(got)};
   const auto is_same = [&](const violation& o) {
      return o.path == v.path && o.expected == v.expected;
   };
   if (std::ranges::none_of(*sink_, is_same)) sink_->push_back(std::move(v));
}

template <bool Explains>
bool evaluation<Explains>::apply(node_id id, const frame& in) {
   const auto& n = p_.nodes[id];
   const auto& v = in.instance;
   if (!charge(1)) return false;
   if ((n.kinds & bit_of(v.type())) == 0 ||
       (n.integers_only && v.is(kind::number) && !is_integer(v.number()))) {
      if (wants_reasons()) report(pointer_of(at_), "type", type_words(n), got_words(v));
      return false;
   }
   if (!n.has_ops()) return true;
   if (depth_ == max_depth) return spend("one that is nested too deeply");
   ++depth_;
   const scope here{n.resource, in.scopes};
   const bool is_same = in.scopes != nullptr && in.scopes->resource == n.resource;
   const bool is_valid = apply_ops(n, {v, is_same ? in.scopes : &here, in.evaluated});
   --depth_;
   return is_valid;
}

template <bool Explains>
bool evaluation<Explains>::apply_ops(const node& n, const frame& in) {
   const auto kind_group = group_for(in.instance.type());
   const auto run_both = [&](const frame& f) {
      bool is_valid = run_ops(n, group::general, f);
      if ((is_valid || Explains) && kind_group != group::general) {
         is_valid = run_ops(n, kind_group, f) && is_valid;
      }
      return is_valid;
   };
   const auto last = static_cast<std::size_t>(group::last);
   if (n.ends[last] == n.ends[last - 1]) return run_both(in);
   // What has been evaluated outside of this schema does not count inside of it.
   marks own(size_of(in.instance));
   const frame with_marks{in.instance, in.scopes, &own};
   if (!run_both(with_marks) || !run_ops(n, group::last, with_marks)) return false;
   if (in.evaluated != nullptr) in.evaluated->merge(own);
   return true;
}

template <bool Explains>
bool evaluation<Explains>::run_ops(const node& n, group g, const frame& in) {
   const auto number = static_cast<std::size_t>(g);
   const auto* const ops = p_.ops.data() + n.first;
   bool is_valid = true;
   for (std::size_t i = number == 0 ? 0 : n.ends[number - 1]; i < n.ends[number]; ++i) {
      if (run_op(ops[i], in)) continue;
      if (!Explains || is_spent_) return false;
      is_valid = false;
   }
   return is_valid;
}

template <bool Explains>
bool evaluation<Explains>::run_op(const op& o, const frame& in) {
   switch (o.code) {
   case opcode::reference: return apply(o.a, in);
   case opcode::dynamic_reference: return dynamic_reference(o, in);
   case opcode::all_of: return all_of(o, in);
   case opcode::any_of: return any_of(o, in);
   case opcode::one_of: return one_of(o, in);
   case opcode::condition: return condition(o, in);
   case opcode::items: return items(o, in);
   case opcode::members: return members(p_.members[o.a], in);
   case opcode::property_names: return property_names(o, in);
   case opcode::dependent_required: return dependent_required(o, in);
   case opcode::dependent_schemas: return dependent_schemas(o, in);
   case opcode::unevaluated_items: return !in.instance.is(kind::array) || unevaluated_items(o, in);
   case opcode::unevaluated_properties:
      return !in.instance.is(kind::object) || unevaluated_properties(o, in);
   default: break;
   }
   if (holds(o, in)) return true;
   if (wants_reasons() && !is_spent_) {
      report(pointer_of(at_), keyword_of(o.code), op_words(p_, o), got_words(in.instance));
   }
   return false;
}

/// The operations that are their own reason.
template <bool Explains>
bool evaluation<Explains>::holds(const op& o, const frame& in) {
   const auto& v = in.instance;
   switch (o.code) {
   case opcode::constant: return equals(*p_.constants[o.a], v);
   case opcode::enumeration: return enumeration(p_.enumerations[o.a], v);
   case opcode::negation: return negation(o, in);
   case opcode::minimum: return order(v, p_.bounds[o.a]) >= 0;
   case opcode::exclusive_minimum: return order(v, p_.bounds[o.a]) > 0;
   case opcode::maximum: return order(v, p_.bounds[o.a]) <= 0;
   case opcode::exclusive_maximum: return order(v, p_.bounds[o.a]) < 0;
   case opcode::multiple_of: return multiple_of(p_.bounds[o.a], v);
   case opcode::min_length:
   case opcode::max_length: return has_length(o, v.string());
   case opcode::pattern: return pattern(o.a, v.string());
   case opcode::format: return p_.formats[o.a]->holds(v.string());
   case opcode::content: return has_content(o, v.string());
   case opcode::min_items: return v.items().size() >= o.a;
   case opcode::max_items: return v.items().size() <= o.a;
   case opcode::unique_items: return unique_items(v);
   case opcode::contains: return contains(o, in);
   case opcode::min_properties: return v.members().size() >= o.a;
   case opcode::max_properties: return v.members().size() <= o.a;
   default: return false; // run_op() took all others
   }
}

template <bool Explains>
bool evaluation<Explains>::descend(node_id id, const value& part, const path_step& step,
                                   const frame& from) {
   if constexpr (Explains) at_ = &step;
   const bool is_valid = apply(id, {part, from.scopes, nullptr});
   if constexpr (Explains) at_ = step.up;
   return is_valid;
}

/// Whether a node holds, without reasons and without marks.
template <bool Explains>
bool evaluation<Explains>::probe(node_id id, const frame& in) {
   auto* const sink = std::exchange(sink_, nullptr);
   const bool is_valid = apply(id, in);
   sink_ = sink;
   return is_valid;
}

// ---- any kind of instance

template <bool Explains>
bool evaluation<Explains>::equals(const value& a, const value& b) {
   constexpr std::size_t bytes_per_step = 64;
   return charge(1 + std::min(a.raw().size(), b.raw().size()) / bytes_per_step) && equal(a, b);
}

template <bool Explains>
bool evaluation<Explains>::enumeration(const choices& c, const value& v) {
   constexpr std::size_t linear_up_to = 8;
   if (v.is(kind::string)) {
      const auto text = v.string();
      if (c.strings.size() > linear_up_to) return std::ranges::binary_search(c.strings, text);
      return std::ranges::find(c.strings, text) != c.strings.end();
   }
   return std::ranges::any_of(c.others, [&](const value* other) { return equals(*other, v); });
}

/// The outermost schema resource on the way here that has the anchor decides.
template <bool Explains>
bool evaluation<Explains>::dynamic_reference(const op& o, const frame& in) {
   node_id target = o.a;
   const auto& candidates = p_.dynamic[o.b];
   for (const auto* s = in.scopes; s != nullptr; s = s->outer) {
      if (!charge(1)) return false;
      const auto found = std::ranges::find(candidates, s->resource,
                                           [](const auto& candidate) { return candidate.first; });
      if (found != candidates.end()) target = found->second;
   }
   return apply(target, in);
}

template <bool Explains>
bool evaluation<Explains>::all_of(const op& o, const frame& in) {
   bool is_valid = true;
   for (std::uint32_t i = 0; i < o.b; ++i) {
      if (apply(p_.children[o.a + i], in)) continue;
      if (!Explains || is_spent_) return false;
      is_valid = false;
   }
   return is_valid;
}

/// One of several: its marks count only if it holds, its reasons only if none does.
template <bool Explains>
bool evaluation<Explains>::alternative(node_id id, const frame& in, std::vector<reasons>& failed) {
   reasons own;
   auto* const sink = sink_;
   if (wants_reasons()) sink_ = &own;
   bool is_valid = false;
   if (in.evaluated == nullptr) {
      is_valid = apply(id, in);
   } else {
      marks seen(size_of(in.instance));
      is_valid = apply(id, {in.instance, in.scopes, &seen});
      if (is_valid) in.evaluated->merge(seen);
   }
   sink_ = sink;
   if constexpr (Explains) {
      if (!is_valid && wants_reasons()) failed.push_back(std::move(own));
   }
   return is_valid;
}

template <bool Explains>
bool evaluation<Explains>::any_of(const op& o, const frame& in) {
   std::vector<reasons> failed;
   bool is_valid = false;
   for (std::uint32_t i = 0; i < o.b && !is_spent_; ++i) {
      is_valid |= alternative(p_.children[o.a + i], in, failed);
      if (is_valid && in.evaluated == nullptr) return true;
   }
   if (!is_valid && !is_spent_ && wants_reasons()) {
      for (auto& v : merge_alternatives(std::move(failed), pointer_of(at_), "anyOf",
                                        got_words(in.instance))) {
         report(std::move(v.path), v.keyword, std::move(v.expected), std::move(v.got));
      }
   }
   return is_valid && !is_spent_;
}

template <bool Explains>
bool evaluation<Explains>::one_of(const op& o, const frame& in) {
   std::vector<reasons> failed;
   std::uint32_t valid = 0;
   for (std::uint32_t i = 0; i < o.b && valid < 2 && !is_spent_; ++i) {
      valid += alternative(p_.children[o.a + i], in, failed) ? 1 : 0;
   }
   if (is_spent_) return false;
   if (valid == 1) return true;
   if (!wants_reasons()) return false;
   if (valid > 1) {
      report(pointer_of(at_), "oneOf", "a value that fits exactly one of several alternatives",
             got_words(in.instance) + ", which fits more than one");
      return false;
   }
   for (auto& v :
        merge_alternatives(std::move(failed), pointer_of(at_), "oneOf", got_words(in.instance))) {
      report(std::move(v.path), v.keyword, std::move(v.expected), std::move(v.got));
   }
   return false;
}

template <bool Explains>
bool evaluation<Explains>::negation(const op& o, const frame& in) {
   // What is evaluated under `not` counts for nothing outside of it.
   const bool holds_inside = probe(o.a, {in.instance, in.scopes, nullptr});
   return !holds_inside && !is_spent_;
}

template <bool Explains>
bool evaluation<Explains>::condition(const op& o, const frame& in) {
   bool is_true = false;
   if (in.evaluated == nullptr) {
      is_true = probe(o.a, in);
   } else {
      marks seen(size_of(in.instance));
      is_true = probe(o.a, {in.instance, in.scopes, &seen});
      if (is_true) in.evaluated->merge(seen);
   }
   if (is_spent_) return false;
   const auto next = is_true ? o.b : o.c;
   return next == no_node || apply(next, in);
}

// ---- numbers and strings

template <bool Explains>
bool evaluation<Explains>::multiple_of(const bound& divisor, const value& v) {
   if (divisor.is_plain) {
      if (const auto n = plain_integer(v.number())) return *n % divisor.plain == 0;
   }
   const decimal number(v.number());
   constexpr std::size_t digit_pairs_per_step = 64;
   return charge(1 + number.digits() * divisor.exact.digits() / digit_pairs_per_step) &&
          is_multiple(number, divisor.exact);
}

template <bool Explains>
bool evaluation<Explains>::pattern(std::uint32_t number, std::string_view text) {
   constexpr std::size_t bytes_per_step = 64;
   if (!charge(1 + text.size() / bytes_per_step)) return false;
   if (!deadline_) deadline_ = std::chrono::steady_clock::now() + bounds_.max_regex_time;
   const auto found =
         p_.patterns[number].compiled.search(text, {bounds_.regex_match_limit, *deadline_});
   if (found == regex::outcome::too_costly) {
      return spend("a string that takes too long to compare with a pattern");
   }
   return found == regex::outcome::match;
}

// ---- arrays

/// a, b: first and number of the nodes for the first items; c: the node for the others.
template <bool Explains>
bool evaluation<Explains>::items(const op& o, const frame& in) {
   bool is_valid = true;
   std::size_t i = 0;
   for (const auto& item : in.instance.items()) {
      const auto id = i < o.b ? p_.children[o.a + i] : o.c;
      if (id == no_node) break;
      if (!descend(id, item, item_step(at_, i), in)) {
         if (!Explains || is_spent_) return false;
         is_valid = false;
      }
      if (in.evaluated != nullptr) in.evaluated->set(i);
      ++i;
   }
   return is_valid;
}

/// a: node, b: least, c: most.
template <bool Explains>
bool evaluation<Explains>::contains(const op& o, const frame& in) {
   constexpr auto unbounded = std::numeric_limits<std::uint32_t>::max();
   const bool needs_all = in.evaluated != nullptr || o.c != unbounded;
   std::uint32_t found = 0;
   std::size_t i = 0;
   if (o.b == 0 && !needs_all) return true;
   for (const auto& item : in.instance.items()) {
      if (probe(o.a, {item, in.scopes, nullptr})) {
         ++found;
         if (in.evaluated != nullptr) in.evaluated->set(i);
         if (found >= o.b && !needs_all) return true;
      }
      if (is_spent_) return false;
      ++i;
   }
   return found >= o.b && found <= o.c;
}

template <bool Explains>
bool evaluation<Explains>::unique_items(const value& v) {
   constexpr std::size_t bytes_per_step = 32;
   return charge(v.items().size() + v.raw().size() / bytes_per_step) && has_unique_items(v);
}

template <bool Explains>
bool evaluation<Explains>::unevaluated_items(const op& o, const frame& in) {
   bool is_valid = true;
   std::size_t i = 0;
   for (const auto& item : in.instance.items()) {
      if (!in.evaluated->has(i) && !descend(o.a, item, item_step(at_, i), in)) {
         if (!Explains || is_spent_) return false;
         is_valid = false;
      }
      ++i;
   }
   in.evaluated->set_all();
   return is_valid;
}

// ---- objects

template <bool Explains>
bool evaluation<Explains>::members(const member_rules& rules, const frame& in) {
   bool is_valid = true;
   std::uint32_t required = 0; // no object has two members of one name
   std::size_t i = 0;
   const auto check = [&](node_id id, const member& m) {
      return descend(id, m.val, member_step(at_, m.key), in);
   };
   for (const auto& m : in.instance.members()) {
      if (!charge(1)) return false;
      bool is_known = false;
      bool fits = true;
      if (const auto* p = rules.find(m.key)) {
         required += p->is_required ? 1 : 0;
         is_known = p->schema != no_node;
         if (is_known) fits = check(p->schema, m);
      }
      for (const auto& p : rules.patterns) {
         if (!pattern(p.regex, m.key)) continue;
         is_known = true;
         fits = check(p.schema, m) && fits;
      }
      if (is_spent_) return false;
      if (!is_known && rules.additional != no_node) {
         is_known = true;
         fits = p_.nodes[rules.additional].is_false()
                      ? unknown_member({opcode::members}, &rules, m, in)
                      : check(rules.additional, m);
      }
      if (!fits) {
         if (!Explains || is_spent_) return false;
         is_valid = false;
      }
      if (is_known && in.evaluated != nullptr) in.evaluated->set(i);
      ++i;
   }
   if (required == rules.required) return is_valid;
   return missing_members(rules, in);
}

template <bool Explains>
bool evaluation<Explains>::missing_members(const member_rules& rules, const frame& in) {
   if (!wants_reasons()) return false;
   for (const auto& p : rules.properties) {
      if (!p.is_required || in.instance.find(p.name) != nullptr) continue;
      const auto step = member_step(at_, p.name);
      report(pointer_of(&step), "required",
             (p.schema == no_node ? "a value" : node_words(p_, p.schema)) +
                   " (this member is required)",
             "nothing");
      if (!wants_reasons()) break;
   }
   return false;
}

template <bool Explains>
bool evaluation<Explains>::unknown_member(const op& o, const member_rules* rules, const member& m,
                                          const frame&) {
   if (!wants_reasons()) return false;
   const auto step = member_step(at_, m.key);
   report(pointer_of(&step),
          o.code == opcode::members ? "additionalProperties" : keyword_of(o.code),
          rules != nullptr ? unknown_member_words(*rules, m.key) : "no member of this name",
          got_words(m.val));
   return false;
}

template <bool Explains>
bool evaluation<Explains>::property_names(const op& o, const frame& in) {
   bool is_valid = true;
   for (const auto& m : in.instance.members()) {
      const auto name = value::of_string(m.key);
      reasons own;
      auto* const sink = sink_;
      if (wants_reasons()) sink_ = &own;
      const bool fits = descend(o.a, name, member_step(at_, m.key), in);
      sink_ = sink;
      if (fits) continue;
      if (!Explains || is_spent_) return false;
      is_valid = false;
      for (auto& v : own) {
         if (!wants_reasons()) break;
         report(std::move(v.path), "propertyNames", "a member name that is " + v.expected,
                std::move(v.got));
      }
   }
   return is_valid;
}

template <bool Explains>
bool evaluation<Explains>::dependent_required(const op& o, const frame& in) {
   const auto& v = in.instance;
   const auto has = [&](std::string_view name) {
      return charge(1 + v.members().size() / 8) && v.find(name) != nullptr;
   };
   bool is_valid = true;
   for (const auto& d : p_.dependencies[o.a]) {
      if (!has(d.name)) continue;
      for (const auto name : d.required) {
         if (has(name)) continue;
         if (!Explains || is_spent_) return false;
         is_valid = false;
         if (!wants_reasons()) continue;
         const auto step = member_step(at_, name);
         report(pointer_of(&step), "dependentRequired",
                "a value (this member is required beside \"" +
                      std::string(core::utf8_truncated(d.name, 64)) + "\")",
                "nothing");
      }
   }
   return is_valid && !is_spent_;
}

template <bool Explains>
bool evaluation<Explains>::dependent_schemas(const op& o, const frame& in) {
   const auto& v = in.instance;
   bool is_valid = true;
   for (const auto& d : p_.dependencies[o.a]) {
      if (!charge(1 + v.members().size() / 8)) return false;
      if (v.find(d.name) == nullptr || apply(d.schema, in)) continue;
      if (!Explains || is_spent_) return false;
      is_valid = false;
   }
   return is_valid;
}

template <bool Explains>
bool evaluation<Explains>::unevaluated_properties(const op& o, const frame& in) {
   bool is_valid = true;
   std::size_t i = 0;
   for (const auto& m : in.instance.members()) {
      const bool is_new = !in.evaluated->has(i++);
      if (!is_new) continue;
      const bool fits = p_.nodes[o.a].is_false() ? unknown_member(o, nullptr, m, in)
                                                 : descend(o.a, m.val, member_step(at_, m.key), in);
      if (fits) continue;
      if (!Explains || is_spent_) return false;
      is_valid = false;
   }
   in.evaluated->set_all();
   return is_valid;
}

template class evaluation<false>;
template class evaluation<true>;

} // namespace fmcp::json::detail
