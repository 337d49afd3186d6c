#pragma once

/// One HTTP endpoint over a backend of the test's, without sockets.

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/http_endpoint.hpp"
#include "support/fake_exchange.hpp"
#include "unit/protocol/fake_backend.hpp"

namespace fmcp::protocol {

using core::http::method;
using test::exchange_record;

inline constexpr std::string_view echo_tool =
      R"({"name":"echo","inputSchema":{"type":"object","properties":{"text":{"type":"string"}},"required":["text"]}})";
inline constexpr std::string_view open_tool = R"({"name":"open","inputSchema":{"type":"object"}})";
inline constexpr std::string_view region_tool =
      R"({"name":"region","inputSchema":{"type":"object","properties":{"where":{"type":"string","x-mcp-header":"Region"}}}})";

inline constexpr std::string_view claim =
      R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}})";

using headers = std::vector<std::pair<std::string, std::string>>;

/// One endpoint with the tools echo (answers at once), open (the test ends its calls) and region.
class HttpEndpoint : public testing::Test {
protected:
   explicit HttpEndpoint(access_gate* g = nullptr) : gate(g) { start({}); }

   void start(service_options o) {
      o.me.name = "unit";
      o.me.version = "1";
      o.clock = &clock;
      o.sessions.clock = &clock;
      endpoint.reset();
      subject = std::make_unique<service>(o, backend);
      publish();
      endpoint = std::make_unique<http_endpoint>(
            *subject, http_endpoint::options{.guard = {.port = 8000, .bound_host = "127.0.0.1"},
                                             .gate = gate});
   }
   virtual void publish() {
      tools = {backend.add("echo", echo_tool, test::answers("hello")),
               backend.add("open", open_tool),
               backend.add("region", region_tool, test::answers("ok"))};
      subject->publish(tools);
   }

   /// Sends one request over `out`'s connection; what came back so far.
   std::shared_ptr<exchange_record> send(method verb, const headers& given, std::string_view body) {
      ask(verb, given, body,
          [this](const core::http::request& rq) { endpoint->on_request(rq, out); });
      return out.record;
   }
   /// Only its head, while the body is on its way. True: the body is wanted.
   bool send_head(method verb, const headers& given) {
      bool goes_on = false;
      ask(verb, given, "",
          [&](const core::http::request& rq) { goes_on = endpoint->on_head(rq, out); });
      return goes_on;
   }
   std::shared_ptr<exchange_record> post(std::string_view body, headers given = {}) {
      given.emplace_back("Content-Type", "application/json");
      if (std::ranges::none_of(given, [](const auto& h) { return h.first == "Accept"; }))
         given.emplace_back("Accept", "application/json, text/event-stream");
      return send(method::post, given, body);
   }
   std::string open_session(std::string_view version = "2025-11-25") {
      const auto r = post(fmt::format(
            R"({{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"{}","capabilities":{{"sampling":{{}}}},"clientInfo":{{"name":"t","version":"1"}}}}}})",
            version));
      EXPECT_EQ(r->status, 200);
      return r->find("Mcp-Session-Id");
   }
   std::shared_ptr<exchange_record> modern(std::string_view name, std::string_view params,
                                           std::string_view rpc_method = "tools/call",
                                           headers more = {}) {
      more.emplace_back("MCP-Protocol-Version", "2026-07-28");
      more.emplace_back("Mcp-Method", std::string(rpc_method));
      if (!name.empty()) more.emplace_back("Mcp-Name", std::string(name));
      return post(fmt::format(R"({{"jsonrpc":"2.0","id":7,"method":"{}","params":{{{}{}{}}}}})",
                              rpc_method, params, params.empty() ? "" : ",", claim),
                  std::move(more));
   }

   /// The request's memory is gone when this returns.
   template <class F>
   void ask(method verb, const headers& given, std::string_view body, F f) {
      out.record = std::make_shared<exchange_record>();
      headers all = given;
      if (std::ranges::none_of(all, [](const auto& h) { return h.first == "Host"; }))
         all.insert(all.begin(), {"Host", "127.0.0.1:8000"});
      std::vector<core::http::field> fields;
      for (const auto& [n, v] : all) fields.push_back({n, v});
      core::http::request rq;
      rq.verb = verb;
      rq.path = "/mcp";
      rq.fields = fields;
      rq.host = rq.find("Host");
      rq.body = body;
      rq.peer_address = "192.0.2.7";
      out.handled = &rq;
      f(rq);
      out.handled = nullptr;
   }

   access_gate* const gate;
   core::manual_clock clock;
   test::fake_backend backend;
   std::vector<tool_entry> tools;
   std::unique_ptr<service> subject;
   std::unique_ptr<http_endpoint> endpoint;
   test::fake_responder out;
};

inline constexpr std::string_view call_echo =
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"}}})";
inline constexpr std::string_view call_open =
      R"({"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"open","_meta":{"progressToken":"p"}}})";

} // namespace fmcp::protocol
