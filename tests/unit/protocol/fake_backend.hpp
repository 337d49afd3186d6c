#pragma once

/// Tools without plugins: the test decides when and how a call ends.

#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "protocol/tool.hpp"
#include "json/document.hpp"

namespace fmcp::test {

/// What a tool does when it is called, on the thread that starts the call.
using behaviour = std::function<void(const protocol::call_input&, protocol::tool_call&)>;

class fake_backend final : public protocol::tool_backend {
public:
   /// A call that did not end inside its start.
   struct started final : protocol::running_call {
      void cancel() noexcept override {
         ++cancels;
         if (auto call = std::exchange(to, nullptr))
            call->on_failure(protocol::call_failure::cancelled, "cancelled");
      }
      /// Ends it with one text block.
      void finish(std::string_view text) {
         const protocol::content block{.what = protocol::content::kind::text, .data = text};
         if (auto call = std::exchange(to, nullptr)) call->on_result({.blocks = {&block, 1}});
      }
      std::shared_ptr<protocol::tool_call> to;
      std::string arguments, session, client_info, capabilities;
      const core::principal* principal = nullptr; ///< as long as `to` lives
      int cancels = 0;
   };

   fake_backend() = default;
   fake_backend(const fake_backend&) = delete;
   fake_backend& operator=(const fake_backend&) = delete;
   /// A call that is open and what waits for it hold each other.
   ~fake_backend() override {
      for (const auto& call : calls) call->to.reset();
   }

   /// Adds a tool; without behaviour its calls stay open.
   protocol::tool_entry add(std::string name, std::string_view json, behaviour what = {}) {
      json::document d;
      const auto parsed = d.parse_copy(json);
      if (!parsed) throw std::runtime_error(parsed.error().message);
      auto made = protocol::tool_definition::make(name, **parsed);
      if (!made) throw std::runtime_error(made.error().message);
      auto handle = std::make_shared<behaviour>(std::move(what));
      return {*made, handle};
   }

   std::shared_ptr<protocol::running_call> start(const protocol::tool_entry& tool,
                                                 const protocol::call_input& in,
                                                 std::shared_ptr<protocol::tool_call> to) override {
      auto call = std::make_shared<started>();
      call->to = std::move(to);
      call->arguments = in.arguments_json;
      call->session = in.session_id;
      call->client_info = in.client_info_json;
      call->capabilities = in.client_capabilities_json;
      call->principal = in.principal;
      calls.push_back(call);
      const auto& what = *static_cast<const behaviour*>(tool.handle.get());
      if (!what) return call;
      what(in, *call->to);
      call->to.reset();
      return nullptr;
   }

   std::vector<std::shared_ptr<started>> calls;
};

inline behaviour answers(std::string text) {
   return [text = std::move(text)](const protocol::call_input&, protocol::tool_call& to) {
      const protocol::content block{.what = protocol::content::kind::text, .data = text};
      to.on_result({.blocks = {&block, 1}});
   };
}

} // namespace fmcp::test
