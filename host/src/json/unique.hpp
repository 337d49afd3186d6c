#pragma once

#include <string>

#include "json/value.hpp"

namespace fmcp::json {

/// Whether no two items of the array are equal, in the sense of equal(). Costs n log n comparisons
/// at most and no more than a sort of the array's text, whatever the items are.
[[nodiscard]] bool has_unique_items(const value& array);

/// Appends one text per value: equal values have equal texts, different ones different texts.
void append_canonical(std::string& out, const value& v);

} // namespace fmcp::json
