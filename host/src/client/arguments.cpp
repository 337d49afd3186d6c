#include "client/arguments.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "client/challenge.hpp"
#include "core/text.hpp"
#include "core/utf8.hpp"
#include "json/document.hpp"
#include "json/writer.hpp"

namespace fmcp::client {
namespace {

std::unexpected<core::error> refuse(std::string message) {
   return core::fail(core::errc::invalid, std::move(message));
}

/// The names of the types that a schema admits; empty: it does not say.
std::vector<std::string_view> types_of(const json::value* schema) {
   std::vector<std::string_view> out;
   const auto* type = schema != nullptr ? schema->find("type") : nullptr;
   if (type == nullptr) return out;
   if (type->is(json::kind::string)) out.push_back(type->string());
   if (type->is(json::kind::array)) {
      for (const auto& t : type->items())
         if (t.is(json::kind::string)) out.push_back(t.string());
   }
   return out;
}

bool is_of_type(const json::value& v, std::string_view type) {
   switch (v.type()) {
   case json::kind::null: return type == "null";
   case json::kind::boolean: return type == "boolean";
   case json::kind::number: return type == "number" || (type == "integer" && v.as_int64());
   case json::kind::string: return type == "string";
   case json::kind::array: return type == "array";
   case json::kind::object: return type == "object";
   }
   return false;
}

/// `a number`, `a number or null`
std::string wanted(const std::vector<std::string_view>& types) {
   std::string out;
   for (const auto type : types) {
      if (!out.empty()) out += " or ";
      if (type == "null")
         out += "null";
      else if (type == "boolean")
         out += "true or false";
      else if (type == "array")
         out += "a list in JSON, such as [1,2]";
      else if (type == "object")
         out += "an object in JSON, such as {\"a\":1}";
      else
         out += fmt::format("{} {}", type == "integer" ? "an" : "a", excerpt(type));
   }
   return out;
}

core::result<std::string> typed(std::string_view name, std::string_view text,
                                const json::value* schema) {
   const auto types = types_of(schema);
   const bool takes_text = types.empty() || std::ranges::find(types, "string") != types.end();
   const auto as_text = [&] {
      std::string out;
      json::append_string(out, text);
      return out;
   };
   if (types.size() == 1 && takes_text) return as_text();
   json::document d;
   if (const auto v = d.parse_copy(text)) {
      const bool fits = types.empty() || std::ranges::any_of(types, [&](std::string_view t) {
                           return is_of_type(**v, t);
                        });
      if (fits && !(*v)->is(json::kind::string)) {
         std::string out;
         json::append_compact(out, **v);
         return out;
      }
   }
   if (takes_text) return as_text();
   return refuse(fmt::format("the argument {} has to be {}, and \"{}\" is not", excerpt(name),
                             wanted(types), excerpt(text)));
}

/// A tool that takes nothing else than what it names has no use for a slip of the finger.
core::result<void> check_name(std::string_view name, const json::value* input,
                              const json::value* properties) {
   const auto* others = input != nullptr ? input->find("additionalProperties") : nullptr;
   const bool is_closed =
         others != nullptr && others->is(json::kind::boolean) && !others->boolean();
   if (!is_closed) return {};
   std::vector<std::string_view> names;
   if (properties != nullptr)
      for (const auto& p : properties->members()) names.push_back(p.key);
   const auto near = core::did_you_mean(name, names);
   return refuse(fmt::format("the tool has no argument {}{}", excerpt(name),
                             near.empty() ? std::string()
                                          : fmt::format("; did you mean {}?", excerpt(near))));
}

} // namespace

core::result<std::string> typed_arguments(const std::vector<std::string>& words, const tool* of) {
   json::document d;
   const json::value* input = nullptr;
   if (of != nullptr && d.parse_copy(of->json)) input = d.root().find("inputSchema");
   const auto* properties = input != nullptr ? input->find("properties") : nullptr;
   if (properties != nullptr && !properties->is(json::kind::object)) properties = nullptr;
   std::vector<std::string_view> seen;
   std::string out;
   json::writer w(out);
   w.begin_object();
   for (const std::string_view word : words) {
      const auto equals = word.find('=');
      if (equals == word.npos || equals == 0) {
         return refuse(fmt::format("\"{}\" is no argument: it has to be name=value, or all of them "
                                   "in --args JSON",
                                   excerpt(word)));
      }
      if (!core::is_utf8(word)) return refuse(fmt::format("{} is not UTF-8", excerpt(word)));
      const auto name = word.substr(0, equals);
      if (std::ranges::find(seen, name) != seen.end())
         return refuse(fmt::format("the argument {} is given twice", excerpt(name)));
      seen.push_back(name);
      const auto* schema = properties != nullptr ? properties->find(name) : nullptr;
      if (schema == nullptr) {
         if (auto ok = check_name(name, input, properties); !ok)
            return std::unexpected(std::move(ok.error()));
      }
      auto value = typed(name, word.substr(equals + 1), schema);
      if (!value) return value;
      w.key(name).raw(*value);
   }
   w.end_object();
   return out;
}

core::result<std::string> json_arguments(std::string_view text) {
   json::document d;
   const auto root = d.parse_copy(text);
   if (!root) return refuse(fmt::format("the arguments are no JSON: {}", root.error().message));
   if (!(*root)->is(json::kind::object)) return refuse("the arguments have to be a JSON object");
   std::string out;
   json::append_compact(out, **root);
   return out;
}

} // namespace fmcp::client
