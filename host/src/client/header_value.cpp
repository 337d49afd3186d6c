#include "client/header_value.hpp"

#include <algorithm>

#include "core/base64.hpp"
#include "core/text.hpp"

namespace fmcp::client {
namespace {

constexpr std::size_t max_fields = 64;
constexpr std::string_view opening = "=?base64?", closing = "?=";

/// The text of a scalar; empty when it is none that a header holds.
std::string scalar_text(const json::value& v) {
   switch (v.type()) {
   case json::kind::string: return header_value(v.string());
   case json::kind::boolean: return v.boolean() ? "true" : "false";
   case json::kind::number: return std::string(v.number());
   default: return {};
   }
}

void collect(const json::value& schema, const json::value& arguments,
             std::vector<std::pair<std::string, std::string>>& out) {
   const auto* properties = schema.find("properties");
   if (properties == nullptr || !properties->is(json::kind::object)) return;
   for (const auto& [name, property] : properties->members()) {
      const auto* argument = arguments.find(name);
      if (argument == nullptr || argument->is(json::kind::null) || out.size() == max_fields)
         continue;
      if (const auto suffix = property.find_string("x-mcp-header");
          suffix && core::is_token(*suffix)) {
         if (!argument->is(json::kind::object) && !argument->is(json::kind::array))
            out.emplace_back("Mcp-Param-" + std::string(*suffix), scalar_text(*argument));
      }
      collect(property, *argument, out); // no deeper than the arguments are
   }
}

} // namespace

std::string header_value(std::string_view text) {
   const bool is_plain =
         std::ranges::all_of(text, [](char c) { return c == '\t' || (c >= ' ' && c < 0x7f); });
   const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
   const bool has_blank_ends = !text.empty() && (is_blank(text.front()) || is_blank(text.back()));
   const bool looks_encoded = text.starts_with(opening) && text.ends_with(closing);
   if (is_plain && !has_blank_ends && !looks_encoded && !text.empty()) return std::string(text);
   std::string out(opening);
   core::append_base64(out, text);
   return out += closing;
}

std::vector<std::pair<std::string, std::string>> parameter_fields(const json::value& input_schema,
                                                                  const json::value& arguments) {
   std::vector<std::pair<std::string, std::string>> out;
   collect(input_schema, arguments, out);
   return out;
}

} // namespace fmcp::client
