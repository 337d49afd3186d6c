#pragma once

/// Plugs the plugin room into the protocol room: tools become entries, calls cross over.

#include <memory>
#include <vector>

#include "core/result.hpp"
#include "plugins/host.hpp"
#include "protocol/tool.hpp"
#include "json/value.hpp"

namespace fmcp::app {

/// Thread safety: any thread.
class plugin_backend final : public protocol::tool_backend {
public:
   /// Before the first call. `host` outlives this object's last call.
   void serve(plugins::host& host) noexcept { host_ = &host; }

   std::shared_ptr<protocol::running_call> start(const protocol::tool_entry& tool,
                                                 const protocol::call_input& input,
                                                 std::shared_ptr<protocol::tool_call> to) override;

private:
   plugins::host* host_ = nullptr;
};

/// For `plugins::options::prepare_tool`.
[[nodiscard]] core::result<std::shared_ptr<const void>> prepare_tool(std::string_view name,
                                                                     const json::value& tool);
/// The tools of a snapshot, in its order.
[[nodiscard]] std::vector<protocol::tool_entry> entries_of(const plugins::snapshot& s);

} // namespace fmcp::app
