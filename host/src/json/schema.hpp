#pragma once

/// JSON Schema, drafts 2020-12 and 7, compiled once and checked often.
///
/// Thread safety: a compiled schema is immutable and may be used by any number of threads at once.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "json/value.hpp"

namespace fmcp::json {

enum class dialect : std::uint8_t { draft7, draft2020_12 };

/// One reason why an instance does not fit, worded so that a model can mend its call.
struct violation {
   std::string path;     ///< JSON Pointer (RFC 6901) into the instance; empty = the whole
   std::string keyword;  ///< e.g. `minimum`
   std::string expected; ///< e.g. `a number that is at least 1`
   std::string got;      ///< e.g. `0`, `a string ("abc")`, `nothing`; at most 80 characters
   /// `/count: expected a number that is at least 1, got 0`
   [[nodiscard]] std::string sentence() const;
};

struct schema_options {
   /// Of a schema without `$schema`.
   dialect default_dialect = dialect::draft2020_12;
   /// `format` asserts instead of annotating; in draft 7 `contentEncoding` (base64) and
   /// `contentMediaType` (application/json) too.
   bool assert_formats = false;
   std::size_t max_subschemas = 10'000;
   std::size_t max_depth = 64; ///< nested arrays and objects of a schema document
   /// Text of the schema document at an absolute URI, or nothing. There is no network: without a
   /// loader only the metaschemas' names and the document itself can be referred to.
   std::function<std::optional<std::string>(std::string_view uri)> load{};
};

/// What one check may cost; a hostile instance or pattern is answered "not valid", never waited
/// for.
struct check_limits {
   std::uint64_t max_steps = 1'000'000; ///< visited (schema, value) pairs and list comparisons
   std::uint32_t regex_match_limit = 100'000;     ///< backtracking steps of one search
   std::chrono::milliseconds max_regex_time{250}; ///< of all searches together
   std::size_t max_violations = 5;
};

class schema {
public:
   /// Errors: invalid (not a schema in its dialect; the message holds the pointer of the place),
   /// unsupported (another dialect, required vocabulary), not_found (a `$ref` that leads nowhere),
   /// limit.
   static core::result<std::shared_ptr<const schema>> compile(std::string_view text,
                                                              const schema_options& options = {});
   virtual ~schema() = default;

   [[nodiscard]] virtual dialect used_dialect() const noexcept = 0;
   /// Whether the instance is valid. Does not allocate for the keywords that plain tools use.
   [[nodiscard]] virtual bool accepts(const value& instance,
                                      const check_limits& bounds = {}) const = 0;
   /// The reasons, most specific first; empty when valid.
   [[nodiscard]] virtual std::vector<violation> check(const value& instance,
                                                      const check_limits& bounds = {}) const = 0;
};

} // namespace fmcp::json
