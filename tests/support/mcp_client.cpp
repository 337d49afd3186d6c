#include "support/mcp_client.hpp"

#include <stdexcept>

namespace fmcp::test {
namespace {

std::string text(std::initializer_list<std::string_view> parts) {
   std::string out;
   for (const auto p : parts) out += p;
   return out;
}

} // namespace

std::string request_text(std::string_view method, std::string_view params, std::string_view id) {
   return text({R"({"jsonrpc":"2.0","id":)", id, R"(,"method":")", method, "\"",
                params.empty() ? "" : R"(,"params":)", params, "}"});
}

std::string notification_text(std::string_view method, std::string_view params) {
   return text({R"({"jsonrpc":"2.0","method":")", method, "\"",
                params.empty() ? "" : R"(,"params":)", params, "}"});
}

std::string initialize_params(std::string_view version, std::string_view capabilities) {
   return text({R"({"protocolVersion":")", version, R"(","capabilities":)", capabilities,
                R"(,"clientInfo":{"name":"integration","version":"1"}})"});
}

std::string call_params(std::string_view tool, std::string_view arguments, std::string_view meta) {
   return text({R"({"name":")", tool, "\"", arguments.empty() ? "" : R"(,"arguments":)", arguments,
                meta.empty() ? "" : R"(,"_meta":)", meta, "}"});
}

http_request post(std::string_view target, std::string body, headers more) {
   http_request out;
   out.method = "POST";
   out.target = target;
   out.fields = {{"Content-Type", "application/json"},
                 {"Accept", "application/json, text/event-stream"}};
   out.fields.insert(out.fields.end(), more.begin(), more.end());
   out.body = std::move(body);
   return out;
}

std::string modern_meta(std::string_view capabilities, std::string_view more,
                        std::string_view version) {
   return text({R"({"io.modelcontextprotocol/protocolVersion":")", version,
                R"(","io.modelcontextprotocol/clientInfo":{"name":"integration","version":"1"})",
                R"(,"io.modelcontextprotocol/clientCapabilities":)", capabilities, more, "}"});
}

std::string modern_text(std::string_view method, std::string_view members, std::string_view id,
                        std::string_view meta) {
   const auto params = text({"{", members, members.empty() ? "" : ",", R"("_meta":)", meta, "}"});
   return request_text(method, params, id);
}

http_request modern_post(std::string_view target, std::string_view method, std::string_view members,
                         std::string_view name, std::string_view id, std::string_view meta) {
   headers fields{{"MCP-Protocol-Version", std::string(modern_version)},
                  {"Mcp-Method", std::string(method)}};
   if (!name.empty()) fields.emplace_back("Mcp-Name", name);
   return post(target, modern_text(method, members, id, meta), std::move(fields));
}

http_request modern_call(std::string_view target, std::string_view tool, std::string_view arguments,
                         std::string_view meta) {
   const auto members =
         text({R"("name":")", tool, "\"", arguments.empty() ? "" : R"(,"arguments":)", arguments});
   return modern_post(target, "tools/call", members, tool, "1", meta);
}

std::vector<std::string> messages_of(const http_answer& answer) {
   if (answer.media_type() == "application/json") return {answer.body};
   if (answer.media_type() != "text/event-stream") {
      throw std::runtime_error("an answer of type \"" + answer.media_type() + "\" with status " +
                               std::to_string(answer.status) + ": " + answer.body);
   }
   std::vector<std::string> out;
   for (const auto& event : events_of(answer.body)) {
      if (!event.data.empty()) out.push_back(event.data);
   }
   return out;
}

json_text response_of(const http_answer& answer) {
   const auto messages = messages_of(answer);
   if (messages.empty()) throw std::runtime_error("a stream without a message");
   return json_text(messages.back());
}

legacy_session::legacy_session(const http_host& host, std::string_view version,
                               std::string_view capabilities, headers always)
    : port_(host.port()), path_(host.path()), always_(std::move(always)) {
   opening_ = test::ask(
         port_, post(path_, request_text("initialize", initialize_params(version, capabilities)),
                     always_));
   if (opening_.status != 200) {
      throw std::runtime_error("initialize was answered " + std::to_string(opening_.status) + ": " +
                               opening_.body);
   }
   version_ = response_of(opening_).at("/result/protocolVersion");
   id_ = opening_.header("Mcp-Session-Id");
   const auto answer = ask(notification_text("notifications/initialized"));
   if (answer.status != 202) throw std::runtime_error("initialized was not accepted");
}

headers legacy_session::fields() const {
   headers out = always_;
   if (!id_.empty()) out.emplace_back("Mcp-Session-Id", id_);
   // The header exists since 2025-06-18.
   if (version_ >= "2025-06-18") out.emplace_back("MCP-Protocol-Version", version_);
   return out;
}

http_request legacy_session::request(std::string body) const {
   return post(path_, std::move(body), fields());
}

http_answer legacy_session::ask(std::string body) const {
   return test::ask(port_, request(std::move(body)));
}

http_answer legacy_session::call(std::string_view tool, std::string_view arguments) const {
   return ask(request_text("tools/call", call_params(tool, arguments)));
}

http_request legacy_session::stream(std::string_view last_event_id) const {
   http_request out;
   out.target = path_;
   out.fields = fields();
   out.fields.emplace_back("Accept", "text/event-stream");
   if (!last_event_id.empty()) out.fields.emplace_back("Last-Event-ID", last_event_id);
   return out;
}

http_answer legacy_session::end() const {
   http_request out;
   out.method = "DELETE";
   out.target = path_;
   out.fields = fields();
   return test::ask(port_, out);
}

} // namespace fmcp::test
