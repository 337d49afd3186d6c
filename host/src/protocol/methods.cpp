#include "protocol/methods.hpp"

#include <fmt/format.h>

#include "json/writer.hpp"

namespace fmcp::protocol {
namespace {

/// What stands in an answer of the names that a client made up.
constexpr std::size_t max_quoted = 128;

std::string quoted(std::string_view text) {
   std::string out(text.substr(0, max_quoted));
   if (text.size() > max_quoted) out += "…";
   return out;
}

const json::value& no_arguments() {
   static const auto empty = [] {
      json::document d;
      (void)d.parse_copy("{}");
      return d;
   }();
   return empty.root();
}

dispatched invalid_params(std::string& out, const message& m, std::string_view text) {
   append_error(out, m.id, code::invalid_params, text);
   return {};
}

bool lacks_scopes(const tool_entry& tool, const core::caller_ref* identity) noexcept {
   return identity != nullptr && !may_use(tool, **identity);
}

/// A tool that does not exist, as far as the caller can tell.
bool is_hidden(const service& s, const tool_entry& tool,
               const core::caller_ref* identity) noexcept {
   return s.options().hide_forbidden_tools && lacks_scopes(tool, identity);
}

dispatched list_tools(const service& s, const catalogue& tools, const message& m, const caller& who,
                      std::string& out) {
   std::optional<std::string_view> cursor;
   if (const auto* c = m.params != nullptr ? m.params->find("cursor") : nullptr) {
      if (!c->is(json::kind::string)) return invalid_params(out, m, "cursor must be a string");
      cursor = c->string();
   }
   const auto visible = s.options().hide_forbidden_tools && who.identity != nullptr
                              ? tools.visible_to(**who.identity)
                              : nullptr;
   const auto page = (visible ? *visible : tools).page(who.spoken, cursor);
   if (!page) return invalid_params(out, m, "unknown cursor: start again without one");
   begin_result(out, m.id);
   out += *page;
   out += '}';
   return {};
}

std::string describe(const std::vector<json::violation>& reasons) {
   std::string text = "Invalid arguments:";
   for (const auto& v : reasons) {
      text += '\n';
      text += v.sentence();
   }
   return text;
}

/// The whole answer to a call that is beyond its caller, for where no HTTP status can say it.
dispatched refuse_scopes(const tool_entry& tool, const message& m, std::string& out) {
   std::string list;
   for (const auto& scope : tool.required_scopes)
      list.append(list.empty() ? "" : " ").append(scope);
   std::string data = R"({"error":"insufficient_scope","scope":)";
   json::append_string(data, list);
   data += '}';
   append_error(out, m.id, code::insufficient_scope,
                "This tool needs a token with more scopes: " + list, data);
   return {.http_status = 403, .needed_scopes = tool.required_scopes};
}

dispatched refuse_haste(unsigned seconds, const message& m, std::string& out) {
   append_error(out, m.id, code::rate_limited,
                fmt::format("Too many calls: try again in {} s", seconds),
                fmt::format(R"({{"error":"rate_limited","retryAfter":{}}})", seconds));
   return {.http_status = 429, .seconds_to_wait = seconds};
}

dispatched call_tool(service& s, const catalogue& tools, const message& m, const request_meta& meta,
                     const caller& who, std::string& out) {
   const auto* name = m.params != nullptr ? m.params->find("name") : nullptr;
   if (name == nullptr || !name->is(json::kind::string))
      return invalid_params(out, m, "tools/call needs params.name, a string");
   const auto* tool = tools.find(name->string());
   if (tool == nullptr || is_hidden(s, *tool, who.identity))
      return invalid_params(out, m, "Unknown tool: " + quoted(name->string()));
   const core::call_site at{.tool = tool->definition->name(), .peer_address = who.peer_address};
   if (lacks_scopes(*tool, who.identity)) {
      who.gate->note_scopes(**who.identity, tool->required_scopes, at);
      return refuse_scopes(*tool, m, out);
   }
   if (who.gate != nullptr && who.identity != nullptr) {
      if (const auto wait = who.gate->seconds_to_wait(**who.identity, at); wait != 0)
         return refuse_haste(wait, m, out);
   }
   const auto* arguments = m.params->find("arguments");
   if (arguments == nullptr) {
      arguments = &no_arguments();
   } else if (!arguments->is(json::kind::object)) {
      return invalid_params(out, m, "params.arguments must be an object");
   }
   const bool mask = s.options().mask_error_details;
   if (const auto& input = tool->definition->input(); !input.accepts(*arguments)) {
      append_tool_error(out, m.id, describe(input.check(*arguments)),
                        {.spoken = who.spoken,
                         .tool = tool->definition.get(),
                         .server_info_member = s.server_info_member(),
                         .mask_error_details = mask});
      return {};
   }
   auto call =
         call_task::make(*tool, m.id, arguments->raw(), meta, who, s.server_info_member(), mask);
   const auto answer = call->start(s.backend(), out);
   if (answer.is_complete) return {.http_status = answer.http_status};
   return {.call = std::move(call)};
}

dispatched set_level(const message& m, session_access* session, std::string& out) {
   const auto name = m.params != nullptr ? m.params->find_string("level") : std::nullopt;
   const auto level = name ? find_log_level(*name) : std::nullopt;
   if (!level) {
      return invalid_params(out, m,
                            "logging/setLevel needs params.level: debug, info, notice, warning, "
                            "error, critical, alert or emergency");
   }
   if (const auto state = session != nullptr ? session->need() : nullptr)
      state->set_log_level(*level);
   begin_result(out, m.id);
   out += "{}}";
   return {};
}

dispatched unknown_method(const message& m, revision r, std::string& out) {
   append_error(out, m.id, code::method_not_found, "Method not found: " + quoted(m.method));
   return {.http_status = is_modern(r) ? 404 : 200};
}

} // namespace

dispatched dispatch(service& s, const catalogue& tools, const message& m, const request_meta& meta,
                    const caller& who, session_access* session, std::string& out) {
   if (m.method == "tools/call") return call_tool(s, tools, m, meta, who, out);
   if (m.method == "tools/list") return list_tools(s, tools, m, who, out);
   if (is_modern(who.spoken)) {
      if (m.method != "server/discover") return unknown_method(m, who.spoken, out);
      begin_result(out, m.id);
      out += s.discover_result();
      out += '}';
      return {};
   }
   if (m.method == "ping") {
      begin_result(out, m.id);
      out += "{}}";
      return {};
   }
   if (m.method == "logging/setLevel") return set_level(m, session, out);
   return unknown_method(m, who.spoken, out);
}

const tool_entry* find_called_tool(const service& s, const catalogue& tools,
                                   const json::value* params,
                                   const core::caller_ref* identity) noexcept {
   const auto name = params != nullptr ? params->find_string("name") : std::nullopt;
   const auto* tool = name ? tools.find(*name) : nullptr;
   return tool != nullptr && is_hidden(s, *tool, identity) ? nullptr : tool;
}

client_capabilities read_capabilities(const json::value* capabilities) noexcept {
   client_capabilities can;
   if (capabilities == nullptr) return can;
   can.roots = capabilities->find("roots") != nullptr;
   can.sampling = capabilities->find("sampling") != nullptr;
   if (const auto* e = capabilities->find("elicitation"); e != nullptr) {
      can.elicitation_url = e->find("url") != nullptr;
      can.elicitation_form = e->find("form") != nullptr || !can.elicitation_url;
   }
   return can;
}

void append_capabilities(std::string& out, const client_capabilities& can) {
   json::writer w(out);
   w.begin_object();
   if (can.roots) w.key("roots").raw("{}");
   if (can.sampling) w.key("sampling").raw("{}");
   if (can.elicitation_form || can.elicitation_url) {
      w.key("elicitation").begin_object();
      if (can.elicitation_form) w.key("form").raw("{}");
      if (can.elicitation_url) w.key("url").raw("{}");
      w.end_object();
   }
   w.end_object();
}

std::optional<handshake> read_initialize(const message& m, std::string& out) {
   const auto version =
         m.params != nullptr ? m.params->find_string("protocolVersion") : std::nullopt;
   const auto* capabilities = m.params != nullptr ? m.params->find("capabilities") : nullptr;
   const auto* info = m.params != nullptr ? m.params->find("clientInfo") : nullptr;
   const char* missing = nullptr;
   if (!version) missing = "initialize needs params.protocolVersion, a string";
   if (capabilities == nullptr || !capabilities->is(json::kind::object))
      missing = "initialize needs params.capabilities, an object";
   if (info == nullptr || !info->is(json::kind::object))
      missing = "initialize needs params.clientInfo, an object";
   if (missing != nullptr) {
      append_error(out, m.id, code::invalid_params, missing);
      return std::nullopt;
   }
   const auto asked = find_revision(*version);
   return handshake{.spoken = asked && !is_modern(*asked) ? *asked : newest_legacy,
                    .can = read_capabilities(capabilities),
                    .client_info = info,
                    .capabilities = capabilities};
}

} // namespace fmcp::protocol
