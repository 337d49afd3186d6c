#include "protocol/tool.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "protocol/schema_text.hpp"
#include "json/writer.hpp"

namespace fmcp::protocol {
namespace {

using core::errc;
using json::kind;

std::unexpected<core::error> wrong(std::string message) {
   return core::fail(errc::invalid, std::move(message));
}

// A member of the wrong type in one tool makes strict clients drop the whole list, so that it is
// refused here, where only its own tool is lost.

bool is_absent_or(const json::value* v, kind k) noexcept {
   return v == nullptr || v->is(k);
}

bool are_annotations(const json::value& v) noexcept {
   if (!v.is(kind::object) || !is_absent_or(v.find("title"), kind::string)) return false;
   constexpr const char* hints[] = {"readOnlyHint", "destructiveHint", "idempotentHint",
                                    "openWorldHint"};
   return std::ranges::all_of(
         hints, [&](const char* name) { return is_absent_or(v.find(name), kind::boolean); });
}

bool is_icon(const json::value& v) noexcept {
   if (!v.find_string("src") || !is_absent_or(v.find("mimeType"), kind::string)) return false;
   const auto* theme = v.find("theme");
   if (theme != nullptr && v.find_string("theme") != "light" && v.find_string("theme") != "dark") {
      return false;
   }
   const auto* sizes = v.find("sizes");
   return sizes == nullptr ||
          (sizes->is(kind::array) && std::ranges::all_of(sizes->items(), [](const json::value& s) {
              return s.is(kind::string);
           }));
}

bool are_icons(const json::value& v) noexcept {
   return v.is(kind::array) && std::ranges::all_of(v.items(), is_icon);
}

core::result<void> check_members(const json::value& tool, std::string_view name) {
   if (tool.find_string("name") != name) return wrong("has a Tool object with another \"name\".");
   for (const auto* text : {"title", "description"}) {
      if (!is_absent_or(tool.find(text), kind::string)) {
         return wrong(fmt::format("has a \"{}\" that is not a string.", text));
      }
   }
   if (!is_absent_or(tool.find("_meta"), kind::object)) {
      return wrong("has a \"_meta\" that is not an object.");
   }
   if (const auto* v = tool.find("annotations"); v != nullptr && !are_annotations(*v)) {
      return wrong("has \"annotations\" that are not an object in which \"title\" is a string and "
                   "every hint true or false.");
   }
   if (const auto* v = tool.find("icons"); v != nullptr && !are_icons(*v)) {
      return wrong("has \"icons\" that are not an array of objects with the string \"src\", and, "
                   "where given, a string \"mimeType\", an array of strings \"sizes\" and a "
                   "\"theme\" of \"light\" or \"dark\".");
   }
   return {};
}

core::result<std::shared_ptr<const json::schema>> compile(const json::value& v, const char* name) {
   auto compiled = json::schema::compile(v.raw());
   if (compiled) return compiled;
   return core::fail(compiled.error().code, fmt::format("has an {} that cannot be used: {}", name,
                                                        compiled.error().message));
}

bool has_object_root(const json::value& schema) noexcept {
   return schema.find_string("type") == "object";
}

/// The first revision that knows a member of a Tool (reference 9.2), or nothing when none does that
/// this host can honour: `execution` speaks of the tasks of 2025-11-25, which are not offered. What
/// nobody has heard of passes: readers ignore it, and some may know it.
std::optional<revision> known_since(std::string_view member) noexcept {
   if (member == "annotations") return revision::v2025_03_26;
   if (member == "title" || member == "outputSchema" || member == "_meta") {
      return revision::v2025_06_18;
   }
   if (member == "icons") return revision::v2025_11_25;
   if (member == "execution") return std::nullopt;
   return revision::v2024_11_05;
}

} // namespace

core::result<std::shared_ptr<const tool_definition>>
tool_definition::make(std::string_view name, const json::value& tool) {
   if (!tool.is(kind::object)) return wrong("has a definition that is not an object.");
   const std::shared_ptr<tool_definition> out(new tool_definition);
   out->name_ = name;
   if (const auto parsed = out->document_.parse_copy(tool.raw()); !parsed) {
      return core::fail(parsed.error().code,
                        "has a definition that cannot be used: " + parsed.error().message);
   }
   const auto& root = out->document_.root();
   if (const auto good = check_members(root, name); !good) return std::unexpected(good.error());

   const auto* input = root.find("inputSchema");
   if (input == nullptr || !input->is(kind::object)) {
      return wrong("has no inputSchema that is an object.");
   }
   if (!has_object_root(*input)) {
      return wrong("has an inputSchema whose root is not \"type\": \"object\".");
   }
   auto compiled = compile(*input, "inputSchema");
   if (!compiled) return std::unexpected(std::move(compiled.error()));
   out->input_ = std::move(*compiled);
   auto headers = find_annotations(*input);
   if (!headers) return std::unexpected(std::move(headers.error()));
   out->headers_ = std::move(*headers);

   if (const auto* output = root.find("outputSchema"); output != nullptr) {
      // Every revision writes it as an object, so that not even `true` can be listed.
      if (!output->is(kind::object)) return wrong("has an outputSchema that is not an object.");
      auto made = compile(*output, "outputSchema");
      if (!made) return std::unexpected(std::move(made.error()));
      out->output_ = std::move(*made);
      out->has_object_output_ = has_object_root(*output);
      if (!out->has_object_output_) out->wrap_output(*output);
   }
   return out;
}

void tool_definition::wrap_output(const json::value& schema) {
   append_wrapped_schema(wrapped_output_, schema, output_->used_dialect());
   // A reference that only our rewriting broke would cost legacy clients the whole list, since they
   // compile what they read; without an output schema they lose nothing but a check.
   if (!json::schema::compile(wrapped_output_)) wrapped_output_.clear();
}

void tool_definition::append_to(std::string& out, revision r) const {
   char separator = '{';
   for (const auto& [key, val] : document_.root().members()) {
      const auto since = known_since(key);
      if (!since || r < *since) continue;
      const bool is_output = key == "outputSchema";
      const bool is_wrapped = is_output && !has_object_output_ && !is_modern(r);
      if (is_wrapped && wrapped_output_.empty()) continue;
      out.push_back(std::exchange(separator, ','));
      json::append_string(out, key);
      out.push_back(':');
      if (is_wrapped)
         out.append(wrapped_output_);
      else if (is_output || key == "inputSchema")
         append_schema(out, val, r);
      else
         json::append_compact(out, val);
   }
   out.push_back('}');
}

bool may_use(const tool_entry& tool, const core::principal& who) noexcept {
   return std::ranges::all_of(tool.required_scopes,
                              [&](const std::string& scope) { return who.has_scope(scope); });
}

} // namespace fmcp::protocol
