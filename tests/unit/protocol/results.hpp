#pragma once

/// Building and encoding tool results in tests.

#include <string>
#include <string_view>
#include <vector>

#include "protocol/call_result.hpp"

namespace fmcp::test {

inline constexpr std::string_view server_info =
      R"("io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"})";

/// A result that owns its blocks.
struct a_result {
   std::vector<protocol::content> blocks;
   protocol::tool_result fields; ///< all but `blocks`

   [[nodiscard]] protocol::tool_result get() const {
      auto out = fields;
      out.blocks = blocks;
      return out;
   }
};

inline protocol::content text_block(std::string_view text) {
   return {.what = protocol::content::kind::text, .data = text};
}

struct answer {
   std::string text;
   protocol::encoded how;
};

inline answer encode(const a_result& r, protocol::result_rules rules) {
   protocol::encoder work;
   answer out;
   out.how = protocol::append_call_result(out.text, "1", r.get(), rules, work);
   return out;
}

/// With server info, which only modern clients may see.
inline answer encode(const a_result& r, protocol::revision spoken = protocol::newest_modern,
                     const protocol::tool_definition* tool = nullptr) {
   return encode(r, {.spoken = spoken, .tool = tool, .server_info_member = server_info});
}

} // namespace fmcp::test
