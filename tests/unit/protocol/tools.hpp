#pragma once

/// Tool definitions for tests.

#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "protocol/tool.hpp"
#include "json/document.hpp"

namespace fmcp::test {

inline core::result<std::shared_ptr<const protocol::tool_definition>>
try_define(std::string_view tool, std::string_view name = "t") {
   json::document d;
   const auto v = d.parse_copy(tool);
   if (!v) {
      ADD_FAILURE() << v.error().message << "\n" << tool;
      return std::unexpected(v.error());
   }
   return protocol::tool_definition::make(name, **v);
}

/// Never null: the test fails, and ends, when the tool cannot be made.
inline std::shared_ptr<const protocol::tool_definition> define(std::string_view tool,
                                                               std::string_view name = "t") {
   auto made = try_define(tool, name);
   if (!made) throw std::runtime_error(made.error().message);
   return *made;
}

/// A tool without arguments and with that output schema.
inline std::shared_ptr<const protocol::tool_definition> define_output(std::string_view schema) {
   return define(R"({"name":"t","inputSchema":{"type":"object"},"outputSchema":)" +
                 std::string(schema) + "}");
}

inline std::string listed(const protocol::tool_definition& tool, protocol::revision r) {
   std::string out;
   tool.append_to(out, r);
   return out;
}

} // namespace fmcp::test
