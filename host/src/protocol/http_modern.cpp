/// Requests of 2026-07-28 and later: each says what it is, in body and headers (reference, 2.3, 4).

#include <utility>

#include <fmt/format.h>

#include "protocol/header_value.hpp"
#include "protocol/http_endpoint.hpp"
#include "protocol/http_parts.hpp"

namespace fmcp::protocol {
namespace {

/// Methods whose `Mcp-Name` has to repeat a member of the params (4.1).
std::string_view named_member(std::string_view method) noexcept {
   if (method == "tools/call" || method == "prompts/get") return "name";
   if (method == "resources/read") return "uri";
   return {};
}

} // namespace

/// Rows a to f. False: refused.
bool http_endpoint::check_headers(post& p, const message& m, const request_meta& meta) {
   const auto mismatch = [&](std::string_view text) {
      refuse(p.f, p.out, 400, m.id, code::header_mismatch, text);
      return false;
   };
   if (const char* fault = find_meta_fault(meta)) { // a
      refuse(p.f, p.out, 400, m.id, code::invalid_params, fault);
      return false;
   }
   if (p.f.contradiction != nullptr)
      return mismatch(fmt::format("{} was sent twice with different values", p.f.contradiction));
   const auto version = meta.claim->string();
   if (!p.f.has_version) return mismatch("MCP-Protocol-Version is missing"); // b
   if (p.f.version != version) {                                             // c
      return mismatch(version_mismatch);
   }
   if (const auto r = find_revision(version); !r || !is_modern(*r)) { // d
      refuse(p.f, p.out, 400, m.id, code::unsupported_version, "Unsupported protocol version",
             service_.unsupported_version_data(version.substr(0, 64)));
      return false;
   }
   if (!p.f.has_method) return mismatch("Mcp-Method is missing"); // e
   if (p.f.method != m.method) return mismatch("Mcp-Method differs from the body's method");
   const auto member = named_member(m.method); // f
   if (member.empty()) return true;
   if (!p.f.has_name) return mismatch("Mcp-Name is missing");
   const auto name = decode_header_value(p.f.name, memory_);
   if (!name) return mismatch("Mcp-Name cannot be decoded");
   // Nobody who follows the rules names what the body does not (a name that is none at all is for
   // the method to refuse).
   const auto* in_body = m.params->find(member);
   if (in_body == nullptr || (in_body->is(json::kind::string) && in_body->string() != *name))
      return mismatch(fmt::format("Mcp-Name differs from the body's params.{}", member));
   return true;
}

/// Row h. False: refused.
bool http_endpoint::check_parameters(post& p, const message& m) {
   const auto* tool = find_called_tool(service_, *catalogue_, m.params, p.rq.caller);
   if (tool == nullptr || tool->definition->headers().empty()) return true;
   const auto mismatch = [&](std::string_view header, std::string_view what) {
      refuse(p.f, p.out, 400, m.id, code::header_mismatch, fmt::format("{} {}", header, what));
      return false;
   };
   for (const auto& h : tool->definition->headers()) {
      const auto* body = find_argument(m.params->find("arguments"), h);
      const auto count = p.rq.count(h.header);
      if (body == nullptr) { // 4.3: a client has nothing to send then
         if (count == 0) continue;
         return mismatch(h.header, "was sent though the body has no such argument");
      }
      if (count == 0) return mismatch(h.header, "is missing though the body has the argument");
      if (count > 1) return mismatch(h.header, "was sent more than once");
      const auto value = decode_header_value(p.rq.find(h.header), memory_);
      if (!value) return mismatch(h.header, "cannot be decoded");
      if (!says_the_same(*value, *body, h.what))
         return mismatch(h.header, "differs from the argument in the body");
   }
   return true;
}

void http_endpoint::on_modern(post& p, const message& m, const request_meta& meta) {
   p.is_modern = true;
   if (!check_headers(p, m, meta)) return;
   if (m.method == "subscriptions/listen") return on_listen(p, m);
   if (m.method == "tools/call" && !check_parameters(p, m)) return;
   caller who;
   who.identity = p.rq.caller;
   who.gate = gate_;
   who.peer_address = p.rq.peer_address;
   who.spoken = *find_revision(meta.claim->string());
   who.can = read_capabilities(meta.client_capabilities);
   who.client_capabilities_json = meta.client_capabilities->raw();
   if (meta.client_info != nullptr) who.client_info_json = meta.client_info->raw();
   if (meta.log_level != nullptr) who.log_from = find_log_level(meta.log_level->string());
   who.hears_notifications = p.may_stream;
   text_.clear();
   // g: unknown methods, also initialize, ping and others that are no more
   auto d = dispatch(service_, *catalogue_, m, meta, who, nullptr, text_);
   if (d.call) return keep(p, {std::move(d.call)}, {}, false, nullptr);
   finish(p, d, text_);
}

/// Section 13: always a stream; the acknowledgement comes before anything else.
void http_endpoint::on_listen(post& p, const message& m) {
   if (!p.f.accepts_stream()) {
      return refuse(p.f, p.out, 406, m.id, code::invalid_request,
                    "subscriptions/listen is answered by an event stream: Accept has to list "
                    "text/event-stream");
   }
   text_.clear();
   const auto asked = read_listen(m, text_);
   if (!asked) return answer(p.f, p.out, 200, text_);
   const auto l = std::make_shared<listener>(m.id, *asked, service_, expiry_of(p.rq.caller));
   if (!service_.listen(l)) {
      return refuse(p.f, p.out, 200, m.id, code::internal_error,
                    service_.is_ending() ? "the server is stopping"
                                         : "too many subscriptions are open; try again later");
   }
   answer_fields_.clear();
   if (!p.f.origin.empty()) guard_->add_cors(p.f.origin, answer_fields_);
   (void)l->stream->attach(p.out.keep(), answer_fields_, std::nullopt, nullptr);
   l->acknowledge();
   streams_.push_back(l->stream);
   listeners_.push_back(l);
}

} // namespace fmcp::protocol
