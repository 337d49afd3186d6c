#include "plugins/catalogue.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "core/text.hpp"
#include "core/utf8.hpp"
#include "plugins/grown.hpp"
#include "plugins/lists.hpp"
#include "json/writer.hpp"

namespace fmcp::plugins {
namespace {

using core::errc;
using core::fail;

constexpr std::size_t least_item = FMCP_LEAST(fmcp_item, json);
constexpr std::size_t max_name = 128; // MCP 2025-11-25, tool names
constexpr std::size_t max_item_json = 1u << 20;
constexpr std::uint32_t max_scopes = 64;
constexpr std::size_t max_scope = 256;
constexpr std::string_view reserved_prefix = "fastmcp.";

core::result<std::vector<std::string>> copy_scopes(const fmcp_list& list) {
   auto out = copy_strings(list, max_scopes, max_scope);
   if (!out) return fail(errc::invalid, "with a list of scopes that cannot be read");
   if (!std::ranges::all_of(*out, is_scope)) {
      return fail(errc::invalid, "with a scope that is no OAuth scope");
   }
   return std::move(*out);
}

/// The name of a tool as clients send it back and logs show it.
bool is_tool_name(std::string_view name) {
   return !name.empty() && name.size() <= max_name && std::ranges::all_of(name, [](char c) {
      return c > 0x20 && c < 0x7f && c != '"' && c != '\\';
   });
}

core::result<listed_item> copy_tool(const char* at, std::uint32_t stride, std::uint32_t index) {
   const auto wrong = [](std::string_view which, std::string_view what) {
      std::string shown;
      core::append_printable(shown, which);
      return fail(errc::invalid, fmt::format("lists tool {} {}.", shown, what));
   };
   const std::string number = fmt::format("number {}", index + 1);
   std::uint32_t size = 0;
   std::memcpy(&size, at, sizeof size);
   if (size > stride) return wrong(number, "with a size that is larger than the list's stride");
   const auto item = copy_grown<fmcp_item>(at, least_item);
   if (!item) return wrong(number, "with a size that cannot be true");

   const auto name = view(item->name, max_name);
   if (!name || !is_tool_name(*name)) {
      return wrong(number, "with a name that is not 1 to 128 visible ASCII characters without "
                           "quotes and backslashes");
   }
   if (name->starts_with(reserved_prefix)) {
      return wrong(*name, "whose name is reserved; names that begin with \"fastmcp.\" are the "
                          "host's own");
   }
   const auto text = view(item->json, max_item_json);
   if (!text) {
      return wrong(*name,
                   fmt::format("without JSON or with more than {} bytes of it", max_item_json));
   }
   listed_item out;
   out.name = *name;
   auto parsed = out.document.parse_copy(*text, {.max_bytes = max_item_json});
   if (!parsed) return wrong(*name, "whose JSON cannot be read: " + parsed.error().message);
   if (!(*parsed)->is(json::kind::object) || (*parsed)->find_string("name") != *name) {
      return wrong(*name, "whose JSON is no object with that name");
   }
   if (const auto* schema = (*parsed)->find("inputSchema");
       schema == nullptr || !schema->is(json::kind::object)) {
      return wrong(*name, "without an inputSchema that is a JSON object");
   }
   json::append_compact(out.json, **parsed);
   auto scopes = copy_scopes(item->required_scopes);
   if (!scopes) return wrong(*name, scopes.error().message);
   out.required_scopes = std::move(*scopes);
   out.exec = item->exec == FMCP_EX_NONBLOCKING ? FMCP_EX_NONBLOCKING : FMCP_EX_MAY_BLOCK;
   out.max_concurrency = item->max_concurrency;
   out.timeout_ms = item->timeout_ms;
   out.tag = item->tag;
   return out;
}

} // namespace

core::result<std::vector<listed_item>> copy_tools(const fmcp_list& list, std::uint32_t max_tools) {
   if (list.count > max_tools) {
      return fail(errc::limit,
                  fmt::format("lists {} tools, more than the {} that one plugin may have.",
                              list.count, max_tools));
   }
   if (!is_sane_list(list, least_item, max_tools)) {
      return fail(errc::invalid,
                  fmt::format("lists {} tools at {} with a stride of {} bytes, which cannot be "
                              "stepped; set items and stride = sizeof(fmcp_item).",
                              list.count, list.items == nullptr ? "no address" : "an address",
                              list.stride));
   }
   std::vector<listed_item> out;
   std::set<std::string, std::less<>> names;
   for (std::uint32_t i = 0; i < list.count; ++i) {
      auto item = copy_tool(element(list, i), list.stride, i);
      if (!item) return std::unexpected(item.error());
      if (!names.insert(item->name).second) {
         return fail(errc::invalid,
                     fmt::format("lists tool {} twice; rename one of them.", item->name));
      }
      out.push_back(std::move(*item));
   }
   return out;
}

} // namespace fmcp::plugins
