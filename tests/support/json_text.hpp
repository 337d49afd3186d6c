#pragma once

/// A JSON text that a test looks into.

#include <stdexcept>
#include <string>
#include <string_view>

#include "json/document.hpp"

namespace fmcp::test {

/// Values as text: a string without its quotes, everything else as it was written, and `absent` for
/// what is not there, so that a failed comparison shows what was.
class json_text {
public:
   explicit json_text(std::string_view text) {
      // The host's own parser; what it makes of texts is the json room's tests' business.
      if (const auto parsed = document_.parse_copy(text); !parsed) {
         throw std::runtime_error("no JSON (" + parsed.error().message + "): " + std::string(text));
      }
   }

   /// `/result/tools/0/name`; see RFC 6901, without escapes except `~1` for a slash.
   [[nodiscard]] std::string at(std::string_view pointer) const {
      const auto* v = find(pointer);
      if (v == nullptr) return "absent";
      return std::string(v->is(json::kind::string) ? v->string() : v->raw());
   }
   [[nodiscard]] bool has(std::string_view pointer) const { return find(pointer) != nullptr; }
   [[nodiscard]] std::size_t size(std::string_view pointer) const {
      const auto* v = find(pointer);
      if (v == nullptr) return 0;
      return v->is(json::kind::array)    ? v->items().size()
             : v->is(json::kind::object) ? v->members().size()
                                         : 0;
   }
   [[nodiscard]] const json::value* find(std::string_view pointer) const {
      const json::value* v = &document_.root();
      while (!pointer.empty() && v != nullptr) {
         pointer.remove_prefix(1);
         const auto end = std::min(pointer.find('/'), pointer.size());
         v = step(*v, std::string(pointer.substr(0, end)));
         pointer.remove_prefix(end);
      }
      return v;
   }

private:
   static const json::value* step(const json::value& v, std::string name) {
      if (const auto slash = name.find("~1"); slash != std::string::npos)
         name.replace(slash, 2, "/");
      if (!v.is(json::kind::array)) return v.find(name);
      const auto index = static_cast<std::size_t>(std::stoul(name));
      return index < v.items().size() ? &v.items()[index] : nullptr;
   }

   json::document document_;
};

} // namespace fmcp::test
