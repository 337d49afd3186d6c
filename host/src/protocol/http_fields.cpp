#include "protocol/http_fields.hpp"

#include "core/text.hpp"

namespace fmcp::protocol {
namespace {

std::string_view essence(std::string_view media) noexcept {
   return core::trim(media.substr(0, media.find(';')));
}

/// Whether a media range of the list fits `type`/`subtype`, and is not switched off by `q=0`.
bool accepts(std::string_view list, std::string_view full, std::string_view any_subtype) noexcept {
   if (list.empty()) return true;
   while (!list.empty()) {
      const auto end = list.find(',');
      const auto range = list.substr(0, end);
      list = end == std::string_view::npos ? std::string_view() : list.substr(end + 1);
      const auto media = essence(range);
      if (!core::iequals(media, full) && media != "*/*" && !core::iequals(media, any_subtype))
         continue;
      const auto q = range.find("q=");
      if (q == std::string_view::npos) return true;
      const auto weight = core::trim(range.substr(q + 2));
      if (weight.find_first_not_of("0.") != std::string_view::npos) return true;
   }
   return false;
}

} // namespace

http_fields::http_fields(const core::http::request& rq) noexcept {
   const auto once = [this](std::string_view& to, std::string_view value, const char* field,
                            bool is_again) {
      if (is_again && to != value) contradiction = field;
      to = value;
   };
   for (const auto& f : rq.fields) {
      switch (f.name.size()) { // few names share a length, so most fields cost one comparison
      case 6:
         if (core::iequals(f.name, "origin"))
            origin = f.value;
         else if (core::iequals(f.name, "accept"))
            accept = accept.empty() ? f.value : "*/*";
         break;
      case 8:
         if (core::iequals(f.name, "mcp-name")) {
            once(name, f.value, "Mcp-Name", has_name);
            has_name = true;
         }
         break;
      case 10:
         if (core::iequals(f.name, "mcp-method")) {
            once(method, f.value, "Mcp-Method", has_method);
            has_method = true;
         }
         break;
      case 12:
         if (core::iequals(f.name, "content-type")) content_type = f.value;
         break;
      case 13:
         if (core::iequals(f.name, "last-event-id")) {
            last_event = f.value;
            has_last_event = true;
         }
         break;
      case 14:
         if (core::iequals(f.name, "mcp-session-id")) {
            has_two_sessions = has_two_sessions || (!session.empty() && session != f.value);
            session = f.value;
         }
         break;
      case 20:
         if (core::iequals(f.name, "mcp-protocol-version")) {
            once(version, f.value, "MCP-Protocol-Version", has_version);
            has_version = true;
         }
         break;
      default: break;
      }
   }
}

bool http_fields::accepts_json() const noexcept {
   return accepts(accept, "application/json", "application/*");
}

bool http_fields::accepts_stream() const noexcept {
   return accepts(accept, "text/event-stream", "text/*");
}

bool http_fields::is_json() const noexcept {
   return core::iequals(essence(content_type), "application/json");
}

} // namespace fmcp::protocol
