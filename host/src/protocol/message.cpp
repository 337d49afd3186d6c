#include "protocol/message.hpp"

#include <array>

#include "json/number.hpp"
#include "json/writer.hpp"

namespace fmcp::protocol {
namespace {

using json::kind;

/// JSON Schema's integers, which `1.0` belongs to and which no number of bits bounds.
bool is_integer(const json::value& v) noexcept {
   if (!v.is(kind::number)) return false;
   const auto text = v.number();
   if (text.find_first_of(".eE") == std::string_view::npos) return true;
   return json::decimal(text).is_integer();
}

bool is_id(const json::value& v) noexcept {
   return v.is(kind::string) || is_integer(v);
}

/// The members of an envelope that mean something; others are ignored.
struct parts {
   const json::value* jsonrpc = nullptr;
   const json::value* id = nullptr;
   const json::value* method = nullptr;
   const json::value* params = nullptr;
   const json::value* result = nullptr;
   const json::value* error = nullptr;

   explicit parts(const json::value& v) noexcept {
      for (const auto& m : v.members()) {
         if (m.key == "jsonrpc")
            jsonrpc = &m.val;
         else if (m.key == "id")
            id = &m.val;
         else if (m.key == "method")
            method = &m.val;
         else if (m.key == "params")
            params = &m.val;
         else if (m.key == "result")
            result = &m.val;
         else if (m.key == "error")
            error = &m.val;
      }
   }
};

const char* find_fault(const parts& p) noexcept {
   if (p.jsonrpc == nullptr || !p.jsonrpc->is(kind::string) || p.jsonrpc->string() != "2.0") {
      return "The member \"jsonrpc\" is not \"2.0\".";
   }
   if (p.id != nullptr && !is_id(*p.id)) {
      return "The member \"id\" is neither a string nor an integer.";
   }
   const bool has_outcome = p.result != nullptr || p.error != nullptr;
   if (p.method == nullptr) {
      if (!has_outcome) return "The message has no member \"method\".";
      if (p.result != nullptr && p.error != nullptr) {
         return "The response has both a result and an error.";
      }
      return p.id == nullptr ? "The response has no member \"id\"." : nullptr;
   }
   // Which of the two it is, is for the reader to guess, and two readers may guess differently.
   if (has_outcome) return "The message has a method and an outcome.";
   if (!p.method->is(kind::string)) return "The member \"method\" is not a string.";
   if (p.params != nullptr && !p.params->is(kind::object)) {
      return "The member \"params\" is not an object.";
   }
   return nullptr;
}

constexpr std::string_view prefix = "io.modelcontextprotocol/";

/// Reference 3: an Implementation has a name and a version.
bool is_implementation(const json::value& v) noexcept {
   return v.find_string("name") && v.find_string("version");
}

constexpr std::array<std::string_view, 8> level_names{"debug", "info",     "notice", "warning",
                                                      "error", "critical", "alert",  "emergency"};

} // namespace

message read_message(const json::value& v) noexcept {
   message out;
   if (!v.is(kind::object)) {
      out.fault = "The message is not a JSON object.";
      return out;
   }
   const parts p(v);
   if (p.id != nullptr && is_id(*p.id)) out.id = p.id->raw();
   if (p.method != nullptr && p.method->is(kind::string)) out.method = p.method->string();
   if (const char* fault = find_fault(p); fault != nullptr) {
      out.fault = fault;
      return out;
   }
   out.params = p.params;
   if (p.method == nullptr)
      out.what = message::kind::response;
   else
      out.what = p.id == nullptr ? message::kind::notification : message::kind::request;
   return out;
}

const char* find_batch_fault(const json::value& array) noexcept {
   static_assert(max_batch == 100); // as the sentence says
   const auto messages = array.items();
   if (messages.empty()) return "A batch has to hold at least one message.";
   if (messages.size() > max_batch) return "A batch may hold at most 100 messages: send several.";
   for (const auto& m : messages) {
      if (read_meta(m.find("params")).claim != nullptr) {
         return "A batch cannot hold messages of a revision after 2025-03-26: send them one by "
                "one.";
      }
   }
   return nullptr;
}

request_meta read_meta(const json::value* params) noexcept {
   request_meta out;
   const auto* meta = params == nullptr ? nullptr : params->find("_meta");
   if (meta == nullptr) return out;
   if (!meta->is(kind::object)) {
      out.is_malformed = true;
      return out;
   }
   out.object = meta;
   for (const auto& [key, val] : meta->members()) {
      if (key.starts_with(prefix)) {
         const auto name = key.substr(prefix.size());
         if (name == "protocolVersion")
            out.claim = &val;
         else if (name == "clientCapabilities")
            out.client_capabilities = &val;
         else if (name == "clientInfo")
            out.client_info = &val;
         else if (name == "logLevel")
            out.log_level = &val;
      } else if (key == "progressToken") {
         if (is_id(val)) out.progress_token = &val;
      } else if (key == "traceparent") {
         if (val.is(kind::string)) out.traceparent = val.string();
      }
   }
   return out;
}

const char* find_meta_fault(const request_meta& meta) noexcept {
   if (meta.is_malformed) return "The member \"_meta\" is not an object.";
   if (meta.claim == nullptr) {
      return "The key \"io.modelcontextprotocol/protocolVersion\" is missing in \"_meta\".";
   }
   if (!meta.claim->is(kind::string)) {
      return "The key \"io.modelcontextprotocol/protocolVersion\" in \"_meta\" is not a string.";
   }
   if (meta.client_capabilities == nullptr) {
      return "The key \"io.modelcontextprotocol/clientCapabilities\" is missing in \"_meta\".";
   }
   if (!meta.client_capabilities->is(kind::object)) {
      return "The key \"io.modelcontextprotocol/clientCapabilities\" in \"_meta\" is not an "
             "object.";
   }
   if (meta.client_info != nullptr && !is_implementation(*meta.client_info)) {
      return "The key \"io.modelcontextprotocol/clientInfo\" in \"_meta\" is not an object with "
             "the "
             "strings \"name\" and \"version\".";
   }
   if (meta.log_level != nullptr &&
       !(meta.log_level->is(kind::string) && find_log_level(meta.log_level->string()))) {
      return "The key \"io.modelcontextprotocol/logLevel\" in \"_meta\" is none of debug, info, "
             "notice, warning, error, critical, alert and emergency.";
   }
   return nullptr;
}

std::optional<log_level> find_log_level(std::string_view name) noexcept {
   for (std::size_t i = 0; i < level_names.size(); ++i) {
      if (level_names[i] == name) return static_cast<log_level>(i);
   }
   return std::nullopt;
}

std::string_view name_of(log_level l) noexcept {
   return level_names[static_cast<std::size_t>(l)];
}

void begin_result(std::string& out, std::string_view id) {
   out.append(R"({"jsonrpc":"2.0","id":)").append(id).append(R"(,"result":)");
}

void append_error(std::string& out, std::string_view id, int code, std::string_view text,
                  std::string_view data_json) {
   out.append(R"({"jsonrpc":"2.0",)");
   if (!id.empty()) out.append(R"("id":)").append(id).push_back(',');
   out.append(R"("error":{"code":)");
   json::append_int(out, code);
   out.append(R"(,"message":)");
   json::append_string(out, text);
   if (!data_json.empty()) out.append(R"(,"data":)").append(data_json);
   out.append("}}");
}

void append_notification(std::string& out, std::string_view method, std::string_view params_json) {
   out.append(R"({"jsonrpc":"2.0","method":)");
   json::append_string(out, method);
   if (!params_json.empty()) out.append(R"(,"params":)").append(params_json);
   out.push_back('}');
}

} // namespace fmcp::protocol
